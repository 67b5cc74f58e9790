package stack_test

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// crossing is a router between A and B, of both versions, and a bare host X beside them.
const crossing = `
host.add {"id":"R","forward":true}
host.add {"id":"A","addr":"10.0.1.2/24","addr6":"fd00:1::2/64"}
host.add {"id":"B","addr":"10.0.2.2/24","addr6":"fd00:2::2/64"}
host.add {"id":"X","addr":"10.0.3.2/24","addr6":"fd00:3::2/64","bare":true}
nic.add {"host":"R","nic":"a","addr":"10.0.1.1/24","addr6":"fd00:1::1/64"}
nic.add {"host":"R","nic":"b","addr":"10.0.2.1/24","addr6":"fd00:2::1/64"}
nic.add {"host":"R","nic":"x","addr":"10.0.3.1/24","addr6":"fd00:3::1/64"}
link.add {"id":"AR","a":{"host":"A"},"b":{"host":"R","nic":"a"},"delay_ns":1000000}
link.add {"id":"BR","a":{"host":"B"},"b":{"host":"R","nic":"b"},"delay_ns":1000000}
link.add {"id":"XR","a":{"host":"X"},"b":{"host":"R","nic":"x"},"delay_ns":1000000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"A","dst":"::/0","via":"fd00:1::1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.2.1"}
route.add {"host":"B","dst":"::/0","via":"fd00:2::1"}
route.add {"host":"X","dst":"0.0.0.0/0","via":"10.0.3.1"}
route.add {"host":"X","dst":"::/0","via":"fd00:3::1"}
proc.start {"host":"A","id":"a"}
`

// forged is the injection of a datagram from X with the addresses given.
func forged(src, dst string) string {
	h := wire.IP{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Proto: inet.UDP, TTL: 9}
	u := wire.UDP{SrcPort: 9, DstPort: 9, Data: []byte("forged")}
	h.Payload = u.Append(nil, h.Src, h.Dst)
	return fmt.Sprintf("packet.inject {\"host\":\"X\",\"base64\":%q}\n",
		base64.StdEncoding.EncodeToString(h.Append(nil)))
}

// closedWays is routes that refuse, and packets that a router must not pass on.
func closedWays() scenario {
	return scenario{"closed-ways", 53, crossing, `
@0 route.add {"host":"R","dst":"10.8.0.0/16","type":"blackhole"}
@0 route.add {"host":"R","dst":"10.9.0.0/16","type":"unreachable"}
@0 route.add {"host":"R","dst":"10.10.0.0/16","type":"prohibit"}
@0 route.add {"host":"R","dst":"fd09::/16","type":"unreachable"}
@0 route.add {"host":"R","dst":"fd0a::/16","type":"prohibit"}
@0 route.add {"host":"A","dst":"10.7.0.0/16","type":"unreachable"}
@10 ping {"host":"A","addr":"10.8.0.1","count":1,"timeout_ns":100000000}
@200 ping {"host":"A","addr":"10.9.0.1","count":1}
@300 ping {"host":"A","addr":"10.10.0.1","count":1}
@400 ping {"host":"A","addr":"fd09::1","count":1}
@500 ping {"host":"A","addr":"fd0a::1","count":1}
@600 ping {"host":"A","addr":"10.7.0.1","count":1}
@700 route.remove {"host":"R","dst":"10.9.0.0/16"}
@800 ` + forged("127.0.0.1", "10.0.2.2") + "@810 " + forged("10.0.3.2", "240.0.0.1") +
		"@820 " + forged("::1", "fd00:2::2") + "@830 " + forged("fd00:3::2", "::1") +
		"@840 " + forged("fe80::1", "fd00:2::2") + "@850 " + forged("ff02::1", "fd00:3::1"), 2e9}
}

