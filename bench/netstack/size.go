package netstack

import (
	"runtime"

	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"labserver/bench/sample"
)

// Size is what a pair of hosts with one established connection holds, at rest.
type Size struct {
	Octets     float64 // of live heap
	Goroutines float64
}

// Sizes measures n pairs, each with a listener and one connection from it, and divides.
func Sizes(o Options, n int) (Size, error) {
	goroutines, before := runtime.NumGoroutine(), sample.LiveHeap()
	type held struct {
		p    *Pair
		l    *socket
		conn []pairOf
	}
	var all []held
	for range n {
		p, err := New(o)
		if err != nil {
			return Size{}, err
		}
		defer p.Close()
		l, err := listen(p.B, 80, 128)
		if err != nil {
			return Size{}, err
		}
		conn, err := connections(p.A, l, 1)
		if err != nil {
			return Size{}, err
		}
		all = append(all, held{p, l, conn})
	}
	s := Size{Octets: float64(sample.LiveHeap()-before) / float64(n),
		Goroutines: float64(runtime.NumGoroutine()-goroutines) / float64(n)}
	runtime.KeepAlive(all)
	return s, nil
}

// Hosts makes n hosts, each with an interface, an address and a route.
func Hosts(n int) (sample.Sample, error) {
	var all []*stack.Stack
	defer func() {
		for _, s := range all {
			s.Destroy()
		}
	}()
	clock := sample.Start()
	for range n {
		end, _ := pipe.New("", "", MTU)
		s, err := NewHost(end, 0, addrA)
		if err != nil {
			return sample.Sample{}, err
		}
		all = append(all, s)
	}
	s := clock.Stop()
	s.Operations = uint64(n)
	return s, nil
}
