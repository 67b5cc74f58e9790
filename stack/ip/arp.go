package ip

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// The Address Resolution Protocol: RFC 826, with announcements as in RFC 5227 §3.

// askARP asks who has a neighbour's address.
func (l *Layer) askARP(n *neighbour, fx *Effects) {
	to, rule := wire.BroadcastMAC(), rfc.ARPAsk
	if n.state == probing {
		// RFC 1122 §2.3.2.1 (2): "actively poll the remote host by periodically sending a
		// point-to-point ARP Request to it".
		to, rule = n.mac, rfc.ARPPoll
	}
	n.by = l.sendARP(n.nic, to, wire.ARP{Op: wire.ARPRequest, SenderMAC: n.nic.MAC,
		SenderIP: n.nic.four(), TargetIP: n.addr}, rule, n.by, fx)
}

// announceARP tells everybody this interface's address: RFC 5227 §3, "an ARP Announcement
// is identical to the ARP Probe …, except that now the sender and target IP addresses are
// both set to the host's newly selected IPv4 address".
func (l *Layer) announceARP(nic *NIC, fx *Effects) {
	l.sendARP(nic, wire.BroadcastMAC(), wire.ARP{Op: wire.ARPRequest, SenderMAC: nic.MAC,
		SenderIP: nic.four(), TargetIP: nic.four()}, rfc.ARPAnnounce, fx.By, fx)
}

// sendARP sends an ARP packet and returns its event.
func (l *Layer) sendARP(nic *NIC, to wire.MAC, m wire.ARP, rule rfc.ID, by uint64,
	fx *Effects) uint64 {
	full := fx.Flights.Full()
	n := event.Emit(fx.Because(by).OnHost(fx.Host), rule,
		event.ARPSent{NIC: nic.ID, ARP: describeARP(&m)})
	p := &Packet{ID: inet.PacketID(n), By: n, Host: fx.Host, Octets: m.Append(nil), ARP: true,
		Label: "arp " + m.OpName(), Src: inet.Endpoint{Addr: m.SenderIP},
		Dst: inet.Endpoint{Addr: m.TargetIP}, Portless: true,
		SrcMAC: nic.MAC, DstMAC: to, Framed: true, Group: to.IsGroup()}
	fx.Flights.Launch(p)
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

// ReceiveARP takes an ARP packet off the wire: RFC 826, "packet reception". A host that
// knows its neighbours without asking keeps no table, but answers.
func (l *Layer) ReceiveARP(p *Packet, fx *Effects) {
	m, err := wire.ParseARP(p.Octets)
	nic := l.NIC(p.NIC)
	if err == nil && m.OpName() == "arp" {
		err = wire.BadVersion
	}
	if err != nil {
		Drop(p, rfc.ARPBad, err.Error(), fx)
		return
	}
	own := nic.four()
	rule := rfc.ARPTaken
	switch {
	case own.IsValid() && m.SenderIP == own && m.SenderMAC != nic.MAC:
		// RFC 5227 §2.4: "if a host receives an ARP packet … where the 'sender IP address' is
		// (one of) the host's own IP address(es) …, but the 'sender hardware address' does not
		// match …, then this is a conflicting ARP packet".
		rule = rfc.ARPConflict
	case m.TargetIP != own && l.neighbourOf(nic, m.SenderIP) == nil:
		rule = rfc.ARPOther
	}
	fx.Flights.Deliver(p)
	by := event.Emit(fx.Because(p.By).OnHost(fx.Host), rule,
		event.ARPReceived{Pkt: p.ID, NIC: nic.ID, ARP: describeARP(&m)})
	if l.Neighbours.Discover && rule != rfc.ARPConflict {
		l.mergeARP(&m, nic, by, fx)
	}
	if own.IsValid() && m.TargetIP == own && m.Op == wire.ARPRequest && m.SenderIP != own {
		l.sendARP(nic, m.SenderMAC, wire.ARP{Op: wire.ARPReply, SenderMAC: nic.MAC, SenderIP: own,
			TargetMAC: m.SenderMAC, TargetIP: m.SenderIP}, rfc.ARPAnswer, by, fx)
	}
	l.arm(fx)
}

// mergeARP is what RFC 826 does with the sender's pair of addresses: an entry there is
// updated, and "if [the target] is me", one is made.
func (l *Layer) mergeARP(m *wire.ARP, nic *NIC, by uint64, fx *Effects) {
	n := l.neighbourOf(nic, m.SenderIP)
	mine := m.TargetIP == nic.four()
	if n == nil {
		if !mine || !nic.Addr.Contains(m.SenderIP) || m.SenderIP == nic.four() {
			return
		}
		n = l.meet(nic, m.SenderIP, by, fx)
	}
	n.by = by
	switch {
	case mine && m.Op == wire.ARPReply:
		n.found(m.SenderMAC, rfc.ARPFound, fx)
	default:
		n.told(m.SenderMAC, rfc.ARPMerged, fx)
	}
}

// DescribeARP renders an ARP packet for an event, as far as it can be read; false if it
// cannot.
func DescribeARP(octets []byte) (event.ARPMsg, bool) {
	m, err := wire.ParseARP(octets)
	return describeARP(&m), err == nil
}

func describeARP(m *wire.ARP) event.ARPMsg {
	return event.ARPMsg{Op: m.OpName(), SenderMAC: m.SenderMAC.String(), Sender: m.SenderIP,
		TargetMAC: m.TargetMAC.String(), Target: m.TargetIP}
}

// Up does what a host does when an interface comes up. fx.By is the cause.
func (l *Layer) Up(nic *NIC, fx *Effects) {
	if l.Neighbours.DAD > 0 && nic.six().IsValid() {
		l.startDAD(nic, fx)
	}
	if l.Neighbours.Notify && nic.four().IsValid() {
		l.announceARP(nic, fx)
	}
	if l.Neighbours.Notify && nic.six().IsValid() && nic.State == "" {
		l.advertise(nic, wire.AllNodes(), wire.Discovery{Target: nic.six(), Flags: wire.NDOverride},
			rfc.NDAnnounce, fx.By, fx)
	}
	l.arm(fx)
}

// Vanish forgets what an interface knew: its cable is gone.
func (l *Layer) Vanish(nic *NIC, fx *Effects) {
	l.Flush(nic.ID, netip.Addr{}, fx)
	if nic.State != "" { // a new cable, a new check
		l.settleDAD(nic, "", rfc.NeighbourFlush, fx.By, fx)
	}
	l.arm(fx)
}
