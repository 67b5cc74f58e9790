package stack_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"testing"
	"time"

	"labserver/stack"
	"labserver/stack/host"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/wire"
)

// ajar is a host and the outside, on one link.
const ajar = `
host.add {"id":"X","addr":"10.0.0.1/24","bare":true}
host.add {"id":"B","addr":"10.0.0.2/24"}
link.add {"id":"wire","a":{"host":"X"},"b":{"host":"B"},"delay_ns":1000000}
`

// echoRequest is a ping from the outside to B.
func echoRequest(seq uint16, data int) []byte {
	m := wire.ICMP{Type: wire.ICMPEcho, ID: 7, Seq: seq, Data: make([]byte, data)}
	h := wire.IP{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"),
		Proto: inet.ICMP, TTL: 64, Payload: m.Append(nil)}
	return h.Append(nil)
}

func TestAPacketFromOutsideIsAnsweredToTheOutside(t *testing.T) {
	w := world(t, ajar)
	port, err := w.Attach("X")
	if err != nil {
		t.Fatal(err)
	}
	request := echoRequest(3, 100)
	if err := port.Inject(request); err != nil {
		t.Fatal(err)
	}
	request[0] = 0xff // the world has its own copy
	w.Advance(w.Now().Add(time.Second))
	got := port.Take()
	if len(got) != 1 {
		t.Fatalf("%d packets came out, want the reply", len(got))
	}
	p, err := wire.ParseIP(got[0])
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.ParseICMP(p.Payload)
	if err != nil || m.Type != wire.ICMPEchoReply || m.Seq != 3 || len(m.Data) != 100 {
		t.Errorf("came out: %+v, %v", m, err)
	}
	if again := port.Take(); len(again) != 0 {
		t.Errorf("%d packets came out twice", len(again))
	}
}

