package stack_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// dumbbell is a world in which hosts S0, S1 … send as fast as TCP lets them through one
// router and one slow link with a drop-tail queue to host D.
type dumbbell struct {
	t     *testing.T
	w     *stack.World
	seen  uint64
	flows []*pipe
	peer  map[string]*pipe // by the sender's endpoint
	fds   map[int]*pipe    // of the receiving program
}

// pipe is one flow of a dumbbell.
type pipe struct {
	host inet.HostID
	read int64
	cc   []event.Event // cc.changed of its sender
}

// The bottleneck: 10 Mbit/s. A full-sized segment of 1448 octets is a frame of 1514, so
// that 825.6 segments pass in a second.
const (
	bottleneckBPS = 10_000_000
	frameOctets   = 1514
	bottleneckSPS = bottleneckBPS / 8.0 / frameOctets
)

// newDumbbell has n senders; queue counts full frames, rtt is without queueing.
func newDumbbell(t *testing.T, n int, alg string, queue int, rtt time.Duration) *dumbbell {
	w, err := stack.New(stack.Config{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	d := &dumbbell{t: t, w: w, peer: map[string]*pipe{}, fds: map[int]*pipe{}}
	d.do("host.add", `{"id":"R","forward":true}`)
	d.do("host.add", `{"id":"D","addr":"10.0.200.2/24"}`)
	d.do("nic.add", `{"host":"R","nic":"d","addr":"10.0.200.1/24"}`)
	d.do("link.add", `{"id":"bottleneck","a":{"host":"R","nic":"d"},"b":{"host":"D"},`+
		`"delay_ns":%d,"rate_bps":%d,"queue_octets":%d}`, rtt/4, bottleneckBPS, queue*frameOctets)
	d.do("route.add", `{"host":"D","dst":"0.0.0.0/0","via":"10.0.200.1"}`)
	d.do("proc.start", `{"host":"D","id":"d"}`)
	d.do("socket", `{"proc":"d","proto":"tcp"}`)
	d.do("bind", `{"proc":"d","fd":3,"port":80}`)
	d.do("listen", `{"proc":"d","fd":3,"backlog":16}`)
	for i := range n {
		s := fmt.Sprintf("S%d", i)
		d.do("host.add", `{"id":"%s","addr":"10.0.%d.2/24"}`, s, i)
		d.do("nic.add", `{"host":"R","nic":"%s","addr":"10.0.%d.1/24"}`, s, i)
		d.do("link.add", `{"id":"L%d","a":{"host":"%s"},"b":{"host":"R","nic":"%s"},"delay_ns":%d}`,
			i, s, s, rtt/4)
		d.do("route.add", `{"host":"%s","dst":"0.0.0.0/0","via":"10.0.%d.1"}`, s, i)
		d.do("knob.set", `{"host":"%s","knob":"tcp_congestion_control","value":"%s"}`, s, alg)
		d.do("proc.start", `{"host":"%s","id":"p%d"}`, s, i)
	}
	return d
}

func (d *dumbbell) do(op, format string, a ...any) {
	d.t.Helper()
	c, err := stack.ParseCommand(op, "", json.RawMessage(fmt.Sprintf(format, a...)))
	if err == nil {
		err = d.w.Check(c)
	}
	if err != nil {
		d.t.Fatalf("%s: %v", op, err)
	}
	d.w.Apply(c)
}

// start lets the next sender connect and send 4·16 MiB.
func (d *dumbbell) start() *pipe {
	i := len(d.flows)
	f := &pipe{host: inet.HostID(fmt.Sprintf("S%d", i))}
	d.flows = append(d.flows, f)
	d.peer[fmt.Sprintf("10.0.%d.2", i)] = f
	d.do("accept", `{"proc":"d","fd":3}`)
	d.do("socket", `{"proc":"p%d","proto":"tcp"}`, i)
	d.do("connect", `{"proc":"p%d","fd":3,"addr":"10.0.200.2","port":80}`, i)
	return f
}

// pass lets time go by; the receiving program reads every 10 ms what there is.
func (d *dumbbell) pass(span time.Duration) {
	for end := d.w.Now().Add(span); d.w.Now() < end; {
		d.w.Advance(min(end, d.w.Now().Add(10*time.Millisecond)))
		var reads []int
		from := d.seen + 1
		d.seen = d.w.Events().Len()
		for _, e := range d.w.Events().From(from) {
			switch b := e.Body.(type) {
			case event.CCChanged:
				for _, f := range d.flows {
					if f.host == e.Host {
						f.cc = append(f.cc, e)
					}
				}
			case event.CallReturned:
				switch {
				case b.Op == "accept":
					d.fds[int(b.Value)] = d.peer[b.From.Addr.String()]
					reads = append(reads, int(b.Value))
				case b.Op == "recv":
					d.fds[b.FD].read += b.Value
					reads = append(reads, b.FD)
				case b.Op == "connect":
					for range 4 {
						d.do("send", `{"proc":"%s","fd":3,"octets":16777216}`, b.Proc)
					}
				}
			}
		}
		for _, fd := range reads {
			d.do("recv", `{"proc":"d","fd":%d,"max":1048576}`, fd)
		}
	}
}

// Equal flows that start at different times share a bottleneck equally: Jain's index,
// (Σx)² / (n·Σx²), of what arrived.
func TestEqualFlowsShareABottleneckEqually(t *testing.T) {
	for _, alg := range []string{"newreno", "cubic"} {
		const n = 4
		d := newDumbbell(t, n, alg, 50, 40*time.Millisecond)
		jitter := sim.Stream(3, "starts")
		for range n {
			d.start()
			d.pass(time.Duration(jitter.Below(uint64(2 * time.Second))))
		}
		d.pass(5 * time.Second)
		var before [n]int64
		for i, f := range d.flows {
			before[i] = f.read
		}
		const span = 60 * time.Second
		d.pass(span)
		sum, squares := 0.0, 0.0
		for i, f := range d.flows {
			x := float64(f.read - before[i])
			t.Logf("%s: flow %d brought %.0f segments a second", alg, i, x/1448/span.Seconds())
			sum, squares = sum+x, squares+x*x
		}
		jain, used := sum*sum/(n*squares), sum/1448/span.Seconds()/bottleneckSPS
		t.Logf("%s: Jain's index %.4f, %.1f %% of the link used", alg, jain, 100*used)
		if jain < 0.95 || used < 0.9 {
			t.Errorf("%s: Jain's index %.4f, %.1f %% of the link used", alg, jain, 100*used)
		}
	}
}

// One flow of Reno's through a drop-tail queue makes a sawtooth. The path holds C·RTT =
// 33 segments and the queue 33, so that cwnd climbs to about 66 and one more, is halved,
// and climbs again by a segment for each round trip. With the queue never empty a round
// trip of cwnd w takes w/C, and a tooth from m/2 to m takes Σ w/C = (3/8)·m²/C.
func TestTheSawtoothHasTheHeightAndPeriodOfTheory(t *testing.T) {
	d := newDumbbell(t, 1, "newreno", 33, 40*time.Millisecond)
	f := d.start()
	d.pass(40 * time.Second)
	type tooth struct {
		at           sim.Time
		peak, trough float64
	}
	var teeth []tooth
	for _, e := range f.cc {
		b := e.Body.(event.CCChanged)
		if b.New.Phase == "fast-recovery" && b.Old.Phase != "fast-recovery" {
			teeth = append(teeth, tooth{e.T, float64(b.Old.Cwnd) / 1448, float64(b.New.Ssthresh) / 1448})
		}
		if e.Rule == rfc.TCPLossWindow {
			t.Errorf("a timeout at %v", e.T)
		}
	}
	if len(teeth) < 10 {
		t.Fatalf("%d losses in 40 s", len(teeth))
	}
	teeth = teeth[3:] // slow start's overshoot and what came of it
	peak, trough := 0.0, 0.0
	for _, x := range teeth {
		peak, trough = peak+x.peak/float64(len(teeth)), trough+x.trough/float64(len(teeth))
	}
	last := teeth[len(teeth)-1]
	period := last.at.Sub(teeth[0].at).Seconds() / float64(len(teeth)-1)
	holds := bottleneckSPS*0.040 + 33
	tall, long := holds+1, 3.0/8*peak*peak/bottleneckSPS
	t.Logf("%d teeth: peak %.1f segments (theory %.1f), trough %.1f, period %.3f s (theory %.3f)",
		len(teeth), peak, tall, trough, period, long)
	if math.Abs(peak-tall) > 3 || math.Abs(trough-peak/2) > 1 || math.Abs(period/long-1) > 0.15 {
		t.Error("not as theory says")
	}
}
