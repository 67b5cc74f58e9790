package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/pcapgo"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
)

// seen is a packet as another reader of the file sees it.
type seen struct {
	data     []byte
	info     gopacket.CaptureInfo
	where    string // name of the interface
	out      bool
	comments []string
}

func read(t testing.TB, file []byte) (all []seen) {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{})
	for err == nil {
		var s seen
		var opts pcapgo.NgPacketOptions
		s.data, s.info, opts, err = r.ReadPacketDataWithOptions()
		if err == nil {
			i, _ := r.Interface(s.info.InterfaceIndex)
			s.where, s.comments = i.Name, opts.Comments
			s.out = opts.Flags.Direction == pcapgo.NgEpbFlagDirectionOutbound
			all = append(all, s)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return all
}

// golden returns the journals of the golden scenarios.
func golden(t testing.TB) map[string]journalFile {
	t.Helper()
	paths, _ := filepath.Glob("../testdata/golden/*.journal")
	all := map[string]journalFile{}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		h, entries, err := journal.Decode(b)
		if err != nil {
			t.Fatal(p, err)
		}
		all[strings.TrimSuffix(filepath.Base(p), ".journal")] = journalFile{h, entries}
	}
	if len(all) < 10 {
		t.Fatalf("only %d golden journals", len(all))
	}
	return all
}

type journalFile struct {
	header  journal.Header
	entries []journal.Entry
}

// told tells a whole run, its entries handed over n at a time.
func (j journalFile) told(t testing.TB, opt Options, n int) ([]byte, *stack.World) {
	t.Helper()
	r, err := Open(j.header, opt)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	out := func(b []byte) error { file.Write(b); return nil }
	for i := 0; i < len(j.entries); i += n {
		if err := r.Follow(j.entries[:min(i+n, len(j.entries))], out); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.End(out); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), r.World()
}

// TestARunIsToldOncePerLinkOrAtBothEndsAlwaysAlike tells every golden run: every departure
// is in the file, every arrival too if asked for, and however the run was fed the octets
// are the same.
func TestARunIsToldOncePerLinkOrAtBothEndsAlwaysAlike(t *testing.T) {
	total := 0
	for name, j := range golden(t) {
		sent, w := j.told(t, Options{}, len(j.entries))
		again, _ := j.told(t, Options{}, 1)
		if !bytes.Equal(sent, again) {
			t.Errorf("%s: the file depends on how the run was fed", name)
		}
		both, _ := j.told(t, Options{Both: true}, 3)
		departed, arrived := 0, 0
		var times []int64
		for _, e := range w.Events().From(1) {
			switch e.Kind() {
			case "packet.departed":
				departed++
				times = append(times, int64(e.T))
			case "packet.arrived":
				arrived++
			}
		}
		looped, at := 0, 0
		for _, s := range read(t, sent) {
			if strings.HasSuffix(s.where, ":lo") {
				looped++
			} else if at < len(times) {
				if s.info.Timestamp.UnixNano() != times[at] || !s.out {
					t.Errorf("%s: packet %d at %v, want %d", name, at, s.info.Timestamp, times[at])
				}
				at++
			}
		}
		if at != departed {
			t.Errorf("%s: %d packets told, %d departed", name, at, departed)
		}
		if n := len(read(t, both)); n != departed+arrived+looped {
			t.Errorf("%s: %d at both ends, want %d + %d + %d", name, n, departed, arrived, looped)
		}
		total += departed
	}
	if total < 1000 {
		t.Errorf("only %d packets in all", total)
	}
}

const lossy = `
	host.add {"id":"A","name":"Client","addr":"10.0.0.1/24"}
	host.add {"id":"B","addr":"10.0.0.2/24","addr6":"2001:db8::2/64"}
	link.add {"id":"l1","a":{"host":"A"},"b":{"host":"B"},"delay_ns":1000000}
	proc.start {"host":"A","id":"p"}
	socket {"proc":"p","proto":"udp"}
	sendto {"proc":"p","fd":3,"addr":"10.0.0.2","port":9,"text":"one"}`

