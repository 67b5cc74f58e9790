package stack_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/sock"
)

// worldsInGate is how many random worlds every run of the tests tries. LABSERVER_WORLDS=10000
// tries as many as that.
const worldsInGate = 1000

// TestEveryConnectionOfARandomWorldEnds lets two hosts talk over links that lose, double,
// reorder and damage: what is read is a prefix of what was sent, what can go on does, and
// every connection ends.
func TestEveryConnectionOfARandomWorldEnds(t *testing.T) {
	worlds := worldsInGate
	if n, err := strconv.Atoi(os.Getenv("LABSERVER_WORLDS")); err == nil {
		worlds = n
	}
	if testing.Short() {
		worlds /= 10
	}
	var sum tally
	for seed := range worlds {
		runTalk(t, uint64(seed), &sum)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d worlds: %d connections whole, %d given up, %d octets read, %d segments sent, "+
		"%d again, %d packets lost or refused", worlds, sum.whole, sum.failed, sum.octets, sum.segments,
		sum.again, sum.dropped)
	if sum.whole < 9*worlds/10 || sum.again == 0 || sum.dropped == 0 {
		t.Error("these worlds are too kind, or too cruel, to show anything")
	}
}

type tally struct{ whole, failed, octets, segments, again, dropped int }

// talker is a program at one end: it sends, shuts its direction, and reads to the end.
type talker struct {
	proc    inet.ProcID
	fd      int
	octets  int64
	max     int64
	lazy    sim.Time // between reads
	read    int64
	sent    bool
	eof     bool
	errno   inet.Errno
	closed  bool
	readAt  sim.Time
	waiting bool // to read again at readAt
}

// talk is two hosts, and what is between them.
type talk struct {
	t       *testing.T
	r       *sim.Rand
	w       *stack.World
	seed    uint64
	seen    uint64 // events looked at
	client  *talker
	server  *talker
	cruelty uint64 // ppm of packets that do not arrive as they were
	fragile bool   // the handshake may fail
}

func runTalk(t *testing.T, seed uint64, sum *tally) {
	k := &talk{t: t, r: sim.Stream(seed, "talk"), seed: seed}
	k.build()
	k.look()
	const limit = sim.Time(6 * 3600 * 1e9)
	for !k.over() {
		at, ok := k.next()
		if !ok || at > limit {
			k.stuck()
			return
		}
		k.w.Advance(at)
		k.look()
	}
	k.judge(sum)
}

func (k *talk) do(op, format string, a ...any) {
	c, err := stack.ParseCommand(op, "", json.RawMessage(fmt.Sprintf(format, a...)))
	if err == nil {
		err = k.w.Check(c)
	}
	if err != nil {
		k.t.Fatalf("seed %d: %s: %v", k.seed, op, err)
	}
	k.w.Apply(c)
}

func (k *talk) pick(from ...int64) int64 { return from[k.r.Below(uint64(len(from)))] }

// build draws the world: profiles, knobs, link, and what the programs mean to do.
func (k *talk) build() {
	w, err := stack.New(stack.Config{Seed: k.seed})
	if err != nil {
		k.t.Fatal(err)
	}
	k.w = w
	profiles := []string{"linux", "linux", "freebsd", "rfc"}
	for i, id := range []string{"A", "B"} {
		k.do("host.add", `{"id":%q,"addr":"10.0.%d.1/24","addr6":"2001:db8:0:%d::1/64","profile":%q}`,
			id, i, i, profiles[k.r.Below(4)])
		k.do("proc.start", `{"host":%q,"id":"p%s"}`, id, id)
		k.knobs(id)
	}
	k.router()
	loss, dup := k.pick(0, 0, 1000, 10_000, 50_000), k.pick(0, 0, 10_000, 100_000)
	bad, late := k.pick(0, 0, 5000, 20_000), k.pick(0, 0, 20_000, 200_000)
	k.cruelty = uint64(loss + bad)
	k.do("link.add", `{"a":{"host":"A"},"b":{"host":"R","nic":"eth0"},"delay_ns":%d,"jitter_ns":%d,`+
		`"rate_bps":%d,"queue_octets":%d,"loss_ppm":%d,"dup_ppm":%d,"corrupt_ppm":%d,"reorder_ppm":%d}`,
		k.pick(0, 1e6, 20e6, 150e6), k.pick(0, 0, 1e6, 10e6), k.pick(0, 1e6, 1e8),
		k.pick(6000, 30_000, 200_000), loss, dup, bad, late)
	k.client = k.talker("pA")
	k.server = k.talker("pB")
	addr, family := "10.0.1.1", "ip4"
	if k.r.Below(2) == 0 {
		addr, family = "2001:db8:0:1::1", "ip6"
	}
	k.do("socket", `{"proc":"pB","proto":"tcp","family":%q}`, family)
	k.do("bind", `{"proc":"pB","fd":3,"port":80}`)
	fast := k.client.octets > 0 && k.r.Below(6) == 0
	if fast {
		k.do("setsockopt", `{"proc":"pB","fd":3,"option":"TCP_FASTOPEN","value":5}`)
	}
	k.do("listen", `{"proc":"pB","fd":3}`)
	k.do("accept", `{"proc":"pB","fd":3}`)
	k.do("socket", `{"proc":"pA","proto":"tcp","family":%q}`, family)
	k.client.fd = 3
	if fast {
		k.fastOpen()
	}
	k.do("connect", `{"proc":"pA","fd":3,"addr":%q,"port":80}`, addr)
}

