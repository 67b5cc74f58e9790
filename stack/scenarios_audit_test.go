package stack_test

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// What RFC 768, RFC 792, RFC 1122 §3 and §4.1, RFC 4443 and RFC 6633 ask of a host and a
// router beyond what has a scenario of its own.

// udpPair is a server's socket on B, port 7, and an unbound one of the client, both fd 3.
func udpPair(family string) string {
	return fmt.Sprintf(`
@0 socket {"proc":"server","proto":"udp","family":%q}
@0 bind {"proc":"server","fd":3,"port":7}
@0 setsockopt {"proc":"server","fd":3,"option":"SO_RCVBUF","value":200000}
@0 socket {"proc":"client","proto":"udp","family":%q}
`, family, family)
}

func TestADatagramIsAsLargeAsItsFamilyAllows(t *testing.T) {
	for _, c := range []struct {
		world, family, addr, option string
		most                        int
	}{
		{pair, "ip4", "10.0.2.2", "IP_MTU_DISCOVER", 65507},
		{strings.Replace(six, `,"mtu":1280`, "", 1), "ip6", "fd00:2::2", "IPV6_MTU_DISCOVER", 65527},
	} {
		w := runScenario(t, c.world, udpPair(c.family)+fmt.Sprintf(`
@0 setsockopt {"proc":"client","fd":3,"option":%q,"value":0}
@10 sendto {"proc":"client","fd":3,"addr":%q,"port":7,"octets":%d}
@20 sendto {"proc":"client","fd":3,"addr":%q,"port":7,"octets":%d}
@30 sendto {"proc":"client","fd":3,"addr":%q,"port":7,"octets":0}
@2000 recvfrom {"proc":"server","fd":3,"max":%d}
@2000 recvfrom {"proc":"server","fd":3}
`, c.option, c.addr, c.most, c.addr, c.most+1, c.addr, c.most))
		var got []int64
		for _, r := range told[event.CallReturned](w) {
			if r.Op == "recvfrom" && !r.Truncated {
				got = append(got, r.Value)
			}
		}
		// The empty datagram needs no fragments, so it overtakes the large one.
		if fmt.Sprint(got) != fmt.Sprintf("[0 %d]", c.most) && fmt.Sprint(got) != fmt.Sprintf("[%d 0]", c.most) {
			t.Errorf("%s: %v", c.family, got)
		}
		if f := told[event.CallFailed](w); len(f) != 1 || f[0].Errno != inet.EMSGSIZE ||
			ruled(w, rfc.UDPTooLong) != 1 {
			t.Errorf("%s: %+v", c.family, f)
		}
	}
}

// RFC 8201 §5.2: what a router says about a fragment is believed, and the next datagram is
// cut to fit.
func TestFragmentsOfIPv6FindTheNarrowLink(t *testing.T) {
	w := runScenario(t, six, udpPair("ip6")+`
@0 setsockopt {"proc":"client","fd":3,"option":"IPV6_MTU_DISCOVER","value":0}
@10 sendto {"proc":"client","fd":3,"addr":"fd00:2::2","port":7,"octets":4000}
@200 sendto {"proc":"client","fd":3,"addr":"fd00:2::2","port":7,"octets":4000}
`)
	learned, got := told[event.PathMTU](w), told[event.DatagramReceived](w)
	if len(learned) == 0 || learned[0].New != 1280 || len(got) != 1 || got[0].Dgram.Len != 4000 {
		t.Errorf("%+v, %+v", learned, got)
	}
}

func TestAShortBufferCutsADatagramOnce(t *testing.T) {
	w := runScenario(t, pair, udpPair("ip4")+`
@10 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":7,"octets":100}
@10 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":7,"octets":20}
@100 recv {"proc":"server","fd":3,"max":10}
@100 recv {"proc":"server","fd":3,"max":30,"flags":["trunc"]}
`)
	var got []string
	for _, r := range told[event.CallReturned](w) {
		if r.Op == "recv" {
			got = append(got, fmt.Sprint(r.Value, r.Truncated))
		}
	}
	if fmt.Sprint(got) != "[10 true 20 false]" {
		t.Errorf("%v", got)
	}
}

func TestAFullReceiveBufferShows(t *testing.T) {
	w := runScenario(t, pair, udpPair("ip4")+`
@0 setsockopt {"proc":"server","fd":3,"option":"SO_RCVBUF","value":256}
@10 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":7,"octets":400}
@10 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":7,"octets":400}
@10 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":7,"octets":1400}
@10 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":7,"octets":1400}
`)
	refused, v := told[event.DatagramRefused](w), w.View()
	waiting := 0
	for _, s := range v.Sockets {
		waiting += s.Datagrams
	}
	if len(refused) == 0 || len(refused)+waiting != 4 || ruled(w, rfc.UDPBuffer) != len(refused) {
		t.Errorf("%d refused, %d wait", len(refused), waiting)
	}
}

