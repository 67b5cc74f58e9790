package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// Loss recovery: how a loss is noticed, and what state the sender is in until it is
// repaired (RFC 5681 §3.2, RFC 6582 §3.2, RFC 6675 §5).

// lossMark is RFC 6582's "recover" and RFC 6675's RecoveryPoint: all before it was sent
// when the loss was noticed. (The RFCs name the last octet; this is the number after it.)
// The zero value is unset.
type lossMark struct {
	seq seq.Num
	set bool
}

// pass unsets a mark that lies behind SND.UNA.
func (m *lossMark) pass(una seq.Num) { m.set = m.set && !m.seq.Less(una) }

// repair is how the window is kept while fast recovery lasts.
type repair uint8

const (
	repairPRR     repair = iota // RFC 9937
	repairPipe                  // RFC 6675 §5: cwnd is ssthresh, what is outstanding is pipe
	repairInflate               // RFC 5681 §3.2: duplicate ACKs inflate cwnd
)

// lossState is what loss recovery remembers of a connection. The zero value knows of no
// loss.
type lossState struct {
	repair     repair
	guessed    inet.ByteCount // without SACK: what duplicate ACKs say was delivered
	fack       seq.Num        // RACK.fack of RFC 8985 §5.2: the highest delivered
	judged     seq.Num        // IsLost was asked about everything before it
	reordering int            // segments by which the path was seen to reorder; 0: not seen
	dsacks     int            // duplicates the peer has reported
	sentAgain  int64          // segments sent again, ever
	rescue     seq.Num        // RescueRxt of RFC 6675 §2
	prr        prrState
	rack       rackState
	tlp        tlpState
	undo       undoState
	frto       frtoState
	rtoAt      sim.Time // when the RTO timer runs out, or would if the loss timer did not run
	restart    bool     // it is to run anew: something was acknowledged
	probeAgain bool     // the tail loss probe is to be scheduled anew: new data was sent
	reo        bool     // the loss timer runs for reordering, not for a probe
	busy       bool     // output is at work, and sets the timer at its end
}

// flight is FlightSize of RFC 5681 §2: what was sent and not yet acknowledged.
func (c *Conn) flight() inet.ByteCount { return inet.ByteCount(c.snd.nxt.Sub(c.snd.una)) }

// outstanding is how much of the flight counts against cwnd: pipe of RFC 6675 §4. Each
// octet counts unless it was SACKed or is lost, and once more if it was sent again.
func (c *Conn) outstanding() inet.ByteCount {
	if c.cc.phase == phaseRecovery && c.loss.repair == repairInflate {
		return c.flight() // what was delivered is in cwnd instead
	}
	m := &c.snd.queue.marks
	return c.flight() - m.sacked.octets - c.loss.guessed - m.lost.octets + m.retrans.octets
}

// dupThresh is DupThresh of RFC 6675 §2, "the number of duplicate acknowledgments
// required to trigger a retransmission". It grows with the reordering that was seen.
func (c *Conn) dupThresh() int { return max(int(c.l.k.Reordering), c.loss.reordering) }

// acknowledged is told what an acknowledgment delivered, and does all that follows: it
// finds losses, enters and leaves recovery, and moves the window.
func (c *Conn) acknowledged(d *delivery, fx *Effects) {
	c.rtt.sample = 0
	c.measureFrom(d, d.seg, fx)
	if d.advanced {
		c.retries, c.probes = 0, 0
	}
	if c.cc.cwnd > 0 {
		if d.seg.Ack == c.snd.una {
			c.takeECE(d.seg, d.flight, fx)
		}
		c.countDuplicates(d)
		c.adaptRACK(d)
		c.noteDSACK(d)
		c.probeAnswered(d, fx)
		c.leave(d, fx)
		switch c.cc.phase {
		case phaseRecovery:
			c.recovering(d, fx)
		case phaseLoss:
			c.timedOut(d, fx)
			if c.findLosses(d, fx); d.relost || d.lost && c.cc.phase == phaseOpen {
				// What was sent again is lost as well, or the timeout was spurious and something
				// else is lost.
				c.enterRecovery(d, fx)
			}
		default:
			c.watch(d, fx)
		}
		c.steer(d, fx)
	}
	if d.advanced {
		c.loss.restart = true
		// Sequence numbers must not come round to what was noted long ago.
		c.loss.judged = c.loss.judged.Max(c.snd.una)
		c.cc.high.pass(c.snd.una)
		c.ecn.high.pass(c.snd.una)
	}
}

