package ours

import (
	"fmt"

	"labserver/bench/sample"
	"labserver/stack"
	"labserver/stack/inet"
)

// Batch is how many datagrams are sent before they are read.
const Batch = 16

// Datagrams sends n UDP datagrams of the given size from host A to host B and reads them,
// Batch at a time, between two connected sockets.
func Datagrams(o Options, n, octets int) (sample.Sample, error) {
	p, err := New(o)
	if err != nil {
		return sample.Sample{}, err
	}
	from, err := p.udpSocket(client, 4000, "10.0.0.2", 5000)
	if err != nil {
		return sample.Sample{}, err
	}
	to, err := p.udpSocket(server, 5000, "10.0.0.1", 4000)
	if err != nil {
		return sample.Sample{}, err
	}
	out, in := make([]byte, octets), make([]byte, octets)
	round := func() error {
		for range Batch {
			if n, e := p.W.Write(client, from, out); n != octets {
				return fmt.Errorf("write: %d octets of a datagram, %q", n, e)
			}
		}
		p.W.Advance(p.W.Now().Add(delay))
		for range Batch {
			if n, e := p.W.Read(server, to, in); n != octets {
				return fmt.Errorf("read: %d octets of a datagram, %q", n, e)
			}
		}
		return nil
	}
	if err := round(); err != nil {
		return sample.Sample{}, err
	}
	rounds := n / Batch
	clock := sample.Start()
	for range rounds {
		if err := round(); err != nil {
			return sample.Sample{}, err
		}
	}
	s := clock.Stop()
	s.Operations, s.Octets = uint64(rounds*Batch), uint64(rounds*Batch*octets)
	return s, nil
}

func (p *Pair) udpSocket(proc inet.ProcID, own int64, peer string, port int64) (
	int, error,
) {
	r, err := p.call("socket", stack.Socket{Proc: proc, Proto: "udp"})
	fd := int(r.Value)
	if err == nil {
		_, err = p.call("bind", stack.Bind{Proc: proc, FD: fd, Port: own})
	}
	if err == nil {
		_, err = p.call("connect", stack.Connect{Proc: proc, FD: fd, Addr: peer, Port: port})
	}
	return fd, err
}
