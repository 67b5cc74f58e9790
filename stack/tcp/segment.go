package tcp

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// RFC 9293 §3.10.7, SEGMENT ARRIVES.

// arrival is a segment on its way through the checks. Seq, data and fin are trimmed to
// what is new and inside the window; seg stays as it came.
type arrival struct {
	seg  *wire.TCP
	pkt  inet.PacketID
	seq  seq.Num
	data []byte
	fin  bool
}

// Segment takes a parsed segment with a correct checksum that arrived for this host. It
// emits segment.received, caused by fx.By, and then what follows from it. On return
// fx.By is the number of that event. The segment's data is copied where it is kept.
func (l *Layer) Segment(src, dst netip.Addr, pkt inet.PacketID, seg *wire.TCP, fx *Effects) {
	flow := inet.Flow{
		Local:  inet.Endpoint{Addr: dst, Port: seg.DstPort},
		Remote: inet.Endpoint{Addr: src, Port: seg.SrcPort},
	}
	c := l.Lookup(flow)
	l.recent = c
	var id inet.ConnID
	if c != nil {
		id = c.id
	}
	if fx.Quiet() {
		fx.By = fx.Count()
	} else {
		got := event.SegmentReceived{Pkt: pkt, Seg: l.shown.seg(flow.Remote, flow.Local, seg)}
		got.Seg.ECN = ecnName(fx.TOS)
		fx.By = event.Emit(fx.OnConn(id), rfc.TCPArrives, got)
	}

	a := arrival{seg: seg, pkt: pkt, seq: seg.Seq, data: seg.Data, fin: seg.Flags.Has(wire.FIN)}
	switch {
	case !unicast(dst):
		// MUST-57: "silently discard an incoming SYN segment that is addressed to a
		// broadcast or multicast address"; RFC 9293 §3.9.2.3 applies it to all segments.
		refuse("", pkt, "not-to-one-host", 0, rfc.TCPToMany, fx)
	case !unicast(src):
		refuse("", pkt, "bad-source", 0, rfc.TCPBadSource, fx)
	case l.k.DropSynFin != 0 && seg.Flags.Has(wire.SYN|wire.FIN):
		refuse(id, pkt, "syn-with-fin", 0, rfc.TCPDropSynFin, fx)
	case c != nil:
		c.heardAt = fx.Now
		c.segment(&a, fx)
	default:
		l.unconnected(flow, &a, nil, fx)
	}
}

// BadChecksum tells that a segment was damaged on its way (MUST-3).
func (l *Layer) BadChecksum(pkt inet.PacketID, fx *Effects) {
	refuse("", pkt, "bad-checksum", 0, rfc.TCPChecksum, fx)
}

// segment processes a segment by the state of its connection.
func (c *Conn) segment(a *arrival, fx *Effects) {
	switch {
	case c.state == inet.SynSent:
		c.synSent(a, fx)
	case c.state == inet.TimeWait && c.reincarnated(a, fx):
		return
	default:
		c.otherStates(a, fx)
	}
	c.check()
}

// unconnected processes a segment for which there is no connection: the listener's, or
// nobody's.
func (l *Layer) unconnected(flow inet.Flow, a *arrival, past *pastLife, fx *Effects) {
	if li := l.listenerFor(flow); li != nil {
		li.segment(flow, a, past, fx)
		return
	}
	l.closed(flow, a, fx)
}

// closed is §3.10.7.1, CLOSED STATE: "An incoming segment containing a RST is discarded.
// An incoming segment not containing a RST causes a RST to be sent in response."
func (l *Layer) closed(flow inet.Flow, a *arrival, fx *Effects) {
	if a.seg.Flags.Has(wire.RST) {
		refuse("", a.pkt, "no-connection", 0, rfc.TCPNoConnRST, fx)
		return
	}
	if l.k.Blackhole > 1 || l.k.Blackhole == 1 && a.seg.Flags.Has(wire.SYN) {
		refuse("", a.pkt, "no-connection", 0, rfc.TCPBlackhole, fx)
		return
	}
	refuse("", a.pkt, "no-connection", 0, rfc.TCPNoConn, fx)
	l.replyRST(flow, "", a.seg, rfc.TCPNoConn, fx)
}

// replyRST answers a segment with a reset that its sender will believe: <SEQ=SEG.ACK>
// <CTL=RST> when it has an ACK, else <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>.
func (l *Layer) replyRST(flow inet.Flow, conn inet.ConnID, seg *wire.TCP, rule rfc.ID,
	fx *Effects) {
	out := wire.TCP{SrcPort: flow.Local.Port, DstPort: flow.Remote.Port, Flags: wire.RST}
	if seg.Flags.Has(wire.ACK) {
		out.Seq = seg.Ack
	} else {
		out.Flags |= wire.ACK
		out.Ack = seg.Seq.Add(seg.Len())
	}
	l.emit(flow, conn, &out, false, rule, fx)
}
