package rfc_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"labserver/stack/rfc"
)

// appendixB lists the ids of RFC 9293 Appendix B: each word and its last number.
func appendixB() map[string]int {
	return map[string]int{"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1}
}

func TestTheLedgerHoldsExactlyTheIDsOfAppendixB(t *testing.T) {
	want := map[rfc.ID]bool{}
	for word, last := range appendixB() {
		for i := 1; i <= last; i++ {
			want[rfc.ID(fmt.Sprintf("%s-%d", word, i))] = true
		}
	}
	if len(want) != 119 {
		t.Fatalf("Appendix B has 119 ids, this test knows %d", len(want))
	}
	for _, r := range rfc.Ledger() {
		if !want[r.ID] {
			t.Errorf("%s stands twice, or not in Appendix B", r.ID)
		}
		delete(want, r.ID)
	}
	for id := range want {
		t.Errorf("%s is missing", id)
	}
}

// A MUST is met, or its case does not arise, and a test shows it either way; whatever is
// met has a test.
func TestNoMUSTIsOpen(t *testing.T) {
	for _, r := range rfc.Ledger() {
		if r.Level() == rfc.Must && r.State == rfc.NotMet {
			t.Errorf("%s is open", r.ID)
		}
		if (r.State == rfc.Met || r.Level() == rfc.Must) && len(r.Tests) == 0 {
			t.Errorf("%s is %s, and no test shows it", r.ID, r.State)
		}
		if r.State != rfc.Met && r.State != rfc.NotMet && r.State != rfc.NoCase {
			t.Errorf("%s: %q is no state", r.ID, r.State)
		}
		if !regexp.MustCompile(`^3(\.\d+)+$`).MatchString(r.Section) {
			t.Errorf("%s: %q is no section of RFC 9293 §3", r.ID, r.Section)
		}
	}
}

// What events name as a requirement of RFC 9293 stands in both tables alike.
func TestTheLedgerAndTheTableOfRulesAgree(t *testing.T) {
	rules := map[rfc.ID]rfc.Rule{}
	for _, r := range rfc.Table() {
		rules[r.ID] = r
	}
	for _, r := range rfc.Ledger() {
		rule, cited := rules[r.ID]
		if cited && (rule.Level != r.Level() || rule.Section != r.Section || rule.RFC != 9293) {
			t.Errorf("%s: the ledger says %s §%s, the table %s §%s", r.ID, r.Level(), r.Section,
				rule.Level, rule.Section)
		}
		if cited && !slices.Contains(r.Shown, r.ID) {
			t.Errorf("events name %s, and its row does not list it", r.ID)
		}
		for _, id := range r.Shown {
			if _, ok := rules[id]; !ok {
				t.Errorf("%s is said to show as %s, which is no rule", r.ID, id)
			}
		}
	}
}

func TestEveryTestThatTheLedgerNamesExists(t *testing.T) {
	known := map[string]map[string]bool{} // by folder
	for _, r := range rfc.Ledger() {
		for _, test := range r.Tests {
			if strings.HasSuffix(test, ".pkt") {
				if _, err := os.Stat(filepath.Join("..", "..", test)); err != nil {
					t.Errorf("%s: there is no script %s", r.ID, test)
				}
				continue
			}
			dir, name, _ := strings.Cut(test, ".")
			if known[dir] == nil {
				known[dir] = testsIn(t, filepath.Join("..", "..", dir))
			}
			if !known[dir][name] {
				t.Errorf("%s: there is no test %s", r.ID, test)
			}
		}
	}
}

// testsIn lists the tests of a folder.
func testsIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = strings.HasPrefix(fn.Name.Name, "Test") ||
					strings.HasPrefix(fn.Name.Name, "Fuzz")
			}
		}
	}
	return names
}
