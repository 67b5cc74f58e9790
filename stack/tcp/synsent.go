package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// synSent is RFC 9293 §3.10.7.3, SYN-SENT STATE.
func (c *Conn) synSent(a *arrival, fx *Effects) {
	seg := a.seg
	hasACK := seg.Flags.Has(wire.ACK)

	// First, check the ACK bit: "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset
	// (unless the RST bit is set, if so drop the segment and return)".
	if hasACK && (seg.Ack.LessEq(c.iss) || c.snd.nxt.Less(seg.Ack)) {
		refuse(c.id, a.pkt, "bad-ack", 0, rfc.TCPSynSentACK, fx)
		if !seg.Flags.Has(wire.RST) {
			c.l.replyRST(c.flow, c.id, seg, rfc.TCPSynSentACK, fx)
		}
		return
	}

	// Second, check the RST bit: "If the ACK was acceptable, then signal to the user
	// 'error: connection reset' […]. Otherwise (no ACK), drop the segment and return."
	if seg.Flags.Has(wire.RST) {
		if !hasACK {
			refuse(c.id, a.pkt, "rst-without-ack", 0, rfc.TCPSynSentRST, fx)
			return
		}
		c.remove(inet.ECONNREFUSED, rfc.TCPSynSentRST, fx)
		return
	}

	// Third, check the security: there is none.

	// Fourth, check the SYN bit. Fifth: "if neither of the SYN or RST bits is set, then
	// drop the segment and return".
	if !seg.Flags.Has(wire.SYN) {
		refuse(c.id, a.pkt, "no-syn", 0, rfc.TCPSynSentOther, fx)
		return
	}
	if !hasACK {
		c.simultaneousOpen(a, fx)
		return
	}
	c.settle(seg, rfc.TCPSynSentSYN, fx)
	// "If SND.UNA > ISS (our SYN has been ACKed), change the connection state to
	// ESTABLISHED, form an ACK segment […] and send it."
	again := c.retries > 0
	c.ackOfSYN(seg, fx)
	c.enter(inet.Established, rfc.TCPSynSentSYN, fx)
	c.keepAliveTimer(fx)
	c.ackNow(rfc.TCPSynSentSYN)
	c.fastOpenAnswered(seg, again, fx)
	// "If there are other controls or text in the segment, then continue processing at
	// the sixth step under Section 3.10.7.4".
	a.seq = a.seq.Add(1)
	c.checkURG(a, fx)
	c.text(a, fx)
	if c.finArrived(a, fx); c.state != inet.Closed {
		c.output(fx)
	}
}

// simultaneousOpen: "Otherwise, enter SYN-RECEIVED, form a SYN,ACK segment
// <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> and send it" (MUST-10).
func (c *Conn) simultaneousOpen(a *arrival, fx *Effects) {
	c.settle(a.seg, rfc.TCPSimultaneous, fx)
	c.showSnd(rfc.TCPSimultaneous, fx)
	c.refuseSynText(a, fx)
	c.enter(inet.SynReceived, rfc.TCPSimultaneous, fx)
	c.resend(0, rfc.TCPSimultaneous, fx)
}
