package infer

import (
	"encoding/binary"
	"net/netip"
	"time"

	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// maxOutstanding is how many segments of one direction are remembered until they are
// acknowledged.
const maxOutstanding = 1024

// reordered is how late a segment may fill a gap and still count as overtaken on its way
// rather than sent again.
const reordered = int64(3 * time.Millisecond)

// direction is one half of a connection, as it was seen.
type direction struct {
	iss   seq.Num
	begun bool
	end   seq.Num // behind the last octet seen
	seen  spans   // what was seen
	gapAt int64   // when a gap in it was last opened

	out    []*packet // seen, and neither acknowledged nor taken for lost
	doubts []*packet // taken for lost, and not yet known to be
	await  []await   // for the shortest answer time
	shut   bool      // the receiver offered no window
}

// await is the end of a segment and when it was last seen to be on its way.
type await struct {
	end seq.Num
	t   int64
}

// flows follows what each direction of each connection sent and was answered, in the order
// of the capture.
type flows struct {
	c    *capture
	dirs map[inet.Flow]*direction
	echo map[echo]int64
}

// echo names an echo request.
type echo struct {
	pair    pair
	id, seq uint16
}

// followFlows marks what was sent again and what got lost, and measures how fast each host
// answers each other.
func (c *capture) followFlows() {
	f := flows{c: c, dirs: map[inet.Flow]*direction{}, echo: map[echo]int64{}}
	for _, p := range c.packets {
		switch p.kind {
		case tcp:
			f.segment(p)
		case icmp, icmp6:
			f.ping(p)
		}
	}
	for _, p := range c.packets {
		c.lostBetween(p)
	}
}

// lostBetween tells of a packet that one point of the capture saw and the next did not,
// though it had the time to get there.
func (c *capture) lostBetween(p *packet) {
	_, last, ok := c.watched(p.pair())
	if ok && !p.at(last) && c.last-p.sights[0].t > joinWithin {
		p.lost = true
	} else if ok {
		p.lost = false // it was seen where it had to arrive
	}
}

func (f *flows) of(flow inet.Flow) *direction {
	d := f.dirs[flow]
	if d == nil {
		d = &direction{}
		f.dirs[flow] = d
	}
	return d
}

// segment follows one segment: what it acknowledges, then what it carries.
func (f *flows) segment(p *packet) {
	flow := p.flow()
	mine, theirs := f.of(flow), f.of(flow.Reverse())
	s := &p.tcp
	if s.Flags.Has(wire.SYN) && mine.begun && s.Seq != mine.iss {
		*mine = direction{} // another connection between the same endpoints
		if !s.Flags.Has(wire.ACK) {
			*theirs = direction{}
		}
	}
	if s.Flags.Has(wire.SYN) {
		mine.iss = s.Seq
	}
	if s.Flags.Has(wire.RST) {
		return
	}
	if s.Flags.Has(wire.ACK) {
		f.answered(theirs, p)
	}
	mine.carry(p)
}

// length is how much of the sequence space a segment takes (RFC 9293 §3.4).
func (p *packet) length() seq.Size {
	n := seq.Size(p.size)
	if p.tcp.Flags.Has(wire.SYN) {
		n++
	}
	if p.tcp.Flags.Has(wire.FIN) {
		n++
	}
	return n
}

// until is the sequence number behind a segment.
func (p *packet) until() seq.Num { return p.tcp.Seq.Add(p.length()) }

// carry takes what a segment carries into account.
func (d *direction) carry(p *packet) {
	n := p.length()
	if !d.begun {
		d.begun, d.end = true, p.tcp.Seq
	}
	if n == 0 {
		return
	}
	from, to, now := p.tcp.Seq, p.until(), p.sights[0].t
	late := from.Less(d.end) && now-d.gapAt > reordered
	p.again = d.seen.overlaps(from, to) || late
	if d.end.Less(from) {
		d.gapAt = now
	}
	d.seen.add(from, to)
	d.end = d.end.Max(to)
	if p.again && p.tcp.Flags.Has(wire.SYN|wire.ACK) && d.crossed() {
		return // the same SYN, as an answer to another: nothing tells of a loss
	}
	if p.again && !d.shut {
		d.sentAgain(p)
	}
	if len(d.out) < maxOutstanding {
		d.out = append(d.out, p)
	}
	if len(d.await) < maxOutstanding {
		d.await = append(d.await, await{to, now})
	}
}

// crossed reports whether all that was sent is a SYN without an ACK.
func (d *direction) crossed() bool {
	return len(d.out) == 1 && d.out[0].tcp.Flags.Has(wire.SYN) && !d.out[0].tcp.Flags.Has(wire.ACK)
}

// sentAgain takes for lost what begins in what p sends again: no answer has covered it.
func (d *direction) sentAgain(p *packet) {
	from, to := p.tcp.Seq, p.until()
	kept := d.out[:0]
	for _, q := range d.out {
		if q.tcp.Seq.InWindow(from, to.Sub(from)) || from.InWindow(q.tcp.Seq, q.length()) {
			q.lost = true
			d.doubts = append(d.doubts, q)
			continue
		}
		kept = append(kept, q)
	}
	d.out = kept
	if n := len(d.doubts); n > maxOutstanding {
		d.doubts = d.doubts[n-maxOutstanding:]
	}
}

// answered takes in what the receiver of d says in p.
func (f *flows) answered(d *direction, p *packet) {
	ack, now := p.tcp.Ack, p.sights[0].t
	d.shut = p.tcp.Wnd == 0
	blocks := p.tcp.Opts.Blocks()
	// RFC 2883 §4: "the first block of the SACK option specifies the … sequence numbers of
	// the duplicate segment" if it lies below the ACK or within the second.
	if len(blocks) > 0 && isDuplicate(ack, blocks) {
		d.twice(blocks[0])
		blocks = blocks[1:]
	}
	kept := d.out[:0]
	for _, q := range d.out {
		if !q.until().LessEq(ack) && !covered(q, blocks) {
			kept = append(kept, q)
		}
	}
	d.out = kept
	newest := int64(-1)
	rest := d.await[:0]
	for _, a := range d.await {
		if a.end.LessEq(ack) {
			newest = max(newest, a.t)
		} else {
			rest = append(rest, a)
		}
	}
	d.await = rest
	if newest >= 0 {
		f.c.nearer(p.pair(), now-newest)
	}
}

// twice takes back that a segment was lost: its receiver has it two times.
func (d *direction) twice(block [2]seq.Num) {
	for _, q := range d.doubts {
		if block[0].LessEq(q.tcp.Seq) && q.until().LessEq(block[1]) {
			q.lost = false
		}
	}
}

func isDuplicate(ack seq.Num, blocks [][2]seq.Num) bool {
	b := blocks[0]
	if b[1].LessEq(ack) {
		return true
	}
	return len(blocks) > 1 && blocks[1][0].LessEq(b[0]) && b[1].LessEq(blocks[1][1])
}

func covered(q *packet, blocks [][2]seq.Num) bool {
	for _, b := range blocks {
		if b[0].LessEq(q.tcp.Seq) && q.until().LessEq(b[1]) {
			return true
		}
	}
	return false
}

// ping measures with echoes, too.
func (f *flows) ping(p *packet) {
	b := p.h.Payload
	e := echo{p.pair(), binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])}
	switch {
	case p.kind == icmp && b[0] == wire.ICMPEcho, p.kind == icmp6 && b[0] == wire.ICMPv6Echo:
		f.echo[e] = p.sights[0].t
	case p.kind == icmp && b[0] == wire.ICMPEchoReply,
		p.kind == icmp6 && b[0] == wire.ICMPv6EchoReply:
		e.pair.a, e.pair.b = e.pair.b, e.pair.a
		if t, ok := f.echo[e]; ok {
			f.c.nearer(p.pair(), p.sights[0].t-t)
		}
	}
}

// nearer notes an answer time of p.a to p.b. Half of the shortest is how far p.a is taken
// to be from the capture: never so far that an answer would leave before what it answers
// has arrived.
func (c *capture) nearer(p pair, answer int64) {
	half := answer / 2
	if old, ok := c.near[p]; !ok || half < old {
		c.near[p] = half
	}
}

// distance is how far a host is from the capture, on the way to another.
func (c *capture) distance(of, to netip.Addr) int64 {
	if _, _, ok := c.watched(pair{of, to}); ok {
		return 0
	}
	if _, _, ok := c.watched(pair{to, of}); ok {
		return 0
	}
	return c.near[pair{of, to}]
}
