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
	"labserver/stack/sim"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// home is two inside hosts behind a router that translates, and two hosts outside. Q stands
// between the router and S, T outside.
const home = `
host.add {"id":"R","forward":true}
host.add {"id":"Q","forward":true}
host.add {"id":"A","addr":"10.0.1.2/24"}
host.add {"id":"B","addr":"10.0.2.2/24"}
host.add {"id":"S","addr":"198.51.100.2/24"}
host.add {"id":"T","addr":"203.0.113.2/24"}
nic.add {"host":"R","nic":"in0","addr":"10.0.1.1/24"}
nic.add {"host":"R","nic":"in1","addr":"10.0.2.1/24"}
nic.add {"host":"R","nic":"out","addr":"192.0.2.1/24"}
nic.add {"host":"Q","nic":"r","addr":"192.0.2.9/24"}
nic.add {"host":"Q","nic":"s","addr":"198.51.100.1/24"}
nic.add {"host":"Q","nic":"t","addr":"203.0.113.1/24"}
link.add {"id":"AR","a":{"host":"A"},"b":{"host":"R","nic":"in0"},"delay_ns":1000000}
link.add {"id":"BR","a":{"host":"B"},"b":{"host":"R","nic":"in1"},"delay_ns":1000000}
link.add {"id":"RQ","a":{"host":"R","nic":"out"},"b":{"host":"Q","nic":"r"},"delay_ns":1000000}
link.add {"id":"QS","a":{"host":"Q","nic":"s"},"b":{"host":"S"},"delay_ns":1000000}
link.add {"id":"QT","a":{"host":"Q","nic":"t"},"b":{"host":"T"},"delay_ns":1000000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.2.1"}
route.add {"host":"R","dst":"0.0.0.0/0","via":"192.0.2.9"}
route.add {"host":"Q","dst":"10.0.0.0/8","via":"192.0.2.1"}
route.add {"host":"S","dst":"0.0.0.0/0","via":"198.51.100.1"}
route.add {"host":"T","dst":"0.0.0.0/0","via":"203.0.113.1"}
proc.start {"host":"A","id":"a"}
proc.start {"host":"B","id":"b"}
proc.start {"host":"S","id":"s"}
proc.start {"host":"T","id":"t"}
`

// masquerade switches translation on with what else is given.
func masquerade(more string) string {
	return "@0 nat.set {\"host\":\"R\",\"nic\":\"out\",\"kind\":\"masquerade\"" + more + "}\n"
}

// web is a connection from A to a server at S: a's fd 3, s's fd 4.
const web = `
@10 socket {"proc":"s","proto":"tcp"}
@10 bind {"proc":"s","fd":3,"port":80}
@10 listen {"proc":"s","fd":3}
@10 accept {"proc":"s","fd":3}
@10 socket {"proc":"a","proto":"tcp"}
@10 bind {"proc":"a","fd":3,"port":40001}
@10 connect {"proc":"a","fd":3,"addr":"198.51.100.2","port":80}
@100 send {"proc":"a","fd":3,"text":"hello"}
@100 recv {"proc":"s","fd":4}
@200 send {"proc":"s","fd":4,"text":"hello yourself"}
@200 recv {"proc":"a","fd":3}
`

