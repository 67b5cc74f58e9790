package session

import (
	"labserver/stack/sim"
	"labserver/web/app"
)

// Sink is one connection's end of what a session publishes. It is called on the session's
// goroutine and must not block.
type Sink interface {
	// Publish takes the next frame, in order. It belongs to all: it is not to be changed.
	Publish(Frame)
	// Recheck has the connection ask now whether its reader may still be here.
	Recheck()
}

// Frame is one thing a session publishes: *Hello, *Snap, *Batch, *Lab, *Clock, *Who,
// *Sum or *Bye.
type Frame interface{ frame() }

type (
	// Hello answers a member's Hello. Unless Resumed, a Snap follows.
	Hello struct {
		Run        int
		OwnerEpoch uint64
		Role       app.Role
		Head       uint64
		Oldest     uint64
		Common     uint64
		Resumed    bool
	}
	// Snap is the whole view at event N.
	Snap struct {
		Run  int
		N    uint64
		T    sim.Time
		View []byte // JSON
		Encoded
	}
	// Batch is the events From to To, in JSON, joined by commas.
	Batch struct {
		Run      int
		From, To uint64
		T        sim.Time
		Items    []byte
		Encoded
	}
	// Lab says what is played.
	Lab struct {
		Run          int
		Slug, Digest string
		Params       map[string]string
	}
	// Clock says how virtual time goes on from T.
	Clock struct {
		Run     int
		N, Step uint64
		T       sim.Time
		Playing bool
		Speed   app.Speed
		Waiting bool // for the driver's acknowledgements
		Busy    bool // with a step or advance
		Next    sim.Time
		HasNext bool
		Broken  bool
	}
	// Who counts who is here; Role is the receiver's.
	Who struct {
		Role              app.Role
		Drivers, Watchers int
	}
	// Sum says how the goals stand.
	Sum struct {
		Run      int
		Verdicts []Verdict
		Finished bool
	}
	// Bye is the last frame.
	Bye struct {
		Code  string // "restart", "going_away", "broken", "revoked"
		Retry bool
	}
)

// Encoded keeps a frame's octets, so that they are made once and shared by all members.
// The zero value has none yet.
type Encoded struct{ octets []byte }

// Octets returns what encode returned the first time. It is for Publish only, which runs
// on the session's goroutine.
func (e *Encoded) Octets(encode func() []byte) []byte {
	if e.octets == nil {
		e.octets = encode()
	}
	return e.octets
}

func (*Hello) frame() {}
func (*Snap) frame()  {}
func (*Batch) frame() {}
func (*Lab) frame()   {}
func (*Clock) frame() {}
func (*Who) frame()   {}
func (*Sum) frame()   {}
func (*Bye) frame()   {}
