package host

import (
	"net/netip"
	"strconv"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/lan"
	"labserver/stack/rfc"
	"labserver/stack/sock"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// NewSwitch makes a switch without ports.
func NewSwitch(id inet.HostID, name, profile string, seed uint64) *Host {
	h := New(id, name, profile, false, seed)
	h.Switch = &lan.Switch{}
	return h
}

// linkLayer does with an addressed frame what does not concern IP: it reports whether that
// was all.
func (h *Host) linkLayer(p *ip.Packet, fx *Effects) bool {
	switch {
	case h.Switch != nil:
		h.Switch.Relay(p, h.IP.NICs(), &fx.Effects)
	case !h.IP.Takes(p, &fx.Effects):
	case p.ARP && h.Bare:
		h.showARP(p, fx)
	case p.ARP:
		h.IP.ReceiveARP(p, &fx.Effects)
	default:
		return false
	}
	return true
}

// showARP shows an ARP packet at a bare host, which does not answer.
func (h *Host) showARP(p *ip.Packet, fx *Effects) {
	fx.Flights.Deliver(p)
	if shown, ok := ip.DescribeARP(p.Octets); ok {
		event.Emit(fx.Scope, rfc.Bare, event.ARPReceived{Pkt: p.ID, NIC: p.NIC, ARP: shown})
		return
	}
	event.Emit(fx.Scope, rfc.Bare, event.PacketTaken{Pkt: p.ID, Reason: "bad arp"})
}

// groupDatagram gives a datagram for many to each socket that takes it. Nobody is told if
// there is none: RFC 1122 §3.2.2 forbids an ICMP error about it.
func (h *Host) groupDatagram(p *ip.Packet, packet *wire.IP, u *wire.UDP, fx *Effects,
	sfx *sock.Effects) {
	got := h.UDP.ReceiveGroup(packet.Src, packet.Dst, p.NIC, p.ID, u, fx.Scope)
	if len(got) == 0 {
		rule := rfc.BroadcastNone
		if h.IP.Forward && packet.Dst == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
			rule = rfc.BroadcastLimited
		}
		ip.Drop(p, rule, "no socket takes it", &fx.Effects)
		return
	}
	fx.Flights.Deliver(p)
	for _, g := range got {
		sfx.By = g.By
		h.Socks.Wake(g.Socket.ID, sfx)
	}
}

// Plugged does what a host does when a cable with a live link is put in, or its link comes
// up; Unplugged when it goes.
func (h *Host) Plugged(nic *ip.NIC, fx *Effects) {
	fx.Scope = fx.OnHost(h.ID)
	if h.Switch == nil && !h.Bare {
		h.IP.Up(nic, &fx.Effects)
	}
}

// Unplugged forgets what was known by way of an interface.
func (h *Host) Unplugged(nic *ip.NIC, fx *Effects) {
	fx.Scope = fx.OnHost(h.ID)
	if h.Switch != nil {
		h.Switch.Unplug(nic.ID, &fx.Effects)
		return
	}
	h.IP.Vanish(nic, &fx.Effects)
}

// viewLAN fills in what only hosts on a LAN have.
func (h *Host) viewLAN(v *view.Host) {
	if h.Switch != nil {
		v.Switch, v.MACs = true, h.Switch.Table()
	}
	for _, n := range h.IP.Cache() {
		v.Neighbours = append(v.Neighbours, view.Neighbour(n))
	}
	v.Groups = h.Socks.Groups()
}

// The knobs of the link layer.
const (
	knobDiscover = "neigh_discovery"
	knobNotify   = "arp_notify"
	knobDAD      = "dad_transmits"
	knobDirected = "bc_forwarding"
	maxDAD       = 10 // of dad_transmits; more would only take longer
)

// lanKnob reads a knob of the link layer; false if it is none.
func (h *Host) lanKnob(name string) (string, bool) {
	k := &h.IP.Neighbours
	number := func(on bool) string {
		if on {
			return "1"
		}
		return "0"
	}
	switch name {
	case knobDiscover:
		return number(k.Discover), true
	case knobNotify:
		return number(k.Notify), true
	case knobDirected:
		return number(k.DirectedBroadcast), true
	case knobDAD:
		return strconv.FormatInt(k.DAD, 10), true
	}
	return "", false
}

// setLANKnob sets a knob of the link layer; false for a value it cannot have.
func (h *Host) setLANKnob(name, value string) bool {
	most := int64(1)
	if name == knobDAD {
		most = maxDAD
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 || n > most {
		return false
	}
	k := &h.IP.Neighbours
	switch name {
	case knobDiscover:
		k.Discover = n == 1
	case knobNotify:
		k.Notify = n == 1
	case knobDirected:
		k.DirectedBroadcast = n == 1
	case knobDAD:
		k.DAD = n
	}
	return true
}

// AfterKnob does what the change of a knob brings with it: a host that begins to ask shows
// by which addresses it is asked; one that stops forgets what it was told. fx.By is the
// cause.
func (h *Host) AfterKnob(name string, fx *Effects) {
	fx.Scope = fx.OnHost(h.ID)
	switch {
	case name != knobDiscover:
	case h.IP.Neighbours.Discover:
		for _, n := range h.IP.NICs() {
			n.ShowMAC(rfc.MACKnown, fx.Scope)
		}
	default:
		h.IP.Flush("", netip.Addr{}, &fx.Effects)
	}
}
