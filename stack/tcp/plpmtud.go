package tcp

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// Packetization layer path MTU discovery (RFC 4821): the size of the path is found by
// trying, without ICMP. How eagerly is linux's choice, by the knob tcp_mtu_probing.

// sizing is the state of the search. Sizes are of packets. The zero value does not search.
type sizing struct {
	on        bool
	low, high int // RFC 4821 §7.1: search_low is known to pass, more than search_high not
	size      int // of the probe in flight; 0: none
	from, to  seq.Num
	at        sim.Time // when the last probe was answered
}

const (
	// sizingStep is where the search ends: a gain of fewer octets is not worth a probe.
	sizingStep = 8
	// sizingCwnd is the least window in segments that a probe may be sent in.
	sizingCwnd = 11
)

// startSizing begins the search when the SYNs have settled the sizes. Until a probe says
// more, RFC 4821 §7.2 has TCP use a size that "should work on nearly every path".
func (c *Conn) startSizing() {
	c.sizing = sizing{on: true, low: min(int(c.l.k.BaseMSS)+c.overhead(), c.largest()),
		high: c.largest()}
}

// overhead is what a packet has beside data: fixed headers, and options of every segment.
func (c *Conn) overhead() int {
	if c.ts.on {
		return c.headers() + tsOptionLen
	}
	return c.headers()
}

// largest is the largest packet that makes sense to try.
func (c *Conn) largest() int { return min(c.mtu, max(c.snd.peerMSS, minMSS)+c.headers()) }

// sizeSegments goes on with the search: it sees whether the probe was acknowledged, and
// sends the next.
func (c *Conn) sizeSegments(fx *Effects) {
	s := &c.sizing
	if !s.on {
		return
	}
	if s.size > 0 && s.to.LessEq(c.snd.una) {
		// RFC 4821 §7.6.1: "When the probe is delivered, it is an indication that the Path
		// MTU is at least as large as the probe size. Set search_low to the probe size."
		s.low, s.size, s.at = s.size, 0, fx.Now
		c.resize(rfc.TCPSizeUp, fx)
	}
	if s.high-s.low < sizingStep && fx.Now.Sub(s.at) >= pathAge {
		s.high = c.largest() // the path may have changed
	}
	if s.size == 0 && s.high-s.low >= sizingStep {
		c.sendSizeProbe((s.low+s.high)/2, fx)
	}
}

// sendSizeProbe sends data in a packet of this size if all of RFC 4821 §7.4 holds: no loss
// is known, and enough data and window follow that its loss would be noticed without a
// timeout.
func (c *Conn) sendSizeProbe(size int, fx *Effects) {
	n := size - c.overhead()
	after := (c.dupThresh() + 1) * c.snd.mss
	quiet := c.cc.phase == phaseOpen && c.cc.dupAcks == 0 && c.snd.queue.sacked.segs == 0 &&
		len(c.rcv.held.list) == 0 && !c.snd.probing
	switch {
	case !quiet || !c.maySend() || n <= c.snd.mss,
		c.cc.cwnd < sizingCwnd*c.cc.smss,
		c.unsent() < n+after, c.usable() < int64(n+after),
		c.outstanding()+inet.ByteCount(n) > c.cc.cwnd:
		return
	}
	s := &c.sizing
	s.size, s.from, s.to = size, c.snd.nxt, c.snd.nxt.Add(seq.Size(n))
	out := wire.TCP{Seq: c.snd.nxt, Flags: wire.ACK,
		Data: c.snd.buf.slice(c.snd.buf.len()-c.unsent(), n)}
	c.snd.sentAt = fx.Now
	c.dataSent(fx)
	c.transmit(&out, false, rfc.TCPSizeProbe, fx)
}

// sizeProbeLost deals with losses that are the probe's alone. RFC 4821 §7.6.2: "the loss of
// the probe is an indication that the Path MTU is smaller […], and the loss MUST NOT be
// treated as a congestion indication" (§7.6.4: other losses make it inconclusive).
func (c *Conn) sizeProbeLost(fx *Effects) bool {
	s, q := &c.sizing, &c.snd.queue
	if s.size == 0 {
		return false
	}
	if i := q.find(s.from); i < q.len() && q.at(i).seq == s.from && q.at(i).lost &&
		q.lost.segs == 1 && c.cc.phase == phaseOpen {
		s.high, s.size, s.at = s.size-1, 0, fx.Now
		q.at(i).why = rfc.TCPSizeResend
		c.mend(rfc.TCPSizeDown, fx)
		return true
	}
	s.size = 0
	return false
}

// suspectBlackHole is told of a retransmission timeout. RFC 4821 §7.7: a "full-stop
// timeout" may mean that packets of this size vanish without a word, so smaller ones are
// tried: linux's base size after R1 retransmissions, and half of it after each more.
func (c *Conn) suspectBlackHole(fx *Effects) {
	s, k := &c.sizing, c.l.k
	s.size = 0 // §7.6.3: whatever became of the probe, the timeout tells nothing of it
	if k.MTUProbing == 0 || int64(c.retries) <= k.R1 || c.cc.cwnd == 0 {
		return
	}
	if !s.on {
		c.startSizing()
	} else {
		mss := min((s.low-c.overhead())/2, int(k.BaseMSS))
		s.low = max(mss, minMSS) + c.overhead()
	}
	s.high = max(s.high, s.low)
	c.resize(rfc.TCPBlackHole, fx)
}
