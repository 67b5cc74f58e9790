package stack_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/journal"
	"labserver/stack/sim"
)

var rewrite = flag.Bool("rewrite", false, "write the golden traces anew; explain the diff in the commit")

const goldenDir = "testdata/golden"

// scenario is a golden run: a topology, then lines "@ms op {args}" at virtual times.
type scenario struct {
	name  string
	seed  uint64
	world string
	acts  string
	until sim.Time // how long the run goes on after the last act
}

// pair is two hosts one router apart, 20 ms each way in all.
const pair = `
host.add {"id":"R","name":"router","forward":true}
host.add {"id":"A","addr":"10.0.1.2/24"}
host.add {"id":"B","addr":"10.0.2.2/24"}
nic.add {"host":"R","nic":"eth0","addr":"10.0.1.1/24"}
nic.add {"host":"R","nic":"eth1","addr":"10.0.2.1/24"}
link.add {"id":"AR","a":{"host":"A"},"b":{"host":"R","nic":"eth0"},"delay_ns":10000000}
link.add {"id":"RB","a":{"host":"R","nic":"eth1"},"b":{"host":"B"},"delay_ns":10000000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.2.1"}
proc.start {"host":"A","id":"client"}
proc.start {"host":"B","id":"server"}
`

// opened is the acts of pair up to an accepted connection: client fd 3, server fd 4.
const opened = `
@0 socket {"proc":"server","proto":"tcp"}
@0 bind {"proc":"server","fd":3,"addr":"10.0.2.2","port":80}
@0 listen {"proc":"server","fd":3,"backlog":4}
@0 accept {"proc":"server","fd":3}
@0 socket {"proc":"client","proto":"tcp"}
@0 bind {"proc":"client","fd":3,"port":3001}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":80}
`

