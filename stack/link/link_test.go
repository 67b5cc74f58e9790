package link

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// bench drives one link by hand: its plans are carried out in order of time.
type bench struct {
	t       *testing.T
	l       *Link
	log     event.Log
	flights ip.Flights
	queue   sim.Queue[Plan]
	now     sim.Time
	arrived []inet.PacketID
	when    []sim.Time
	flying  map[*ip.Packet]sim.Handle
	shape   map[*ip.Packet]Shape // what rules are told of packets
}

func newBench(t *testing.T, p event.LinkParams) *bench {
	p.Up = true
	return &bench{t: t, flying: map[*ip.Packet]sim.Handle{},
		shape: map[*ip.Packet]Shape{}, l: New("l1", event.LinkEnd{Host: "A", NIC: "eth0"},
			event.LinkEnd{Host: "B", NIC: "eth0"}, p, 1)}
}

func (b *bench) effects() *Effects {
	return &Effects{Scope: event.Scope{Log: &b.log, Now: b.now, Host: "A"}, Flights: &b.flights,
		Shape: func(p *ip.Packet) Shape { return b.shape[p] }}
}

// set changes parameters of the link.
func (b *bench) set(change func(*event.LinkParams)) {
	p := b.l.Params
	change(&p)
	b.l.Set(p, b.effects())
}

// send launches a packet of so many octets from A.
func (b *bench) send(octets int) *ip.Packet {
	return b.sendShaped(octets, Shape{})
}

// sendShaped launches a packet that looks to rules as shape says.
func (b *bench) sendShaped(octets int, shape Shape) *ip.Packet {
	p := &ip.Packet{Octets: make([]byte, octets), Host: "A"}
	b.shape[p] = shape
	b.launch(p, AtoB)
	return p
}

// launch gives a packet to the link.
func (b *bench) launch(p *ip.Packet, d Direction) {
	fx := b.effects()
	n := fx.Emit(rfc.UDPSend, event.DatagramSent{})
	p.ID, p.By = inet.PacketID(n), n
	b.flights.Launch(p)
	b.l.Send(p, d, fx)
	b.take(fx)
}

// offer sends packets that may be marked, or not, with a gap between them, for a while.
func (b *bench) offer(octets int, ect bool, gap, span time.Duration) {
	for end := b.now.Add(span); b.now < end; {
		p := &ip.Packet{Octets: make([]byte, octets), Host: "A"}
		if p.Octets[0] = 4 << 4; ect {
			p.Octets[1] = 2
		}
		b.launch(p, AtoB)
		next := b.now.Add(gap)
		b.until(next)
		b.now = next
	}
}

func (b *bench) take(fx *Effects) {
	for _, p := range fx.Plans {
		e := b.queue.Push(p.At, p)
		if p.Pkt != nil {
			b.queue.Cancel(b.flying[p.Pkt])
			b.flying[p.Pkt] = e
		}
	}
}

func (b *bench) run() { b.until(sim.MaxTime) }

// until carries out what is planned up to an instant.
func (b *bench) until(end sim.Time) {
	for {
		at, ok := b.queue.NextAt()
		if !ok || at > end {
			return
		}
		p, at, _ := b.queue.Pop()
		b.now = at
		fx := b.effects()
		switch p.Action {
		case Arrive:
			b.l.Arrived(p.Pkt, p.Dir, fx)
			b.flights.Deliver(p.Pkt)
			b.arrived, b.when = append(b.arrived, p.Pkt.ID), append(b.when, at)
		case Lose, Rule:
			b.l.Lost(p.Pkt, p.Action, fx)
		case Free:
			b.l.Freed(p.Dir, fx)
		}
		b.take(fx)
	}
}

func (b *bench) count(kind event.Kind, rule rfc.ID) (n int) {
	for _, e := range b.log.From(1) {
		if e.Kind() == kind && (rule == "" || e.Rule == rule) {
			n++
		}
	}
	return n
}

func TestAPacketArrivesAfterTransmissionAndPropagation(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 10e6, RateBPS: 1_000_000, QueueOctets: 10_000})
	b.send(1000 - FrameOverhead) // 8 ms on the wire
	b.send(500 - FrameOverhead)  // waits 8 ms, then 4 ms on the wire
	b.run()
	if len(b.when) != 2 || b.when[0] != 18e6 || b.when[1] != 22e6 {
		t.Errorf("arrivals at %v, want 18 ms and 22 ms", b.when)
	}
	if b.count("packet.queued", "") != 1 {
		t.Error("the second packet should have waited, visibly")
	}
}

func TestAnInfinitelyFastLinkQueuesNothing(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 5e6})
	for range 100 {
		b.send(1500)
	}
	b.run()
	if len(b.arrived) != 100 || b.now != 5e6 || b.count("packet.queued", "") != 0 {
		t.Errorf("%d arrived by %v", len(b.arrived), b.now)
	}
}

func TestAFullQueueDropsWhatComesLast(t *testing.T) {
	b := newBench(t, event.LinkParams{RateBPS: 1_000_000, QueueOctets: 2000})
	for range 4 { // one on the wire, one queued (1014), two that do not fit
		b.send(1000)
	}
	b.run()
	if len(b.arrived) != 2 || b.count("packet.dropped", rfc.DropTail) != 2 || b.flights.Dropped != 2 {
		t.Errorf("%d arrived, %d dropped", len(b.arrived), b.flights.Dropped)
	}
}

