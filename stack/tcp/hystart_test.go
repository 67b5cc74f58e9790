package tcp

import (
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// hyWindow plays HyStart++ by rounds: each sends as many segments of 1000 octets as the
// window holds, and each is acknowledged alone.
type hyWindow struct {
	window
	t        *testing.T
	alg      congestion
	una, nxt seq.Num
	rules    map[rfc.ID]int
}

func newHyWindow(t *testing.T, name string) *hyWindow {
	h := &hyWindow{t: t, rules: map[rfc.ID]int{}}
	h.alg, _ = congestionByName(name, linuxKnobs())
	h.window = window{smss: 1000, cwnd: 10_000, ssthresh: noSsthresh}
	h.una = 1<<32 - 5000 // the numbers wrap in the first round
	h.nxt = h.una.Add(10_000)
	return h
}

// round acknowledges what is outstanding, each ACK with a measurement, and sends what that
// allows. samples is how many ACKs carry a measurement; the others acknowledge the rest.
func (h *hyWindow) round(rtt time.Duration, samples int) {
	end := h.nxt
	for i := 0; h.una.Less(end); i++ {
		h.una = h.una.Add(1000)
		a := &acking{octets: 1000, una: h.una, nxt: h.nxt, srtt: rtt}
		if i < samples {
			a.sample = rtt
		}
		h.rules[h.alg.acked(&h.window, a)]++
		h.nxt = h.una.Add(seq.Size(h.cwnd))
	}
}

const ms = time.Millisecond

func TestLongerRoundTripsTurnSlowStartConservative(t *testing.T) {
	// RttThresh is an eighth of the last round's least, between 4 and 16 ms.
	for _, row := range []struct {
		last, current time.Duration
		css           bool
	}{
		{80 * ms, 90*ms - 1, false}, {80 * ms, 90 * ms, true},
		{8 * ms, 12*ms - 1, false}, {8 * ms, 12 * ms, true},
		{800 * ms, 816*ms - 1, false}, {800 * ms, 816 * ms, true},
		{80 * ms, 40 * ms, false},
	} {
		for _, name := range []string{"cubic", "newreno"} {
			h := newHyWindow(t, name)
			h.round(row.last, 100)
			h.round(row.current, 100)
			if h.hy.css != row.css || (h.rules[rfc.HyStartEnter] == 1) != row.css {
				t.Errorf("%s: %v, then %v: css %v", name, row.last, row.current, h.hy.css)
			}
		}
	}
}

func TestARoundWithFewSamplesProvesNothing(t *testing.T) {
	h := newHyWindow(t, "cubic")
	h.round(80*ms, 100)
	h.round(200*ms, 7)
	if h.hy.css {
		t.Error("seven samples are too few")
	}
	h = newHyWindow(t, "cubic")
	h.round(80*ms, 100)
	h.round(200*ms, 8)
	if !h.hy.css {
		t.Error("eight are enough")
	}
}

func TestConservativeSlowStartGrowsByAQuarterForFiveRounds(t *testing.T) {
	h := newHyWindow(t, "cubic")
	h.round(80*ms, 100) // 10 segments become 20
	if h.cwnd != 20_000 {
		t.Fatalf("cwnd %d", h.cwnd)
	}
	h.round(100*ms, 100)
	// Eight ACKs of slow start, twelve of a quarter of a segment each.
	if h.cwnd != 28_000+12*250 || h.ssthresh != noSsthresh {
		t.Fatalf("cwnd %d, ssthresh %d", h.cwnd, h.ssthresh)
	}
	// That round was begun without CSS but counts: four more, by a quarter each.
	want := h.cwnd
	for range 3 {
		h.round(100*ms, 100)
		want += want / 4
	}
	if off := h.cwnd - want; off < -1000 || off > 1000 || !h.hy.css {
		t.Errorf("cwnd %d, want about %d; css %v", h.cwnd, want, h.hy.css)
	}
	h.round(100*ms, 100)
	if h.ssthresh >= noSsthresh || h.cwnd < h.ssthresh || h.rules[rfc.HyStartDone] != 1 {
		t.Errorf("after five rounds: cwnd %d, ssthresh %d", h.cwnd, h.ssthresh)
	}
	// RFC 9438 §4.10: congestion avoidance begins at its plateau.
	h.round(100*ms, 100)
	if h.cubic.k != 0 || h.cubic.wMax != h.ssthresh {
		t.Errorf("K %v, W_max %d", h.cubic.k, h.cubic.wMax)
	}
}

func TestShortRoundTripsResumeSlowStart(t *testing.T) {
	h := newHyWindow(t, "newreno")
	h.round(80*ms, 100)
	h.round(100*ms, 100)
	h.round(100*ms, 100) // not below the baseline
	if !h.hy.css {
		t.Fatal("still conservative")
	}
	h.round(99*ms, 100)
	if h.hy.css || h.rules[rfc.HyStartResume] != 1 {
		t.Error("the baseline is undercut")
	}
	before := h.cwnd
	h.round(99*ms, 100)
	if h.cwnd != 2*before {
		t.Errorf("cwnd from %d to %d", before, h.cwnd)
	}
	// HyStart++ goes on: the next increase counts its five rounds anew.
	// (The round under way has seen 99 ms already.)
	h.round(130*ms, 100)
	h.round(130*ms, 100)
	if !h.hy.css || h.hy.rounds != 1 {
		t.Errorf("css %v, %d rounds", h.hy.css, h.hy.rounds)
	}
}

func TestHyStartIsForTheFirstSlowStartOnly(t *testing.T) {
	h := newHyWindow(t, "cubic")
	h.round(80*ms, 100)
	h.round(100*ms, 100)
	h.alg.timeout(&h.window, h.cwnd, 0)
	if h.hy != (hystartState{}) {
		t.Errorf("%+v", h.hy)
	}
	h.cwnd, h.ssthresh = 1000, 500_000
	h.nxt = h.una.Add(1000)
	for range 5 {
		h.round(80*ms, 100)
	}
	h.round(200*ms, 100)
	if h.hy.css || h.cwnd != 64_000 {
		t.Errorf("css %v, cwnd %d", h.hy.css, h.cwnd)
	}
}

func TestWithoutHyStartLongerRoundTripsChangeNothing(t *testing.T) {
	for _, row := range []struct {
		name    string
		hystart int64
	}{{"cubic", 0}, {"newreno", 0}, {"reno", 1}, {"tahoe", 1}} {
		h := newHyWindow(t, row.name)
		k := linuxKnobs()
		k.HyStart = row.hystart
		h.alg, _ = congestionByName(row.name, k)
		h.round(80*ms, 100)
		h.round(200*ms, 100)
		if h.cwnd != 40_000 || h.hy.css {
			t.Errorf("%s: cwnd %d", row.name, h.cwnd)
		}
	}
}

func TestTheLimitOfAnACKHoldsInConservativeSlowStartToo(t *testing.T) {
	w := &window{smss: 1000, cwnd: 100_000, ssthresh: noSsthresh}
	w.hy = hystartState{started: true, end: 1 << 20, css: true, baseline: 1}
	k := linuxKnobs()
	for _, row := range []struct {
		limit int64
		want  inet.ByteCount
	}{{0, 3000}, {8, 2000}, {2, 500}, {1, 250}} {
		k.ABC = row.limit
		before := w.cwnd
		cubic{k}.acked(w, &acking{octets: 12_000}) // "min(N, L * SMSS) / CSS_GROWTH_DIVISOR"
		if w.cwnd-before != row.want {
			t.Errorf("L = %d: grew by %d, want %d", row.limit, w.cwnd-before, row.want)
		}
	}
}
