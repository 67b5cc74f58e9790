package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"labserver/labs/evidence"
)

// What is committed is what the present stack gives.
func TestTheEvidenceIsUpToDate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "runs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := run("../../..", dir); err != nil {
		t.Fatal(err)
	}
	files := []string{"index.json"}
	made, _ := filepath.Glob(filepath.Join(dir, "runs", "*"))
	for _, path := range made {
		files = append(files, filepath.Join("runs", filepath.Base(path)))
	}
	for _, name := range files {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("labs/evidence/%s is not what the stack gives now: "+
				"run go generate ./labs/evidence", name)
		}
	}
	if names := evidence.Names(); len(names) != len(made) {
		t.Errorf("%d runs are committed, %d are needed", len(names), len(made))
	}
}
