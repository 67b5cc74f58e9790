package tcp

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// sender is a connection of 1000-octet segments whose peer is made by hand: no options,
// no delays, everything counted in segments.
func sender(t *testing.T) *rawPeer {
	p := newRaw(t)
	p.b.k.Nagle = 0
	p.b.k.Congestion, p.b.k.SsthreshCwnd = "newreno", 0
	p.b.k.PRR = 0 // RFC 5681 and 6582 as they stand
	p.b.k.SndBuf = 1 << 20
	p.li = p.b.listen(80, 5)
	syn := wireACK(100, 0, 65535)
	syn.Flags = parseFlags("S")
	syn.Opts.MSS = 1000
	p.segWith(syn)
	p.run(20 * time.Millisecond)
	p.seg("A", 101, 301, "")
	p.c = p.b.accept(p.li)
	return p
}

// acks acknowledges everything up to n segments after the first, and returns how many
// segments that released.
func (p *rawPeer) acks(n int) int { return len(p.seg("A", 101, uint32(301+1000*n), "")) }

func (p *rawPeer) cwnd() int { return int(p.c.cc.cwnd) / 1000 }

func TestSlowStartDoublesTheWindowEachRoundTrip(t *testing.T) {
	p := sender(t)
	mark := p.log.Len()
	p.b.send(p.c, pattern(300_000))
	if got := len(p.segments(mark)); got != 10 {
		t.Fatalf("IW released %d segments, RFC 6928 says 10", got)
	}
	for i := 1; i <= 10; i++ {
		if got := p.acks(i); got != 2 {
			t.Fatalf("ACK %d released %d segments, want 2", i, got)
		}
	}
	if p.cwnd() != 20 || p.c.ccVars().Phase != "slow-start" {
		t.Errorf("cwnd %d segments in %s", p.cwnd(), p.c.ccVars().Phase)
	}
}

func TestOneACKForManySegmentsGrowsSlowStartByItsLimit(t *testing.T) {
	// RFC 5681 §3.1: min(N, SMSS); RFC 3465 §2.2: min(N, L*SMSS).
	for limit, want := range map[int64]int{1: 11, 2: 12, 8: 18, 0: 20} {
		p := sender(t)
		p.b.k.ABC = limit
		p.b.send(p.c, pattern(300_000))
		p.acks(10)
		if p.cwnd() != want {
			t.Errorf("with a limit of %d: cwnd %d segments, want %d", limit, p.cwnd(), want)
		}
	}
}

func TestCongestionAvoidanceGrowsByOneSegmentEachRoundTrip(t *testing.T) {
	p := sender(t)
	p.c.cc.ssthresh = 10_000
	p.c.shownCC = p.c.ccVars()
	p.quiet = true
	p.b.send(p.c, pattern(300_000))
	for i := 1; i <= 10; i++ {
		p.acks(i)
	}
	if p.cwnd() != 11 || p.c.ccVars().Phase != "congestion-avoidance" {
		t.Errorf("cwnd %d segments in %s", p.cwnd(), p.c.ccVars().Phase)
	}
	for i := 11; i <= 21; i++ {
		p.acks(i)
	}
	if p.cwnd() != 12 {
		t.Errorf("cwnd %d segments", p.cwnd())
	}
}

func TestAnUnusedWindowDoesNotGrow(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(1000))
	p.acks(1)
	if p.cwnd() != 10 {
		t.Errorf("cwnd %d segments after one segment", p.cwnd())
	}
	p.b.send(p.c, pattern(5000))
	p.acks(6)
	if p.cwnd() != 10 {
		t.Errorf("cwnd %d segments after half a window", p.cwnd())
	}
	p.b.send(p.c, pattern(6000)) // slow start may double what was used
	for i := 7; i <= 12; i++ {
		p.acks(i)
	}
	if p.cwnd() != 12 {
		t.Errorf("cwnd %d segments after six, each acknowledged", p.cwnd())
	}
}

