package labs

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxDepth bounds the nesting of a lab's YAML.
const maxDepth = 16

// reader walks a YAML tree strictly: every key must be asked for, every value must be
// of the asked kind, and every complaint names its line.
type reader struct {
	*faults
	file  string
	above int // lines of the file above the YAML text
}

// pos returns where a node begins.
func (r *reader) pos(n ast.Node) Pos {
	line := 1
	if n != nil {
		if t := n.GetToken(); t != nil && t.Position != nil {
			line = t.Position.Line
		}
	}
	return Pos{r.file, line + r.above}
}

// parse reads one YAML document; nil after a complaint.
func (r *reader) parse(src []byte) (root ast.Node) {
	defer func() {
		// The YAML parser is not ours: what it chokes on is the author's mistake.
		if x := recover(); x != nil {
			root = nil
			r.add(Pos{r.file, r.above + 1}, "not readable as YAML: %v", x)
		}
	}()
	f, err := parser.ParseBytes(src, 0)
	if err != nil {
		r.add(Pos{r.file, r.above + syntaxLine(err)}, "not YAML: %s", syntaxMessage(err))
		return nil
	}
	var docs []ast.Node
	for _, d := range f.Docs {
		if d.Body != nil {
			docs = append(docs, d.Body)
		}
	}
	if len(docs) != 1 {
		r.add(Pos{r.file, r.above + 1}, "holds %d YAML documents; write exactly one", len(docs))
		return nil
	}
	return docs[0]
}

// syntaxLine finds the line in a parser's error.
func syntaxLine(err error) int {
	if e, ok := err.(interface{ GetToken() *token.Token }); ok {
		if t := e.GetToken(); t != nil && t.Position != nil {
			return t.Position.Line
		}
	}
	return 1
}

// syntaxMessage returns the parser's message without its drawing of the source.
func syntaxMessage(err error) string {
	if e, ok := err.(interface{ GetMessage() string }); ok {
		return e.GetMessage()
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}

// fields is a mapping whose keys are taken one by one.
type fields struct {
	r     *reader
	at    Pos
	what  string // how complaints call it: `goal "handshake"`
	keys  []string
	pos   map[string]Pos
	vals  map[string]ast.Node
	known []string
}

// mapping opens n as a mapping; an empty one after a complaint.
func (r *reader) mapping(n ast.Node, what string) *fields {
	f := &fields{r: r, at: r.pos(n), what: what, pos: map[string]Pos{}, vals: map[string]ast.Node{}}
	var pairs []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	case nil:
		return f
	default:
		r.add(f.at, "%s must be a mapping (key: value lines), not %s", what, describe(n))
		return f
	}
	for i, p := range pairs {
		key, ok := keyText(p.Key)
		at := r.pos(p.Key)
		if i == 0 {
			f.at = at
		}
		if !ok {
			r.add(at, "%s: a key must be a plain word", what)
			continue
		}
		if _, twice := f.vals[key]; twice {
			r.add(at, "%s: key %q stands twice; keep one", what, key)
			continue
		}
		f.keys = append(f.keys, key)
		f.pos[key], f.vals[key] = at, p.Value
	}
	return f
}

// keyText returns the text of a mapping's key.
func keyText(k ast.MapKeyNode) (string, bool) {
	switch n := k.(type) {
	case *ast.StringNode:
		return n.Value, n.Value != ""
	case *ast.IntegerNode:
		return n.Token.Value, true
	}
	return "", false
}

// has reports whether key is there.
func (f *fields) has(key string) bool {
	_, ok := f.vals[key]
	return ok
}

// take returns the value of key, nil if it is absent, and makes key a known one.
func (f *fields) take(key string) ast.Node {
	f.known = append(f.known, key)
	return f.vals[key]
}

// need is take for a key that must be there.
func (f *fields) need(key string) ast.Node {
	n := f.take(key)
	if n == nil && len(f.keys) > 0 {
		f.r.add(f.at, "%s: key %q is missing; add it", f.what, key)
	}
	return n
}

// done complains of keys nobody asked for.
func (f *fields) done() {
	for _, k := range f.keys {
		if !slices.Contains(f.known, k) {
			f.r.add(f.pos[k], "%s: unknown key %q; the keys here are %s",
				f.what, k, strings.Join(f.known, ", "))
		}
	}
}

// text takes a scalar as text; "" if absent.
func (f *fields) text(key string) string {
	n := f.take(key)
	if n == nil {
		return ""
	}
	return f.r.scalar(n, f.what+": "+key)
}

// number takes a whole number between lo and hi; def if absent.
func (f *fields) number(key string, def, lo, hi int) int {
	n := f.take(key)
	if n == nil {
		return def
	}
	i, ok := n.(*ast.IntegerNode)
	v := 0
	var err error
	if ok {
		v, err = strconv.Atoi(i.Token.Value)
	}
	if !ok || err != nil || v < lo || v > hi {
		f.r.add(f.r.pos(n), "%s: %s must be a whole number from %d to %d", f.what, key, lo, hi)
		return def
	}
	return v
}

// texts takes a list of scalars, or one scalar as a list of one; nil if absent.
func (f *fields) texts(key string) []string {
	n := f.take(key)
	if n == nil {
		return nil
	}
	if _, list := n.(*ast.SequenceNode); !list {
		return []string{f.r.scalar(n, f.what+": "+key)}
	}
	var out []string
	for _, v := range f.r.list(n, f.what+": "+key) {
		out = append(out, f.r.scalar(v, f.what+": "+key))
	}
	return out
}

// predicate takes a CEL expression; the zero Predicate if absent.
func (f *fields) predicate(key string) Predicate {
	n := f.take(key)
	if n == nil {
		return Predicate{}
	}
	return f.r.predicate(n, f.what+": "+key)
}

// list opens n as a list; nil after a complaint.
func (r *reader) list(n ast.Node, what string) []ast.Node {
	if n == nil {
		return nil
	}
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.add(r.pos(n), "%s must be a list (lines that begin with -), not %s", what, describe(n))
		return nil
	}
	return s.Values
}

// scalar returns the text of a string, number or boolean.
func (r *reader) scalar(n ast.Node, what string) string {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value
	case *ast.LiteralNode:
		return s.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	}
	r.add(r.pos(n), "%s must be text, not %s", what, describe(n))
	return ""
}

// predicate returns a CEL expression, which must be a quoted or block string: a plain
// one would lose what YAML takes for comments and mappings.
func (r *reader) predicate(n ast.Node, what string) Predicate {
	at := r.pos(n)
	src := ""
	switch s := n.(type) {
	case *ast.StringNode:
		if t := s.Token.Type; t != token.SingleQuoteType && t != token.DoubleQuoteType {
			r.add(at, "%s: put the predicate in 'single quotes'", what)
		}
		src = s.Value
	case *ast.LiteralNode:
		src = s.Value.Value
		at.Line++ // the text begins on the line after the | or >
	default:
		r.add(at, "%s must be a quoted predicate, not %s", what, describe(n))
		return Predicate{}
	}
	src = strings.TrimRight(src, "\n ")
	if src == "" {
		r.add(at, "%s: the predicate is empty", what)
	}
	if len(src) > MaxPredicate {
		r.add(at, "%s: the predicate has %d octets; at most %d are allowed", what, len(src), MaxPredicate)
		return Predicate{}
	}
	return Predicate{Source: src, Pos: at}
}

// describe names a node for an author who expected another.
func describe(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor or alias (write the value out)"
	case *ast.TagNode:
		return "a tagged value"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	}
	return "a number or word"
}
