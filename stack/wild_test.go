package stack_test

import (
	"fmt"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"labserver/stack"
	"labserver/stack/sim"
	"labserver/stack/tcp"
)

// A wild plan is one in which nothing is as it should be: IPv4 and IPv6, every knob at any
// value it may have, documented mistakes on, every socket option and flag, and a host
// without a stack that forges segments of the connections there are.

// forgery stands in a plan for a packet.inject whose packet depends on the world.
const forgery = "forge"

// drawWild adds to a star of hosts what makes a plan wild.
func drawWild(t *rapid.T, hosts int, add func(after int64, op, format string, a ...any)) {
	add(0, "host.add", `{"id":"X","addr":"10.0.9.2/24","addr6":"fd00:9::2/64","bare":true}`)
	add(0, "nic.add", `{"host":"R","nic":"x","addr":"10.0.9.1/24","addr6":"fd00:9::1/64"}`)
	add(0, "link.add", `{"id":"LX","a":{"host":"X"},"b":{"host":"R","nic":"x"}}`)
	add(0, "route.add", `{"host":"X","dst":"0.0.0.0/0","via":"10.0.9.1"}`)
	add(0, "route.add", `{"host":"X","dst":"::/0","via":"fd00:9::1"}`)
	if rapid.IntRange(0, 2).Draw(t, "translates") == 0 {
		add(0, "nat.set", "%s", drawNAT(t, hosts))
	}
	for range rapid.IntRange(0, 12).Draw(t, "knobs") {
		add(0, "knob.set", "%s", drawKnob(t, hosts))
	}
	if rapid.IntRange(0, 5).Draw(t, "talk") == 0 {
		return
	}
	// P1 listens and P0 talks to it, so that most plans have a connection to spoil.
	six := rapid.Bool().Draw(t, "six")
	family, addr := "ip4", "10.0.1.2"
	if six {
		family, addr = "ip6", "fd00:1::2"
	}
	add(0, "socket", `{"proc":"P1","proto":"tcp","family":%q}`, family)
	add(0, "bind", `{"proc":"P1","fd":3,"port":80}`)
	add(0, "setsockopt", `{"proc":"P1","fd":3,"option":"TCP_FASTOPEN","value":%d}`,
		rapid.IntRange(0, 2).Draw(t, "fast"))
	add(0, "listen", `{"proc":"P1","fd":3,"backlog":%d}`, rapid.IntRange(0, 2).Draw(t, "backlog"))
	add(0, "accept", `{"proc":"P1","fd":3}`)
	for range 2 { // the second may open fast with the cookie of the first
		add(0, "socket", `{"proc":"P0","proto":"tcp","family":%q}`, family)
		if rapid.Bool().Draw(t, "fast open") {
			add(0, "sendto", `{"proc":"P0","fd":3,"addr":%q,"port":80,"octets":%d,"flags":["fastopen"]}`,
				addr, rapid.SampledFrom([]int{0, 1, 1000, 5000}).Draw(t, "early"))
		} else {
			add(0, "connect", `{"proc":"P0","fd":3,"addr":%q,"port":80}`, addr)
		}
		add(rapid.SampledFrom([]int64{0, 10e6, 300e6}).Draw(t, "later"), "send",
			`{"proc":"P0","fd":3,"octets":%d}`, rapid.SampledFrom([]int{1, 3000, 200_000}).Draw(t, "sent"))
	}
	add(0, "send", `{"proc":"P1","fd":4,"octets":20000}`)
	add(0, "accept", `{"proc":"P1","fd":3}`)
	add(0, "recv", `{"proc":"P1","fd":4,"max":100000}`)
}

