package stack_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"labserver/stack"
	"labserver/stack/sim"
)

// spoilAndAdvance is Advance, but what has landed is overwritten before every step.
func spoilAndAdvance(w *stack.World, to sim.Time) {
	for at, ok := w.NextAt(); ok && at <= to; at, ok = w.NextAt() {
		w.SpoilLanded()
		w.Step()
	}
	w.Advance(to)
}

// TestNobodyLooksAtAPacketThatHasLanded plays a plan in a world whose landed packets are
// overwritten at the first instant they may be, and finds no difference, in no event and in
// no frame. A quiet world, spoilt as well, takes the same steps and comes to the same end.
func TestNobodyLooksAtAPacketThatHasLanded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		var worlds [3]*stack.World
		for i := range worlds {
			w, err := stack.New(stack.Config{Seed: p.seed, KeepFrames: i < 2, Quiet: i == 2})
			if err != nil {
				t.Fatal(err)
			}
			worlds[i] = w
		}
		plain, spoilt, quiet := worlds[0], worlds[1], worlds[2]
		advance := func(by sim.Time) {
			to := plain.Now() + by
			plain.Advance(to)
			spoilAndAdvance(spoilt, to)
			spoilAndAdvance(quiet, to)
		}
		compare := func(after string) {
			for i, w := range worlds[1:] {
				if w.Steps() != plain.Steps() || w.Now() != plain.Now() ||
					w.Events().Len() != plain.Events().Len() {
					t.Fatalf("%s: world %d: %d steps and %d events, want %d and %d", after, i+1, w.Steps(),
						w.Events().Len(), plain.Steps(), plain.Events().Len())
				}
			}
		}
		for _, a := range p.acts {
			advance(a.after)
			a = a.resolve(plain)
			c, err := stack.ParseCommand(a.op, "someone", json.RawMessage(a.args))
			if err != nil {
				t.Fatalf("%s %s: %v", a.op, a.args, err)
			}
			refused := plain.Check(c) != nil
			for _, w := range worlds {
				if err := w.Check(c); (err != nil) != refused {
					t.Fatalf("%s %s: %v", a.op, a.args, err)
				} else if !refused {
					w.Apply(c)
				}
			}
			compare(a.op + " " + a.args)
		}
		advance(p.settle())
		compare("at the end")
		if plain.Hash() != spoilt.Hash() {
			t.Fatal("the spoilt world told other events")
		}
		for n := uint64(1); n <= plain.Events().Len(); n++ {
			if a, b := plain.FrameAt(n), spoilt.FrameAt(n); a.At != b.At || !bytes.Equal(a.Octets, b.Octets) {
				t.Fatalf("event %d: frame %x, spoilt %x", n, a.Octets, b.Octets)
			}
		}
		if a, b := show(plain.View()), show(quiet.View()); a != b {
			t.Fatalf("recorded %s\nquiet    %s", a, b)
		}
	})
}
