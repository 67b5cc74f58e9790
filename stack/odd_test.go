package stack_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"labserver/stack"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// oddNet is a ring of three routers whose default routes chase each other, with a host on
// each, a host on no link and a link that exists twice: whatever a person can make, and
// should not.
const oddNet = `
host.add {"id":"R0","forward":true}
host.add {"id":"R1","forward":true}
host.add {"id":"R2","forward":true}
nic.add {"host":"R0","nic":"next","addr":"10.9.0.1/24"}
nic.add {"host":"R1","nic":"last","addr":"10.9.0.2/24"}
nic.add {"host":"R1","nic":"next","addr":"10.9.1.1/24"}
nic.add {"host":"R2","nic":"last","addr":"10.9.1.2/24","mtu":600}
nic.add {"host":"R2","nic":"next","addr":"10.9.2.1/24"}
nic.add {"host":"R0","nic":"last","addr":"10.9.2.2/24"}
link.add {"id":"L0","a":{"host":"R0","nic":"next"},"b":{"host":"R1","nic":"last"}}
link.add {"id":"L1","a":{"host":"R1","nic":"next"},"b":{"host":"R2","nic":"last"},"delay_ns":1000000,"jitter_ns":5000000}
link.add {"id":"L2","a":{"host":"R2","nic":"next"},"b":{"host":"R0","nic":"last"},"rate_bps":1000000}
route.add {"host":"R0","dst":"0.0.0.0/0","via":"10.9.0.2"}
route.add {"host":"R1","dst":"0.0.0.0/0","via":"10.9.1.2"}
route.add {"host":"R2","dst":"0.0.0.0/0","via":"10.9.2.2"}
host.add {"id":"A","addr":"10.0.0.2/24","addr6":"fd00:a::2/64","profile":"rfc"}
host.add {"id":"B","addr":"10.0.1.2/24","addr6":"fd00:b::2/64","profile":"freebsd"}
host.add {"id":"X","addr":"10.0.3.2/24","bare":true}
nic.add {"host":"R2","nic":"bare","addr":"10.0.3.1/24"}
host.add {"id":"C","addr":"10.0.2.2/24"}
nic.add {"host":"R0","nic":"lan","addr":"10.0.0.1/24","addr6":"fd00:a::1/64"}
nic.add {"host":"R1","nic":"lan","addr":"10.0.1.1/24","addr6":"fd00:b::1/64"}
nic.add {"host":"R0","nic":"six","addr":"fd00:6::1/64","mtu":1280}
nic.add {"host":"R1","nic":"six","addr":"fd00:6::2/64"}
link.add {"id":"L6","a":{"host":"R0","nic":"six"},"b":{"host":"R1","nic":"six"},"delay_ns":1000000,"dup_ppm":100000,"reorder_ppm":100000,"corrupt_ppm":100000}
link.add {"id":"LX","a":{"host":"X"},"b":{"host":"R2","nic":"bare"}}
route.add {"host":"A","dst":"::/0","via":"fd00:a::1"}
route.add {"host":"B","dst":"::/0","via":"fd00:b::1"}
route.add {"host":"R0","dst":"fd00:b::/64","via":"fd00:6::2"}
route.add {"host":"R1","dst":"fd00:a::/64","via":"fd00:6::1"}
link.add {"id":"LA","a":{"host":"A"},"b":{"host":"R0","nic":"lan"},"rate_bps":100000,"queue_octets":4000}
link.add {"id":"LB","a":{"host":"B"},"b":{"host":"R1","nic":"lan"},"loss_ppm":50000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.0.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"R0","dst":"10.0.1.0/24","via":"10.9.0.2"}
route.add {"host":"R1","dst":"10.0.0.0/24","via":"10.9.1.2"}
route.add {"host":"R2","dst":"10.0.0.0/24","via":"10.9.2.2"}
proc.start {"host":"A","id":"pA0"}
proc.start {"host":"A","id":"pA1"}
proc.start {"host":"B","id":"pB0"}
proc.start {"host":"C","id":"pC0"}
`

