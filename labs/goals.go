package labs

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// readGoals reads the goals and holds them to each other.
func (l *Lab) readGoals(r *reader, n ast.Node) {
	list := r.list(n, "goals")
	if len(list) > maxGoals {
		r.add(r.pos(n), "goals: there are %d; at most %d are allowed", len(list), maxGoals)
		return
	}
	if n != nil && len(list) == 0 {
		r.add(r.pos(n), "goals: a lab needs at least one")
	}
	for _, item := range list {
		g := l.readGoal(r, item)
		l.Goals = append(l.Goals, g)
	}
	l.checkNames(r)
}

func (l *Lab) readGoal(r *reader, n ast.Node) Goal {
	f := r.mapping(n, "goal")
	g := Goal{ID: f.text("id"), Pos: f.at}
	f.what = "goal " + strconv.Quote(g.ID)
	if !goalID.MatchString(g.ID) {
		r.add(f.at, "%s: an id is lower-case words joined by -", f.what)
	}
	g.Points = f.number("points", 1, 0, 1000)
	g.Needs = f.texts("needs")
	kinds := []Kind{Find, Reach, Count, Never, Always, Final, Answer, Compose}
	for _, k := range kinds {
		if f.has(string(k)) && g.Kind != "" {
			r.add(f.pos[string(k)], "%s: is both %s and %s; make two goals", f.what, g.Kind, k)
		}
		if v := f.take(string(k)); v != nil {
			g.Kind = k
			l.readKind(r, &g, f, v)
		}
	}
	if g.Kind == "" {
		r.add(f.at, "%s: says not what it asks for; add one of find, reach, count, never, "+
			"always, final, answer, compose", f.what)
	}
	if w := f.text("within"); w != "" {
		d, err := time.ParseDuration(w)
		if err != nil || d <= 0 || g.Kind != Find {
			r.add(f.pos["within"], "%s: within is a span such as 3s, for find goals", f.what)
		}
		g.Within = d
	}
	l.readKeep(r, &g, f)
	l.readHints(r, &g, f.take("hints"))
	f.done()
	return g
}

// readKind reads what stands under the key that names the goal's kind.
func (l *Lab) readKind(r *reader, g *Goal, f *fields, v ast.Node) {
	what := f.what + ": " + string(g.Kind)
	switch g.Kind {
	case Find:
		l.readFind(r, g, v, what)
	case Reach, Never, Always, Final:
		g.Where = r.predicate(v, what)
		l.knownParams(r.faults, g.Where.Pos, g.Where.Source)
	case Count:
		c := r.mapping(v, what)
		g.Where = c.predicate("where")
		g.Min = c.number("min", 1, 0, 1_000_000)
		g.Max = c.number("max", 0, 1, 1_000_000)
		c.done()
		l.knownParams(r.faults, g.Where.Pos, g.Where.Source)
		if g.Where.IsZero() {
			r.add(r.pos(v), "%s: key \"where\" is missing; it says which events count", what)
		}
		if g.Max > 0 && g.Max < g.Min {
			r.add(r.pos(v), "%s: max %d is below min %d", what, g.Max, g.Min)
		}
	case Answer:
		l.readAnswer(r, g, v, what)
	case Compose:
		c := r.mapping(v, what)
		g.All, g.Any = c.texts("all"), c.texts("any")
		c.done()
		if (len(g.All) == 0) == (len(g.Any) == 0) {
			r.add(r.pos(v), "%s: give all: [ids] or any: [ids]", what)
		}
	}
}

func (l *Lab) readFind(r *reader, g *Goal, v ast.Node, what string) {
	list := r.list(v, what)
	if len(list) == 0 || len(list) > maxSteps {
		r.add(r.pos(v), "%s: takes 1 to %d steps", what, maxSteps)
		return
	}
	for _, item := range list {
		s := r.mapping(item, what)
		if len(s.keys) != 1 {
			r.add(s.at, "%s: a step is one name and its predicate, - syn: '…'", what)
			continue
		}
		b := Binding{Name: s.keys[0]}
		b.Where = s.predicate(b.Name)
		if !varName.MatchString(b.Name) || reserved(b.Name) {
			r.add(s.at, "%s: %q cannot be a step's name; use lower-case letters, digits and _, "+
				"and no word of CEL", what, b.Name)
		}
		l.knownParams(r.faults, b.Where.Pos, b.Where.Source)
		g.Steps = append(g.Steps, b)
	}
}

