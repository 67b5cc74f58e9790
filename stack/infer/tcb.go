package infer

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// tcb is what the wire tells of one endpoint's connection.
type tcb struct {
	id    inet.ConnID
	flow  inet.Flow
	state inet.TCPState

	iss, irs seq.Num
	running  bool // it was there when the capture began: neither SYN was seen
	mine     wire.Options
	theirs   wire.Options
	synced   bool  // both SYNs are known here
	sndShift uint8 // of windows the peer offers
	rcvShift uint8 // of windows offered here

	snd  event.SndVars
	rcv  event.RcvVars
	loss event.LossVars
	held spans // of what has arrived, what lies ahead of RCV.NXT
	sack spans // of what was sent, what the peer holds ahead of SND.UNA

	wl1, wl2 seq.Num // of the segment that last told SND.WND (RFC 9293 §3.3.1)
	windowed bool

	fin      seq.Num // the number of the FIN sent here
	finSent  bool
	peerFin  seq.Num // of the one that has arrived
	finGiven bool
	finAhead bool // the peer's has been placed too early: it counts once an ACK sent here covers it
}

// scope is where events of the connection are told, because of n.
func (c *tcb) scope(b *builder, n uint64) event.Scope {
	return b.at(b.host(c.flow.Local.Addr)).OnConn(c.id).Because(n)
}

// become goes along an edge of figure 5.
func (c *tcb) become(b *builder, n uint64, rule rfc.ID, state inet.TCPState) {
	if state == c.state {
		return
	}
	event.Emit(c.scope(b, n), rule, event.ConnState{Old: c.state, New: state})
	c.state = state
}

// setSnd tells of the send sequence variables if they have changed.
func (c *tcb) setSnd(b *builder, n uint64, now event.SndVars) {
	now.Queued = inet.ByteCount(now.NXT.Sub(now.UNA))
	if !c.running && now.UNA == c.iss && now.NXT != now.UNA {
		now.Queued-- // the SYN
	}
	if c.finSent && now.UNA.LessEq(c.fin) && c.fin.Less(now.NXT) {
		now.Queued--
	}
	if now != c.snd {
		event.Emit(c.scope(b, n), rfc.InferredSnd, event.SndChanged{Old: c.snd, New: now})
		c.snd = now
	}
}

// setRcv tells of the receive sequence variables if they have changed.
func (c *tcb) setRcv(b *builder, n uint64, now event.RcvVars) {
	now.Held = inet.ByteCount(c.held.octets())
	if now != c.rcv {
		event.Emit(c.scope(b, n), rfc.InferredRcv, event.RcvChanged{Old: c.rcv, New: now})
		c.rcv = now
	}
}

// synchronize notes what two SYNs say together, once both are known here. RFC 7323 §2.2:
// windows are scaled only if both SYNs carried the option.
func (c *tcb) synchronize(b *builder, n uint64, irs seq.Num, theirs wire.Options) {
	if c.synced {
		return
	}
	c.synced, c.irs, c.theirs = true, irs, theirs
	if c.mine.HasWScale && theirs.HasWScale {
		c.sndShift, c.rcvShift = min(theirs.WScale, 14), min(c.mine.WScale, 14)
	}
	stamps := c.mine.HasTS && theirs.HasTS
	event.Emit(c.scope(b, n), rfc.InferredSync, event.ConnSynchronized{IRS: irs,
		SMSS: c.smss(stamps), SndWScale: c.sndShift, RcvWScale: c.rcvShift, Timestamps: stamps,
		SACK: c.mine.SACKOK && theirs.SACKOK})
}

// smss is how much data a segment may carry: what the peer's SYN says, or the default, less
// the options of every segment (RFC 9293 §3.7.1, RFC 6691).
func (c *tcb) smss(stamps bool) inet.ByteCount {
	mss := inet.ByteCount(c.theirs.MSS)
	switch {
	case mss > 0:
	case c.flow.Local.Addr.Is6():
		mss = 1220
	default:
		mss = 536
	}
	if stamps {
		mss = max(mss-12, 1)
	}
	return mss
}

// offered is the window that a segment offers: "the window field in a SYN … is never
// scaled" (RFC 7323 §2.2).
func offered(s *wire.TCP, shift uint8) inet.ByteCount {
	if s.Flags.Has(wire.SYN) {
		return inet.ByteCount(s.Wnd)
	}
	return inet.ByteCount(s.Wnd) << shift
}

