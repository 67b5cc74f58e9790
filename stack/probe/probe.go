// Package probe is ping and traceroute on one host: calls that send messages on purpose to
// see what comes back.
//
// It must never answer anybody: that is the Internet layer's duty; and what it is not asked
// about it passes over. Read RFC 792 "Echo or Echo Reply Message", RFC 1122 §3.2.2.6 and
// RFC 4443 §4 first.
package probe

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/view"
)

// Wait arms (Stop false), or stops, the timer of a call, whose place in the queue is kept in
// Slot. A call has one at the most.
type Wait struct {
	Call inet.CallID
	Slot *sim.Handle
	At   sim.Time
	Stop bool
}

// Effects is what a call into this package leaves behind: what IP leaves, and timers.
type Effects struct {
	*ip.Effects
	IDs   *inet.IDs
	Waits []Wait
}

// Answer is an ICMP message that may be about a probe of this host. ID and Seq are those of
// an echo; a traceroute over UDP is known by the ports of the quoted datagram.
type Answer struct {
	Pkt    inet.PacketID
	Reply  bool   // an echo reply, not an error
	ID     uint16 // of the echo, or of the quoted one
	Seq    uint16
	Src    inet.Endpoint // of the quoted packet; zero for replies
	Dst    inet.Endpoint
	UDP    bool       // the quoted packet is a datagram
	From   netip.Addr // who says so
	TTL    int        // with which the message came
	Octets int        // of the message
	Reason string     // the message's name
	MTU    int
	Passed bool // the probe died on its way, since its TTL was too small
}

// Origin is who asks: a process, or with "" a person at the host; for whom, and from where.
type Origin struct {
	Proc inet.ProcID
	Src  netip.Addr // zero: by the route
	Dst  netip.Addr
	Name string // what Dst was asked for as, if it was by name
}

// task is what a call does: ping or trace.
type task interface {
	// start sends the first probe; it reports that all is over already.
	start(r *run, fx *Effects) bool
	// fire goes on when the timer has run out.
	fire(r *run, fx *Effects) bool
	// mine reports whether an answer is about a probe of the task, and which: its number
	// from 1 on.
	mine(r *run, a *Answer) (int, bool)
	// answered takes such an answer.
	answered(r *run, seq int, a *Answer, fx *Effects) bool
	// end says how it went.
	end(r *run, fx *Effects) (value int64)
}

// run is one call from its start to its end.
type run struct {
	Origin
	call  inet.CallID
	op    string
	id    uint16 // the identifier of its messages
	by    uint64 // the event that said it waits
	since sim.Time
	slot  sim.Handle
	table *Table
	task  task
}

// Table is the probes of one host.
type Table struct {
	ip      *ip.Layer
	running []*run // in order of starting
	lastID  uint16
}

// New makes a table over a host's Internet layer.
func New(l *ip.Layer) *Table { return &Table{ip: l} }

// Running counts the calls that have not ended.
func (t *Table) Running() int { return len(t.running) }

// Has reports whether a call is one of the table's.
func (t *Table) Has(call inet.CallID) bool { return t.find(call) != nil }

func (t *Table) find(call inet.CallID) *run {
	for _, r := range t.running {
		if r.call == call {
			return r
		}
	}
	return nil
}

// begin starts a call. It is refused at once when nothing can leave towards its destination.
func (t *Table) begin(op string, o Origin, k task, fx *Effects) {
	t.lastID++
	r := &run{Origin: o, call: fx.IDs.NextCall(), op: op, id: t.lastID, since: fx.Now, table: t,
		task: k}
	path, ok := t.ip.Way(o.Src, o.Dst)
	switch {
	case r.Src.IsValid() && (!t.ip.IsLocal(r.Src) || r.Src.Is4() != r.Dst.Is4()):
		r.fail(rfc.BadSource, inet.EADDRNOTAVAIL, "src", fx)
		return
	case !ok:
		r.fail(path.Rule(rfc.NoRoute), path.Errno(), "addr", fx)
		return
	case !r.Src.IsValid():
		r.Src = path.Src
	}
	r.by = event.Emit(fx.Scope, rfc.CallBlocks,
		event.CallBlocked{Call: r.call, Proc: r.Proc, Op: op, FD: noFD})
	t.running = append(t.running, r)
	if k.start(r, fx) {
		r.finish(fx)
	}
}

