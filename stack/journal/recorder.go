package journal

import (
	"bytes"
	"encoding/json"

	"labserver/stack"
)

// Recorder writes down what is done to a world while it is done, so that a run whose
// commands are decided as it goes on, by a program or by what comes from outside, can be
// replayed. Everything must go through it: a command that does not is missing from the file.
//
// It keeps the file in memory. At the limits of a journal it stops writing, and what it has
// remains the true beginning of the run.
type Recorder struct {
	world   *stack.World
	file    bytes.Buffer
	entries uint64
	full    bool
}

// Record begins the journal of a world that was made by Open(h), and to which nothing has
// happened since.
func Record(h Header, w *stack.World) *Recorder {
	r := &Recorder{world: w}
	r.file.Write(Encode(h, nil))
	return r
}

// Apply writes a command down and applies it. It must have passed the world's Check.
func (r *Recorder) Apply(c stack.Command) {
	args, err := json.Marshal(c.Args)
	if err != nil {
		panic("BUG: arguments that cannot be encoded: " + err.Error())
	}
	r.write(r.entry(c.Op, c.Actor, args))
	r.world.Apply(c)
}

// Inject puts a packet in by a port of the world, and writes it down as the packet.inject
// that it is. What the port refuses changes nothing and is not written.
func (r *Recorder) Inject(p *stack.Port, octets []byte) error {
	e := r.entry("packet.inject", stack.ActorOutside, nil)
	if err := p.Inject(octets); err != nil {
		return err
	}
	args, err := json.Marshal(stack.PacketInject{Host: p.Host(), Base64: octets})
	if err != nil {
		panic("BUG: arguments that cannot be encoded: " + err.Error())
	}
	e.Args = args
	r.write(e)
	return nil
}

// Clock writes down how far time has come, as the last entry should.
func (r *Recorder) Clock() { r.write(r.entry(OpClock, "", nil)) }

// Full reports whether the limits were met, so that the end of the run is missing.
func (r *Recorder) Full() bool { return r.full }

// File returns the journal so far.
func (r *Recorder) File() []byte { return r.file.Bytes() }

// entry is an entry at the world's present position.
func (r *Recorder) entry(op, actor string, args json.RawMessage) Entry {
	return Entry{Seq: r.entries + 1, Step: r.world.Steps(), T: r.world.Now(),
		N: r.world.Events().Len(), Actor: actor, Op: op, Args: args}
}

func (r *Recorder) write(e Entry) {
	if r.full {
		return
	}
	line, err := json.Marshal(e)
	if err != nil {
		panic("BUG: an entry that cannot be encoded: " + err.Error())
	}
	if r.full = r.entries == MaxEntries || r.file.Len()+len(line)+1 > MaxOctets; r.full {
		return
	}
	r.entries++
	r.file.Write(append(line, '\n'))
}
