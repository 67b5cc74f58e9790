package stack_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// threeOnASwitch is one LAN: A, B and C on a switch, with a process each.
const threeOnASwitch = `
host.add {"id":"S","switch":true}
host.add {"id":"A","addr":"10.0.0.1/24","addr6":"fd00::1/64"}
host.add {"id":"B","addr":"10.0.0.2/24","addr6":"fd00::2/64"}
host.add {"id":"C","addr":"10.0.0.3/24","addr6":"fd00::3/64"}
link.add {"id":"SA","a":{"host":"S"},"b":{"host":"A"},"delay_ns":1000000}
link.add {"id":"SB","a":{"host":"S"},"b":{"host":"B"},"delay_ns":1000000}
link.add {"id":"SC","a":{"host":"S"},"b":{"host":"C"},"delay_ns":1000000}
proc.start {"host":"A","id":"a"}
proc.start {"host":"B","id":"b"}
proc.start {"host":"C","id":"c"}
`

// asking has all three find their neighbours by asking.
const asking = `
knob.set {"host":"A","knob":"neigh_discovery","value":"1"}
knob.set {"host":"B","knob":"neigh_discovery","value":"1"}
knob.set {"host":"C","knob":"neigh_discovery","value":"1"}
`

// routed is two LANs with a router between them; C sits behind it alone.
const routed = threeOnASwitch + `
host.add {"id":"R","forward":true}
nic.add {"host":"R","nic":"lan","addr":"10.0.0.254/24","addr6":"fd00::fe/64"}
nic.add {"host":"R","nic":"far","addr":"10.0.9.1/24","addr6":"fd00:9::1/64"}
host.add {"id":"D","addr":"10.0.9.2/24","addr6":"fd00:9::2/64"}
link.add {"id":"SR","a":{"host":"S"},"b":{"host":"R","nic":"lan"},"delay_ns":1000000}
link.add {"id":"RD","a":{"host":"R","nic":"far"},"b":{"host":"D"},"delay_ns":1000000}
route.add {"host":"D","dst":"0.0.0.0/0","via":"10.0.9.1"}
route.add {"host":"D","dst":"::/0","via":"fd00:9::1"}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.0.254"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.0.254"}
proc.start {"host":"D","id":"d"}
proc.start {"host":"R","id":"r"}
`

// lanScenarios are the golden runs of LANs.
func lanScenarios() []scenario {
	return []scenario{
		{"lan-switch", 51, threeOnASwitch, switching, 2e9},
		{"lan-arp", 52, threeOnASwitch + asking, resolving, 130e9},
		{"lan-neighbour-discovery", 53, threeOnASwitch + asking, discovering, 100e9},
		{"lan-broadcast", 54, routed, broadcasting, 2e9},
		{"lan-multicast", 55, routed, multicasting(), 2e9},
	}
}

