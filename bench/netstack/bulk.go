package netstack

import (
	"runtime"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"labserver/bench/sample"
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

// Run sends from host A to host B over one connection; a goroutine writes from its own
// buffer, another reads into its own.
func (b Bulk) Run() (sample.Sample, error) {
	p, err := New(b.Options)
	if err != nil {
		return sample.Sample{}, err
	}
	defer p.Close()
	l, err := listen(p.B, 80, 128)
	if err != nil {
		return sample.Sample{}, err
	}
	idle, err := connections(p.A, l, b.Idle)
	if err != nil {
		return sample.Sample{}, err
	}
	s, err := b.transfer(p, l)
	runtime.KeepAlive(idle)
	return s, err
}

// pairOf is a connection with both its ends.
type pairOf struct{ client, server *socket }

// connections opens n connections and returns both ends of each.
func connections(from *stack.Stack, l *socket, n int) ([]pairOf, error) {
	var all []pairOf
	for range n {
		c, err := dial(from, 80)
		if err != nil {
			return nil, err
		}
		s, err := l.accept()
		if err != nil {
			return nil, err
		}
		all = append(all, pairOf{c, s})
	}
	return all, nil
}

func (b Bulk) transfer(p *Pair, l *socket) (sample.Sample, error) {
	both, err := connections(p.A, l, 1)
	if err != nil {
		return sample.Sample{}, err
	}
	wrote := make(chan error, 1)
	go func() { wrote <- both[0].client.source(b.Warm + b.Octets) }()

	buf := make([]byte, chunk)
	warm, err := both[0].server.sink(buf, b.Warm)
	if err != nil {
		return sample.Sample{}, err
	}
	segments := p.Segments()
	clock := sample.Start()
	n, err := both[0].server.sink(buf, b.Warm+b.Octets-warm)
	s := clock.Stop()
	s.Segments = p.Segments() - segments
	s.Octets = uint64(n)
	if err == nil {
		err = <-wrote
	}
	both[0].client.close()
	both[0].server.close()
	return s, err
}

// source writes n octets.
func (s *socket) source(n int64) error {
	buf := make([]byte, chunk)
	for i := range buf {
		buf[i] = byte(i)
	}
	for n > 0 {
		piece := buf[:min(n, chunk)]
		if err := s.write(piece); err != nil {
			return err
		}
		n -= int64(len(piece))
	}
	return nil
}

// sink reads at least n octets, or all there are, and returns how many it read.
func (s *socket) sink(buf []byte, n int64) (int64, error) {
	got := int64(0)
	for got < n {
		k, err := s.read(buf)
		if err != nil {
			return got, err
		}
		got += int64(k)
	}
	return got, nil
}

// Many measures n bulk transfers at once, each between two hosts of its own.
func (b Bulk) Many(n int) (sample.Sample, error) {
	var pairs []*Pair
	var conns []pairOf
	for range n {
		p, err := New(b.Options)
		if err != nil {
			return sample.Sample{}, err
		}
		defer p.Close()
		l, err := listen(p.B, 80, 128)
		if err != nil {
			return sample.Sample{}, err
		}
		both, err := connections(p.A, l, 1)
		if err != nil {
			return sample.Sample{}, err
		}
		pairs, conns = append(pairs, p), append(conns, both...)
	}
	if err := together(conns, b.Warm/int64(n)); err != nil {
		return sample.Sample{}, err
	}
	segments := uint64(0)
	for _, p := range pairs {
		segments += p.Segments()
	}
	each := b.Octets / int64(n)
	clock := sample.Start()
	err := together(conns, each)
	s := clock.Stop()
	for _, p := range pairs {
		s.Segments += p.Segments()
	}
	s.Segments -= segments
	s.Octets = uint64(each) * uint64(n)
	return s, err
}

// together sends so many octets over each connection at the same time.
func together(conns []pairOf, each int64) (failed error) {
	results := make(chan error, 2*len(conns))
	for _, c := range conns {
		go func() { results <- c.client.source(each) }()
		go func() {
			_, err := c.server.sink(make([]byte, chunk), each)
			results <- err
		}()
	}
	for range 2 * len(conns) {
		if err := <-results; err != nil {
			failed = err
		}
	}
	return failed
}
