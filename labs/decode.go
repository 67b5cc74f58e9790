package labs

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"labserver/stack"
)

var (
	goalID   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	choiceID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)
	varName  = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// reserved are names a binding or parameter cannot have: CEL's words and ours.
func reserved(name string) bool {
	return slices.Contains([]string{"e", "v", "p", "true", "false", "null", "in", "as",
		"break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
		"package", "namespace", "return", "var", "void", "while"}, name)
}

// readYAML reads lab.yaml.
func (l *Lab) readYAML(r *reader, src []byte) {
	root := r.parse(src)
	if root == nil {
		return
	}
	f := r.mapping(root, "the lab")
	if id := f.text("id"); id != l.Slug {
		r.add(f.at, "the lab: id is %q but the folder says %q; make them the same", id, l.Slug)
	}
	l.Version = f.number("version", 0, 1, 1_000_000)
	l.Profile = f.text("profile")
	l.Minutes = f.number("minutes", 0, 1, 120)
	l.Prerequisites = f.texts("prerequisites")
	l.Tags = f.texts("tags")
	l.Par = f.number("par", 0, 1, maxCommands)
	l.readParams(r, f.take("params"))
	l.readWorld(r, f.need("world"))
	l.readGoals(r, f.need("goals"))
	f.done()
	for _, key := range []string{"version", "minutes"} {
		if !f.has(key) {
			r.add(f.at, "the lab: key %q is missing; add it", key)
		}
	}
	switch l.Profile {
	case "":
		l.Profile = "linux"
	case "linux", "freebsd", "rfc":
	default:
		r.add(f.pos["profile"], "profile %q is unknown; use linux, freebsd or rfc", l.Profile)
	}
}

// readParams reads the parameters in order: each may use those before it.
func (l *Lab) readParams(r *reader, n ast.Node) {
	if n == nil {
		return
	}
	f := r.mapping(n, "params")
	if len(f.keys) > maxParams {
		r.add(f.at, "params: there are %d; at most %d are allowed", len(f.keys), maxParams)
		return
	}
	for _, name := range f.keys {
		p := Param{Name: name, Pos: f.pos[name]}
		if !varName.MatchString(name) || reserved(name) {
			r.add(p.Pos, "parameter %q: use lower-case letters, digits and _, and no word of CEL", name)
			continue
		}
		l.readParam(r, &p, f.vals[name])
		l.Params = append(l.Params, p)
	}
}

func (l *Lab) readParam(r *reader, p *Param, n ast.Node) {
	f := r.mapping(n, "parameter "+p.Name)
	p.Value = f.text("value")
	if from := f.take("from"); from != nil {
		for _, v := range r.list(from, f.what+": from") {
			p.From = append(p.From, r.scalar(v, f.what+": from"))
		}
	}
	between := f.texts("between")
	f.done()
	ways := 0
	for _, key := range []string{"value", "from", "between"} {
		if f.has(key) {
			ways++
		}
	}
	if ways != 1 {
		r.add(p.Pos, "%s: give exactly one of value, from and between", f.what)
		p.Value, p.From = "0", nil
		return
	}
	if f.has("from") && len(p.From) == 0 {
		r.add(p.Pos, "%s: from is an empty list; name at least one value", f.what)
		p.From = []string{"0"}
	}
	if f.has("between") {
		p.Between = readRange(r, p.Pos, f.what, between)
	}
	for _, v := range append([]string{p.Value}, p.From...) {
		l.knownParams(r.faults, p.Pos, v)
		if !paramValue.MatchString(paramRef.ReplaceAllString(v, "")) {
			r.add(p.Pos, "%s: %q holds a character other than letters, digits, spaces and ._:/-",
				f.what, v)
		}
	}
}

// readRange reads [lo, hi]; [0, 0] after a complaint.
func readRange(r *reader, at Pos, what string, words []string) *[2]int64 {
	if len(words) == 2 {
		lo, err1 := strconv.ParseInt(words[0], 10, 64)
		hi, err2 := strconv.ParseInt(words[1], 10, 64)
		const limit = 1 << 53
		if err1 == nil && err2 == nil && -limit < lo && lo <= hi && hi < limit {
			return &[2]int64{lo, hi}
		}
	}
	r.add(at, "%s: between takes two whole numbers, [lowest, highest]", what)
	return &[2]int64{}
}

// knownParams complains of every $name in s that no parameter has.
func (l *Lab) knownParams(bad *faults, at Pos, s string) {
	for _, name := range paramNames(s) {
		if !slices.ContainsFunc(l.Params, func(p Param) bool { return p.Name == name }) {
			bad.add(at, "$%s is no parameter of this lab; name it under params, or write $$ for a dollar sign", name)
		}
	}
}

// readWorld reads the start world and tries every command's arguments.
func (l *Lab) readWorld(r *reader, n ast.Node) {
	list := r.list(n, "world")
	if len(list) > maxWorld {
		r.add(r.pos(n), "world: there are %d commands; at most %d are allowed", len(list), maxWorld)
		return
	}
	for _, item := range list {
		f := r.mapping(item, "world command")
		c := Command{Op: f.text("op"), Pos: f.at}
		if c.Op == "" {
			r.add(f.at, "world command: key \"op\" is missing; begin with op: host.add or the like")
			continue
		}
		c.Args = string(r.appendObject(nil, f, []string{"op"}, 0))
		l.tryCommand(r.faults, c)
		l.World = append(l.World, c)
	}
}

// tryCommand parses a command with the readable parameters in place.
func (l *Lab) tryCommand(bad *faults, c Command) {
	l.knownParams(bad, c.Pos, c.Args)
	args := SubstituteJSON(c.Args, l.Readable())
	if _, err := stack.ParseCommand(c.Op, "", json.RawMessage(args)); err != nil {
		bad.add(c.Pos, "%s: %s", c.Op, argFault(err))
	}
}

// argFault words what is wrong with a command's arguments.
func argFault(err error) string {
	var e *stack.ArgError
	if !errors.As(err, &e) {
		return err.Error()
	}
	s := strings.ReplaceAll(e.Code, "_", " ")
	if e.Field != "" {
		s += ", field " + strconv.Quote(e.Field)
	}
	if e.Got != "" {
		s += ", got " + e.Got
	}
	if e.Limit != "" {
		s += ", limit " + e.Limit
	}
	return s
}

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
	g.Answer = AnswerSpec{Type: a.text("type"), Choices: a.texts("choices"), Correct: a.texts("correct")}
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
