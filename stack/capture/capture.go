// Package capture tells a run as the captures of its interfaces: a pcapng file in which
// every link end is an interface, time is virtual, and each packet's comments say why it
// was sent and what became of it.
//
// It must never change what happens in a world, and the same run must give
// the same octets. Read docs/pcapng.md first.
package capture

import (
	"slices"
	"strconv"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/pcapng"
	"labserver/stack/sim"
)

// LoopbackLink stands in Options.Links for what hosts send to themselves.
const LoopbackLink inet.LinkID = "lo"

// maxHeld is how many packets wait for their fate before the first is written without it.
const maxHeld = 1 << 14

// How far Go goes before it looks, and what it calls much.
const (
	readEvery = 512     // events
	fullAt    = 1 << 16 // octets
)

// Options say what to tell. The zero value tells every packet once for each link it crosses,
// where it leaves, without words.
type Options struct {
	Links []inet.LinkID // only these; empty for all
	Hosts []inet.HostID // only what their interfaces see, and that in both directions
	Both  bool          // arrivals at the far ends too
	// Words explains an event in a person's language; nil, or "", for its rule alone.
	Words func(event.Event) string
}

// Teller tells one run.
type Teller struct {
	w    *stack.World
	opt  Options
	out  []byte
	next uint64 // event to look at

	hosts map[inet.HostID]string // names that people read
	addrs map[event.LinkEnd]string
	ifs   map[place]int // numbers of interfaces
	count int           // of interfaces: a link that is added again has new ones

	held   []*packet // in order; what is before the first has been written
	open   map[inet.PacketID]*packet
	landed []*packet // open, but came to their host at the last instant
}

// place is an end of a link.
type place struct {
	link inet.LinkID
	end  event.LinkEnd
}

// packet is one that has been seen but may yet have more said about it.
type packet struct {
	pcapng.Packet
	id     inet.PacketID
	at     sim.Time
	closed bool
}

// New returns a teller of a world that keeps frames, from its first event on.
func New(w *stack.World, opt Options) *Teller {
	t := &Teller{w: w, opt: opt, next: 1, hosts: map[inet.HostID]string{},
		addrs: map[event.LinkEnd]string{}, ifs: map[place]int{},
		open: map[inet.PacketID]*packet{}}
	t.out = pcapng.AppendSection(nil, pcapng.Section{Hardware: "virtual hosts and links",
		OS: "virtual time", Application: "labserver"})
	return t
}

// Read takes in what has happened in the world since, and lets go of its frames.
func (t *Teller) Read() {
	log := t.w.Events()
	for ; t.next <= log.Len(); t.next++ {
		t.see(log.At(t.next))
		if len(t.held) > maxHeld {
			t.write(false)
		}
	}
	t.w.ForgetFrames(t.next - 1)
	t.write(false)
}

// Go lets the world go on until it has processed so many queue entries, or nothing more
// happens, and reads as it goes, so that a long run needs little memory. Where it has
// written much already, full is asked whether to go on.
func (t *Teller) Go(step uint64, full func() error) error {
	for t.w.Steps() < step && t.w.Step() {
		if t.w.Events().Len()-t.next < readEvery {
			continue
		}
		t.Read()
		if len(t.out) >= fullAt {
			if err := full(); err != nil {
				return err
			}
		}
	}
	t.Read()
	return nil
}

// Flush writes every packet that waits for its fate, as at the end of a run.
func (t *Teller) Flush() {
	for _, p := range t.held {
		t.shut(p)
	}
	t.landed = t.landed[:0]
	t.write(true)
}

// Take returns what has been written since the last time. It is good until the next call.
func (t *Teller) Take() []byte {
	b := t.out
	t.out = t.out[len(t.out):]
	if cap(t.out) < 4096 {
		t.out = nil
	}
	return b
}

// write writes the packets about which all has been said, in order.
func (t *Teller) write(all bool) {
	n := 0
	for ; n < len(t.held); n++ {
		p := t.held[n]
		if !p.closed && !all && len(t.held)-n <= maxHeld {
			break
		}
		t.shut(p)
		t.out = pcapng.AppendPacket(t.out, p.Packet)
	}
	t.held = slices.Delete(t.held, 0, n)
}

// shut ends what is said about a packet.
func (t *Teller) shut(p *packet) {
	p.closed = true
	if t.open[p.id] == p {
		delete(t.open, p.id)
	}
}

// see takes in one event.
func (t *Teller) see(e event.Event) {
	t.land(e.T)
	switch b := e.Body.(type) {
	case event.HostAdded:
		t.hosts[e.Host] = b.Name
	case event.HostRenamed:
		t.hosts[e.Host] = b.New
	case event.NICAdded:
		t.addrs[event.LinkEnd{Host: e.Host, NIC: b.NIC}] = addresses(b)
	case event.LinkAdded:
		t.link(b)
	case event.PacketDeparted:
		t.departed(e, b)
	case event.PacketArrived:
		t.arrived(e, b)
	case event.PacketQueued:
		t.wait(b.Pkt)
	default:
		if f := t.w.FrameAt(e.N); f.Octets != nil && f.At.NIC == "" {
			t.looped(e, f)
		}
		t.say(e)
	}
}

func addresses(b event.NICAdded) string {
	var s string
	if b.Addr.IsValid() {
		s = " " + b.Addr.String()
	}
	if b.Addr6.IsValid() {
		s += " " + b.Addr6.String()
	}
	return s
}

