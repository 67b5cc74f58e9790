package tcp

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// congestion decides how the congestion window grows and shrinks. What it is told is in
// octets, what it changes is the window; which segment to send again, and how fast while
// a loss is repaired, is not its business. Implementations hold no state of their own, so
// that a connection can change over: all of it lies in the window.
type congestion interface {
	// name is the value of the knob that stands for it.
	name() string
	// acked takes an acknowledgment and lets cwnd grow. It returns the rule it went by.
	acked(w *window, a *acking) rfc.ID
	// lost is told of a congestion event (RFC 9438 §4.6: "a packet loss is detected by
	// duplicate ACKs", or a network marked a packet) with flight octets outstanding. It
	// sets ssthresh; cwnd is left to whoever repairs the loss.
	lost(w *window, flight inet.ByteCount, now sim.Time)
	// timeout is the same for a retransmission timeout.
	timeout(w *window, flight inet.ByteCount, now sim.Time)
	// undone takes the last lost or timeout back: nothing had been lost (RFC 4015 §3,
	// RFC 9438 §4.9).
	undone(w *window)
	// idle says that the window has gone unused: the time that passes until it grows again
	// tells nothing about the path.
	idle(w *window, now sim.Time)
	// recovery says how a loss is repaired that duplicate ACKs tell of.
	recovery() recoveryKind
}

// acking is what an acknowledgment tells congestion control. The zero value tells nothing.
type acking struct {
	now    sim.Time
	octets inet.ByteCount // newly acknowledged, cumulatively or by SACK
	flight inet.ByteCount // outstanding before it
	sample time.Duration  // the round trip it measured; 0: none
	srtt   time.Duration  // SRTT; 0: not measured yet
	una    seq.Num        // SND.UNA after it
	nxt    seq.Num        // SND.NXT after it: rounds are counted by these two

	timedOut bool // it is one for what was sent again after a timeout
}

// recoveryKind is how much of RFC 5681 §3.2 and its successors an algorithm has.
type recoveryKind uint8

const (
	// recoverySlowStart: no fast recovery at all. Three duplicate ACKs retransmit and put
	// cwnd at one segment.
	recoverySlowStart recoveryKind = iota
	// recoveryClassic: RFC 5681 §3.2 to the letter. Fast recovery ends with the first
	// acknowledgment of new data, and what SACK tells is not used.
	recoveryClassic
	// recoveryModern: fast recovery lasts until all is acknowledged that was outstanding
	// when it began (RFC 6582), and uses what SACK tells (RFC 6675).
	recoveryModern
)

// window holds the variables congestion control works on (RFC 5681 §2).
type window struct {
	smss     inet.ByteCount
	cwnd     inet.ByteCount
	ssthresh inet.ByteCount
	grown    inet.ByteCount // octets acknowledged in congestion avoidance, towards one SMSS
	used     usage          // what validation knows of the last window of data
	hy       hystartState
	cubic    cubicState
	before   savedWindow // as it was before the last congestion event
}

// savedWindow is what undoing a congestion event puts back. The zero value is unset.
type savedWindow struct {
	cwnd, ssthresh inet.ByteCount
	grown          inet.ByteCount
	cubic          cubicState
}

// noSsthresh is the initial threshold: RFC 5681 §3.1, "arbitrarily high".
const noSsthresh inet.ByteCount = 1<<31 - 1

// save remembers the window before a congestion event, for undone.
func (w *window) save() {
	w.before = savedWindow{cwnd: w.cwnd, ssthresh: w.ssthresh, grown: w.grown, cubic: w.cubic}
}

// restore puts back what save remembered, once. RFC 9438 §4.9.2: "restore the original
// values […] if the current cwnd is lower than cwnd_prior"; a window that has grown past
// it goes on as it is.
func (w *window) restore() {
	if b := w.before; w.cwnd < b.cwnd {
		w.cwnd, w.ssthresh, w.grown, w.cubic = b.cwnd, b.ssthresh, b.grown, b.cubic
	}
	w.before = savedWindow{}
}

// setSsthresh sets ssthresh to num/den of the flight, and to two segments at least. That
// ends HyStart++ (RFC 9406 §4.2: "if loss or Explicit Congestion Notification […] is
// observed at any time during standard slow start or CSS, enter congestion avoidance").
//
// Deviation by knob: linux and freebsd take cwnd for the flight, and whole segments. RFC
// 9438 §4.6: "Implementations that use cwnd MUST use other measures to prevent cwnd from
// growing when the volume of bytes in flight is smaller than cwnd"; validated is ours.
func (w *window) setSsthresh(flight, num, den inet.ByteCount, k *Knobs) {
	if k.SsthreshCwnd != 0 {
		flight = w.cwnd
	}
	n := flight * num / den
	if k.SsthreshCwnd != 0 {
		n -= n % w.smss
	}
	w.ssthresh, w.hy = max(n, 2*w.smss), hystartState{}
}

