package ours

import (
	"fmt"

	"labserver/bench/sample"
	"labserver/stack/inet"
)

// chunk is how much a program writes or reads at once, in octets.
const chunk = 64 << 10

// Bulk is a bulk transfer to measure.
type Bulk struct {
	Options
	Warm   int64 // octets sent before the measurement begins
	Octets int64 // octets measured
	Idle   int   // connections besides, on the same two hosts, that carry nothing
}

// flow is one connection with a program at each end.
type flow struct {
	world            *Pair
	from, to         inet.ProcID
	fromFD, toFD     int
	out, in          []byte
	left, wrote, got int64 // octets: still to write, written, read
}

// turn is what happens while one link delay goes by: the sender writes what is taken, at
// most a chunk, packets move, the receiver reads what is there.
func (f *flow) turn() error {
	if f.left > 0 {
		if err := f.write(); err != nil {
			return err
		}
	}
	f.world.W.Advance(f.world.W.Now().Add(delay))
	return f.read()
}

func (f *flow) write() error {
	n, e := f.world.W.Write(f.from, f.fromFD, f.out[:min(f.left, chunk)])
	if e != inet.OK && e != inet.EAGAIN {
		return fmt.Errorf("write: %s", e)
	}
	if n > 0 {
		f.left -= int64(n)
		f.wrote += int64(n)
	}
	return nil
}

func (f *flow) read() error {
	for {
		n, e := f.world.W.Read(f.to, f.toFD, f.in)
		if e != inet.OK {
			if e == inet.EAGAIN {
				return nil
			}
			return fmt.Errorf("read: %s", e)
		}
		if n == 0 {
			return fmt.Errorf("read: the stream ended after %d octets", f.got)
		}
		f.got += int64(n)
		if n < len(f.in) {
			return nil
		}
	}
}

// until takes turns until the receiver has read n octets in all.
func (f *flow) until(n int64) error {
	for idle := 0; f.got < n; idle++ {
		before := f.got
		if err := f.turn(); err != nil {
			return err
		}
		if f.got > before {
			idle = 0
		}
		if idle > 1_000_000 {
			return fmt.Errorf("the transfer stands still at %d of %d octets", f.got, n)
		}
	}
	return nil
}

func (p *Pair) flow(c connection, octets int64) *flow {
	f := &flow{world: p, from: client, to: server, fromFD: c.client, toFD: c.server,
		out: make([]byte, chunk), in: make([]byte, chunk), left: octets}
	for i := range f.out {
		f.out[i] = byte(i)
	}
	return f
}

// Run sends from host A to host B over one connection.
func (b Bulk) Run() (sample.Sample, error) {
	p, err := New(b.Options)
	if err != nil {
		return sample.Sample{}, err
	}
	l, err := p.listen()
	if err != nil {
		return sample.Sample{}, err
	}
	for range b.Idle {
		if _, err := p.connect(l); err != nil {
			return sample.Sample{}, err
		}
	}
	c, err := p.connect(l)
	if err != nil {
		return sample.Sample{}, err
	}
	f := p.flow(c, b.Warm+b.Octets)
	if err := f.until(b.Warm); err != nil {
		return sample.Sample{}, err
	}
	return f.measure(b.Warm + b.Octets)
}

// measure takes turns until n octets in all have been read, with the clock running.
func (f *flow) measure(n int64) (sample.Sample, error) {
	segments, got := f.world.W.Sent(), f.got
	clock := sample.Start()
	err := f.until(n)
	s := clock.Stop()
	s.Segments = uint64(f.world.W.Sent() - segments)
	s.Octets = uint64(f.got - got)
	return s, err
}
