package probe

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// Trace is what a traceroute is asked to do.
type Trace struct {
	Origin
	MaxHops int
	Probes  int // for each hop
	ICMP    bool
	Timeout time.Duration
}

// probeSize is the octets of data of a probe.
const probeSize = 32

// Trace starts a traceroute.
func (t *Table) Trace(p Trace, fx *Effects) {
	t.begin("traceroute", p.Origin, &trace{Trace: p}, fx)
}

// trace is a Trace under way. Probes go one after the other, so that only the last waits.
type trace struct {
	Trace
	hop, probe int // of the last probe, both from 1
	n          uint64
	at         sim.Time
	waiting    bool

	reached bool
	stop    bool // a message said that it goes no further
}

func (p *trace) start(r *run, fx *Effects) bool {
	fx.Scope = fx.Because(r.by)
	proto := "udp"
	if p.ICMP {
		proto = "icmp"
	}
	event.Emit(fx.Scope, rfc.CallBlocks,
		event.TraceStarted{Call: r.call, Src: r.Src, Dst: r.Dst, Name: p.Name,
			Proto: proto, MaxHops: p.MaxHops, Probes: p.Probes})
	p.hop = 1
	return p.next(r, fx)
}

// next sends the next probe; true if the last has been.
func (p *trace) next(r *run, fx *Effects) bool {
	if p.probe == p.Probes {
		if p.reached || p.stop || p.hop == p.MaxHops {
			return true
		}
		p.hop, p.probe = p.hop+1, 0
	}
	p.probe++
	var s sent
	if p.ICMP {
		s = r.request(uint16(p.seq()), probeSize, uint8(p.hop), false, fx)
	} else {
		s = r.datagram(r.sourcePort(), uint16(FirstPort+p.seq()-1), probeSize, uint8(p.hop), fx)
	}
	if s.reason != "" {
		p.stop = true
		event.Emit(fx.Scope, rfc.PingLocal,
			event.TraceMissed{Call: r.call, Hop: p.hop, Probe: p.probe})
		return true
	}
	p.n, p.at, p.waiting = s.n, fx.Now, true
	r.wait(fx.Now.Add(p.Timeout), fx)
	return false
}

// seq numbers the probes from 1 on.
func (p *trace) seq() int { return (p.hop-1)*p.Probes + p.probe }

func (p *trace) fire(r *run, fx *Effects) bool {
	p.waiting = false
	fx.Scope = fx.Because(p.n)
	n := event.Emit(fx.Scope, rfc.PingTimeout,
		event.TraceMissed{Call: r.call, Hop: p.hop, Probe: p.probe})
	fx.Scope = fx.Because(n)
	return p.next(r, fx)
}

func (p *trace) mine(r *run, a *Answer) (int, bool) {
	if a.UDP {
		seq := int(a.Dst.Port) - FirstPort + 1
		return seq, !p.ICMP && a.Src == r.endpoint() && a.Dst.Addr == r.Dst && seq == p.seq()
	}
	ours := p.ICMP && a.ID == r.id && int(a.Seq) == p.seq()
	return int(a.Seq), ours && (a.Reply || a.Src.Addr == r.Src && a.Dst.Addr == r.Dst)
}

// answered notes who stands at this hop. RFC 792 has a gateway that finds a TTL of zero
// discard the datagram and, if it likes, "notify the source host via the time exceeded
// message"; the destination itself says that nobody listens at the port, or answers.
func (p *trace) answered(r *run, _ int, a *Answer, fx *Effects) bool {
	if !p.waiting {
		return false // an answer that came twice
	}
	p.waiting = false
	rule := rfc.TraceEnd
	switch {
	case a.Passed:
		rule = rfc.TraceHop
	case a.Reply, a.From == r.Dst:
		p.reached = true
	default:
		p.stop = true
	}
	n := event.Emit(fx.Scope, rule,
		event.TraceAnswered{Call: r.call, Pkt: a.Pkt, Hop: p.hop, Probe: p.probe,
			From: a.From, RTTNS: int64(fx.Now.Sub(p.at)), Reason: a.Reason})
	fx.Scope = fx.Because(n)
	return p.next(r, fx)
}

func (p *trace) end(r *run, fx *Effects) int64 {
	event.Emit(fx.Scope, rfc.TraceEnd, event.TraceEnded{Call: r.call, Dst: r.Dst, Hops: p.hop,
		Reached: p.reached})
	return int64(p.hop)
}
