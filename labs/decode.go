package labs

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
			bad.add(at,
				"$%s is no parameter of this lab; name it under params, or write $$ for a dollar sign", name)
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
