package link

import (
	"math/bits"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// The constants of RFC 8289 §5.3: a packet may wait "5 ms", and must have waited longer
// for "100 ms" before one is dropped.
const (
	CoDelTarget   = 5_000_000
	CoDelInterval = 100_000_000
)

// MaxCoDelInterval is the longest interval: its square fits 64 bits.
const MaxCoDelInterval = 4_000_000_000

// codel is CoDel, RFC 8289: it watches how long packets waited, not how many wait. The
// fields are those of §5.2.
type codel struct {
	target, interval int64

	firstAboveTime sim.Time // when waiting will have been too long for an interval; 0: it is not
	dropNext       sim.Time
	count          int64
	lastCount      int64
	dropping       bool
	maxPacket      inet.ByteCount // the largest that came
}

func newCoDel(p *event.LinkParams) *codel {
	return &codel{target: or(p.CoDelTargetNS, CoDelTarget),
		interval: or(p.CoDelIntervalNS, CoDelInterval)}
}

// enter is RFC 8289 §5.4: the enqueue routine notes when a packet came, which the queue
// does, and drops nothing.
func (c *codel) enter(_ *Link, _ Direction, p *ip.Packet, _ *Effects) bool {
	c.maxPacket = max(c.maxPacket, size(p))
	return true
}

// head is what the queue gave: the pseudo code's dodequeue_result.
type head struct {
	pkt      *ip.Packet // nil: the queue is empty
	sojourn  int64      // ns
	okToDrop bool
}

// doDequeue is RFC 8289 §5.6: "okay to drop" is a packet once the sojourn time has been
// above the target for at least an interval. A queue of no more than the largest packet is
// left alone (§4.1, non-starvation).
func (c *codel) doDequeue(q *fifo, now sim.Time) head {
	w := q.pop()
	if w.pkt == nil {
		c.firstAboveTime = 0
		return head{}
	}
	h := head{pkt: w.pkt, sojourn: int64(now.Sub(w.since))}
	switch {
	case h.sojourn < c.target || q.octets <= c.maxPacket:
		c.firstAboveTime = 0
	case c.firstAboveTime == 0:
		c.firstAboveTime = now + sim.Time(c.interval)
	case now >= c.firstAboveTime:
		h.okToDrop = true
	}
	return h
}

// controlLaw is RFC 8289 §5.6: t + INTERVAL / sqrt(count).
func (c *codel) controlLaw(t sim.Time, count int64) sim.Time {
	return t + sim.Time(spacing(c.interval, count))
}

// spacing returns interval / sqrt(count), rounded down: the root of interval² / count,
// which 64 bits hold.
func spacing(interval, count int64) int64 {
	return int64(root(uint64(interval) * uint64(interval) / uint64(count)))
}

// root returns the largest whole number whose square is not larger than x: Newton's
// method from above.
func root(x uint64) uint64 {
	if x == 0 {
		return 0
	}
	r := uint64(1) << ((bits.Len64(x) + 1) / 2)
	for {
		next := (r + x/r) / 2
		if next >= r {
			return r
		}
		r = next
	}
}

// leave is RFC 8289 §5.5, line by line: the dequeue routine. Instead of dropping, a packet
// that can be marked is marked, and goes.
func (c *codel) leave(l *Link, d Direction, fx *Effects) *ip.Packet {
	q, now := &l.dirs[d].queue, fx.Now
	by := l.dirs[d].turned
	h := c.doDequeue(q, now)
	if h.pkt != nil {
		by = h.pkt.By
	}
	switch {
	case c.dropping:
		if !h.okToDrop {
			c.dropping = false // sojourn time below the target: leave the drop state
		}
		for now >= c.dropNext && c.dropping {
			c.count++
			gone := c.strike(l, d, h, &by, fx)
			if !gone {
				c.dropNext = c.controlLaw(c.dropNext, c.count)
				break
			}
			if h = c.doDequeue(q, now); !h.okToDrop {
				c.dropping = false
			} else {
				c.dropNext = c.controlLaw(c.dropNext, c.count)
			}
		}
	case h.okToDrop:
		// "If min went above TARGET close to when it last went below, assume that the drop
		// rate that controlled the queue on the last cycle is a good starting point to
		// control it now."
		delta := c.count - c.lastCount
		again := delta > 1 && now-c.dropNext < 16*sim.Time(c.interval)
		if c.count = 1; again {
			c.count = delta
		}
		if c.strike(l, d, h, &by, fx) {
			h = c.doDequeue(q, now)
		}
		c.dropping = true
		c.dropNext = c.controlLaw(now, c.count)
		c.lastCount = c.count
	}
	l.show(d, c.vars(), rfc.CoDelState, by, fx)
	return h.pkt
}

// strike drops the packet at the head, or marks it; it reports whether it is gone. by
// becomes the event that says so.
func (c *codel) strike(l *Link, d Direction, h head, by *uint64, fx *Effects) bool {
	why := &event.QueueCause{SojournNS: h.sojourn, Count: c.count}
	if l.mark(h.pkt, d, rfc.CoDelMark, why, fx) {
		*by = h.pkt.By
		return false
	}
	*by = l.drop(h.pkt, rfc.CoDelDrop, "waited too long", why, fx)
	return true
}

// vars is what a person sees of the state.
func (c *codel) vars() event.QueueVars {
	switch {
	case c.dropping:
		return event.QueueVars{Phase: "dropping", Count: c.count, Next: c.dropNext}
	case c.firstAboveTime != 0:
		return event.QueueVars{Phase: "above", Next: c.firstAboveTime}
	}
	return event.QueueVars{}
}