// drawKnob draws a knob and a value it may have: an end of its range, near the low end, or
// anything between.
func drawKnob(t *rapid.T, hosts int) string {
	table := stack.KnobTable()
	k := table[rapid.IntRange(0, len(table)-1).Draw(t, "knob")]
	value := ""
	switch {
	case k.Name == tcp.KnobCongestion:
		value = rapid.SampledFrom([]string{"cubic", "newreno", "reno", "tahoe"}).Draw(t, "value")
	case k.Name == tcp.KnobMutant:
		mutants := tcp.Mutants()
		value = mutants[rapid.IntRange(0, len(mutants)-1).Draw(t, "value")].Name
	default:
		n := rapid.OneOf(rapid.SampledFrom([]int64{k.Min, k.Max}),
			rapid.Int64Range(k.Min, min(k.Max, k.Min+20)),
			rapid.Int64Range(k.Min, k.Max)).Draw(t, "value")
		value = strconv.FormatInt(n, 10)
	}
	return fmt.Sprintf(`{"host":"H%d","knob":%q,"value":%q}`,
		rapid.IntRange(0, hosts-1).Draw(t, "host"), k.Name, value)
}

// drawWildCall draws one act of a wild plan.
func drawWildCall(t *rapid.T, hosts int) (op, args string) {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	host := rapid.IntRange(0, min(1, hosts-1)).Draw(t, "host")
	fd := rapid.IntRange(3, 5).Draw(t, "fd")
	self := fmt.Sprintf(`"proc":"P%d","fd":%d`, host, fd)
	out := pick("flags", "", "", `"oob"`, `"more"`, `"dontwait"`, `"oob","more"`)
	in := pick("flags", "", "", `"oob"`, `"peek"`, `"dontwait"`, `"waitall"`, `"trunc"`)
	octets := rapid.SampledFrom([]int{0, 1, 1460, 30_000, 500_000}).Draw(t, "octets")
	peer := pick("peer", "10.0.0.2", "10.0.1.2", "fd00::2", "fd00:1::2", "127.0.0.1", "::1",
		"fd00:9::2")
	switch op = pick("op", forgery, forgery, forgery, forgery, "knob.set", "knob.set", "socket",
		"connect", "send", "send", "sendto", "recv", "recv", "recvmsg", "poll", "ioctl", "fcntl", "setsockopt",
		"setsockopt", "getsockopt", "shutdown", "close", "packet.inject", "route.add", "link.set",
		"link.rules", "segment.edit", "segment.inject", "net", "net"); op {
	case "net":
		return drawNet(t, hosts)
	case forgery:
		return op, string(rapid.SliceOfN(rapid.Byte(), siegeStride, siegeStride).Draw(t, "forged"))
	case "knob.set":
		return op, drawKnob(t, hosts)
	case "socket":
		return op, fmt.Sprintf(`{"proc":"P%d","proto":%q,"family":%q}`, host,
			pick("proto", "tcp", "tcp", "udp"), pick("family", "ip4", "ip6"))
	case "connect":
		return op, fmt.Sprintf(`{%s,"addr":%q,"port":80}`, self, peer)
	case "send":
		return op, fmt.Sprintf(`{%s,"octets":%d,"flags":[%s]}`, self, octets, out)
	case "sendto":
		return op, fmt.Sprintf(`{%s,"addr":%q,"port":80,"octets":%d,"flags":[%s]}`, self, peer, octets,
			pick("open", out, `"fastopen"`))
	case "recv", "recvmsg":
		return op, fmt.Sprintf(`{%s,"max":%d,"flags":[%s]}`, self, octets, in)
	case "poll":
		return op, fmt.Sprintf(`{"proc":"P%d","fds":[`+
			`{"fd":%d,"events":["POLLIN","POLLPRI","POLLRDHUP"]},{"fd":3,"events":["POLLOUT"]}],`+
			`"timeout_ms":%s}`, host, fd, pick("timeout", "-1", "0", "70"))
	case "ioctl":
		return op, fmt.Sprintf(`{%s,"request":%q}`, self,
			pick("request", "SIOCINQ", "SIOCOUTQ", "SIOCOUTQNSD", "SIOCATMARK"))
	case "fcntl":
		return op, fmt.Sprintf(`{%s,"cmd":"F_SETFL","flags":[%s]}`, self,
			pick("mode", "", `"O_NONBLOCK"`))
	case "setsockopt", "getsockopt":
		return drawOption(t, op, self)
	case "shutdown":
		return op, fmt.Sprintf(`{%s,"how":%q}`, self, pick("how", "rd", "wr", "rdwr"))
	case "packet.inject":
		return op, drawPacket(t)
	case "route.add": // the path is narrower than the link, or a peer is told so
		return op, fmt.Sprintf(`{"host":"H%d","dst":"10.0.0.0/16","via":"10.0.%d.1",`+
			`"mtu":%s,"adv_mss":%s}`, host, host, pick("mtu", "0", "576", "1000"), pick("adv_mss", "0", "88", "1400"))
	case "segment.edit", "segment.inject", "link.rules":
		return drawTouch(t, op, host)
	case "link.set":
		if rapid.IntRange(0, 2).Draw(t, "more") == 0 {
			return drawLink(t, host)
		}
		return op, fmt.Sprintf(`{"link":"L%d",%s}`, host, pick("set", `"up":false`, `"up":true`,
			`"loss_ppm":300000`, `"reorder_ppm":500000`, `"dup_ppm":500000`, `"corrupt_ppm":300000`,
			`"rate_bps":10000`, `"delay_ns":2000000000`, `"delay_ns":0`, `"queue_octets":1500`))
	}
	return op, fmt.Sprintf(`{%s}`, self)
}

