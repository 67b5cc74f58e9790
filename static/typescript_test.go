package static

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// need runs what the test cannot do without; what is missing skips the test with a clear
// word, and fails it where everything must be there (LABSERVER_E2E=1, as in .ci/run).
func need(t *testing.T, ok bool, what string) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv("LABSERVER_E2E") == "1":
		t.Fatalf("LABSERVER_E2E=1, but %s", what)
	default:
		t.Skipf("skipped: %s", what)
	}
}

// The TypeScript tests, src/test/*.test.ts, are bundled by esbuild and run by node. They
// find golden files and fixtures from the folder in LABSERVER_ROOT.
func TestTypeScriptUnits(t *testing.T) {
	_, err := exec.LookPath("node")
	need(t, err == nil, "node is not installed")
	_, err = os.Stat("node_modules/.package-lock.json")
	need(t, err == nil, "static/node_modules is missing: run `npm ci` in static/")

	tests, err := filepath.Glob("src/test/*.test.ts")
	if err != nil {
		t.Fatal(err)
	}
	if len(tests) == 0 {
		t.Fatal("no src/test/*.test.ts found: the pattern and the sources have parted")
	}
	out := t.TempDir()
	args := append([]string{"tool", "-modfile=../tools/go.mod", "esbuild"}, tests...)
	args = append(args, "--bundle", "--format=esm", "--platform=node", "--target=node20",
		"--jsx=automatic", "--jsx-import-source=preact", "--sourcemap=inline",
		"--loader:.css=empty", "--log-level=warning", "--outdir="+out,
		"--out-extension:.js=.mjs")
	if msg, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("esbuild: %v\n%s", err, msg)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	args = []string{"--enable-source-maps", "--test", "--test-reporter=spec"}
	for _, name := range tests {
		name = strings.TrimSuffix(filepath.Base(name), ".ts") + ".mjs"
		args = append(args, filepath.Join(out, name))
	}
	cmd := exec.Command("node", args...)
	cmd.Env = append(os.Environ(), "LABSERVER_ROOT="+root)
	msg, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s", err, msg)
	}
	t.Logf("%s", msg)
}