// acknowledged takes the ACK of a segment that arrived. It returns whether it was
// acceptable.
func (c *tcb) acknowledged(b *builder, n uint64, p *packet) {
	s := &p.tcp
	now := c.snd
	if now.NXT.Less(s.Ack) && s.Ack.Sub(now.NXT) < reach {
		now.NXT = s.Ack // the capture missed what was sent
	}
	if now.UNA.Less(s.Ack) {
		now.UNA = s.Ack
	}
	// RFC 9293 §3.10.7.4: the window is taken from no segment older than the last that told it.
	if !c.windowed || c.wl1.Less(s.Seq) || c.wl1 == s.Seq && c.wl2.LessEq(s.Ack) {
		now.WND, c.wl1, c.wl2, c.windowed = offered(s, c.sndShift), s.Seq, s.Ack, true
	}
	c.setSnd(b, n, now)
	c.scoreboard(b, n, p)
}

// scoreboard takes the SACK blocks of a segment that arrived (RFC 2018 §3, RFC 2883 §4).
func (c *tcb) scoreboard(b *builder, n uint64, p *packet) {
	blocks := p.tcp.Opts.Blocks()
	now := c.loss
	if len(blocks) > 0 && isDuplicate(p.tcp.Ack, blocks) {
		now.DSACKs++
		blocks = blocks[1:]
	}
	for _, x := range blocks {
		if c.snd.UNA.Less(x[1]) && x[1].LessEq(c.snd.NXT) && x[0].Less(x[1]) {
			c.sack.add(x[0], x[1])
		}
	}
	c.sack.before(c.snd.UNA)
	now.Sacked = inet.ByteCount(c.sack.octets())
	if now != c.loss {
		event.Emit(c.scope(b, n), rfc.InferredSACK, event.LossChanged{Old: c.loss, New: now})
		c.loss = now
	}
}

// text takes the data and the FIN of a segment that arrived.
func (c *tcb) text(b *builder, n uint64, p *packet) {
	s := &p.tcp
	from := s.Seq
	if s.Flags.Has(wire.SYN) {
		from = from.Add(1)
	}
	to := from.Add(seq.Size(p.size))
	if s.Flags.Has(wire.FIN) && !c.finGiven {
		c.finGiven, c.peerFin = true, to
	}
	now := c.rcv
	if now.NXT.Less(to) && to.Sub(now.NXT) < reach {
		c.held.add(from, to)
		now.NXT = c.held.before(now.NXT)
	}
	c.reached(b, n, now)
}

// reached moves RCV.NXT, over the FIN too once all data before it is there.
func (c *tcb) reached(b *builder, n uint64, now event.RcvVars) {
	ended := c.finGiven && c.peerFin.Less(now.NXT)
	if c.finGiven && now.NXT == c.peerFin && !c.finAhead {
		now.NXT, ended = now.NXT.Add(1), true
	}
	c.setRcv(b, n, now)
	if ended {
		c.peerEnded(b, n)
	}
}

// peerEnded is RFC 9293 §3.10.7.4, eighth check, read off the wire.
func (c *tcb) peerEnded(b *builder, n uint64) {
	switch c.state {
	case inet.SynReceived, inet.Established:
		c.become(b, n, rfc.InferredPeerFin, inet.CloseWait)
	case inet.FinWait1:
		c.become(b, n, rfc.InferredPeerFin, inet.Closing)
	case inet.FinWait2:
		c.become(b, n, rfc.InferredPeerFin, inet.TimeWait)
	}
}

// ownFin is what sending a FIN does (RFC 9293 §3.10.4).
func (c *tcb) ownFin(b *builder, n uint64, p *packet) {
	if !p.tcp.Flags.Has(wire.FIN) || c.finSent {
		return
	}
	c.finSent, c.fin = true, p.until().Add(^seq.Size(0))
	switch c.state {
	case inet.SynReceived, inet.Established:
		c.become(b, n, rfc.InferredFin, inet.FinWait1)
	case inet.CloseWait:
		c.become(b, n, rfc.InferredFin, inet.LastAck)
	}
}

// finAcked reports whether the peer has acknowledged the FIN sent here.
func (c *tcb) finAcked() bool { return c.finSent && c.fin.Less(c.snd.UNA) }
