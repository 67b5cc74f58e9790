// Package event is what a world tells: every observable change is exactly one typed
// event that carries its cause and its rule.
//
// It must never hold behaviour. An event kind needs its body type here, its case in
// stack/view and in static/src, and a golden trace. Read docs/events.md.
package event

import (
	"slices"

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

// Body is what one kind of event says beyond the envelope.
type Body interface{ Kind() Kind }

// Log is the events of a run, in order. The zero value is an empty log.
type Log struct{ events []Event }

// Len returns the number of the last event.
func (l *Log) Len() uint64 { return uint64(len(l.events)) }

// At returns event n, which must exist.
func (l *Log) At(n uint64) Event { return l.events[n-1] }

// From returns the events n and later. The slice is the log's own: do not change it.
func (l *Log) From(n uint64) []Event {
	if n < 1 {
		n = 1
	}
	if n > l.Len() {
		return nil
	}
	return l.events[n-1:]
}

// append numbers e and adds it.
func (l *Log) append(e Event) uint64 {
	e.N = l.Len() + 1
	if e.By >= e.N {
		panic("BUG: an event's cause must be earlier")
	}
	if e.Rule == "" {
		panic("BUG: an event without a rule: " + string(e.Kind()))
	}
	if len(l.events) == cap(l.events) { // doubling, not append's quarter: half the copying
		l.events = slices.Grow(l.events, max(64, len(l.events)))
	}
	l.events = append(l.events, e)
	return e.N
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

// Emit records one change and returns its number, so that what follows can name it
// as its cause.
func (s Scope) Emit(rule rfc.ID, body Body) uint64 {
	return s.Log.append(Event{T: s.Now, By: s.By, Rule: rule, Host: s.Host, Conn: s.Conn, Body: body})
}

// Because returns the scope with another cause.
func (s Scope) Because(by uint64) Scope { s.By = by; return s }

// OnHost returns the scope for events at a host, not of a connection.
func (s Scope) OnHost(h inet.HostID) Scope { s.Host, s.Conn = h, ""; return s }

// OnConn returns the scope for events of one connection.
func (s Scope) OnConn(c inet.ConnID) Scope { s.Conn = c; return s }
