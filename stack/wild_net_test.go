package stack_test

import (
	"fmt"

	"pgregory.net/rapid"
)

// drawNet draws what people do to the network between the hosts: pings, traceroutes, routes
// that refuse, and what a router translates.
func drawNet(t *rapid.T, hosts int) (op, args string) {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	host := rapid.IntRange(0, hosts-1).Draw(t, "host")
	who := fmt.Sprintf(pick("who", `"host":"H%d"`, `"proc":"P%d"`), host)
	to := pick("to", "H0", "H1", "R", "router", "X", "10.0.0.2", "10.0.1.1", "fd00:1::2", "127.0.0.1", "::1",
		"10.0.1.255", "255.255.255.255", "10.77.0.1", "fd77::1")
	switch op = pick("net op", "ping", "ping", "ping", "traceroute", "interrupt", "nat.set", "nat.set",
		"nat.forward", "route.add", "route.remove"); op {
	case "ping":
		return op, fmt.Sprintf(`{%s,"addr":%q,"count":%s,"size":%s,"df":%s,"timeout_ns":%s,"interval_ns":%s%s}`,
			who, to, pick("count", "1", "3"), pick("size", "0", "56", "1000", "1472", "5000"),
			pick("df", "true", "false"), pick("timeout", "1000000", "300000000"),
			pick("interval", "1000000", "100000000"), pick("ttl", "", "", `,"ttl":1`, `,"src":"10.0.0.2"`))
	case "traceroute":
		return op, fmt.Sprintf(`{%s,"addr":%q,"probes":%s,"proto":%q,"timeout_ns":100000000,"max_hops":4}`, who, to,
			pick("probes", "1", "2"), pick("proto", "udp", "icmp"))
	case "interrupt":
		return op, fmt.Sprintf(`{"call":"k%d"}`, rapid.IntRange(1, 40).Draw(t, "call"))
	case "nat.set":
		return op, drawNAT(t, hosts)
	case "nat.forward":
		return op, fmt.Sprintf(`{"host":"R","nic":"eth%d","proto":%q,"port":%s%s}`, host,
			pick("proto", "tcp", "udp"), pick("port", "80", "5000", "1024"),
			pick("forward", "", `,"to":"10.0.0.2:80"`, `,"to":"10.0.1.2:80"`, `,"to":"10.0.1.1:80"`))
	case "route.add":
		return op, fmt.Sprintf(`{"host":%q,"dst":%q,"type":%q}`, pick("at", "R", "H0", "H1"),
			pick("dst", "10.0.1.0/24", "10.0.0.0/8", "10.0.1.2/32", "fd00:1::/64", "::/0"),
			pick("type", "blackhole", "unreachable", "prohibit"))
	}
	return op, fmt.Sprintf(`{"host":%q,"dst":%q}`, pick("at", "R", "H0", "H1"),
		pick("dst", "10.0.1.0/24", "10.0.0.0/8", "10.0.1.2/32", "fd00:1::/64", "::/0"))
}

// drawNAT draws how the router translates on one of its interfaces.
func drawNAT(t *rapid.T, hosts int) string {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	ways := []string{"endpoint-independent", "address-dependent", "address-and-port-dependent"}
	return fmt.Sprintf(`{"host":"R","nic":"eth%d","kind":%q,"mapping":%q,"filtering":%q,"port_low":%s,`+
		`"port_high":%s,"hairpin":%s,"inbound_refresh":%s,"udp_ns":%s,"transitory_ns":%s,"established_ns":%s,`+
		`"icmp_ns":%s}`, rapid.IntRange(0, hosts-1).Draw(t, "outside"),
		pick("kind", "masquerade", "masquerade", "off"), pick("mapping", ways...), pick("filtering", ways...),
		pick("low", "1", "1024", "5000"), pick("high", "5001", "65535"), pick("hairpin", "true", "false"),
		pick("refresh", "true", "false"), pick("udp", "1000000", "5000000000"),
		pick("transitory", "50000000", "240000000000"), pick("established", "100000000", "7440000000000"),
		pick("icmp", "1000000", "60000000000"))
}
