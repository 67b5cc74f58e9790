package link

import (
	"labserver/stack/event"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// The usual parameters of RED: thresholds of 5 and 15 packets, a tenth as the largest
// chance, and 2^-9, near the paper's 0.002, as the weight of one arrival.
const (
	REDMin     = 5
	REDMax     = 15
	REDMaxPPPM = 100_000
	REDWeight  = 9
)

// certain is a chance of one, in parts per million.
const certain = 1_000_000

// red is Random Early Detection as Floyd and Jacobson gave it ("Random Early Detection
// Gateways for Congestion Avoidance", 1993, §4), counting packets. The average is kept in
// 2^-16 packets.
type red struct {
	low, high int64 // thresholds, 2^-16 packets
	maxP      int64 // parts per million
	weight    int64 // the exponent
	gentle    bool

	avg   int64    // 2^-16 packets
	count int64    // packets spared since the last drop or mark; -1: the average is low
	empty sim.Time // since when the queue is empty
	idle  bool     // it is
	phase string
}

// Thresholds returns RED's two of a link's parameters, in packets, from A to B.
func Thresholds(p event.LinkParams) (low, high int64) {
	return or(p.REDMin, REDMin), or(p.REDMax, REDMax)
}

func newRED(p *event.LinkParams) *red {
	low, high := Thresholds(*p)
	return &red{low: low << 16, high: high << 16,
		maxP: or(p.REDMaxPPPM, REDMaxPPPM), weight: or(p.REDWeight, REDWeight),
		gentle: p.REDGentle, count: -1, idle: true}
}

// average takes the length that an arriving packet finds into the average: "if the queue
// is nonempty avg ← (1 − w) avg + w q, else avg ← (1 − w)^m avg", where m is how many
// packets could have been sent while it was empty.
func (r *red) average(waiting int, now sim.Time, perPacket int64) {
	if !r.idle {
		r.avg += (int64(waiting)<<16 - r.avg) >> r.weight
		return
	}
	if perPacket == 0 { // a link that sends in no time has sent any number
		r.avg = 0
	} else {
		r.avg = decay(r.avg, r.weight, int64(now-r.empty)/perPacket)
	}
	r.empty = now
}

// decay returns avg · (1 − 2^-weight)^m, by squaring, with 32 bits behind the point.
func decay(avg, weight, m int64) int64 {
	if m > 64<<weight { // e^-64: nothing is left
		return 0
	}
	factor, power := uint64(1)<<32, uint64(1)<<32-uint64(1)<<(32-weight)
	for ; m > 0; m >>= 1 {
		if m&1 == 1 {
			factor = product(factor, power)
		}
		power = product(power, power)
	}
	return int64(product(uint64(avg), factor))
}

// product multiplies by a number with 32 bits behind the point that is 1 at the most.
func product(a, b uint64) uint64 {
	if b == 1<<32 {
		return a
	}
	return (a>>32)*b + (a&(1<<32-1))*b>>32
}

// chance returns p_b, by how far the average is between the thresholds: "p_b ← max_p
// (avg − min)/(max − min)". Gentle RED goes on from max_p to 1 between max and 2·max.
func (r *red) chance() int64 {
	switch {
	case r.avg < r.low:
		return 0
	case r.avg < r.high:
		return r.maxP * (r.avg - r.low) / (r.high - r.low)
	case r.gentle && r.avg < 2*r.high:
		return r.maxP + (certain-r.maxP)*(r.avg-r.high)/r.high
	}
	return certain
}

// spread returns p_a, which makes the distance between drops uniform: "p_a ← p_b/(1 −
// count·p_b)".
func spread(pb, count int64) int64 {
	if left := certain - count*pb; pb > 0 && left > pb {
		return pb * certain / left
	}
	return min(pb*certain, certain)
}

// enter judges an arriving packet. Above the upper end even a packet that could be marked
// is dropped: marks did not help, and RFC 3168 §7 says so of such a queue.
func (r *red) enter(l *Link, d Direction, p *ip.Packet, fx *Effects) bool {
	dir := &l.dirs[d]
	r.average(dir.queue.n, fx.Now, int64(dir.way.RateBPS.Transmission(typical)))
	pb := r.chance()
	strike, pa := false, int64(certain)
	switch {
	case pb == 0:
		r.count, r.phase = -1, ""
	case pb == certain:
		strike, r.phase = true, "full"
	default:
		r.phase = "early"
		r.count++
		pa = spread(pb, r.count)
		strike = pa >= certain || l.chance.PerMillion(pa)
	}
	spared := true
	by := p.By
	if strike {
		why := &event.QueueCause{Count: max(r.count, 0), AvgMilli: r.avg * 1000 >> 16, ChancePPM: pa}
		r.count = 0
		if spared = pb < certain && l.mark(p, d, rfc.REDMark, why, fx); !spared {
			by = l.drop(p, rfc.REDDrop, "early drop", why, fx)
		}
	}
	l.show(d, event.QueueVars{Phase: r.phase}, rfc.REDState, by, fx)
	r.idle = r.idle && !(spared && dir.busy)
	return spared
}

// typical is the packet by which an idle time is counted: a full frame.
const typical = 1514

// leave takes the packet that waited longest. An empty queue begins to be idle.
func (r *red) leave(l *Link, d Direction, fx *Effects) *ip.Packet {
	q := &l.dirs[d].queue
	w := q.pop()
	if q.n == 0 && !r.idle {
		r.idle, r.empty = true, fx.Now
	}
	return w.pkt
}
