package wire

import (
	"net/netip"

	"labserver/stack/inet"
)

// Lengths of IPv6 (RFC 8200).
const (
	IPv6HeaderLen     = 40    // §3, without extension headers
	IPv6MaxPayload    = 65535 // the payload length field has 16 bits
	FragmentHeaderLen = 8     // §4.5
)

// The extension headers this package knows (RFC 8200 §4), and what says that nothing
// follows.
const (
	HopByHop    inet.Protocol = 0
	Routing     inet.Protocol = 43
	Fragment    inet.Protocol = 44
	NoNext      inet.Protocol = 59 // RFC 8200 §4.7
	DestOptions inet.Protocol = 60
)

// IPv6 is an IPv6 packet (RFC 8200 §3). Extension headers are walked over when parsed;
// none but the fragment header is ever written.
type IPv6 struct {
	Src, Dst   netip.Addr
	Proto      inet.Protocol // of Payload: behind the extension headers
	HopLimit   uint8
	Class      uint8  // DSCP and ECN (RFC 2474 §3, RFC 3168 §5)
	Flow       uint32 // the flow label, 20 bits (RFC 6437)
	Fragmented bool   // there is a fragment header, with the next three
	ID         uint32
	MF         bool
	FragOff    int // octets, a multiple of 8
	// Unfragmentable is how long the headers before the fragment header are, which every
	// fragment repeats; NextAt is where, within them, the number of what follows stands.
	Unfragmentable, NextAt int
	Payload                []byte
	Trouble                Trouble // with the extension headers
}

// Trouble is what the destination of a packet finds wrong with its extension headers, for
// an ICMPv6 parameter problem (RFC 4443 §3.4). The zero value is no trouble.
type Trouble struct {
	Found   bool
	Silent  bool  // drop it without a word (RFC 8200 §4.2)
	Unicast bool  // tell it only if the packet was for one host (RFC 8200 §4.2)
	Code    uint8 // ICMPv6BadHeader, ICMPv6UnknownNext or ICMPv6UnknownOption
	Pointer int   // of the octet at fault within the packet
}

// ParseIPv6 reads a packet; octets after its payload length are padding and left out.
// With Truncated after a whole fixed header the fields are set as far as they are there,
// which is how ICMPv6 quotes packets. A packet of another source than its addresses say
// cannot be told: there is no header checksum.
func ParseIPv6(b []byte) (IPv6, error) {
	if len(b) < IPv6HeaderLen {
		return IPv6{}, Truncated
	}
	if b[0]>>4 != 6 {
		return IPv6{}, BadVersion
	}
	word := be32(b)
	p := IPv6{
		Src:      netip.AddrFrom16([16]byte(b[8:24])),
		Dst:      netip.AddrFrom16([16]byte(b[24:40])),
		Class:    uint8(word >> 20),
		Flow:     word & (1<<20 - 1),
		HopLimit: b[7],
	}
	total := IPv6HeaderLen + int(be16(b[4:]))
	whole := len(b) >= total
	err := p.walk(b[:min(total, len(b))])
	if !whole {
		return p, Truncated
	}
	return p, err
}

// walk goes from header to header up to what is none of RFC 8200 §4's: each holds the
// number of the next, and its own length.
func (p *IPv6) walk(b []byte) error {
	next, nextAt, at := inet.Protocol(b[6]), 6, IPv6HeaderLen
	p.Unfragmentable, p.NextAt = at, nextAt // of a packet without a fragment header
	for {                                   // ends: at grows by 8 or more each round
		p.Proto, p.Payload = next, b[at:]
		if !isExtension(next) {
			return nil
		}
		if next == HopByHop && at != IPv6HeaderLen {
			// RFC 8200 §4.1: it "is restricted to appear immediately after an IPv6 header
			// only"; anywhere else it counts as unrecognized.
			p.trouble(Trouble{Code: ICMPv6UnknownNext, Pointer: nextAt})
			return nil
		}
		n := FragmentHeaderLen
		if len(b) >= at+2 && next != Fragment {
			n = 8 + 8*int(b[at+1])
		}
		if len(b) < at+n {
			return BadExtension
		}
		if next == Fragment {
			p.Unfragmentable, p.NextAt = at, nextAt
			off := be16(b[at+2:])
			p.Fragmented, p.MF, p.ID = true, off&1 != 0, be32(b[at+4:])
			p.FragOff = int(off &^ 7)
			p.Proto, p.Payload = inet.Protocol(b[at]), b[at+n:]
			if p.FragOff != 0 || p.MF {
				return nil // what follows is a piece of something
			}
		} else {
			p.extension(next, b, at, n)
		}
		next, nextAt, at = inet.Protocol(b[at]), at, at+n
	}
}

