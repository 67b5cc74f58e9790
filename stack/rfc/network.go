package rfc

// Rules of links, IP, ICMP and UDP.
const (
	LinkTransmit ID = "policy:link-transmit"
	LinkArrive   ID = "policy:link-arrive"
	LinkQueue    ID = "policy:link-queue"
	LinkLoss     ID = "policy:link-loss"
	LinkDown     ID = "policy:link-down"
	DropTail     ID = "policy:drop-tail"
	Topology     ID = "policy:topology"
	ByHand       ID = "policy:dropped-by-hand"
	EditByHand   ID = "policy:edited-by-hand"
	LinkDup      ID = "policy:link-duplicate"
	LinkCorrupt  ID = "policy:link-corrupt"
	LinkReorder  ID = "policy:link-reorder"
	Bare         ID = "policy:bare"
	Injected     ID = "policy:injected"
	PacketLimit  ID = "policy:packet-limit"
	StepBudget   ID = "policy:instant-budget"
	HostGone     ID = "policy:host-gone"
	KnobTurned   ID = "policy:knob"
	BadSegment   ID = "rfc9293:3.1"
	TCPChecksum  ID = "MUST-3"

	NoRoute       ID = "rfc1122:3.3.1.1"
	NoLink        ID = "policy:no-link"
	NotForUs      ID = "rfc1122:3.2.1.3"
	BadIPHeader   ID = "rfc1122:3.2.1.2"
	NoProtocol    ID = "rfc1122:3.2.2.1"
	Forwarded     ID = "rfc1812:5.2.1.2"
	TTLExpired    ID = "rfc1812:5.3.1"
	NetUnreach    ID = "rfc1812:5.2.7.1"
	TooBig        ID = "rfc1191:4"
	EchoReply     ID = "rfc1122:3.2.2.6"
	ICMPDelivered ID = "rfc1122:3.2.2"
	ICMPQuiet     ID = "rfc1812:4.3.2.8"
	BadICMP       ID = "rfc792:checksum"

	NotForUs6       ID = "rfc8200:2"
	BadIPv6Header   ID = "rfc8200:3"
	Forwarded6      ID = "rfc8200:3-hop-limit"
	NextHeader      ID = "rfc8200:4"
	UnknownOption6  ID = "rfc8200:4.2"
	BadHeader6      ID = "rfc4443:3.4"
	NoRoute6        ID = "rfc4443:3.1"
	TooBig6         ID = "rfc4443:3.2"
	HopLimit        ID = "rfc4443:3.3"
	EchoReply6      ID = "rfc4443:4.2"
	ICMPDelivered6  ID = "rfc4443:2.2"
	ICMPQuiet6      ID = "rfc4443:2.4"
	BadICMPv6       ID = "rfc4443:2.3"
	UDPUnreachable6 ID = "rfc4443:3.1-port"
	UDPNoChecksum6  ID = "rfc8200:8.1"
	PathLearned     ID = "rfc1191:6.2"
	PathLearned6    ID = "rfc8201:5.2"
	PathAged        ID = "rfc1191:6.3"
	PathAged6       ID = "rfc8201:5.3"
	PathLimit       ID = "policy:path-limit"

	SourceRoute      ID = "rfc7126:4.3"
	Fragmented       ID = "rfc791:3.2"
	Fragmented6      ID = "rfc8200:4.5"
	Reassembly       ID = "rfc791:3.2-reassembly"
	Reassembly6      ID = "rfc8200:4.5-reassembly"
	BadFragment      ID = "rfc791:3.2-length"
	BadFragment6     ID = "rfc8200:4.5-length"
	FragmentTimeout  ID = "rfc1122:3.3.2"
	FragmentTimeout6 ID = "rfc8200:4.5-timeout"
	FragmentOverlap6 ID = "rfc8200:4.5-overlap"
	FragmentOverlap  ID = "policy:fragment-overlap"
	FragmentTwice    ID = "policy:fragment-twice"
	FragmentLimit    ID = "policy:fragment-limit"

	UDPSend        ID = "rfc768:format"
	UDPDeliver     ID = "rfc1122:4.1.3.1"
	UDPUnreachable ID = "rfc1122:4.1.3.1-unreachable"
	UDPChecksum    ID = "rfc1122:4.1.3.4"
	UDPLength      ID = "rfc768:length"
	UDPBuffer      ID = "policy:udp-buffer"
	UDPError       ID = "rfc1122:4.1.3.3"
)