// play tells a world that commands make and change, each at its instant in milliseconds.
func play(t *testing.T, start string, opt Options, acts ...string) []seen {
	t.Helper()
	cfg := stack.Config{Seed: 1, KeepFrames: true}
	for _, l := range strings.Split(strings.TrimSpace(start), "\n") {
		cfg.Start = append(cfg.Start, command(t, l))
	}
	w, err := stack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	teller := New(w, opt)
	teller.Read()
	for _, a := range acts {
		c := command(t, a)
		if err := w.Check(c); err != nil {
			t.Fatal(a, err)
		}
		w.Apply(c)
		teller.Read()
	}
	w.Advance(1e9)
	teller.Read()
	teller.Flush()
	return read(t, teller.Take())
}

func command(t *testing.T, line string) stack.Command {
	t.Helper()
	op, args, _ := strings.Cut(strings.TrimSpace(line), " ")
	c, err := stack.ParseCommand(op, "", json.RawMessage(args))
	if err != nil {
		t.Fatal(line, err)
	}
	return c
}

func TestAPacketSaysWhyItWasSentAndWhatBecameOfIt(t *testing.T) {
	for _, c := range []struct{ name, act, want string }{
		{"dropped by hand", `segment.drop {"pkt":%}`, " packet.dropped policy:dropped-by-hand: dropped by hand"},
		{"damaged", `segment.corrupt {"pkt":%,"bit":200}`, " packet.corrupted policy:edited-by-hand: bit 200"},
		{"marked", `segment.mark {"pkt":%,"ecn":"ce"}`, " packet.marked policy:edited-by-hand: ce"},
		{"edited", `segment.edit {"pkt":%,"set":{"ttl":9}}`,
			" packet.edited policy:edited: ttl 64 → 9"},
		{"put off", `segment.delay {"pkt":%,"by_ns":5}`, " packet.delayed policy:edited-by-hand"},
		{"doubled", `segment.duplicate {"pkt":%}`, " packet.duplicated policy:edited-by-hand"},
		{"on a lossy link", `link.set {"link":"l1","up":false}`, " packet.dropped policy:link-down: link down"},
	} {
		all := play(t, lossy, Options{}, strings.ReplaceAll(c.act, "%", made(t, lossy)))
		if len(all) == 0 {
			t.Fatalf("%s: an empty file", c.name)
		}
		got := strings.Join(all[0].comments, " | ")
		if !strings.HasPrefix(got, "#"+made(t, lossy)+" datagram.sent rfc768:format (#1)") {
			t.Errorf("%s: %q does not say why it was sent", c.name, got)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %q does not say %q", c.name, got, c.want)
		}
	}
}

// made returns the packet id of the first datagram.
func made(t *testing.T, start string) string {
	c := play(t, start, Options{})[0].comments[0]
	return c[1:strings.Index(c, " ")]
}

func TestALossIsToldOnThePacketThatLeft(t *testing.T) {
	all := play(t, strings.Replace(lossy, `"delay_ns"`, `"loss_ppm":1000000,"delay_ns"`, 1), Options{})
	if len(all) != 1 || len(all[0].comments) != 2 ||
		!strings.HasSuffix(all[0].comments[1], ": lost on the link l1") {
		t.Errorf("%+v", all)
	}
}

func TestWordsFollowTheRule(t *testing.T) {
	all := play(t, lossy, Options{Words: func(e event.Event) string {
		if e.Kind() == "datagram.sent" {
			return "보냈어요"
		}
		return ""
	}})
	if got := all[0].comments[0]; !strings.Contains(got, "datagram.sent rfc768:format — 보냈어요 (#1)") {
		t.Errorf("%q", got)
	}
}

