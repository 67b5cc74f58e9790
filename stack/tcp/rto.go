package tcp

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// rttState holds the variables of RFC 6298 §2.
type rttState struct {
	srtt, rttvar time.Duration
	base         time.Duration // the RTO before backing off
	limit        time.Duration // MaxRTO when base was set: a turned knob counts from then on
	backoff      uint8         // how often it was doubled (RFC 6298 §5.5)
	sample       time.Duration // by the acknowledgment at hand; 0: it measured nothing
	measured     bool
}

// rto is the retransmission timeout as it stands, backed off.
func (c *Conn) rto() time.Duration { return backedOff(c.rtt.base, c.rtt.backoff, c.rtt.limit) }

// backedOff doubles d n times, up to limit.
func backedOff(d time.Duration, n uint8, limit time.Duration) time.Duration {
	for ; n > 0 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}

func (c *Conn) rttVars() event.RTTVars {
	return event.RTTVars{SRTT: int64(c.rtt.srtt), RTTVAR: int64(c.rtt.rttvar), RTO: int64(c.rto())}
}

// showRTT tells that the timer's variables changed, if they did.
func (c *Conn) showRTT(sample time.Duration, rule rfc.ID, fx *Effects) {
	if now := c.rttVars(); now != c.shownRTT {
		c.emit(rule, event.RTTChanged{SampleNS: int64(sample), Old: c.shownRTT, New: now}, fx)
		c.shownRTT = now
	}
}

// initialRTO sets the RTO of a connection without a measurement: RFC 6298 §2.1, "the
// sender SHOULD set RTO <- 1 second".
func (c *Conn) initialRTO(fx *Effects) {
	c.rtt = rttState{base: c.l.k.InitialRTO, limit: c.l.k.MaxRTO}
	if c.l.k.mutant(mutantLowRTO) {
		c.rtt.base = 200 * time.Millisecond
	}
	c.showRTT(0, rfc.TCPRTOFirst, fx)
}

// measure takes one round-trip measurement R. Backing off ends with it.
func (c *Conn) measure(r time.Duration, rule rfc.ID, fx *Effects) {
	s := &c.rtt
	s.sample = r
	if !s.measured {
		// RFC 6298 §2.2: "SRTT <- R, RTTVAR <- R/2, RTO <- SRTT + max (G, K*RTTVAR)".
		s.measured, s.srtt, s.rttvar = true, r, r/2
		if rule == rfc.TCPRTT {
			rule = rfc.TCPRTTFirst
		}
	} else {
		// RFC 6298 §2.3: "RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|,
		// SRTT <- (1 - alpha) * SRTT + alpha * R'", alpha = 1/8 and beta = 1/4, RTTVAR first.
		diff := max(s.srtt-r, r-s.srtt)
		s.rttvar += (diff - s.rttvar) / 4
		s.srtt += (r - s.srtt) / 8
	}
	// Deviation from §2.4 by knob: linux holds the variance term, not the whole RTO,
	// above 200 ms.
	k := c.l.k
	s.base = max(s.srtt+max(tsTick, k.MinRTTVar, 4*s.rttvar)+k.RTOSlop, k.MinRTO)
	s.base, s.limit = min(s.base, k.MaxRTO), k.MaxRTO
	s.backoff = 0
	c.showRTT(r, rule, fx)
}

// measureFrom takes a measurement from what an acknowledgment covered, if it allows
// one: by the time of sending when Karn's algorithm allows it, else by the echoed
// timestamp when it is that of the last transmission (RFC 7323 §4.1). An older echo would
// count the time in which an acknowledgment was lost.
func (c *Conn) measureFrom(d *delivery, seg *wire.TCP, fx *Effects) {
	ecr := seg.Opts.TSEcr
	switch {
	case d.timed:
		c.measure(fx.Now.Sub(d.at), rfc.TCPRTT, fx)
	case d.again && c.ts.on && seg.Opts.HasTS && ecr != 0:
		ticks := c.tsNow(fx.Now) - ecr
		if ticks > 1<<31 || int32(ecr-c.tsNow(d.at)) < 0 {
			return // an echo of the future, not ours; or of an earlier transmission
		}
		c.measure(max(time.Duration(ticks)*tsTick, tsTick), rfc.TCPRTTStamp, fx)
	case d.sackTimed:
		// RFC 6298 §3 asks only that the segment was sent once.
		c.measure(fx.Now.Sub(d.sackAt), rfc.TCPRTTSack, fx)
	}
}

// startRTO: RFC 6298 §5.1, "every time a packet containing data is sent (including a
// retransmission), if the timer is not running, start it"; after a timeout that is §5.6,
// "start the retransmission timer, such that it expires after RTO seconds (for the value
// of RTO after the doubling operation outlined in 5.5)".
func (c *Conn) startRTO(fx *Effects) {
	if c.timers[timerRTO].running || c.snd.probing {
		return
	}
	rule := rfc.TCPRTOStart
	if c.retries > 0 {
		rule = rfc.TCPRTORearm
	}
	c.arm(timerRTO, c.rto(), rule, fx)
}

// restartRTO: RFC 6298 §5.2, "when all outstanding data has been acknowledged, turn off
// the retransmission timer", and §5.3, "when an ACK is received that acknowledges new
// data, restart the retransmission timer".
func (c *Conn) restartRTO(fx *Effects) {
	if c.snd.queue.len() == 0 || c.snd.probing {
		c.stop(timerRTO, rfc.TCPRTOStop, fx)
		return
	}
	c.arm(timerRTO, c.rto(), rfc.TCPRTORestart, fx)
}
