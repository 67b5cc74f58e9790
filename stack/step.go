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
	"labserver/stack/sock"
	"labserver/stack/tcp"
	"labserver/stack/wire"
)

// putOffBy is how far what is left of an overfull instant moves.
const putOffBy = time.Microsecond

// item is one thing that will happen: a link's plan, a packet a host sent to itself, or
// a connection's timer.
type item struct {
	link *link.Link
	plan link.Plan

	host  *host.Host
	local *ip.Packet
	conn  *tcp.Conn
	timer event.Timer
	call  inet.CallID // whose waiting is over
	alarm uint64      // fragments have waited long enough
}

// timerKey finds the queue entry of a running timer: of a connection, of a call, or of the
// fragments of a packet at a host.
type timerKey struct {
	conn  *tcp.Conn
	timer event.Timer
	call  inet.CallID
	host  *host.Host
	alarm uint64
}

// Step processes the next queue entry and moves time to it; false if nothing will happen
// any more (see NextAt).
func (w *World) Step() bool {
	at, ok := w.NextAt()
	if !ok {
		return false
	}
	it, _, _ := w.queue.Pop()
	w.steps++
	w.reach(at)
	w.atSteps++
	w.happen(it)
	if w.atSteps >= w.limits.steps {
		w.putOff()
	}
	return true
}

// reach moves time forward to t, if it is not there yet.
func (w *World) reach(t sim.Time) {
	if t > w.now {
		w.now, w.atSteps = t, 0
	}
}

// putOff moves what is left of an instant that used up its steps. It belongs to the step
// that used up the last of them, so that a position says whether it has happened.
func (w *World) putOff() {
	at, ok := w.queue.NextAt()
	if !ok || at > w.now {
		return
	}
	later := w.now.Add(putOffBy)
	event.Emit(w.scope().Because(w.log.Len()), rfc.StepBudget,
		event.WorldBudget{Steps: w.limits.steps, At: later})
	for ok && at <= w.now {
		w.queue.Defer(later)
		at, ok = w.queue.NextAt()
	}
}

// Advance processes everything up to and including to, and leaves time there. Advance(a)
// then Advance(b) equals Advance(a+b) (law L2). A full log stops time where it is.
func (w *World) Advance(to sim.Time) {
	for {
		at, ok := w.NextAt()
		if !ok || at > to {
			break
		}
		w.Step()
	}
	if !w.Full() {
		w.reach(min(to, sim.MaxTime))
	}
}

// happen carries out one queue entry.
func (w *World) happen(it item) {
	switch {
	case it.conn != nil:
		delete(w.timers, timerKey{conn: it.conn, timer: it.timer})
		fx := w.effects(0)
		it.host.Fire(it.conn, it.timer, fx)
		w.settle(it.host, fx)
	case it.call != "":
		delete(w.timers, timerKey{call: it.call})
		w.onHost(it.host, 0, func(t *sock.Table, fx *sock.Effects) { t.Expire(it.call, fx) })
	case it.alarm != 0:
		delete(w.timers, timerKey{host: it.host, alarm: it.alarm})
		fx := w.effects(0)
		it.host.Expire(it.alarm, fx)
		w.settle(it.host, fx)
	case it.local != nil:
		delete(w.flying, it.local.ID)
		w.arrive(it.host, it.local)
	default:
		w.linkPlan(it.link, it.plan)
	}
}

func (w *World) linkPlan(l *link.Link, p link.Plan) {
	fx := w.linkEffects(w.scope())
	switch p.Action {
	case link.Free:
		l.Freed(p.Dir, fx)
		w.plan(l, fx)
	case link.Lose:
		delete(w.flying, p.Pkt.ID)
		l.Lost(p.Pkt, fx)
	case link.Arrive:
		delete(w.flying, p.Pkt.ID)
		departed := p.Pkt.By
		l.Arrived(p.Pkt, p.Dir, fx)
		w.keepArrival(departed, p.Pkt, l, p.Dir)
		w.arrive(w.host(l.Far(p.Dir).Host), p.Pkt)
	}
}

