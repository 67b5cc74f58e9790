package stack

import (
	"net/netip"
	"strconv"
	"time"

	"labserver/stack/ip"
	"labserver/stack/sock"
	"labserver/stack/wire"
)

// The ranges of what a command may ask for.
const (
	maxDelay   = int64(time.Minute)
	maxRate    = int64(100_000_000_000) // bits per second
	maxPPM     = int64(1_000_000)
	maxQueue   = int64(64 << 20)
	maxName    = 64
	minMTU     = 576   // RFC 791: every host must take so much in one piece
	minMTU6    = 1280  // RFC 8200 §5: every link of IPv6 must carry so much
	maxMTU     = 65535 // all that an IPv4 packet can be (RFC 791 §3.1)
	maxBacklog = 4096
	maxRecv    = int64(16 << 20)
	maxAnswer  = 1024 // octets
	maxRoutes  = 256  // of a host
)

// checkRanges refuses what no world could carry out, whatever it holds.
func (c Command) checkRanges() error {
	switch a := c.Args.(type) {
	case HostAdd:
		return first(checkName("name", a.Name, true), checkID("id", string(a.ID), true),
			checkPrefix("addr", a.Addr, true), checkSecond(a.Addr, a.Addr6))
	case HostRename:
		return first(checkName("name", a.Name, false))
	case NICAdd:
		return first(checkID("nic", string(a.NIC), true), checkPrefix("addr", a.Addr, true),
			checkSecond(a.Addr, a.Addr6), optional(a.Addr.Addr().Is6() || a.Addr6.IsValid(),
				optional(a.MTU != 0, inRange("mtu", int64(a.MTU), minMTU6, maxMTU))),
			optional(a.MTU != 0, inRange("mtu", int64(a.MTU), minMTU, maxMTU)))
	case interface{ checkRanges() error }: // those with many fields
		return a.checkRanges()
	case LinkRules:
		return checkRules(a.Rules)
	case SegmentDelay:
		return first(inRange("by_ns", a.ByNS, 0, maxDelay))
	case SegmentCorrupt:
		return first(inRange("bit", int64(a.Bit), 0, 8*wire.IPv4MaxLen-1))
	case SegmentMark:
		if _, ok := ecnField(a.ECN); !ok {
			return &ArgError{Code: CodeOutOfRange, Field: "ecn", Got: shorten(a.ECN),
				Limit: "not, ect0, ect1, ce"}
		}
	case PacketInject:
		return first(checkPacket(a.Base64))
	case RouteRemove:
		return first(checkDst(a.Dst))
	case KnobSet:
		return first(checkName("value", a.Value, false))
	case ProcStart:
		return first(checkName("name", a.Name, true), checkID("id", string(a.ID), true))
	case Socket:
		if a.Proto != "tcp" && a.Proto != "udp" {
			return &ArgError{Code: CodeOutOfRange, Field: "proto", Got: shorten(a.Proto),
				Limit: "tcp, udp"}
		}
		if a.Family != "" && a.Family != "ip4" && a.Family != "ip6" {
			return &ArgError{Code: CodeOutOfRange, Field: "family", Got: shorten(a.Family),
				Limit: "ip4, ip6"}
		}
	case Listen:
		if a.Backlog != nil {
			return first(inRange("backlog", int64(*a.Backlog), 0, maxBacklog))
		}
	case Send, SendTo, SendMsg, Recv, Poll, Fcntl, Ioctl, SetSockOpt, GetSockOpt:
		return c.checkCallRanges()
	case Ping, Traceroute:
		return c.checkProbeRanges()
	case Answer:
		return first(checkName("goal", a.Goal, false),
			inRange("value", int64(len(a.Value)), 0, maxAnswer))
	case Hint:
		return first(checkName("goal", a.Goal, false))
	case Bookmark:
		return first(checkName("text", a.Text, true))
	}
	return nil
}

