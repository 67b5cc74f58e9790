// Package stack is the façade of the pure core: a world of hosts and links that is a
// function of (behaviour, seed, start world, commands) and of nothing else.
//
// It must never start a goroutine, read a clock, draw outside its own streams, or know
// of users, labs and HTTP. Read design.md "Laws", then RFC 9293 §3.
package stack

import (
	"encoding/json"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/sim"
	"labserver/stack/view"
)

// Behaviour is the version of what the stack observably does. It is 0 until the first
// tagged release.
const Behaviour = 0

// Config is what a world begins with. The zero value is an empty linux-profile world.
type Config struct {
	Behaviour int
	Seed      uint64
	Profile   string    // "linux" (default), "freebsd", "rfc"
	Start     []Command // the start world; its commands are roots with rule "world"
	// KeepFrames remembers the octets of every packet sent, for Frame. It changes
	// nothing that can be seen in the events.
	KeepFrames bool
}

// Command is one world or note command: an op and its typed arguments (see args.go).
type Command struct {
	Op    string
	Actor string
	Args  any
}

// ArgError says that something is no command: what is wrong with which field. Nothing
// was changed.
type ArgError struct {
	Code  string // "unknown_op", "missing", "bad_type", "unknown_field", "unknown_host", "quota", …
	Field string
	Got   string // the offending value, shortened
	Limit string // for "quota" and "out_of_range"
}

// Error names the field and what is wrong with it.
func (e *ArgError) Error() string { return "" }

// ParseCommand reads the arguments of op strictly: an unknown op, an unknown or missing
// field, a wrong type give an *ArgError.
func ParseCommand(op, actor string, args json.RawMessage) (Command, error) { panic("next commit") }

// World is one virtual internet. It is not safe for concurrent use; its owner is one
// goroutine.
type World struct{}

// New builds a world and applies the start commands. An error names the start command
// at fault; it is an *ArgError or says that a start command was refused.
func New(cfg Config) (*World, error) { panic("next commit") }

// Check reports whether c can be applied now: an *ArgError for an id that does not
// exist or a quota that is used up. It changes nothing.
func (w *World) Check(c Command) error { panic("next commit") }

// Apply carries out a command that passed Check, at the present position. What the
// system refuses becomes a call.failed event.
func (w *World) Apply(c Command) { panic("next commit") }

// Step processes the next queue entry and moves time to it; false if nothing is queued.
func (w *World) Step() bool { panic("next commit") }

// Advance processes everything up to and including to, and leaves time there. Advance(a)
// then Advance(b) equals Advance(a+b) (law L2).
func (w *World) Advance(to sim.Time) { panic("next commit") }

// Now returns the present instant.
func (w *World) Now() sim.Time { panic("next commit") }

// Steps returns how many queue entries have been processed: the exact position.
func (w *World) Steps() uint64 { panic("next commit") }

// NextAt returns when the next queue entry is due; false if the world is quiet.
func (w *World) NextAt() (sim.Time, bool) { panic("next commit") }

// Events returns the log, which only grows.
func (w *World) Events() *event.Log { panic("next commit") }

// View builds the visible state from the world itself (not by folding): law L3 compares
// the two.
func (w *World) View() view.View { panic("next commit") }

// Hash is SHA-256 over the canonical encoding of all events, then of the view.
func (w *World) Hash() [32]byte { panic("next commit") }

// Fork returns an independent world at the same position (law L4).
func (w *World) Fork() *World { panic("next commit") }

// Frame returns the octets of the Ethernet frame that packet pkt first left in; nil
// unless Config.KeepFrames is set and pkt exists.
func (w *World) Frame(pkt inet.PacketID) []byte { panic("next commit") }
