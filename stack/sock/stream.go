package sock

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/tcp"
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
		ep := inet.Endpoint{Addr: s.wildcard()}
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
	l, errno := t.tcp.ListenWith(s.id, s.local, backlog, 0, s.connOptions())
	if errno != inet.OK {
		c.fail(rfc.BindInUse, errno, "fd", fx)
		return
	}
	s.listener, s.backlog = l, backlog
	t.configure(s, fx)
	t.listening(c, s, fx)
}

func (t *Table) listening(c *call, s *Socket, fx *Effects) {
	event.Emit(fx.Scope, rfc.ListenCall, event.SocketListening{Sock: s.id, Backlog: s.backlog})
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
	if c.proc.full(t.FDs) {
		c.fail(rfc.SocketTooMany, inet.EMFILE, "proc", fx)
		return true
	}
	conn, ok := c.sock.listener.Accept(&fx.Effects)
	if !ok {
		return false
	}
	s := t.create(c.proc, inet.TCP, c.sock.family, c.sock.id, fx)
	s.conn, s.local, s.remote = conn, conn.Flow().Local, conn.Flow().Remote
	t.announce(s, rfc.AcceptCall, fx)
	conn.Attach(s.id, &fx.Effects)
	t.inherit(s, c.sock, fx)
	c.from = s.remote
	c.result(rfc.AcceptCall, event.CallReturned{Value: int64(s.fd), From: s.shows(s.remote)}, fx)
	return true
}

// trySend gives TCP what its send buffer takes; a blocking send ends when all is taken.
func (t *Table) trySend(c *call, fx *Effects) bool {
	s := c.sock
	if s.conn == nil { // the attempt to connect, on which this call waited too, failed
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
		return true
	}
	if c.opens && s.connecting && s.conn.State() == inet.Closed {
		return t.tryConnect(c, fx) // the open failed, whatever went with the SYN
	}
	if s.conn.State().Synchronized() {
		s.connecting = s.connecting && !c.opens
	}
	for { // ends with the payload: each round but the last takes some of it
		chunk := c.payload.chunk(c.done, max(1, min(s.conn.Room(), maxChunk)))
		last := c.done+int64(len(chunk)) == c.payload.Len()
		n, errno := s.conn.SendWith(chunk, tcp.SendFlags{More: c.flags.More,
			Urgent: c.flags.OOB && last}, &fx.Effects)
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
	if c.into != nil {
		return t.readInto(c, fx)
	}
	read := s.conn.Recv
	if c.flags.Peek {
		read = s.conn.Peek
	}
	data, errno := read(c.max-int(c.done), &fx.Effects)
	if len(c.got) < shownData {
		c.got = append(c.got, data[:min(len(data), shownData)]...)
	}
	c.done += int64(len(data))
	switch {
	case c.done > 0:
		if errno == inet.OK && len(data) > 0 && c.flags.WaitAll && !c.flags.Peek &&
			c.done < int64(c.max) {
			return t.tryRecvStream(c, fx) // until all that was asked for, EAGAIN or the end
		}
		if errno == inet.EAGAIN {
			return false
		}
		t.gave(c, fx)
	case errno == inet.EAGAIN:
		return false
	case errno != inet.OK:
		c.fail(streamRule(errno), errno, "", fx)
	default:
		c.returns(rfc.RecvEnd, 0, fx)
	}
	return true
}

// readInto reads into the memory of a program in Go.
func (t *Table) readInto(c *call, fx *Effects) bool {
	n, errno := c.sock.conn.RecvInto(c.into, &fx.Effects)
	c.done = int64(n)
	switch {
	case n > 0:
		if !fx.Quiet() {
			c.got = append(c.got, c.into[:min(n, shownData)]...)
		}
		t.gave(c, fx)
	case errno == inet.EAGAIN:
		return false
	case errno != inet.OK:
		c.fail(streamRule(errno), errno, "", fx)
	default:
		c.returns(rfc.RecvEnd, 0, fx)
	}
	return true
}

// gave ends a read. MSG_TRUNC on a stream takes data and throws it away.
func (t *Table) gave(c *call, fx *Effects) {
	r := event.CallReturned{Value: c.done}
	if !c.flags.Trunc {
		r.Data = shown(c.got)
	}
	c.result(rfc.RecvGave, r, fx)
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
		event.Emit(fx.Scope, rfc.ShutdownCall, event.SocketShutdown{Sock: s.id, Read: s.shutRead,
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

// recvUrgent is recv with MSG_OOB, which never waits: EINVAL without urgent data, or when
// it is read in line; EAGAIN while the urgent octet is announced and not here yet.
func (t *Table) recvUrgent(c *call, s *Socket, fx *Effects) {
	b, errno := s.conn.RecvUrgent(c.flags.Peek, &fx.Effects)
	if errno != inet.OK {
		c.fail(rfc.NoUrgentData, errno, "flags", fx)
		return
	}
	c.result(rfc.RecvUrgent, event.CallReturned{Value: 1, Data: []byte{b}}, fx)
}
