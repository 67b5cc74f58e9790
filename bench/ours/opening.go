package ours

import (
	"fmt"

	"labserver/bench/sample"
	"labserver/stack"
	"labserver/stack/inet"
)

// Openings opens n connections between two hosts, exchanges nothing and closes both ends
// in order, the client first: with TIME-WAIT at the client, as long as it comes.
func Openings(o Options, n int) (sample.Sample, error) {
	p, err := New(o)
	if err != nil {
		return sample.Sample{}, err
	}
	l, err := p.listen()
	if err != nil {
		return sample.Sample{}, err
	}
	sent := p.W.Sent()
	clock := sample.Start()
	for range n {
		if err := p.openAndClose(l); err != nil {
			return sample.Sample{}, err
		}
	}
	s := clock.Stop()
	s.Operations, s.Segments = uint64(n), uint64(p.W.Sent()-sent)
	return s, nil
}

func (p *Pair) openAndClose(listener int) error {
	c, err := p.connect(listener)
	if err != nil {
		return err
	}
	if _, err := p.call("close", stack.Close{Proc: client, FD: c.client}); err != nil {
		return err
	}
	p.W.Advance(p.W.Now().Add(delay))
	var one [1]byte
	if n, e := p.W.Read(server, c.server, one[:]); n != 0 || e != inet.OK {
		return fmt.Errorf("expected the end of the stream, read %d octets, %q", n, e)
	}
	if _, err := p.call("close", stack.Close{Proc: server, FD: c.server}); err != nil {
		return err
	}
	p.W.Advance(p.W.Now().Add(2 * delay))
	return nil
}
