// Package ferry moves parcels between queues.
package ferry

import "errors"

import (
	"context"
	"fmt"
)

// ErrFull says that no parcel fits.
var ErrFull = errors.New("ferry: full")

const MaxLoad = 64

const (
	// Idle waits.
	Idle State = iota
	Moving
)

var (
	registry = map[string]Factory{
		"plain": NewPlain,
	}
	debug bool
)

type State int

// Carrier takes parcels.
type Carrier interface {
	fmt.Stringer
	Closer

	// Load takes one.
	Load(ctx context.Context, p Parcel) error
}

type (
	// Parcel is what is moved.
	Parcel struct {
		ID   string
		Tags []string
	}
	Factory func(name string) Carrier
)

// Ferry is a Carrier with a deck.
type Ferry struct {
	base.Engine
	*Crew
	deck []Parcel
}

// New makes a Ferry.
//
// It carries nothing.
func New(
	name string,
	opts ...Option,
) (*Ferry, error) {
	f := &Ferry{deck: make([]Parcel, 0, MaxLoad)}
	apply := func(o Option) { o(f) }
	for _, o := range opts {
		apply(o)
	}
	return f, nil
}

func (f *Ferry) Load(ctx context.Context, p Parcel) error {
	if len(f.deck) == MaxLoad {
		return fmt.Errorf("load %s: %w", p.ID, ErrFull)
	}
	f.deck = append(f.deck, p)
	return ctx.Err()
}

func Map[T, U any](in []T, f func(T) U) []U { return nil }

var handler = func(p Parcel) {
	log.Print(p.ID)
}

func TestLoad(t *testing.T) {
	t.Run("empty", func(t *testing.T) {
		_, _ = New("a")
	})
}
