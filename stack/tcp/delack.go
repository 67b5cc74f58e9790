package tcp

import (
	"time"

	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// When to send an ACK segment: RFC 9293 §3.8.6.3, RFC 5681 §4.2, and linux's quick ACKs.

// ackState says what is owed to the peer. The zero value owes nothing.
type ackState struct {
	now    bool   // an ACK goes out before the present event is over
	rule   rfc.ID // why
	segs   int64  // segments with data in order since the last ACK
	quick  int64  // ACKs left to be sent without delay
	ato    time.Duration
	dialog bool     // data flows both ways, so an answer will carry the ACK
	heard  bool     // data has arrived before
	dataAt sim.Time // when data last arrived
	pushed int      // small segments since the last ACK, at most 2
}

// ackNow asks for an ACK at once. The first reason given stays.
func (c *Conn) ackNow(rule rfc.ID) {
	if !c.ack.now {
		c.ack.now, c.ack.rule = true, rule
	}
}

// quicken begins a quick-ACK phase: the peer is in slow start or repairing a loss and
// needs its acknowledgments.
func (c *Conn) quicken() {
	c.moreQuick()
	c.ack.dialog, c.ack.ato = false, c.l.k.DelAckMin
}

// moreQuick is quicken for a peer that merely begins, or begins again: while data flows both
// ways the answers go on carrying the ACKs.
func (c *Conn) moreQuick() {
	n := int64(c.rcv.wnd) / int64(2*max(c.rcv.segMax, 1))
	c.ack.quick = max(c.ack.quick, min(max(n, 2), c.l.k.QuickAcks))
}

// dataArrived adapts the delay to how data comes in: it is shorter than the time to the
// next segment would have to be, and never longer than MUST-40 allows.
func (c *Conn) dataArrived(n int, push bool, fx *Effects) {
	switch {
	case n < c.rcv.segMax:
		c.ack.pushed = min(c.ack.pushed+1, 2) // a small one ends what a program wrote
	case push:
		c.ack.pushed = max(c.ack.pushed, 1)
	}
	c.rcv.segMax = max(c.rcv.segMax, n)
	k, m := c.l.k, fx.Now.Sub(c.ack.dataAt)
	switch {
	case !c.ack.heard:
		c.ack.heard, c.ack.ato = true, k.DelAckMin
		c.moreQuick()
	case m <= k.DelAckMin/2:
		c.ack.ato = c.ack.ato/2 + k.DelAckMin/2
	case m < c.ack.ato:
		c.ack.ato = min(c.ack.ato/2+m, c.rto())
	case m > c.rto():
		c.moreQuick() // the peer starts again after a pause
	}
	c.ack.dataAt = fx.Now
}

// dataSent notices that data goes the other way too.
func (c *Conn) dataSent(fx *Effects) {
	if c.ack.heard && fx.Now.Sub(c.ack.dataAt) < max(c.ack.ato, 1) {
		c.ack.dialog = true
	}
}

// scheduleACK decides how the data that just came in order is acknowledged. Gap tells
// that it filled part of a gap, or that one remains.
func (c *Conn) scheduleACK(gap bool, fx *Effects) {
	c.ack.segs++
	octets := int(c.rcv.nxt.Sub(c.rcv.lastAck))
	switch {
	case gap:
		// RFC 5681 §4.2: "A TCP receiver SHOULD send an immediate ACK when the incoming
		// segment fills in all or part of a gap in the sequence space."
		c.ackNow(rfc.TCPGapACK)
	case octets < 8*c.rcv.segMax && c.l.k.mutant(mutantStretchACK):
		if !c.timers[timerDelack].running {
			c.arm(timerDelack, c.delay(), rfc.TCPDelayedACK, fx)
		}
	case c.enoughUnacked(octets):
		// SHLD-19: "at least every second full-sized segment".
		c.ackNow(rfc.TCPSecondACK)
	case c.ack.quick > 0 && !c.ack.dialog:
		c.ackNow(rfc.TCPQuickACK)
	case !c.timers[timerDelack].running && !c.ack.now:
		c.arm(timerDelack, c.delay(), rfc.TCPDelayedACK, fx)
	}
}

// enoughUnacked reports whether so much data waits for its ACK that one is due. SHLD-19
// counts full-sized segments; by knob all count, as FreeBSD's timer counts them.
func (c *Conn) enoughUnacked(octets int) bool {
	k := c.l.k
	return octets > int(k.MaxUnackedRcv-1)*c.rcv.segMax || k.AckSmall != 0 &&
		c.ack.segs >= k.MaxUnackedRcv
}

// readAll is told that the program has read all there was. Where ACKs are sometimes quick,
// one that waits goes now if the peer seems to have written all it had: it may wait for it.
// An answer of the program could still carry it where data flows both ways, unless that
// has not happened for one small segment already.
func (c *Conn) readAll(fx *Effects) {
	if c.l.k.QuickAcks == 0 || !c.timers[timerDelack].running {
		return
	}
	if c.ack.pushed > 1 || c.ack.pushed > 0 && !c.ack.dialog {
		c.sendACK(rfc.TCPReadACK, fx)
	}
}

// delay is how long the delayed ACK waits: at most a round trip, within the knobs.
func (c *Conn) delay() time.Duration {
	k := c.l.k
	d := c.ack.ato
	if c.rtt.measured {
		d = min(d, max(c.rtt.srtt, k.DelAckMin))
	}
	return min(max(d, k.DelAckMin), k.DelAckMax)
}

// ackSent settles what is owed: the segment that went out carried an ACK (MUST-58,
// "aggregate ACK segments whenever possible").
func (c *Conn) ackSent(fx *Effects) {
	c.ack.now = false
	c.rcv.hasDup = false
	c.rcv.lastAck = c.rcv.nxt
	c.ack.segs, c.ack.pushed = 0, 0
	c.ack.quick = max(0, c.ack.quick-1)
	c.stop(timerDelack, rfc.TCPPiggyback, fx)
}

// delackTimeout: MUST-40, "the delay MUST be less than 0.5 seconds".
func (c *Conn) delackTimeout(fx *Effects) {
	if c.ack.dialog {
		c.ack.dialog, c.ack.ato = false, c.l.k.DelAckMin // no answer came to carry it
	} else {
		c.ack.ato = min(2*c.ack.ato, c.rto())
	}
	c.sendACK(rfc.TCPDelayedOver, fx)
}
