package infer

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// machine follows the endpoints of all connections. Each endpoint is one TCB that sees
// what it sends and what arrives at it, in its own order of time, as a real one would; it
// knows nothing of the other end.
type machine struct {
	conns map[inet.Flow]*tcb
	asked map[inet.Flow]request // SYNs that arrived where there is no connection
	ahead map[inet.Flow]*future
	count int
}

// request is a SYN that waits to be answered.
type request struct {
	n uint64
	p *packet
}

// future is what an endpoint will send, resets apart: a capture, unlike a world, knows it,
// and whether an endpoint lives on is seen by what it sends.
type future struct {
	list []*packet
	at   int
}

// plan notes what each endpoint will send.
func (m *machine) plan(b *builder, moments []moment) {
	m.conns, m.asked = map[inet.Flow]*tcb{}, map[inet.Flow]request{}
	m.ahead = map[inet.Flow]*future{}
	for _, x := range moments {
		if x.stage != sent || x.p.kind != tcp || x.p.tcp.Flags.Has(wire.RST) {
			continue
		}
		f := m.ahead[x.p.flow()]
		if f == nil {
			f = &future{}
			m.ahead[x.p.flow()] = f
		}
		f.list = append(f.list, x.p)
	}
}

// goesOn reports whether an endpoint is seen to go on with its connection: it sends
// something that is neither a reset nor the SYN of another.
func (m *machine) goesOn(c *tcb) bool {
	f := m.ahead[c.flow]
	if f == nil || f.at == len(f.list) {
		return false
	}
	next := &f.list[f.at].tcp
	return !next.Flags.Has(wire.SYN) || next.Seq == c.iss && !c.running
}

// crossed reports whether a FIN arrives too early by an estimate: what the endpoint sends
// next does not acknowledge it, so that it was sent before the FIN arrived.
func (m *machine) crossed(c *tcb, p *packet) bool {
	f := m.ahead[c.flow]
	if !p.late || f == nil || f.at == len(f.list) {
		return false
	}
	next := &f.list[f.at].tcp
	return next.Flags.Has(wire.ACK) && !next.Flags.Has(wire.SYN) && next.Ack.Less(p.until())
}

// send tells that an endpoint sent a segment, and what follows for it.
func (m *machine) send(b *builder, p *packet, s event.Scope) {
	flow := p.flow()
	if f := m.ahead[flow]; f != nil && !p.tcp.Flags.Has(wire.RST) {
		f.at++
	}
	c := m.before(b, flow, p)
	if c != nil {
		s = s.OnConn(c.id)
	}
	n := event.Emit(s, instant(p.early), event.SegmentSent{Seg: p.segment()})
	p.id = inet.PacketID(n)
	if c == nil {
		return
	}
	seg := &p.tcp
	if seg.Flags.Has(wire.RST) {
		if !m.goesOn(c) {
			m.end(b, c, n, rfc.InferredReset, "")
		}
		return
	}
	m.opening(b, c, n, p)
	if c.finAhead && seg.Flags.Has(wire.ACK) && c.peerFin.Less(seg.Ack) {
		c.finAhead = false // it has arrived by now
		c.reached(b, n, c.rcv)
	}
	now := c.snd
	now.NXT = now.NXT.Max(p.until())
	c.ownFin(b, n, p)
	c.setSnd(b, n, now)
	m.offers(b, c, n, p)
}

// before finds the connection of a segment that is about to be sent, or opens it.
func (m *machine) before(b *builder, flow inet.Flow, p *packet) *tcb {
	seg, c := &p.tcp, m.conns[flow]
	syn := seg.Flags.Has(wire.SYN)
	if c != nil && syn && !seg.Flags.Has(wire.RST) && seg.Seq != c.iss {
		m.end(b, c, b.root, rfc.InferredAgain, "")
		c = nil
	}
	switch {
	case c != nil || seg.Flags.Has(wire.RST):
		return c
	case m.count >= MaxConns:
		return nil
	case syn:
		ask, cause := m.asked[flow], b.root
		if seg.Flags.Has(wire.ACK) && ask.p != nil {
			cause = ask.n
		}
		return m.open(b, cause, rfc.InferredOpen, tcb{flow: flow, iss: seg.Seq, mine: seg.Opts},
			!seg.Flags.Has(wire.ACK))
	}
	c = m.run(b, flow, p)
	return c
}

