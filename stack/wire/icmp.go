package wire

import (
	"net/netip"

	"labserver/stack/inet"
	"labserver/stack/seq"
)

// ICMPHeaderLen is the length of the headers of all messages here.
const ICMPHeaderLen = 8

// The types of ICMP message the stack makes or understands (RFC 792).
const (
	ICMPEchoReply       uint8 = 0
	ICMPDestUnreachable uint8 = 3
	ICMPEcho            uint8 = 8
	ICMPTimeExceeded    uint8 = 11

	ICMPSourceQuench     uint8 = 4 // deprecated (RFC 6633)
	ICMPRedirect         uint8 = 5
	ICMPParameterProblem uint8 = 12
)

// The codes of destination unreachable (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1)
// and of time exceeded (RFC 792).
const (
	ICMPNetUnreachable      uint8 = 0
	ICMPHostUnreachable     uint8 = 1
	ICMPProtocolUnreachable uint8 = 2
	ICMPPortUnreachable     uint8 = 3
	ICMPFragmentationNeeded uint8 = 4
	ICMPSourceRouteFailed   uint8 = 5
	ICMPNetUnknown          uint8 = 6
	ICMPHostUnknown         uint8 = 7
	ICMPHostIsolated        uint8 = 8
	ICMPNetProhibited       uint8 = 9
	ICMPHostProhibited      uint8 = 10
	ICMPNetTOS              uint8 = 11
	ICMPHostTOS             uint8 = 12
	ICMPAdminProhibited     uint8 = 13
	ICMPPrecedenceViolation uint8 = 14
	ICMPPrecedenceCutoff    uint8 = 15

	// ICMPRedirectHost is the code of a redirect for one destination host (RFC 792).
	ICMPRedirectHost uint8 = 1

	ICMPTTLExceeded        uint8 = 0
	ICMPReassemblyExceeded uint8 = 1
)

// ICMP is an ICMP message (RFC 792). ID and Seq are of echo messages, MTU is of
// fragmentation needed (RFC 1191 §4); for other types they are 0.
type ICMP struct {
	Type, Code uint8
	ID, Seq    uint16
	MTU        uint16
	Gateway    netip.Addr // of a redirect: where the packet should have gone
	Data       []byte     // echo: its data; errors: the quoted packet
}

// IsEcho reports whether m is an echo or its reply.
func (m *ICMP) IsEcho() bool { return m.Type == ICMPEcho || m.Type == ICMPEchoReply }

// IsError reports whether m is an error message, about which no ICMP error may be sent
// (RFC 1122 §3.2.2). Source quench, redirect and parameter problem are errors too, and
// so are types nobody assigned: not to answer them is the safe side.
func (m *ICMP) IsError() bool {
	switch m.Type {
	case ICMPEchoReply, ICMPEcho, 9, 10, 13, 14, 15, 16, 17, 18:
		return false
	}
	return true
}

// Name returns what people call the message, "port unreachable"; "icmp" for what this
// package does not know.
func (m *ICMP) Name() string {
	switch m.Type {
	case ICMPEchoReply:
		return "echo reply"
	case ICMPEcho:
		return "echo request"
	case ICMPDestUnreachable:
		return unreachableName(m.Code)
	case ICMPTimeExceeded:
		if m.Code == ICMPReassemblyExceeded {
			return "reassembly time exceeded"
		}
		return "time exceeded"
	case ICMPSourceQuench:
		return "source quench"
	case ICMPRedirect:
		return "redirect"
	case ICMPParameterProblem:
		return "parameter problem"
	}
	return "icmp"
}

func unreachableName(code uint8) string {
	switch code {
	case ICMPNetUnreachable:
		return "network unreachable"
	case ICMPHostUnreachable:
		return "host unreachable"
	case ICMPProtocolUnreachable:
		return "protocol unreachable"
	case ICMPPortUnreachable:
		return "port unreachable"
	case ICMPFragmentationNeeded:
		return "fragmentation needed"
	case ICMPSourceRouteFailed:
		return "source route failed"
	case ICMPAdminProhibited:
		return "administratively prohibited"
	case ICMPNetUnknown:
		return "network unknown"
	case ICMPHostUnknown:
		return "host unknown"
	case ICMPHostIsolated:
		return "source host isolated"
	case ICMPNetProhibited:
		return "network prohibited"
	case ICMPHostProhibited:
		return "host prohibited"
	case ICMPNetTOS:
		return "network unreachable for this service"
	case ICMPHostTOS:
		return "host unreachable for this service"
	case ICMPPrecedenceViolation:
		return "host precedence violation"
	case ICMPPrecedenceCutoff:
		return "precedence cutoff"
	}
	return "destination unreachable"
}

