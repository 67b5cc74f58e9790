package stack_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/sock"
	"labserver/stack/view"
)

// act is one command at an instant: what a random run is made of.
type act struct {
	after sim.Time // since the act before
	op    string
	args  string
}

// plan is a random world and what people do in it.
type plan struct {
	seed uint64
	acts []act
}

// drawPlan draws a star of two to four hosts around a router, with processes, and a list
// of commands that mostly make sense: listeners, connections, data, closes, link changes.
func drawPlan(t *rapid.T) plan {
	p := plan{seed: rapid.Uint64().Draw(t, "seed")}
	hosts := rapid.IntRange(2, 4).Draw(t, "hosts")
	add := func(after int64, op, format string, a ...any) {
		p.acts = append(p.acts, act{sim.Time(after), op, fmt.Sprintf(format, a...)})
	}
	add(0, "host.add", `{"id":"R","forward":true}`)
	for i := range hosts {
		add(0, "host.add", `{"id":"H%d","addr":"10.0.%d.2/24"}`, i, i)
		add(0, "nic.add", `{"host":"R","nic":"eth%d","addr":"10.0.%d.1/24","mtu":%d}`, i, i,
			rapid.SampledFrom([]int{1500, 1500, 600}).Draw(t, "mtu"))
		if rapid.IntRange(0, 2).Draw(t, "fragments") == 0 {
			add(0, "knob.set", `{"host":"H%d","knob":"tcp_pmtu_discovery","value":"0"}`, i)
		}
		add(0, "link.add", `{"id":"L%d","a":{"host":"H%d"},"b":{"host":"R","nic":"eth%d"},`+
			`"delay_ns":%d,"jitter_ns":%d,"rate_bps":%d,"loss_ppm":%d,"queue_octets":%d,`+
			`"dup_ppm":%d,"corrupt_ppm":%d,"reorder_ppm":%d}`, i, i, i,
			rapid.Int64Range(0, 50e6).Draw(t, "delay"), rapid.Int64Range(0, 5e6).Draw(t, "jitter"),
			rapid.SampledFrom([]int64{0, 1e6, 1e8}).Draw(t, "rate"),
			rapid.SampledFrom([]int64{0, 0, 20_000, 100_000}).Draw(t, "loss"),
			rapid.SampledFrom([]int64{3000, 30_000, 150_000}).Draw(t, "queue"),
			rapid.SampledFrom([]int64{0, 0, 50_000}).Draw(t, "doubles"),
			rapid.SampledFrom([]int64{0, 0, 50_000}).Draw(t, "damage"),
			rapid.SampledFrom([]int64{0, 0, 200_000}).Draw(t, "reordering"))
		add(0, "route.add", `{"host":"H%d","dst":"0.0.0.0/0","via":"10.0.%d.1"}`, i, i)
		add(0, "proc.start", `{"host":"H%d","id":"P%d"}`, i, i)
	}
	for range rapid.IntRange(1, 40).Draw(t, "calls") {
		after := rapid.SampledFrom([]int64{0, 0, 1e6, 50e6, 400e6, 3e9}).Draw(t, "after")
		op, args := drawCall(t, hosts)
		add(after, op, "%s", args)
	}
	return p
}

