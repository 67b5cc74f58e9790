package view

import (
	"labserver/stack/event"
	"labserver/stack/inet"
)

// linkEvent folds the life of a link, its rules and the state of its disciplines.
func (v *View) linkEvent(e event.Event) {
	switch b := e.Body.(type) {
	case event.LinkAdded:
		v.Links = append(v.Links, Link{ID: b.Link, A: b.A, B: b.B, Params: b.Params,
			Rules: []RuleCount{}})
	case event.LinkChanged:
		v.link(b.Link).Params = b.New
	case event.LinkRules:
		l := v.link(b.Link)
		l.Rules = []RuleCount{}
		for _, r := range b.New {
			l.Rules = append(l.Rules, RuleCount{Rule: r})
		}
	case event.LinkMatched:
		r := &v.link(b.Link).Rules[b.No-1]
		r.Matched, r.Acted = b.Matched, b.Acted
	case event.QueueChanged:
		v.link(b.Link).from(b.From).Vars = b.New
	case event.LinkRemoved:
		v.Links = remove(v.Links, func(l *Link) bool { return l.ID == b.Link })
	}
}

// from returns the queue at a sending end.
func (l *Link) from(host inet.HostID) *Queue {
	if l.A.Host == host {
		return &l.Queues[0]
	}
	return &l.Queues[1]
}

// enqueue puts a packet that is where it will wait into its link's queue, which holds
// octets then.
func (v *View) enqueue(p *Packet, octets inet.ByteCount) {
	q := v.link(p.Link).from(p.Host)
	p.Queued, p.QueueOctets = true, octets-q.Octets
	q.Octets = octets
	q.Packets++
}

// dequeue takes a packet out of the queue in which it waits, if it does.
func (v *View) dequeue(p *Packet) {
	if !p.Queued {
		return
	}
	q := v.link(p.Link).from(p.Host)
	q.Octets -= p.QueueOctets
	q.Packets--
	p.Queued, p.QueueOctets = false, 0
}
