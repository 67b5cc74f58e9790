package event_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/view"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files instead of comparing")

const (
	samplesFile = "testdata/samples.ndjson"
	foldedFile  = "testdata/samples.view.json"
)

// story numbers events; each is caused by the one before unless it is a root.
type story struct{ events []event.Event }

func (s *story) tell(host inet.HostID, conn inet.ConnID, bodies ...event.Body) {
	for _, b := range bodies {
		n := uint64(len(s.events) + 1)
		e := event.Event{N: n, T: sim.Time(n * 1_000_000), By: n - 1, Rule: "MUST-8",
			Host: host, Conn: conn, Body: b}
		switch b.(type) {
		case event.Command:
			e.By, e.Rule = 0, rfc.ByCommand
		case event.Note:
			e.By, e.Rule = 0, rfc.ByNote
		}
		s.events = append(s.events, e)
	}
}

func endpoint(text string) inet.Endpoint {
	e, err := inet.ParseEndpoint(text)
	if err != nil {
		panic(err)
	}
	return e
}

// samples hold every kind of event, and every field of every kind with a value, in an
// order that both reducers can fold: hosts come before sockets and packets.
func samples() []event.Event {
	s := &story{}
	s.world()
	s.sockets()
	s.packets()
	s.links()
	s.probes()
	s.translation()
	s.connections()
	s.endings()
	s.lan()
	return s.events
}

func (s *story) world() {
	net77, net50 := netip.MustParsePrefix("77.77.77.77/24"), netip.MustParsePrefix("50.50.50.50/24")
	via := netip.MustParseAddr("77.77.77.1")
	params := event.LinkParams{Up: true, DelayNS: 5_000_000, JitterNS: 1000, RateBPS: 10_000_000,
		LossPPM: 500, DupPPM: 400, CorruptPPM: 300, ReorderPPM: 200, QueueOctets: 65536}
	slower := params
	slower.DelayNS = 50_000_000
	s.tell("", "",
		event.WorldStarted{Behaviour: 1, Profile: "linux"},
		event.Command{Op: "host.add", Actor: "학생", Args: json.RawMessage(`{"id":"A"}`)},
		event.Note{Op: "answer", Actor: "s",
			Args: json.RawMessage(`{"goal":"g1","value":"\u003c8081\u003e"}`)},
		event.WorldBudget{Steps: 200_000, At: 1})
	s.tell("A", "",
		event.HostAdded{Name: "서버", Profile: "linux", Forward: true},
		event.NICAdded{NIC: "eth0", Addr: net77, Addr6: netip.MustParsePrefix("fd00::1/64"), MTU: 1500},
		event.RouteAdded{Dst: net77.Masked(), Via: via, NIC: "eth0"},
		event.RouteAdded{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: via, NIC: "eth0", MTU: 1400,
			AdvMSS: 1200},
		event.RouteAdded{Dst: net50.Masked(), Via: via, NIC: "eth0", MTU: 1400, AdvMSS: 1200},
		event.RouteAdded{Dst: net77.Masked(), Type: "blackhole"},
		event.RouteAdded{Dst: net50.Masked(), Type: "prohibit"},
		event.RouteRemoved{Dst: net77.Masked(), Type: "blackhole"},
		event.RouteRemoved{Dst: net77.Masked(), Via: via, NIC: "eth0"},
		event.RouteRemoved{Dst: net50.Masked(), Via: via, NIC: "eth0", MTU: 1400, AdvMSS: 1200},
		event.KnobSet{Knob: "tcp.min_rto_ns", Old: "200000000", New: "1000000000"},
		event.HostRenamed{Old: "서버", New: "server"},
		event.PathMTU{Dst: via, Old: 1500, New: 1400},
		event.ProcStarted{Proc: "A.server", Name: "server"},
		event.ProcStarted{Proc: "p2", Name: "shell"},
		event.ProcEnded{Proc: "p2"})
	s.tell("B", "",
		event.HostAdded{Name: "B", Profile: "rfc"},
		event.NICAdded{NIC: "eth0", Addr: net50, MTU: 1500},
		event.NICAdded{NIC: "eth1", Addr: net50, MTU: 9000},
		event.NICRemoved{NIC: "eth1"},
		event.LinkAdded{Link: "l1", A: event.LinkEnd{Host: "A", NIC: "eth0"},
			B: event.LinkEnd{Host: "B", NIC: "eth0"}, Params: params},
		event.LinkChanged{Link: "l1", Old: params, New: slower},
		event.LinkAdded{Link: "l2", A: event.LinkEnd{Host: "A", NIC: "eth0"},
			B: event.LinkEnd{Host: "B", NIC: "eth0"}, Params: params},
		event.LinkRemoved{Link: "l2"})
	s.tell("C", "", event.HostAdded{Name: "C", Profile: "linux", Bare: true}, event.HostRemoved{})
}

