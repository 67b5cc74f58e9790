package stack

import (
	"labserver/stack/event"
	"labserver/stack/ip"
	"labserver/stack/link"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// What commands do to links.

func (w *World) linkAdd(a LinkAdd, by uint64) {
	id := a.ID
	for id == "" || a.ID == "" && w.link(id) != nil {
		id = w.ids.NextLink()
	}
	endA, nicA := w.end(a.A, by)
	endB, nicB := w.end(a.B, by)
	params := a.params()
	nicA.Link, nicB.Link = id, id
	l := link.New(id, endA, endB, params, w.cfg.Seed)
	w.links = append(w.links, l)
	n := event.Emit(w.scope().Because(by), rfc.Topology,
		event.LinkAdded{Link: id, A: endA, B: endB, Params: params})
	if len(a.Rules) > 0 {
		l.SetRules(a.Rules, w.linkEffects(w.scope().Because(n)))
	}
	nicA.Peer, nicB.Peer = nicB.MAC, nicA.MAC
	w.relan(n)
	w.plug(l, n)
}

// params returns the parameters of a new link.
func (a LinkAdd) params() event.LinkParams {
	p := event.LinkParams{Up: true, DelayNS: a.DelayNS, JitterNS: a.JitterNS,
		RateBPS: a.RateBPS, LossPPM: a.LossPPM, DupPPM: a.DupPPM, CorruptPPM: a.CorruptPPM,
		ReorderPPM: a.ReorderPPM, QueueOctets: link.DefaultQueue, BToA: a.BToA,
		QueuePackets: a.QueuePackets, JitterReorders: a.JitterReorders,
		Queue: named(a.Queue), QueueECN: a.QueueECN, CoDelTargetNS: a.CoDelTargetNS,
		CoDelIntervalNS: a.CoDelIntervalNS, REDMin: a.REDMin, REDMax: a.REDMax,
		REDMaxPPPM: a.REDMaxPPPM, REDWeight: a.REDWeight, REDGentle: a.REDGentle}
	set(&p.QueueOctets, a.QueueOctets)
	return p
}

// named returns a discipline's name as events have it: drop-tail's is absent.
func named(discipline string) string {
	if discipline == link.DropTail {
		return ""
	}
	return discipline
}

func (w *World) linkSet(a LinkSet, by uint64) {
	l := w.link(a.Link)
	old, p := l.Params, l.Params
	a.change(&p)
	cause := by
	fx := w.linkEffects(w.scope().Because(by))
	if a.Rules == nil || p != old {
		n := event.Emit(w.scope().Because(by), rfc.Topology,
			event.LinkChanged{Link: l.ID, Old: old, New: p})
		fx.Scope, cause = fx.Because(n), n
		l.Set(p, fx)
	}
	if a.Rules != nil {
		l.SetRules(a.Rules, fx)
	}
	if old.Up && !p.Up {
		w.cut(l, "link down", by)
		w.unplug(l, cause)
	}
	w.carrier(l)
	if !old.Up && p.Up {
		w.plug(l, cause)
	}
}

// change writes the parameters that are given.
func (a LinkSet) change(p *event.LinkParams) {
	set(&p.Up, a.Up)
	set(&p.DelayNS, a.DelayNS)
	set(&p.JitterNS, a.JitterNS)
	set(&p.JitterReorders, a.JitterReorders)
	set(&p.RateBPS, a.RateBPS)
	set(&p.LossPPM, a.LossPPM)
	set(&p.DupPPM, a.DupPPM)
	set(&p.CorruptPPM, a.CorruptPPM)
	set(&p.ReorderPPM, a.ReorderPPM)
	set(&p.QueueOctets, a.QueueOctets)
	set(&p.QueuePackets, a.QueuePackets)
	if a.Queue != nil {
		p.Queue = named(*a.Queue)
	}
	set(&p.QueueECN, a.QueueECN)
	set(&p.CoDelTargetNS, a.CoDelTargetNS)
	set(&p.CoDelIntervalNS, a.CoDelIntervalNS)
	set(&p.REDMin, a.REDMin)
	set(&p.REDMax, a.REDMax)
	set(&p.REDMaxPPPM, a.REDMaxPPPM)
	set(&p.REDWeight, a.REDWeight)
	set(&p.REDGentle, a.REDGentle)
	switch {
	case a.BToA == nil:
	case *a.BToA == (event.LinkWay{}):
		p.BToA = nil
	default:
		p.BToA = a.BToA
	}
}

func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

// carrier tells the interfaces at a link's ends whether it is down.
func (w *World) carrier(l *link.Link) {
	for _, e := range []event.LinkEnd{l.A, l.B} {
		w.host(e.Host).IP.NIC(e.NIC).Down = !l.Params.Up
	}
}

// cut drops what is on a link and in its queues.
func (w *World) cut(l *link.Link, reason string, by uint64) {
	w.dropWhere(func(p *ip.Packet) bool { return p.Link == l.ID }, rfc.LinkDown, reason, by)
	l.Cut(w.linkEffects(w.scope().Because(by)))
}
func (w *World) linkRemove(l *link.Link, by uint64) {
	w.cut(l, "link removed", by)
	w.unplug(l, by)
	for _, e := range []event.LinkEnd{l.A, l.B} {
		n := w.host(e.Host).IP.NIC(e.NIC)
		n.Link, n.Down, n.Peer = "", false, wire.MAC{}
	}
	for i, o := range w.links {
		if o == l {
			w.links = append(w.links[:i:i], w.links[i+1:]...)
			break
		}
	}
	w.relan(event.Emit(w.scope().Because(by), rfc.Topology, event.LinkRemoved{Link: l.ID}))
}
