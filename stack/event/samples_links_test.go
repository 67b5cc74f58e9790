package event_test

import (
	"labserver/stack/event"
	"labserver/stack/inet"
)

func given[T any](v T) *T { return &v }

// links tells of what links do beyond carrying packets: their disciplines, their two
// directions, their rules; and of a packet that waits, is marked and is edited.
func (s *story) links() {
	plain := event.LinkParams{Up: true, QueueOctets: 65536}
	all := event.LinkParams{Up: true, QueueOctets: 65536, QueuePackets: 40, JitterReorders: true,
		Queue: "red", QueueECN: true, CoDelTargetNS: 4_000_000, CoDelIntervalNS: 90_000_000,
		REDMin: 4, REDMax: 12, REDMaxPPPM: 20_000, REDWeight: 8, REDGentle: true,
		BToA: &event.LinkWay{DelayNS: given[int64](1), JitterNS: given[int64](2),
			JitterReorders: given(false), RateBPS: given[inet.BitRate](3), LossPPM: given[int64](4),
			DupPPM: given[int64](5), CorruptPPM: given[int64](6), ReorderPPM: given[int64](7),
			QueueOctets: given[inet.ByteCount](8), QueuePackets: given[int64](9),
			Queue: given("codel"), QueueECN: given(false), CoDelTargetNS: given[int64](10),
			CoDelIntervalNS: given[int64](11), REDMin: given[int64](12), REDMax: given[int64](13),
			REDMaxPPPM: given[int64](14), REDWeight: given[int64](15), REDGentle: given(true)}}
	rule := event.LinkRule{Dir: "a_to_b", Proto: "tcp", Flags: "PA", Without: "S", Segment: "data",
		SrcPort: 3001, DstPort: 80, MinOctets: 100, MaxOctets: 1500, FromNS: 5, ToNS: 6, Nth: 3,
		Every: 2, First: 9, PPM: 1000, Action: "corrupt", ByNS: 7, JitterNS: 8, Bit: given(0),
		Behind: 2, ECN: "ce"}
	why := &event.QueueCause{SojournNS: 7_000_000, Count: 2, AvgMilli: 7500, ChancePPM: 25_000}
	late := event.QueueVars{Phase: "dropping", Count: 2, Next: 200_000_000}
	a, b := event.LinkEnd{Host: "A", NIC: "eth0"}, event.LinkEnd{Host: "B", NIC: "eth0"}
	gram := event.Dgram{Src: endpoint("77.77.77.77:9"), Dst: endpoint("50.50.50.50:9"), Len: 5}
	s.tell("", "",
		event.LinkAdded{Link: "l3", A: a, B: b, Params: all},
		event.LinkChanged{Link: "l3", Old: all, New: plain},
		event.LinkChanged{Link: "l3", Old: plain, New: all},
		event.LinkRules{Link: "l3", Old: []event.LinkRule{rule}, New: []event.LinkRule{}},
		event.LinkRules{Link: "l3", Old: []event.LinkRule{},
			New: []event.LinkRule{rule, {Action: "pass"}}})
	s.tell("B", "", event.DatagramSent{Sock: "s2", Dgram: gram})
	pkt := inet.PacketID(len(s.events))
	s.tell("B", "",
		event.PacketQueued{Pkt: pkt, Link: "l3", From: "B", Octets: 140},
		event.PacketDuplicated{Pkt: pkt},
		event.QueueChanged{Link: "l3", From: "B", New: late},
		event.PacketDropped{Pkt: pkt, Link: "l3", Reason: "waited too long",
			Queue: why})
	pkt += 2
	s.tell("B", "",
		event.PacketMarked{Pkt: pkt, ECN: "ce",
			Queue: why},
		event.PacketEdited{Pkt: pkt, Field: "ttl", Old: "64", New: "1"},
		event.PacketEdited{Pkt: pkt, Field: "flags", Old: "A", New: "R"},
		event.PacketDeparted{Pkt: pkt, Link: "l3", From: "B", To: "A", Arrive: 900_000_000, Octets: 126},
		event.LinkMatched{Link: "l3", Pkt: pkt, No: 1, Action: "corrupt", Acts: true, Matched: 3,
			Acted: 1},
		event.QueueChanged{Link: "l3", From: "B", Old: late, New: event.QueueVars{Phase: "above"}},
		event.DatagramSent{Sock: "s2", Dgram: gram})
	s.tell("B", "",
		event.PacketQueued{Pkt: inet.PacketID(len(s.events)), Link: "l3", From: "B", Octets: 70})
}
