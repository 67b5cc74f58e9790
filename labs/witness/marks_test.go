package witness_test

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/seq"
)

// What tshark marks, and which of our events it marks.
//
// The observation point is a host that runs our TCP: its captures show all that left it and
// all that came to it, in order, and only what left it is compared, since of that our events
// know why. tshark knows no causes. It compares a segment with those it saw before in the
// same capture, by the rules of its documentation ("TCP Analysis"):
//
// zero_window: the window field is 0, and none of SYN, FIN and RST is set. Ours: the event
// segment.sent of a connection whose RCV.WND, as that segment offers it, is 0 when it is
// scaled. The value is that of the view, not that of the segment.
//
// duplicate_ack: no data, none of SYN, FIN and RST; window not 0 and as before; the same
// acknowledgment as before; the highest sequence number so far. An answer to what tshark takes
// for a keep-alive is named otherwise. Ours: the cause of the event segment.sent is a segment
// that arrived and did not move RCV.NXT (it was out of order, too old, outside the window, or
// somebody else's), and what is sent repeats what this end said last. SACK blocks and
// timestamps do not matter to tshark.
//
// retransmission, fast_retransmission, spurious_retransmission, out_of_order: data (or SYN or
// FIN) that does not begin at a new highest sequence number, which of the four being a
// guess from times. Ours: segment.sent says that it is a retransmission. Apart from
//   - what had never left the host: the queue of its link had dropped the first one;
//   - window and keep-alive probes, which tshark names so and whose octet it does not count;
//   - a longer segment that begins with the octet that a probe carried.

// moves returns the arrivals of segments that moved the RCV.NXT of their connection.
func moves(w *stack.World) map[uint64]bool {
	moved := map[uint64]bool{}
	for _, e := range w.Events().From(1) {
		if b, ok := e.Body.(event.RcvChanged); ok && b.Old.NXT != b.New.NXT {
			moved[e.By] = true
		}
	}
	return moved
}

// answersNothingNew reports whether a segment was sent because of one that moved nothing.
func answersNothingNew(w *stack.World, e event.Event, moved map[uint64]bool) bool {
	if e.By == 0 {
		return false
	}
	_, arrival := w.Events().At(e.By).Body.(event.SegmentReceived)
	return arrival && !moved[e.By]
}

// side is what was seen of one direction of a conversation.
type side struct {
	begun bool
	first uint32 // sequence number of its SYN
	next  seq.Num
	ack   uint32
	wnd   uint16
	keep  bool // the last segment was a keep-alive
}

// talks are the conversations at one observation point.
type talks map[string]*side

func names(ip gopacket.NetworkLayer, tcp *layers.TCP) (there, back string) {
	src, dst := ip.NetworkFlow().Endpoints()
	a, b := fmt.Sprintf("%v.%d", src, tcp.SrcPort), fmt.Sprintf("%v.%d", dst, tcp.DstPort)
	return a + ">" + b, b + ">" + a
}

// of returns both directions of a segment's conversation. Another SYN begins it anew.
func (k talks) of(ip gopacket.NetworkLayer, tcp *layers.TCP) (fwd, rev *side) {
	there, back := names(ip, tcp)
	if old := k[there]; old == nil ||
		tcp.SYN && !tcp.ACK && old.begun && old.first != tcp.Seq {
		k[there], k[back] = &side{}, &side{}
	}
	return k[there], k[back]
}

// shape is how a segment relates to those before it.
type shape struct {
	probe, keep, keepACK bool
	repeats              bool // says what the last one said
	old                  bool // begins before the highest octet so far
	probed               bool // begins with the octet that a probe carried
}

// look compares a segment with those before it, and remembers it.
func (k talks) look(ip gopacket.NetworkLayer, tcp *layers.TCP) (s shape) {
	fwd, rev := k.of(ip, tcp)
	n := len(tcp.Payload)
	at := seq.Num(tcp.Seq)
	control := tcp.SYN || tcp.FIN || tcp.RST
	same := n == 0 && !control && tcp.Window != 0 && tcp.Window == fwd.wnd && at == fwd.next &&
		tcp.Ack == fwd.ack && fwd.begun
	s.probe = fwd.begun && rev.begun && n == 1 && at == fwd.next && rev.wnd == 0
	s.keep = fwd.begun && n <= 1 && !control && at == fwd.next.Add(^seq.Size(0))
	s.keepACK = same && rev.keep
	s.repeats = same && !s.keepACK
	s.probed = n > 1 && at == fwd.next.Add(^seq.Size(0))
	s.old = fwd.begun && !s.probe && !s.keep && !s.probed && at.Less(fwd.next)
	end := at.Add(seq.Size(n))
	if tcp.SYN || tcp.FIN {
		end = end.Add(1)
	}
	if !fwd.begun || !s.probe && fwd.next.Less(end) {
		fwd.next = end
	}
	if tcp.SYN {
		fwd.first = tcp.Seq
	}
	fwd.begun, fwd.ack, fwd.wnd, fwd.keep = true, tcp.Ack, tcp.Window, s.keep
	return s
}

