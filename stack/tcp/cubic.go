package tcp

import (
	"math/bits"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// cubic is RFC 9438. After a loss the window follows a cubic function of the time, flat
// around the size at which the loss came, so that growth depends on the clock and not on
// the round-trip time; where Reno would be faster, it keeps up with Reno.
//
// All is integer arithmetic. Time counts in milliseconds, the cubic function in octets,
// W_est and the growth towards the next segment in 1/1024 octet. K is rounded to the
// nearest millisecond and t - K cut to whole ones, so that W_cubic, whose slope is 3·C·d²
// at d seconds from K, is off by less than 1.2·d²·0.0015 segments: a tenth of a segment
// seven seconds away from the plateau, and nothing to speak of near it.
type cubic struct{ k *Knobs }

// cubicState holds the variables of RFC 9438 §4.1. The zero value is before the first
// congestion avoidance.
type cubicState struct {
	wMax    inet.ByteCount // W_max: cwnd before the last reduction; 0: not known
	prior   inet.ByteCount // cwnd_prior: cwnd when ssthresh was last set
	k       time.Duration  // K: when the function reaches W_max, after epoch
	epoch   sim.Time       // t_epoch: when this stage of congestion avoidance began
	running bool           // there is an epoch
	paused  bool           // the window has gone unused since at
	at      sim.Time       // when the window last grew or could have
	est     int64          // W_est, what Reno would have, in 1/1024 octet
	credit  int64          // grown towards the next segment, in 1/1024 octet
}

// fine is the scale of W_est and of growth: 2^10 to an octet.
const fine = 10

// The constants of RFC 9438 §4.1 as fractions.
const (
	betaNum, betaDen   = 7, 10  // β_cubic, "the CUBIC multiplicative decrease factor […] 0.7"
	fastNum, fastDen   = 17, 20 // (1 + β_cubic) / 2
	alphaNum, alphaDen = 9, 17  // α_cubic = 3 * (1 - β_cubic) / (1 + β_cubic)
)

func (c cubic) acked(w *window, a *acking) rfc.ID {
	if w.cwnd < w.ssthresh {
		w.cubic.running = false // the next stage of congestion avoidance is another one
		left, rule := w.slowStart(a, c.k)
		if left > 0 {
			w.followCubic(a, left)
		}
		return rule
	}
	return w.followCubic(a, a.octets)
}

// followCubic grows the window for n acknowledged octets in congestion avoidance. RFC 9438
// §4.2: "CUBIC computes both W_cubic(t) and W_est […] on receiving a new ACK in congestion
// avoidance and chooses the larger of the two values."
func (w *window) followCubic(a *acking, n inet.ByteCount) rfc.ID {
	s := &w.cubic
	s.begin(w, a.now)
	t := a.now.Sub(s.epoch)
	s.estimate(w, n)
	if now := w.cubicAt(t); int64(now)<<fine < s.est {
		// §4.3: "CUBIC checks whether W_cubic(t) is less than W_est. If so, CUBIC is in the
		// Reno-friendly region and cwnd SHOULD be set to W_est", here in whole segments.
		s.credit = 0
		for int64(w.cwnd+w.smss)<<fine <= s.est {
			w.cwnd += w.smss
		}
		return rfc.CubicFriendly
	}
	rule := rfc.CubicConcave
	if w.cwnd >= s.wMax {
		rule = rfc.CubicConvex
	}
	// §4.4, §4.5: "cwnd MUST be incremented by (target - cwnd) / cwnd for each received new
	// ACK". As §4.3 does for W_est, what counts is what the ACK acknowledges, so that delayed
	// ACKs do not slow the window down.
	target := w.cubicTarget(t + a.srtt)
	s.credit += (int64(n) << fine) * int64(target-w.cwnd) / int64(w.cwnd)
	for step := int64(w.smss) << fine; s.credit >= step; s.credit -= step {
		w.cwnd += w.smss
	}
	return rule
}

// begin starts a stage of congestion avoidance if none runs, and takes the time in which
// the window was not used out of one that does. RFC 9438 §4.2: "The elapsed time t […]
// MUST NOT include periods during which cwnd has not been updated due to
// application-limited behavior".
func (s *cubicState) begin(w *window, now sim.Time) {
	if !s.running {
		s.running, s.epoch, s.credit = true, now, 0
		s.est = int64(w.cwnd) << fine
		if s.prior == 0 {
			s.prior = w.cwnd // §4.10: slow start ended without a loss
		}
		// §4.2, Figure 2: K = cbrt((W_max - cwnd_epoch) / C). After a timeout (§4.8) and
		// after slow start without a loss (§4.10) "K is set to 0, and W_max is set to the
		// congestion window size at the beginning of the current congestion avoidance stage".
		s.wMax = max(s.wMax, w.cwnd)
		s.k = cubicK(s.wMax-w.cwnd, w.smss)
	} else if s.paused {
		s.epoch = s.epoch.Add(now.Sub(s.at))
	}
	s.paused, s.at = false, now
}

// estimate moves W_est on by n acknowledged octets: RFC 9438 §4.3, Figure 4, "W_est =
// W_est + α_cubic * segments_acked / cwnd". "Once W_est has grown to reach the cwnd at the
// time of most recently setting ssthresh […] the sender SHOULD set α_cubic to 1".
func (s *cubicState) estimate(w *window, n inet.ByteCount) {
	step := int64(w.smss) * int64(n) << fine
	if s.est < int64(s.prior)<<fine {
		step = step / alphaDen * alphaNum
	}
	s.est += step / int64(w.cwnd)
}

// cubicAt is W_cubic(t) in octets: RFC 9438 §4.2, Figure 1, C * (t - K)^3 + W_max with
// C = 0.4. It cannot be negative.
func (w *window) cubicAt(t time.Duration) inet.ByteCount {
	const limit = 1 << 18 // ms: more than four minutes from the plateau it is no steeper
	d := int64((t - w.cubic.k) / time.Millisecond)
	d = max(-limit, min(d, limit))
	// C * d^3 segments are 4/10 * d^3 / 10^9 * SMSS octets.
	off := d * d * d / 10_000 * 4 * int64(w.smss) / 1_000_000
	return max(w.cubic.wMax+inet.ByteCount(off), 0)
}

// cubicTarget is the window to be reached a round trip later. RFC 9438 §4.2: "The lower and
// upper bounds […] ensure that CUBIC's congestion window increase rate is non-decreasing
// and is less than the increase rate of slow start": it lies between cwnd and 1.5 * cwnd.
func (w *window) cubicTarget(t time.Duration) inet.ByteCount {
	return max(w.cwnd, min(w.cubicAt(t), w.cwnd+w.cwnd/2))
}

// cubicK is K for a window that is n octets below W_max, to the nearest millisecond.
func cubicK(n, smss inet.ByteCount) time.Duration {
	// (n / SMSS) / 0.4 seconds cubed are n / SMSS * 2.5 * 10^9 milliseconds cubed.
	ms3 := uint64(min(n, noSsthresh)) * 2_500_000_000 / uint64(smss)
	return time.Duration(cubeRoot(ms3)) * time.Millisecond
}

// cubeRoot returns the whole number nearest to the cube root of x < 2^63, by Newton's
// method from above: r' = (2r + x/r²) / 3 falls until it has passed the root's floor.
func cubeRoot(x uint64) uint64 {
	if x == 0 {
		return 0
	}
	r := uint64(1) << ((bits.Len64(x) + 2) / 3)
	for {
		next := (2*r + x/(r*r)) / 3
		if next >= r {
			break
		}
		r = next
	}
	// r is the floor. It is nearest unless (r + 1/2)³ = r³ + (6r² + 3r + 1/2) / 4 <= x.
	if 4*(x-r*r*r) > 6*r*r+3*r {
		r++
	}
	return r
}

// lost: RFC 9438 §4.6, Figure 5: "ssthresh = flight_size * β_cubic […] ssthresh is at least
// 2 MSS", and §4.7, fast convergence: a loss below W_max says that others need room, and
// the next plateau is lowered to cwnd * (1 + β_cubic) / 2.
func (c cubic) lost(w *window, flight inet.ByteCount, _ sim.Time) {
	w.save()
	s := &w.cubic
	s.prior, s.running = w.cwnd, false
	if w.cwnd < s.wMax {
		s.wMax = w.cwnd * fastNum / fastDen
	} else {
		s.wMax = w.cwnd
	}
	w.setSsthresh(flight, betaNum, betaDen, c.k)
}

// timeout: RFC 9438 §4.8, "CUBIC follows Reno to reduce cwnd, but sets ssthresh using
// β_cubic"; W_max is where the next congestion avoidance will begin.
func (c cubic) timeout(w *window, flight inet.ByteCount, now sim.Time) {
	c.lost(w, flight, now)
	w.cubic.wMax = 0
}

func (cubic) undone(w *window) { w.restore() }

// idle: RFC 9438 §5.8. What passes from now on until the window is used is no part of t.
func (cubic) idle(w *window, _ sim.Time) { w.cubic.paused = true }

func (cubic) recovery() recoveryKind { return recoveryModern }

func (cubic) name() string { return "cubic" }
