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

// yard is a switch with A, B, a bare host X and two routers, R and Q; only Q knows the way
// to S.
const yard = `
host.add {"id":"SW","switch":true}
host.add {"id":"R","forward":true}
host.add {"id":"Q","forward":true}
host.add {"id":"A","addr":"10.0.1.2/24"}
host.add {"id":"B","addr":"10.0.1.3/24"}
host.add {"id":"X","addr":"10.0.1.9/24","bare":true}
host.add {"id":"S","addr":"10.0.2.2/24"}
nic.add {"host":"R","nic":"eth0","addr":"10.0.1.1/24"}
nic.add {"host":"Q","nic":"eth0","addr":"10.0.1.4/24"}
nic.add {"host":"Q","nic":"eth1","addr":"10.0.2.1/24"}
link.add {"id":"LA","a":{"host":"A"},"b":{"host":"SW"},"delay_ns":1000000}
link.add {"id":"LB","a":{"host":"B"},"b":{"host":"SW"},"delay_ns":1000000}
link.add {"id":"LX","a":{"host":"X"},"b":{"host":"SW"},"delay_ns":1000000}
link.add {"id":"LR","a":{"host":"R"},"b":{"host":"SW"},"delay_ns":1000000}
link.add {"id":"LQ","a":{"host":"Q","nic":"eth0"},"b":{"host":"SW"},"delay_ns":1000000}
link.add {"id":"QS","a":{"host":"Q","nic":"eth1"},"b":{"host":"S"},"delay_ns":1000000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.1.4"}
route.add {"host":"R","dst":"0.0.0.0/0","via":"10.0.1.4"}
route.add {"host":"S","dst":"0.0.0.0/0","via":"10.0.2.1"}
proc.start {"host":"A","id":"a"}
`

func TestARouterAdvisesAShorterWay(t *testing.T) {
	const acts = `
@0 ping {"host":"A","addr":"S","count":3,"interval_ns":100000000}
@2000 traceroute {"host":"A","addr":"S","probes":1}`
	w := runScenario(t, yard, "@0 knob.set {\"host\":\"R\",\"knob\":\"ip_send_redirects\",\"value\":\"1\"}"+acts)
	redirects := 0
	for _, m := range told[event.ICMPSent](w) {
		if m.ICMP.Name == "redirect" {
			redirects++
			if m.ICMP.Gateway.String() != "10.0.1.4" || m.ICMP.Dst.String() != "10.0.1.2" {
				t.Errorf("%+v", m)
			}
		}
	}
	if redirects != 1 || ruled(w, rfc.RedirectTaken) != 1 {
		t.Errorf("%d redirects, %d taken", redirects, ruled(w, rfc.RedirectTaken))
	}
	if e := told[event.PingEnded](w)[0]; e.Received != 3 {
		t.Errorf("%+v", e)
	}
	if got := hops(w); len(got) == 0 || got[0] != "1 10.0.1.4 time exceeded" {
		t.Errorf("%q", got)
	}
	for _, w := range []*stack.World{
		runScenario(t, yard, strings.TrimPrefix(acts, "\n")),
		runScenario(t, yard, "@0 knob.set {\"host\":\"R\",\"knob\":\"ip_send_redirects\",\"value\":\"1\"}\n"+
			"@0 knob.set {\"host\":\"A\",\"knob\":\"ip_accept_redirects\",\"value\":\"0\"}"+acts),
	} {
		if ruled(w, rfc.RedirectTaken) != 0 || hops(w)[0] != "1 10.0.1.1 time exceeded" {
			t.Errorf("%q", hops(w))
		}
	}
}

