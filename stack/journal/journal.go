// Package journal is a run as a file: a header that says what the run started from and
// the commands in order, enough to compute everything else again.
//
// It must never hold goals, answers or solutions. Read docs/journal.md first.
package journal

import (
	"bytes"
	"encoding/json"
	"strconv"

	"labserver/stack"
	"labserver/stack/sim"
)

// Format is the version of the file format.
const Format = 1

// Limits of a journal file.
const (
	MaxEntries = 20_000
	MaxOctets  = 4 << 20
)

// OpClock is the op of an entry that only notes how far time had come.
const OpClock = "clock"

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
	N     uint64          `json:"n,omitempty"` // the last event before it
	CID   string          `json:"cid,omitempty"`
	Actor string          `json:"actor,omitempty"`
	Op    string          `json:"op"`
	Args  json.RawMessage `json:"args,omitempty"`
	Wait  string          `json:"wait,omitempty"` // CEL, in place of a position
}

// Error says what is wrong with a journal and in which line (0: the file as a whole).
type Error struct {
	Line   int
	Reason string
	Err    error // nil unless something below said more
}

// Error implements error.
func (e *Error) Error() string {
	s := "journal: "
	if e.Line > 0 {
		s = "journal line " + strconv.Itoa(e.Line) + ": "
	}
	s += e.Reason
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns what was wrong underneath.
func (e *Error) Unwrap() error { return e.Err }

// Decode reads a journal file. An error is an *Error that names the line.
func Decode(file []byte) (Header, []Entry, error) {
	if len(file) > MaxOctets {
		return Header{}, nil, &Error{Reason: "larger than " + strconv.Itoa(MaxOctets) + " octets"}
	}
	file = bytes.TrimRight(file, "\n")
	if bytes.Count(file, []byte("\n")) > MaxEntries {
		return Header{}, nil, &Error{Reason: "more than " + strconv.Itoa(MaxEntries) + " entries"}
	}
	lines := bytes.Split(file, []byte("\n"))
	var h Header
	if err := strict(lines[0], &h); err != nil {
		return Header{}, nil, &Error{1, "not a journal header", err}
	}
	if h.Format != Format {
		return Header{}, nil, &Error{1, "format " + strconv.Itoa(h.Format) + " is not known; this " +
			"program reads format " + strconv.Itoa(Format), nil}
	}
	entries := make([]Entry, 0, len(lines)-1)
	for i, line := range lines[1:] {
		var e Entry
		if err := strict(line, &e); err != nil {
			return Header{}, nil, &Error{i + 2, "not a journal entry", err}
		}
		if e.Op == "" || e.Wait != "" {
			return Header{}, nil, &Error{i + 2, "an entry needs an op, and no wait", nil}
		}
		if n := len(entries); n > 0 && (e.Seq <= entries[n-1].Seq || e.Step < entries[n-1].Step ||
			e.T < entries[n-1].T || e.N < entries[n-1].N) {
			return Header{}, nil, &Error{i + 2, "out of order: seq, step, t and n must not fall", nil}
		}
		entries = append(entries, e)
	}
	return h, entries, nil
}

func strict(line []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if len(bytes.TrimSpace(line[dec.InputOffset():])) > 0 {
		return &Error{Reason: "something follows the object"}
	}
	return nil
}

// Encode writes a journal file.
func Encode(h Header, entries []Entry) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	write := func(v any) {
		if err := enc.Encode(v); err != nil {
			panic("BUG: a journal that cannot be encoded: " + err.Error())
		}
	}
	write(h)
	for _, e := range entries {
		write(e)
	}
	return b.Bytes()
}

// Config returns what a header asks stack.New for.
func Config(h Header) (stack.Config, error) {
	seed, err := strconv.ParseUint(h.Seed, 10, 64)
	if err != nil {
		return stack.Config{}, &Error{1, "seed is not a 64-bit decimal number", nil}
	}
	cfg := stack.Config{Behaviour: h.Behaviour, Seed: seed, Profile: h.World.Profile}
	for i, e := range h.World.Commands {
		c, err := stack.ParseCommand(e.Op, "", e.Args)
		if err != nil {
			return stack.Config{}, &Error{1, "world command " + strconv.Itoa(i+1) + " (" + e.Op + ")", err}
		}
		cfg.Start = append(cfg.Start, c)
	}
	return cfg, nil
}

// Open makes the world a header describes, before its first entry.
func Open(h Header) (*stack.World, error) {
	cfg, err := Config(h)
	if err != nil {
		return nil, err
	}
	w, err := stack.New(cfg)
	if err != nil {
		return nil, &Error{1, "the start world cannot be built", err}
	}
	return w, nil
}

// Apply brings w to the position of e and applies it. An error says that e does not fit
// the world, which is what a corrupt journal looks like.
func Apply(w *stack.World, e Entry) error {
	if !w.Seek(e.Step, e.T) {
		return &Error{Reason: "entry " + strconv.FormatUint(e.Seq, 10) + " says step " +
			strconv.FormatUint(e.Step, 10) + " at " + e.T.String() + ", which this run never was at"}
	}
	if e.N != w.Events().Len() {
		return &Error{Reason: "entry " + strconv.FormatUint(e.Seq, 10) + " says event " +
			strconv.FormatUint(e.N, 10) + ", replay is at event " +
			strconv.FormatUint(w.Events().Len(), 10)}
	}
	if e.Op == OpClock {
		return nil
	}
	c, err := stack.ParseCommand(e.Op, e.Actor, e.Args)
	if err == nil {
		err = w.Check(c)
	}
	if err != nil {
		return &Error{0, "entry " + strconv.FormatUint(e.Seq, 10) + " (" + e.Op + ")", err}
	}
	w.Apply(c)
	return nil
}

// Replay opens h and applies all entries.
func Replay(h Header, entries []Entry) (*stack.World, error) {
	w, err := Open(h)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := Apply(w, e); err != nil {
			return nil, err
		}
	}
	return w, nil
}
