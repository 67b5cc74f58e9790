package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// lossMark is RFC 6582's "recover": all before it was sent when the loss was noticed.
// (The RFC names the last octet; this is the number after it.) The zero value is unset.
type lossMark struct {
	seq seq.Num
	set bool
}

// flight is FlightSize of RFC 5681 §2: what was sent and not yet acknowledged.
func (c *Conn) flight() inet.ByteCount { return inet.ByteCount(c.snd.nxt.Sub(c.snd.una)) }

// outstanding is how much of the flight counts against cwnd: after a timeout what was
// not sent again is taken for lost.
func (c *Conn) outstanding() inet.ByteCount {
	if !c.cc.resends {
		return c.flight()
	}
	lost := c.cc.high.seq.Sub(c.cursorSeq())
	return c.flight() - inet.ByteCount(lost)
}

// cursorSeq is where the next segment to be sent again begins.
func (c *Conn) cursorSeq() seq.Num {
	i := c.cc.cursor - c.snd.queue.gone
	if i >= c.snd.queue.len() || !c.snd.queue.at(i).seq.Less(c.cc.high.seq) {
		return c.cc.high.seq
	}
	return c.snd.queue.at(i).seq
}

// moveCursor keeps the plan to send again abreast of what was acknowledged.
func (c *Conn) moveCursor() {
	c.cc.cursor = max(c.cc.cursor, c.snd.queue.gone)
	if c.cc.resends && c.cc.high.seq.LessEq(c.snd.una) {
		c.cc.resends = false
	}
}

// duplicateACK is told of an acknowledgment that RFC 5681 §2 calls a duplicate.
func (c *Conn) duplicateACK(fx *Effects) {
	c.cc.dupAcks++
	switch {
	case c.cc.phase == phaseRecovery:
		// RFC 5681 §3.2 step 4: "For each additional duplicate ACK received (after the
		// third), cwnd MUST be incremented by SMSS."
		c.cc.cwnd += c.cc.smss
		c.showCC(rfc.TCPInflate, fx)
	case c.cc.phase == phaseOpen && c.cc.dupAcks == 3 && c.mayRecover():
		c.fastRetransmit(fx)
	}
}

// mayRecover: RFC 6582 §3.2 step 2, "If the Cumulative Acknowledgment field covers more
// than recover", so that the duplicates of a go-back after a timeout start nothing.
func (c *Conn) mayRecover() bool {
	return !c.cc.high.set || c.cc.high.seq.Less(c.snd.una) ||
		c.algorithm().recovery() != recoveryModern
}

// fastRetransmit: RFC 5681 §3.2 steps 2 and 3, RFC 6582 §3.2 step 2.
func (c *Conn) fastRetransmit(fx *Effects) {
	flight := c.flight() - c.cc.limited
	cc := c.algorithm()
	if !c.ecn.cut { // RFC 3168 §6.1.2: once for every window of data
		cc.lost(&c.cc.window, flight, fx.Now)
	}
	c.reduced()
	if cc.recovery() == recoverySlowStart {
		c.cc.cwnd, c.cc.phase = c.cc.smss, phaseLoss
		c.goBack()
		c.showCC(rfc.TCPTahoe, fx)
		c.resend(0, rfc.TCPFastRetransmit, fx)
		return
	}
	c.cc.high = lossMark{c.snd.nxt, true}
	c.cc.phase = phaseRecovery
	c.cc.cwnd = c.cc.ssthresh + 3*c.cc.smss
	c.showCC(rfc.TCPFastRetransmit, fx)
	c.resend(0, rfc.TCPFastRetransmit, fx)
}

// repaired takes an acknowledgment of new data while a loss is repaired.
func (c *Conn) repaired(a *acking, fx *Effects) {
	full := c.cc.high.seq.LessEq(c.snd.una)
	switch {
	case c.cc.phase == phaseLoss && full:
		c.cc.phase = phaseOpen
		c.algorithm().acked(&c.cc.window, a)
		c.showCC(rfc.TCPLossOver, fx)
	case c.cc.phase == phaseLoss:
		c.showCC(c.algorithm().acked(&c.cc.window, a), fx)
	case full || c.algorithm().recovery() != recoveryModern:
		// RFC 6582 §3.2 step 3, full acknowledgment: "Set cwnd to either (1) min (ssthresh,
		// max(FlightSize, SMSS) + SMSS) or (2) ssthresh"; the first avoids a burst.
		c.cc.phase = phaseOpen
		c.cc.cwnd = min(c.cc.ssthresh, max(c.flight(), c.cc.smss)+c.cc.smss)
		c.showCC(rfc.TCPFullACK, fx)
	default:
		// Partial acknowledgment: "retransmit the first unacknowledged segment. Deflate the
		// congestion window by the amount of new data acknowledged […]. If the partial ACK
		// acknowledges at least one SMSS of new data, then add back SMSS bytes".
		c.cc.cwnd = max(c.cc.cwnd-a.octets, 0)
		if a.octets >= c.cc.smss {
			c.cc.cwnd += c.cc.smss
		}
		c.cc.cwnd = max(c.cc.cwnd, c.cc.smss)
		c.showCC(rfc.TCPPartialACK, fx)
		c.resend(0, rfc.TCPPartialACK, fx)
	}
}

// lossTimeout: RFC 5681 §3.1, "upon a timeout […] cwnd MUST be set to no more than the
// loss window, LW, which equals 1 full-sized segment", and ssthresh by equation 4 when
// the segment has not been sent again before. All that was outstanding will be sent
// again as the window allows.
func (c *Conn) lossTimeout(fx *Effects) {
	if c.cc.cwnd == 0 {
		return // while our SYN is not acknowledged there is no congestion window
	}
	if c.retries == 1 {
		c.algorithm().timeout(&c.cc.window, c.flight(), fx.Now)
	}
	c.reduced()
	c.cc.cwnd = c.cc.smss
	c.cc.phase, c.cc.dupAcks, c.cc.limited = phaseLoss, 0, 0
	// RFC 6582 §3.2 step 4: "record the highest sequence number transmitted in the
	// variable recover, and exit the fast recovery procedure if applicable".
	c.goBack()
	c.showCC(rfc.TCPLossWindow, fx)
}

// goBack plans to send all that is outstanding again, from the front, as windows allow.
func (c *Conn) goBack() {
	c.cc.high = lossMark{c.snd.nxt, true}
	c.cc.resends = true
	c.cc.cursor = c.snd.queue.gone
}

// resendLost sends again what a timeout or a closed window left for lost, as the windows
// allow: RFC 5681 §3.1, "the TCP sender uses the slow start algorithm to increase the
// window from 1 full-sized segment".
func (c *Conn) resendLost(fx *Effects) {
	for c.cc.resends {
		q := &c.snd.queue
		i := c.cc.cursor - q.gone
		if i >= q.len() || !q.at(i).seq.Less(c.cc.high.seq) {
			c.cc.resends = false
			return
		}
		s := q.at(i)
		n := inet.ByteCount(s.end.Sub(s.seq))
		// SHLD-16: the old data between SND.UNA and SND.UNA+SND.WND only.
		inWindow := s.end.LessEq(c.sndLimit())
		if c.outstanding()+n > c.cc.cwnd || !inWindow {
			return
		}
		rule := rfc.TCPLossResend
		if c.cc.phase != phaseLoss {
			rule = rfc.TCPShrunk // windowOpened planned it
		}
		c.resend(i, rule, fx)
	}
}
