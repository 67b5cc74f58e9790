// Package grade computes the marks of a run from its journal alone.
//
// It must never depend on who asks, when or where: the same journal gives the same
// report on every machine. Read design.md "One idea carries everything" first.
package grade

import (
	"labserver/labs"
	"labserver/labs/check"
	"labserver/stack/journal"
)

// Report is the marks of one run.
type Report struct {
	Lab       journal.Lab `json:"lab"`
	Behaviour int         `json:"behaviour"`
	Build     string      `json:"build,omitempty"`
	Seed      string      `json:"seed"`
	Hash      string      `json:"hash"` // of the replayed world, hex
	Finished  bool        `json:"finished"`
	Goals     []Goal      `json:"goals"`
	Points    int         `json:"points"`
	OutOf     int         `json:"out_of"`
	Commands  int         `json:"commands"` // world commands given
	Par       int         `json:"par,omitempty"`
}

// Goal is the marks for one goal. An open goal counts as unmet.
type Goal struct {
	ID        string      `json:"id"`
	State     check.State `json:"state"`
	Points    int         `json:"points"`
	OutOf     int         `json:"out_of"`
	Evidence  []uint64    `json:"evidence"`
	Unmet     string      `json:"unmet,omitempty"`
	HintsUsed int         `json:"hints_used,omitempty"`
}

// Grade replays the journal and judges it. It refuses a journal of another lab, of
// another version of it, of another behaviour, or with another start world than the
// seed draws.
func Grade(l *labs.Lab, h journal.Header, entries []journal.Entry) (Report, error) {
	panic("next commit")
}
