package wire

import (
	"net/netip"

	"labserver/stack/inet"
	"labserver/stack/seq"
)

// Lengths of a TCP header (RFC 9293 §3.1): Data Offset counts 32-bit words, in 4 bits.
const (
	TCPHeaderLen    = 20
	TCPMaxHeaderLen = 60
)

// ParseTCP reads the segment b that came from src to dst. Data aliases b. The reserved
// bits "must be zero in generated segments and must be ignored in received segments if
// the corresponding future features are not implemented" (RFC 9293 §3.1).
//
// The checksum is judged before the options, so that a damaged segment is called
// damaged (RFC 9293 §3.1, MUST-3).
func ParseTCP(src, dst netip.Addr, b []byte) (TCP, error) {
	var s TCP
	err := s.Parse(src, dst, b)
	return s, err
}

// Parse is ParseTCP into a segment that stands already.
func (s *TCP) Parse(src, dst netip.Addr, b []byte) error {
	if len(b) < TCPHeaderLen {
		*s = TCP{}
		return Truncated
	}
	*s = TCP{
		SrcPort: be16(b),
		DstPort: be16(b[2:]),
		Seq:     seq.Num(be32(b[4:])),
		Ack:     seq.Num(be32(b[8:])),
		Flags:   Flags(b[13]),
		Wnd:     be16(b[14:]),
		Urg:     be16(b[18:]),
	}
	header := int(b[12]>>4) * 4
	offsetFits := header >= TCPHeaderLen && header <= len(b)
	if offsetFits {
		s.Data = b[header:]
	}
	if fold(sum(pseudo(src, dst, inet.TCP, len(b)), b)) != 0xffff {
		return BadChecksum
	}
	if !offsetFits {
		return BadDataOffset
	}
	return s.Opts.parse(b[TCPHeaderLen:header])
}

// HeaderLen returns the length of the header that Append writes.
func (s *TCP) HeaderLen() int { return TCPHeaderLen + s.Opts.Len() }

// Append writes the segment from src to dst to b, with its checksum (RFC 9293 §3.1,
// MUST-2).
func (s *TCP) Append(b []byte, src, dst netip.Addr) []byte {
	start := len(b)
	b = append(b, make([]byte, TCPHeaderLen)...)
	h := b[start : start+TCPHeaderLen]
	put16(h, s.SrcPort)
	put16(h[2:], s.DstPort)
	put32(h[4:], uint32(s.Seq))
	put32(h[8:], uint32(s.Ack))
	h[12], h[13] = byte(s.HeaderLen()/4)<<4, byte(s.Flags)
	put16(h[14:], s.Wnd) // the checksum follows, below
	put16(h[18:], s.Urg)
	b = s.Opts.append(b)
	b = append(b, s.Data...)
	segment := b[start:]
	put16(segment[16:], ^fold(sum(pseudo(src, dst, inet.TCP, len(segment)), segment)))
	return b
}
