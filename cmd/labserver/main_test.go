package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call runs the command line in an empty working folder.
func call(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return out.String(), errs.String(), code
}

func TestWhatMakesNoSenseGetsOneLineAndStatusTwoAndWritesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	file := write("file", "not a folder")
	empty := write("empty.jsonl", "")
	prose := write("prose.jsonl", "Dear journal,\n")
	header := func(behaviour, build, seed string) string {
		return `{"format":1,"behaviour":` + behaviour + `,"build":"` + build + `",` +
			`"lab":{"slug":"","digest":""},"params":{},"world":{"profile":"linux","commands":[]},` +
			`"seed":"` + seed + `","parent":null}` + "\n"
	}
	future := write("future.jsonl", `{"format":99,"behaviour":0,"seed":"1"}`+"\n")
	badSeed := write("seed.jsonl", header("0", "", "minus one"))
	later := write("later.jsonl", header("7", "", "1"))
	other := write("other.jsonl", header("0", "ffff", "1"))
	broken := write("broken.jsonl", header("0", "", "1")+
		`{"seq":1,"step":0,"t":0,"n":1,"cid":"a","actor":"x","op":"bind",`+
		`"args":{"proc":"p9","fd":3,"port":1}}`+"\n")

	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		want string // must be in the line
	}{
		{"unknown subcommand", []string{"frobnicate"}, nil, "frobnicate"},
		{"unknown flag", []string{"serve", "--verbose"}, nil, "--verbose"},
		{"unknown flag without subcommand", []string{"--verbose"}, nil, "--verbose"},
		{"flag without value", []string{"serve", "--addr"}, nil, "--addr"},
		{"too many arguments", []string{"version", "please"}, nil, "please"},
		{"address without port", []string{"serve", "--addr", "localhost"}, nil, "[host]:port"},
		{"port that is no number", []string{"serve", "--addr", ":http!"}, nil, "0 to 65535"},
		{"port too great", []string{"serve", "--addr", ":65536"}, nil, "0 to 65535"},
		{"address from the environment", []string{"serve"},
			map[string]string{"LABSERVER_ADDR": "nowhere"}, "nowhere"},
		{"boolean from the environment", []string{"serve"},
			map[string]string{"LABSERVER_DEV": "perhaps"}, "perhaps"},
		{"address without a value", []string{"--addr"}, nil, "--addr needs a value"},
		{"address and then a flag", []string{"serve", "--addr", "--dev"}, nil, "--addr needs a value"},
		{"address of nowhere", []string{"serve", "--addr", "192.0.2.1:8080"}, nil, "this machine"},
		{"proxy that is no address", []string{"serve", "--proxy", "localhost"}, nil,
			`--proxy "localhost" is not a range`},
		{"proxy that is one address", []string{"--proxy", "10.0.0.0/8,192.0.2.7"}, nil,
			"use 192.0.2.7/32"},
		{"proxy that is one IPv6 address", []string{"--proxy", "2001:db8::1"}, nil, "2001:db8::1/128"},
		{"proxy with too many bits", []string{"--proxy", "10.0.0.0/33"}, nil, "not a range"},
		{"proxy without a value", []string{"--proxy"}, nil, "--proxy needs a value"},
		{"proxy from the environment", []string{"serve"},
			map[string]string{"LABSERVER_PROXY": "my-proxy"}, `"my-proxy"`},
		{"hsts with an http address", []string{"--hsts", "--public-url", "http://a.example"}, nil,
			"--hsts"},
		{"help for what is not there", []string{"help", "frobnicate"}, nil, "frobnicate"},
		{"public URL without scheme", []string{"serve", "--public-url", "labs.example.org"},
			nil, "https://"},
		{"public URL with a path", []string{"serve", "--public-url", "https://a.example/x"},
			nil, "origin"},
		{"data folder is a file", []string{"serve", "--addr", "127.0.0.1:0", "--data", file},
			nil, "not a folder"},
		{"dev without sources", []string{"serve", "--dev"}, nil, "static/src"},
		{"replay of nothing", []string{"replay"}, nil, "journal"},
		{"replay of a missing file", []string{"replay", "none.jsonl"}, nil, "none.jsonl"},
		{"replay of a folder", []string{"replay", dir}, nil, "folder"},
		{"replay of an empty file", []string{"replay", empty}, nil, empty},
		{"replay of prose", []string{"replay", "--hash", prose}, nil, "line 1"},
		{"replay of a future format", []string{"replay", future}, nil, "99"},
		{"replay of a bad seed", []string{"replay", badSeed}, nil, "seed"},
		{"replay of another behaviour", []string{"replay", later}, nil, "behaviour 7"},
		{"replay of another build", []string{"replay", other}, nil, "build ffff"},
		{"replay of an impossible entry", []string{"replay", broken}, nil, "p9"},
		{"replay in two forms", []string{"replay", "--json", "--hash", broken}, nil, "--hash"},
		{"replay of a session without a database", []string{"replay", "session:abc"},
			nil, "labserver-data"},
		{"replay of a run that is no number", []string{"replay", "session:abc/one"}, nil, "one"},
		{"grade without a journal", []string{"grade", "hello-udp"}, nil, "journal"},
		{"grade by an unknown lab", []string{"grade", "no-such-lab", broken}, nil, "no-such-lab"},
		{"grade of a missing file", []string{"grade", "hello-udp", "none.jsonl"}, nil, "none.jsonl"},
		{"check of nothing", []string{"lab", "check"}, nil, "dir"},
		{"check of a missing folder", []string{"lab", "check", "none"}, nil, "none"},
		{"check with a negative number", []string{"lab", "check", dir, "--seeds", "0"}, nil, "seeds"},
		{"lab without a word", []string{"lab"}, nil, "check"},
		{"backup without a file", []string{"backup"}, nil, "file"},
		{"backup without a database", []string{"backup", "copy.sqlite"}, nil, "labserver-data"},
		{"backup over a file", []string{"backup", file}, nil, "exists"},
		{"health of a bad address", []string{"health", "--addr", "x"}, nil, "[host]:port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			before := listing(t, dir)
			out, errs, code := call(t, c.args...)
			if code != exitWrong {
				t.Errorf("status %d, want %d", code, exitWrong)
			}
			line, ok := strings.CutSuffix(errs, "\n")
			if !ok || strings.Contains(line, "\n") || !strings.HasPrefix(line, "labserver: ") {
				t.Errorf("standard error is not one line: %q", errs)
			}
			if !strings.Contains(strings.ToLower(line), strings.ToLower(c.want)) {
				t.Errorf("%q does not name %q", line, c.want)
			}
			if out != "" {
				t.Errorf("standard output: %q", out)
			}
			if after := listing(t, dir); after != before {
				t.Errorf("something was written:\nbefore %s\nafter  %s", before, after)
			}
		})
	}
}

