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
	if len(b) < IPv4HeaderLen {
		return IPv4{}, Truncated
	}
	if b[0]>>4 != 4 {
		return IPv4{}, BadVersion
	}
	header, total := int(b[0]&15)*4, int(be16(b[2:]))
	if header < IPv4HeaderLen || total < header {
		return IPv4{}, BadLength
	}
	frag := be16(b[6:])
	p := IPv4{
		Src:     netip.AddrFrom4([4]byte(b[12:16])),
		Dst:     netip.AddrFrom4([4]byte(b[16:20])),
		Proto:   inet.Protocol(b[9]),
		TTL:     b[8],
		TOS:     b[1],
		ID:      be16(b[4:]),
		DF:      frag&ipv4DF != 0,
		MF:      frag&ipv4MF != 0,
		FragOff: int(frag&ipv4OffMask) * 8,
	}
	if len(b) < header {
		return p, Truncated
	}
	if header > IPv4HeaderLen {
		p.Options = b[IPv4HeaderLen:header]
	}
	p.Payload = b[header:min(total, len(b))]
	if Checksum(b[:header]) != 0 {
		return p, BadChecksum
	}
	if len(b) < total {
		return p, Truncated
	}
	return p, nil
}

// AppendHeader writes a header for a payload of n octets that the caller appends next,
// so that a segment can be written straight into its packet.
func (p *IPv4) AppendHeader(b []byte, n int) []byte {
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
	b = append(b, 4<<4|byte(header/4), p.TOS)
	b = append16(b, uint16(total))
	b = append16(b, p.ID)
	b = append16(b, frag)
	b = append(b, p.TTL, byte(p.Proto), 0, 0)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	b = append(b, p.Options...)
	put16(b[start+10:], Checksum(b[start:]))
	return b
}

// Append writes the whole packet to b.
func (p *IPv4) Append(b []byte) []byte {
	return append(p.AppendHeader(b, len(p.Payload)), p.Payload...)
}
