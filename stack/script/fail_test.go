package script

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden failures anew")

// numbered is what changes when the stack tells one event more.
var numbered = regexp.MustCompile(`event [0-9]+`)

// TestAFailureIsSaidInOneGlance runs scripts that are wrong and compares what is said with
// the golden text beside each.
func TestAFailureIsSaidInOneGlance(t *testing.T) {
	files, _ := filepath.Glob("testdata/fail/*.pkt")
	if len(files) < 15 {
		t.Fatalf("only %d scripts that fail", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		res := Run(name, text, Options{})
		f := res.Failure
		if f == nil {
			f = res.Strict
		}
		if f == nil {
			t.Errorf("%s passes", file)
			continue
		}
		golden := strings.TrimSuffix(file, ".pkt") + ".txt"
		got := numbered.ReplaceAllString(f.Text(), "event N") + "\n"
		if *rewrite {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, _ := os.ReadFile(golden)
		if got != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", file, got, want)
		}
	}
}
