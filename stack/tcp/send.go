package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// RFC 9293 §3.10.2, SEND Call.

// SendFlags are what one Send asks for. The zero value is nothing special.
type SendFlags struct {
	More   bool // more data follows at once: a segment that is not full may wait for it
	Urgent bool // the last octet is urgent (RFC 9293 §3.8.5)
}

// Send is SendWith without flags.
func (c *Conn) Send(data []byte, fx *Effects) (n int, e inet.Errno) {
	return c.SendWith(data, SendFlags{}, fx)
}

// SendWith takes as much of data as there is room for and sends what may be sent. EAGAIN
// means that nothing could be taken now: the buffer is full, or the connection is not
// established yet. EPIPE means that our direction is over ("error: connection closing",
// "error: connection does not exist"). A pending error is told once, first; as in FreeBSD,
// where a closed connection says EPIPE and keeps the error for others, by knob.
func (c *Conn) SendWith(data []byte, f SendFlags, fx *Effects) (n int, e inet.Errno) {
	if c.err != inet.OK && !(c.l.k.BSDSockets != 0 && c.state == inet.Closed) {
		return 0, c.TakeError()
	}
	switch c.state {
	case inet.SynReceived, inet.SynSent:
		if c.fast.taken {
			break
		}
		// Deviation: the RFC queues the data until ESTABLISHED. The call waits instead, as
		// linux lets it: what was taken could not be given back if the open fails.
		return 0, inet.EAGAIN
	case inet.Established, inet.CloseWait:
		if c.snd.fin {
			return 0, inet.EPIPE
		}
	default:
		return 0, inet.EPIPE
	}
	n = min(len(data), c.Room())
	if n == 0 {
		if len(data) == 0 {
			return 0, inet.OK
		}
		return 0, inet.EAGAIN
	}
	c.restartIdle(fx)
	c.snd.buf.append(data[:n])
	c.fatten()
	c.snd.more = f.More
	if f.Urgent && n == len(data) {
		c.markUrgent(fx)
	}
	c.showSnd(c.queueRule(), fx)
	c.output(fx)
	c.check()
	return n, inet.OK
}

// queueRule is why data joins the send buffer: what will hold it back, if anything does.
func (c *Conn) queueRule() rfc.ID {
	if ch := c.choose(); !ch.send && ch.rule != "" {
		return ch.rule
	}
	return rfc.TCPSend
}

// Unsent counts the octets that were never sent (SIOCOUTQNSD).
func (c *Conn) Unsent() int { return max(c.unsent(), 0) }

// Unacknowledged counts the octets of data, sent or not, that the peer has not
// acknowledged (SIOCOUTQ).
func (c *Conn) Unacknowledged() int { return c.snd.buf.len() }

// SMSS is the most data octets of a segment (RFC 5681 §2), 0 before the handshake.
func (c *Conn) SMSS() int { return c.snd.mss }