func TestAFullWindowCountsUntilItIsAcknowledged(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(10_000)) // no more than IW, and then nothing
	for i := 1; i <= 10; i++ {
		p.acks(i)
	}
	if p.cwnd() != 20 {
		t.Errorf("cwnd %d segments, want twice what was acknowledged", p.cwnd())
	}
	p.b.send(p.c, pattern(10_000)) // half of it
	p.acks(20)
	if p.cwnd() != 20 {
		t.Errorf("cwnd %d segments after half a window", p.cwnd())
	}
	// In congestion avoidance all but less than a segment must be used.
	p.c.cc.ssthresh = 20_000
	p.c.shownCC = p.c.ccVars()
	p.quiet = true
	p.b.send(p.c, pattern(19_000))
	for i := 21; i <= 39; i++ {
		p.acks(i)
	}
	if p.cwnd() != 20 || p.c.cc.grown != 0 {
		t.Errorf("cwnd %d segments, %d octets towards the next", p.cwnd(), p.c.cc.grown)
	}
	p.b.send(p.c, pattern(19_001))
	p.acks(58)
	if p.cwnd() != 20 || p.c.cc.grown != 19_000 {
		t.Errorf("cwnd %d segments, %d octets towards the next", p.cwnd(), p.c.cc.grown)
	}
}

func TestFastRetransmitAndRecovery(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(300_000))
	// RFC 3042: the first two duplicate ACKs release one new segment each.
	for i := range 2 {
		if got := p.acks(0); got != 1 {
			t.Fatalf("duplicate %d released %d segments", i+1, got)
		}
		if p.rules(p.mark, rfc.TCPLimited) == 0 {
			t.Error("by limited transmit")
		}
	}
	// RFC 5681 §3.2: the third retransmits; ssthresh = FlightSize/2, without the two.
	p.want(p.seg("A", 101, 301, ""), "<SEQ=301><ACK=101><CTL=A><DATA=1000>")
	if v := p.c.ccVars(); v.Phase != "fast-recovery" || v.Ssthresh != 5000 || v.Cwnd != 8000 {
		t.Fatalf("%+v", v)
	}
	// Each further duplicate inflates cwnd; at 13 segments one more may go out.
	for i := range 4 {
		if got := p.acks(0); got != 0 {
			t.Fatalf("inflation %d released %d", i, got)
		}
	}
	if got := p.acks(0); got != 1 {
		t.Errorf("cwnd of 13 segments with 12 outstanding released %d", got)
	}
	// The full acknowledgment deflates: RFC 6582 §3.2 step 3, option 1.
	p.acks(13)
	v := p.c.ccVars()
	if v.Phase == "fast-recovery" || v.Cwnd > 5000 {
		t.Errorf("%+v", v)
	}
}

func TestPartialACKsRepairOneHoleEach(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(10_000))
	for range 3 {
		p.acks(0)
	}
	// Segments 0 and 4 were lost: acknowledging 4 is partial.
	p.want(p.seg("A", 101, 4301, ""), "<SEQ=4301><ACK=101><CTL=A><DATA=1000>")
	if p.rules(p.mark, rfc.TCPPartialACK) == 0 || p.c.cc.phase != phaseRecovery {
		t.Error("recovery must go on")
	}
	p.acks(10)
	if p.c.cc.phase != phaseOpen || p.rules(p.mark, rfc.TCPFullACK) == 0 {
		t.Error("the full ACK ends recovery")
	}
}

func TestRenoLeavesRecoveryWithTheFirstNewACK(t *testing.T) {
	p := sender(t)
	p.b.k.Congestion = "reno"
	p.b.send(p.c, pattern(10_000))
	for range 3 {
		p.acks(0)
	}
	p.want(p.seg("A", 101, 4301, ""))
	if p.c.cc.phase != phaseOpen {
		t.Error("reno ends recovery at once")
	}
}

