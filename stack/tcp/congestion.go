package tcp

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// congestion decides how the congestion window grows and shrinks. What it is told is in
// octets, what it changes is the window; when to retransmit is not its business.
// Implementations hold no state of their own, so that a connection can change over.
type congestion interface {
	// acked: n octets of new data were acknowledged while no loss is being repaired.
	// It returns the rule it went by.
	acked(w *window, n inet.ByteCount) rfc.ID
	// ssthresh is the slow start threshold after a loss with flight octets outstanding.
	ssthresh(w *window, flight inet.ByteCount) inet.ByteCount
	// staysForPartial: an acknowledgment that does not cover all that was outstanding at
	// the loss repairs the next hole (RFC 6582) and does not end fast recovery.
	staysForPartial() bool
}

// window holds the variables congestion control works on (RFC 5681 §2).
type window struct {
	smss     inet.ByteCount
	cwnd     inet.ByteCount
	ssthresh inet.ByteCount
	grown    inet.ByteCount // octets acknowledged in congestion avoidance, towards one SMSS
}

// noSsthresh is the initial threshold: RFC 5681 §3.1, "arbitrarily high".
const noSsthresh inet.ByteCount = 1<<31 - 1

// congestionByName returns the algorithm that a knob names.
func congestionByName(name string) (congestion, bool) {
	switch name {
	case "reno":
		return reno{}, true
	case "newreno":
		return newReno{}, true
	}
	return nil, false
}

// reno is RFC 5681 as it stands: fast recovery ends with the first new acknowledgment.
type reno struct{}

func (reno) acked(w *window, n inet.ByteCount) rfc.ID {
	if w.cwnd < w.ssthresh {
		// RFC 5681 §3.1, equation 2: "cwnd += min (N, SMSS)".
		w.cwnd += min(n, w.smss)
		return rfc.TCPSlowStart
	}
	// RFC 5681 §3.1: cwnd grows by one SMSS per round trip; "the recommended way to
	// increase cwnd during congestion avoidance is to count the number of bytes that
	// have been acknowledged by ACKs for new data".
	w.grown += n
	if w.grown >= w.cwnd {
		w.grown -= w.cwnd
		w.cwnd += w.smss
	}
	return rfc.TCPAvoidance
}

// ssthresh: RFC 5681 §3.1, equation 4: "ssthresh = max (FlightSize / 2, 2*SMSS)".
func (reno) ssthresh(w *window, flight inet.ByteCount) inet.ByteCount {
	return max(flight/2, 2*w.smss)
}

func (reno) staysForPartial() bool { return false }

// newReno is reno with the recovery of RFC 6582.
type newReno struct{ reno }

func (newReno) staysForPartial() bool { return true }

// ccState is congestion control and loss recovery of one connection.
type ccState struct {
	window
	phase   lossPhase
	dupAcks int
	high    lossMark       // where a recovery may begin and ends
	limited inet.ByteCount // octets sent by limited transmit since SND.UNA moved
	cursor  int            // absolute number of the next segment to send again
	resends bool           // the segments from cursor up to high are to be sent again
}

// lossPhase says whether a loss is being repaired, and how.
type lossPhase uint8

const (
	phaseOpen     lossPhase = iota // no loss known
	phaseRecovery                  // fast recovery after three duplicate ACKs
	phaseLoss                      // after a retransmission timeout
)

func (c *Conn) algorithm() congestion {
	a, ok := congestionByName(c.l.k.Congestion)
	if !ok {
		panic("BUG: unknown congestion control " + c.l.k.Congestion)
	}
	return a
}

func (c *Conn) ccVars() event.CCVars {
	if c.cc.cwnd == 0 {
		return event.CCVars{}
	}
	v := event.CCVars{Cwnd: c.cc.cwnd, Ssthresh: c.cc.ssthresh}
	switch {
	case c.cc.phase == phaseRecovery:
		v.Phase = "fast-recovery"
	case c.cc.phase == phaseLoss:
		v.Phase = "loss"
	case c.cc.cwnd < c.cc.ssthresh:
		v.Phase = "slow-start"
	default:
		v.Phase = "congestion-avoidance"
	}
	return v
}

// showCC tells that the congestion variables changed, if they did.
func (c *Conn) showCC(rule rfc.ID, fx *Effects) {
	if now := c.ccVars(); now != c.shownCC {
		c.emit(rule, event.CCChanged{Old: c.shownCC, New: now}, fx)
		c.shownCC = now
	}
}

// initialWindow is IW: RFC 6928 §2, "min (10*MSS, max (2*MSS, 14600))", with the knob's
// number of segments for the 10.
func (c *Conn) initialWindow() inet.ByteCount {
	iw := inet.ByteCount(c.l.k.IW)
	smss := inet.ByteCount(c.snd.mss)
	return min(iw*smss, max(2*smss, iw*1460))
}

// startCC sets the window when the connection is synchronized.
func (c *Conn) startCC(fx *Effects) {
	smss := inet.ByteCount(c.snd.mss)
	c.cc.window = window{smss: smss, cwnd: c.initialWindow(), ssthresh: noSsthresh}
	c.cc.phase, c.cc.dupAcks = phaseOpen, 0
	if c.retries > 0 {
		// RFC 5681 §3.1: "if the SYN or SYN/ACK is lost, the initial window used by a sender
		// after a correctly transmitted SYN MUST be one segment consisting of at most SMSS".
		c.cc.cwnd = smss
		c.showCC(rfc.TCPSynLostWindow, fx)
		return
	}
	c.showCC(rfc.TCPInitialWindow, fx)
}

// restartIdle: RFC 5681 §4.1, "a TCP SHOULD set cwnd to no more than RW before beginning
// transmission if the TCP has not sent data in an interval exceeding the retransmission
// timeout", RW = min(IW, cwnd).
func (c *Conn) restartIdle(fx *Effects) {
	idle := fx.Now.Sub(c.snd.sentAt)
	if c.l.k.IdleRestart == 0 || c.snd.queue.len() > 0 || c.snd.sentAt == 0 || idle <= c.rto() {
		return
	}
	c.cc.cwnd = min(c.initialWindow(), c.cc.cwnd)
	c.showCC(rfc.TCPIdleRestart, fx)
}

// windowUsed reports whether flight octets made use of the window: in slow start of half
// of it, later of all but less than a segment.
func (w *window) windowUsed(flight inet.ByteCount) bool {
	if w.cwnd < w.ssthresh {
		return 2*flight >= w.cwnd
	}
	return flight+w.smss > w.cwnd
}

// grow lets the window grow for n newly acknowledged octets of flight, and the send
// buffer with it. A window that was not used says nothing about the path (RFC 7661 §1),
// so it does not grow.
func (c *Conn) grow(n, flight inet.ByteCount, fx *Effects) {
	if !c.cc.windowUsed(flight) {
		return
	}
	rule := c.algorithm().acked(&c.cc.window, n)
	c.showCC(rule, fx)
	if k := c.l.k; c.opts.SndBuf == 0 && c.snd.size < 2*c.cc.cwnd {
		c.snd.size = max(c.snd.size, min(2*c.cc.cwnd, k.SndBufMax))
	}
}
