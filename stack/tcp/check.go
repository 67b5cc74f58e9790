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
	c.checkReceive()
	c.checkTimers()
	if c.sndVars() != c.shownSnd || c.rcvVars() != c.shownRcv || c.ccVars() != c.shownCC ||
		c.rttVars() != c.shownRTT {
		panic("BUG: a variable of " + string(c.id) + " changed without an event")
	}
	if c.l.conns[c.flow] != c {
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
	case s.queue.len() == 0 && s.una != s.nxt:
		panic("BUG: outstanding data is not on the retransmission queue")
	case s.queue.len() > 0 && (s.queue.at(0).seq != s.una || s.queue.at(s.queue.len()-1).end != s.nxt):
		panic("BUG: the retransmission queue does not span SND.UNA to SND.NXT")
	}
}

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
		if r.edgeSet && edge.Less(r.edge) {
			panic("BUG: the right edge of the receive window retreated")
		}
		r.edge, r.edgeSet = edge, true
	}
}

func (c *Conn) checkTimers() {
	outstanding := c.snd.queue.len() > 0
	rto, persist := c.timers[timerRTO].running, c.timers[timerPersist].running
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
