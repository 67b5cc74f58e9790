package rfc

// Rules of local networks: switches, neighbours, broadcast and multicast.
const (
	SwitchLearn   ID = "policy:switch-learn"
	SwitchMoved   ID = "policy:switch-moved"
	SwitchAge     ID = "policy:switch-age"
	SwitchPort    ID = "policy:switch-port"
	SwitchLimit   ID = "policy:switch-limit"
	SwitchForward ID = "policy:switch-forward"
	SwitchFlood   ID = "policy:switch-flood"
	SwitchGroup   ID = "policy:switch-group"
	SwitchFilter  ID = "policy:switch-filter"
	SwitchAlone   ID = "policy:switch-alone"
	LANMTU        ID = "policy:lan-mtu"
	OtherMAC      ID = "policy:other-mac"
	StaticHop     ID = "policy:static-neighbours"
	MACKnown      ID = "policy:mac-shown"

	ARPAsk         ID = "rfc826:generation"
	ARPAnswer      ID = "rfc826:reply"
	ARPTaken       ID = "rfc826:reception"
	ARPMerged      ID = "rfc826:reception-table"
	ARPFound       ID = "rfc826:reception-merge"
	ARPBad         ID = "rfc826:format"
	ARPOther       ID = "rfc826:target"
	ARPAnnounce    ID = "rfc5227:3"
	ARPConflict    ID = "rfc5227:2.4"
	ARPTimeout     ID = "rfc1122:2.3.2.1"
	ARPPoll        ID = "rfc1122:2.3.2.1-poll"
	ARPQueue       ID = "rfc1122:2.3.2.2"
	ARPQueueFull   ID = "policy:neighbour-queue"
	ARPFailed      ID = "rfc1812:5.2.7.1-silent"
	NeighbourGone  ID = "policy:neighbour-unused"
	NeighbourFlush ID = "policy:neighbour-flush"
	NeighbourLimit ID = "policy:neighbour-limit"

	NDAsk       ID = "rfc4861:7.2.2"
	NDAnswer    ID = "rfc4861:7.2.4"
	NDSolicited ID = "rfc4861:7.2.3"
	NDConfirmed ID = "rfc4861:7.2.5"
	NDAnnounce  ID = "rfc4861:7.2.6"
	NDState     ID = "rfc4861:7.3.2"
	NDProbe     ID = "rfc4861:7.3.3"
	NDInvalid   ID = "rfc4861:7.1"
	NDQueue     ID = "rfc4861:7.2.2-queue"
	NDFailed    ID = "rfc4861:7.2.2-failed"
	DADStart    ID = "rfc4862:5.4.2"
	DADDone     ID = "rfc4862:5.4"
	DADFound    ID = "rfc4862:5.4.5"

	BroadcastNone     ID = "rfc1122:3.3.6"
	BroadcastLoop     ID = "policy:broadcast-loop"
	BroadcastEcho     ID = "rfc1122:3.2.2.6-broadcast"
	BroadcastLimited  ID = "rfc1812:5.3.5.1"
	BroadcastDirected ID = "rfc2644:2"
	GroupCopies       ID = "policy:every-socket"
	GroupJoin         ID = "rfc1112:7.1"
	GroupLeave        ID = "rfc1112:7.1-leave"
	GroupTwice        ID = "policy:group-twice"
	GroupLimit        ID = "policy:group-limit"
	GroupUnknown      ID = "policy:group-unknown"
	GroupBad          ID = "policy:group-address"
	GroupNIC          ID = "policy:group-interface"
	GroupLoop         ID = "rfc1112:7.3"
	GroupStays        ID = "rfc1112:6.1"
	GroupOther        ID = "rfc1112:7.2"
	GroupOther6       ID = "rfc4291:2.7"
	GroupRouter       ID = "policy:no-multicast-routing"
	GroupTCP          ID = "policy:group-protocol"
)

