package tcp

import (
	"strings"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// rackSender's round trip is 20 ms, so that its reordering window is 5 ms.
func rackSender(t *testing.T) *rawPeer {
	return sackSender(t, func(k *Knobs) { k.Recovery = 1 })
}

// RFC 8985 §3.4, the example of RACK-TLP in action: of P0 to P3 only P0 arrives, and the
// first retransmission of P1 is lost too. No timeout is needed.
func TestRFC8985ExampleOfRACKAndTLPInAction(t *testing.T) {
	n, a, b := pair(t)
	a.k.PRR = 0 // which would send P1 alone until it learns more
	ca, cb := connect(t, n, a, b)
	mark, start := n.log.Len(), n.now
	count := 0
	n.wire = func(p *packet) fate {
		if len(p.out.Seg.Data) == 0 {
			return fate{}
		}
		count++
		return fate{drop: count == 2 || count == 3 || count == 4 || count == 6}
	}
	data := pattern(4 * 1448)
	a.send(ca, data)
	n.run(500 * time.Millisecond)
	var got []string
	for _, e := range n.log.From(mark + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && s.Seg.Len > 0 {
			got = append(got, string(rune('0'+(s.Seg.Seq-101)/1448))+"@"+
				e.T.Sub(start).Round(ms).String())
		}
	}
	// P3 is the probe, two round trips after P0 was acknowledged; P1 and P2 are lost when it
	// is SACKed; P1 again when P2 is.
	want := "0@0s 1@0s 2@0s 3@0s 3@62ms 1@82ms 2@82ms 1@102ms"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("sent %s\nwant %s", s, want)
	}
	if text, _ := b.recv(cb, 1<<20); string(text) != string(data) {
		t.Error("not all arrived")
	}
	if n.rules(mark, rfc.TCPRTOResend) != 0 || n.rules(mark, rfc.TCPTLPAgain) != 1 ||
		n.rules(mark, rfc.TCPRACKResend) != 3 {
		t.Error("by the wrong rules")
	}
}

func TestRACKWaitsForTheReorderingWindow(t *testing.T) {
	p := rackSender(t)
	p.b.send(p.c, pattern(10_000))
	p.run(20 * ms)
	mark, start := p.log.Len(), p.now
	p.wantSent("one above", p.sack(0, 1, 2), "")
	if at := p.c.timers[timerLoss]; !at.running || at.at != start.Add(5*ms) ||
		p.rules(mark, rfc.TCPRACKTimer) == 0 {
		t.Errorf("the timer: %+v", at)
	}
	p.run(5*ms - 1)
	if got := p.lost(mark); got != "" {
		t.Errorf("too early: %s", got)
	}
	p.run(1)
	p.wantSent("the window is over", p.sentSince(mark), "R0")
	if got := p.lost(mark); got != "0-1 rfc8985:6.2" || p.c.cc.phase != phaseRecovery {
		t.Errorf("lost %s", got)
	}
}

func TestRACKHonoursThreeSegmentsUntilReorderingIsSeen(t *testing.T) {
	for _, row := range []struct {
		knob int64
		seen int
		want string
	}{{1, 0, "R0"}, {5, 0, ""}, {1, 4, ""}} {
		p := sackSender(t, func(k *Knobs) { k.Recovery = row.knob })
		p.b.send(p.c, pattern(10_000))
		p.run(20 * ms)
		p.c.loss.reordering, p.c.shownLoss.Reordering, p.quiet = row.seen, row.seen, true
		p.sack(0, 1, 3)
		p.wantSent("third", p.sack(0, 1, 4), row.want)
	}
}

func TestRACKFindsALostRetransmission(t *testing.T) {
	p := rackSender(t)
	p.b.send(p.c, pattern(20_000))
	p.run(20 * ms)
	p.sack(0, 1, 3)
	p.wantSent("three above", p.sack(0, 1, 4), "R0")
	p.wantSent("six above", p.sack(0, 1, 7), "N12")
	p.run(20 * ms)
	// What was sent at the instant of the retransmission, but before it, says nothing.
	p.sack(0, 1, 12)
	if got := p.lost(p.mark); got != "" {
		t.Errorf("lost %s", got)
	}
	// New data that was sent after the retransmission arrives; the retransmission does not.
	if got := p.sack(0, 1, 13); !strings.HasPrefix(got, "R0") {
		t.Errorf("sent %s", got)
	}
	if got := p.lost(p.mark); got != "0-1 rfc8985:6.2" {
		t.Errorf("lost %s", got)
	}
}

func TestAnEarlyEchoTellsThatTheOriginalArrived(t *testing.T) {
	p := rackSender(t)
	p.b.send(p.c, pattern(20_000))
	p.run(20 * ms)
	p.sack(0, 1, 3)
	p.sack(0, 1, 4)
	at := p.c.loss.rack.at
	// "If rtt < RACK.min_RTT: Continue": 1 ms cannot be the retransmission's round trip.
	p.run(1 * ms)
	p.sack(4)
	if p.c.loss.rack.at != at {
		t.Error("the retransmission was not what arrived")
	}
}

