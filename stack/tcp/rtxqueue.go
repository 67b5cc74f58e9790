package tcp

import (
	"sort"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// sent is one segment on the retransmission queue, [seq, end) of sequence space, with
// what RFC 6675 §3 keeps in its scoreboard: each segment knows its own fate.
type sent struct {
	seq, end seq.Num
	at       sim.Time // when it was last sent: Segment.xmit_ts of RFC 8985 §5.1
	nth      uint64   // which of all transmissions that was
	by       uint64   // the event that said it is lost, if lost
	why      rfc.ID   // and the rule it is sent again by
	syn, fin bool
	push     bool // it ends in a PSH
	again    bool // it was sent more than once, so Karn forbids to time it
	sacked   bool // the peer holds it, so it is neither lost nor retrans
	lost     bool // taken for lost
	retrans  bool // sent again, and that transmission is not known to be lost
}

func (s *sent) len() inet.ByteCount { return inet.ByteCount(s.end.Sub(s.seq)) }

// due reports whether the segment waits to be sent again.
func (s *sent) due() bool { return s.lost && !s.retrans }

// tally counts segments and their octets. The zero value is none.
type tally struct {
	segs   int
	octets inet.ByteCount
}

func (t *tally) add(s *sent) { t.segs, t.octets = t.segs+1, t.octets+s.len() }
func (t *tally) sub(s *sent) { t.segs, t.octets = t.segs-1, t.octets-s.len() }

// marks counts the segments by their fate, so that nobody has to look through them all.
type marks struct {
	sacked  tally
	lost    tally
	retrans tally
	due     tally // lost and not yet sent again
}

// apply counts the segment as it is marked now; withdraw takes it out again.
func (m *marks) apply(s *sent) {
	if s.sacked {
		m.sacked.add(s)
	}
	if s.lost {
		m.lost.add(s)
	}
	if s.retrans {
		m.retrans.add(s)
	}
	if s.due() {
		m.due.add(s)
	}
}

func (m *marks) withdraw(s *sent) {
	if s.sacked {
		m.sacked.sub(s)
	}
	if s.lost {
		m.lost.sub(s)
	}
	if s.retrans {
		m.retrans.sub(s)
	}
	if s.due() {
		m.due.sub(s)
	}
}

// rtxQueue is the retransmission queue (RFC 9293 §3.4): what was sent and is not yet
// wholly acknowledged, in order, without gaps. The zero value is empty.
type rtxQueue struct {
	items []sent
	head  int
	marks
	sent    uint64  // transmissions so far, probes and handshakes aside
	dueFrom seq.Num // no segment before it is due
	held    spans   // what the peer holds, the same as the SACK marks
	order   txOrder
}

// maxSplit is how many segments the queue may hold before SACK blocks stop splitting
// them: a peer that acknowledges single octets must not make it grow without end.
const maxSplit = 1 << 14

func (q *rtxQueue) len() int { return len(q.items) - q.head }

// at returns the i-th segment from the front. Its marks are changed by mark only.
func (q *rtxQueue) at(i int) *sent { return &q.items[q.head+i] }

// find returns the index of the first segment that ends behind n, len() if none does.
func (q *rtxQueue) find(n seq.Num) int {
	return sort.Search(q.len(), func(i int) bool { return n.Less(q.at(i).end) })
}

func (q *rtxQueue) push(s sent) {
	if q.head > 64 && q.head > len(q.items)/2 {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	q.sent++
	s.nth = q.sent
	q.items = append(q.items, s)
	q.order.push(s.seq, s.at, q)
}

// pop removes the segment at the front.
func (q *rtxQueue) pop() {
	q.withdraw(q.at(0))
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
		q.order.clear()
	}
}

// flush empties the queue.
func (q *rtxQueue) flush() { *q = rtxQueue{sent: q.sent} }

// spareQueues is how many queues' memory a layer keeps for connections to come, each of at
// most spareSegments.
const (
	spareQueues   = 16
	spareSegments = 64
)

// retire empties the retransmission queue of a connection that sends nothing any more. Its
// memory serves the next connection.
func (c *Conn) retire() {
	q := &c.snd.queue
	if l := c.l; len(l.spare) < spareQueues && cap(q.items) > 0 && cap(q.items) <= spareSegments &&
		cap(q.order.list) <= 2*spareSegments {
		l.spare = append(l.spare, rtxQueue{items: q.items[:0], order: txOrder{list: q.order.list[:0]}})
	}
	q.flush()
}

// spareQueue returns an empty queue, with memory if there is some.
func (l *Layer) spareQueue() (q rtxQueue) {
	if n := len(l.spare); n > 0 {
		q, l.spare = l.spare[n-1], l.spare[:n-1]
	}
	return q
}

// trim cuts off the part of the front segment that una acknowledges.
func (q *rtxQueue) trim(una seq.Num) {
	s := q.at(0)
	q.withdraw(s)
	if i := q.order.find(s.seq, s.at); i >= 0 {
		q.order.list[i].seq = una
	}
	s.seq, s.syn = una, false
	q.apply(s)
}

// split cuts the i-th segment in two at n. Both parts keep its marks and its time.
func (q *rtxQueue) split(i int, n seq.Num) {
	s := q.at(i)
	if !s.seq.Less(n) || !n.Less(s.end) {
		panic("BUG: splitting a segment outside itself")
	}
	q.withdraw(s)
	rest := *s
	rest.seq, rest.syn = n, false
	s.end, s.fin, s.push = n, false, false
	q.apply(s)
	q.apply(&rest)
	at := q.head + i + 1
	q.items = append(q.items, sent{})
	copy(q.items[at+1:], q.items[at:])
	q.items[at] = rest
	q.order.split(q.items[at-1].seq, n, rest.at)
}

// join makes one of the i-th segment and the next. It keeps the marks and the time of the
// first; none of the two is SACKed.
func (q *rtxQueue) join(i int) {
	s, next := q.at(i), *q.at(i + 1)
	if s.sacked || next.sacked || s.fin {
		panic("BUG: joining segments of different fates")
	}
	q.withdraw(s)
	q.withdraw(&next)
	s.end, s.fin, s.push, s.again = next.end, next.fin, s.push || next.push, s.again || next.again
	q.apply(s)
	at := q.head + i + 1
	q.items = append(q.items[:at], q.items[at+1:]...)
}

// sack marks the i-th segment as held by the peer.
func (q *rtxQueue) sack(i int) {
	s := q.at(i)
	q.withdraw(s)
	s.sacked, s.lost, s.retrans = true, false, false
	q.apply(s)
}

// lose marks the i-th segment, and what was sent of it again, as lost.
func (q *rtxQueue) lose(i int) {
	s := q.at(i)
	if s.syn {
		panic("BUG: a SYN on the scoreboard")
	}
	q.withdraw(s)
	s.sacked, s.lost, s.retrans = false, true, false
	if q.due.segs == 0 || s.seq.Less(q.dueFrom) {
		q.dueFrom = s.seq
	}
	q.apply(s)
}

// found takes the i-th segment's loss back: it was not lost after all.
func (q *rtxQueue) found(i int) {
	s := q.at(i)
	q.withdraw(s)
	s.lost = false
	q.apply(s)
}

// resent marks the i-th segment as sent again at an instant.
func (q *rtxQueue) resent(i int, now sim.Time) {
	s := q.at(i)
	q.withdraw(s)
	q.sent++
	s.again, s.retrans, s.at, s.nth = true, !s.sacked, now, q.sent
	q.apply(s)
	q.order.push(s.seq, now, q)
}

// nextDue returns the index of the first segment that waits to be sent again.
func (q *rtxQueue) nextDue() int {
	i := 0
	if q.at(0).seq.Less(q.dueFrom) {
		i = q.find(q.dueFrom)
	}
	for ; i < q.len(); i++ {
		if q.at(i).due() {
			q.dueFrom = q.at(i).seq
			return i
		}
	}
	panic("BUG: no segment is due")
}

// txOrder remembers the segments in the order in which they were last sent: RFC 8985
// §6.2 step 5 looks through them in that order. An entry whose segment was sent again
// since, was SACKed or acknowledged is stale; stale entries go when they are met. The
// zero value is empty.
type txOrder struct {
	list []txEntry
	head int
}

// txEntry says that the segment from seq on was sent at an instant.
type txEntry struct {
	seq seq.Num
	at  sim.Time
}

func (o *txOrder) clear() { o.list, o.head = o.list[:0], 0 }

func (o *txOrder) push(n seq.Num, at sim.Time, q *rtxQueue) {
	if k := len(o.list); k > o.head && o.list[k-1].seq == n {
		o.list[k-1].at = at
		return
	}
	for o.head < len(o.list) && o.list[o.head].seq.Less(q.at(0).seq) {
		o.head++
	}
	if len(o.list) == cap(o.list) && o.head > len(o.list)/2 {
		o.list = o.list[:copy(o.list, o.list[o.head:])]
		o.head = 0
	}
	if len(o.list)-o.head > 2*q.len()+64 {
		o.tidy(q)
	}
	o.list = append(o.list, txEntry{n, at})
}

// tidy drops the stale entries.
func (o *txOrder) tidy(q *rtxQueue) {
	keep := o.list[:0]
	for _, e := range o.list[o.head:] {
		if q.current(e) >= 0 {
			keep = append(keep, e)
		}
	}
	o.list, o.head = keep, 0
}

// find returns the index of the entry of a segment, -1 if there is none. The segments
// that are looked for are seldom, and near the front.
func (o *txOrder) find(n seq.Num, at sim.Time) int {
	for i := o.head; i < len(o.list); i++ {
		if o.list[i] == (txEntry{n, at}) {
			return i
		}
	}
	return -1
}

// split adds the second part of a segment behind its first.
func (o *txOrder) split(first, second seq.Num, at sim.Time) {
	i := o.find(first, at)
	if i < 0 {
		return
	}
	o.list = append(o.list, txEntry{})
	copy(o.list[i+2:], o.list[i+1:])
	o.list[i+1] = txEntry{second, at}
}

// current returns the index of the segment an entry of the order means, -1 if stale.
func (q *rtxQueue) current(e txEntry) int {
	i := q.find(e.seq)
	if i == q.len() {
		return -1
	}
	if s := q.at(i); s.seq != e.seq || s.at != e.at || s.sacked {
		return -1
	}
	return i
}