func network() []Rule {
	return []Rule{
		{ID: LinkTransmit, Level: Policy, Why: "a link sends one frame at a time at its rate; " +
			"the end arrives one propagation delay later"},
		{ID: LinkArrive, Level: Policy, Why: "a frame arrives when its delay has passed"},
		{ID: LinkQueue, Level: Policy, Why: "a busy link queues in order of arrival"},
		{ID: LinkLoss, Level: Policy, Why: "losses are drawn per packet at the set rate and " +
			"shown half way, so that they can be seen"},
		{ID: LinkDown, Level: Policy, Why: "a link that is down or gone carries nothing"},
		{ID: DropTail, Level: Policy, Why: "the simplest queue discipline: what does not fit " +
			"is dropped"},
		{ID: Topology, Level: Policy, Why: "hosts, interfaces, links and routes are as the " +
			"lab and the person made them"},
		{ID: ByHand, Level: Policy, Why: "a person took this packet off the network"},
		{ID: EditByHand, Level: Policy, Why: "a person delayed, doubled, damaged or reordered " +
			"this packet on its way"},
		{ID: LinkDup, Level: Policy, Why: "doubles are drawn per packet at the set rate; the " +
			"copy arrives right behind the original"},
		{ID: LinkCorrupt, Level: Policy, Why: "damage is drawn per packet at the set rate: one " +
			"bit, anywhere in the packet, is turned over; a link has no checksum of its own here"},
		{ID: LinkReorder, Level: Policy, Why: "reordering is drawn per packet at the set rate: " +
			"the next packet in the same direction, if it follows in time, arrives first"},
		{ID: Bare, Level: Policy, Why: "a bare host has no stack: what comes is shown and " +
			"taken, and nothing answers"},
		{ID: Injected, Level: Policy, Why: "a bare host sends what a person or a script wrote, " +
			"octet for octet"},
		{ID: PacketLimit, Level: Policy, Why: "a world holds at most 50 000 packets, so that " +
			"a storm ends in an event and not in exhausted memory"},
		{ID: StepBudget, Level: Policy, Why: "one instant may hold 200 000 steps; what is " +
			"left is put off, so that time goes on"},
		{ID: HostGone, Level: Policy, Why: "what belongs to a removed host goes with it"},
		{ID: KnobTurned, Level: Policy, Why: "a knob bends a rule for teaching; the profile " +
			"says what is usual"},
		{ID: NoLink, Level: Policy, Why: "an interface without a cable sends nothing"},
		{ID: BadSegment, Level: Says, RFC: 9293, Section: "3.1"},
		{ID: TCPChecksum, Level: Must, RFC: 9293, Section: "3.1"},
		{ID: NoRoute, Level: Says, RFC: 1122, Section: "3.3.1.1"},
		{ID: NotForUs, Level: Must, RFC: 1122, Section: "3.2.1.3"},
		{ID: BadIPHeader, Level: Must, RFC: 1122, Section: "3.2.1.2"},
		{ID: NoProtocol, Level: Should, RFC: 1122, Section: "3.2.2.1"},
		{ID: Forwarded, Level: Says, RFC: 1812, Section: "5.2.1.2"},
		{ID: TTLExpired, Level: Must, RFC: 1812, Section: "5.3.1"},
		{ID: NetUnreach, Level: Must, RFC: 1812, Section: "5.2.7.1"},
		{ID: TooBig, Level: Must, RFC: 1191, Section: "4"},
		{ID: EchoReply, Level: Must, RFC: 1122, Section: "3.2.2.6"},
		{ID: ICMPDelivered, Level: Says, RFC: 1122, Section: "3.2.2"},
		{ID: ICMPQuiet, Level: Must, RFC: 1812, Section: "4.3.2.8"},
		{ID: BadICMP, Level: Says, RFC: 792, Section: "checksum"},
		{ID: NotForUs6, Level: Says, RFC: 8200, Section: "2"},
		{ID: BadIPv6Header, Level: Says, RFC: 8200, Section: "3"},
		{ID: Forwarded6, Level: Says, RFC: 8200, Section: "3"},
		{ID: NextHeader, Level: Should, RFC: 8200, Section: "4"},
		{ID: UnknownOption6, Level: Must, RFC: 8200, Section: "4.2"},
		{ID: BadHeader6, Level: Must, RFC: 4443, Section: "3.4"},
		{ID: NoRoute6, Level: Should, RFC: 4443, Section: "3.1"},
		{ID: TooBig6, Level: Must, RFC: 4443, Section: "3.2"},
		{ID: HopLimit, Level: Must, RFC: 4443, Section: "3.3"},
		{ID: EchoReply6, Level: Must, RFC: 4443, Section: "4.2"},
		{ID: ICMPDelivered6, Level: Says, RFC: 4443, Section: "2.2"},
		{ID: ICMPQuiet6, Level: Must, RFC: 4443, Section: "2.4"},
		{ID: BadICMPv6, Level: Says, RFC: 4443, Section: "2.3"},
		{ID: UDPUnreachable6, Level: Should, RFC: 4443, Section: "3.1"},
		{ID: UDPNoChecksum6, Level: Must, RFC: 8200, Section: "8.1"},
		{ID: PathLearned, Level: Must, RFC: 1191, Section: "6.2"},
		{ID: PathLearned6, Level: Must, RFC: 8201, Section: "5.2"},
		{ID: PathAged, Level: Should, RFC: 1191, Section: "6.3"},
		{ID: PathAged6, Level: Should, RFC: 8201, Section: "5.3"},
		{ID: PathLimit, Level: Policy, Why: "a host remembers the MTU of 64 paths, so that nobody " +
			"can fill its memory; the oldest is forgotten"},
		{ID: SourceRoute, Level: Should, RFC: 7126, Section: "4.3"},
		{ID: Fragmented, Level: Says, RFC: 791, Section: "3.2"},
		{ID: Fragmented6, Level: Says, RFC: 8200, Section: "4.5"},
		{ID: Reassembly, Level: Must, RFC: 791, Section: "3.2"},
		{ID: Reassembly6, Level: Must, RFC: 8200, Section: "4.5"},
		{ID: BadFragment, Level: Says, RFC: 791, Section: "3.2"},
		{ID: BadFragment6, Level: Must, RFC: 8200, Section: "4.5"},
		{ID: FragmentTimeout, Level: Must, RFC: 1122, Section: "3.3.2"},
		{ID: FragmentTimeout6, Level: Must, RFC: 8200, Section: "4.5"},
		{ID: FragmentOverlap6, Level: Must, RFC: 8200, Section: "4.5"},
		{ID: FragmentOverlap, Level: Policy, Why: "RFC 791 lets a later fragment overwrite an " +
			"earlier one, which only helps to deceive; as Linux does, IPv4 follows RFC 5722 too"},
		{ID: FragmentTwice, Level: Policy, Why: "a network may double packets, so a fragment that " +
			"came twice is dropped alone; RFC 8200 §4.5 leaves the choice"},
		{ID: FragmentLimit, Level: Policy, Why: "a host puts 64 packets together at a time; the " +
			"oldest makes room for another"},
		{ID: UDPSend, Level: Says, RFC: 768, Section: "format"},
		{ID: UDPDeliver, Level: Says, RFC: 1122, Section: "4.1.3.1"},
		{ID: UDPUnreachable, Level: Should, RFC: 1122, Section: "4.1.3.1"},
		{ID: UDPChecksum, Level: Must, RFC: 1122, Section: "4.1.3.4"},
		{ID: UDPLength, Level: Says, RFC: 768, Section: "length"},
		{ID: UDPBuffer, Level: Policy, Why: "a full receive buffer drops what comes: UDP has " +
			"no flow control"},
		{ID: UDPError, Level: Must, RFC: 1122, Section: "4.1.3.3"},
	}
}