// switching: learning, flooding, filtering, ageing, a host that moves, a cable pulled.
const switching = `
@0 socket {"proc":"a","proto":"udp"}
@0 socket {"proc":"b","proto":"udp"}
@0 bind {"proc":"b","fd":3,"port":53}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"who is there?"}
@10 sendto {"proc":"b","fd":3,"addr":"10.0.0.1","port":9,"text":"b"}
@20 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"known now"}
@30 sendto {"proc":"a","fd":3,"addr":"10.0.0.77","port":53,"text":"nobody"}
@40 socket {"proc":"c","proto":"tcp"}
@40 connect {"proc":"c","fd":3,"addr":"10.0.0.1","port":80}
@50 link.remove {"link":"SA"}
@60 link.add {"id":"SA2","a":{"host":"S","nic":"new"},"b":{"host":"A"},"delay_ns":1000000}
@70 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"moved"}
@80 link.set {"link":"SA2","up":false}
@81 link.set {"link":"SB","up":false}
@90 link.set {"link":"SA2","up":true}
@90 host.add {"id":"S2","switch":true}
@91 link.add {"id":"SS","a":{"host":"S"},"b":{"host":"S2"}}
@92 host.add {"id":"J","addr":"10.0.0.9/24"}
@92 nic.add {"host":"S2","nic":"jumbo","mtu":9000}
@92 proc.start {"host":"J","id":"j"}
@93 link.add {"a":{"host":"S2","nic":"jumbo"},"b":{"host":"J"}}
@94 socket {"proc":"j","proto":"udp"}
@94 sendto {"proc":"j","fd":3,"addr":"10.0.0.1","port":7,"text":"over two switches"}
@95 setsockopt {"proc":"j","fd":3,"option":"SO_BROADCAST","value":1}
@95 socket {"proc":"c","proto":"udp"}
@95 sendto {"proc":"c","fd":4,"addr":"10.0.0.9","port":7,"text":"c is behind the first"}
@96 link.set {"link":"SC","up":false}
@97 link.set {"link":"SC","up":true}
@97 sendto {"proc":"a","fd":3,"addr":"10.0.0.3","port":7,"text":"flooded by the first, filtered by the second"}
@98 host.add {"id":"K"}
@98 nic.add {"host":"K","addr":"10.0.0.10/24","mtu":9000}
@98 proc.start {"host":"K","id":"k"}
@98 link.add {"a":{"host":"S2"},"b":{"host":"K"}}
@98 socket {"proc":"k","proto":"udp"}
@98 link.remove {"link":"SA2"}
@99 link.add {"a":{"host":"S2"},"b":{"host":"A"},"delay_ns":1000000}
@99 sendto {"proc":"a","fd":3,"addr":"10.0.0.9","port":7,"text":"moved to the second switch"}
@99 sendto {"proc":"k","fd":3,"addr":"10.0.0.1","port":7,"octets":4000}
@100 link.remove {"link":"SS"}
@101 host.remove {"host":"A"}
@101 host.remove {"host":"K"}
@102 sendto {"proc":"j","fd":3,"addr":"10.0.0.255","port":7,"text":"alone"}
@400000 bookmark {"at":1}
`

// resolving: ARP asked, answered, aged, polled, failed; a queue that is full; a flush; an
// announcement; two hosts with one address.
const resolving = `
@0 socket {"proc":"a","proto":"udp"}
@0 socket {"proc":"b","proto":"udp"}
@0 bind {"proc":"b","fd":3,"port":53}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"1"}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"2"}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"3"}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"4"}
@100 sendto {"proc":"b","fd":3,"addr":"10.0.0.1","port":9,"text":"back"}
@1000 connect {"proc":"a","fd":3,"addr":"10.0.0.77","port":53}
@1000 send {"proc":"a","fd":3,"text":"nobody there"}
@1000 socket {"proc":"c","proto":"tcp"}
@1000 connect {"proc":"c","fd":3,"addr":"10.0.0.88","port":80}
@5000 send {"proc":"a","fd":3,"text":"told now"}
@62000 sendto {"proc":"b","fd":3,"addr":"10.0.0.1","port":9,"text":"stale, but used"}
@70000 neigh.flush {"host":"A"}
@70000 knob.set {"host":"B","knob":"arp_notify","value":"1"}
@70000 link.set {"link":"SB","up":false}
@70100 link.set {"link":"SB","up":true}
@70200 host.add {"id":"E","addr":"10.0.0.2/24"}
@70200 knob.set {"host":"E","knob":"arp_notify","value":"1"}
@70300 link.add {"id":"SE","a":{"host":"S"},"b":{"host":"E"}}
@70350 link.rules {"link":"SC","rules":[{"proto":"arp","action":"corrupt","bit":0}]}
@70350 neigh.flush {"host":"C"}
@70350 socket {"proc":"c","proto":"udp"}
@70350 sendto {"proc":"c","fd":4,"addr":"10.0.0.1","port":9,"text":"nobody understands"}
@70400 knob.set {"host":"B","knob":"neigh_discovery","value":"0"}
`

