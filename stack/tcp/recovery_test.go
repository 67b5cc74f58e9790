package tcp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// sackSender is a sender whose hand-made peer speaks SACK. Segment n is the n-th thousand
// octets. Knobs are set before the connection is opened.
func sackSender(t *testing.T, knobs func(k *Knobs)) *rawPeer {
	p := newRaw(t)
	p.b.k.Nagle, p.b.k.SACK, p.b.k.SndBuf = 0, 1, 1<<20
	// Tests turn on what they are about.
	p.b.k.Recovery, p.b.k.TLP, p.b.k.FRTO, p.b.k.Undo = 0, 0, 0, 0
	p.b.k.Congestion, p.b.k.SsthreshCwnd, p.b.k.HyStart = "newreno", 0, 0
	knobs(&p.b.k)
	p.li = p.b.listen(80, 5)
	syn := wireACK(100, 0, 65535)
	syn.Flags = parseFlags("S")
	syn.Opts.MSS, syn.Opts.SACKOK = 1000, true
	p.segWith(syn)
	p.run(20 * time.Millisecond)
	p.seg("A", 101, 301, "")
	p.c = p.b.accept(p.li)
	p.run(time.Second) // the quick ACKs of the beginning are over
	return p
}

func segment(n int) seq.Num { return num(uint32(301 + 1000*n)) }

// sack acknowledges the first una segments, and the blocks given by pairs of numbers of
// segments. It returns what was sent for it, as segments(…) tells it.
func (p *rawPeer) sack(una int, blocks ...int) string {
	s := wireACK(101, uint32(segment(una)), 65535)
	for i := 0; i+1 < len(blocks); i += 2 {
		s.Opts.SACK[s.Opts.NSACK] = [2]seq.Num{segment(blocks[i]), segment(blocks[i+1])}
		s.Opts.NSACK++
	}
	p.segWith(s)
	return p.sentSince(p.mark)
}

// sentSince lists the segments sent since event n: "N20" is new, "R0" was sent again.
func (p *rawPeer) sentSince(mark uint64) string {
	var list []string
	for _, e := range p.log.From(mark + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Host == "B" && e.Rule != rfc.ByCommand &&
			s.Seg.Len > 0 {
			kind := "N"
			if s.Seg.Retransmission {
				kind = "R"
			}
			list = append(list, fmt.Sprintf("%s%d", kind, (uint32(s.Seg.Seq)-301)/1000))
		}
	}
	return strings.Join(list, " ")
}

// lost lists the events that say what is lost since event n.
func (p *rawPeer) lost(mark uint64) string {
	var list []string
	for _, e := range p.log.From(mark + 1) {
		if s, ok := e.Body.(event.SegmentLost); ok {
			list = append(list, fmt.Sprintf("%d-%d %s", (uint32(s.Seq)-301)/1000,
				(uint32(s.End)-301)/1000, e.Rule))
		}
	}
	return strings.Join(list, ", ")
}

func (p *rawPeer) wantSent(what, got, want string) {
	p.t.Helper()
	if got != want {
		p.t.Errorf("%s: sent %q, want %q", what, got, want)
	}
}

// twenty brings a sender of twenty segments' window into full flight.
func twenty(k *Knobs) { k.IW = 20 }

// RFC 9937 §7 (and RFC 6937 §4): twenty segments are in flight, the first is lost, ssthresh
// is ten. Limited transmit, the retransmission, and then one segment for every other ACK.
func TestPRRSpreadsTheReductionOverARoundTrip(t *testing.T) {
	p := sackSender(t, twenty)
	p.b.send(p.c, pattern(100_000))
	next := 20
	for ack := 1; ack <= 21; ack++ {
		want := ""
		switch {
		case ack == 3:
			want = "R0"
		case ack < 3, ack < 18 && ack%2 == 1, ack >= 20:
			want = fmt.Sprintf("N%d", next)
			next++
		}
		p.wantSent(fmt.Sprintf("ACK %d", ack), p.sack(0, 1, ack+1), want)
	}
	if c := &p.c.cc; c.ssthresh != 10_000 || c.phase != phaseRecovery || p.c.outstanding() != 10_000 {
		t.Errorf("ssthresh %d, outstanding %d", c.ssthresh, p.c.outstanding())
	}
	// The retransmission arrives: recovery ends at ssthresh, and nothing bursts.
	p.wantSent("the end", p.sack(22), "N31")
	if v := p.c.ccVars(); v.Cwnd < 10_000 || v.Cwnd > 11_000 || p.rules(p.mark, rfc.TCPPRREnd) == 0 {
		t.Errorf("%+v", v)
	}
}

