package tcp

import (
	"sort"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// The sender's side of selective acknowledgments: RFC 2018 §5, RFC 2883 §5, and the
// scoreboard of RFC 6675 §3, whose marks stand on the retransmission queue.

// delivery is what one acknowledgment tells about what was sent.
type delivery struct {
	seg    *wire.TCP
	from   seq.Num        // SND.UNA before it
	pipe   inet.ByteCount // outstanding before it
	flight inet.ByteCount // FlightSize before it
	octets inet.ByteCount // DeliveredData of RFC 9937 §6.2: newly known to be delivered
	sacked inet.ByteCount // of these, by SACK blocks

	advanced bool // SND.UNA moved
	dup      bool // a duplicate as RFC 5681 §2 defines it
	dsack    bool // it reports something that came twice
	twice    sackSpan
	orig     bool // it delivered what was sent once, and before the loss was noticed
	lost     bool // it made losses evident
	relost   bool // one of something sent again
	syn, fin bool

	timed     bool     // at is when the oldest acknowledged was sent, and none was sent twice
	again     bool     // some of it had been sent more than once
	at        sim.Time // for timed; for again, when some of it was last sent again
	sackTimed bool     // sackAt is when the oldest newly SACKed was sent, once
	sackAt    sim.Time
}

func (c *Conn) delivery(seg *wire.TCP) delivery {
	return delivery{seg: seg, from: c.snd.una, pipe: c.outstanding(), flight: c.flight()}
}

// usesSACK reports whether losses are found by what SACK tells.
func (c *Conn) usesSACK() bool { return c.sack && c.algorithm().recovery() == recoveryModern }

// takeOff removes the segments that una acknowledges entirely, and the acknowledged part
// of the next.
func (c *Conn) takeOff(una seq.Num, d *delivery, fx *Effects) {
	q := &c.snd.queue
	d.advanced = true
	for q.len() > 0 && q.at(0).end.LessEq(una) {
		s := q.at(0)
		d.syn, d.fin = d.syn || s.syn, d.fin || s.fin
		if !s.sacked {
			d.time(s)
			c.delivered(s, d, fx)
		} else if s.again {
			d.time(s)
		}
		q.pop()
	}
	if q.len() > 0 && q.at(0).seq.Less(una) {
		s := q.at(0)
		if !s.sacked {
			d.octets += inet.ByteCount(una.Sub(s.seq))
			if s.again {
				d.time(s)
			}
		}
		q.trim(una)
	}
	q.held.below(una)
}

// time takes the timing of one acknowledged segment. RFC 6298 §3, Karn's algorithm: "RTT
// samples MUST NOT be made using segments that were retransmitted (and thus for which it
// is ambiguous whether the reply was for the first instance of the packet or a later
// instance)".
func (d *delivery) time(s *sent) {
	switch {
	case s.again && d.again:
		d.at = max(d.at, s.at)
	case s.again:
		d.at, d.again, d.timed = s.at, true, false
	case !d.again && !d.timed:
		d.at, d.timed = s.at, true
	}
}

// delivered is told of each segment that is newly known to have arrived.
func (c *Conn) delivered(s *sent, d *delivery, fx *Effects) {
	d.octets += s.len()
	if s.syn {
		return // congestion control begins with its acknowledgment
	}
	if !s.again && s.end.LessEq(c.cc.high.seq) {
		d.orig = true
	}
	if c.usesRACK() {
		c.rackDelivered(s, d, fx.Now)
	}
	// RFC 8985 §6.2 step 3: "If Segment.end_seq > RACK.fack: RACK.fack = Segment.end_seq.
	// Else if Segment.end_seq < RACK.fack AND Segment.retransmitted is FALSE:
	// RACK.reordering_seen = TRUE".
	switch {
	case c.loss.fack.Less(s.end):
		c.loss.fack = s.end
	case !s.again && s.end.Less(c.loss.fack):
		c.reordered(s.seq)
	}
}

// reordered notes how far a segment was overtaken: as many segments more have to overtake
// another before that one counts as lost. (RFC 8985 has no such number; RFC 6675's DupThresh
// adapts as linux lets it.)
func (c *Conn) reordered(from seq.Num) {
	n := (inet.ByteCount(c.loss.fack.Sub(from)) + c.cc.smss - 1) / c.cc.smss
	c.loss.reordering = max(c.loss.reordering, int(min(n, inet.ByteCount(c.l.k.MaxReordering))))
}

// selective takes the SACK blocks of an acknowledgment.
func (c *Conn) selective(a *arrival, d *delivery, fx *Effects) {
	n := a.seg.Opts.NSACK
	if !c.usesSACK() || n == 0 {
		return
	}
	blocks := a.seg.Opts.SACK
	first := 0
	if c.duplicated(blocks[:n], a.seg.Ack) {
		d.dsack, d.twice = true, sackSpan{blocks[0][0], blocks[0][1]}
		c.loss.dsacks++
		first = 1
	}
	list := blocks[first:n]
	// In order of sequence, so that what one acknowledgment names does not look reordered.
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j][0].Less(list[j-1][0]); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	for _, b := range list {
		switch {
		case !b[0].Less(b[1]), c.snd.nxt.Less(b[1]):
			// RFC 2018 §3 has blocks describe what was received, so what was never sent
			// cannot be in one.
			refuse(c.id, a.pkt, "bad-sack", 0, rfc.TCPSackBad, fx)
		case b[1].LessEq(c.snd.una):
			// acknowledged meanwhile: the acknowledgment was overtaken
		default:
			c.sackBlock(b[0].Max(c.snd.una), b[1], d, fx)
		}
	}
}

