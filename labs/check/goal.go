package check

import (
	"slices"

	"labserver/labs"
	"labserver/stack/event"
)

// Limits of one goal's memory.
const (
	maxPartial  = 32 // partial matches kept per step of a find goal
	maxEvidence = 32 // events kept as evidence
)

// goalRun is one goal in one run.
type goalRun struct {
	plan     *goalPlan
	met      bool // sticky where the goal keeps ever
	broken   bool
	holds    bool // reach, always, final: the predicate as things stand
	evidence []uint64
	count    int
	correct  []string
	answered bool
	hints    []bool // the wrong patterns seen, or true of the view now
	asked    int
	matches  [][]*match // find: by number of bound steps; [0] is not used
	furthest int        // find: the most steps ever bound
}

// match is a partial match of a find goal: a chain from the last bound step back.
type match struct {
	before *match
	name   string
	ev     eventVal
}

// find returns the event bound to name.
func (m *match) find(name string) *eventVal {
	for ; m != nil; m = m.before {
		if m.name == name {
			return &m.ev
		}
	}
	return nil
}

// first returns the event bound first.
func (m *match) first() *event.Event {
	for m.before != nil {
		m = m.before
	}
	return m.ev.ev
}

func (g *goalRun) init(p *goalPlan, params map[string]string) {
	g.plan = p
	g.hints = make([]bool, len(p.hints))
	g.matches = make([][]*match, len(p.steps)+1)
	for _, c := range p.goal.Answer.Correct {
		g.correct = append(g.correct, labs.Substitute(c, params))
	}
}

// settled reports whether nothing can change the goal any more.
func (g *goalRun) settled() bool {
	return g.broken || g.met && g.plan.goal.Keep == labs.Ever
}

// onEvent evaluates the goal's predicates on events; true if its verdict may differ.
func (g *goalRun) onEvent(c *Checker, e *event.Event, kind event.Kind) (changed bool) {
	if g.settled() {
		return false
	}
	switch g.plan.goal.Kind {
	case labs.Find:
		changed = g.find(c, e, kind)
	case labs.Never:
		if slices.Contains(g.plan.where.kinds, kind) && c.holds(g.plan.where) {
			g.broken, g.evidence, changed = true, []uint64{e.N}, true
		}
	case labs.Count:
		if slices.Contains(g.plan.where.kinds, kind) && c.holds(g.plan.where) {
			g.count++
			g.evidence = appendEvidence(g.evidence, e.N)
			g.met = g.count >= g.plan.goal.Min && (g.plan.goal.Max == 0 || g.count <= g.plan.goal.Max)
			changed = true
		}
	}
	for i, h := range g.plan.hints {
		if h != nil && slices.Contains(h.kinds, kind) && !g.hints[i] && c.holds(h) {
			g.hints[i], changed = true, true
		}
	}
	return changed
}

// onView evaluates the goal's predicates on the view that the event could change.
func (g *goalRun) onView(c *Checker, n uint64, kind event.Kind, all bool) (changed bool) {
	if g.settled() {
		return false
	}
	if g.plan.onView && (all || g.plan.where.moves[kind]) {
		changed = g.see(c.holds(g.plan.where), c.begun, n)
	}
	for i, h := range g.plan.hints {
		if h != nil && h.onView() && (all || h.moves[kind]) {
			was := g.hints[i]
			g.hints[i] = c.holds(h)
			changed = changed || was != g.hints[i]
		}
	}
	return changed
}

// see takes what the goal's predicate says of the view at event n.
func (g *goalRun) see(now, begun bool, n uint64) (changed bool) {
	changed = now != g.holds
	g.holds = now
	switch {
	case g.plan.goal.Kind == labs.Always:
		if begun && !now {
			g.broken, g.evidence = true, []uint64{n}
			return true
		}
	case changed && now:
		g.evidence = []uint64{n}
	case changed:
		g.evidence = nil
	}
	g.met = now
	return changed
}