// RFC 768: no checksum is fine over IPv4. RFC 8200 §8.1: it is not over IPv6.
func TestADatagramWithoutAChecksumIsTakenOverIPv4Alone(t *testing.T) {
	for _, c := range []struct {
		src, dst string
		takes    bool
	}{{"10.0.3.2", "10.0.1.2", true}, {"fd00:3::2", "fd00:1::2", false}} {
		h := wire.IP{Src: netip.MustParseAddr(c.src), Dst: netip.MustParseAddr(c.dst), Proto: inet.UDP, TTL: 9}
		u := wire.UDP{SrcPort: 9, DstPort: 7, Data: []byte("bare")}
		h.Payload = u.Append(nil, h.Src, h.Dst)
		h.Payload[6], h.Payload[7] = 0, 0
		w := runScenario(t, crossing, `
@0 socket {"proc":"a","proto":"udp","family":"ip6"}
@0 bind {"proc":"a","fd":3,"port":7}
@10 packet.inject {"host":"X","base64":"`+base64.StdEncoding.EncodeToString(h.Append(nil))+`"}`)
		got := told[event.DatagramReceived](w)
		if (len(got) == 1) != c.takes || (ruled(w, rfc.UDPNoChecksum6) == 1) == c.takes {
			t.Errorf("from %s: %+v", c.src, got)
		}
	}
}

