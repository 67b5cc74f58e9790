package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// ICMP errors about segments this host sent: RFC 9293 §3.9.2.2, RFC 5461, RFC 5927. What
// says that a packet was too big is in pmtu.go.

// ICMPError is what an ICMP or ICMPv6 message says of a segment, in words that serve both.
type ICMPError uint8

// The errors TCP acts on. NoICMPError is what it must not act on.
const (
	NoICMPError ICMPError = iota
	NetUnreachable
	HostUnreachable
	ProtocolUnreachable
	PortUnreachable
	SourceRouteFailed
	Prohibited // by a policy on the way, RFC 1812 §5.2.7.1 and RFC 4443 §3.1
	TimeExceeded
	ParameterProblem
	Precedence // refused for its precedence: RFC 1812 §5.2.7.1, codes 14 and 15
)

// ICMPErrorOf tells what an ICMP message of a type and code says, or an ICMPv6 message.
// Source quench is nothing: MUST-55, "TCP implementations MUST silently discard any
// received ICMP Source Quench messages" (RFC 6633). Neither are the messages about too big
// packets, which TooBig takes.
func ICMPErrorOf(v6 bool, kind, code uint8) ICMPError {
	if v6 {
		return icmp6Error(kind, code)
	}
	switch kind {
	case 3: // destination unreachable: RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1
		switch code {
		case 0, 6, 11: // net: unreachable, unknown, not for this type of service
			return NetUnreachable
		case 1, 7, 8, 12: // host: the same, and isolated
			return HostUnreachable
		case 2:
			return ProtocolUnreachable
		case 3:
			return PortUnreachable
		case 5:
			return SourceRouteFailed
		case 9, 10, 13:
			return Prohibited
		case 14, 15: // host precedence violation, precedence cutoff in effect
			return Precedence
		}
	case 11:
		return TimeExceeded
	case 12:
		return ParameterProblem
	}
	return NoICMPError
}

// icmp6Error is ICMPErrorOf for ICMPv6 (RFC 4443 §3).
func icmp6Error(kind, code uint8) ICMPError {
	switch kind {
	case 1: // destination unreachable
		switch code {
		case 0:
			return NetUnreachable
		case 1, 5, 6: // prohibited, source address failed policy, reject route
			return Prohibited
		case 2, 3: // beyond scope of source address, address unreachable
			return HostUnreachable
		case 4:
			return PortUnreachable
		}
	case 3:
		return TimeExceeded
	case 4:
		return ParameterProblem
	}
	return NoICMPError
}

// Errno is what a program sees of the error: linux's icmp_err_convert and tab_unreach.
func (e ICMPError) Errno(v6 bool) inet.Errno {
	switch e {
	case NetUnreachable:
		return inet.ENETUNREACH
	case ProtocolUnreachable:
		return inet.ENOPROTOOPT
	case PortUnreachable:
		return inet.ECONNREFUSED
	case SourceRouteFailed:
		return inet.EOPNOTSUPP
	case Prohibited:
		if v6 {
			return inet.EACCES
		}
	case ParameterProblem:
		return inet.EPROTO
	}
	return inet.EHOSTUNREACH
}

// bsdErrno is the errno as FreeBSD's icmp_errmap and icmp6_errmap have it.
func (e ICMPError) bsdErrno() inet.Errno {
	switch e {
	case ProtocolUnreachable, PortUnreachable, Prohibited:
		return inet.ECONNREFUSED
	case ParameterProblem:
		return inet.ENOPROTOOPT
	}
	return inet.EHOSTUNREACH
}

// hard reports whether the error is a hard one: RFC 9293 §3.9.2.2, "for ICMP these include
// Destination Unreachable -- codes 2-4". RFC 5461 §2.2 counts their like in ICMPv6 and what
// a policy prohibits.
func (e ICMPError) hard() bool {
	return e == ProtocolUnreachable || e == PortUnreachable || e == Prohibited || e == Precedence
}

// The bits of Knobs.ICMPAborts.
const (
	icmpHardOpen   = 1 << iota // a hard error ends an open
	icmpSoftOpen               // and so does a soft one: RFC 5461 §4, against MUST-56
	icmpHardSynced             // a hard error ends a synchronized connection (SHLD-26)
)

// Unreachable takes an ICMP error about a segment with the sequence number at, which this
// host sent on flow (MUST-54). Pkt is the packet of the ICMP message.
//
// What does not end the connection is kept: SHLD-25, "it SHOULD make the information
// available to the application". When the connection times out later, the user is told the
// error instead of ETIMEDOUT.
func (l *Layer) Unreachable(flow inet.Flow, at seq.Num, what ICMPError, pkt inet.PacketID,
	fx *Effects) {
	c := l.Lookup(flow)
	if c == nil || what == NoICMPError || !c.quotes(at, pkt, fx) {
		return
	}
	hard, errno := what.hard(), what.Errno(c.v6())
	if l.k.BSDSockets != 0 {
		// FreeBSD counts a packet refused for its precedence as one that met no network.
		hard = hard && what != Precedence || what == TimeExceeded && c.state == inet.SynSent
		errno = what.bsdErrno()
	}
	rule := rfc.TCPSoftError
	if hard {
		rule = rfc.TCPHardError
	}
	switch {
	case !c.icmpEnds(hard):
		// MUST-56: "a TCP implementation MUST NOT abort the connection".
		c.softError(errno, fx)
	case c.state == inet.SynReceived && !c.active:
		c.remove(inet.OK, rule, fx) // nobody was told of it yet
	default:
		c.remove(errno, rule, fx)
	}
}

// icmpEnds reports whether an error ends the connection in its state.
func (c *Conn) icmpEnds(hard bool) bool {
	bits := c.l.k.ICMPAborts
	switch {
	case c.state == inet.TimeWait:
		return false
	case c.state == inet.SynSent, c.state == inet.SynReceived:
		return hard && bits&icmpHardOpen != 0 || !hard && bits&icmpSoftOpen != 0
	}
	return hard && bits&icmpHardSynced != 0
}

// quotes reports whether a message that quotes the sequence number at can be believed: RFC
// 5927 §4.1 has TCP check that it is "within the range of the data already sent but not yet
// acknowledged", SND.UNA =< SEG.SEQ < SND.NXT. Others could be anybody's guess.
func (c *Conn) quotes(at seq.Num, pkt inet.PacketID, fx *Effects) bool {
	if c.snd.una.LessEq(at) && at.Less(c.snd.nxt) {
		return true
	}
	refuse(c.id, pkt, "icmp-of-nothing-outstanding", 0, rfc.TCPICMPOutside, fx)
	return false
}
