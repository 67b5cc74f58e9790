package infer

import (
	"bytes"
	"slices"
	"time"

	"labserver/stack/seq"
	"labserver/stack/wire"
)

// joinWithin is how long a packet may take from one interface of a capture to another.
const joinWithin = int64(2 * time.Second)

// join finds the packets that were seen at several interfaces, as an export of our own runs
// has them and a capture on a router: one packet with several sights, not several packets.
// Where such packets were seen first and last tells where their pair of hosts is watched.
func (c *capture) join() {
	several := false
	for _, p := range c.packets {
		several = several || p.sights[0].iface != c.packets[0].sights[0].iface
	}
	if n := len(c.packets); n > 0 {
		c.last = c.packets[n-1].sights[0].t
	}
	if !several {
		return
	}
	var one []*packet
	recent := map[key][]*packet{}
	for _, p := range c.packets {
		k := keyOf(p)
		if q := sameAs(p, recent[k]); q != nil {
			q.sights = append(q.sights, p.sights[0])
			continue
		}
		if len(recent[k]) == maxAlike {
			recent[k] = recent[k][1:]
		}
		recent[k] = append(recent[k], p)
		one = append(one, p)
	}
	c.packets = one
	for _, p := range one {
		if n := len(p.sights); n > 1 {
			c.ends[p.pair()] = [2]int{p.sights[0].iface, p.sights[n-1].iface}
		}
	}
	for _, p := range one {
		p.of = c.original(p, recent[keyOf(p)])
	}
}

// maxAlike is how many packets are compared to find one seen before.
const maxAlike = 64

// original returns the packet of which p is a copy: p came out where packets of its pair
// do and never went in, and another like it did both. nil for an ordinary packet.
func (c *capture) original(p *packet, alike []*packet) *packet {
	first, last, ok := c.watched(p.pair())
	if !ok || p.at(first) || !p.at(last) {
		return nil
	}
	for _, q := range alike {
		if q != p && q.at(first) && q.at(last) && q.sights[0].t <= p.sights[0].t &&
			p.sights[0].t-q.sights[0].t <= joinWithin && bytes.Equal(q.h.Payload, p.h.Payload) {
			return q
		}
	}
	return nil
}

// key is what the sights of one packet have in common wherever they are: routers change
// the TTL, and a damaged bit must not make it another packet.
type key struct {
	pair   pair
	proto  uint8
	id     uint32
	offset int
	total  int
	seq    seq.Num
}

func keyOf(p *packet) key {
	k := key{pair: p.pair(), proto: uint8(p.h.Proto), id: p.h.ID, offset: p.h.FragOff, total: p.total}
	if p.kind == tcp && k.id == 0 {
		k.seq = p.tcp.Seq
	}
	return k
}

// sameAs returns which of the packets before it p is, seen again somewhere else.
func sameAs(p *packet, before []*packet) *packet {
	at := p.sights[0]
	for _, q := range before {
		if at.t-q.sights[0].t > joinWithin || q.at(at.iface) {
			continue
		}
		// An identification that is the packet's own says enough; where there is none,
		// what it carries must be the same.
		if q.h.ID != 0 && !q.h.V6() || bytes.Equal(q.h.Payload, p.h.Payload) {
			return q
		}
	}
	return nil
}

// at reports whether a packet was seen at an interface.
func (p *packet) at(iface int) bool {
	return slices.ContainsFunc(p.sights, func(s sight) bool { return s.iface == iface })
}

// watched returns where packets of a pair are first and last seen, if at two places.
func (c *capture) watched(p pair) (first, last int, ok bool) {
	e, ok := c.ends[p]
	return e[0], e[1], ok
}

// maxPieces is how many fragments are put together.
const maxPieces = 64

// pieceKey is what fragments of one packet have in common (RFC 791 §3.2, RFC 8200 §4.5).
type pieceKey struct {
	pair  pair
	proto uint8
	id    uint32
}

