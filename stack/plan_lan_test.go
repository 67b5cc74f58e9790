package stack_test

import (
	"fmt"

	"pgregory.net/rapid"
)

// drawLAN draws where the link of host i of a star ends: at the router, or at a switch that
// joins it with the router and with a neighbour, which has joined a group.
func drawLAN(t *rapid.T, i int, add func(after int64, op, format string, a ...any)) (far string) {
	for _, h := range []string{fmt.Sprintf("H%d", i), "R"} {
		if rapid.IntRange(0, 3).Draw(t, "asks") == 0 {
			add(0, "knob.set", `{"host":%q,"knob":"neigh_discovery","value":"1"}`, h)
		}
	}
	if rapid.Bool().Draw(t, "point to point") {
		return fmt.Sprintf(`"host":"R","nic":"eth%d"`, i)
	}
	add(0, "host.add", `{"id":"W%d","switch":true}`, i)
	add(0, "link.add", `{"id":"M%d","a":{"host":"W%d"},"b":{"host":"R","nic":"eth%d"},"delay_ns":1000000}`,
		i, i, i)
	add(0, "host.add", `{"id":"G%d","addr":"10.0.%d.3/24","addr6":"fd00:%d::3/64"}`, i, i, i)
	add(0, "link.add", `{"id":"N%d","a":{"host":"W%d"},"b":{"host":"G%d"}}`, i, i, i)
	add(0, "proc.start", `{"host":"G%d","id":"Q%d"}`, i, i)
	add(0, "socket", `{"proc":"Q%d","proto":"udp"}`, i)
	add(0, "bind", `{"proc":"Q%d","fd":3,"port":80}`, i)
	add(0, "setsockopt", `{"proc":"Q%d","fd":3,"option":"IP_ADD_MEMBERSHIP","text":"239.1.1.1"}`, i)
	return fmt.Sprintf(`"host":"W%d"`, i)
}

// drawLANCall draws what people do on a LAN.
func drawLANCall(t *rapid.T, hosts int) (op, args string) {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	host := rapid.IntRange(0, hosts-1).Draw(t, "host")
	proc := pick("proc", "P", "P", "Q")
	fd := rapid.IntRange(3, 5).Draw(t, "fd")
	self := fmt.Sprintf(`"proc":"%s%d","fd":%d`, proc, host, fd)
	switch op = pick("lan op", "sendto", "sendto", "sendto", "socket", "socket", "setsockopt",
		"setsockopt", "join", "join", "bind", "neigh.flush", "link.remove", "link.add", "link.set", "nic.remove",
		"host.remove", "connect", "knob.set"); op {
	case "sendto":
		return op, fmt.Sprintf(`{%s,"addr":%q,"port":80,"octets":%s}`, self, pick("to", "255.255.255.255",
			"10.0.0.255", "10.0.1.255", "239.1.1.1", "239.9.9.9", "ff02::1", "ff05::77", "10.0.0.3", "10.0.0.99",
			"fd00::3", "fd00::99"), pick("octets", "0", "10", "1472", "3000"))
	case "socket":
		return op, fmt.Sprintf(`{"proc":"%s%d","proto":"udp","family":%q}`, proc, host, pick("family", "ip4", "ip6"))
	case "setsockopt":
		return op, fmt.Sprintf(`{%s,"option":%q,"value":%s}`, self, pick("option", "SO_BROADCAST",
			"SO_BROADCAST", "SO_REUSEADDR", "IP_MULTICAST_TTL", "IP_MULTICAST_LOOP", "IPV6_MULTICAST_HOPS",
			"IPV6_MULTICAST_LOOP", "IP_MTU_DISCOVER"), pick("value", "0", "1", "1", "2", "255"))
	case "join":
		return "setsockopt", fmt.Sprintf(`{%s,"option":%q,"text":%q}`, self, pick("how",
			"IP_ADD_MEMBERSHIP", "IP_ADD_MEMBERSHIP", "IP_DROP_MEMBERSHIP", "IPV6_JOIN_GROUP",
			"IPV6_LEAVE_GROUP", "IP_MULTICAST_IF", "IPV6_MULTICAST_IF"),
			pick("group", "239.1.1.1", "239.9.9.9%eth0", "ff05::77", "ff02::1%eth0", "eth0", "10.0.0.2", ""))
	case "bind":
		return op, fmt.Sprintf(`{%s,"addr":%q,"port":80}`, self, pick("addr", "", "239.1.1.1", "10.0.0.255"))
	case "connect":
		return op, fmt.Sprintf(`{%s,"addr":%q,"port":80}`, self, pick("peer", "10.0.0.3", "10.0.0.99",
			"255.255.255.255", "239.1.1.1", "fd00::99"))
	case "neigh.flush":
		return op, fmt.Sprintf(`{"host":%q%s}`, pick("at", "R", "H0", "H1", "G0"),
			pick("of", "", `,"nic":"eth0"`, `,"addr":"10.0.0.3"`))
	case "link.remove":
		return op, fmt.Sprintf(`{"link":"%s%d"}`, pick("which", "M", "N", "L"), host)
	case "link.add":
		return op, fmt.Sprintf(`{"id":"%s%d","a":{"host":"%s%d"},"b":{"host":"W%d"},"delay_ns":%s}`,
			pick("which", "M", "N", "L", "Z"), host, pick("end", "W", "G", "H", "R"), host, host,
			pick("delay", "0", "5000000"))
	case "link.set":
		return op, fmt.Sprintf(`{"link":"%s%d","up":%s,"loss_ppm":%s,"dup_ppm":%s}`, pick("which", "M", "N", "L"),
			host, pick("up", "true", "false"), pick("loss", "0", "200000"), pick("dup", "0", "300000"))
	case "nic.remove":
		return op, fmt.Sprintf(`{"host":"%s%d","nic":"eth0"}`, pick("of", "G", "W", "H"), host)
	case "host.remove":
		if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 {
			return "bookmark", `{"at":1}`
		}
		return op, fmt.Sprintf(`{"host":"%s%d"}`, pick("who", "G", "W"), host)
	case "knob.set":
		return op, fmt.Sprintf(`{"host":"%s%d","knob":%q,"value":%q}`, pick("who", "G", "H"), host,
			pick("knob", "neigh_discovery", "neigh_discovery", "arp_notify", "dad_transmits", "bc_forwarding"),
			pick("value", "0", "1", "1"))
	}
	return op, fmt.Sprintf(`{%s}`, self)
}
