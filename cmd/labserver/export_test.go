package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"

	"labserver/stack"
	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/store"
)

// lossyRun is a recorded run in which packets are lost.
const lossyRun = "../../stack/testdata/golden/bulk-with-loss.journal"

// comments reads a capture and returns the comments of each packet.
func comments(t *testing.T, file string) (all []string) {
	t.Helper()
	r, err := pcapgo.NewNgReader(strings.NewReader(file), pcapgo.NgReaderOptions{})
	for err == nil {
		var opts pcapgo.NgPacketOptions
		if _, _, opts, err = r.ReadPacketDataWithOptions(); err == nil {
			all = append(all, strings.Join(opts.Comments, "\n"))
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return all
}

// export calls the subcommand and returns its capture.
func export(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := call(t, append([]string{"export", "--pcapng", "-"}, args...)...)
	if code != exitOK || errs != "" {
		t.Fatalf("%q: status %d, %q", args, code, errs)
	}
	return out
}

func TestARunIsExportedWithItsReasonsInTheLanguageAskedFor(t *testing.T) {
	en, ko := export(t, lossyRun), export(t, lossyRun, "--lang", "ko")
	english, korean := comments(t, en), comments(t, ko)
	if len(english) < 50 || len(english) != len(korean) {
		t.Fatalf("%d and %d packets", len(english), len(korean))
	}
	if !strings.Contains(en, " — ") || !strings.ContainsAny(strings.Join(korean, ""), "요어") ||
		en == ko {
		t.Errorf("%q, %q", english[0], korean[0])
	}
	if !strings.Contains(strings.Join(english, "\n"), "lost on the link ") {
		t.Error("no packet is said to be lost")
	}
	if again := export(t, lossyRun); again != en {
		t.Error("the same run gave another file")
	}
	if n := len(comments(t, export(t, lossyRun, "--ends", "both"))); n <= len(english) {
		t.Errorf("%d packets at both ends, %d at one", n, len(english))
	}
	if n := len(comments(t, export(t, lossyRun, "--hosts", "A"))); n == 0 || n >= 2*len(english) {
		t.Errorf("%d packets at A", n)
	}
	file := filepath.Join(t.TempDir(), "run.pcapng")
	if _, errs, code := call(t, "export", lossyRun, "--pcapng", file); code != exitOK {
		t.Fatal(code, errs)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != en {
		t.Errorf("the file differs from the stream (%v)", err)
	}
}

func TestAnExportThatMakesNoSenseGetsOneLineAndLeavesNoFile(t *testing.T) {
	run, err := filepath.Abs(lossyRun)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("there", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, args, want string }{
		{"no file", run, "--pcapng"},
		{"no run", "--pcapng out", "journal"},
		{"a file that is there", "--pcapng there " + run, "exists"},
		{"a folder that is not", "--pcapng none/out " + run, "no folder none"},
		{"a missing journal", "--pcapng out none.jsonl", "none.jsonl"},
		{"a link that is not", "--pcapng out --links AR,l9 " + run, `no link "l9"`},
		{"a host that is not", "--pcapng out --hosts Z " + run, `no host "Z"`},
		{"other ends", "--pcapng out --ends near " + run, `--ends "near"`},
		{"another language", "--pcapng out --lang fr " + run, `--lang "fr"`},
		{"a file that goes on", "--pcapng out --follow " + run, "session:ID"},
		{"a session without a database", "--pcapng out session:abc", "labserver-data"},
	} {
		out, errs, code := call(t, append([]string{"export"}, strings.Fields(c.args)...)...)
		if code != exitWrong || out != "" || strings.Count(errs, "\n") != 1 ||
			!strings.Contains(errs, c.want) {
			t.Errorf("%s: status %d, %q %q; want one line with %q", c.name, code, out, errs, c.want)
		}
		if _, err := os.Stat("out"); err == nil {
			t.Errorf("%s: a file was left", c.name)
		}
	}
}

// followed is a session in a data folder that grows under the eyes of an export.
type followed struct {
	t       *testing.T
	data    string
	entries []journal.Entry
	fence   store.Fence
	db      interface {
		Append(context.Context, store.Fence, time.Time, int, journal.Entry) (store.Appended, error)
		Clock(context.Context, store.Fence, time.Time, int, journal.Entry, bool, app.Speed) (uint64,
			error)
		Finish(context.Context, store.Fence, time.Time) error
	}
	reader *os.File
	ended  chan string // what it printed about errors
	cancel func()
}

// followRun starts to follow a session that has the first entries of a recorded run.
func followRun(t *testing.T, first int) *followed {
	t.Helper()
	file, err := os.ReadFile(lossyRun)
	if err != nil {
		t.Fatal(err)
	}
	h, entries, err := journal.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	world, err := json.Marshal(h.World)
	if err != nil {
		t.Fatal(err)
	}
	f := &followed{t: t, data: t.TempDir(), entries: entries, ended: make(chan string, 1)}
	db, err := openStore(t.Context(), f.data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	row, err := db.CreateSession(t.Context(), app.Session{ID: "live", Owner: "somebody", Speed: 1000},
		app.Run{Session: "live", No: 1, Build: stack.Build, Params: h.Params, Seed: seedOf(t, h.Seed),
			World: world}, entries[:first]...)
	if err != nil {
		t.Fatal(err)
	}
	f.db, f.fence = db, store.Fence{Session: "live", Epoch: row.OwnerEpoch}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f.reader = reader
	t.Cleanup(func() { reader.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	f.cancel = cancel
	go func() {
		var errs bytes.Buffer
		run(ctx, []string{"export", "--data", f.data, "--pcapng", "-", "--follow", "session:live"},
			writer, &errs)
		writer.Close()
		f.ended <- errs.String()
	}()
	return f
}

func seedOf(t *testing.T, s string) (seed uint64) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &seed); err != nil {
		t.Fatal(err)
	}
	return seed
}

// end waits for the export to end without a word.
func (f *followed) end() {
	f.t.Helper()
	select {
	case errs := <-f.ended:
		if errs != "" {
			f.t.Errorf("it ended with %q", errs)
		}
	case <-time.After(30 * time.Second):
		f.t.Fatal("it did not end within 30 s")
	}
}

// must is for what the store answers.
func (f *followed) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestAFollowedSessionComesAsItGoesOnAndIsTheSameFileInTheEnd lets a session grow by
// commands and by the clock, which is moved on in its place, until it is handed in.
func TestAFollowedSessionComesAsItGoesOnAndIsTheSameFileInTheEnd(t *testing.T) {
	f := followRun(t, 1)
	got := make(chan string, 1)
	started := make(chan struct{})
	go func() {
		var all bytes.Buffer
		io.CopyN(&all, f.reader, 8)
		close(started)
		io.Copy(&all, f.reader)
		got <- all.String()
	}()
	<-started
	now := time.Now()
	last := len(f.entries) - 1
	for _, e := range f.entries[1:last] {
		_, err := f.db.Append(t.Context(), f.fence, now, 1, e)
		f.must(err)
	}
	// The last entry is the clock's: it comes twice, the second time where the run ends.
	end := f.entries[last]
	half, _ := journal.Open(headerOf(t))
	for _, e := range f.entries[:last] {
		f.must(journal.Apply(half, e))
	}
	for range (end.Step - half.Steps()) / 2 {
		half.Step()
	}
	end.Args = json.RawMessage(`{"playing":true,"speed":1}`)
	early := end
	early.Step, early.T, early.N = half.Steps(), half.Now(), half.Events().Len()
	_, err := f.db.Clock(t.Context(), f.fence, now, 1, early, true, 1000)
	f.must(err)
	time.Sleep(2 * followEvery)
	_, err = f.db.Clock(t.Context(), f.fence, now, 1, end, true, 1000)
	f.must(err)
	f.must(f.db.Finish(t.Context(), f.fence, now))
	f.end()
	if whole := export(t, lossyRun); <-got != whole {
		t.Error("what was followed differs from the whole file")
	}
}

func headerOf(t *testing.T) journal.Header {
	t.Helper()
	file, err := os.ReadFile(lossyRun)
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := journal.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestFollowingEndsWhenNobodyReadsAnyMore(t *testing.T) {
	f := followRun(t, 1)
	if _, err := io.ReadFull(f.reader, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	f.reader.Close()
	f.end()
}

func TestFollowingEndsWhenItIsInterrupted(t *testing.T) {
	f := followRun(t, 2)
	if _, err := io.ReadFull(f.reader, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	f.cancel()
	f.end()
}

// The null device is a device of characters, as a terminal is, and no terminal.
func TestACaptureMayBeThrownAway(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out") // the standard output does not say what it is either
	if err := os.Symlink(os.DevNull, name); err != nil {
		t.Skip(err)
	}
	stdout, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"export", lossyRun, "--pcapng", "-"}, stdout, &errs); code != exitOK {
		t.Errorf("status %d: %s", code, errs.String())
	}
}
