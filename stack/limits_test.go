package stack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/sock"
	"labserver/stack/view"
)

// world builds one from lines, each of which must be possible.
func world(t testing.TB, text string) *stack.World {
	t.Helper()
	w, err := stack.New(stack.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	try(t, w, text)
	return w
}

func try(t testing.TB, w *stack.World, text string) {
	t.Helper()
	for _, line := range lines(text) {
		c := parse(t, line)
		if err := w.Check(c); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		w.Apply(c)
	}
}

// loop is two routers that send what they cannot deliver to each other, at no cost of
// time: the TTL alone ends a packet's life.
const loop = `
host.add {"id":"R","addr":"10.0.0.1/24","forward":true}
host.add {"id":"S","addr":"10.0.0.2/24","forward":true}
link.add {"id":"L","a":{"host":"R"},"b":{"host":"S"}}
route.add {"host":"R","dst":"0.0.0.0/0","via":"10.0.0.2"}
route.add {"host":"S","dst":"0.0.0.0/0","via":"10.0.0.1"}
proc.start {"host":"R","id":"p"}
socket {"proc":"p","proto":"udp"}
`

const astray = `sendto {"proc":"p","fd":3,"addr":"10.9.9.9","port":9,"text":"lost"}`

func TestARoutingLoopEndsWithTheTTL(t *testing.T) {
	w := world(t, loop+astray)
	w.Advance(0)
	departed, expired := 0, 0
	for _, e := range w.Events().From(1) {
		if e.Kind() == "packet.departed" {
			departed++
		}
		if e.Kind() == "packet.dropped" && e.Rule == rfc.TTLExpired {
			expired++
		}
	}
	if v := w.View(); expired != 1 || len(v.Packets) != 0 || departed < 64 || departed > 130 {
		t.Errorf("%d hops, %d expired, %d left", departed, expired, len(v.Packets))
	}
}

// An instant that holds too much gives what is left to the next one; a step at a time or
// all at once, live or from its commands (laws L2 and L4).
func TestAnOverfullInstantIsPutOffVisibly(t *testing.T) {
	build := func() *stack.World {
		w := world(t, loop)
		w.Lower(stack.MaxEvents, 100)
		for range 10 {
			try(t, w, astray)
		}
		return w
	}
	whole, steps := build(), build()
	whole.Advance(5e6)
	for steps.Step() {
	}
	steps.Advance(5e6)
	if whole.Hash() != steps.Hash() || whole.Steps() != steps.Steps() {
		t.Error("stepping and advancing differ")
	}
	parts := build()
	for at := sim.Time(0); at <= 5e6; at += 250 { // goals between and upon the instants
		parts.Advance(at)
		if parts.Now() != at {
			t.Fatalf("Advance(%v) left time at %v", at, parts.Now())
		}
	}
	if parts.Hash() != whole.Hash() {
		t.Error("Advance(a); Advance(b) is not Advance(a+b)")
	}
	budgets := 0
	for _, e := range whole.Events().From(1) {
		if b, ok := e.Body.(event.WorldBudget); ok {
			budgets++
			if e.By == 0 || b.Steps != 100 || b.At != e.T+1000 || e.Rule != rfc.StepBudget {
				t.Errorf("%+v", e)
			}
		}
	}
	if budgets < 5 {
		t.Errorf("%d budgets met", budgets)
	}
	if v := whole.View(); len(v.Packets) != 0 {
		t.Errorf("%d packets never ended", len(v.Packets))
	}
}

func TestACommandInAnOverfullInstantIsStillCarriedOut(t *testing.T) {
	w := world(t, loop+astray)
	w.Lower(stack.MaxEvents, 10)
	w.Advance(0)
	if at, ok := w.NextAt(); !ok || at != 1000 {
		t.Fatalf("what is left is due at %v", at)
	}
	try(t, w, astray)
	w.Advance(1e9)
	dropped := 0
	for _, e := range w.Events().From(1) {
		if e.Rule == rfc.TTLExpired && e.Kind() == "packet.dropped" {
			dropped++
		}
	}
	if dropped != 2 {
		t.Errorf("%d packets ended", dropped)
	}
}

func TestAFullLogStopsTheWorldAndTakesOnlyNotes(t *testing.T) {
	w := world(t, loop)
	w.Lower(w.Events().Len()+40, stack.InstantSteps)
	for range 5 {
		try(t, w, astray)
	}
	for w.Step() {
	}
	head, now := w.Events().Len(), w.Now()
	w.Advance(1e9)
	if _, ok := w.NextAt(); ok || !w.Full() || w.Now() != now || w.Events().Len() != head {
		t.Errorf("went on to %v, event %d", w.Now(), w.Events().Len())
	}
	var bad *stack.ArgError
	if err := w.Check(parse(t, astray)); !errors.As(err, &bad) || bad.Code != stack.CodeQuota ||
		bad.Field != "events" {
		t.Errorf("%v", err)
	}
	try(t, w, `finish {}`)
}

// At the last instant nothing happens: everything that would be later gathers there.
func TestTimeEnds(t *testing.T) {
	w := world(t, loop+`
		proc.start {"host":"S","id":"q"}
		socket {"proc":"p","proto":"tcp"}
		setsockopt {"proc":"p","fd":4,"option":"SO_KEEPALIVE","value":1}
		socket {"proc":"q","proto":"tcp"}
		bind {"proc":"q","fd":3,"port":80}
		listen {"proc":"q","fd":3}
		connect {"proc":"p","fd":4,"addr":"10.0.0.2","port":80}`)
	w.Advance(1e9)
	for _, d := range []sim.Time{1e9, 1000, 1, 0} {
		w.Advance(sim.MaxTime - d)
		if w.Now() != sim.MaxTime-d && !w.Full() {
			t.Fatalf("at %v", w.Now())
		}
		try(t, w, `send {"proc":"p","fd":4,"octets":10}`+"\n"+astray)
	}
	before := w.Steps()
	w.Advance(sim.MaxTime)
	w.Advance(sim.MaxTime)
	if _, ok := w.NextAt(); ok || w.Step() || w.Now() != sim.MaxTime || w.Steps() != before {
		t.Errorf("at %v, %d steps", w.Now(), w.Steps()-before)
	}
	try(t, w, `link.set {"link":"L","up":false}`)
	if f := w.Fork(); f.Hash() != w.Hash() {
		t.Error("a fork at the end of time differs")
	}
}

func TestEveryQuotaRefusesOneMore(t *testing.T) {
	for _, c := range []struct {
		name, line string // %d counts
		most       int
	}{
		{"hosts", `host.add {"id":"x%d"}`, stack.MaxHosts - 2},
		{"nics", `nic.add {"host":"R","addr":"10.1.%d.1/24"}`, stack.MaxNICs - 1},
		{"routes", `route.add {"host":"R","dst":"10.2.%d.0/24","via":"10.0.0.2"}`, 254},
		{"processes", `proc.start {"host":"R","id":"x%d"}`, sock.MaxProcs - 1},
		{"calls", `recv {"proc":"p","fd":3,"max":%d}`, stack.MaxCalls},
		{"sockets", `accept {"proc":"p","fd":4}`, stack.MaxSockets - 2},
	} {
		w := world(t, loop+`
			socket {"proc":"p","proto":"tcp"}
			listen {"proc":"p","fd":4}`)
		for i := range c.most {
			line := c.line
			if c.name != "sockets" {
				line = fmt.Sprintf(line, i)
			}
			try(t, w, line)
		}
		line := c.line
		if c.name != "sockets" {
			line = fmt.Sprintf(line, c.most)
		}
		before := w.Hash()
		var bad *stack.ArgError
		if err := w.Check(parse(t, line)); !errors.As(err, &bad) || bad.Code != stack.CodeQuota ||
			bad.Field != c.name || w.Hash() != before {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestLinksHaveAQuota(t *testing.T) {
	w := world(t, "")
	for i := range 18 {
		try(t, w, fmt.Sprintf(`host.add {"id":"x%d"}`, i))
	}
	made := 0
	for i := 0; i < 18; i += 2 {
		for k := range stack.MaxNICs {
			try(t, w, fmt.Sprintf(`nic.add {"host":"x%d","addr":"10.%d.%d.1/24"}`, i, i, k))
			try(t, w, fmt.Sprintf(`nic.add {"host":"x%d","addr":"10.%d.%d.2/24"}`, i+1, i, k))
			c := parse(t, fmt.Sprintf(`link.add {"a":{"host":"x%d"},"b":{"host":"x%d"}}`, i, i+1))
			if w.Check(c) == nil {
				w.Apply(c)
				made++
			}
		}
	}
	if made != stack.MaxLinks {
		t.Errorf("%d links", made)
	}
}

// A slow, long link and a world full of packets: what is on it can be seen, cut, and
// taken off one by one.
func TestThousandsOfPacketsUnderWay(t *testing.T) {
	w := world(t, `
		host.add {"id":"A","addr":"10.0.0.1/24"}
		host.add {"id":"B","addr":"10.0.0.2/24"}
		link.add {"id":"L","a":{"host":"A"},"b":{"host":"B"},"delay_ns":60000000000,"rate_bps":1000000,"queue_octets":67108864}
		proc.start {"host":"A","id":"p"}
		socket {"proc":"p","proto":"udp"}`)
	c := parse(t, `sendto {"proc":"p","fd":3,"addr":"10.0.0.2","port":9,"octets":20}`)
	for range 5000 {
		w.Apply(c)
	}
	w.Advance(1e9)
	folded := view.New()
	for _, e := range w.Events().From(1) {
		view.Reduce(&folded, e)
	}
	middle := folded.Packets[2500].Pkt
	try(t, w, fmt.Sprintf(`segment.drop {"pkt":%d}`, middle))
	try(t, w, `link.set {"link":"L","up":false}`)
	for _, e := range w.Events().From(1) {
		if e.T == w.Now() && e.Kind() == "packet.dropped" {
			view.Reduce(&folded, e)
		}
	}
	if n := folded.Counters; n.Sent != 5000 || n.Dropped != 5000 || len(folded.Packets) != 0 {
		t.Errorf("%+v, %d left", n, len(folded.Packets))
	}
	if v := w.View(); !reflect.DeepEqual(v.Packets, []view.Packet{}) {
		t.Errorf("%d packets in the world", len(v.Packets))
	}
	if f := w.Frame(middle); f != nil {
		t.Error("a frame was kept that nobody asked for")
	}
}

func TestTheSmallestRateAndTheLongestDelayEnd(t *testing.T) {
	w := world(t, `
		host.add {"id":"A","addr":"10.0.0.1/24"}
		host.add {"id":"B","addr":"10.0.0.2/24"}
		link.add {"id":"L","a":{"host":"A"},"b":{"host":"B"},"delay_ns":60000000000,"jitter_ns":60000000000,"rate_bps":1}
		proc.start {"host":"A","id":"p"}
		proc.start {"host":"B","id":"q"}
		socket {"proc":"q","proto":"udp"}
		bind {"proc":"q","fd":3,"port":9}
		socket {"proc":"p","proto":"udp"}
		sendto {"proc":"p","fd":3,"addr":"10.0.0.2","port":9,"octets":1472}
		sendto {"proc":"p","fd":3,"addr":"10.0.0.2","port":9,"octets":0}`)
	w.Advance(12_120e9)
	if n := w.View().Sockets[0].Datagrams; n != 0 {
		t.Errorf("%d came too early", n)
	}
	w.Advance(13_000e9)
	if n := w.View().Sockets[0].Datagrams; n != 2 {
		t.Errorf("%d datagrams came", n)
	}
}

func TestFramesAreKeptWhenAskedFor(t *testing.T) {
	var start []stack.Command
	for _, line := range lines(loop + astray) {
		start = append(start, parse(t, line))
	}
	w, err := stack.New(stack.Config{Seed: 1, Start: start, KeepFrames: true})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := stack.New(stack.Config{Seed: 1, Start: start})
	if err != nil {
		t.Fatal(err)
	}
	if w.Hash() != plain.Hash() {
		t.Error("keeping frames changes what happens")
	}
	p := w.View().Packets[0].Pkt
	first := string(w.Frame(p))
	w.Advance(0)
	if len(first) != 14+20+8+4 || string(w.Frame(p)) != first || first[38:] == "" ||
		first[42:] != "lost" || first[12] != 8 || first[0] != 2 || first[:6] == first[6:12] {
		t.Errorf("% x", w.Frame(p))
	}
	if w.Frame(p+9999) != nil {
		t.Error("a frame of nothing")
	}
	try(t, w, `sendto {"proc":"p","fd":3,"addr":"127.0.0.1","port":9,"text":"me"}`)
	if own := w.Frame(w.View().Packets[0].Pkt); own == nil || own[0] != 0 || own[6] != 0 {
		t.Errorf("a frame on lo: % x", own)
	}
}

func TestSeekSaysWhatCannotHaveBeen(t *testing.T) {
	for _, c := range []struct {
		step uint64
		t    sim.Time
		ok   bool
	}{
		{0, 0, true}, {1, 0, true}, {1, 5, false}, {0, 5, false}, {1e6, 0, false}, {1, sim.MaxTime + 5, false},
	} {
		w := world(t, loop+astray)
		if got := w.Seek(c.step, c.t); got != c.ok {
			t.Errorf("step %d at %d: %v", c.step, c.t, got)
		}
	}
}

func TestArgumentsComeBackAsTheyWereGiven(t *testing.T) {
	for _, args := range []string{`{"proc":"p","fd":3,"base64":""}`, `{"proc":"p","fd":3,"text":""}`,
		`{"proc":"p","fd":3,"octets":0}`} {
		c := parse(t, "send "+args)
		if got, err := json.Marshal(c.Args); err != nil || string(got) != args {
			t.Errorf("%s came back as %s", args, got)
		}
	}
}
