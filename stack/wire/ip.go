package wire

import (
	"net/netip"

	"labserver/stack/inet"
)

// IP is a packet of either version, with what layers above and routers need of it.
type IP struct {
	Src, Dst netip.Addr
	Proto    inet.Protocol // of Payload: behind IPv6's extension headers
	TTL      uint8         // IPv6: the hop limit
	TOS      uint8         // DSCP and ECN; IPv6: the traffic class
	Flow     uint32        // IPv6: the flow label
	ID       uint32        // of the packet this is a fragment of
	DF, MF   bool          // IPv6 packets are never fragmented on their way: DF is set
	FragOff  int           // octets, a multiple of 8
	// Header is how long the headers are that every fragment repeats; NextAt is where the
	// number of what follows them stands.
	Header, NextAt int
	Options        []byte // IPv4
	Trouble        Trouble
	Payload        []byte
}

// V6 reports whether the packet is of IPv6.
func (p *IP) V6() bool { return p.Src.Is6() }

// Fragment reports whether the packet is a piece of a larger one. IPv6's "atomic
// fragments" (RFC 6946), which are the only piece, are whole packets.
func (p *IP) Fragment() bool { return p.MF || p.FragOff != 0 }

// ParseIP reads a packet of either version: see ParseIPv4 and ParseIPv6.
func ParseIP(b []byte) (IP, error) {
	var p IP
	err := p.Parse(b)
	return p, err
}

// Parse is ParseIP into a packet that stands already.
func (p *IP) Parse(b []byte) error {
	if len(b) > 0 && b[0]>>4 == 6 {
		q, err := ParseIPv6(b)
		*p = IP{Src: q.Src, Dst: q.Dst, Proto: q.Proto, TTL: q.HopLimit, TOS: q.Class, Flow: q.Flow,
			ID: q.ID, DF: true, MF: q.MF, FragOff: q.FragOff, Header: q.Unfragmentable,
			NextAt: q.NextAt, Trouble: q.Trouble, Payload: q.Payload}
		return err
	}
	return p.parse4(b)
}

// AppendHeader writes a header of the addresses' version for a payload of n octets that
// the caller appends next. An IPv6 header gets a fragment header if the packet is a
// fragment.
func (p *IP) AppendHeader(b []byte, n int) []byte {
	if p.V6() {
		h := IPv6{Src: p.Src, Dst: p.Dst, Proto: p.Proto, HopLimit: p.TTL, Class: p.TOS, Flow: p.Flow,
			Fragmented: p.Fragment(), ID: p.ID, MF: p.MF, FragOff: p.FragOff}
		return h.AppendHeader(b, n)
	}
	return p.append4(b, n)
}

// Append writes the whole packet to b.
func (p *IP) Append(b []byte) []byte {
	return append(p.AppendHeader(b, len(p.Payload)), p.Payload...)
}

// Room returns how many octets AppendHeader writes.
func (p *IP) Room() int {
	switch {
	case !p.V6():
		return IPv4HeaderLen + len(p.Options)
	case p.Fragment():
		return IPv6HeaderLen + FragmentHeaderLen
	}
	return IPv6HeaderLen
}

// Addresses reads only who sent an IP packet to whom; false if it begins with no header
// that could tell.
func Addresses(b []byte) (src, dst netip.Addr, ok bool) {
	switch {
	case len(b) >= IPv4HeaderLen && b[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])), true
	case len(b) >= IPv6HeaderLen && b[0]>>4 == 6:
		return netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40])), true
	}
	return src, dst, false
}

// DecrementHops takes one from the TTL or hop limit of a packet in place.
func DecrementHops(packet []byte) {
	if packet[0]>>4 == 6 {
		DecrementHopLimit(packet)
		return
	}
	DecrementTTL(packet)
}

// Unfragment mends the headers of a packet that was put together of fragments: what follows
// them is proto, whose number stands at nextAt, and all of it is here. It must not be longer
// than the length field can say.
func Unfragment(packet []byte, nextAt int, proto inet.Protocol) {
	if packet[0]>>4 == 6 {
		packet[nextAt] = byte(proto)
		put16(packet[4:], uint16(len(packet)-IPv6HeaderLen))
		return
	}
	header := packet[:int(packet[0]&15)*4]
	put16(header[2:], uint16(len(packet)))
	put16(header[6:], 0)
	put16(header[10:], 0)
	put16(header[10:], Checksum(header))
}

// SetECN writes the ECN field of a packet in place (RFC 3168 §5), and mends the header
// checksum of IPv4.
func SetECN(packet []byte, ecn uint8) {
	if packet[0]>>4 == 6 {
		packet[1] = packet[1]&^0x30 | ecn<<4
		return
	}
	old := be16(packet)
	packet[1] = packet[1]&^3 | ecn
	put16(packet[10:], UpdateChecksum(be16(packet[10:]), old, be16(packet)))
}
