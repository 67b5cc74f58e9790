package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"labserver/stack/rfc"
)

// citing lists the files below stack that name each rule: by its constant, or by its
// number in a comment. Tests and the tables of rules do not count.
func citing(stack string) (map[rfc.ID][]string, error) {
	names, err := constants(filepath.Join(stack, "rfc"))
	if err != nil {
		return nil, err
	}
	numbered := regexp.MustCompile(`\b(MUST|SHLD|MAY|REC)-[0-9]+\b`)
	all := map[rfc.ID][]string{}
	add := func(id rfc.ID, file string) {
		if !slices.Contains(all[id], file) {
			all[id] = append(all[id], file)
		}
	}
	err = filepath.WalkDir(stack, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && (d.Name() == "rfc" || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(filepath.Dir(stack), path)
		if err != nil {
			return err
		}
		file := filepath.ToSlash(rel)
		f, err := parser.ParseFile(token.NewFileSet(), path, nil,
			parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "rfc" && names[s.Sel.Name] != "" {
					add(names[s.Sel.Name], file)
				}
			}
			return true
		})
		for _, group := range f.Comments {
			for _, id := range numbered.FindAllString(group.Text(), -1) {
				add(rfc.ID(id), file)
			}
		}
		return nil
	})
	return all, err
}

// constants maps the names of the rules' constants to the rules.
func constants(dir string) (map[string]rfc.ID, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	names := map[string]rfc.ID{}
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				if kind, ok := v.Type.(*ast.Ident); ok && kind.Name == "ID" && len(v.Values) == 1 {
					if lit, ok := v.Values[0].(*ast.BasicLit); ok {
						id, err := strconv.Unquote(lit.Value)
						if err != nil {
							return nil, err
						}
						names[v.Names[0].Name] = rfc.ID(id)
					}
				}
			}
		}
	}
	return names, nil
}
