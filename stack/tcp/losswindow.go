package tcp

import "labserver/stack/rfc"

// What a retransmission timeout means for the window and the scoreboard: RFC 5681 §3.1.

// lossTimeout: RFC 5681 §3.1, "upon a timeout […] cwnd MUST be set to no more than the
// loss window, LW, which equals 1 full-sized segment", and ssthresh by equation 4 when
// the segment has not been sent again before. All that is not known to have arrived will
// be sent again as the window allows.
func (c *Conn) lossTimeout(fx *Effects) {
	if c.snd.queue.at(0).syn {
		return // until our SYN is acknowledged only it is sent again, and it has no scoreboard
	}
	// Deviation: a timeout in fast recovery does not reduce ssthresh a second time for the
	// same flight, as in linux.
	if c.cc.phase == phaseOpen || c.cc.high.seq.LessEq(c.snd.una) ||
		c.cc.phase == phaseLoss && c.retries == 1 {
		c.algorithm().timeout(&c.cc.window, c.flight(), fx.Now)
		c.startUndo()
	}
	c.startFRTO(c.cc.phase == phaseOpen || c.cc.phase == phaseCWR)
	c.reduced()
	if k := int(c.l.k.Reordering); c.cc.phase == phaseOpen && c.snd.queue.sacked.segs >= k {
		// As linux: a timeout although that much was SACKed says that DupThresh is too high.
		c.loss.reordering = min(c.loss.reordering, k)
	}
	if c.snd.queue.at(0).sacked {
		// RFC 2018 §8: the receiver may drop what it announced. It never acknowledges this
		// segment, so it seems to have done that.
		c.forgetSACK()
	}
	c.loss.guessed = 0
	c.markTimeout(fx)
	c.cc.phase, c.cc.dupAcks, c.cc.limited = phaseLoss, 0, 0
	c.cc.cwnd = c.outstanding() + c.cc.smss
	// RFC 6582 §3.2 step 4: "record the highest sequence number transmitted in the
	// variable recover, and exit the fast recovery procedure if applicable"; RFC 6675 §5.1:
	// "RecoveryPoint MUST be set to HighData".
	c.cc.high = lossMark{c.snd.nxt, true}
	c.showCC(rfc.TCPLossWindow, fx)
}

// markTimeout marks what a timeout says is lost. RFC 6675 §5.1 lets SACK marks stay.
func (c *Conn) markTimeout(fx *Effects) {
	recent := noneRecent
	if c.usesRACK() && c.retries == 1 && !c.snd.queue.at(0).sacked {
		recent = c.recentByRACK(fx.Now)
	}
	c.loseAll(rfc.TCPTimeoutLost, rfc.TCPLossResend, recent, fx)
	c.loss.rack.until = 0
	c.loss.tlp = tlpState{}
}

// noneRecent is for loseAll: every segment is old enough to be lost.
func noneRecent(*sent) bool { return false }

// goBack plans to send all that is outstanding again, from the front, as windows allow:
// it went into a closed window.
func (c *Conn) goBack(fx *Effects) {
	c.cc.high = lossMark{c.snd.nxt, true}
	c.loseAll(rfc.TCPShrunk, rfc.TCPShrunk, noneRecent, fx)
}
