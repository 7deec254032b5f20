using System;
using System.Collections.Generic;

namespace Harbor.Ships
{
    /// <summary>Loads and unloads.</summary>
    public interface ICrane<T> where T : ICargo
    {
        int Reach { get; }
        void Lift(T cargo);
    }

    public enum Flag { None, Red }

    public delegate void Docked(Ship ship);

    /// <summary>A ship.</summary>
    [Serializable]
    [Table("ships")]
    public sealed partial class Ship : Vessel, ICrane<Box>, IDisposable
    {
        public const int MaxCrew = 40;
        private static readonly Dictionary<string, Ship> Known = new()
        {
            ["a"] = null,
        };
        private int _crew;

        public event Docked OnDocked;

        public Ship(string name) : base(name)
        {
            _crew = 1;
        }

        ~Ship() => Dispose();

        public int Reach => 12;

        public string Owner
        {
            get { return _owner ?? "none"; }
            set { _owner = value.Trim(); }
        }

        public Box this[int index]
        {
            get => Hold[index];
        }

        [Obsolete("use LiftAsync")]
        public void Lift(Box cargo)
        {
            void Check(Box box) { if (box.Weight > MaxCrew) throw new InvalidOperationException(); }
            Check(cargo);
            OnDocked?.Invoke(this);
        }

        public async Task<List<Box>> UnloadAsync<TPort>(
            TPort port,
            CancellationToken token = default)
            where TPort : Port
        {
            var boxes = await port.TakeAsync<Box>(Hold, token);
            return boxes.Where(box => box != null).ToList();
        }

        public static Ship operator +(Ship a, Box b) => a;

        private class Log
        {
            internal void Write(string line) { Console.WriteLine(line); }
        }
    }

    public record Box(int Weight, string Label) : ICargo;

    public readonly struct Position
    {
        public double Latitude { get; init; }
    }
}

namespace Harbor.Tests
{
    public class ShipTests
    {
        [Fact]
        public void CarriesCrew()
        {
            Assert.Equal(40, Ship.MaxCrew);
        }
    }
}
