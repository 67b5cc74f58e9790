package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// reno is RFC 5681 as it stands: fast recovery ends with the first new acknowledgment.
type reno struct{}

func (reno) acked(w *window, a *acking) rfc.ID {
	if w.cwnd < w.ssthresh {
		w.avoid(w.slowStart(a.octets, a.limit))
		return rfc.TCPSlowStart
	}
	w.avoid(a.octets)
	return rfc.TCPAvoidance
}

// slowStart grows cwnd by the n octets an acknowledgment covered, and returns those left
// over when ssthresh is reached. RFC 5681 §3.1, equation 2: "cwnd += min (N, SMSS)"; RFC
// 3465 §2.2 allows a limit of L*SMSS for acknowledgments that cover more segments.
func (w *window) slowStart(n, limit inet.ByteCount) (left inet.ByteCount) {
	if limit > 0 {
		n = min(n, limit)
	}
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
func (reno) lost(w *window, flight inet.ByteCount, _ sim.Time) {
	w.save()
	w.ssthresh, w.grown = max(flight/2, 2*w.smss), 0
}

func (r reno) timeout(w *window, flight inet.ByteCount, now sim.Time) { r.lost(w, flight, now) }

func (reno) undone(w *window) { w.restore() }

func (reno) idle(*window, sim.Time) {}

func (reno) recovery() recoveryKind { return recoveryClassic }

// newReno is reno with the recovery of RFC 6582 and, where both ends speak SACK, of RFC
// 6675.
type newReno struct{ reno }

func (newReno) recovery() recoveryKind { return recoveryModern }
