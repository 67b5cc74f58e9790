package sock

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// PollEvents is a set of what poll can tell of a descriptor.
type PollEvents uint8

// The events, in the order in which they are named.
const (
	PollIn     PollEvents = 1 << iota // reading would not wait; a connection to accept
	PollPri                           // urgent data
	PollOut                           // writing would not wait
	PollErr                           // an error to be told; always watched for
	PollHup                           // both directions are over; always watched for
	PollNval                          // no such descriptor; always watched for
	PollRdHup                         // nothing more will come
	pollAlways = PollErr | PollHup | PollNval
)

// pollNames lists the names in the order of the bits.
func pollNames() []string {
	return []string{"POLLIN", "POLLPRI", "POLLOUT", "POLLERR", "POLLHUP", "POLLNVAL",
		"POLLRDHUP"}
}

// ParsePollEvents reads the names of events; bad is the first that is none, "" if all are.
func ParsePollEvents(names []string) (e PollEvents, bad string) {
	for _, name := range names {
		found := false
		for i, known := range pollNames() {
			if name == known {
				e |= 1 << i
				found = true
			}
		}
		if !found {
			return 0, quoted(name)
		}
	}
	return e, ""
}

// Names lists the events by name.
func (e PollEvents) Names() []string {
	var names []string
	for i, name := range pollNames() {
		if e&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// PollFD is one descriptor that poll watches.
type PollFD struct {
	FD     int
	Events PollEvents
}

// polled is a descriptor with the socket that was behind it when poll began, nil for none.
type polled struct {
	PollFD
	sock *Socket
}

// Poll is poll(2). A timeout below 0 waits for ever, 0 not at all.
func (t *Table) Poll(p *Proc, fds []PollFD, timeout time.Duration, fx *Effects) {
	c := t.newCall(p, "poll", -1, nil, fx)
	if len(fds) > MaxFDs {
		c.fail(rfc.BadArgument, inet.EINVAL, "fds", fx)
		return
	}
	for _, f := range fds {
		c.polled = append(c.polled, polled{f, p.socket(f.FD)})
	}
	switch {
	case t.tryPoll(c, fx):
	case timeout == 0:
		c.returns(rfc.PollTimedOut, 0, fx)
	default:
		t.waiting = append(t.waiting, c)
		c.block(timeout, timeout > 0, fx)
	}
}

// tryPoll ends a poll when at least one of its descriptors is ready.
func (t *Table) tryPoll(c *call, fx *Effects) bool {
	var ready []event.PollReady
	for _, f := range c.polled {
		if f.FD < 0 {
			continue // POSIX: such an entry is ignored
		}
		e := PollNval
		if f.sock != nil && c.proc.socket(f.FD) == f.sock {
			e = f.sock.ready()
		}
		if e &= f.Events | pollAlways; e != 0 {
			ready = append(ready, event.PollReady{FD: f.FD, Events: e.Names()})
		}
	}
	if len(ready) == 0 {
		return false
	}
	c.result(rfc.PollReady, event.CallReturned{Value: int64(len(ready)), Ready: ready}, fx)
	return true
}

// ready is what poll would tell of a socket, as Linux does.
func (s *Socket) ready() (e PollEvents) {
	switch {
	case s.proto == inet.UDP:
		return s.readyDatagram()
	case s.listener != nil:
		if _, waiting := s.listener.Queues(); waiting > 0 {
			e |= PollIn
		}
		return e
	case s.deferred:
		return PollOut
	case s.conn == nil: // never connected, or no more
		e = PollOut | PollHup
		if s.err != inet.OK {
			e |= PollErr | PollIn
		}
		return e
	}
	return s.readyStream()
}

// readyStream is ready for a connection. Before it is open nothing can be done.
func (s *Socket) readyStream() (e PollEvents) {
	c := s.conn
	if c.Error() != inet.OK {
		e |= PollErr
	}
	if st := c.State(); st == inet.SynSent || st == inet.SynReceived && !s.accepted() {
		return e
	}
	over := c.State() == inet.Closed || c.State() == inet.TimeWait
	ended := over || s.shutRead || c.AtEnd()
	if c.Readable() {
		e |= PollIn
	}
	if ended {
		e |= PollIn | PollRdHup
	}
	if c.Writable() || s.shutWrite {
		e |= PollOut
	}
	if over || ended && s.shutWrite {
		e |= PollHup
	}
	if c.Urgent() {
		e |= PollPri
	}
	return e
}

// accepted reports whether accept made the socket.
func (s *Socket) accepted() bool { return s.from != "" }

// readyDatagram is ready for UDP, which can always send.
func (s *Socket) readyDatagram() (e PollEvents) {
	e = PollOut
	if s.err != inet.OK {
		e |= PollErr
	}
	if s.shutRead {
		e |= PollIn | PollRdHup
	}
	if s.shutRead && s.shutWrite {
		e |= PollHup
	}
	if s.udp != nil {
		if n, _ := s.udp.Waiting(); n > 0 {
			e |= PollIn
		}
	}
	return e
}
