// Package link is a point-to-point link: a queue and its discipline, a transmission rate,
// a propagation delay, and what it does wrong, by rates or by rules: losses, doubles,
// damage, delay and reordering.
//
// It must never read a packet itself: what rules have to know of one is in a Shape that
// the world makes of it, and marks of ECN are IP's to write. What happens next is left in
// Effects as plans for the world's queue; nothing is called back. Read RFC 3819 for what a
// link owes TCP, RFC 8289 for CoDel, docs/links.md for the parameters and rules.
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
	Rule                 // the packet is taken off the way by a rule
	Free                 // the transmitter is idle: the next in the queue may start
)

// Plan is one thing the link will do at an instant. Pkt is nil for Free.
type Plan struct {
	At     sim.Time
	Action Action
	Dir    Direction
	Pkt    *ip.Packet
}

// Effects is what a call into a link leaves behind. Shape tells what rules ask of a packet;
// a link without rules does not call it.
type Effects struct {
	event.Scope
	Flights *ip.Flights
	Plans   []Plan
	Shape   func(*ip.Packet) Shape
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
	Params event.LinkParams // as they were set: see Set

	rules  []rule
	rand   *sim.Rand // of jitter, and of what goes wrong at a rate
	dice   *sim.Rand // of rules
	chance *sim.Rand // of RED
	dirs   [2]direction
}

// direction is one way of a link.
type direction struct {
	way    event.LinkParams // what holds in this direction
	queue  fifo
	busy   bool     // the transmitter is sending
	free   sim.Time // when it will have sent, if busy
	last   sim.Time // latest planned arrival: jitter must not reorder
	held   []held   // what the next packets overtake: see impair
	aqm    aqm      // nil: drop-tail
	shown  event.QueueVars
	turned uint64 // the event that showed them
}

// New makes a link with its own random streams, which it draws from the world's seed.
func New(id inet.LinkID, a, b event.LinkEnd, p event.LinkParams, seed uint64) *Link {
	l := &Link{ID: id, A: a, B: b,
		rand:   sim.Stream(seed, "link:"+string(id)),
		dice:   sim.Stream(seed, "rules:"+string(id)),
		chance: sim.Stream(seed, "red:"+string(id))}
	l.dirs[AtoB].way, l.dirs[BtoA].way = p, over(p)
	l.Params = p
	for i := range l.dirs {
		l.dirs[i].aqm = discipline(&l.dirs[i].way)
	}
	return l
}

