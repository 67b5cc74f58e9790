package tcp

import (
	"time"

	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// TLP, tail loss probe: RFC 8985 §7. When acknowledgments stop coming, one segment is sent
// to learn what became of the last ones, long before the retransmission timer runs out.

// tlpState holds the variables of RFC 8985 §7.1. The zero value has no probe outstanding.
type tlpState struct {
	out     bool    // a probe is outstanding
	end     seq.Num // TLP.end_seq: SND.NXT when it was sent
	retrans bool    // TLP.is_retrans: it repeated old data
}

// leastPTO keeps a path without delay from being probed at once; linux adds as much.
const leastPTO = 2 * time.Millisecond

// mayProbe reports whether a probe is to be scheduled: RFC 8985 §7.2, "the connection
// supports SACK", "has no SACKed sequences in the SACK scoreboard", and "is not in loss
// recovery". While our SYN is not acknowledged, that is what the timer repeats: a FIN or, by
// Fast Open, data may be behind it.
func (c *Conn) mayProbe() bool {
	return c.l.k.TLP != 0 && c.usesSACK() && c.maySend() && !c.synOutstanding() &&
		c.snd.queue.sacked.segs == 0 &&
		(c.cc.phase == phaseOpen || c.cc.phase == phaseCWR)
}

// probeTimeout is TLP_calc_PTO of RFC 8985 §7.2.
func (c *Conn) probeTimeout(fx *Effects) time.Duration {
	pto := time.Second // "if SRTT is not available: PTO = 1 sec"
	if c.rtt.measured {
		// "PTO = 2 * SRTT. If FlightSize is one segment: PTO += TLP.max_ack_delay": a lone
		// segment's acknowledgment may be delayed.
		pto = 2*c.rtt.srtt + leastPTO
		if c.snd.queue.len() == 1 {
			pto = 2*c.rtt.srtt + c.l.k.DelAckMax
		}
	}
	// "If Now() + PTO > TCP_RTO_expiration(): PTO = TCP_RTO_expiration() - Now()".
	return min(pto, c.loss.rtoAt.Sub(fx.Now))
}

// probesMeasured is the value of the knob that holds RFC 8985 §7.3 to the letter: "the
// sender has obtained an RTT measurement since the last loss probe transmission or, if the
// sender has not yet sent a loss probe on this connection, since the start".
const probesMeasured = 2

// sendProbe is TLP_send_probe of RFC 8985 §7.3: "If TLP.end_seq is None: […] if
// unsent data exists and the receive window allows, transmit the next segment […]; else
// retransmit the last one". Afterwards the retransmission timer runs.
func (c *Conn) sendProbe(fx *Effects) {
	t, q := &c.loss.tlp, &c.snd.queue
	switch ch := c.probe(); {
	case t.out, c.l.k.TLP == probesMeasured && (c.rtt.probed || !c.rtt.measured):
		// "If either one of these two conditions is not met, then the sender MUST skip sending a
		// loss probe": one at a time, and only after a new measurement.
		//
		// Deviation by knob: linux does not ask for the measurement.
	case ch.send:
		// "transmits that segment even if that exceeds the congestion window by one".
		c.sendNew(ch, fx)
		*t = tlpState{out: true, end: c.snd.nxt}
		c.rtt.probed = true
	case q.at(q.len() - 1).end.LessEq(c.sndLimit()):
		i := q.len() - 1
		for c.tooLong(i) {
			c.fit(i)
			i++
		}
		c.resend(i, rfc.TCPTLPAgain, fx)
		*t = tlpState{out: true, end: c.snd.nxt, retrans: true}
		c.rtt.probed = true
	}
	c.startRTO(fx)
	c.showLoss(fx)
}

// probe chooses the new data of a probe.
func (c *Conn) probe() choice {
	d, mss := c.unsent(), c.effectiveMSS()
	n := min(d, mss)
	if n == 0 || int64(n) > c.usable() || c.snd.queue.due.segs > 0 {
		return choice{}
	}
	return choice{send: true, n: n, push: n == d, rule: rfc.TCPTLPNew}
}

// probeAnswered is TLP_process_ack of RFC 8985 §7.4.2: did the probe repair a loss? Then
// congestion control must hear of it.
func (c *Conn) probeAnswered(d *delivery, fx *Effects) {
	t := &c.loss.tlp
	if !t.out || d.seg.Ack.Less(t.end) {
		return
	}
	switch {
	case !t.retrans:
		t.out = false // new data arrived: nothing to repair
	case d.dsack && d.twice.to == t.end:
		t.out = false // "Case 1": the original and the probe both arrived
	case t.end.Less(d.seg.Ack):
		// "Repaired the single loss. (Invoke congestion control to react to the loss event the
		// probe has repaired)".
		t.out = false
		if c.cc.phase == phaseOpen {
			c.algorithm().lost(&c.cc.window, d.flight-c.cc.limited, fx.Now)
			c.reduced()
			c.loss.undo = undoState{}
			c.cc.cwnd = min(c.cc.cwnd, c.cc.ssthresh)
			c.showCC(rfc.TCPTLPRepaired, fx)
		}
	case !d.advanced && d.dup && d.seg.Opts.NSACK == 0:
		t.out = false // "Case 2": both arrived, and the peer knows no D-SACK
	}
}
