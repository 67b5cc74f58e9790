package link

import (
	"math"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/rfc"
)

// Floyd and Jacobson §4: avg ← (1 − w) avg + w q, here against the same in floats.
func TestREDsAverageFollowsTheQueueSlowly(t *testing.T) {
	r := newRED(&event.LinkParams{REDWeight: 4})
	r.idle = false
	want := 0.0
	for i := range 500 {
		q := 20
		if i > 250 {
			q = 3
		}
		r.average(q, 0, 1)
		want += (float64(q) - want) / 16
		if got := float64(r.avg) / 65536; math.Abs(got-want) > 0.01 {
			t.Fatalf("after %d packets the average is %f, want %f", i+1, got, want)
		}
	}
}

// While the queue is empty the average falls as if packets had come and found it so.
func TestREDsAverageFallsWhileTheQueueIsIdle(t *testing.T) {
	for _, m := range []int64{0, 1, 2, 7, 100, 1000, 20_000} {
		for _, weight := range []int64{1, 4, 9} {
			got := float64(decay(30<<16, weight, m)) / 65536
			want := 30 * math.Pow(1-math.Pow(2, -float64(weight)), float64(m))
			if math.Abs(got-want) > 0.002 {
				t.Errorf("2^-%d after %d packets: %f, want %f", weight, m, got, want)
			}
		}
	}
	if decay(30<<16, 9, 1<<40) != 0 {
		t.Error("something is left after for ever")
	}
}

// A link that has become infinitely fast has no queue, whatever its average was.
func TestREDForgetsOnALinkThatSendsInNoTime(t *testing.T) {
	p := slow(RED)
	p.REDWeight = 1
	b := newBench(t, p)
	b.offer(986, false, 2*time.Millisecond, time.Second)
	b.run()
	b.set(func(p *event.LinkParams) { p.RateBPS = 0 })
	before := len(b.arrived)
	for range 50 {
		b.send(986)
	}
	b.run()
	if n := len(b.arrived) - before; n != 50 {
		t.Errorf("%d of 50 arrived", n)
	}
}

// §4: the chance rises from 0 to max_p between the thresholds, is 1 above them, and rises
// on to 1 at twice the upper one if RED is gentle.
func TestREDsChanceRisesBetweenItsThresholds(t *testing.T) {
	r := newRED(&event.LinkParams{})
	gentle := newRED(&event.LinkParams{REDGentle: true})
	for _, c := range []struct {
		avg          int64 // packets
		plain, gentl int64
	}{{0, 0, 0}, {4, 0, 0}, {5, 0, 0}, {10, 50_000, 50_000}, {15, 1_000_000, 100_000},
		{21, 1_000_000, 460_000}, {30, 1_000_000, 1_000_000}, {90, 1_000_000, 1_000_000}} {
		r.avg, gentle.avg = c.avg<<16, c.avg<<16
		if r.chance() != c.plain || gentle.chance() != c.gentl {
			t.Errorf("average %d: %d and gentle %d ppm", c.avg, r.chance(), gentle.chance())
		}
	}
}

// §7: with p_a = p_b/(1 − count·p_b) the distance between two drops is uniform on
// 1 … 1/p_b, so that its mean is (1 + 1/p_b)/2.
func TestREDSpreadsItsDropsEvenly(t *testing.T) {
	const pb = 20_000 // one in fifty
	b := newBench(t, event.LinkParams{})
	var gaps [51]int
	total, count := 0, int64(0)
	for range 2000 {
		for count = 0; ; {
			count++
			pa := spread(pb, count-1)
			if pa >= certain || b.l.chance.PerMillion(pa) {
				break
			}
		}
		if count > 50 {
			t.Fatalf("a gap of %d packets", count)
		}
		gaps[count]++
		total += int(count)
	}
	if mean := float64(total) / 2000; math.Abs(mean-25.5) > 1 {
		t.Errorf("the mean gap is %.1f packets, want 25.5", mean)
	}
	for from := 1; from <= 41; from += 10 { // a fifth in each tenth of the way
		n := 0
		for _, g := range gaps[from : from+10] {
			n += g
		}
		if n < 330 || n > 470 {
			t.Errorf("gaps %d to %d came %d times of 2000, want 400", from, from+9, n)
		}
	}
}

// A queue that stands above the lower threshold loses packets before it is full, and all
// of them above the upper one; those that can be marked are marked in between.
func TestREDDropsEarlyAndMarksWhatSaysECT(t *testing.T) {
	p := slow(RED)
	p.REDWeight, p.QueueECN = 2, true
	b := newBench(t, p)
	b.offer(986, false, 6*time.Millisecond, 4*time.Second)
	if b.count("packet.dropped", rfc.REDDrop) < 50 || b.count("packet.dropped", rfc.DropTail) != 0 {
		t.Error("it did not drop early")
	}
	if _, n, _ := b.l.Waiting(AtoB); n > 25 {
		t.Errorf("%d wait", n)
	}
	b = newBench(t, p)
	b.offer(986, true, 7900*time.Microsecond, 10*time.Second) // a queue that grows slowly
	if b.count("packet.marked", rfc.REDMark) == 0 {
		t.Error("it marked nothing")
	}
	phases := map[string]bool{}
	for _, e := range b.log.From(1) {
		switch c := e.Body.(type) {
		case event.QueueChanged:
			phases[c.New.Phase] = true
		case event.PacketDropped:
			if c.Queue.AvgMilli < 15_000 {
				t.Fatalf("dropped what could be marked: %+v", c.Queue)
			}
		}
	}
	if !phases["early"] {
		t.Errorf("%v", phases)
	}
}

// Each direction has a queue and a discipline of its own, and parameters that BToA gives.
func TestTheWayBackMayDiffer(t *testing.T) {
	rate, delay, discipline, loss := int64(0), int64(7e6), CoDel, int64(1_000_000)
	p := slow(RED)
	p.BToA = &event.LinkWay{DelayNS: &delay, Queue: &discipline, LossPPM: &loss}
	b := newBench(t, p)
	if w := b.l.dirs[BtoA].way; w.DelayNS != delay || w.Queue != CoDel || w.LossPPM != loss ||
		w.RateBPS != 1_000_000 || w.QueueOctets != 1_000_000 {
		t.Errorf("%+v", w)
	}
	if w := b.l.dirs[AtoB].way; w.DelayNS != rate || w.Queue != RED || w.LossPPM != 0 {
		t.Errorf("%+v", w)
	}
	b.set(func(p *event.LinkParams) { p.BToA = nil })
	if w := b.l.dirs[BtoA].way; w.DelayNS != 0 || w.Queue != RED {
		t.Errorf("%+v", w)
	}
}