// oddTalk is what is going on already: A to B over the slow link, A with itself over
// 127.0.0.1 and by simultaneous open of one socket, and datagrams.
const oddTalk = `
socket {"proc":"pB0","proto":"tcp"}
bind {"proc":"pB0","fd":3,"port":80}
listen {"proc":"pB0","fd":3}
accept {"proc":"pB0","fd":3}
socket {"proc":"pA0","proto":"tcp"}
connect {"proc":"pA0","fd":3,"addr":"10.0.1.2","port":80}
socket {"proc":"pA1","proto":"tcp"}
bind {"proc":"pA1","fd":3,"port":80}
listen {"proc":"pA1","fd":3}
accept {"proc":"pA1","fd":3}
socket {"proc":"pA0","proto":"tcp"}
connect {"proc":"pA0","fd":4,"addr":"127.0.0.1","port":80}
socket {"proc":"pA0","proto":"tcp"}
bind {"proc":"pA0","fd":5,"port":81}
connect {"proc":"pA0","fd":5,"addr":"10.0.0.2","port":81}
socket {"proc":"pB0","proto":"udp"}
bind {"proc":"pB0","fd":5,"port":81}
recvfrom {"proc":"pB0","fd":5}
socket {"proc":"pC0","proto":"udp"}
bind {"proc":"pC0","fd":3,"port":80}
sendto {"proc":"pC0","fd":3,"addr":"127.0.0.1","port":80,"octets":100}
`

// drawPacket draws what X sends to A or B: headers that are right, with anything inside and
// any fragment's place, or damaged.
func drawPacket(t *rapid.T) string {
	p := wire.IP{Src: netip.MustParseAddr("10.0.3.2"), Dst: netip.MustParseAddr("10.0.0.2"),
		Proto: inet.Protocol(rapid.SampledFrom([]int{1, 6, 17, 44, 58, 89}).Draw(t, "proto")), TTL: 9,
		ID: uint32(rapid.IntRange(1, 2).Draw(t, "id")), MF: rapid.Bool().Draw(t, "more"),
		FragOff: rapid.SampledFrom([]int{0, 0, 8, 16, 65528}).Draw(t, "offset"),
		Payload: rapid.SliceOfN(rapid.Byte(), 0, 48).Draw(t, "payload")}
	if rapid.Bool().Draw(t, "v6") {
		p.Src, p.Dst = netip.MustParseAddr("fd00:c::2"), netip.MustParseAddr("fd00:a::2")
	}
	octets := p.Append(nil)
	if rapid.IntRange(0, 3).Draw(t, "damaged") == 0 {
		octets[rapid.IntRange(4, len(octets)-1).Draw(t, "at")] ^= 0x10
	}
	return fmt.Sprintf(`{"host":"X","base64":%q}`, base64.StdEncoding.EncodeToString(octets))
}

