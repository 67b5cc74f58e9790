package rfc_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"labserver/stack/rfc"
)

// An id says whose rule it is, and its row agrees.
func TestEveryRowAgreesWithItsID(t *testing.T) {
	requirement := regexp.MustCompile(`^(MUST|SHLD|MAY|REC)-[0-9]+$`)
	section := regexp.MustCompile(`^rfc([0-9]+):\S+$`)
	seen := map[rfc.ID]bool{}
	for _, r := range rfc.Table() {
		id := string(r.ID)
		if seen[r.ID] {
			t.Errorf("%s stands twice", id)
		}
		seen[r.ID] = true
		ours := r.Level == rfc.Policy
		switch {
		case r.Level == rfc.Root:
			if r.RFC != 0 || r.Section != "" || r.Why != "" {
				t.Errorf("%s: a root has no reason", id)
			}
		case ours != strings.HasPrefix(id, "policy:"), ours != (r.Why != ""), ours && r.RFC != 0:
			t.Errorf("%s: a policy is ours and says why, and nothing else does", id)
		case ours:
		case requirement.MatchString(id):
			level := map[string]rfc.Level{"MUST": rfc.Must, "SHLD": rfc.Should, "REC": rfc.Should,
				"MAY": rfc.May}[id[:strings.Index(id, "-")]]
			if r.RFC != 9293 || r.Section == "" || r.Level != level {
				t.Errorf("%s: %+v", id, r)
			}
		case section.MatchString(id):
			if strconv.Itoa(r.RFC) != section.FindStringSubmatch(id)[1] || r.Section == "" {
				t.Errorf("%s: RFC %d §%s", id, r.RFC, r.Section)
			}
		case strings.HasPrefix(id, "posix:"):
			if r.RFC != 0 || r.Section == "" || r.Level != rfc.Says {
				t.Errorf("%s: %+v", id, r)
			}
		default:
			t.Errorf("%s is an id of no kind", id)
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d rules", len(seen))
	}
}

// Every constant that an event can name has its row, so that no reason is without text.
func TestEveryConstantHasARow(t *testing.T) {
	rows := map[rfc.ID]bool{}
	for _, r := range rfc.Table() {
		rows[r.ID] = true
	}
	files, _ := filepath.Glob("*.go")
	found := 0
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			kind, _ := v.Type.(*ast.Ident)
			value, _ := v.Values[0].(*ast.BasicLit)
			if kind == nil || kind.Name != "ID" || value == nil {
				return true
			}
			found++
			if id, _ := strconv.Unquote(value.Value); !rows[rfc.ID(id)] {
				t.Errorf("%s: %s = %s has no row in the table", path, v.Names[0].Name, id)
			}
			return true
		})
	}
	if found < 150 {
		t.Errorf("found only %d constants", found)
	}
}