// drawCall draws one command with a process, a descriptor and a peer from small ranges,
// so that they meet.
func drawCall(t *rapid.T, hosts int) (op, args string) {
	host := rapid.IntRange(0, hosts-1).Draw(t, "host")
	peer := rapid.IntRange(0, hosts-1).Draw(t, "peer")
	fd := rapid.IntRange(3, 6).Draw(t, "fd")
	port := rapid.IntRange(79, 81).Draw(t, "port")
	self := fmt.Sprintf(`"proc":"P%d","fd":%d`, host, fd)
	to := fmt.Sprintf(`"addr":"10.0.%d.2","port":%d`, peer, port)
	n := rapid.SampledFrom([]int{0, 1, 100, 1460, 5000, 100_000}).Draw(t, "octets")
	switch op = rapid.SampledFrom([]string{"socket", "socket", "bind", "listen", "accept",
		"connect", "connect", "send", "send", "sendto", "recv", "recvfrom", "shutdown", "close",
		"setsockopt", "link.set", "proc.kill", "segment.drop", "segment.delay", "segment.duplicate",
		"segment.corrupt", "segment.reorder", "segment.mark", "getsockname", "host.remove", "bookmark"}).Draw(t, "op"); op {
	case "socket":
		return op, fmt.Sprintf(`{"proc":"P%d","proto":"%s"}`, host,
			rapid.SampledFrom([]string{"tcp", "udp"}).Draw(t, "proto"))
	case "bind":
		return op, fmt.Sprintf(`{%s,"port":%d}`, self, port)
	case "connect":
		return op, fmt.Sprintf(`{%s,%s}`, self, to)
	case "send":
		return op, fmt.Sprintf(`{%s,"octets":%d}`, self, n)
	case "sendto":
		return op, fmt.Sprintf(`{%s,%s,"octets":%d}`, self, to, n)
	case "recv", "recvfrom":
		return op, fmt.Sprintf(`{%s,"max":%d}`, self, rapid.IntRange(1, 256).Draw(t, "max"))
	case "shutdown":
		return op, fmt.Sprintf(`{%s,"how":"%s"}`, self,
			rapid.SampledFrom([]string{"rd", "wr", "rdwr"}).Draw(t, "how"))
	case "setsockopt":
		return op, fmt.Sprintf(`{%s,"option":"%s","value":%d}`, self, rapid.SampledFrom([]string{
			"O_NONBLOCK", "SO_REUSEADDR", "SO_LINGER", "TCP_NODELAY", "SO_RCVBUF",
			"TCP_CORK", "SO_KEEPALIVE", "TCP_MAXSEG", "SO_RCVTIMEO", "IP_MTU_DISCOVER"}).Draw(t, "option"),
			rapid.SampledFrom([]int{0, 1, 4096}).Draw(t, "value"))
	case "link.set":
		return op, fmt.Sprintf(`{"link":"L%d","up":%v,"loss_ppm":%d}`, host,
			rapid.Bool().Draw(t, "up"), rapid.SampledFrom([]int{0, 50_000}).Draw(t, "ppm"))
	case "proc.kill":
		return op, fmt.Sprintf(`{"proc":"P%d"}`, host)
	case "host.remove":
		if rapid.IntRange(0, 4).Draw(t, "rarely") > 0 {
			return "bookmark", `{"at":1}`
		}
		return op, fmt.Sprintf(`{"host":"H%d"}`, host)
	case "segment.drop", "segment.duplicate", "segment.reorder":
		return op, fmt.Sprintf(`{"pkt":%d}`, rapid.IntRange(50, 150).Draw(t, "pkt"))
	case "segment.mark":
		return op, fmt.Sprintf(`{"pkt":%d,"ecn":"ce"}`, rapid.IntRange(50, 150).Draw(t, "pkt"))
	case "segment.delay":
		return op, fmt.Sprintf(`{"pkt":%d,"by_ns":%d}`, rapid.IntRange(50, 150).Draw(t, "pkt"),
			rapid.SampledFrom([]int64{0, 1e6, 1e9}).Draw(t, "by"))
	case "segment.corrupt":
		return op, fmt.Sprintf(`{"pkt":%d,"bit":%d}`, rapid.IntRange(50, 150).Draw(t, "pkt"),
			rapid.IntRange(0, 500).Draw(t, "bit"))
	case "bookmark":
		return op, `{"at":1}`
	}
	return op, fmt.Sprintf(`{%s}`, self)
}

// run plays a plan and records the journal as a session would. visit sees the world
// after every act.
func (p plan) run(t interface{ Fatalf(string, ...any) }, visit func(*stack.World)) (
	*stack.World, journal.Header, []journal.Entry) {
	h := journal.Header{Format: journal.Format, Behaviour: stack.Behaviour,
		Seed: fmt.Sprint(p.seed), World: journal.World{Profile: "linux"}}
	w, err := journal.Open(h)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	var entries []journal.Entry
	for _, a := range p.acts {
		w.Advance(w.Now() + a.after)
		c, err := stack.ParseCommand(a.op, "someone", json.RawMessage(a.args))
		if err != nil {
			t.Fatalf("%s %s: %v", a.op, a.args, err)
		}
		if w.Check(c) != nil {
			continue // no such process, packet, … any more: no command, nothing journaled
		}
		entries = append(entries, journal.Entry{Seq: uint64(len(entries) + 1), Step: w.Steps(),
			T: w.Now(), N: w.Events().Len(), Actor: "someone", Op: a.op, Args: json.RawMessage(a.args)})
		w.Apply(c)
		if visit != nil {
			visit(w)
		}
	}
	w.Advance(w.Now() + 5e9)
	entries = append(entries, journal.Entry{Seq: uint64(len(entries) + 1), Step: w.Steps(),
		T: w.Now(), N: w.Events().Len(), Op: journal.OpClock})
	return w, h, entries
}

func TestLaw1SameJournalGivesTheSameHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h, entries := drawPlan(t).run(t, nil)
		for range 2 {
			again, err := journal.Replay(h, entries)
			if err != nil {
				t.Fatal(err)
			}
			if again.Hash() != w.Hash() {
				t.Fatal("a replay gave another hash")
			}
		}
	})
}

func TestLaw2AdvancingInPartsIsAdvancingAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		parts := rapid.SliceOfN(rapid.Int64Range(0, 2e9), 1, 6).Draw(t, "parts")
		whole, h, entries := p.run(t, nil)
		split, err := journal.Replay(h, entries)
		if err != nil {
			t.Fatal(err)
		}
		var sum sim.Time
		for _, d := range parts {
			split.Advance(split.Now() + sim.Time(d))
			sum += sim.Time(d)
		}
		whole.Advance(whole.Now() + sum)
		if split.Hash() != whole.Hash() || split.Steps() != whole.Steps() {
			t.Fatal("Advance(a); Advance(b) is not Advance(a+b)")
		}
	})
}

func TestLaw3FoldingTheEventsGivesTheSnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		folded := view.New()
		done := uint64(0)
		compare := func(w *stack.World) {
			for _, e := range w.Events().From(done + 1) {
				view.Reduce(&folded, e)
				done = e.N
			}
			if got := w.View(); !reflect.DeepEqual(folded, got) {
				t.Fatalf("after event %d (t=%v)\nfolded   %s\nsnapshot %s", done, w.Now(),
					show(folded), show(got))
			}
		}
		w, _, _ := drawPlan(t).run(t, compare)
		for range 2000 {
			compare(w)
			if !w.Step() {
				break
			}
		}
	})
}

func show(v view.View) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func TestLaw4AForkWithTheSameCommandsIsTheOriginal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		at := rapid.IntRange(0, len(p.acts)).Draw(t, "fork after act")
		acts, i := 0, 0
		var forked *stack.World
		w, _, entries := p.run(t, func(w *stack.World) {
			acts++
			if acts == at {
				for range rapid.IntRange(0, 5).Draw(t, "steps past it") {
					w.Step()
				}
				forked = w.Fork()
				if forked.Hash() != w.Hash() {
					t.Fatal("a fork differs from its origin")
				}
				i = acts
			}
		})
		if forked == nil {
			return
		}
		for _, e := range entries[i:] {
			if err := journal.Apply(forked, e); err != nil {
				t.Fatal(err)
			}
		}
		if forked.Hash() != w.Hash() {
			t.Fatal("the fork went another way")
		}
	})
}

func TestLaw5EveryEventHasARuleAndAnEarlierCause(t *testing.T) {
	known := map[rfc.ID]rfc.Level{}
	for _, r := range rfc.Table() {
		known[r.ID] = r.Level
	}
	rapid.Check(t, func(t *rapid.T) {
		w, _, _ := drawPlan(t).run(t, nil)
		for _, e := range w.Events().From(1) {
			level, ok := known[e.Rule]
			if !ok {
				t.Fatalf("event %d (%s) cites %q, which is not in the table", e.N, e.Kind(), e.Rule)
			}
			if root := level == rfc.Root; root != (e.By == 0) || e.By >= e.N {
				t.Fatalf("event %d (%s, rule %s) has cause %d", e.N, e.Kind(), e.Rule, e.By)
			}
		}
	})
}

func TestLaw6PacketsAndOctetsAreConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reads := map[inet.SocketID][]byte{}
		sockets := map[[2]any]inet.SocketID{}
		w, _, _ := drawPlan(t).run(t, func(w *stack.World) {
			v := w.View()
			c := v.Counters
			if c.Sent != c.Delivered+c.Dropped+int64(len(v.Packets)) {
				t.Fatalf("%d sent, %d delivered, %d dropped, %d in flight", c.Sent, c.Delivered,
					c.Dropped, len(v.Packets))
			}
		})
		for _, e := range w.Events().From(1) {
			switch b := e.Body.(type) {
			case event.SocketCreated:
				if b.Proto == "tcp" {
					sockets[[2]any{b.Proc, b.FD}] = b.Sock
				} else {
					delete(sockets, [2]any{b.Proc, b.FD})
				}
			case event.CallReturned:
				if s, ok := sockets[[2]any{b.Proc, b.FD}]; ok && (b.Op == "recv" || b.Op == "recvfrom") {
					reads[s] = append(reads[s], b.Data...)
				}
			}
		}
		// Every send is a pattern that starts anew, so what a stream delivers is made of
		// prefixes of the pattern, cut only where a send began.
		for s, data := range reads {
			if at := strange(data); at >= 0 {
				t.Fatalf("socket %s read %q at %d: not what anybody wrote", s, data, at)
			}
		}
	})
}

// strange returns where data stops being a row of pattern pieces; -1 if nowhere.
func strange(data []byte) int {
	next := int64(0)
	for i, b := range data {
		switch b {
		case sock.PatternAt(next):
			next++
		case sock.PatternAt(0):
			next = 1
		default:
			return i
		}
	}
	return -1
}

// A knob counts from the next time the stack looks: turning it changes no variable of a
// standing connection by itself.
func TestTurningAKnobChangesNoConnectionBehindTheView(t *testing.T) {
	s := scenarios()[0]
	for _, knob := range []string{"tcp_rto_max_ms", "tcp_rto_min_ms", "tcp_rcvbuf_bytes", "tcp_iw_segments"} {
		s.acts = opened + `
@100 knob.set {"host":"A","knob":"` + knob + `","value":"1"}
@100 setsockopt {"proc":"client","fd":3,"option":"TCP_NODELAY","value":1}
@200 send {"proc":"client","fd":3,"octets":5000}
`
		w, _ := s.play(t)
		folded := view.New()
		for _, e := range w.Events().From(1) {
			view.Reduce(&folded, e)
		}
		if got := w.View(); !reflect.DeepEqual(folded, got) {
			t.Errorf("%s: folded %s, snapshot %s", knob, show(folded), show(got))
		}
	}
}