// drawOdd draws a command; few of them make sense.
func drawOdd(t *rapid.T) (op, args string) {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	proc := pick("proc", "pA0", "pA0", "pA1", "pB0", "pB0", "pC0")
	fd := pick("fd", "3", "3", "4", "5", "66", "-1", "2147483647")
	addr := pick("addr", "10.0.0.2", "10.0.1.2", "10.0.1.2", "10.0.2.2", "127.0.0.1", "", "0.0.0.0",
		"255.255.255.255", "10.0.0.255", "224.0.0.1", "10.99.0.1", "8.8.8.8", "::1", "fd00:a::2", "fd00:b::2", "fd00:b::2", "fd00:c::2", "x", "240.0.0.1",
		"10.9.1.2")
	port := pick("port", "80", "80", "80", "81", "0", "65535", "65536", "-1", "40000")
	octets := pick("octets", "0", "1", "100", "1460", "1472", "1473", "65507", "65508", "300000", "16777216")
	self := fmt.Sprintf(`"proc":%q,"fd":%s`, proc, fd)
	peer := fmt.Sprintf(`"addr":%q,"port":%s`, addr, port)
	host := pick("host", "A", "B", "C", "R0", "R1", "R2")
	link := pick("link", "L0", "L1", "L2", "LA", "LB", "LX")
	op = pick("op", "socket", "socket", "socket", "bind", "bind", "listen", "listen", "accept", "accept",
		"connect", "connect", "connect", "send", "send", "send", "sendto", "sendto", "recv", "recvfrom", "shutdown", "close",
		"setsockopt", "setsockopt", "getsockopt", "getsockname", "getpeername", "poll", "read", "write", "sendmsg", "recvmsg",
		"fcntl", "ioctl", "proc.start", "proc.kill", "knob.set",
		"link.set", "link.set", "link.remove", "link.add", "nic.add", "nic.remove", "host.remove", "host.add",
		"route.remove", "route.add", "segment.drop", "host.rename", "packet.inject", "segment.duplicate",
		"segment.corrupt", "segment.reorder", "segment.delay", "segment.mark")
	switch op {
	case "socket":
		return op, fmt.Sprintf(`{"proc":%q,"proto":%q,"family":%q}`, proc, pick("proto", "tcp", "tcp", "udp"),
			pick("family", "ip4", "ip4", "ip6"))
	case "bind", "connect":
		return op, fmt.Sprintf(`{%s,%s}`, self, peer)
	case "listen":
		return op, fmt.Sprintf(`{%s,"backlog":%s}`, self, pick("backlog", "0", "1", "4096"))
	case "accept", "close", "getsockname", "getpeername":
		return op, fmt.Sprintf(`{%s}`, self)
	case "send", "sendto", "sendmsg":
		to, fast := "", ""
		if op != "send" {
			to, fast = peer+",", `"fastopen"`
		}
		return op, fmt.Sprintf(`{%s,%s"octets":%s,"flags":[%s]}`, self, to, octets,
			pick("flags", "", "", `"more"`, `"oob"`, `"dontwait"`, `"oob","more"`, fast))
	case "write":
		return op, fmt.Sprintf(`{%s,"octets":%s}`, self, octets)
	case "read":
		return op, fmt.Sprintf(`{%s}`, self)
	case "recv", "recvfrom", "recvmsg":
		return op, fmt.Sprintf(`{%s,"max":%s,"flags":[%s]}`, self, pick("max", "0", "1", "500", "16777216"),
			pick("flags", "", "", `"peek"`, `"oob"`, `"waitall"`, `"trunc"`, `"dontwait","waitall"`))
	case "poll":
		return op, fmt.Sprintf(`{"proc":%q,"fds":[{"fd":%s,"events":[%s]},{"fd":3,"events":["POLLPRI"]}],"timeout_ms":%s}`,
			proc, fd, pick("events", "", `"POLLIN"`, `"POLLOUT"`, `"POLLIN","POLLRDHUP"`), pick("timeout", "-1", "0", "5", "3000"))
	case "fcntl":
		return op, fmt.Sprintf(`{%s,"cmd":%q,"flags":[%s]}`, self, pick("cmd", "F_GETFL", "F_SETFL", "F_WHAT"),
			pick("flags", "", `"O_NONBLOCK"`))
	case "ioctl":
		return op, fmt.Sprintf(`{%s,"request":%q}`, self, pick("request", "SIOCINQ", "SIOCOUTQ", "SIOCOUTQNSD", "SIOCATMARK"))
	case "shutdown":
		return op, fmt.Sprintf(`{%s,"how":%q}`, self, pick("how", "rd", "wr", "rdwr", "up"))
	case "setsockopt", "getsockopt":
		o := pick("option", "O_NONBLOCK", "O_NONBLOCK", "SO_REUSEADDR", "SO_REUSEPORT", "SO_LINGER", "TCP_NODELAY",
			"SO_KEEPALIVE", "SO_RCVBUF", "SO_SNDBUF", "SO_ERROR", "SO_WHAT", "TCP_CORK", "TCP_MAXSEG", "TCP_INFO",
			"SO_RCVTIMEO", "SO_SNDTIMEO", "TCP_KEEPIDLE", "TCP_LINGER2", "SO_OOBINLINE", "TCP_QUICKACK", "IP_TTL",
			"TCP_FASTOPEN", "TCP_FASTOPEN_CONNECT", "TCP_USER_TIMEOUT")
		if op == "getsockopt" {
			return op, fmt.Sprintf(`{%s,"option":%q}`, self, o)
		}
		return op, fmt.Sprintf(`{%s,"option":%q,"value":%s}`, self, o, pick("value", "0", "1", "256", "4096", "4194304", "-1"))
	case "packet.inject":
		return op, drawPacket(t)
	case "segment.duplicate", "segment.corrupt", "segment.reorder", "segment.delay", "segment.mark":
		pkt := rapid.IntRange(100, 400).Draw(t, "pkt")
		return op, fmt.Sprintf(`{"pkt":%d%s}`, pkt, map[string]string{"segment.corrupt": `,"bit":77`,
			"segment.delay": `,"by_ns":5000000`, "segment.mark": `,"ecn":"ce"`}[op])
	case "proc.start":
		return op, fmt.Sprintf(`{"host":%q,"id":%q}`, host, proc)
	case "proc.kill":
		return op, fmt.Sprintf(`{"proc":%q}`, proc)
	case "knob.set":
		k := pick("knob", "tcp_rto_max_ms=1", "tcp_rto_min_ms=5000", "tcp_rto_initial_ms=1",
			"ip_default_ttl=255", "ip_default_ttl=1", "ip_local_port_low=40000", "ip_local_port_high=40000",
			"tcp_retries=0", "tcp_2msl_ms=0", "tcp_fin_timeout_ms=0", "tcp_rcvbuf_bytes=1",
			"tcp_sndbuf_bytes=1", "tcp_timestamps=0", "tcp_sack=0", "tcp_window_scaling=0", "tcp_nagle=0", "tcp_iw_segments=1000",
			"tcp_congestion_control=reno", "tcp_isn=4294967295", "tcp_tw_reuse=1", "tcp_challenge_ack_limit=0",
			"tcp_max_syn_backlog=1", "tcp_synack_retries=0", "tcp_syn_retries=0", "tcp_keepalive_time_ms=1",
			"tcp_keepalive_intvl_ms=1", "tcp_adv_win_scale=8", "tcp_rcvbuf_max_bytes=1", "tcp_invalid_ratelimit_ms=0")
		for i := range k {
			if k[i] == '=' {
				return op, fmt.Sprintf(`{"host":%q,"knob":%q,"value":%q}`, host, k[:i], k[i+1:])
			}
		}
	case "link.set":
		return op, fmt.Sprintf(`{"link":%q,%s}`, link, pick("set", `"up":false`, `"up":true`, `"rate_bps":1`, `"rate_bps":0`,
			`"delay_ns":60000000000`, `"delay_ns":0`, `"jitter_ns":60000000000`, `"loss_ppm":1000000`, `"loss_ppm":0`,
			`"queue_octets":0`, `"queue_octets":67108864`, `"rate_bps":100000000000`))
	case "link.remove":
		return op, fmt.Sprintf(`{"link":%q}`, link)
	case "link.add":
		return op, fmt.Sprintf(`{"id":%q,"a":{"host":%q},"b":{"host":%q}}`, link, host, pick("far", "A", "B", "C", "R0", "R1"))
	case "nic.add":
		return op, fmt.Sprintf(`{"host":%q,"addr":%q,"mtu":%s}`, host, pick("own", "10.0.0.2/24", "10.77.0.1/31", "1.2.3.4/32", "10.0.0.3/8"),
			pick("mtu", "576", "1500", "9000"))
	case "nic.remove":
		return op, fmt.Sprintf(`{"host":%q,"nic":%q}`, host, pick("nic", "eth0", "next", "last", "lan"))
	case "host.remove":
		if rapid.IntRange(0, 5).Draw(t, "rarely") > 0 {
			return "host.rename", `{"host":"A","name":"a"}`
		}
		return op, fmt.Sprintf(`{"host":%q}`, host)
	case "host.add":
		return op, fmt.Sprintf(`{"id":%q,"addr":"10.0.0.2/24"}`, host)
	case "route.add", "route.remove":
		dst := pick("dst", "0.0.0.0/0", "10.0.0.0/8", "10.0.1.0/24", "255.255.255.255/32")
		if op == "route.remove" {
			return op, fmt.Sprintf(`{"host":%q,"dst":%q}`, host, dst)
		}
		return op, fmt.Sprintf(`{"host":%q,"dst":%q,"via":%q}`, host, dst, pick("via", "10.9.0.1", "10.9.0.2", "10.9.1.1", "10.9.1.2", "10.0.0.1"))
	case "segment.drop":
		return op, fmt.Sprintf(`{"pkt":%d}`, rapid.IntRange(100, 400).Draw(t, "pkt"))
	}
	return "host.rename", `{"host":"A","name":"a"}`
}

