package event_test

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
)

// lan tells of a switch with a host on it.
func (s *story) lan() {
	own, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	group := netip.MustParseAddr("239.1.1.1")
	ask := event.ARPMsg{Op: "request", SenderMAC: "02:00:00:00:00:01", Sender: own,
		TargetMAC: "00:00:00:00:00:00", Target: other}
	s.tell("S1", "",
		event.HostAdded{Name: "S1", Profile: "linux", Switch: true},
		event.NICAdded{NIC: "port1", MTU: 1500},
		event.NICAdded{NIC: "port2", MTU: 1500},
		event.MACLearned{MAC: "02:00:00:00:00:01", Port: "port1"},
		event.MACLearned{MAC: "02:00:00:00:00:01", Port: "port2", Old: "port1"},
		event.MACLearned{MAC: "02:00:00:00:00:02", Port: "port1"},
		event.MACForgotten{MAC: "02:00:00:00:00:01", Port: "port2"})
	s.tell("L", "",
		event.HostAdded{Name: "L", Profile: "linux"},
		event.NICAdded{NIC: "eth0", Addr: netip.PrefixFrom(own, 24),
			Addr6: netip.MustParsePrefix("fd00::1/64"), MTU: 1500},
		event.NICMAC{NIC: "eth0", MAC: "02:00:00:00:00:01"},
		event.NICAddress{NIC: "eth0", New: "tentative"})
	s.tell("L", "", event.DatagramSent{Sock: "s1", Dgram: event.Dgram{
		Src: endpoint("10.0.0.1:5000"), Dst: endpoint("239.1.1.1:5000"), Len: 1, Data: []byte("x")}})
	p := len(s.events)
	s.tell("L", "", event.PacketParked{Pkt: inet.PacketID(p), NIC: "eth0", Hop: other},
		event.NeighbourChanged{NIC: "eth0", Addr: other, New: "INCOMPLETE"})
	s.tell("L", "", event.ARPSent{NIC: "eth0", ARP: ask})
	s.tell("L", "", event.ARPReceived{Pkt: inet.PacketID(len(s.events)), NIC: "eth0", ARP: ask},
		event.NeighbourChanged{NIC: "eth0", Addr: other, MAC: "02:00:00:00:00:02",
			Old: "INCOMPLETE", New: "REACHABLE"},
		event.NeighbourChanged{NIC: "eth0", Addr: own, MAC: "02:00:00:00:00:02", New: "STALE"},
		event.NeighbourChanged{NIC: "eth0", Addr: own, MAC: "02:00:00:00:00:02", Old: "STALE"},
		event.NICAddress{NIC: "eth0", Old: "tentative"},
		event.GroupJoined{Sock: "s1", Group: group, NIC: "eth0"},
		event.GroupJoined{Sock: "s2", Group: group, NIC: "eth0"},
		event.GroupLeft{Sock: "s1", Group: group, NIC: "eth0"},
		event.DatagramCopied{Pkt: inet.PacketID(p), Sock: "s2"})
	advert := event.ICMPMsg{Src: netip.MustParseAddr("fd00::1"),
		Dst: netip.MustParseAddr("ff02::1"), Type: 136, Name: "neighbour advertisement",
		Target: netip.MustParseAddr("fd00::1"), MAC: "02:00:00:00:00:01", Flags: "O"}
	s.tell("L", "", event.ICMPSent{ICMP: advert})
	s.tell("L", "", event.ICMPReceived{Pkt: inet.PacketID(len(s.events)), ICMP: advert})
}