// listing is every path under dir with its size.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		b.WriteString(rel + " ")
		if !d.IsDir() {
			b.WriteString(info.ModTime().String() + " ")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHelpAndVersionAnswerOnStandardOutput(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"lab", "check", "--help"},
		{"help"}, {"help", "serve"}, {"help", "lab", "check"}, {"help", "help"}} {
		out, errs, code := call(t, args...)
		if code != exitOK || errs != "" || !strings.Contains(out, "Usage: labserver") {
			t.Errorf("%q: status %d, out %q, err %q", args, code, out, errs)
		}
	}
	asked, _, _ := call(t, "help", "lab", "check")
	if flag, _, _ := call(t, "lab", "check", "--help"); asked != flag {
		t.Errorf("help lab check says\n%s, --help says\n%s", asked, flag)
	}
	if whole, _, _ := call(t, "help"); !strings.Contains(whole, "\n  help ") {
		t.Errorf("help does not name itself:\n%s", whole)
	}
	out, _, code := call(t, "version")
	if code != exitOK || !strings.HasPrefix(out, "labserver ") || strings.Count(out, "\n") != 1 {
		t.Errorf("version: status %d, %q", code, out)
	}
}

func TestEveryFlagHasAVariable(t *testing.T) {
	out, _, _ := call(t, "serve", "--help")
	for _, want := range []string{"$LABSERVER_ADDR", "$LABSERVER_DATA", "$LABSERVER_PUBLIC_URL",
		"$LABSERVER_DEV", "$LABSERVER_PROXY", "$LABSERVER_HSTS", "$LABSERVER_LOG"} {
		if !strings.Contains(out, want) {
			t.Errorf("serve --help does not name %s:\n%s", want, out)
		}
	}
}

func TestHealthFailsWithAWordWhenNobodyAnswers(t *testing.T) {
	_, errs, code := call(t, "health", "--addr", "127.0.0.1:1")
	if code != exitFail || !strings.Contains(errs, "127.0.0.1:1") || strings.Count(errs, "\n") != 1 {
		t.Errorf("status %d, %q", code, errs)
	}
}