// open makes a TCB: CLOSED for who opens, LISTEN for who is asked, ESTABLISHED for one
// that was there before.
func (m *machine) open(b *builder, cause uint64, rule rfc.ID, of tcb, active bool) *tcb {
	m.count++
	c := &of
	c.id = b.ids.NextConn()
	switch {
	case c.running:
		c.state = inet.Established
	case !active:
		c.state = inet.Listen
	}
	m.conns[c.flow] = c
	event.Emit(c.scope(b, cause), rule, event.ConnOpened{Local: c.flow.Local,
		Remote: c.flow.Remote, Active: active, State: c.state, ISS: c.iss})
	return c
}

// run opens both ends of a connection whose SYNs the capture does not have. The end with
// the higher port is taken for the one that opened it, as most are.
func (m *machine) run(b *builder, flow inet.Flow, p *packet) *tcb {
	seg := &p.tcp
	active := flow.Local.Port > flow.Remote.Port
	c := m.open(b, b.root, rfc.InferredRunning, tcb{flow: flow, running: true}, active)
	c.setSnd(b, b.root, event.SndVars{UNA: seg.Seq, NXT: seg.Seq})
	if seg.Flags.Has(wire.ACK) {
		c.setRcv(b, b.root, event.RcvVars{NXT: seg.Ack, WND: offered(seg, 0)})
	}
	other := flow.Reverse()
	if m.conns[other] == nil && m.count < MaxConns && other != flow {
		o := m.open(b, b.root, rfc.InferredRunning, tcb{flow: other, running: true}, !active)
		if seg.Flags.Has(wire.ACK) {
			o.setSnd(b, b.root, event.SndVars{UNA: seg.Ack, NXT: seg.Ack})
		}
		o.setRcv(b, b.root, event.RcvVars{NXT: seg.Seq})
	}
	return c
}

// opening is what a SYN that is sent does.
func (m *machine) opening(b *builder, c *tcb, n uint64, p *packet) {
	seg := &p.tcp
	if !seg.Flags.Has(wire.SYN) {
		return
	}
	if c.snd == (event.SndVars{}) {
		c.setSnd(b, n, event.SndVars{UNA: c.iss, NXT: c.iss})
	}
	switch {
	case c.state == inet.Closed:
		c.become(b, n, rfc.InferredSyn, inet.SynSent)
		// A SYN that does not acknowledge the other one was sent before that one arrived,
		// whatever the estimate says: the two crossed.
		if ask := m.asked[c.flow]; ask.p != nil && ask.p.late {
			delete(m.asked, c.flow)
			now := c.snd
			now.NXT = p.until()
			c.setSnd(b, n, now)
			m.answer(b, c, n, ask.p)
		}
	case c.state == inet.Listen:
		if ask := m.asked[c.flow]; ask.p != nil && ask.p.tcp.Seq.Add(1).LessEq(seg.Ack) {
			c.synchronize(b, n, ask.p.tcp.Seq, ask.p.tcp.Opts)
			c.windowed, c.wl1 = true, ask.p.tcp.Seq
			now := c.snd
			now.WND = offered(&ask.p.tcp, 0)
			c.setSnd(b, n, now)
		} else {
			c.irs = seg.Ack.Add(^seq.Size(0)) // the SYN before was not seen
		}
		c.setRcv(b, n, event.RcvVars{NXT: seg.Ack})
		c.become(b, n, rfc.InferredSynRcvd, inet.SynReceived)
		delete(m.asked, c.flow)
	case c.state == inet.SynSent && seg.Flags.Has(wire.ACK): // two SYNs crossed
		c.become(b, n, rfc.InferredSynRcvd, inet.SynReceived)
	}
}

// offers takes what a segment that is sent says of the receiving side here: its window,
// and how far everything has arrived even if the capture did not see it.
func (m *machine) offers(b *builder, c *tcb, n uint64, p *packet) {
	seg, now := &p.tcp, c.rcv
	now.WND = offered(seg, c.rcvShift)
	if seg.Flags.Has(wire.ACK) && now.NXT.Less(seg.Ack) && seg.Ack.Sub(now.NXT) < reach {
		now.NXT = c.held.before(seg.Ack)
	}
	if seg.Flags.Has(wire.SYN) && !seg.Flags.Has(wire.ACK) {
		now.NXT = 0
	}
	c.reached(b, n, now)
	c.fins(b, n)
}

// end closes a connection.
func (m *machine) end(b *builder, c *tcb, n uint64, rule rfc.ID, why inet.Errno) {
	c.become(b, n, rule, inet.Closed)
	event.Emit(c.scope(b, n), rule, event.ConnClosed{Errno: why})
	delete(m.conns, c.flow)
}