// ParseICMP reads a message.
func ParseICMP(b []byte) (ICMP, error) {
	if len(b) < ICMPHeaderLen {
		return ICMP{}, Truncated
	}
	m := ICMP{Type: b[0], Code: b[1], Data: b[ICMPHeaderLen:]}
	switch {
	case m.IsEcho():
		m.ID, m.Seq = be16(b[4:]), be16(b[6:])
	case m.Type == ICMPDestUnreachable && m.Code == ICMPFragmentationNeeded:
		m.MTU = be16(b[6:])
	case m.Type == ICMPRedirect:
		m.Gateway = netip.AddrFrom4([4]byte(b[4:8]))
	}
	if Checksum(b) != 0 {
		return m, BadChecksum
	}
	return m, nil
}

// Append writes the message to b. Its checksum covers no pseudo-header (RFC 792).
func (m *ICMP) Append(b []byte) []byte {
	start := len(b)
	b = append(b, m.Type, m.Code, 0, 0)
	switch {
	case m.IsEcho():
		b = append16(append16(b, m.ID), m.Seq)
	case m.Type == ICMPDestUnreachable && m.Code == ICMPFragmentationNeeded:
		b = append16(append16(b, 0), m.MTU)
	case m.Type == ICMPRedirect && m.Gateway.Is4():
		b = append(b, m.Gateway.AsSlice()...)
	default:
		b = append32(b, 0)
	}
	b = append(b, m.Data...)
	put16(b[start+2:], Checksum(b[start:]))
	return b
}

// QuoteLen is how much of the offending packet's payload an ICMP error carries at
// least: "the first 64 bits of the original datagram's data" (RFC 792). RFC 1812
// §4.3.2.3 allows more, up to 576 octets in all; Linux sends that.
const QuoteLen = 8

// Quote cuts a packet to what an ICMP error about it carries: as much as fits an ICMP
// packet of 576 octets (RFC 1812 §4.3.2.3). The result aliases packet.
func Quote(packet []byte) []byte {
	return packet[:min(len(packet), 576-IPv4HeaderLen-ICMPHeaderLen)]
}

// Quoted is the packet an ICMP error speaks of, as far as 8 octets of payload tell:
// who sent what to whom. Seq is of TCP only.
type Quoted struct {
	Proto    inet.Protocol
	Src, Dst inet.Endpoint
	Seq      seq.Num
	Len      int // of the whole packet, as its header says
}

// ParseQuoted reads the packet that an ICMP error carries. It is cut short, and routers
// on its way changed it, so neither its length nor its checksum is held against it.
func ParseQuoted(data []byte) (Quoted, error) {
	p, err := ParseIP(data)
	other := err != nil && err != Truncated && err != BadChecksum && err != BadExtension
	if other || !p.Src.IsValid() {
		return Quoted{}, err
	}
	total := int(be16(data[2:]))
	if p.V6() {
		total = IPv6HeaderLen + int(be16(data[4:]))
	}
	q := Quoted{Len: total, Proto: p.Proto, Src: inet.Endpoint{Addr: p.Src},
		Dst: inet.Endpoint{Addr: p.Dst}}
	if p.FragOff != 0 || p.Proto != inet.TCP && p.Proto != inet.UDP {
		return q, nil
	}
	if len(p.Payload) < QuoteLen {
		return q, Truncated
	}
	q.Src.Port, q.Dst.Port = be16(p.Payload), be16(p.Payload[2:])
	if p.Proto == inet.TCP {
		q.Seq = seq.Num(be32(p.Payload[4:]))
	}
	return q, nil
}