// TestNoCommandListBreaksAWorld tries what no lab would: laws 3, 5 and 6 hold after every
// act, and nothing panics.
func TestNoCommandListBreaksAWorld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var start []stack.Command
		for _, line := range lines(oddNet) {
			start = append(start, parse(t, line))
		}
		w, err := stack.New(stack.Config{Seed: rapid.Uint64().Draw(t, "seed"), Start: start, KeepFrames: true})
		if err != nil {
			t.Fatal(err)
		}
		if rapid.IntRange(0, 9).Draw(t, "talk") > 0 {
			for _, line := range lines(oddTalk) {
				w.Apply(parse(t, line))
			}
			w.Advance(sim.Time(rapid.SampledFrom([]int64{0, 1e6, 1e9, 1e9}).Draw(t, "settled")))
		}
		watch := newWatch()
		for range rapid.IntRange(1, 60).Draw(t, "acts") {
			op, args := drawOdd(t)
			c, err := stack.ParseCommand(op, "", json.RawMessage(args))
			if err != nil {
				t.Fatalf("%s %s: %v", op, args, err)
			}
			if w.Check(c) == nil {
				w.Apply(c)
			}
			for range rapid.SampledFrom([]int{0, 0, 1, 10, 400}).Draw(t, "steps") {
				w.Step()
			}
			w.Advance(w.Now() + sim.Time(rapid.SampledFrom([]int64{0, 0, 1e3, 1e6, 1e8, 3e9, 1e12}).Draw(t, "wait")))
			watch.holds(t, w)
			if w.Events().Len() > 60_000 {
				break
			}
		}
		if w.Fork().Hash() != w.Hash() {
			t.Fatal("the same commands gave another hash")
		}
	})
}

