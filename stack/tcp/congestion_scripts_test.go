package tcp_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"labserver/stack/script"
)

// TestCongestionScriptsPassWhereverTheyRun runs testdata/congestion in every profile that a script claims,
// as written and moved, strictly. Each is one sentence of RFC 5681, 6928, 9406 or 9438
// that shows on the wire.
func TestCongestionScriptsPassWhereverTheyRun(t *testing.T) {
	files, _ := filepath.Glob("testdata/congestion/*.pkt")
	if len(files) < 10 {
		t.Fatalf("only %d scripts", len(files))
	}
	claim := regexp.MustCompile(`(?m)^--profile=(\S+)$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := claim.FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s claims no profile", file)
		}
		for _, profile := range strings.Split(string(m[1]), ",") {
			o := script.Options{Profile: profile}
			for _, v := range append([]script.Variant{{Name: "as written", Options: o}}, script.Variants(o)...) {
				if res := script.Run(file, text, v.Options); res.Failure != nil {
					t.Errorf("%s, %s: %s", profile, v.Name, res.Failure.Text())
				} else if res.Strict != nil {
					t.Errorf("%s, %s: %s", profile, v.Name, res.Strict.Text())
				}
			}
		}
	}
}
