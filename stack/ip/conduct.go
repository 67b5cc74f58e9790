package ip

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// Conduct is what knobs say of a host's manners. The zero value is neither strong nor
// talkative.
type Conduct struct {
	// Strong is the Strong ES Model of RFC 1122 §3.3.4.2: a packet must come in by the
	// interface that has the address it is for. Linux's model is the weak one.
	Strong bool
	// Redirects: a router tells a neighbour of a better first hop (RFC 1812 §5.2.7.2).
	Redirects bool
	// Stubborn: a host does not listen to redirects.
	Stubborn bool
	// EchoMany: the host answers echo requests that went to many (RFC 1122 §3.2.2.6).
	EchoMany bool
}

// unwelcome drops a packet for this host that it must not take: by the strong model, or
// because no host can have sent it. RFC 1122 §3.2.1.3: "A host MUST silently discard an
// incoming datagram containing an IP source address that is invalid by the rules of this
// section." TCP does so itself (MUST-63).
func (l *Layer) unwelcome(p *Packet, h *wire.IP, fx *Effects) bool {
	if p.NIC == "" {
		return false // it never left
	}
	if h.Dst.IsLoopback() {
		// RFC 4291 §2.5.3: "A packet received on an interface with a destination address of
		// loopback must be dropped." RFC 1122 §3.2.1.3 (g) keeps 127 inside a host, too.
		Drop(p, versioned(h, rfc.MartianDest, rfc.MartianDest6), "a loopback address", fx)
		return true
	}
	if l.Conduct.Strong {
		if n := l.NIC(p.NIC); n == nil || !n.Has(h.Dst) {
			Drop(p, rfc.StrongHost, "for an address of another interface", fx)
			return true
		}
	}
	if h.Proto == inet.TCP || !noHost(h.Src) {
		return false
	}
	Drop(p, versioned(h, rfc.NoHostSource, rfc.NoHostSource6),
		"a source address that is no host's", fx)
	return true
}

// noHost reports whether an address cannot be another host's: loopback, multicast, class E
// and the limited broadcast. An unspecified one may be that of a host that has none yet.
func noHost(a netip.Addr) bool {
	if a.Is4() {
		first := a.As4()[0]
		return first == 127 || first >= 224
	}
	return a.IsLoopback() || a.IsMulticast()
}

// redirect tells the sender of a packet that goes out where it came in that its first hop
// should be another: RFC 1812 §5.2.7.2, a redirect for the host, if "the packet is being
// forwarded out the same physical interface that it was received from" and "the IP source
// address in the packet is on the same Logical IP (sub)network as the next-hop IP address".
func (l *Layer) redirect(p *Packet, h *wire.IP, path Path, fx *Effects) {
	n := path.NIC
	if h.V6() || !n.Reaches(h.Src) || !n.Reaches(path.Hop) || forbidden(h) {
		return
	}
	if !l.errors.take(fx.Now) {
		event.Emit(fx.Because(p.By).OnHost(fx.Host), rfc.ICMPQuiet, event.ICMPSuppressed{Pkt: p.ID})
		return
	}
	m := wire.ICMP{Type: wire.ICMPRedirect, Code: wire.ICMPRedirectHost, Gateway: path.Hop,
		Data: wire.Quote(p.Octets)}
	l.sendICMP(n.four(), h.Src, m, rfc.RedirectSent, p.By, fx)
}

// maxRedirects is how many routes a host has before it takes none from redirects any more.
const maxRedirects = 64

// TakeRedirect changes the way to a host as its first hop advises. RFC 1122 §3.2.2.2: "A
// Redirect message SHOULD be silently discarded if the new gateway address it specifies is
// not on the same connected (sub-) net through which the Redirect arrived", or "if the
// source of the Redirect is not the current first-hop gateway for the specified
// destination". by is the event that it came.
func (l *Layer) TakeRedirect(from netip.Addr, m *wire.ICMP, by uint64, fx *Effects) {
	q, err := wire.ParseQuoted(m.Data)
	if err != nil || l.Forward || l.Conduct.Stubborn || !q.Dst.Addr.Is4() || !l.IsLocal(q.Src.Addr) {
		return
	}
	path, ok := l.Path(q.Dst.Addr)
	if !ok || path.Local || path.Hop != from || !path.NIC.Reaches(m.Gateway) ||
		m.Gateway == from || len(l.routes) >= maxRedirects {
		return
	}
	scope := fx.Because(by).OnHost(fx.Host)
	dst := netip.PrefixFrom(q.Dst.Addr, 32)
	for _, r := range l.routes {
		if r.Dst == dst && r.Via == from {
			l.RemoveRoute(dst)
			event.Emit(scope, rfc.RedirectTaken, event.RouteRemoved(r))
			break
		}
	}
	if r, ok := l.AddRoute(Route{Dst: dst, Via: m.Gateway}); ok {
		event.Emit(scope, rfc.RedirectTaken, event.RouteAdded(r))
	}
}