// translating is what a NAT does for TCP, UDP and ICMP, and against whom.
func translating() scenario {
	return scenario{"nat", 51, home, masquerade(`,"udp_ns":3000000000,"icmp_ns":2000000000,"transitory_ns":4000000000`) + web + `
@250 socket {"proc":"t","proto":"tcp"}
@250 connect {"proc":"t","fd":3,"addr":"192.0.2.1","port":40001}
@290 proc.kill {"proc":"t"}
@295 proc.start {"host":"T","id":"t"}
@300 ping {"host":"A","addr":"S","count":1}
@400 ping {"host":"S","addr":"10.0.1.2","count":1,"timeout_ns":100000000}
@600 traceroute {"host":"A","addr":"S","probes":1}
@800 close {"proc":"a","fd":3}
@900 close {"proc":"s","fd":4}
@1000 socket {"proc":"a","proto":"udp"}
@1000 bind {"proc":"a","fd":3,"port":5000}
@1000 socket {"proc":"s","proto":"udp"}
@1000 bind {"proc":"s","fd":4,"port":5000}
@1000 socket {"proc":"t","proto":"udp"}
@1000 bind {"proc":"t","fd":3,"port":5000}
@1000 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":5000,"text":"to S"}
@1100 sendto {"proc":"t","fd":3,"addr":"192.0.2.1","port":5000,"text":"unasked"}
@1200 sendto {"proc":"t","fd":3,"addr":"192.0.2.1","port":5001,"text":"to nobody"}
@1300 socket {"proc":"t","proto":"tcp"}
@1300 nat.forward {"host":"R","nic":"out","proto":"tcp","port":8080,"to":"10.0.2.2:80"}
@1300 connect {"proc":"t","fd":4,"addr":"192.0.2.1","port":8080}
@1400 socket {"proc":"b","proto":"udp"}
@1400 bind {"proc":"b","fd":3,"port":5000}
@1400 sendto {"proc":"b","fd":3,"addr":"192.0.2.1","port":5000,"text":"round the corner"}
@1500 sendto {"proc":"a","fd":3,"addr":"192.0.2.1","port":1024,"text":"and back"}
@1600 nat.set {"host":"R","nic":"out","kind":"masquerade","hairpin":false}
@1600 sendto {"proc":"b","fd":3,"addr":"192.0.2.1","port":5000,"text":"no more"}
@1700 close {"proc":"a","fd":3}
@1750 sendto {"proc":"s","fd":4,"addr":"192.0.2.1","port":5000,"text":"too late"}
@2000 nat.forward {"host":"R","nic":"out","proto":"tcp","port":8080}
@9000 nat.set {"host":"R","nic":"out","kind":"off"}
`, 2e9}
}

// limits of the NAT: few ports, a mapping for each destination, what cannot be translated.
func translatingLittle() scenario {
	odd := wire.IPv4{Src: netip.MustParseAddr("10.0.3.2"), Dst: netip.MustParseAddr("198.51.100.2"),
		Proto: 89, TTL: 9, Payload: []byte("routes")}
	lost := wire.IPv4{Src: netip.MustParseAddr("10.0.3.2"), Dst: netip.MustParseAddr("198.51.100.2"),
		Proto: inet.ICMP, TTL: 9}
	unsent := wire.IPv4{Src: lost.Dst, Dst: lost.Src, Proto: inet.UDP, TTL: 9,
		Payload: []byte{0, 9, 0, 9, 0, 8, 0, 0}}
	about := wire.ICMP{Type: wire.ICMPDestUnreachable, Code: 3, Data: unsent.Append(nil)}
	lost.Payload = about.Append(nil)
	world := home + `
host.add {"id":"X","addr":"10.0.3.2/24","bare":true}
nic.add {"host":"R","nic":"in2","addr":"10.0.3.1/24"}
link.add {"id":"XR","a":{"host":"X"},"b":{"host":"R","nic":"in2"}}
route.add {"host":"X","dst":"0.0.0.0/0","via":"10.0.3.1"}
`
	return scenario{"nat-at-its-limits", 52, world, masquerade(
		`,"mapping":"address-and-port-dependent","filtering":"address-and-port-dependent","port_low":2000,"port_high":2002`) + `
@10 socket {"proc":"a","proto":"udp"}
@10 bind {"proc":"a","fd":3,"port":5000}
@10 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":1,"text":"one"}
@20 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":2,"text":"two"}
@30 sendto {"proc":"a","fd":3,"addr":"203.0.113.2","port":1,"text":"three"}
@40 sendto {"proc":"a","fd":3,"addr":"203.0.113.2","port":2,"text":"four"}
@50 setsockopt {"proc":"a","fd":3,"option":"IP_MTU_DISCOVER","value":0}
@60 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":1,"octets":4000}
@100 socket {"proc":"t","proto":"tcp"}
@100 nat.forward {"host":"R","nic":"out","proto":"tcp","port":2001,"to":"10.0.2.2:80"}
@110 connect {"proc":"t","fd":3,"addr":"192.0.2.1","port":2001}
` + fmt.Sprintf("@200 packet.inject {\"host\":\"X\",\"base64\":%q}\n@210 packet.inject {\"host\":\"X\",\"base64\":%q}\n",
		base64.StdEncoding.EncodeToString(odd.Append(nil)),
		base64.StdEncoding.EncodeToString(lost.Append(nil))), 2e9}
}

// router is the row of the one that translates.
func router(w *stack.World) *view.Host {
	v := w.View()
	return v.Host("R")
}

// table is the only NAT of a world's router.
func table(t *testing.T, w *stack.World) view.NAT {
	t.Helper()
	h := router(w)
	if len(h.NAT) != 1 {
		t.Fatalf("%d translations", len(h.NAT))
	}
	return h.NAT[0]
}

