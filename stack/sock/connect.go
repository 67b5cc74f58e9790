package sock

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// connectStream is connect(2) on a TCP socket: the active OPEN of RFC 9293 §3.9.1.1.
func (t *Table) connectStream(c *call, s *Socket, dst inet.Endpoint, fx *Effects) {
	switch {
	case s.listener != nil:
		c.fail(rfc.ConnectListening, inet.EISCONN, "fd", fx)
		return
	case s.conn != nil && s.connecting:
		// A nonblocking connect began. POSIX: EALREADY while it goes on; once it is over
		// the next connect tells how it ended, as on Linux.
		c.again = true
		t.start(c, fx)
		return
	case s.conn != nil || s.deferred:
		c.fail(rfc.ConnectTwice, inet.EISCONN, "fd", fx)
		return
	case t.ip.Broadcast(dst.Addr) || dst.Addr.IsMulticast() || dst.Addr.IsUnspecified():
		c.fail(rfc.ConnectUnicast, inet.ENETUNREACH, "addr", fx)
		return
	}
	if t.open(c, s, dst, nil, fx) {
		t.start(c, fx)
	}
}

// open begins a connection: the SYN goes out, with a part of the data if that is given and
// Fast Open allows it. It reports false after ending the call.
func (t *Table) open(c *call, s *Socket, dst inet.Endpoint, data *Payload, fx *Effects) bool {
	fresh := s.local.IsZero()
	local, ok := t.source(c, s, dst, rfc.ConnectNoRoute, fx)
	if !ok {
		return false
	}
	flow := inet.Flow{Local: local, Remote: dst}
	if e := t.tcp.CanOpen(flow, fx.Now); e != inet.OK {
		c.fail(rfc.ConnectSamePair, e, "port", fx)
		return false
	}
	if fresh {
		t.setLocal(s, local, true, fx)
	}
	t.reopen(s, rfc.ConnectCall, fx)
	if !s.deferred {
		t.associate(s, local, dst, rfc.ConnectCall, fx)
	}
	o := s.connOptions()
	if data == nil && o.FastOpenConnect && t.tcp.HasFastOpenCookie(dst.Addr, fx.Now) {
		s.deferred = true
		c.returns(rfc.FastOpenDefer, 0, fx)
		return false
	}
	s.deferred = false
	path, _ := t.ip.Path(dst.Addr)
	fx.AdvMSS = path.AdvMSS
	var errno inet.Errno
	if data == nil && !o.FastOpenConnect {
		s.conn, errno = t.tcp.OpenWith(s.id, flow, path.MTU, o, &fx.Effects)
	} else {
		var first []byte
		if data != nil {
			first = data.chunk(0, maxChunk)
		}
		var n int
		s.conn, n, errno = t.tcp.OpenData(s.id, flow, path.MTU, o, first, &fx.Effects)
		c.done = int64(n)
	}
	fx.AdvMSS = 0
	if errno != inet.OK {
		panic("BUG: an open that TCP said it could do failed: " + string(errno))
	}
	s.connecting = true
	return true
}

// sendFast is sendto with MSG_FASTOPEN, or the first send after a connect that waits for
// it: RFC 7413 §4.2.1. The call goes on as any send when the connection is open.
func (t *Table) sendFast(c *call, s *Socket, dst inet.Endpoint, fx *Effects) {
	switch {
	case t.knobs.FastOpen&1 == 0:
		c.fail(rfc.FastOpenOff, inet.EOPNOTSUPP, "flags", fx)
	case s.listener != nil:
		c.fail(rfc.ConnectListening, inet.EISCONN, "fd", fx)
	case s.connecting:
		c.fail(rfc.ConnectAlready, inet.EALREADY, "fd", fx)
	case s.conn != nil:
		c.fail(rfc.SendToConnected, inet.EISCONN, "addr", fx)
	default:
		c.opens = true
		if t.open(c, s, dst, &c.payload, fx) {
			t.start(c, fx)
		}
	}
}

// reopen forgets what was shut down of the connection before.
func (t *Table) reopen(s *Socket, rule rfc.ID, fx *Effects) {
	if s.shutRead || s.shutWrite {
		s.shutRead, s.shutWrite = false, false
		event.Emit(fx.Scope, rule, event.SocketShutdown{Sock: s.id})
	}
}

// disconnectStream is connect(2) to the family AF_UNSPEC: the connection is aborted and
// the socket can connect again. (POSIX leaves it open for streams; Linux does this.)
func (t *Table) disconnectStream(c *call, s *Socket, fx *Effects) {
	if s.listener != nil {
		c.fail(rfc.ConnectListening, inet.EISCONN, "fd", fx)
		return
	}
	if s.conn != nil || s.deferred {
		if s.conn != nil {
			s.conn.Disconnect(&fx.Effects)
		}
		t.endAttempt(s, rfc.Disconnect, fx)
		t.reopen(s, rfc.Disconnect, fx)
		t.Wake(s.id, fx)
	}
	c.returns(rfc.Disconnect, 0, fx)
}

// endAttempt leaves a socket without a connection. Its port stays; its address is what
// bind named.
func (t *Table) endAttempt(s *Socket, rule rfc.ID, fx *Effects) {
	s.conn, s.connecting, s.deferred = nil, false, false
	t.associate(s, t.named(s), inet.Endpoint{}, rule, fx)
}

// associate sets a socket's pair of endpoints; a zero remote dissolves it.
func (t *Table) associate(s *Socket, local, remote inet.Endpoint, rule rfc.ID, fx *Effects) {
	s.local, s.remote = local, remote
	event.Emit(fx.Scope, rule, event.SocketConnected{Sock: s.id, Local: local, Remote: remote})
}

// tryConnect ends a connect once the connection is open or has failed.
func (t *Table) tryConnect(c *call, fx *Effects) bool {
	s := c.sock
	if s.conn == nil { // another call learned that it failed
		c.fail(rfc.ConnectFailed, inet.ECONNABORTED, "", fx)
		return true
	}
	switch st := s.conn.State(); {
	case st == inet.SynSent || st == inet.SynReceived:
		return false
	case st != inet.Closed:
		s.connecting = false
		c.returns(rfc.ConnectCall, 0, fx)
	default:
		errno := s.conn.TakeError()
		if errno == inet.OK {
			errno = inet.ECONNABORTED
		}
		c.fail(connectRule(errno), errno, "", fx)
		t.endAttempt(s, connectRule(errno), fx)
	}
	return true
}

func connectRule(e inet.Errno) rfc.ID {
	switch e {
	case inet.ECONNREFUSED:
		return rfc.ConnectRefused
	case inet.ETIMEDOUT:
		return rfc.ConnectTimedOut
	}
	return rfc.ConnectFailed
}
