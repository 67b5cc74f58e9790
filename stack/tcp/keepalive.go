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
		c.arm(timerKeepalive, c.l.k.KeepIdle-min(fx.Now.Sub(c.heardAt), c.l.k.KeepIdle),
			rfc.TCPKeepIdle, fx)
	}
}

// keepaliveTimeout: MUST-26, "Keep-alive packets MUST only be sent when no sent data is
// outstanding, and no data or acknowledgment packets have been received for the
// connection within an interval".
func (c *Conn) keepaliveTimeout(fx *Effects) {
	k := c.l.k
	if quiet := fx.Now.Sub(c.heardAt); quiet < k.KeepIdle || c.snd.queue.len() > 0 {
		c.keepTries = 0
		c.arm(timerKeepalive, max(k.KeepIdle-quiet, k.KeepInterval), rfc.TCPKeepIdle, fx)
		return
	}
	// MUST-29: "it MUST NOT interpret failure to respond to any specific probe as a dead
	// connection".
	if int64(c.keepTries) >= k.KeepProbes {
		c.sendRST(rfc.TCPKeepDead, fx)
		c.remove(inet.ETIMEDOUT, rfc.TCPKeepDead, fx)
		return
	}
	c.keepTries++
	// "Such a segment generally contains SEG.SEQ = SND.NXT-1"; SHLD-12: "with no data".
	out := wire.TCP{Seq: c.snd.nxt - 1, Flags: wire.ACK}
	c.transmit(&out, false, rfc.TCPKeepProbe, fx)
	c.arm(timerKeepalive, k.KeepInterval, rfc.TCPKeepIdle, fx)
}