// The same loss by RFC 6675 alone: after the retransmission there is silence for half a
// round trip, then one segment for each ACK.
func TestRFC6675WaitsForHalfTheFlight(t *testing.T) {
	p := sackSender(t, func(k *Knobs) { k.IW, k.PRR = 20, 0 })
	p.b.send(p.c, pattern(100_000))
	next := 20
	for ack := 1; ack <= 21; ack++ {
		want := ""
		switch {
		case ack == 3:
			want = "R0"
		case ack < 3, ack >= 13:
			want = fmt.Sprintf("N%d", next)
			next++
		}
		p.wantSent(fmt.Sprintf("ACK %d", ack), p.sack(0, 1, ack+1), want)
	}
	p.sack(22)
	if v := p.c.ccVars(); v.Phase != "congestion-avoidance" || v.Cwnd/1000 != 10 ||
		p.rules(p.mark, rfc.TCPSackRecovered) == 0 {
		t.Errorf("%+v", v)
	}
}

// RFC 9937 §7, second example: fifteen of twenty are lost. What is outstanding is below
// ssthresh at once; each ACK releases one segment (PRR-CRB), and two once the
// retransmissions are seen to arrive (PRR-SSRB).
func TestPRRIsConservativeUntilRecoveryMakesProgress(t *testing.T) {
	p := sackSender(t, twenty)
	p.b.send(p.c, pattern(100_000))
	for i, want := range []string{"N20", "N21", "R0", "R1", "R2", "R3", "R4"} {
		p.wantSent(fmt.Sprintf("ACK %d", i+1), p.sack(0, 15, 16+i), want)
	}
	if p.c.outstanding() != 5000 || p.rules(0, rfc.TCPPRRCRB) == 0 {
		t.Errorf("outstanding %d", p.c.outstanding())
	}
	for i, want := range []string{"R5 R6", "R7 R8", "R9 R10", "R11 R12", "R13 R14", "N22"} {
		p.wantSent(fmt.Sprintf("progress %d", i+1), p.sack(1+i, 15, 22), want)
	}
	if p.rules(0, rfc.TCPPRRSSRB) == 0 || p.c.outstanding() != 10_000 {
		t.Errorf("outstanding %d", p.c.outstanding())
	}
}

func TestPRRWithoutSACKCountsDuplicates(t *testing.T) {
	p := sackSender(t, func(k *Knobs) { k.IW, k.SACK = 20, 0 })
	p.b.send(p.c, pattern(100_000))
	next := 20
	for ack := 1; ack <= 21; ack++ {
		want := ""
		switch {
		case ack == 3:
			want = "R0"
		case ack < 3, ack < 18 && ack%2 == 1, ack >= 20:
			want = fmt.Sprintf("N%d", next)
			next++
		}
		p.wantSent(fmt.Sprintf("ACK %d", ack), p.sack(0), want)
	}
	// A partial ACK repairs the next hole (RFC 6582 §3.2 step 3).
	if got := p.sack(9); !strings.HasPrefix(got, "R9") {
		t.Errorf("partial: sent %s", got)
	}
	if got := p.lost(0); got != "0-1 rfc5681:3.2:lost, 9-10 rfc6582:3.2:lost" {
		t.Errorf("lost %s", got)
	}
	p.sack(31)
	if p.c.cc.phase != phaseOpen || p.c.loss.guessed != 0 {
		t.Error("the full ACK ends recovery")
	}
}

// A duplicate ACK tells of SMSS octets at most; of small segments each was less. What is
// guessed of them never passes what is outstanding and not lost, or pipe would be too small.
func TestDuplicatesOfSmallSegmentsAreNotGuessedTooLarge(t *testing.T) {
	p := sackSender(t, func(k *Knobs) { k.IW, k.SACK = 20, 0 })
	for range 5 {
		p.b.send(p.c, pattern(300))
	}
	for range 4 {
		p.sack(0)
	}
	p.seg("A", 101, 601, "") // a partial ACK: the next small segment is lost, and sent again
	if p.c.outstanding() < 300 || p.c.loss.guessed > 900 {
		t.Errorf("pipe is %d, %d guessed", p.c.outstanding(), p.c.loss.guessed)
	}
}

