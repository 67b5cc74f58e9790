package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// choice is what to send next, or why nothing.
type choice struct {
	send bool
	n    int  // octets of new data
	fin  bool // the FIN goes with it
	push bool
	rule rfc.ID // why it is sent, or what holds it back; "" when nothing is left
}

// unsent counts the data octets that wait for their first transmission.
func (c *Conn) unsent() int {
	n := c.snd.nxt.Sub(c.snd.base)
	if c.snd.finSent {
		n--
	}
	return c.snd.buf.len() - int(n)
}

// maySend reports whether the state lets data and FIN go out.
func (c *Conn) maySend() bool {
	switch c.state {
	case inet.Established, inet.CloseWait, inet.FinWait1, inet.Closing, inet.LastAck:
		return true
	case inet.SynReceived:
		return c.fast.taken // RFC 7413 §4.2.2: the server may answer before the handshake is over
	}
	return false
}

// usable is the usable window U of RFC 9293 §3.8.6.2.1, negative after shrinking.
func (c *Conn) usable() int64 {
	return int64(c.snd.wnd) - int64(c.snd.nxt.Sub(c.snd.una))
}

// choose applies the sender's silly window avoidance (MUST-38, RFC 9293 §3.8.6.2.1),
// Nagle's algorithm (SHLD-7) and the congestion window, in this order. D, U and Fs are
// the RFC's.
func (c *Conn) choose() choice {
	d, fin := c.unsent(), c.snd.fin && !c.snd.finSent
	if !c.maySend() || d == 0 && !fin || c.snd.queue.due.segs > 0 && !c.loss.frto.new {
		return choice{}
	}
	u := c.usable()
	if d == 0 {
		if u < 1 || c.l.k.mutant(mutantLateFIN) && c.snd.queue.len() > 0 {
			return choice{rule: rfc.TCPWindow}
		}
		return choice{send: true, fin: true, rule: rfc.TCPClose}
	}
	mss := c.effectiveMSS()
	urgent := c.urgentUnsent()
	nagle := c.l.k.Nagle != 0 && !c.opts.NoDelay && !urgent
	idle := c.snd.nxt.LessEq(c.snd.base) // no data is outstanding, though a SYN may be
	ch := choice{send: true, n: min(d, mss)}
	switch {
	case u <= 0:
		return choice{rule: rfc.TCPWindow}
	case min(int64(d), u) >= int64(mss):
		ch.rule = rfc.TCPFullSized // (1) a maximum-sized segment can be sent
	case int64(d) <= u:
		// (2) pushed, and all queued data can be sent now. A FIN pushes as well and is
		// not held back: no more data will come to fill the segment.
		if nagle && !idle && !fin && c.nagleWaits() {
			return choice{rule: rfc.TCPNagle}
		}
		if (c.opts.Cork || c.snd.more) && !fin && !urgent {
			return choice{rule: rfc.TCPCork}
		}
		ch.rule = rfc.TCPPush
	case u >= int64(c.snd.maxWnd)/2 && (idle || !nagle):
		ch.n, ch.rule = int(u), rfc.TCPSWSSender // (3) a fraction Fs = 1/2 of the window
	default:
		return choice{rule: rfc.TCPSWSSender} // (4) waits for the override timeout
	}
	if rule, ok := c.cwndAllows(inet.ByteCount(ch.n)); !ok {
		return choice{rule: rfc.TCPCwnd}
	} else if rule != "" {
		ch.rule = rule
	}
	if c.loss.frto.new {
		ch.rule = rfc.TCPFRTONew
	}
	ch.push = ch.n == d // MUST-61: "the last buffered segment"
	ch.fin = fin && ch.push && u > int64(ch.n) && !c.l.k.mutant(mutantLateFIN)
	return ch
}

// nagleWaits reports whether a small segment waits while something is unacknowledged, by
// each system's reading of the algorithm.
func (c *Conn) nagleWaits() bool {
	switch c.l.k.Nagle {
	case 2:
		return c.smallOut()
	case 3:
		return !c.restOfBurst()
	}
	return true
}

// restOfBurst reports whether nothing was outstanding when the present output began.
//
// Deviation by knob from SHLD-7: as in FreeBSD the small end of a write goes out with the
// full segments before it if the connection was idle.
func (c *Conn) restOfBurst() bool { return c.snd.burst }

// smallOut reports whether a segment that was not full is still unacknowledged.
//
// Deviation by knob from SHLD-7: Minshall's variant of the Nagle algorithm, as in linux,
// lets the small end of a large write follow the full segments before it.
func (c *Conn) smallOut() bool {
	return c.snd.smallSent && c.snd.una.Less(c.snd.small) && c.snd.small.LessEq(c.snd.nxt)
}

// cwndAllows reports whether n more octets fit the congestion window, and by which
// special rule if only that lets them.
func (c *Conn) cwndAllows(n inet.ByteCount) (special rfc.ID, ok bool) {
	out := c.outstanding()
	if c.cc.phase != phaseOpen || c.snd.queue.sacked.octets+c.loss.guessed == 0 ||
		c.flight()+n <= c.cc.cwnd {
		return "", out+n <= c.cc.cwnd
	}
	// RFC 3042 §2 sends new data on the first two duplicate ACKs, RFC 6675 §5 step (3.3)
	// for every SMSS that has left the network: with a DupThresh of 3 that is the same.
	return rfc.TCPLimited, c.l.k.LimitedTransmit != 0 && out+n <= c.cc.cwnd
}

// maxBurst bounds the segments one event can release.
const maxBurst = 1 << 16

