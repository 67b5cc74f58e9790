package stack

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/host"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/link"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/tcp"
	"labserver/stack/wire"
)

// putOff is how far what is left of an overfull instant moves.
const putOff = time.Microsecond

// item is one thing that will happen: a link's plan, a packet a host sent to itself, or
// a connection's timer.
type item struct {
	link *link.Link
	plan link.Plan

	host  *host.Host
	local *ip.Packet
	conn  *tcp.Conn
	timer event.Timer
}

// timerKey finds the queue entry of a running timer.
type timerKey struct {
	conn  *tcp.Conn
	timer event.Timer
}

// Step processes the next queue entry and moves time to it; false if nothing is queued
// or the log is full.
func (w *World) Step() bool {
	if w.Full() {
		return false
	}
	at, ok := w.next()
	if !ok {
		return false
	}
	it, _, _ := w.queue.Pop()
	w.steps++
	w.now = at
	w.happen(it)
	return true
}

// next finds the instant of the next entry, putting off what is left of an instant that
// used up its steps.
func (w *World) next() (sim.Time, bool) {
	at, ok := w.queue.NextAt()
	if !ok {
		return 0, false
	}
	if at > w.now {
		w.atSteps = 0
	}
	w.atSteps++
	if w.atSteps <= InstantSteps {
		return at, true
	}
	later := w.now.Add(putOff)
	w.scope().Emit(rfc.StepBudget, event.WorldBudget{Steps: InstantSteps, At: later})
	for ok && at <= w.now {
		w.queue.Defer(later)
		at, ok = w.queue.NextAt()
	}
	w.atSteps = 1
	return at, ok
}

// Advance processes everything up to and including to, and leaves time there. Advance(a)
// then Advance(b) equals Advance(a+b) (law L2).
func (w *World) Advance(to sim.Time) {
	for {
		at, ok := w.queue.NextAt()
		if !ok || at > to {
			break
		}
		if !w.Step() {
			return
		}
	}
	if to > w.now {
		w.now = to
		w.atSteps = 0
	}
}

// happen carries out one queue entry.
func (w *World) happen(it item) {
	switch {
	case it.conn != nil:
		delete(w.timers, timerKey{it.conn, it.timer})
		fx := w.effects(0)
		it.host.Fire(it.conn, it.timer, fx)
		w.settle(it.host, fx)
	case it.local != nil:
		delete(w.flying, it.local.ID)
		w.arrive(it.host, it.local)
	default:
		w.linkPlan(it.link, it.plan)
	}
}

func (w *World) linkPlan(l *link.Link, p link.Plan) {
	lfx := &link.Effects{Scope: w.scope(), Flights: &w.flights}
	switch p.Action {
	case link.Free:
		l.Freed(p.Dir, lfx)
	case link.Lose:
		delete(w.flying, p.Pkt.ID)
		l.Lost(p.Pkt, lfx)
	case link.Arrive:
		delete(w.flying, p.Pkt.ID)
		l.Arrived(p.Pkt, p.Dir, lfx)
		w.arrive(w.host(l.Far(p.Dir).Host), p.Pkt)
	}
	w.plan(l, lfx)
}

func (w *World) arrive(h *host.Host, p *ip.Packet) {
	fx := w.effects(p.By)
	h.Arrive(p, fx)
	w.settle(h, fx)
}

func (w *World) effects(by uint64) *host.Effects {
	return &host.Effects{Scope: w.scope().Because(by), IDs: &w.ids, Flights: &w.flights}
}

// settle carries out what a host left: timers into the queue, packets onto links.
func (w *World) settle(h *host.Host, fx *host.Effects) {
	for _, op := range fx.Timers {
		key := timerKey{op.Conn, op.Timer}
		w.queue.Cancel(w.timers[key])
		delete(w.timers, key)
		if !op.Stop {
			w.timers[key] = w.queue.Push(max(op.At, w.now),
				item{host: h, conn: op.Conn, timer: op.Timer})
		}
	}
	for _, p := range fx.Local {
		w.keep(p, wire.MAC{}, wire.MAC{})
		w.flying[p.ID] = w.queue.Push(w.now, item{host: h, local: p})
	}
	for _, t := range fx.Transmit {
		l := w.link(t.NIC.Link)
		d := l.DirectionFrom(h.ID, t.NIC.ID)
		far := l.Far(d)
		w.keep(t.Pkt, t.NIC.MAC, w.host(far.Host).IP.NIC(far.NIC).MAC)
		lfx := &link.Effects{Scope: w.scope().OnHost(h.ID), Flights: &w.flights}
		l.Send(t.Pkt, d, lfx)
		w.plan(l, lfx)
	}
}

// plan queues what a link means to do.
func (w *World) plan(l *link.Link, fx *link.Effects) {
	for _, p := range fx.Plans {
		e := w.queue.Push(p.At, item{link: l, plan: p})
		if p.Pkt != nil {
			w.flying[p.Pkt.ID] = e
		}
	}
}

// keep remembers a packet's first frame, if the world keeps frames.
func (w *World) keep(p *ip.Packet, src, dst wire.MAC) {
	if w.frames == nil || w.frames[p.ID] != nil {
		return
	}
	f := wire.Ethernet{Src: src, Dst: dst, Type: wire.EtherTypeIPv4, Payload: p.Octets}
	w.frames[p.ID] = f.Append(nil)
}

// dropPacket takes a packet off the network wherever it is.
func (w *World) dropPacket(p *ip.Packet, rule rfc.ID, reason string, by uint64) {
	w.queue.Cancel(w.flying[p.ID])
	delete(w.flying, p.ID)
	on := p.Link
	if l := w.link(on); l != nil {
		l.Remove(p)
	}
	w.flights.Drop(p)
	w.scope().Because(by).OnHost(p.Host).Emit(rule,
		event.PacketDropped{Pkt: p.ID, Link: on, Reason: reason})
}

// dropWhere drops every packet under way that matches.
func (w *World) dropWhere(match func(*ip.Packet) bool, rule rfc.ID, reason string, by uint64) {
	var doomed []*ip.Packet
	for _, p := range w.flights.All() {
		if match(p) {
			doomed = append(doomed, p)
		}
	}
	for _, p := range doomed {
		w.dropPacket(p, rule, reason, by)
	}
}

// mac makes the next locally administered address.
func (w *World) mac() wire.MAC {
	w.macs++
	n := w.macs
	return wire.MAC{2, 0, 0, byte(n >> 16), byte(n >> 8), byte(n)}
}

// Apply carries out a command that passed Check, at the present position. What the
// system refuses becomes a call.failed event.
func (w *World) Apply(c Command) {
	w.applied = append(w.applied, applied{w.steps, w.now, c})
	scope := w.scope().OnHost(w.hostOf(c))
	if IsNote(c.Op) {
		scope.Emit(rfc.ByNote, event.Note{Op: c.Op, Actor: c.Actor, Args: c.canonical()})
		return
	}
	n := scope.Emit(rfc.ByCommand, event.Command{Op: c.Op, Actor: c.Actor, Args: c.canonical()})
	w.do(c, n)
}

// hostOf names the host a command is about, for the envelope; "" for links and notes.
func (w *World) hostOf(c Command) inet.HostID {
	if id, ok := c.hostArg(); ok {
		return id
	}
	if id, ok := c.procArg(); ok {
		if h := w.ownerOf(id); h != nil {
			return h.ID
		}
	}
	return ""
}
