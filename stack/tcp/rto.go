package tcp

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/sim"
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
	probed       bool // a tail loss probe went out since the last measurement
	least        leastRTT
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
		emit(c, rule, event.RTTChanged{SampleNS: int64(sample), Old: c.shownRTT, New: now}, fx)
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
	s.sample, s.probed = r, false
	s.least.put(r, fx.Now)
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
	s.base = max(s.srtt+max(tsTick, k.MinRTTVar, 4*s.rttvar), k.MinRTO) + k.RTOSlop
	s.base, s.limit = min(s.base, k.MaxRTO), k.MaxRTO
	s.backoff = 0
	c.showRTT(r, rule, fx)
}

// leastRTT is RACK.min_RTT of RFC 8985 §6.2 step 1, "a windowed min-filtered estimate of
// recent RTT measurements": the least of the present window and the one before. The zero
// value has measured nothing.
type leastRTT struct {
	now, before time.Duration // 0: nothing
	since       sim.Time
}

// leastWindow is how long a least round trip counts; linux has the same.
const leastWindow = 5 * time.Minute

func (l *leastRTT) put(r time.Duration, now sim.Time) {
	switch {
	case now.Sub(l.since) >= leastWindow:
		l.now, l.before, l.since = r, l.now, now
	case l.now == 0 || r < l.now:
		l.now = r
	}
}

func (l *leastRTT) get() time.Duration {
	if l.before > 0 && l.before < l.now {
		return l.before
	}
	return l.now
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

// While data is outstanding one timer runs. RFC 8985 §8: "the RACK reordering timer, the
// TLP PTO timer, the RTO timer, and Zero Window Probe (ZWP) timer are mutually exclusive";
// the first two are the loss timer.

// startRTO: RFC 6298 §5.1, "every time a packet containing data is sent (including a
// retransmission), if the timer is not running, start it"; after a timeout that is §5.6,
// "start the retransmission timer, such that it expires after RTO seconds (for the value
// of RTO after the doubling operation outlined in 5.5)".
func (c *Conn) startRTO(fx *Effects) {
	if c.timers[timerRTO].running || c.timers[timerLoss].running || c.snd.probing || c.loss.busy {
		return
	}
	rule := rfc.TCPRTOStart
	if c.retries > 0 {
		rule = rfc.TCPRTORearm
	}
	c.armRTO(c.rto(), rule, fx)
}

func (c *Conn) armRTO(d time.Duration, rule rfc.ID, fx *Effects) {
	c.loss.rtoAt = fx.Now.Add(d)
	c.arm(timerRTO, d, rule, fx)
	c.stop(timerLoss, rule, fx)
}

// armLoss runs the loss timer in place of the RTO timer.
func (c *Conn) armLoss(d time.Duration, rule rfc.ID, fx *Effects) {
	c.arm(timerLoss, d, rule, fx)
	c.stop(timerRTO, rule, fx)
}

// setTimer runs the timer that fits what is outstanding, when all was sent that may be.
func (c *Conn) setTimer(fx *Effects) {
	l := &c.loss
	restart, again := l.restart, l.probeAgain
	l.restart, l.probeAgain = false, false
	running := c.timers[timerRTO].running || c.timers[timerLoss].running
	rule := rfc.TCPRTORestart
	switch {
	case c.snd.queue.len() == 0 || c.snd.probing:
		// RFC 6298 §5.2: "when all outstanding data has been acknowledged, turn off the
		// retransmission timer".
		c.stop(timerRTO, rfc.TCPRTOStop, fx)
		c.stop(timerLoss, rfc.TCPRTOStop, fx)
		l.rtoAt, l.rack.until = 0, 0
		return
	case restart && c.snd.queue.at(0).sacked:
		// What was announced to be held is not acknowledged: the receiver may have dropped
		// it. Linux waits no longer than this for it to show.
		c.armRTO(max(c.rtt.srtt/2, renegeWait), rfc.TCPReneging, fx)
		return
	case restart:
		// RFC 6298 §5.3: "when an ACK is received that acknowledges new data, restart the
		// retransmission timer so that it will expire after RTO seconds".
		l.rtoAt = fx.Now.Add(c.rto())
	case !running && l.rtoAt <= fx.Now:
		l.rtoAt = fx.Now.Add(c.rto())
		if rule = rfc.TCPRTOStart; c.retries > 0 {
			rule = rfc.TCPRTORearm
		}
	}
	recovering := c.cc.phase == phaseRecovery || c.cc.phase == phaseLoss
	reordering := l.rack.until > 0
	switch {
	case reordering:
		c.armLoss(l.rack.until.Sub(fx.Now), rfc.TCPRACKTimer, fx)
	case (restart || again || !running) && c.mayProbe():
		c.armLoss(c.probeTimeout(fx), rfc.TCPTLPTimer, fx)
	case restart, !running, c.timers[timerLoss].running && (recovering || l.reo):
		c.armRTO(l.rtoAt.Sub(fx.Now), rule, fx)
	}
	l.reo = reordering
}

// renegeWait is the shortest wait for an acknowledgment of what was SACKed.
const renegeWait = 10 * time.Millisecond

// lossTimerRule is why the loss timer runs.
func (c *Conn) lossTimerRule() rfc.ID {
	if c.loss.reo {
		return rfc.TCPRACKTimer
	}
	return rfc.TCPTLPTimer
}

// lossTimerTimeout: the time for reordering is over, or a probe is due.
func (c *Conn) lossTimerTimeout(fx *Effects) {
	if c.loss.reo {
		c.reoTimeout(fx)
		return
	}
	c.sendProbe(fx)
}
