package ip

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// Packets for many hosts: broadcast (RFC 919, RFC 922, RFC 1122 §3.3.6) and multicast
// (RFC 1112, RFC 4291 §2.7).

// membership is a group that the host takes from an interface, and for how many sockets.
type membership struct {
	group   netip.Addr
	nic     inet.NICID
	sockets int
}

// IsGroup reports whether an address is for many hosts: multicast, or a broadcast address
// as Broadcast knows it.
func (l *Layer) IsGroup(addr netip.Addr) bool { return addr.IsMulticast() || l.Broadcast(addr) }

// Join takes what is sent to a group from an interface on, for one more socket.
func (l *Layer) Join(group netip.Addr, nic inet.NICID) {
	for i := range l.groups {
		if m := &l.groups[i]; m.group == group && m.nic == nic {
			m.sockets++
			return
		}
	}
	l.groups = append(l.groups, membership{group, nic, 1})
}

// Leave takes a Join back.
func (l *Layer) Leave(group netip.Addr, nic inet.NICID) {
	for i := range l.groups {
		m := &l.groups[i]
		if m.group != group || m.nic != nic {
			continue
		}
		if m.sockets--; m.sockets == 0 {
			l.groups = append(l.groups[:i:i], l.groups[i+1:]...)
		}
		return
	}
	panic("BUG: leaving a group that nobody joined")
}

// limited is 255.255.255.255: "it must be used only as a destination address", on the
// connected network only (RFC 1122 §3.2.1.3 (c)).
func limited(addr netip.Addr) bool { return addr == broadcast() }

// directed reports whether addr is the broadcast address of the interface's network.
func (n *NIC) directed(addr netip.Addr) bool {
	return n.four().IsValid() && n.Addr.Bits() < 31 && addr.Is4() && n.Addr.Contains(addr) &&
		addr == LastAddr(n.Addr)
}

// groupMAC returns where frames for a group go on this interface; false if addr is no
// group here.
func (n *NIC) groupMAC(addr netip.Addr) (wire.MAC, bool) {
	switch {
	case addr.IsMulticast():
		return wire.GroupMAC(addr), true
	case limited(addr), n.directed(addr):
		return wire.BroadcastMAC(), true
	}
	return wire.MAC{}, false
}

// hears reports whether the host takes what comes in by an interface for a group: all
// broadcasts there; the groups every host is in (RFC 1112 §4, RFC 4291 §2.8), those that
// ask for its addresses, and those that a socket has joined.
func (l *Layer) hears(group netip.Addr, n *NIC) bool {
	if limited(group) || n.directed(group) {
		return n.four().IsValid()
	}
	if own := n.own(group); own.IsValid() && (group == wire.AllHosts() ||
		group == wire.AllNodes() || own.Is6() && group == wire.SolicitedNode(own)) {
		return true
	}
	for _, m := range l.groups {
		if m.group == group && m.nic == n.ID {
			return true
		}
	}
	return false
}

// GroupPath is how packets for a group leave: by the interface with the address src if that
// is one of the host's, else by the one that a program chose, else as the routes say
// (RFC 1112 §6.1), else by the first that has an address of the version and a cable.
func (l *Layer) GroupPath(src netip.Addr, chosen inet.NICID, dst netip.Addr) (Path, bool) {
	n := l.nicWith(src)
	if n == nil && chosen != "" && dst.IsMulticast() {
		n = l.NIC(chosen)
	}
	if n == nil {
		if p, ok := l.Path(dst); ok && p.NIC != nil {
			n = p.NIC
		}
	}
	if n == nil {
		n = l.firstNIC(dst)
	}
	if n == nil || !n.own(dst).IsValid() || n.State != "" && dst.Is6() {
		return Path{}, false
	}
	return Path{NIC: n, Src: n.own(dst), MTU: n.MTU, Hop: dst}, true
}

// Way is Path, or GroupPath for a group.
func (l *Layer) Way(src, dst netip.Addr) (Path, bool) {
	if l.IsGroup(dst) {
		return l.GroupPath(src, "", dst)
	}
	return l.Path(dst)
}

// sendGroup puts a new packet for a group on its way; it is under way already. If a socket
// here is to get it too, a copy stays (RFC 1112 §7.3; Linux does so for broadcasts).
func (l *Layer) sendGroup(p *Packet, fx *Effects) {
	p.Group = true
	path, ok := l.GroupPath(p.Src.Addr, "", p.Dst.Addr)
	if !ok {
		Drop(p, rfc.GroupNIC, "no interface for it", fx)
		return
	}
	if p.Loop && !fx.Flights.Full() && (!p.Dst.Addr.IsMulticast() || l.hears(p.Dst.Addr, path.NIC)) {
		l.loop(p, path.NIC, fx)
	}
	switch {
	case p.Dst.Addr.IsMulticast() && hops(p.Octets) == 0:
		Drop(p, rfc.GroupStays, "TTL 0 stays on its host", fx)
	case p.MayCut && len(p.Octets) > path.MTU:
		for _, q := range l.split(p, path.MTU, fx) {
			l.frame(q, path.NIC, path.Hop, fx)
		}
	default:
		l.frame(p, path.NIC, path.Hop, fx)
	}
}

// hops returns the TTL or hop limit of a packet.
func hops(octets []byte) uint8 {
	if octets[0]>>4 == 6 {
		return octets[7]
	}
	return octets[8]
}

// loop gives the host a copy of what it sends to a group, as if it came in by nic.
func (l *Layer) loop(p *Packet, nic *NIC, fx *Effects) {
	rule := rfc.GroupLoop
	if !p.Dst.Addr.IsMulticast() {
		rule = rfc.BroadcastLoop
	}
	n := event.Emit(fx.Because(p.By).OnHost(fx.Host), rule, event.PacketDuplicated{Pkt: p.ID})
	twin := p.Copy(inet.PacketID(n))
	twin.NIC, twin.Loop = nic.ID, false
	fx.Flights.Launch(twin)
	fx.Local = append(fx.Local, twin)
}

// receiveGroup takes a packet for a group: true if it is for this host, else it was
// forwarded or dropped, with no ICMP message in any case (RFC 1122 §3.2.2).
func (l *Layer) receiveGroup(p *Packet, h *wire.IP, fx *Effects) bool {
	nic := l.NIC(p.NIC)
	multicast := h.Dst.IsMulticast()
	switch {
	case nic != nil && l.hears(h.Dst, nic):
		return l.forMany(p, h, fx)
	case multicast && l.Forward:
		Drop(p, rfc.GroupRouter, "multicast is not forwarded", fx)
	case multicast:
		Drop(p, versioned(h, rfc.GroupOther, rfc.GroupOther6), "a group nobody here has joined", fx)
	case l.Forward && l.Neighbours.DirectedBroadcast && !limited(h.Dst):
		p.Group = true
		l.forward(p, h, fx)
	case l.Forward:
		Drop(p, rfc.BroadcastDirected, "a broadcast to another network", fx)
	default:
		Drop(p, rfc.NotForUs, "not for this host", fx)
	}
	return false
}

// forMany lets through what may be for many: "TCP MUST silently discard" such segments
// (MUST-57), and other protocols of one host each have no use for them.
func (l *Layer) forMany(p *Packet, h *wire.IP, fx *Effects) bool {
	p.Group = true
	switch {
	case l.troubled(p, h, fx):
		return false
	case h.Proto == inet.UDP, h.Proto == inet.ICMP, h.Proto == inet.ICMPv6, h.Fragment():
		return true
	}
	Drop(p, rfc.GroupTCP, "not for many hosts at once", fx)
	return false
}
