package infer_test

import (
	"fmt"
	"slices"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/pcapng"
	"labserver/stack/sim"
)

// onWire lists the segments of a run that a capture beside their senders can have: those
// that left their host.
func onWire(events []event.Event) []string {
	left := map[inet.PacketID]sim.Time{}
	start := sim.MaxTime
	for _, e := range events {
		b, ok := e.Body.(event.PacketDeparted)
		if _, again := left[b.Pkt]; ok && !again {
			left[b.Pkt] = e.T
			start = min(start, e.T)
		}
	}
	var list []string
	for _, e := range events {
		b, ok := e.Body.(event.SegmentSent)
		if t, out := left[inet.PacketID(e.N)]; ok && out {
			opts := deref(b.Seg.Opts)
			b.Seg.Opts = nil
			list = append(list, fmt.Sprintf("%v %+v %s", t-start, b.Seg, opts))
		}
	}
	slices.Sort(list)
	return list
}

// deref shows options by what they say.
func deref(o *event.SegOpts) string {
	if o == nil {
		return ""
	}
	scale := -1
	if o.WScale != nil {
		scale = int(*o.WScale)
	}
	c := *o
	c.WScale = nil
	return fmt.Sprintf("%d %+v", scale, c)
}

// TestEveryGoldenRunComesBackSegmentForSegment exports our own runs and reads them again:
// the segments that left their hosts are the ones that were sent, at their instants, in
// every field and option.
func TestEveryGoldenRunComesBackSegmentForSegment(t *testing.T) {
	tried := 0
	for _, name := range goldens(t) {
		w := replay(t, name)
		want := onWire(w.Events().From(1))
		if len(want) == 0 || tampered(w) {
			continue
		}
		tried += len(want)
		got := onWire(inferred(t, export(w, everywhere)).Events().From(1))
		for i := range max(len(want), len(got)) {
			switch {
			case i >= len(got):
				t.Errorf("%s: missing %s", name, want[i])
			case i >= len(want):
				t.Errorf("%s: too many: %s", name, got[i])
			case got[i] != want[i]:
				t.Errorf("%s:\n got %s\nwant %s", name, got[i], want[i])
			default:
				continue
			}
			break
		}
	}
	if tried < 300 {
		t.Errorf("only %d segments were compared", tried)
	}
}

// tampered reports whether a run holds segments that no TCP of its hosts sent as they are
// seen: a bare host's, forged ones, those whose addresses a router translates. A capture
// cannot tell them from others, and takes them at their word.
func tampered(w *stack.World) bool {
	for e := range w.Events().Since(1) {
		switch b := e.Body.(type) {
		case event.HostAdded:
			if b.Bare {
				return true
			}
		case event.PacketTranslated:
			return true
		case event.Command:
			if b.Op == "segment.inject" || b.Op == "segment.edit" {
				return true
			}
		}
	}
	return false
}

// lives lists what became of each endpoint whose SYN left its host.
func lives(events []event.Event) map[string][]string {
	flow := map[inet.ConnID]string{}
	all := map[string][]string{}
	for _, e := range events {
		switch b := e.Body.(type) {
		case event.ConnOpened:
			flow[e.Conn] = fmt.Sprintf("%v %v %d", b.Local, b.Remote, b.ISS)
			all[flow[e.Conn]] = []string{b.State.String()}
		case event.ConnState:
			all[flow[e.Conn]] = append(all[flow[e.Conn]], b.New.String())
		}
	}
	return all
}

// hidden names the golden runs in which a state changes that no packet shows, and why.
func hidden() map[string]string {
	return map[string]string{
		"calls-refused":   "a FIN waits behind data that the window does not take",
		"fragments":       "a FIN waits behind data that never gets through",
		"poll-and-linger": "a FIN waits behind data that the window does not take",
	}
}

// TestInferredStatesAreTheTrueOnes compares the states of every endpoint of every golden
// run with those read off the wire: the same edges, in the same order, but for a last one
// to CLOSED that no packet shows, as that of a timer. Seen from beside either host of a run
// the edges are the same.
func TestInferredStatesAreTheTrueOnes(t *testing.T) {
	edges := 0
	for _, name := range goldens(t) {
		w := replay(t, name)
		if len(onWire(w.Events().From(1))) == 0 || tampered(w) {
			continue
		}
		for place, seen := range map[string]watch{"everywhere": everywhere, "A": beside("A"),
			"B": beside("B")} {
			edges += sameLives(t, name+" from "+place, w, seen, hidden()[name] != "")
		}
	}
	if edges < 600 {
		t.Errorf("only %d edges were compared", edges)
	}
}

func sameLives(t *testing.T, name string, w *stack.World, seen watch, hides bool) (edges int) {
	t.Helper()
	file := export(w, seen)
	if f, err := pcapng.Read(file, pcapng.Limits{}); err != nil || len(f.Packets) == 0 {
		return 0 // nothing to be seen there
	}
	truth, got := lives(w.Events().From(1)), lives(inferred(t, file).Events().From(1))
	for flow, states := range got {
		want := truth[flow]
		edges += len(states)
		if slices.Equal(states, want) || slices.Equal(append(slices.Clone(states), "CLOSED"), want) ||
			hides && len(states) < len(want) && slices.Equal(states, want[:len(states)]) {
			continue
		}
		t.Errorf("%s: %s\n got %v\nwant %v", name, flow, states, want)
	}
	return edges
}