// congestionByName returns the algorithm that a knob names, going by the other knobs.
func congestionByName(name string, k *Knobs) (congestion, bool) {
	switch name {
	case "cubic":
		return cubic{k}, true
	case "newreno":
		return newReno{reno{k}}, true
	case "reno":
		return reno{k}, true
	case "tahoe":
		return tahoe{reno{k}}, true
	}
	return nil, false
}

// ccState is congestion control and loss recovery of one connection.
type ccState struct {
	window
	phase   lossPhase
	dupAcks int
	high    lossMark       // where a recovery may begin and ends
	limited inet.ByteCount // octets sent by limited transmit since SND.UNA moved
	told    acking         // what the acknowledgment at hand tells

	control congestion // the algorithm that was in use last
}

// lossPhase says whether a loss is being repaired, and how.
type lossPhase uint8

const (
	phaseOpen     lossPhase = iota // no loss known
	phaseCWR                       // the window is reduced for a sign of congestion without loss
	phaseRecovery                  // fast recovery after a loss was noticed
	phaseLoss                      // after a retransmission timeout
)

func (c *Conn) algorithm() congestion {
	name := c.congestionName()
	if c.cc.control == nil || c.cc.control.name() != name {
		control, ok := congestionByName(name, c.l.k)
		if !ok {
			panic("BUG: unknown congestion control " + name)
		}
		c.cc.control = control
	}
	return c.cc.control
}

func (c *Conn) ccVars() event.CCVars {
	if c.cc.cwnd == 0 {
		return event.CCVars{}
	}
	v := event.CCVars{Cwnd: c.cc.cwnd, Ssthresh: c.cc.ssthresh}
	switch {
	case c.cc.phase == phaseCWR:
		v.Phase = "cwr"
	case c.cc.phase == phaseRecovery:
		v.Phase = "fast-recovery"
	case c.cc.phase == phaseLoss:
		v.Phase = "loss"
	case c.cc.cwnd < c.cc.ssthresh && c.cc.hy.css:
		v.Phase = "css"
	case c.cc.cwnd < c.cc.ssthresh:
		v.Phase = "slow-start"
	default:
		v.Phase = "congestion-avoidance"
	}
	return v
}

// showCC tells that the congestion variables changed, if they did.
func (c *Conn) showCC(rule rfc.ID, fx *Effects) {
	c.mutateRecovered()
	if now := c.ccVars(); now != c.shownCC {
		emit(c, rule, event.CCChanged{Old: c.shownCC, New: now}, fx)
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
	c.loss.fack, c.loss.judged = c.snd.una, c.snd.una
	c.mutateWindow()
	if c.retries > 1 {
		// RFC 5681 §3.1: "if the SYN or SYN/ACK is lost, the initial window used by a sender
		// after a correctly transmitted SYN MUST be one segment consisting of at most SMSS".
		// One timeout alone may be spurious: RFC 6928 §2 recommends to "refrain from resetting
		// the initial window to 1 segment, unless there have been more than one SYN or SYN/ACK
		// retransmissions".
		c.cc.cwnd = smss
		c.showCC(rfc.TCPSynLostWindow, fx)
		return
	}
	c.showCC(rfc.TCPInitialWindow, fx)
}

// heard is what an acknowledgment of n octets tells congestion control, with flight
// octets outstanding before it.
func (c *Conn) heard(n, flight inet.ByteCount, fx *Effects) *acking {
	c.cc.told = acking{
		now: fx.Now, octets: n, flight: flight,
		sample: c.rtt.sample, srtt: c.rtt.srtt, una: c.snd.una, nxt: c.snd.nxt,
		timedOut: c.cc.phase == phaseLoss,
	}
	c.cc.use(&c.cc.told)
	return &c.cc.told
}

// grow lets the window grow by an acknowledgment, and the send buffer with it. A window
// that was not used says nothing about the path (RFC 7661 §1), so it does not grow.
func (c *Conn) grow(a *acking, fx *Effects) {
	cc := c.algorithm()
	if !c.cc.validated() {
		cc.idle(&c.cc.window, a.now)
		return
	}
	rule := cc.acked(&c.cc.window, a)
	if c.cc.cwnd >= c.cc.ssthresh && c.l.k.mutant(mutantExtraConstant) {
		c.cc.cwnd += c.cc.smss / 8
	}
	c.showCC(rule, fx)
	if k := c.l.k; c.opts.SndBuf == 0 && c.snd.size < 2*c.cc.cwnd {
		c.snd.size = max(c.snd.size, min(2*c.cc.cwnd, k.SndBufMax))
	}
}
