package capture

import (
	"labserver/stack"
	"labserver/stack/journal"
	"labserver/stack/sim"
)

// Run is a recorded run that is being played again and told as it goes.
type Run struct {
	teller  *Teller
	w       *stack.World
	applied uint64 // seq of the last entry applied
}

// Sink takes what has been written. The octets are good until it returns.
type Sink func([]byte) error

// Open begins to tell the run of a header.
func Open(h journal.Header, opt Options) (*Run, error) {
	cfg, err := journal.Config(h)
	if err != nil {
		return nil, err
	}
	cfg.KeepFrames = true
	w, err := stack.New(cfg)
	if err != nil {
		return nil, &journal.Error{Line: 1, Reason: "the start world cannot be built", Err: err}
	}
	return &Run{teller: New(w, opt), w: w}, nil
}

// World returns the world of the run, to look at.
func (r *Run) World() *stack.World { return r.w }

// Follow applies the entries of the run that are new since the last time. The last clock
// entry is not new when it has been moved on, but the run has gone on to it.
func (r *Run) Follow(entries []journal.Entry, out Sink) error {
	for _, e := range entries {
		moved := e.Seq == r.applied && e.Op == journal.OpClock
		if e.Seq <= r.applied && !moved {
			continue
		}
		if err := r.reach(e.Step, out); err != nil {
			return err
		}
		if err := journal.Apply(r.w, e); err != nil {
			return err
		}
		r.applied = e.Seq
	}
	r.teller.Read()
	return out(r.teller.Take())
}

// Reach goes on to where the run stands beyond its last entry.
func (r *Run) Reach(step uint64, t sim.Time, out Sink) error {
	if err := r.reach(step, out); err != nil {
		return err
	}
	r.w.Seek(step, t)
	r.teller.Read()
	return out(r.teller.Take())
}

func (r *Run) reach(step uint64, out Sink) error {
	return r.teller.Go(step, func() error { return out(r.teller.Take()) })
}

// End writes what still waits for its fate: packets on their way.
func (r *Run) End(out Sink) error {
	r.teller.Flush()
	return out(r.teller.Take())
}
