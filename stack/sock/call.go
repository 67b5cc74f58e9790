package sock

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/tcp"
)

// shownData is how many received octets an event carries.
const shownData = 256

// call is one socket call from its start to its end.
type call struct {
	n     uint64 // which call of the world it is: see id
	op    string
	proc  *Proc
	fd    int
	sock  *Socket
	since sim.Time
	flags Flags

	payload  Payload // send
	done     int64   // octets sent or, with MSG_WAITALL, received so far
	got      []byte  // the first of those received so far
	into     []byte  // recv of a program in Go: where the octets go
	from     inet.Endpoint
	table    *Table
	max      int  // recv, recvfrom
	opens    bool // send: it opened the connection, with MSG_FASTOPEN
	again    bool // connect: another one was under way already
	polled   []polled
	lingerer *tcp.Conn // close: what it waits for

	by    uint64 // the event that said it blocks
	timed bool   // a timer bounds it
	slot  sim.Handle
	over  bool // it has returned
}

// id is what events call the call.
func (c *call) id() inet.CallID { return inet.Call(c.n) }

// newCall makes a call. The memory of the one before is used again if that never waited.
func (t *Table) newCall(p *Proc, op string, fd int, s *Socket, fx *Effects) *call {
	c := t.latest
	if c == nil || c == &t.direct || !c.over || c.by != 0 {
		c = &call{}
	}
	*c = call{n: fx.IDs.CountCall(), op: op, proc: p, fd: fd, sock: s, since: fx.Now, table: t}
	t.latest, t.last = c, Return{Blocked: true}
	return c
}

// begin starts a call on a descriptor; the socket is nil if there is none behind fd,
// and the call has then failed with EBADF.
func (t *Table) begin(p *Proc, op string, fd int, fx *Effects) (*call, *Socket) {
	s := p.socket(fd)
	c := t.newCall(p, op, fd, s, fx)
	if s == nil {
		c.fail(rfc.BadFD, inet.EBADF, "fd", fx)
	}
	return c, s
}

// fail ends the call with an errno; field names the argument at fault, or "".
func (c *call) fail(rule rfc.ID, errno inet.Errno, field string, fx *Effects) {
	c.untime(fx)
	c.ended(Return{Value: -1, Errno: errno})
	if fx.Quiet() {
		fx.Count()
		return
	}
	event.Emit(fx.Scope, rule, event.CallFailed{Call: c.id(), Proc: c.proc.ID, Op: c.op, FD: c.fd,
		Errno: errno, Field: field})
}

// returns ends the call with a value.
func (c *call) returns(rule rfc.ID, value int64, fx *Effects) {
	c.result(rule, event.CallReturned{Value: value}, fx)
}

func (c *call) result(rule rfc.ID, r event.CallReturned, fx *Effects) {
	c.untime(fx)
	c.ended(Return{Value: r.Value, From: c.from})
	if fx.Quiet() {
		fx.Count()
		return
	}
	r.Call, r.Proc, r.Op, r.FD = c.id(), c.proc.ID, c.op, c.fd
	event.Emit(fx.Scope, rule, r)
}

// start tries the call; if it cannot end now it is refused on a nonblocking socket and
// kept as pending otherwise.
func (t *Table) start(c *call, fx *Effects) {
	if t.try(c, fx) {
		return
	}
	limit, bounded := c.limit()
	if c.sock.nonblocking() || c.flags.DontWait {
		c.giveUp(rfc.WouldBlock, fx)
		return
	}
	c.sock.pending = append(c.sock.pending, c)
	c.block(limit, bounded, fx)
}

// block says that a call waits: for ever or, if bounded, for d.
func (c *call) block(d time.Duration, bounded bool, fx *Effects) {
	c.by = event.Emit(fx.Scope, rfc.CallBlocks, event.CallBlocked{Call: c.id(), Proc: c.proc.ID,
		Op: c.op, FD: c.fd})
	if bounded {
		c.timed = true
		fx.Waits = append(fx.Waits, WaitOp{Call: c.id(), At: fx.Now.Add(d), Slot: &c.slot})
	}
}

// untime takes the timer of a call away.
func (c *call) untime(fx *Effects) {
	if c.timed {
		c.timed = false
		fx.Waits = append(fx.Waits, WaitOp{Call: c.id(), Stop: true, Slot: &c.slot})
	}
}

// limit is how long the options let a call wait; bounded is false for ever.
func (c *call) limit() (d time.Duration, bounded bool) {
	option := "SO_RCVTIMEO"
	switch c.op {
	case "connect", "send", "write", "sendto", "sendmsg":
		option = "SO_SNDTIMEO"
	}
	ms := c.sock.option(option)
	return time.Duration(ms) * time.Millisecond, ms > 0
}

// giveUp ends a call that may not wait, or no longer: what was done so far counts. rule
// says why, where an errno is all there is.
func (c *call) giveUp(rule rfc.ID, fx *Effects) {
	switch {
	case c.op == "connect" && c.again:
		c.fail(rfc.ConnectAlready, inet.EALREADY, "fd", fx)
	case c.op == "connect", c.opens && c.done == 0:
		c.fail(rfc.ConnectInProgress, inet.EINPROGRESS, "", fx)
	case c.receives() && c.done > 0:
		c.result(rfc.RecvGave, event.CallReturned{Value: c.done, Data: shown(c.got)}, fx)
	case c.done > 0:
		c.returns(rfc.SendTook, c.done, fx)
	default:
		c.fail(rule, inet.EAGAIN, "", fx)
	}
}

func (c *call) receives() bool {
	switch c.op {
	case "recv", "read", "recvfrom", "recvmsg":
		return true
	}
	return false
}

// try lets a call go on; true if it ended.
func (t *Table) try(c *call, fx *Effects) bool {
	switch {
	case c.op == "connect":
		return t.tryConnect(c, fx)
	case c.op == "accept":
		return t.tryAccept(c, fx)
	case c.op == "poll":
		return t.tryPoll(c, fx)
	case c.op == "close":
		return t.tryLinger(c, fx)
	case c.receives() && c.sock.proto == inet.UDP:
		return t.tryRecvDatagram(c, fx)
	case c.receives():
		return t.tryRecvStream(c, fx)
	}
	return t.trySend(c, fx)
}
