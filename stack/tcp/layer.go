package tcp

import (
	"sort"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// Layer is the TCP of one host. Make it with New.
type Layer struct {
	host      inet.HostID
	k         *Knobs
	secret    uint64
	rand      *sim.Rand
	conns     map[inet.Flow]*Conn // nil while they are few
	order     []*Conn             // by creation
	recent    *Conn               // whose segment arrived last
	born      uint64
	listeners map[inet.Endpoint][]*Listener // several share one by SO_REUSEPORT
	challenge challengeBudget

	fastCookies []fastCookie // of servers, by the time of their first
	shown       showCase
	spare       []rtxQueue // see retire
	fat         []*Conn    // whose buffers are large, or were
}

// Trim gives back the memory of large buffers that hold nothing. A world calls it when it
// has become quiet.
func (l *Layer) Trim() {
	fat := l.fat
	l.fat = fat[:0]
	for _, c := range fat {
		c.snd.buf.trim()
		c.rcv.buf.trim()
		c.fat = false
		c.fatten() // if there is something in them yet
	}
	clear(fat[len(l.fat):])
}

// fatten notes that a buffer of the connection may be large.
func (c *Conn) fatten() {
	if !c.fat && (len(c.snd.buf.mem) > goodBuffer || len(c.rcv.buf.mem) > goodBuffer) {
		c.fat = true
		c.l.fat = append(c.l.fat, c)
	}
}

// New builds the TCP of a host. The knobs stay the caller's and may be turned at any
// time. The secret keys RFC 6528's hash; rand spreads the challenge-ACK limit.
func New(host inet.HostID, k *Knobs, secret uint64, rand *sim.Rand) *Layer {
	return &Layer{
		host: host, k: k, secret: secret, rand: rand,
		listeners: map[inet.Endpoint][]*Listener{},
	}
}

// few is how many connections are looked through one by one; a table is made for more.
const few = 8

// Lookup returns the connection of a flow, or nil.
func (l *Layer) Lookup(flow inet.Flow) *Conn {
	if l.recent != nil && l.recent.flow == flow {
		return l.recent
	}
	if l.conns != nil {
		return l.conns[flow]
	}
	for _, c := range l.order {
		if c.flow == flow {
			return c
		}
	}
	return nil
}

// Conns returns the connections that exist, in the order of their creation. The slice
// is the layer's own and changes with the next call.
func (l *Layer) Conns() []*Conn { return l.order }

// insert adds a new connection.
func (l *Layer) insert(c *Conn) {
	l.born++
	c.born, c.listed = l.born, true
	l.order = append(l.order, c)
	if l.conns == nil && len(l.order) > few {
		l.conns = make(map[inet.Flow]*Conn, 4*few)
		for _, o := range l.order {
			l.conns[o.flow] = o
		}
	} else if l.conns != nil {
		l.conns[c.flow] = c
	}
}

// remove takes a connection out.
func (l *Layer) remove(c *Conn) {
	i := sort.Search(len(l.order), func(i int) bool { return l.order[i].born >= c.born })
	if i == len(l.order) || l.order[i] != c || l.Lookup(c.flow) != c {
		panic("BUG: removing a connection that does not exist")
	}
	l.order = append(l.order[:i], l.order[i+1:]...)
	delete(l.conns, c.flow)
	c.listed = false
	if l.recent == c {
		l.recent = nil
	}
}

// emit gives a segment to IP and shows it. Conn is "" for a reply that belongs to no
// connection.
func (l *Layer) emit(flow inet.Flow, conn inet.ConnID, seg *wire.TCP, again bool,
	rule rfc.ID, fx *Effects) {
	l.give(flow, seg, service{}, conn, again, rule, fx)
}

// service is what a segment asks of IP. The zero value is the host's defaults.
type service struct {
	tos, ttl uint8
	fragment bool
}

// give is emit for a packet whose IP header has something of its own.
func (l *Layer) give(flow inet.Flow, seg *wire.TCP, s service, conn inet.ConnID, again bool,
	rule rfc.ID, fx *Effects) {
	var by uint64
	if fx.Quiet() {
		by = fx.Count()
	} else {
		sent := event.SegmentSent{Seg: l.shown.seg(flow.Local, flow.Remote, seg)}
		sent.Seg.Retransmission, sent.Seg.ECN = again, ecnName(s.tos)
		by = event.Emit(fx.OnConn(conn), rule, sent)
	}
	n := len(fx.Out)
	if n < cap(fx.Out) {
		fx.Out = fx.Out[:n+1]
	} else {
		fx.Out = append(fx.Out, Out{})
	}
	o := &fx.Out[n]
	o.Pkt = inet.PacketID(by)
	o.Flow, o.Seg, o.TOS, o.TTL, o.Fragment = flow, *seg, s.tos, s.ttl, s.fragment
}

// refuse says that a segment was not taken, and why. Conn is "" when it belongs to no
// connection.
func refuse(conn inet.ConnID, pkt inet.PacketID, reason string, trimmed int, rule rfc.ID,
	fx *Effects) {
	event.Emit(fx.OnConn(conn), rule, event.SegmentRefused{Pkt: pkt, Reason: reason, Trimmed: trimmed})
}

// ready marks something a pending call may be waiting for.
func (fx *Effects) ready(r Readier) {
	if n := len(fx.Ready); n > 0 && fx.Ready[n-1] == r {
		return
	}
	fx.Ready = append(fx.Ready, r)
}

// showCase copies what events show of segments into memory shared by many, so that a
// segment costs few allocations. What was handed out is never written again.
type showCase struct {
	octets []byte
	opts   []event.SegOpts
	blocks [][2]seq.Num
}

// shownOctets is how much of a segment's data its events show.
const shownOctets = 64

// seg puts a segment into words.
func (s *showCase) seg(src, dst inet.Endpoint, seg *wire.TCP) event.Seg {
	e := event.Seg{
		Src: src, Dst: dst, Flags: flagNames(seg.Flags), Seq: seg.Seq, Ack: seg.Ack,
		Wnd: uint32(seg.Wnd), Len: len(seg.Data), End: seg.Seq.Add(seg.Len()),
	}
	if !seg.Flags.Has(wire.ACK) {
		e.Ack = 0
	}
	if seg.Flags.Has(wire.URG) {
		e.Urg = seg.Urg
	}
	if n := min(len(seg.Data), shownOctets); n > 0 {
		e.Data = s.copyOctets(seg.Data[:n])
	}
	e.Opts = s.options(&seg.Opts)
	return e
}

func (s *showCase) copyOctets(p []byte) []byte {
	if cap(s.octets)-len(s.octets) < len(p) {
		s.octets = make([]byte, 0, 8<<10)
	}
	from := len(s.octets)
	s.octets = append(s.octets, p...)
	return s.octets[from:len(s.octets):len(s.octets)]
}

func (s *showCase) options(o *wire.Options) *event.SegOpts {
	if o.MSS == 0 && !o.HasWScale && !o.SACKOK && o.NSACK == 0 && !o.HasTS && !o.FO &&
		len(o.Unknown) == 0 {
		return nil
	}
	if len(s.opts) == cap(s.opts) {
		s.opts = make([]event.SegOpts, 0, 64)
	}
	s.opts = append(s.opts, event.SegOpts{
		MSS: o.MSS, SACKOK: o.SACKOK, TS: o.HasTS, TSVal: o.TSVal, TSEcr: o.TSEcr,
		FO: o.FO, Unknown: o.Unknown,
	})
	e := &s.opts[len(s.opts)-1]
	if o.HasWScale {
		shift := o.WScale
		e.WScale = &shift
	}
	if len(o.Cookie) > 0 {
		e.Cookie = s.copyOctets(o.Cookie)
	}
	if o.NSACK > 0 {
		if cap(s.blocks)-len(s.blocks) < o.NSACK {
			s.blocks = make([][2]seq.Num, 0, 64)
		}
		from := len(s.blocks)
		s.blocks = append(s.blocks, o.SACK[:o.NSACK]...)
		e.SACK = s.blocks[from:len(s.blocks):len(s.blocks)]
	}
	return e
}

// Describe puts a segment that no connection sent or takes into words.
func (l *Layer) Describe(src, dst inet.Endpoint, seg *wire.TCP, tos uint8) event.Seg {
	shown := l.shown.seg(src, dst, seg)
	shown.ECN = ecnName(tos)
	return shown
}

// flagNames is Flags.String without an allocation for the flags seen every day.
func flagNames(f wire.Flags) string {
	switch f {
	case wire.ACK:
		return "A"
	case wire.PSH | wire.ACK:
		return "PA"
	case wire.SYN:
		return "S"
	case wire.SYN | wire.ACK:
		return "SA"
	case wire.FIN | wire.ACK:
		return "FA"
	}
	return f.String()
}
