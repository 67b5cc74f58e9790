package event

import (
	"net/netip"

	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// Seg is a TCP segment as events show it: the header in words, not the octets, which
// replay regenerates.
type Seg struct {
	Src   inet.Endpoint `json:"src"`
	Dst   inet.Endpoint `json:"dst"`
	Flags string        `json:"flags"` // letters in the order FSRPAUEW
	Seq   seq.Num       `json:"seq"`
	Ack   seq.Num       `json:"ack"` // 0 without A
	Wnd   uint32        `json:"wnd"` // the field as sent, unscaled
	Len   int           `json:"len"` // octets of data
	End   seq.Num       `json:"end"` // seq + len + SYN + FIN
	Opts  *SegOpts      `json:"opts,omitempty"`
	// Retransmission tells that some of it was sent before.
	Retransmission bool   `json:"retransmission,omitempty"`
	Urg            uint16 `json:"urg,omitempty"`  // the urgent pointer, with U
	ECN            string `json:"ecn,omitempty"`  // of its IP packet: ect0, ect1, ce
	Data           []byte `json:"data,omitempty"` // the first 64 octets, base64
}

// SegOpts is a segment's TCP options; a nil or zero field is an absent option.
type SegOpts struct {
	MSS     uint16       `json:"mss,omitempty"`
	WScale  *uint8       `json:"wscale,omitempty"`
	SACKOK  bool         `json:"sack_ok,omitempty"`
	SACK    [][2]seq.Num `json:"sack,omitempty"`
	TS      bool         `json:"ts,omitempty"`
	TSVal   uint32       `json:"ts_val,omitempty"`
	TSEcr   uint32       `json:"ts_ecr,omitempty"`
	FO      bool         `json:"fo,omitempty"`      // Fast Open (RFC 7413 §2)
	Cookie  []byte       `json:"cookie,omitempty"`  // its cookie; none asks for one
	Unknown OptionKinds  `json:"unknown,omitempty"` // kinds passed over
}

// Dgram is a UDP datagram as events show it.
type Dgram struct {
	Src  inet.Endpoint `json:"src"`
	Dst  inet.Endpoint `json:"dst"`
	Len  int           `json:"len"` // octets of data
	Data []byte        `json:"data,omitempty"`
}

// ICMPMsg is an ICMP message as events show it.
type ICMPMsg struct {
	Src  netip.Addr `json:"src"`
	Dst  netip.Addr `json:"dst"`
	Type uint8      `json:"type"`
	Code uint8      `json:"code"`
	MTU  uint32     `json:"mtu,omitempty"` // of the hop that a packet was too big for
	Name string     `json:"name"`          // "port unreachable"
	// Gateway is of a redirect: the router that packets to there should go to.
	Gateway netip.Addr `json:"gateway,omitzero"`
	// About is the packet whose sending drew this error, by its endpoints.
	Proto string        `json:"proto,omitempty"`
	From  inet.Endpoint `json:"from"`
	To    inet.Endpoint `json:"to"`
	// Neighbour discovery (RFC 4861 §4.3, §4.4): whose link-layer address is asked for or told,
	// the address told, and the flags R, S and O of an advertisement.
	Target netip.Addr `json:"target,omitzero"`
	MAC    string     `json:"mac,omitempty"`
	Flags  string     `json:"flags,omitempty"`
}

// SegmentSent says that TCP gave a segment to IP. The event's own n is its packet id.
type SegmentSent struct {
	Seg Seg `json:"seg"`
}

// SegmentReceived says that a segment reached the TCP it was meant for. Conn is "" in
// the envelope when no connection matches.
type SegmentReceived struct {
	Pkt inet.PacketID `json:"pkt"`
	Seg Seg           `json:"seg"`
}

// SegmentRefused says that TCP did not take a segment, or not all of it; the rule says
// why. Trimmed counts octets outside the window when the rest was taken.
type SegmentRefused struct {
	Pkt     inet.PacketID `json:"pkt"`
	Reason  string        `json:"reason"`
	Trimmed int           `json:"trimmed,omitempty"`
}

// SegmentLost says that the sender takes what it sent as [Seq, End) for lost; the rule
// says how it knows.
type SegmentLost struct {
	Seq seq.Num `json:"seq"`
	End seq.Num `json:"end"`
}

// SegmentHeld says that data arrived ahead of a gap and is kept: [Seq, End).
type SegmentHeld struct {
	Pkt inet.PacketID `json:"pkt"`
	Seq seq.Num       `json:"seq"`
	End seq.Num       `json:"end"`
}

// DatagramSent says that UDP gave a datagram to IP; n is its packet id.
type DatagramSent struct {
	Sock  inet.SocketID `json:"sock"`
	Dgram Dgram         `json:"dgram"`
}

// DatagramReceived says that a datagram reached the UDP of its host.
type DatagramReceived struct {
	Pkt   inet.PacketID `json:"pkt"`
	Sock  inet.SocketID `json:"sock,omitempty"` // "" when nobody is bound there
	Dgram Dgram         `json:"dgram"`
}

// DatagramRefused says that UDP dropped a datagram that arrived.
type DatagramRefused struct {
	Pkt    inet.PacketID `json:"pkt"`
	Reason string        `json:"reason"`
}

// ICMPSent says that a host made an ICMP message; n is its packet id.
type ICMPSent struct {
	ICMP ICMPMsg `json:"icmp"`
}

// ICMPReceived says that an ICMP message reached its destination.
type ICMPReceived struct {
	Pkt  inet.PacketID `json:"pkt"`
	ICMP ICMPMsg       `json:"icmp"`
}

// ICMPSuppressed says that no ICMP error is sent about a packet although it deserves one:
// errors are limited in number.
type ICMPSuppressed struct {
	Pkt inet.PacketID `json:"pkt"`
}

// PacketQueued says that a packet waits for the link to be free.
type PacketQueued struct {
	Pkt    inet.PacketID  `json:"pkt"`
	Link   inet.LinkID    `json:"link"`
	From   inet.HostID    `json:"from"`
	Octets inet.ByteCount `json:"octets"` // waiting on the link in this direction, itself included
}

// PacketDeparted says that a packet is on a link and when it will be at the other end.
type PacketDeparted struct {
	Pkt    inet.PacketID  `json:"pkt"`
	Link   inet.LinkID    `json:"link"`
	From   inet.HostID    `json:"from"`
	To     inet.HostID    `json:"to"`
	Arrive sim.Time       `json:"arrive"`
	Octets inet.ByteCount `json:"octets"` // of the IP packet
}

// PacketArrived says that a packet came off a link at a host.
type PacketArrived struct {
	Pkt  inet.PacketID `json:"pkt"`
	Link inet.LinkID   `json:"link"`
}

// PacketDropped says that a packet is gone, and where: on a link, in a queue, or at the
// envelope's host.
type PacketDropped struct {
	Pkt    inet.PacketID `json:"pkt"`
	Link   inet.LinkID   `json:"link,omitempty"`
	Reason string        `json:"reason"`
	Queue  *QueueCause   `json:"queue,omitempty"` // of a discipline that dropped it
}

// PacketDuplicated says that a packet was doubled on its way. The copy's packet id is
// this event's own n; it is where the original is, and arrives with it.
type PacketDuplicated struct {
	Pkt inet.PacketID `json:"pkt"`
}

// PacketCorrupted says that one bit of a packet was turned over on its way. Bit 0 is the
// first of the IP header.
type PacketCorrupted struct {
	Pkt inet.PacketID `json:"pkt"`
	Bit int           `json:"bit"`
}

// PacketMarked says that the ECN field of a packet was written on its way: "", ect0, ect1 or
// ce, as Seg has it.
type PacketMarked struct {
	Pkt   inet.PacketID `json:"pkt"`
	ECN   string        `json:"ecn"`
	Queue *QueueCause   `json:"queue,omitempty"` // of a discipline that marked it
}

// PacketDelayed says that a packet on a link arrives later, or by reordering earlier,
// than it was going to.
type PacketDelayed struct {
	Pkt    inet.PacketID `json:"pkt"`
	Arrive sim.Time      `json:"arrive"`
}

// PacketFragmented says that a packet was cut to fit a link: the piece of its payload from
// Offset on goes as a packet of its own, whose id is this event's n. The first piece keeps
// the packet's id.
type PacketFragmented struct {
	Pkt    inet.PacketID  `json:"pkt"`
	Offset int            `json:"offset"`
	Octets inet.ByteCount `json:"octets"` // of the piece, its header included
}

// PacketHeld says that a fragment arrived and waits for the others: the payload from Offset
// on.
type PacketHeld struct {
	Pkt    inet.PacketID  `json:"pkt"`
	Offset int            `json:"offset"`
	Octets inet.ByteCount `json:"octets"`
}

// PacketMerged says that a fragment became part of the packet whose first fragment is Into.
type PacketMerged struct {
	Pkt  inet.PacketID `json:"pkt"`
	Into inet.PacketID `json:"into"`
}

// PacketInjected says that a bare host sends a packet that is no whole TCP segment, UDP
// datagram or ICMP message; n is its packet id.
type PacketInjected struct {
	Proto  string         `json:"proto"` // "tcp", "89"; "" for what is no IP packet
	Src    string         `json:"src"`
	Dst    string         `json:"dst"`
	Octets inet.ByteCount `json:"octets"`
}

// PacketTaken says that a packet that is no whole TCP segment, UDP datagram or ICMP
// message reached a bare host.
type PacketTaken struct {
	Pkt    inet.PacketID `json:"pkt"`
	Reason string        `json:"reason,omitempty"` // what is wrong with it, "bad checksum"
}

// Kind implements Body.
func (SegmentSent) Kind() Kind      { return "segment.sent" }
func (SegmentReceived) Kind() Kind  { return "segment.received" }
func (SegmentRefused) Kind() Kind   { return "segment.refused" }
func (SegmentLost) Kind() Kind      { return "segment.lost" }
func (SegmentHeld) Kind() Kind      { return "segment.held" }
func (DatagramSent) Kind() Kind     { return "datagram.sent" }
func (DatagramReceived) Kind() Kind { return "datagram.received" }
func (DatagramRefused) Kind() Kind  { return "datagram.refused" }
func (ICMPSent) Kind() Kind         { return "icmp.sent" }
func (ICMPReceived) Kind() Kind     { return "icmp.received" }
func (ICMPSuppressed) Kind() Kind   { return "icmp.suppressed" }
func (PacketQueued) Kind() Kind     { return "packet.queued" }
func (PacketDeparted) Kind() Kind   { return "packet.departed" }
func (PacketArrived) Kind() Kind    { return "packet.arrived" }
func (PacketDropped) Kind() Kind    { return "packet.dropped" }

func (PacketDuplicated) Kind() Kind { return "packet.duplicated" }
func (PacketCorrupted) Kind() Kind  { return "packet.corrupted" }
func (PacketMarked) Kind() Kind     { return "packet.marked" }
func (PacketDelayed) Kind() Kind    { return "packet.delayed" }
func (PacketFragmented) Kind() Kind { return "packet.fragmented" }
func (PacketHeld) Kind() Kind       { return "packet.held" }
func (PacketMerged) Kind() Kind     { return "packet.merged" }
func (PacketInjected) Kind() Kind   { return "packet.injected" }
func (PacketTaken) Kind() Kind      { return "packet.taken" }