func TestRoutesMayRefuseWhatTheyMatch(t *testing.T) {
	for kind, want := range map[string]struct {
		reason string
		errno  inet.Errno
	}{
		"blackhole":   {"", inet.EINVAL},
		"unreachable": {"host unreachable", inet.EHOSTUNREACH},
		"prohibit":    {"administratively prohibited", inet.EACCES},
	} {
		w := runScenario(t, crossing, `
@0 route.add {"host":"R","dst":"10.8.0.0/16","type":"`+kind+`"}
@0 ping {"host":"A","addr":"10.8.0.1","count":1}
@5000 route.add {"host":"A","dst":"10.8.0.0/24","type":"`+kind+`"}
@5000 ping {"host":"A","addr":"10.8.0.1","count":1}
@5000 socket {"proc":"a","proto":"tcp"}
@5000 connect {"proc":"a","fd":3,"addr":"10.8.0.1","port":80}
@6000 route.remove {"host":"A","dst":"10.8.0.0/24"}
@6000 route.remove {"host":"R","dst":"10.8.0.0/16"}
@6000 ping {"host":"A","addr":"10.8.0.1","count":1}`)
		var reasons []string
		for _, r := range told[event.PingRefused](w) {
			reasons = append(reasons, r.Reason)
		}
		expect := "[network unreachable]"
		if want.reason != "" {
			expect = "[" + want.reason + " network unreachable]"
		}
		failed := told[event.CallFailed](w)
		if fmt.Sprint(reasons) != expect || len(failed) != 2 || failed[0].Errno != want.errno ||
			failed[1].Errno != want.errno {
			t.Errorf("%s: %v, %+v", kind, reasons, failed)
		}
	}
}

// RFC 1812 §5.2.4.3: the longest prefix wins; the earlier of two routes that are alike.
func TestTheLongestPrefixWins(t *testing.T) {
	w := runScenario(t, crossing, `
@0 route.add {"host":"R","dst":"10.8.0.0/16","type":"prohibit"}
@0 route.add {"host":"R","dst":"10.8.1.0/24","via":"10.0.2.2"}
@0 route.add {"host":"R","dst":"0.0.0.0/0","type":"unreachable"}
@0 route.add {"host":"R","dst":"10.8.2.0/24","type":"blackhole"}
@0 route.add {"host":"R","dst":"10.8.2.0/24","via":"10.0.2.2"}
@0 ping {"host":"A","addr":"10.8.0.1","count":1}
@3000 ping {"host":"A","addr":"10.8.1.1","count":1}
@6000 ping {"host":"A","addr":"10.8.2.1","count":1}
@9000 ping {"host":"A","addr":"11.0.0.1","count":1}`)
	if n := ruled(w, rfc.NotForUs); n != 1 { // B, to which only the third leads
		t.Errorf("%d packets reached B", n)
	}
	if ruled(w, rfc.RouteProhibit) != 2 || ruled(w, rfc.RouteBlackhole) != 1 || ruled(w, rfc.RouteUnreachable) != 2 {
		t.Error("another route was taken")
	}
}

func TestARouterPassesOnNoMartians(t *testing.T) {
	for _, c := range []struct {
		src, dst string
		rule     rfc.ID
		told     bool
	}{
		{"127.0.0.1", "10.0.2.2", rfc.MartianSource, false},
		{"0.0.0.0", "10.0.2.2", rfc.MartianSource, false},
		{"224.0.0.1", "10.0.2.2", rfc.MartianSource, false},
		{"255.255.255.255", "10.0.2.2", rfc.MartianSource, false},
		{"10.0.3.2", "0.0.0.1", rfc.MartianDest, false},
		{"10.0.3.2", "240.0.0.1", rfc.MartianDest, false},
		{"::", "fd00:2::2", rfc.MartianSource6, false},
		{"ff02::1", "fd00:2::2", rfc.MartianSource6, false},
		{"fe80::1", "fd00:2::2", rfc.LinkLocalOnly, false}, // nobody knows the way back
		{"fd00:3::2", "fe80::9", rfc.LinkLocalOnly, false},
		{"fd00:3::2", "fd00:2::2", "", true},
	} {
		w := runScenario(t, crossing, "@0 "+forged(c.src, c.dst))
		drops, answers := told[event.PacketDropped](w), told[event.ICMPSent](w)
		if c.rule == "" {
			if len(drops) != 0 {
				t.Errorf("%s → %s: %+v", c.src, c.dst, drops)
			}
			continue
		}
		if ruled(w, c.rule) == 0 || (len(answers) > 0) != c.told {
			t.Errorf("%s → %s: %+v, %+v", c.src, c.dst, drops, answers)
		}
	}
}

