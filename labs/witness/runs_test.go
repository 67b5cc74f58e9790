// Package witness_test gives what runs look like on the wire to programs that share no
// code with us: tshark and gopacket. They must find nothing wrong with our frames, and see
// in them what our events say.
package witness_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labserver/labs"
	"labserver/labs/trial"
	"labserver/stack"
	"labserver/stack/capture"
	"labserver/stack/journal"
)

// run is a recorded run.
type run struct {
	name    string
	header  journal.Header
	entries []journal.Entry
}

// told tells the run as a capture.
func (r run) told(t testing.TB, opt capture.Options) ([]byte, *stack.World) {
	t.Helper()
	c, err := capture.Open(r.header, opt)
	if err != nil {
		t.Fatal(r.name, err)
	}
	var file bytes.Buffer
	out := func(b []byte) error { file.Write(b); return nil }
	if err := c.Follow(r.entries, out); err != nil {
		t.Fatal(r.name, err)
	}
	if err := c.End(out); err != nil {
		t.Fatal(r.name, err)
	}
	return file.Bytes(), c.World()
}

// goldenRuns are the golden scenarios of the stack.
func goldenRuns(t testing.TB) (all []run) {
	t.Helper()
	paths, _ := filepath.Glob("../../stack/testdata/golden/*.journal")
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		h, entries, err := journal.Decode(b)
		if err != nil {
			t.Fatal(p, err)
		}
		all = append(all, run{"golden " + strings.TrimSuffix(filepath.Base(p), ".journal"), h, entries})
	}
	if len(all) < 20 {
		t.Fatalf("only %d golden scenarios", len(all))
	}
	return all
}

// labRuns are every command list of every lab: its solution and its typical mistakes.
func labRuns(t testing.TB) (all []run) {
	t.Helper()
	catalog, err := labs.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range catalog.All() {
		lists := append([]labs.Wrong{{Name: "solution.jsonl", Steps: l.Solution}}, l.Wrong...)
		for _, list := range lists {
			played, err := trial.Play(l, 1, list.Steps)
			if err != nil {
				t.Fatal(l.Slug, list.Name, err)
			}
			all = append(all, run{l.Slug + " " + list.Name, played.Header, played.Entries})
		}
	}
	if len(all) < 10 {
		t.Fatalf("only %d lists of labs", len(all))
	}
	return all
}
