package tcp

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// Connection failures: RFC 9293 §3.8.3, the user timeout of §3.10.8, and the reports of
// §3.9.1.8.

// userTimer runs while something waits to be delivered and the program bounded how long
// that may take: §3.9.1.1, "If data is not successfully delivered to the destination within
// the timeout period, the TCP endpoint will abort the connection." (MUST-21: "An
// application MUST be able to set the value for R2 for a particular connection.") An open
// has a bound of its own.
func (c *Conn) userTimer(fx *Effects) {
	limit := c.userLimit()
	waits := c.snd.queue.len() > 0 || c.maySend() && (c.unsent() > 0 || c.snd.fin && !c.snd.finSent)
	switch {
	case limit <= 0 || !waits:
		c.stop(timerUser, rfc.TCPUserStop, fx)
	case !c.timers[timerUser].running:
		c.arm(timerUser, limit, rfc.TCPUserTimeout, fx)
	}
}

// userLimit is the bound that counts in the present state; 0: R2 alone decides.
func (c *Conn) userLimit() time.Duration {
	switch c.state {
	case inet.SynSent, inet.SynReceived:
		if c.opts.OpenTimeout == 0 && !c.active {
			return 0 // as in FreeBSD, where the SYN cache alone counts its SYN,ACKs
		}
		return orKnob(c.opts.OpenTimeout, c.l.k.OpenTimeout)
	}
	return c.userTimeout()
}

// progressed restarts the user timeout: the peer acknowledged something new.
func (c *Conn) progressed(fx *Effects) {
	if limit := c.userLimit(); c.timers[timerUser].running && limit > 0 {
		c.arm(timerUser, limit, rfc.TCPUserTimeout, fx)
	}
	c.userTimer(fx)
}

// userTimedOut: §3.10.8, "For any state if the user timeout expires, flush all queues,
// signal the user 'error: connection aborted due to user timeout' in general and for any
// outstanding calls, delete the TCB, enter the CLOSED state, and return."
func (c *Conn) userTimedOut(fx *Effects) { c.giveUp(rfc.TCPUserTimeout, fx) }

// reportR1: §3.8.3 (b), "When the number of transmissions of the same segment reaches or
// exceeds threshold R1, pass negative advice […] to the IP layer, to trigger dead-gateway
// diagnosis", and (e), SHLD-9: "inform the application of the delivery problem […] when R1
// is reached and before R2".
func (c *Conn) reportR1(fx *Effects) {
	if int64(c.retries) != c.l.k.R1 {
		return
	}
	emit(c, rfc.TCPR1, event.ConnReport{Reason: "negative-advice", Count: c.retries}, fx)
	c.report(rfc.TCPR1Report, event.ConnReport{Reason: "retransmissions", Count: c.retries,
		Errno: inet.ETIMEDOUT}, fx)
}

// softError keeps an error that does not end the connection, and reports it: MUST-47,
// "There MUST be a mechanism for reporting soft TCP error conditions to the application".
func (c *Conn) softError(errno inet.Errno, fx *Effects) {
	c.soft = errno
	c.report(rfc.TCPReport, event.ConnReport{Reason: "icmp", Errno: errno}, fx)
}

// report is the ERROR_REPORT of §3.9.1.8. A program hears of it, by the errno of its next
// call, only if it set IP_RECVERR: SHLD-20, one "that does not want to receive such
// ERROR_REPORT calls SHOULD be able to effectively disable these calls".
func (c *Conn) report(rule rfc.ID, r event.ConnReport, fx *Effects) {
	emit(c, rule, r, fx)
	if c.opts.RecvErr && c.state.Synchronized() {
		c.err = r.Errno
		fx.ready(c)
	}
}