// link gives each end of a new link an interface, if anybody wants it.
func (t *Teller) link(b event.LinkAdded) {
	for _, end := range []event.LinkEnd{b.A, b.B} {
		if t.wants(b.Link, end.Host) {
			t.newInterface(b.Link, end, string(end.Host)+":"+string(end.NIC)+" ("+string(b.Link)+")")
		}
	}
}

func (t *Teller) newInterface(link inet.LinkID, end event.LinkEnd, name string) int {
	n := t.count
	t.count++
	t.ifs[place{link, end}] = n
	t.out = pcapng.AppendInterface(t.out, pcapng.Interface{Name: name, Link: pcapng.LinkEthernet,
		Description: t.hosts[end.Host] + t.addrs[end]})
	return n
}

// wants reports whether the interface of a host on a link is to be told of.
func (t *Teller) wants(link inet.LinkID, host inet.HostID) bool {
	return (len(t.opt.Links) == 0 || slices.Contains(t.opt.Links, link)) &&
		(len(t.opt.Hosts) == 0 || slices.Contains(t.opt.Hosts, host))
}

func (t *Teller) departed(e event.Event, b event.PacketDeparted) {
	if old := t.open[b.Pkt]; old != nil {
		t.shut(old)
	}
	f := t.w.FrameAt(e.N)
	n, ok := t.ifs[place{b.Link, f.At}]
	if !ok || f.Octets == nil {
		return
	}
	t.hold(e.T, b.Pkt, f, n, pcapng.Outbound, t.why(t.w.Events().At(uint64(b.Pkt))))
}

func (t *Teller) arrived(e event.Event, b event.PacketArrived) {
	f := t.w.FrameAt(e.N)
	n, ok := t.ifs[place{b.Link, f.At}]
	if ok && f.Octets != nil && (t.opt.Both || len(t.opt.Hosts) > 0) {
		if old := t.open[b.Pkt]; old != nil {
			t.shut(old)
		}
		t.hold(e.T, b.Pkt, f, n, pcapng.Inbound, t.why(t.w.Events().At(uint64(b.Pkt))))
	}
	if p := t.open[b.Pkt]; p != nil {
		p.at = e.T
		t.landed = append(t.landed, p)
	}
}

// looped holds a packet that a host sends to itself.
func (t *Teller) looped(e event.Event, f stack.Frame) {
	if !t.wants(LoopbackLink, f.At.Host) {
		return
	}
	n, ok := t.ifs[place{LoopbackLink, f.At}]
	if !ok {
		n = t.newInterface(LoopbackLink, f.At, string(f.At.Host)+":lo")
	}
	p := t.hold(e.T, inet.PacketID(e.N), f, n, pcapng.Outbound, t.why(e))
	t.landed = append(t.landed, p) // it is there within the instant
}

func (t *Teller) hold(at sim.Time, id inet.PacketID, f stack.Frame, n int, d pcapng.Direction,
	why string,
) *packet {
	p := &packet{id: id, at: at, Packet: pcapng.Packet{Interface: n, TimeNS: int64(at),
		Data: f.Octets, Length: len(f.Octets), Direction: d, Comments: []string{why}}}
	t.held = append(t.held, p)
	t.open[id] = p
	return p
}

// wait keeps a packet open that came to a router and waits there for the next link.
func (t *Teller) wait(id inet.PacketID) {
	t.landed = slices.DeleteFunc(t.landed, func(p *packet) bool { return p.id == id })
}

// land closes the packets that came to a host before now: what it did with them at once
// has been said.
func (t *Teller) land(now sim.Time) {
	kept := t.landed[:0]
	for _, p := range t.landed {
		if p.at < now {
			t.shut(p)
		} else {
			kept = append(kept, p)
		}
	}
	clear(t.landed[len(kept):])
	t.landed = kept
}

// say adds to a packet what befalls it.
func (t *Teller) say(e event.Event) {
	var id inet.PacketID
	var tail string
	ends := false
	switch b := e.Body.(type) {
	case event.PacketDropped:
		id, tail, ends = b.Pkt, b.Reason, true
		if b.Link != "" && b.Reason == "lost on the link" {
			tail += " " + string(b.Link)
		}
	case event.PacketCorrupted:
		id, tail = b.Pkt, "bit "+strconv.Itoa(b.Bit)
	case event.PacketMarked:
		id, tail = b.Pkt, b.ECN
	case event.PacketEdited:
		id, tail = b.Pkt, b.Field+" "+b.Old+" → "+b.New
	case event.PacketDelayed:
		id = b.Pkt
	case event.PacketDuplicated:
		id = b.Pkt
	case event.SegmentRefused:
		id, tail = b.Pkt, b.Reason
	case event.DatagramRefused:
		id, tail = b.Pkt, b.Reason
	default:
		return
	}
	p := t.open[id]
	if p == nil {
		return
	}
	c := t.head(e)
	if tail != "" {
		c += ": " + tail
	}
	p.Comments = append(p.Comments, c+t.words(e))
	if ends {
		t.shut(p)
	}
}

// why says why the event that made a packet happened: number, kind, rule, words, cause.
func (t *Teller) why(made event.Event) string {
	c := t.head(made) + t.words(made)
	if made.By != 0 {
		c += " (#" + strconv.FormatUint(made.By, 10) + ")"
	}
	return c
}

func (t *Teller) head(e event.Event) string {
	return "#" + strconv.FormatUint(e.N, 10) + " " + string(e.Kind()) + " " + string(e.Rule)
}

func (t *Teller) words(e event.Event) string {
	if t.opt.Words == nil {
		return ""
	}
	if w := t.opt.Words(e); w != "" {
		return " — " + w
	}
	return ""
}
