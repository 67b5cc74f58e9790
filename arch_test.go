// Package labserver_test holds the tests of the tree as a whole: which package may
// import which, and what the pure core may contain.
package labserver_test

import (
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// pkg is one package of the module: its folder from the root, and its parsed files.
type pkg struct {
	dir   string
	files []*ast.File // without tests
	tests []*ast.File
}

// load parses every Go file of the module that the build would use.
func load(t *testing.T) (*token.FileSet, []*pkg) {
	t.Helper()
	fset := token.NewFileSet()
	byDir := map[string]*pkg{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name == "node_modules" || name == "testdata" || path == "tools" || path == "bench" ||
				strings.HasPrefix(name, ".") && path != "." {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		if ok, err := build.Default.MatchFile(filepath.Dir(path), name); err != nil || !ok {
			return err
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if byDir[dir] == nil {
			byDir[dir] = &pkg{dir: dir}
		}
		if strings.HasSuffix(name, "_test.go") {
			byDir[dir].tests = append(byDir[dir].tests, f)
		} else {
			byDir[dir].files = append(byDir[dir].files, f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []*pkg
	for _, p := range byDir {
		all = append(all, p)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].dir < all[j].dir })
	if len(all) < 10 {
		t.Fatalf("found only %d packages: the walk is broken", len(all))
	}
	return fset, all
}

func imports(f *ast.File) []string {
	var paths []string
	for _, i := range f.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

func under(dir, top string) bool { return dir == top || strings.HasPrefix(dir, top+"/") }

func TestImportsRunFromWebToLabsToStack(t *testing.T) {
	_, all := load(t)
	for _, p := range all {
		for _, f := range p.files {
			for _, path := range imports(f) {
				in, ours := strings.CutPrefix(path, "labserver/")
				switch {
				case under(p.dir, "stack") && ours && !under(in, "stack"),
					under(p.dir, "labs") && ours && !under(in, "stack") && !under(in, "labs"),
					under(p.dir, "labs") && path == "net/http":
					t.Errorf("%s imports %s", p.dir, path)
				case under(p.dir, "web") && ours && layer(in):
					t.Errorf("%s imports %s: web knows no TCP", p.dir, path)
				case path == "nhooyr.io/websocket" && !under(p.dir, "web/live"):
					t.Errorf("%s imports %s, which is confined to web/live", p.dir, path)
				}
			}
		}
	}
}

// layer reports whether a package is inside the machine, which only stack may touch.
func layer(dir string) bool {
	return slices.Contains([]string{"stack/tcp", "stack/udp", "stack/ip", "stack/link",
		"stack/sock", "stack/host"}, dir)
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	_, all := load(t)
	for _, p := range all {
		if len(p.files) == 0 {
			continue
		}
		name := p.files[0].Name.Name
		if slices.Contains([]string{"util", "utils", "common", "helpers", "types", "misc"}, name) {
			t.Errorf("%s is named %s, which says nothing", p.dir, name)
		}
		documented := 0
		for _, f := range p.files {
			if f.Doc != nil && !ast.IsGenerated(f) {
				documented++
			}
		}
		if documented != 1 {
			t.Errorf("%s has %d package comments, want one", p.dir, documented)
		}
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	fset, all := load(t)
	for _, p := range all {
		for _, f := range p.files {
			if ast.IsGenerated(f) {
				continue
			}
			for _, d := range f.Decls {
				for _, name := range undocumented(d) {
					t.Errorf("%s: %s has no comment", fset.Position(name.Pos()), name.Name)
				}
			}
		}
	}
}

// TestTheCoreKeepsToItsMeasures holds stack/ and labs/ to the house style where a number
// says it: lines of 100, functions of 70 lines, files of 600.
func TestTheCoreKeepsToItsMeasures(t *testing.T) {
	fset, all := load(t)
	for _, p := range all {
		if !under(p.dir, "stack") && !under(p.dir, "labs") {
			continue
		}
		for _, f := range p.files {
			if ast.IsGenerated(f) {
				continue
			}
			path := fset.Position(f.Pos()).Filename
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(string(text), "\n")
			if len(lines) > 600 {
				t.Errorf("%s has %d lines: what second concern moved in?", path, len(lines))
			}
			for i, l := range lines {
				if utf8.RuneCountInString(l) > 100 {
					t.Errorf("%s:%d: %d characters", path, i+1, utf8.RuneCountInString(l))
				}
			}
			for _, d := range f.Decls {
				from, to := fset.Position(d.Pos()), fset.Position(d.End())
				if fn, ok := d.(*ast.FuncDecl); ok && to.Line-from.Line >= 70 && !table(fn) {
					t.Errorf("%s: %s is %d lines long", from, fn.Name.Name, to.Line-from.Line+1)
				}
			}
		}
	}
}

// table reports whether a function only returns what it holds.
func table(fn *ast.FuncDecl) bool {
	for _, s := range fn.Body.List {
		switch s.(type) {
		case *ast.ReturnStmt, *ast.DeclStmt:
		default:
			return false
		}
	}
	return true
}

func undocumented(d ast.Decl) (names []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && d.Name.Name != "Kind" {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					names = append(names, s.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						names = append(names, n)
					}
				}
			}
		}
	}
	return names
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

// pureImports is what the core may use of the standard library.
var pureImports = []string{"bytes", "crypto/md5", "crypto/sha256", "encoding", "encoding/base64",
	"encoding/binary", "encoding/hex", "encoding/json", "errors", "iter", "math/bits", "net/netip",
	"reflect", "slices", "sort", "strconv", "strings", "time", "unicode/utf8"}

func TestTheCoreIsPure(t *testing.T) {
	fset, all := load(t)
	imp := importer.ForCompiler(fset, "source", nil)
	for _, p := range all {
		if !under(p.dir, "stack") || len(p.files) == 0 || p.files[0].Name.Name == "main" {
			continue
		}
		for _, f := range p.files {
			for _, path := range imports(f) {
				if !strings.HasPrefix(path, "labserver/stack") && !slices.Contains(pureImports, path) {
					t.Errorf("%s imports %s", fset.Position(f.Pos()).Filename, path)
				}
			}
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
		cfg := types.Config{Importer: imp}
		if _, err := cfg.Check("labserver/"+p.dir, fset, p.files, info); err != nil {
			t.Fatalf("%s: %v", p.dir, err)
		}
		for _, f := range p.files {
			impurities(f, info, func(pos token.Pos, what string) {
				t.Errorf("%s: %s", fset.Position(pos), what)
			})
		}
	}
}

// impurities reports every construct that would make a world depend on anything but its
// journal.
func impurities(f *ast.File, info *types.Info, report func(token.Pos, string)) {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			report(g.Pos(), "a package variable")
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report(n.Pos(), "a goroutine")
		case *ast.ChanType:
			report(n.Pos(), "a channel")
		case *ast.SelectStmt:
			report(n.Pos(), "a select")
		case *ast.RangeStmt:
			if t := info.TypeOf(n.X); t != nil {
				if _, ok := t.Underlying().(*types.Map); ok {
					report(n.Pos(), "a range over a map")
				}
			}
		case *ast.SelectorExpr:
			if obj := info.Uses[n.Sel]; obj != nil && obj.Pkg() != nil && obj.Pkg().Path() == "time" &&
				slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer",
					"NewTicker", "AfterFunc", "Time"}, obj.Name()) {
				report(n.Pos(), "time."+obj.Name())
			}
		}
		if e, ok := n.(ast.Expr); ok {
			if b, ok := info.TypeOf(e).(*types.Basic); ok && b.Info()&types.IsFloat != 0 &&
				b.Info()&types.IsUntyped == 0 {
				report(e.Pos(), "a float")
			}
		}
		return true
	})
}

func TestImpuritiesAreSeen(t *testing.T) {
	const src = `package p
import "time"
var counter int
func f(m map[int]int, c chan int) float64 {
	for range m {
	}
	go f(m, c)
	select {}
	_ = time.Now()
	return 1.5
}`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	cfg := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	if _, err := cfg.Check("p", fset, []*ast.File{f}, info); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	impurities(f, info, func(_ token.Pos, what string) { seen[what] = true })
	for _, want := range []string{"a package variable", "a goroutine", "a channel", "a select",
		"a range over a map", "time.Now", "a float"} {
		if !seen[want] {
			t.Errorf("%s was not seen", want)
		}
	}
}
