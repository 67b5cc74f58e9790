package sock

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/view"
)

// Pending calls: what wakes them, and what bounds their waiting (POSIX.1-2017 §2.10.7,
// SO_RCVTIMEO and SO_SNDTIMEO of §2.10.16).

// WaitOp arms (Stop false), or stops, the timer that bounds a pending call.
type WaitOp struct {
	Call inet.CallID
	At   sim.Time
	Stop bool
	Slot *sim.Handle // where the world keeps the place in its queue
}

// Wake lets the pending calls of a socket go on, oldest first, as far as they can; "" is
// what a connection without a socket wakes.
func (t *Table) Wake(id inet.SocketID, fx *Effects) {
	if s := t.socket(id); s != nil {
		for i := 0; i < len(s.pending); {
			c := s.pending[i]
			if !t.try(c, fx) {
				i++
				continue
			}
			s.pending = without(s.pending, c)
		}
	}
	for i := 0; i < len(t.waiting); {
		c := t.waiting[i]
		if !c.watches(id) || !t.try(c, fx) {
			i++
			continue
		}
		t.waiting = without(t.waiting, c)
	}
}

// watches reports whether a call that belongs to no one socket looks at this one.
func (c *call) watches(id inet.SocketID) bool {
	if c.op == "close" {
		return id == ""
	}
	for _, p := range c.polled {
		if p.sock != nil && p.sock.id == id {
			return true
		}
	}
	return false
}

// without takes a call out of a list; nothing changes if it is not there.
func without(list []*call, c *call) []*call {
	for i, o := range list {
		if o == c {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

// Expire ends a pending call whose time is up. The event that said it blocks is the
// cause.
func (t *Table) Expire(id inet.CallID, fx *Effects) {
	c := t.pendingCall(id)
	if c == nil {
		return
	}
	c.timed = false
	fx.By = c.by
	t.waiting = without(t.waiting, c)
	if c.sock != nil {
		c.sock.pending = without(c.sock.pending, c)
	}
	switch c.op {
	case "poll":
		c.returns(rfc.PollTimedOut, 0, fx)
	case "close":
		c.returns(rfc.LingerOver, 0, fx)
	default:
		c.giveUp(rfc.CallTimedOut, fx)
	}
}

func (t *Table) pendingCall(id inet.CallID) *call {
	for _, c := range t.waiting {
		if c.id() == id {
			return c
		}
	}
	for _, s := range t.sockets {
		for _, c := range s.pending {
			if c.id() == id {
				return c
			}
		}
	}
	return nil
}

// Pending counts the calls that wait on no one socket: poll, and close that lingers.
func (t *Table) Pending() int { return len(t.waiting) }

// CallViews returns the pending calls of a host's processes.
func (t *Table) CallViews(host inet.HostID) []view.Call {
	var rows []view.Call
	row := func(c *call) {
		rows = append(rows, view.Call{ID: c.id(), Host: host, Proc: c.proc.ID, Op: c.op, FD: c.fd,
			Since: c.since})
	}
	for _, s := range t.sockets {
		for _, c := range s.pending {
			row(c)
		}
	}
	for _, c := range t.waiting {
		row(c)
	}
	return rows
}

// dismiss ends what a process that goes away waits for.
func (t *Table) dismiss(p *Proc, fx *Effects) {
	for i := 0; i < len(t.waiting); {
		c := t.waiting[i]
		if c.proc != p {
			i++
			continue
		}
		t.waiting = without(t.waiting, c)
		c.fail(rfc.CloseWakes, inet.EBADF, "fd", fx)
	}
}
