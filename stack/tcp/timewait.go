package tcp

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// New incarnations of a connection in TIME-WAIT: RFC 9293 §3.6.1 and RFC 6191.

// reuseAfter is how old a TIME-WAIT must be before OPEN may take it over: the timestamp
// clocks of both sides have moved on by then (RFC 6191 §2).
const reuseAfter = time.Second

// reusable reports whether an active OPEN may take the place of this connection.
func (c *Conn) reusable(now sim.Time) bool {
	return c.state == inet.TimeWait && c.l.k.TWReuse != 0 && c.ts.on &&
		now.Sub(c.ts.recentAt) > reuseAfter
}

// issAfter makes an ISS acceptable for a new incarnation of this connection: RFC 9293
// §3.6.1, "larger than the largest sequence number it used on the previous connection
// incarnation".
func (c *Conn) issAfter(iss seq.Num) seq.Num {
	if c.snd.nxt.Less(iss) {
		return iss
	}
	return c.snd.nxt.Add(maxField + 2)
}

// pastLife is a TIME-WAIT connection whose place a new one takes, by which rule, and
// when it was to end.
type pastLife struct {
	old   *Conn
	rule  rfc.ID
	until sim.Time
}

// reincarnated handles a SYN for a new incarnation of a connection in TIME-WAIT: MAY-2,
// "it MAY accept a new SYN from the remote TCP endpoint to reopen the connection directly
// from TIME-WAIT state"; with timestamps as RFC 6191 §2 says (SHLD-4). It reports whether
// the segment was dealt with.
func (c *Conn) reincarnated(a *arrival, fx *Effects) bool {
	if a.seg.Flags&(wire.SYN|wire.ACK|wire.RST) != wire.SYN || c.l.listenerFor(c.flow) == nil {
		return false
	}
	stamps := a.seg.Opts.HasTS && c.l.k.Timestamps != 0
	rule, ok := c.honours(a, stamps)
	switch {
	case ok:
		past := &pastLife{c, rule, c.timers[timer2MSL].at}
		c.remove(inet.OK, rule, fx)
		c.l.unconnected(c.flow, a, past, fx)
	case stamps:
		// "Otherwise, silently drop the incoming SYN segment, thus leaving the previous
		// incarnation of the connection in the TIME-WAIT state." RFC 9293 §3.10.7.4 exempts
		// only SYNs with timestamps from its own checks.
		refuse(c.id, a.pkt, "old-syn", 0, rfc.TCPReuseDrop, fx)
	default:
		return false
	}
	return true
}

// honours tells whether RFC 6191 §2 lets a SYN take this connection's place, and the rule.
// Stamps means that "TCP timestamps would be enabled for the new incarnation".
func (c *Conn) honours(a *arrival, stamps bool) (rfc.ID, bool) {
	age := int32(a.seg.Opts.TSVal - c.ts.recent)
	switch {
	case stamps && !c.ts.on:
		return rfc.TCPReuseTS, true
	case stamps && age != 0:
		return rfc.TCPReuseTS, age > 0
	}
	// "the Sequence Number of the incoming SYN segment is greater than the last sequence
	// number seen on the previous incarnation of the connection"
	return rfc.TCPReuse, c.rcv.nxt.Less(a.seq)
}

// revive puts a connection back in TIME-WAIT for the rest of its time: MAY-2 asks that it
// "returns to TIME-WAIT state if the SYN turns out to be an old duplicate", which a reset
// of the new connection tells.
func (p *pastLife) revive(fx *Effects) {
	l := p.old.l
	if p.until <= fx.Now || l.Lookup(p.old.flow) != nil {
		return
	}
	c := *p.old
	c.id, c.sock, c.orphan, c.err, c.past = fx.IDs.NextConn(), "", true, inet.OK, nil
	c.cc, c.rtt, c.ack = ccState{}, rttState{}, ackState{}
	c.snd.buf, c.rcv.buf, c.rcv.held = buffer{}, buffer{}, heldData{}
	c.shownSnd, c.shownRcv = event.SndVars{}, event.RcvVars{}
	c.shownCC, c.shownRTT = event.CCVars{}, event.RTTVars{}
	c.timers = [timerCount]timerState{}
	l.insert(&c)
	c.state = inet.TimeWait
	emit(&c, rfc.TCPReuseBack, event.ConnOpened{Listener: c.listener, Local: c.flow.Local,
		Remote: c.flow.Remote, Active: c.active, State: c.state, ISS: c.iss}, fx)
	emit(&c, rfc.TCPReuseBack, c.synchronized(), fx)
	c.showSnd(rfc.TCPReuseBack, fx)
	c.showRcv(rfc.TCPReuseBack, fx)
	c.arm(timer2MSL, p.until.Sub(fx.Now), rfc.TCPTimeWait, fx)
	c.check()
}
