package link

import (
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

func TestDoublesKeepTheirRateAndArriveBehindTheOriginal(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 10e6, DupPPM: 200_000})
	const n = 2000
	for range n {
		b.send(100)
	}
	b.run()
	twins := b.count("packet.duplicated", rfc.LinkDup)
	if twins < n*17/100 || twins > n*23/100 || len(b.arrived) != n+twins ||
		b.flights.Sent != int64(n+twins) || b.flights.Delivered != int64(n+twins) {
		t.Fatalf("%d doubled, %d arrived", twins, len(b.arrived))
	}
	original := map[inet.PacketID]inet.PacketID{}
	for _, e := range b.log.From(1) {
		if d, ok := e.Body.(event.PacketDuplicated); ok {
			original[inet.PacketID(e.N)] = d.Pkt
		}
	}
	for i, id := range b.arrived {
		if of, ok := original[id]; ok && b.arrived[i-1] != of {
			t.Fatalf("the copy of %d arrived behind %d", of, b.arrived[i-1])
		}
	}
}

func TestDamageKeepsItsRateAndTurnsOneBitOver(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 10e6, CorruptPPM: 200_000})
	const n = 2000
	ones, halves := 0, [2]int{}
	for range n {
		p := b.send(100)
		for i, o := range p.Octets {
			for ; o != 0; o &= o - 1 {
				ones++
				halves[i/50]++
			}
		}
	}
	b.run()
	damaged := b.count("packet.corrupted", rfc.LinkCorrupt)
	if damaged < n*17/100 || damaged > n*23/100 || ones != damaged || len(b.arrived) != n ||
		halves[0] < damaged/3 || halves[1] < damaged/3 {
		t.Errorf("%d damaged, %d bits, %v in each half", damaged, ones, halves)
	}
}

func TestAReorderedPacketArrivesBehindTheNext(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 10e6, RateBPS: 8_000_000, QueueOctets: 10_000})
	b.set(func(p *event.LinkParams) { p.ReorderPPM = 1_000_000 })
	first := b.send(986) // 1 ms on the wire
	b.set(func(p *event.LinkParams) { p.ReorderPPM = 0 })
	second, third := b.send(986), b.send(986)
	b.run()
	want := []inet.PacketID{second.ID, first.ID, third.ID}
	for i, id := range want {
		if b.arrived[i] != id {
			t.Fatalf("arrived as %v, want %v", b.arrived, want)
		}
	}
	if b.when[0] != 12e6 || b.when[1] != 12e6 || b.count("packet.delayed", rfc.LinkReorder) != 1 {
		t.Errorf("arrivals at %v", b.when)
	}
}

// What nothing follows in time is overtaken by nothing, and what is gone neither.
func TestAPacketAloneIsNotReordered(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 10e6, ReorderPPM: 1_000_000})
	b.send(100)
	b.run()
	b.send(100)
	b.run()
	if len(b.arrived) != 2 || b.count("packet.delayed", "") != 0 {
		t.Errorf("%v arrived", b.arrived)
	}
	gone := b.send(100)
	b.l.Remove(gone)
	b.send(100)
	if b.count("packet.delayed", "") != 0 {
		t.Error("a packet that was taken away was put off")
	}
}

// Each rate draws for itself: with all of them 0 the stream stays as it is.
func TestRatesOfZeroDrawNothing(t *testing.T) {
	fresh, used := newBench(t, event.LinkParams{}), newBench(t, event.LinkParams{})
	used.send(100)
	if fresh.l.rand.Uint64() != used.l.rand.Uint64() {
		t.Error("an unimpaired packet drew")
	}
	used.set(func(p *event.LinkParams) { p.CorruptPPM = 1 })
	used.send(100)
	if fresh.l.rand.Uint64() == used.l.rand.Uint64() {
		t.Error("the test sees no draw")
	}
}

func TestACopyOfAWaitingPacketWaitsBehindIt(t *testing.T) {
	b := newBench(t, event.LinkParams{RateBPS: 8000, QueueOctets: 10_000})
	b.send(86)
	second, third := b.send(86), b.send(86)
	n := b.effects().Emit(rfc.EditByHand, event.PacketDuplicated{Pkt: second.ID})
	twin := second.Copy(inet.PacketID(n))
	b.flights.Launch(twin)
	b.l.Double(second, twin)
	b.run()
	if len(b.arrived) != 4 || b.arrived[1] != second.ID || b.arrived[2] != twin.ID || b.arrived[3] != third.ID {
		t.Errorf("%v arrived", b.arrived)
	}
}
