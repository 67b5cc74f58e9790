package sock

import (
	"labserver/stack/inet"
)

// Calls of a program written in Go: it has its own memory for what it sends and receives,
// and looks at what a call returned instead of at events. They never block.

// Return is what a call returned to its program. The zero value is success with 0.
type Return struct {
	Value   int64 // -1 with an errno
	Errno   inet.Errno
	From    inet.Endpoint // accept, recvfrom: the peer
	Blocked bool          // it has not returned yet
}

// Last is how the call went that was made last on this host.
func (t *Table) Last() Return { return t.last }

// ended notes what a call returned, if it is the one that was made last.
func (c *call) ended(r Return) {
	c.over = true
	if c.table.latest == c {
		c.table.last = r
	}
}

// begins makes the table's one direct call into this call.
func (t *Table) begins(p *Proc, op string, fd int, fx *Effects) *call {
	s := p.socket(fd)
	c := &t.direct
	c.op, c.proc, c.fd, c.sock, c.since, c.table = op, p, fd, s, fx.Now, t
	c.flags, c.done, c.got = Flags{DontWait: true}, 0, c.got[:0]
	c.from, c.opens, c.again = inet.Endpoint{}, false, false
	c.n = fx.IDs.CountCall()
	t.latest, t.last = c, Return{Blocked: true}
	return c
}

// Read is recvfrom with MSG_DONTWAIT into memory of the program's own.
func (t *Table) Read(p *Proc, fd int, into []byte, fx *Effects) Return {
	c := t.begins(p, "recvfrom", fd, fx)
	c.into, c.max = into, len(into)
	t.receive(c, fx)
	c.into = nil
	return t.last
}

// Write is send with MSG_DONTWAIT, or sendto with a destination that is not zero.
func (t *Table) Write(p *Proc, fd int, data []byte, to inet.Endpoint, fx *Effects) Return {
	op := "send"
	if !to.IsZero() {
		op = "sendto"
	}
	c := t.begins(p, op, fd, fx)
	c.payload = Payload{Data: data}
	if data == nil {
		c.payload.Data = []byte{}
	}
	t.give(c, to, fx)
	c.payload = Payload{}
	return t.last
}
