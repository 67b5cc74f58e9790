package check

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"labserver/labs"
	"labserver/stack/event"
)

// costLimit is what one evaluation of a predicate may cost, in CEL's units (about one
// per field read or comparison).
const costLimit = 50_000

// role is what a predicate is for, which decides what it may name.
type role uint8

const (
	onEvent role = iota // e and, if need be, v
	onView              // v alone
	onHint              // either
)

// predicate is a compiled predicate and what must happen for it to change.
type predicate struct {
	src    labs.Predicate
	prog   cel.Program
	kinds  []event.Kind        // of the events it is about; empty for a predicate on the view
	event  *eventType          // the type of e
	uses   []string            // bindings it names
	fields map[string]bool     // every field it names: a change elsewhere cannot matter
	moves  map[event.Kind]bool // on the view: the kinds of events that can change it
}

// onView reports whether p looks at the view and at no event.
func (p *predicate) onView() bool { return len(p.kinds) == 0 }

// compiler turns the predicates of one lab into programs.
type compiler struct {
	base     *cel.Env
	provider provider
	vars     []cel.EnvOption       // p and the bindings so far
	bindings map[string]*eventType // by name
}

// newCompiler makes the compiler of a lab's predicates.
func newCompiler(l *labs.Lab) (*compiler, error) {
	base, err := baseEnv()
	if err != nil {
		return nil, fmt.Errorf("labs/check: CEL: %w", err)
	}
	params := make([]string, 0, len(l.Params))
	for _, p := range l.Params {
		params = append(params, p.Name)
	}
	c := &compiler{base: base, bindings: map[string]*eventType{}}
	c.provider = *base.CELTypeProvider().(*provider)
	c.provider.params = params
	c.provider.events = map[string]*eventType{}
	c.vars = []cel.EnvOption{cel.Variable("p", types.NewObjectType(paramsType))}
	return c, nil
}

// bind makes a step's event known to the predicates that follow.
func (c *compiler) bind(name string, t *eventType) {
	c.bindings[name] = t
	c.provider.events[t.name] = t
	c.vars = append(c.vars, cel.Variable(name, t.cel))
}

// compile compiles src for its role. Errors are the author's, with file and line.
func (c *compiler) compile(src labs.Predicate, r role) (*predicate, error) {
	fault := func(format string, args ...any) error {
		return &labs.Fault{Pos: src.Pos, Msg: fmt.Sprintf(format, args...)}
	}
	parsed, iss := c.base.Parse(src.Source)
	if iss.Err() != nil {
		return nil, celFault(src, iss)
	}
	root := parsed.NativeRep().Expr()
	found := survey(root)
	p := &predicate{src: src, fields: found.fields}
	for _, name := range sortedKeys(found.free) {
		if _, ok := c.bindings[name]; ok {
			p.uses = append(p.uses, name)
		}
	}
	opts := slices.Clone(c.vars)
	prov := c.provider
	if found.free["e"] && (r == onEvent || r == onHint) {
		if err := c.aboutEvents(p, root, fault); err != nil {
			return nil, err
		}
		prov.events = map[string]*eventType{p.event.name: p.event}
		for _, t := range c.bindings {
			prov.events[t.name] = t
		}
		opts = append(opts, cel.Variable("e", p.event.cel))
	}
	switch {
	case r == onEvent && !found.free["e"]:
		return nil, fault("is about no event; begin with e.kind == \"…\"")
	case r == onView && found.free["e"]:
		return nil, fault("is about the view v and cannot name an event e")
	case (r == onView || r == onHint && !found.free["e"]) && !found.free["v"]:
		return nil, fault("looks at nothing that happens; name the view v")
	}
	opts = append(opts, cel.Variable("v", c.provider.schema.byName["view.view"].cel))
	return p, c.program(p, parsed, append(opts, cel.CustomTypeProvider(&prov)), fault)
}

// aboutEvents finds the kinds of events p is about.
func (c *compiler) aboutEvents(p *predicate, root ast.Expr, fault func(string,
	...any) error) error {
	kinds, known := kindsOf(root)
	if !known {
		return fault("does not say which kind of event; add e.kind == \"…\" && to it")
	}
	if len(kinds) == 0 {
		return fault("asks for an event of two kinds at once; no event is")
	}
	for _, k := range kinds {
		if _, ok := c.provider.schema.body(k); !ok {
			return fault("event kind %q is unknown; the kinds are %s", k, strings.Join(kindNames(), ", "))
		}
	}
	p.kinds = kinds
	p.event = c.provider.schema.newEventType(kinds)
	return nil
}

// kindNames lists the event kinds for a complaint.
func kindNames() []string {
	var names []string
	for _, k := range sortedKeys(theSchema().kinds) {
		names = append(names, string(k))
	}
	return append(names, "cmd.<op>", "note.<op>")
}