// lan returns the rows of those rules.
func lan() []Rule {
	rules := lanPolicies()
	return append(rules, []Rule{
		{ID: ARPAsk, Level: Says, RFC: 826, Section: "generation"},
		{ID: ARPAnswer, Level: Says, RFC: 826, Section: "reply"},
		{ID: ARPTaken, Level: Says, RFC: 826, Section: "reception"},
		{ID: ARPMerged, Level: Says, RFC: 826, Section: "reception"},
		{ID: ARPFound, Level: Says, RFC: 826, Section: "reception"},
		{ID: ARPBad, Level: Says, RFC: 826, Section: "format"},
		{ID: ARPOther, Level: Says, RFC: 826, Section: "target"},
		{ID: ARPAnnounce, Level: Says, RFC: 5227, Section: "3"},
		{ID: ARPConflict, Level: Says, RFC: 5227, Section: "2.4"},
		{ID: ARPTimeout, Level: Must, RFC: 1122, Section: "2.3.2.1"},
		{ID: ARPPoll, Level: Says, RFC: 1122, Section: "2.3.2.1"},
		{ID: ARPQueue, Level: Should, RFC: 1122, Section: "2.3.2.2"},
		{ID: ARPFailed, Level: Must, RFC: 1812, Section: "5.2.7.1"},
		{ID: NDAsk, Level: Must, RFC: 4861, Section: "7.2.2"},
		{ID: NDAnswer, Level: Must, RFC: 4861, Section: "7.2.4"},
		{ID: NDSolicited, Level: Should, RFC: 4861, Section: "7.2.3"},
		{ID: NDConfirmed, Level: Must, RFC: 4861, Section: "7.2.5"},
		{ID: NDAnnounce, Level: May, RFC: 4861, Section: "7.2.6"},
		{ID: NDState, Level: Says, RFC: 4861, Section: "7.3.2"},
		{ID: NDProbe, Level: Must, RFC: 4861, Section: "7.3.3"},
		{ID: NDInvalid, Level: Must, RFC: 4861, Section: "7.1"},
		{ID: NDQueue, Level: Must, RFC: 4861, Section: "7.2.2"},
		{ID: NDFailed, Level: Must, RFC: 4861, Section: "7.2.2"},
		{ID: DADStart, Level: Says, RFC: 4862, Section: "5.4.2"},
		{ID: DADDone, Level: Says, RFC: 4862, Section: "5.4"},
		{ID: DADFound, Level: Must, RFC: 4862, Section: "5.4.5"},
		{ID: BroadcastNone, Level: Says, RFC: 1122, Section: "3.3.6"},
		{ID: BroadcastEcho, Level: May, RFC: 1122, Section: "3.2.2.6"},
		{ID: BroadcastLimited, Level: Must, RFC: 1812, Section: "5.3.5.1"},
		{ID: BroadcastDirected, Level: Must, RFC: 2644, Section: "2"},
		{ID: GroupJoin, Level: Says, RFC: 1112, Section: "7.1"},
		{ID: GroupLeave, Level: Says, RFC: 1112, Section: "7.1"},
		{ID: GroupLoop, Level: Says, RFC: 1112, Section: "7.3"},
		{ID: GroupStays, Level: Says, RFC: 1112, Section: "6.1"},
		{ID: GroupOther, Level: Says, RFC: 1112, Section: "7.2"},
		{ID: GroupOther6, Level: Says, RFC: 4291, Section: "2.7"},
	}...)
}

