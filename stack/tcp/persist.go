package tcp

import (
	"time"

	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// Zero-window probing: RFC 9293 §3.8.6.1. The same timer is the override timeout of the
// sender's silly window avoidance, as §3.8.6.2.1 suggests.

// persistTimer runs the timer while the window, and nothing else, keeps data back.
func (c *Conn) persistTimer(fx *Effects) {
	if !c.maySend() {
		return // entering TIME-WAIT or CLOSED stopped it
	}
	blocked := c.snd.probing
	if c.snd.queue.len() == 0 {
		ch := c.choose()
		blocked = !ch.send && ch.rule != "" && ch.rule != rfc.TCPNagle
	}
	switch {
	case !blocked:
		c.stop(timerPersist, rfc.TCPProbeStop, fx)
	case !c.timers[timerPersist].running:
		// SHLD-29: "The transmitting host SHOULD send the first zero-window probe when a
		// zero window has existed for the retransmission timeout period".
		d, rule := c.probeInterval(), rfc.TCPProbeWait
		switch {
		case c.corked():
			d, rule = corkLimit, rfc.TCPCorkLimit
		case c.probeBackoff > 0:
			rule = rfc.TCPProbeSlow
		}
		c.arm(timerPersist, d, rule, fx)
	}
}

// corkLimit is how long a cork may hold back what does not fill a segment: tcp(7) of
// linux, "there is a 200 millisecond ceiling on the time for which output is corked".
const corkLimit = 200 * time.Millisecond

// corked reports whether a cork, and nothing else, holds data back.
func (c *Conn) corked() bool { return c.choose().rule == rfc.TCPCork }

// persistRule is why the timer fires.
func (c *Conn) persistRule() rfc.ID {
	if c.corked() {
		return rfc.TCPCorkLimit
	}
	return rfc.TCPProbe
}

// probeInterval: SHLD-30, "SHOULD increase exponentially the interval between
// successive probes".
func (c *Conn) probeInterval() time.Duration {
	return max(backedOff(c.rtt.base, c.probeBackoff, c.l.k.MaxRTO), c.l.k.PersistMin)
}

// persistTimeout sends a probe, or what the override timeout lets go.
func (c *Conn) persistTimeout(fx *Effects) {
	// MUST-37: "As long as the receiving TCP peer continues to send acknowledgments in
	// response to the probe segments, the sending TCP peer MUST allow the connection to
	// stay open". Every acknowledgment clears the count; silence does not.
	if c.corked() {
		d := c.unsent()
		c.sendNew(choice{n: min(d, c.effectiveMSS(), int(c.usable())), push: true,
			rule: rfc.TCPCorkLimit}, fx)
		c.persistTimer(fx)
		return
	}
	if limit, _ := c.r2(); int64(c.probes) >= limit {
		c.giveUp(rfc.TCPR2, fx)
		return
	}
	c.probes++
	c.probeBackoff = min(c.probeBackoff+1, 32)
	d, u := c.unsent(), c.usable()
	switch {
	case c.snd.queue.len() > 0:
		c.resendFirstOctet(rfc.TCPProbe, fx)
	case u > 0 && d > 0:
		c.sendNew(choice{n: min(d, c.effectiveMSS(), int(u)), push: c.l.k.ProbeData == 0,
			rule: rfc.TCPOverride}, fx)
	case c.l.k.ProbeData == 0:
		c.sendEmptyProbe(fx)
	default:
		// "The sending TCP peer must regularly transmit at least one octet of new data (if
		// available) […] even if the send window is zero". A FIN counts as an octet.
		c.snd.probing = true
		c.sendNew(choice{n: min(d, 1), fin: d == 0, rule: rfc.TCPProbe}, fx)
	}
	c.persistTimer(fx)
}

// sendEmptyProbe asks without data, with a sequence number that is acknowledged already:
// an unacceptable segment, so MUST be answered (RFC 9293 §3.10.7.4). As in linux.
//
// Deviation by knob from MUST-36's "at least one octet of new data": what the answer says
// is the same, and nothing has to be sent again when it says that the window is closed.
func (c *Conn) sendEmptyProbe(fx *Effects) {
	out := wire.TCP{Seq: c.snd.una - 1, Flags: wire.ACK}
	c.transmit(&out, false, rfc.TCPProbe, fx)
}

// windowAnswered lets the wait for the next empty probe begin with the answer to the last.
func (c *Conn) windowAnswered(fx *Effects) {
	if c.l.k.ProbeData == 0 && c.timers[timerPersist].running && c.probeBackoff > 0 &&
		c.snd.queue.len() == 0 && int64(c.unsent()) > c.usable() {
		c.arm(timerPersist, c.probeInterval(), rfc.TCPProbeSlow, fx)
	}
}

// windowOpened goes back to ordinary transmission after probing: what was sent into the
// closed window is lost, so it is sent again.
func (c *Conn) windowOpened(fx *Effects) {
	if c.snd.wnd == 0 {
		return
	}
	c.probeBackoff = 0
	if !c.snd.probing {
		return
	}
	c.snd.probing = false
	c.stop(timerPersist, rfc.TCPProbeStop, fx)
	if c.snd.queue.len() > 0 {
		c.goBack(fx)
		c.startRTO(fx)
	}
}
