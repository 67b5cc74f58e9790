// Package labs holds the labs: folders of text with a start world, goals over what
// happens in it, hints, and prose in two languages.
//
// It must never know HTTP, a database or a browser, and it never judges: predicates are
// read here and evaluated in labs/check. Read labs/catalog/README.md first.
package labs

import (
	"strconv"
	"time"
)

// Languages returns the languages every lab is written in, equally complete.
func Languages() []string { return []string{"ko", "en"} }

// Lab is one lab as loaded: valid, immutable and safe for concurrent use.
type Lab struct {
	Number        int    // its place in the curriculum, from the folder's name
	Slug          string // the folder's name without the number
	Version       int
	Digest        string // sha256 over the normalized files, hex
	Profile       string // stack profile of the start world
	Minutes       int
	Prerequisites []string // slugs
	Tags          []string
	Params        []Param
	World         []Command
	Goals         []Goal
	Par           int // commands a good solution needs; 0: not said
	Solution      []Step
	Wrong         []Wrong

	texts map[string]page
}

// Goal returns the goal with an id.
func (l *Lab) Goal(id string) (*Goal, bool) {
	for i := range l.Goals {
		if l.Goals[i].ID == id {
			return &l.Goals[i], true
		}
	}
	return nil, false
}

// Points returns what all goals together are worth.
func (l *Lab) Points() int {
	sum := 0
	for _, g := range l.Goals {
		sum += g.Points
	}
	return sum
}

// Pos is a place in a lab's files, so that an author's mistake can be shown.
type Pos struct {
	File string
	Line int
}

// String renders "lab.yaml:12".
func (p Pos) String() string { return p.File + ":" + strconv.Itoa(p.Line) }

// Predicate is a CEL expression as the author wrote it. The zero value is none.
type Predicate struct {
	Source string
	Pos    Pos
}

// IsZero reports whether there is no predicate.
func (p Predicate) IsZero() bool { return p.Source == "" }

// Kind is what a goal asks for.
type Kind string

// The kinds of goals (labs/catalog/README.md "Goals").
const (
	Find    Kind = "find"    // events, in order
	Reach   Kind = "reach"   // a view that was true at some instant
	Count   Kind = "count"   // so many events
	Never   Kind = "never"   // an event that must not happen
	Always  Kind = "always"  // a view that must stay true
	Final   Kind = "final"   // a view that must be true at finish
	Answer  Kind = "answer"  // what the student answered
	Compose Kind = "compose" // other goals together
)

// Keep says what counts for a goal: that it was so once, or that it is so at finish.
type Keep string

// The two ways of keeping.
const (
	Ever   Keep = "ever"
	Finish Keep = "finish"
)

// Goal is one thing to reach. Exactly the fields of its kind are set.
type Goal struct {
	ID     string
	Kind   Kind
	Keep   Keep
	Points int
	Needs  []string // goals without which this one stays open
	Hints  []Hint
	Pos    Pos

	Steps  []Binding     // find
	Within time.Duration // find: from the first to the last bound event; 0: no limit
	Where  Predicate     // reach, count, never, always, final
	Min    int           // count
	Max    int           // count; 0: no limit
	Answer AnswerSpec    // answer
	All    []string      // compose
	Any    []string      // compose
}

// Binding is one step of a find goal: the event that satisfies Where is bound to Name.
type Binding struct {
	Name  string
	Where Predicate
}

// AnswerSpec says what answers there are and which are right.
type AnswerSpec struct {
	Type    string   // "choice", "number", "text"
	Choices []string // ids, in order; their words are in the texts
	Correct []string // every one of them is right
}

// Hint is help for one goal. Its words are in the texts.
type Hint struct {
	ID   string
	When Predicate // zero: a general hint, given when asked for
	Pos  Pos
}

// Command is one command of the start world. Args may hold $params and, those filled
// in, is a JSON object.
type Command struct {
	Op   string
	Args string
	Pos  Pos
}

// Step is one line of a command list: {"op", "args", "wait"}, where wait is a predicate
// over the view v that must hold before the command is given.
type Step struct {
	Line string // with $params; Fill puts them in
	Pos  Pos
}

// Wrong is a typical wrong solution: the goal it must fail and the hint it must draw.
type Wrong struct {
	Name  string // the file's name
	Fails string
	Hint  string
	Steps []Step
}