// segmentOf decodes a frame as far as it can be.
func segmentOf(data []byte) (ip gopacket.NetworkLayer, tcp *layers.TCP) {
	p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.NoCopy)
	tcp, _ = p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	return p.NetworkLayer(), tcp
}

// offers returns, by the event of each segment of a connection, the scaled window that it
// offers as the fold of the events has it: what RCV.WND was, unless sending the segment
// changed it.
func offers(w *stack.World) map[uint64]inet.ByteCount {
	wnd, shift := map[inet.ConnID]inet.ByteCount{}, map[inet.ConnID]uint8{}
	last := map[inet.ConnID]event.Event{} // the last segment, while its change may follow
	at := map[uint64]inet.ByteCount{}
	for _, e := range w.Events().From(1) {
		switch b := e.Body.(type) {
		case event.ConnSynchronized:
			shift[e.Conn] = b.RcvWScale
		case event.RcvChanged:
			wnd[e.Conn] = b.New.WND
			if s, ok := last[e.Conn]; ok && s.By == e.By && s.T == e.T {
				at[s.N] = b.New.WND >> shift[e.Conn]
			}
			delete(last, e.Conn)
		case event.SegmentSent:
			if e.Conn != "" {
				at[e.N], last[e.Conn] = wnd[e.Conn]>>shift[e.Conn], e
			}
		}
	}
	return at
}

// marked is one set of marks: what we say and what tshark says.
type marked struct{ ours, theirs, both int }

func (m *marked) count(ours, theirs bool) bool {
	switch {
	case ours && theirs:
		m.both++
	case ours:
		m.ours++
	case theirs:
		m.theirs++
	}
	return ours == theirs
}

// comparison is what came of all observation points.
type comparison struct {
	zero, dup, again marked
	table            map[string]int // rules and marks of duplicate ACKs and retransmissions
}

// at compares what tshark says of the capture of one host with what our events say.
func (c *comparison) at(t *testing.T, p point) {
	offered, moved, k := offers(p.world), moves(p.world), talks{}
	for i, f := range p.frames {
		ip, tcp := segmentOf(f.data)
		if ip == nil || tcp == nil {
			continue
		}
		s := k.look(ip, tcp)
		if !f.out {
			continue
		}
		e, copied := p.made(f.pkt)
		b, ok := e.Body.(event.SegmentSent)
		if !ok || forged(e) || e.Host != p.host { // forged, or passed on
			continue
		}
		got, name := p.said[i].marks, fmt.Sprintf("%s at %s: #%d %s", p.run.name, p.host, f.pkt, e.Rule)
		plain := !strings.ContainsAny(b.Seg.Flags, "SFR")
		if wnd, ok := offered[e.N]; ok && !c.zero.count(plain && wnd == 0, got["zero_window"]) {
			t.Errorf("%s: zero_window is %v, the window offered %d", name, got["zero_window"], wnd)
		}
		ours := s.repeats && (copied || answersNothingNew(p.world, e, moved))
		if !c.dup.count(ours, got["duplicate_ack"]) {
			t.Errorf("%s: duplicate_ack is %v, %+v", name, got["duplicate_ack"], s)
		}
		mark := ""
		for _, m := range []string{"out_of_order", "spurious_retransmission", "fast_retransmission",
			"retransmission"} {
			if mark == "" && got[m] {
				mark = m
			}
		}
		if got["duplicate_ack"] {
			c.table[fmt.Sprintf("%-24s duplicate_ack", e.Rule)]++
		}
		ours = s.old && (copied || b.Seg.Retransmission)
		if !c.again.count(ours, mark != "") {
			t.Errorf("%s: %q, retransmission is %v, %+v", name, mark, b.Seg.Retransmission, s)
		}
		c.tell(e, b.Seg.Retransmission, s, mark)
	}
}

// tell counts a retransmission for the confusion table.
func (c *comparison) tell(e event.Event, again bool, s shape, mark string) {
	if !again && mark == "" {
		return
	}
	switch {
	case mark != "":
	case s.probe:
		mark = "(zero window probe)"
	case s.keep:
		mark = "(keep-alive)"
	case s.probed:
		mark = "(begins with the octet of a probe)"
	case !s.old:
		mark = "(new to tshark)"
	}
	c.table[fmt.Sprintf("%-24s %s", e.Rule, mark)]++
}

func (c *comparison) String() string {
	var b strings.Builder
	row := func(name string, m marked) {
		fmt.Fprintf(&b, "%-16s %6d both %6d only ours %6d only tshark\n", name, m.both, m.ours, m.theirs)
	}
	row("zero window", c.zero)
	row("duplicate ACK", c.dup)
	row("retransmission", c.again)
	var rows []string
	for k, n := range c.table {
		rows = append(rows, fmt.Sprintf("%6d %s", n, k))
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i][7:] < rows[j][7:] })
	return b.String() + strings.Join(rows, "\n")
}
