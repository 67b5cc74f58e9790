package ip

import (
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// Receive takes a packet that came in. It returns true with the parsed packet, which is lent
// until the next, if it is for this host; otherwise the packet was forwarded or dropped.
func (l *Layer) Receive(p *Packet, fx *Effects) (*wire.IP, bool) {
	h := &l.received
	err := h.Parse(p.Octets)
	p.Group = false
	switch {
	case err != nil && !(h.V6() && err == wire.BadExtension && !l.IsLocal(h.Dst)):
		l.damaged(p, h, err, fx)
	case sourceRouted(h.Options):
		Drop(p, rfc.SourceRoute, "a source route", fx)
	case l.nats != nil && !h.V6() && l.natIn(p, h, fx):
	case l.IsLocal(h.Dst):
		return h, !l.unwelcome(p, h, fx) && !l.troubled(p, h, fx)
	case l.IsGroup(h.Dst):
		return h, l.receiveGroup(p, h, fx)
	case !l.Forward:
		Drop(p, versioned(h, rfc.NotForUs, rfc.NotForUs6), "not for this host", fx)
	default:
		l.forward(p, h, fx)
	}
	return h, false
}

// versioned is the rule of the packet's version.
func versioned(h *wire.IP, v4, v6 rfc.ID) rfc.ID {
	if h.V6() {
		return v6
	}
	return v4
}

// damaged drops what is no whole packet, in silence: RFC 1122 §3.2.1.2 for the header
// checksum of IPv4.
func (l *Layer) damaged(p *Packet, h *wire.IP, err error, fx *Effects) {
	rule := rfc.BadIPHeader
	if h.V6() || p.Octets[0]>>4 == 6 {
		rule = rfc.BadIPv6Header
	}
	Drop(p, rule, err.Error(), fx)
}

// sourceRouted reports whether IPv4 options hold a source route, loose or strict. RFC 7126
// §4.3 and §4.4 have such packets dropped by default, since source routes serve attackers
// more than anybody; so nothing here sends, follows or answers along one. Other options are
// passed over (RFC 1122 §3.2.1.8).
func sourceRouted(options []byte) bool {
	const endOfList, nop, loose, strict = 0, 1, 131, 137
	for i := 0; i < len(options) && options[i] != endOfList; {
		switch {
		case options[i] == loose || options[i] == strict:
			return true
		case options[i] == nop:
			i++
		case i+1 == len(options) || options[i+1] < 2:
			return false // nothing behind a damaged option can be read
		default:
			i += int(options[i+1])
		}
	}
	return false
}

// troubled drops a packet with an extension header or option that this host cannot
// process, and tells its sender as RFC 8200 §4 says.
func (l *Layer) troubled(p *Packet, h *wire.IP, fx *Effects) bool {
	t := h.Trouble
	if !t.Found {
		return false
	}
	rule := rfc.BadHeader6
	switch {
	case t.Silent || t.Code == wire.ICMPv6UnknownOption:
		rule = rfc.UnknownOption6
	case t.Code == wire.ICMPv6UnknownNext:
		rule = rfc.NextHeader
	}
	by := Drop(p, rule, "an extension header that is not understood", fx)
	if !t.Silent && !(t.Unicast && h.Dst.IsMulticast()) {
		l.Refuse(p, Refusal{Kind: ParameterProblem, Code: t.Code, Pointer: t.Pointer}, rule, by, fx)
	}
	return true
}

// forward is RFC 1812 §5.2.1.2 for packets that pass through, and RFC 8200 §3 for those of
// IPv6, whose extension headers a router does not look at (RFC 8200 §4).
func (l *Layer) forward(p *Packet, h *wire.IP, fx *Effects) {
	path, ok := l.Path(h.Dst)
	switch {
	case l.martian(p, h, fx):
	case h.TTL <= 1:
		rule := versioned(h, rfc.TTLExpired, rfc.HopLimit)
		by := Drop(p, rule, "TTL expired", fx)
		l.Refuse(p, Refusal{Kind: HopsExceeded}, rule, by, fx)
	case !ok:
		l.astray(p, h, path, fx)
	case len(p.Octets) > path.MTU && h.DF:
		rule := versioned(h, rfc.TooBig, rfc.TooBig6)
		by := Drop(p, rule, "larger than the next link's MTU", fx)
		l.Refuse(p, Refusal{Kind: TooBig, MTU: path.MTU}, rule, by, fx)
	case l.nats != nil && !h.V6() && l.natOut(p, h, path, fx):
	case len(p.Octets) > path.MTU:
		wire.DecrementHops(p.Octets)
		for _, q := range l.split(p, path.MTU, fx) {
			q.Departs = rfc.Forwarded
			l.frame(q, path.NIC, path.Hop, fx)
		}
	default:
		if l.Conduct.Redirects && p.NIC == path.NIC.ID {
			l.redirect(p, h, path, fx)
		}
		wire.DecrementHops(p.Octets)
		p.Departs = versioned(h, rfc.Forwarded, rfc.Forwarded6)
		l.frame(p, path.NIC, path.Hop, fx)
	}
}
