package stack_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/view"
)

// bloat is what a queue did to a bulk transfer: how long packets waited in it, and how much
// of the link was used.
type bloat struct {
	median, most time.Duration
	used         float64
	marks, drops int
	cwr          int // segments with CWR
}

// through sends for 12 s through a dumbbell's bottleneck with a queue of 300 frames, 363 ms
// long when it is full, and looks at the last 10 of them.
func through(t *testing.T, set string, ecn bool) bloat {
	d := newDumbbell(t, 1, "cubic", 300, 20*time.Millisecond)
	d.do("link.set", `{"link":"bottleneck"%s}`, set)
	d.do("setsockopt", `{"proc":"d","fd":3,"option":"SO_RCVBUF","value":4194304}`)
	if ecn {
		d.do("knob.set", `{"host":"S0","knob":"tcp_ecn","value":"1"}`)
		d.do("knob.set", `{"host":"D","knob":"tcp_ecn","value":"1"}`)
	}
	f := d.start()
	d.pass(2 * time.Second)
	begin, read := d.w.Now(), f.read
	const span = 10 * time.Second
	d.pass(span)
	b := bloat{used: float64(f.read-read) / 1448 / span.Seconds() / bottleneckSPS}
	since := map[inet.PacketID]sim.Time{}
	var waits []time.Duration
	for _, e := range d.w.Events().From(1) {
		switch body := e.Body.(type) {
		case event.PacketQueued:
			if body.Link == "bottleneck" && body.From == "R" {
				since[body.Pkt] = e.T
			}
		case event.PacketDeparted:
			if at, ok := since[body.Pkt]; ok && body.Link == "bottleneck" && e.T > begin {
				waits = append(waits, e.T.Sub(at))
			}
		case event.PacketMarked:
			b.marks++
		case event.PacketDropped:
			b.drops++
		case event.SegmentSent:
			if e.Host == "S0" && slices.Contains([]byte(body.Seg.Flags), 'W') && body.Seg.Flags[0] != 'S' {
				b.cwr++
			}
		}
	}
	if len(waits) == 0 {
		t.Fatal("nothing waited")
	}
	slices.Sort(waits)
	b.median, b.most = waits[len(waits)/2], waits[len(waits)*99/100]
	t.Logf("%s: median wait %v, 99 %% under %v, %.1f %% used, %d marks, %d drops, %d CWR", set,
		b.median, b.most, 100*b.used, b.marks, b.drops, b.cwr)
	return b
}

// Bufferbloat: a long drop-tail queue is filled, however long it is; CoDel keeps packets
// waiting about its target of 5 ms and the link as full (RFC 8289 §1).
func TestCoDelKeepsShortWhatDropTailFills(t *testing.T) {
	long, short := through(t, "", false), through(t, `,"queue":"codel"`, false)
	if long.median < 150*time.Millisecond || long.used < 0.95 {
		t.Errorf("drop-tail: %+v", long)
	}
	if short.median > 15*time.Millisecond || short.most > 80*time.Millisecond || short.used < 0.85 ||
		short.drops == 0 {
		t.Errorf("CoDel: %+v", short)
	}
}

// RFC 3168 §6.1.2: a mark halves the window as a drop does, and the sender says CWR; with
// CoDel nothing of a flow that understands ECN is dropped once it is in its stride.
func TestMarksSlowASenderWithoutLosses(t *testing.T) {
	b := through(t, `,"queue":"codel","queue_ecn":true`, true)
	if b.marks < 5 || b.drops > 0 || b.cwr < 5 || b.cwr > b.marks || b.median > 15*time.Millisecond ||
		b.used < 0.85 {
		t.Errorf("%+v", b)
	}
}

// RED keeps the average queue between its thresholds, here 5 and 15 frames of 1.2 ms each,
// in front of a queue that never overflows.
func TestREDKeepsTheQueueBetweenItsThresholds(t *testing.T) {
	b := through(t, `,"queue":"red","red_gentle":true`, false)
	if b.median < 3*time.Millisecond || b.median > 30*time.Millisecond || b.used < 0.85 || b.drops == 0 {
		t.Errorf("%+v", b)
	}
	marked := through(t, `,"queue":"red","red_gentle":true,"queue_ecn":true`, true)
	if marked.marks == 0 || marked.cwr == 0 || marked.median > 30*time.Millisecond {
		t.Errorf("%+v", marked)
	}
}