func TestTahoeAnswersThreeDuplicatesWithSlowStart(t *testing.T) {
	p := sender(t)
	p.b.k.Congestion = "tahoe"
	p.b.send(p.c, pattern(10_000))
	for range 2 {
		p.acks(0)
	}
	p.want(p.seg("A", 101, 301, ""), "<SEQ=301><ACK=101><CTL=A><DATA=1000>")
	if v := p.c.ccVars(); v.Cwnd != 1000 || v.Ssthresh != 5000 || p.rules(p.mark, rfc.TCPTahoe) == 0 {
		t.Errorf("%+v", v)
	}
	p.acks(10) // only that one was missing: four to ssthresh, one for the other six
	if v := p.c.ccVars(); v.Phase != "congestion-avoidance" || v.Cwnd != 6000 {
		t.Errorf("%+v", v)
	}
}

func TestTimeoutShrinksTheWindowToOneSegmentAndGoesBack(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(10_000))
	mark := p.log.Len()
	p.run(300 * time.Millisecond)
	if got := p.segments(mark); len(got) != 1 || got[0] != "B <SEQ=301><ACK=101><CTL=A><DATA=1000>" {
		t.Fatalf("after the timeout: %q", got)
	}
	if v := p.c.ccVars(); v.Phase != "loss" || v.Cwnd != 1000 || v.Ssthresh != 5000 {
		t.Fatalf("%+v", v)
	}
	// Each ACK releases two by slow start, of the old data.
	p.want(p.seg("A", 101, 1301, ""), "<SEQ=1301><ACK=101><CTL=A><DATA=1000>",
		"<SEQ=2301><ACK=101><CTL=A><DATA=1000>")
	// The receiver had the rest all along.
	p.acks(10)
	if p.c.cc.phase != phaseOpen || p.c.snd.queue.due.segs > 0 {
		t.Error("the loss is repaired")
	}
	p.b.send(p.c, pattern(1000))
	if p.c.outstanding() != 1000 {
		t.Errorf("outstanding %d", p.c.outstanding())
	}
}

func TestASecondTimeoutKeepsSsthresh(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(10_000))
	p.run(1500 * time.Millisecond)
	if p.c.retries < 2 || p.c.cc.ssthresh != 5000 {
		t.Errorf("after %d timeouts ssthresh is %d", p.c.retries, p.c.cc.ssthresh)
	}
}

func TestDuplicatesOfAGoBackStartNoFastRetransmit(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(10_000))
	p.run(300 * time.Millisecond)
	p.acks(10) // the receiver had all: the whole go-back was spurious
	p.b.send(p.c, pattern(5000))
	for range 4 {
		p.acks(10)
	}
	if p.rules(p.mark, rfc.TCPFastRetransmit) != 0 || p.c.cc.phase != phaseOpen {
		t.Error("RFC 6582 §3.2: the ACK must cover more than recover")
	}
}

func TestWindowUpdatesAndDataAreNoDuplicateACKs(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(10_000))
	for i := range 3 {
		p.segWith(wireACK(101, 301, uint16(60000+i)))
	}
	p.seg("PA", 101, 301, "a")
	p.seg("PA", 102, 301, "b")
	p.seg("PA", 103, 301, "c")
	if p.c.cc.dupAcks > 1 {
		t.Errorf("%d duplicates", p.c.cc.dupAcks)
	}
}

func TestIdleConnectionStartsSlowlyAgain(t *testing.T) {
	for _, row := range []struct {
		decay    int64
		rtos     time.Duration // idle after the first RTO
		cwnd     int
		ssthresh inet.ByteCount
	}{
		{0, 1, 10, 60_000}, // RFC 5681 §4.1: to the restart window at once
		{1, 1, 50, 75_000}, // linux: halved for each RTO, ssthresh at least 3/4 of it
		{1, 2, 25, 75_000},
		{1, 3, 12, 75_000},
		{1, 4, 10, 75_000}, // the restart window is the least
		{1, 99, 10, 75_000},
	} {
		p := sender(t)
		p.b.k.IdleDecay = row.decay
		p.b.send(p.c, pattern(100_000))
		for i := 1; i <= 100; i++ {
			p.acks(i)
		}
		p.quiet = true
		p.c.cc.cwnd, p.c.cc.ssthresh = 100_000, 60_000
		rto := p.c.rto()
		p.run(p.c.snd.sentAt.Add(rto + row.rtos*rto).Sub(p.now))
		p.b.send(p.c, pattern(100_000))
		if p.cwnd() != row.cwnd || p.c.cc.ssthresh != row.ssthresh {
			t.Errorf("%+v: cwnd %d segments, ssthresh %d", row, p.cwnd(), p.c.cc.ssthresh)
		}
	}
}

