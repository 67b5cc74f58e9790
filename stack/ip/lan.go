package ip

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// The way of a packet into a frame: which link-layer address it goes to.

// LAN is what the interfaces on the same switches have in common: who is where, for hosts
// that do not ask. The world makes it anew when cables change.
type LAN struct{ Neighbours []Known }

// Known is an address on a LAN and the interface that has it.
type Known struct {
	Addr netip.Addr
	MAC  wire.MAC
}

// frame addresses a packet's frame to the next hop, a neighbour on the interface's network,
// and sends it; or has it wait until the neighbour's address is known. On a point-to-point
// link there is nobody else to be meant, unless the host asks there too.
func (l *Layer) frame(p *Packet, nic *NIC, hop netip.Addr, fx *Effects) {
	if nic.Link == "" {
		Drop(p, rfc.NoLink, "no cable in "+string(nic.ID), fx)
		return
	}
	p.SrcMAC, p.DstMAC, p.Framed = nic.MAC, nic.Peer, false
	if nic.LAN == nil && !l.Neighbours.Discover {
		if p.Group {
			p.DstMAC, _ = nic.groupMAC(hop)
		}
		fx.Transmit = append(fx.Transmit, Transmit{nic, p})
		return
	}
	p.Framed = true
	mac, group := nic.groupMAC(hop)
	switch {
	case group:
		p.DstMAC = mac
	case l.Neighbours.Discover:
		l.resolve(p, nic, hop, fx)
		return
	default:
		known, ok := nic.LAN.find(hop)
		if !ok {
			by := Drop(p, rfc.StaticHop, "nobody on this LAN has "+hop.String(), fx)
			l.Refuse(p, Refusal{Kind: Unresolved}, rfc.StaticHop, by, fx)
			return
		}
		p.DstMAC = known
	}
	fx.Transmit = append(fx.Transmit, Transmit{nic, p})
}

func (l *LAN) find(addr netip.Addr) (wire.MAC, bool) {
	for _, n := range l.Neighbours {
		if n.Addr == addr {
			return n.MAC, true
		}
	}
	return wire.MAC{}, false
}

// Takes reports whether an interface takes a frame off the wire: one for itself, for a
// group, or on a link where frames are not addressed. It drops what it does not take. So
// does it drop what is larger than its MTU, on a LAN, where another MTU may hold elsewhere.
func (l *Layer) Takes(p *Packet, fx *Effects) bool {
	nic := l.NIC(p.NIC)
	switch {
	case nic == nil:
		Drop(p, rfc.OtherMAC, "no such interface", fx)
	case p.DstMAC != nic.MAC && !p.DstMAC.IsGroup():
		Drop(p, rfc.OtherMAC, "for another interface, "+p.DstMAC.String(), fx)
	case nic.LAN != nil && len(p.Octets) > nic.MTU:
		Drop(p, rfc.LANMTU, "larger than the MTU of "+string(nic.ID), fx)
	default:
		return true
	}
	return false
}

// ShowMAC tells an interface's link-layer address, once.
func (n *NIC) ShowMAC(rule rfc.ID, fx event.Scope) {
	if !n.shown {
		n.shown = true
		event.Emit(fx, rule, event.NICMAC{NIC: n.ID, MAC: n.MAC.String()})
	}
}

// Shown returns what ShowMAC told, "" before.
func (n *NIC) Shown() string {
	if !n.shown {
		return ""
	}
	return n.MAC.String()
}

// four and six return the interface's address of a version; invalid if it has none.
func (n *NIC) four() netip.Addr {
	if n.Addr.Addr().Is4() {
		return n.Addr.Addr()
	}
	return netip.Addr{}
}

func (n *NIC) six() netip.Addr {
	if n.Addr6.IsValid() {
		return n.Addr6.Addr()
	}
	if n.Addr.Addr().Is6() {
		return n.Addr.Addr()
	}
	return netip.Addr{}
}

// own returns the interface's address of the version of another.
func (n *NIC) own(of netip.Addr) netip.Addr {
	if of.Is4() {
		return n.four()
	}
	return n.six()
}

// firstNIC returns the first interface with a cable and an address of a version.
func (l *Layer) firstNIC(of netip.Addr) *NIC {
	for _, n := range l.nics {
		if n.Link != "" && n.own(of).IsValid() {
			return n
		}
	}
	return nil
}

// nicWith returns the interface that has an address.
func (l *Layer) nicWith(addr netip.Addr) *NIC {
	for _, n := range l.nics {
		if addr.IsValid() && n.Has(addr) {
			return n
		}
	}
	return nil
}

// NICNamed returns the interface that a program means: by its name or by its address.
func (l *Layer) NICNamed(name string) *NIC {
	if n := l.NIC(inet.NICID(name)); n != nil {
		return n
	}
	addr, err := netip.ParseAddr(name)
	if err != nil {
		return nil
	}
	return l.nicWith(addr)
}