func (l *Lab) readAnswer(r *reader, g *Goal, v ast.Node, what string) {
	a := r.mapping(v, what)
	g.Answer = AnswerSpec{Type: a.text("type"), Choices: a.texts("choices"),
		Correct: a.texts("correct")}
	a.done()
	if len(g.Answer.Correct) == 0 {
		r.add(r.pos(v), "%s: key \"correct\" is missing; it holds the right answer or a list", what)
	}
	for _, c := range g.Answer.Correct {
		l.knownParams(r.faults, r.pos(v), c)
	}
	switch g.Answer.Type {
	case "choice":
		if len(g.Answer.Choices) < 2 {
			r.add(r.pos(v), "%s: a choice needs two choices or more", what)
		}
		for i, c := range g.Answer.Choices {
			if !choiceID.MatchString(c) || slices.Contains(g.Answer.Choices[:i], c) {
				r.add(r.pos(v), "%s: choice %q is no id (letters, digits, . _ -) or stands twice", what, c)
			}
		}
		for _, c := range g.Answer.Correct {
			if !strings.Contains(c, "$") && !slices.Contains(g.Answer.Choices, c) {
				r.add(r.pos(v), "%s: correct %q is none of the choices", what, c)
			}
		}
	case "number", "text":
		if len(g.Answer.Choices) > 0 {
			r.add(r.pos(v), "%s: choices belong to type choice", what)
		}
	default:
		r.add(r.pos(v), "%s: type %q is unknown; use choice, number or text", what, g.Answer.Type)
	}
}

// readKeep reads what counts, and refuses what would mean nothing.
func (l *Lab) readKeep(r *reader, g *Goal, f *fields) {
	given := Keep(f.text("keep"))
	allowed := []Keep{Ever, Finish}
	why := "use ever or finish"
	switch g.Kind {
	case Find:
		allowed, why = allowed[:1], "what happened stays so; a find goal keeps ever"
	case Never, Always, Final:
		allowed, why = allowed[1:], "it is judged at finish; for a view that was true once use reach"
	case Compose:
		allowed, why = nil, "a compose goal keeps what its goals keep"
	}
	switch {
	case given == "" && len(allowed) > 0:
		g.Keep = allowed[0]
	case given != "" && !slices.Contains(allowed, given):
		r.add(f.pos["keep"], "%s: keep %q does not fit: %s", f.what, given, why)
	default:
		g.Keep = given
	}
}

func (l *Lab) readHints(r *reader, g *Goal, n ast.Node) {
	what := "goal " + strconv.Quote(g.ID) + ": hints"
	list := r.list(n, what)
	if len(list) > maxHints {
		r.add(r.pos(n), "%s: there are %d; at most %d are allowed", what, len(list), maxHints)
		return
	}
	for _, item := range list {
		f := r.mapping(item, what)
		h := Hint{ID: f.text("id"), When: f.predicate("when"), Pos: f.at}
		f.done()
		if !goalID.MatchString(h.ID) {
			r.add(f.at, "%s: a hint's id is lower-case words joined by -", what)
		}
		l.knownParams(r.faults, h.When.Pos, h.When.Source)
		g.Hints = append(g.Hints, h)
	}
}

// checkNames holds ids and references of goals, steps and hints to each other.
func (l *Lab) checkNames(r *reader) {
	goals, names, hints := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, p := range l.Params {
		names[p.Name] = true
	}
	for _, g := range l.Goals {
		for _, ref := range slices.Concat(g.Needs, g.All, g.Any) {
			if !goals[ref] {
				r.add(g.Pos, "goal %q: speaks of %q, which is no goal before it", g.ID, ref)
			}
		}
		unique(r, goals, g.Pos, "goal", g.ID)
		for _, s := range g.Steps {
			unique(r, names, s.Where.Pos, "step or parameter", s.Name)
		}
		for _, h := range g.Hints {
			unique(r, hints, h.Pos, "hint", h.ID)
		}
	}
}

func unique(r *reader, seen map[string]bool, at Pos, what, name string) {
	if seen[name] {
		r.add(at, "%s %q stands twice in this lab; choose another name", what, name)
	}
	seen[name] = true
}
