package stack_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/sock"
	"labserver/stack/view"
)

// act is one command at an instant: what a random run is made of.
type act struct {
	after sim.Time // since the act before
	op    string
	args  string
}

// plan is a random world and what people do in it.
type plan struct {
	seed uint64
	wild bool // see drawWild
	acts []act
}

// run plays a plan and records the journal as a session would. visit sees the world
// after every act.
func (p plan) run(t interface{ Fatalf(string, ...any) }, visit func(*stack.World)) (
	*stack.World, journal.Header, []journal.Entry) {
	h := journal.Header{Format: journal.Format, Behaviour: stack.Behaviour,
		Seed: fmt.Sprint(p.seed), World: journal.World{Profile: "linux"}}
	w, err := journal.Open(h)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	var entries []journal.Entry
	for _, a := range p.acts {
		w.Advance(w.Now() + a.after)
		a = a.resolve(w)
		c, err := stack.ParseCommand(a.op, "someone", json.RawMessage(a.args))
		if err != nil {
			t.Fatalf("%s %s: %v", a.op, a.args, err)
		}
		if w.Check(c) != nil {
			continue // no such process, packet, … any more: no command, nothing journaled
		}
		entries = append(entries, journal.Entry{Seq: uint64(len(entries) + 1), Step: w.Steps(),
			T: w.Now(), N: w.Events().Len(), Actor: "someone", Op: a.op, Args: json.RawMessage(a.args)})
		w.Apply(c)
		if visit != nil {
			visit(w)
		}
	}
	w.Advance(w.Now() + p.settle())
	entries = append(entries, journal.Entry{Seq: uint64(len(entries) + 1), Step: w.Steps(),
		T: w.Now(), N: w.Events().Len(), Op: journal.OpClock})
	return w, h, entries
}

func TestLaw1SameJournalGivesTheSameHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h, entries := drawPlan(t).run(t, nil)
		for range 2 {
			again, err := journal.Replay(h, entries)
			if err != nil {
				t.Fatal(err)
			}
			if again.Hash() != w.Hash() {
				t.Fatal("a replay gave another hash")
			}
		}
	})
}

func TestLaw2AdvancingInPartsIsAdvancingAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		parts := rapid.SliceOfN(rapid.Int64Range(0, 2e9), 1, 6).Draw(t, "parts")
		whole, h, entries := p.run(t, nil)
		split, err := journal.Replay(h, entries)
		if err != nil {
			t.Fatal(err)
		}
		var sum sim.Time
		for _, d := range parts {
			split.Advance(split.Now() + sim.Time(d))
			sum += sim.Time(d)
		}
		whole.Advance(whole.Now() + sum)
		if split.Hash() != whole.Hash() || split.Steps() != whole.Steps() {
			t.Fatal("Advance(a); Advance(b) is not Advance(a+b)")
		}
	})
}

func TestLaw3FoldingTheEventsGivesTheSnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		folded := view.New()
		done := uint64(0)
		compare := func(w *stack.World) {
			for _, e := range w.Events().From(done + 1) {
				view.Reduce(&folded, e)
				done = e.N
			}
			if got := w.View(); !reflect.DeepEqual(folded, got) {
				t.Fatalf("after event %d (t=%v)\nfolded   %s\nsnapshot %s", done, w.Now(),
					show(folded), show(got))
			}
		}
		w, _, _ := drawPlan(t).run(t, compare)
		for range 2000 {
			compare(w)
			if !w.Step() {
				break
			}
		}
	})
}

func show(v view.View) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func TestLaw4AForkWithTheSameCommandsIsTheOriginal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		at := rapid.IntRange(0, len(p.acts)).Draw(t, "fork after act")
		acts, i := 0, 0
		var forked *stack.World
		w, _, entries := p.run(t, func(w *stack.World) {
			acts++
			if acts == at {
				for range rapid.IntRange(0, 5).Draw(t, "steps past it") {
					w.Step()
				}
				forked = w.Fork()
				if forked.Hash() != w.Hash() {
					t.Fatal("a fork differs from its origin")
				}
				i = acts
			}
		})
		if forked == nil {
			return
		}
		for _, e := range entries[i:] {
			if err := journal.Apply(forked, e); err != nil {
				t.Fatal(err)
			}
		}
		if forked.Hash() != w.Hash() {
			t.Fatal("the fork went another way")
		}
	})
}