// drawOption draws a setsockopt or getsockopt of any option there is.
func drawOption(t *rapid.T, op, self string) (string, string) {
	option := rapid.SampledFrom([]string{"O_NONBLOCK", "SO_KEEPALIVE", "SO_OOBINLINE", "SO_LINGER",
		"SO_RCVBUF", "SO_SNDBUF", "SO_RCVTIMEO", "SO_SNDTIMEO", "SO_ERROR", "TCP_NODELAY", "TCP_CORK",
		"TCP_QUICKACK", "TCP_MAXSEG", "TCP_CONGESTION", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT",
		"TCP_KEEPINIT", "TCP_USER_TIMEOUT", "TCP_SYNCNT", "TCP_LINGER2", "TCP_FASTOPEN",
		"TCP_FASTOPEN_CONNECT", "TCP_INFO", "IP_TOS", "IP_TTL", "IP_MTU_DISCOVER", "IP_RECVERR", "IP_MTU",
		"IPV6_TCLASS", "IPV6_UNICAST_HOPS", "IPV6_MTU_DISCOVER", "IPV6_RECVERR", "IPV6_V6ONLY"}).
		Draw(t, "option")
	if op == "getsockopt" {
		return op, fmt.Sprintf(`{%s,"option":%q}`, self, option)
	}
	if option == "TCP_CONGESTION" {
		return op, fmt.Sprintf(`{%s,"option":%q,"text":%q}`, self, option,
			rapid.SampledFrom([]string{"cubic", "newreno", "reno", "tahoe"}).Draw(t, "algorithm"))
	}
	return op, fmt.Sprintf(`{%s,"option":%q,"value":%d}`, self, option,
		rapid.SampledFrom([]int64{-1, 0, 1, 2, 100, 1000, 65_536}).Draw(t, "value"))
}

// resolve makes the command that an act means in the world as it is.
func (a act) resolve(w *stack.World) act {
	if a.op != forgery {
		return a
	}
	_, args, _ := strings.Cut(inject(forge(w, []byte(a.args))), " ")
	return act{op: "packet.inject", args: args}
}

// settle is how long a plan goes on after its last act: a wild one longer, for timers.
func (p plan) settle() sim.Time {
	if p.wild {
		return 20e9
	}
	return 5e9
}