func TestDSACKsWidenTheReorderingWindow(t *testing.T) {
	p := rackSender(t)
	p.b.send(p.c, pattern(10_000))
	p.run(20 * ms)
	p.sack(2)
	p.c.loss.reordering, p.c.shownLoss.Reordering, p.quiet = 3, 3, true
	if w := p.c.reoWnd(); w != 5*ms {
		t.Fatalf("window %s", w)
	}
	p.sack(2, 0, 1)
	p.sack(2, 1, 2) // the same round
	if w := p.c.reoWnd(); w != 10*ms {
		t.Errorf("once a round: %s", w)
	}
	p.sack(p.round(), 0, 1)
	if w := p.c.reoWnd(); w != 15*ms {
		t.Errorf("another round: %s", w)
	}
	for range 10 {
		p.c.loss.rack.round.set = false
		p.sack(p.round(), 0, 1)
	}
	if w := p.c.reoWnd(); w != p.c.rtt.srtt {
		t.Errorf("never beyond SRTT: %s", w)
	}
	for i := range 16 {
		if p.c.loss.rack.mult == 0 {
			t.Errorf("forgotten after %d recoveries", i)
		}
		p.c.loss.rack.recoveryOver()
	}
	if w := p.c.reoWnd(); w != 5*ms {
		t.Errorf("after 16 recoveries: %s", w)
	}
	p.b.k.Recovery |= 2
	p.sack(p.round(), 0, 1)
	if w := p.c.reoWnd(); w != 5*ms {
		t.Errorf("the knob keeps it: %s", w)
	}
}

// round is the number of segments sent.
func (p *rawPeer) round() int { return int(uint32(p.c.snd.nxt)-301) / 1000 }

// Every order in which six segments can arrive, within the reordering window, costs
// nothing once the path is known to reorder.
func TestNoOrderOfArrivalIsTakenForALossOnAPathThatReorders(t *testing.T) {
	p := rackSender(t)
	p.b.send(p.c, pattern(3000))
	p.run(20 * ms)
	p.sack(0, 1, 2)
	p.sack(3)
	mark := p.log.Len()
	permute([]int{0, 1, 2, 3, 4, 5}, 0, func(order []int) {
		base := p.round()
		p.b.send(p.c, pattern(6000))
		p.run(20 * ms)
		var h heldData
		una := segment(base)
		for _, i := range order {
			h.add(segment(base+i), segment(base+i+1))
			una = h.join(una)
			s := wireACK(101, uint32(una), 65535)
			s.Opts.NSACK = h.blocks(s.Opts.SACK[:3])
			p.segWith(s)
			p.run(ms / 2)
		}
		if p.c.snd.una != p.c.snd.nxt {
			t.Fatalf("%v: not all acknowledged", order)
		}
	})
	if got := p.lost(mark); got != "" || p.c.cc.ssthresh != noSsthresh {
		t.Errorf("lost %.200s, ssthresh %d", got, p.c.cc.ssthresh)
	}
}

func permute(list []int, k int, f func([]int)) {
	if k == len(list) {
		f(list)
		return
	}
	for i := k; i < len(list); i++ {
		list[k], list[i] = list[i], list[k]
		permute(list, k+1, f)
		list[k], list[i] = list[i], list[k]
	}
}

func TestATimeoutSparesWhatWasSentLately(t *testing.T) {
	p := rackSender(t)
	p.b.send(p.c, pattern(2000))
	p.run(20 * ms)
	p.sack(1)
	p.run(p.c.timers[timerRTO].at.Sub(p.now) - ms)
	p.b.send(p.c, pattern(1000))
	mark := p.log.Len()
	p.run(2 * ms)
	if got := p.lost(mark); got != "1-2 rfc6675:5.1" || p.c.ccVars().Cwnd != 2000 {
		t.Errorf("lost %s, cwnd %d", got, p.c.ccVars().Cwnd)
	}
}

func TestLeastRTTForgetsAnOldPath(t *testing.T) {
	var l leastRTT
	l.put(30*ms, sim.Time(time.Hour))
	l.put(20*ms, sim.Time(time.Hour+time.Minute))
	l.put(40*ms, sim.Time(time.Hour+2*time.Minute))
	if l.get() != 20*ms {
		t.Errorf("%s", l.get())
	}
	l.put(50*ms, sim.Time(time.Hour+6*time.Minute))
	if l.get() != 20*ms {
		t.Errorf("the window before counts: %s", l.get())
	}
	l.put(45*ms, sim.Time(time.Hour+12*time.Minute))
	if l.get() != 45*ms {
		t.Errorf("%s", l.get())
	}
}