// discovering: the same for IPv6, with duplicate address detection.
const discovering = `
@0 socket {"proc":"a","proto":"udp","family":"ip6"}
@0 socket {"proc":"b","proto":"udp","family":"ip6"}
@0 bind {"proc":"b","fd":3,"port":53}
@0 sendto {"proc":"a","fd":3,"addr":"fd00::2","port":53,"text":"1"}
@100 connect {"proc":"a","fd":3,"addr":"fd00::77","port":53}
@100 send {"proc":"a","fd":3,"text":"nobody there"}
@33000 sendto {"proc":"b","fd":3,"addr":"fd00::1","port":9,"text":"stale, but used"}
@45000 knob.set {"host":"C","knob":"arp_notify","value":"1"}
@45000 link.set {"link":"SC","up":false}
@45100 link.set {"link":"SC","up":true}
@45200 knob.set {"host":"C","knob":"dad_transmits","value":"1"}
@45200 link.set {"link":"SC","up":false}
@45300 link.set {"link":"SC","up":true}
@45400 socket {"proc":"c","proto":"udp","family":"ip6"}
@45400 sendto {"proc":"c","fd":3,"addr":"fd00::1","port":53,"text":"too early"}
@47000 host.add {"id":"E","addr":"fd00::2/64"}
@47000 knob.set {"host":"E","knob":"dad_transmits","value":"1"}
@47000 link.add {"id":"SE","a":{"host":"S"},"b":{"host":"E"}}
@49000 neigh.flush {"host":"A","addr":"fd00::2"}
@49000 host.add {"id":"X","addr":"fd00::66/64","bare":true}
@49000 link.add {"a":{"host":"S"},"b":{"host":"X"}}
@49000 packet.inject {"host":"X","base64":"YAAAAAAYOkD9AAAAAAAAAAAAAAAAAABm/wIAAAAAAAAAAAAB/wAAAYcAgD4AAAAA/QAAAAAAAAAAAAAAAAAAAQ=="}
`

// broadcasting: with leave and without, to sockets that share a port, and to a router.
const broadcasting = `
@0 socket {"proc":"a","proto":"udp"}
@0 bind {"proc":"a","fd":3,"port":67}
@0 sendto {"proc":"a","fd":3,"addr":"255.255.255.255","port":67,"text":"no leave"}
@0 setsockopt {"proc":"a","fd":3,"option":"SO_BROADCAST","value":1}
@0 socket {"proc":"b","proto":"udp"}
@0 setsockopt {"proc":"b","fd":3,"option":"SO_REUSEADDR","value":1}
@0 bind {"proc":"b","fd":3,"port":67}
@0 socket {"proc":"b","proto":"udp"}
@0 setsockopt {"proc":"b","fd":4,"option":"SO_REUSEADDR","value":1}
@0 bind {"proc":"b","fd":4,"port":67}
@0 sendto {"proc":"a","fd":3,"addr":"255.255.255.255","port":67,"text":"to all"}
@100 sendto {"proc":"a","fd":3,"addr":"10.0.0.255","port":67,"text":"to this network"}
@100 sendto {"proc":"a","fd":3,"addr":"0.0.0.0","port":67,"text":"to nobody"}
@200 socket {"proc":"d","proto":"udp"}
@200 setsockopt {"proc":"d","fd":3,"option":"SO_BROADCAST","value":1}
@200 sendto {"proc":"d","fd":3,"addr":"10.0.0.255","port":67,"text":"from outside"}
@300 knob.set {"host":"R","knob":"bc_forwarding","value":"1"}
@300 sendto {"proc":"d","fd":3,"addr":"10.0.0.255","port":67,"text":"let in"}
@400 ping {"host":"A","addr":"10.0.0.255","count":1,"timeout_ns":100000000}
@500 host.add {"id":"X","addr":"10.0.0.66/24","bare":true}
@500 link.add {"id":"SX","a":{"host":"S"},"b":{"host":"X"}}
@500 packet.inject {"host":"X","base64":"RQAAFAABAABAWWVQCgAAQgoAAP8="}
`

