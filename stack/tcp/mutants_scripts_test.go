package tcp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"labserver/stack/rfc"
	"labserver/stack/script"
	"labserver/stack/tcp"
)

const mutantDir = "testdata/mutants/"

// TestEveryMutantIsKilledByAScriptAndAnInvariant prints, for each documented mistake of
// RFC 2525, which of its scripts fail and which stated invariants break. TestScripts shows
// that the honest stack passes these scripts, and every test of the package that it keeps
// the invariants.
func TestEveryMutantIsKilledByAScriptAndAnInvariant(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every script for every mutant; go test without -short")
	}
	var files []scriptFile
	for _, f := range scriptFiles(t) {
		if strings.HasPrefix(f.name, mutantDir) {
			files = append(files, f)
		}
	}
	var report strings.Builder
	for _, m := range tcp.Mutants() {
		fmt.Fprintf(&report, "\n§%-4s %s", m.Section, m.Name)
		own := false
		for _, f := range files {
			res := f.run(variant{"", script.Options{Profile: f.profiles[0],
				Set: []script.Knob{{Name: tcp.KnobMutant, Value: m.Name}}}})
			failure := res.Failure
			if failure == nil {
				failure = res.Strict
			}
			if failure == nil {
				continue
			}
			name := strings.TrimSuffix(strings.TrimPrefix(f.name, mutantDir), ".pkt")
			own = own || name == m.Name
			fmt.Fprintf(&report, "\n        script     %s.pkt:%d", name, failure.Line)
		}
		if !own {
			t.Errorf("%s passes its own script", m.Name)
		}
		reportInvariants(t, &report, m)
	}
	t.Log(report.String())
}

// reportInvariants tells which invariants a mutant breaks. One must be its rule's.
func reportInvariants(t *testing.T, report *strings.Builder, m tcp.Mutant) {
	breaches := tcp.Broken(t, m.Name)
	var told []string
	byRule := false
	for _, b := range breaches {
		byRule = byRule || b.Rule == m.Breaks
		if !slices.Contains(told, b.Invariant) {
			told = append(told, b.Invariant)
			fmt.Fprintf(report, "\n        invariant  %s (%s), in %s", b.Invariant, b.Rule, b.Scenario)
		}
	}
	if !byRule {
		t.Errorf("%s breaks nothing that is stated by %s: %v", m.Name, m.Breaks, breaches)
	}
}

// TestTheTableOfMutantsIsThatOfRFC2525 holds the table to the memo and to the knob.
func TestTheTableOfMutantsIsThatOfRFC2525(t *testing.T) {
	known := map[rfc.ID]bool{}
	for _, r := range rfc.Table() {
		known[r.ID] = true
	}
	list := tcp.Mutants()
	if len(list) != 18 {
		t.Errorf("%d mistakes; RFC 2525 documents 18", len(list))
	}
	for i, m := range list {
		if m.Section != fmt.Sprintf("2.%d", i+1) || m.Made == "" || !known[m.Breaks] {
			t.Errorf("%+v", m)
		}
		k, _ := tcp.Profile("linux")
		if old, err := k.Set(tcp.KnobMutant, m.Name); err != nil || old != tcp.NoMutant {
			t.Errorf("the knob does not take %s: %v", m.Name, err)
		}
	}
	k, _ := tcp.Profile("linux")
	if _, err := k.Set(tcp.KnobMutant, "no-such-mistake"); err == nil || k.Mutant != tcp.NoMutant {
		t.Error("the knob takes only what the table names")
	}
}