func TestIsLostNeedsThreeSegmentsAbove(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(10_000))
	p.sack(0, 1, 2)
	p.sack(0, 1, 3)
	if got := p.lost(0); got != "" {
		t.Errorf("too early: %s", got)
	}
	// RFC 6675 §4: "more than (DupThresh - 1) * SMSS bytes […] have been SACKed" above 0,
	// not above 4.
	p.wantSent("third", p.sack(0, 1, 4, 5, 6), "R0")
	if got := p.lost(0); got != "0-1 rfc6675:4" {
		t.Errorf("lost %s", got)
	}
	p.sack(0, 1, 4, 5, 7)
	p.sack(0, 1, 4, 5, 8)
	if got := p.lost(p.mark); got != "4-5 rfc6675:4" {
		t.Errorf("lost %s", got)
	}
}

func TestThreeDiscontiguousBlocksMeanALoss(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(10_000))
	p.sack(0, 2, 3)
	// Two acknowledgments were lost; three blocks are above segments 0 and 1.
	p.sack(0, 6, 7, 4, 5, 2, 3)
	if got := p.lost(0); got != "0-1 rfc6675:4, 1-2 rfc6675:4" {
		t.Errorf("lost %s", got)
	}
}

func TestARetransmissionNamesTheLossAsItsCause(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(10_000))
	for i := range 3 {
		p.sack(0, 1, 2+i)
	}
	for _, e := range p.log.From(p.mark + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && s.Seg.Retransmission {
			cause := p.log.From(e.By)[0]
			lost, ok := cause.Body.(event.SegmentLost)
			if !ok || lost.Seq != s.Seg.Seq || e.Rule != rfc.TCPNextSeg {
				t.Errorf("%s by %s %s", e.Rule, cause.Kind(), cause.Rule)
			}
			return
		}
	}
	t.Error("nothing was sent again")
}

func TestUnsureAndRescueRetransmissionsFillTheWindow(t *testing.T) {
	p := sackSender(t, func(k *Knobs) { k.PRR = 0 })
	p.b.send(p.c, pattern(10_000))
	p.wantSent("two blocks", p.sack(0, 1, 2, 3, 4), "")
	p.wantSent("three blocks", p.sack(0, 1, 2, 3, 4, 5, 6), "R0")
	p.wantSent("a full window", p.sack(0, 1, 2, 3, 4, 5, 7), "")
	p.wantSent("rule (1)", p.sack(2, 3, 4, 5, 7), "R2")
	// Nothing new is left to send. IsLost is not true for 4, but data above it arrived.
	p.wantSent("rule (3)", p.sack(4, 5, 7), "R4")
	// Nothing above 7 arrived: one segment may be tried, once.
	p.wantSent("rule (4)", p.sack(7), "R9")
	p.wantSent("no second rescue", p.sack(8), "")
	if p.rules(0, rfc.TCPNextSegGuess) != 1 || p.rules(0, rfc.TCPRescue) != 1 {
		t.Error("by these rules")
	}
}

func TestSACKOfWhatWasNeverSentIsRefused(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(5000))
	p.sack(0, 3, 9)
	if got := p.refusals(p.mark); len(got) != 1 || got[0] != "bad-sack" {
		t.Errorf("%q", got)
	}
	p.sack(0, 3, 2)
	if got := p.refusals(p.mark); len(got) != 1 || p.c.snd.queue.sacked.segs != 0 {
		t.Errorf("%q", got)
	}
}

func TestPartOfASegmentCanBeSACKed(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(5000))
	s := wireACK(101, 301, 65535)
	s.Opts.SACK[0], s.Opts.NSACK = [2]seq.Num{1500, 2800}, 1
	p.segWith(s)
	if q := &p.c.snd.queue; q.sacked.octets != 1300 || q.len() != 7 {
		t.Errorf("%d octets of %d segments", q.sacked.octets, q.len())
	}
	s.Ack, s.Opts.NSACK = 1100, 0
	p.segWith(s)
	if q := &p.c.snd.queue; q.at(0).seq != 1100 || q.at(0).end != 1301 || p.c.cc.dupAcks != 0 {
		t.Errorf("front %s", q.at(0).seq)
	}
}

