package infer

import (
	"strconv"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// depart tells of a packet that leaves its host, with what that says of its connection.
func (b *builder) depart(p *packet) {
	s := b.at(b.host(p.h.Src))
	switch {
	case p.whole != nil:
		if p.whole.id == 0 { // a later fragment left first: the packet leaves with it
			b.send(p.whole)
		}
		p.id = inet.PacketID(event.Emit(s.Because(uint64(p.whole.id)), rfc.InferredPieces,
			event.PacketFragmented{Pkt: p.whole.id, Offset: p.offset, Octets: inet.ByteCount(p.total)}))
		b.sent[p.id] = p
	case p.id == 0:
		b.send(p)
	}
	b.leave(p, s)
}

// leave puts a packet on its link; one that its host sends to itself goes on none.
func (b *builder) leave(p *packet, s event.Scope) {
	p.left = uint64(p.id)
	if l := b.link(p); l != "" {
		p.left = event.Emit(s.Because(uint64(p.id)), instant(p.early),
			event.PacketDeparted{Pkt: p.id, Link: l, From: s.Host, To: b.host(p.h.Dst),
				Arrive: b.arrival(p), Octets: inet.ByteCount(p.total)})
	}
}

// arrival is when a packet is to be at the other end.
func (b *builder) arrival(p *packet) sim.Time {
	return sim.Time(min(int64(b.now)+p.t1-p.t0, int64(sim.MaxTime)))
}

// send tells that a segment, a datagram or a message was given to IP.
func (b *builder) send(p *packet) {
	s := b.at(b.host(p.h.Src))
	switch p.kind {
	case tcp:
		b.tcp.send(b, p, s)
	case udp:
		p.id = inet.PacketID(event.Emit(s, instant(p.early), event.DatagramSent{Dgram: p.datagram()}))
	case icmp, icmp6:
		p.id = inet.PacketID(event.Emit(s, instant(p.early), event.ICMPSent{ICMP: p.message()}))
	default:
		p.id = inet.PacketID(event.Emit(s, instant(p.early), event.PacketInjected{
			Proto: strconv.Itoa(int(p.h.Proto)), Src: p.h.Src.String(), Dst: p.h.Dst.String(),
			Octets: inet.ByteCount(p.total)}))
	}
	b.sent[p.id] = p
}

// double tells of a copy that was made on the way.
func (b *builder) double(p *packet) {
	p.id = inet.PacketID(event.Emit(b.at(b.host(p.h.Src)).Because(p.of.left), rfc.Observed,
		event.PacketDuplicated{Pkt: p.of.id}))
	p.left = uint64(p.id)
	b.sent[p.id] = p
}

// observe tells when and where the file has the packet.
func (b *builder) observe(p *packet, i int) {
	at := p.sights[i]
	event.Emit(b.at("").Because(p.left), rfc.Observed, event.PacketObserved{Pkt: p.id,
		Frame: at.frame, Interface: b.c.opened.Interfaces[at.iface],
		Octets: inet.ByteCount(at.octets), Captured: inet.ByteCount(at.captured)})
}

// arrive tells that a packet is at its destination, and what that says of its connection.
func (b *builder) arrive(p *packet) {
	s := b.at(b.host(p.h.Dst)).Because(p.left)
	if l := b.link(p); l != "" {
		rule := rfc.InferredPassed
		if p.seen {
			rule = rfc.Observed
		}
		s = s.Because(event.Emit(s, rule, event.PacketArrived{Pkt: p.id, Link: l}))
	}
	first := p
	if p.whole != nil {
		first = p.whole
	}
	if len(first.pieces) > 0 && !b.put(p, first, s) {
		return
	}
	b.receive(first, s)
}

// put tells what becomes of a fragment; true if it completes its packet.
func (b *builder) put(p, first *packet, s event.Scope) bool {
	n := event.Emit(s, rfc.InferredPieces, event.PacketHeld{Pkt: p.id, Offset: p.offset,
		Octets: inet.ByteCount(p.part)})
	if first.absent--; first.absent > 0 {
		return false
	}
	for _, q := range first.pieces {
		event.Emit(s.Because(n), rfc.InferredPieces, event.PacketMerged{Pkt: q.id, Into: first.id})
	}
	return true
}

// receive tells that the layer above IP has what a packet carried.
func (b *builder) receive(p *packet, s event.Scope) {
	switch p.kind {
	case tcp:
		b.tcp.receive(b, p, s)
	case udp:
		event.Emit(s, instant(p.late), event.DatagramReceived{Pkt: p.id, Dgram: p.datagram()})
	case icmp, icmp6:
		event.Emit(s, instant(p.late), event.ICMPReceived{Pkt: p.id, ICMP: p.message()})
	default:
		event.Emit(s, instant(p.late), event.PacketTaken{Pkt: p.id, Reason: p.flaw})
	}
}

// shownOctets is how much of a packet's data its events show, as in a run of ours.
const shownOctets = 64

func shown(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return data[:min(len(data), shownOctets)]
}

func (p *packet) datagram() event.Dgram {
	return event.Dgram{Src: inet.Endpoint{Addr: p.h.Src, Port: p.udp.SrcPort},
		Dst: inet.Endpoint{Addr: p.h.Dst, Port: p.udp.DstPort}, Len: p.size, Data: shown(p.udp.Data)}
}

func (p *packet) message() event.ICMPMsg {
	// What is wrong with it (a checksum, a cut) is shown by the octets.
	if p.kind == icmp6 {
		m, _ := wire.ParseICMPv6(p.h.Src, p.h.Dst, p.h.Payload)
		return ip.Describe6(p.h.Src, p.h.Dst, m)
	}
	m, _ := wire.ParseICMP(p.h.Payload)
	return ip.Describe(p.h.Src, p.h.Dst, m)
}

// segment is a segment in the words of events.
func (p *packet) segment() event.Seg {
	f := p.flow()
	s := &p.tcp
	e := event.Seg{Src: f.Local, Dst: f.Remote, Flags: s.Flags.String(), Seq: s.Seq,
		Wnd: uint32(s.Wnd), Len: p.size, End: p.until(), Opts: options(&s.Opts), Retransmission: p.again,
		ECN: ecnName(p.h.TOS), Data: shown(s.Data)}
	if s.Flags.Has(wire.ACK) {
		e.Ack = s.Ack
	}
	if s.Flags.Has(wire.URG) {
		e.Urg = s.Urg
	}
	return e
}

// ecnName is the ECN field of a TOS octet as events show it (RFC 3168 §5).
func ecnName(tos uint8) string {
	switch tos & 3 {
	case 1:
		return "ect1"
	case 2:
		return "ect0"
	case 3:
		return "ce"
	}
	return ""
}

func options(o *wire.Options) *event.SegOpts {
	e := event.SegOpts{MSS: o.MSS, SACKOK: o.SACKOK, TS: o.HasTS, TSVal: o.TSVal, TSEcr: o.TSEcr,
		FO: o.FO, Unknown: o.Unknown}
	if o.HasWScale {
		shift := o.WScale
		e.WScale = &shift
	}
	if len(o.Cookie) > 0 {
		e.Cookie = o.Cookie
	}
	if b := o.Blocks(); len(b) > 0 {
		e.SACK = b
	}
	if e.MSS == 0 && e.WScale == nil && !e.SACKOK && e.SACK == nil && !e.TS && !e.FO &&
		len(e.Unknown) == 0 {
		return nil
	}
	return &e
}

// wallTime renders an instant, ns since 1970, as RFC 3339 has it, in UTC.
func wallTime(ns int64) string {
	const day = 86_400
	sec, frac := ns/1_000_000_000, ns%1_000_000_000
	if frac < 0 {
		sec, frac = sec-1, frac+1_000_000_000
	}
	days, rest := sec/day, sec%day
	if rest < 0 {
		days, rest = days-1, rest+day
	}
	year, month, date := civil(days)
	return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(date, 2) + "T" +
		digits(rest/3600, 2) + ":" + digits(rest/60%60, 2) + ":" + digits(rest%60, 2) + "." +
		digits(frac, 9) + "Z"
}

// civil turns days since 1970 into a date of the Gregorian calendar. Years are counted
// from March, so that the leap day is the last of its year, in eras of 400 years.
func civil(days int64) (year, month, date int64) {
	days += 719_468 // 0000-03-01
	era := days / 146_097
	if days < 0 {
		era = (days - 146_096) / 146_097
	}
	of := days - era*146_097
	y := (of - of/1460 + of/36_524 - of/146_096) / 365
	rest := of - (365*y + y/4 - y/100)
	m := (5*rest + 2) / 153
	date, month, year = rest-(153*m+2)/5+1, m+3, y+era*400
	if month > 12 {
		month, year = month-12, year+1
	}
	return year, month, date
}

func digits(v int64, n int) string {
	s := strconv.FormatInt(max(v, 0), 10)
	for len(s) < n {
		s = "0" + s
	}
	return s
}
