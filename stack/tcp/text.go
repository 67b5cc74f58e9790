package tcp

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// The seventh and eighth checks of RFC 9293 §3.10.7.4: the segment's text and its FIN.

// text takes the data of a segment: "Data from segments can be moved into buffers until
// either the buffer is full or the segment is empty."
func (c *Conn) text(a *arrival, fx *Effects) {
	if len(a.data) == 0 {
		return
	}
	switch c.state {
	case inet.Established, inet.FinWait1, inet.FinWait2:
	default:
		// CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT: "This should not occur since a FIN has
		// been received from the remote side. Ignore the segment text."
		refuse(c.id, a.pkt, "text-after-fin", len(a.data), rfc.TCPTextLate, fx)
		a.data = nil
		return
	}
	if c.nobodyReads() && c.rcv.nxt.Less(a.seq.Add(seq.Size(len(a.data)))) {
		// SHLD-3: "if new data is received after CLOSE is called, its TCP implementation
		// SHOULD send a RST to show that data was lost".
		refuse(c.id, a.pkt, "nobody-reads", len(a.data), rfc.TCPLateData, fx)
		if c.l.k.mutant(mutantNoRSTAfterClose) {
			a.data = nil
			return
		}
		c.l.replyRST(c.flow, c.id, a.seg, rfc.TCPLateData, fx)
		c.remove(inet.ECONNRESET, rfc.TCPLateData, fx)
		return
	}
	if !c.trim(a, fx) {
		return
	}
	c.takeMark(a.seg, fx)
	c.dataArrived(len(a.data), a.seg.Flags.Has(wire.PSH), fx)
	if a.seq == c.rcv.nxt {
		c.inOrder(a, fx)
	} else {
		c.hold(a, fx)
	}
}

// nobodyReads reports whether data that comes now can never be read: the socket is
// closed, or both directions were shut.
func (c *Conn) nobodyReads() bool {
	shut := c.shutRead && c.l.k.BSDSockets == 0 // FreeBSD goes on throwing away
	return c.orphan || shut && (c.state == inet.FinWait1 || c.state == inet.FinWait2)
}

// trim cuts off what lies outside the window: "One could tailor actual segments to fit
// this assumption by trimming off any portions that lie outside the window (including SYN
// and FIN)". It reports whether data is left.
func (c *Conn) trim(a *arrival, fx *Effects) bool {
	trimmed := 0
	if a.seq.Less(c.rcv.nxt) {
		old := min(int(c.rcv.nxt.Sub(a.seq)), len(a.data))
		c.noteDuplicate(a.seq, a.seq.Add(seq.Size(old)))
		a.seq, a.data = a.seq.Add(seq.Size(old)), a.data[old:]
		trimmed = old
	}
	limit := c.rcv.nxt.Add(c.rcv.wnd)
	if c.rcv.finSeen && c.rcv.finAt.Less(limit) {
		limit = c.rcv.finAt // nothing comes after the peer's FIN
	}
	if end := a.seq.Add(seq.Size(len(a.data))); limit.Less(end) {
		over := min(int(end.Sub(limit)), len(a.data))
		a.data = a.data[:len(a.data)-over]
		a.fin = false
		trimmed += over
	}
	if trimmed > 0 {
		refuse(c.id, a.pkt, "outside-window", trimmed, rfc.TCPTrim, fx)
		c.ackNow(rfc.TCPTrim)
	}
	return len(a.data) > 0
}

// inOrder takes data at RCV.NXT, and what was held behind it: it "advances RCV.NXT over
// the data accepted, and adjusts RCV.WND as appropriate to the current buffer
// availability. The total of RCV.NXT and RCV.WND should not be reduced."
func (c *Conn) inOrder(a *arrival, fx *Effects) {
	gap := len(c.rcv.held.list) > 0
	c.rcv.buf.put(0, a.data)
	c.fatten()
	if !c.rcv.hasDup {
		c.noteHeld(a.seq, a.seq.Add(seq.Size(len(a.data))))
	}
	nxt := c.rcv.held.join(a.seq.Add(seq.Size(len(a.data))))
	n := nxt.Sub(c.rcv.nxt)
	c.rcv.buf.extend(int(n))
	c.rcv.taken += uint64(n)
	c.rcv.nxt = nxt
	c.rcv.wnd -= n
	if c.shutRead && c.l.k.BSDSockets != 0 {
		c.rcv.buf.drop(c.rcv.buf.len()) // as FreeBSD: taken, and thrown away
		c.passed(fx)
	}
	c.showRcv(rfc.TCPText, fx)
	c.scheduleACK(gap, fx)
	fx.ready(c)
}

