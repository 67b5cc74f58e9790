// Package sample measures a piece of work: how long it took and what it allocated, beside
// what it did, which the work itself counts.
//
// It must never know whose work it is: the same clock and the same counters for everybody
// is what makes a comparison one.
package sample

import (
	"runtime"
	"slices"
	"time"
)

// Sample is one measured piece of work. What a benchmark does not count stays zero.
type Sample struct {
	Elapsed    time.Duration // by the wall clock
	CPU        time.Duration // of the whole program; 0 where the system does not tell
	Mallocs    uint64        // objects allocated by the whole program meanwhile
	Allocated  uint64        // octets of these
	Operations uint64        // opens and closes, datagrams, hosts: see the benchmark
	Segments   uint64        // TCP packets put on a wire by either host: data and ACKs
	Octets     uint64        // of payload, read by the receiving program
}

// PerSecond returns how many of n happened in a second.
func (s Sample) PerSecond(n uint64) float64 {
	if s.Elapsed <= 0 {
		return 0
	}
	return float64(n) / s.Elapsed.Seconds()
}

// Nanoseconds returns how long each of n took.
func (s Sample) Nanoseconds(n uint64) float64 {
	if n == 0 {
		return 0
	}
	return float64(s.Elapsed.Nanoseconds()) / float64(n)
}

// Plus returns the sample of two pieces of work that were measured one after another.
func (s Sample) Plus(o Sample) Sample {
	s.Elapsed += o.Elapsed
	s.CPU += o.CPU
	s.Mallocs += o.Mallocs
	s.Allocated += o.Allocated
	s.Operations += o.Operations
	s.Segments += o.Segments
	s.Octets += o.Octets
	return s
}

// Clock is a running measurement.
type Clock struct {
	began  time.Time
	cpu    time.Duration
	before runtime.MemStats
}

// Start begins a measurement. The program stops for some microseconds.
func Start() *Clock {
	c := &Clock{}
	runtime.ReadMemStats(&c.before)
	c.cpu, c.began = cpuTime(), time.Now()
	return c
}

// Stop ends it and returns a sample of time and allocations.
func (c *Clock) Stop() Sample {
	elapsed, cpu := time.Since(c.began), cpuTime()-c.cpu
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	return Sample{Elapsed: elapsed, CPU: cpu, Mallocs: after.Mallocs - c.before.Mallocs,
		Allocated: after.TotalAlloc - c.before.TotalAlloc}
}

// LiveHeap returns the octets of the heap that are still reachable.
func LiveHeap() uint64 {
	var m runtime.MemStats
	for range 3 { // what finalizers and pools hold goes with the second and third
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Median returns the middle of values, or the mean of the two in the middle; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}