// duplicated reports whether the first block is a D-SACK. RFC 2883 §5: "the sender can
// compare the sequence space in the first SACK block to the cumulative ACK […]. If the
// SACK sequence space is less than this cumulative ACK, it is an indication that the
// segment identified by the SACK sequence space has been received more than once […].
// [Else] the sender should compare the sequence space in the first SACK block with the
// sequence space in the second SACK block".
func (c *Conn) duplicated(blocks [][2]seq.Num, ack seq.Num) bool {
	b := blocks[0]
	if !b[0].Less(b[1]) || c.snd.nxt.Less(b[1]) {
		return false
	}
	if b[0].Less(ack) {
		return true
	}
	return len(blocks) > 1 && blocks[1][0].LessEq(b[0]) && b[1].LessEq(blocks[1][1])
}

// sackBlock marks [from, to) as held by the peer: RFC 6675 §4, Update(). What was marked
// before is not looked at again.
func (c *Conn) sackBlock(from, to seq.Num, d *delivery, fx *Effects) {
	q := &c.snd.queue
	from, to = q.boundary(from, true), q.boundary(to, false)
	if !from.Less(to) {
		return
	}
	list := q.held.list
	i := sort.Search(len(list), func(i int) bool { return from.LessEq(list[i].to) })
	at, j := from, i
	for ; j < len(list) && list[j].from.LessEq(to); j++ {
		if at.Less(list[j].from) {
			c.sackRange(at, list[j].from, d, fx)
		}
		at = at.Max(list[j].to)
	}
	if at.Less(to) {
		c.sackRange(at, to, d, fx)
	}
	q.held.merge(i, j, sackSpan{from, to})
}

// sackRange marks segments that the peer did not hold before.
func (c *Conn) sackRange(from, to seq.Num, d *delivery, fx *Effects) {
	q := &c.snd.queue
	for i := q.find(from); i < q.len() && q.at(i).seq.Less(to); i++ {
		s := q.at(i)
		if !s.again && !d.sackTimed {
			d.sackTimed, d.sackAt = true, s.at
		}
		d.sacked += s.len()
		c.delivered(s, d, fx)
		q.sack(i)
	}
}

// boundary makes n the edge of a segment: by splitting the one it lies in, or, when there
// are too many already, by moving n up or down to the next edge.
func (q *rtxQueue) boundary(n seq.Num, up bool) seq.Num {
	i := q.find(n)
	if i == q.len() || !q.at(i).seq.Less(n) || q.at(i).sacked {
		return n
	}
	if q.len() < maxSplit {
		q.split(i, n)
		return n
	}
	if up {
		return q.at(i).end
	}
	return q.at(i).seq
}

// sackSpan is a stretch of sequence space, [from, to).
type sackSpan struct{ from, to seq.Num }

// spans is what the peer holds behind SND.UNA, in order and apart. The zero value is
// empty.
type spans struct{ list []sackSpan }

// merge puts s, which touches list[i:j], in their place.
func (h *spans) merge(i, j int, s sackSpan) {
	if i == j {
		h.list = append(h.list, sackSpan{})
		copy(h.list[i+1:], h.list[i:])
		h.list[i] = s
		return
	}
	if h.list[i].from.Less(s.from) {
		s.from = h.list[i].from
	}
	s.to = s.to.Max(h.list[j-1].to)
	h.list[i] = s
	h.list = append(h.list[:i+1], h.list[j:]...)
}

