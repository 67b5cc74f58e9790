package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/seq"
)

// check panics when the connection is not what it must always be. It is cheap enough to
// run after every call.
func (c *Conn) check() {
	if c.state == inet.Closed {
		return
	}
	c.checkSend()
	c.checkScoreboard()
	c.checkReceive()
	c.checkTimers()
	if c.sndVars() != c.shownSnd || c.rcvVars() != c.shownRcv || c.ccVars() != c.shownCC ||
		c.rttVars() != c.shownRTT || c.lossVars() != c.shownLoss ||
		c.urgentVars() != c.shownUrgent {
		panic("BUG: a variable of " + string(c.id) + " changed without an event")
	}
	if !c.listed {
		panic("BUG: connection " + string(c.id) + " is not in the table")
	}
}

func (c *Conn) checkSend() {
	s := &c.snd
	switch {
	case !s.una.LessEq(s.nxt):
		panic("BUG: SND.UNA is beyond SND.NXT")
	case c.unsent() < 0:
		panic("BUG: SND.NXT is beyond the send buffer")
	case s.finSent && c.unsent() != 0:
		panic("BUG: data behind the FIN")
	case c.outstanding() < 0:
		panic("BUG: more has left the network than was sent")
	case s.queue.len() == 0 && s.una != s.nxt:
		panic("BUG: outstanding data is not on the retransmission queue")
	case s.queue.len() > 0 && (s.queue.at(0).seq != s.una || s.queue.at(s.queue.len()-1).end != s.nxt):
		panic("BUG: the retransmission queue does not span SND.UNA to SND.NXT")
	}
}

// checkScoreboard adds the scoreboard up from nothing, while it is small, and compares.
func (c *Conn) checkScoreboard() {
	q := &c.snd.queue
	if q.len() > checkedSegments || q.marks == (marks{}) && len(q.held.list) == 0 {
		return
	}
	var m marks
	var pipe inet.ByteCount
	end, held := c.snd.una, 0
	for i := range q.len() {
		s := q.at(i)
		m.apply(s)
		switch {
		case s.seq != end || !s.seq.Less(s.end):
			panic("BUG: a gap in the retransmission queue")
		case s.sacked && (s.lost || s.retrans):
			panic("BUG: a segment that the peer holds is lost or on its way")
		case s.due() && s.seq.Less(q.dueFrom):
			panic("BUG: a lost segment would be passed over")
		}
		end = s.end
		for held < len(q.held.list) && q.held.list[held].to.LessEq(s.seq) {
			held++
		}
		inside := held < len(q.held.list) && q.held.list[held].from.LessEq(s.seq)
		if inside != s.sacked {
			panic("BUG: a segment's SACK mark and the list of what the peer holds differ")
		}
		if !s.sacked && !s.lost {
			pipe += s.len()
		}
		if s.retrans {
			pipe += s.len()
		}
	}
	if m != q.marks {
		panic("BUG: the scoreboard's counts are wrong")
	}
	if all := c.flight() - m.sacked.octets - m.lost.octets + m.retrans.octets; all != pipe {
		panic("BUG: pipe is not what the scoreboard says")
	}
}

// checkedSegments is how many segments the scoreboard is checked up to: check must stay
// cheap.
const checkedSegments = 64

func (c *Conn) checkReceive() {
	r := &c.rcv
	if inet.ByteCount(r.wnd)+inet.ByteCount(r.buf.len()) > r.limit {
		panic("BUG: more window offered than there is buffer")
	}
	if n := len(r.held.list); n > 0 {
		first, last := r.held.list[0], r.held.list[n-1]
		if !r.nxt.Less(first.start) || !last.end.LessEq(r.nxt.Add(r.wnd)) {
			panic("BUG: held data is not ahead of RCV.NXT and inside the window")
		}
	}
	if c.snd.mss > 0 {
		edge := r.nxt.Add(r.wnd)
		if r.edgeSet && edge.Less(r.edge) && c.l.k.ShrinkWindow == 0 {
			panic("BUG: the right edge of the receive window retreated")
		}
		r.edge, r.edgeSet = edge, true
	}
}

func (c *Conn) checkTimers() {
	outstanding := c.snd.queue.len() > 0
	rto, persist := c.timers[timerRTO].running, c.timers[timerPersist].running
	if loss := c.timers[timerLoss].running; loss && (rto || persist) {
		panic("BUG: the loss timer runs beside the rto or persist timer")
	} else if loss {
		rto = true // in its place
	}
	switch {
	case outstanding && !rto && !persist:
		panic("BUG: data outstanding and no timer runs")
	case rto && persist:
		panic("BUG: the rto and persist timers run together")
	case rto && !outstanding:
		panic("BUG: the rto timer runs with nothing outstanding")
	case c.state == inet.TimeWait && !c.timers[timer2MSL].running:
		panic("BUG: TIME-WAIT without its timer")
	case c.ack.now:
		panic("BUG: an ACK is due and was not sent")
	}
}

// rightEdge is what check remembers of the receive window.
type rightEdge struct {
	edge    seq.Num
	edgeSet bool
}
