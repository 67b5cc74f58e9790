package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
)

// Op pairs a command's op with the name of its argument type in stack/args.go.
type Op struct{ Name, Args string }

// readOps reads the pairs from stack/command.go, where ParseCommand has them: each case
// `"recv", "recvfrom": return Recv{}, true`.
func readOps(root string) ([]Op, error) {
	name := filepath.Join(root, "stack/command.go")
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var ops []Op
	ast.Inspect(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.CaseClause); ok {
			ops = append(ops, opsOf(c)...)
		}
		return true
	})
	if len(ops) == 0 {
		return nil, fmt.Errorf("%s pairs no op with its arguments any more", name)
	}
	return ops, nil
}

// opsOf returns the pairs of a case, none if it is a case of something else.
func opsOf(c *ast.CaseClause) []Op {
	if len(c.Body) != 1 {
		return nil
	}
	ret, ok := c.Body[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 2 {
		return nil
	}
	args, ok := ret.Results[0].(*ast.CompositeLit)
	if !ok {
		return nil
	}
	typ, ok := args.Type.(*ast.Ident)
	if !ok {
		return nil
	}
	var ops []Op
	for _, e := range c.List {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			op, _ := strconv.Unquote(lit.Value)
			ops = append(ops, Op{op, typ.Name})
		}
	}
	return ops
}
