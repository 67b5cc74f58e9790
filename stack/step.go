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

// putOffBy is how far what is left of an overfull instant moves.
const putOffBy = time.Microsecond

// item is one thing that will happen: a link's plan, a packet a host sent to itself, or a
// timer that runs out.
type item struct {
	what   what
	dir    link.Direction
	action link.Action
	link   *link.Link
	pkt    *ip.Packet
	host   *host.Host
	conn   *tcp.Conn
	timer  event.Timer
	call   inet.CallID // whose waiting is over
	alarm  uint64      // fragments have waited long enough
}

// what says which of an item's members count.
type what uint8

const (
	aPlan   what = iota // link, dir, action; pkt, unless the transmitter becomes free
	aLocal              // host, pkt
	aTimer              // host, conn, timer
	aCall               // host, call
	anAlarm             // host, alarm
)

// Step processes the next queue entry and moves time to it; false if nothing will happen
// any more (see NextAt).
func (w *World) Step() bool {
	at, ok := w.NextAt()
	if !ok {
		return false
	}
	w.flights.Recycle()
	it, _, _ := w.queue.Pop()
	w.steps++
	w.reach(at)
	w.atSteps++
	w.happen(&it)
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
	w.trim()
}

// trim gives back the memory that is needed no more once nothing happens any more.
func (w *World) trim() {
	if w.queue.Len() > 0 || w.trimmed == w.steps {
		return
	}
	w.trimmed = w.steps
	w.flights.Trim()
	for _, h := range w.hosts {
		h.TCP.Trim()
	}
}

// happen carries out one queue entry.
func (w *World) happen(it *item) {
	switch it.what {
	case aPlan:
		w.linkPlan(it)
	case aLocal:
		w.arrive(it.host, it.pkt)
	case aTimer:
		fx := w.effects(0)
		it.host.Fire(it.conn, it.timer, fx)
		w.settle(it.host, fx)
	case aCall:
		fx := w.effects(0)
		it.host.Due(it.call, fx)
		w.settle(it.host, fx)
	case anAlarm:
		fx := w.effects(0)
		it.host.Expire(it.alarm, fx)
		w.settle(it.host, fx)
	}
}

func (w *World) linkPlan(it *item) {
	l, p := it.link, it.pkt
	fx := w.linkEffects(w.scope())
	switch it.action {
	case link.Free:
		l.Freed(it.dir, fx)
		w.plan(l, fx)
	case link.Lose, link.Rule:
		l.Lost(p, it.action, fx)
	case link.Arrive:
		departed := p.By
		l.Arrived(p, it.dir, fx)
		w.keepArrival(departed, p, l, it.dir)
		w.arrive(w.host(l.Far(it.dir).Host), p)
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
	fx.Scope = event.Scope{Log: &w.log, Now: w.now, By: by}
	fx.Flights, fx.IDs = &w.flights, &w.ids
	fx.Transmit, fx.Local, fx.Alarms = fx.Transmit[:0], fx.Local[:0], fx.Alarms[:0]
	fx.Timers, fx.Waits = fx.Timers[:0], fx.Waits[:0]
	return fx
}

// linkEffects returns the world's one link.Effects, emptied.
func (w *World) linkEffects(scope event.Scope) *link.Effects {
	fx := &w.linkFX
	fx.Scope, fx.Flights, fx.Shape, fx.Tap = scope, &w.flights, shapeOf, w.frames != nil
	fx.Plans, fx.Seen = fx.Plans[:0], fx.Seen[:0]
	return fx
}

// settle carries out what a host left: timers into the queue, packets onto links.
func (w *World) settle(h *host.Host, fx *host.Effects) {
	for i := range fx.Timers {
		op := &fx.Timers[i]
		w.setTimer(op.Slot, op.Stop, op.At, item{what: aTimer, host: h, conn: op.Conn, timer: op.Timer})
	}
	for _, op := range fx.Waits {
		w.setTimer(op.Slot, op.Stop, op.At, item{what: aCall, host: h, call: op.Call})
	}
	for _, op := range fx.Alarms {
		w.setTimer(op.Slot, op.Stop, op.At, item{what: anAlarm, host: h, alarm: op.Assembly})
	}
	for _, p := range fx.Local {
		w.keepFrame(p, nil, 0)
		p.Plan = w.queue.Push(w.now, item{what: aLocal, host: h, pkt: p})
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

// setTimer moves a timer in the queue, or takes it out. Its owner keeps the place.
func (w *World) setTimer(place *sim.Handle, stop bool, at sim.Time, it item) {
	switch {
	case stop:
		w.queue.Cancel(*place)
	case w.queue.Waits(*place):
		w.queue.Move(*place, max(at, w.now))
	default:
		*place = w.queue.Push(max(at, w.now), it)
	}
}

// plan queues what a link means to do.
func (w *World) plan(l *link.Link, fx *link.Effects) {
	if w.frames != nil {
		w.keepSeen(l, fx)
	}
	for _, p := range fx.Plans {
		it := item{what: aPlan, link: l, dir: p.Dir, action: p.Action, pkt: p.Pkt}
		if p.Pkt == nil {
			w.queue.Push(p.At, it)
			continue
		}
		w.keepFrame(p.Pkt, l, p.Dir)
		w.queue.Cancel(p.Pkt.Plan) // of a packet that is overtaken
		p.Pkt.Plan = w.queue.Push(p.At, it)
	}
}

// dropPacket takes a packet off the network wherever it is.
func (w *World) dropPacket(p *ip.Packet, rule rfc.ID, reason string, by uint64) {
	w.queue.Cancel(p.Plan)
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
	if !w.cfg.Quiet {
		w.applied = append(w.applied, applied{w.steps, w.now, c})
	}
	if w.cfg.Quiet && !IsNote(c.Op) {
		w.do(c, w.log.Count())
		return
	}
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
