// Package inet holds the words every layer shares: endpoints, flows, connection
// states, errno names, octet counts and bit rates, and the ids of things in a world.
//
// It must never import a layer. Read RFC 9293 §3.3.2 (states) and §4 (glossary).
package inet

import (
	"net/netip"
	"strconv"
	"time"
)

// Ids of the things in a world. Labs and people choose host and process ids; the
// world numbers the rest: "c12", "s7", "l2".
type (
	HostID   string // a host: "A", "h1"
	ProcID   string // a process: "A.server", "p3"
	LinkID   string // a link: "l2"
	NICID    string // an interface within its host: "eth0"
	SocketID string // a socket: "s7"
	ConnID   string // one endpoint's connection, its TCB: "c12"
	CallID   string // one call of a process: "k9"
)

// PacketID names an IP packet from sending to delivery: the number n of the event
// that sent it.
type PacketID uint64

// ByteCount counts octets.
type ByteCount int64

// BitRate counts bits per second; 0 means infinitely fast.
type BitRate int64

// Transmission returns how long n octets take at rate r.
func (r BitRate) Transmission(n ByteCount) time.Duration {
	if r <= 0 {
		return 0
	}
	bits := int64(n) * 8
	return time.Duration(bits/int64(r))*time.Second +
		time.Duration(bits%int64(r)*int64(time.Second)/int64(r))
}

// Protocol is an IP protocol number.
type Protocol uint8

// The protocols the stack speaks (RFC 792, RFC 9293, RFC 768).
const (
	ICMP   Protocol = 1
	TCP    Protocol = 6
	UDP    Protocol = 17
	ICMPv6 Protocol = 58 // RFC 4443
)

// String returns the lower-case name used in commands and events.
func (p Protocol) String() string {
	switch p {
	case ICMP:
		return "icmp"
	case ICMPv6:
		return "icmpv6"
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	}
	return strconv.Itoa(int(p))
}

// Endpoint is an address and a port: what RFC 9293 §4 calls a socket. The zero value
// is no endpoint and renders as "". An unspecified address is the wildcard.
type Endpoint struct {
	Addr netip.Addr
	Port uint16
}

// ParseEndpoint reads "77.77.77.77:3001"; "" is the zero Endpoint.
func ParseEndpoint(s string) (Endpoint, error) {
	if s == "" {
		return Endpoint{}, nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return Endpoint{}, err
	}
	return Endpoint{ap.Addr(), ap.Port()}, nil
}

// IsZero reports whether e is no endpoint at all.
func (e Endpoint) IsZero() bool { return e == Endpoint{} }

// Wildcard reports whether e accepts any local address.
func (e Endpoint) Wildcard() bool { return !e.Addr.IsValid() || e.Addr.IsUnspecified() }

// String renders "77.77.77.77:3001", or "" for the zero value.
func (e Endpoint) String() string {
	if e.IsZero() {
		return ""
	}
	if !e.Addr.IsValid() {
		return "*:" + strconv.Itoa(int(e.Port))
	}
	return netip.AddrPortFrom(e.Addr, e.Port).String()
}

// MarshalText implements encoding.TextMarshaler with String.
func (e Endpoint) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseEndpoint.
func (e *Endpoint) UnmarshalText(b []byte) error {
	p, err := ParseEndpoint(string(b))
	if err == nil {
		*e = p
	}
	return err
}

// Flow is a pair of endpoints as one side sees them; with the protocol it names a
// connection. It is comparable, so it keys the demultiplexing table.
type Flow struct{ Local, Remote Endpoint }

// Reverse returns the flow as the other side sees it.
func (f Flow) Reverse() Flow { return Flow{f.Remote, f.Local} }
