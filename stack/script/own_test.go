package script

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOwnScriptsPassStrictlyWhereverTheyRun runs testdata/*.pkt as written and moved.
func TestOwnScriptsPassStrictlyWhereverTheyRun(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.pkt")
	if len(files) == 0 {
		t.Fatal("testdata holds no scripts")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range append([]Variant{{Name: "as written"}}, Variants(Options{})...) {
			res := Run(file, text, v.Options)
			if res.Failure != nil {
				t.Errorf("%s: %s", v.Name, res.Failure.Text())
			} else if res.Strict != nil {
				t.Errorf("%s: %s", v.Name, res.Strict.Text())
			}
		}
	}
}
