// Package check judges a lab's goals over the event stream, one event at a time.
//
// It must never look at clicks, clocks or anything but events and their fold, so that
// the live verdict and the replayed one are the same (law L7). Read labs.md §2 first.
package check

import (
	"labserver/labs"
	"labserver/stack/event"
)

// State is how a goal stands.
type State string

// The states of a goal.
const (
	Open   State = "open"   // not yet
	Met    State = "met"    // green; for never, always and final: as things stand
	Unmet  State = "unmet"  // not met at finish, or answered wrongly so far
	Broken State = "broken" // something happened that must not, for good
)

// Verdict is how one goal stands and why.
type Verdict struct {
	Goal      string
	State     State
	Evidence  []uint64 // numbers of the events that show it
	Unmet     string   // what is missing: a step's name, another goal's id, or the kind
	Hint      int      // index in the goal's hints of the nearest wrong pattern; -1: none
	HintsUsed int      // how many hints were asked for
}

// Checker follows one run of a lab.
type Checker struct{}

// New makes the checker of a run whose parameters were drawn so. An error is the lab
// author's, with file and line.
func New(l *labs.Lab, params map[string]string) (*Checker, error) { panic("next commit") }

// Feed takes the next event, which must follow the last one, and reports whether any
// verdict may have changed.
func (c *Checker) Feed(e event.Event) (changed bool) { panic("next commit") }

// Verdicts returns how every goal stands, in the lab's order.
func (c *Checker) Verdicts() []Verdict { panic("next commit") }

// Finished reports whether the run was handed in; verdicts stay as they were then.
func (c *Checker) Finished() bool { panic("next commit") }

// Err returns the first fault of a predicate while it ran (its cost, a bad index): the
// lab author's error, with file and line. The predicate counted as false.
func (c *Checker) Err() error { panic("next commit") }
