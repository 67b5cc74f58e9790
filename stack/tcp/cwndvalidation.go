package tcp

import (
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// Congestion window validation, after RFC 7661: a window that was not used says nothing
// about the path, so it does not grow; and what it said before a pause grows old.

// usage is how far the last window of data made use of cwnd. The zero value is before the
// first acknowledgment.
type usage struct {
	noted bool
	until seq.Num        // SND.NXT at the note, which counts until that is acknowledged
	full  bool           // no other segment would have fitted into cwnd
	peak  inet.ByteCount // the most that was outstanding, unless full
	una   seq.Num        // SND.UNA and SND.NXT at the last acknowledgment
	nxt   seq.Num
}

// use takes note of what was outstanding before an acknowledgment, if data was sent since
// the one before. RFC 7661 §4.2 compares cwnd with what was acknowledged within a period
// (pipeACK); as linux does, the period here is the window of data: the strongest sign of
// use counts until what was sent by then is acknowledged.
func (w *window) use(a *acking) {
	u := &w.used
	if !u.noted || u.nxt != a.nxt {
		full := a.flight+w.smss > w.cwnd
		if !u.noted || u.until.LessEq(u.una) || full || !u.full && a.flight > u.peak {
			u.noted, u.until, u.full, u.peak = true, a.nxt, full, a.flight
		}
	}
	u.una, u.nxt = a.una, a.nxt
}

// validated reports whether the window was used, so that it may grow. RFC 7661 §4.3 lets
// slow start go on while "pipeACK >= (1/2)*cwnd"; one octet less lets it double exactly.
func (w *window) validated() bool {
	return w.used.full || w.cwnd < w.ssthresh && w.cwnd < 2*w.used.peak
}

// restartIdle: RFC 5681 §4.1, "a TCP SHOULD set cwnd to no more than RW before beginning
// transmission if the TCP has not sent data in an interval exceeding the retransmission
// timeout", RW = min(IW, cwnd).
func (c *Conn) restartIdle(fx *Effects) {
	if c.snd.queue.len() > 0 || c.snd.sentAt == 0 || c.cc.cwnd == 0 {
		return
	}
	c.algorithm().idle(&c.cc.window, fx.Now)
	pause, rto := fx.Now.Sub(c.snd.sentAt), c.rto()
	if c.l.k.IdleRestart == 0 || pause <= rto {
		return
	}
	if c.l.k.IdleDecay != 0 {
		c.cc.decay(c.initialWindow(), pause, rto)
		c.showCC(rfc.TCPIdleDecay, fx)
		return
	}
	c.cc.cwnd = min(c.initialWindow(), c.cc.cwnd)
	c.showCC(rfc.TCPIdleRestart, fx)
}

// decay halves cwnd for every RTO of a pause but the first, to iw at least.
//
// Deviation by knob: linux does as RFC 2861 §3 says, "cwnd = max(cwnd/2, RW)" for each RTO
// that passes, and remembers in ssthresh where the window was: "ssthresh = max(ssthresh,
// 3*cwnd/4)". It counts in whole segments.
func (w *window) decay(iw inet.ByteCount, pause, rto time.Duration) {
	n := w.cwnd / w.smss
	w.ssthresh = max(w.ssthresh, (n/2+n/4)*w.smss)
	for pause -= rto; pause > 0 && w.cwnd > iw; pause -= rto {
		w.cwnd = w.cwnd / w.smss / 2 * w.smss
	}
	w.cwnd = max(w.cwnd, min(iw, n*w.smss))
}
