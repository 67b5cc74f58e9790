package infer

import (
	"net/netip"
	"slices"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// stage is what happens to a packet at an instant.
type stage uint8

// The stages of a packet, in their order within one instant.
const (
	sent stage = iota
	observed
	doubled
	dropped
	arrived
)

// moment is one stage of one packet. Moments of the same instant go by the order of the
// capture, so that what answers comes after what it answers.
type moment struct {
	t     int64
	order int
	stage stage
	sight int
	p     *packet
}

// place decides when each packet left and when it arrived.
//
// A packet that two points of the capture saw has both instants in the file. One that was
// seen once left its host half of that host's shortest answer time earlier, and arrives half
// of the other's later: an estimate, with which no answer comes before its question.
func (c *capture) place() (moments []moment, start int64) {
	for i, p := range c.packets {
		p.order = i
		first, last := p.sights[0].t, p.sights[len(p.sights)-1].t
		_, end, ok := c.watched(p.pair())
		before, after := c.distance(p.h.Src, p.h.Dst), c.distance(p.h.Dst, p.h.Src)
		p.t0, p.t1 = first-before, last+after
		p.early, p.late, p.seen = before > 0, after > 0, ok && p.at(end)
		p.still = ok && !p.seen && !p.lost
		start = min(start, p.t0)
	}
	for i, p := range c.packets {
		add := func(t int64, s stage, sight int) {
			moments = append(moments, moment{t - start, i, s, sight, p})
		}
		if p.of == nil {
			add(p.t0, sent, 0)
		} else {
			// Made at the latest when it or the original, of which it is a copy, arrives.
			at := min(p.of.t1, p.t0) - start
			moments = append(moments, moment{at, p.of.order, doubled, 0, p})
		}
		for k, s := range p.sights {
			add(s.t, observed, k)
		}
		switch {
		case p.lost:
			add((p.sights[len(p.sights)-1].t+p.t1)/2, dropped, 0)
		case !p.still:
			add(p.t1, arrived, 0)
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int {
		switch {
		case a.t != b.t:
			return compare(a.t, b.t)
		case a.order != b.order:
			return a.order - b.order
		case a.stage != b.stage:
			return int(a.stage) - int(b.stage)
		}
		return a.sight - b.sight
	})
	return moments, start
}

// builder tells the events of a capture.
type builder struct {
	c     *capture
	log   event.Log
	max   uint64
	now   sim.Time
	root  uint64 // n of capture.opened
	ids   inet.IDs
	links map[[2]int]inet.LinkID
	sent  map[inet.PacketID]*packet
	tcp   machine
}

func newBuilder(c *capture, max uint64) *builder {
	return &builder{c: c, max: max, links: map[[2]int]inet.LinkID{},
		sent: map[inet.PacketID]*packet{}}
}

// at returns the scope for events of now at a host.
func (b *builder) at(h inet.HostID) event.Scope {
	return event.Scope{Log: &b.log, Now: b.now, Host: h, By: b.root}
}

// play tells everything in order; false if that takes more events than allowed.
func (b *builder) play() bool {
	moments, start := b.c.place()
	b.c.opened.Start = wallTime(b.c.first + start)
	b.world()
	b.tcp.plan(b, moments)
	for _, m := range moments {
		b.now = sim.Time(min(m.t, int64(sim.MaxTime)))
		switch m.stage {
		case sent:
			b.depart(m.p)
		case doubled:
			b.double(m.p)
		case observed:
			b.observe(m.p, m.sight)
		case dropped:
			event.Emit(b.at(b.host(m.p.h.Src)).Because(m.p.left), rfc.InferredLost,
				event.PacketDropped{Pkt: m.p.id, Link: b.link(m.p), Reason: "loss"})
		case arrived:
			b.arrive(m.p)
		}
		if b.log.Len() > b.max {
			return false
		}
	}
	return true
}

// host is the id of an address.
func (b *builder) host(a netip.Addr) inet.HostID { return inet.HostID(a.String()) }

// world tells what there is: hosts, and a link between each two that talk.
func (b *builder) world() {
	root := event.Emit(event.Scope{Log: &b.log}, rfc.ByStart, event.WorldStarted{Profile: "capture"})
	b.root = event.Emit(b.at("").Because(root), rfc.Captured, b.c.opened)
	largest := make([]int, len(b.c.hosts))
	for _, p := range b.c.packets {
		i := b.c.host[p.h.Src]
		largest[i] = max(largest[i], p.total)
	}
	for i, a := range b.c.hosts {
		s := b.at(b.host(a))
		event.Emit(s, rfc.CaptureHost, event.HostAdded{Name: a.String(), Profile: "capture"})
		event.Emit(s, rfc.CaptureHost, event.NICAdded{NIC: "eth0",
			Addr: netip.PrefixFrom(a.WithZone(""), a.BitLen()), MTU: largest[i]})
	}
	for _, p := range b.c.packets {
		src, dst := b.c.host[p.h.Src], b.c.host[p.h.Dst]
		k := [2]int{min(src, dst), max(src, dst)}
		if _, ok := b.links[k]; ok || src == dst {
			continue
		}
		id := b.ids.NextLink()
		b.links[k] = id
		delay := b.c.distance(p.h.Src, p.h.Dst) + b.c.distance(p.h.Dst, p.h.Src)
		event.Emit(b.at(""), rfc.CaptureHost, event.LinkAdded{Link: id,
			A:      event.LinkEnd{Host: b.host(b.c.hosts[k[0]]), NIC: "eth0"},
			B:      event.LinkEnd{Host: b.host(b.c.hosts[k[1]]), NIC: "eth0"},
			Params: event.LinkParams{Up: true, DelayNS: delay}})
	}
}

// link is the link on which a packet goes; "" for one that its host sends to itself.
func (b *builder) link(p *packet) inet.LinkID {
	src, dst := b.c.host[p.h.Src], b.c.host[p.h.Dst]
	return b.links[[2]int{min(src, dst), max(src, dst)}]
}

// instant is the rule by which an instant is known.
func instant(estimate bool) rfc.ID {
	if estimate {
		return rfc.Estimated
	}
	return rfc.Observed
}
