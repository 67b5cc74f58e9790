package witness_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/sim"
)

// lossyWorlds is how many random runs over lossy paths the witnesses look at.
const lossyWorlds = 200

// worldRuns are random runs: two hosts with a router between them talk over a link that
// loses, doubles, reorders and damages. Each world has addresses of its own, so that one
// reader can look at many of them.
func worldRuns(t testing.TB) (all []run) {
	t.Helper()
	for seed := range lossyWorlds {
		all = append(all, randomRun(t, seed))
	}
	return all
}

// talk is a random run that is being made.
type talk struct {
	t    testing.TB
	r    *sim.Rand
	w    *stack.World
	run  run
	seen uint64
	ends map[inet.ProcID]*talker
}

// talker is a program at one end: it sends, shuts its direction, and reads to the end.
type talker struct {
	proc   inet.ProcID
	fd     int
	sends  int64
	max    int64
	lazy   sim.Time // between two reads
	readAt sim.Time
	reads  bool // at readAt
	sent   bool
	eof    bool
	closed bool
}

func randomRun(t testing.TB, seed int) run {
	k := &talk{t: t, r: sim.Stream(uint64(seed), "witness")}
	k.run.name = fmt.Sprintf("world %d", seed)
	k.run.header = journal.Header{Format: journal.Format, Behaviour: stack.Behaviour,
		Seed: fmt.Sprint(seed), Params: map[string]string{}, World: journal.World{Profile: "linux"}}
	var err error
	if k.w, err = journal.Open(k.run.header); err != nil {
		t.Fatal(err)
	}
	k.build(seed)
	k.look()
	const limit = sim.Time(300e9)
	for range 400_000 {
		at, ok := k.next()
		if !ok || at > limit || k.w.Events().Len() > 20_000 {
			break
		}
		k.w.Advance(at)
		k.look()
	}
	k.record(journal.OpClock, nil)
	return k.run
}

func (k *talk) record(op string, args json.RawMessage) {
	k.run.entries = append(k.run.entries, journal.Entry{Seq: uint64(len(k.run.entries) + 1),
		Step: k.w.Steps(), T: k.w.Now(), N: k.w.Events().Len(), Op: op, Args: args})
}

func (k *talk) do(op, format string, a ...any) {
	args := json.RawMessage(fmt.Sprintf(format, a...))
	c, err := stack.ParseCommand(op, "", args)
	if err == nil {
		err = k.w.Check(c)
	}
	if err != nil {
		k.t.Fatalf("%s: %s %s: %v", k.run.name, op, args, err)
	}
	k.record(op, args)
	k.w.Apply(c)
}

func pick[T any](k *talk, from ...T) T { return from[k.r.Below(uint64(len(from)))] }

// build draws the world. Net i of it is 10.s.s.0/24 with i in the third octet's last bit.
func (k *talk) build(seed int) {
	net4 := func(i int) string { return fmt.Sprintf("10.%d.%d", seed/100, seed%100*2+i) }
	net6 := func(i int) string { return fmt.Sprintf("2001:db8:%x:%d:", seed, i) }
	for i, id := range []string{"A", "B"} {
		k.do("host.add", `{"id":%q,"addr":"%s.1/24","addr6":"%s:1/64","profile":%q}`, id, net4(i),
			net6(i), pick(k, "linux", "linux", "freebsd", "rfc"))
		k.do("proc.start", `{"host":%q,"id":"p%s"}`, id, id)
		k.knobs(id)
	}
	k.do("host.add", `{"id":"R","forward":true}`)
	for i, id := range []string{"A", "B"} {
		k.do("nic.add", `{"host":"R","nic":"eth%d","addr":"%s.2/24","addr6":"%s:2/64","mtu":%d}`, i,
			net4(i), net6(i), pick(k, 1500, 1500, 1400, 1280))
		k.do("route.add", `{"host":%q,"dst":"0.0.0.0/0","via":"%s.2"}`, id, net4(i))
		k.do("route.add", `{"host":%q,"dst":"::/0","via":"%s:2"}`, id, net6(i))
	}
	k.do("link.add", `{"a":{"host":"A"},"b":{"host":"R","nic":"eth0"},"delay_ns":%d}`,
		pick(k, 0, 1_000_000))
	k.do("link.add", `{"a":{"host":"R","nic":"eth1"},"b":{"host":"B"},"delay_ns":%d,"jitter_ns":%d,`+
		`"rate_bps":%d,"queue_octets":%d,"loss_ppm":%d,"dup_ppm":%d,"corrupt_ppm":%d,"reorder_ppm":%d}`,
		pick(k, 1_000_000, 20_000_000, 150_000_000), pick(k, 0, 0, 1_000_000, 10_000_000),
		pick(k, 0, 1_000_000, 100_000_000), pick(k, 6000, 30_000, 200_000),
		pick(k, 5000, 20_000, 50_000), pick(k, 0, 0, 10_000, 100_000), pick(k, 0, 0, 5000, 20_000),
		pick(k, 0, 0, 20_000, 200_000))
	if k.r.Below(3) == 0 {
		k.datagrams(net6(1)+":1", "ip6")
	} else {
		k.datagrams(net4(1)+".1", "ip4")
	}
	addr, family := net4(1)+".1", "ip4"
	if k.r.Below(2) == 0 {
		addr, family = net6(1)+":1", "ip6"
	}
	k.connect(addr, family)
}