// receive tells that a segment arrived at an endpoint, and what follows for it.
func (m *machine) receive(b *builder, p *packet, s event.Scope) {
	flow := p.flow().Reverse()
	c := m.conns[flow]
	if c != nil {
		s = s.OnConn(c.id)
	}
	n := event.Emit(s, instant(p.late), event.SegmentReceived{Pkt: p.id, Seg: p.segment()})
	seg := &p.tcp
	ask := seg.Flags.Has(wire.SYN) && !seg.Flags.Has(wire.ACK) && !seg.Flags.Has(wire.RST)
	if ask && (c == nil || c.state == inet.TimeWait) && len(m.asked) < MaxConns {
		m.asked[flow] = request{n, p}
	}
	switch {
	case c == nil:
	case c.state == inet.SynSent:
		m.answer(b, c, n, p)
	case seg.Flags.Has(wire.RST):
		m.reset(b, c, n, p)
	case seg.Flags.Has(wire.SYN) && c.synced && seg.Seq != c.irs:
		// Of another connection, or forged: RFC 9293 §3.10.7.4, fourth check.
	default:
		m.synchronized(b, c, n, p)
	}
}

// answer is RFC 9293 §3.10.7.3: what arrives in SYN-SENT.
func (m *machine) answer(b *builder, c *tcb, n uint64, p *packet) {
	seg := &p.tcp
	acked := seg.Flags.Has(wire.ACK) && c.snd.UNA.Less(seg.Ack) && seg.Ack.LessEq(c.snd.NXT)
	switch {
	case seg.Flags.Has(wire.ACK) && !acked:
	case seg.Flags.Has(wire.RST):
		if acked && !m.goesOn(c) {
			m.end(b, c, n, rfc.InferredWasReset, inet.ECONNREFUSED)
		}
	case seg.Flags.Has(wire.SYN):
		c.synchronize(b, n, seg.Seq, seg.Opts)
		now := c.rcv
		now.NXT = seg.Seq.Add(1)
		c.setRcv(b, n, now)
		if !acked {
			c.become(b, n, rfc.InferredSynRcvd, inet.SynReceived)
		}
		m.synchronized(b, c, n, p)
		if acked && c.state == inet.SynSent {
			c.become(b, n, rfc.InferredEstab, inet.Established)
		}
	}
}

// reset is what a reset does that arrives: RFC 9293 §3.10.7.4, first and second check. One
// that lies in the window without being exact draws a challenge; whether it ended the
// connection is seen by what its receiver does afterwards.
func (m *machine) reset(b *builder, c *tcb, n uint64, p *packet) {
	seg := &p.tcp
	window := seq.Size(max(c.rcv.WND, 1))
	if seg.Seq != c.rcv.NXT && !seg.Seq.InWindow(c.rcv.NXT, window) && !c.running || m.goesOn(c) {
		return
	}
	m.end(b, c, n, rfc.InferredWasReset, inet.ECONNRESET)
}

// synchronized is the rest of RFC 9293 §3.10.7.4: the ACK, then data, then FIN.
func (m *machine) synchronized(b *builder, c *tcb, n uint64, p *packet) {
	seg := &p.tcp
	if seg.Flags.Has(wire.SYN) && !c.synced && !c.running {
		c.synchronize(b, n, seg.Seq, seg.Opts)
	}
	if !seg.Flags.Has(wire.ACK) {
		if c.state == inet.SynReceived && seg.Flags.Has(wire.SYN) {
			now := c.snd
			now.WND = offered(seg, 0)
			c.setSnd(b, n, now)
		}
		return
	}
	if c.snd.NXT.Less(seg.Ack) && seg.Ack.Sub(c.snd.NXT) >= reach {
		return
	}
	syn := c.state == inet.SynReceived || c.state == inet.SynSent
	if syn && c.snd.UNA.Less(seg.Ack) {
		rule, from := rfc.InferredEstab, c.state
		c.acknowledged(b, n, p)
		if from == inet.SynReceived || seg.Flags.Has(wire.SYN) {
			c.become(b, n, rule, inet.Established)
		}
	} else {
		c.acknowledged(b, n, p)
	}
	c.fins(b, n)
	if seg.Flags.Has(wire.FIN) {
		c.finAhead = m.crossed(c, p)
	}
	c.text(b, n, p)
	c.fins(b, n)
	if c.state == inet.LastAck && c.finAcked() && !m.goesOn(c) {
		m.end(b, c, n, rfc.InferredFinAcked, "")
	}
}

// fins is what the acknowledgment of a FIN does (RFC 9293 §3.10.7.4, fifth check).
func (c *tcb) fins(b *builder, n uint64) {
	if !c.finAcked() {
		return
	}
	switch c.state {
	case inet.FinWait1:
		c.become(b, n, rfc.InferredFinAcked, inet.FinWait2)
	case inet.Closing:
		c.become(b, n, rfc.InferredFinAcked, inet.TimeWait)
	}
}
