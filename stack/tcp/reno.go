package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// reno is RFC 5681 as it stands: fast recovery ends with the first new acknowledgment.
type reno struct{ k *Knobs }

func (r reno) acked(w *window, a *acking) rfc.ID {
	if w.cwnd < w.ssthresh {
		w.avoid(w.plainSlowStart(a.counted(w.smss, r.k)))
		return rfc.TCPSlowStart
	}
	w.avoid(a.octets)
	return rfc.TCPAvoidance
}

// counted is how many octets an acknowledgment counts for in slow start. RFC 5681 §3.1,
// equation 2: "cwnd += min (N, SMSS)"; RFC 3465 §2.2 has a limit of L*SMSS instead, for
// acknowledgments that cover more than a segment, and §2.3 keeps L = 1 after a timeout,
// when an acknowledgment may cover what arrived long ago. The knob is that L; 0 is no
// limit, as in linux.
func (a *acking) counted(smss inet.ByteCount, k *Knobs) inet.ByteCount {
	switch {
	case k.ABC == 0:
		return a.octets
	case a.timedOut:
		return min(a.octets, smss)
	}
	return min(a.octets, inet.ByteCount(k.ABC)*smss)
}

// slowStart grows cwnd by an acknowledgment in slow start, with HyStart++ if the knob says
// so. It returns the octets left over when ssthresh is reached.
func (w *window) slowStart(a *acking, k *Knobs) (left inet.ByteCount, rule rfc.ID) {
	n := a.counted(w.smss, k)
	if k.HyStart != 0 && w.ssthresh >= noSsthresh {
		return 0, w.hystart(a, n)
	}
	return w.plainSlowStart(n), rfc.TCPSlowStart
}

// plainSlowStart grows cwnd by n octets, but not past ssthresh: the rest is left for
// congestion avoidance.
func (w *window) plainSlowStart(n inet.ByteCount) (left inet.ByteCount) {
	step := min(n, w.ssthresh-w.cwnd)
	w.cwnd += step
	return n - step
}

// avoid counts n acknowledged octets in congestion avoidance. RFC 5681 §3.1: cwnd grows by
// one SMSS per round trip; "the recommended way to increase cwnd during congestion
// avoidance is to count the number of bytes that have been acknowledged by ACKs for new
// data".
func (w *window) avoid(n inet.ByteCount) {
	w.grown += n
	for w.grown >= w.cwnd {
		w.grown -= w.cwnd
		w.cwnd += w.smss
	}
}

// lost: RFC 5681 §3.1, equation 4: "ssthresh = max (FlightSize / 2, 2*SMSS)".
func (r reno) lost(w *window, flight inet.ByteCount, _ sim.Time) {
	w.save()
	w.setSsthresh(flight, 1, 2, r.k)
	w.grown = 0
}

func (r reno) timeout(w *window, flight inet.ByteCount, now sim.Time) { r.lost(w, flight, now) }

func (reno) undone(w *window) { w.restore() }

func (reno) idle(*window, sim.Time) {}

func (reno) recovery() recoveryKind { return recoveryClassic }

// newReno is reno with the recovery of RFC 6582 and, where both ends speak SACK, of RFC
// 6675, and with HyStart++ where the knob says so.
type newReno struct{ reno }

func (r newReno) acked(w *window, a *acking) rfc.ID {
	if w.cwnd < w.ssthresh {
		left, rule := w.slowStart(a, r.k)
		w.avoid(left)
		return rule
	}
	w.avoid(a.octets)
	return rfc.TCPAvoidance
}

func (newReno) recovery() recoveryKind { return recoveryModern }

func (reno) name() string { return "reno" }

func (newReno) name() string { return "newreno" }