func parse(t interface{ Fatalf(string, ...any) }, line string) stack.Command {
	for i := range line {
		if line[i] == ' ' {
			c, err := stack.ParseCommand(line[:i], "", json.RawMessage(line[i+1:]))
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			return c
		}
	}
	t.Fatalf("no arguments: %s", line)
	return stack.Command{}
}

// watch holds laws 3, 5 and 6 against a world while it goes on. Make it with newWatch.
type watch struct {
	folded view.View
	done   uint64 // events seen
	levels map[rfc.ID]rfc.Level
}

func newWatch() *watch {
	h := &watch{folded: view.New(), levels: map[rfc.ID]rfc.Level{}}
	for _, r := range rfc.Table() {
		h.levels[r.ID] = r.Level
	}
	return h
}

// holds looks at what came since it was asked last.
func (h *watch) holds(t interface{ Fatalf(string, ...any) }, w *stack.World) {
	for _, e := range w.Events().From(h.done + 1) {
		level, ok := h.levels[e.Rule]
		if root := level == rfc.Root; !ok || root != (e.By == 0) || e.By >= e.N {
			t.Fatalf("event %d (%s, rule %s) has cause %d", e.N, e.Kind(), e.Rule, e.By)
		}
		view.Reduce(&h.folded, e)
		h.done = e.N
	}
	v := w.View()
	if !reflect.DeepEqual(h.folded, v) {
		t.Fatalf("event %d: %s", h.done, apart(h.folded, v))
	}
	if n := v.Counters; n.Sent != n.Delivered+n.Dropped+int64(len(v.Packets)) {
		t.Fatalf("%+v with %d in flight", n, len(v.Packets))
	}
}

// apart shows where two views differ, and not their hundred other rows.
func apart(folded, world view.View) string {
	a, b := show(folded), show(world)
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	near := func(s string) string { return s[max(0, i-200):min(len(s), i+100)] }
	return "\nfolded   … " + near(a) + "\nsnapshot … " + near(b)
}

// TestPacketsAreCutToPiecesBesideOthersOfOneAct: the pieces of the first get ids when the
// second has its own already.
func TestPacketsAreCutToPiecesBesideOthersOfOneAct(t *testing.T) {
	w := world(t, `
host.add {"id":"A","addr":"10.0.0.1/24"}
host.add {"id":"B","addr":"10.0.0.2/24"}
link.add {"a":{"host":"A"},"b":{"host":"B"}}
knob.set {"host":"A","knob":"tcp_pmtu_discovery","value":"0"}
knob.set {"host":"A","knob":"mutant","value":"options-missing-from-mss"}
proc.start {"host":"A","id":"pA"}
proc.start {"host":"B","id":"pB"}
socket {"proc":"pB","proto":"tcp"}
bind {"proc":"pB","fd":3,"port":80}
listen {"proc":"pB","fd":3}
socket {"proc":"pA","proto":"tcp"}
connect {"proc":"pA","fd":3,"addr":"10.0.0.2","port":80}
`)
	w.Advance(1e9)
	try(t, w, `send {"proc":"pA","fd":3,"octets":20000}`)
	cut, last := 0, inet.PacketID(0)
	for _, p := range w.View().Packets {
		if p.Pkt <= last {
			t.Errorf("packet %d is after %d", p.Pkt, last)
		}
		last = p.Pkt
	}
	for _, e := range w.Events().From(1) {
		if e.Rule == rfc.Fragmented {
			cut++
		}
	}
	if cut < 2 {
		t.Errorf("%d packets were cut", cut)
	}
}