func isExtension(p inet.Protocol) bool {
	switch p {
	case HopByHop, Routing, Fragment, DestOptions:
		return true
	}
	return false
}

// trouble remembers the first thing that is wrong.
func (p *IPv6) trouble(t Trouble) {
	if !p.Trouble.Found {
		t.Found = true
		p.Trouble = t
	}
}

// extension looks into an extension header of n octets at an offset.
func (p *IPv6) extension(kind inet.Protocol, b []byte, at, n int) {
	if kind == Routing {
		// RFC 8200 §4.4: with no segments left it is ignored; else an unrecognized type
		// draws a parameter problem that points to it. All are unrecognized here: type 0 is
		// deprecated (RFC 5095 §3) and the others need what no host here does.
		if b[at+3] != 0 {
			p.trouble(Trouble{Code: ICMPv6BadHeader, Pointer: at + 2})
		}
		return
	}
	for i := at + 2; i < at+n; {
		if b[i] == 0 { // Pad1
			i++
			continue
		}
		if i+2 > at+n || i+2+int(b[i+1]) > at+n {
			p.trouble(Trouble{Code: ICMPv6BadHeader, Pointer: i})
			return
		}
		if b[i] != 1 { // PadN
			p.option(b[i], i)
		}
		i += 2 + int(b[i+1])
	}
}

// option judges an option that is not known: "the highest-order 2 bits of the Option Type
// specify the action that must be taken" (RFC 8200 §4.2).
func (p *IPv6) option(kind byte, at int) {
	switch kind >> 6 {
	case 1:
		p.trouble(Trouble{Silent: true})
	case 2:
		p.trouble(Trouble{Code: ICMPv6UnknownOption, Pointer: at})
	case 3:
		p.trouble(Trouble{Code: ICMPv6UnknownOption, Pointer: at, Unicast: true})
	}
}

// AppendHeader writes a header for a payload of n octets that the caller appends next,
// with a fragment header if the packet is Fragmented.
func (p *IPv6) AppendHeader(b []byte, n int) []byte {
	next := p.Proto
	if p.Fragmented {
		n += FragmentHeaderLen
		next = Fragment
	}
	if n > IPv6MaxPayload || p.FragOff%8 != 0 || p.FragOff > 1<<16-8 || p.Flow >= 1<<20 {
		panic("BUG: an IPv6 packet of impossible size, offset or flow label")
	}
	src, dst := p.Src.As16(), p.Dst.As16()
	b = append32(b, 6<<28|uint32(p.Class)<<20|p.Flow)
	b = append16(b, uint16(n))
	b = append(b, byte(next), p.HopLimit)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	if p.Fragmented {
		off := uint16(p.FragOff)
		if p.MF {
			off |= 1
		}
		b = append(b, byte(p.Proto), 0)
		b = append16(b, off)
		b = append32(b, p.ID)
	}
	return b
}

// Append writes the whole packet to b.
func (p *IPv6) Append(b []byte) []byte {
	return append(p.AppendHeader(b, len(p.Payload)), p.Payload...)
}

// DecrementHopLimit takes one from the hop limit of an IPv6 packet in place, as a
// forwarding node does. The packet must have been parsed and its hop limit be at least 1.
func DecrementHopLimit(packet []byte) {
	if packet[7] == 0 {
		panic("BUG: hop limit is 0 already")
	}
	packet[7]--
}
