package link

import (
	"math"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/rfc"
)

// slow is a link of 1 Mbit/s, on which a packet of 986 octets takes 8 ms.
func slow(discipline string) event.LinkParams {
	return event.LinkParams{RateBPS: 1_000_000, QueueOctets: 1_000_000, Queue: discipline}
}

func (b *bench) drops(rule rfc.ID) (drops []event.Event) {
	for _, e := range b.log.From(1) {
		if _, ok := e.Body.(event.PacketDropped); ok && e.Rule == rule {
			drops = append(drops, e)
		}
	}
	return drops
}

// RFC 8289 §5.6: the time between drops is INTERVAL / sqrt(count), while a sender that does
// not listen keeps the queue above the target. A drop falls on the first dequeue after its
// time, and those are 8 ms apart.
func TestCoDelsDropsFollowTheInverseSquareRoot(t *testing.T) {
	b := newBench(t, slow(CoDel))
	b.offer(986, false, 4*time.Millisecond, 6*time.Second) // twice the rate
	drops := b.drops(rfc.CoDelDrop)
	if len(drops) < 150 {
		t.Fatalf("%d drops in 6 s", len(drops))
	}
	drops = drops[:150] // with more of them the queue empties, and the spell ends
	first := drops[0].T
	due := float64(first)
	for i, e := range drops {
		if d := e.Body.(event.PacketDropped); d.Queue == nil || d.Queue.Count != int64(i)+1 {
			t.Fatalf("drop %d counts %+v", i, d.Queue)
		}
		late := float64(e.T) - due
		if late < -1e3 || late > 8e6+1e3 {
			t.Fatalf("drop %d at %v, %.1f ms after its time", i, e.T, late/1e6)
		}
		due += CoDelInterval / math.Sqrt(float64(i+1))
	}
}

// RFC 8289 §4.2 and §5.5: nothing is dropped in the first interval above the target, and
// nothing at all while the queue empties within one.
func TestCoDelLeavesABurstAlone(t *testing.T) {
	b := newBench(t, slow(CoDel))
	for range 10 { // 80 ms of packets: the last waits 72 ms
		b.send(986)
	}
	b.run()
	if len(b.arrived) != 10 {
		t.Errorf("%d of a burst of 10 arrived", len(b.arrived))
	}
	b = newBench(t, slow(CoDel))
	b.offer(986, false, 4*time.Millisecond, time.Second)
	drops := b.drops(rfc.CoDelDrop)
	for _, e := range b.log.From(1) {
		if c, ok := e.Body.(event.QueueChanged); ok && c.New.Phase == "above" {
			if wait := drops[0].T - e.T; wait < CoDelInterval || wait > CoDelInterval+8e6 {
				t.Errorf("the first drop came %v after the target was passed", time.Duration(wait))
			}
			return
		}
	}
	t.Error("the target was never passed")
}

// RFC 8289 §4.1: a queue of no more than one packet is not one that stands, however slow
// the link.
func TestCoDelStarvesNobody(t *testing.T) {
	p := slow(CoDel)
	p.CoDelTargetNS, p.CoDelIntervalNS = 1_000_000, 10_000_000
	b := newBench(t, p)
	b.offer(986, false, 8*time.Millisecond, 2*time.Second) // one waits while one is sent
	if n := len(b.drops(rfc.CoDelDrop)); n != 0 {
		t.Errorf("%d dropped of a queue of one", n)
	}
}

// RFC 8289 §5.5: when the queue stands again soon after it last did, dropping begins at the
// rate that controlled it; after 16 intervals it begins anew.
func TestCoDelRemembersTheRateThatControlledTheQueue(t *testing.T) {
	for _, c := range []struct {
		rest  time.Duration
		again bool
	}{{300 * time.Millisecond, true}, {4 * time.Second, false}} {
		b := newBench(t, slow(CoDel))
		b.offer(986, false, 4*time.Millisecond, time.Second)
		b.run()
		before := len(b.drops(rfc.CoDelDrop))
		rest := b.now.Add(c.rest)
		b.now = rest
		b.offer(986, false, 4*time.Millisecond, time.Second)
		drops := b.drops(rfc.CoDelDrop)[before:]
		if len(drops) == 0 {
			t.Fatal("no second spell")
		}
		if n := drops[0].Body.(event.PacketDropped).Queue.Count; (n > 10) != c.again {
			t.Errorf("after %v the second spell begins with count %d", c.rest, n)
		}
	}
}

// Marking takes the place of dropping where the packet allows it, at the same instants.
func TestCoDelMarksWhatSaysECT(t *testing.T) {
	p := slow(CoDel)
	p.QueueECN = true
	b := newBench(t, p)
	b.offer(986, true, 4*time.Millisecond, 2*time.Second)
	marks := b.count("packet.marked", rfc.CoDelMark)
	if dropped := len(b.drops(rfc.CoDelDrop)); dropped != 0 || marks < 20 {
		t.Errorf("%d marked, %d dropped", marks, dropped)
	}
	b.offer(986, false, 4*time.Millisecond, time.Second)
	b.run()
	if len(b.drops(rfc.CoDelDrop)) == 0 {
		t.Error("packets without ECT were not dropped")
	}
	for _, e := range b.log.From(1) {
		if m, ok := e.Body.(event.PacketMarked); ok && (m.ECN != "ce" || m.Queue.SojournNS < CoDelTarget) {
			t.Fatalf("%+v", m)
		}
	}
}

// Where a queue dries up, CoDel's state is gone with it.
func TestCoDelForgetsWithAnEmptyQueue(t *testing.T) {
	b := newBench(t, slow(CoDel))
	b.offer(986, false, 4*time.Millisecond, time.Second)
	if _, n, vars := b.l.Waiting(AtoB); n == 0 || vars.Phase != "dropping" {
		t.Fatalf("%d wait, %+v", n, vars)
	}
	b.run()
	if octets, n, vars := b.l.Waiting(AtoB); n != 0 || octets != 0 || vars != (event.QueueVars{}) {
		t.Errorf("%d octets, %d packets, %+v", octets, n, vars)
	}
	b.offer(986, false, 4*time.Millisecond, time.Second)
	b.l.Cut(b.effects())
	if _, n, vars := b.l.Waiting(AtoB); n != 0 || vars != (event.QueueVars{}) {
		t.Errorf("a cut link keeps %d, %+v", n, vars)
	}
}

func TestTheSpacingIsTheFloorOfTheRealOne(t *testing.T) {
	for _, interval := range []int64{1, 999, CoDelInterval, MaxCoDelInterval} {
		for _, n := range []int64{1, 2, 3, 4, 5, 10, 100, 12345, 1 << 30} {
			got := spacing(interval, n)
			// got² · n ≤ interval² < (got+1)² · n, in floats that are exact enough to tell.
			real := float64(interval) / math.Sqrt(float64(n))
			if math.Abs(float64(got)-real) > 1 || float64(got) > real+1e-6*real {
				t.Errorf("spacing(%d, %d) = %d, want the floor of %f", interval, n, got, real)
			}
		}
	}
	for x := range uint64(5000) {
		if r := root(x); r*r > x || (r+1)*(r+1) <= x {
			t.Fatalf("root(%d) = %d", x, r)
		}
	}
	if root(1<<64-1) != 1<<32-1 || root(1<<62) != 1<<31 {
		t.Error("roots of large numbers are wrong")
	}
}
