package sample

import (
	"testing"
	"time"
)

func TestTheMedianIsTheMiddleOne(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 9, 2}, 3}} {
		if got := Median(c.values); got != c.want {
			t.Errorf("Median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestAClockSeesTimeAndAllocations(t *testing.T) {
	var kept [][]byte
	clock := Start()
	for range 100 {
		kept = append(kept, make([]byte, 1000))
	}
	time.Sleep(2 * time.Millisecond)
	s := clock.Stop()
	if s.Elapsed < 2*time.Millisecond || s.Mallocs < 100 || s.Allocated < 100_000 || len(kept) != 100 {
		t.Errorf("%+v", s)
	}
	if got := (Sample{Elapsed: time.Second}).PerSecond(5); got != 5 {
		t.Errorf("5 in a second are %v a second", got)
	}
	if got := (Sample{Elapsed: time.Microsecond}).Nanoseconds(4); got != 250 {
		t.Errorf("4 in 1000 ns take %v ns each", got)
	}
}
