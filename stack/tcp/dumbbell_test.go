package tcp

import (
	"net/netip"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// dumbbell is a net in which senders fill a path towards one receiver as fast as TCP lets
// them. What they send goes through a bottleneck with a drop-tail queue (none if its rate
// is 0) and may be lost at random; acknowledgments come back after the delay alone.
type dumbbell struct {
	*testNet
	recv  *testHost
	flows map[netip.Addr]*flow // by the sender's address
	rate  int64                // of the bottleneck, octets in a second
	room  time.Duration        // of its queue, in time to send it
	ppm   uint64               // data segments lost at random
	rand  *sim.Rand

	busy       sim.Time // when the bottleneck will have sent all it has
	dropped    int      // by the full queue
	data, acks int      // segments with data, and segments of the receiver's
	lose       func(p *packet) bool
}

// flow is one sender and what arrived of it.
type flow struct {
	host   *testHost
	conn   *Conn
	octets int64 // read by the receiver's program
}

// newDumbbell has senders of one algorithm and a receiver that acknowledges every acks-th
// segment. It is quiet: the caller of a short run may have events folded and checked.
func newDumbbell(t testing.TB, senders int, alg string, acks int64, rtt time.Duration) *dumbbell {
	names := []string{"R", "A", "B", "C", "D", "E", "F", "G", "H"}[:senders+1]
	d := &dumbbell{testNet: newNet(t, names...), flows: map[netip.Addr]*flow{},
		rand: sim.Stream(11, "losses")}
	d.quiet, d.alias, d.delay = true, true, rtt/2
	d.recv = d.hosts[0]
	for _, h := range d.hosts {
		h.k.RcvBuf, h.k.RcvBufMax = 8<<20, 8<<20
		h.k.SndBuf, h.k.SndBufMax = 4<<20, 4<<20
		h.k.Congestion, h.k.MaxUnackedRcv, h.k.QuickAcks = alg, acks, 0
	}
	d.wire = d.carryOrDrop
	li := d.recv.listen(80, senders)
	byConn := map[*Conn]*flow{}
	d.recv.onReady = func(r Readier, fx *Effects) {
		if r == Readier(li) {
			for c, ok := li.Accept(fx); ok; c, ok = li.Accept(fx) {
				c.Attach(d.recv.socket(fx), fx)
				byConn[c] = d.flows[c.Flow().Remote.Addr]
			}
			return
		}
		c, ok := r.(*Conn)
		f := byConn[c]
		if !ok || f == nil {
			return
		}
		for c.Unread() > 0 {
			data, _ := c.Recv(1<<20, fx)
			f.octets += int64(len(data))
		}
	}
	return d
}

// fill lets the i-th sender open a connection and send without end.
func (d *dumbbell) fill(i int) *flow {
	h := d.hosts[i+1]
	f := &flow{host: h}
	d.flows[h.addr] = f
	chunk := make([]byte, 1<<16)
	h.onReady = func(_ Readier, fx *Effects) {
		if f.conn == nil || f.conn.State() != inet.Established {
			return
		}
		for f.conn.Room() > 0 {
			if n, _ := f.conn.Send(chunk, fx); n == 0 {
				break
			}
		}
	}
	f.conn = h.open(5000, d.recv.end(80))
	return f
}

// carryOrDrop is the wire. A segment of n octets takes n/rate at the bottleneck.
func (d *dumbbell) carryOrDrop(p *packet) fate {
	if p.from == d.recv || len(p.out.Seg.Data) == 0 {
		d.acks++
		return fate{}
	}
	d.data++
	if d.lose != nil && d.lose(p) || d.ppm > 0 && d.rand.PerMillion(int64(d.ppm)) {
		return fate{drop: true}
	}
	if d.rate == 0 {
		return fate{}
	}
	start := max(d.busy, d.now)
	if start.Sub(d.now) > d.room {
		d.dropped++
		return fate{drop: true}
	}
	octets := int64(len(p.out.Seg.Data) + 52)
	d.busy = start.Add(time.Duration(octets * int64(time.Second) / d.rate))
	return fate{late: d.busy.Sub(d.now)}
}

// pass lets time go by and calls look every step.
func (d *dumbbell) pass(span, step time.Duration, look func()) {
	for end := d.now.Add(span); d.now < end; {
		d.run(min(step, end.Sub(d.now)))
		if look != nil {
			look()
		}
	}
}

// cwnd is the flow's window in segments.
func (f *flow) cwnd() float64 { return float64(f.conn.cc.cwnd) / float64(f.conn.cc.smss) }

// changes lists the rules by which a host's window changed in another way than before.
func (d *dumbbell) changes(h *testHost) (rules []rfc.ID) {
	for _, e := range d.log.From(1) {
		if _, ok := e.Body.(event.CCChanged); !ok || e.Host != h.name {
			continue
		}
		if len(rules) == 0 || rules[len(rules)-1] != e.Rule {
			rules = append(rules, e.Rule)
		}
	}
	return rules
}
