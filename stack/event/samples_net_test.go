package event_test

import (
	"labserver/stack/event"
	"labserver/stack/inet"
)

// probes are ping and traceroute.
func (s *story) probes() {
	a, b := endpoint("77.77.77.77:3001").Addr, endpoint("50.50.50.50:8081").Addr
	s.tell("A", "",
		event.CallBlocked{Call: "k90", Op: "ping", FD: -1},
		event.PingStarted{Call: "k90", Src: a, Dst: b, Name: "B", Octets: 56, Count: 4, ID: 7},
		event.PingAnswered{Call: "k90", Pkt: 12, Seq: 1, From: b, TTL: 63, Octets: 64, RTTNS: 20_000_001,
			Again: true, Late: true},
		event.PingRefused{Call: "k90", Pkt: 13, Seq: 2, From: b, Reason: "fragmentation needed", MTU: 1400},
		event.PingMissed{Call: "k90", Seq: 3},
		event.PingEnded{Call: "k90", Dst: b, Sent: 4, Received: 1, Again: 1, Refused: 1, Lost: 3,
			MinNS: 1, AvgNS: 2, MaxNS: 3},
		event.CallReturned{Call: "k90", Op: "ping", FD: -1, Value: 1},
		event.TraceStarted{Call: "k91", Src: a, Dst: b, Name: "B", Proto: "udp", MaxHops: 30, Probes: 3},
		event.TraceAnswered{Call: "k91", Pkt: 14, Hop: 1, Probe: 2, From: b, RTTNS: 10_000_000,
			Reason: "time exceeded"},
		event.TraceMissed{Call: "k91", Hop: 1, Probe: 3},
		event.TraceEnded{Call: "k91", Dst: b, Hops: 2, Reached: true})
}

// translation is a router that translates, and what it keeps of that.
func (s *story) translation() {
	in, out, peer := endpoint("10.0.0.2:3001"), endpoint("77.77.77.77:61000"), endpoint("50.50.50.50:80")
	params := event.NATParams{Kind: "masquerade", Mapping: "address-dependent",
		Filtering: "address-and-port-dependent", PortLow: 1024, PortHigh: 65535, Hairpin: true,
		InboundRefresh: true, UDPNS: 300, EstablishedNS: 7440, TransitoryNS: 240, ICMPNS: 60}
	off := event.NATParams{Kind: "off"}
	s.tell("A", "", event.NATSet{NIC: "eth0", Old: off, New: params},
		event.NATSet{NIC: "eth0", Old: params, New: params},
		event.NATMapped{NIC: "eth0", Proto: "tcp", Inside: in, Outside: out, Remote: peer,
			State: "transitory"},
		event.NATMapped{NIC: "eth0", Proto: "udp", Inside: in, Outside: out, Static: true},
		event.NATMapped{NIC: "eth0", Proto: "icmp", Inside: in, Outside: out},
		event.NATChanged{NIC: "eth0", Proto: "tcp", Inside: in, Outside: out, Remote: peer,
			Old: "transitory", New: "established"},
		event.NATExpired{NIC: "eth0", Proto: "udp", Inside: in, Outside: out, Static: true},
		event.NATExpired{NIC: "eth0", Proto: "icmp", Inside: in, Outside: out, Remote: inet.Endpoint{}},
		event.NATSet{NIC: "eth1", Old: off, New: params},
		event.NATMapped{NIC: "eth1", Proto: "udp", Inside: in, Outside: out, Remote: peer},
		event.NATExpired{NIC: "eth1", Proto: "udp", Inside: in, Outside: out, Remote: peer},
		event.NATSet{NIC: "eth1", Old: params, New: off},
		event.DatagramSent{Dgram: event.Dgram{Src: in, Dst: peer, Len: 1, Data: []byte("x")}})
	pkt := inet.PacketID(len(s.events))
	s.tell("A", "", event.PacketTranslated{Pkt: pkt, NIC: "eth0", Side: "out", OldSrc: "10.0.0.2:3001",
		OldDst: "50.50.50.50:80", Src: "77.77.77.77:61000", Dst: "50.50.50.50:80", OldID: 1, NewID: 2})
}
