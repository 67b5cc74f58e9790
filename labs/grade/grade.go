// Package grade computes the marks of a run from its journal alone.
//
// It must never depend on who asks, when or where: the same journal gives the same
// report on every machine. Read docs/journal.md §6 first.
package grade

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"labserver/labs"
	"labserver/labs/check"
	"labserver/stack"
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

// Goal is the marks for one goal. Points are given for what is met at the last entry,
// whether or not the run was handed in.
type Goal struct {
	ID        string      `json:"id"`
	State     check.State `json:"state"`
	Points    int         `json:"points"`
	OutOf     int         `json:"out_of"`
	Evidence  []uint64    `json:"evidence"`
	Unmet     string      `json:"unmet,omitempty"`
	HintsUsed int         `json:"hints_used,omitempty"`
}

// Refusal says why a journal cannot be graded against a lab.
type Refusal struct {
	Code string // "lab", "digest", "behaviour", "seed", "params", "world"
	Got  string
	Want string
}

// Error says what does not fit and what to do.
func (r *Refusal) Error() string {
	switch r.Code {
	case "lab":
		return fmt.Sprintf("grade: the journal is of lab %q, not %q; name that lab", r.Got, r.Want)
	case "digest":
		return fmt.Sprintf("grade: the journal pins version %.12s of the lab, this is %.12s; "+
			"grade it with the lab's files of then", r.Got, r.Want)
	case "behaviour":
		return fmt.Sprintf("grade: the journal was recorded by behaviour %s, this build is %s; "+
			"grade it with a build of that behaviour", r.Got, r.Want)
	case "seed":
		return fmt.Sprintf("grade: %q is no 64-bit seed", r.Got)
	}
	return "grade: the journal's " + r.Code + " is not what its seed gives in this lab; " +
		"it was changed by hand"
}

// Grade replays the journal and judges it. It refuses, with a *Refusal, a journal of
// another lab, of another version of it, of another behaviour, or with another start
// world than the seed draws.
func Grade(l *labs.Lab, h journal.Header, entries []journal.Entry) (Report, error) {
	if err := fits(l, h); err != nil {
		return Report{}, err
	}
	c, err := check.New(l, h.Params)
	if err != nil {
		return Report{}, err
	}
	w, err := journal.Open(h)
	if err != nil {
		return Report{}, err
	}
	r := Report{Lab: h.Lab, Behaviour: h.Behaviour, Build: h.Build, Seed: h.Seed, Par: l.Par}
	for _, e := range entries {
		if err := journal.Apply(w, e); err != nil {
			return Report{}, err
		}
		if e.Op != journal.OpClock && !stack.IsNote(e.Op) {
			r.Commands++
		}
	}
	for e := range w.Events().Since(1) {
		c.Feed(e)
	}
	if err := c.Err(); err != nil {
		return Report{}, err
	}
	hash := w.Hash()
	r.Hash, r.Finished = hex.EncodeToString(hash[:]), c.Finished()
	r.mark(l, c.Verdicts())
	return r, nil
}

// mark turns verdicts into points.
func (r *Report) mark(l *labs.Lab, verdicts []check.Verdict) {
	for i, v := range verdicts {
		g := Goal{ID: v.Goal, State: v.State, OutOf: l.Goals[i].Points, Evidence: v.Evidence,
			Unmet: v.Unmet, HintsUsed: v.HintsUsed}
		if g.Evidence == nil {
			g.Evidence = []uint64{}
		}
		if v.State == check.Met {
			g.Points = g.OutOf
		}
		r.Points += g.Points
		r.OutOf += g.OutOf
		r.Goals = append(r.Goals, g)
	}
}

// fits holds a header to the lab it names.
func fits(l *labs.Lab, h journal.Header) error {
	switch {
	case h.Lab.Slug != l.Slug:
		return &Refusal{"lab", h.Lab.Slug, l.Slug}
	case h.Lab.Digest != l.Digest:
		return &Refusal{"digest", h.Lab.Digest, l.Digest}
	case h.Behaviour != stack.Behaviour:
		return &Refusal{"behaviour", strconv.Itoa(h.Behaviour), strconv.Itoa(stack.Behaviour)}
	}
	seed, err := strconv.ParseUint(h.Seed, 10, 64)
	if err != nil {
		return &Refusal{"seed", h.Seed, ""}
	}
	want, err := l.Start(seed)
	if err != nil {
		return err
	}
	if !maps.Equal(h.Params, want.Params) {
		return &Refusal{Code: "params"}
	}
	if !sameWorld(h.World, want.World) {
		return &Refusal{Code: "world"}
	}
	return nil
}

// sameWorld compares start worlds without regard to spaces in their JSON.
func sameWorld(a, b journal.World) bool {
	if a.Profile != b.Profile || len(a.Commands) != len(b.Commands) {
		return false
	}
	for i := range a.Commands {
		if a.Commands[i].Op != b.Commands[i].Op ||
			!bytes.Equal(compact(a.Commands[i].Args), compact(b.Commands[i].Args)) {
			return false
		}
	}
	return true
}

func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return nil
	}
	return b.Bytes()
}
