package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// Retransmission: which segment is sent again (NextSeg of RFC 6675 §4), and how.

// resendLost sends again what is lost, as the windows allow: NextSeg's rule (1), RFC 5681
// §3.1 after a timeout: "the TCP sender uses the slow start algorithm to increase the
// window from 1 full-sized segment".
func (c *Conn) resendLost(fx *Effects) {
	q := &c.snd.queue
	for q.due.segs > 0 && c.maySend() {
		i := q.nextDue()
		c.fit(i)
		c.gather(i)
		s := q.at(i)
		// SHLD-16: the old data between SND.UNA and SND.UNA+SND.WND only.
		if c.outstanding()+s.len() > c.cc.cwnd || !s.end.LessEq(c.sndLimit()) {
			return
		}
		c.resend(i, s.why, fx)
	}
}

// resendDue sends the first lost segment again whatever the window says.
func (c *Conn) resendDue(fx *Effects) {
	if q := &c.snd.queue; q.due.segs > 0 {
		i := q.nextDue()
		c.resend(i, q.at(i).why, fx)
	}
}

// resendMore is NextSeg's rules (3) and (4) of RFC 6675 §4, when neither lost nor new data
// can be sent though the window has room. RACK finds what they are for by itself.
func (c *Conn) resendMore(fx *Effects) {
	q := &c.snd.queue
	if c.cc.phase != phaseRecovery || c.loss.repair == repairInflate || !c.usesSACK() ||
		c.l.k.Recovery&1 != 0 || q.due.segs > 0 {
		return
	}
	top := c.snd.una
	if n := len(q.held.list); n > 0 {
		top = q.held.list[n-1].to
	}
	for i := q.find(c.loss.judged.Max(c.snd.una)); i < q.len() && q.at(i).end.LessEq(top); i++ {
		if !c.roomFor(q.at(i)) {
			return
		}
		if s := q.at(i); !s.sacked && !s.lost && !s.retrans {
			// Rule (3): data "that satisfies rules (1.a) and (1.b)" but for which IsLost is
			// not true.
			c.resend(i, rfc.TCPNextSegGuess, fx)
		}
	}
	i := q.len() - 1
	for i >= 0 && q.at(i).sacked {
		i--
	}
	if i >= 0 && c.loss.rescue.Less(c.snd.una) && c.roomFor(q.at(i)) {
		// Rule (4): "one segment of up to SMSS octets that MUST include the highest
		// outstanding unSACKed sequence number SHOULD be returned, and RescueRxt set to
		// RecoveryPoint".
		c.loss.rescue = c.cc.high.seq
		c.resend(i, rfc.TCPRescue, fx)
	}
}

func (c *Conn) roomFor(s *sent) bool {
	return c.outstanding()+s.len() <= c.cc.cwnd && s.end.LessEq(c.sndLimit())
}

// tooLong reports whether the i-th segment is larger than one may be now.
func (c *Conn) tooLong(i int) bool {
	s := c.snd.queue.at(i)
	n := s.len()
	if s.fin {
		n--
	}
	return !s.syn && c.snd.mss > 0 && n > inet.ByteCount(c.snd.mss)
}

// fit splits the i-th segment when it is too long.
func (c *Conn) fit(i int) {
	if c.tooLong(i) {
		c.snd.queue.split(i, c.snd.queue.at(i).seq.Add(seq.Size(c.snd.mss)))
	}
}

// gather fills the i-th segment up with what follows it, and with a FIN behind that. RFC 1122
// §4.2.2.15 allows it: "a TCP MAY repacketize". By knob, as linux and freebsd do: whole
// segments as long as they fit, and a part of one that goes again because it was too large.
func (c *Conn) gather(i int) {
	q := &c.snd.queue
	if c.l.k.Collapse == 0 || q.at(i).syn || !q.at(i).due() {
		return
	}
	for i+1 < q.len() && !q.at(i).fin {
		s, next := q.at(i), q.at(i+1)
		room := inet.ByteCount(c.snd.mss) - s.len()
		n := next.len()
		if next.fin {
			n--
		}
		switch {
		case room <= 0, next.sacked, !next.end.LessEq(c.sndLimit()):
			return
		case n <= room:
		case s.due() && next.due() && !s.push && c.tooLong(i+1):
			q.split(i+1, next.seq.Add(seq.Size(room)))
		default:
			return
		}
		q.join(i)
	}
}

// resend sends the i-th segment of the retransmission queue again. When it is lost, the
// event that said so is the cause.
func (c *Conn) resend(i int, rule rfc.ID, fx *Effects) {
	c.fit(i)
	c.gather(i)
	s := c.snd.queue.at(i)
	by := fx.By
	if s.lost && s.by != 0 {
		fx.By = s.by
	}
	c.loss.sentAgain++
	c.loss.undo.repeated(c.tsNow(fx.Now))
	out := wire.TCP{Seq: s.seq, Flags: wire.ACK}
	n := int(s.end.Sub(s.seq))
	if s.fin {
		out.Flags |= wire.FIN
		n--
	}
	if s.syn {
		out.Flags = wire.SYN
		if c.state != inet.SynSent {
			out.Flags |= wire.ACK
		}
		n--
	}
	if n > 0 {
		off := int(s.seq.Sub(c.snd.base))
		out.Data = c.snd.buf.slice(off, n)
		// MUST-61 asks for the last buffered segment; by knob, as in linux, what was pushed
		// stays pushed.
		if k := c.l.k.KeepPush; k == 0 && off+n == c.snd.buf.len() || k != 0 && s.push {
			out.Flags |= wire.PSH
		}
	}
	if s.syn {
		s.again, s.at = true, fx.Now // a handshake has no scoreboard
	} else {
		c.snd.queue.resent(i, fx.Now)
	}
	if i == 0 && c.cc.phase == phaseRecovery {
		// RFC 6675 §6 allows "re-arming the RTO timer" when a segment is sent again in loss
		// recovery; as linux, for the first one outstanding.
		c.loss.restart = true
	}
	c.transmit(&out, true, rule, fx)
	fx.By = by
}

// resendFirstOctet sends only the first octet of the retransmission queue again, as a
// probe of a closed window.
func (c *Conn) resendFirstOctet(rule rfc.ID, fx *Effects) {
	q := &c.snd.queue
	s := q.at(0)
	s.again, s.at = true, fx.Now
	q.order.push(s.seq, s.at, q)
	out := wire.TCP{Seq: s.seq, Flags: wire.ACK}
	if s.fin && s.end.Sub(s.seq) == 1 {
		out.Flags |= wire.FIN
	} else {
		out.Data = c.snd.buf.slice(int(s.seq.Sub(c.snd.base)), 1)
	}
	c.transmit(&out, true, rule, fx)
}