// Set changes the parameters. A queue under another discipline than before, or under other
// parameters of it, keeps its packets; the discipline begins afresh.
func (l *Link) Set(p event.LinkParams, fx *Effects) {
	l.Params = p
	for i := range l.dirs {
		dir := &l.dirs[i]
		old := dir.way
		dir.way = p
		if Direction(i) == BtoA {
			dir.way = over(p)
		}
		if disciplined(&old) != disciplined(&dir.way) {
			dir.aqm = discipline(&dir.way)
			l.show(Direction(i), event.QueueVars{}, rfc.Topology, fx.By, fx)
		}
	}
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

// Waiting returns the octets and packets in the queue of a direction, and the state of its
// discipline.
func (l *Link) Waiting(d Direction) (inet.ByteCount, int, event.QueueVars) {
	dir := &l.dirs[d]
	return dir.queue.octets, dir.queue.n, dir.shown
}

// Send takes a packet from the host at the near end.
func (l *Link) Send(p *ip.Packet, d Direction, fx *Effects) {
	dir := &l.dirs[d]
	switch {
	case !l.Params.Up:
		l.drop(p, rfc.LinkDown, "link down", nil, fx)
	case dir.aqm != nil && !dir.aqm.enter(l, d, p, fx): // dropped
	case !dir.busy:
		l.transmit(p, d, fx)
	case dir.queue.octets+size(p) > dir.way.QueueOctets,
		dir.way.QueuePackets > 0 && int64(dir.queue.n) >= dir.way.QueuePackets:
		l.drop(p, rfc.DropTail, "queue full", nil, fx)
	default:
		dir.queue.push(p, fx.Now)
		p.Host, p.Link, p.Queued = l.near(d).Host, l.ID, true
		p.By = event.Emit(fx.Because(p.By).OnHost(p.Host), rfc.LinkQueue, event.PacketQueued{
			Pkt: p.ID, Link: l.ID, From: p.Host, Octets: dir.queue.octets})
	}
}

// transmit puts a packet on the wire and plans its end: lost half way, or arriving.
func (l *Link) transmit(p *ip.Packet, d Direction, fx *Effects) {
	dir := &l.dirs[d]
	onWire := dir.way.RateBPS.Transmission(size(p))
	delay := time.Duration(dir.way.DelayNS)
	if j := dir.way.JitterNS; j > 0 {
		delay += time.Duration(l.rand.Below(uint64(j) + 1))
	}
	arrive := fx.Now.Add(onWire + delay)
	if !dir.way.JitterReorders {
		arrive = max(arrive, dir.last)
	}
	dir.last = max(dir.last, arrive)
	near, far, departs := l.near(d), l.Far(d), rfc.LinkTransmit
	if p.Departs != "" {
		departs = p.Departs
	}
	p.Host, p.Link, p.To, p.Queued = near.Host, l.ID, far.Host, false
	p.Depart, p.Arrive = fx.Now, arrive
	p.By = event.Emit(fx.Because(p.By).OnHost(near.Host), departs, event.PacketDeparted{
		Pkt: p.ID, Link: l.ID, From: near.Host, To: far.Host, Arrive: arrive, Octets: p.Len()})
	if fx.Tap {
		fx.Seen = append(fx.Seen, Seen{p.By, d, p, bytes.Clone(p.Octets)})
	}
	half := fx.Now.Add(onWire + delay/2)
	switch {
	case len(l.rules) > 0 && l.judge(p, d, half, fx): // a rule has it
	case l.rand.PerMillion(dir.way.LossPPM):
		fx.Plans = append(fx.Plans, Plan{half, Lose, d, p})
	default:
		fx.Plans = append(fx.Plans, Plan{arrive, Arrive, d, p})
		l.impair(p, d, fx)
	}
	if onWire > 0 {
		dir.busy, dir.free = true, fx.Now.Add(onWire)
		fx.Plans = append(fx.Plans, Plan{dir.free, Free, d, nil})
	}
}

// Freed starts the next packet of a queue once the transmitter is idle; all of them, if the
// link has become infinitely fast. A plan from before a cut frees nothing that was sent since.
func (l *Link) Freed(d Direction, fx *Effects) {
	dir := &l.dirs[d]
	if fx.Now < dir.free {
		return
	}
	for dir.busy = false; !dir.busy; {
		p := l.next(d, fx)
		if p == nil {
			return
		}
		l.transmit(p, d, fx)
	}
}

// next takes the packet that is to be sent next out of a queue; nil if none is left.
func (l *Link) next(d Direction, fx *Effects) *ip.Packet {
	dir := &l.dirs[d]
	if dir.aqm != nil {
		return dir.aqm.leave(l, d, fx)
	}
	return dir.queue.pop().pkt
}

// Arrived takes a packet off the far end; the caller hands it to that host.
func (l *Link) Arrived(p *ip.Packet, d Direction, fx *Effects) {
	l.release(p)
	p.Host, p.Link, p.To, p.Depart, p.Arrive = l.Far(d).Host, "", "", 0, 0
	p.Departs, p.NIC = "", l.Far(d).NIC
	p.By = event.Emit(fx.Because(p.By).OnHost(p.Host), rfc.LinkArrive,
		event.PacketArrived{Pkt: p.ID, Link: l.ID})
}

// Lost carries out a planned loss: at a rate, or by a rule.
func (l *Link) Lost(p *ip.Packet, by Action, fx *Effects) {
	if by == Rule {
		l.drop(p, rfc.LinkRule, "a rule of the link", nil, fx)
		return
	}
	l.drop(p, rfc.LinkLoss, "lost on the link", nil, fx)
}

// Remove forgets a packet that somebody takes off the link, without an event.
func (l *Link) Remove(p *ip.Packet) {
	l.release(p)
	for i := range l.dirs {
		q := &l.dirs[i].queue
		if at := q.index(p); at >= 0 {
			q.take(at)
			return
		}
	}
}

// Double puts the copy of a packet that waits in a queue right behind it. The copy is one
// packet more than the queue may hold, since nobody sent it.
func (l *Link) Double(p, twin *ip.Packet) {
	for i := range l.dirs {
		q := &l.dirs[i].queue
		if at := q.index(p); at >= 0 {
			q.insert(at+1, twin)
			return
		}
	}
	panic("BUG: doubling what waits nowhere")
}

// Cut empties a link that goes down or away: nothing waits, is being sent, or is ahead
// of what will be sent. The packets themselves are the world's to drop, before: it holds
// their plans.
func (l *Link) Cut(fx *Effects) {
	for i := range l.dirs {
		dir := &l.dirs[i]
		l.dirs[i] = direction{way: dir.way, aqm: discipline(&dir.way), shown: dir.shown,
			turned: dir.turned}
		l.show(Direction(i), event.QueueVars{}, rfc.LinkDown, fx.By, fx)
	}
}

// drop ends a packet on the link or before it. why is what a discipline had to say.
func (l *Link) drop(p *ip.Packet, rule rfc.ID, reason string, why *event.QueueCause,
	fx *Effects) uint64 {
	where := p.Host
	if p.Link == "" {
		where = fx.Host
	}
	fx.Flights.Drop(p)
	return event.Emit(fx.Because(p.By).OnHost(where), rule, event.PacketDropped{Pkt: p.ID,
		Link: l.ID, Reason: reason, Queue: why})
}