// rows writes a NAT's table: "udp 10.0.1.2:5000 > 192.0.2.1:5000".
func rows(n view.NAT) string {
	var lines []string
	for _, m := range n.Mappings {
		line := m.Proto + " " + m.Inside.String() + " > " + m.Outside.String()
		if m.Remote != (inet.Endpoint{}) {
			line += " for " + m.Remote.String()
		}
		if m.Static {
			line += " static"
		}
		lines = append(lines, strings.TrimSpace(line+" "+m.State))
	}
	return strings.Join(lines, "\n")
}

// whoAsked returns who sent the datagrams that reached a host.
func whoAsked(w *stack.World, host inet.HostID) (from []string) {
	for _, e := range w.Events().From(1) {
		if b, ok := e.Body.(event.DatagramReceived); ok && e.Host == host && b.Sock != "" {
			from = append(from, b.Dgram.Src.String())
		}
	}
	return from
}

// play0 plays acts without going on after the last.
func play0(t *testing.T, world, acts string, until int64) *stack.World {
	t.Helper()
	w, _ := scenario{"test", 7, world, acts, sim.Time(until) * 1e6}.play(t)
	return w
}

func TestAConnectionGoesThroughANATUnnoticed(t *testing.T) {
	w := play0(t, home, masquerade("")+web, 500)
	if got := rows(table(t, w)); got != "tcp 10.0.1.2:40001 > 192.0.2.1:40001 established" {
		t.Error(got)
	}
	for _, c := range w.View().Connections {
		if c.Host == "S" && (c.Remote.String() != "192.0.2.1:40001" || c.State != inet.Established) {
			t.Errorf("the server sees %+v", c)
		}
	}
	data := ""
	for _, r := range told[event.CallReturned](w) {
		if r.Op == "recv" {
			data += string(r.Data) + "."
		}
	}
	if data != "hello.hello yourself." {
		t.Errorf("%q", data)
	}
	sides := map[string]int{}
	for _, p := range told[event.PacketTranslated](w) {
		sides[p.Side]++
	}
	if sides["out"] == 0 || sides["in"] == 0 || sides["hairpin"] != 0 {
		t.Errorf("%v", sides)
	}
}

func TestTwoInsideHostsShareAnAddressButNoPort(t *testing.T) {
	w := play0(t, home, masquerade("")+`
@10 socket {"proc":"s","proto":"udp"}
@10 bind {"proc":"s","fd":3,"port":53}
@10 socket {"proc":"a","proto":"udp"}
@10 bind {"proc":"a","fd":3,"port":5001}
@10 socket {"proc":"b","proto":"udp"}
@10 bind {"proc":"b","fd":3,"port":5001}
@10 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":53,"text":"a"}
@20 sendto {"proc":"b","fd":3,"addr":"198.51.100.2","port":53,"text":"b"}
`, 500)
	// RFC 4787 REQ-4: the second port is another one of the same parity.
	if got := rows(table(t, w)); got != "udp 10.0.1.2:5001 > 192.0.2.1:5001\n"+
		"udp 10.0.2.2:5001 > 192.0.2.1:1025" {
		t.Error(got)
	}
	if got := fmt.Sprint(whoAsked(w, "S")); got != "[192.0.2.1:5001 192.0.2.1:1025]" {
		t.Error(got)
	}
}

// RFC 4787 §4.1: the three ways of mapping, seen by two ports of one host and another host.
func TestMappingsDependOnWhatTheyAreSetTo(t *testing.T) {
	for mapping, want := range map[string]int{"endpoint-independent": 1, "address-dependent": 2,
		"address-and-port-dependent": 3} {
		w := play0(t, home, masquerade(`,"mapping":"`+mapping+`"`)+`
@10 socket {"proc":"a","proto":"udp"}
@10 bind {"proc":"a","fd":3,"port":5000}
@10 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":1,"text":"a"}
@20 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":2,"text":"b"}
@30 sendto {"proc":"a","fd":3,"addr":"203.0.113.2","port":1,"text":"c"}
`, 100)
		if n := table(t, w); len(n.Mappings) != want {
			t.Errorf("%s:\n%s", mapping, rows(n))
		}
	}
}