// fastOpen has the client's first data go with its SYN, without a cookie.
func (k *talk) fastOpen() {
	k.do("knob.set", `{"host":"A","knob":"tcp_fastopen","value":"5"}`)
	k.do("knob.set", `{"host":"B","knob":"tcp_fastopen","value":"514"}`)
	k.do("setsockopt", `{"proc":"pA","fd":3,"option":"TCP_FASTOPEN_CONNECT","value":1}`)
}

// router joins the two hosts. Its far side may be narrower than the hosts know.
func (k *talk) router() {
	k.do("host.add", `{"id":"R","forward":true}`)
	k.do("nic.add", `{"host":"R","nic":"eth0","addr":"10.0.0.2/24","addr6":"2001:db8:0:0::2/64"}`)
	k.do("nic.add", `{"host":"R","nic":"eth1","addr":"10.0.1.2/24","addr6":"2001:db8:0:1::2/64","mtu":%d}`,
		k.pick(1500, 1500, 1400, 1280))
	k.do("link.add", `{"a":{"host":"R","nic":"eth1"},"b":{"host":"B"}}`)
	for i, id := range []string{"A", "B"} {
		k.do("route.add", `{"host":%q,"dst":"0.0.0.0/0","via":"10.0.%d.2"}`, id, i)
		k.do("route.add", `{"host":%q,"dst":"::/0","via":"2001:db8:0:%d::2"}`, id, i)
	}
}

func (k *talk) knobs(host string) {
	set := func(knob string, values ...string) {
		if v := values[k.r.Below(uint64(len(values)))]; v != "" {
			k.do("knob.set", `{"host":%q,"knob":%q,"value":%q}`, host, knob, v)
		}
	}
	// Near the wrap of sequence space, often.
	set("tcp_isn", "", strconv.FormatUint(1<<32-1-k.r.Below(60_000), 10))
	set("tcp_congestion_control", "", "", "reno", "newreno", "cubic", "tahoe", "tahoe")
	for _, knob := range []string{"tcp_sack", "tcp_timestamps", "tcp_window_scaling", "tcp_nagle",
		"tcp_dsack", "tcp_tlp", "tcp_prr", "tcp_frto", "tcp_undo", "tcp_hystart",
		"tcp_limited_transmit", "tcp_moderate_rcvbuf"} {
		set(knob, "", "", "", "0", "1")
	}
	set("tcp_recovery", "", "", "0", "1", "3", "5")
	set("tcp_ecn", "", "0", "1", "2")
	set("tcp_mtu_probing", "", "", "1", "2")
	if k.r.Below(8) == 0 {
		// Without a connection only the very next segment completes a handshake: when another
		// comes first, its sender is reset (RFC 4987 §3.6).
		k.fragile = true
		set("tcp_syncookies", "2")
	}
	set("tcp_rcvbuf_bytes", "", "", "", strconv.FormatUint(600+k.r.Below(8000), 10))
	set("tcp_sndbuf_bytes", "", "", "", strconv.FormatUint(100+k.r.Below(8000), 10))
}

func (k *talk) talker(proc inet.ProcID) *talker {
	return &talker{proc: proc, octets: k.pick(0, 1, 700, 5000, 40_000, 120_000),
		max:  k.pick(100, 1460, 5000, 70_000),
		lazy: sim.Time(k.pick(0, 0, 0, 1e6, 100e6, 3e9))}
}