func TestLaw5EveryEventHasARuleAndAnEarlierCause(t *testing.T) {
	known := map[rfc.ID]rfc.Level{}
	for _, r := range rfc.Table() {
		known[r.ID] = r.Level
	}
	rapid.Check(t, func(t *rapid.T) {
		w, _, _ := drawPlan(t).run(t, nil)
		for _, e := range w.Events().From(1) {
			level, ok := known[e.Rule]
			if !ok {
				t.Fatalf("event %d (%s) cites %q, which is not in the table", e.N, e.Kind(), e.Rule)
			}
			if root := level == rfc.Root; root != (e.By == 0) || e.By >= e.N {
				t.Fatalf("event %d (%s, rule %s) has cause %d", e.N, e.Kind(), e.Rule, e.By)
			}
		}
	})
}

func TestLaw6PacketsAndOctetsAreConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reads := map[inet.SocketID][]byte{}
		sockets := map[[2]any]inet.SocketID{}
		p := drawPlan(t)
		w, _, _ := p.run(t, func(w *stack.World) {
			v := w.View()
			c := v.Counters
			if c.Sent != c.Delivered+c.Dropped+int64(len(v.Packets)) {
				t.Fatalf("%d sent, %d delivered, %d dropped, %d in flight", c.Sent, c.Delivered,
					c.Dropped, len(v.Packets))
			}
		})
		if p.wild {
			return // forged data is read like any other, and flags change what a read takes
		}
		for _, e := range w.Events().From(1) {
			switch b := e.Body.(type) {
			case event.SocketCreated:
				if b.Proto == "tcp" {
					sockets[[2]any{b.Proc, b.FD}] = b.Sock
				} else {
					delete(sockets, [2]any{b.Proc, b.FD})
				}
			case event.CallReturned:
				if s, ok := sockets[[2]any{b.Proc, b.FD}]; ok && (b.Op == "recv" || b.Op == "recvfrom") {
					reads[s] = append(reads[s], b.Data...)
				}
			}
		}
		// Every send is a pattern that starts anew, so what a stream delivers is made of
		// prefixes of the pattern, cut only where a send began.
		for s, data := range reads {
			if at := strange(data); at >= 0 {
				t.Fatalf("socket %s read %q at %d: not what anybody wrote", s, data, at)
			}
		}
	})
}

// strange returns where data stops being a row of pattern pieces; -1 if nowhere.
func strange(data []byte) int {
	next := int64(0)
	for i, b := range data {
		switch b {
		case sock.PatternAt(next):
			next++
		case sock.PatternAt(0):
			next = 1
		default:
			return i
		}
	}
	return -1
}

// A knob counts from the next time the stack looks: turning it changes no variable of a
// standing connection by itself.
func TestTurningAKnobChangesNoConnectionBehindTheView(t *testing.T) {
	s := scenarios()[0]
	for _, knob := range []string{"tcp_rto_max_ms", "tcp_rto_min_ms", "tcp_rcvbuf_bytes", "tcp_iw_segments"} {
		s.acts = opened + `
@100 knob.set {"host":"A","knob":"` + knob + `","value":"1"}
@100 setsockopt {"proc":"client","fd":3,"option":"TCP_NODELAY","value":1}
@200 send {"proc":"client","fd":3,"octets":5000}
`
		w, _ := s.play(t)
		folded := view.New()
		for _, e := range w.Events().From(1) {
			view.Reduce(&folded, e)
		}
		if got := w.View(); !reflect.DeepEqual(folded, got) {
			t.Errorf("%s: folded %s, snapshot %s", knob, show(folded), show(got))
		}
	}
}