func TestWhatIsNoPacketOrHasNoWayInIsRefused(t *testing.T) {
	w := world(t, ajar)
	port, err := w.Attach("X")
	if err != nil {
		t.Fatal(err)
	}
	before := w.Events().Len()
	for name, c := range map[string]struct {
		octets []byte
		code   string
	}{
		"nothing":   {nil, stack.CodeNotIP},
		"noise":     {[]byte("GET / HTTP/1.1"), stack.CodeNotIP},
		"too large": {echoRequest(1, 1480), stack.CodeOutOfRange},
	} {
		var bad *stack.ArgError
		if err := port.Inject(c.octets); !errors.As(err, &bad) || bad.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if w.Events().Len() != before {
		t.Error("what was refused left events")
	}
	try(t, w, `host.remove {"host":"X"}`)
	var bad *stack.ArgError
	if err := port.Inject(echoRequest(1, 0)); !errors.As(err, &bad) ||
		bad.Code != stack.CodeUnknownHost {
		t.Errorf("into a host that is gone: %v", err)
	}
}

func TestOnlyABareHostIsAttachedAndOnlyOnce(t *testing.T) {
	w := world(t, ajar)
	if _, err := w.Attach("X"); err != nil {
		t.Fatal(err)
	}
	for id, code := range map[inet.HostID]string{"X": stack.CodeTaken, "B": stack.CodeNotBare,
		"Z": stack.CodeUnknownHost} {
		var bad *stack.ArgError
		if _, err := w.Attach(id); !errors.As(err, &bad) || bad.Code != code {
			t.Errorf("%s: %v, want %s", id, err, code)
		}
	}
}

func TestWhatNobodyTakesIsLostAndCounted(t *testing.T) {
	w := world(t, ajar)
	port, err := w.Attach("X")
	if err != nil {
		t.Fatal(err)
	}
	for i := range host.MaxOutside + 10 {
		if err := port.Inject(echoRequest(uint16(i), 0)); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 {
			w.Advance(w.Now().Add(time.Second))
		}
	}
	w.Advance(w.Now().Add(time.Second))
	if n := len(port.Take()); n != host.MaxOutside || port.Lost() != 10 {
		t.Errorf("%d waited and %d were lost", n, port.Lost())
	}
}

// What came from outside is in the recorded journal, so the run is a function of the journal
// again: its hash, and a fork.
func TestARecordedRunWithTheOutsideIsReplayed(t *testing.T) {
	h := journal.Header{Format: journal.Format, Build: stack.Build, Params: map[string]string{},
		Seed: "9"}
	for _, line := range lines(ajar) {
		c := parse(t, line)
		args, _ := json.Marshal(c.Args)
		h.World.Commands = append(h.World.Commands, journal.Entry{Op: c.Op, Args: args})
	}
	w, err := journal.Open(h)
	if err != nil {
		t.Fatal(err)
	}
	port, err := w.Attach("X")
	if err != nil {
		t.Fatal(err)
	}
	r := journal.Record(h, w)
	r.Apply(parse(t, `proc.start {"host":"B","id":"p"}`))
	for i := range 20 {
		w.Advance(w.Now().Add(700 * time.Microsecond))
		if err := r.Inject(port, echoRequest(uint16(i), 10*i)); err != nil {
			t.Fatal(err)
		}
		if r.Inject(port, []byte("no packet")) == nil {
			t.Fatal("noise went in")
		}
	}
	w.Advance(w.Now().Add(time.Second))
	r.Clock()
	header, entries, err := journal.Decode(r.File())
	if err != nil {
		t.Fatal(err)
	}
	replayed, err := journal.Replay(header, entries)
	if err != nil {
		t.Fatal(err)
	}
	if replayed.Hash() != w.Hash() || w.Fork().Hash() != w.Hash() {
		t.Error("the journal gives another run")
	}
	if len(entries) != 22 || r.Full() {
		t.Errorf("%d entries, full: %v", len(entries), r.Full())
	}
}

// A quiet world counts what comes from outside as a loud one does, and keeps none of it.
func TestAQuietWorldTakesPacketsFromOutsideAlike(t *testing.T) {
	var worlds [2]*stack.World
	var out [2]string
	for i := range worlds {
		w, err := stack.New(stack.Config{Seed: 4, Quiet: i == 1})
		if err != nil {
			t.Fatal(err)
		}
		try(t, w, ajar)
		port, err := w.Attach("X")
		if err != nil {
			t.Fatal(err)
		}
		for n := range 30 {
			if err := port.Inject(echoRequest(uint16(n), n)); err != nil {
				t.Fatal(err)
			}
			w.Advance(w.Now().Add(500 * time.Microsecond))
			for _, octets := range port.Take() {
				out[i] += hex.EncodeToString(octets) + "\n"
			}
		}
		worlds[i] = w
	}
	loud, quiet := worlds[0], worlds[1]
	if out[0] == "" || out[0] != out[1] {
		t.Error("other packets came out")
	}
	if loud.Events().Len() != quiet.Events().Len() || loud.Steps() != quiet.Steps() ||
		show(loud.View()) != show(quiet.View()) {
		t.Errorf("apart: %d events and %d, %d steps and %d", loud.Events().Len(),
			quiet.Events().Len(), loud.Steps(), quiet.Steps())
	}
}

func TestAPacketFromOutsideCostsAQuietWorldLittle(t *testing.T) {
	w, err := stack.New(stack.Config{Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	try(t, w, ajar)
	port, err := w.Attach("X")
	if err != nil {
		t.Fatal(err)
	}
	request := echoRequest(1, 1000)
	perPacket := testing.AllocsPerRun(2000, func() {
		if err := port.Inject(request); err != nil {
			t.Fatal(err)
		}
		w.Advance(w.Now().Add(time.Millisecond))
		port.Take()
	})
	if perPacket > 30 { // a request and its reply
		t.Errorf("%v allocations for a packet in and one out", perPacket)
	}
	t.Logf("%v allocations for a packet in and one out", perPacket)
}

// At its limits a recorder keeps a true beginning.
func TestAFullRecorderKeepsTheBeginning(t *testing.T) {
	h := journal.Header{Format: journal.Format, Build: stack.Build, Params: map[string]string{},
		Seed: "9"}
	w, err := journal.Open(h)
	if err != nil {
		t.Fatal(err)
	}
	r := journal.Record(h, w)
	note := parse(t, `bookmark {"at":1}`)
	for range journal.MaxEntries + 10 {
		r.Apply(note)
	}
	header, entries, err := journal.Decode(r.File())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Replay(header, entries); err != nil || !r.Full() {
		t.Errorf("full: %v, replay: %v", r.Full(), err)
	}
	if len(entries) > journal.MaxEntries || len(entries) < journal.MaxEntries/2 {
		t.Errorf("%d entries", len(entries))
	}
}

// A quiet world has no limits of its own for calls, but refuses what no world can do.
func TestAQuietWorldRefusesAPingThatCannotBe(t *testing.T) {
	w, err := stack.New(stack.Config{Seed: 4, Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	try(t, w, ajar)
	for line, code := range map[string]string{
		`ping {"host":"B","addr":"nobody"}`:   stack.CodeUnknownHost,
		`ping {"host":"X","addr":"10.0.0.2"}`: stack.CodeBare,
	} {
		var bad *stack.ArgError
		if err := w.Check(parse(t, line)); !errors.As(err, &bad) || bad.Code != code {
			t.Errorf("%s: %v, want %s", line, err, code)
		}
	}
	start := []stack.Command{parse(t, `host.add {"id":"A"}`),
		parse(t, `proc.start {"host":"A","id":"p"}`), parse(t, `proc.kill {"proc":"p"}`)}
	if _, err := stack.New(stack.Config{Seed: 4, Quiet: true, Start: start}); err != nil {
		t.Error(err)
	}
}
