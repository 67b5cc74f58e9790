// Package sim is virtual time: instants, an ordered queue of what happens next, and
// random numbers that come out the same on every machine.
//
// It must never read a wall clock, use math/rand, or depend on map order: the laws
// L1, L2 and L4 rest on it.
package sim

import (
	"strconv"
	"time"
)

// Time is an instant of virtual time in nanoseconds since the world began. The zero
// value is the beginning. It stays below 2^53, so JavaScript holds it exactly.
type Time int64

// MaxTime is the last instant a world can reach (about 104 days): 2^53 - 1 ns.
const MaxTime Time = 1<<53 - 1

// Add returns t later by d, never past MaxTime.
func (t Time) Add(d time.Duration) Time {
	if d > 0 && t > MaxTime-Time(d) {
		return MaxTime
	}
	return t + Time(d)
}

// Sub returns the span from o to t.
func (t Time) Sub(o Time) time.Duration { return time.Duration(t - o) }

// String renders seconds with nine decimals, as the time bar does.
func (t Time) String() string {
	frac := strconv.FormatInt(int64(t%1e9), 10)
	for len(frac) < 9 {
		frac = "0" + frac
	}
	return strconv.FormatInt(int64(t/1e9), 10) + "." + frac
}
