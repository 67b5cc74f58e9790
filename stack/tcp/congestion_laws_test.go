package tcp

import (
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// Congestion control against results that others proved (issue: "Congestion control
// against known results"). All runs are in virtual time with fixed random streams, so a
// test passes always or never.

// A path of 1.25 MB/s and 100 ms holds 83 segments; its queue holds ten times as much, so
// that five rounds of conservative slow start, which may treble the window, fit.
func TestHyStartLeavesSlowStartBeforeTheQueueOverflows(t *testing.T) {
	if testing.Short() {
		t.Skip("a long run; go test without -short")
	}
	for _, row := range []struct {
		alg     string
		hystart int64
	}{{"cubic", 1}, {"cubic", 0}, {"newreno", 1}, {"newreno", 0}} {
		d := newDumbbell(t, 1, row.alg, 2, 100*time.Millisecond)
		d.rate, d.room = 1_250_000, time.Second
		f := d.fill(0)
		f.host.k.HyStart = row.hystart
		d.quiet = row.alg != "cubic" || row.hystart == 0
		conservative, left := 0.0, 0.0 // cwnd when CSS and when congestion avoidance began
		dropped := 0
		d.pass(8*time.Second, 10*time.Millisecond, func() {
			cc := &f.conn.cc
			if conservative == 0 && cc.hy.css {
				conservative = f.cwnd()
			}
			if left == 0 && cc.cwnd > 0 && cc.ssthresh < noSsthresh {
				left, dropped = f.cwnd(), d.dropped
			}
		})
		t.Logf("%s, HyStart++ %d: css at %.0f segments, out of slow start at %.0f after %d drops",
			row.alg, row.hystart, conservative, left, dropped)
		if row.hystart == 0 {
			if left == 0 || dropped < 100 {
				t.Errorf("%s: slow start must overflow the queue, it lost %d", row.alg, dropped)
			}
			continue
		}
		if conservative < 83 || conservative > 4*83 || left < conservative || dropped != 0 {
			t.Errorf("%s: css at %.0f segments, left at %.0f with %d drops", row.alg, conservative,
				left, dropped)
		}
		if rules := d.changes(f.host); !d.quiet && !slices.Contains(rules, rfc.HyStartDone) {
			t.Errorf("left by %v", rules)
		}
	}
}

// RFC 9438 §4.2, Figure 1: between two losses cwnd follows C·(t-K)³ + W_max. What is
// compared is the closed form in real numbers against the window as it was, every 50 ms;
// it may be one round trip ahead or behind, and one segment, since it grows in whole ones.
func TestCubicFollowsItsCurveBetweenLosses(t *testing.T) {
	if testing.Short() {
		t.Skip("a long run; go test without -short")
	}
	for _, row := range []struct {
		wMax float64 // segments, when a loss is made
		rtt  time.Duration
		span time.Duration // to look at, after the loss
	}{{120, 100 * time.Millisecond, 9 * time.Second}, {120, 250 * time.Millisecond, 9 * time.Second}} {
		d := newDumbbell(t, 1, "cubic", 1, row.rtt)
		f := d.fill(0)
		f.host.k.HyStart, f.host.k.SsthreshCwnd = 0, 0
		d.quiet = row.rtt > 100*time.Millisecond
		lost := false
		d.lose = func(*packet) bool {
			hit := !lost && f.conn.cc.cwnd > 0 && f.cwnd() >= row.wMax
			lost = lost || hit
			return hit
		}
		// The first congestion avoidance begins when the loss is repaired and ssthresh reached.
		var wMax float64
		d.pass(4*time.Second, time.Millisecond, func() {
			if wMax == 0 && f.conn.cc.phase == phaseRecovery {
				wMax = float64(f.conn.cc.cubic.prior) / float64(f.conn.cc.smss)
			}
		})
		epoch := f.conn.cc.cubic.epoch
		if wMax < row.wMax || !f.conn.cc.cubic.running {
			t.Fatalf("no congestion avoidance after a loss at %v segments", wMax)
		}
		start := float64(f.conn.cc.ssthresh) / float64(f.conn.cc.smss)
		k := math.Cbrt((wMax - start) / 0.4)
		curve := func(s float64) float64 { return 0.4*(s-k)*(s-k)*(s-k) + wMax }
		worst, r := 0.0, row.rtt.Seconds()
		d.pass(epoch.Add(row.span).Sub(d.now), 50*time.Millisecond, func() {
			s := d.now.Sub(epoch).Seconds()
			low, high := curve(s-r)-1, curve(s+r)+1
			if w := f.cwnd(); w < low || w > high {
				t.Errorf("W_max %.0f, %.2f s after the epoch: cwnd %.1f, want %.1f..%.1f", wMax, s, w, low, high)
			}
			worst = max(worst, math.Abs(f.cwnd()-curve(s)))
		})
		t.Logf("W_max %.0f, K %.2f s: at most %.2f segments off the curve, cwnd %.0f in the end",
			wMax, k, worst, f.cwnd())
		if f.cwnd() < wMax+4 {
			t.Errorf("the convex part was not seen: cwnd %.0f", f.cwnd())
		}
	}
}

// The square-root law: a window that grows by a segment in each round trip and halves at
// each loss is W = C/√p on average, with C = √(3/2) when losses are 1/p segments apart
// (Mathis and others, 1997). This sender counts octets and not ACKs (RFC 5681 §3.1), so C
// is the same whether each segment or every second is acknowledged; √(3/4) would hold if
// it counted delayed ACKs. W is measured as what arrives in a round trip.
func TestRenosAverageWindowObeysTheSquareRootLaw(t *testing.T) {
	if testing.Short() {
		t.Skip("a long run; go test without -short")
	}
	const rtt = 100 * time.Millisecond
	runs := 1
	if os.Getenv("LABSERVER_LAWS") != "" {
		runs = 10 // about a minute: for a closer look
	}
	for _, row := range []struct {
		ppm   uint64
		acks  int64 // segments for each ACK
		cycle int   // losses to wait for in each run
	}{{1000, 1, 40}, {1000, 2, 40}, {300, 2, 15}, {100, 2, 10}} {
		p := float64(row.ppm) / 1e6
		law := math.Sqrt(1.5 / p)
		octets, spent, ratio := 0.0, 0.0, 0.0
		for seed := range runs {
			d := newDumbbell(t, 1, "newreno", row.acks, rtt)
			d.rand = sim.Stream(uint64(seed), "losses")
			f := d.fill(0)
			f.host.k.HyStart = 0
			d.pass(2*time.Second, time.Second, nil) // up to about the law's window
			d.ppm = row.ppm
			d.pass(time.Duration(law/2*3)*rtt, time.Second, nil)
			from, at := f.octets, d.now
			span := time.Duration(float64(row.cycle)/p/law) * rtt
			d.pass(span, time.Second, nil)
			octets += float64(f.octets - from)
			spent += d.now.Sub(at).Seconds()
			ratio += float64(d.acks) / float64(d.data) / float64(runs)
		}
		w := octets / 1448 / (spent / rtt.Seconds())
		t.Logf("p = %g, %.3f ACKs a segment: %.1f segments, the law says %.1f (%+.1f %%), C = %.3f",
			p, ratio, w, law, 100*(w/law-1), w*math.Sqrt(p))
		if math.Abs(w/law-1) > 0.15 {
			t.Errorf("p = %g: %.1f segments, the law says %.1f", p, w, law)
		}
		if math.Abs(ratio*float64(row.acks)-1) > 0.15 {
			t.Errorf("p = %g: %.3f ACKs a segment, want one for %d", p, ratio, row.acks)
		}
	}
}
