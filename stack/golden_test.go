package stack_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/journal"
	"labserver/stack/sim"
)

var rewrite = flag.Bool("rewrite", false, "write the golden traces anew; explain the diff in the commit")

const goldenDir = "testdata/golden"

// journalOf runs a scenario and returns its journal.
func (s scenario) journalOf(t testing.TB) (journal.Header, []journal.Entry) {
	_, file := s.play(t)
	h, entries, err := journal.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return h, entries
}

// play runs a scenario and returns its world and journal file.
func (s scenario) play(t testing.TB) (*stack.World, []byte) {
	t.Helper()
	h := journal.Header{Format: journal.Format, Behaviour: stack.Behaviour, Seed: fmt.Sprint(s.seed),
		Params: map[string]string{}, World: journal.World{Profile: "linux"}}
	for _, line := range lines(s.world) {
		op, args, _ := strings.Cut(line, " ")
		h.World.Commands = append(h.World.Commands, journal.Entry{Op: op, Args: json.RawMessage(args)})
	}
	w, err := journal.Open(h)
	if err != nil {
		t.Fatal(err)
	}
	var entries []journal.Entry
	for _, line := range lines(s.acts) {
		at, rest, _ := strings.Cut(strings.TrimPrefix(line, "@"), " ")
		op, args, _ := strings.Cut(rest, " ")
		var ms int64
		if _, err := fmt.Sscan(at, &ms); err != nil {
			t.Fatalf("%s: %q: %v", s.name, line, err)
		}
		w.Advance(sim.Time(ms * 1e6))
		c, err := stack.ParseCommand(op, "golden", json.RawMessage(args))
		if err != nil {
			t.Fatalf("%s: %q: %v", s.name, line, err)
		}
		if err := w.Check(c); err != nil {
			if op != "segment.drop" { // which is there to be refused
				t.Fatalf("%s: %q: %v", s.name, line, err)
			}
			continue
		}
		entries = append(entries, journal.Entry{Seq: uint64(len(entries) + 1), Step: w.Steps(), T: w.Now(),
			N: w.Events().Len(), Actor: "golden", Op: op, Args: json.RawMessage(args)})
		w.Apply(c)
	}
	w.Advance(w.Now() + s.until)
	entries = append(entries, journal.Entry{Seq: uint64(len(entries) + 1), Step: w.Steps(), T: w.Now(),
		N: w.Events().Len(), Op: journal.OpClock})
	return w, journal.Encode(h, entries)
}

func lines(text string) (out []string) {
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// trace renders a world's events and view as a golden file holds them.
func trace(w *stack.World) []byte {
	var b []byte
	for _, e := range w.Events().From(1) {
		b = append(e.AppendJSON(b), '\n')
	}
	v, err := json.Marshal(map[string]any{"view": w.View()})
	if err != nil {
		panic(err)
	}
	return append(append(b, v...), '\n')
}

func TestGoldenTraces(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			w, file := s.play(t)
			journalPath := filepath.Join(goldenDir, s.name+".journal")
			tracePath := filepath.Join(goldenDir, s.name+".ndjson")
			if *rewrite {
				write(t, journalPath, file)
				write(t, tracePath, trace(w))
			}
			same(t, journalPath, file)
			same(t, tracePath, trace(w))
		})
	}
}

// TestGoldenJournalsReplay reads the committed journals, not the scenarios, so that it
// goes on holding when a scenario is edited.
func TestGoldenJournalsReplay(t *testing.T) {
	paths, _ := filepath.Glob(filepath.Join(goldenDir, "*.journal"))
	if len(paths) < len(scenarios()) {
		t.Fatalf("only %d golden journals", len(paths))
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h, entries, err := journal.Decode(file)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		w, err := journal.Replay(h, entries)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		same(t, strings.TrimSuffix(path, ".journal")+".ndjson", trace(w))
		if !bytes.Equal(journal.Encode(h, entries), file) {
			t.Errorf("%s does not come out as it went in", path)
		}
	}
}

// TestBuildIsTheDigestOfTheGoldenTraces keeps stack.Build honest: sessions recorded by a
// build with other traces are refused.
func TestBuildIsTheDigestOfTheGoldenTraces(t *testing.T) {
	paths, _ := filepath.Glob(filepath.Join(goldenDir, "*.ndjson"))
	sort.Strings(paths)
	sum := sha256.New()
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(b)
	}
	got := hex.EncodeToString(sum.Sum(nil))[:16]
	if *rewrite {
		write(t, "build.go", []byte("package stack\n\n// Build is the digest of the golden traces: "+
			"what this program's stack does, in 64 bits.\n// A journal of another build may replay "+
			"differently. TestGoldenTraces -rewrite writes it.\nconst Build = \""+got+"\"\n"))
		return
	}
	if got != stack.Build {
		t.Errorf("Build is %s, the traces give %s: run go test ./stack -rewrite", stack.Build, got)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// same compares a golden file and names the first line that differs.
func same(t *testing.T, path string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(want, got) {
		return
	}
	a, b := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			other := "(end)"
			if i < len(b) {
				other = b[i]
			}
			t.Fatalf("%s:%d\n want %s\n got  %s", path, i+1, a[i], other)
		}
	}
	t.Fatalf("%s: %d more lines than recorded", path, len(b)-len(a))
}