func (w *World) arrive(h *host.Host, p *ip.Packet) {
	fx := w.effects(p.By)
	h.Arrive(p, fx)
	w.settle(h, fx)
}

// effects returns the world's one host.Effects, emptied. What a host left in it before
// has been settled.
func (w *World) effects(by uint64) *host.Effects {
	fx := &w.hostFX
	clear(fx.Transmit)
	clear(fx.Local)
	*fx = host.Effects{
		Effects: ip.Effects{Scope: w.scope().Because(by), Flights: &w.flights,
			Transmit: fx.Transmit[:0], Local: fx.Local[:0], Alarms: fx.Alarms[:0]},
		IDs: &w.ids, Timers: fx.Timers[:0], Waits: fx.Waits[:0]}
	return fx
}

// linkEffects returns the world's one link.Effects, emptied.
func (w *World) linkEffects(scope event.Scope) *link.Effects {
	w.linkFX = link.Effects{Scope: scope, Flights: &w.flights, Plans: w.linkFX.Plans[:0],
		Tap: w.frames != nil, Seen: w.linkFX.Seen[:0]}
	return &w.linkFX
}

// settle carries out what a host left: timers into the queue, packets onto links.
func (w *World) settle(h *host.Host, fx *host.Effects) {
	for _, op := range fx.Timers {
		w.setTimer(timerKey{conn: op.Conn, timer: op.Timer}, op.Stop, op.At,
			item{host: h, conn: op.Conn, timer: op.Timer})
	}
	for _, op := range fx.Waits {
		w.setTimer(timerKey{call: op.Call}, op.Stop, op.At, item{host: h, call: op.Call})
	}
	for _, op := range fx.Alarms {
		w.setTimer(timerKey{host: h, alarm: op.Assembly}, op.Stop, op.At,
			item{host: h, alarm: op.Assembly})
	}
	for _, p := range fx.Local {
		w.keepFrame(p, nil, 0)
		w.flying[p.ID] = w.queue.Push(w.now, item{host: h, local: p})
	}
	for _, t := range fx.Transmit {
		l := w.link(t.NIC.Link)
		d := l.DirectionFrom(h.ID, t.NIC.ID)
		w.keepFrame(t.Pkt, l, d)
		lfx := w.linkEffects(w.scope().OnHost(h.ID))
		l.Send(t.Pkt, d, lfx)
		w.plan(l, lfx)
	}
}

// setTimer moves a timer in the queue, or takes it out.
func (w *World) setTimer(key timerKey, stop bool, at sim.Time, it item) {
	w.queue.Cancel(w.timers[key])
	delete(w.timers, key)
	if !stop {
		w.timers[key] = w.queue.Push(max(at, w.now), it)
	}
}

// plan queues what a link means to do.
func (w *World) plan(l *link.Link, fx *link.Effects) {
	if w.frames != nil {
		w.keepSeen(l, fx)
	}
	for _, p := range fx.Plans {
		if p.Pkt == nil {
			w.queue.Push(p.At, item{link: l, plan: p})
			continue
		}
		w.keepFrame(p.Pkt, l, p.Dir)
		w.queue.Cancel(w.flying[p.Pkt.ID]) // of a packet that is overtaken
		w.flying[p.Pkt.ID] = w.queue.Push(p.At, item{link: l, plan: p})
	}
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
	event.Emit(w.scope().Because(by).OnHost(p.Host), rule,
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
		event.Emit(scope, rfc.ByNote, event.Note{Op: c.Op, Actor: c.Actor, Args: c.canonical()})
		return
	}
	n := event.Emit(scope, rfc.ByCommand, event.Command{Op: c.Op, Actor: c.Actor, Args: c.canonical()})
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