func (s *story) sockets() {
	a, b := endpoint("77.77.77.77:3001"), endpoint("50.50.50.50:8081")
	s.tell("A", "",
		event.SocketCreated{Sock: "s1", Proc: "A.server", FD: 3, Proto: "tcp"},
		event.CallReturned{Call: "k1", Proc: "A.server", Op: "socket", FD: 3, Value: 3},
		event.SocketBound{Sock: "s1", Local: a, Ephemeral: true},
		event.SocketListening{Sock: "s1", Backlog: 128},
		event.SocketQueues{Sock: "s1", SynQueue: 1, AcceptQueue: 2},
		event.SocketOption{Sock: "s1", Option: "SO_REUSEADDR", Old: 0, New: 1},
		event.SocketOption{Sock: "s1", Option: "SO_REUSEADDR", Old: 1, New: 2},
		event.ConnReport{Reason: "icmp", Errno: inet.EHOSTUNREACH, Count: 3},
		event.SocketOption{Sock: "s1", Option: "TCP_CONGESTION", OldText: "cubic", NewText: "reno"},
		event.CallReturned{Call: "k9", Proc: "A.server", Op: "poll", FD: -1, Value: 1,
			Ready: []event.PollReady{{FD: 3, Events: []string{"POLLIN", "POLLPRI"}}}},
		event.CallBlocked{Call: "k2", Proc: "A.server", Op: "accept", FD: 3},
		event.CallBlocked{Call: "k3", Proc: "A.server", Op: "accept", FD: 3},
		event.CallBlocked{Call: "k5", Proc: "A.server", Op: "recv", FD: 3},
		event.CallReturned{Call: "k2", Proc: "A.server", Op: "accept", FD: 3, Value: 4, From: &b},
		event.CallFailed{Call: "k3", Proc: "A.server", Op: "accept", FD: 3, Errno: inet.EINVAL,
			Field: "fd"},
		event.SocketCreated{Sock: "s2", Proc: "A.server", FD: 4, Proto: "udp", Listener: "s1",
			Local: a, Remote: b},
		event.SocketConnected{Sock: "s2", Local: endpoint("77.77.77.77:3000"), Remote: b},
		event.SocketBuffer{Sock: "s2", Octets: 5, Datagrams: 1},
		event.CallReturned{Call: "k4", Proc: "A.server", Op: "recvfrom", FD: 4, Value: 5,
			Data: []byte("hello"), From: &b, Truncated: true},
		event.SocketError{Sock: "s2", Errno: inet.ECONNREFUSED},
		event.SocketShutdown{Sock: "s2", Read: true, Write: true})
}

