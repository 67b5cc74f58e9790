package witness

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"labserver/stack/inet"
	"labserver/stack/seq"
	ipwire "labserver/stack/wire"
)

// side is one of the two stacks.
type side int

const (
	ours side = iota
	theirs
)

func (s side) String() string {
	if s == ours {
		return "our stack"
	}
	return "gVisor"
}

// faults are what a wire does to packets, in parts of a thousand, by a seed.
type faults struct {
	seed           uint64
	lose, dup, lag int // lag: a packet is held back so that later ones overtake it
}

// crossing is a packet on the wire.
type crossing struct {
	from   side
	octets []byte
	at     time.Time
}

// passed is a packet as the story tells it.
type passed struct {
	at   time.Time
	text string
}

// wire carries packets both ways. It belongs to the world's owner.
type wire struct {
	faults
	rand    *rand.Rand
	packets []crossing // in order of arrival

	resets, explained [2]int // of each side; without those of a connection that was over
	ends              map[int]*ending
	latest            progress                         // of the connection that was opened last
	seen              func(from side, seg *ipwire.TCP) // each TCP segment that is not lost
	last              []passed                         // the latest packets, for a test that fails
	began             time.Time
}

// memory is how many segments a story is of.
const memory = 40

func newWire(f faults) *wire {
	return &wire{faults: f, ends: map[int]*ending{}, rand: rand.New(rand.NewPCG(f.seed, 1)),
		began: time.Now()}
}

// send puts a packet on the wire; the octets are copied.
func (w *wire) send(from side, octets []byte) {
	fate := ""
	now := time.Now()
	p := crossing{from, bytes.Clone(octets), now}
	switch {
	case w.one(w.lose):
		total.lost.Add(1)
		w.look(p, " lost")
		return
	case w.one(w.dup):
		total.doubled.Add(1)
		fate = " doubled"
		w.queue(crossing{from, p.octets, now.Add(w.while())})
	case w.one(w.lag):
		total.late.Add(1)
		fate = " held back"
		p.at = now.Add(w.while())
	}
	w.look(p, fate)
	w.queue(p)
}

// one reports whether a fault of so many thousandths happens now.
func (w *wire) one(thousandths int) bool {
	return thousandths > 0 && w.rand.IntN(1000) < thousandths
}

// while is how long a packet is held back.
func (w *wire) while() time.Duration {
	return time.Duration(200+w.rand.IntN(3000)) * time.Microsecond
}

// queue keeps the order of arrival; of the same instant the first sent comes first.
func (w *wire) queue(p crossing) {
	i := len(w.packets)
	for i > 0 && w.packets[i-1].at.After(p.at) {
		i--
	}
	w.packets = slices.Insert(w.packets, i, p)
}

// next returns when the next packet arrives.
func (w *wire) next() (time.Time, bool) {
	if len(w.packets) == 0 {
		return time.Time{}, false
	}
	return w.packets[0].at, true
}

// arrived takes out what has crossed by now.
func (w *wire) arrived(now time.Time) []crossing {
	n := 0
	for n < len(w.packets) && !w.packets[n].at.After(now) {
		n++
	}
	out := slices.Clone(w.packets[:n])
	w.packets = slices.Delete(w.packets, 0, n)
	return out
}

// look counts resets and remembers segments.
func (w *wire) look(c crossing, fate string) {
	p, err := ipwire.ParseIP(c.octets)
	if err != nil {
		w.tell(c, fmt.Sprintf("no IP packet: %v", err))
		return
	}
	if p.Proto != inet.TCP || p.Fragment() {
		w.tell(c, fmt.Sprintf("protocol %d, %d octets%s", p.Proto, len(p.Payload), fate))
		return
	}
	seg, err := ipwire.ParseTCP(p.Src, p.Dst, p.Payload)
	if err != nil {
		w.tell(c, fmt.Sprintf("no TCP segment: %v", err))
		return
	}
	w.follow(c.from, &seg, fate == " lost")
	if w.seen != nil && fate != " lost" {
		w.seen(c.from, &seg)
	}
	w.tell(c, fmt.Sprintf("%d→%d %s seq %d ack %d win %d, %d octets%s", seg.SrcPort, seg.DstPort,
		seg.Flags, uint32(seg.Seq), uint32(seg.Ack), seg.Wnd, len(seg.Data), fate))
}

// ending is how far a connection has come to its orderly end, of each side.
type ending struct {
	fin   [2]bool
	end   [2]seq.Num // the number after the FIN
	acked [2]bool
}

// follow counts resets, but not those of a side whose connection has ended in order: it was
// LAST-ACK, its FIN is acknowledged, and to what comes late or twice it is CLOSED, so that
// "all data in the incoming segment is discarded" and a reset is sent (RFC 9293 §3.10.7.1).
func (w *wire) follow(from side, seg *ipwire.TCP, lost bool) {
	key := int(seg.SrcPort)<<16 | int(seg.DstPort)
	if from == theirs {
		key = int(seg.DstPort)<<16 | int(seg.SrcPort)
	}
	e := w.ends[key]
	if e == nil {
		e = &ending{}
		w.ends[key] = e
	}
	other := 1 - from
	switch {
	case seg.Flags.Has(ipwire.RST):
		if !e.fin[from] || !e.fin[other] || !e.acked[from] {
			w.resets[from]++
		}
		return
	case seg.Flags.Has(ipwire.FIN):
		e.fin[from], e.end[from] = true, seg.Seq.Add(seq.Size(len(seg.Data)+1))
	}
	w.latest.note(from, seg, lost)
	if !lost && e.fin[other] && seg.Flags.Has(ipwire.ACK) && seg.Ack == e.end[other] {
		e.acked[other] = true
	}
}

// progress is how far gVisor's sending has come.
type progress struct {
	end  seq.Num // after what it sent last
	ack  seq.Num // what we have acknowledged
	wnd  uint16  // our window, as in the header
	last time.Time
}

func (p *progress) note(from side, seg *ipwire.TCP, lost bool) {
	switch {
	case from == theirs:
		end := seg.Seq.Add(seq.Size(len(seg.Data)))
		*p = progress{end: end, ack: p.ack, wnd: p.wnd, last: time.Now()}
	case !lost:
		p.ack, p.wnd = seg.Ack, seg.Wnd
	}
}

// stopped reports whether gVisor has sent nothing for long although all it sent has been
// acknowledged and the window is wide open: nothing is left for us to do.
func (w *wire) stopped() bool {
	return time.Since(w.latest.last) > 3*time.Second && w.latest.ack == w.latest.end &&
		w.latest.wnd > 100 && len(w.packets) == 0
}

func (w *wire) tell(c crossing, text string) {
	if len(w.last) == memory {
		w.last = w.last[1:]
	}
	w.last = append(w.last, passed{time.Now(), c.from.String() + ": " + text})
}

// story tells of the latest packets.
func (w *wire) story() string {
	var b strings.Builder
	for _, p := range w.last {
		fmt.Fprintf(&b, "  %10v %s\n", p.at.Sub(w.began).Round(time.Microsecond), p.text)
	}
	return b.String()
}