func TestARouteThatIsNoneIsRefusedAsACommand(t *testing.T) {
	w := runScenario(t, crossing, "")
	for args, code := range map[string]string{
		`{"host":"A","dst":"10.8.0.0/16"}`:                                    stack.CodeMissing,
		`{"host":"A","dst":"10.8.0.0/16","type":"magic"}`:                     stack.CodeOutOfRange,
		`{"host":"A","dst":"10.8.0.0/16","type":"prohibit","via":"10.0.1.1"}`: stack.CodeBadType,
		`{"host":"A","dst":"10.8.0.0/16","type":"unicast","via":"10.0.9.1"}`:  stack.CodeUnreachable,
		`{"host":"A","dst":"fd00::/16","type":"unicast","via":"10.0.1.1"}`:    stack.CodeBadType,
		`{"host":"A","dst":"0.0.0.0/0","type":"unicast","via":"10.0.1.1"}`:    stack.CodeTaken,
	} {
		c, err := stack.ParseCommand("route.add", "", []byte(args))
		if err == nil {
			err = w.Check(c)
		}
		if e, ok := err.(*stack.ArgError); !ok || e.Code != code {
			t.Errorf("%s: %v, want %s", args, err, code)
		}
	}
}

// RFC 1191, RFC 8201: the smallest link of three is found from end to end, in two steps, by
// TCP and by a program that asks with IP_MTU_DISCOVER.
func TestTheNarrowestOfThreeLinksIsFound(t *testing.T) {
	const world = `
host.add {"id":"R","forward":true}
host.add {"id":"Q","forward":true}
host.add {"id":"A","addr":"10.0.1.2/24"}
host.add {"id":"B","addr":"10.0.3.2/24"}
nic.add {"host":"R","nic":"a","addr":"10.0.1.1/24"}
nic.add {"host":"R","nic":"q","addr":"10.0.2.1/24","mtu":1300}
nic.add {"host":"Q","nic":"r","addr":"10.0.2.2/24","mtu":1300}
nic.add {"host":"Q","nic":"b","addr":"10.0.3.1/24","mtu":900}
link.add {"id":"AR","a":{"host":"A"},"b":{"host":"R","nic":"a"},"delay_ns":1000000}
link.add {"id":"RQ","a":{"host":"R","nic":"q"},"b":{"host":"Q","nic":"r"},"delay_ns":1000000}
link.add {"id":"QB","a":{"host":"Q","nic":"b"},"b":{"host":"B"},"delay_ns":1000000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"R","dst":"0.0.0.0/0","via":"10.0.2.2"}
route.add {"host":"Q","dst":"0.0.0.0/0","via":"10.0.2.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.3.1"}
proc.start {"host":"A","id":"a"}
proc.start {"host":"B","id":"b"}
`
	w := runScenario(t, world, `
@0 socket {"proc":"b","proto":"udp"}
@0 bind {"proc":"b","fd":3,"port":7}
@0 socket {"proc":"a","proto":"udp"}
@0 connect {"proc":"a","fd":3,"addr":"10.0.3.2","port":7}
@10 send {"proc":"a","fd":3,"octets":1400}
@20 send {"proc":"a","fd":3,"octets":1272}
@30 send {"proc":"a","fd":3,"octets":1272}
@40 send {"proc":"a","fd":3,"octets":1273}
@50 send {"proc":"a","fd":3,"octets":872}
@60 setsockopt {"proc":"a","fd":3,"option":"IP_MTU_DISCOVER","value":1}
@70 send {"proc":"a","fd":3,"octets":1400}
@80 setsockopt {"proc":"a","fd":3,"option":"IP_MTU_DISCOVER","value":3}
@90 send {"proc":"a","fd":3,"octets":873}`)
	var sizes, got []int
	for _, m := range told[event.PathMTU](w) {
		if m.New > 0 {
			sizes = append(sizes, m.New)
		}
	}
	for _, d := range told[event.DatagramReceived](w) {
		got = append(got, d.Dgram.Len)
	}
	// 1400 draws a message from R, and its error is reported by the next send; 1272 one
	// from Q. With DONT and WANT too large datagrams go in pieces.
	if fmt.Sprint(sizes) != "[1300 900]" {
		t.Errorf("learned %v", sizes)
	}
	if fmt.Sprint(got) != "[872 1400]" {
		t.Errorf("received %v", got)
	}
}
