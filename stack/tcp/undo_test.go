package tcp

import (
	"strings"
	"testing"
	"time"

	"labserver/stack/rfc"
)

// undoSender's peer speaks timestamps as well when ts is 1; see stamped.
func undoSender(t *testing.T, knobs func(k *Knobs)) *rawPeer {
	return sackSender(t, func(k *Knobs) {
		k.Recovery, k.Undo = 1, 1
		knobs(k)
	})
}

// wantUndone checks that the last acknowledgment took the reduction back.
func (p *rawPeer) wantUndone(rule rfc.ID, cwnd int) {
	p.t.Helper()
	v := p.c.View()
	if v.CC.Ssthresh != noSsthresh || int(v.CC.Cwnd)/1000 != cwnd || v.Loss.Lost != 0 ||
		v.CC.Phase != "slow-start" || p.rules(p.mark, rule) != 1 {
		p.t.Errorf("not undone by %s: %+v %+v", rule, v.CC, v.Loss)
	}
}

// RFC 3708: every segment that was sent again is reported as a duplicate.
func TestDSACKsForAllRetransmissionsUndoTheReduction(t *testing.T) {
	p := undoSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(10_000))
	p.run(20 * ms)
	p.sack(0, 2, 3)
	p.sack(0, 2, 4)
	p.wantSent("three above", p.sack(0, 2, 5), "R0")
	p.run(5 * ms)
	p.wantSent("one more", p.sack(0, 2, 7), "R1")
	p.run(5 * ms)
	p.sack(7) // the originals arrive
	if p.c.cc.phase != phaseRecovery {
		t.Fatal("recovery lasts until all is acknowledged")
	}
	p.sack(7, 0, 1)
	if p.rules(p.mark, rfc.TCPDSACKUndo) != 0 {
		t.Error("one of two retransmissions may have been needed")
	}
	p.sack(7, 1, 2)
	p.wantUndone(rfc.TCPDSACKUndo, 10)
}

func TestADSACKAfterRecoveryStillUndoes(t *testing.T) {
	p := undoSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(10_000))
	p.run(20 * ms)
	p.sack(0, 1, 4)
	p.sack(10)
	if p.c.cc.phase != phaseOpen || p.c.cc.ssthresh == noSsthresh {
		t.Fatalf("%+v", p.c.ccVars())
	}
	p.b.send(p.c, pattern(3000))
	p.sack(10, 0, 1)
	p.wantUndone(rfc.TCPDSACKUndo, 10)
}

func TestADSACKOfOldDataUndoesNothing(t *testing.T) {
	p := undoSender(t, func(*Knobs) {})
	p.b.send(p.c, pattern(20_000))
	p.run(20 * ms)
	p.sack(4)
	p.sack(4, 5, 8)
	p.sack(4, 2, 3, 5, 8) // sent before the loss was noticed
	if p.c.cc.phase != phaseRecovery || p.c.loss.undo.retrans != 1 {
		t.Errorf("%+v", p.c.loss.undo)
	}
}

func TestWithoutTheKnobNothingIsUndone(t *testing.T) {
	p := undoSender(t, func(k *Knobs) { k.Undo = 0 })
	p.b.send(p.c, pattern(10_000))
	p.run(20 * ms)
	p.sack(0, 1, 4)
	p.sack(10)
	p.sack(10, 0, 1)
	if p.c.cc.ssthresh == noSsthresh {
		t.Error("the reduction stays")
	}
}

// stamped is a connection with timestamps between two hosts, a segment of which is late.
func stamped(t *testing.T, knobs func(k *Knobs)) (n *testNet, a *testHost, ca *Conn) {
	n, a, b := pair(t)
	a.k.Congestion, a.k.SsthreshCwnd, a.k.HyStart, a.k.TLP = "newreno", 0, 0, 0
	knobs(&a.k)
	ca, cb := connect(t, n, a, b)
	b.onReady = func(r Readier, fx *Effects) {
		if r == Readier(cb) {
			cb.Recv(1<<20, fx)
		}
	}
	return n, a, ca
}

