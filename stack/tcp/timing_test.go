package tcp

import (
	"reflect"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// seconds turns instants into whole milliseconds, to compare at a glance.
func millis(at []sim.Time) []int64 {
	list := make([]int64, len(at))
	for i, t := range at {
		list[i] = int64(t) / 1e6
	}
	return list
}

func wantTimes(t *testing.T, got []sim.Time, want ...int64) {
	t.Helper()
	if !reflect.DeepEqual(millis(got), want) {
		t.Errorf("sent at %v ms, want %v", millis(got), want)
	}
}

func isSYN(s event.Seg) bool   { return s.Flags == "S" }
func hasData(s event.Seg) bool { return s.Len > 0 }
func isACK(s event.Seg) bool   { return s.Flags == "A" && s.Len == 0 }

func TestSYNIsRetransmittedAt1_3_7AndSoOnThenTimesOut(t *testing.T) {
	n, a, b := pair(t)
	n.wire = func(*packet) fate { return fate{drop: true} }
	c := a.open(5000, b.end(80))
	n.run(126 * time.Second)
	if c.State() != inet.SynSent {
		t.Fatalf("gave up early: %s", c.State())
	}
	n.run(2 * time.Second)
	wantTimes(t, n.sentAt(a, 0, isSYN), 0, 1000, 3000, 7000, 15000, 31000, 63000)
	if c.State() != inet.Closed || c.TakeError() != inet.ETIMEDOUT {
		t.Error("R2 must end the open with ETIMEDOUT")
	}
	if n.rules(0, rfc.TCPR2SYN) == 0 {
		t.Error("by the R2 of SYNs")
	}
}

func TestProfileRFCRetransmitsSYNsForAtLeastThreeMinutes(t *testing.T) {
	n, a, b := pair(t)
	a.k, _ = Profile("rfc")
	n.wire = func(*packet) fate { return fate{drop: true} }
	c := a.open(5000, b.end(80))
	n.run(180 * time.Second) // MUST-23
	if c.State() != inet.SynSent {
		t.Error("gave up before three minutes")
	}
	n.run(120 * time.Second)
	if c.State() != inet.Closed {
		t.Error("never gave up")
	}
}

func TestSynAckIsRetransmittedThenForgotten(t *testing.T) {
	p := reach(t, inet.SynReceived)
	p.run(70 * time.Second)
	wantTimes(t, p.sentAt(p.b, 0, func(s event.Seg) bool { return s.Flags == "SA" }),
		0, 1000, 3000, 7000, 15000, 31000)
	p.wantStates(p.b, "LISTEN→SYN-RECEIVED", "SYN-RECEIVED→LISTEN")
	if p.c.TakeError() != inet.OK {
		t.Error("nobody is to be told")
	}
}

func TestDataIsRetransmittedWithDoublingTimeouts(t *testing.T) {
	n, a, b := pair(t)
	a.k, _ = Profile("rfc") // an RTO of one second at least
	a.k.TLP = 0
	ca, _ := connect(t, n, a, b)
	n.wire = func(p *packet) fate { return fate{drop: p.from == a} }
	start := n.now
	mark := n.log.Len()
	a.mustSend(ca, "lost")
	n.run(16 * time.Second)
	var got []int64
	for _, at := range millis(n.sentAt(a, mark, hasData)) {
		got = append(got, at-int64(start)/1e6)
	}
	if !reflect.DeepEqual(got, []int64{0, 1000, 3000, 7000, 15000}) {
		t.Errorf("sent at %v ms", got)
	}
	if ca.View().RTT.RTO != int64(16*time.Second) {
		t.Errorf("RTO is %d", ca.View().RTT.RTO)
	}
}

func TestDataThatIsNeverAcknowledgedEndsTheConnection(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	n.wire = func(*packet) fate { return fate{drop: true} }
	a.mustSend(ca, "lost")
	n.run(100 * time.Second) // SHLD-11
	if ca.State() != inet.Established {
		t.Fatal("gave up before 100 s")
	}
	n.run(1000 * time.Second)
	if ca.State() != inet.Closed || ca.TakeError() != inet.ETIMEDOUT {
		t.Errorf("state %s", ca.State())
	}
}

func TestRTTIsMeasuredByRFC6298(t *testing.T) {
	n, a, b := pair(t)
	n.delay = 50 * time.Millisecond
	ca, _ := connect(t, n, a, b)
	// §2.2 with the SYN's R = 100 ms: SRTT = R, RTTVAR = R/2, RTO = SRTT + max(200 ms, 4·RTTVAR).
	rtt := ca.View().RTT
	if rtt.SRTT != 100e6 || rtt.RTTVAR != 50e6 || rtt.RTO != 300e6 {
		t.Errorf("after one sample: %+v", rtt)
	}
	n.delay = 90 * time.Millisecond
	a.mustSend(ca, "x")
	n.settle()
	// §2.3 with R' = 180 ms: RTTVAR = 3/4·50 + 1/4·80 = 57.5, SRTT = 7/8·100 + 1/8·180 = 110.
	rtt = ca.View().RTT
	if rtt.SRTT != 110e6 || rtt.RTTVAR != 57500e3 || rtt.RTO != 340e6 {
		t.Errorf("after two samples: %+v", rtt)
	}
}

func TestKarnForbidsToTimeWhatWasSentTwice(t *testing.T) {
	n, a, b := pair(t)
	plain(a, b) // no timestamps to tell the transmissions apart
	ca, _ := connect(t, n, a, b)
	before := ca.View().RTT
	lost := false
	n.wire = func(p *packet) fate {
		drop := !lost && len(p.out.Seg.Data) > 0
		lost = lost || drop
		return fate{drop: drop}
	}
	a.mustSend(ca, "once")
	n.run(2 * time.Second)
	after := ca.View().RTT
	if after.SRTT != before.SRTT || after.RTTVAR != before.RTTVAR {
		t.Errorf("measured %+v from a retransmitted segment", after)
	}
	if after.RTO != 2*before.RTO {
		t.Errorf("RTO %d must stay backed off until a clean measurement", after.RTO)
	}
	a.mustSend(ca, "twice")
	n.run(2 * time.Second)
	if r := ca.View().RTT; r.RTO >= after.RTO {
		t.Errorf("a clean measurement must end backing off: %+v", r)
	}
}

func TestTimestampsTellWhichTransmissionWasAnswered(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	lost := false
	n.wire = func(p *packet) fate {
		drop := !lost && len(p.out.Seg.Data) > 0
		lost = lost || drop
		return fate{drop: drop}
	}
	mark := n.log.Len()
	a.mustSend(ca, "once")
	n.run(2 * time.Second)
	if n.rules(mark, rfc.TCPRTTStamp) != 1 || ca.View().RTT.SRTT != 20e6 {
		t.Errorf("RTT %+v", ca.View().RTT)
	}
}

func TestALostACKIsNotMeasuredAsARoundTrip(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	lost := 0
	n.wire = func(p *packet) fate {
		drop := lost < 3 && p.from != a
		if drop {
			lost++
		}
		return fate{drop: drop}
	}
	a.mustSend(ca, "once")
	n.run(20 * time.Second)
	if srtt := time.Duration(ca.View().RTT.SRTT); srtt > 21*time.Millisecond {
		t.Errorf("SRTT %s counts the time in which ACKs were lost", srtt)
	}
}

func TestALostSYNStartsDataWithAnRTOOfThreeSeconds(t *testing.T) {
	n, a, b := pair(t)
	plain(a, b)
	n.wire = func(p *packet) fate { return fate{drop: p.nth == 1} }
	li := b.listen(80, 5)
	ca := a.open(5000, b.end(80))
	n.run(2 * time.Second)
	b.accept(li)
	if ca.View().RTT.RTO != int64(3*time.Second) {
		t.Errorf("RTO %d", ca.View().RTT.RTO) // RFC 6298 §5.7
	}
	if ca.View().CC.Cwnd != 10*ca.View().SMSS {
		t.Errorf("cwnd %d", ca.View().CC.Cwnd) // RFC 6928 §2: one timeout may be spurious
	}
}

func TestTwoLostSYNsStartDataWithAWindowOfOneSegment(t *testing.T) {
	n, a, b := pair(t)
	n.wire = func(p *packet) fate { return fate{drop: p.nth <= 2} }
	b.listen(80, 5)
	ca := a.open(5000, b.end(80))
	n.run(4 * time.Second)
	if ca.View().CC.Cwnd != ca.View().SMSS || n.rules(0, rfc.TCPSynLostWindow) != 1 {
		t.Errorf("cwnd %d", ca.View().CC.Cwnd) // RFC 5681 §3.1
	}
}

func TestATimestampSparesTheThreeSeconds(t *testing.T) {
	n, a, b := pair(t)
	n.wire = func(p *packet) fate { return fate{drop: p.nth == 1} }
	b.listen(80, 5)
	ca := a.open(5000, b.end(80))
	n.run(2 * time.Second)
	if r := ca.View().RTT; r.SRTT != 20e6 || r.RTO != 220e6 {
		t.Errorf("the second SYN could be measured: %+v", r)
	}
}

func TestRTOTimerFollowsRFC6298Section5(t *testing.T) {
	n, a, b := pair(t)
	a.k.TLP = 0
	ca, _ := connect(t, n, a, b)
	rto := func() (sim.Time, bool) { return ca.timers[timerRTO].at, ca.timers[timerRTO].running }
	if _, on := rto(); on {
		t.Error("nothing is outstanding")
	}
	start := n.now
	a.mustSend(ca, "one")
	if at, on := rto(); !on || at != start.Add(ca.rto()) {
		t.Error("§5.1: start with the first segment")
	}
	first, _ := rto()
	n.run(5 * time.Millisecond)
	a.send(ca, pattern(3000))
	if at, _ := rto(); at != first {
		t.Error("§5.1: a running timer goes on")
	}
	n.run(16 * time.Millisecond) // the first ACK is back, others are not
	if at, on := rto(); !on || at == first {
		t.Error("§5.3: restart when new data is acknowledged")
	}
	n.settle()
	if _, on := rto(); on {
		t.Error("§5.2: stop when all is acknowledged")
	}
}

func TestEarlyDataIsAcknowledgedQuicklyThenDelayed(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	acks := 0
	for i := range 40 {
		mark := n.log.Len()
		start := n.now
		a.mustSend(ca, "x")
		n.run(150 * time.Millisecond) // shorter than the RTO, so it is no new start
		at := n.sentAt(b, mark, isACK)
		if len(at) != 1 {
			t.Fatalf("%d ACKs", len(at))
		}
		switch late := at[0].Sub(start) - n.delay; {
		case late == 0:
			acks++
			if acks != i+1 {
				t.Fatal("a quick ACK after a delayed one")
			}
		case late < b.k.DelAckMin || late > b.k.DelAckMax:
			t.Fatalf("delayed by %s", late)
		}
		b.recv(cb, 10)
	}
	if int64(acks) != b.k.QuickAcks {
		t.Errorf("%d quick ACKs, want %d", acks, b.k.QuickAcks)
	}
}

func TestEverySecondFullSegmentIsAcknowledgedAtOnce(t *testing.T) {
	n, a, b := pair(t)
	b.k.QuickAcks = 0
	ca, cb := connect(t, n, a, b)
	// The first exchange teaches the receiver how large segments are.
	a.send(ca, pattern(2*1448))
	n.run(time.Second)
	b.recv(cb, 1<<20)
	mark := n.log.Len()
	a.send(ca, pattern(4*1448))
	n.run(20 * time.Millisecond)
	if acks := n.rules(mark, rfc.TCPSecondACK); acks != 2 {
		t.Errorf("%d ACKs for four full segments", acks)
	}
}

func TestACKRidesOnTheAnswer(t *testing.T) {
	n, a, b := pair(t)
	b.k.QuickAcks = 0
	ca, cb := connect(t, n, a, b)
	mark := n.log.Len()
	a.mustSend(ca, "ask")
	n.run(11 * time.Millisecond)
	b.mustSend(cb, "answer")
	n.run(8 * time.Millisecond)
	n.wantSegments(mark,
		"A <SEQ=101><ACK=301><CTL=PA><DATA=3>",
		"B <SEQ=301><ACK=104><CTL=PA><DATA=6>")
	if n.rules(mark, rfc.TCPPiggyback) != 1 {
		t.Error("the delayed ACK must be settled by the answer")
	}
}

func TestDelayedACKNeverWaitsHalfASecond(t *testing.T) {
	for _, profile := range []string{"linux", "freebsd", "rfc"} {
		n, a, b := pair(t)
		b.k, _ = Profile(profile)
		b.k.QuickAcks = 0
		ca, _ := connect(t, n, a, b)
		for range 20 {
			mark := n.log.Len()
			at := n.now
			a.mustSend(ca, "x")
			n.run(3 * time.Second)
			acks := n.sentAt(b, mark, isACK)
			if len(acks) == 0 || acks[0].Sub(at)-n.delay >= 500*time.Millisecond {
				t.Fatalf("%s: ACKs at %v", profile, acks)
			}
		}
	}
}

func TestFireOfATimerThatDoesNotRunDoesNothing(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	before := n.log.Len()
	a.do(func(fx *Effects) { a.layer.Fire(ca, "rto", fx) })
	if n.log.Len() != before+1 { // the command itself
		t.Error("something happened")
	}
}