func TestOnlyTheLinksAndHostsAskedForAreTold(t *testing.T) {
	const router = `
		host.add {"id":"A","addr":"10.0.1.1/24"}
		host.add {"id":"R","forward":true}
		nic.add {"host":"R","nic":"eth0","addr":"10.0.1.254/24"}
		nic.add {"host":"R","nic":"eth1","addr":"10.0.2.254/24"}
		host.add {"id":"B","addr":"10.0.2.1/24"}
		link.add {"id":"l1","a":{"host":"A"},"b":{"host":"R","nic":"eth0"}}
		link.add {"id":"l2","a":{"host":"R","nic":"eth1"},"b":{"host":"B"}}
		route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.254"}
		proc.start {"host":"A","id":"p"}
		socket {"proc":"p","proto":"udp"}
		sendto {"proc":"p","fd":3,"addr":"127.0.0.1","port":9,"text":"me"}
		sendto {"proc":"p","fd":3,"addr":"10.0.2.1","port":9,"text":"you"}`
	for _, c := range []struct {
		name string
		opt  Options
		want string
	}{
		// B has no way back, so that its answer goes nowhere; A's own answer does.
		{"all", Options{}, "A:lo> A:eth0 (l1)> A:lo> R:eth1 (l2)>"},
		{"one link", Options{Links: []inet.LinkID{"l2"}}, "R:eth1 (l2)>"},
		{"loopback", Options{Links: []inet.LinkID{LoopbackLink}}, "A:lo> A:lo>"},
		{"one host", Options{Hosts: []inet.HostID{"R"}}, "R:eth0 (l1)< R:eth1 (l2)>"},
		{"both ends", Options{Both: true, Links: []inet.LinkID{"l1", "l2"}},
			"A:eth0 (l1)> R:eth0 (l1)< R:eth1 (l2)> B:eth0 (l2)<"},
	} {
		var got []string
		for _, s := range play(t, router, c.opt) {
			got = append(got, s.where+map[bool]string{true: ">", false: "<"}[s.out])
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.name, strings.Join(got, " "), c.want)
		}
	}
}

func TestALinkThatIsAddedAgainHasNewInterfaces(t *testing.T) {
	all := play(t, lossy, Options{}, `link.remove {"link":"l1"}`,
		`link.add {"id":"l1","a":{"host":"A"},"b":{"host":"B"}}`,
		`sendto {"proc":"p","fd":3,"addr":"10.0.0.2","port":9,"text":"two"}`)
	if len(all) < 2 || all[0].info.InterfaceIndex != 0 || all[1].info.InterfaceIndex != 2 {
		t.Errorf("%+v", all)
	}
}

// TestTheFirstPacketIsWrittenAtLastThoughNothingIsKnownOfIt: one packet put off for hours
// holds the others back, but not for ever.
func TestTheFirstPacketIsWrittenAtLastThoughNothingIsKnownOfIt(t *testing.T) {
	teller := New(mustWorld(t), Options{})
	for n := range maxHeld + 3 {
		teller.hold(0, inet.PacketID(n+1), stack.Frame{Octets: []byte{1}}, 0, 0, "held")
	}
	teller.write(false)
	if len(teller.held) != maxHeld || len(teller.open) != maxHeld {
		t.Errorf("%d are held, %d open", len(teller.held), len(teller.open))
	}
}

func mustWorld(t *testing.T) *stack.World {
	w, err := stack.New(stack.Config{KeepFrames: true})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// BenchmarkTell replays the longest golden run and writes its file.
func BenchmarkTell(b *testing.B) {
	var longest journalFile
	var most int
	for _, j := range golden(b) {
		if file, _ := j.told(b, Options{}, len(j.entries)); len(file) > most {
			longest, most = j, len(file)
		}
	}
	b.SetBytes(int64(most))
	for b.Loop() {
		longest.told(b, Options{}, len(longest.entries))
	}
}