// transfer opens a connection on a world and sends octets from A to B.
func (s *stage) transfer(octets int) {
	s.t.Helper()
	for _, line := range lines(opened) {
		s.do(line[len("@0 "):])
	}
	s.w.Advance(200e6)
	s.do(`send {"proc":"client","fd":3,"octets":` + strconv.Itoa(octets) + `}`)
}

// readUntil reads at B every 10 ms until an instant.
func (s *stage) readUntil(at sim.Time) (octets int64) {
	for s.w.Now() < at {
		waits := func(c view.Call) bool { return c.Op == "recv" }
		if !slices.ContainsFunc(s.w.View().Calls, waits) {
			s.do(`recv {"proc":"server","fd":4,"max":1048576}`)
		}
		s.w.Advance(min(at, s.w.Now()+10e6))
	}
	for _, e := range s.w.Events().From(1) {
		if r, ok := e.Body.(event.CallReturned); ok && r.Op == "recv" {
			octets += r.Value
		}
	}
	return octets
}

// A link that goes down loses what is on it; TCP sends it again when it is up.
func TestTCPGoesOnAfterALinkWasDown(t *testing.T) {
	s := &stage{t, lab(t)}
	s.do(`link.set {"link":"RB","rate_bps":8000000}`)
	s.transfer(1_000_000)
	s.readUntil(500e6)
	s.do(`link.set {"link":"RB","up":false}`)
	during := s.readUntil(2500e6)
	if lost := s.count("packet.dropped", rfc.LinkDown); lost == 0 || during >= 1_000_000 {
		t.Errorf("%d lost, %d octets read while it was down", lost, during)
	}
	if n := s.count("icmp.sent", ""); n != 0 {
		t.Errorf("the router complained %d times of a cable it does not look at", n)
	}
	s.do(`link.set {"link":"RB","up":true}`)
	if n := s.readUntil(9000e6); n != 1_000_000 {
		t.Errorf("%d octets read", n)
	}
}

// Where the hosts mind their links (Linux's ignore_routes_with_linkdown), a router says
// that there is no way (RFC 1812 §5.2.7.1), which TCP survives (RFC 1122 §4.2.3.9), and a
// program is told at once.
func TestHostsThatMindTheirLinksSayThatThereIsNoWay(t *testing.T) {
	s := &stage{t, lab(t)}
	for _, h := range []string{"A", "R"} {
		s.do(`knob.set {"host":"` + h + `","knob":"ip_ignore_routes_with_linkdown","value":"1"}`)
	}
	s.transfer(100_000)
	s.do(`link.set {"link":"RB","up":false}`)
	s.readUntil(1500e6)
	if s.count("icmp.sent", rfc.NetUnreach) == 0 {
		t.Error("the router said nothing")
	}
	s.do(`link.set {"link":"RB","up":true}`)
	if n := s.readUntil(9000e6); n != 100_000 {
		t.Errorf("%d octets read", n)
	}
	s.do(`link.set {"link":"AR","up":false}`)
	s.do(`socket {"proc":"client","proto":"tcp"}`)
	s.do(`connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}`)
	events := s.w.Events().From(1)
	if f, ok := events[len(events)-1].Body.(event.CallFailed); !ok || f.Errno != inet.ENETUNREACH {
		t.Errorf("%+v", events[len(events)-1])
	}
}

// halfway is the diamond with bulk on its slow way.
func halfway(t *testing.T, world *stack.World) *stage {
	s := &stage{t, world}
	s.transfer(600_000)
	s.readUntil(338e6) // in the middle of the third flight
	return s
}

