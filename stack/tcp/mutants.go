package tcp

import (
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// The documented mistakes of RFC 2525, "Known TCP Implementation Problems", to be made on
// purpose: each is a value of the knob mutant. A test kills every one by a packet script
// and by an invariant that an RFC states, so that we know that both would notice.

// The mistakes, by the sections of RFC 2525 §2.
const (
	mutantNoSlowStart     = "no-initial-slow-start"       // §2.1
	mutantNoLossWindow    = "no-slow-start-after-timeout" // §2.2
	mutantNoCwnd          = "uninitialized-cwnd"          // §2.3
	mutantInconsistent    = "inconsistent-retransmission" // §2.4
	mutantForgetsAbove    = "above-sequence-data-lost"    // §2.5
	mutantExtraConstant   = "extra-additive-constant"     // §2.6
	mutantLowRTO          = "initial-rto-too-low"         // §2.7
	mutantNoDeflation     = "no-window-deflation"         // §2.8
	mutantShortKeepalive  = "keepalive-gives-up-early"    // §2.9
	mutantNoBackoff       = "no-rto-backoff"              // §2.10
	mutantHastyKeepalive  = "keepalive-too-often"         // §2.11
	mutantProbeDeadlock   = "window-probe-deadlock"       // §2.12
	mutantStretchACK      = "stretch-ack"                 // §2.13
	mutantManyResent      = "retransmits-many"            // §2.14
	mutantLateFIN         = "late-fin"                    // §2.15
	mutantNoRSTAfterClose = "no-rst-after-close"          // §2.16
	mutantNoRSTOnUnread   = "no-rst-on-unread-data"       // §2.17
	mutantOptionsMissing  = "options-missing-from-mss"    // §2.18
)

// Mutant is one documented mistake. Its text for people is in web/i18n.
type Mutant struct {
	Name    string // the value of KnobMutant
	Section string // of RFC 2525
	Breaks  rfc.ID // the rule that a stack without the mistake keeps
	Made    string // how it is made here, for developers
}

// Mutants lists the mistakes in the order of RFC 2525.
func Mutants() []Mutant {
	return []Mutant{
		{mutantNoSlowStart, "2.1", rfc.TCPInitialWindow,
			"cwnd begins without a limit"},
		{mutantNoLossWindow, "2.2", rfc.TCPLossWindow,
			"a retransmission timeout leaves cwnd as it was"},
		{mutantNoCwnd, "2.3", rfc.TCPInitialWindow,
			"cwnd is set where the MSS option is read, so without one it has no limit"},
		{mutantInconsistent, "2.4", rfc.TCPRTOResend,
			"what is sent again is read from one octet too far on in the send buffer"},
		{mutantForgetsAbove, "2.5", rfc.TCPHold,
			"data ahead of a gap is thrown away"},
		{mutantExtraConstant, "2.6", rfc.TCPAvoidance,
			"each ACK in congestion avoidance adds an eighth of a segment to cwnd"},
		{mutantLowRTO, "2.7", rfc.TCPRTOFirst,
			"the first RTO is 200 ms"},
		{mutantNoDeflation, "2.8", rfc.TCPFullACK,
			"the end of fast recovery leaves cwnd as it was before the loss"},
		{mutantShortKeepalive, "2.9", rfc.TCPKeepDead,
			"one keep-alive probe without an answer ends the connection"},
		{mutantNoBackoff, "2.10", rfc.TCPRTOBackoff,
			"the RTO stays as it is from timeout to timeout"},
		{mutantHastyKeepalive, "2.11", rfc.TCPKeepIdle,
			"keep-alive probes begin after one idle minute"},
		{mutantProbeDeadlock, "2.12", rfc.TCPZeroWindow,
			"while RCV.WND is zero every segment counts as outside the window, its ACK too"},
		{mutantStretchACK, "2.13", rfc.TCPSecondACK,
			"eight full-sized segments are awaited before an ACK"},
		{mutantManyResent, "2.14", rfc.TCPRTOResend,
			"a timeout sends the first three segments again"},
		{mutantLateFIN, "2.15", rfc.TCPClose,
			"a FIN waits until all data is acknowledged"},
		{mutantNoRSTAfterClose, "2.16", rfc.TCPLateData,
			"data for a closed socket is dropped without a word"},
		{mutantNoRSTOnUnread, "2.17", rfc.TCPUnread,
			"a socket closed with data unread ends by a FIN"},
		{mutantOptionsMissing, "2.18", rfc.TCPSendMSS,
			"the timestamps option is not deducted from the MSS"},
	}
}

// mutant reports whether this host is to make a mistake.
func (k *Knobs) mutant(name string) bool { return k.Mutant == name }

// isMutant reports whether a value of the knob is known.
func isMutant(name string) bool {
	if name == NoMutant {
		return true
	}
	for _, m := range Mutants() {
		if m.Name == name {
			return true
		}
	}
	return false
}

// noLimit is a window that never holds a sender back.
const noLimit = noSsthresh / 2

// mutateWindow spoils the initial window.
func (c *Conn) mutateWindow() {
	k := c.l.k
	if k.mutant(mutantNoSlowStart) || k.mutant(mutantNoCwnd) && c.noMSS {
		c.cc.cwnd = noLimit
	}
}

// mutateTimeout spoils what a retransmission timeout does; cwnd is what it was before.
func (c *Conn) mutateTimeout(before window, backoff uint8, fx *Effects) {
	k := c.l.k
	switch {
	case k.mutant(mutantNoLossWindow) && c.cc.cwnd > 0:
		c.cc.cwnd = max(c.cc.cwnd, before.cwnd)
		c.showCC(rfc.TCPLossWindow, fx)
	case k.mutant(mutantNoBackoff):
		c.rtt.backoff = backoff
	}
}

// mutateRecovered spoils the end of fast recovery.
func (c *Conn) mutateRecovered() {
	if c.l.k.mutant(mutantNoDeflation) && c.shownCC.Phase == "fast-recovery" &&
		c.cc.phase == phaseOpen {
		c.cc.cwnd = max(c.cc.cwnd, c.cc.before.cwnd)
	}
}

// mutantResent is how many segments a timeout sends again.
func (c *Conn) mutantResent() int {
	if c.l.k.mutant(mutantManyResent) {
		return min(3, c.snd.queue.len())
	}
	return 1
}

// mutantData is the data of a segment that is sent again: the octets from one further on.
func (c *Conn) mutantData(out *wire.TCP) []byte {
	off := int(out.Seq.Sub(c.snd.base)) + 1
	if n := min(len(out.Data), c.snd.buf.len()-off); n > 0 && !out.Flags.Has(wire.SYN) {
		return c.snd.buf.slice(off, n)
	}
	return out.Data
}