func TestAPeerThatSACKsSingleOctetsCannotGrowTheQueueWithoutEnd(t *testing.T) {
	var q rtxQueue
	for i := range maxSplit {
		q.push(sent{seq: num(uint32(10 * i)), end: num(uint32(10*i + 10))})
	}
	if q.boundary(25, true) != 30 || q.boundary(25, false) != 20 || q.len() != maxSplit {
		t.Error("a full queue must not be split")
	}
}

func TestATimeoutTakesEverythingNotSACKedForLost(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(6000))
	p.sack(0, 2, 3)
	mark := p.log.Len()
	p.run(300 * time.Millisecond)
	if got := p.lost(mark); got != "0-2 rfc6675:5.1, 3-6 rfc6675:5.1" {
		t.Errorf("lost %s", got)
	}
	p.wantSent("timeout", p.sentSince(mark), "R0")
	if v := p.c.View(); v.CC.Cwnd != 1000 || v.Loss.Lost != 5000 || v.Loss.Sacked != 1000 ||
		v.Loss.Retrans != 1000 {
		t.Errorf("%+v %+v", v.CC, v.Loss)
	}
	p.wantSent("slow start", p.sack(1, 2, 3), "R1 R3")
	p.sack(6)
	if p.c.cc.phase != phaseOpen {
		t.Error("all is repaired")
	}
}

// RFC 2018 §8: a receiver may drop what it SACKed. The sender finds out by a timeout.
func TestAnUnkeptSACKIsForgottenAtTheTimeout(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(4000))
	p.sack(0, 1, 2)
	mark := p.log.Len()
	p.sack(1) // segment 1 was SACKed and should be acknowledged now
	p.run(time.Second)
	if got := p.lost(mark); !strings.HasPrefix(got, "1-4 ") {
		t.Errorf("lost %s", got)
	}
	if p.c.View().Loss.Sacked != 0 {
		t.Error("the mark must go")
	}
}

func TestSACKInAnOvertakenACKCounts(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(8000))
	p.sack(2)
	p.sack(1, 4, 5)
	if p.c.View().Loss.Sacked != 1000 || p.c.cc.dupAcks != 1 {
		t.Errorf("%+v", p.c.View().Loss)
	}
}

func TestDSACKsAreCounted(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(8000))
	p.sack(3, 1, 2)             // below the acknowledgment
	p.sack(3, 5, 6, 5, 7)       // inside the second block
	p.sack(3, 5, 7)             // none
	p.sack(3, 7, 8, 5, 7, 4, 5) // none
	if v := p.c.View().Loss; v.DSACKs != 2 || v.Sacked != 4000 {
		t.Errorf("%+v", v)
	}
	if p.rules(0, rfc.TCPDSACK) != 2 {
		t.Error("RFC 2883 §5")
	}
}

func TestSACKedSegmentsMeasureTheRoundTrip(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(8000))
	p.run(30 * time.Millisecond)
	p.sack(0, 1, 2)
	if p.rules(p.mark, rfc.TCPRTTSack) != 1 {
		t.Error("a segment sent once may be timed by its SACK")
	}
}

func TestRenoAndTahoeDoNotLookAtSACK(t *testing.T) {
	for _, name := range []string{"reno", "tahoe"} {
		p := sackSender(t, func(k *Knobs) { k.Congestion = name })
		p.b.send(p.c, pattern(10_000))
		p.sack(0, 1, 2, 3, 4, 5, 6)
		if p.c.View().Loss.Sacked > 1000 || p.c.cc.phase != phaseOpen {
			t.Errorf("%s: %+v", name, p.c.View().Loss)
		}
		p.sack(0, 1, 3)
		p.wantSent(name, p.sack(0, 1, 4), "R0")
	}
}

func TestCongestionWithoutLossReducesOncePerWindow(t *testing.T) {
	for _, prr := range []int64{0, 1} {
		p := sackSender(t, func(k *Knobs) { k.PRR = prr })
		p.b.send(p.c, pattern(30_000))
		marked := func() (did bool) {
			p.b.do(func(fx *Effects) { did = p.c.congested(p.c.flight(), fx) })
			return did
		}
		if !marked() || marked() {
			t.Error("once for what is outstanding")
		}
		if v := p.c.ccVars(); v.Phase != "cwr" || v.Ssthresh != 5000 {
			t.Errorf("%+v", v)
		}
		for i := 1; i <= 10; i++ {
			p.sack(i)
		}
		if v := p.c.ccVars(); v.Phase != "congestion-avoidance" || v.Cwnd/1000 != 5 {
			t.Errorf("PRR %d: %+v", prr, v)
		}
		if !marked() {
			t.Error("a new window, a new reduction")
		}
	}
}

