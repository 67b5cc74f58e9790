package tcp

import (
	"time"

	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// RACK, recent acknowledgment: RFC 8985 §6. A segment is lost when one that was sent
// later has arrived, and enough time has passed for the two to have changed places.

// rackState holds the variables of RFC 8985 §5.2. The zero value has heard of no
// delivery.
type rackState struct {
	known   bool
	at      sim.Time      // RACK.xmit_ts: of the segment sent last of all that arrived
	nth     uint64        // which transmission that was
	end     seq.Num       // RACK.end_seq: its end
	rtt     time.Duration // RACK.rtt: its round trip
	mult    time.Duration // RACK.reo_wnd_mult, one less: the zero value is the RFC's 1
	persist int           // RACK.reo_wnd_persist: recoveries until mult is forgotten
	round   lossMark      // RACK.dsack_round
	until   sim.Time      // when the reordering timer runs out; 0: it does not run
}

// usesRACK reports whether RACK finds losses. RFC 8985 §4 requires SACK.
func (c *Conn) usesRACK() bool { return c.l.k.Recovery&1 != 0 && c.usesSACK() }

// sentAfter is RACK_sent_after of RFC 8985 §6.2. The RFC tells segments that were sent at
// one instant apart by their sequence; here the count of transmissions does, since an
// instant of virtual time may hold new data and then a retransmission. Only the parts of a
// segment that was split need their sequence.
func sentAfter(n1 uint64, end1 seq.Num, n2 uint64, end2 seq.Num) bool {
	return n1 > n2 || n1 == n2 && end2.Less(end1)
}

// rackDelivered is RFC 8985 §6.2 step 2 for one segment: "Update the state for the most
// recently sent segment that has been delivered".
func (c *Conn) rackDelivered(s *sent, d *delivery, now sim.Time) {
	rtt := now.Sub(s.at)
	if s.again {
		// "If Segment.retransmitted is TRUE": which transmission arrived? "If
		// ACK.ts_option.echo_reply < Segment.xmit_ts: Continue. If rtt < RACK.min_RTT:
		// Continue."
		//
		// Deviation: what is only SACKed is not judged by the echo. RFC 7323 §4.3 has the
		// receiver echo the timestamp of the last segment in order, not of this one.
		o := &d.seg.Opts
		if s.end.LessEq(d.seg.Ack) && c.ts.on && o.HasTS && int32(o.TSEcr-c.tsNow(s.at)) < 0 {
			return
		}
		if rtt < c.rtt.least.get() {
			return
		}
	}
	r := &c.loss.rack
	if r.known && !sentAfter(s.nth, s.end, r.nth, r.end) {
		return
	}
	r.known, r.at, r.nth, r.end, r.rtt = true, s.at, s.nth, s.end, rtt
}

// adaptRACK is the part of RFC 8985 §6.2 step 4 that learns from D-SACKs: the window grows
// with every round trip that shows spurious retransmissions. Bit 2 of the knob turns it
// off.
func (c *Conn) adaptRACK(d *delivery) {
	r := &c.loss.rack
	if c.l.k.Recovery&2 != 0 {
		r.mult = 0
		return
	}
	// "If RACK.dsack_round is not None AND SND.UNA >= RACK.dsack_round: RACK.dsack_round =
	// None".
	if r.round.set && r.round.seq.LessEq(c.snd.una) {
		r.round.set = false
	}
	if d.dsack && !r.round.set {
		// "RACK.dsack_round = SND.NXT; RACK.reo_wnd_mult += 1; RACK.reo_wnd_persist = 16".
		r.round = lossMark{c.snd.nxt, true}
		r.mult, r.persist = min(r.mult+1, maxRACKMult), 16
	}
}

// maxRACKMult keeps the product with a round trip small; SRTT bounds the window anyway.
const maxRACKMult = 255

// recoveryOver: "Else if exiting Fast or RTO recovery: RACK.reo_wnd_persist -= 1. If
// RACK.reo_wnd_persist <= 0: RACK.reo_wnd_mult = 1".
func (r *rackState) recoveryOver() {
	if r.persist--; r.persist <= 0 {
		r.persist, r.mult = 0, 0
	}
}

// reoWnd is RACK.reo_wnd of RFC 8985 §6.2 step 4: how long a segment may be overtaken.
// While no reordering was seen, DupThresh segments above a hole prove a loss at once;
// bit 4 of the knob leaves that rule out.
func (c *Conn) reoWnd() time.Duration {
	r := &c.loss.rack
	if c.loss.reordering == 0 {
		if c.cc.phase == phaseRecovery || c.cc.phase == phaseLoss {
			return 0
		}
		if c.l.k.Recovery&4 == 0 && c.snd.queue.sacked.segs >= c.dupThresh() {
			return 0
		}
	}
	return min((r.mult+1)*c.rtt.least.get()/4, c.rtt.srtt)
}

// findByRACK is RACK_detect_loss of RFC 8985 §6.2 step 5. It looks only at what was sent
// before the segment that arrived, in the order of sending.
func (c *Conn) findByRACK(d *delivery, fx *Effects) {
	r, q := &c.loss.rack, &c.snd.queue
	r.until = 0
	if !r.known {
		return
	}
	wait := r.rtt + c.reoWnd()
	o := &q.order
	i, kept := o.head, 0
	for ; i < len(o.list); i++ {
		e := o.list[i]
		k := q.current(e)
		if k < 0 || q.at(k).due() {
			continue // stale, or known to be lost: it comes again when it is sent again
		}
		s := q.at(k)
		if !sentAfter(r.nth, r.end, s.nth, s.end) {
			break
		}
		// "remaining = Segment.xmit_ts + RACK.rtt + RACK.reo_wnd - Now(). If remaining <= 0:
		// Segment.lost = TRUE […]. Else: timeout = max(remaining, timeout)".
		if until := s.at.Add(wait); until > fx.Now {
			r.until = max(r.until, until)
			o.list[o.head+kept] = e
			kept++
			continue
		}
		c.lose(k, rfc.TCPRACKLost, rfc.TCPRACKResend, d, fx)
	}
	copy(o.list[i-kept:i], o.list[o.head:o.head+kept])
	o.head = i - kept
}

// reoTimeout looks again when the time for reordering is over (RFC 8985 §6.2 step 5).
func (c *Conn) reoTimeout(fx *Effects) {
	d := c.delivery(nil)
	c.findByRACK(&d, fx)
	if d.lost && c.cc.phase != phaseRecovery {
		c.enterRecovery(&d, fx)
		if c.reducing() {
			c.stepPRR(&d, fx)
		}
	}
	c.output(fx)
}

// recentByRACK is RFC 8985 §6.3 for a timeout: "If Segment is the first outstanding one or
// Segment.xmit_ts + RACK.rtt + RACK.reo_wnd - Now() <= 0: Segment.lost = TRUE". What was
// sent more recently may still arrive.
func (c *Conn) recentByRACK(now sim.Time) func(*sent) bool {
	first, r := c.snd.una, &c.loss.rack
	wait := r.rtt + c.reoWnd()
	return func(s *sent) bool { return r.known && s.seq != first && s.at.Add(wait) > now }
}
