// Package event is what a world tells: every observable change is exactly one typed
// event that carries its cause and its rule.
//
// It must never hold behaviour. An event kind needs its body type here, its case in
// stack/view and in static/src, and a golden trace. Read docs/events.md.
package event

import (
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// Kind names a type of event, "segment.sent".
type Kind string

// Event is the envelope around one body. On the wire its fields stand beside the
// body's: {"n","t","kind","by","rule","host","conn", …body}.
type Event struct {
	N    uint64      `json:"n"`    // dense from 1 within a run
	T    sim.Time    `json:"t"`    // virtual ns
	By   uint64      `json:"by"`   // n of the cause; 0 for commands, notes, the start world
	Rule rfc.ID      `json:"rule"` // why
	Host inet.HostID `json:"host,omitempty"`
	Conn inet.ConnID `json:"conn,omitempty"`
	Body Body        `json:"-"`
}

// Kind returns the kind of the body.
func (e Event) Kind() Kind { return e.Body.Kind() }

// Body is what one kind of event says beyond the envelope. The bodies of this package are
// all there are.
type Body interface {
	Kind() Kind
	keep(*columns) place // in the column of its kind
}

// Scope is where, when and because of what events are being made. Layers receive it
// by value inside their Effects and narrow it with On and Because.
type Scope struct {
	Log  *Log
	Now  sim.Time
	By   uint64
	Host inet.HostID
	Conn inet.ConnID
}

// Emit records one change and returns its number, so that what follows can name it as its
// cause. It is a function and not a method so that a body goes to its column as it is,
// without becoming an interface on the way; a quiet log does not even keep it.
func Emit[B Body](s Scope, rule rfc.ID, body B) uint64 {
	l := s.Log
	l.n++
	if s.By >= l.n {
		panic("BUG: an event's cause must be earlier")
	}
	if rule == "" {
		panic("BUG: an event without a rule: " + string(body.Kind()))
	}
	if !l.quiet {
		if l.kept == nil {
			l.kept = &kept{}
		}
		l.kept.append(&s, rule, body.keep(&l.kept.columns))
	}
	return l.n
}

// Emit is the function Emit for a body whose kind is known only when it runs.
func (s Scope) Emit(rule rfc.ID, body Body) uint64 { return Emit(s, rule, body) }

// Quiet reports whether nobody will ever read the event's body, so that there is no need
// to gather what it says.
func (s *Scope) Quiet() bool { return s.Log.quiet }

// Count numbers an event of a quiet log, without saying what it would.
func (s *Scope) Count() uint64 { return s.Log.Count() }

// Because returns the scope with another cause.
func (s Scope) Because(by uint64) Scope { s.By = by; return s }

// OnHost returns the scope for events at a host, not of a connection.
func (s Scope) OnHost(h inet.HostID) Scope { s.Host, s.Conn = h, ""; return s }

// OnConn returns the scope for events of one connection.
func (s Scope) OnConn(c inet.ConnID) Scope { s.Conn = c; return s }
