package stack

import (
	"net/netip"
	"time"

	"labserver/stack/host"
	"labserver/stack/inet"
	"labserver/stack/probe"
	"labserver/stack/sock"
)

// What ping and traceroute do when they are not told.
const (
	defaultPings    = 4
	defaultPingSize = 56
	defaultInterval = int64(time.Second)
	defaultPatience = int64(2 * time.Second)
	defaultHops     = 30
	defaultProbes   = 3
)

// The ranges of what they may be told.
const (
	maxPings    = 1000
	maxPatience = int64(2 * time.Minute)
	minProbeGap = int64(time.Millisecond)
	maxHops     = 255
	maxProbes   = 10
)

// checkProbeRanges refuses what no ping or traceroute could do.
func (c Command) checkProbeRanges() error {
	switch a := c.Args.(type) {
	case Ping:
		return first(oneOrigin(a.Host, a.Proc), checkTarget(a.Addr), checkSource(a.Src),
			within("count", a.Count, 1, maxPings), within("ttl", a.TTL, 1, 255),
			within("size", a.Size, 0, probe.MaxPing(true)),
			spanned("interval_ns", a.IntervalNS, int64(time.Minute)),
			spanned("timeout_ns", a.TimeoutNS, maxPatience))
	case Traceroute:
		if a.Proto != "" && a.Proto != "udp" && a.Proto != "icmp" {
			return outOfWords("proto", a.Proto, "udp, icmp")
		}
		return first(oneOrigin(a.Host, a.Proc), checkTarget(a.Addr), checkSource(a.Src),
			within("max_hops", a.MaxHops, 1, maxHops), within("probes", a.Probes, 1, maxProbes),
			spanned("timeout_ns", a.TimeoutNS, maxPatience))
	}
	return nil
}

func oneOrigin(h inet.HostID, p inet.ProcID) *ArgError {
	if (h == "") == (p == "") {
		return &ArgError{Code: CodeExactlyOne, Field: "host, proc"}
	}
	return nil
}

func checkTarget(addr string) *ArgError {
	a, err := netip.ParseAddr(addr)
	if err == nil && (a.Is4In6() || a.Zone() != "" || a.IsUnspecified()) {
		return &ArgError{Code: CodeOutOfRange, Field: "addr", Got: shorten(addr),
			Limit: "an address of a host, or its name"}
	}
	return checkName("addr", addr, false)
}

func checkSource(a netip.Addr) *ArgError {
	if a.IsValid() && (a.Is4In6() || a.Zone() != "") {
		return &ArgError{Code: CodeBadType, Field: "src", Got: a.String()}
	}
	return nil
}

// within is inRange for an optional field.
func within(field string, v *int, low, high int) *ArgError {
	if v == nil {
		return nil
	}
	return inRange(field, int64(*v), int64(low), int64(high))
}

// spanned is within for a time that must pass between one packet and the next.
func spanned(field string, v *int64, high int64) *ArgError {
	if v == nil {
		return nil
	}
	return inRange(field, *v, minProbeGap, high)
}

// or is the value of an optional field.
func or[T any](v *T, otherwise T) T {
	if v != nil {
		return *v
	}
	return otherwise
}

// prober is the host that a ping or traceroute is sent from, and what it was aimed at.
func (w *World) prober(c Command) (h *host.Host, addr string) {
	id, _ := c.hostArg()
	if p, ok := c.procArg(); ok {
		h = w.ownerOf(p)
	} else {
		h = w.host(id)
	}
	switch a := c.Args.(type) {
	case Ping:
		addr = a.Addr
	case Traceroute:
		addr = a.Addr
	}
	return h, addr
}

// checkProbe refuses a ping or traceroute from a host without a stack, or to a name that
// nobody has. calls is how many wait in the world.
func (w *World) checkProbe(c Command, calls int) error {
	h, addr := w.prober(c)
	if h.Bare {
		return &ArgError{Code: CodeBare, Field: "host", Got: string(h.ID)}
	}
	dst, err := w.resolve(h, addr)
	if err != nil {
		return err
	}
	if a, ok := c.Args.(Ping); ok {
		if err := within("size", a.Size, 0, probe.MaxPing(dst.Is6())); err != nil {
			return err
		}
	}
	return first(quota(calls, MaxCalls, "calls"))
}