// lanPolicies returns the rows of what is our own choice, or that of IEEE 802.1D.
func lanPolicies() []Rule {
	return []Rule{
		{ID: SwitchLearn, Level: Policy, Why: "IEEE 802.1D-2004 §7.8: a bridge notes from which " +
			"port a source address comes"},
		{ID: SwitchMoved, Level: Policy, Why: "IEEE 802.1D-2004 §7.8: what is learned replaces what " +
			"was known, so a host that moves is found again"},
		{ID: SwitchAge, Level: Policy, Why: "IEEE 802.1D-2004 §7.9.2, table 7-5: an entry that no " +
			"frame confirmed for 300 s is forgotten"},
		{ID: SwitchPort, Level: Policy, Why: "nothing can be behind a port whose cable is gone or " +
			"dead, so its entries go at once, as in real switches"},
		{ID: SwitchLimit, Level: Policy, Why: "a switch remembers 256 addresses; the oldest makes " +
			"room, as a full address table must"},
		{ID: SwitchForward, Level: Policy, Why: "IEEE 802.1D-2004 §7.7: a frame goes to the port its " +
			"destination was learned from, and to no other; it waits for nothing here"},
		{ID: SwitchFlood, Level: Policy, Why: "IEEE 802.1D-2004 §7.7: a frame for an address that is " +
			"not known goes to all ports but its own"},
		{ID: SwitchGroup, Level: Policy, Why: "IEEE 802.1D-2004 §7.7: a frame for a group goes to all " +
			"ports but its own; there is no IGMP snooping here"},
		{ID: SwitchFilter, Level: Policy, Why: "IEEE 802.1D-2004 §7.7: a frame is never sent back to " +
			"the port it came from"},
		{ID: SwitchAlone, Level: Policy, Why: "a switch without another live port has nowhere to " +
			"send a frame"},
		{ID: LANMTU, Level: Policy, Why: "frames on a LAN are cut by nobody: an interface drops what " +
			"is larger than its MTU, without a word to the sender"},
		{ID: OtherMAC, Level: Policy, Why: "an Ethernet interface takes frames for its own address, " +
			"for groups and for all, and passes over the rest"},
		{ID: StaticHop, Level: Policy, Why: "without neigh_discovery every host knows the addresses " +
			"of those on its LAN, so that no ARP stands in the ladder"},
		{ID: MACKnown, Level: Policy, Why: "interfaces get addresses 02:00:00:… in order; they are " +
			"shown once frames are addressed by them"},
		{ID: ARPQueueFull, Level: Policy, Why: "three packets wait for one neighbour, as on Linux " +
			"before 3.3, so that the queue can be seen full; the newest are kept (RFC 1122 §2.3.2.2)"},
		{ID: NeighbourGone, Level: Policy, Why: "an entry that nobody used for 60 s is forgotten, " +
			"as Linux's gc_stale_time"},
		{ID: NeighbourFlush, Level: Policy, Why: "neighbours are forgotten with the cable they were " +
			"behind, and when a person says so"},
		{ID: NeighbourLimit, Level: Policy, Why: "a host remembers 256 neighbours, so that nobody " +
			"can fill its memory; the oldest is forgotten"},
		{ID: BroadcastLoop, Level: Policy, Why: "as linux: a host hears its own broadcasts, if a " +
			"socket of it would take them"},
		{ID: GroupCopies, Level: Policy, Why: "as linux and BSD: each socket that a broadcast or " +
			"multicast datagram is for gets a copy"},
		{ID: GroupTwice, Level: Policy, Why: "as linux: a socket joins a group on an interface once"},
		{ID: GroupLimit, Level: Policy, Why: "as linux: igmp_max_memberships is 20 for a socket"},
		{ID: GroupUnknown, Level: Policy, Why: "as linux: only what was joined can be left"},
		{ID: GroupBad, Level: Policy, Why: "a membership names a multicast address of the socket's " +
			"family, and an interface of the host if any"},
		{ID: GroupNIC, Level: Policy, Why: "IP_MULTICAST_IF chooses the interface; else the route " +
			"does, else the first interface of the family"},
		{ID: GroupRouter, Level: Policy, Why: "there is no multicast routing here: a router drops " +
			"what is for a group it has not joined"},
		{ID: GroupTCP, Level: Policy, Why: "only UDP and ICMP have a meaning for many hosts at once; " +
			"other protocols ignore what comes that way"},
	}
}
