package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// Taking a reduction back that nothing was lost for: the Eifel detection and response (RFC
// 3522, RFC 4015) by timestamps, and RFC 3708 by D-SACKs.

// undoState is what the last reduction can be judged by. The zero value cannot be undone.
type undoState struct {
	set     bool
	marker  seq.Num // SND.UNA when the reduction began
	again   bool    // something was sent again since
	retrans int     // segments sent again that no D-SACK has spoken of
	stamp   uint32  // RetransmitTS of RFC 3522 §3.2: the clock at the first of them
}

// startUndo begins to watch whether a reduction was right. A probe that is still on its
// way counts as sent again.
func (c *Conn) startUndo() {
	if c.l.k.Undo == 0 {
		c.loss.undo = undoState{}
		return
	}
	n := c.snd.queue.retrans.segs
	c.loss.undo = undoState{set: true, marker: c.snd.una, retrans: n}
}

// repeated counts one retransmission.
func (u *undoState) repeated(clock uint32) {
	if !u.set {
		return
	}
	if !u.again {
		u.again, u.stamp = true, clock
	}
	u.retrans++
}

// noteDSACK: RFC 3708 §3.2, a D-SACK for what was sent again since the reduction shows
// that this retransmission was not needed.
func (c *Conn) noteDSACK(d *delivery) {
	u := &c.loss.undo
	if !d.dsack || !u.set || u.retrans == 0 || !u.marker.Less(d.twice.to) ||
		!d.twice.to.LessEq(c.snd.una) {
		return
	}
	n := (inet.ByteCount(d.twice.to.Sub(d.twice.from)) + c.cc.smss - 1) / c.cc.smss
	u.retrans = max(0, u.retrans-int(n))
}

// overtaken reports whether the acknowledgment answers what was sent before the first
// retransmission: RFC 3522 §3.2 step (4), "If the value of the Timestamp Echo Reply field
// […] is smaller than the value of RetransmitTS".
func (c *Conn) overtaken(d *delivery) bool {
	u, o := &c.loss.undo, &d.seg.Opts
	return u.set && u.again && c.ts.on && o.HasTS && o.TSEcr != 0 && int32(o.TSEcr-u.stamp) < 0
}

// needless returns the rule by which the last reduction was not needed, "" if none says
// so. RFC 3708 §3: "all of the retransmitted segments […] have been reported".
func (c *Conn) needless(d *delivery) rfc.ID {
	switch u := &c.loss.undo; {
	case u.set && u.again && u.retrans == 0:
		return rfc.TCPDSACKUndo
	case c.overtaken(d):
		return rfc.TCPEifel
	}
	return ""
}

// undo takes the last reduction back: RFC 4015 §3.2 steps (6) to (8) restore ssthresh, and
// cwnd too in the version that linux has. Nothing counts as lost any more.
func (c *Conn) undo(rule rfc.ID, fx *Effects) {
	if c.cc.phase == phaseRecovery && c.loss.repair == repairInflate {
		c.cc.cwnd = min(c.cc.cwnd, c.cc.ssthresh) // without what duplicates added
	}
	c.algorithm().undone(&c.cc.window)
	q := &c.snd.queue
	for i := 0; q.lost.segs > 0; i++ {
		if q.at(i).lost {
			q.found(i)
		}
	}
	c.cc.phase, c.cc.dupAcks = phaseOpen, 0
	c.ecn.cwr = false
	c.loss.guessed, c.loss.judged = 0, c.snd.una
	c.loss.undo, c.loss.tlp, c.loss.frto = undoState{}, tlpState{}, frtoState{}
	if r := &c.loss.rack; rule == rfc.TCPDSACKUndo {
		r.persist = min(16, r.persist+1)
	}
	c.showCC(rule, fx)
}

// undoDSACK undoes when D-SACKs have spoken of every retransmission.
func (c *Conn) undoDSACK(fx *Effects) {
	if u := &c.loss.undo; u.set && u.again && u.retrans == 0 {
		c.undo(rfc.TCPDSACKUndo, fx)
	}
}

// undoPartial judges an acknowledgment of a part of the flight in fast recovery: if it
// answers an original, the path reorders more than was thought. While retransmissions are
// on their way the reduction stays.
func (c *Conn) undoPartial(d *delivery, fx *Effects) {
	if !c.overtaken(d) {
		return
	}
	c.reordered(d.from)
	if c.snd.queue.retrans.segs == 0 {
		c.undo(rfc.TCPEifel, fx)
	}
}