// reassemble puts fragments together. Those of a packet that was captured whole become
// pieces of the first one, which then carries what the packet carried; all others stay
// packets of their own, which show nothing but that they were there.
func (c *capture) reassemble() {
	waiting, cut := map[pieceKey][]*packet{}, map[pieceKey]*packet{}
	for _, p := range c.packets {
		k := pieceKey{p.pair(), uint8(p.h.Proto), p.h.ID}
		if p.kind != fragment {
			if k.id != 0 {
				cut[k] = p
			}
			continue
		}
		pieces := append(waiting[k], p)
		waiting[k] = pieces
		if len(pieces) > maxPieces || !complete(pieces) {
			continue
		}
		delete(waiting, k)
		slices.SortStableFunc(pieces, func(a, b *packet) int { return a.offset - b.offset })
		if first := pieces[0]; !cut[k].become(pieces) {
			var payload []byte
			for _, q := range pieces {
				payload = append(payload, q.h.Payload...)
			}
			first.parse(payload, len(payload))
			first.consist(pieces)
		}
	}
	kept := c.packets[:0]
	for _, p := range c.packets {
		if p.kind == fragment && p.whole == nil {
			p.kind = other
		}
		if p.whole != p {
			kept = append(kept, p)
		}
	}
	c.packets = kept
}

// consist makes fragments the pieces of p.
func (p *packet) consist(pieces []*packet) {
	for _, q := range pieces[1:] {
		q.whole, q.part = p, len(q.h.Payload)
	}
	p.pieces, p.absent, p.part = pieces[1:], len(pieces), len(pieces[0].h.Payload)
	if p.kind == fragment {
		p.kind = other
	}
}

// become makes fragments what became of p on its way, where it was seen whole before: the
// first of them is p itself.
func (p *packet) become(pieces []*packet) bool {
	first := pieces[0]
	if p == nil || p.pieces != nil || p.at(first.sights[0].iface) ||
		first.sights[0].t-p.sights[0].t > joinWithin {
		return false
	}
	var n int
	for _, q := range pieces {
		if rest := p.h.Payload[min(n, len(p.h.Payload)):]; !bytes.HasPrefix(rest, q.h.Payload) {
			return false
		}
		n += len(q.h.Payload)
	}
	p.sights = append(p.sights, first.sights...)
	p.consist(pieces)
	first.whole = first // it is no packet of its own
	return true
}

// complete reports whether fragments, in any order, are all of their packet, each once and
// whole.
func complete(pieces []*packet) bool {
	end, total := 0, -1
	for _, p := range pieces {
		if p.total != p.room()+len(p.h.Payload) {
			return false // cut off by the capture
		}
		end += len(p.h.Payload)
		if !p.h.MF {
			total = p.offset + len(p.h.Payload)
		}
	}
	if total != end {
		return false
	}
	for at := 0; at < total; {
		next := slices.IndexFunc(pieces, func(p *packet) bool { return p.offset == at })
		if next < 0 || len(pieces[next].h.Payload) == 0 {
			return false
		}
		at += len(pieces[next].h.Payload)
	}
	return true
}

// room is how long the packet's headers are, as captured.
func (p *packet) room() int { return len(p.octets) - len(p.h.Payload) }

// distrust finds what was damaged on its way: its checksum is wrong, and those of its
// sender are right otherwise. Where they are wrong as a rule, the capture was taken on the
// sender, whose network card computes them later.
func (c *capture) distrust() {
	wrong, all := make([]int, len(c.hosts)), make([]int, len(c.hosts))
	var bad []*packet
	for _, p := range c.packets {
		if p.kind == fragment || p.kind == other || len(p.octets) < p.total {
			continue
		}
		i := c.host[p.h.Src]
		all[i]++
		if p.damaged() {
			wrong[i]++
			bad = append(bad, p)
		}
	}
	for _, p := range bad {
		if i := c.host[p.h.Src]; wrong[i]*10 < all[i] || wrong[i] == 1 && all[i] > 1 {
			p.kind, p.flaw = other, string(wire.BadChecksum)
		}
	}
}

func (p *packet) damaged() bool {
	var err error
	switch p.kind {
	case tcp:
		_, err = wire.ParseTCP(p.h.Src, p.h.Dst, p.h.Payload)
	case udp:
		_, err = wire.ParseUDP(p.h.Src, p.h.Dst, p.h.Payload)
	case icmp:
		_, err = wire.ParseICMP(p.h.Payload)
	case icmp6:
		_, err = wire.ParseICMPv6(p.h.Src, p.h.Dst, p.h.Payload)
	}
	return err == wire.BadChecksum
}
