package tcp

import (
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// checkACK is the fifth check of RFC 9293 §3.10.7.4: the ACK field.
func (c *Conn) checkACK(a *arrival, fx *Effects) bool {
	seg := a.seg
	if !seg.Flags.Has(wire.ACK) {
		// "if the ACK bit is off, drop the segment and return"
		refuse(c.id, a.pkt, "no-ack", 0, rfc.TCPNoACK, fx)
		return false
	}
	switch c.state {
	case inet.SynReceived:
		return c.ackInSynReceived(a, fx)
	case inet.TimeWait:
		// "The only thing that can arrive in this state is a retransmission of the remote
		// FIN", which the first check has dealt with.
		return true
	}
	if !c.ackInRange(a, fx) {
		return false
	}
	if c.snd.una.Less(seg.Ack) && c.synOutstanding() {
		c.ackOfSYN(seg, fx) // CLOSE in SYN-RECEIVED led here with the SYN unacknowledged
		return c.finAcked(fx)
	}
	if c.tellsNothing(seg) {
		c.probes, c.probeBackoff, c.rtt.sample = 0, 0, 0
		c.snd.wl1, c.snd.wl2 = seg.Seq, seg.Ack
		return true
	}
	d := c.delivery(a.seg)
	if c.snd.una.Less(seg.Ack) {
		c.newACK(seg, &d, fx)
		c.selective(a, &d, fx)
		c.acknowledged(&d, fx)
		return c.finAcked(fx)
	}
	c.oldACK(a, &d, fx)
	return true
}

// tellsNothing recognizes the acknowledgment in a segment of a peer to whom nothing was sent
// lately: it repeats what is known, and there is nothing it could be a duplicate of. While
// data flows one way that is every segment with data.
func (c *Conn) tellsNothing(seg *wire.TCP) bool {
	return seg.Ack == c.snd.una && c.snd.queue.len() == 0 && seg.Opts.NSACK == 0 &&
		seg.Flags&(wire.ECE|wire.SYN) == 0 && seq.Size(seg.Wnd)<<c.snd.scale == c.snd.wnd &&
		c.snd.wnd > 0 && c.snd.wl1.LessEq(seg.Seq) && c.cc.phase == phaseOpen && !c.snd.probing &&
		!c.timers[timerPersist].running && !c.loss.undo.set && !c.loss.tlp.out
}

// ackInSynReceived: "If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED state and
// continue processing […]. If the segment acknowledgment is not acceptable, form a reset
// segment <SEQ=SEG.ACK><CTL=RST> and send it."
func (c *Conn) ackInSynReceived(a *arrival, fx *Effects) bool {
	seg := a.seg
	if !c.snd.una.Less(seg.Ack) || c.snd.nxt.Less(seg.Ack) {
		refuse(c.id, a.pkt, "bad-ack", 0, rfc.TCPACKOfSYNBad, fx)
		c.l.replyRST(c.flow, c.id, seg, rfc.TCPACKOfSYNBad, fx)
		return false
	}
	if c.li != nil && !c.fast.taken && c.li.full() {
		c.overflow(a, fx)
		return false
	}
	c.ackOfSYN(seg, fx)
	c.enter(inet.Established, rfc.TCPACKOfSYN, fx)
	if c.leaveFastOpen(); c.li != nil && !c.fast.taken {
		c.li.established(c, fx)
	}
	c.keepAliveTimer(fx)
	return true
}

// ackInRange: "If the ACK acks something not yet sent (SEG.ACK > SND.NXT), then send an
// ACK, drop the segment, and return"; and RFC 5961 §5.2: "The ACK value is considered
// acceptable only if it is in the range of ((SND.UNA - MAX.SND.WND) <= SEG.ACK <=
// SND.NXT)".
func (c *Conn) ackInRange(a *arrival, fx *Effects) bool {
	ack := a.seg.Ack
	switch {
	case c.snd.nxt.Less(ack):
		refuse(c.id, a.pkt, "ack-of-unsent", 0, rfc.TCPACKUnsent, fx)
		c.answerInvalid(a, rfc.TCPACKUnsent, fx)
		return false
	case c.l.k.ChallengeACK != 0 && ack.Less(c.snd.una) &&
		c.snd.una.Sub(ack) > c.snd.maxWnd:
		refuse(c.id, a.pkt, "ack-too-old", 0, rfc.TCPACKRange, fx)
		c.challengeACK(a, rfc.TCPACKRange, fx)
		return false
	}
	return true
}

// updateWindow: "If SND.UNA =< SEG.ACK =< SND.NXT, the send window should be updated. If
// (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK)), set SND.WND <-
// SEG.WND, set SND.WL1 <- SEG.SEQ, and set SND.WL2 <- SEG.ACK."
func (c *Conn) updateWindow(seg *wire.TCP) {
	newer := c.snd.wl1.Less(seg.Seq) || c.snd.wl1 == seg.Seq && c.snd.wl2.LessEq(seg.Ack)
	if !newer || seg.Flags.Has(wire.SYN) {
		return // a SYN's window was taken by settle, unscaled
	}
	c.snd.wnd = seq.Size(seg.Wnd) << c.snd.scale
	c.snd.wl1, c.snd.wl2 = seg.Seq, seg.Ack
	c.snd.maxWnd = max(c.snd.maxWnd, c.snd.wnd)
}

// oldACK takes an acknowledgment of nothing new: it may bring a window, it may be a
// duplicate that hints at a loss, and its SACK blocks tell of what lies behind the loss.
func (c *Conn) oldACK(a *arrival, d *delivery, fx *Effects) {
	seg := a.seg
	if seg.Ack != c.snd.una {
		// "If the ACK is a duplicate (SEG.ACK =< SND.UNA), it can be ignored." It was
		// overtaken, but what its SACK blocks name is held by the peer all the same.
		c.selective(a, d, fx)
		c.acknowledged(d, fx)
		return
	}
	c.probes = 0 // MUST-37
	before := c.snd.wnd
	c.updateWindow(seg)
	c.showSnd(rfc.TCPWindow, fx)
	c.windowOpened(fx)
	c.windowAnswered(fx)
	// RFC 5681 §2: an ACK is a duplicate when "(a) the receiver of the ACK has outstanding
	// data, (b) the incoming acknowledgment carries no data, (c) the SYN and FIN bits are
	// both off, (d) the acknowledgment number is equal to the greatest acknowledgment
	// received […] and (e) the advertised window […] equals the advertised window in the
	// last incoming acknowledgment".
	d.dup = c.snd.queue.len() > 0 && len(seg.Data) == 0 && !a.fin && seg.Flags&wire.SYN == 0 &&
		before == c.snd.wnd && !c.snd.probing
	c.selective(a, d, fx)
	c.acknowledged(d, fx)
}

// newACK takes an acknowledgment of something new: "If SND.UNA < SEG.ACK =< SND.NXT, then
// set SND.UNA <- SEG.ACK. Any segments on the retransmission queue that are thereby
// entirely acknowledged are removed."
func (c *Conn) newACK(seg *wire.TCP, d *delivery, fx *Effects) {
	c.takeOff(seg.Ack, d, fx)
	c.snd.una = seg.Ack
	if c.snd.base.Less(c.snd.una) {
		octets := c.snd.una.Sub(c.snd.base)
		if d.fin {
			octets--
		}
		c.snd.acked += uint64(octets)
		c.snd.buf.drop(int(octets))
		c.snd.base = c.snd.base.Add(octets)
	}
	wasProbing := c.snd.probing
	c.snd.probing = c.snd.probing && c.snd.queue.len() > 0
	c.updateWindow(seg)
	c.showSnd(rfc.TCPACK, fx)
	if wasProbing {
		c.windowOpened(fx)
	}
	c.urgentAcked(fx)
	c.progressed(fx)
	if c.Writable() {
		fx.ready(c)
	}
}

// synOutstanding reports whether our SYN is not yet acknowledged.
func (c *Conn) synOutstanding() bool { return c.snd.queue.len() > 0 && c.snd.queue.at(0).syn }

// ackOfSYN takes the acknowledgment of our SYN: congestion control begins.
func (c *Conn) ackOfSYN(seg *wire.TCP, fx *Effects) {
	d := c.delivery(seg)
	c.newACK(seg, &d, fx)
	c.rtt.sample = 0
	c.measureFrom(&d, seg, fx)
	c.synAcked(fx)
	c.retries, c.probes = 0, 0
	c.loss.restart = true // the timer, when all is sent that may be
}

// synLostRTO is what RFC 6298 §5.7 falls back to: "the RTO MUST be re-initialized to 3
// seconds when data transmission begins".
const synLostRTO = 3 * time.Second

// synAcked begins congestion control when our SYN is acknowledged.
func (c *Conn) synAcked(fx *Effects) {
	if c.retries > 0 && !c.rtt.measured {
		c.rtt.base, c.rtt.backoff = max(c.rtt.base, synLostRTO), 0
		c.showRTT(0, rfc.TCPRTOSynLost, fx)
	}
	c.startCC(fx)
}

// finAcked moves on when our FIN is acknowledged. It reports whether the connection
// still exists.
func (c *Conn) finAcked(fx *Effects) bool {
	if !c.snd.finSent || c.snd.una != c.snd.nxt {
		return true
	}
	switch c.state {
	case inet.FinWait1:
		// "if the FIN segment is now acknowledged, then enter FIN-WAIT-2"
		c.enter(inet.FinWait2, rfc.TCPACKOfFIN, fx)
		c.keepAliveTimer(fx)
		c.boundFinWait2(fx)
		c.stop(timerPersist, rfc.TCPProbeStop, fx)
	case inet.Closing:
		// "if the ACK acknowledges our FIN, then enter the TIME-WAIT state"
		c.enterTimeWait(rfc.TCPACKOfFIN, fx)
	case inet.LastAck:
		// "If our FIN is now acknowledged, delete the TCB, enter the CLOSED state"
		c.remove(inet.OK, rfc.TCPACKOfFIN, fx)
		return false
	}
	return true
}
