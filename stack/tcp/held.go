package tcp

import "labserver/stack/seq"

// maxHeld is how many separate stretches of data ahead of a gap are remembered.
const maxHeld = 256

// stretch is data held ahead of a gap: [start, end).
type stretch struct {
	start, end seq.Num
	stamp      uint64 // grows with every arrival, so that SACK can name the latest first
}

// heldData is the set of stretches held, in order of sequence, apart from each other.
// The octets themselves lie in the receive buffer. The zero value is empty.
type heldData struct {
	list  []stretch
	stamp uint64
}

// octets counts what is held.
func (h *heldData) octets() seq.Size {
	var n seq.Size
	for _, s := range h.list {
		n += s.end.Sub(s.start)
	}
	return n
}

// add puts [start, end) in and merges what touches. It reports whether there was room,
// and whether all of it was held before.
func (h *heldData) add(start, end seq.Num) (ok, duplicate bool) {
	h.stamp++
	i := 0
	for i < len(h.list) && h.list[i].end.Less(start) {
		i++
	}
	j := i // list[i:j] touch [start, end)
	merged := stretch{start, end, h.stamp}
	for j < len(h.list) && h.list[j].start.LessEq(end) {
		if h.list[j].start.LessEq(start) && end.LessEq(h.list[j].end) {
			duplicate = true
		}
		if h.list[j].start.Less(merged.start) {
			merged.start = h.list[j].start
		}
		merged.end = merged.end.Max(h.list[j].end)
		j++
	}
	if i == j {
		if len(h.list) >= maxHeld {
			return false, false
		}
		h.list = append(h.list, stretch{})
		copy(h.list[i+1:], h.list[i:])
		h.list[i] = merged
		return true, false
	}
	h.list[i] = merged
	h.list = append(h.list[:i+1], h.list[j:]...)
	return true, duplicate
}

// overlap is the first part of [start, end) that is held already, if any.
func (h *heldData) overlap(start, end seq.Num) (from, to seq.Num, some bool) {
	for _, s := range h.list {
		if s.start.Less(end) && start.Less(s.end) {
			from, to = s.start.Max(start), end
			if s.end.Less(end) {
				to = s.end
			}
			return from, to, true
		}
	}
	return 0, 0, false
}

// join takes out what continues at nxt and returns where the data in order ends now.
func (h *heldData) join(nxt seq.Num) seq.Num {
	n := 0
	for n < len(h.list) && h.list[n].start.LessEq(nxt) {
		nxt = nxt.Max(h.list[n].end)
		n++
	}
	h.list = h.list[:copy(h.list, h.list[n:])]
	return nxt
}

// blocks writes the SACK blocks to report, the one with the latest arrival first
// (RFC 2018 §4: "the first SACK block MUST specify the contiguous block of data
// containing the segment which triggered this ACK").
func (h *heldData) blocks(out [][2]seq.Num) int {
	n := 0
	below := h.stamp + 1
	for n < len(out) {
		best := -1
		for i, s := range h.list {
			if s.stamp < below && (best < 0 || s.stamp > h.list[best].stamp) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		below = h.list[best].stamp
		out[n] = [2]seq.Num{h.list[best].start, h.list[best].end}
		n++
	}
	return n
}
