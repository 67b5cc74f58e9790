package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

func TestTheGeneratedFilesAreThoseOfTheSources(t *testing.T) {
	files, err := Generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale (%v): run go generate ./stack/event", name, err)
		}
	}
}

// moduleWith writes a module of one's own with the given event sources beside the real
// packages, so that what eventgen refuses can be shown.
func moduleWith(t *testing.T, source string) string {
	dir := t.TempDir()
	for _, pkg := range []string{"", "inet", "seq", "sim", "rfc", "view", "event"} {
		copyGo(t, filepath.Join(root, "stack", pkg), filepath.Join(dir, "stack", pkg))
	}
	extra := filepath.Join(dir, "stack/event/extra.go")
	if err := os.WriteFile(extra, []byte("package event\n"+source), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyGo(t *testing.T, from, to string) {
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(name)), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestANewBodyReachesAllThreeFiles(t *testing.T) {
	dir := moduleWith(t, `
// MoonRose says that the moon rose.
type MoonRose struct {
	Phase uint8   `+"`json:\"phase\"`"+`
	Tides []int64 `+"`json:\"tides\"`"+` // in cm
}
func (MoonRose) Kind() Kind { return "moon.rose" }`)
	files, err := Generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"stack/event/encode_gen.go":  `case MoonRose:`,
		"static/src/gen/wire.ts":     "extends Envelope {\n  kind: \"moon.rose\";\n  phase: number;",
		"static/src/gen/schema.json": `"description": "in cm"`,
	} {
		if !strings.Contains(string(files[name]), want) {
			t.Errorf("%s has no %q", name, want)
		}
	}
}

func TestBodiesThatCannotBeWrittenAreRefusedByName(t *testing.T) {
	const kind = "\nfunc (X) Kind() Kind { return \"x.y\" }"
	for name, tc := range map[string]struct{ source, want string }{
		"a field beside the envelope's": {"type X struct { Host string `json:\"host\"` }" + kind, "X.Host"},
		"a field without a name":        {"type X struct { Y string }" + kind, "X.Y"},
		"a map":                         {"type X struct { Y map[string]int `json:\"y\"` }" + kind, "X.Y"},
		"a float":                       {"type X struct { Y float64 `json:\"y\"` }" + kind, "X.Y"},
		"a type nobody declared":        {"type X struct { Y Nothing `json:\"y\"` }" + kind, "X.Y"},
		"a kind that is computed": {
			"type X struct{}\nfunc (X) Kind() Kind { return Kind(rune(7)) }", "names no kind"},
	} {
		_, err := Generate(moduleWith(t, tc.source))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryOpHasItsArguments(t *testing.T) {
	ops, err := readOps(root)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for _, op := range ops {
		types[op.Name] = op.Args
	}
	for op, want := range map[string]string{
		"host.add": "HostAdd", "recvfrom": "Recv", "getpeername": "GetName", "finish": "Finish",
	} {
		if types[op] != want {
			t.Errorf("%s takes %q, want %s", op, types[op], want)
		}
	}
}

func TestArgumentsOfNoOpAreRefused(t *testing.T) {
	dir := moduleWith(t, "")
	args := filepath.Join(dir, "stack/args.go")
	b, err := os.ReadFile(args)
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, "\ntype MoonShoot struct{}\n"...)
	if err := os.WriteFile(args, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Generate(dir); err == nil || !strings.Contains(err.Error(), "MoonShoot") {
		t.Errorf("%v", err)
	}
}
