package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// RFC 9293 §3.10.5, ABORT Call.

// Abort deletes the TCB; the peer gets a reset where it may still wait for something.
// The connection lets go of its socket, as in Close.
func (c *Conn) Abort(fx *Effects) {
	if c.state == inet.Closed {
		return
	}
	c.Detach(fx)
	c.abort(inet.OK, rfc.TCPAbort, fx)
}

// abort is Abort for a reason of our own.
func (c *Conn) abort(errno inet.Errno, rule rfc.ID, fx *Effects) {
	switch c.state {
	case inet.SynReceived, inet.Established, inet.FinWait1, inet.FinWait2, inet.CloseWait:
		// "Send a reset segment: <SEQ=SND.NXT><CTL=RST>".
		c.sendRST(rule, fx)
	}
	// SYN-SENT, CLOSING, LAST-ACK, TIME-WAIT: "delete the TCB, enter the CLOSED state, and
	// return".
	c.remove(errno, rule, fx)
}

// Disconnect is Abort for a program that keeps its socket: connect(2) to AF_UNSPEC.
func (c *Conn) Disconnect(fx *Effects) {
	if c.state != inet.Closed {
		c.abort(inet.OK, rfc.TCPAbort, fx)
	}
}