func scenarios() []scenario {
	return []scenario{
		{"handshake-data-close", 1, pair, opened + `
@100 send {"proc":"client","fd":3,"text":"hello"}
@100 recv {"proc":"server","fd":4}
@200 send {"proc":"server","fd":4,"text":"hello yourself"}
@200 recv {"proc":"client","fd":3}
@300 close {"proc":"client","fd":3}
@400 recv {"proc":"server","fd":4}
@500 close {"proc":"server","fd":4}
`, 90e9},
		{"half-close", 2, pair, opened + `
@100 shutdown {"proc":"client","fd":3,"how":"wr"}
@200 recv {"proc":"server","fd":4}
@200 send {"proc":"server","fd":4,"text":"still talking"}
@300 recv {"proc":"client","fd":3}
@400 close {"proc":"server","fd":4}
@500 recv {"proc":"client","fd":3}
@500 close {"proc":"client","fd":3}
`, 90e9},
		{"simultaneous-close", 3, pair, opened + `
@100 close {"proc":"client","fd":3}
@100 close {"proc":"server","fd":4}
`, 90e9},
		{"simultaneous-open", 4, pair, `
@0 socket {"proc":"server","proto":"tcp"}
@0 bind {"proc":"server","fd":3,"port":80}
@0 socket {"proc":"client","proto":"tcp"}
@0 bind {"proc":"client","fd":3,"port":3001}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":80}
@0 connect {"proc":"server","fd":3,"addr":"10.0.1.2","port":3001}
@100 send {"proc":"client","fd":3,"text":"both of us"}
@100 recv {"proc":"server","fd":3}
`, 2e9},
		{"refused", 5, pair, `
@0 socket {"proc":"client","proto":"tcp"}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":81}
@100 connect {"proc":"client","fd":3,"addr":"10.0.9.9","port":81}
@100 connect {"proc":"client","fd":99,"addr":"10.0.2.2","port":81}
@100 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":65536}
`, 2e9},
		{"silence-then-timeout", 6, pair, `
@0 link.set {"link":"RB","loss_ppm":1000000}
@0 knob.set {"host":"A","knob":"tcp_syn_retries","value":"3"}
@0 socket {"proc":"client","proto":"tcp"}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":80}
`, 60e9},
		{"bulk-with-loss", 7, pair, `
@0 link.set {"link":"RB","loss_ppm":20000,"rate_bps":10000000}
` + opened + `
@200 send {"proc":"client","fd":3,"octets":120000}
@300 recv {"proc":"server","fd":4,"max":1000000}
@1500 recv {"proc":"server","fd":4,"max":1000000}
@5000 recv {"proc":"server","fd":4,"max":1000000}
@9000 close {"proc":"client","fd":3}
@9500 close {"proc":"server","fd":4}
`, 5e9},
		{"zero-window", 8, pair, opened + `
@100 setsockopt {"proc":"server","fd":4,"option":"SO_RCVBUF","value":4096}
@100 send {"proc":"client","fd":3,"octets":300000}
@9000 recv {"proc":"server","fd":4,"max":1000000}
@12000 recv {"proc":"server","fd":4,"max":1000000}
`, 5e9},
		{"reset-with-unread-data", 9, pair, opened + `
@100 send {"proc":"client","fd":3,"text":"never read"}
@200 close {"proc":"server","fd":4}
@300 recv {"proc":"client","fd":3}
@300 send {"proc":"client","fd":3,"text":"too late"}
@300 getsockopt {"proc":"client","fd":3,"option":"SO_ERROR"}
`, 2e9},
		{"linger-zero-and-kill", 10, pair, opened + `
@100 setsockopt {"proc":"client","fd":3,"option":"SO_LINGER","value":1}
@100 recv {"proc":"server","fd":4}
@200 close {"proc":"client","fd":3}
@400 proc.kill {"proc":"server"}
`, 2e9},
		{"binding", 11, pair, `
@0 socket {"proc":"server","proto":"tcp"}
@0 socket {"proc":"server","proto":"tcp"}
@0 socket {"proc":"server","proto":"udp"}
@0 bind {"proc":"server","fd":3,"port":53}
@0 bind {"proc":"server","fd":4,"addr":"10.0.2.2","port":53}
@0 bind {"proc":"server","fd":5,"port":53}
@0 bind {"proc":"server","fd":4,"addr":"10.0.1.2","port":53}
@0 bind {"proc":"server","fd":4,"addr":"10.0.2.2","port":65535}
@0 bind {"proc":"server","fd":4,"port":1}
@0 bind {"proc":"server","fd":6,"port":1}
@0 getsockname {"proc":"server","fd":4}
@0 getpeername {"proc":"server","fd":4}
@0 listen {"proc":"server","fd":5}
@0 accept {"proc":"server","fd":3}
@0 setsockopt {"proc":"server","fd":3,"option":"SO_NONSENSE","value":1}
@0 shutdown {"proc":"server","fd":3,"how":"wr"}
@0 recv {"proc":"server","fd":3}
`, 1e9},
		{"udp", 12, pair, `
@0 socket {"proc":"client","proto":"udp"}
@0 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":5000,"text":"anybody there?"}
@100 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":5000}
@100 send {"proc":"client","fd":3,"text":"hello?"}
@100 recv {"proc":"client","fd":3}
@200 socket {"proc":"server","proto":"udp"}
@200 bind {"proc":"server","fd":3,"port":5000}
@200 recvfrom {"proc":"server","fd":3,"max":4}
@200 send {"proc":"client","fd":3,"text":"hello again"}
@300 setsockopt {"proc":"server","fd":3,"option":"SO_RCVBUF","value":256}
@300 send {"proc":"client","fd":3,"octets":200}
@300 send {"proc":"client","fd":3,"octets":200}
@400 send {"proc":"client","fd":3,"octets":65508}
@400 send {"proc":"client","fd":3,"octets":1473}
`, 1e9},
		{"backlog", 13, pair, strings.Replace(opened, `@0 accept {"proc":"server","fd":3}`, "", 1) + `
@0 listen {"proc":"server","fd":3,"backlog":1}
@50 socket {"proc":"client","proto":"tcp"}
@50 connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}
@50 socket {"proc":"client","proto":"tcp"}
@50 connect {"proc":"client","fd":5,"addr":"10.0.2.2","port":80}
@2000 accept {"proc":"server","fd":3}
@2000 accept {"proc":"server","fd":3}
@6000 accept {"proc":"server","fd":3}
`, 5e9},
		{"cable-pulled", 14, pair, opened + `
@100 send {"proc":"client","fd":3,"octets":20000}
@105 link.set {"link":"RB","up":false}
@3000 link.set {"link":"RB","up":true}
@3100 segment.drop {"pkt":1}
@9000 nic.remove {"host":"R","nic":"eth1"}
@9100 host.remove {"host":"B"}
@9200 host.rename {"host":"A","name":"alone"}
@9200 route.remove {"host":"A","dst":"0.0.0.0/0"}
`, 3e9},
	}
}

// journalOf runs a scenario and returns its journal.
func (s scenario) journalOf(t testing.TB) (journal.Header, []journal.Entry) {
	_, file := s.play(t)
	h, entries, err := journal.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return h, entries
}