// output sends what may be sent now, then the acknowledgment that is still due, and
// sets the persist timer.
func (c *Conn) output(fx *Effects) {
	c.loss.busy = true
	c.widen(fx)
	if !c.loss.frto.new {
		c.resendLost(fx)
	}
	var held rfc.ID
	c.sizeSegments(fx)
	c.snd.burst = c.snd.una == c.snd.nxt
	for range maxBurst {
		ch := c.choose()
		if !ch.send {
			held = ch.rule
			break
		}
		c.sendNew(ch, fx)
	}
	c.snd.burst = false
	c.frtoSent(fx)
	c.resendMore(fx)
	if c.ack.now {
		c.sendACK(c.ack.rule, fx)
	}
	c.noteLimit(held, fx.Now)
	c.loss.busy = false
	c.setTimer(fx)
	c.persistTimer(fx)
	c.showLoss(fx)
	c.userTimer(fx)
}

// sendNew sends new data, or the FIN, or both.
func (c *Conn) sendNew(ch choice, fx *Effects) {
	out := wire.TCP{Seq: c.snd.nxt, Flags: wire.ACK}
	if ch.n > 0 {
		out.Data = c.snd.buf.slice(c.snd.buf.len()-c.unsent(), ch.n)
	}
	if ch.push {
		out.Flags |= wire.PSH
	}
	if ch.fin {
		out.Flags |= wire.FIN
		c.snd.finSent = true
	}
	if ch.rule == rfc.TCPLimited {
		c.cc.limited += inet.ByteCount(ch.n)
	}
	if end := out.Seq.Add(seq.Size(ch.n)); ch.n > 0 && ch.n < c.effectiveMSS() {
		c.snd.small, c.snd.smallSent = end, true
	}
	if ch.n > 0 {
		c.snd.sentAt = fx.Now
		c.dataSent(fx)
	}
	c.transmit(&out, false, ch.rule, fx)
}

// sendSYN sends our first SYN: with an ACK when the peer's SYN came first.
func (c *Conn) sendSYN(rule rfc.ID, fx *Effects) {
	out := wire.TCP{Seq: c.iss, Flags: wire.SYN}
	if c.state == inet.SynReceived {
		out.Flags |= wire.ACK
	}
	if n := c.fast.octets; n > 0 {
		out.Data = c.snd.buf.slice(0, n)
	}
	c.transmit(&out, false, rule, fx)
}

// sendACK sends an empty segment: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>.
func (c *Conn) sendACK(rule rfc.ID, fx *Effects) {
	out := wire.TCP{Seq: c.snd.nxt, Flags: wire.ACK}
	c.transmit(&out, false, rule, fx)
}

// sendRST sends a reset of this connection. RFC 9293 §3.10.5 forms it as
// <SEQ=SND.NXT><CTL=RST>; it carries an ACK as well, since "once in the ESTABLISHED
// state, all segments must carry current acknowledgment information" (§3.8).
func (c *Conn) sendRST(rule rfc.ID, fx *Effects) {
	out := wire.TCP{Seq: c.snd.nxt, Flags: wire.RST | wire.ACK}
	c.transmit(&out, false, rule, fx)
}

// transmit fills in what every segment has, gives it to IP, and accounts for it: what
// is new enters the retransmission queue, an ACK settles what was due.
func (c *Conn) transmit(out *wire.TCP, again bool, rule rfc.ID, fx *Effects) {
	out.SrcPort, out.DstPort = c.flow.Local.Port, c.flow.Remote.Port
	if out.Flags.Has(wire.ACK) {
		out.Ack = c.rcv.nxt
	}
	if again && len(out.Data) > 0 && c.l.k.mutant(mutantInconsistent) {
		out.Data = c.mutantData(out)
	}
	c.setUrgent(out)
	c.setOptions(out, c.tsNow(fx.Now))
	grew := c.offerWindow(out)
	// MUST-48: "the application layer MUST be able to specify the Differentiated Services
	// field for segments that are sent on a connection"; MUST-49 for the TTL.
	tos := c.opts.TOS&^3 | c.markECN(out, again, rule)
	c.l.give(c.flow, out, service{tos, c.opts.TTL, c.mayFragment()}, c.id, again, rule, fx)
	if out.Flags.Has(wire.ACK) {
		c.ackSent(fx)
	}
	if grew {
		c.showRcv(rfc.TCPOfferWindow, fx)
	}
	if out.Flags.Has(wire.RST) || out.Len() == 0 {
		return
	}
	if end := out.Seq.Add(out.Len()); c.snd.nxt.Less(end) {
		if out.Flags.Has(wire.SYN) && len(out.Data) > 0 {
			// The SYN is sent again without its data (RFC 7413 §4.1.3.1).
			c.snd.queue.push(sent{seq: out.Seq, end: out.Seq.Add(1), at: fx.Now, syn: true})
			out.Seq, out.Flags = out.Seq.Add(1), out.Flags&^wire.SYN|wire.PSH
		}
		c.snd.queue.push(sent{seq: out.Seq, end: end, at: fx.Now,
			syn: out.Flags.Has(wire.SYN), fin: out.Flags.Has(wire.FIN), push: out.Flags.Has(wire.PSH)})
		c.snd.nxt = end
		c.loss.probeAgain = true
		c.showSnd(rule, fx)
	}
	if c.reducing() {
		// RFC 9937 §6.2: "On any data transmission or retransmission: prr_out += (data
		// sent)".
		c.loss.prr.out += inet.ByteCount(out.Len())
	}
	c.startRTO(fx)
}

// sndLimit is the right edge of the send window.
func (c *Conn) sndLimit() seq.Num { return c.snd.una.Add(c.snd.wnd) }
