package script

import (
	"strings"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// patience is how long a packet may be waited for that may come at any time, and how far
// the world is looked ahead to say when a packet came that was too late.
const (
	patience  = sim.Time(3600e9)
	lookAhead = sim.Time(5e9)
)

// expect waits for the packets that a > line describes and compares them with it.
func (r *runner) expect(p *Packet, w When) {
	r.due = w.From
	tolerance := r.st.allowed(w.From - r.before)
	deadline := r.at(w.To).Add(tolerance)
	if w.Kind == AnyTime {
		deadline = r.w.Now() + patience
	}
	a := r.await(deadline)
	if a == nil {
		r.missing(p, deadline)
		r.before = w.From
		return
	}
	c := r.connOf(a)
	if p.Proto == inet.TCP && a.p.Proto == inet.TCP {
		c.learnISN(p, &a.p)
	}
	got := c.toScript(&a.p)
	r.outs = r.outs[1:]
	diff := c.differences(p, &got, &a.p, r.st)
	several := len(diff) > 0 && r.pieces(p, &got, a)
	if several {
		diff = c.differences(piece(p, got.Len, false), &got, &a.p, r.st)
	}
	if len(diff) > 0 {
		r.raise("packet", r.difference(p, &got, a, diff))
	}
	c.learnStamp(p, &a.p)
	r.learnCookie(p, &a.p)
	got = c.toScript(&a.p) // by what was just learnt
	if several {
		got.Flags &^= wire.PSH
	}
	r.timed(p, &got, w, a)
	if several {
		r.rest(p, &got, c, deadline)
	}
	r.before = w.From
	if w.Kind > Relative { // what follows is timed from when it really came
		r.before = r.since(a.at)
	}
}

// await returns the next packet of the stack, letting time pass to the deadline.
func (r *runner) await(deadline sim.Time) *arrived {
	for len(r.outs) == 0 {
		next, ok := r.w.NextAt()
		if !ok || next > deadline {
			r.w.Advance(max(r.w.Now(), min(deadline, r.at(r.due))))
			return nil
		}
		r.w.Step()
		r.collect()
	}
	return &r.outs[0]
}

// missing reports that no packet came, and when one would have come.
func (r *runner) missing(p *Packet, deadline sim.Time) {
	f := &Failure{File: r.sc.File, Line: r.event.Line,
		Expected: seconds(r.due) + "  " + p.show(p)}
	a := r.await(max(deadline, r.w.Now()) + lookAhead)
	switch {
	case a == nil:
		f.Reason = "the stack sent no packet"
		f.Got = "nothing until " + seconds(r.since(max(deadline, r.w.Now())))
		f.Why = r.refusal()
	default:
		got := r.scriptView(a)
		f.Reason = "the stack sent no packet in time: one came " +
			micros(r.since(a.at)-r.due) + " late"
		f.Got, f.Why = seconds(r.since(a.at))+"  "+got.show(p), why(a)
	}
	r.raise("packet", f)
}

// refusal says why the stack did not take what was injected last, if it did not.
func (r *runner) refusal() string {
	log := r.w.Events()
	for n := log.Len(); n > r.injected; n-- {
		e := log.At(n)
		if e.Host != hostLocal {
			continue
		}
		switch b := e.Body.(type) {
		case event.SegmentRefused:
			return "the last segment was refused by rule " + string(e.Rule) + ": " + b.Reason
		case event.DatagramRefused:
			return "the last datagram was refused by rule " + string(e.Rule) + ": " + b.Reason
		case event.PacketDropped:
			return "the last packet was dropped by rule " + string(e.Rule) + ": " + b.Reason
		}
	}
	return ""
}

// timed compares when a packet came with when it was expected.
func (r *runner) timed(p, got *Packet, w When, a *arrived) {
	at := r.since(a.at)
	if w.Kind == AnyTime {
		w.From, w.To = at, at
	}
	r.trace(r.event.Line, got.show(p), w.From, w.To, a.at)
	tolerance := r.st.allowed(w.From - r.before)
	if at >= w.From-tolerance && at <= w.To+tolerance {
		return
	}
	f := &Failure{File: r.sc.File, Line: r.event.Line, Why: why(a),
		Expected: seconds(w.From) + "  " + p.show(p), Got: seconds(at) + "  " + got.show(p)}
	if w.To != w.From {
		f.Expected = seconds(w.From) + "~" + seconds(w.To) + "  " + p.show(p)
	}
	if at < w.From {
		f.Reason = "the packet came " + micros(w.From-at) + " early"
	} else {
		f.Reason = "the packet came " + micros(at-w.To) + " late"
	}
	f.Reason += "; " + micros(tolerance) + " are allowed"
	r.raise("timing", f)
}

// connOf finds the connection that a packet of the stack belongs to. Ports that nothing
// is known of yet are those of the socket the script spoke of last.
func (r *runner) connOf(a *arrived) *conn {
	flow := inet.Flow{Local: a.ends.src, Remote: a.ends.dst}
	proto := a.p.Proto
	if proto == inet.ICMP {
		if c := r.quotedConn(a); c != nil {
			return c
		}
		if r.cur != nil {
			return r.cur
		}
	}
	if c := r.connBy(proto, flow); c != nil {
		return c
	}
	if r.cur != nil && r.cur.proto == proto && r.cur.flow.Local.Port == 0 &&
		r.cur.flow.Remote == flow.Remote {
		r.cur.flow.Local = flow.Local
		return r.cur
	}
	if r.cur != nil && r.cur.proto == proto && r.cur.flow.Remote == flow.Remote &&
		a.p.Flags&wire.SYN != 0 { // the same socket connects again, from another port
		r.cur.flow.Local, r.cur.local = flow.Local, offset{}
		return r.cur
	}
	c := r.newConn(proto, flow)
	r.cur, r.listening = c, false
	return c
}

// quotedConn finds the connection of the packet that an ICMP error is about.
func (r *runner) quotedConn(a *arrived) *conn {
	header := wire.ICMPHeaderLen + wire.IPv4HeaderLen
	if a.ends.src.Addr.Is6() {
		header = wire.ICMPHeaderLen + wire.IPv6HeaderLen
	}
	if len(a.octets) <= header {
		return nil
	}
	q, e, ok := parsePacket(a.octets[header:])
	if !ok {
		return nil
	}
	return r.connBy(q.Proto, inet.Flow{Local: e.dst, Remote: e.src})
}

// scriptView is a packet in the script's numbers, as far as they are known.
func (r *runner) scriptView(a *arrived) Packet {
	flow := inet.Flow{Local: a.ends.src, Remote: a.ends.dst}
	if c := r.connBy(a.p.Proto, flow); c != nil {
		return c.toScript(&a.p)
	}
	if r.cur != nil {
		return r.cur.toScript(&a.p)
	}
	return a.p
}

// difference is the failure of a packet that is another than the expected.
func (r *runner) difference(p, got *Packet, a *arrived, diff []string) *Failure {
	f := &Failure{File: r.sc.File, Line: r.event.Line, Why: why(a),
		Reason:   "another packet than expected: " + strings.Join(diff, ", "),
		Expected: seconds(r.due) + "  " + p.show(p)}
	f.Got = seconds(r.since(a.at)) + "  " + got.show(p)
	f.Marks = marks(f.Expected, f.Got)
	return f
}

// marks puts carets under the words of got that are not at the same place in expected.
func marks(expected, got string) string {
	want := strings.Fields(expected)
	out := []byte(strings.Repeat(" ", len(got)))
	at, n := 0, 0
	for _, w := range strings.Fields(got) {
		at += strings.Index(got[at:], w)
		if n > 0 && (n >= len(want) || want[n] != w) {
			for i := range len(w) {
				out[at+i] = '^'
			}
		}
		at += len(w)
		n++
	}
	return strings.TrimRight(string(out), " ")
}
