// Package infer makes a run of a capture: from packets that were seen on a real network to
// the events that a world of ours would have told, so that ladder, tables and state
// diagrams show both alike.
//
// What a file says is told as it is; all else is inferred and cites a rule that says how.
// It must never claim to know what a capture cannot show: programs, timers, congestion
// windows. It computes nothing of TCP beyond reading the state machine of RFC 9293 figure
// 5 off the wire. Read docs/import.md, then RFC 9293 §3.3.2 and §3.10.7.
package infer

import (
	"net/netip"
	"strconv"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/pcapng"
	"labserver/stack/sim"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// Limits of what is shown of a capture.
const (
	// MaxHosts are the addresses that are shown: those of the most packets.
	MaxHosts = 32
	// MaxConns are the endpoints of TCP whose states are followed.
	MaxConns = 4096
	// MaxEvents is where a capture is refused for being too long.
	MaxEvents = 1_500_000
)

// Run is a capture as a run that has come to its end. It never changes.
type Run struct {
	log     event.Log
	end     sim.Time
	view    view.View
	packets map[inet.PacketID]*packet
}

// Error says why a capture that could be read cannot be shown, in one line.
type Error struct {
	Code string // "nothing-to-show", "link-type", "too-long"
	What string
}

// Error implements error.
func (e *Error) Error() string { return e.What }

// The codes of errors.
const (
	CodeNothing  = "nothing-to-show"
	CodeLinkType = "link-type"
	CodeTooLong  = "too-long"
)

// New infers a run. maxEvents 0 is MaxEvents. An error is an *Error.
func New(file pcapng.File, maxEvents uint64) (*Run, error) {
	if maxEvents == 0 {
		maxEvents = MaxEvents
	}
	s, err := decode(file)
	if err != nil {
		return nil, err
	}
	s.join()
	s.distrust()
	s.reassemble()
	s.followFlows()
	b := newBuilder(s, maxEvents)
	if !b.play() {
		return nil, &Error{CodeTooLong, "the capture makes more than " +
			strconv.FormatUint(maxEvents, 10) + " events: cut the file or filter it first"}
	}
	r := &Run{log: b.log, end: b.now, packets: b.sent, view: view.New()}
	for e := range r.log.Since(1) {
		view.Reduce(&r.view, e)
	}
	return r, nil
}

// Events returns the log.
func (r *Run) Events() *event.Log { return &r.log }

// Now returns the last instant.
func (r *Run) Now() sim.Time { return r.end }

// View returns the state at the end. It is the run's own: not to be changed.
func (r *Run) View() view.View { return r.view }

// Frame returns a packet as it was captured, in an Ethernet frame; nil if there is none of
// that id. What was captured without Ethernet gets addresses of zeros.
func (r *Run) Frame(id inet.PacketID) []byte {
	p := r.packets[id]
	if p == nil {
		return nil
	}
	f := wire.Ethernet{Type: wire.EtherTypeIPv4, Payload: p.octets}
	if p.octets[0]>>4 == 6 {
		f.Type = wire.EtherTypeIPv6
	}
	if len(p.macs) == 12 {
		f.Dst, f.Src = wire.MAC(p.macs), wire.MAC(p.macs[6:])
	}
	return f.Append(nil)
}

// packet is one IP packet of the capture, however often it was seen.
type packet struct {
	octets []byte // as captured
	macs   []byte // destination and source of its Ethernet frame, or nil
	h      wire.IP
	total  int // octets that it had on the wire
	sights []sight

	kind kind
	tcp  wire.TCP // with as much of the data as was captured
	udp  wire.UDP
	size int // octets of data that the segment or datagram had

	pieces []*packet // of the first fragment: all others of its packet
	whole  *packet   // of the others: the first
	offset int       // where its payload begins in the packet
	part   int       // of a fragment: octets of the packet's payload
	absent int       // of the first: pieces that have not arrived yet
	order  int       // among all packets
	of     *packet   // of which it is a copy, made on the way

	flaw  string // what is wrong with it; what it carries is then not looked at
	again bool   // some of it was sent before
	lost  bool   // it did not arrive
	t0    int64  // when it was sent, and when it arrived
	t1    int64
	seen  bool // it was seen to arrive, not only to pass
	early bool // t0 is an estimate
	late  bool // t1 is one
	still bool // the capture ended while it was on its way

	id   inet.PacketID
	left uint64 // n of its packet.departed
}

// sight is one record of the file: where and when the packet was seen.
type sight struct {
	t                int64 // ns since the first record
	frame            int
	iface            int
	octets, captured int
}

// kind is what a packet carries.
type kind uint8

const (
	other kind = iota
	tcp
	udp
	icmp
	icmp6
	fragment
)

// capture is a file taken apart.
type capture struct {
	opened  event.CaptureOpened
	first   int64 // instant of the first record, ns since 1970
	packets []*packet
	hosts   []netip.Addr // those that are shown, in order of their first packet
	host    map[netip.Addr]int
	near    map[pair]int64 // half of the shortest answer time of a to b
	ends    map[pair][2]int
	last    int64 // instant of the last record
}

// pair is two hosts, in the order that matters.
type pair struct{ a, b netip.Addr }

// flow is the direction of a packet of TCP.
func (p *packet) flow() inet.Flow {
	return inet.Flow{Local: inet.Endpoint{Addr: p.h.Src, Port: p.tcp.SrcPort},
		Remote: inet.Endpoint{Addr: p.h.Dst, Port: p.tcp.DstPort}}
}

// pair is the direction of a packet.
func (p *packet) pair() pair { return pair{p.h.Src, p.h.Dst} }
