package tcp

import (
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// sent is one segment on the retransmission queue: [seq, end) of sequence space.
type sent struct {
	seq, end seq.Num
	at       sim.Time // when it was last sent
	again    bool     // it was sent more than once, so Karn forbids to time it
	syn, fin bool
}

// rtxQueue is the retransmission queue (RFC 9293 §3.4): what was sent and is not yet
// wholly acknowledged, in order, without gaps. The zero value is empty.
type rtxQueue struct {
	items []sent
	head  int
	gone  int // how many have ever left the front; front's absolute number
}

func (q *rtxQueue) len() int { return len(q.items) - q.head }

// at returns the i-th segment from the front, to be changed in place.
func (q *rtxQueue) at(i int) *sent { return &q.items[q.head+i] }

func (q *rtxQueue) push(s sent) {
	if q.head > 64 && q.head > len(q.items)/2 {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	q.items = append(q.items, s)
}

// flush empties the queue.
func (q *rtxQueue) flush() { *q = rtxQueue{gone: q.gone + q.len()} }

// acked is what an acknowledgment took off the queue.
type acked struct {
	syn, fin bool
	timed    bool     // at is when the oldest of it was sent, and none was sent twice
	at       sim.Time // or else when some of it was last sent again
	again    bool     // some of it had been sent more than once
}

// note takes the timing of one segment, or of a part of it.
func (a *acked) note(s *sent) {
	switch {
	case s.again && a.again:
		a.at = max(a.at, s.at)
	case s.again:
		a.at, a.again, a.timed = s.at, true, false
	case !a.again && !a.timed:
		a.at, a.timed = s.at, true
	}
}

// acknowledge removes the segments that una acknowledges entirely, and the
// acknowledged part of the next. RFC 6298 §3, Karn's algorithm: "RTT samples MUST NOT be
// made using segments that were retransmitted (and thus for which it is ambiguous whether
// the reply was for the first instance of the packet or a later instance)".
func (q *rtxQueue) acknowledge(una seq.Num) acked {
	var a acked
	for q.len() > 0 {
		s := q.at(0)
		if !s.end.LessEq(una) {
			if s.seq.Less(una) {
				if s.again {
					a.note(s)
				}
				s.seq, s.syn = una, false
			}
			break
		}
		a.note(s)
		a.syn, a.fin = a.syn || s.syn, a.fin || s.fin
		q.head++
		q.gone++
	}
	if q.len() == 0 {
		q.items, q.head = q.items[:0], 0
	}
	return a
}
