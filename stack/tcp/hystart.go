package tcp

import (
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// HyStart++, RFC 9406: when the round trips of one round are clearly longer than those of
// the round before, a queue is filling. The window then grows more slowly (conservative
// slow start, CSS) for some rounds, and congestion avoidance follows unless the round
// trips become shorter again.

// hystartState holds the variables of RFC 9406 §4.2. The zero value is before the first
// acknowledgment; infinity is 0 here.
type hystartState struct {
	started  bool
	end      seq.Num       // windowEnd: the round is over when this is acknowledged
	last     time.Duration // lastRoundMinRTT
	current  time.Duration // currentRoundMinRTT
	samples  int           // rttSampleCount
	css      bool          // in conservative slow start
	baseline time.Duration // cssBaselineMinRtt
	rounds   int           // of CSS, begun ones included
}

// The constants of RFC 9406 §4.3. The limit L of segments an acknowledgment may count for
// is the knob tcp_abc_segments.
const (
	minRTTThresh     = 4 * time.Millisecond
	maxRTTThresh     = 16 * time.Millisecond
	minRTTDivisor    = 8
	minRTTSamples    = 8
	cssGrowthDivisor = 4
	cssRounds        = 5
)

// hystart grows cwnd by an acknowledgment that counts for n octets, and decides how slow
// start goes on. RFC 9406 §4.3: "An implementation SHOULD use HyStart++ only for the initial
// slow start (when the ssthresh is at its initial value of arbitrarily high […])".
func (w *window) hystart(a *acking, n inet.ByteCount) rfc.ID {
	h := &w.hy
	if !h.started {
		// §4.2: "Define windowEnd as a sequence number initialized to SND.NXT."
		h.started, h.end = true, a.nxt
	}
	rule := rfc.TCPSlowStart
	if h.css {
		// "cwnd = cwnd + (min(N, L * SMSS) / CSS_GROWTH_DIVISOR)"
		rule = rfc.HyStartCSS
		n /= cssGrowthDivisor
	}
	w.cwnd += n
	if a.sample > 0 {
		h.samples++
		if h.current == 0 || a.sample < h.current {
			h.current = a.sample
		}
	}
	if h.samples >= minRTTSamples {
		switch {
		case h.css && h.current < h.baseline:
			// "if (currentRoundMinRTT < cssBaselineMinRtt) cssBaselineMinRtt = infinity, resume
			// slow start including HyStart++"
			h.css, h.baseline, h.rounds = false, 0, 0
			rule = rfc.HyStartResume
		case !h.css && h.last > 0 && h.current >= h.last+rttThresh(h.last):
			h.css, h.baseline = true, h.current
			rule = rfc.HyStartEnter
		}
	}
	if h.end.LessEq(a.una) {
		// "When windowEnd is ACKed, the current round ends and windowEnd is set to SND.NXT."
		h.end, h.last, h.current, h.samples = a.nxt, h.current, 0, 0
		if h.css {
			// "CSS lasts at most CSS_ROUNDS rounds. If the transition into CSS happens in the
			// middle of a round, that partial round counts towards the limit."
			h.rounds++
		}
		if h.rounds == cssRounds {
			// "If CSS_ROUNDS rounds are complete, enter congestion avoidance: ssthresh = cwnd".
			w.ssthresh, h.css = w.cwnd, false
			rule = rfc.HyStartDone
		}
	}
	return rule
}

// rttThresh is how much longer than last a round's least round trip must be: "RttThresh =
// max(MIN_RTT_THRESH, min(lastRoundMinRTT / MIN_RTT_DIVISOR, MAX_RTT_THRESH))".
func rttThresh(last time.Duration) time.Duration {
	return max(minRTTThresh, min(last/minRTTDivisor, maxRTTThresh))
}