// find advances the partial matches by one event. It goes from the longest to the
// shortest, so that one event binds one step of a match and no more.
func (g *goalRun) find(c *Checker, e *event.Event, kind event.Kind) (changed bool) {
	for i := len(g.plan.steps) - 1; i >= 0; i-- {
		step := g.plan.steps[i]
		if !slices.Contains(step.kinds, kind) {
			continue
		}
		from := []*match{nil}
		if i > 0 {
			from = g.matches[i]
		}
		for _, m := range from {
			if m != nil && g.late(m, e) {
				continue
			}
			c.vars.match = m
			ok := c.holds(step)
			c.vars.match = nil
			if !ok {
				continue
			}
			next := &match{before: m, name: g.plan.goal.Steps[i].Name}
			kept := *e
			next.ev.set(&kept)
			if g.advance(c, next, i+1) {
				return true
			}
			changed = true
		}
	}
	return changed
}

// late reports whether e comes too late for m's goal.
func (g *goalRun) late(m *match, e *event.Event) bool {
	w := g.plan.goal.Within
	return w > 0 && e.T.Sub(m.first().T) > w
}

// advance keeps a match of so many steps; true if it is complete.
func (g *goalRun) advance(c *Checker, m *match, bound int) bool {
	if bound > g.furthest {
		// Progress: what went wrong before is no longer the nearest wrong pattern.
		g.furthest = bound
		for i, h := range g.plan.hints {
			if h != nil && !h.onView() {
				g.hints[i] = false
			}
		}
	}
	if bound == len(g.plan.steps) {
		g.met = true
		for x := m; x != nil; x = x.before {
			g.evidence = append(g.evidence, x.ev.ev.N)
			c.vars.bound[x.name] = &x.ev
		}
		slices.Reverse(g.evidence)
		g.matches = nil
		return true
	}
	g.keep(m, bound)
	return false
}

// keep adds m to the matches of its length. Of matches that no later step can tell
// apart one is enough: the earliest, or with a time limit the latest, which has the most
// time left. Past the bound the oldest goes.
func (g *goalRun) keep(m *match, bound int) {
	list := g.matches[bound]
	for i, old := range list {
		if g.alike(old, m, bound) {
			if g.plan.goal.Within > 0 {
				list[i] = m
			}
			return
		}
	}
	if len(list) >= maxPartial {
		list = slices.Delete(list, 0, 1)
	}
	g.matches[bound] = append(list, m)
}

func (g *goalRun) alike(a, b *match, bound int) bool {
	for _, name := range g.plan.keys[bound] {
		if a.find(name).ev.N != b.find(name).ev.N {
			return false
		}
	}
	return true
}

// verdict says how the goal stands by itself.
func (g *goalRun) verdict() Verdict {
	goal := g.plan.goal
	v := Verdict{State: Open, Evidence: slices.Clone(g.evidence), Unmet: string(goal.Kind)}
	switch {
	case g.broken:
		v.State = Broken
	case g.met, goal.Kind == labs.Never, goal.Kind == labs.Always && g.holds:
		v.State, v.Unmet = Met, ""
	case goal.Kind == labs.Answer && g.answered:
		v.State = Unmet
	case goal.Kind == labs.Find:
		v.Unmet = goal.Steps[g.furthest].Name
	}
	return v
}

// compose says how a goal made of others stands; before holds their verdicts.
func (g *goalRun) compose(before []Verdict) Verdict {
	v := Verdict{State: Open}
	all := len(g.plan.goal.All) > 0
	met, broken := 0, 0
	for _, i := range g.plan.parts {
		part := before[i]
		switch part.State {
		case Met:
			met++
			for _, n := range part.Evidence {
				v.Evidence = appendEvidence(v.Evidence, n)
			}
			continue
		case Broken:
			broken++
		}
		if v.Unmet == "" {
			v.Unmet = part.Goal
		}
	}
	switch {
	case met == len(g.plan.parts) || !all && met > 0:
		v.State, v.Unmet = Met, ""
	case all && broken > 0 || broken == len(g.plan.parts):
		v.State = Broken
	}
	return v
}

// nearest returns the first hint whose wrong pattern was seen; -1 if none was.
func (g *goalRun) nearest() int { return slices.Index(g.hints, true) }

func appendEvidence(list []uint64, n uint64) []uint64 {
	if len(list) >= maxEvidence || slices.Contains(list, n) {
		return list
	}
	return append(list, n)
}