// RFC 3522, RFC 4015: the acknowledgment's timestamp answers the original, which was only
// overtaken.
func TestEifelUndoesAFastRetransmitOfAnOvertakenSegment(t *testing.T) {
	for _, sack := range []int64{1, 0} {
		n, a, ca := stamped(t, func(k *Knobs) { k.SACK, k.FRTO = sack, 0 })
		first := true
		n.wire = func(p *packet) fate {
			late := first && p.from == a && len(p.out.Seg.Data) > 0
			first = first && !late
			return fate{late: map[bool]time.Duration{true: 8 * ms}[late]}
		}
		mark := n.log.Len()
		a.send(ca, pattern(10*1448))
		n.run(100 * ms)
		if n.rules(mark, rfc.TCPEifel) != 1 || ca.cc.ssthresh != noSsthresh || ca.cc.cwnd < 10*1448 {
			t.Errorf("SACK %d: %+v, %d undone", sack, ca.ccVars(), n.rules(mark, rfc.TCPEifel))
		}
	}
}

// A delay spike: nothing is lost, but the timer runs out. The first acknowledgment tells.
func TestEifelUndoesASpuriousTimeout(t *testing.T) {
	n, a, ca := stamped(t, func(k *Knobs) { k.FRTO = 0 })
	n.wire = func(p *packet) fate {
		if p.from == a && len(p.out.Seg.Data) > 0 {
			return fate{late: 300 * ms}
		}
		return fate{}
	}
	mark := n.log.Len()
	a.send(ca, pattern(5*1448))
	n.run(340 * ms)
	if n.rules(mark, rfc.TCPRTOResend) != 1 || n.rules(mark, rfc.TCPEifel) != 1 ||
		ca.cc.phase != phaseOpen || ca.cc.cwnd < 10*1448 {
		t.Errorf("%+v", ca.ccVars())
	}
	if n.rules(mark, rfc.TCPLossResend) != 0 {
		t.Error("RFC 4015 §3.2 step (5): no go-back")
	}
}

// RFC 5682 §3.1: no timestamps, but the second acknowledgment is for data that was not
// sent again.
func TestFRTOFindsASpuriousTimeout(t *testing.T) {
	for _, sack := range []int64{1, 0} {
		p := sackSender(t, func(k *Knobs) { k.FRTO, k.Undo, k.SACK = 1, 1, sack })
		p.b.send(p.c, pattern(30_000))
		mark := p.log.Len()
		p.run(p.c.timers[timerRTO].at.Sub(p.now))
		p.wantSent("the timeout", p.sentSince(mark), "R0")
		p.wantSent("step 2b: new data", p.sack(1), "N10 N11")
		if p.rules(p.mark, rfc.TCPFRTONew) == 0 {
			t.Error("by its rule")
		}
		got := p.sack(2)
		if p.rules(p.mark, rfc.TCPFRTO) != 1 || p.c.cc.phase != phaseOpen ||
			p.c.cc.ssthresh != noSsthresh || strings.Contains(got, "R") {
			t.Errorf("step 3b: %+v, sent %s", p.c.ccVars(), got)
		}
	}
}

func TestFRTOFindsThatTheLossWasReal(t *testing.T) {
	for _, sack := range []int64{1, 0} {
		p := sackSender(t, func(k *Knobs) { k.FRTO, k.Undo, k.SACK = 1, 1, sack })
		p.b.send(p.c, pattern(30_000))
		p.run(p.c.timers[timerRTO].at.Sub(p.now))
		p.wantSent("step 2b", p.sack(1), "N10 N11")
		got := ""
		if sack == 1 {
			got = p.sack(1, 10, 11)
		} else {
			got = p.sack(1)
		}
		if p.c.loss.frto.on || p.c.cc.phase != phaseLoss || !strings.HasPrefix(got, "R1") {
			t.Errorf("step 3a: sent %q", got)
		}
	}
}

func TestFRTOWithoutNewDataRepairsAsUsual(t *testing.T) {
	p := sackSender(t, func(k *Knobs) { k.FRTO, k.Undo = 1, 1 })
	p.b.send(p.c, pattern(5000))
	p.run(p.c.timers[timerRTO].at.Sub(p.now))
	p.wantSent("nothing new to send", p.sack(1), "R1 R2")
	if p.c.loss.frto.on {
		t.Error("step 2a")
	}
}

func TestWithoutSACKAnACKBeyondTheRetransmissionProvesNothing(t *testing.T) {
	p := sackSender(t, func(k *Knobs) { k.FRTO, k.Undo, k.SACK = 1, 1, 0 })
	p.b.send(p.c, pattern(30_000))
	p.run(p.c.timers[timerRTO].at.Sub(p.now))
	p.sack(4) // the hole was filled; 1 to 3 had arrived before
	if p.c.cc.phase != phaseLoss || p.rules(p.mark, rfc.TCPFRTO) != 0 {
		t.Error("the first segment was lost")
	}
}
