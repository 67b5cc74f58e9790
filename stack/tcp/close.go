package tcp

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// RFC 9293 §3.10.4, CLOSE Call. The RFC's CLOSE ends our direction only, which is
// shutdown(SHUT_WR); close(2) ends both (MAY-1, a half-duplex close).

// ShutdownWrite is shutdown(SHUT_WR): a FIN follows what is buffered, and reading goes
// on. A second call does nothing.
func (c *Conn) ShutdownWrite(fx *Effects) inet.Errno {
	switch c.state {
	case inet.Closed, inet.SynSent:
		return inet.ENOTCONN
	}
	c.closeCall(fx)
	c.check()
	return inet.OK
}

// Close is close(2). The connection lets go of its socket and ends in order on its own;
// with data unread it is reset, so that the peer learns that data was lost (RFC 2525
// §2.17, RFC 1122 §4.2.2.13, SHLD-3).
func (c *Conn) Close(fx *Effects) {
	if c.state == inet.Closed {
		return
	}
	c.Detach(fx)
	if c.rcv.buf.len() > 0 && c.state != inet.TimeWait && c.lostUnread() {
		c.sendRST(rfc.TCPUnread, fx)
		c.remove(inet.OK, rfc.TCPUnread, fx)
		return
	}
	if c.l.k.UnreadRST == 0 && c.rcv.buf.len() > 0 {
		c.rcv.buf.drop(c.rcv.buf.len()) // as FreeBSD: nobody reads it any more
		c.showRcv(rfc.TCPClose, fx)
	}
	c.closeCall(fx)
	c.boundFinWait2(fx)
	c.check()
}

// lostUnread reports whether closing with data unread resets the connection.
func (c *Conn) lostUnread() bool {
	return c.l.k.UnreadRST != 0 && !c.l.k.mutant(mutantNoRSTOnUnread)
}

// Detach takes the connection from its socket without closing it.
func (c *Conn) Detach(fx *Effects) {
	c.orphan = true
	if c.sock != "" && c.state != inet.Closed {
		sock := c.sock
		c.sock = ""
		emit(c, rfc.TCPClose, event.ConnDetached{Sock: sock}, fx)
	}
}

// Attach gives the connection to a socket, when accept returns it.
func (c *Conn) Attach(sock inet.SocketID, fx *Effects) {
	c.sock = sock
	emit(c, rfc.TCPAccept, event.ConnAttached{Sock: sock}, fx)
}

// closeCall is the RFC's CLOSE, in its order of states.
func (c *Conn) closeCall(fx *Effects) {
	switch c.state {
	case inet.SynSent:
		// "Delete the TCB and return 'error: closing' responses to any queued SENDs, or
		// RECEIVEs."
		c.remove(inet.OK, rfc.TCPClose, fx)
		return
	case inet.SynReceived, inet.Established:
		// "Queue this until all preceding SENDs have been segmentized, then form a FIN
		// segment and send it. In any case, enter FIN-WAIT-1 state."
		c.snd.fin = true
		c.enter(inet.FinWait1, rfc.TCPClose, fx)
	case inet.CloseWait:
		// "Queue this request until all preceding SENDs have been segmentized; then send a
		// FIN segment, enter LAST-ACK state."
		c.snd.fin = true
		c.enter(inet.LastAck, rfc.TCPClose, fx)
	default:
		// FIN-WAIT-1, FIN-WAIT-2, CLOSING, LAST-ACK, TIME-WAIT: "An 'ok' response would be
		// acceptable, too, as long as a second FIN is not emitted".
		return
	}
	c.keepAliveTimer(fx)
	c.output(fx)
}