// After 2 GiB without a loss the numbers noted at the last one would lie ahead again.
func TestWhatALossNotedDoesNotComeRoundAgain(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(30_000))
	for i := range 3 {
		p.sack(0, 1, 2+i)
	}
	p.c.ecn.high = p.c.cc.high
	if p.sack(12); !p.c.cc.high.set || p.c.cc.phase != phaseOpen {
		t.Fatalf("recovery is over, and all up to its end is acknowledged: %+v", p.c.cc.high)
	}
	if p.sack(13); p.c.cc.high.set || p.c.ecn.high.set || p.c.loss.judged != p.c.snd.una {
		t.Errorf("%+v %+v %d", p.c.cc.high, p.c.ecn.high, p.c.loss.judged)
	}
}

func TestALossDuringAReductionIsRepairedWithoutAnother(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(30_000))
	p.b.do(func(fx *Effects) { p.c.congested(p.c.flight(), fx) })
	for i := range 4 {
		p.sack(0, 1, 2+i)
	}
	if p.c.cc.phase != phaseRecovery || p.c.cc.ssthresh != 5000 || p.rules(0, rfc.TCPNextSeg) != 1 {
		t.Errorf("%+v", p.c.ccVars())
	}
}

func TestRetransmissionsFitASmallerMSS(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(5000))
	p.c.snd.mss, p.quiet = 400, true // nobody is told
	mark := p.log.Len()
	p.run(300 * time.Millisecond)
	if got := p.segments(mark); len(got) != 1 || got[0] != "B <SEQ=301><ACK=101><CTL=A><DATA=400>" {
		t.Errorf("%q", got)
	}
}

// holes drops what is in the set the first time it is sent.
func holes(set map[int]bool) func(*packet) fate {
	count := 0
	return func(p *packet) fate {
		if len(p.out.Seg.Data) > 0 {
			count++
		}
		return fate{drop: len(p.out.Seg.Data) > 0 && set[count]}
	}
}

func TestManyHolesAreRepairedInOneRoundTrip(t *testing.T) {
	for _, prr := range []int64{0, 1} {
		n, a, b := pair(t)
		a.k.IW, a.k.PRR, a.k.Recovery, a.k.TLP = 30, prr, 0, 0
		a.k.SndBuf = 1 << 20
		ca, cb := connect(t, n, a, b)
		n.wire = holes(map[int]bool{2: true, 5: true, 6: true, 9: true, 12: true})
		data := pattern(30 * 1448)
		a.send(ca, data)
		n.run(65 * time.Millisecond) // three round trips and a half
		got, _ := b.recv(cb, 1<<20)
		if string(got) != string(data) {
			t.Errorf("PRR %d: %d octets after the second round trip", prr, len(got))
		}
		if n.rules(0, rfc.TCPRTOResend) != 0 {
			t.Error("a timeout")
		}
	}
}

func TestASegmentThatWasOnlyOvertakenRaisesDupThresh(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(30_000))
	p.sack(0, 1, 3)
	p.sack(3) // segment 0 was not lost
	if v := p.c.View().Loss; v.Reordering != 3 || p.rules(p.mark, rfc.TCPReordering) != 1 {
		t.Errorf("%+v", v)
	}
	p.sack(3, 7, 8)
	p.sack(8)
	if v := p.c.View().Loss; v.Reordering != 5 {
		t.Errorf("%+v", v)
	}
	for i := range 4 {
		p.sack(8, 9, 10+i)
		if got := p.lost(p.mark); got != "" {
			t.Errorf("%d segments above, but five may overtake it: lost %s", i+1, got)
		}
	}
	if p.sack(8, 9, 14); p.lost(p.mark) != "8-9 rfc6675:4" {
		t.Errorf("lost %s", p.lost(p.mark))
	}
	p.b.k.MaxReordering = 6
	p.sack(8, 9, 14, 16, 19)
	p.sack(19)
	if v := p.c.View().Loss; v.Reordering > 6 {
		t.Errorf("%+v", v)
	}
}