// RFC 4787 §5: who may answer a mapping that was made towards port 1000 of S.
func TestFiltersLetInWhomTheyAreSetTo(t *testing.T) {
	for filtering, want := range map[string]string{
		"endpoint-independent":       "[198.51.100.2:1000 198.51.100.2:1001 203.0.113.2:1000]",
		"address-dependent":          "[198.51.100.2:1000 198.51.100.2:1001]",
		"address-and-port-dependent": "[198.51.100.2:1000]",
	} {
		w := play0(t, home, masquerade(`,"filtering":"`+filtering+`"`)+`
@10 socket {"proc":"a","proto":"udp"}
@10 bind {"proc":"a","fd":3,"port":5000}
@10 socket {"proc":"s","proto":"udp"}
@10 bind {"proc":"s","fd":3,"port":1000}
@10 socket {"proc":"s","proto":"udp"}
@10 bind {"proc":"s","fd":4,"port":1001}
@10 socket {"proc":"t","proto":"udp"}
@10 bind {"proc":"t","fd":3,"port":1000}
@10 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":1000,"text":"open"}
@100 sendto {"proc":"s","fd":3,"addr":"192.0.2.1","port":5000,"text":"1"}
@110 sendto {"proc":"s","fd":4,"addr":"192.0.2.1","port":5000,"text":"2"}
@120 sendto {"proc":"t","fd":3,"addr":"192.0.2.1","port":5000,"text":"3"}
`, 500)
		if got := fmt.Sprint(whoAsked(w, "A")); got != want {
			t.Errorf("%s: %s", filtering, got)
		}
	}
}

// RFC 4787 REQ-5, REQ-6: a mapping of UDP lives as long as something goes out by it.
func TestAMappingLivesAsLongAsItIsUsed(t *testing.T) {
	acts := masquerade(`,"udp_ns":2000000000,"inbound_refresh":%v`) + `
@10 socket {"proc":"a","proto":"udp"}
@10 bind {"proc":"a","fd":3,"port":5000}
@10 socket {"proc":"s","proto":"udp"}
@10 bind {"proc":"s","fd":3,"port":1000}
@10 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":1000,"text":"open"}
@1500 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":1000,"text":"again"}
@3000 sendto {"proc":"s","fd":3,"addr":"192.0.2.1","port":5000,"text":"an answer"}
`
	for refresh, gone := range map[bool]int64{false: 3501, true: 5002} {
		w := play0(t, home, fmt.Sprintf(acts, refresh), 9000)
		var at int64
		for _, e := range w.Events().From(1) {
			if _, ok := e.Body.(event.NATExpired); ok && e.Rule == rfc.NATTimeoutUDP {
				at = int64(e.T) / 1e6
			}
		}
		if at != gone {
			t.Errorf("inbound refresh %v: gone at %d ms", refresh, at)
		}
		if n := table(t, w); len(n.Mappings) != 0 {
			t.Error(rows(n))
		}
	}
}

// RFC 5382 REQ-5: established connections and others live by different timers.
func TestTCPMappingsLiveByTheirState(t *testing.T) {
	w := play0(t, home, masquerade(`,"established_ns":60000000000,"transitory_ns":5000000000`)+web+`
@1000 close {"proc":"a","fd":3}
@1100 recv {"proc":"s","fd":4}
@1200 close {"proc":"s","fd":4}
`, 60_000)
	var states []string
	for _, c := range told[event.NATChanged](w) {
		states = append(states, c.New)
	}
	if fmt.Sprint(states) != "[established transitory]" || ruled(w, rfc.NATTimeoutTCP) != 1 {
		t.Errorf("%v, %d ran out", states, ruled(w, rfc.NATTimeoutTCP))
	}
}

func TestAForwardedPortOpensAnInsideServer(t *testing.T) {
	w := play0(t, home, masquerade("")+`
@0 nat.forward {"host":"R","nic":"out","proto":"tcp","port":8080,"to":"10.0.2.2:80"}
@10 socket {"proc":"b","proto":"tcp"}
@10 bind {"proc":"b","fd":3,"port":80}
@10 listen {"proc":"b","fd":3}
@10 accept {"proc":"b","fd":3}
@10 socket {"proc":"t","proto":"tcp"}
@10 connect {"proc":"t","fd":3,"addr":"192.0.2.1","port":8080}
@100 send {"proc":"t","fd":3,"text":"let me in"}
@100 recv {"proc":"b","fd":4}
`, 500)
	if got := rows(table(t, w)); got != "tcp 10.0.2.2:80 > 192.0.2.1:8080 static established" {
		t.Error(got)
	}
	for _, c := range w.View().Connections {
		if c.Host == "T" && (c.Remote.String() != "192.0.2.1:8080" || c.State != inet.Established) {
			t.Errorf("the client sees %+v", c)
		}
	}
}

