package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// otherStates is RFC 9293 §3.10.7.4: SYN-RECEIVED and the synchronized states. Its
// checks come in the RFC's order; each reports whether the segment goes on to the next.
func (c *Conn) otherStates(a *arrival, fx *Effects) {
	ok := c.checkTimestamp(a, fx) && // RFC 7323 §5.3 puts PAWS in front
		c.checkSequence(a, fx) && // first
		c.checkRST(a, fx) && // second; third, security: there is none
		c.checkSYN(a, fx) && // fourth
		c.checkACK(a, fx) // fifth
	if !ok {
		// What a closed window refused has its acknowledgment even if the fifth check drops
		// the rest, but for a segment that was answered with a reset.
		if c.ack.now && c.state.Synchronized() {
			c.sendACK(c.ack.rule, fx)
		}
		c.ack.now = false
		return
	}
	c.checkURG(a, fx)                          // sixth
	if c.text(a, fx); c.state == inet.Closed { // seventh
		return
	}
	c.finArrived(a, fx) // eighth
	c.output(fx)
}

// checkTimestamp is PAWS, RFC 7323 §5.3: an old timestamp shows an old duplicate that
// sequence numbers cannot tell from new data.
func (c *Conn) checkTimestamp(a *arrival, fx *Effects) bool {
	seg := a.seg
	switch {
	case c.ts.old(seg, fx.Now):
		refuse(c.id, a.pkt, "old-timestamp", 0, rfc.TCPPAWS, fx)
		c.answerInvalid(a, rfc.TCPPAWS, fx)
		return false
	case c.ts.on && !seg.Opts.HasTS && !seg.Flags.Has(wire.RST) && c.l.k.BareSegments == 0:
		// RFC 7323 §3.2: "If a non-<RST> segment is received without a TSopt, a TCP SHOULD
		// silently drop the segment." By knob, as in linux, it is taken.
		refuse(c.id, a.pkt, "no-timestamp", 0, rfc.TCPNoTimestamp, fx)
		return false
	}
	return true
}

// acceptable is the table of RFC 9293 §3.10.7.4 (and §3.4).
func acceptable(s seq.Num, length seq.Size, nxt seq.Num, wnd seq.Size) bool {
	switch {
	case length == 0 && wnd == 0:
		return s == nxt
	case length == 0:
		return s.InWindow(nxt, wnd)
	case wnd == 0:
		return false
	}
	return s.InWindow(nxt, wnd) || s.Add(length-1).InWindow(nxt, wnd)
}

// checkSequence is the first check. What lies outside the window is trimmed later.
func (c *Conn) checkSequence(a *arrival, fx *Effects) bool {
	seg, length := a.seg, a.seg.Len()
	if c.rcv.wnd == 0 && c.l.k.mutant(mutantProbeDeadlock) {
		c.unacceptable(a, length, fx)
		return false
	}
	switch {
	case c.state == inet.SynReceived && c.repeatedSYN(a, fx):
		return false
	case c.answersOurSYN(seg):
		// RFC 9293 figure 7, line 6: the SYN,ACK of a simultaneous open repeats the SYN
		// that has been taken; what counts is its ACK, and the text behind it.
		a.seq = a.seq.Add(1)
		return true
	case acceptable(seg.Seq, length, c.rcv.nxt, c.rcv.wnd):
		c.updateTS(seg, fx.Now)
		return true
	case c.rcv.wnd == 0 && seg.Seq == c.rcv.nxt && !seg.Flags.Has(wire.SYN):
		// "If the RCV.WND is zero, no segments will be acceptable, but special allowance
		// should be made to accept valid ACKs, URGs, and RSTs" (MUST-66).
		if !seg.Flags.Has(wire.RST) {
			refuse(c.id, a.pkt, "zero-window", int(length), rfc.TCPZeroWindow, fx)
			a.data, a.fin = nil, false
			c.updateTS(seg, fx.Now)
			c.ackNow(rfc.TCPZeroWindow)
		}
		return true
	}
	c.unacceptable(a, length, fx)
	return false
}

// unacceptable: "If an incoming segment is not acceptable, an acknowledgment should be
// sent in reply (unless the RST bit is set, if so drop the segment and return)".
func (c *Conn) unacceptable(a *arrival, length seq.Size, fx *Effects) {
	seg := a.seg
	if seg.Flags.Has(wire.RST) {
		refuse(c.id, a.pkt, "rst-outside-window", 0, rfc.TCPRSTOutside, fx)
		return
	}
	rule := rfc.TCPSeq
	if seg.Flags.Has(wire.SYN) && c.state.Synchronized() && c.l.questions(wire.SYN) {
		// RFC 5961 §4.2: "If the SYN bit is set, irrespective of the sequence number, TCP
		// MUST send an ACK (also referred to as challenge ACK) to the remote peer".
		rule = rfc.TCPSYNChallenge
	}
	end := seg.Seq.Add(length)
	reason := "outside-window"
	if end.LessEq(c.rcv.nxt) {
		reason = "old-duplicate"
		n := seq.Size(len(seg.Data))
		if seg.Flags.Has(wire.FIN) && c.l.k.SACKFIN != 0 && c.state != inet.TimeWait {
			n = length
		}
		if n > 0 {
			c.noteDuplicate(seg.Seq, seg.Seq.Add(n))
			c.quicken() // our acknowledgment was lost, or came too late
		}
		if end == c.rcv.lastAck {
			// As linux: the echo must tell of the transmission that is answered now.
			c.updateTS(seg, fx.Now)
		}
	}
	refuse(c.id, a.pkt, reason, 0, rule, fx)
	if c.state == inet.TimeWait && a.fin && end == c.rcv.nxt {
		// Eighth check, TIME-WAIT: "Restart the 2 MSL time-wait timeout."
		c.arm(timer2MSL, c.l.k.MSL2, rfc.TCPFINAgain, fx)
	}
	if rule == rfc.TCPSYNChallenge {
		c.challengeACK(a, rule, fx)
		return
	}
	c.answerInvalid(a, rule, fx)
}

