package ip

import (
	"net/netip"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// Neighbour discovery for IPv6: RFC 4861 §7.2, and duplicate address detection, RFC 4862
// §5.4. Interfaces have no link-local addresses here, so its messages come from the one
// IPv6 address that an interface has.

// The states of an interface's IPv6 address while it cannot be used (RFC 4862 §2).
const (
	Tentative = "tentative" // being checked
	Duplicate = "duplicate" // somebody else has it
)

// dadInterval is RETRANS_TIMER between the questions, and after the last (RFC 4862 §5.4).
const dadInterval = time.Second

// check is a duplicate address detection under way.
type check struct {
	asked int64
	due   sim.Time
	by    uint64
}

// solicit asks for a neighbour's link-layer address, by its solicited-node group or, if it
// was known, directly (RFC 4861 §7.2.2, §7.3.3).
func (l *Layer) solicit(n *neighbour, fx *Effects) {
	dst, rule := wire.SolicitedNode(n.addr), rfc.NDAsk
	if n.state == probing {
		dst, rule = n.addr, rfc.NDProbe
	}
	d := wire.Discovery{Target: n.addr, MAC: n.nic.MAC, HasMAC: true}
	n.by = l.sendDiscovery(n.nic, n.nic.six(), dst, n.mac, d.Message(wire.ICMPv6Solicitation),
		rule, n.by, fx)
}

// advertise tells an address's link-layer address (RFC 4861 §7.2.4, §7.2.6).
func (l *Layer) advertise(nic *NIC, dst netip.Addr, d wire.Discovery, rule rfc.ID, by uint64,
	fx *Effects) {
	d.MAC, d.HasMAC = nic.MAC, true
	if l.Forward {
		d.Flags |= wire.NDRouter
	}
	m := d.Message(wire.ICMPv6Advertisement)
	if dst.IsMulticast() {
		l.sendDiscovery(nic, nic.six(), dst, wire.MAC{}, m, rule, by, fx)
		return
	}
	p := l.discovery(nic.six(), dst, m, rule, by, fx)
	l.frame(p, nic, dst, fx) // which may have to ask for dst first
}

// sendDiscovery sends a message that waits for no neighbour: to a group, or to a MAC.
func (l *Layer) sendDiscovery(nic *NIC, src, dst netip.Addr, mac wire.MAC, m wire.ICMPv6,
	rule rfc.ID, by uint64, fx *Effects) uint64 {
	full := fx.Flights.Full()
	p := l.discovery(src, dst, m, rule, by, fx)
	p.SrcMAC, p.DstMAC, p.Framed = nic.MAC, mac, true
	if dst.IsMulticast() {
		p.DstMAC, p.Group = wire.GroupMAC(dst), true
	}
	n := p.By
	switch {
	case full:
		Drop(p, rfc.PacketLimit, "too many packets", fx)
	case nic.Link == "":
		Drop(p, rfc.NoLink, "no cable in "+string(nic.ID), fx)
	default:
		fx.Transmit = append(fx.Transmit, Transmit{nic, p})
	}
	return n
}

// discovery makes a message's packet, which is under way then.
func (l *Layer) discovery(src, dst netip.Addr, m wire.ICMPv6, rule rfc.ID, by uint64,
	fx *Effects) *Packet {
	h := l.Header(src, dst, inet.ICMPv6)
	h.TTL = wire.DiscoveryHops
	payload := m.Append(nil, src, dst)
	shown := Describe6(src, dst, m)
	n := event.Emit(fx.Because(by).OnHost(fx.Host), rule, event.ICMPSent{ICMP: shown})
	p := &Packet{ID: inet.PacketID(n), By: n, Host: fx.Host, Proto: inet.ICMPv6, Label: shown.Name,
		Octets: append(h.AppendHeader(nil, len(payload)), payload...),
		Src:    inet.Endpoint{Addr: src}, Dst: inet.Endpoint{Addr: dst}}
	fx.Flights.Launch(p)
	return p
}

// BadDiscovery says what makes a message of neighbour discovery invalid, "" if nothing:
// RFC 4861 §7.1.1 and §7.1.2.
func BadDiscovery(h *wire.IP, m *wire.ICMPv6) string {
	d, err := m.Discovery()
	switch {
	case h.TTL != wire.DiscoveryHops:
		return "hop limit is not 255"
	case m.Code != 0:
		return "code is not 0"
	case err != nil:
		return err.Error()
	case h.Src.IsUnspecified() && (d.HasMAC || m.Type == wire.ICMPv6Advertisement):
		return "an unspecified source"
	case m.Type == wire.ICMPv6Advertisement && h.Dst.IsMulticast() && d.Flags&wire.NDSolicited != 0:
		return "solicited, and yet for all"
	}
	return ""
}

// ReceiveDiscovery takes a valid message of neighbour discovery, which event by told of.
func (l *Layer) ReceiveDiscovery(nic inet.NICID, h *wire.IP, m *wire.ICMPv6, by uint64,
	fx *Effects) {
	n := l.NIC(nic)
	d, err := m.Discovery()
	if n == nil || err != nil {
		return // it came from the host itself
	}
	switch {
	case n.State == Tentative && d.Target == n.six():
		// RFC 4862 §5.4.3, §5.4.4: a solicitation from the unspecified address, or any
		// advertisement of it, says that somebody else has or wants the address.
		if m.Type == wire.ICMPv6Advertisement || h.Src.IsUnspecified() {
			l.settleDAD(n, Duplicate, rfc.DADFound, by, fx)
		}
	case m.Type == wire.ICMPv6Solicitation:
		l.solicited(n, h.Src, &d, by, fx)
	case l.Neighbours.Discover:
		l.advertised(n, &d, by, fx)
	}
	l.arm(fx)
}

// solicited answers for an address of the interface (RFC 4861 §7.2.3, §7.2.4).
func (l *Layer) solicited(nic *NIC, src netip.Addr, d *wire.Discovery, by uint64, fx *Effects) {
	if d.Target != nic.six() || nic.State != "" {
		return
	}
	if src.IsUnspecified() {
		// "If the source of the solicitation is the unspecified address, the node MUST set the
		// Solicited flag to zero and multicast the advertisement to the all-nodes address."
		l.advertise(nic, wire.AllNodes(), wire.Discovery{Target: d.Target, Flags: wire.NDOverride},
			rfc.NDAnswer, by, fx)
		return
	}
	if d.HasMAC && l.Neighbours.Discover {
		n := l.neighbourOf(nic, src)
		if n == nil {
			n = l.meet(nic, src, by, fx)
		}
		n.by = by
		n.told(d.MAC, rfc.NDSolicited, fx)
	}
	l.advertise(nic, src, wire.Discovery{Target: d.Target,
		Flags: wire.NDSolicited | wire.NDOverride}, rfc.NDAnswer, by, fx)
}

// advertised is RFC 4861 §7.2.5. "If no entry exists, the advertisement SHOULD be silently
// discarded."
func (l *Layer) advertised(nic *NIC, d *wire.Discovery, by uint64, fx *Effects) {
	n := l.neighbourOf(nic, d.Target)
	if n == nil || n.state == failed {
		return
	}
	solicited, override := d.Flags&wire.NDSolicited != 0, d.Flags&wire.NDOverride != 0
	other := d.HasMAC && (!n.known || d.MAC != n.mac)
	n.by = by
	switch {
	case n.state == incomplete && !d.HasMAC:
	case n.state == incomplete && solicited:
		n.found(d.MAC, rfc.NDConfirmed, fx)
	case n.state == incomplete:
		n.told(d.MAC, rfc.NDConfirmed, fx)
	case !override && other:
		if n.state == reachable {
			n.become(stale, rfc.NDConfirmed, unusedTime, fx)
		}
	case solicited && d.HasMAC:
		n.found(d.MAC, rfc.NDConfirmed, fx)
	case solicited:
		n.found(n.mac, rfc.NDConfirmed, fx)
	case other:
		n.told(d.MAC, rfc.NDConfirmed, fx)
	}
}

// startDAD begins to check the interface's address: RFC 4862 §5.4, "Duplicate Address
// Detection MUST be performed on all unicast addresses prior to assigning them".
func (l *Layer) startDAD(nic *NIC, fx *Effects) {
	nic.dad = check{by: fx.By}
	l.settleDAD(nic, Tentative, rfc.DADStart, fx.By, fx)
	l.askDAD(nic, fx)
}

// askDAD asks once more whether somebody has the address, or ends the check.
func (l *Layer) askDAD(nic *NIC, fx *Effects) {
	if nic.dad.asked >= l.Neighbours.DAD {
		l.settleDAD(nic, "", rfc.DADDone, nic.dad.by, fx)
		return
	}
	nic.dad.asked++
	nic.dad.due = fx.Now.Add(dadInterval)
	d := wire.Discovery{Target: nic.six()}
	nic.dad.by = l.sendDiscovery(nic, netip.IPv6Unspecified(), wire.SolicitedNode(d.Target),
		wire.MAC{}, d.Message(wire.ICMPv6Solicitation), rfc.DADStart, nic.dad.by, fx)
}

// settleDAD gives the interface's address its state.
func (l *Layer) settleDAD(nic *NIC, state string, rule rfc.ID, by uint64, fx *Effects) {
	old := nic.State
	nic.State = state
	nic.dad.by = event.Emit(fx.Because(by).OnHost(fx.Host), rule,
		event.NICAddress{NIC: nic.ID, Old: old, New: state})
}

// aboutNeighbour shows what a message of neighbour discovery says.
func aboutNeighbour(d *event.ICMPMsg, m *wire.ICMPv6) {
	said, err := m.Discovery()
	if err != nil {
		return
	}
	d.Target, d.Flags = said.Target, said.FlagNames()
	if said.HasMAC {
		d.MAC = said.MAC.String()
	}
}