// RFC 1122 §3.2.2.2: only the present first hop may advise, and only a neighbour.
func TestAForgedRedirectIsNotBelieved(t *testing.T) {
	for name, c := range map[string]struct{ src, gateway, about string }{
		"from another router":       {"10.0.1.4", "10.0.1.9", "10.0.2.2"},
		"to no neighbour":           {"10.0.1.1", "10.0.9.9", "10.0.2.2"},
		"to itself":                 {"10.0.1.1", "10.0.1.1", "10.0.2.2"},
		"about a connected network": {"10.0.1.1", "10.0.1.9", "10.0.1.3"},
	} {
		about := wire.IPv4{Src: netip.MustParseAddr("10.0.1.2"), Dst: netip.MustParseAddr(c.about), Proto: inet.UDP,
			TTL: 9, Payload: make([]byte, 8)}
		m := wire.ICMP{Type: wire.ICMPRedirect, Code: 1, Gateway: netip.MustParseAddr(c.gateway), Data: about.Append(nil)}
		h := wire.IPv4{Src: netip.MustParseAddr(c.src), Dst: about.Src, Proto: inet.ICMP, TTL: 9, Payload: m.Append(nil)}
		w := runScenario(t, yard, fmt.Sprintf("@0 packet.inject {\"host\":\"X\",\"base64\":%q}",
			base64.StdEncoding.EncodeToString(h.Append(nil))))
		if got := told[event.ICMPReceived](w); len(got) != 1 || got[0].ICMP.Name != "redirect" ||
			ruled(w, rfc.RedirectTaken) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestABroadcastPingIsAnsweredByAllWhoMay(t *testing.T) {
	for _, dst := range []string{"10.0.1.255", "255.255.255.255"} {
		acts := ""
		for _, h := range []string{"B", "R", "Q"} {
			acts += fmt.Sprintf("@0 knob.set {\"host\":%q,\"knob\":\"icmp_echo_ignore_broadcasts\",\"value\":\"0\"}\n", h)
		}
		w := runScenario(t, yard, acts+`@0 ping {"host":"A","addr":"`+dst+`","count":2,"timeout_ns":300000000}`)
		from := map[string]int{}
		for _, a := range told[event.PingAnswered](w) {
			from[a.From.String()]++
		}
		e := told[event.PingEnded](w)
		if len(from) != 3 || from["10.0.1.1"] != 2 || from["10.0.1.3"] != 2 || from["10.0.1.4"] != 2 ||
			len(e) != 1 || e[0].Received != 2 || e[0].Again != 4 || e[0].Lost != 0 {
			t.Errorf("%s: %v, %+v", dst, from, e)
		}
	}
	w := runScenario(t, yard, `@0 ping {"host":"A","addr":"10.0.1.255","count":1,"timeout_ns":300000000}`)
	if len(told[event.PingMissed](w)) != 1 || ruled(w, rfc.BroadcastEcho) == 0 {
		t.Error("somebody answered though nobody may by default")
	}
}

// RFC 1122 §3.3.4.2: the two models, seen by a ping to the address of another interface.
func TestAStrongHostTakesOnlyWhatCameInAtItsAddress(t *testing.T) {
	for strong, missed := range map[string]int{"0": 0, "1": 1} {
		w := runScenario(t, yard, `
@0 knob.set {"host":"Q","knob":"ip_strong_host","value":"`+strong+`"}
@0 ping {"host":"B","addr":"10.0.2.1","count":1}
@3000 ping {"host":"B","addr":"10.0.1.4","count":1}`)
		if got := len(told[event.PingMissed](w)); got != missed || ruled(w, rfc.StrongHost) != missed {
			t.Errorf("strong %s: %d missed", strong, got)
		}
	}
}

func TestNobodyListensToASourceThatIsNoHost(t *testing.T) {
	for _, c := range []struct {
		src, dst string
		rule     rfc.ID
	}{
		{"127.0.0.1", "10.0.1.2", rfc.NoHostSource}, {"224.0.0.5", "10.0.1.2", rfc.NoHostSource},
		{"255.255.255.255", "10.0.1.2", rfc.NoHostSource},
	} {
		w := runScenario(t, yard, "@0 "+forged(c.src, c.dst))
		if ruled(w, c.rule) != 1 || len(told[event.DatagramReceived](w)) != 0 || len(told[event.ICMPSent](w)) != 0 {
			t.Errorf("from %s: %d", c.src, ruled(w, c.rule))
		}
	}
	for dst, rule := range map[string]rfc.ID{"127.0.0.1": rfc.MartianDest, "::1": rfc.MartianDest6} {
		src := "10.0.3.2"
		if rule == rfc.MartianDest6 {
			src = "fd00:3::2"
		}
		w := runScenario(t, crossing, "@0 "+forged(src, dst))
		if ruled(w, rule) != 1 || len(told[event.DatagramReceived](w)) != 0 {
			t.Errorf("to %s from outside: %d", dst, ruled(w, rule))
		}
	}
	w := runScenario(t, crossing, "@0 "+forged("ff02::1", "fd00:3::1"))
	if ruled(w, rfc.NoHostSource6) != 1 {
		t.Error("from a group of IPv6")
	}
}

// conducting is what the knobs of IP's manners change.
func conducting() scenario {
	return scenario{"redirects-and-manners", 54, yard, `
@0 knob.set {"host":"R","knob":"ip_send_redirects","value":"1"}
@0 ping {"host":"A","addr":"S","count":2,"interval_ns":100000000}
@1000 knob.set {"host":"B","knob":"icmp_echo_ignore_broadcasts","value":"0"}
@1000 ping {"host":"A","addr":"10.0.1.255","count":1,"timeout_ns":300000000}
@2000 knob.set {"host":"Q","knob":"ip_strong_host","value":"1"}
@2000 ping {"host":"B","addr":"10.0.2.1","count":1,"timeout_ns":300000000}
@3000 ` + forged("127.0.0.1", "10.0.1.2"), 2e9}
}
