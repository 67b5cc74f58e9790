package stack_test

import (
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// pinging is what ping and traceroute show on a way with a router, and off it.
func pinging() scenario {
	return scenario{"ping-and-traceroute", 41, pair, `
@0 ping {"host":"A","addr":"B","count":2}
@3000 ping {"proc":"client","addr":"127.0.0.1","count":1,"size":0}
@3000 ping {"host":"A","addr":"10.0.1.2","count":1}
@3100 ping {"host":"A","addr":"10.0.9.9","count":1}
@3200 ping {"host":"A","addr":"10.0.2.2","count":1,"ttl":1}
@3300 ping {"host":"A","addr":"10.0.2.2","count":1,"size":3000}
@3400 ping {"host":"A","addr":"10.0.2.2","count":1,"size":3000,"df":true}
@3500 ping {"host":"A","addr":"10.0.2.2","count":1,"src":"10.0.2.2"}
@4000 traceroute {"host":"A","addr":"B"}
@5000 traceroute {"proc":"client","addr":"10.0.2.2","proto":"icmp","probes":1}
@5500 traceroute {"host":"A","addr":"10.0.1.2","probes":1}
@6000 link.set {"link":"RB","up":false}
@6000 ping {"host":"A","addr":"B","count":2,"interval_ns":100000000,"timeout_ns":500000000}
@7000 traceroute {"host":"A","addr":"B","max_hops":2,"probes":1,"timeout_ns":300000000}
@8000 ping {"proc":"client","addr":"B","count":9}
@8100 ping {"host":"A","addr":"B","count":9}
@8500 interrupt {"call":"k15"}
@8600 proc.kill {"proc":"client"}
`, 3e9}
}

// run plays a world and acts and returns it.
func runScenario(t *testing.T, world, acts string) *stack.World {
	t.Helper()
	w, _ := scenario{"test", 7, world, acts, 130e9}.play(t)
	return w
}

// told returns the bodies of one type, in order.
func told[B event.Body](w *stack.World) (bodies []B) {
	for _, e := range w.Events().From(1) {
		if b, ok := e.Body.(B); ok {
			bodies = append(bodies, b)
		}
	}
	return bodies
}

// ruled returns how many events cite a rule.
func ruled(w *stack.World, rule rfc.ID) (n int) {
	for _, e := range w.Events().From(1) {
		if e.Rule == rule {
			n++
		}
	}
	return n
}

func TestAPingCountsItsAnswersAndTheirTimes(t *testing.T) {
	w := runScenario(t, pair, `@0 ping {"host":"A","addr":"B","count":3}`)
	answers := told[event.PingAnswered](w)
	if len(answers) != 3 {
		t.Fatalf("%d answers", len(answers))
	}
	for i, a := range answers {
		if a.Seq != i+1 || a.From.String() != "10.0.2.2" || a.TTL != 63 || a.Octets != 64 || a.RTTNS != 40e6 {
			t.Errorf("%+v", a)
		}
	}
	ended := told[event.PingEnded](w)
	if len(ended) != 1 || ended[0].Sent != 3 || ended[0].Received != 3 || ended[0].Lost != 0 ||
		ended[0].MinNS != 40e6 || ended[0].AvgNS != 40e6 || ended[0].MaxNS != 40e6 {
		t.Errorf("%+v", ended)
	}
	returned := told[event.CallReturned](w)
	if len(returned) != 1 || returned[0].Op != "ping" || returned[0].Value != 3 || len(w.View().Calls) != 0 {
		t.Errorf("%+v, %+v", returned, w.View().Calls)
	}
}

func TestAPingIsSeenWhileItRuns(t *testing.T) {
	w, _ := scenario{"test", 7, pair, `@0 ping {"proc":"client","addr":"B"}`, 1e9}.play(t)
	calls := w.View().Calls
	if len(calls) != 1 || calls[0].Op != "ping" || calls[0].Proc != "client" || calls[0].Host != "A" {
		t.Errorf("%+v", calls)
	}
}

func TestAPingReachesItsOwnHostAtOnce(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "10.0.1.2", "::1"} {
		w := runScenario(t, pair, `@0 ping {"host":"A","addr":"`+addr+`","count":1}`)
		a := told[event.PingAnswered](w)
		if len(a) != 1 || a[0].RTTNS != 0 || a[0].TTL != 64 || a[0].From.String() != addr {
			t.Errorf("%s: %+v", addr, a)
		}
	}
}

