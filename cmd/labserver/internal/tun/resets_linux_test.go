package tun_test

import (
	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// ways tells the two directions on the wire apart: from us, from the kernel.
type ways [2]int

func from(in bool) int {
	if in {
		return 1
	}
	return 0
}

// resets counts the segments that reset, and finds those that need no explanation: a side
// whose FIN was acknowledged, and that had the other's, is CLOSED if it was the second to
// close; RFC 9293 §3.10.7.1 has it answer whatever still comes with a reset. So a copy, or
// an acknowledgment of what was sent again a moment too early, draws one.
type resets struct {
	seen, late ways
	closing    map[[2]uint16]*fins // by our port and the kernel's
	damage     bool                // segments that are not whole say nothing
}

// fins is how far a connection has been closed, by who sent the FIN.
type fins struct {
	sent, acked [2]bool
	next        [2]seq.Num // after the FIN
}

// look takes a segment that passed.
func (r *resets) look(in bool, p *wire.IP) {
	if p.Proto != inet.TCP || p.Fragment() || len(p.Payload) < wire.TCPHeaderLen {
		return
	}
	flags := wire.Flags(p.Payload[13])
	if flags&(wire.FIN|wire.RST|wire.SYN) == 0 && len(r.closing) == 0 {
		return
	}
	seg, err := wire.ParseTCP(p.Src, p.Dst, p.Payload)
	if err != nil && r.damage {
		return
	}
	way := from(in)
	flow := [2]uint16{seg.SrcPort, seg.DstPort}
	if in {
		flow = [2]uint16{seg.DstPort, seg.SrcPort}
	}
	if flags&wire.SYN != 0 {
		delete(r.closing, flow)
	}
	f := r.closing[flow]
	if flags&wire.RST != 0 {
		r.seen[way]++
		if f != nil && f.acked[way] && f.sent[1-way] {
			r.late[way]++
		}
		return
	}
	if flags&wire.FIN != 0 {
		if f == nil {
			f = &fins{}
			r.closing[flow] = f
		}
		f.sent[way], f.next[way] = true, seg.Seq.Add(seg.Len())
	}
	if f != nil && f.sent[1-way] && seg.Ack == f.next[1-way] {
		f.acked[1-way] = true
	}
}

// unexplained are the resets that are not late.
func (r *resets) unexplained() ways {
	return ways{r.seen[0] - r.late[0], r.seen[1] - r.late[1]}
}
