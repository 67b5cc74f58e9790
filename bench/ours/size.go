package ours

import (
	"net/netip"
	"runtime"

	"labserver/bench/sample"
	"labserver/stack"
	"labserver/stack/inet"
)

// Size is what a pair of hosts with one established connection holds, at rest.
type Size struct {
	Octets     float64 // of live heap
	Goroutines float64
}

// Sizes measures n pairs, each in a world of its own with a listener and one connection
// from it, and divides.
func Sizes(o Options, n int) (Size, error) {
	goroutines, before := runtime.NumGoroutine(), sample.LiveHeap()
	all := make([]*Pair, n)
	for i := range all {
		p, err := New(o)
		if err != nil {
			return Size{}, err
		}
		l, err := p.listen()
		if err == nil {
			_, err = p.connect(l)
		}
		if err != nil {
			return Size{}, err
		}
		all[i] = p
	}
	s := Size{Octets: float64(sample.LiveHeap()-before) / float64(n),
		Goroutines: float64(runtime.NumGoroutine()-goroutines) / float64(n)}
	runtime.KeepAlive(all)
	return s, nil
}

// Hosts makes n hosts, each with an interface, an address and a route, a world full of
// them at a time.
func Hosts(o Options, n int) (sample.Sample, error) {
	var s sample.Sample
	for s.Operations < uint64(n) {
		w, err := stack.New(stack.Config{Seed: 1, Quiet: o.Quiet})
		if err != nil {
			return s, err
		}
		p := &Pair{w}
		clock := sample.Start()
		for i := range stack.MaxHosts {
			if err := p.host(inet.HostID(rune('A'+i)), byte(i+1)); err != nil {
				return s, err
			}
		}
		one := clock.Stop()
		one.Operations = stack.MaxHosts
		s = s.Plus(one)
	}
	return s, nil
}

// Many measures bulk transfers at once in one world of so many hosts: between each two of
// them, on a link of their own; of one host alone, to itself.
func (b Bulk) Many(hosts int) (sample.Sample, error) {
	w, err := stack.New(stack.Config{Seed: 1, Quiet: b.Quiet})
	if err != nil {
		return sample.Sample{}, err
	}
	p := &Pair{w}
	pairs := max(hosts/2, 1)
	var flows []*flow
	for i := range pairs {
		f, err := p.island(i, hosts == 1, (b.Warm+b.Octets)/int64(pairs))
		if err != nil {
			return sample.Sample{}, err
		}
		flows = append(flows, f)
	}
	if err := together(flows, b.Warm/int64(pairs)); err != nil {
		return sample.Sample{}, err
	}
	segments := w.Sent()
	clock := sample.Start()
	err = together(flows, (b.Warm+b.Octets)/int64(pairs))
	s := clock.Stop()
	s.Segments, s.Octets = uint64(w.Sent()-segments), uint64(b.Octets)
	return s, err
}

// together gives every flow its turns until each has delivered n octets.
func together(flows []*flow, n int64) error {
	for busy := true; busy; {
		busy = false
		for _, f := range flows {
			if f.got >= n {
				continue
			}
			busy = true
			if f.left > 0 {
				if err := f.write(); err != nil {
					return err
				}
			}
		}
		w := flows[0].world.W
		w.Advance(w.Now().Add(delay))
		for _, f := range flows {
			if err := f.read(); err != nil {
				return err
			}
		}
	}
	return nil
}

// island makes two hosts with a connection between them, or one with a connection to
// itself, and the programs at its ends.
func (p *Pair) island(i int, alone bool, octets int64) (*flow, error) {
	from, to := inet.HostID("A"+string(rune('a'+i))), inet.HostID("B"+string(rune('a'+i)))
	net := func(n byte) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), n}), 24)
	}
	errs := []error{p.do("host.add", stack.HostAdd{ID: from, Addr: net(1)})}
	addr := net(1).Addr().String()
	if alone {
		to = from
	} else {
		addr = net(2).Addr().String()
		errs = append(errs, p.do("host.add", stack.HostAdd{ID: to, Addr: net(2)}), p.link(from, to))
	}
	f := &flow{world: p, from: inet.ProcID("a" + string(rune('a'+i))),
		to: inet.ProcID("b" + string(rune('a'+i))), left: octets,
		out: make([]byte, chunk), in: make([]byte, chunk)}
	errs = append(errs, p.do("proc.start", stack.ProcStart{Host: from, ID: f.from}),
		p.do("proc.start", stack.ProcStart{Host: to, ID: f.to}), p.join(f, from, to, addr))
	return f, first(errs...)
}

// join connects the two programs of a flow.
func (p *Pair) join(f *flow, from, to inet.HostID, addr string) error {
	l, err := p.call("socket", stack.Socket{Proc: f.to, Proto: "tcp"})
	if err == nil {
		_, err = p.call("bind", stack.Bind{Proc: f.to, FD: int(l.Value), Port: 80})
	}
	if err == nil {
		_, err = p.call("listen", stack.Listen{Proc: f.to, FD: int(l.Value)})
	}
	if err != nil {
		return err
	}
	c, err := p.call("socket", stack.Socket{Proc: f.from, Proto: "tcp"})
	f.fromFD = int(c.Value)
	if err == nil {
		_, err = p.call("connect", stack.Connect{Proc: f.from, FD: f.fromFD, Addr: addr, Port: 80})
	}
	if err != nil {
		return err
	}
	p.W.Advance(p.W.Now().Add(4 * delay))
	s, err := p.call("accept", stack.Accept{Proc: f.to, FD: int(l.Value)})
	f.toFD = int(s.Value)
	return err
}
