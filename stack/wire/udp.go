package wire

import (
	"net/netip"

	"labserver/stack/inet"
)

// UDPHeaderLen is the length of a UDP header.
const UDPHeaderLen = 8

// UDP is a datagram (RFC 768).
type UDP struct {
	SrcPort, DstPort uint16
	// NoChecksum tells that the sender made none, which is allowed over IPv4.
	NoChecksum bool
	Data       []byte
}

// ParseUDP reads a datagram that came from src to dst; octets after its length field
// are left out. RFC 768: "an all zero transmitted checksum value means that the
// transmitter generated no checksum", and then none is checked.
func ParseUDP(src, dst netip.Addr, b []byte) (UDP, error) {
	if len(b) < UDPHeaderLen {
		return UDP{}, Truncated
	}
	u := UDP{SrcPort: be16(b), DstPort: be16(b[2:]), NoChecksum: be16(b[6:]) == 0}
	length := int(be16(b[4:]))
	if length < UDPHeaderLen {
		return u, BadLength
	}
	if length > len(b) {
		u.Data = b[UDPHeaderLen:]
		return u, Truncated
	}
	u.Data = b[UDPHeaderLen:length]
	if !u.NoChecksum && fold(sum(pseudo(src, dst, inet.UDP, length), b[:length])) != 0xffff {
		return u, BadChecksum
	}
	return u, nil
}

// Append writes the datagram from src to dst to b. RFC 768: "if the computed checksum
// is zero, it is transmitted as all ones".
func (u *UDP) Append(b []byte, src, dst netip.Addr) []byte {
	length := UDPHeaderLen + len(u.Data)
	if length > 0xffff {
		panic("BUG: a UDP datagram of impossible size")
	}
	start := len(b)
	b = append16(b, u.SrcPort)
	b = append16(b, u.DstPort)
	b = append16(b, uint16(length))
	b = append16(b, 0)
	b = append(b, u.Data...)
	if !u.NoChecksum {
		ck := ^fold(sum(pseudo(src, dst, inet.UDP, length), b[start:]))
		if ck == 0 {
			ck = 0xffff
		}
		put16(b[start+6:], ck)
	}
	return b
}
