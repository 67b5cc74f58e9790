package sock

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// DefaultBacklog is what listen gets without one (Linux's SOMAXCONN since 5.4 is 4096,
// which no lab can fill; 128 was its value for twenty years).
const DefaultBacklog = 128

// Listen is listen(2).
func (t *Table) Listen(p *Proc, fd, backlog int, fx *Effects) {
	c, s := t.begin(p, "listen", fd, fx)
	switch {
	case s == nil:
		return
	case s.proto != inet.TCP:
		c.fail(rfc.ListenUDP, inet.EOPNOTSUPP, "fd", fx)
		return
	case s.conn != nil:
		c.fail(rfc.ListenConnected, inet.EINVAL, "fd", fx)
		return
	case s.listener != nil: // POSIX: a second listen only changes the backlog
		s.backlog = backlog
		s.listener.SetBacklog(backlog)
		t.listening(c, s, fx)
		return
	case s.local.IsZero(): // as Linux does: the stack chooses a port
		ep, _ := parseEndpoint("", 0)
		if !t.choosePort(func(port uint16) bool {
			return !t.conflict(s, inet.Endpoint{Addr: ep.Addr, Port: port})
		}, &ep) {
			c.fail(rfc.NoPortLeft, inet.EADDRINUSE, "fd", fx)
			return
		}
		t.setLocal(s, ep, true, fx)
	case t.conflict(s, s.local): // SO_REUSEADDR let it bind, but only one may listen
		c.fail(rfc.BindInUse, inet.EADDRINUSE, "fd", fx)
		return
	}
	// No MTU here: the path back to each SYN decides what its connection announces.
	l, errno := t.tcp.Listen(s.id, s.local, backlog, 0)
	if errno != inet.OK {
		c.fail(rfc.BindInUse, errno, "fd", fx)
		return
	}
	s.listener, s.backlog = l, backlog
	s.configure(fx)
	t.listening(c, s, fx)
}

func (t *Table) listening(c *call, s *Socket, fx *Effects) {
	fx.Emit(rfc.ListenCall, event.SocketListening{Sock: s.id, Backlog: s.backlog})
	c.returns(rfc.ListenCall, 0, fx)
}

// Accept is accept(2).
func (t *Table) Accept(p *Proc, fd int, fx *Effects) {
	c, s := t.begin(p, "accept", fd, fx)
	switch {
	case s == nil:
	case s.proto != inet.TCP:
		c.fail(rfc.ListenUDP, inet.EOPNOTSUPP, "fd", fx)
	case s.listener == nil:
		c.fail(rfc.AcceptNotListening, inet.EINVAL, "fd", fx)
	default:
		t.start(c, fx)
	}
}

// tryAccept takes the oldest complete connection: a new descriptor, the same local port.
func (t *Table) tryAccept(c *call, fx *Effects) bool {
	if c.proc.full() {
		c.fail(rfc.SocketTooMany, inet.EMFILE, "proc", fx)
		return true
	}
	conn, ok := c.sock.listener.Accept(&fx.Effects)
	if !ok {
		return false
	}
	s := t.create(c.proc, inet.TCP, c.sock.id, fx)
	s.conn, s.local, s.remote = conn, conn.Flow().Local, conn.Flow().Remote
	t.announce(s, rfc.AcceptCall, fx)
	conn.Attach(s.id, &fx.Effects)
	for _, o := range c.sock.options { // inherited, as Linux does: all but O_NONBLOCK
		if o.Name != "O_NONBLOCK" {
			t.setOption(s, o.Name, o.Value, fx)
		}
	}
	remote := s.remote
	c.result(rfc.AcceptCall, event.CallReturned{Value: int64(s.fd), From: &remote}, fx)
	return true
}

// connectStream is connect(2) on a TCP socket: the active OPEN of RFC 9293 §3.9.1.1.
func (t *Table) connectStream(c *call, s *Socket, dst inet.Endpoint, fx *Effects) {
	switch {
	case s.listener != nil:
		c.fail(rfc.ConnectListening, inet.EISCONN, "fd", fx)
		return
	case s.conn != nil && s.conn.State() == inet.SynSent:
		c.fail(rfc.ConnectAlready, inet.EALREADY, "fd", fx)
		return
	case s.conn != nil && s.conn.State() != inet.Closed:
		c.fail(rfc.ConnectTwice, inet.EISCONN, "fd", fx)
		return
	case t.ip.Broadcast(dst.Addr) || dst.Addr.IsMulticast() || dst.Addr.IsUnspecified():
		c.fail(rfc.ConnectUnicast, inet.ENETUNREACH, "addr", fx)
		return
	}
	fresh := s.local.IsZero()
	local, ok := t.source(c, s, dst, rfc.ConnectNoRoute, fx)
	if !ok {
		return
	}
	flow := inet.Flow{Local: local, Remote: dst}
	if e := t.tcp.CanOpen(flow, fx.Now); e != inet.OK {
		c.fail(rfc.ConnectSamePair, e, "port", fx)
		return
	}
	if fresh {
		t.setLocal(s, local, true, fx)
	}
	if s.shutRead || s.shutWrite { // of the connection before
		s.shutRead, s.shutWrite = false, false
		fx.Emit(rfc.ConnectCall, event.SocketShutdown{Sock: s.id})
	}
	t.associate(s, local, dst, rfc.ConnectCall, fx)
	path, _ := t.ip.Path(dst.Addr)
	conn, errno := t.tcp.OpenWith(s.id, flow, path.MTU, s.connOptions(), &fx.Effects)
	if errno != inet.OK {
		panic("BUG: an open that TCP said it could do failed: " + string(errno))
	}
	s.conn = conn
	t.start(c, fx)
}

