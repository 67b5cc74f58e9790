package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// RFC 9293 §3.10.8, Timeouts.

// retransmissionTimeout: "For any state if the retransmission timeout expires on a
// segment in the retransmission queue, send the segment at the front of the
// retransmission queue again, reinitialize the retransmission timer, and return."
func (c *Conn) retransmissionTimeout(fx *Effects) {
	if c.snd.queue.len() == 0 {
		panic("BUG: retransmission timeout with nothing outstanding")
	}
	if c.snd.wnd == 0 && !c.snd.queue.at(0).syn {
		// MUST-35: "If the window shrinks to zero, the TCP implementation MUST probe it
		// in the standard way".
		c.snd.probing = true
		c.persistTimeout(fx)
		return
	}
	if limit, rule := c.r2(); int64(c.retries) >= limit {
		c.giveUp(rule, fx)
		return
	}
	c.retries++
	c.reportR1(fx)
	c.suspectBlackHole(fx)
	before, backoff := c.cc.window, c.rtt.backoff
	c.lossTimeout(fx)
	// RFC 6298 §5.5: "The host MUST set RTO <- RTO * 2 (back off the timer)".
	// Deviation by knob: as recent linux, not at once while a connection is being opened.
	if c.state != inet.SynSent || int64(c.retries) > c.l.k.SynLinear {
		c.rtt.backoff = min(c.rtt.backoff+1, 32)
	}
	c.mutateTimeout(before, backoff, fx)
	c.showRTT(0, rfc.TCPRTOBackoff, fx)
	for i := 0; i < min(c.mutantResent(), c.snd.queue.len()); i++ {
		c.resend(i, rfc.TCPRTOResend, fx)
	}
	c.showLoss(fx)
}

// r2 is the threshold R2 (RFC 9293 §3.8.3) in retransmissions, and the rule to give up
// by: SYNs have their own (MUST-22, MUST-23).
func (c *Conn) r2() (limit int64, rule rfc.ID) {
	if c.userLimit() > 0 {
		return 1<<63 - 1, rfc.TCPUserTimeout // MUST-21: the program's own R2 is a time
	}
	switch c.state {
	case inet.SynSent:
		return c.synRetries() + c.l.k.SynLinear, rfc.TCPR2SYN
	case inet.SynReceived:
		return c.l.k.SynAckRetries, rfc.TCPR2SYN
	}
	return c.l.k.DataRetries, rfc.TCPR2
}

// giveUp ends a connection whose peer does not answer: "flush all queues, signal the
// user 'error: connection aborted due to user timeout' […], delete the TCB, enter the
// CLOSED state". A soft error tells more than ETIMEDOUT does.
func (c *Conn) giveUp(rule rfc.ID, fx *Effects) {
	errno := inet.ETIMEDOUT
	if c.soft != inet.OK {
		errno = c.soft
	}
	if c.state == inet.SynReceived && !c.active && !c.fast.taken {
		errno = inet.OK // nobody was told of it yet
	}
	if c.l.k.TimeoutRST != 0 && c.state.Synchronized() {
		c.sendRST(rule, fx) // as FreeBSD: whoever still listens learns of it
	}
	c.remove(errno, rule, fx)
}

// enterTimeWait: "start the time-wait timer, turn off the other timers" (§3.10.7.4).
func (c *Conn) enterTimeWait(rule rfc.ID, fx *Effects) {
	c.enter(inet.TimeWait, rule, fx)
	c.stopAll(timer2MSL, rule, fx)
	c.arm(timer2MSL, c.l.k.MSL2, rfc.TCPTimeWait, fx)
	c.retire() // all that we sent is acknowledged
}

// timeWaitRule is why the 2msl timer runs: it also bounds a closed socket's FIN-WAIT-2.
func (c *Conn) timeWaitRule() rfc.ID {
	if c.state == inet.FinWait2 {
		return rfc.TCPFinTimeout
	}
	return rfc.TCPTimeWait
}

// timeWaitTimeout: "If the time-wait timeout expires on a connection, delete the TCB,
// enter the CLOSED state, and return."
func (c *Conn) timeWaitTimeout(fx *Effects) { c.remove(inet.OK, c.timeWaitRule(), fx) }

// boundFinWait2 starts the timer that ends a FIN-WAIT-2 nobody holds any more.
func (c *Conn) boundFinWait2(fx *Effects) {
	if c.orphan && c.state == inet.FinWait2 {
		c.arm(timer2MSL, max(c.finTimeout(), 0), rfc.TCPFinTimeout, fx)
	}
}