// RFC 4787 REQ-9: two inside hosts reach each other by outside endpoints, and see those.
func TestInsideHostsMeetByTheirOutsideAddress(t *testing.T) {
	acts := masquerade(`,"filtering":"address-and-port-dependent"`) + `
@10 socket {"proc":"a","proto":"udp"}
@10 bind {"proc":"a","fd":3,"port":5000}
@10 socket {"proc":"b","proto":"udp"}
@10 bind {"proc":"b","fd":3,"port":6000}
@10 sendto {"proc":"a","fd":3,"addr":"192.0.2.1","port":6000,"text":"open"}
@20 sendto {"proc":"b","fd":3,"addr":"192.0.2.1","port":5000,"text":"open"}
@30 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":1,"text":"a mapping"}
@40 sendto {"proc":"b","fd":3,"addr":"198.51.100.2","port":1,"text":"a mapping"}
@50 sendto {"proc":"b","fd":3,"addr":"192.0.2.1","port":5000,"text":"open"}
@60 sendto {"proc":"a","fd":3,"addr":"192.0.2.1","port":6000,"text":"hello"}
@70 sendto {"proc":"b","fd":3,"addr":"192.0.2.1","port":5000,"text":"hello yourself"}
`
	w := play0(t, home, acts, 500)
	if a, b := fmt.Sprint(whoAsked(w, "A")), fmt.Sprint(whoAsked(w, "B")); a != "[192.0.2.1:6000]" ||
		b != "[192.0.2.1:5000]" {
		t.Errorf("A hears %s, B %s", a, b)
	}
	w = play0(t, home, strings.Replace(acts, `"filtering"`, `"hairpin":false,"filtering"`, 1), 500)
	if len(whoAsked(w, "A"))+len(whoAsked(w, "B")) != 0 || ruled(w, rfc.NATNoHairpin) != 3 {
		t.Errorf("%d, with hairpinning off", ruled(w, rfc.NATNoHairpin))
	}
}

// RFC 5508 REQ-4: the quoted packet is written back, so that the sender knows it.
func TestErrorsAboutTranslatedPacketsComeHome(t *testing.T) {
	w := play0(t, home, masquerade("")+`
@10 socket {"proc":"a","proto":"udp"}
@10 bind {"proc":"a","fd":3,"port":5000}
@10 connect {"proc":"a","fd":3,"addr":"198.51.100.2","port":9}
@20 send {"proc":"a","fd":3,"text":"anybody?"}
@100 recv {"proc":"a","fd":3}
@200 traceroute {"host":"A","addr":"S","probes":1}
@300 ping {"host":"A","addr":"S","ttl":2,"count":1}
`, 3000)
	failed := told[event.CallFailed](w)
	if len(failed) != 1 || failed[0].Errno != inet.ECONNREFUSED {
		t.Errorf("%+v", failed)
	}
	if got := strings.Join(hops(w), ", "); got != "1 10.0.1.1 time exceeded, 2 192.0.2.9 time exceeded, "+
		"3 198.51.100.2 port unreachable" {
		t.Error(got)
	}
	if r := told[event.PingRefused](w); len(r) != 1 || r[0].From.String() != "192.0.2.9" {
		t.Errorf("%+v", r)
	}
}

// RFC 4787 REQ-13, RFC 1191: a path that is too narrow beyond the NAT is found through it.
func TestPathMTUDiscoveryWorksThroughANAT(t *testing.T) {
	narrow := strings.Replace(home, `"198.51.100.1/24"`, `"198.51.100.1/24","mtu":1000`, 1)
	w := play0(t, narrow, masquerade("")+web+`
@300 send {"proc":"a","fd":3,"octets":20000}
@2000 recv {"proc":"s","fd":4,"max":100000}
`, 5000)
	learned := told[event.PathMTU](w)
	if len(learned) != 1 || learned[0].New != 1000 {
		t.Errorf("%+v", learned)
	}
	got := int64(0)
	for _, r := range told[event.CallReturned](w) {
		if r.Op == "recv" && r.Value > 100 {
			got += r.Value
		}
	}
	if got != 20000 {
		t.Errorf("%d octets", got)
	}
}