// play runs a scenario and returns its world and journal file.
func (s scenario) play(t testing.TB) (*stack.World, []byte) {
	t.Helper()
	h := journal.Header{Format: journal.Format, Behaviour: stack.Behaviour, Seed: fmt.Sprint(s.seed),
		Params: map[string]string{}, World: journal.World{Profile: "linux"}}
	for _, line := range lines(s.world) {
		op, args, _ := strings.Cut(line, " ")
		h.World.Commands = append(h.World.Commands, journal.Entry{Op: op, Args: json.RawMessage(args)})
	}
	w, err := journal.Open(h)
	if err != nil {
		t.Fatal(err)
	}
	var entries []journal.Entry
	for _, line := range lines(s.acts) {
		at, rest, _ := strings.Cut(strings.TrimPrefix(line, "@"), " ")
		op, args, _ := strings.Cut(rest, " ")
		var ms int64
		if _, err := fmt.Sscan(at, &ms); err != nil {
			t.Fatalf("%s: %q: %v", s.name, line, err)
		}
		w.Advance(sim.Time(ms * 1e6))
		c, err := stack.ParseCommand(op, "golden", json.RawMessage(args))
		if err != nil {
			t.Fatalf("%s: %q: %v", s.name, line, err)
		}
		if err := w.Check(c); err != nil {
			if op != "segment.drop" { // which is there to be refused
				t.Fatalf("%s: %q: %v", s.name, line, err)
			}
			continue
		}
		entries = append(entries, journal.Entry{Seq: uint64(len(entries) + 1), Step: w.Steps(), T: w.Now(),
			N: w.Events().Len(), Actor: "golden", Op: op, Args: json.RawMessage(args)})
		w.Apply(c)
	}
	w.Advance(w.Now() + s.until)
	entries = append(entries, journal.Entry{Seq: uint64(len(entries) + 1), Step: w.Steps(), T: w.Now(),
		N: w.Events().Len(), Op: journal.OpClock})
	return w, journal.Encode(h, entries)
}

func lines(text string) (out []string) {
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// trace renders a world's events and view as a golden file holds them.
func trace(w *stack.World) []byte {
	var b []byte
	for _, e := range w.Events().From(1) {
		b = append(e.AppendJSON(b), '\n')
	}
	v, err := json.Marshal(map[string]any{"view": w.View()})
	if err != nil {
		panic(err)
	}
	return append(append(b, v...), '\n')
}

func TestGoldenTraces(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			w, file := s.play(t)
			journalPath := filepath.Join(goldenDir, s.name+".journal")
			tracePath := filepath.Join(goldenDir, s.name+".ndjson")
			if *rewrite {
				write(t, journalPath, file)
				write(t, tracePath, trace(w))
			}
			same(t, journalPath, file)
			same(t, tracePath, trace(w))
		})
	}
}

// TestGoldenJournalsReplay reads the committed journals, not the scenarios, so that it
// goes on holding when a scenario is edited.
func TestGoldenJournalsReplay(t *testing.T) {
	paths, _ := filepath.Glob(filepath.Join(goldenDir, "*.journal"))
	if len(paths) < len(scenarios()) {
		t.Fatalf("only %d golden journals", len(paths))
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		h, entries, err := journal.Decode(file)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		w, err := journal.Replay(h, entries)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		same(t, strings.TrimSuffix(path, ".journal")+".ndjson", trace(w))
		if !bytes.Equal(journal.Encode(h, entries), file) {
			t.Errorf("%s does not come out as it went in", path)
		}
	}
}

// TestBuildIsTheDigestOfTheGoldenTraces keeps stack.Build honest: sessions recorded by a
// build with other traces are refused.
func TestBuildIsTheDigestOfTheGoldenTraces(t *testing.T) {
	paths, _ := filepath.Glob(filepath.Join(goldenDir, "*.ndjson"))
	sort.Strings(paths)
	sum := sha256.New()
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(b)
	}
	got := hex.EncodeToString(sum.Sum(nil))[:16]
	if *rewrite {
		write(t, "build.go", []byte("package stack\n\n// Build is the digest of the golden traces: "+
			"what this program's stack does, in 64 bits.\n// A journal of another build may replay "+
			"differently. TestGoldenTraces -rewrite writes it.\nconst Build = \""+got+"\"\n"))
		return
	}
	if got != stack.Build {
		t.Errorf("Build is %s, the traces give %s: run go test ./stack -rewrite", stack.Build, got)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// same compares a golden file and names the first line that differs.
func same(t *testing.T, path string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(want, got) {
		return
	}
	a, b := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			other := "(end)"
			if i < len(b) {
				other = b[i]
			}
			t.Fatalf("%s:%d\n want %s\n got  %s", path, i+1, a[i], other)
		}
	}
	t.Fatalf("%s: %d more lines than recorded", path, len(b)-len(a))
}