func TestAPingGivesUpWhatNobodyAnswers(t *testing.T) {
	w := runScenario(t, pair, `
@0 link.set {"link":"RB","loss_ppm":1000000}
@0 ping {"host":"A","addr":"B","count":2,"interval_ns":100000000,"timeout_ns":300000000}`)
	var at []int64
	for _, e := range w.Events().From(1) {
		if _, ok := e.Body.(event.PingMissed); ok {
			at = append(at, int64(e.T))
		}
	}
	ended := told[event.PingEnded](w)
	if len(at) != 2 || at[0] != 300e6 || at[1] != 400e6 || len(ended) != 1 || ended[0].Lost != 2 ||
		ended[0].MinNS != 0 {
		t.Errorf("%v, %+v", at, ended)
	}
}

func TestALateAnswerIsCountedAndSaysSo(t *testing.T) {
	w := runScenario(t, pair, `
@0 link.set {"link":"RB","delay_ns":300000000}
@0 ping {"host":"A","addr":"B","count":2,"interval_ns":1000000000,"timeout_ns":500000000}`)
	a, ended := told[event.PingAnswered](w), told[event.PingEnded](w)
	// The second answer would come after the end.
	if len(a) != 1 || !a[0].Late || a[0].RTTNS != 620e6 || ended[0].Received != 1 || ended[0].Lost != 1 {
		t.Errorf("%+v %+v", a, ended)
	}
}

func TestADoubledAnswerIsSaidToBeOne(t *testing.T) {
	w := runScenario(t, pair, `
@0 link.set {"link":"RB","dup_ppm":1000000}
@0 ping {"host":"A","addr":"B","count":2,"interval_ns":100000000}`)
	again := 0
	for _, a := range told[event.PingAnswered](w) {
		if a.Again {
			again++
		}
	}
	if e := told[event.PingEnded](w)[0]; again == 0 || e.Again != again || e.Received != 2 || e.Lost != 0 {
		t.Errorf("%d again, %+v", again, e)
	}
}

