package tcp

import "labserver/stack/rfc"

// F-RTO, forward RTO-recovery: RFC 5682. After a timeout the first acknowledgments show
// whether anything was lost, if new data is sent in place of retransmissions.

// frtoState is how far F-RTO has come. The zero value is not under way.
type frtoState struct {
	on  bool // step 1 is done: the first segment was sent again
	new bool // step 2b: this acknowledgment lets new data out before what is lost
}

// startFRTO is RFC 5682 §3.1 step 1. Renewed tells that this is no repetition of a timeout
// in the same recovery; "if the RTO expires again […] for the same segment" it goes on.
func (c *Conn) startFRTO(renewed bool) {
	c.loss.frto = frtoState{on: c.l.k.FRTO != 0 && (renewed || c.retries > 1)}
}

// timedOut takes an acknowledgment after a timeout: RFC 5682 §3.1 (with SACK) and §2.1.
func (c *Conn) timedOut(d *delivery, fx *Effects) {
	f := &c.loss.frto
	f.new = false
	full := c.cc.high.seq.LessEq(c.snd.una)
	if rule := c.needless(d); d.advanced && rule != "" {
		c.undo(rule, fx)
		return
	}
	if f.on {
		beyond := c.cc.high.seq.Less(c.snd.nxt)
		switch {
		case d.orig && !(d.again && !c.usesSACK()):
			// Step 3b: "If the acknowledgment advances the window AND […] data that was not
			// retransmitted after the timeout: the timeout was spurious". Without SACK an
			// acknowledgment that covers a retransmission as well proves nothing.
			c.undo(rfc.TCPFRTO, fx)
			return
		case beyond && (d.sacked > 0 || d.dup):
			f.on = false // step 3a: the loss was real
		case !beyond && d.advanced && !full:
			// Step 2b: "transmit up to two new (previously unsent) segments", and "set variable
			// 'recover'" anew.
			c.cc.high = lossMark{c.snd.nxt, true}
			f.on = c.unsent() > 0 && c.usable() > 0
			f.new = f.on
		}
	}
	if full && !f.new {
		c.loss.frto = frtoState{}
		c.cc.phase = phaseOpen
		c.loss.rack.recoveryOver()
		c.showCC(rfc.TCPLossOver, fx)
	}
}

// frtoSent ends step 2b: when no new data could be sent, what is lost goes out instead.
func (c *Conn) frtoSent(fx *Effects) {
	f := &c.loss.frto
	if !f.new {
		return
	}
	f.new = false
	if c.snd.nxt == c.cc.high.seq {
		f.on = false
		c.resendLost(fx)
	}
}