// RFC 4787 REQ-14: a datagram in pieces is put together, translated and cut again.
func TestFragmentsAreTranslatedAsOne(t *testing.T) {
	w := play0(t, home, masquerade("")+`
@10 socket {"proc":"a","proto":"udp"}
@10 bind {"proc":"a","fd":3,"port":5000}
@10 setsockopt {"proc":"a","fd":3,"option":"IP_MTU_DISCOVER","value":0}
@10 socket {"proc":"s","proto":"udp"}
@10 bind {"proc":"s","fd":3,"port":7}
@10 setsockopt {"proc":"s","fd":3,"option":"IP_MTU_DISCOVER","value":0}
@10 sendto {"proc":"a","fd":3,"addr":"198.51.100.2","port":7,"octets":5000}
@100 sendto {"proc":"s","fd":3,"addr":"192.0.2.1","port":5000,"octets":5000}
`, 500)
	if got := fmt.Sprint(whoAsked(w, "S"), whoAsked(w, "A")); got != "[192.0.2.1:5000] [198.51.100.2:7]" {
		t.Error(got)
	}
	for _, d := range told[event.DatagramReceived](w) {
		if d.Dgram.Len != 5000 {
			t.Errorf("%+v", d)
		}
	}
}

func TestANATWithoutAPortLeftSaysSo(t *testing.T) {
	w := play0(t, home, masquerade(`,"port_low":2000,"port_high":2001`)+`
@10 ping {"host":"A","addr":"S","count":1}
@20 ping {"host":"A","addr":"S","count":1}
@30 ping {"host":"B","addr":"S","count":1}
`, 3000)
	if got := rows(table(t, w)); got != "icmp 10.0.1.2:1 > 192.0.2.1:2001\nicmp 10.0.1.2:2 > 192.0.2.1:2000" {
		t.Error(got)
	}
	r := told[event.PingRefused](w)
	if len(r) != 1 || r[0].Reason != "administratively prohibited" || ruled(w, rfc.NATExhausted) != 2 {
		t.Errorf("%+v", r)
	}
}

func TestNobodyComesInUnasked(t *testing.T) {
	w := play0(t, home, masquerade("")+`
@10 socket {"proc":"t","proto":"tcp"}
@10 connect {"proc":"t","fd":3,"addr":"10.0.1.2","port":80}
@20 socket {"proc":"t","proto":"tcp"}
@20 connect {"proc":"t","fd":4,"addr":"192.0.2.1","port":5000}
@30 socket {"proc":"a","proto":"tcp"}
@30 bind {"proc":"a","fd":3,"port":6000}
@30 connect {"proc":"a","fd":3,"addr":"198.51.100.2","port":81}
@50 socket {"proc":"t","proto":"tcp"}
@50 connect {"proc":"t","fd":5,"addr":"192.0.2.1","port":6000}
`, 500)
	for _, rule := range []rfc.ID{rfc.NATHidden, rfc.NATUnmapped, rfc.NATFilterTCP} {
		if ruled(w, rule) == 0 {
			t.Errorf("%s does not show", rule)
		}
	}
	for _, c := range w.View().Connections {
		if c.Host != "T" {
			t.Errorf("%+v", c)
		}
	}
}

func TestTheRouterItselfIsReachedAsBefore(t *testing.T) {
	w := play0(t, home, masquerade("")+`
@10 ping {"host":"S","addr":"192.0.2.1","count":1}
@20 ping {"host":"R","addr":"S","count":1}
@30 ping {"host":"A","addr":"10.0.1.1","count":1}
@40 ping {"host":"A","addr":"192.0.2.1","count":1}
@50 ping {"host":"A","addr":"10.0.2.2","count":1}
`, 3000)
	if n := len(told[event.PingAnswered](w)); n != 5 || len(told[event.PacketTranslated](w)) != 0 {
		t.Errorf("%d answers, %d packets translated", n, len(told[event.PacketTranslated](w)))
	}
}

func TestWhatIsSwitchedOffTranslatesNothing(t *testing.T) {
	w := play0(t, home, masquerade("")+web+`
@300 nat.set {"host":"R","nic":"out","kind":"off"}
@400 ping {"host":"A","addr":"S","count":1,"timeout_ns":100000000}
`, 3000)
	last := told[event.ICMPReceived](w)
	if router(w).NAT != nil || len(last) != 2 || last[0].ICMP.Src.String() != "10.0.1.2" {
		t.Errorf("%+v, %+v", router(w).NAT, last)
	}
	w = play0(t, home, masquerade("")+web+`
@300 nic.remove {"host":"R","nic":"out"}
`, 3000)
	if router(w).NAT != nil {
		t.Errorf("%+v", router(w).NAT)
	}
}