// hold keeps data ahead of a gap: "Segments with higher beginning sequence numbers SHOULD
// be held for later processing" (SHLD-31). It is acknowledged at once: RFC 5681 §4.2, "a
// TCP receiver SHOULD send an immediate duplicate ACK when an out-of-order segment
// arrives".
func (c *Conn) hold(a *arrival, fx *Effects) {
	if c.l.k.mutant(mutantForgetsAbove) {
		refuse(c.id, a.pkt, "too-many-gaps", len(a.data), rfc.TCPHoldLimit, fx)
		c.ackNow(rfc.TCPGapACK)
		a.fin = false
		return
	}
	end := a.seq.Add(seq.Size(len(a.data)))
	c.noteHeld(a.seq, end)
	ok, _ := c.rcv.held.add(a.seq, end)
	if !ok {
		refuse(c.id, a.pkt, "too-many-gaps", len(a.data), rfc.TCPHoldLimit, fx)
		c.ackNow(rfc.TCPGapACK)
		a.fin = false
		return
	}
	c.rcv.buf.put(int(a.seq.Sub(c.rcv.nxt)), a.data)
	c.fatten()
	c.emitHeld(a, end, fx)
	c.showRcv(rfc.TCPHold, fx)
	c.quicken()
	c.ackNow(rfc.TCPGapACK)
}

// noteHeld has the next ACK report what came again of the data held: RFC 2883 §4.2, the
// duplicate part of a partial duplicate too.
func (c *Conn) noteHeld(start, end seq.Num) {
	if from, to, some := c.rcv.held.overlap(start, end); some {
		c.noteDuplicate(from, to)
	}
}

// finArrived takes the peer's FIN when all before it has come: "advance RCV.NXT over the
// FIN, and send an acknowledgment for the FIN".
func (c *Conn) finArrived(a *arrival, fx *Effects) {
	if a.fin && !c.rcv.fin && !c.rcv.finSeen {
		at := a.seq.Add(seq.Size(len(a.data)))
		if !at.InWindow(c.rcv.nxt, c.rcv.wnd) && at != c.rcv.nxt {
			return
		}
		c.rcv.finSeen, c.rcv.finAt = true, at
		if at != c.rcv.nxt {
			c.ackNow(rfc.TCPGapACK)
		}
	}
	if !c.rcv.finSeen || c.rcv.fin || c.rcv.finAt != c.rcv.nxt {
		return
	}
	c.rcv.fin = true
	c.rcv.nxt = c.rcv.nxt.Add(1)
	c.rcv.wnd -= min(c.rcv.wnd, 1)
	c.showRcv(rfc.TCPFIN, fx)
	c.ackNow(rfc.TCPFIN)
	fx.ready(c)
	switch c.state {
	case inet.SynReceived, inet.Established:
		c.enter(inet.CloseWait, rfc.TCPFIN, fx)
	case inet.FinWait1:
		// Had our FIN been acknowledged, the state would be FIN-WAIT-2 by now.
		c.enter(inet.Closing, rfc.TCPFIN, fx)
	case inet.FinWait2:
		c.enterTimeWait(rfc.TCPFIN, fx)
	}
}

// emitHeld tells what is kept ahead of a gap.
func (c *Conn) emitHeld(a *arrival, end seq.Num, fx *Effects) {
	emit(c, rfc.TCPHold, event.SegmentHeld{Pkt: a.pkt, Seq: a.seq, End: end}, fx)
}
