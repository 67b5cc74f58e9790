package probe

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// Ping is what a ping is asked to do. No field has a default here.
type Ping struct {
	Origin
	Count    int
	Interval time.Duration // from one request to the next
	Timeout  time.Duration // how long each waits for its answer
	Size     int           // octets of data
	TTL      uint8         // 0: the host's
	DF       bool          // do not fragment
}

// Ping starts a ping.
func (t *Table) Ping(p Ping, fx *Effects) { t.begin("ping", p.Origin, &ping{Ping: p}, fx) }

// request is one echo request and what became of it.
type request struct {
	n        uint64 // the event that sent it; 0 if it could not leave
	at       sim.Time
	answered bool
	over     bool // nothing more is waited for
}

// ping is a Ping under way; requests[seq-1] is the request with that sequence number.
type ping struct {
	Ping
	many     bool // to a broadcast or multicast address: each request may have many answers
	requests []request

	received, again, refused int
	least, most, sum         time.Duration
}

func (p *ping) start(r *run, fx *Effects) bool {
	p.Src = r.Src
	p.many = r.table.ip.Broadcast(p.Dst) || p.Dst.IsMulticast()
	fx.Scope = fx.Because(r.by)
	event.Emit(fx.Scope, rfc.CallBlocks,
		event.PingStarted{Call: r.call, Src: r.Src, Dst: r.Dst, Name: p.Name,
			Octets: p.Size, Count: p.Count, ID: r.id})
	return p.next(r, fx)
}

// next sends the next request and arms the timer; true if all is over.
func (p *ping) next(r *run, fx *Effects) bool {
	seq := len(p.requests) + 1
	s := r.request(uint16(seq), p.Size, p.TTL, p.DF, fx)
	p.requests = append(p.requests, request{n: s.n, at: fx.Now, over: s.reason != ""})
	if s.reason != "" {
		p.refused++
		event.Emit(fx.Scope, rfc.PingLocal, event.PingRefused{Call: r.call, Seq: seq, From: r.Src,
			Reason: s.reason, MTU: s.mtu})
	}
	return p.rearm(r, fx)
}

// rearm sets the timer to what comes next: a request, or the end of waiting for an answer.
// It reports that nothing comes any more.
func (p *ping) rearm(r *run, fx *Effects) bool {
	at := sim.MaxTime
	for i := range p.requests {
		if q := &p.requests[i]; !q.over {
			at = min(at, q.at.Add(p.Timeout))
			break // the requests before are the older ones
		}
	}
	if n := len(p.requests); n < p.Count {
		at = min(at, p.requests[n-1].at.Add(p.Interval))
	}
	if at == sim.MaxTime {
		return true
	}
	r.wait(at, fx)
	return false
}

func (p *ping) fire(r *run, fx *Effects) bool {
	by := fx.By
	for i := range p.requests {
		q := &p.requests[i]
		if q.over || fx.Now.Sub(q.at) < p.Timeout {
			continue
		}
		q.over = true
		if !q.answered {
			event.Emit(fx.Because(q.n), rfc.PingTimeout, event.PingMissed{Call: r.call, Seq: i + 1})
		}
	}
	fx.Scope = fx.Because(by)
	n := len(p.requests)
	if n < p.Count && fx.Now.Sub(p.requests[n-1].at) >= p.Interval {
		return p.next(r, fx)
	}
	return p.rearm(r, fx)
}

func (p *ping) mine(r *run, a *Answer) (int, bool) {
	seq := int(a.Seq)
	if a.UDP || a.ID != r.id || seq < 1 || seq > len(p.requests) ||
		!a.Reply && (a.Src.Addr != r.Src || a.Dst.Addr != r.Dst) {
		return 0, false
	}
	return seq, true
}

// answered counts an answer. RFC 792: "the echoer returns these same values in the echo
// reply", so identifier and sequence number say which request it is about; over IPv6 "the
// data received in the ICMPv6 Echo Request message MUST be returned" with them (RFC 4443
// §4.2).
func (p *ping) answered(r *run, seq int, a *Answer, fx *Effects) bool {
	q := &p.requests[seq-1]
	if !a.Reply {
		p.refused++
		q.over = q.over || !p.many
		event.Emit(fx.Scope, rfc.PingError,
			event.PingRefused{Call: r.call, Pkt: a.Pkt, Seq: seq, From: a.From,
				Reason: a.Reason, MTU: a.MTU})
		return p.rearm(r, fx)
	}
	rtt := fx.Now.Sub(q.at)
	rule := rfc.PingMatch
	if r.Dst.Is6() {
		rule = rfc.PingMatch6
	}
	event.Emit(fx.Scope, rule,
		event.PingAnswered{Call: r.call, Pkt: a.Pkt, Seq: seq, From: a.From, TTL: a.TTL,
			Octets: a.Octets, RTTNS: int64(rtt), Again: q.answered, Late: q.over && !q.answered})
	if q.answered {
		p.again++
	} else {
		p.received++
	}
	if p.received+p.again == 1 || rtt < p.least {
		p.least = rtt
	}
	p.most = max(p.most, rtt)
	p.sum += rtt
	q.answered = true
	q.over = q.over || !p.many
	return p.rearm(r, fx)
}

func (p *ping) end(r *run, fx *Effects) int64 {
	mean := time.Duration(0)
	if n := p.received + p.again; n > 0 {
		mean = p.sum / time.Duration(n)
	}
	event.Emit(fx.Scope, rfc.PingSummary,
		event.PingEnded{Call: r.call, Dst: r.Dst, Sent: len(p.requests),
			Received: p.received, Again: p.again, Refused: p.refused,
			Lost: len(p.requests) - p.received, MinNS: int64(p.least), AvgNS: int64(mean),
			MaxNS: int64(p.most)})
	return int64(p.received)
}

// MaxPing is the most octets of data that an echo request can carry over a version of IP.
func MaxPing(v6 bool) int {
	if v6 {
		return 65527
	}
	return 65507
}

// FirstPort is where traceroute's UDP probes go first; each goes one further.
const FirstPort = 33434

// sourcePort is the port that a run's UDP probes come from.
func (r *run) sourcePort() uint16 { return 32768 + r.id&0x7fff }

// endpoint is the run's source over UDP.
func (r *run) endpoint() inet.Endpoint { return inet.Endpoint{Addr: r.Src, Port: r.sourcePort()} }