func (s *story) packets() {
	a, b := endpoint("77.77.77.77:3001"), endpoint("50.50.50.50:8081")
	shift := uint8(7)
	seg := event.Seg{Src: b, Dst: a, Flags: "SA", Seq: 4_294_967_295, Ack: 1, Wnd: 65535, Len: 5,
		End: 5, Urg: 3, ECN: "ce", Retransmission: true, Data: []byte("hello"),
		Opts: &event.SegOpts{MSS: 1460, WScale: &shift, SACKOK: true, SACK: [][2]seq.Num{{1, 2}, {3, 4}},
			TS: true, TSVal: 7, TSEcr: 8, FO: true, Cookie: []byte("cookie"), Unknown: event.OptionKinds{253, 254}}}
	gram := event.Dgram{Src: a, Dst: b, Len: 5, Data: []byte("hello")}
	icmp := event.ICMPMsg{Src: a.Addr, Dst: b.Addr, Type: 3, Code: 3, Name: "port unreachable", MTU: 1400,
		Gateway: a.Addr,
		Proto:   "udp", From: b, To: a}
	s.tell("B", "c1", event.SegmentSent{Seg: seg})
	pkt := inet.PacketID(len(s.events))
	s.tell("B", "",
		event.PacketQueued{Pkt: pkt, Link: "l1", From: "B", Octets: 57},
		event.PacketDeparted{Pkt: pkt, Link: "l1", From: "B", To: "A", Arrive: 90_000_000, Octets: 57})
	s.tell("A", "",
		event.PacketArrived{Pkt: pkt, Link: "l1"},
		event.SegmentReceived{Pkt: pkt, Seg: seg},
		event.SegmentRefused{Pkt: pkt, Reason: "outside-window", Trimmed: 2},
		event.SegmentHeld{Pkt: pkt, Seq: 10, End: 20},
		event.SegmentLost{Seq: 10, End: 20},
		event.DatagramSent{Sock: "s2", Dgram: gram})
	pkt = inet.PacketID(len(s.events))
	s.tell("B", "",
		event.DatagramReceived{Pkt: pkt, Sock: "s2", Dgram: gram},
		event.DatagramRefused{Pkt: pkt, Reason: "no-socket"},
		event.ICMPSent{ICMP: icmp})
	pkt = inet.PacketID(len(s.events))
	s.tell("A", "", event.ICMPReceived{Pkt: pkt, ICMP: icmp}, event.ICMPSent{ICMP: icmp})
	pkt = inet.PacketID(len(s.events))
	s.tell("A", "",
		event.PacketDropped{Pkt: pkt, Link: "l1", Reason: "link-loss"},
		event.ICMPSuppressed{Pkt: pkt},
		event.DatagramSent{Sock: "s2", Dgram: gram})
	pkt = inet.PacketID(len(s.events))
	s.tell("A", "", event.PacketDeparted{Pkt: pkt, Link: "l1", From: "A", To: "B",
		Arrive: 99_000_000, Octets: 33},
		event.PacketDelayed{Pkt: pkt, Arrive: 99_500_000},
		event.PacketCorrupted{Pkt: pkt, Bit: 161},
		event.PacketMarked{Pkt: pkt, ECN: "ce"},
		event.PacketDuplicated{Pkt: pkt},
		event.PacketFragmented{Pkt: pkt, Offset: 8, Octets: 28},
		event.PacketHeld{Pkt: pkt, Offset: 8, Octets: 8},
		event.PacketMerged{Pkt: inet.PacketID(len(s.events) + 6), Into: pkt},
		event.PacketInjected{Proto: "89", Src: "77.77.77.77", Dst: "50.50.50.50", Octets: 64})
	s.tell("B", "", event.PacketTaken{Pkt: inet.PacketID(len(s.events)),
		Reason: "bad checksum"})
	s.tell("", "", event.CaptureOpened{Format: "pcapng", Start: "2026-11-22T21:00:00.000000000Z",
		Interfaces: []string{"eth0"}, Packets: 12, Foreign: 1, Broadcast: 2, Crowd: 3, Cut: 4},
		event.PacketObserved{Pkt: pkt, Frame: 5, Interface: "eth0", Octets: 74, Captured: 68})
}

func (s *story) connections() {
	a, b := endpoint("77.77.77.77:3001"), endpoint("50.50.50.50:8081")
	snd := event.SndVars{UNA: 1, NXT: 2, WND: 3, Queued: 4}
	rcv := event.RcvVars{NXT: 1, WND: 2, Queued: 3, Held: 4}
	cc := event.CCVars{Cwnd: 14600, Ssthresh: 65535, Phase: "slow-start"}
	loss := event.LossVars{Sacked: 2920, Lost: 1460, Retrans: 1460, Reordering: 4, DSACKs: 1}
	urgent := event.UrgentVars{SndUP: 9, SndUrgent: true, RcvUP: 8, RcvUrgent: true}
	rtt := event.RTTVars{SRTT: 10_000_000, RTTVAR: 5_000_000, RTO: 210_000_000}
	s.tell("A", "c1",
		event.ConnOpened{Sock: "s1", Listener: "s1", Local: a, Remote: b, Active: true,
			State: inet.Listen, ISS: 4_294_967_290},
		event.ConnState{Old: inet.Listen, New: inet.SynReceived},
		event.ConnSynchronized{IRS: 7, SMSS: 1460, SndWScale: 7, RcvWScale: 8, Timestamps: true,
			SACK: true, ECN: true},
		event.SndChanged{Old: snd, New: event.SndVars{UNA: 5, NXT: 6, WND: 7, Queued: 8}},
		event.RcvChanged{Old: rcv, New: event.RcvVars{NXT: 5, WND: 6, Queued: 7, Held: 8}},
		event.CCChanged{Old: cc, New: event.CCVars{Cwnd: 16060, Ssthresh: 65535, Phase: "loss"}},
		event.ConnMSS{Old: 1460, New: 1360},
		event.LossChanged{Old: loss, New: loss},
		event.UrgentChanged{Old: urgent, New: urgent},
		event.RTTChanged{SampleNS: 11_000_000, Old: rtt, New: rtt},
		event.TimerArmed{Timer: "rto", At: 500_000_000},
		event.TimerArmed{Timer: "delack", At: 540_000_000},
		event.TimerArmed{Timer: "rto", At: 600_000_000},
		event.TimerArmed{Timer: "persist", At: 700_000_000},
		event.TimerStopped{Timer: "persist"},
		event.TimerArmed{Timer: "2msl", At: 900_000_000},
		event.TimerFired{Timer: "2msl", Count: 2},
		event.ConnAttached{Sock: "s2"},
		event.ConnDetached{Sock: "s2"},
		event.ConnState{Old: inet.SynReceived, New: inet.Established})
}