func (p Payload) check() error {
	given := 0
	for _, there := range []bool{p.Text != nil, p.Base64 != nil, p.Octets != nil} {
		if there {
			given++
		}
	}
	switch {
	case given != 1:
		return &ArgError{Code: CodeExactlyOne, Field: "text, base64, octets",
			Got: strconv.Itoa(given)}
	case p.Text != nil:
		return first(inRange("text", int64(len(*p.Text)), 0, MaxText))
	case p.Base64 != nil:
		return first(inRange("base64", int64(len(p.Base64)), 0, MaxText))
	}
	return first(inRange("octets", *p.Octets, 0, sock.MaxOctets))
}

// first returns the first error that is one. Its arguments are *ArgError so that a nil
// one stays nil.
func first(errs ...*ArgError) error {
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}

func optional(there bool, e *ArgError) *ArgError {
	if there {
		return e
	}
	return nil
}

// ranged is inRange for an optional field, from 0 up.
func ranged(field string, v *int64, high int64) *ArgError {
	if v == nil {
		return nil
	}
	return inRange(field, *v, 0, high)
}

// inRange refuses a value outside [low, high].
func inRange(field string, v, low, high int64) *ArgError {
	if v >= low && v <= high {
		return nil
	}
	return &ArgError{Code: CodeOutOfRange, Field: field, Got: strconv.FormatInt(v, 10),
		Limit: strconv.FormatInt(low, 10) + ".." + strconv.FormatInt(high, 10)}
}

// checkID accepts what people can type and URLs carry: a letter, then letters, digits,
// dot, dash, underscore; 32 at the most.
func checkID(field, id string, empty bool) *ArgError {
	if id == "" && empty {
		return nil
	}
	ok := len(id) > 0 && len(id) <= 32
	for i, r := range id {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		other := r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_'
		ok = ok && (letter || i > 0 && other)
	}
	if ok {
		return nil
	}
	return &ArgError{Code: CodeOutOfRange, Field: field, Got: shorten(id),
		Limit: "letter, then letters, digits, . - _; 32 at most"}
}

func checkName(field, name string, empty bool) *ArgError {
	if name == "" && !empty {
		return &ArgError{Code: CodeMissing, Field: field}
	}
	if len(name) > maxName*4 || len([]rune(name)) > maxName {
		return &ArgError{Code: CodeOutOfRange, Field: field, Got: shorten(name),
			Limit: strconv.Itoa(maxName) + " characters"}
	}
	return nil
}

// checkPrefix accepts a host address with its network: 77.77.77.77/24, fd00::7/64.
func checkPrefix(field string, p netip.Prefix, empty bool) *ArgError {
	if !p.IsValid() && empty {
		return nil
	}
	if p.IsValid() && unicast(p.Addr()) && p.Bits() >= 1 && (p.Bits() >= p.Addr().BitLen()-1 ||
		p.Addr() != p.Masked().Addr() && !(p.Addr().Is4() && p.Addr() == ip.LastAddr(p))) {
		return nil
	}
	return &ArgError{Code: CodeOutOfRange, Field: field, Got: p.String(),
		Limit: "a host address with its prefix length"}
}

// unicast accepts addresses that an interface can have: IPv4's written as IPv6's are none
// (RFC 4291 §2.5.5), and link-local addresses need a zone, which events cannot carry.
func unicast(a netip.Addr) bool {
	return !a.IsLoopback() && !a.IsMulticast() && !a.IsUnspecified() && !a.Is4In6() &&
		a.Zone() == "" && !(a.Is6() && a.IsLinkLocalUnicast())
}

// checkSecond accepts an IPv6 address only beside an IPv4 one.
func checkSecond(addr, addr6 netip.Prefix) *ArgError {
	if !addr6.IsValid() || addr.IsValid() && addr.Addr().Is4() && addr6.Addr().Is6() {
		return checkPrefix("addr6", addr6, true)
	}
	return &ArgError{Code: CodeOutOfRange, Field: "addr6", Got: addr6.String(),
		Limit: "an IPv6 address beside an IPv4 one in addr"}
}

func checkDst(p netip.Prefix) *ArgError {
	if p.IsValid() && !p.Addr().Is4In6() {
		return nil
	}
	return &ArgError{Code: CodeBadType, Field: "dst", Got: p.String()}
}
