package session

import (
	"labserver/stack/event"
	"labserver/stack/journal"
)

// Labs is what a session needs of the catalogue.
type Labs interface {
	// Start returns the header of a run of the lab, its parameters drawn from the seed.
	// An unknown slug is app.ErrNotFound.
	Start(slug string, seed uint64) (journal.Header, error)
	// Checker follows a run of the very lab that the header names. A lab that is not
	// there any more is app.ErrNotFound: the run goes on without goals.
	Checker(h journal.Header) (Checker, error)
}

// Checker judges a run's goals, event by event.
type Checker interface {
	// Feed takes the next event and tells whether any verdict may have changed.
	Feed(e event.Event) (changed bool)
	Verdicts() []Verdict
	// Goal tells whether the lab has a goal of that id, and whether it asks for an answer.
	Goal(id string) (found, asks bool)
	// Finished tells that the run was handed in.
	Finished() bool
}

// Verdict is how one goal stands, with the numbers of the events that show it.
type Verdict struct {
	Goal      string
	State     string // "open", "met", "unmet", "broken"
	Evidence  []uint64
	Unmet     string
	Hint      int // index of the hint for the nearest mistake; -1: none
	HintsUsed int
}
