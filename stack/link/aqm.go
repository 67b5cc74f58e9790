package link

import (
	"labserver/stack/event"
	"labserver/stack/ip"
	"labserver/stack/rfc"
)

// aqm is an active queue management of one direction (RFC 7567): it decides before the
// queue is full. Drop-tail has none.
type aqm interface {
	// enter judges a packet that comes. It may mark it; false says that it dropped it.
	enter(l *Link, d Direction, p *ip.Packet, fx *Effects) bool
	// leave takes the packet that is to be sent next out of the queue; nil if none is left.
	leave(l *Link, d Direction, fx *Effects) *ip.Packet
}

// congestionExperienced is the ECN field that a router writes (RFC 3168 §5).
const congestionExperienced = 3

// mark sets CE in a packet whose sender can make something of it, and reports whether it
// can. "An ECN-capable transport … indicated by the ECT(0) or ECT(1) codepoint" is asked
// for (RFC 3168 §5); a packet that has CE already keeps it.
func (l *Link) mark(p *ip.Packet, d Direction, rule rfc.ID, why *event.QueueCause,
	fx *Effects) bool {
	if !l.dirs[d].way.QueueECN || p.ECN() == 0 {
		return false
	}
	p.SetECN(congestionExperienced)
	where := p.Host
	if p.Link == "" {
		where = fx.Host
	}
	p.By = event.Emit(fx.Because(p.By).OnHost(where), rule,
		event.PacketMarked{Pkt: p.ID, ECN: "ce", Queue: why})
	return true
}

// show says that a discipline is in another state.
func (l *Link) show(d Direction, v event.QueueVars, rule rfc.ID, by uint64, fx *Effects) {
	dir := &l.dirs[d]
	if dir.shown == v {
		return
	}
	near := l.near(d).Host
	dir.turned = event.Emit(fx.Because(by).OnHost(near), rule,
		event.QueueChanged{Link: l.ID, From: near, Old: dir.shown, New: v})
	dir.shown = v
}