// multicasting: two members of three hosts, groups nobody joined, IPv6, and a router.
func multicasting() string {
	return `
@0 socket {"proc":"a","proto":"udp"}
@0 socket {"proc":"b","proto":"udp"}
@0 bind {"proc":"b","fd":3,"port":5000}
@0 setsockopt {"proc":"b","fd":3,"option":"IP_ADD_MEMBERSHIP","text":"239.1.1.1"}
@0 setsockopt {"proc":"b","fd":3,"option":"IP_ADD_MEMBERSHIP","text":"239.1.1.1%eth0"}
@0 setsockopt {"proc":"b","fd":3,"option":"IP_ADD_MEMBERSHIP","text":"10.0.0.1"}
@0 setsockopt {"proc":"b","fd":3,"option":"IP_ADD_MEMBERSHIP","text":"239.1.1.1%eth7"}
@0 setsockopt {"proc":"b","fd":3,"option":"IP_DROP_MEMBERSHIP","text":"239.9.9.9"}
@0 socket {"proc":"c","proto":"udp"}
@0 bind {"proc":"c","fd":3,"port":5000}
@0 setsockopt {"proc":"c","fd":3,"option":"IP_ADD_MEMBERSHIP","text":"239.1.1.1%10.0.0.3"}
@0 sendto {"proc":"a","fd":3,"addr":"239.1.1.1","port":5000,"text":"to the group"}
@100 setsockopt {"proc":"c","fd":3,"option":"IP_DROP_MEMBERSHIP","text":"239.1.1.1"}
@100 sendto {"proc":"a","fd":3,"addr":"239.1.1.1","port":5000,"text":"to one"}
@200 sendto {"proc":"b","fd":3,"addr":"239.1.1.1","port":5000,"text":"to myself too"}
@300 setsockopt {"proc":"a","fd":3,"option":"IP_MULTICAST_TTL","value":0}
@300 setsockopt {"proc":"a","fd":3,"option":"IP_MULTICAST_IF","text":"eth0"}
@300 sendto {"proc":"a","fd":3,"addr":"239.1.1.1","port":5000,"text":"stays"}
@400 socket {"proc":"b","proto":"udp","family":"ip6"}
@400 bind {"proc":"b","fd":4,"port":5001}
@400 setsockopt {"proc":"b","fd":4,"option":"IPV6_JOIN_GROUP","text":"ff05::77%eth0"}
@400 socket {"proc":"a","proto":"udp","family":"ip6"}
@400 sendto {"proc":"a","fd":4,"addr":"ff05::77","port":5001,"text":"six"}
@500 ping {"host":"A","addr":"ff02::1","count":1,"timeout_ns":100000000}
@600 close {"proc":"b","fd":3}
@650 socket {"proc":"c","proto":"udp"}
` + strings.Join(joins(21), "") + `
@700 nic.remove {"host":"B","nic":"eth0"}
`
}

// joins returns so many lines that join a group each.
func joins(n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("\n@650 setsockopt "+
			`{"proc":"c","fd":4,"option":"IP_ADD_MEMBERSHIP","text":"239.2.2.%d"}`, i+1))
	}
	return lines
}

// receivers returns at which hosts a datagram with this text was received.
func receivers(w *stack.World, text string) string {
	var at []string
	for _, e := range w.Events().From(1) {
		switch b := e.Body.(type) {
		case event.DatagramReceived:
			if string(b.Dgram.Data) == text {
				at = append(at, string(e.Host))
			}
		case event.DatagramCopied:
			at = append(at, string(e.Host)+"+")
		}
	}
	return strings.Join(at, " ")
}

