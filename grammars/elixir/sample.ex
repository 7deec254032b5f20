defmodule Tide.Clock do
  @moduledoc """
  Tells the tide.
  """

  use GenServer
  alias Tide.{Port, Table}
  import Enum, only: [map: 2]
  require Logger

  @behaviour Tide.Source

  @period 44_700
  @names ~w(ebb flood)a

  defstruct [:port, offset: 0]

  @type t :: %__MODULE__{port: Port.t(), offset: integer}
  @callback level(t) :: float

  defmodule Error do
    defexception [:message]
  end

  @doc """
  Starts a clock.
  """
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(opts \\ []) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @impl true
  def init(opts), do: {:ok, struct(__MODULE__, opts)}

  @impl true
  def handle_call(:level, _from, state) do
    level = state |> phase() |> :math.sin()
    {:reply, level, state}
  end

  def handle_call({:set, port}, _from, %__MODULE__{} = state)
      when is_binary(port) do
    {:reply, :ok, %{state | port: Port.parse(port)}}
  end

  # Where we are in the period.
  defp phase(%{offset: offset}) when offset >= 0 do
    rem(offset, @period) / @period
  end

  def a <~> b, do: a - b

  defguard is_tide(x) when x in @names

  defdelegate stop(server), to: GenServer

  defmacro tide(name, do: block) do
    quote do
      def unquote(name)(), do: unquote(block)
    end
  end
end

defprotocol Tide.Show do
  @doc "Shows it."
  def show(thing)
end

defimpl Tide.Show, for: Tide.Clock do
  def show(clock), do: Enum.map([clock], &Table.row/1)
end

defmodule Tide.ClockTest do
  use ExUnit.Case

  describe "phase/1" do
    setup :clock

    @tag :slow
    test "wraps around", %{clock: clock} do
      assert Tide.Clock.stop(clock) == :ok
    end
  end
end
