package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// RFC 9293 §3.10.3, RECEIVE Call.

// Recv returns at most max octets in order. No octets and OK mean the end: the peer sent
// a FIN and all was read, or reading was shut down. EAGAIN means to wait. The octets are
// lent until the connection is called again.
//
// Deviation: after a reset the RFC flushes the queues; data in order that was already
// acknowledged can still be read, then the error is told once, as on linux.
func (c *Conn) Recv(max int, fx *Effects) (data []byte, e inet.Errno) {
	skip, n, e := c.toRead(max)
	if n > 0 {
		data = c.rcv.buf.slice(skip, n)
		c.tookOut(skip, n, fx)
	}
	return data, e
}

// RecvInto is Recv that copies the octets into p.
func (c *Conn) RecvInto(p []byte, fx *Effects) (n int, e inet.Errno) {
	skip, n, e := c.toRead(len(p))
	if n > 0 {
		c.rcv.buf.copyTo(p[:n], skip)
		c.tookOut(skip, n, fx)
	}
	return n, e
}

// toRead returns which octets a read of at most max gives, or what it says instead.
func (c *Conn) toRead(max int) (skip, n int, e inet.Errno) {
	skip, n = c.readable()
	if n = min(max, n); n > 0 {
		return skip, n, inet.OK
	}
	switch {
	case c.err != inet.OK:
		return 0, 0, c.TakeError()
	case c.rcv.fin, c.shutRead, c.state == inet.Closed:
		return 0, 0, inet.OK
	}
	return 0, 0, inet.EAGAIN
}

// tookOut makes the room of what was read free.
func (c *Conn) tookOut(skip, n int, fx *Effects) {
	c.rcv.buf.drop(skip + n)
	c.passed(fx)
	if c.state == inet.Closed {
		return
	}
	c.showRcv(rfc.TCPReceive, fx)
	c.autotune(n, fx.Now)
	if c.rcv.buf.len() == 0 {
		c.readAll(fx)
	}
	if c.windowUpdate() {
		c.sendACK(rfc.TCPOfferWindow, fx)
	}
	c.check()
}

// Peek is Recv, but what it returns stays to be read, and an error is told.
func (c *Conn) Peek(max int, fx *Effects) (data []byte, e inet.Errno) {
	skip, n := c.readable()
	if n = min(max, n); n > 0 {
		return c.rcv.buf.slice(skip, n), inet.OK
	}
	return c.Recv(max, fx)
}

// AtEnd reports whether the peer has sent all it will: its FIN was taken.
func (c *Conn) AtEnd() bool { return c.rcv.fin }

// QuickACK is TCP_QUICKACK: on acknowledges at once what waits and begins a phase of
// acknowledgments without delay; off ends it. Neither lasts: as on linux, the connection
// goes on adapting.
func (c *Conn) QuickACK(on bool, fx *Effects) {
	if c.state == inet.Closed {
		return
	}
	if !on {
		c.ack.quick, c.ack.dialog = 0, true
		return
	}
	c.ack.quick, c.ack.dialog = max(c.l.k.QuickAcks, 2), false
	if c.timers[timerDelack].running {
		c.sendACK(rfc.TCPQuickACK, fx)
	}
	c.check()
}

// ShutdownRead is shutdown(SHUT_RD): after what is buffered, reading gives the end. The
// peer is not told; data that still comes is taken and never read.
func (c *Conn) ShutdownRead(fx *Effects) inet.Errno {
	if c.state == inet.Closed {
		return inet.ENOTCONN
	}
	c.shutRead = true
	if c.l.k.BSDSockets != 0 {
		c.rcv.buf.drop(c.rcv.buf.len()) // as FreeBSD: what is buffered is lost
		c.passed(fx)
		c.showRcv(rfc.TCPReceive, fx)
	}
	fx.ready(c)
	return inet.OK
}
