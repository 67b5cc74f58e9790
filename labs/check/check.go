// Package check judges a lab's goals over the event stream, one event at a time.
//
// It must never look at clicks, clocks or anything but events and their fold, so that
// the live verdict and the replayed one are the same (law L7). Read
// labs/catalog/README.md "Goals" first, then plan.go for what happens once per lab and
// goal.go for what happens per event.
package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"labserver/labs"
	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/view"
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

// Checker follows one run of a lab. It is not safe for concurrent use.
type Checker struct {
	plan     *plan
	goals    []goalRun
	view     view.View
	vars     vars
	now      event.Event
	at       uint64 // number of the last event
	begun    bool   // the start world is complete
	finished bool
	err      error
}

// New makes the checker of a run whose parameters were drawn so. An error is the lab
// author's, with file and line.
func New(l *labs.Lab, params map[string]string) (*Checker, error) {
	p, err := planFor(l, params)
	if err != nil {
		return nil, err
	}
	c := &Checker{plan: p, view: view.New(), goals: make([]goalRun, len(p.goals))}
	c.vars = newVars(&c.view, maps.Clone(params))
	for i := range c.goals {
		c.goals[i].init(&p.goals[i], params)
	}
	return c, nil
}

// Feed takes the next event, which must follow the last one, and reports whether any
// verdict may have changed.
func (c *Checker) Feed(e event.Event) (changed bool) {
	if e.N != c.at+1 {
		panic(fmt.Sprintf("BUG: event %d fed to a checker that stands at %d", e.N, c.at))
	}
	c.at = e.N
	if c.finished {
		return false
	}
	view.Reduce(&c.view, e)
	kind := e.Kind()
	c.now = e // kept in the checker, so that no event needs memory of its own
	c.vars.e.set(&c.now)
	for _, i := range c.plan.events[kind] {
		changed = c.goals[i].onEvent(c, &c.now, kind) || changed
	}
	onView := c.plan.views[kind]
	begins := !c.begun && (e.T > 0 || e.By == 0 && e.Rule != rfc.ByStart && e.N > 1)
	if begins || e.N == 1 {
		// Goals on the view are judged from the complete start world on, and once
		// before anything is in it.
		c.begun = c.begun || begins
		onView = c.plan.onView
	}
	for _, i := range onView {
		changed = c.goals[i].onView(c, e.N, kind, begins || e.N == 1) || changed
	}
	if note, ok := e.Body.(event.Note); ok {
		changed = c.note(note, e.N) || changed
	}
	return changed
}

// note takes what was said about the run.
func (c *Checker) note(note event.Note, n uint64) bool {
	switch note.Op {
	case "answer":
		var a stack.Answer
		if json.Unmarshal(note.Args, &a) == nil {
			if g := c.goal(a.Goal); g != nil && g.plan.goal.Kind == labs.Answer {
				g.answer(a.Value, n)
				return true
			}
		}
	case "hint":
		var h stack.Hint
		if json.Unmarshal(note.Args, &h) == nil {
			if g := c.goal(h.Goal); g != nil {
				g.asked++
				return true
			}
		}
	case "finish":
		c.finished = true
		return true
	}
	return false
}

func (c *Checker) goal(id string) *goalRun {
	for i := range c.goals {
		if c.goals[i].plan.goal.ID == id {
			return &c.goals[i]
		}
	}
	return nil
}

// Verdicts returns how every goal stands, in the lab's order.
func (c *Checker) Verdicts() []Verdict {
	out := make([]Verdict, len(c.goals))
	for i := range c.goals {
		g := &c.goals[i]
		v := g.verdict()
		if g.plan.goal.Kind == labs.Compose {
			v = g.compose(out)
		}
		v.Goal, v.HintsUsed, v.Hint = g.plan.goal.ID, g.asked, -1
		for _, need := range g.plan.needs {
			if v.State == Met && out[need].State != Met {
				v.State, v.Unmet = Open, out[need].Goal
			}
		}
		if c.finished && v.State == Open {
			v.State = Unmet
		}
		if v.State != Met {
			v.Hint = g.nearest()
		}
		out[i] = v
	}
	return out
}

// Finished reports whether the run was handed in; verdicts stay as they were then.
func (c *Checker) Finished() bool { return c.finished }

// Err returns the first fault of a predicate while it ran (its cost, a bad index): the
// lab author's error, with file and line. The predicate counted as false.
func (c *Checker) Err() error { return c.err }

// holds evaluates p; a predicate that fails counts as false and is remembered.
func (c *Checker) holds(p *predicate) bool {
	for _, name := range p.uses {
		if _, ok := c.vars.ResolveName(name); !ok {
			return false // what it speaks of has not happened
		}
	}
	ok, err := eval(p.prog, &c.vars)
	if err != nil && c.err == nil {
		c.err = &labs.Fault{Pos: p.src.Pos, Msg: fmt.Sprintf("%v in: %s", err, p.src.Source)}
	}
	return ok
}

func eval(prog cel.Program, v *vars) (bool, error) {
	out, _, err := prog.Eval(v)
	if err != nil {
		return false, err
	}
	b, ok := out.(types.Bool)
	if !ok {
		return false, errors.New("gave neither true nor false")
	}
	return bool(b), nil
}

// vars are the variables of a predicate while it runs.
type vars struct {
	e     eventVal
	v     object
	p     paramsVal
	match *match               // the partial match at hand
	bound map[string]*eventVal // the steps of completed find goals
}

func newVars(v *view.View, params map[string]string) vars {
	return vars{
		v:     object{theSchema().structs[reflect.TypeFor[view.View]()], reflect.ValueOf(v).Elem()},
		p:     paramsVal{m: params},
		bound: map[string]*eventVal{},
	}
}

// ResolveName implements cel.Activation.
func (x *vars) ResolveName(name string) (any, bool) {
	switch name {
	case "e":
		return &x.e, x.e.ev != nil
	case "v":
		return &x.v, true
	case "p":
		return &x.p, true
	}
	if ev := x.match.find(name); ev != nil {
		return ev, true
	}
	ev, ok := x.bound[name]
	return ev, ok
}

// Parent implements cel.Activation.
func (x *vars) Parent() cel.Activation { return nil }
