// Package link is a point-to-point link: a queue, a transmission rate, a propagation
// delay, and what it does wrong: losses, doubles, damage and reordering; alike in both
// directions.
//
// It must never read a packet. What happens next is left in Effects as plans
// for the world's queue; nothing is called back. Read RFC 3819 for what a link owes TCP.
package link

import (
	"bytes"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// FrameOverhead is what Ethernet adds to each packet on the wire, counted by the rate.
const FrameOverhead = 14

// DefaultQueue is the queue of a link that names none: about 100 full frames.
const DefaultQueue inet.ByteCount = 150_000

// Direction is the way a packet goes.
type Direction uint8

// The two directions.
const (
	AtoB Direction = iota
	BtoA
)

// Action is what the link will do with a packet at a planned instant.
type Action uint8

// The actions a plan can name.
const (
	Arrive Action = iota // the packet comes off the far end
	Lose                 // the packet is lost on the way
	Free                 // the transmitter is idle: the next in the queue may start
)

// Plan is one thing the link will do at an instant. Pkt is nil for Free.
type Plan struct {
	At     sim.Time
	Action Action
	Dir    Direction
	Pkt    *ip.Packet
}

// Effects is what a call into a link leaves behind.
type Effects struct {
	event.Scope
	Flights *ip.Flights
	Plans   []Plan
	Tap     bool   // whether to note in Seen what departs
	Seen    []Seen // as it is before the wire changes it
}

// Seen is a packet at the near end of a link, when event N said that it departed.
type Seen struct {
	N      uint64
	Dir    Direction
	Pkt    *ip.Packet
	Octets []byte // a copy
}

// Link joins two interfaces.
type Link struct {
	ID     inet.LinkID
	A, B   event.LinkEnd
	Params event.LinkParams
	rand   *sim.Rand
	dirs   [2]direction
}

// direction is one way of a link.
type direction struct {
	queue  []*ip.Packet
	queued inet.ByteCount // octets in queue, headers of frames included
	busy   bool           // the transmitter is sending
	free   sim.Time       // when it will have sent, if busy
	last   sim.Time       // latest planned arrival: jitter must not reorder
	held   *ip.Packet     // what the next packet overtakes: see impair
}

// New makes a link that draws its jitter and all that it does wrong from rand.
func New(id inet.LinkID, a, b event.LinkEnd, p event.LinkParams, rand *sim.Rand) *Link {
	return &Link{ID: id, A: a, B: b, Params: p, rand: rand}
}

// DirectionFrom returns the direction of packets sent by an interface of a host.
func (l *Link) DirectionFrom(host inet.HostID, nic inet.NICID) Direction {
	if l.A.Host == host && l.A.NIC == nic {
		return AtoB
	}
	return BtoA
}

// Far returns the receiving end of a direction.
func (l *Link) Far(d Direction) event.LinkEnd {
	if d == AtoB {
		return l.B
	}
	return l.A
}

func (l *Link) near(d Direction) event.LinkEnd { return l.Far(1 - d) }

// Send takes a packet from the host at the near end.
func (l *Link) Send(p *ip.Packet, d Direction, fx *Effects) {
	dir := &l.dirs[d]
	size := p.Len() + FrameOverhead
	switch {
	case !l.Params.Up:
		l.drop(p, rfc.LinkDown, "link down", fx)
	case !dir.busy:
		l.transmit(p, d, fx)
	case dir.queued+size > l.Params.QueueOctets:
		l.drop(p, rfc.DropTail, "queue full", fx)
	default:
		dir.queue = append(dir.queue, p)
		dir.queued += size
		p.Host, p.Link, p.Queued = l.near(d).Host, l.ID, true
		p.By = event.Emit(fx.Because(p.By).OnHost(p.Host), rfc.LinkQueue, event.PacketQueued{
			Pkt: p.ID, Link: l.ID, From: p.Host, Octets: dir.queued})
	}
}

// transmit puts a packet on the wire and plans its end: lost half way, or arriving.
func (l *Link) transmit(p *ip.Packet, d Direction, fx *Effects) {
	dir := &l.dirs[d]
	onWire := l.Params.RateBPS.Transmission(p.Len() + FrameOverhead)
	delay := time.Duration(l.Params.DelayNS)
	if j := l.Params.JitterNS; j > 0 {
		delay += time.Duration(l.rand.Below(uint64(j) + 1))
	}
	arrive := max(fx.Now.Add(onWire+delay), dir.last)
	dir.last = arrive
	near, far, rule := l.near(d), l.Far(d), rfc.LinkTransmit
	if p.Departs != "" {
		rule = p.Departs
	}
	p.Host, p.Link, p.To, p.Queued = near.Host, l.ID, far.Host, false
	p.Depart, p.Arrive = fx.Now, arrive
	p.By = event.Emit(fx.Because(p.By).OnHost(near.Host), rule, event.PacketDeparted{
		Pkt: p.ID, Link: l.ID, From: near.Host, To: far.Host, Arrive: arrive, Octets: p.Len()})
	if fx.Tap {
		fx.Seen = append(fx.Seen, Seen{p.By, d, p, bytes.Clone(p.Octets)})
	}
	if l.rand.PerMillion(l.Params.LossPPM) {
		half := fx.Now.Add(onWire + delay/2)
		fx.Plans = append(fx.Plans, Plan{half, Lose, d, p})
	} else {
		fx.Plans = append(fx.Plans, Plan{arrive, Arrive, d, p})
		l.impair(p, d, fx)
	}
	if onWire > 0 {
		dir.busy, dir.free = true, fx.Now.Add(onWire)
		fx.Plans = append(fx.Plans, Plan{dir.free, Free, d, nil})
	}
}

// Freed starts the next packet of a queue once the transmitter is idle. A plan from
// before a cut frees nothing that was sent since.
func (l *Link) Freed(d Direction, fx *Effects) {
	dir := &l.dirs[d]
	if fx.Now < dir.free {
		return
	}
	dir.busy = false
	if len(dir.queue) == 0 {
		return
	}
	p := dir.queue[0]
	dir.take(0)
	l.transmit(p, d, fx)
}

// take removes packet i from the queue: mostly the first, whose place is left behind.
func (d *direction) take(i int) {
	d.queued -= d.queue[i].Len() + FrameOverhead
	copy(d.queue[1:i+1], d.queue[:i])
	d.queue[0] = nil
	d.queue = d.queue[1:]
}

// Arrived takes a packet off the far end; the caller hands it to that host.
func (l *Link) Arrived(p *ip.Packet, d Direction, fx *Effects) {
	l.release(p)
	p.Host, p.Link, p.To, p.Depart, p.Arrive = l.Far(d).Host, "", "", 0, 0
	p.Departs = ""
	p.By = event.Emit(fx.Because(p.By).OnHost(p.Host), rfc.LinkArrive,
		event.PacketArrived{Pkt: p.ID, Link: l.ID})
}

// Lost carries out a planned loss.
func (l *Link) Lost(p *ip.Packet, fx *Effects) { l.drop(p, rfc.LinkLoss, "lost on the link", fx) }

// Remove forgets a packet that somebody takes off the link, without an event.
func (l *Link) Remove(p *ip.Packet) {
	l.release(p)
	for i := range l.dirs {
		dir := &l.dirs[i]
		for j, q := range dir.queue {
			if q == p {
				dir.take(j)
				return
			}
		}
	}
}

// Cut empties a link that goes down or away: nothing waits, is being sent, or is ahead
// of what will be sent. The packets themselves are the world's to drop: it holds their
// plans.
func (l *Link) Cut() { l.dirs = [2]direction{} }

func (l *Link) drop(p *ip.Packet, rule rfc.ID, reason string, fx *Effects) {
	where := p.Host
	if p.Link == "" {
		where = fx.Host
	}
	fx.Flights.Drop(p)
	event.Emit(fx.Because(p.By).OnHost(where), rule, event.PacketDropped{Pkt: p.ID, Link: l.ID,
		Reason: reason})
}