func TestErrorsAboutAPingNameWhoSaysSo(t *testing.T) {
	for name, c := range map[string]struct{ world, args, from, reason string }{
		"time exceeded": {pair, `"addr":"B","ttl":1`, "10.0.1.1", "time exceeded"},
		"no route":      {pair, `"addr":"10.9.9.9"`, "10.0.1.1", "network unreachable"},
		"too big":       {narrowed, `"addr":"B","size":1400,"df":true`, "10.0.1.1", "fragmentation needed"},
		"too big here":  {pair, `"addr":"B","size":1473,"df":true`, "10.0.1.2", "message too long"},
	} {
		w := runScenario(t, c.world, `@0 ping {"host":"A","count":1,`+c.args+`}`)
		r := told[event.PingRefused](w)
		if len(r) != 1 || r[0].From.String() != c.from || r[0].Reason != c.reason || r[0].Seq != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		if e := told[event.PingEnded](w); len(e) != 1 || e[0].Refused != 1 || e[0].Lost != 1 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestALargePingGoesInPiecesUnlessItMayNot(t *testing.T) {
	w := runScenario(t, narrowed, `@0 ping {"host":"A","addr":"B","count":1,"size":4000}`)
	if a := told[event.PingAnswered](w); len(a) != 1 || a[0].Octets != 4008 {
		t.Errorf("%+v", a)
	}
	if len(told[event.PacketMerged](w)) == 0 {
		t.Error("nothing was cut")
	}
	w = runScenario(t, narrowed, `@0 ping {"host":"A","addr":"B","count":1,"size":1400,"df":true}`)
	if r := told[event.PingRefused](w); len(r) != 1 || r[0].MTU != 1000 {
		t.Errorf("%+v", r)
	}
}

func TestAnInterruptedPingTellsWhatItHas(t *testing.T) {
	w := runScenario(t, pair, "@0 ping {\"host\":\"A\",\"addr\":\"B\",\"count\":100}\n"+
		`@2500 interrupt {"call":"k1"}`)
	e, f := told[event.PingEnded](w), told[event.CallFailed](w)
	if len(e) != 1 || e[0].Sent != 3 || e[0].Received != 3 || len(f) != 1 || f[0].Errno != inet.EINTR ||
		len(w.View().Calls) != 0 {
		t.Errorf("%+v %+v", e, f)
	}
	if n := len(told[event.ICMPSent](w)); n != 6 {
		t.Errorf("%d messages: it goes on", n)
	}
}

func TestAPingEndsWithItsProcessAndItsHost(t *testing.T) {
	for _, end := range []string{`proc.kill {"proc":"client"}`, `host.remove {"host":"A"}`} {
		w := runScenario(t, pair, "@0 ping {\"proc\":\"client\",\"addr\":\"B\",\"count\":100}\n@2500 "+end)
		if f := told[event.CallFailed](w); len(f) != 1 || f[0].Errno != inet.EINTR || len(w.View().Calls) != 0 {
			t.Errorf("%s: %+v", end, f)
		}
	}
}

func TestAPingThatCannotStartFailsAsACall(t *testing.T) {
	world := strings.Replace(pair, `route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}`, "", 1)
	for args, errno := range map[string]inet.Errno{
		`"addr":"B"`:                        inet.ENETUNREACH,
		`"addr":"10.0.1.1","src":"9.9.9.9"`: inet.EADDRNOTAVAIL,
		`"addr":"10.0.1.1","src":"::1"`:     inet.EADDRNOTAVAIL,
	} {
		w := runScenario(t, world, `@0 ping {"host":"A",`+args+`}`)
		if f := told[event.CallFailed](w); len(f) != 1 || f[0].Errno != errno || f[0].Op != "ping" {
			t.Errorf("%s: %+v", args, f)
		}
	}
}

// hops writes a traceroute as lines: "1 10.0.1.1 time exceeded".
func hops(w *stack.World) (lines []string) {
	for _, e := range w.Events().From(1) {
		switch b := e.Body.(type) {
		case event.TraceAnswered:
			lines = append(lines, string(rune('0'+b.Hop))+" "+b.From.String()+" "+b.Reason)
		case event.TraceMissed:
			lines = append(lines, string(rune('0'+b.Hop))+" *")
		}
	}
	return lines
}

func TestATracerouteNamesEveryRouterOnTheWay(t *testing.T) {
	for proto, last := range map[string]string{"udp": "port unreachable", "icmp": "echo reply"} {
		w := runScenario(t, pair, `@0 traceroute {"host":"A","addr":"B","probes":2,"proto":"`+proto+`"}`)
		want := []string{"1 10.0.1.1 time exceeded", "1 10.0.1.1 time exceeded",
			"2 10.0.2.2 " + last, "2 10.0.2.2 " + last}
		if got := hops(w); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %q", proto, got)
		}
		e, r := told[event.TraceEnded](w), told[event.CallReturned](w)
		if len(e) != 1 || !e[0].Reached || e[0].Hops != 2 || len(r) != 1 || r[0].Value != 2 {
			t.Errorf("%s: %+v %+v", proto, e, r)
		}
	}
}

func TestATracerouteShowsSilenceAsStars(t *testing.T) {
	w := runScenario(t, pair, `
@0 link.set {"link":"RB","up":false}
@0 traceroute {"host":"A","addr":"B","probes":1,"max_hops":3,"timeout_ns":100000000}`)
	if got := strings.Join(hops(w), ", "); got != "1 10.0.1.1 time exceeded, 2 *, 3 *" {
		t.Error(got)
	}
	if e := told[event.TraceEnded](w)[0]; e.Reached || e.Hops != 3 {
		t.Errorf("%+v", e)
	}
}

func TestATracerouteStopsWhereARouterKnowsNoWay(t *testing.T) {
	w := runScenario(t, pair, `@0 traceroute {"host":"A","addr":"10.9.9.9","probes":1}`)
	if got := strings.Join(hops(w), ", "); got != "1 10.0.1.1 time exceeded, 2 10.0.1.1 network unreachable" {
		// With a TTL of 1 the packet dies before the router looks for a route.
		t.Error(got)
	}
	if e := told[event.TraceEnded](w)[0]; e.Reached {
		t.Errorf("%+v", e)
	}
}

// six is pair over IPv6.
const six = `
host.add {"id":"R","name":"router","forward":true}
host.add {"id":"A","addr":"fd00:1::2/64"}
host.add {"id":"B","addr":"fd00:2::2/64"}
nic.add {"host":"R","nic":"eth0","addr":"fd00:1::1/64"}
nic.add {"host":"R","nic":"eth1","addr":"fd00:2::1/64","mtu":1280}
link.add {"id":"AR","a":{"host":"A"},"b":{"host":"R","nic":"eth0"},"delay_ns":10000000}
link.add {"id":"RB","a":{"host":"R","nic":"eth1"},"b":{"host":"B"},"delay_ns":10000000}
route.add {"host":"A","dst":"::/0","via":"fd00:1::1"}
route.add {"host":"B","dst":"::/0","via":"fd00:2::1"}
proc.start {"host":"A","id":"client"}
proc.start {"host":"B","id":"server"}
`

// pinging6 is the same over IPv6.
func pinging6() scenario {
	return scenario{"ping-over-ipv6", 42, six, `
@0 ping {"host":"A","addr":"B","count":2}
@3000 ping {"host":"A","addr":"::1","count":1}
@3100 ping {"host":"A","addr":"B","count":1,"ttl":1}
@3200 ping {"host":"A","addr":"B","count":1,"size":1400}
@4000 ping {"host":"A","addr":"B","count":1,"size":1400,"df":true}
@5000 traceroute {"host":"A","addr":"B","probes":1}
@6000 traceroute {"host":"A","addr":"B","probes":1,"proto":"icmp"}
`, 3e9}
}

func TestPingAndTracerouteWorkOverIPv6(t *testing.T) {
	w := runScenario(t, six, `
@0 ping {"host":"A","addr":"B","count":1}
@2000 traceroute {"host":"A","addr":"B","probes":1}
@4000 ping {"host":"A","addr":"B","count":1,"size":1400}`)
	if a := told[event.PingAnswered](w); len(a) == 0 || a[0].From.String() != "fd00:2::2" || a[0].TTL != 63 {
		t.Errorf("%+v", a)
	}
	if got := strings.Join(hops(w), ", "); got != "1 fd00:1::1 time exceeded, 2 fd00:2::2 port unreachable" {
		t.Error(got)
	}
	if r := told[event.PingRefused](w); len(r) != 1 || r[0].Reason != "packet too big" || r[0].MTU != 1280 {
		t.Errorf("%+v", r)
	}
	if ruled(w, rfc.PingRequest6) != 2 || ruled(w, rfc.PingMatch6) != 1 {
		t.Error("the rules are those of another version")
	}
}

func TestWhatNoPingCanBeIsRefusedAsACommand(t *testing.T) {
	w := runScenario(t, pair+"\nhost.add {\"id\":\"X\",\"addr\":\"10.0.3.9/24\",\"bare\":true}", "")
	for args, code := range map[string]string{
		`{"addr":"B"}`: stack.CodeExactlyOne,
		`{"host":"A","proc":"client","addr":"B"}`:   stack.CodeExactlyOne,
		`{"host":"A","addr":"nobody"}`:              stack.CodeUnknownHost,
		`{"host":"X","addr":"B"}`:                   stack.CodeBare,
		`{"host":"Z","addr":"B"}`:                   stack.CodeUnknownHost,
		`{"proc":"Z","addr":"B"}`:                   stack.CodeUnknownProc,
		`{"host":"A","addr":"B","count":0}`:         stack.CodeOutOfRange,
		`{"host":"A","addr":"B","size":65508}`:      stack.CodeOutOfRange,
		`{"host":"A","addr":"B","ttl":0}`:           stack.CodeOutOfRange,
		`{"host":"A","addr":"B","interval_ns":999}`: stack.CodeOutOfRange,
		`{"host":"A","addr":"fe80::1%eth0"}`:        stack.CodeOutOfRange,
	} {
		c, err := stack.ParseCommand("ping", "", []byte(args))
		if err == nil {
			err = w.Check(c)
		}
		if e, ok := err.(*stack.ArgError); !ok || e.Code != code {
			t.Errorf("%s: %v, want %s", args, err, code)
		}
	}
}
