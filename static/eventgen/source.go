package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const module = "labserver"

// sources reads and checks packages of the module, declarations only. Packages of the
// standard library are stood in for by the few types that fields use.
type sources struct {
	root  string
	fset  *token.FileSet
	pkgs  map[string]*types.Package
	files map[string][]*ast.File
	docs  map[token.Pos]string // by the position of a declared name
}

func newSources(root string) *sources {
	return &sources{root: root, fset: token.NewFileSet(), pkgs: map[string]*types.Package{},
		files: map[string][]*ast.File{}, docs: map[token.Pos]string{}}
}

// Import implements types.Importer.
func (s *sources) Import(path string) (*types.Package, error) {
	if p := s.pkgs[path]; p != nil {
		return p, nil
	}
	if !strings.HasPrefix(path, module+"/") {
		s.pkgs[path] = standIn(path)
		return s.pkgs[path], nil
	}
	return s.load(path)
}

// load reads a package, or only the files of it that are named.
func (s *sources) load(path string, only ...string) (*types.Package, error) {
	dir := filepath.Join(s.root, strings.TrimPrefix(path, module+"/"))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			strings.HasSuffix(name, "_gen.go") || len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		f, err := parser.ParseFile(s.fset, filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		s.collectDocs(f)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no Go files in %s", dir)
	}
	// Errors are passed over here: bodies of functions and the generated code are not
	// read. A field whose type is not known for that reason is reported by convert.
	conf := types.Config{Importer: s, IgnoreFuncBodies: true, Error: func(error) {}}
	pkg, _ := conf.Check(path, s.fset, files, nil)
	s.pkgs[path], s.files[path] = pkg, files
	return pkg, nil
}

// collectDocs notes the comments of types and fields.
func (s *sources) collectDocs(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			for _, spec := range n.Specs {
				t, ok := spec.(*ast.TypeSpec)
				if ok && t.Doc == nil && len(n.Specs) == 1 {
					s.docs[t.Name.Pos()] = oneLine(n.Doc)
				} else if ok {
					s.docs[t.Name.Pos()] = oneLine(t.Doc)
				}
			}
		case *ast.Field:
			for _, name := range n.Names {
				if s.docs[name.Pos()] = oneLine(n.Doc); n.Doc == nil {
					s.docs[name.Pos()] = oneLine(n.Comment)
				}
			}
		}
		return true
	})
}

func oneLine(c *ast.CommentGroup) string {
	return strings.Join(strings.Fields(c.Text()), " ")
}

// standIn makes a package that has the types fields use, and no others.
func standIn(path string) *types.Package {
	pkg := types.NewPackage(path, filepath.Base(path))
	add := func(name string, underlying types.Type) {
		obj := types.NewTypeName(token.NoPos, pkg, name, nil)
		types.NewNamed(obj, underlying, nil)
		pkg.Scope().Insert(obj)
	}
	switch path {
	case "net/netip":
		add("Addr", types.NewStruct(nil, nil))
		add("Prefix", types.NewStruct(nil, nil))
	case "encoding/json":
		add("RawMessage", types.NewSlice(types.Typ[types.Byte]))
	case "time":
		add("Duration", types.Typ[types.Int64])
	}
	pkg.MarkComplete()
	return pkg
}