// next is when something happens: in the world, or a lazy program reads again.
func (k *talk) next() (sim.Time, bool) {
	at, ok := k.w.NextAt()
	for _, p := range []*talker{k.client, k.server} {
		if p.waiting && (!ok || p.readAt < at) {
			at, ok = p.readAt, true
		}
	}
	return at, ok
}

// look plays the programs: each call that returned is followed by the next.
func (k *talk) look() {
	for _, p := range []*talker{k.client, k.server} {
		if p.waiting && p.readAt <= k.w.Now() {
			p.waiting = false
			k.do("recv", `{"proc":%q,"fd":%d,"max":%d}`, p.proc, p.fd, p.max)
		}
	}
	for k.seen < k.w.Events().Len() {
		k.seen++
		switch b := k.w.Events().At(k.seen).Body.(type) {
		case event.CallReturned:
			k.returned(b)
		case event.CallFailed:
			k.failed(b)
		}
	}
}

func (k *talk) of(proc inet.ProcID) *talker {
	if proc == k.client.proc {
		return k.client
	}
	return k.server
}

func (k *talk) returned(b event.CallReturned) {
	p := k.of(b.Proc)
	switch b.Op {
	case "accept", "connect":
		if b.Op == "accept" {
			p.fd = int(b.Value)
			k.do("close", `{"proc":"pB","fd":3}`)
		}
		k.do("send", `{"proc":%q,"fd":%d,"octets":%d}`, p.proc, p.fd, p.octets)
		p.readAt, p.waiting = k.w.Now()+p.lazy, true
	case "send":
		p.sent = true
		k.do("shutdown", `{"proc":%q,"fd":%d,"how":"wr"}`, p.proc, p.fd)
	case "recv":
		for i, got := range b.Data {
			if want := sock.PatternAt(p.read + int64(i)); got != want {
				k.t.Fatalf("seed %d: octet %d of %s is %q, want %q", k.seed, p.read+int64(i), p.proc,
					got, want)
			}
		}
		p.read += b.Value
		if b.Value == 0 {
			p.eof = true
		} else {
			p.readAt, p.waiting = k.w.Now()+p.lazy, true
		}
	}
	k.close(p)
}

func (k *talk) failed(b event.CallFailed) {
	p := k.of(b.Proc)
	p.errno = b.Errno
	k.close(p)
}

// close closes what is done with.
func (k *talk) close(p *talker) {
	if !p.closed && p.fd != 0 && (p.eof && p.sent || p.errno != inet.OK) {
		p.closed, p.waiting = true, false
		k.do("close", `{"proc":%q,"fd":%d}`, p.proc, p.fd)
	}
}

// over: both programs have ended, and no connection is left anywhere.
func (k *talk) over() bool {
	return k.client.closed && (k.server.closed || k.server.fd == 0) &&
		len(k.w.View().Connections) == 0
}

func (k *talk) stuck() {
	for _, c := range k.w.View().Connections {
		k.t.Errorf("seed %d: %s on %s is still %s: %+v %+v", k.seed, c.ID, c.Host, c.State, c.Snd, c.Rcv)
	}
	k.t.Errorf("seed %d at %v: client %+v server %+v", k.seed, k.w.Now(), *k.client, *k.server)
}

// judge: what was read is no more than was sent, and all of it unless the path was cruel.
func (k *talk) judge(sum *tally) {
	a, b := k.client, k.server
	whole := a.read == b.octets && b.read == a.octets && a.eof && b.eof
	if a.read > b.octets || b.read > a.octets || !whole && k.cruelty < 20_000 && !k.fragile {
		k.t.Errorf("seed %d: client %+v server %+v", k.seed, *a, *b)
	}
	if whole {
		sum.whole++
	} else {
		sum.failed++
	}
	sum.octets += int(a.read + b.read)
	for _, e := range k.w.Events().From(1) {
		switch body := e.Body.(type) {
		case event.SegmentSent:
			sum.segments++
			if body.Seg.Retransmission {
				sum.again++
			}
		case event.PacketDropped:
			sum.dropped++
			if e.Rule == rfc.PacketLimit {
				k.t.Errorf("seed %d: the world is full of packets", k.seed)
			}
		}
	}
}