// RFC 1122 §4.1.3.3: errors reach the program of a connected socket, each once.
func TestAConnectedSocketIsToldOfErrors(t *testing.T) {
	for _, c := range []struct {
		name, route string
		errno       inet.Errno
	}{
		{"nobody listens", "", inet.ECONNREFUSED},
		{"an unreachable route", `"type":"unreachable"`, inet.EHOSTUNREACH},
		{"a prohibit route", `"type":"prohibit"`, inet.EHOSTUNREACH}, // Linux's EACCES is IPv6's
	} {
		route := ""
		if c.route != "" {
			route = `@0 route.add {"host":"R","dst":"10.0.2.2/32",` + c.route + "}\n"
		}
		w := runScenario(t, pair, route+`
@0 socket {"proc":"client","proto":"udp"}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":9}
@10 send {"proc":"client","fd":3,"text":"anybody?"}
@200 recv {"proc":"client","fd":3}
@300 send {"proc":"client","fd":3,"text":"still nobody?"}
@310 socket {"proc":"client","proto":"udp"}
@310 sendto {"proc":"client","fd":4,"addr":"10.0.2.2","port":9,"text":"unconnected"}
@600 sendto {"proc":"client","fd":4,"addr":"10.0.2.2","port":9,"text":"never told"}
`)
		f := told[event.CallFailed](w)
		if len(f) != 1 || f[0].Op != "recv" || f[0].Errno != c.errno {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

// RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f): errors are limited, and what is not sent shows.
func TestTheLimitOfErrorsShows(t *testing.T) {
	for world, to := range map[string]string{pair: "10.0.2.2", six: "fd00:2::2"} {
		family := "ip4"
		if strings.Contains(to, ":") {
			family = "ip6"
		}
		acts := fmt.Sprintf("@0 socket {\"proc\":\"client\",\"proto\":\"udp\",\"family\":%q}\n", family)
		for i := range 10 {
			acts += fmt.Sprintf("@%d sendto {\"proc\":\"client\",\"fd\":3,\"addr\":%q,\"port\":9,\"text\":\"x\"}\n", i, to)
		}
		w := runScenario(t, world, acts+fmt.Sprintf("@5000 sendto {\"proc\":\"client\",\"fd\":3,\"addr\":%q,\"port\":9,\"text\":\"x\"}", to))
		if sent, kept := len(told[event.ICMPSent](w)), len(told[event.ICMPSuppressed](w)); sent != 7 || kept != 4 {
			t.Errorf("%s: %d sent, %d not", to, sent, kept)
		}
	}
}

// message is the injection of an ICMP message from X to A.
func message(m wire.ICMP) string {
	h := wire.IPv4{Src: netip.MustParseAddr("10.0.3.2"), Dst: netip.MustParseAddr("10.0.1.2"),
		Proto: inet.ICMP, TTL: 9, Payload: m.Append(nil)}
	return fmt.Sprintf("packet.inject {\"host\":\"X\",\"base64\":%q}\n",
		base64.StdEncoding.EncodeToString(h.Append(nil)))
}

// RFC 1122 §3.2.2.8 leaves timestamps to choice, and nobody answers them here; RFC 6633 §3:
// a host "MUST NOT" react to source quench; RFC 1122 §3.2.2: unknown types are discarded.
func TestMessagesThatNobodyAnswers(t *testing.T) {
	for name, m := range map[string]wire.ICMP{
		"a timestamp request":     {Type: 13},
		"an information request":  {Type: 15},
		"an address mask request": {Type: 17},
		"source quench":           {Type: wire.ICMPSourceQuench, Data: make([]byte, 28)},
		"a type of nobody":        {Type: 99},
		"an unasked reply":        {Type: wire.ICMPEchoReply, ID: 1, Seq: 1},
	} {
		w := runScenario(t, crossing, "@0 "+message(m))
		if got := told[event.ICMPReceived](w); len(got) != 1 || len(told[event.ICMPSent](w)) != 1 {
			t.Errorf("%s: %+v", name, got) // the one sent is the one that X injected
		}
	}
}

// RFC 1122 §3.3.4.2: a weak host answers at each of its addresses wherever it is asked.
func TestAnEchoIsAnsweredAtEveryAddressOfItsOwn(t *testing.T) {
	for _, addr := range []string{"10.0.1.1", "10.0.2.1", "10.0.3.1", "fd00:1::1", "fd00:2::1"} {
		w := runScenario(t, crossing, `@0 ping {"host":"A","addr":"`+addr+`","count":1}`)
		if a := told[event.PingAnswered](w); len(a) != 1 || a[0].From.String() != addr {
			t.Errorf("%s: %+v", addr, a)
		}
	}
}

// RFC 6724 §5, RFC 1122 §3.3.4.3: the source is the address of the interface that the route
// leads to, of the destination's version; a socket that is bound keeps its own.
func TestTheSourceAddressIsTheRoutes(t *testing.T) {
	for dst, want := range map[string]string{"10.0.1.2": "10.0.1.1", "10.0.2.2": "10.0.2.1",
		"fd00:1::2": "fd00:1::1", "fd00:2::2": "fd00:2::1", "10.0.3.1": "10.0.3.1", "127.0.0.1": "127.0.0.1"} {
		w := runScenario(t, crossing, `@0 ping {"host":"R","addr":"`+dst+`","count":1}`)
		if s := told[event.PingStarted](w); len(s) != 1 || s[0].Src.String() != want {
			t.Errorf("to %s: %+v", dst, s)
		}
	}
	w := runScenario(t, crossing, `@0 ping {"host":"R","addr":"10.0.1.2","src":"10.0.2.1","count":1}`)
	if a := told[event.PingAnswered](w); len(a) != 1 {
		t.Errorf("from another address of its own: %+v", a)
	}
}

// RFC 792, RFC 1812 §5.3.1: each router counts, and the one at zero tells from the address
// that faces the sender.
func TestEachRouterTakesOneFromTheTTL(t *testing.T) {
	for ttl := 1; ttl <= 4; ttl++ {
		w := runScenario(t, home, fmt.Sprintf(`@0 ping {"host":"S","addr":"192.0.2.1","ttl":%d,"count":1}`, ttl))
		r, a := told[event.PingRefused](w), told[event.PingAnswered](w)
		switch {
		case ttl == 1 && (len(r) != 1 || r[0].From.String() != "198.51.100.1"):
			t.Errorf("TTL %d: %+v", ttl, r)
		case ttl > 1 && len(a) != 1:
			t.Errorf("TTL %d: %+v", ttl, r)
		}
	}
}

// Settings that no router can have are no commands, and change nothing.
func TestWhatARouterCannotBeToldIsRefused(t *testing.T) {
	w := runScenario(t, home, "")
	for args, code := range map[string]string{
		`{"host":"A","nic":"eth0","kind":"masquerade"}`:                 stack.CodeNotRouter,
		`{"host":"R","nic":"none","kind":"masquerade"}`:                 stack.CodeUnknownNIC,
		`{"host":"R","nic":"out","kind":"magic"}`:                       stack.CodeOutOfRange,
		`{"host":"R","nic":"out","kind":"masquerade","mapping":"any"}`:  stack.CodeOutOfRange,
		`{"host":"R","nic":"out","kind":"masquerade","port_low":70000}`: stack.CodeOutOfRange,
		`{"host":"R","nic":"out","kind":"masquerade","port_high":1000}`: stack.CodeOutOfRange,
		`{"host":"R","nic":"out","kind":"masquerade","udp_ns":1}`:       stack.CodeOutOfRange,
		`{"host":"Z","nic":"out","kind":"masquerade"}`:                  stack.CodeUnknownHost,
	} {
		refusedAs(t, w, "nat.set", args, code)
	}
	for args, code := range map[string]string{
		`{"host":"R","nic":"out","proto":"tcp","port":80,"to":"10.0.1.2:80"}`:  stack.CodeNoNAT,
		`{"host":"R","nic":"out","proto":"icmp","port":80,"to":"10.0.1.2:80"}`: stack.CodeOutOfRange,
		`{"host":"R","nic":"out","proto":"tcp","port":0,"to":"10.0.1.2:80"}`:   stack.CodeOutOfRange,
		`{"host":"R","nic":"out","proto":"tcp","port":80,"to":"[fd00::1]:80"}`: stack.CodeOutOfRange,
		`{"host":"R","nic":"out","proto":"tcp","port":80,"to":"nowhere"}`:      stack.CodeBadType,
	} {
		refusedAs(t, w, "nat.forward", args, code)
	}
}

func refusedAs(t *testing.T, w *stack.World, op, args, code string) {
	t.Helper()
	c, err := stack.ParseCommand(op, "", []byte(args))
	if err == nil {
		err = w.Check(c)
	}
	if e, ok := err.(*stack.ArgError); !ok || e.Code != code {
		t.Errorf("%s %s: %v, want %s", op, args, err, code)
	}
}