// countDuplicates counts duplicate acknowledgments, and without SACK guesses from them
// what was delivered: RFC 9937 §6.2, "if SACK is not available, DeliveredData is 1 SMSS
// for each duplicate ACK; […] on a subsequent partial or full ACK it is the change in
// SND.UNA minus 1 SMSS for each preceding duplicate ACK".
func (c *Conn) countDuplicates(d *delivery) {
	sacks := c.usesSACK()
	switch {
	case d.advanced:
		c.cc.dupAcks, c.cc.limited = 0, 0
	case sacks && d.sacked > 0, !sacks && d.dup:
		// RFC 6675 §2 counts what "carries a SACK block that identifies previously
		// unacknowledged and un-SACKed octets".
		c.cc.dupAcks++
	}
	if sacks {
		c.loss.guessed = 0
		return
	}
	switch smss := c.cc.smss; {
	case d.advanced:
		before := c.loss.guessed
		c.loss.guessed = max(0, before-max(0, d.octets-smss))
		if c.cc.phase != phaseRecovery {
			c.loss.guessed = 0
		}
		c.boundGuess()
		d.octets = max(d.octets-before, min(d.octets, smss))
	case d.dup:
		// At least one segment is missing, or nothing would be duplicated.
		missing := max(c.snd.queue.lost.octets, c.snd.queue.at(0).len())
		n := min(smss, c.flight()-missing-c.snd.queue.sacked.octets-c.loss.guessed)
		if c.reducing() {
			// RFC 9937 §6.2: "PRR disallows incrementing DeliveredData when the total bytes
			// delivered in a PRR episode would exceed the estimated data outstanding upon
			// entering recovery (i.e., RecoverFS)". A peer may repeat itself without end.
			n = min(n, c.loss.prr.recoverFS-c.loss.prr.delivered)
		}
		c.loss.guessed += max(n, 0)
		d.octets += max(n, 0)
	}
}

// boundGuess keeps what duplicate ACKs say was delivered within what is outstanding and
// neither lost nor known to be delivered. They count in SMSS, and what was delivered may
// have been smaller segments.
func (c *Conn) boundGuess() {
	m := &c.snd.queue.marks
	c.loss.guessed = min(c.loss.guessed, c.flight()-m.lost.octets-m.sacked.octets)
}

// leave ends a recovery when all is acknowledged that was outstanding at its beginning.
func (c *Conn) leave(d *delivery, fx *Effects) {
	if c.cc.phase == phaseOpen || !d.advanced {
		return
	}
	full := c.cc.high.seq.LessEq(c.snd.una)
	switch c.cc.phase {
	case phaseCWR:
		// The window was reduced once for what was outstanding then.
		switch {
		case full && c.loss.repair == repairPRR:
			c.endRecovery(fx)
		case full:
			c.cc.phase = phaseOpen
			c.showCC(rfc.TCPECNOver, fx)
		}
	case phaseRecovery:
		rule := c.needless(d)
		switch {
		case full && rule != "":
			c.undo(rule, fx)
		case full || c.algorithm().recovery() != recoveryModern:
			c.endRecovery(fx)
		}
	}
}

// endRecovery leaves fast recovery with the window it was to end with.
func (c *Conn) endRecovery(fx *Effects) {
	c.cc.phase = phaseOpen
	c.loss.guessed = 0
	c.loss.rack.recoveryOver()
	switch c.loss.repair {
	case repairPRR:
		// RFC 9937 §6.2: "At the end of recovery: cwnd = ssthresh".
		c.cc.cwnd = c.cc.ssthresh
		c.showCC(rfc.TCPPRREnd, fx)
	case repairPipe:
		c.showCC(rfc.TCPSackRecovered, fx)
	case repairInflate:
		// RFC 6582 §3.2 step 3, full acknowledgment: "Set cwnd to either (1) min (ssthresh,
		// max(FlightSize, SMSS) + SMSS) or (2) ssthresh"; the first avoids a burst.
		c.cc.cwnd = min(c.cc.ssthresh, max(c.flight(), c.cc.smss)+c.cc.smss)
		c.showCC(rfc.TCPFullACK, fx)
	}
}