func TestLossesKeepTheirRateAndShowHalfWay(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 10e6, LossPPM: 200_000})
	const n = 5000
	for range n {
		b.send(100)
	}
	b.run()
	lost := b.count("packet.dropped", rfc.LinkLoss)
	if lost < n*18/100 || lost > n*22/100 || lost+len(b.arrived) != n {
		t.Errorf("%d of %d lost", lost, n)
	}
	for _, e := range b.log.From(1) {
		if e.Kind() == "packet.dropped" && e.T != 5e6 {
			t.Fatalf("lost at %v, want half way", e.T)
		}
	}
}

func TestJitterDelaysButNeverReorders(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 1e6, JitterNS: 20e6})
	for range 200 {
		b.send(100)
	}
	b.run()
	spread := false
	for i := 1; i < len(b.arrived); i++ {
		if b.arrived[i] < b.arrived[i-1] {
			t.Fatal("jitter reordered packets")
		}
	}
	for _, at := range b.when {
		if at < 1e6 || at > 21e6 {
			t.Fatalf("arrived at %v, outside delay and jitter", at)
		}
		spread = spread || at != b.when[0]
	}
	if !spread {
		t.Error("no jitter to be seen")
	}
}

func TestALinkThatIsDownCarriesNothing(t *testing.T) {
	b := newBench(t, event.LinkParams{})
	b.set(func(p *event.LinkParams) { p.Up = false })
	b.send(100)
	b.run()
	if b.count("packet.dropped", rfc.LinkDown) != 1 || len(b.arrived) != 0 {
		t.Error("a packet got through")
	}
}

func TestAWaitingPacketCanBeTakenOut(t *testing.T) {
	b := newBench(t, event.LinkParams{RateBPS: 8000, QueueOctets: 10_000})
	b.send(86)
	second, third := b.send(86), b.send(86)
	b.l.Remove(second)
	b.flights.Drop(second)
	b.run()
	if len(b.arrived) != 2 || b.arrived[1] != third.ID || b.now != sim.Time(200*time.Millisecond) {
		t.Errorf("arrived %v by %v", b.arrived, b.now)
	}
}

func TestCausesFollowThePacket(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 1})
	p := b.send(100)
	b.run()
	sent, departed, arrived := b.log.At(1), b.log.At(2), b.log.At(3)
	if departed.By != sent.N || arrived.By != departed.N || uint64(p.ID) != sent.N ||
		departed.Host != "A" || arrived.Host != "B" {
		t.Errorf("%+v, %+v", departed, arrived)
	}
}

func TestACutLinkBeginsAfresh(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 60e9, RateBPS: 8000, QueueOctets: 10_000})
	first, second := b.send(986), b.send(986) // one second each on the wire
	b.l.Cut(b.effects())
	for _, p := range []*ip.Packet{first, second} {
		b.flights.Drop(p) // as the world does, with their plans
	}
	var left sim.Queue[Plan]
	for p, at, ok := b.queue.Pop(); ok; p, at, ok = b.queue.Pop() {
		if p.Action == Free {
			left.Push(at, p)
		}
	}
	b.queue = left // the plan to free the transmitter at 1 s is still there
	b.now = 500e6
	b.set(func(p *event.LinkParams) { p.DelayNS = 0 })
	third, fourth := b.send(986), b.send(986)
	b.run()
	if len(b.when) != 2 || b.arrived[0] != third.ID || b.when[0] != 1500e6 ||
		b.arrived[1] != fourth.ID || b.when[1] != 2500e6 {
		t.Errorf("%v arrived at %v, want 1.5 s and 2.5 s", b.arrived, b.when)
	}
}

func TestDirectionsAreIndependent(t *testing.T) {
	b := newBench(t, event.LinkParams{RateBPS: 8000})
	if b.l.DirectionFrom("B", "eth0") != BtoA || b.l.DirectionFrom("A", "eth0") != AtoB ||
		b.l.Far(BtoA).Host != "A" {
		t.Error("directions are mixed up")
	}
	b.send(986)
	fx := b.effects()
	n := fx.Emit(rfc.UDPSend, event.DatagramSent{})
	back := &ip.Packet{ID: inet.PacketID(n), By: n, Octets: make([]byte, 986), Host: "B"}
	b.flights.Launch(back)
	b.l.Send(back, BtoA, fx)
	b.take(fx)
	b.run()
	if len(b.when) != 2 || b.when[0] != 1e9 || b.when[1] != 1e9 || b.count("packet.queued", "") != 0 {
		t.Errorf("arrived at %v: one way waited for the other", b.when)
	}
}

// A link that becomes infinitely fast while packets wait sends them all, in their order.
func TestAQueueIsEmptiedByALinkThatBecomesInfinitelyFast(t *testing.T) {
	for _, queue := range []string{"", CoDel, RED} {
		b := newBench(t, event.LinkParams{RateBPS: 1_000_000, QueueOctets: 100_000, Queue: queue})
		for range 4 {
			b.send(1000 - FrameOverhead) // 8 ms on the wire
		}
		b.set(func(p *event.LinkParams) { p.RateBPS = 0 })
		b.run()
		if len(b.when) != 4 || b.when[3] != 8e6 {
			t.Errorf("queue %q: arrivals at %v, want 4 by 8 ms", queue, b.when)
		}
	}
}