func (s *story) endings() {
	s.tell("B", "c2",
		event.ConnOpened{Local: endpoint("50.50.50.50:8081"), Remote: endpoint("77.77.77.77:3001")},
		event.ConnClosed{Errno: inet.ECONNRESET})
	s.tell("A", "",
		event.SocketCreated{Sock: "s3", Proc: "A.server", FD: 5, Proto: "udp", Family: "ip6"},
		event.SocketClosed{Sock: "s3", Proc: "A.server", FD: 5})
}

// TestSamplesAreGolden: the file is what the TypeScript side checks itself against.
func TestSamplesAreGolden(t *testing.T) {
	var file []byte
	v := view.New()
	for _, e := range samples() {
		file = append(e.AppendJSON(file), '\n')
		view.Reduce(&v, e)
	}
	folded, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, samplesFile, file)
	golden(t, foldedFile, append(folded, '\n'))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *rewrite {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s has changed; if that is meant: go test ./stack/event -rewrite", name)
	}
}

func TestEverySampleComesBackAsItWas(t *testing.T) {
	file, err := os.ReadFile(samplesFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(file), []byte("\n"))
	want := samples()
	if len(lines) != len(want) {
		t.Fatalf("%d lines for %d samples", len(lines), len(want))
	}
	for i, line := range lines {
		got, err := event.Decode(line)
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if !reflect.DeepEqual(got, want[i]) {
			t.Errorf("line %d:\n got %+v\nwant %+v", i+1, got, want[i])
		}
		if b := got.AppendJSON(nil); !bytes.Equal(b, line) {
			t.Errorf("line %d came back as %s", i+1, b)
		}
		checkEncoding(t, want[i])
		var through event.Event
		if err := json.Unmarshal(line, &through); err != nil || !reflect.DeepEqual(through, got) {
			t.Errorf("line %d through encoding/json: %v", i+1, err)
		}
	}
}

// TestEveryFieldOfEveryKindIsSampled keeps a new field from being forgotten: it must
// have a value in some sample of its kind.
func TestEveryFieldOfEveryKindIsSampled(t *testing.T) {
	seen := map[string]bool{}
	var note func(path string, v reflect.Value)
	note = func(path string, v reflect.Value) {
		seen[path] = seen[path] || !v.IsZero()
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		if v.Kind() == reflect.Struct && strings.HasSuffix(v.Type().PkgPath(), "stack/event") {
			for i := range v.NumField() {
				note(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		}
	}
	types := map[string]bool{}
	for _, e := range samples() {
		types[reflect.TypeOf(e.Body).Name()] = true
		note(reflect.TypeOf(e.Body).Name(), reflect.ValueOf(e.Body))
	}
	for path, filled := range seen {
		if !filled && path != "HostRemoved" {
			t.Errorf("%s is empty in every sample", path)
		}
	}
	for _, name := range bodyTypes(t) {
		if !types[name] {
			t.Errorf("%s has no sample", name)
		}
	}
}

// bodyTypes finds the types with a method Kind in the sources of this package.
func bodyTypes(t *testing.T) []string {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "Kind" {
				continue
			}
			if recv := fn.Recv.List[0].Type.(*ast.Ident).Name; recv != "Event" {
				names = append(names, recv)
			}
		}
	}
	if len(names) < 40 {
		t.Fatalf("found only %d bodies: the pattern and the sources have parted", len(names))
	}
	return names
}

// TestTheCodecKnowsEveryBody fails when a body exists that go generate has not seen.
func TestTheCodecKnowsEveryBody(t *testing.T) {
	kinds := map[event.Kind]bool{}
	for _, k := range event.Kinds() {
		if kinds[k] {
			t.Errorf("%s is listed twice", k)
		}
		kinds[k] = true
	}
	const open = 2 // cmd.* and note.*
	if got := len(bodyTypes(t)); got != len(kinds)+open {
		t.Errorf("%d bodies, %d kinds in the codec: run go generate ./stack/event", got, len(kinds)+open)
	}
	for _, e := range samples() {
		switch e.Body.(type) {
		case event.Command, event.Note:
		default:
			if !kinds[e.Kind()] {
				t.Errorf("%s is not listed", e.Kind())
			}
		}
	}
}