// associate sets a socket's pair of endpoints; a zero remote dissolves it.
func (t *Table) associate(s *Socket, local, remote inet.Endpoint, rule rfc.ID, fx *Effects) {
	s.local, s.remote = local, remote
	fx.Emit(rule, event.SocketConnected{Sock: s.id, Local: local, Remote: remote})
}

// tryConnect ends a connect once the connection is open or has failed.
func (t *Table) tryConnect(c *call, fx *Effects) bool {
	s := c.sock
	switch st := s.conn.State(); {
	case st == inet.SynSent || st == inet.SynReceived:
		return false
	case st != inet.Closed:
		c.returns(rfc.ConnectCall, 0, fx)
	default:
		errno := s.conn.TakeError()
		if errno == inet.OK {
			errno = inet.ECONNABORTED
		}
		c.fail(connectRule(errno), errno, "", fx)
		s.conn = nil
		t.associate(s, s.local, inet.Endpoint{}, connectRule(errno), fx)
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

// trySend gives TCP what its send buffer takes; a blocking send ends when all is taken.
func (t *Table) trySend(c *call, fx *Effects) bool {
	s := c.sock
	if s.conn == nil { // the attempt to connect, on which this call waited too, failed
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
		return true
	}
	for { // ends with the payload: each round but the last takes some of it
		chunk := c.payload.chunk(c.done, max(1, min(s.conn.Room(), maxChunk)))
		n, errno := s.conn.Send(chunk, &fx.Effects)
		c.done += int64(n)
		switch {
		case errno == inet.EAGAIN:
			return false
		case errno != inet.OK && c.done == 0:
			c.fail(streamRule(errno), errno, "", fx)
			return true
		case errno != inet.OK || c.done == c.payload.Len():
			// POSIX: an error after some octets comes with the next call.
			c.returns(rfc.SendTook, c.done, fx)
			return true
		}
	}
}

// tryRecvStream reads what is there: at least one octet, or the end of the stream.
func (t *Table) tryRecvStream(c *call, fx *Effects) bool {
	s := c.sock
	switch {
	case s.conn == nil: // the attempt to connect, on which this call waited too, failed
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
		return true
	case c.max == 0 && s.conn.Unread() > 0: // as Linux: no room asked for, none waited for
		c.returns(rfc.RecvGave, 0, fx)
		return true
	}
	data, errno := s.conn.Recv(c.max, &fx.Effects)
	switch {
	case errno == inet.EAGAIN:
		return false
	case errno != inet.OK:
		c.fail(streamRule(errno), errno, "", fx)
	case len(data) == 0:
		c.returns(rfc.RecvEnd, 0, fx)
	default:
		c.result(rfc.RecvGave, event.CallReturned{Value: int64(len(data)),
			Data: shown(data)}, fx)
	}
	return true
}

func streamRule(e inet.Errno) rfc.ID {
	switch e {
	case inet.EPIPE:
		return rfc.SendAfterFIN
	case inet.ECONNRESET:
		return rfc.WasReset
	case inet.ENOTCONN:
		return rfc.NotConnected
	case inet.ETIMEDOUT:
		return rfc.ConnectTimedOut
	}
	return rfc.ConnFailed
}

// Shutdown is shutdown(2): how is "rd", "wr" or "rdwr".
func (t *Table) Shutdown(p *Proc, fd int, how string, fx *Effects) {
	c, s := t.begin(p, "shutdown", fd, fx)
	read, write := how == "rd" || how == "rdwr", how == "wr" || how == "rdwr"
	switch {
	case s == nil:
		return
	case !read && !write:
		c.fail(rfc.BadArgument, inet.EINVAL, "how", fx)
		return
	case s.proto == inet.TCP && (s.conn == nil || s.conn.State() == inet.Closed ||
		s.conn.State() == inet.SynSent), // POSIX: "the socket is not connected"
		s.proto == inet.UDP && s.remote.IsZero():
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
		return
	}
	was := [2]bool{s.shutRead, s.shutWrite}
	s.shutRead, s.shutWrite = s.shutRead || read, s.shutWrite || write
	if was != [2]bool{s.shutRead, s.shutWrite} {
		fx.Emit(rfc.ShutdownCall, event.SocketShutdown{Sock: s.id, Read: s.shutRead,
			Write: s.shutWrite})
	}
	if s.conn != nil && write && !was[1] {
		s.conn.ShutdownWrite(&fx.Effects)
	}
	if s.conn != nil && read && !was[0] {
		s.conn.ShutdownRead(&fx.Effects)
	}
	c.returns(rfc.ShutdownCall, 0, fx)
	t.Wake(s.id, fx) // a reader that waits now meets the end
}
