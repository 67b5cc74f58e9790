// Package stack is the façade of the pure core: a world of hosts and links that is a
// function of (behaviour, seed, start world, commands) and of nothing else.
//
// It must never start a goroutine, read a clock, draw outside its own streams, or know
// of users, labs and HTTP. Read ARCHITECTURE.md "Laws", then RFC 9293 §3.
package stack

import (
	"strconv"

	"labserver/stack/event"
	"labserver/stack/host"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/link"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// Behaviour is the version of what the stack observably does. It is 0 until the first
// tagged release.
const Behaviour = 0

// DefaultProfile is the profile of a world that names none.
const DefaultProfile = "linux"

// Limits of one world. What would pass them is refused (Check) or becomes an event.
const (
	MaxHosts     = 32
	MaxNICs      = 16 // of a host
	MaxLinks     = 128
	MaxSockets   = 256       // held, or promised to an accept that waits
	MaxCalls     = 256       // that wait
	MaxEvents    = 2_000_000 // then the world stands still
	InstantSteps = 200_000   // queue entries in one virtual instant
)

// Config is what a world begins with. The zero value is an empty linux-profile world.
type Config struct {
	Behaviour int
	Seed      uint64
	Profile   string    // "linux" (default), "freebsd", "rfc"
	Start     []Command // the start world: its commands are caused by event 1, world.started
	// KeepFrames remembers the octets of every packet, for Frame and FrameAt. It changes
	// nothing that can be seen in the events.
	KeepFrames bool
	// Quiet numbers the events and keeps none: for programs that move more through a world
	// than anybody will read. Events().Len() counts, From and Since give nothing. No limit
	// on events, sockets, calls or descriptors holds then, and it cannot be forked.
	Quiet bool
}

// World is one virtual internet. It is not safe for concurrent use; its owner is one
// goroutine.
type World struct {
	cfg     Config
	limits  limits
	now     sim.Time
	steps   uint64
	atSteps int64 // steps within this instant
	queue   sim.Queue[item]
	log     event.Log
	ids     inet.IDs
	flights ip.Flights
	hosts   []*host.Host
	links   []*link.Link
	macs    uint32

	frames  *frames   // nil unless they are kept
	applied []applied // commands so far, for Fork
	trimmed uint64    // the step at which the world was quiet last
	driven  bool      // by a program in Go: no list of commands says what happened
	caller  caller

	hostFX host.Effects // used again by each step: see effects
	linkFX link.Effects
}

// limits are MaxEvents and InstantSteps, which tests lower.
type limits struct {
	events uint64
	steps  int64
}

// applied is a command with the position at which it was applied.
type applied struct {
	step uint64
	t    sim.Time
	c    Command
}

// StartError says which start command could not be carried out, and why.
type StartError struct {
	Index int // in Config.Start
	Op    string
	Err   error
}

// Error implements error.
func (e *StartError) Error() string {
	return "start command " + strconv.Itoa(e.Index+1) + " (" + e.Op + "): " + e.Err.Error()
}

// Unwrap returns what was wrong.
func (e *StartError) Unwrap() error { return e.Err }

// New builds a world and applies the start commands. An error is a *StartError, or an
// *ArgError for an unknown profile or behaviour.
func New(cfg Config) (*World, error) {
	if cfg.Profile == "" {
		cfg.Profile = DefaultProfile
	}
	if !knownProfile(cfg.Profile) {
		return nil, &ArgError{Code: CodeUnknownProfile, Field: "profile", Got: cfg.Profile}
	}
	if cfg.Behaviour != Behaviour {
		return nil, &ArgError{Code: CodeBehaviour, Field: "behaviour",
			Got: strconv.Itoa(cfg.Behaviour), Limit: strconv.Itoa(Behaviour)}
	}
	w := &World{cfg: cfg, limits: limits{MaxEvents, InstantSteps}}
	if cfg.Quiet {
		w.log.Quieten()
		w.limits.events = 1<<63 - 1
	}
	if cfg.KeepFrames {
		w.frames = &frames{of: map[uint64]Frame{}}
	}
	root := event.Emit(w.scope(), rfc.ByStart, event.WorldStarted{Behaviour: Behaviour,
		Profile: cfg.Profile})
	for i, c := range cfg.Start {
		if err := w.start(c, root); err != nil {
			return nil, &StartError{i, c.Op, err}
		}
	}
	return w, nil
}

// start applies one start command; a refused call is an error here.
func (w *World) start(c Command, root uint64) error {
	if IsNote(c.Op) {
		return &ArgError{Code: CodeUnknownOp, Field: "op", Got: c.Op}
	}
	if err := w.Check(c); err != nil {
		return err
	}
	before := w.log.Len()
	w.do(c, root)
	for e := range w.log.Since(before + 1) {
		if b, ok := e.Body.(event.CallFailed); ok {
			return &ArgError{Code: string(b.Errno), Field: b.Field, Got: b.Op}
		}
	}
	if id, ok := c.procArg(); ok && w.cfg.Quiet {
		h := w.ownerOf(id) // nil: the command ended the process
		if h != nil && h.Socks.Last().Errno != inet.OK {
			return &ArgError{Code: string(h.Socks.Last().Errno), Got: c.Op}
		}
	}
	return nil
}

// Now returns the present instant.
func (w *World) Now() sim.Time { return w.now }

// Steps returns how many queue entries have been processed: the exact position.
func (w *World) Steps() uint64 { return w.steps }

// NextAt returns when the next queue entry is due; false if nothing will happen any
// more: the world is quiet, its log is full, or what is next lies at the end of time,
// where everything too late to be said gathers.
func (w *World) NextAt() (sim.Time, bool) {
	at, ok := w.queue.NextAt()
	if !ok || w.Full() || at >= sim.MaxTime {
		return 0, false
	}
	return at, true
}

// Events returns the log, which only grows.
func (w *World) Events() *event.Log { return &w.log }

// Full reports whether the log has reached MaxEvents: the world stands still then.
func (w *World) Full() bool { return w.log.Len() >= w.limits.events }

// Fork returns an independent world at the same position, by applying the same commands
// again (law L4).
func (w *World) Fork() *World {
	if w.driven || w.cfg.Quiet {
		panic("BUG: forking a world that a program drove")
	}
	f, err := New(w.cfg)
	if err != nil {
		panic("BUG: a world that was built once cannot be built again: " + err.Error())
	}
	for _, a := range w.applied {
		f.seek(a.step, a.t)
		f.Apply(a.c)
	}
	f.seek(w.steps, w.now)
	return f
}

// seek goes forward to a position this world will reach.
func (w *World) seek(step uint64, t sim.Time) {
	for w.steps < step && w.Step() {
	}
	w.reach(min(t, sim.MaxTime))
}

// Seek goes forward to a recorded position: exactly step queue entries processed, and
// time at t. It reports false if the world cannot have been there, which is what a
// corrupt journal looks like; the world is then of no further use.
func (w *World) Seek(step uint64, t sim.Time) bool {
	w.seek(step, t)
	next, pending := w.NextAt()
	return w.steps == step && w.now == t && (!pending || next >= t)
}

func (w *World) scope() event.Scope { return event.Scope{Log: &w.log, Now: w.now} }

func (w *World) host(id inet.HostID) *host.Host {
	for _, h := range w.hosts {
		if h.ID == id {
			return h
		}
	}
	return nil
}

func (w *World) link(id inet.LinkID) *link.Link {
	for _, l := range w.links {
		if l.ID == id {
			return l
		}
	}
	return nil
}

// ownerOf returns the host on which a process runs.
func (w *World) ownerOf(p inet.ProcID) *host.Host {
	for _, h := range w.hosts {
		if h.Socks.Proc(p) != nil {
			return h
		}
	}
	return nil
}
