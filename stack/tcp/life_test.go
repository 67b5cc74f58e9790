package tcp

import (
	"fmt"
	"strings"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// life is what the events of a run say of one connection, and what a check finds wrong.
type life struct {
	k      *Knobs
	events []event.Event
	wrong  []string
}

// lives splits a run by connection, in the order of their opening.
func (n *testNet) lives() []*life {
	var list []*life
	byID := map[inet.ConnID]*life{}
	for _, e := range n.log.From(1) {
		if e.Conn == "" {
			continue
		}
		l := byID[e.Conn]
		if l == nil {
			l = &life{}
			for _, h := range n.hosts {
				if h.name == e.Host {
					l.k = &h.k
				}
			}
			byID[e.Conn] = l
			list = append(list, l)
		}
		l.events = append(l.events, e)
		if o, ok := e.Body.(event.ConnOpened); ok && !o.Active && e.By > 0 {
			l.events = append(l.events, n.log.At(e.By)) // the SYN came before there was a TCB
		}
	}
	return list
}

// bad notes what event e shows to be wrong.
func (l *life) bad(e event.Event, format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Sprintf("event %d (%s at %s): ", e.N, e.Kind(),
		time.Duration(e.T))+fmt.Sprintf(format, args...))
}

// sight is a connection as its events have shown it so far.
type sight struct {
	state    inet.TCPState
	iss      seq.Num
	irs      seq.Num
	smss     int64 // 0: not synchronized
	peerMSS  int   // what the peer's SYN allows; 0: it was not seen, for want of a TCB
	snd      event.SndVars
	rcv      event.RcvVars
	cc       event.CCVars
	rtt      event.RTTVars
	loss     event.LossVars
	detached bool
	acked    seq.Num // the highest ACK sent
	segMax   int     // largest data received
	heard    sim.Time
}

// take notes what an event shows.
func (s *sight) take(e event.Event) {
	switch b := e.Body.(type) {
	case event.ConnOpened:
		s.state, s.iss = b.State, b.ISS
	case event.ConnState:
		s.state = b.New
	case event.ConnSynchronized:
		s.irs, s.acked, s.smss = b.IRS, b.IRS.Add(1), int64(b.SMSS)
	case event.ConnDetached:
		s.detached = true
	case event.SndChanged:
		s.snd = b.New
	case event.RcvChanged:
		s.rcv = b.New
	case event.CCChanged:
		s.cc = b.New
	case event.RTTChanged:
		s.rtt = b.New
	case event.LossChanged:
		s.loss = b.New
	case event.SegmentSent:
		if flagged(b.Seg.Flags, "A") && s.smss > 0 {
			s.acked = s.acked.Max(b.Seg.Ack)
		}
	case event.SegmentReceived:
		s.heard = e.T
		s.segMax = max(s.segMax, b.Seg.Len)
		if !flagged(b.Seg.Flags, "S") || s.smss > 0 {
			return // one that comes later is refused, and its options with it
		}
		s.peerMSS = 536
		if b.Seg.Src.Addr.Is6() {
			s.peerMSS = 1220
		}
		if b.Seg.Opts != nil && b.Seg.Opts.MSS > 0 {
			s.peerMSS = max(int(b.Seg.Opts.MSS), minMSS)
		}
	}
}

func (s *sight) flight() int64 { return int64(s.snd.NXT.Sub(s.snd.UNA)) }

// receiving reports whether data of the peer may still come.
func (s *sight) receiving() bool {
	return s.state == inet.Established || s.state == inet.FinWait1 || s.state == inet.FinWait2
}

func flagged(flags, letters string) bool { return strings.Contains(flags, letters) }

// walk calls check for each event with what was known before it.
func (l *life) walk(check func(e event.Event, s *sight)) {
	var s sight
	for _, e := range l.events {
		check(e, &s)
		s.take(e)
	}
}

// stimulus reports whether an event comes from outside the connection: what it did before
// is over.
func stimulus(e event.Event) bool {
	switch e.Body.(type) {
	case event.SegmentReceived, event.TimerFired:
		return true
	}
	return false
}

// stated is an invariant that an RFC states, as a check of a connection's events.
type stated struct {
	name  string
	rule  rfc.ID
	check func(l *life)
}
