package infer

import (
	"testing"

	"pgregory.net/rapid"

	"labserver/stack/seq"
)

// TestSpansAreTheSetOfWhatWasPutIn compares with a set of single numbers, beginning just
// below the end of the sequence space.
func TestSpansAreTheSetOfWhatWasPutIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const base seq.Num = 0xffffffc0
		var s spans
		in := map[int]bool{}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			from := rapid.IntRange(0, 120).Draw(t, "from")
			n := rapid.IntRange(0, 20).Draw(t, "n")
			s.add(base.Add(seq.Size(from)), base.Add(seq.Size(from+n)))
			for i := from; i < from+n; i++ {
				in[i] = true
			}
		}
		if int(s.octets()) != len(in) {
			t.Fatalf("%d octets, want %d", s.octets(), len(in))
		}
		for i := range 145 {
			if at := base.Add(seq.Size(i)); s.overlaps(at, at.Add(1)) != in[i] {
				t.Fatalf("%d is in the set: %v", i, !in[i])
			}
		}
		at := rapid.IntRange(0, 120).Draw(t, "at")
		end := at
		for in[end] {
			end++
		}
		if got := s.before(base.Add(seq.Size(at))); got != base.Add(seq.Size(end)) {
			t.Fatalf("from %d on it reaches to %d, want %d", at, got-base, end)
		}
	})
}

func TestASetForgetsWhatLiesFarBehind(t *testing.T) {
	var s spans
	for i := range 12 { // three times around
		from := seq.Num(i) << 30
		s.add(from, from.Add(1<<30))
	}
	if n := s.octets(); n > 1<<30 {
		t.Errorf("%d octets are held", n)
	}
	if !s.overlaps(3<<30, 3<<30+1) || s.overlaps(1<<30, 1<<30+1) {
		t.Error("not the youngest are held")
	}
	var gaps spans
	for i := range 1000 {
		gaps.add(seq.Num(i*10), seq.Num(i*10+1))
	}
	if len(gaps) > maxSpans {
		t.Errorf("%d gaps are held", len(gaps))
	}
}

func TestWallTimeIsADateOfTheCalendar(t *testing.T) {
	const second = 1_000_000_000
	for ns, want := range map[int64]string{
		0:                            "1970-01-01T00:00:00.000000000Z",
		-1:                           "1969-12-31T23:59:59.999999999Z",
		951_782_400 * second:         "2000-02-29T00:00:00.000000000Z",
		1_795_381_200*second + 5_000: "2026-11-22T21:00:00.000005000Z",
		4_107_542_399 * second:       "2100-02-28T23:59:59.000000000Z",
		4_107_542_400 * second:       "2100-03-01T00:00:00.000000000Z",
	} {
		if got := wallTime(ns); got != want {
			t.Errorf("%d ns: %s, want %s", ns, got, want)
		}
	}
}