func TestAPauseIsToldByItsRule(t *testing.T) {
	for decay, rule := range map[int64]rfc.ID{0: rfc.TCPIdleRestart, 1: rfc.TCPIdleDecay} {
		p := sender(t)
		p.b.k.IdleDecay = decay
		p.b.send(p.c, pattern(100_000))
		for i := 1; i <= 100; i++ {
			p.acks(i)
		}
		p.run(10 * time.Second)
		mark := p.log.Len()
		p.b.send(p.c, pattern(100_000))
		if p.cwnd() != 10 || p.rules(mark, rule) != 1 {
			t.Errorf("%s: cwnd %d segments", rule, p.cwnd())
		}
	}
}

func TestAShortPauseKeepsTheWindow(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(100_000))
	for i := 1; i <= 100; i++ {
		p.acks(i)
	}
	grown := p.cwnd()
	p.run(p.c.rto() - time.Millisecond)
	p.b.send(p.c, pattern(1000))
	if p.cwnd() != grown {
		t.Errorf("cwnd went from %d to %d segments", grown, p.cwnd())
	}
}

func TestFINNeedsRoomInTheWindowToo(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(10_000))
	p.segWith(wireACK(101, 10301, 500))
	p.b.send(p.c, pattern(500))
	mark := p.log.Len()
	p.b.shutdown(p.c)
	p.want(p.segments(mark))
	if p.c.snd.finSent {
		t.Fatal("the FIN is outside the window")
	}
	p.want(p.segWith(wireACK(101, 10801, 500)), "<SEQ=10801><ACK=101><CTL=FA>")

	p = sender(t)
	p.b.k.Nagle = 1
	p.b.send(p.c, pattern(9000))
	p.segWith(wireACK(101, 9301, 65535))
	p.b.send(p.c, pattern(100))
	p.b.send(p.c, pattern(100)) // Nagle holds it
	p.segWith(wireACK(101, 9301, 200))
	mark = p.log.Len()
	p.b.shutdown(p.c) // the FIN would be octet 201
	p.want(p.segments(mark), "<SEQ=9401><ACK=101><CTL=PA><DATA=100>")
}

func TestNagleHoldsSmallSegmentsWhileDataIsOutstanding(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	mark := n.log.Len()
	a.mustSend(ca, "a")
	a.mustSend(ca, "b")
	a.mustSend(ca, "c")
	if got := n.segments(mark); len(got) != 1 {
		t.Fatalf("sent %q", got)
	}
	if n.rules(mark, rfc.TCPNagle) != 2 {
		t.Error("the queue must say that Nagle holds the data")
	}
	n.settle()
	n.wantSegments(mark,
		"A <SEQ=101><ACK=301><CTL=PA><DATA=1>",
		"B <SEQ=301><ACK=102><CTL=A>",
		"A <SEQ=102><ACK=301><CTL=PA><DATA=2>",
		"B <SEQ=301><ACK=104><CTL=A>")
	b.mustRecv(cb, "abc")
}

func TestNoDelayTurnsNagleOff(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.do(func(fx *Effects) { ca.Configure(Options{NoDelay: true}, fx) }) // MUST-17
	mark := n.log.Len()
	a.mustSend(ca, "a")
	a.mustSend(ca, "b")
	if got := n.segments(mark); len(got) != 2 {
		t.Errorf("sent %q", got)
	}
}

func TestTurningNagleOffReleasesWhatItHeld(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.mustSend(ca, "a")
	a.mustSend(ca, "b")
	mark := n.log.Len()
	a.do(func(fx *Effects) { ca.Configure(Options{NoDelay: true}, fx) })
	n.wantSegments(mark, "A <SEQ=102><ACK=301><CTL=PA><DATA=1>")
}

