package labs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// appendJSON renders n as JSON. A plain $name alone stays bare, so that a number drawn
// for it becomes a JSON number.
func (r *reader) appendJSON(out []byte, n ast.Node, depth int) []byte {
	if depth > maxDepth {
		r.add(r.pos(n), "nested deeper than %d levels", maxDepth)
		return append(out, "null"...)
	}
	switch v := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		f := r.mapping(n, "command")
		return r.appendObject(out, f, nil, depth)
	case *ast.SequenceNode:
		out = append(out, '[')
		for i, e := range v.Values {
			if i > 0 {
				out = append(out, ',')
			}
			out = r.appendJSON(out, e, depth+1)
		}
		return append(out, ']')
	case *ast.IntegerNode:
		return fmt.Append(out, v.Value)
	case *ast.BoolNode:
		return strconv.AppendBool(out, v.Value)
	case *ast.NullNode:
		return append(out, "null"...)
	case *ast.StringNode:
		plain := v.Token.Type != token.SingleQuoteType && v.Token.Type != token.DoubleQuoteType
		if plain && wholeParam(v.Value) {
			return append(out, v.Value...)
		}
		return appendString(out, v.Value)
	case *ast.LiteralNode:
		return appendString(out, v.Value.Value)
	}
	r.add(r.pos(n), "a command cannot hold %s", describe(n))
	return append(out, "null"...)
}

// appendObject renders the fields of a mapping but those to skip.
func (r *reader) appendObject(out []byte, f *fields, skip []string, depth int) []byte {
	out = append(out, '{')
	first := true
	for _, k := range f.keys {
		if slices.Contains(skip, k) {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = appendString(out, k)
		out = append(out, ':')
		out = r.appendJSON(out, f.vals[k], depth+1)
	}
	return append(out, '}')
}

func appendString(out []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("BUG: a string always marshals: " + err.Error())
	}
	return append(out, b...)
}
