package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// Codes of ICMP destination unreachable (RFC 792, RFC 1122 §3.2.2.1).
const (
	codeNet       = 0
	codeHost      = 1
	codeProtocol  = 2
	codePort      = 3
	codeFragments = 4
)

// Unreachable takes an ICMP destination unreachable about a segment this host sent on
// flow: RFC 9293 §3.9.2.2 (MUST-54).
//
// Hard errors (codes 2 and 3; SHLD-26) end an open that is under way. Deviation: in the
// synchronized states they are only remembered, as linux does and RFC 5461 §3 describes,
// since anybody could forge them. Soft errors never end a connection (MUST-56); when it
// times out later, the user is told the soft error instead of ETIMEDOUT.
func (l *Layer) Unreachable(flow inet.Flow, code uint8, pkt inet.PacketID, fx *Effects) {
	c := l.conns[flow]
	if c == nil {
		return
	}
	errno, hard := inet.EHOSTUNREACH, false
	switch code {
	case codeNet:
		errno = inet.ENETUNREACH
	case codeProtocol:
		errno, hard = inet.ENOPROTOOPT, true
	case codePort:
		errno, hard = inet.ECONNREFUSED, true
	case codeFragments:
		return // path MTU discovery is another matter (RFC 1191)
	}
	if hard && c.state == inet.SynSent {
		c.remove(errno, rfc.TCPHardError, fx)
		return
	}
	c.soft = errno
}
