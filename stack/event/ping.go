package event

import (
	"net/netip"

	"labserver/stack/inet"
)

// PingStarted says that call Call sends echo requests with Octets of data each to Dst. Name
// is the host that was asked for by name, ID the identifier of its messages (RFC 792).
type PingStarted struct {
	Call   inet.CallID `json:"call"`
	Src    netip.Addr  `json:"src"`
	Dst    netip.Addr  `json:"dst"`
	Name   string      `json:"name,omitempty"`
	Octets int         `json:"octets"`
	Count  int         `json:"count"`
	ID     uint16      `json:"id"`
}

// PingAnswered says that an echo reply answered request Seq, in RTTNS nanoseconds. Again
// tells that the request had an answer before, Late that it was given up already.
type PingAnswered struct {
	Call   inet.CallID   `json:"call"`
	Pkt    inet.PacketID `json:"pkt"`
	Seq    int           `json:"seq"`
	From   netip.Addr    `json:"from"`
	TTL    int           `json:"ttl"`
	Octets int           `json:"octets"` // of the ICMP message, its header included
	RTTNS  int64         `json:"rtt_ns"`
	Again  bool          `json:"again,omitempty"`
	Late   bool          `json:"late,omitempty"`
}

// PingRefused says that request Seq drew an ICMP error from From, or could not leave its
// host: then Pkt is 0. Reason is the message's name; MTU is of messages about size.
type PingRefused struct {
	Call   inet.CallID   `json:"call"`
	Pkt    inet.PacketID `json:"pkt,omitempty"`
	Seq    int           `json:"seq"`
	From   netip.Addr    `json:"from"`
	Reason string        `json:"reason"`
	MTU    int           `json:"mtu,omitempty"`
}

// PingMissed says that nothing answered request Seq in time.
type PingMissed struct {
	Call inet.CallID `json:"call"`
	Seq  int         `json:"seq"`
}

// PingEnded is the summary of a ping. Lost is Sent less Received; times are in whole
// nanoseconds, 0 when nothing was received.
type PingEnded struct {
	Call     inet.CallID `json:"call"`
	Dst      netip.Addr  `json:"dst"`
	Sent     int         `json:"sent"`
	Received int         `json:"received"` // requests that were answered
	Again    int         `json:"again"`    // answers to requests that had one
	Refused  int         `json:"refused"`  // ICMP errors
	Lost     int         `json:"lost"`
	MinNS    int64       `json:"min_ns"`
	AvgNS    int64       `json:"avg_ns"`
	MaxNS    int64       `json:"max_ns"`
}

// TraceStarted says that call Call looks for the routers on the way to Dst.
type TraceStarted struct {
	Call    inet.CallID `json:"call"`
	Src     netip.Addr  `json:"src"`
	Dst     netip.Addr  `json:"dst"`
	Name    string      `json:"name,omitempty"`
	Proto   string      `json:"proto"` // of the probes: udp, icmp
	MaxHops int         `json:"max_hops"`
	Probes  int         `json:"probes"` // for each hop
}

// TraceAnswered says that a probe with TTL Hop drew a message from From, which stands that
// many hops away.
type TraceAnswered struct {
	Call   inet.CallID   `json:"call"`
	Pkt    inet.PacketID `json:"pkt"`
	Hop    int           `json:"hop"`
	Probe  int           `json:"probe"` // from 1 within the hop
	From   netip.Addr    `json:"from"`
	RTTNS  int64         `json:"rtt_ns"`
	Reason string        `json:"reason"` // the message's name, "time exceeded"
}

// TraceMissed says that nothing answered a probe in time, which prints as a star.
type TraceMissed struct {
	Call  inet.CallID `json:"call"`
	Hop   int         `json:"hop"`
	Probe int         `json:"probe"`
}

// TraceEnded says where a traceroute stopped: Hops away, at its destination if Reached.
type TraceEnded struct {
	Call    inet.CallID `json:"call"`
	Dst     netip.Addr  `json:"dst"`
	Hops    int         `json:"hops"`
	Reached bool        `json:"reached"`
}

// Kind implements Body.
func (PingStarted) Kind() Kind   { return "ping.started" }
func (PingAnswered) Kind() Kind  { return "ping.answered" }
func (PingRefused) Kind() Kind   { return "ping.refused" }
func (PingMissed) Kind() Kind    { return "ping.missed" }
func (PingEnded) Kind() Kind     { return "ping.ended" }
func (TraceStarted) Kind() Kind  { return "trace.started" }
func (TraceAnswered) Kind() Kind { return "trace.answered" }
func (TraceMissed) Kind() Kind   { return "trace.missed" }
func (TraceEnded) Kind() Kind    { return "trace.ended" }