// below forgets what lies below una.
func (h *spans) below(una seq.Num) {
	n := 0
	for n < len(h.list) && h.list[n].to.LessEq(una) {
		n++
	}
	if n > 0 {
		h.list = h.list[:copy(h.list, h.list[n:])]
	}
	if len(h.list) > 0 && h.list[0].from.Less(una) {
		h.list[0].from = una
	}
}

// lossBound returns the number before which everything not SACKed is lost: RFC 6675 §4,
// IsLost(SeqNum) is true "when either DupThresh discontiguous SACKed sequences have
// arrived above 'SeqNum' or more than (DupThresh - 1) * SMSS bytes with sequence numbers
// greater than 'SeqNum' have been SACKed".
func (h *spans) lossBound(dupThresh int, smss inet.ByteCount) (bound seq.Num, ok bool) {
	var octets inet.ByteCount
	for n := 1; n <= len(h.list); n++ {
		s := h.list[len(h.list)-n]
		octets += inet.ByteCount(s.to.Sub(s.from))
		if n >= dupThresh || octets > inet.ByteCount(dupThresh-1)*smss {
			return s.from, true
		}
	}
	return 0, false
}

// findByIsLost marks what RFC 6675 §4 says is lost.
func (c *Conn) findByIsLost(d *delivery, fx *Effects) {
	q := &c.snd.queue
	bound, ok := q.held.lossBound(c.dupThresh(), c.cc.smss)
	if !ok {
		return
	}
	for i := q.find(c.loss.judged.Max(c.snd.una)); i < q.len() && q.at(i).seq.Less(bound); i++ {
		if s := q.at(i); !s.sacked && !s.lost && !s.retrans {
			c.lose(i, rfc.TCPIsLost, rfc.TCPNextSeg, d, fx)
		}
	}
	c.loss.judged = c.loss.judged.Max(bound)
}

// lose marks the i-th segment as lost, by a rule, and says so. Resend is the rule it will
// be sent again by.
func (c *Conn) lose(i int, rule, resend rfc.ID, d *delivery, fx *Effects) {
	q := &c.snd.queue
	s := q.at(i)
	n := emit(c, rule, event.SegmentLost{Seq: s.seq, End: s.end}, fx)
	if d != nil {
		d.lost = true
		d.relost = d.relost || s.retrans
	}
	q.lose(i)
	s.by, s.why = n, resend
	c.boundGuess()
}

// loseAll marks all that is outstanding and not SACKed as lost, and says so once for each
// stretch. Recent tells of segments to be left alone.
func (c *Conn) loseAll(rule, resend rfc.ID, recent func(s *sent) bool, fx *Effects) {
	q := &c.snd.queue
	for i := 0; i < q.len(); i++ {
		j := i
		for j < q.len() && !q.at(j).sacked && !recent(q.at(j)) {
			j++
		}
		if i == j {
			continue
		}
		n := emit(c, rule, event.SegmentLost{Seq: q.at(i).seq, End: q.at(j - 1).end}, fx)
		for ; i < j; i++ {
			q.lose(i)
			q.at(i).by, q.at(i).why = n, resend
		}
	}
	c.boundGuess()
}

// forgetSACK takes back every SACK mark: the peer may drop what it only announced to
// hold. RFC 2018 §8: "the data sender MUST NOT discard data before the data is
// acknowledged by the Acknowledgment Number field".
func (c *Conn) forgetSACK() {
	q := &c.snd.queue
	for i := range q.len() {
		if s := q.at(i); s.sacked {
			q.withdraw(s)
			s.sacked = false
			q.apply(s)
		}
	}
	q.held = spans{}
	c.loss.judged = c.snd.una
}

// lossVars is the scoreboard as events tell it.
func (c *Conn) lossVars() event.LossVars {
	m := &c.snd.queue.marks
	return event.LossVars{
		Sacked: m.sacked.octets + c.loss.guessed, Lost: m.lost.octets,
		Retrans: m.retrans.octets, Reordering: c.loss.reordering, DSACKs: c.loss.dsacks,
	}
}

// showLoss tells that the scoreboard changed, if it did.
func (c *Conn) showLoss(fx *Effects) {
	old, now := c.shownLoss, c.lossVars()
	if now == old {
		return
	}
	rule := rfc.TCPScoreboard
	switch {
	case now.DSACKs != old.DSACKs:
		rule = rfc.TCPDSACK
	case now.Reordering > old.Reordering:
		rule = rfc.TCPReordering
	}
	emit(c, rule, event.LossChanged{Old: old, New: now}, fx)
	c.shownLoss = now
}