// watch looks for a loss while none is being repaired.
func (c *Conn) watch(d *delivery, fx *Effects) {
	c.undoDSACK(fx)
	c.findLosses(d, fx)
	if !d.lost && !c.usesRACK() && c.cc.dupAcks >= c.dupThresh() && c.mayRecover() &&
		c.snd.queue.len() > 0 {
		rule, resend := rfc.TCPDupThresh, rfc.TCPFastRetransmit
		if c.usesSACK() {
			// RFC 6675 §5, step (1): "If DupAcks >= DupThresh, go to step (4)"; there it is
			// "the segment starting with sequence number HighACK + 1" that counts as lost.
			rule, resend = rfc.TCPIsLost, rfc.TCPNextSeg
		}
		if s := c.snd.queue.at(0); !s.sacked && !s.due() {
			c.lose(0, rule, resend, d, fx)
		}
	}
	if d.lost {
		c.enterRecovery(d, fx)
	}
}

// findLosses marks what is lost by all that is known now.
func (c *Conn) findLosses(d *delivery, fx *Effects) {
	switch {
	case !c.usesSACK() || d.octets == 0:
	case d.advanced && c.snd.queue.len() > 0 && c.snd.queue.at(0).sacked:
		// RFC 2018 §8: the receiver may have dropped what it announced. Nothing it says is
		// believed until that shows.
	case c.usesRACK():
		c.findByRACK(d, fx)
	default:
		c.findByIsLost(d, fx)
	}
}

// mayRecover: RFC 6582 §3.2 step 2, "If the Cumulative Acknowledgment field covers more
// than recover", so that the duplicates of a go-back after a timeout start nothing. SACK
// tells such duplicates apart.
func (c *Conn) mayRecover() bool {
	return !c.cc.high.set || c.cc.high.seq.Less(c.snd.una) || c.usesSACK() ||
		c.algorithm().recovery() != recoveryModern
}

// enterRecovery: RFC 5681 §3.2 steps 2 and 3, RFC 6582 §3.2 step 2, RFC 6675 §5 step 4.
func (c *Conn) enterRecovery(d *delivery, fx *Effects) {
	if c.sizeProbeLost(fx) {
		return
	}
	cc := c.algorithm()
	reduced := c.cc.phase == phaseCWR
	if !reduced {
		// RFC 5681 §3.2 step 2: ssthresh goes by FlightSize without what limited transmit
		// sent.
		cc.lost(&c.cc.window, c.flight()-c.cc.limited, fx.Now)
	}
	c.reduced()
	c.startUndo()
	if cc.recovery() == recoverySlowStart {
		c.slowStartAgain(fx)
		return
	}
	c.cc.high = lossMark{c.snd.nxt, true}
	c.cc.phase = phaseRecovery
	c.loss.tlp = tlpState{}
	// RFC 6675 §5 step (4.3): RescueRxt is "the highest sequence number in the
	// retransmitted segment".
	c.loss.rescue = c.snd.queue.at(c.snd.queue.nextDue()).end
	switch {
	case reduced && c.loss.repair == repairPRR: // the reduction goes on
	case c.l.k.PRR != 0 && cc.recovery() == recoveryModern:
		c.loss.repair = repairPRR
		c.startPRR(d) // cwnd follows when the acknowledgment has been taken
	case c.usesSACK():
		// RFC 6675 §5 step (4.2): "ssthresh = cwnd = (FlightSize / 2)".
		c.loss.repair = repairPipe
		c.cc.cwnd = c.cc.ssthresh
		c.showCC(rfc.TCPSackRecovery, fx)
		// Step (4.3): "Retransmit the first data segment presumed dropped".
		c.resendDue(fx)
	default:
		c.loss.repair = repairInflate
		c.cc.cwnd = c.cc.ssthresh + 3*c.cc.smss
		c.showCC(rfc.TCPFastRetransmit, fx)
		c.resendDue(fx)
	}
}

