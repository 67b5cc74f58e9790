package script

import (
	"encoding/json"
	"strconv"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// descriptor is a file descriptor as the script calls it and as it really is.
type descriptor struct {
	script, live int
	proto        inet.Protocol
	bound        uint16
	conn         *conn
	mapped       bool // an IPv6 socket on IPv4
	peer         bool // connect gave a UDP socket its peer
}

// pendingCall is a call that has been made, from its start to its end.
type pendingCall struct {
	call    *Call
	event   *Event
	id      inet.CallID
	started time.Duration // script time
	until   time.Duration // script time at which it must end; 0 for a call that may not wait
	done    bool
	at      sim.Time // when it ended
	out     outcome
	settle  func(outcome) outcome // what is to be learnt from its success
}

// outcome is what a call came to.
type outcome struct {
	value int64
	errno inet.Errno
	data  []byte
	from  *inet.Endpoint
	rule  rfc.ID
	ready []event.PollReady
}

// fd finds a descriptor by the script's number. A number that the script never got from
// a call stands for itself, so that EBADF can be tried.
func (r *runner) fd(e Expr) *descriptor {
	v, ok := e.value()
	if !ok {
		r.fail("a descriptor is a number, not " + e.show())
	}
	for i := len(r.fds) - 1; i >= 0; i-- {
		if r.fds[i].script == int(v) {
			return r.fds[i]
		}
	}
	return &descriptor{script: int(v), live: int(v) + unknownFD}
}

// unknownFD keeps the script's unknown numbers away from real descriptors.
const unknownFD = 1 << 20

// make gives the world a call; it is over at once, or pending as r.last.
func (r *runner) make(op string, a args) (outcome, error) {
	p := &pendingCall{}
	r.last = p
	a["proc"] = procID
	err := r.apply(op, a)
	r.last = nil
	if err != nil {
		return outcome{}, err
	}
	if p.id == "" {
		panic("BUG: a call that neither ended nor waits: " + op)
	}
	return p.out, nil
}

// ended takes in the end of a call.
func (r *runner) ended(e event.Event) {
	var id inet.CallID
	var out outcome
	switch b := e.Body.(type) {
	case event.CallReturned:
		if b.Proc != procID {
			return
		}
		id, out = b.Call, outcome{value: b.Value, data: b.Data, from: b.From,
			ready: b.Ready}
	case event.CallFailed:
		if b.Proc != procID {
			return
		}
		id, out = b.Call, outcome{value: -1, errno: b.Errno}
	}
	out.rule = e.Rule
	p := r.pendingBy(id)
	if p == nil && r.last != nil && !r.last.done && (r.last.id == "" || r.last.id == id) {
		p = r.last
	}
	if p != nil {
		p.id, p.done, p.at, p.out = id, true, e.T, out
	}
}

func (r *runner) pendingBy(id inet.CallID) *pendingCall {
	for _, p := range r.pending {
		if p.id == id {
			return p
		}
	}
	return nil
}

// blocked takes in that a call waits.
func (r *runner) blocked(b event.CallBlocked) {
	if b.Proc == procID && r.last != nil && r.last.id == "" {
		r.last.id = b.Call
	}
}

// start makes a call of the script and judges it when it is over: now, or by the time
// the script gives it. settle may change the outcome of a call that succeeded.
func (r *runner) start(c *Call, op string, a args, settle func(outcome) outcome) {
	p := &pendingCall{call: c, event: r.event, started: r.due, settle: settle}
	r.last = p
	a["proc"] = procID
	err := r.apply(op, a)
	r.last = nil
	if err != nil {
		r.fail("the call cannot be made: " + err.Error())
	}
	if c.Blocking {
		if p.until = c.End; r.event.When.Kind == Relative {
			p.until += r.before
		}
		p.until = max(p.until, 1)
		if !p.done {
			r.pending = append(r.pending, p)
			return
		}
		r.judge(p)
		return
	}
	if !p.done {
		r.pending = append(r.pending, p)
		r.wait(p, r.w.Now().Add(r.st.allowed(0)))
		r.drop(p)
	}
	if !p.done {
		r.raise("syscall", r.callFailure(p, "the call waits, and the script does not let it", ""))
		return
	}
	r.judge(p)
}

func (r *runner) drop(p *pendingCall) {
	for i, o := range r.pending {
		if o == p {
			r.pending = append(r.pending[:i:i], r.pending[i+1:]...)
			return
		}
	}
}

// wait lets time pass until a call is over, or the deadline.
func (r *runner) wait(p *pendingCall, deadline sim.Time) {
	for !p.done {
		next, ok := r.w.NextAt()
		if !ok || next > deadline {
			return
		}
		r.w.Step()
		r.collect()
	}
}

// overdue judges the waiting calls that are over, and fails those that should be.
func (r *runner) overdue(now time.Duration) {
	for i := 0; i < len(r.pending); {
		p := r.pending[i]
		switch {
		case p.done:
			r.pending = append(r.pending[:i:i], r.pending[i+1:]...)
			r.judge(p)
		case p.until > 0 && now > p.until+r.st.allowed(p.until-p.started):
			r.awaitCall(p)
		default:
			i++
		}
	}
}

// awaitCall waits for the end of a call that the script gave a time.
func (r *runner) awaitCall(p *pendingCall) {
	r.wait(p, r.at(p.until).Add(r.st.allowed(p.until-p.started)))
	r.drop(p)
	if p.done {
		r.judge(p)
		return
	}
	r.raise("syscall", r.callFailure(p, "the call still waits at "+seconds(p.until), ""))
}

// judge compares the end of a call with what the script says of it.
func (r *runner) judge(p *pendingCall) {
	now := r.event
	r.event = p.event // so that what is said now names its line
	defer func() { r.event = now }()
	if p.settle != nil && p.out.errno == inet.OK {
		p.out = p.settle(p.out)
	}
	r.timedCall(p)
	if wrong := p.call.wrong(p.out); wrong != "" {
		r.raise("syscall", r.callFailure(p, wrong, p.out.show()))
	}
}

func (r *runner) timedCall(p *pendingCall) {
	at := p.started
	if p.until > 0 {
		at = p.until
	}
	before := r.before
	r.before = p.started
	r.trace(p.event.Line, p.call.Name+" "+p.out.show(), at, at, p.at)
	r.before = before
	if p.until == 0 {
		return
	}
	ended, allowed := r.since(p.at), r.st.allowed(p.until-p.started)
	if off := ended - p.until; abs(off) > allowed {
		word := " late"
		if off < 0 {
			word = " early"
		}
		r.raise("syscall", r.callFailure(p, "the call ended at "+seconds(ended)+" and not at "+
			seconds(p.until)+": "+micros(off)+word+"; "+micros(allowed)+" are allowed",
			p.out.show()))
	}
}

// wrong says how an outcome is not what the script says; "" if it is.
func (c *Call) wrong(o outcome) string {
	if c.Result.Kind == Ellipsis {
		return ""
	}
	if c.Errno != o.errno {
		switch {
		case o.errno == inet.OK:
			return "the call succeeded"
		case c.Errno == inet.OK:
			return "the call failed with " + string(o.errno)
		}
		return "the call failed with another errno"
	}
	if c.Result.Kind == Range {
		low, _ := c.Result.Items[0].value()
		high, _ := c.Result.Items[1].value()
		if o.value < low || o.value > high {
			return "the call returned a number out of range"
		}
		return ""
	}
	if v, ok := c.Result.value(); ok && v != o.value {
		return "the call returned another number"
	}
	return ""
}

func (o outcome) show() string {
	s := "= " + strconv.FormatInt(o.value, 10)
	if o.errno != inet.OK {
		s += " " + string(o.errno)
	}
	return s
}

// callFailure is the failure of a call, with what it came to.
func (r *runner) callFailure(p *pendingCall, reason, got string) *Failure {
	f := &Failure{File: r.sc.File, Line: p.event.Line, Reason: p.call.Name + ": " + reason}
	f.Expected = p.call.show()
	if got != "" {
		f.Got = p.call.Name + "(…) " + got
		f.Why = "answered by rule " + string(p.out.rule)
	}
	return f
}

// show renders a call as the script writes it.
func (c *Call) show() string {
	s := c.Name + "(" + showAll(c.Args, ", ") + ") = " + c.Result.show()
	if c.Errno != inet.OK {
		s += " " + string(c.Errno)
	}
	return s
}

// count is a JSON number.
func count(v int64) json.Number { return json.Number(strconv.FormatInt(v, 10)) }
