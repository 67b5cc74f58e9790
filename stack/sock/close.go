package sock

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// lingerOff is SO_LINGER's value while it is off; otherwise it is the seconds. (Linux has
// two members in struct linger, l_onoff and l_linger.)
const lingerOff = -1

// linger is SO_LINGER: how long close may wait, if it is on.
func (s *Socket) linger() (d time.Duration, on bool) {
	for _, o := range s.options {
		if o.Name == "SO_LINGER" {
			return time.Duration(o.Value) * time.Second, o.Value != lingerOff
		}
	}
	return 0, false
}

// Close is close(2). With SO_LINGER on it waits until the peer has acknowledged all data
// and the FIN, or the time is up; the descriptor is free at once in any case.
func (t *Table) Close(p *Proc, fd int, fx *Effects) {
	c, s := t.begin(p, "close", fd, fx)
	if s == nil {
		return
	}
	d, on := s.linger()
	conn := s.conn
	t.discard(s, fx)
	c.sock = nil
	if !on || d == 0 || conn == nil {
		c.returns(rfc.CloseCall, 0, fx)
		return
	}
	c.lingerer = conn
	if !t.tryLinger(c, fx) {
		t.waiting = append(t.waiting, c)
		c.block(d, true, fx)
	}
}

// tryLinger ends a lingering close when nothing more of ours is on its way.
func (t *Table) tryLinger(c *call, fx *Effects) bool {
	switch c.lingerer.State() {
	case inet.FinWait1, inet.Closing, inet.LastAck:
		return false
	}
	c.returns(rfc.LingerDone, 0, fx)
	return true
}

// discard frees a descriptor and what is behind it. A connection goes on alone until
// it has closed in order.
func (t *Table) discard(s *Socket, fx *Effects) {
	for _, c := range s.pending {
		c.fail(rfc.CloseWakes, inet.EBADF, "fd", fx)
	}
	s.pending = nil
	d, on := s.linger()
	switch {
	case s.listener != nil:
		s.listener.Close(&fx.Effects)
	case s.conn != nil && on && d == 0:
		s.conn.Abort(&fx.Effects)
	case s.conn != nil:
		s.conn.Close(&fx.Effects)
	case s.udp != nil:
		t.udp.Remove(s.udp)
	}
	t.leaveAll(s, "", fx)
	for i, o := range t.sockets {
		if o == s {
			t.forget(i)
			break
		}
	}
	s.proc.fds[s.fd-firstFD] = nil
	event.Emit(fx.Scope, rfc.CloseCall, event.SocketClosed{Sock: s.id, Proc: s.proc.ID, FD: s.fd})
	t.Wake(s.id, fx) // a poll that watched it meets POLLNVAL
}