func TestSillyWindowsAreNotFilled(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(10_000))
	p.segWith(wireACK(101, 10301, 300)) // all is acknowledged, but the window is silly
	mark := p.log.Len()
	p.b.send(p.c, pattern(5000))
	if got := p.segments(mark); len(got) != 0 {
		t.Fatalf("MUST-38: sent %q", got)
	}
	p.run(time.Second)
	if got := p.segments(mark); len(got) == 0 || p.rules(mark, rfc.TCPOverride) == 0 {
		t.Error("the override timeout must send in the end")
	}
}

func TestHalfOfASmallWindowIsWorthASegment(t *testing.T) {
	p := newRaw(t)
	p.li = p.b.listen(80, 5)
	syn := wireACK(100, 0, 800)
	syn.Flags = parseFlags("S")
	syn.Opts.MSS = 1000
	p.segWith(syn)
	p.segWith(wireACK(101, 301, 800))
	p.c = p.b.accept(p.li)
	mark := p.log.Len()
	p.b.send(p.c, pattern(5000))
	if got := p.segments(mark); len(got) != 1 || p.rules(mark, rfc.TCPSWSSender) == 0 {
		t.Errorf("sent %q", got)
	}
}

func TestNagleHoldsHalfAWindowToo(t *testing.T) {
	p := newRaw(t)
	p.li = p.b.listen(80, 5)
	syn := wireACK(100, 0, 800)
	syn.Flags = parseFlags("S")
	syn.Opts.MSS = 1000
	p.segWith(syn)
	p.segWith(wireACK(101, 301, 800))
	p.c = p.b.accept(p.li)
	p.b.send(p.c, pattern(5000))
	p.want(p.segWith(wireACK(101, 701, 800))) // 400 outstanding, 400 usable
	mark := p.log.Len()
	p.b.do(func(fx *Effects) { p.c.Configure(Options{NoDelay: true}, fx) })
	p.want(p.segments(mark), "<SEQ=1101><ACK=101><CTL=A><DATA=400>")
}

func TestTheLastSegmentIsPushed(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	mark := n.log.Len()
	a.send(ca, pattern(3000))
	n.settle()
	var flags []string
	for _, e := range n.log.From(mark + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && s.Seg.Len > 0 {
			flags = append(flags, s.Seg.Flags)
		}
	}
	if len(flags) != 3 || flags[0] != "A" || flags[1] != "A" || flags[2] != "PA" { // MUST-61
		t.Errorf("flags %v", flags)
	}
}

func TestLossesAreRepairedWithoutATimeoutInALongTransfer(t *testing.T) {
	n := newNet(t, "A", "B")
	a, b := n.hosts[0], n.hosts[1]
	a.k.Recovery, a.k.TLP = 0, 0 // by counting alone
	count := 0
	n.wire = func(p *packet) fate {
		if len(p.out.Seg.Data) > 0 {
			count++
		}
		return fate{drop: len(p.out.Seg.Data) > 0 && count%97 == 50}
	}
	tr := startTransfer(t, n, a, b, pattern(600_000), nil, 1<<20)
	n.run(time.Minute)
	if len(tr.rb.got) != 600_000 {
		t.Fatalf("%d octets", len(tr.rb.got))
	}
	if n.rules(0, rfc.TCPNextSeg) == 0 || n.rules(0, rfc.TCPHold) == 0 {
		t.Error("fast retransmit must have been used")
	}
	if got := n.rules(0, rfc.TCPRTOResend); got != 0 {
		t.Errorf("%d timeouts", got)
	}
}

func TestInitialWindowByRFC6928(t *testing.T) {
	c := &Conn{l: &Layer{k: &Knobs{IW: 10}}}
	for _, row := range []struct {
		mss  int
		want inet.ByteCount
	}{{1460, 14600}, {1448, 14480}, {536, 5360}, {9000, 18000}, {4000, 14600}} {
		if c.snd.mss = row.mss; c.initialWindow() != row.want {
			t.Errorf("SMSS %d: %d, want %d", row.mss, c.initialWindow(), row.want)
		}
	}
}
