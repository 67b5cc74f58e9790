package netstack

import (
	"errors"
	"fmt"

	"labserver/bench/sample"
)

// Openings opens n connections between two hosts, exchanges nothing and closes both ends
// in order, the client first: with TIME-WAIT at the client, as long as it comes. workers
// clients do so at the same time.
func Openings(o Options, n, workers int) (sample.Sample, error) {
	p, err := New(o)
	if err != nil {
		return sample.Sample{}, err
	}
	defer p.Close()
	l, err := listen(p.B, 80, 1024)
	if err != nil {
		return sample.Sample{}, err
	}
	if workers < 2 {
		return openOneByOne(p, l, n)
	}
	each := n / workers
	clock := sample.Start()
	results := make(chan error, workers+1)
	for range workers {
		go func() { results <- p.openAndClose(each) }()
	}
	go func() { results <- serve(l, each*workers) }()
	var failed error
	for range workers + 1 {
		if err := <-results; err != nil {
			failed = err
		}
	}
	s := clock.Stop()
	s.Operations, s.Segments = uint64(each*workers), p.Segments()
	return s, failed
}

// openOneByOne is client and server in one goroutine, which saves a change of goroutines.
func openOneByOne(p *Pair, l *socket, n int) (sample.Sample, error) {
	clock := sample.Start()
	for range n {
		c, err := dial(p.A, 80)
		if err != nil {
			return sample.Sample{}, err
		}
		s, err := l.accept()
		if err != nil {
			return sample.Sample{}, err
		}
		c.close()
		if err := s.finish(); err != nil {
			return sample.Sample{}, err
		}
	}
	s := clock.Stop()
	s.Operations, s.Segments = uint64(n), p.Segments()
	return s, nil
}

func (p *Pair) openAndClose(n int) error {
	for range n {
		c, err := dial(p.A, 80)
		if err != nil {
			return err
		}
		c.close()
	}
	return nil
}

func serve(l *socket, n int) error {
	for range n {
		s, err := l.accept()
		if err != nil {
			return err
		}
		if err := s.finish(); err != nil {
			return err
		}
	}
	return nil
}

// finish waits for the peer's FIN and closes.
func (s *socket) finish() error {
	var one [1]byte
	n, err := s.read(one[:])
	if !errors.Is(err, errEOF) {
		return fmt.Errorf("expected the end of the stream, read %d octets, %v", n, err)
	}
	s.close()
	return nil
}