// arrivals returns the hosts at which packets came off a link, in order.
func arrivals(w *stack.World) string {
	var at []string
	for _, e := range w.Events().From(1) {
		if e.Kind() == "packet.arrived" {
			at = append(at, string(e.Host))
		}
	}
	return strings.Join(at, " ")
}

// folds holds law L3 at the end of a run.
func folds(t *testing.T, w *stack.World) {
	t.Helper()
	v := view.New()
	for _, e := range w.Events().From(1) {
		view.Reduce(&v, e)
	}
	if got := w.View(); !reflect.DeepEqual(v, got) {
		t.Errorf("folded   %s\nsnapshot %s", show(v), show(got))
	}
}

// refusal returns the code with which a world refuses a command.
func refusal(t *testing.T, w *stack.World, op, args string) string {
	t.Helper()
	c, err := stack.ParseCommand(op, "", json.RawMessage(args))
	if err == nil {
		err = w.Check(c)
	}
	if err == nil {
		return ""
	}
	return err.(*stack.ArgError).Code
}

func TestEveryGoldenRunOfALANFoldsToItsWorld(t *testing.T) {
	for _, s := range lanScenarios() {
		w, _ := s.play(t)
		folds(t, w)
	}
}

func TestASwitchFloodsUntilItHasLearned(t *testing.T) {
	w := runScenario(t, threeOnASwitch, `
@0 socket {"proc":"a","proto":"udp"}
@0 socket {"proc":"b","proto":"udp"}
@0 bind {"proc":"b","fd":3,"port":53}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"x"}
@10 sendto {"proc":"b","fd":3,"addr":"10.0.0.1","port":9,"text":"y"}
@20 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"z"}`)
	// The first is flooded to B and C; the answer (and the ICMP error about it) and the
	// second go to their hosts only.
	if got := arrivals(w); got != "S B C S A S B S B" {
		t.Error(got)
	}
	if ruled(w, rfc.SwitchFlood) != 3 { // a copy, two departures
		t.Error(ruled(w, rfc.SwitchFlood))
	}
	h := w.View().Hosts[0]
	want := []view.MAC{{MAC: "02:00:00:00:00:01", Port: "eth0"}, {MAC: "02:00:00:00:00:02", Port: "eth1"}}
	if !h.Switch || len(h.NICs) != 3 || ruled(w, rfc.OtherMAC) != 1 || len(told[event.MACLearned](w)) != 2 {
		t.Errorf("%+v, want %v", h, want)
	}
}

func TestASwitchForgetsWhatItHasNotSeenForLong(t *testing.T) {
	w, _ := scenario{"test", 7, threeOnASwitch, `
@0 socket {"proc":"a","proto":"udp"}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"x"}
@200000 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"x"}`, 299e9}.play(t)
	if got := told[event.MACForgotten](w); len(got) != 0 {
		t.Fatalf("%v: each frame confirms", got)
	}
	w.Advance(w.Now() + 2e9)
	if len(w.View().Hosts[0].MACs) != 0 || ruled(w, rfc.SwitchAge) != 2 { // A, and B that answers
		t.Error(w.View().Hosts[0].MACs)
	}
}

func TestARingOfSwitchesIsRefused(t *testing.T) {
	w := runScenario(t, threeOnASwitch+`
host.add {"id":"S2","switch":true}
host.add {"id":"S3","switch":true}
link.add {"a":{"host":"S"},"b":{"host":"S2"}}
link.add {"a":{"host":"S2"},"b":{"host":"S3"}}
host.add {"id":"Q","addr":"10.7.0.1/24"}`, "")
	for args, code := range map[string]string{
		`{"a":{"host":"S3"},"b":{"host":"S"}}`:              stack.CodeSwitchLoop,
		`{"a":{"host":"S"},"b":{"host":"S2"}}`:              stack.CodeSwitchLoop,
		`{"a":{"host":"Q"},"b":{"host":"S3"}}`:              stack.CodeOtherNetwork,
		`{"a":{"host":"S3","nic":"eth0"},"b":{"host":"Q"}}`: stack.CodeNICBusy,
	} {
		if got := refusal(t, w, "link.add", args); got != code {
			t.Errorf("%s: %q", args, got)
		}
	}
	for op, args := range map[string]string{"proc.start": `{"host":"S"}`,
		"nic.add": `{"host":"S","addr":"10.0.0.8/24"}`, "host.add": `{"switch":true,"addr":"10.0.0.8/24"}`,
		"knob.set": `{"host":"S","knob":"neigh_discovery","value":"1"}`, "ping": `{"host":"S","addr":"A"}`,
		"traceroute": `{"host":"A","addr":"S"}`} {
		if got := refusal(t, w, op, args); got != stack.CodeSwitch {
			t.Errorf("%s %s: %q", op, args, got)
		}
	}
}

