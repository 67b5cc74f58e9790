package stack

import (
	"strconv"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/link"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// What a person does by hand to one packet under way.

// editArg returns the packet a command is about.
func (c Command) editArg() (inet.PacketID, bool) {
	switch a := c.Args.(type) {
	case SegmentDrop:
		return a.Pkt, true
	case SegmentDelay:
		return a.Pkt, true
	case SegmentDuplicate:
		return a.Pkt, true
	case SegmentCorrupt:
		return a.Pkt, true
	case SegmentMark:
		return a.Pkt, true
	case SegmentReorder:
		return a.Pkt, true
	case SegmentEdit:
		return a.Pkt, true
	}
	return 0, false
}

func (w *World) checkEdit(c Command) error {
	id, ok := c.editArg()
	if !ok {
		return nil
	}
	p := w.flights.Find(id)
	refused := func(code string) error {
		return &ArgError{Code: code, Field: "pkt", Got: strconv.FormatUint(uint64(id), 10)}
	}
	if p == nil || p.Held { // what is held has arrived
		return refused(CodeNotInFlight)
	}
	switch a := c.Args.(type) {
	case SegmentMark:
		if p.ARP {
			return refused(CodeNotIP)
		}
	case SegmentDelay:
		if !onWire(p) {
			return refused(CodeNotOnLink)
		}
	case SegmentReorder:
		if !onWire(p) {
			return refused(CodeNotOnLink)
		}
		if w.behind(p) == nil {
			return refused(CodeNoneBehind)
		}
	case SegmentDuplicate:
		return first(quota(w.flights.Len(), ip.MaxPackets, "packets"))
	case SegmentCorrupt:
		return first(inRange("bit", int64(a.Bit), 0, int64(8*p.Len()-1)))
	case SegmentEdit:
		if p.ARP {
			return refused(CodeNotIP)
		}
		return checkFields(a.Set, p.Octets)
	}
	return nil
}

// onWire reports whether a packet is being sent or propagates: it has an arrival.
func onWire(p *ip.Packet) bool { return p.Link != "" && !p.Queued }

// edit carries out a checked command on a packet; false if c is none.
func (w *World) edit(c Command, by uint64) bool {
	id, ok := c.editArg()
	if !ok {
		return false
	}
	p := w.flights.Find(id)
	scope := w.scope().Because(by).OnHost(p.Host)
	switch a := c.Args.(type) {
	case SegmentDrop:
		w.dropPacket(p, rfc.ByHand, "dropped by hand", by)
	case SegmentDelay:
		w.moveArrival(p, p.Arrive.Add(time.Duration(a.ByNS)), scope)
	case SegmentDuplicate:
		n := event.Emit(scope, rfc.EditByHand, event.PacketDuplicated{Pkt: p.ID})
		w.double(p, p.Copy(inet.PacketID(n)))
	case SegmentCorrupt:
		p.Flip(a.Bit)
		p.By = event.Emit(scope, rfc.EditByHand, event.PacketCorrupted{Pkt: p.ID, Bit: a.Bit})
	case SegmentMark:
		field, _ := ecnField(a.ECN)
		p.SetECN(field)
		name := a.ECN
		if field == 0 {
			name = ""
		}
		p.By = event.Emit(scope, rfc.EditByHand, event.PacketMarked{Pkt: p.ID, ECN: name})
	case SegmentReorder:
		w.swap(p, w.behind(p), scope)
	case SegmentEdit:
		editFields(p, a, scope)
	}
	return true
}

// ecnField returns the two bits that a name stands for (RFC 3168 §5).
func ecnField(name string) (uint8, bool) {
	switch name {
	case "not":
		return 0, true
	case "ect1":
		return 1, true
	case "ect0":
		return 2, true
	case "ce":
		return 3, true
	}
	return 0, false
}

// moveArrival gives a packet on the wire another arrival, or the end that awaits it there
// another instant.
func (w *World) moveArrival(p *ip.Packet, arrive sim.Time, scope event.Scope) {
	w.queue.Move(p.Plan, max(w.queue.At(p.Plan).Add(arrive.Sub(p.Arrive)), w.now))
	w.announce(p, arrive, scope)
}

func (w *World) announce(p *ip.Packet, arrive sim.Time, scope event.Scope) {
	p.Arrive = arrive
	p.By = event.Emit(scope, rfc.EditByHand, event.PacketDelayed{Pkt: p.ID, Arrive: arrive})
}

// double puts a packet's copy where the packet is, right behind it.
func (w *World) double(p, twin *ip.Packet) {
	w.flights.Launch(twin)
	l := w.link(p.Link)
	if p.Queued {
		l.Double(p, twin)
		return
	}
	it := *w.queue.Item(p.Plan) // l is nil for a packet on its host, to itself
	it.pkt = twin
	w.keepFrame(twin, l, it.dir)
	twin.Plan = w.queue.Push(w.queue.At(p.Plan), it)
}

// behind returns the packet that arrives next after p at the same end of its link; nil if
// none is on the wire.
func (w *World) behind(p *ip.Packet) *ip.Packet {
	var next *ip.Packet
	for _, q := range w.flights.All() {
		if q == p || !onWire(q) || q.Link != p.Link || q.To != p.To || !w.ahead(p, q) {
			continue
		}
		if next == nil || w.ahead(q, next) {
			next = q
		}
	}
	return next
}

// ahead reports whether p is to arrive before q: earlier, or earlier put on the wire.
func (w *World) ahead(p, q *ip.Packet) bool {
	if p.Arrive != q.Arrive {
		return p.Arrive < q.Arrive
	}
	return w.queue.Before(p.Plan, q.Plan)
}

// swap has two packets on a wire arrive each at the other's instant, in the other's turn.
func (w *World) swap(p, q *ip.Packet, scope event.Scope) {
	pi, qi := w.queue.Item(p.Plan), w.queue.Item(q.Plan)
	pArrive, qArrive := p.Arrive, q.Arrive
	if pi.action != link.Arrive || qi.action != link.Arrive {
		// One is to be lost half way, so that their turns do not matter.
		w.moveArrival(q, pArrive, scope)
		w.moveArrival(p, qArrive, scope)
		return
	}
	*pi, *qi = *qi, *pi
	p.Plan, q.Plan = q.Plan, p.Plan
	w.announce(q, pArrive, scope)
	w.announce(p, qArrive, scope)
}