// connect has A connect to B, both with programs that talk.
func (k *talk) connect(addr, family string) {
	k.ends = map[inet.ProcID]*talker{}
	for _, proc := range []inet.ProcID{"pA", "pB"} {
		k.ends[proc] = &talker{proc: proc, sends: pick[int64](k, 0, 1, 700, 5000, 40_000, 90_000),
			max: pick[int64](k, 100, 1460, 5000, 70_000), lazy: pick(k, 0, 0, 0, 1e6, 100e6, sim.Time(3e9))}
	}
	k.do("socket", `{"proc":"pB","proto":"tcp","family":%q}`, family)
	k.do("bind", `{"proc":"pB","fd":4,"port":80}`)
	k.do("listen", `{"proc":"pB","fd":4}`)
	k.do("accept", `{"proc":"pB","fd":4}`)
	k.do("socket", `{"proc":"pA","proto":"tcp","family":%q}`, family)
	k.ends["pA"].fd = 4
	k.do("connect", `{"proc":"pA","fd":4,"addr":%q,"port":80}`, addr)
}

// datagrams has A send some, of sizes that need fragments too; nobody may be there.
func (k *talk) datagrams(addr, family string) {
	k.do("socket", `{"proc":"pB","proto":"udp","family":%q}`, family)
	k.do("bind", `{"proc":"pB","fd":3,"port":%d}`, pick(k, 4000, 4001))
	k.do("socket", `{"proc":"pA","proto":"udp","family":%q}`, family)
	if k.r.Below(2) == 0 {
		k.do("setsockopt", `{"proc":"pA","fd":3,"option":%q,"value":0}`,
			map[string]string{"ip4": "IP_MTU_DISCOVER", "ip6": "IPV6_MTU_DISCOVER"}[family])
	}
	for range k.r.Below(4) {
		k.do("sendto", `{"proc":"pA","fd":3,"addr":%q,"port":4000,"octets":%d}`, addr,
			pick(k, 0, 1, 999, 1472, 1473, 4001))
	}
}

func (k *talk) knobs(host string) {
	set := func(knob string, values ...string) {
		if v := pick(k, values...); v != "" {
			k.do("knob.set", `{"host":%q,"knob":%q,"value":%q}`, host, knob, v)
		}
	}
	set("tcp_isn", "", fmt.Sprint(1<<32-1-k.r.Below(60_000))) // near the wrap, often
	set("tcp_congestion_control", "", "", "reno", "newreno", "tahoe")
	for _, knob := range []string{"tcp_sack", "tcp_timestamps", "tcp_window_scaling", "tcp_nagle",
		"tcp_dsack", "tcp_moderate_rcvbuf"} {
		set(knob, "", "", "", "0", "1")
	}
	set("tcp_recovery", "", "", "0", "1")
	set("tcp_ecn", "", "0", "1", "2")
	set("tcp_rcvbuf_bytes", "", "", "", fmt.Sprint(600+k.r.Below(8000)))
}

// next is when something happens: in the world, or a lazy program reads again.
func (k *talk) next() (sim.Time, bool) {
	at, ok := k.w.NextAt()
	for _, proc := range []inet.ProcID{"pA", "pB"} {
		if p := k.ends[proc]; p.reads && (!ok || p.readAt < at) {
			at, ok = p.readAt, true
		}
	}
	return at, ok
}

// look plays the programs: each call that returned is followed by the next.
func (k *talk) look() {
	for _, proc := range []inet.ProcID{"pA", "pB"} {
		if p := k.ends[proc]; p.reads && p.readAt <= k.w.Now() {
			p.reads = false
			k.do("recv", `{"proc":%q,"fd":%d,"max":%d}`, p.proc, p.fd, p.max)
		}
	}
	for k.seen < k.w.Events().Len() {
		k.seen++
		switch b := k.w.Events().At(k.seen).Body.(type) {
		case event.CallReturned:
			if p := k.ends[b.Proc]; p != nil {
				k.returned(p, b)
			}
		case event.CallFailed:
			if p := k.ends[b.Proc]; p != nil && p.fd != 0 && !p.closed && b.Op != "close" {
				p.closed, p.reads = true, false
				k.do("close", `{"proc":%q,"fd":%d}`, p.proc, p.fd)
			}
		}
	}
}

func (k *talk) returned(p *talker, b event.CallReturned) {
	switch b.Op {
	case "accept", "connect":
		if b.Op == "accept" {
			p.fd = int(b.Value)
		}
		k.do("send", `{"proc":%q,"fd":%d,"octets":%d}`, p.proc, p.fd, p.sends)
		p.readAt, p.reads = k.w.Now()+p.lazy, true
	case "send":
		p.sent = true
		k.do("shutdown", `{"proc":%q,"fd":%d,"how":"wr"}`, p.proc, p.fd)
	case "recv":
		if b.Value == 0 {
			p.eof = true
		} else {
			p.readAt, p.reads = k.w.Now()+p.lazy, true
		}
	}
	if p.sent && p.eof && !p.closed {
		p.closed, p.reads = true, false
		k.do("close", `{"proc":%q,"fd":%d}`, p.proc, p.fd)
	}
}
