package stack

import (
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/seq"
	"labserver/stack/sock"
	"labserver/stack/tcp"
	"labserver/stack/wire"
)

// What segment.inject makes of its words: a TCP segment that nobody has to have sent.

// maxForged is the most that it carries: with headers it must be an IP packet.
const maxForged = 65_000

func (a SegmentInject) checkRanges() error {
	if err := first(oneOf("end", a.End, "", "peer", "self"), checkLetters("flags", a.Flags),
		ranged("sport", a.SPort, 65535), ranged("dport", a.DPort, 65535),
		ranged("seq", a.Seq, 1<<32-1), ranged("ack", a.Ack, 1<<32-1),
		inRange("seq_by", a.SeqBy, -1<<31, 1<<31-1), ranged("wnd", a.Wnd, 65535),
		inRange("urg", a.Urg, 0, 65535), inRange("mss", a.MSS, 0, 65535),
		ranged("wscale", a.WScale, 255), ranged("ts_val", a.TSVal, 1<<32-1),
		inRange("ts_ecr", a.TSEcr, 0, 1<<32-1), inRange("ttl", a.TTL, 0, 255),
		oneOf("checksum", a.Checksum, "", "bad")); err != nil {
		return err
	}
	if a.Text == nil && a.Base64 == nil && a.Octets == nil {
		return nil
	}
	if err := a.Payload.check(); err != nil {
		return err
	}
	return first(inRange("octets", a.Payload.payload().Len(), 0, maxForged))
}

// checkForge refuses what lacks an address, a port or a way out.
func (w *World) checkForge(a SegmentInject) error {
	if a.Conn != "" && w.conn(a.Conn) == nil {
		return &ArgError{Code: CodeUnknownConn, Field: "conn", Got: shorten(string(a.Conn))}
	}
	a = w.filled(a)
	switch {
	case !a.Src.IsValid():
		return &ArgError{Code: CodeMissing, Field: "src"}
	case !a.Dst.IsValid():
		return &ArgError{Code: CodeMissing, Field: "dst"}
	case a.SPort == nil:
		return &ArgError{Code: CodeMissing, Field: "sport"}
	case a.DPort == nil:
		return &ArgError{Code: CodeMissing, Field: "dport"}
	case a.Src.Is4() != a.Dst.Is4() || a.Src.Is4In6() || a.Dst.Is4In6() || a.Src.Zone() != "" ||
		a.Dst.Zone() != "":
		return &ArgError{Code: CodeBadType, Field: "src", Got: a.Src.String(),
			Limit: "an address of dst's version"}
	}
	return w.checkInject(w.crafted(a))
}

// filled returns the command with what its connection, if it names one, knows: addresses
// and ports, the sequence number that would be taken next, and an acknowledgment of what is
// acknowledged already.
func (w *World) filled(a SegmentInject) SegmentInject {
	if a.Conn == "" {
		return a
	}
	row := w.conn(a.Conn).View()
	src, dst, next, ack := row.Remote, row.Local, row.Rcv.NXT, row.Snd.UNA
	if a.End == "self" {
		src, dst, next, ack = row.Local, row.Remote, row.Snd.NXT, row.Rcv.NXT
	}
	fill := func(field **int64, v int64) {
		if *field == nil {
			*field = &v
		}
	}
	if !a.Src.IsValid() {
		a.Src = src.Addr
	}
	if !a.Dst.IsValid() {
		a.Dst = dst.Addr
	}
	fill(&a.SPort, int64(src.Port))
	fill(&a.DPort, int64(dst.Port))
	fill(&a.Seq, int64(next))
	fill(&a.Ack, int64(ack))
	return a
}

// crafted writes the packet.
func (w *World) crafted(a SegmentInject) PacketInject {
	number := func(v *int64, otherwise int64) int64 {
		if v == nil {
			return otherwise
		}
		return *v
	}
	s := wire.TCP{SrcPort: uint16(*a.SPort), DstPort: uint16(*a.DPort), Flags: flagsOf(a.Flags),
		Seq: seq.Num(number(a.Seq, 0)).Add(seq.Size(uint32(int32(a.SeqBy)))),
		Wnd: uint16(number(a.Wnd, 65535)), Urg: uint16(a.Urg), Data: a.octets()}
	if s.Flags.Has(wire.ACK) {
		s.Ack = seq.Num(number(a.Ack, 0))
	}
	s.Opts.MSS, s.Opts.SACKOK = uint16(a.MSS), a.SACKOK
	if a.WScale != nil {
		s.Opts.HasWScale, s.Opts.WScale = true, uint8(*a.WScale)
	}
	if a.TSVal != nil {
		s.Opts.HasTS, s.Opts.TSVal, s.Opts.TSEcr = true, uint32(*a.TSVal), uint32(a.TSEcr)
	}
	ttl := uint8(ip.DefaultTTL)
	if a.TTL != 0 {
		ttl = uint8(a.TTL)
	}
	h := wire.IP{Src: a.Src, Dst: a.Dst, Proto: inet.TCP, TTL: ttl, DF: true}
	at := h.Room()
	b := s.Append(h.AppendHeader(nil, s.HeaderLen()+len(s.Data)), a.Src, a.Dst)
	if a.Checksum == "bad" {
		b[at+16] ^= 0xff
	}
	return PacketInject{Host: a.Host, Base64: b}
}

// octets returns what the segment carries.
func (a SegmentInject) octets() []byte {
	p := a.Payload.payload()
	for i := range p.Pattern {
		p.Data = append(p.Data, sock.PatternAt(i))
	}
	return p.Data
}

func (w *World) forge(a SegmentInject, by uint64) { w.inject(w.crafted(w.filled(a)), by) }

// conn returns the connection with an id; nil if there is none.
func (w *World) conn(id inet.ConnID) *tcp.Conn {
	for _, h := range w.hosts {
		for _, c := range h.TCP.Conns() {
			if c.ID() == id {
				return c
			}
		}
	}
	return nil
}
