package ip

import (
	"net/netip"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// The types of route that lead nowhere, as Linux names them: what matches them is dropped in
// silence, or refused with "host unreachable" or "administratively prohibited".
const (
	Blackhole   = "blackhole"
	Unreachable = "unreachable"
	Prohibit    = "prohibit"
)

// Errno is why a packet of this host itself cannot go this way, as Linux says.
func (p *Path) Errno() inet.Errno {
	switch p.Refuses {
	case Blackhole:
		return inet.EINVAL
	case Unreachable:
		return inet.EHOSTUNREACH
	case Prohibit:
		return inet.EACCES
	}
	return inet.ENETUNREACH
}

// Rule is why a packet of this host itself cannot go this way; none is the rule when there is
// no route at all.
func (p *Path) Rule(none rfc.ID) rfc.ID {
	switch p.Refuses {
	case Blackhole:
		return rfc.RouteBlackhole
	case Unreachable:
		return rfc.RouteUnreachable
	case Prohibit:
		return rfc.RouteProhibit
	}
	return none
}

// astray drops a packet for which no route leads anywhere. RFC 1812 §5.2.7.1: a router
// without a route says "net unreachable"; code 13, "Communication Administratively
// Prohibited", is for what a policy forbids. RFC 4443 §3.1 has code 6 for a reject route.
func (l *Layer) astray(p *Packet, h *wire.IP, path Path, fx *Effects) {
	kind, reason := NetUnreachable, "no route"
	rule := versioned(h, rfc.NetUnreach, rfc.NoRoute6)
	switch path.Refuses {
	case Blackhole:
		Drop(p, rfc.RouteBlackhole, "a blackhole route", fx)
		return
	case Unreachable:
		kind, reason = HostUnreachable, "an unreachable route"
		rule = versioned(h, rfc.RouteUnreachable, rfc.RouteReject6)
	case Prohibit:
		kind, reason = Prohibited, "a prohibit route"
		rule = versioned(h, rfc.RouteProhibit, rfc.RouteProhibit6)
	}
	by := Drop(p, rule, reason, fx)
	l.Refuse(p, Refusal{Kind: kind}, rule, by, fx)
}

// martian drops a packet that a router must not pass on for its addresses: RFC 1812 §5.3.7,
// "a router SHOULD NOT forward, except over a loopback interface, any packet that has a
// source address on network 127", and none whose source is no single host; RFC 4291 says
// the same of IPv6's unspecified, loopback and multicast addresses. Nobody is told.
func (l *Layer) martian(p *Packet, h *wire.IP, fx *Effects) bool {
	switch {
	case notSource(h.Src):
		Drop(p, versioned(h, rfc.MartianSource, rfc.MartianSource6),
			"a source address that is no host's", fx)
	case notDestination(h.Dst):
		Drop(p, versioned(h, rfc.MartianDest, rfc.MartianDest6),
			"a destination that is for no router", fx)
	case h.V6() && (h.Src.IsLinkLocalUnicast() || h.Dst.IsLinkLocalUnicast()):
		// RFC 4291 §2.5.6: "Routers must not forward any packets with Link-Local source or
		// destination addresses to other links." RFC 4443 §3.1: the sender is told with
		// code 2, beyond scope of source address, if the destination was not link-local.
		by := Drop(p, rfc.LinkLocalOnly, "a link-local address", fx)
		if !h.Dst.IsLinkLocalUnicast() {
			l.Refuse(p, Refusal{Kind: BeyondScope}, rfc.LinkLocalOnly, by, fx)
		}
	default:
		return false
	}
	return true
}

// notSource reports whether an address cannot be a packet's source: 0.0.0.0/8, 127.0.0.0/8,
// and 224.0.0.0 and above; for IPv6 ::, ::1 and multicast.
func notSource(a netip.Addr) bool {
	if a.Is4() {
		first := a.As4()[0]
		return first == 0 || first == 127 || first >= 224
	}
	return a.IsUnspecified() || a.IsLoopback() || a.IsMulticast()
}

// notDestination reports whether a packet to an address never leaves its host: the rows of
// RFC 1122 §3.2.1.3 that are no destination, and class E but for the limited broadcast.
func notDestination(a netip.Addr) bool {
	if a.Is4() {
		first := a.As4()[0]
		return first == 0 || first == 127 || first >= 240
	}
	return a.IsUnspecified() || a.IsLoopback()
}
