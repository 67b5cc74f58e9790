package sock

import (
	"net/netip"

	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// Addresses as programs write and read them. Inside, an IPv6 socket's IPv4 endpoints are
// plain IPv4; programs see them as ::ffff:10.0.0.1 (RFC 3493 §3.7).

// badAddress is what is wrong with the address or port of a call. The zero value is
// nothing.
type badAddress struct {
	rule  rfc.ID
	errno inet.Errno
	field string
}

// endpoint reads what bind, connect and sendto are given. addr "" is the wildcard.
func (s *Socket) endpoint(addr string, port int64) (ep inet.Endpoint, bad badAddress) {
	if port < 0 || port > 65535 {
		return ep, badAddress{rfc.BadArgument, inet.EINVAL, "port"}
	}
	ep = inet.Endpoint{Addr: s.wildcard(), Port: uint16(port)}
	if addr == "" {
		return ep, badAddress{}
	}
	a, err := netip.ParseAddr(addr)
	switch {
	case err != nil || a.Zone() != "":
		return ep, badAddress{rfc.BadArgument, inet.EINVAL, "addr"}
	case a.Is4() != (s.family == IP4):
		return ep, badAddress{rfc.WrongFamily, inet.EAFNOSUPPORT, "addr"}
	case a.Is4In6() && s.option("IPV6_V6ONLY") != 0:
		return ep, badAddress{rfc.V6OnlyNoIP4, inet.ENETUNREACH, "addr"}
	}
	ep.Addr = a.Unmap()
	return ep, badAddress{}
}

// refused fails the call if there is something wrong.
func (b badAddress) refused(c *call, fx *Effects) bool {
	if b.errno != inet.OK {
		c.fail(b.rule, b.errno, b.field, fx)
	}
	return b.errno != inet.OK
}

// wildcard is the unspecified address of the socket's family.
func (s *Socket) wildcard() netip.Addr {
	if s.family == IP6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// shows returns an endpoint as the socket's program sees it.
func (s *Socket) shows(ep inet.Endpoint) *inet.Endpoint {
	if s.family == IP6 && ep.Addr.Is4() {
		ep.Addr = netip.AddrFrom16(ep.Addr.As16())
	}
	return &ep
}

// dual reports whether the socket takes IPv4 where it is bound to the IPv6 wildcard.
func (s *Socket) dual() bool { return s.family == IP6 && s.option("IPV6_V6ONLY") == 0 }

// claim is a local endpoint and whether, as an IPv6 wildcard, it takes IPv4 too.
type claim struct {
	inet.Endpoint
	dual bool
}

func (s *Socket) claim(ep inet.Endpoint) claim { return claim{ep, s.dual()} }

// overlaps reports whether two claims can be meant by the same destination. As Linux does:
// a wildcard overlaps every address of its family, and that of a dual socket every one.
func (a claim) overlaps(b claim) bool {
	if a.Port != b.Port || a.IsZero() || b.IsZero() {
		return false
	}
	if a.Addr.Is4() == b.Addr.Is4() {
		return a.Wildcard() || b.Wildcard() || a.Addr == b.Addr
	}
	six := a
	if a.Addr.Is4() {
		six = b
	}
	return six.Wildcard() && six.dual
}
