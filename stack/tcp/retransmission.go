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
	timed    bool     // at is the sending time of the oldest segment, sent only once
	at       sim.Time //
	again    bool     // some of it had been sent more than once
}

// acknowledge removes the segments that una acknowledges entirely, and the
// acknowledged part of the next.
func (q *rtxQueue) acknowledge(una seq.Num) acked {
	var a acked
	for q.len() > 0 {
		s := q.at(0)
		if !s.end.LessEq(una) {
			if s.seq.Less(una) {
				s.seq, s.syn = una, false
				a.again = a.again || s.again
			}
			break
		}
		if !a.timed && !a.again {
			a.timed, a.at = true, s.at
		}
		a.syn, a.fin, a.again = a.syn || s.syn, a.fin || s.fin, a.again || s.again
		q.head++
		q.gone++
	}
	// RFC 6298 §3, Karn's algorithm: "RTT samples MUST NOT be made using segments
	// that were retransmitted (and thus for which it is ambiguous whether the reply was
	// for the first instance of the packet or a later instance)".
	a.timed = a.timed && !a.again
	if q.len() == 0 {
		q.items, q.head = q.items[:0], 0
	}
	return a
}