// noFD stands where a call has no descriptor.
const noFD = -1

func (r *run) fail(rule rfc.ID, errno inet.Errno, field string, fx *Effects) {
	event.Emit(fx.Scope, rule,
		event.CallFailed{Call: r.call, Proc: r.Proc, Op: r.op, FD: noFD, Errno: errno,
			Field: field})
}

// wait arms the call's timer.
func (r *run) wait(at sim.Time, fx *Effects) {
	fx.Waits = append(fx.Waits, Wait{Call: r.call, Slot: &r.slot, At: at})
}

// finish ends a call that has done what it was to do.
func (r *run) finish(fx *Effects) {
	value := r.close(fx)
	event.Emit(fx.Scope, rfc.PingSummary,
		event.CallReturned{Call: r.call, Proc: r.Proc, Op: r.op, FD: noFD,
			Value: value})
}

// close takes the call off the table and tells how it went; the cause of what follows is
// that event.
func (r *run) close(fx *Effects) int64 {
	t := r.table
	for i, o := range t.running {
		if o == r {
			t.running = append(t.running[:i:i], t.running[i+1:]...)
			break
		}
	}
	fx.Waits = append(fx.Waits, Wait{Call: r.call, Slot: &r.slot, Stop: true})
	value := r.task.end(r, fx)
	fx.Scope = fx.Because(fx.Log.Len())
	return value
}

// Fire goes on with a call whose timer has run out.
func (t *Table) Fire(call inet.CallID, fx *Effects) {
	r := t.find(call)
	if r == nil {
		panic("BUG: a timer for no probe: " + string(call))
	}
	fx.Scope = fx.Because(r.by)
	if r.task.fire(r, fx) {
		r.finish(fx)
	}
}

// Take gives an ICMP message to the call that it is about, if there is one. The cause in fx
// is the event that it arrived.
func (t *Table) Take(a *Answer, fx *Effects) {
	for _, r := range t.running {
		if seq, ok := r.task.mine(r, a); ok {
			if r.task.answered(r, seq, a, fx) {
				r.finish(fx)
			}
			return
		}
	}
}

// Interrupt ends a call early: what came so far is told, then the call fails with EINTR.
func (t *Table) Interrupt(call inet.CallID, fx *Effects) {
	if r := t.find(call); r != nil {
		r.close(fx)
		r.fail(rfc.Interrupted, inet.EINTR, "", fx)
	}
}

// Leave interrupts the calls of a process that ends.
func (t *Table) Leave(p inet.ProcID, fx *Effects) {
	by := fx.By
	for i := 0; i < len(t.running); {
		if t.running[i].Proc != p {
			i++
			continue
		}
		fx.Scope = fx.Because(by)
		t.Interrupt(t.running[i].call, fx)
	}
}

// LeaveAll interrupts every call: the host is going away.
func (t *Table) LeaveAll(fx *Effects) {
	by := fx.By
	for len(t.running) > 0 {
		fx.Scope = fx.Because(by)
		t.Interrupt(t.running[0].call, fx)
	}
}

// Calls returns the rows of the calls that run.
func (t *Table) Calls(host inet.HostID) []view.Call {
	rows := make([]view.Call, 0, len(t.running))
	for _, r := range t.running {
		rows = append(rows, view.Call{ID: r.call, Host: host, Proc: r.Proc, Op: r.op, FD: noFD,
			Since: r.since})
	}
	return rows
}
