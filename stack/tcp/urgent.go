package tcp

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// Urgent data: RFC 9293 §3.8.5 and RFC 6093. MUST-30: "TCP implementations MUST still
// include support for the urgent mechanism", though SHLD-13 wants no new program to use it.
//
// As every system does since 4.2BSD, a program sees only the last urgent octet, and sees it
// apart from the stream unless SO_OOBINLINE is set (RFC 6093 §3.1). RFC 9293 itself knows
// no such octet: what it calls urgent data is all up to the pointer.

// urgentState is one direction's urgent pointer. The zero value is normal mode.
type urgentState struct {
	on    bool    // urgent mode
	up    seq.Num // SND.UP or RCV.UP: the octet behind the urgent data
	taken bool    // RCV.UP: the urgent octet was read apart
}

func (c *Conn) urgentVars() event.UrgentVars {
	return event.UrgentVars{SndUP: c.snd.urg.up, SndUrgent: c.snd.urg.on,
		RcvUP: c.rcv.urg.up, RcvUrgent: c.rcv.urg.on}
}

// showUrgent tells that an urgent pointer or mode changed, if it did.
func (c *Conn) showUrgent(rule rfc.ID, fx *Effects) {
	if now := c.urgentVars(); now != c.shownUrgent {
		emit(c, rule, event.UrgentChanged{Old: c.shownUrgent, New: now}, fx)
		c.shownUrgent = now
	}
}

// markUrgent puts SND.UP behind what was just queued: RFC 9293 §3.10.2, "If the URGENT flag
// is set, then SND.UP <- SND.NXT and set the urgent pointer in the outgoing segments".
func (c *Conn) markUrgent(fx *Effects) {
	c.snd.urg = urgentState{on: true, up: c.snd.base.Add(seq.Size(c.snd.buf.len()))}
	c.showUrgent(rfc.TCPUrgentSend, fx)
}

// setUrgent sets the urgent pointer of a segment that begins before SND.UP. MUST-62: "The
// urgent pointer MUST point to the sequence number of the octet following the urgent data."
// A pointer too far for its field says as much as it can (MUST-31: "a sequence of urgent
// data of any length"); a later segment says the rest.
func (c *Conn) setUrgent(out *wire.TCP) {
	if !c.snd.urg.on || out.Flags&(wire.SYN|wire.RST) != 0 || !out.Seq.Less(c.snd.urg.up) {
		return
	}
	out.Flags |= wire.URG
	out.Urg = uint16(min(c.snd.urg.up.Sub(out.Seq), maxField))
}

// urgentUnsent reports whether urgent data waits for its first transmission: neither Nagle
// nor a cork holds that back.
func (c *Conn) urgentUnsent() bool { return c.snd.urg.on && c.snd.nxt.Less(c.snd.urg.up) }

// urgentAcked leaves urgent mode when the peer has acknowledged all urgent data.
func (c *Conn) urgentAcked(fx *Effects) {
	if c.snd.urg.on && c.snd.urg.up.LessEq(c.snd.una) {
		c.snd.urg = urgentState{}
		c.showUrgent(rfc.TCPUrgentAcked, fx)
	}
}

// checkURG is the sixth check of RFC 9293 §3.10.7.4: "If the URG bit is set, RCV.UP <-
// max(RCV.UP,SEG.UP), and signal the user that the remote side has urgent data if the urgent
// pointer (RCV.UP) is in advance of the data consumed." It counts even where the window is
// zero (MUST-66). A pointer that recedes, or lies behind what was read, is ignored: "a TCP
// receiver should be robust to invalid urgent pointer values".
func (c *Conn) checkURG(a *arrival, fx *Effects) {
	if !a.seg.Flags.Has(wire.URG) {
		return
	}
	switch c.state {
	case inet.Established, inet.FinWait1, inet.FinWait2:
	default:
		return // "This should not occur […]. Ignore the URG."
	}
	up := a.seg.Seq.Add(seq.Size(a.seg.Urg))
	if up.LessEq(c.consumed()) || c.rcv.urg.on && up.LessEq(c.rcv.urg.up) {
		return
	}
	// MUST-32: "inform the application layer asynchronously whenever it receives an urgent
	// pointer and there was previously no pending urgent data, or whenever the urgent pointer
	// advances in the data stream".
	c.rcv.urg = urgentState{on: true, up: up}
	c.showUrgent(rfc.TCPUrgent, fx)
	fx.ready(c)
}

// consumed is the sequence number of the next octet a program reads.
func (c *Conn) consumed() seq.Num {
	next := c.rcv.nxt
	if c.rcv.fin {
		next--
	}
	return next - seq.Num(c.rcv.buf.len())
}

// toMark counts the octets in front of the urgent one; ok is false in normal mode.
func (c *Conn) toMark() (n int, ok bool) {
	if !c.rcv.urg.on {
		return 0, false
	}
	return int((c.rcv.urg.up - 1).Sub(c.consumed())), true
}

// Urgent reports whether an urgent octet is announced that was not read (MUST-33: "at least
// to determine whether more urgent data remains to be read").
func (c *Conn) Urgent() bool { return c.rcv.urg.on && !c.rcv.urg.taken }

// AtMark reports whether the next octet is the urgent one (SIOCATMARK).
func (c *Conn) AtMark() bool { n, ok := c.toMark(); return ok && n == 0 }

// readable returns the octets a read may take: skip of them are passed over, n returned. A
// read stops in front of the urgent octet and, unless that is read in line, skips it when
// something is behind it.
func (c *Conn) readable() (skip, n int) {
	n = c.rcv.buf.len()
	mark, urgent := c.toMark()
	switch {
	case !urgent || mark >= n:
		return 0, n
	case mark > 0:
		return 0, mark
	case c.opts.OOBInline:
		return 0, n
	case n == 1 && !c.ended():
		// Deviation: linux passes over the octet also when nothing follows, and it is lost.
		// It is kept here until something does, so that it can still be read apart.
		return 0, 0
	}
	return 1, n - 1
}

// ended reports whether nothing more can come.
func (c *Conn) ended() bool { return c.rcv.fin || c.shutRead || c.state == inet.Closed }

// passed leaves urgent mode when reading has come to the urgent pointer: "when the receive
// sequence number catches up to the urgent pointer, the TCP implementation must tell user to
// go into 'normal mode'".
func (c *Conn) passed(fx *Effects) {
	if c.rcv.urg.on && c.rcv.urg.up.LessEq(c.consumed()) {
		c.rcv.urg = urgentState{}
		if c.state != inet.Closed {
			c.showUrgent(rfc.TCPUrgentOver, fx)
		}
	}
}

// RecvUrgent is recv with MSG_OOB: it returns the urgent octet, and takes it unless peek.
// EINVAL: there is none, it was taken, or it is read in line. EAGAIN: it is announced but
// not here yet.
func (c *Conn) RecvUrgent(peek bool, fx *Effects) (b byte, e inet.Errno) {
	mark, urgent := c.toMark()
	switch {
	case !urgent || c.opts.OOBInline || c.rcv.urg.taken:
		return 0, inet.EINVAL
	case mark >= c.rcv.buf.len():
		return 0, inet.EAGAIN
	}
	c.rcv.urg.taken = !peek
	return c.rcv.buf.slice(mark, 1)[0], inet.OK
}
