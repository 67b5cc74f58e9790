package host

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// Every knob can be turned to each of its defaults and to its ends, and no further.
func TestEveryKnobOfAHostIsDocumentedAndCanBeTurned(t *testing.T) {
	documented := map[string]bool{}
	for _, k := range KnobTable() {
		if documented[k.Name] {
			t.Errorf("%s stands twice", k.Name)
		}
		documented[k.Name] = true
		for _, d := range k.Defaults {
			h := New("A", "a", d.Profile, false, 1)
			if d.Value == "" || h.knob(k.Name) != d.Value || !h.TryKnob(k.Name, d.Value) {
				t.Errorf("%s in %s: %q", k.Name, d.Profile, d.Value)
			}
		}
		if k.Min == k.Max { // a name
			continue
		}
		h := New("A", "a", "linux", false, 1)
		for v, want := range map[int64]bool{k.Min - 1: false, k.Max + 1: false,
			k.Max: k.Name != "ip_local_port_low", k.Min: k.Name != "ip_local_port_high"} {
			if got := h.TryKnob(k.Name, strconv.FormatInt(v, 10)); got != want {
				t.Errorf("%s=%d: taken %t", k.Name, v, got)
			}
		}
	}
	for _, name := range switched(t) {
		if !documented[name] {
			t.Errorf("%s is a knob of IP, and KnobTable does not have it", name)
		}
	}
}

// switched lists the names that knobs.go tells apart.
func switched(t *testing.T) (names []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "knobs.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.CaseClause); ok {
			for _, e := range c.List {
				if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					name, _ := strconv.Unquote(lit.Value)
					names = append(names, name)
				}
			}
		}
		return true
	})
	if len(names) < 3 {
		t.Fatalf("only %v", names)
	}
	return names
}
