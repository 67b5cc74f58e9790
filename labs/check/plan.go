package check

import (
	"errors"
	"slices"
	"sort"
	"strings"
	"sync"

	"labserver/labs"
	"labserver/stack/event"
)

// plan is a lab's goals compiled and indexed. It is immutable and shared by all runs.
type plan struct {
	goals  []goalPlan
	events map[event.Kind][]int // goals with a predicate on events of this kind
	views  map[event.Kind][]int // goals with a predicate on the view it can change
	onView []int                // all goals with a predicate on the view
}

// goalPlan is one goal compiled.
type goalPlan struct {
	goal   *labs.Goal
	index  int
	steps  []*predicate // find
	keys   [][]string   // find: after so many steps, the bound names that still matter
	where  *predicate   // reach, count, never, always, final
	hints  []*predicate // nil for a general hint
	needs  []int
	parts  []int // compose
	onView bool  // where is a predicate on the view
}

// plans caches compiled labs: compiling takes milliseconds and every run needs it.
var plans = struct {
	sync.Mutex
	byKey map[string]*plan
}{byKey: map[string]*plan{}}

// maxPlans bounds the cache; past it, it starts anew.
const maxPlans = 256

// planFor returns the compiled goals of l, with the parameters that predicates hold as
// $name put in.
func planFor(l *labs.Lab, params map[string]string) (*plan, error) {
	key := planKey(l, params)
	plans.Lock()
	p := plans.byKey[key]
	plans.Unlock()
	if p != nil && l.Digest != "" {
		return p, nil
	}
	p, err := newPlan(l, params)
	if err != nil || l.Digest == "" { // without a digest nothing tells labs apart
		return p, err
	}
	plans.Lock()
	defer plans.Unlock()
	if len(plans.byKey) >= maxPlans {
		clear(plans.byKey)
	}
	plans.byKey[key] = p
	return p, nil
}

// planKey names what a plan depends on: the lab's content and every predicate's text.
func planKey(l *labs.Lab, params map[string]string) string {
	var b strings.Builder
	b.WriteString(l.Digest)
	put := func(p labs.Predicate) {
		if strings.Contains(p.Source, "$") {
			b.WriteByte(0)
			b.WriteString(labs.Substitute(p.Source, params))
		}
	}
	for i := range l.Goals {
		g := &l.Goals[i]
		put(g.Where)
		for _, s := range g.Steps {
			put(s.Where)
		}
		for _, h := range g.Hints {
			put(h.When)
		}
	}
	return b.String()
}

// newPlan compiles all goals; the error holds the first mistake of each.
func newPlan(l *labs.Lab, params map[string]string) (*plan, error) {
	c, err := newCompiler(l)
	if err != nil {
		return nil, err
	}
	pl := &plan{events: map[event.Kind][]int{}, views: map[event.Kind][]int{}}
	var errs []error
	for i := range l.Goals {
		g, err := c.goal(l, i, params)
		if err != nil {
			errs = append(errs, err)
		}
		pl.goals = append(pl.goals, g)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	pl.findKeys()
	pl.index()
	return pl, nil
}

// goal compiles one goal and binds its steps for those that follow.
func (c *compiler) goal(l *labs.Lab, i int, params map[string]string) (goalPlan, error) {
	g := &l.Goals[i]
	gp := goalPlan{goal: g, index: i}
	fill := func(p labs.Predicate, r role) (*predicate, error) {
		p.Source = labs.Substitute(p.Source, params)
		return c.compile(p, r)
	}
	for _, s := range g.Steps {
		p, err := fill(s.Where, onEvent)
		if err != nil {
			return gp, err
		}
		c.bind(s.Name, p.event)
		gp.steps = append(gp.steps, p)
	}
	var err error
	switch g.Kind {
	case labs.Reach, labs.Always, labs.Final:
		gp.onView = true
		gp.where, err = fill(g.Where, onView)
	case labs.Count, labs.Never:
		gp.where, err = fill(g.Where, onEvent)
	}
	if err != nil {
		return gp, err
	}
	for _, h := range g.Hints {
		var p *predicate
		if !h.When.IsZero() {
			if p, err = fill(h.When, onHint); err != nil {
				return gp, err
			}
		}
		gp.hints = append(gp.hints, p)
	}
	find := func(ids []string) (out []int) {
		for _, id := range ids {
			out = append(out, slices.IndexFunc(l.Goals, func(o labs.Goal) bool { return o.ID == id }))
		}
		return out
	}
	gp.needs = find(g.Needs)
	gp.parts = append(find(g.All), find(g.Any)...)
	return gp, nil
}

// findKeys says, for each find goal and number of bound steps, which bound events can
// still make a difference: partial matches alike in those are one.
func (pl *plan) findKeys() {
	for i := range pl.goals {
		g := &pl.goals[i]
		g.keys = make([][]string, len(g.steps)+1)
		for bound := range g.keys {
			for _, s := range g.goal.Steps[:bound] {
				for _, later := range g.steps[bound:] {
					if slices.Contains(later.uses, s.Name) && !slices.Contains(g.keys[bound], s.Name) {
						g.keys[bound] = append(g.keys[bound], s.Name)
					}
				}
			}
		}
	}
}

// index sorts the goals by the kinds of events that can move them.
func (pl *plan) index() {
	kinds := sortedKeys(theSchema().kinds)
	for i := range pl.goals {
		g := &pl.goals[i]
		for _, p := range g.predicates() {
			if !p.onView() {
				for _, k := range p.kinds {
					pl.events[k] = appendOnce(pl.events[k], i)
				}
				continue
			}
			pl.onView = appendOnce(pl.onView, i)
			p.moves = map[event.Kind]bool{}
			for _, k := range kinds {
				if p.concerns(k) {
					p.moves[k] = true
					pl.views[k] = appendOnce(pl.views[k], i)
				}
			}
		}
	}
}

// predicates lists every predicate of a goal.
func (g *goalPlan) predicates() []*predicate {
	all := slices.Clone(g.steps)
	if g.where != nil {
		all = append(all, g.where)
	}
	for _, h := range g.hints {
		if h != nil {
			all = append(all, h)
		}
	}
	return all
}

func appendOnce(list []int, i int) []int {
	if at := sort.SearchInts(list, i); at == len(list) || list[at] != i {
		return slices.Insert(list, at, i)
	}
	return list
}