// resolve finds the address that a name means to a host: of the host with that id, else with
// that name, the first address that a route leads to, else its first.
func (w *World) resolve(from *host.Host, name string) (netip.Addr, *ArgError) {
	if a, err := netip.ParseAddr(name); err == nil {
		return a, nil
	}
	to := w.host(inet.HostID(name))
	for i := 0; to == nil && i < len(w.hosts); i++ {
		if w.hosts[i].Name == name {
			to = w.hosts[i]
		}
	}
	if to == nil {
		return netip.Addr{}, &ArgError{Code: CodeUnknownHost, Field: "addr", Got: shorten(name)}
	}
	if to.Switch != nil {
		return netip.Addr{}, switchRefusal("addr", to.ID)
	}
	var some netip.Addr
	for _, n := range to.IP.NICs() {
		for _, p := range [...]netip.Prefix{n.Addr, n.Addr6} {
			if !p.IsValid() {
				continue
			}
			if _, ok := from.IP.Path(p.Addr()); ok {
				return p.Addr(), nil
			}
			if !some.IsValid() {
				some = p.Addr()
			}
		}
	}
	if !some.IsValid() {
		return some, &ArgError{Code: CodeUnreachable, Field: "addr", Got: shorten(name)}
	}
	return some, nil
}

// probe carries out ping, traceroute and interrupt.
func (w *World) probe(c Command, by uint64) {
	if a, ok := c.Args.(Interrupt); ok {
		h := w.proberOf(a.Call)
		fx := w.effects(by)
		h.Probe(fx, func(t *probe.Table, pfx *probe.Effects) { t.Interrupt(a.Call, pfx) })
		w.settle(h, fx)
		return
	}
	h, name := w.prober(c)
	dst, err := w.resolve(h, name)
	if err != nil {
		panic("BUG: a name that passed Check cannot be resolved: " + name)
	}
	o := probe.Origin{Dst: dst}
	if name != dst.String() {
		o.Name = name
	}
	fx := w.effects(by)
	h.Probe(fx, func(t *probe.Table, pfx *probe.Effects) {
		switch a := c.Args.(type) {
		case Ping:
			o.Proc, o.Src = a.Proc, a.Src
			t.Ping(probe.Ping{Origin: o, Count: or(a.Count, defaultPings),
				Interval: time.Duration(or(a.IntervalNS, defaultInterval)),
				Timeout:  time.Duration(or(a.TimeoutNS, defaultPatience)),
				Size:     or(a.Size, defaultPingSize), TTL: uint8(or(a.TTL, 0)), DF: a.DF}, pfx)
		case Traceroute:
			o.Proc, o.Src = a.Proc, a.Src
			t.Trace(probe.Trace{Origin: o, MaxHops: or(a.MaxHops, defaultHops),
				Probes: or(a.Probes, defaultProbes), ICMP: a.Proto == "icmp",
				Timeout: time.Duration(or(a.TimeoutNS, defaultPatience))}, pfx)
		}
	})
	w.settle(h, fx)
}

// proberOf returns the host on which a ping or traceroute runs.
func (w *World) proberOf(call inet.CallID) *host.Host {
	for _, h := range w.hosts {
		if h.Probing(call) {
			return h
		}
	}
	return nil
}

func (w *World) checkInterrupt(a Interrupt) error {
	if w.proberOf(a.Call) == nil {
		return &ArgError{Code: CodeUnknownCall, Field: "call", Got: shorten(string(a.Call))}
	}
	return nil
}

// leave ends the pings and traceroutes of a process, or with nil of the whole host.
func (w *World) leave(h *host.Host, p *sock.Proc, by uint64) {
	fx := w.effects(by)
	h.Leave(p, fx)
	w.settle(h, fx)
}
