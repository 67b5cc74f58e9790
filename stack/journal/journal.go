// Package journal is a run as a file: a header that says what the run started from and
// the commands in order, enough to compute everything else again.
//
// It must never hold goals, answers or solutions. Read contract.md "Journal file".
package journal

import (
	"encoding/json"

	"labserver/stack"
	"labserver/stack/sim"
)

// Format is the version of the file format.
const Format = 1

// Lab names the lab a run belongs to, by content.
type Lab struct {
	Slug   string `json:"slug"`
	Digest string `json:"digest"` // sha256, hex
}

// Parent says where a fork began.
type Parent struct {
	Run  int    `json:"run"`
	Step uint64 `json:"step"`
}

// Header is the first line.
type Header struct {
	Format    int               `json:"format"`
	Behaviour int               `json:"behaviour"`
	Build     string            `json:"build"`
	Lab       Lab               `json:"lab"`
	Params    map[string]string `json:"params"`
	World     World             `json:"world"`
	Seed      string            `json:"seed"` // decimal; 64 bits do not fit a JSON number
	Parent    *Parent           `json:"parent"`
}

// World is the start world: a profile and commands.
type World struct {
	Profile  string  `json:"profile"`
	Commands []Entry `json:"commands"`
}

// Entry is one journaled command. In a start world and in lab command lists only Op and
// Args (and Wait) are set. Op "clock" is the lazy note of passing time: it is not
// applied, its args are {playing, speed}.
type Entry struct {
	Seq   uint64          `json:"seq,omitempty"`
	Step  uint64          `json:"step,omitempty"`
	T     sim.Time        `json:"t,omitempty"`
	N     uint64          `json:"n,omitempty"`
	CID   string          `json:"cid,omitempty"`
	Actor string          `json:"actor,omitempty"`
	Op    string          `json:"op"`
	Args  json.RawMessage `json:"args,omitempty"`
	Wait  string          `json:"wait,omitempty"` // CEL, in place of a position
}

// Decode reads a journal file. An error names the line and what is wrong with it.
func Decode(file []byte) (Header, []Entry, error) { panic("next commit") }

// Encode writes a journal file.
func Encode(h Header, entries []Entry) []byte { panic("next commit") }

// Open makes the world a header describes, before its first entry.
func Open(h Header) (*stack.World, error) { panic("next commit") }

// Config returns what a header asks stack.New for.
func Config(h Header) (stack.Config, error) { panic("next commit") }

// Apply brings w to the position of e and applies it. An error says that e does not fit
// the world, which is what a corrupt journal looks like.
func Apply(w *stack.World, e Entry) error { panic("next commit") }

// Replay opens h and applies all entries.
func Replay(h Header, entries []Entry) (*stack.World, error) { panic("next commit") }