func TestAPacketWaitsForAnARPReply(t *testing.T) {
	w := runScenario(t, threeOnASwitch+asking, `
@0 socket {"proc":"a","proto":"udp"}
@0 socket {"proc":"b","proto":"udp"}
@0 bind {"proc":"b","fd":3,"port":53}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"first"}`)
	asked, parked := told[event.ARPSent](w), told[event.PacketParked](w)
	if len(asked) != 2 || asked[0].ARP.Op != "request" || asked[1].ARP.Op != "reply" || len(parked) != 1 {
		t.Fatalf("%+v %+v", asked, parked)
	}
	if got := receivers(w, "first"); got != "B" {
		t.Error(got)
	}
	states := ""
	for _, e := range w.Events().From(1) {
		if b, ok := e.Body.(event.NeighbourChanged); ok && e.Host == "A" {
			states += b.Old + ">" + b.New + " "
		}
	}
	if states != ">INCOMPLETE INCOMPLETE>REACHABLE REACHABLE>STALE STALE> " {
		t.Error(states)
	}
}

func TestOnlyThreePacketsWaitForANeighbour(t *testing.T) {
	w := runScenario(t, threeOnASwitch+asking, `
@0 socket {"proc":"a","proto":"udp"}
@0 socket {"proc":"b","proto":"udp"}
@0 bind {"proc":"b","fd":3,"port":53}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"1"}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"2"}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"3"}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"4"}`)
	if receivers(w, "1") != "" || receivers(w, "2") != "B" || receivers(w, "4") != "B" ||
		ruled(w, rfc.ARPQueueFull) != 1 {
		t.Error("the oldest of four makes room for the newest")
	}
}

func TestWhoDoesNotAnswerIsUnreachable(t *testing.T) {
	for family, addr := range map[string]string{"ip4": "10.0.0.77", "ip6": "fd00::77"} {
		w := runScenario(t, threeOnASwitch+asking, `
@0 socket {"proc":"a","proto":"udp","family":"`+family+`"}
@0 connect {"proc":"a","fd":3,"addr":"`+addr+`","port":53}
@0 send {"proc":"a","fd":3,"text":"x"}
@0 socket {"proc":"c","proto":"tcp","family":"`+family+`"}
@0 connect {"proc":"c","fd":3,"addr":"`+addr+`","port":80}
@4000 send {"proc":"a","fd":3,"text":"y"}`)
		failed := told[event.CallFailed](w)
		if len(failed) < 1 || failed[len(failed)-1].Errno != inet.EHOSTUNREACH {
			t.Errorf("%s: %+v", family, failed)
		}
		hosts := map[string]int{}
		for _, e := range w.Events().From(1) {
			switch b := e.Body.(type) {
			case event.ARPSent:
				hosts[string(e.Host)]++
			case event.ICMPSent:
				if b.ICMP.Target.IsValid() {
					hosts[string(e.Host)]++
				}
			}
		}
		if hosts["A"] != 3 || hosts["C"] < 3 {
			t.Errorf("%s: asked %v times", family, hosts)
		}
	}
}

