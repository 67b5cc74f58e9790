package tcp_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// scriptRow is a row of testdata/README.md: one demand of an RFC and what shows it.
type scriptRow struct {
	rfc, level, last string
	scripts          []string
}

// readTables reads the seven tables and the one of the others, whose level is "".
func readTables(t *testing.T) []scriptRow {
	t.Helper()
	text, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("`(rfc[0-9]+/[^`]+\\.pkt)`")
	var rows []scriptRow
	section := ""
	for _, line := range strings.Split(string(text), "\n") {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section, _, _ = strings.Cut(title, ",")
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "| ") || section == "" || strings.Contains(line, "---") ||
			strings.HasSuffix(line, "| Scripts |") {
			continue
		}
		r := scriptRow{rfc: section, last: strings.TrimSpace(cells[len(cells)-1])}
		if section != "Others" {
			r.level = strings.TrimSpace(cells[len(cells)-2])
		}
		for _, m := range script.FindAllStringSubmatch(r.last, -1) {
			r.scripts = append(r.scripts, "testdata/"+m[1])
		}
		rows = append(rows, r)
	}
	return rows
}

// TestTheTableOfScriptsIsTrue holds testdata/README.md to the files: what it names is
// there, what is there is named, and every demand has a script or a reason.
func TestTheTableOfScriptsIsTrue(t *testing.T) {
	var onDisk, named []string
	for _, f := range scriptFiles(t) {
		if strings.HasPrefix(f.name, "testdata/rfc") {
			onDisk = append(onDisk, f.name)
		}
	}
	var tests []string
	files, _ := filepath.Glob("*_test.go")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests = append(tests, string(text))
	}
	count := map[string]int{}
	for _, r := range readTables(t) {
		for _, s := range r.scripts {
			if !slices.Contains(onDisk, s) {
				t.Errorf("%s: there is no %s", r.rfc, s)
			}
		}
		named = append(named, r.scripts...)
		if r.level != "" && r.level != "MUST" && r.level != "SHOULD" {
			t.Errorf("%s: a level of %q", r.rfc, r.level)
		}
		if len(r.scripts) == 0 && !strings.HasPrefix(r.last, "Not on the wire") {
			t.Errorf("%s: %q is neither a script nor a reason", r.rfc, r.last)
		}
		for _, m := range regexp.MustCompile("`(Test[A-Z]\\w+)`").FindAllStringSubmatch(r.last, -1) {
			if !slices.ContainsFunc(tests, func(text string) bool {
				return strings.Contains(text, "func "+m[1]+"(t *testing.T)")
			}) {
				t.Errorf("%s: there is no %s", r.rfc, m[1])
			}
		}
		count[r.rfc+" "+r.level]++
	}
	for _, s := range onDisk {
		if !slices.Contains(named, s) {
			t.Errorf("no row names %s", s)
		}
	}
	for _, n := range []string{"5961", "6298", "6675", "7323", "8985", "9438", "9937"} {
		scripts := 0
		for _, s := range onDisk {
			if strings.HasPrefix(s, "testdata/rfc"+n+"/") {
				scripts++
			}
		}
		key := "RFC " + n
		t.Logf("%s: %d MUST, %d SHOULD, %d scripts", key, count[key+" MUST"],
			count[key+" SHOULD"], scripts)
		if count[key+" MUST"] == 0 {
			t.Errorf("%s has no MUST in its table", key)
		}
	}
}
