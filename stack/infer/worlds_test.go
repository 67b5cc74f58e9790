package infer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/infer"
	"labserver/stack/journal"
	"labserver/stack/pcapng"
)

// goldenDir holds recorded runs of our own, whose true states are known.
const goldenDir = "../testdata/golden"

// replay brings a golden run back with its frames.
func replay(t testing.TB, name string) *stack.World {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(goldenDir, name+".journal"))
	if err != nil {
		t.Fatal(err)
	}
	header, entries, err := journal.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := journal.Config(header)
	if err != nil {
		t.Fatal(err)
	}
	cfg.KeepFrames = true
	w, err := stack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := journal.Apply(w, e); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// watch decides which frames a capture has.
type watch func(at event.LinkEnd, departed bool) bool

func everywhere(event.LinkEnd, bool) bool { return true }

// beside watches what one host sends and receives, at its own interface.
func beside(h inet.HostID) watch {
	return func(at event.LinkEnd, _ bool) bool { return at.Host == h }
}

// export writes a run as a capture file: one interface for each end of a link.
func export(w *stack.World, seen watch) []byte {
	b := pcapng.AppendSection(nil, pcapng.Section{Application: "test"})
	number := map[event.LinkEnd]int{}
	for e := range w.Events().Since(1) {
		departed := e.Kind() == "packet.departed"
		f := w.FrameAt(e.N)
		if !departed && e.Kind() != "packet.arrived" || f.Octets == nil || !seen(f.At, departed) {
			continue
		}
		i, ok := number[f.At]
		if !ok {
			i = len(number)
			number[f.At] = i
			b = pcapng.AppendInterface(b, pcapng.Interface{Link: pcapng.LinkEthernet,
				Name: string(f.At.Host) + ":" + string(f.At.NIC)})
		}
		b = pcapng.AppendPacket(b, pcapng.Packet{Interface: i, TimeNS: int64(e.T), Data: f.Octets})
	}
	return b
}

// inferred reads a file back.
func inferred(t testing.TB, file []byte) *infer.Run {
	t.Helper()
	f, err := pcapng.Read(file, pcapng.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := infer.New(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// goldens lists the recorded runs that put anything on a link that a capture can tell.
func goldens(t testing.TB) []string {
	t.Helper()
	paths, _ := filepath.Glob(filepath.Join(goldenDir, "*.journal"))
	if len(paths) < 20 {
		t.Fatalf("found only %d golden runs", len(paths))
	}
	var names []string
	for _, p := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(p), ".journal"))
	}
	return names
}
