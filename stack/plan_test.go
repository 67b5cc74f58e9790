package stack_test

import (
	"fmt"

	"pgregory.net/rapid"

	"labserver/stack/sim"
)

// drawPlan draws a star of two to four hosts around a router, with processes, and a list
// of commands that mostly make sense: listeners, connections, data, closes, link changes.
func drawPlan(t *rapid.T) plan {
	p := plan{seed: rapid.Uint64().Draw(t, "seed"), wild: rapid.IntRange(0, 2).Draw(t, "wild") > 0}
	hosts := rapid.IntRange(2, 4).Draw(t, "hosts")
	add := func(after int64, op, format string, a ...any) {
		p.acts = append(p.acts, act{sim.Time(after), op, fmt.Sprintf(format, a...)})
	}
	add(0, "host.add", `{"id":"R","forward":true}`)
	for i := range hosts {
		add(0, "host.add", `{"id":"H%d","addr":"10.0.%d.2/24","addr6":"fd00:%d::2/64"}`, i, i, i)
		if p.wild && rapid.Bool().Draw(t, "v6") {
			add(0, "nic.add", `{"host":"R","nic":"eth%d","addr":"10.0.%d.1/24",`+
				`"addr6":"fd00:%d::1/64","mtu":%d}`, i, i, i, rapid.SampledFrom([]int{1500, 1500, 1280}).Draw(t, "mtu"))
			add(0, "route.add", `{"host":"H%d","dst":"::/0","via":"fd00:%d::1"}`, i, i)
		} else {
			add(0, "nic.add", `{"host":"R","nic":"eth%d","addr":"10.0.%d.1/24","mtu":%d}`, i, i,
				rapid.SampledFrom([]int{1500, 1500, 600}).Draw(t, "mtu"))
		}
		if rapid.IntRange(0, 2).Draw(t, "fragments") == 0 {
			add(0, "knob.set", `{"host":"H%d","knob":"tcp_pmtu_discovery","value":"0"}`, i)
		}
		far := drawLAN(t, i, add)
		add(0, "link.add", `{"id":"L%d","a":{"host":"H%d"},"b":{%s},`+
			`"delay_ns":%d,"jitter_ns":%d,"rate_bps":%d,"loss_ppm":%d,"queue_octets":%d,`+
			`"dup_ppm":%d,"corrupt_ppm":%d,"reorder_ppm":%d}`, i, i, far,
			rapid.Int64Range(0, 50e6).Draw(t, "delay"), rapid.Int64Range(0, 5e6).Draw(t, "jitter"),
			rapid.SampledFrom([]int64{0, 1e6, 1e8}).Draw(t, "rate"),
			rapid.SampledFrom([]int64{0, 0, 20_000, 100_000}).Draw(t, "loss"),
			rapid.SampledFrom([]int64{3000, 30_000, 150_000}).Draw(t, "queue"),
			rapid.SampledFrom([]int64{0, 0, 50_000}).Draw(t, "doubles"),
			rapid.SampledFrom([]int64{0, 0, 50_000}).Draw(t, "damage"),
			rapid.SampledFrom([]int64{0, 0, 200_000}).Draw(t, "reordering"))
		if rapid.IntRange(0, 2).Draw(t, "more of the link") == 0 {
			op, args := drawLink(t, i)
			add(0, op, "%s", args)
		}
		add(0, "route.add", `{"host":"H%d","dst":"0.0.0.0/0","via":"10.0.%d.1"}`, i, i)
		add(0, "proc.start", `{"host":"H%d","id":"P%d"}`, i, i)
	}
	if p.wild {
		drawWild(t, hosts, add)
	}
	for range rapid.IntRange(1, 40).Draw(t, "calls") {
		after := rapid.SampledFrom([]int64{0, 0, 1e6, 50e6, 400e6, 3e9}).Draw(t, "after")
		draw := drawCall
		if p.wild && rapid.IntRange(0, 3).Draw(t, "tame") > 0 {
			draw = drawWildCall
		}
		if rapid.IntRange(0, 3).Draw(t, "on a LAN") == 0 {
			draw = drawLANCall
		}
		op, args := draw(t, hosts)
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
		"segment.corrupt", "segment.reorder", "segment.mark", "link.rules",
		"getsockname", "host.remove", "bookmark", "ping"}).Draw(t, "op"); op {
	case "ping":
		return drawNet(t, hosts)
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
		if rapid.Bool().Draw(t, "more") {
			return drawLink(t, host)
		}
		return op, fmt.Sprintf(`{"link":"L%d","up":%v,"loss_ppm":%d}`, host,
			rapid.Bool().Draw(t, "up"), rapid.SampledFrom([]int{0, 50_000}).Draw(t, "ppm"))
	case "link.rules":
		return drawTouch(t, op, host)
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
