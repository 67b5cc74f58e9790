package wire

import (
	"net/netip"

	"labserver/stack/inet"
)

// The types of ICMPv6 message the stack makes or understands (RFC 4443). Those below 128
// are errors.
const (
	ICMPv6DestUnreachable  uint8 = 1
	ICMPv6PacketTooBig     uint8 = 2
	ICMPv6TimeExceeded     uint8 = 3
	ICMPv6ParameterProblem uint8 = 4
	ICMPv6Echo             uint8 = 128
	ICMPv6EchoReply        uint8 = 129
)

// The codes of destination unreachable (RFC 4443 §3.1), time exceeded (§3.3) and parameter
// problem (§3.4).
const (
	ICMPv6NoRoute            uint8 = 0
	ICMPv6AdminProhibited    uint8 = 1
	ICMPv6BeyondScope        uint8 = 2
	ICMPv6AddressUnreachable uint8 = 3
	ICMPv6PortUnreachable    uint8 = 4
	ICMPv6PolicyFailed       uint8 = 5 // the source address failed a policy
	ICMPv6RejectRoute        uint8 = 6

	ICMPv6HopLimit   uint8 = 0
	ICMPv6Reassembly uint8 = 1

	ICMPv6BadHeader     uint8 = 0
	ICMPv6UnknownNext   uint8 = 1
	ICMPv6UnknownOption uint8 = 2
)

// ICMPv6 is an ICMPv6 message (RFC 4443). ID and Seq are of echo messages, MTU is of
// packet too big, Pointer of parameter problem; for other types they are 0.
type ICMPv6 struct {
	Type, Code uint8
	ID, Seq    uint16
	MTU        uint32
	Pointer    uint32
	Flags      uint32 // of neighbour advertisement: NDRouter and so on
	Data       []byte // echo: its data; errors: the quoted packet
}

// IsEcho reports whether m is an echo or its reply.
func (m *ICMPv6) IsEcho() bool { return m.Type == ICMPv6Echo || m.Type == ICMPv6EchoReply }

// IsError reports whether m is an error message: "error messages have message types from
// 0 to 127" (RFC 4443 §2.1).
func (m *ICMPv6) IsError() bool { return m.Type < 128 }

// Name returns what people call the message; "icmpv6" for what this package does not know.
func (m *ICMPv6) Name() string {
	switch m.Type {
	case ICMPv6Echo:
		return "echo request"
	case ICMPv6EchoReply:
		return "echo reply"
	case ICMPv6DestUnreachable:
		return unreachableName6(m.Code)
	case ICMPv6PacketTooBig:
		return "packet too big"
	case ICMPv6TimeExceeded:
		if m.Code == ICMPv6Reassembly {
			return "reassembly time exceeded"
		}
		return "time exceeded"
	case ICMPv6ParameterProblem:
		return "parameter problem"
	case ICMPv6Solicitation:
		return "neighbour solicitation"
	case ICMPv6Advertisement:
		return "neighbour advertisement"
	}
	return "icmpv6"
}

func unreachableName6(code uint8) string {
	switch code {
	case ICMPv6NoRoute:
		return "no route to destination"
	case ICMPv6AdminProhibited:
		return "administratively prohibited"
	case ICMPv6BeyondScope:
		return "beyond scope of source address"
	case ICMPv6AddressUnreachable:
		return "address unreachable"
	case ICMPv6PortUnreachable:
		return "port unreachable"
	case ICMPv6PolicyFailed:
		return "source address failed policy"
	case ICMPv6RejectRoute:
		return "reject route"
	}
	return "destination unreachable"
}

// ParseICMPv6 reads a message that came from src to dst: its checksum covers a
// pseudo-header (RFC 4443 §2.3).
func ParseICMPv6(src, dst netip.Addr, b []byte) (ICMPv6, error) {
	if len(b) < ICMPHeaderLen {
		return ICMPv6{}, Truncated
	}
	m := ICMPv6{Type: b[0], Code: b[1], Data: b[ICMPHeaderLen:]}
	switch {
	case m.IsEcho():
		m.ID, m.Seq = be16(b[4:]), be16(b[6:])
	case m.Type == ICMPv6PacketTooBig:
		m.MTU = be32(b[4:])
	case m.Type == ICMPv6ParameterProblem:
		m.Pointer = be32(b[4:])
	case m.Type == ICMPv6Advertisement:
		m.Flags = be32(b[4:])
	}
	if fold(sum(pseudo(src, dst, inet.ICMPv6, len(b)), b)) != 0xffff {
		return m, BadChecksum
	}
	return m, nil
}

// Append writes the message from src to dst to b, with its checksum.
func (m *ICMPv6) Append(b []byte, src, dst netip.Addr) []byte {
	start := len(b)
	b = append(b, m.Type, m.Code, 0, 0)
	switch {
	case m.IsEcho():
		b = append16(append16(b, m.ID), m.Seq)
	case m.Type == ICMPv6PacketTooBig:
		b = append32(b, m.MTU)
	case m.Type == ICMPv6ParameterProblem:
		b = append32(b, m.Pointer)
	case m.Type == ICMPv6Advertisement:
		b = append32(b, m.Flags)
	default:
		b = append32(b, 0)
	}
	b = append(b, m.Data...)
	message := b[start:]
	put16(message[2:], ^fold(sum(pseudo(src, dst, inet.ICMPv6, len(message)), message)))
	return b
}

// Quote6 cuts a packet to what an ICMPv6 error about it carries: "as much of invoking
// packet as possible without the ICMPv6 packet exceeding the minimum IPv6 MTU" of 1280
// octets (RFC 4443 §2.4 (c)). The result aliases packet.
func Quote6(packet []byte) []byte {
	return packet[:min(len(packet), 1280-IPv6HeaderLen-ICMPHeaderLen)]
}