// A way that becomes shorter lets what follows overtake what is under way: the receiver
// keeps it and says so, and no octet is lost.
func TestAShorterWayReordersAndLosesNothing(t *testing.T) {
	s := halfway(t, world(t, strings.ReplaceAll(diamond, `,"mtu":1000`, "")))
	before := s.count("segment.held", "")
	s.do(`route.add {"host":"P","dst":"10.0.2.2/32","via":"10.2.0.2"}`)
	s.readUntil(400e6)
	if s.count("segment.held", "") == before {
		t.Error("nothing was overtaken")
	}
	if n := s.readUntil(4000e6); n != 600_000 {
		t.Errorf("%d octets read", n)
	}
}

// A way whose MTU is smaller is found by what the router at its beginning says (RFC 1191
// §6.3), and a way back to the old one keeps working.
func TestANarrowerWayIsFoundByItsMTU(t *testing.T) {
	s := halfway(t, world(t, diamond))
	s.do(`route.add {"host":"P","dst":"10.0.2.2/32","via":"10.2.0.2"}`)
	s.readUntil(600e6)
	known := false
	for _, h := range s.w.View().Hosts {
		for _, p := range h.Paths {
			known = known || h.ID == "A" && p.MTU == 1000
		}
	}
	if !known || s.count("packet.dropped", rfc.TooBig) == 0 {
		t.Error("the sender did not learn the path's MTU")
	}
	s.do(`route.remove {"host":"P","dst":"10.0.2.2/32"}`)
	if n := s.readUntil(4000e6); n != 600_000 {
		t.Errorf("%d octets read", n)
	}
}

// The way back may be another: data waits for nobody, its acknowledgments do.
func TestADirectionMayBeSlower(t *testing.T) {
	s := &stage{t, lab(t)}
	s.do(`link.set {"link":"RB","b_to_a":{"delay_ns":90000000,"rate_bps":64000}}`)
	s.transfer(20_000)
	s.readUntil(5000e6)
	for _, c := range s.w.View().Connections {
		if c.Host == "A" && (c.RTT.SRTT < 120e6 || c.RTT.SRTT > 400e6) {
			t.Errorf("the round trip is %v, want 10 + 10 + 10 + 90 ms and what ACKs wait", c.RTT.SRTT)
		}
	}
	newWatch().holds(t, s.w)
}

// A rule by count takes the third segment with data and nothing else; TCP mends it at once.
func TestTheThirdDataSegmentIsLostAndSentAgain(t *testing.T) {
	s := &stage{t, lab(t)}
	s.do(`link.rules {"link":"RB","rules":[{"dir":"a_to_b","segment":"data","nth":3,"action":"drop"}]}`)
	s.transfer(30_000)
	if n := s.readUntil(2000e6); n != 30_000 {
		t.Errorf("%d octets read", n)
	}
	again := 0
	for _, e := range s.w.Events().From(1) {
		if b, ok := e.Body.(event.SegmentSent); ok && b.Seg.Retransmission {
			again++
		}
	}
	if again != 1 || s.count("packet.dropped", rfc.LinkRule) != 1 {
		t.Errorf("%d sent again, %d dropped", again, s.count("packet.dropped", rfc.LinkRule))
	}
	r := s.w.View().Links[1].Rules[0]
	if r.Matched < 20 || r.Acted != 1 {
		t.Errorf("%+v", r)
	}
	newWatch().holds(t, s.w)
}

// A rule for ARP takes the request, and the host asks again; hands leave what ARP has no
// field for alone.
func TestARuleForARPLosesTheQuestion(t *testing.T) {
	s := &stage{t, world(t, threeOnASwitch+asking)}
	link := string(s.w.View().Links[0].ID)
	s.do(`link.rules {"link":"` + link + `","rules":[{"proto":"arp","nth":1,"action":"drop"},` +
		`{"action":"mark","ecn":"ce","proto":"arp"}]}`)
	s.do(`ping {"host":"A","addr":"10.0.0.3","count":1}`)
	s.w.Advance(5e9)
	if n := s.count("packet.dropped", rfc.LinkRule); n != 1 || s.count("packet.marked", "") != 0 {
		t.Errorf("%d dropped, %d marked", n, s.count("packet.marked", ""))
	}
	if s.count("ping.answered", "") != 1 {
		t.Error("the host did not ask again")
	}
	newWatch().holds(t, s.w)
}
