package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// Keep-alives: RFC 9293 §3.8.4. MUST-25: "they MUST default to off".

// keepAliveTimer starts or stops the timer as the option says.
func (c *Conn) keepAliveTimer(fx *Effects) {
	alive := c.state == inet.Established || c.state == inet.CloseWait || c.state == inet.FinWait2
	switch {
	case !c.opts.KeepAlive || !alive:
		c.stop(timerKeepalive, rfc.TCPKeepOff, fx)
	case !c.timers[timerKeepalive].running:
		c.armKeepIdle(fx)
	}
}

// armKeepIdle runs the timer until the peer has been silent for the idle time.
func (c *Conn) armKeepIdle(fx *Effects) {
	idle := c.keepIdle()
	c.arm(timerKeepalive, idle-min(fx.Now.Sub(c.heardAt), idle), rfc.TCPKeepIdle, fx)
}

// keepAliveChanged follows a change of the settings. MUST-24: "the application MUST be
// able to turn them on or off for each TCP connection".
func (c *Conn) keepAliveChanged(old Options, fx *Effects) {
	if c.timers[timerKeepalive].running && c.keepTries == 0 && old.KeepIdle != c.opts.KeepIdle {
		c.armKeepIdle(fx)
	}
	c.keepAliveTimer(fx)
}

// keepaliveTimeout: MUST-26, "Keep-alive packets MUST only be sent when no sent data is
// outstanding, and no data or acknowledgment packets have been received for the
// connection within an interval".
func (c *Conn) keepaliveTimeout(fx *Effects) {
	quiet := fx.Now.Sub(c.heardAt)
	if quiet < c.keepIdle() || c.snd.queue.len() > 0 {
		c.keepTries = 0
		wait := c.keepIdle()
		if quiet < wait {
			wait -= quiet
		}
		c.arm(timerKeepalive, wait, rfc.TCPKeepIdle, fx)
		return
	}
	// MUST-29: "it MUST NOT interpret failure to respond to any specific probe as a dead
	// connection".
	dead := int64(c.keepTries) >= c.keepProbes()
	if limit := c.userTimeout(); limit > 0 { // as on linux, it overrides the number of probes
		dead = c.keepTries > 0 && quiet >= limit
	}
	if dead {
		c.sendRST(rfc.TCPKeepDead, fx)
		c.remove(inet.ETIMEDOUT, rfc.TCPKeepDead, fx)
		return
	}
	c.keepTries++
	// "Such a segment generally contains SEG.SEQ = SND.NXT-1"; SHLD-12: "with no data".
	out := wire.TCP{Seq: c.snd.nxt - 1, Flags: wire.ACK}
	c.transmit(&out, false, rfc.TCPKeepProbe, fx)
	c.arm(timerKeepalive, c.keepInterval(), rfc.TCPKeepIdle, fx)
}
