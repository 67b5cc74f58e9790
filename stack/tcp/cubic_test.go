package tcp

import (
	"math"
	"math/big"
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// The numbers here are worked by hand from the formulas of RFC 9438 in segments of 1000
// octets; C = 0.4, β_cubic = 0.7.

func linuxKnobs() *Knobs {
	k, _ := Profile("linux")
	return &k
}

func TestCubeRootsAreTheNearestWholeNumbers(t *testing.T) {
	check := func(x uint64) {
		t.Helper()
		// r is nearest when (2r-1)³ <= 8x < (2r+1)³.
		r := new(big.Int).SetUint64(cubeRoot(x))
		eight := new(big.Int).Lsh(new(big.Int).SetUint64(x), 3)
		below := new(big.Int).Sub(new(big.Int).Lsh(r, 1), big.NewInt(1))
		above := new(big.Int).Add(new(big.Int).Lsh(r, 1), big.NewInt(1))
		three := big.NewInt(3)
		if below.Exp(below, three, nil).Cmp(eight) > 0 || above.Exp(above, three, nil).Cmp(eight) <= 0 {
			t.Errorf("cube root of %d: %s", x, r)
		}
	}
	for x := range uint64(5000) {
		check(x)
	}
	for r := uint64(1); r < 1<<21; r += 1 + r/7 {
		for _, near := range []uint64{r*r*r - 1, r * r * r, r*r*r + 1} {
			check(near)
		}
	}
	rand := sim.Stream(1, "cubes")
	for range 2000 {
		check(rand.Below(1<<63) >> rand.Below(62))
	}
	check(1<<63 - 1)
}

func TestKAndTheCubicFunctionAgreeWithTheClosedForm(t *testing.T) {
	for _, smss := range []inet.ByteCount{536, 1000, 1448, 8948, 65483} {
		for _, wMax := range []float64{10, 100, 1000, 10_000} {
			w := &window{smss: smss, cwnd: inet.ByteCount(wMax*0.7) * smss}
			w.cubic.wMax = inet.ByteCount(wMax) * smss
			w.cubic.k = cubicK(w.cubic.wMax-w.cwnd, smss)
			// Figure 2: K = cbrt((W_max - cwnd_epoch) / C).
			k := math.Cbrt((wMax - float64(w.cwnd)/float64(smss)) / 0.4)
			if off := math.Abs(w.cubic.k.Seconds() - k); off > 0.00051 {
				t.Errorf("W_max %v: K is %v, want %v", wMax, w.cubic.k, k)
			}
			for ms := 0; ms < 60_000; ms += 371 {
				at := time.Duration(ms)*time.Millisecond + 777*time.Microsecond
				d := at.Seconds() - k
				want := 0.4*d*d*d + wMax
				got := float64(w.cubicAt(at)) / float64(smss)
				// The bound that cubic says: 1.2·d²·0.0015 segments, and an octet of rounding for
				// each of three divisions; near the plateau the next term of the Taylor series.
				bound := 0.0018*d*d + 0.001*math.Abs(d)*0.01 + 3/float64(smss) + 1e-5
				if math.Abs(got-want) > bound {
					t.Fatalf("SMSS %d, W_max %v: W_cubic(%v) is %v, want %v ± %v", smss, wMax, at, got,
						want, bound)
				}
			}
		}
	}
}

// cubicWindow is a window of cwnd segments, t after an epoch that began at 70 segments
// with W_max at 100: K = cbrt(30 / 0.4) = cbrt(75) = 4.217 s.
func cubicWindow(cwnd inet.ByteCount) *window {
	w := &window{smss: 1000, cwnd: cwnd * 1000, ssthresh: 70_000}
	w.cubic = cubicState{wMax: 100_000, prior: 100_000, running: true, est: 70_000 << fine,
		k: 4217 * time.Millisecond}
	return w
}

func TestCubicGrowthPerACK(t *testing.T) {
	for _, row := range []struct {
		name   string
		cwnd   inet.ByteCount // segments
		t      time.Duration
		acks   int // of one segment each
		octets int64
		rule   rfc.ID
	}{
		// W_cubic(1.1) = 0.4·(1.1-4.217)³ + 100 = 100 - 0.4·30.284 = 87.886 segments;
		// (87.886 - 70) / 70 = 0.25552 segments for each ACK.
		{"concave", 70, time.Second, 1, 255, rfc.CubicConcave},
		{"concave, three", 70, time.Second, 3, 766, rfc.CubicConcave},
		{"concave, four make a segment", 70, time.Second, 4, 1022, rfc.CubicConcave},
		// W_cubic(4.1) = 100 - 0.4·0.117³ = 99.999; (99.999 - 99) / 99 = 0.010095.
		{"near the plateau", 99, 4 * time.Second, 10, 100, rfc.CubicConcave},
		// W_cubic(6.1) = 100 + 0.4·1.883³ = 102.671; (102.671 - 100) / 100 = 0.02671.
		{"convex", 100, 6 * time.Second, 1, 26, rfc.CubicConvex},
		// W_cubic(10.1) = 100 + 0.4·5.883³ = 181.4, more than 1.5·100: (150-100)/100 = 0.5.
		{"no faster than 1.5 cwnd", 100, 10 * time.Second, 2, 1000, rfc.CubicConvex},
		// W_cubic(1.1) = 87.886 is below cwnd: target = cwnd.
		{"never down", 95, time.Second, 5, 0, rfc.CubicConcave},
	} {
		w := cubicWindow(row.cwnd)
		before := w.cwnd
		var rule rfc.ID
		for range row.acks {
			a := &acking{now: sim.Time(0).Add(row.t), octets: 1000, srtt: 100 * time.Millisecond}
			rule = cubic{linuxKnobs()}.acked(w, a)
		}
		got := int64(w.cwnd-before) + w.cubic.credit>>fine
		if got < row.octets-1 || got > row.octets+1 {
			t.Errorf("%s: grew by %d octets, want %d", row.name, got, row.octets)
		}
		if w.cwnd%1000 != 0 {
			t.Errorf("%s: cwnd %d is not in whole segments", row.name, w.cwnd)
		}
		if rule != row.rule {
			t.Errorf("%s: by %s, want %s", row.name, rule, row.rule)
		}
	}
}

func TestWhereRenoIsFasterCubicKeepsUp(t *testing.T) {
	// 10 segments, W_max 14, K = cbrt(4/0.4) = 2.15 s. After 0.5 s W_cubic is
	// 14 - 0.4·1.654³ = 12.19. One round trip of W_est is 9/17 of a segment.
	w := &window{smss: 1000, cwnd: 10_000, ssthresh: 10_000}
	w.cubic = cubicState{wMax: 14_000, prior: 14_000}
	c := cubic{linuxKnobs()}
	a := &acking{octets: 1000, srtt: time.Millisecond}
	for range 10 {
		if rule := c.acked(w, a); rule != rfc.CubicFriendly {
			t.Fatalf("by %s", rule)
		}
	}
	// 10·(9/17)·(1000/10) = 529 octets.
	if got := w.cubic.est>>fine - 10_000; got < 528 || got > 530 || w.cwnd != 10_000 {
		t.Errorf("W_est grew by %d octets, cwnd is %d", got, w.cwnd)
	}
	for range 10 {
		c.acked(w, a)
	}
	if w.cwnd != 11_000 {
		t.Errorf("cwnd %d after W_est passed 11 segments: %d", w.cwnd, w.cubic.est>>fine)
	}
	// From cwnd_prior on, α_cubic is 1: a segment for each round trip.
	w.cubic.est, w.cwnd = 14_000<<fine, 14_000
	for range 14 {
		c.acked(w, a)
	}
	if got := w.cubic.est >> fine; got < 14_960 || got > 15_000 {
		t.Errorf("W_est %d, want 15000 less the growth of cwnd", got)
	}
}

func TestCubicReducesToSeventyPercentAndConvergesFast(t *testing.T) {
	w := &window{smss: 1000, cwnd: 100_000, ssthresh: noSsthresh}
	c := cubic{linuxKnobs()}
	c.lost(w, 100_000, 0)
	if w.ssthresh != 70_000 || w.cubic.wMax != 100_000 || w.cubic.prior != 100_000 {
		t.Errorf("first: ssthresh %d, W_max %d", w.ssthresh, w.cubic.wMax)
	}
	// A loss at 80 segments, below W_max: W_max = 80·1.7/2 = 68, ssthresh 56.
	w.cwnd = 80_000
	c.lost(w, 80_000, 0)
	if w.ssthresh != 56_000 || w.cubic.wMax != 68_000 || w.cubic.prior != 80_000 {
		t.Errorf("second: ssthresh %d, W_max %d", w.ssthresh, w.cubic.wMax)
	}
	// The plateau may lie below where the stage begins: then K is 0.
	w.cwnd = 70_000
	c.acked(w, &acking{octets: 1000, srtt: time.Millisecond})
	if w.cubic.k != 0 || w.cubic.wMax != 70_000 {
		t.Errorf("K %v, W_max %d", w.cubic.k, w.cubic.wMax)
	}
	// Never less than two segments.
	w.cwnd = 2000
	c.lost(w, 2000, 0)
	if w.ssthresh != 2000 {
		t.Errorf("ssthresh %d", w.ssthresh)
	}
}

func TestSsthreshComesFromTheFlightOrFromCwnd(t *testing.T) {
	for _, row := range []struct {
		name           string
		cwnd, flight   inet.ByteCount
		fromCwnd, want int64
	}{
		{"newreno", 15_000, 9_000, 0, 4_500}, // RFC 5681: FlightSize / 2
		{"newreno", 15_000, 9_000, 1, 7_000}, // linux: cwnd / 2 in whole segments
		{"cubic", 15_000, 9_000, 0, 6_300},   // RFC 9438: flight_size * β_cubic
		{"cubic", 15_000, 9_000, 1, 10_000},
		{"reno", 3_000, 3_000, 0, 2_000},
		{"tahoe", 15_000, 15_000, 0, 7_500},
	} {
		k := linuxKnobs()
		k.SsthreshCwnd = row.fromCwnd
		c, _ := congestionByName(row.name, k)
		for _, event := range []func(*window, inet.ByteCount, sim.Time){c.lost, c.timeout} {
			w := &window{smss: 1000, cwnd: row.cwnd, ssthresh: noSsthresh}
			event(w, row.flight, 0)
			if w.ssthresh != inet.ByteCount(row.want) || w.cwnd != row.cwnd {
				t.Errorf("%+v: ssthresh %d, cwnd %d", row, w.ssthresh, w.cwnd)
			}
		}
	}
}

func TestAfterATimeoutTheCubicBeginsAtItsPlateau(t *testing.T) {
	w := &window{smss: 1000, cwnd: 100_000, ssthresh: noSsthresh}
	c := cubic{linuxKnobs()}
	c.timeout(w, 100_000, 0)
	w.cwnd = 1000 // the caller's loss window
	for w.cwnd < w.ssthresh {
		c.acked(w, &acking{octets: 1000})
	}
	c.acked(w, &acking{octets: 1000})
	// RFC 9438 §4.8: K is 0, W_max and W_est are where congestion avoidance begins.
	s := w.cubic
	if w.ssthresh != 70_000 || s.k != 0 || s.wMax != 70_000 || s.est>>fine/1000 != 70 {
		t.Errorf("ssthresh %d, K %v, W_max %d, W_est %d", w.ssthresh, s.k, s.wMax, s.est>>fine)
	}
}

func TestTheCubicsClockStandsStillWhileTheWindowIsUnused(t *testing.T) {
	second := func(n int) sim.Time { return sim.Time(0).Add(time.Duration(n) * time.Second) }
	ack := func(w *window, n int) {
		cubic{linuxKnobs()}.acked(w, &acking{now: second(n), octets: 1000, srtt: time.Millisecond})
	}
	w := cubicWindow(70)
	ack(w, 1)
	cubic{}.idle(w, second(2))
	ack(w, 61)
	if w.cubic.epoch != second(60) { // 60 s since the window last grew count for nothing
		t.Errorf("epoch at %v", w.cubic.epoch)
	}
	ack(w, 62)
	if w.cubic.epoch != second(60) || w.cwnd > 72_000 {
		t.Errorf("epoch at %v, cwnd %d", w.cubic.epoch, w.cwnd)
	}
}

func TestASpuriousLossIsTakenBack(t *testing.T) {
	for _, name := range []string{"cubic", "newreno", "reno", "tahoe"} {
		c, _ := congestionByName(name, linuxKnobs())
		for _, event := range []func(*window, inet.ByteCount, sim.Time){c.lost, c.timeout} {
			w := cubicWindow(80)
			w.grown = 123
			before := *w
			event(w, 80_000, 0)
			w.cwnd = w.ssthresh
			c.undone(w)
			if *w != before {
				t.Errorf("%s:\n%+v, want\n%+v", name, *w, before)
			}
			// RFC 9438 §4.9.2: not when the window has grown past it.
			event(w, 80_000, 0)
			w.cwnd = 90_000
			now := *w
			now.before = savedWindow{}
			if c.undone(w); *w != now {
				t.Errorf("%s shrank: %+v", name, *w)
			}
			c.undone(w) // and only once
			if *w != now {
				t.Errorf("%s: twice", name)
			}
		}
	}
}

func TestCubicAtItsEdges(t *testing.T) {
	c, second := cubic{linuxKnobs()}, sim.Time(0).Add(time.Second)
	// Slow start that ends exactly at ssthresh begins no congestion avoidance yet.
	w := &window{smss: 1000, cwnd: 9000, ssthresh: 10_000}
	if c.acked(w, &acking{octets: 1000}); w.cwnd != 10_000 || w.cubic.running {
		t.Errorf("cwnd %d, an epoch: %v", w.cwnd, w.cubic.running)
	}
	// One that goes past it does, with what is left over.
	w = &window{smss: 1000, cwnd: 9000, ssthresh: 10_000}
	if c.acked(w, &acking{octets: 2000}); w.cwnd != 10_000 || !w.cubic.running {
		t.Errorf("cwnd %d, an epoch: %v", w.cwnd, w.cubic.running)
	}
	// W_cubic = W_est is not "less than W_est", so CUBIC is not in the Reno-friendly region.
	w = cubicWindow(100)
	w.cubic.k, w.cubic.est = time.Second, 100_000<<fine
	if rule := c.acked(w, &acking{now: second}); rule != rfc.CubicConvex {
		t.Errorf("by %s", rule)
	}
	// W_est that is a whole segment more than cwnd lets cwnd grow by it.
	w = cubicWindow(100)
	w.cubic.k, w.cubic.est = time.Second, 101_000<<fine
	if rule := c.acked(w, &acking{now: second}); rule != rfc.CubicFriendly || w.cwnd != 101_000 {
		t.Errorf("by %s to %d", rule, w.cwnd)
	}
	// So does growth of exactly a segment: 2 ACKs at half a segment each.
	w = cubicWindow(100)
	for range 2 {
		c.acked(w, &acking{now: sim.Time(0).Add(time.Minute), octets: 1000})
	}
	if w.cwnd != 101_000 || w.cubic.credit != 0 {
		t.Errorf("cwnd %d, %d left", w.cwnd, w.cubic.credit)
	}
	// α_cubic is 1 from cwnd_prior on: "Once W_est has grown to reach" it.
	w = &window{smss: 1000, cwnd: 10_000, cubic: cubicState{prior: 10_000, est: 10_000 << fine}}
	if w.cubic.estimate(w, 1000); w.cubic.est != 10_100<<fine {
		t.Errorf("W_est %d/1024", w.cubic.est)
	}
}