func TestAStaleNeighbourIsUsedAndThenPolled(t *testing.T) {
	for family, addr := range map[string]string{"ip4": "10.0.0.2", "ip6": "fd00::2"} {
		w, _ := scenario{"test", 7, threeOnASwitch + asking, `
@0 socket {"proc":"a","proto":"udp","family":"` + family + `"}
@0 sendto {"proc":"a","fd":3,"addr":"` + addr + `","port":53,"text":"x"}
@62000 sendto {"proc":"a","fd":3,"addr":"` + addr + `","port":53,"text":"y"}`, 10e9}.play(t)
		states := ""
		for _, e := range w.Events().From(1) {
			if b, ok := e.Body.(event.NeighbourChanged); ok && e.Host == "A" {
				states += b.New + " "
			}
		}
		if states != "INCOMPLETE REACHABLE STALE DELAY PROBE REACHABLE " {
			t.Errorf("%s: %s", family, states)
		}
	}
}

func TestNeighbourDiscoveryAsksAGroup(t *testing.T) {
	w := runScenario(t, threeOnASwitch+asking, `
@0 socket {"proc":"a","proto":"udp","family":"ip6"}
@0 socket {"proc":"b","proto":"udp","family":"ip6"}
@0 bind {"proc":"b","fd":3,"port":53}
@0 sendto {"proc":"a","fd":3,"addr":"fd00::2","port":53,"text":"six"}`)
	sent := told[event.ICMPSent](w)
	if len(sent) < 2 || sent[0].ICMP.Dst.String() != "ff02::1:ff00:2" || sent[1].ICMP.Flags != "SO" ||
		sent[1].ICMP.MAC != "02:00:00:00:00:02" || sent[0].ICMP.Target.String() != "fd00::2" {
		t.Fatalf("%+v", sent)
	}
	if receivers(w, "six") != "B" || ruled(w, rfc.GroupOther6) != 1 { // C passes it over
		t.Error("not one answer")
	}
}

func TestTwoHostsWithOneAddressAreNoticed(t *testing.T) {
	w := runScenario(t, threeOnASwitch+asking+`
host.add {"id":"E","addr":"10.0.0.2/24"}
knob.set {"host":"E","knob":"arp_notify","value":"1"}
link.add {"a":{"host":"S"},"b":{"host":"E"}}
host.add {"id":"F","addr":"fd00::2/64"}
knob.set {"host":"F","knob":"dad_transmits","value":"1"}
link.add {"a":{"host":"S"},"b":{"host":"F"}}
proc.start {"host":"F","id":"f"}`, `
@0 bookmark {"at":1}`)
	if ruled(w, rfc.ARPConflict) != 1 || ruled(w, rfc.DADFound) != 1 {
		t.Error("nobody noticed")
	}
	for _, h := range w.View().Hosts {
		if h.ID == "F" && h.NICs[0].State != "duplicate" {
			t.Errorf("%+v", h.NICs)
		}
	}
}

func TestABroadcastReachesEverySocketOfTheLANAndNoOther(t *testing.T) {
	w := runScenario(t, routed, broadcasting)
	for text, want := range map[string]string{"no leave": "", "from outside": ""} {
		if got := receivers(w, text); strings.Trim(got, "ABCR+ ") != "" || strings.Contains(got, "D") ||
			want == "" && len(strings.ReplaceAll(got, "B+", "")) != strings.Count(got, " ") {
			t.Errorf("%s: %q", text, got)
		}
	}
	if f := told[event.CallFailed](w); len(f) != 2 || f[0].Errno != inet.EACCES {
		t.Errorf("%+v", f)
	}
	// A hears itself; B's two sockets get one each; C and the router have nobody.
	heard := map[string]int{}
	for _, e := range w.Events().From(1) {
		switch b := e.Body.(type) {
		case event.DatagramReceived:
			heard[string(e.Host)+" "+string(b.Dgram.Data)]++
		case event.DatagramCopied:
			heard[string(e.Host)+" copies"]++
		}
	}
	want := map[string]int{"A to all": 1, "B to all": 1, "A to this network": 1, "B to this network": 1,
		"A let in": 1, "B let in": 1, "B copies": 3}
	if !reflect.DeepEqual(heard, want) {
		t.Errorf("%v", heard)
	}
	if ruled(w, rfc.BroadcastDirected) != 1 || ruled(w, rfc.BroadcastEcho) == 0 ||
		ruled(w, rfc.GroupTCP) == 0 || ruled(w, rfc.BroadcastLimited) != 1 {
		t.Error("a rule is missing")
	}
	if ruled(w, rfc.UDPUnreachable) != 0 {
		t.Error("an ICMP error about a broadcast")
	}
}