// slowStartAgain is Tahoe's answer to a loss: the same as to a timeout.
func (c *Conn) slowStartAgain(fx *Effects) {
	c.cc.high = lossMark{c.snd.nxt, true}
	c.cc.cwnd, c.cc.phase = c.cc.smss, phaseLoss
	c.loss.guessed = 0
	c.loseAll(rfc.TCPTahoeLost, rfc.TCPLossResend, (*sent).due, fx)
	c.showCC(rfc.TCPTahoe, fx)
	c.snd.queue.at(0).why = rfc.TCPFastRetransmit
	c.resendDue(fx)
}

// recovering takes an acknowledgment while fast recovery lasts.
func (c *Conn) recovering(d *delivery, fx *Effects) {
	if d.advanced {
		c.undoPartial(d, fx)
	}
	if c.undoDSACK(fx); c.cc.phase != phaseRecovery {
		c.watch(d, fx) // what is evident still begins anew
		return
	}
	c.findLosses(d, fx)
	if c.usesSACK() || c.snd.queue.len() == 0 {
		return
	}
	inflates := c.loss.repair == repairInflate
	switch {
	case !d.advanced && d.dup && inflates:
		// RFC 5681 §3.2 step 4: "For each additional duplicate ACK received (after the
		// third), cwnd MUST be incremented by SMSS."
		c.cc.cwnd += c.cc.smss
		c.showCC(rfc.TCPInflate, fx)
	case d.advanced:
		// RFC 6582 §3.2 step 3, partial acknowledgment: "retransmit the first unacknowledged
		// segment".
		if s := c.snd.queue.at(0); !s.lost {
			c.lose(0, rfc.TCPPartialLost, rfc.TCPPartialACK, d, fx)
		}
		if inflates {
			c.deflate(d, fx)
			c.resendDue(fx)
		}
	}
}

// deflate: "Deflate the congestion window by the amount of new data acknowledged […]. If
// the partial ACK acknowledges at least one SMSS of new data, then add back SMSS bytes".
func (c *Conn) deflate(d *delivery, fx *Effects) {
	n := inet.ByteCount(c.snd.una.Sub(d.from))
	c.cc.cwnd -= n
	if n >= c.cc.smss {
		c.cc.cwnd += c.cc.smss
	}
	c.cc.cwnd = max(c.cc.cwnd, c.cc.smss)
	c.showCC(rfc.TCPPartialACK, fx)
}

// steer moves cwnd by an acknowledgment: while it is being reduced, as the reduction
// says; else as congestion control does. Only what is acknowledged cumulatively lets it
// grow, unless the path is known to reorder.
func (c *Conn) steer(d *delivery, fx *Effects) {
	switch c.cc.phase {
	case phaseRecovery, phaseCWR:
		if c.loss.repair == repairPRR {
			c.stepPRR(d, fx)
		}
	default:
		if c.echoes(d.seg) {
			return
		}
		if d.advanced || d.sacked > 0 && c.shownLoss.Reordering > int(c.l.k.Reordering) {
			c.grow(c.heard(d.octets, d.pipe, fx), fx)
		}
	}
}

// congested answers a mark of the network, a sign of congestion that lost nothing, with
// flight octets outstanding when it came: RFC 3168 §6.1.2, "TCP should not react to
// congestion indications more than once every window of data". It reports whether it did.
func (c *Conn) congested(flight inet.ByteCount, fx *Effects) bool {
	if c.cc.phase != phaseOpen || c.cc.cwnd == 0 {
		return false
	}
	c.algorithm().lost(&c.cc.window, flight, fx.Now)
	c.loss.undo = undoState{} // a mark is never spurious
	c.cc.high = lossMark{c.snd.nxt, true}
	c.cc.phase = phaseCWR
	if c.l.k.PRR != 0 {
		c.loss.repair = repairPRR
		c.startPRR(&delivery{})
	} else {
		c.loss.repair = repairPipe
		c.cc.cwnd = c.cc.ssthresh
	}
	c.showCC(rfc.TCPECNReduce, fx)
	return true
}