// noteDuplicate has the next ACK report data that came twice (RFC 2883 §4).
func (c *Conn) noteDuplicate(from, to seq.Num) {
	if c.sack && c.l.k.DSACK != 0 {
		c.rcv.dup, c.rcv.hasDup = [2]seq.Num{from, to}, true
	}
}

// repeatedSYN answers the peer's SYN, sent again, with our SYN,ACK, sent again.
//
// Deviation: the RFC would answer with a bare ACK, which does not help a peer in
// SYN-SENT.
func (c *Conn) repeatedSYN(a *arrival, fx *Effects) bool {
	f := a.seg.Flags
	if f&(wire.SYN|wire.ACK|wire.RST) != wire.SYN || a.seg.Seq != c.irs {
		return false
	}
	refuse(c.id, a.pkt, "repeated-syn", 0, rfc.TCPSynAckAgain, fx)
	c.synAgain(a.seg, fx)
	c.resend(0, rfc.TCPSynAckAgain, fx)
	c.armRTO(c.rto(), rfc.TCPSynAckAgain, fx) // as linux and FreeBSD: the wait begins anew
	return true
}

// answersOurSYN reports whether a segment is the SYN,ACK that ends a simultaneous open.
func (c *Conn) answersOurSYN(seg *wire.TCP) bool {
	return c.state == inet.SynReceived && c.active && seg.Seq == c.irs &&
		seg.Flags&(wire.SYN|wire.ACK|wire.RST) == wire.SYN|wire.ACK
}

// checkRST is the second check, with the mitigation of RFC 5961 §3.2.
func (c *Conn) checkRST(a *arrival, fx *Effects) bool {
	if !a.seg.Flags.Has(wire.RST) {
		return true
	}
	if c.state == inet.TimeWait && c.l.k.RFC1337 != 0 {
		// RFC 1337 §3, fix F1: "Ignore RST segments in TIME-WAIT state."
		refuse(c.id, a.pkt, "rst-in-time-wait", 0, rfc.TCPTimeWaitRST, fx)
		return false
	}
	if c.l.questions(wire.RST) && a.seg.Seq != c.rcv.nxt {
		// "3) If the RST bit is set and the sequence number does not exactly match the next
		// expected sequence value, yet is within the current receive window, TCP endpoints
		// MUST send an acknowledgment (challenge ACK)".
		refuse(c.id, a.pkt, "rst-not-exact", 0, rfc.TCPRSTChallenge, fx)
		c.challengeACK(a, rfc.TCPRSTChallenge, fx)
		return false
	}
	c.reset(fx)
	return false
}

// reset takes a valid RST, by state.
func (c *Conn) reset(fx *Effects) {
	switch c.state {
	case inet.SynReceived:
		if c.fast.taken {
			c.remove(inet.ECONNRESET, rfc.TCPRST, fx) // a program may have it already
			return
		}
		if !c.active {
			// "return this connection to LISTEN state and return. The user need not be
			// informed."
			c.backToListen(fx)
			return
		}
		c.remove(inet.ECONNREFUSED, rfc.TCPRST, fx) // "the connection was refused"
	case inet.Established, inet.FinWait1, inet.FinWait2:
		c.remove(inet.ECONNRESET, rfc.TCPRST, fx)
	case inet.CloseWait:
		if c.l.k.BSDSockets != 0 {
			c.remove(inet.ECONNRESET, rfc.TCPRST, fx)
			return
		}
		// The peer had finished, so what fails is our sending: linux says EPIPE.
		c.remove(inet.EPIPE, rfc.TCPRST, fx)
	default:
		// CLOSING, LAST-ACK, TIME-WAIT: "enter the CLOSED state, delete the TCB".
		errno := inet.OK
		if c.l.k.BSDSockets != 0 && c.state != inet.TimeWait {
			errno = inet.ECONNRESET
		}
		c.remove(errno, rfc.TCPRST, fx)
	}
}

// backToListen ends a half-open connection that a listener began (MUST-11).
func (c *Conn) backToListen(fx *Effects) {
	past := c.past
	c.remove(inet.OK, rfc.TCPBackToListen, fx)
	if past != nil {
		past.revive(fx)
	}
}

// checkSYN is the fourth check, with the mitigation of RFC 5961 §4.2.
func (c *Conn) checkSYN(a *arrival, fx *Effects) bool {
	if !a.seg.Flags.Has(wire.SYN) || a.seq != a.seg.Seq {
		return true
	}
	switch {
	case c.state == inet.SynReceived && !c.active && !c.fast.taken:
		// "If the connection was initiated with a passive OPEN, then return this connection
		// to the LISTEN state and return."
		refuse(c.id, a.pkt, "syn-in-window", 0, rfc.TCPBackToListen, fx)
		c.backToListen(fx)
	case c.l.questions(wire.SYN):
		refuse(c.id, a.pkt, "syn-in-window", 0, rfc.TCPSYNChallenge, fx)
		c.challengeACK(a, rfc.TCPSYNChallenge, fx)
	default:
		// "For implementations that do not follow RFC 5961 […] If the SYN is in the window
		// it is an error: send a reset […], enter the CLOSED state, delete the TCB".
		refuse(c.id, a.pkt, "syn-in-window", 0, rfc.TCPSYN, fx)
		c.sendRST(rfc.TCPSYN, fx)
		c.remove(inet.ECONNRESET, rfc.TCPSYN, fx)
	}
	return false
}