func TestAGroupIsItsMembers(t *testing.T) {
	w := runScenario(t, routed, multicasting())
	for text, want := range map[string]string{"to the group": "B C", "to one": "B", "to myself too": "B",
		"stays": "", "six": "B"} {
		if got := receivers(w, text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	var errnos []inet.Errno
	for _, f := range told[event.CallFailed](w) {
		if f.Op == "setsockopt" {
			errnos = append(errnos, f.Errno)
		}
	}
	want := []inet.Errno{inet.EADDRINUSE, inet.EINVAL, inet.ENODEV, inet.EADDRNOTAVAIL,
		inet.ENOBUFS}
	if !reflect.DeepEqual(errnos, want) {
		t.Error(errnos)
	}
	if ruled(w, rfc.GroupRouter) == 0 || ruled(w, rfc.GroupStays) != 1 || ruled(w, rfc.GroupLoop) != 1 {
		t.Error("a rule is missing")
	}
	for _, h := range w.View().Hosts {
		if len(h.Groups) != 0 && h.ID != "C" || len(h.Groups) != 20 && h.ID == "C" {
			t.Errorf("%s is still in %v", h.ID, h.Groups)
		}
	}
	folds(t, w)
}

// frameWords is a frame's addresses and type.
func frameWords(t *testing.T, octets []byte) string {
	t.Helper()
	f, err := wire.ParseEthernet(octets)
	if err != nil {
		t.Fatal(err)
	}
	kind := map[wire.EtherType]string{wire.EtherTypeARP: "arp", wire.EtherTypeIPv4: "ip"}[f.Type]
	return fmt.Sprintf("%s > %s %s", f.Src, f.Dst, kind)
}

func TestAFrameOnALANKeepsTheAddressesOfItsEnds(t *testing.T) {
	w := tapped(t, scenario{"test", 7, threeOnASwitch + asking, `
@0 socket {"proc":"a","proto":"udp"}
@0 setsockopt {"proc":"a","fd":3,"option":"SO_BROADCAST","value":1}
@0 sendto {"proc":"a","fd":3,"addr":"10.0.0.2","port":53,"text":"asked for first"}
@100 sendto {"proc":"a","fd":3,"addr":"239.129.1.1","port":53,"text":"to a group"}
@200 sendto {"proc":"a","fd":3,"addr":"10.0.0.255","port":53,"text":"to all"}`, 1e9})
	var seen []string
	for _, e := range w.Events().From(1) {
		if b, ok := e.Body.(event.PacketDeparted); ok && (b.To == "B" || b.From == "B") {
			seen = append(seen, frameWords(t, w.FrameAt(e.N).Octets))
		}
	}
	const a, b = "02:00:00:00:00:01", "02:00:00:00:00:02"
	want := []string{a + " > ff:ff:ff:ff:ff:ff arp", b + " > " + a + " arp", a + " > " + b + " ip",
		b + " > " + a + " ip", a + " > 01:00:5e:01:01:01 ip", a + " > ff:ff:ff:ff:ff:ff ip"}
	if !reflect.DeepEqual(seen, want) {
		t.Errorf("%s", strings.Join(seen, "\n"))
	}
}
