package netstack

import "labserver/bench/sample"

// Batch is how many datagrams are sent before they are read.
const Batch = 16

// Datagrams sends n UDP datagrams of the given size from host A to host B and reads them,
// Batch at a time, between two connected sockets. Over a pipe a datagram is in the
// receiver's queue when the call that sends it returns, so that one goroutine does both.
func Datagrams(o Options, n, octets int) (sample.Sample, error) {
	p, err := New(o)
	if err != nil {
		return sample.Sample{}, err
	}
	defer p.Close()
	from, err := udpSocket(p.A, 4000, addrB, 5000)
	if err != nil {
		return sample.Sample{}, err
	}
	to, err := udpSocket(p.B, 5000, addrA, 4000)
	if err != nil {
		return sample.Sample{}, err
	}
	out, in := make([]byte, octets), make([]byte, octets)
	round := func() error {
		for range Batch {
			if err := from.write(out); err != nil {
				return err
			}
		}
		for range Batch {
			if _, err := to.read(in); err != nil {
				return err
			}
		}
		return nil
	}
	if err := round(); err != nil {
		return sample.Sample{}, err
	}
	clock := sample.Start()
	rounds := n / Batch
	for range rounds {
		if err := round(); err != nil {
			return sample.Sample{}, err
		}
	}
	s := clock.Stop()
	s.Operations, s.Octets = uint64(rounds*Batch), uint64(rounds*Batch*octets)
	return s, nil
}