// program type-checks and plans p.
func (c *compiler) program(p *predicate, parsed *cel.Ast, opts []cel.EnvOption,
	fault func(string, ...any) error) error {
	env, err := c.base.Extend(opts...)
	if err != nil {
		return fault("%v", err)
	}
	checked, iss := env.Check(parsed)
	if iss.Err() != nil {
		return celFault(p.src, iss)
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return fault("gives %s, not true or false", checked.OutputType())
	}
	p.prog, err = env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit))
	if err != nil {
		return fault("%v", err)
	}
	return nil
}

// celFault turns CEL's complaints into the author's, at their lines.
func celFault(src labs.Predicate, iss *cel.Issues) error {
	first := iss.Errors()[0]
	at := src.Pos
	if n := first.Location.Line(); n > 1 {
		at.Line += n - 1
	}
	msg := strings.ReplaceAll(first.Message, "\n", " ")
	return &labs.Fault{Pos: at, Msg: fmt.Sprintf("column %d: %s in: %s",
		first.Location.Column()+1, msg, src.Source)}
}

// found is what a predicate names.
type found struct {
	free   map[string]bool // variables that are not its own
	fields map[string]bool
}

// survey walks a parsed predicate.
func survey(root ast.Expr) found {
	f := found{map[string]bool{}, map[string]bool{}}
	f.walk(root, nil)
	return f
}

func (f *found) walk(x ast.Expr, own []string) {
	switch x.Kind() {
	case ast.IdentKind:
		if !slices.Contains(own, x.AsIdent()) {
			f.free[x.AsIdent()] = true
		}
	case ast.SelectKind:
		f.fields[x.AsSelect().FieldName()] = true
		f.walk(x.AsSelect().Operand(), own)
	case ast.CallKind:
		call := x.AsCall()
		if call.IsMemberFunction() {
			f.walk(call.Target(), own)
		}
		for _, a := range call.Args() {
			f.walk(a, own)
		}
	case ast.ListKind:
		for _, e := range x.AsList().Elements() {
			f.walk(e, own)
		}
	case ast.MapKind:
		for _, e := range x.AsMap().Entries() {
			f.walk(e.AsMapEntry().Key(), own)
			f.walk(e.AsMapEntry().Value(), own)
		}
	case ast.StructKind:
		for _, e := range x.AsStruct().Fields() {
			f.walk(e.AsStructField().Value(), own)
		}
	case ast.ComprehensionKind:
		c := x.AsComprehension()
		f.walk(c.IterRange(), own)
		inner := append(slices.Clone(own), c.IterVar(), c.IterVar2(), c.AccuVar())
		for _, e := range []ast.Expr{c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
			f.walk(e, inner)
		}
	}
}

// kindsOf derives which kinds of events can satisfy x, from e.kind == "…" and
// e.kind in […]; known is false where nothing says so.
func kindsOf(x ast.Expr) (kinds []event.Kind, known bool) {
	if x.Kind() != ast.CallKind {
		return nil, false
	}
	call := x.AsCall()
	args := call.Args()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		for _, a := range args {
			k, ok := kindsOf(a)
			switch {
			case ok && known:
				kinds = slices.DeleteFunc(kinds, func(e event.Kind) bool { return !slices.Contains(k, e) })
			case ok:
				kinds, known = k, true
			}
		}
		return kinds, known
	case operators.LogicalOr:
		for _, a := range args {
			k, ok := kindsOf(a)
			if !ok {
				return nil, false
			}
			kinds = append(kinds, k...)
		}
		slices.Sort(kinds)
		return slices.Compact(kinds), true
	case operators.Equals:
		for i := range args {
			if isEventKind(args[i]) {
				return literalKinds(args[1-i : 2-i])
			}
		}
	case operators.In:
		if isEventKind(args[0]) && args[1].Kind() == ast.ListKind {
			return literalKinds(args[1].AsList().Elements())
		}
	}
	return nil, false
}

// isEventKind reports whether x is e.kind.
func isEventKind(x ast.Expr) bool {
	return x.Kind() == ast.SelectKind && x.AsSelect().FieldName() == "kind" &&
		x.AsSelect().Operand().Kind() == ast.IdentKind && x.AsSelect().Operand().AsIdent() == "e"
}

func literalKinds(list []ast.Expr) (kinds []event.Kind, known bool) {
	for _, x := range list {
		if x.Kind() != ast.LiteralKind {
			return nil, false
		}
		s, ok := x.AsLiteral().(types.String)
		if !ok {
			return nil, false
		}
		kinds = append(kinds, event.Kind(s))
	}
	slices.Sort(kinds)
	return slices.Compact(kinds), true
}
