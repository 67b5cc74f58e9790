package sock

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// shownData is how many received octets an event carries.
const shownData = 256

// call is one socket call from its start to its end.
type call struct {
	id    inet.CallID
	op    string
	proc  *Proc
	fd    int
	sock  *Socket
	since sim.Time

	payload Payload // send
	done    int64   // octets sent so far
	max     int     // recv, recvfrom
	blocked bool
}

func (t *Table) newCall(p *Proc, op string, fd int, s *Socket, fx *Effects) *call {
	return &call{id: fx.IDs.NextCall(), op: op, proc: p, fd: fd, sock: s, since: fx.Now}
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
	fx.Emit(rule, event.CallFailed{Call: c.id, Proc: c.proc.ID, Op: c.op, FD: c.fd,
		Errno: errno, Field: field})
}

// returns ends the call with a value.
func (c *call) returns(rule rfc.ID, value int64, fx *Effects) {
	c.result(rule, event.CallReturned{Value: value}, fx)
}

func (c *call) result(rule rfc.ID, r event.CallReturned, fx *Effects) {
	r.Call, r.Proc, r.Op, r.FD = c.id, c.proc.ID, c.op, c.fd
	fx.Emit(rule, r)
}

// start tries the call; if it cannot end now it is refused on a nonblocking socket and
// kept as pending otherwise.
func (t *Table) start(c *call, fx *Effects) {
	if t.try(c, fx) {
		return
	}
	if c.sock.nonblocking() {
		c.wouldBlock(fx)
		return
	}
	c.blocked = true
	c.sock.pending = append(c.sock.pending, c)
	fx.Emit(rfc.CallBlocks, event.CallBlocked{Call: c.id, Proc: c.proc.ID, Op: c.op, FD: c.fd})
}

// wouldBlock ends a call that may not wait: what was sent so far counts.
func (c *call) wouldBlock(fx *Effects) {
	switch {
	case c.op == "connect":
		c.fail(rfc.ConnectInProgress, inet.EINPROGRESS, "", fx)
	case c.done > 0:
		c.returns(rfc.SendTook, c.done, fx)
	default:
		c.fail(rfc.WouldBlock, inet.EAGAIN, "", fx)
	}
}

// try lets a call go on; true if it ended.
func (t *Table) try(c *call, fx *Effects) bool {
	switch c.op {
	case "connect":
		return t.tryConnect(c, fx)
	case "accept":
		return t.tryAccept(c, fx)
	case "send", "sendto":
		return t.trySend(c, fx)
	case "recv", "recvfrom":
		if c.sock.proto == inet.UDP {
			return t.tryRecvDatagram(c, fx)
		}
		return t.tryRecvStream(c, fx)
	}
	panic("BUG: a call that cannot wait: " + c.op)
}
