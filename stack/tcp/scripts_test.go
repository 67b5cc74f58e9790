package tcp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labserver/stack/script"
)

// Packet scripts lie under testdata by what they are read off: matrix (RFC 9293 §3.10),
// rfcNNNN, linux and freebsd (what engineers of those systems expect), and mutants, which
// only an honest stack passes. A script claims its profiles in a flag,
// --profile=linux,rfc; one that claims none claims all.

// scriptFile is one script with its claims.
type scriptFile struct {
	name     string
	text     []byte
	profiles []string
	fixed    bool // --fixed: its numbers are the point, so it is not transformed
}

func scriptFiles(t testing.TB) []scriptFile {
	var list []scriptFile
	err := filepath.WalkDir("testdata", func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".pkt") {
			return err
		}
		text, err := os.ReadFile(path)
		list = append(list, claims(scriptFile{name: filepath.ToSlash(path), text: text}))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// claims reads a script's own flags.
func claims(f scriptFile) scriptFile {
	f.profiles = []string{"linux", "freebsd", "rfc"}
	for _, line := range strings.Split(string(f.text), "\n") {
		if v, ok := strings.CutPrefix(line, "--profile="); ok {
			f.profiles = strings.Split(v, ",")
		}
		if strings.HasPrefix(line, "// Not transformed") {
			f.fixed = true
		}
	}
	return f
}

// variant is one way to run a script.
type variant struct {
	name string
	opt  script.Options
}

// variants are the script as written in each profile, and then moved: initial sequence
// numbers just below 2^32, IPv6, other addresses and ports, an older clock.
func (f scriptFile) variants() []variant {
	var list []variant
	for _, p := range f.profiles {
		list = append(list, variant{p, script.Options{Profile: p}})
	}
	if f.fixed {
		return list
	}
	base := script.Options{Profile: f.profiles[0]}
	for _, v := range script.Variants(base) {
		list = append(list, variant{base.Profile + ", " + v.Name, v.Options})
	}
	near := []uint32{1<<32 - 1, 1<<32 - 11, 1<<32 - 20000}
	for i, isn := range near {
		o, far := base, near[len(near)-1-i]
		o.ISNLocal, o.ISNRemote = &isn, &far
		list = append(list, variant{base.Profile + " near the wrap", o})
	}
	return list
}

func (f scriptFile) run(v variant) script.Result { return script.Run(f.name, f.text, v.opt) }

// TestScripts runs every script in every profile it claims and in other places, strictly:
// no packet goes out that no line expects.
func TestScripts(t *testing.T) {
	files := scriptFiles(t)
	if len(files) == 0 {
		t.Fatal("there are no scripts")
	}
	runs := 0
	for _, f := range files {
		if strings.Contains(f.name, "/unreadable/") {
			continue
		}
		variants := f.variants()
		if testing.Short() {
			variants = variants[:1]
		}
		for _, v := range variants {
			runs++
			res := f.run(v)
			if res.Failure != nil {
				t.Errorf("%s\n%s", v.name, res.Failure.Text())
			} else if res.Strict != nil {
				t.Errorf("%s, strictly\n%s", v.name, res.Strict.Text())
			}
		}
	}
	t.Logf("%d scripts, %d runs", len(files), runs)
}
