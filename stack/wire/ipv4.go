package wire

import (
	"net/netip"

	"labserver/stack/inet"
)

// Lengths and limits of IPv4 (RFC 791 §3.1).
const (
	IPv4HeaderLen = 20    // without options
	IPv4MaxLen    = 65535 // the total length field has 16 bits
)

// The flags beside the fragment offset, in its 16-bit word.
const (
	ipv4DF      = 1 << 14
	ipv4MF      = 1 << 13
	ipv4OffMask = 1<<13 - 1
)

// IPv4 is an IPv4 packet (RFC 791 §3.1). Options are its options as they stand, padding
// included: a multiple of 4 octets, 40 at the most.
type IPv4 struct {
	Src, Dst netip.Addr
	Proto    inet.Protocol
	TTL      uint8
	TOS      uint8 // DSCP and ECN (RFC 2474 §3, RFC 3168 §5)
	ID       uint16
	DF, MF   bool
	FragOff  int // octets, a multiple of 8
	Options  []byte
	Payload  []byte
}

// Fragment reports whether the packet is a piece of a larger one.
func (p *IPv4) Fragment() bool { return p.MF || p.FragOff != 0 }

// ParseIPv4 reads a packet; octets after its total length are padding and left out.
// With Truncated after a whole header the fields are set and Payload is what there is,
// which is how ICMP quotes packets.
func ParseIPv4(b []byte) (IPv4, error) {
	var p IP
	err := p.parse4(b)
	return IPv4{Src: p.Src, Dst: p.Dst, Proto: p.Proto, TTL: p.TTL, TOS: p.TOS, ID: uint16(p.ID),
		DF: p.DF, MF: p.MF, FragOff: p.FragOff, Options: p.Options, Payload: p.Payload}, err
}

// parse4 is ParseIPv4 into a packet that stands already.
func (p *IP) parse4(b []byte) error {
	*p = IP{}
	if len(b) < IPv4HeaderLen {
		return Truncated
	}
	if b[0]>>4 != 4 {
		return BadVersion
	}
	header, total := int(b[0]&15)*4, int(be16(b[2:]))
	if header < IPv4HeaderLen || total < header {
		return BadLength
	}
	frag := be16(b[6:])
	p.Src, p.Dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.Proto, p.TTL, p.TOS, p.ID = inet.Protocol(b[9]), b[8], b[1], uint32(be16(b[4:]))
	p.DF, p.MF, p.FragOff = frag&ipv4DF != 0, frag&ipv4MF != 0, int(frag&ipv4OffMask)*8
	p.Header, p.NextAt = header, 9
	if len(b) < header {
		p.Header = IPv4HeaderLen
		return Truncated
	}
	if header > IPv4HeaderLen {
		p.Options = b[IPv4HeaderLen:header]
	}
	p.Payload = b[header:min(total, len(b))]
	if ^fold(headerSum(b[:header])) != 0 {
		return BadChecksum
	}
	if len(b) < total {
		return Truncated
	}
	return nil
}

// headerSum adds up a header: a few words of 32 bits.
func headerSum(b []byte) uint64 {
	var acc uint64
	for ; len(b) >= 4; b = b[4:] {
		acc += uint64(be32(b))
	}
	return acc
}

// AppendHeader writes a header for a payload of n octets that the caller appends next,
// so that a segment can be written straight into its packet.
func (p *IPv4) AppendHeader(b []byte, n int) []byte {
	h := IP{Src: p.Src, Dst: p.Dst, Proto: p.Proto, TTL: p.TTL, TOS: p.TOS, ID: uint32(p.ID),
		DF: p.DF, MF: p.MF, FragOff: p.FragOff, Options: p.Options}
	return h.append4(b, n)
}

// append4 is AppendHeader of IPv4.
func (p *IP) append4(b []byte, n int) []byte {
	header := IPv4HeaderLen + len(p.Options)
	total := header + n
	if total > IPv4MaxLen || p.FragOff%8 != 0 || p.FragOff > ipv4OffMask*8 || header%4 != 0 ||
		header > 60 {
		panic("BUG: an IPv4 packet of impossible size or offset")
	}
	frag := uint16(p.FragOff / 8)
	if p.DF {
		frag |= ipv4DF
	}
	if p.MF {
		frag |= ipv4MF
	}
	src, dst := p.Src.As4(), p.Dst.As4()
	start := len(b)
	b = append(b, make([]byte, IPv4HeaderLen)...)
	h := b[start : start+IPv4HeaderLen]
	h[0], h[1] = 4<<4|byte(header/4), p.TOS
	put16(h[2:], uint16(total))
	put16(h[4:], uint16(p.ID))
	put16(h[6:], frag)
	h[8], h[9] = p.TTL, byte(p.Proto)
	copy(h[12:], src[:])
	copy(h[16:], dst[:])
	b = append(b, p.Options...)
	put16(b[start+10:], ^fold(headerSum(b[start:])))
	return b
}

// Append writes the whole packet to b.
func (p *IPv4) Append(b []byte) []byte {
	return append(p.AppendHeader(b, len(p.Payload)), p.Payload...)
}
