package stack_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"labserver/stack/event"
	"labserver/stack/rfc"
)

// unreachable lists the rules of links, IP, ICMP, UDP and sockets that no command can bring
// about, each with the test that does.
func unreachable() map[rfc.ID]string {
	return map[rfc.ID]string{
		rfc.BadSegment:     "host.TestDamagedPacketsAreDroppedEachForItsReason",
		rfc.BadICMP:        "host.TestDamagedPacketsAreDroppedEachForItsReason",
		rfc.UDPLength:      "host.TestDamagedPacketsAreDroppedEachForItsReason",
		rfc.PathAged:       "ip.TestAPathsMTUIsLearnedAndForgotten",
		rfc.PathLimit:      "ip.TestAHostRemembersOnlySoManyPaths",
		rfc.FragmentLimit:  "ip.TestAHostPutsOnlySoManyPacketsTogether",
		rfc.NeighbourLimit: "ip.TestAHostRemembersOnlySoManyNeighbours",
		rfc.SwitchLimit:    "lan.TestASwitchRemembersOnlySoManyAddresses",
		rfc.PacketLimit:    "ip.TestAWorldHoldsOnlySoManyPackets",
		rfc.StepBudget:     "stack.TestAnOverfullInstantIsPutOffVisibly",
	}
}

// TestEveryRuleShowsInAnEvent holds the rules outside TCP, which has its own such test:
// each is cited in a golden trace or by a named test that reads the rule off an event.
func TestEveryRuleShowsInAnEvent(t *testing.T) {
	seen := map[rfc.ID]bool{}
	paths, _ := filepath.Glob(filepath.Join(goldenDir, "*.ndjson"))
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range bytes.Split(file, []byte("\n")) {
			if e, err := event.Decode(line); err == nil {
				seen[e.Rule] = true
			}
		}
	}
	byTest := unreachable()
	names := map[rfc.ID]string{}
	rulesOf(t, "network.go", names)
	rulesOf(t, "queues.go", names)
	rulesOf(t, "sockets.go", names)
	rulesOf(t, "lan.go", names)
	rulesOf(t, "echo.go", names)
	rulesOf(t, "routes.go", names)
	rulesOf(t, "nat.go", names)
	for id, name := range names {
		switch test, named := byTest[id]; {
		case named && seen[id]:
			t.Errorf("%s shows in a golden trace and is listed as out of reach", id)
		case named && !mentions(t, test, name):
			t.Errorf("%s: there is no %s that reads it", id, test)
		case !named && !seen[id]:
			t.Errorf("%s shows in no event of the golden traces", id)
		}
		delete(byTest, id)
	}
	for id := range byTest {
		t.Errorf("%s is listed and is no rule", id)
	}
}

// rulesOf reads the rules that a file of stack/rfc declares, with their Go names.
func rulesOf(t *testing.T, file string, names map[rfc.ID]string) {
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("rfc", file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	before := len(names)
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				id, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				names[rfc.ID(id)] = v.Names[0].Name
			}
		}
	}
	if len(names) < before+9 {
		t.Fatalf("found only %d rules in %s", len(names)-before, file)
	}
}

// mentions reports whether a test, "package.Name", exists and names a rule's constant.
func mentions(t *testing.T, test, rule string) bool {
	pkg, name, _ := strings.Cut(test, ".")
	dir := pkg
	if pkg == "stack" {
		dir = "."
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	for _, path := range files {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Name.Name != name {
				continue
			}
			found := false
			ast.Inspect(fn, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					found = found || s.Sel.Name == rule
				}
				return true
			})
			return found
		}
	}
	return false
}
