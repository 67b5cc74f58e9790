// Package evidence shows each rule at work: a recorded run with the event that names the
// rule, and the files of the stack that name it.
//
// It must never hold a rule's text or judge a run. index.json and runs/ are written by gen,
// which plays the golden scenarios, the scenes of this folder and the packet scripts on
// the present stack; whoever changes what the stack does runs go generate. Read
// stack/rfc first.
package evidence

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"labserver/stack/journal"
	"labserver/stack/rfc"
)

//go:generate go run ./gen

//go:embed index.json runs
var files embed.FS

// Place is an event of a recorded run. The zero value is none.
type Place struct {
	Run string `json:"run"`
	N   uint64 `json:"n"`
}

// Index is what index.json holds.
type Index struct {
	Rules map[rfc.ID]Place    `json:"rules"` // where each rule shows itself
	Code  map[rfc.ID][]string `json:"code"`  // the files of stack that name it
}

var index = sync.OnceValue(func() Index {
	raw, err := files.ReadFile("index.json")
	var all Index
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil {
		panic("BUG: labs/evidence/index.json: " + err.Error())
	}
	return all
})

// Of returns the event that shows a rule; false if no recorded run has one.
func Of(id rfc.ID) (Place, bool) {
	p, ok := index().Rules[id]
	return p, ok
}

// Requirement returns the event that shows a requirement of the ledger: the first of the
// rules by which it shows that a run has.
func Requirement(r rfc.Requirement) (Place, bool) {
	for _, id := range r.Shown {
		if p, ok := Of(id); ok {
			return p, true
		}
	}
	return Place{}, false
}

// Code lists the files of the stack that name a rule, in order.
func Code(id rfc.ID) []string { return slices.Clone(index().Code[id]) }

// Shown is a rule and the event that shows it.
type Shown struct {
	Rule rfc.ID
	N    uint64
}

// In lists the rules that a run is the example of, in the order of its events.
func In(run string) []Shown {
	var all []Shown
	for _, r := range rfc.Table() {
		if p, ok := Of(r.ID); ok && p.Run == run {
			all = append(all, Shown{r.ID, p.N})
		}
	}
	slices.SortStableFunc(all, func(a, b Shown) int { return int(a.N) - int(b.N) })
	return all
}

// slug begins the lab slugs of sessions that are started from a run. No lab's own slug
// holds a stroke.
const slug = "example/"

// NameOf returns the run that a session's lab slug names; false for that of a lab.
func NameOf(labSlug string) (run string, ok bool) { return strings.CutPrefix(labSlug, slug) }

// Open returns a recorded run as a session can take it over: its lab is the run itself,
// by slug and digest. False if there is no such run.
func Open(run string) (journal.Header, []journal.Entry, bool) {
	raw, err := files.ReadFile("runs/" + run + ".journal")
	if err != nil {
		return journal.Header{}, nil, false
	}
	h, entries, err := journal.Decode(raw)
	if err != nil {
		panic("BUG: labs/evidence/runs/" + run + ".journal: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	h.Lab = journal.Lab{Slug: slug + run, Digest: hex.EncodeToString(sum[:])}
	return h, entries, true
}

// Names lists the recorded runs, sorted.
func Names() []string {
	dir, err := files.ReadDir("runs")
	if err != nil {
		panic("BUG: labs/evidence: " + err.Error())
	}
	var all []string
	for _, f := range dir {
		if name, ok := strings.CutSuffix(f.Name(), ".journal"); ok {
			all = append(all, name)
		}
	}
	return all
}
