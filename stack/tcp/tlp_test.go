package tcp

import (
	"testing"
	"time"

	"labserver/stack/rfc"
)

func tlpSender(t *testing.T) *rawPeer {
	return sackSender(t, func(k *Knobs) { k.Recovery, k.TLP = 1, 1 })
}

// pto is when the loss timer runs out, from now.
func (p *rawPeer) pto() time.Duration {
	if tm := p.c.timers[timerLoss]; tm.running {
		return tm.at.Sub(p.now)
	}
	return 0
}

func TestAProbeIsScheduledAfterTwoRoundTrips(t *testing.T) {
	p := tlpSender(t)
	srtt := p.c.rtt.srtt
	p.b.send(p.c, pattern(1000))
	// RFC 8985 §7.2: a lone segment waits for a delayed ACK too. The RTO is not later.
	if got := p.pto(); got != p.c.rto() || got > 2*srtt+p.b.k.DelAckMax {
		t.Errorf("PTO of one segment %s", got)
	}
	p.run(5 * ms)
	p.b.send(p.c, pattern(1000))
	if got := p.pto(); got != 2*srtt+leastPTO {
		t.Errorf("PTO of two segments %s", got)
	}
	if p.c.timers[timerRTO].running {
		t.Error("RFC 8985 §8: one timer at a time")
	}
	p.run(20 * ms)
	p.sack(2)
	if p.pto() != 0 || p.c.timers[timerRTO].running {
		t.Error("nothing is outstanding")
	}
}

func TestNoProbeWithoutSACKOrInRecovery(t *testing.T) {
	p := sackSender(t, func(k *Knobs) { k.SACK, k.TLP = 0, 1 })
	p.b.send(p.c, pattern(2000))
	if p.pto() != 0 {
		t.Error("RFC 8985 §7.2 wants SACK")
	}
	p = tlpSender(t)
	p.b.send(p.c, pattern(10_000))
	p.run(20 * ms)
	p.sack(0, 1, 3)
	p.sack(0, 1, 4)
	if p.pto() != 0 || !p.c.timers[timerRTO].running {
		t.Error("in recovery the RTO timer runs")
	}
}

func TestAProbeSendsNewDataPastTheWindow(t *testing.T) {
	p := tlpSender(t)
	p.b.send(p.c, pattern(30_000))
	mark := p.log.Len()
	p.run(p.pto())
	p.wantSent("the probe", p.sentSince(mark), "N10")
	if p.rules(mark, rfc.TCPTLPNew) == 0 || p.c.outstanding() != 11_000 {
		t.Error("one more than cwnd")
	}
	if !p.c.timers[timerRTO].running {
		t.Error("RFC 8985 §7.3: the RTO timer follows the probe")
	}
	p.sack(11)
	if p.c.loss.tlp.out || p.c.cc.ssthresh != noSsthresh {
		t.Error("new data that arrived repaired nothing")
	}
}

func TestAProbeThatRepairedALossReducesTheWindow(t *testing.T) {
	p := tlpSender(t)
	p.b.send(p.c, pattern(10_000))
	p.run(20 * ms)
	p.sack(9)
	mark := p.log.Len()
	p.run(p.pto())
	p.wantSent("the probe", p.sentSince(mark), "R9")
	p.run(20 * ms)
	p.b.send(p.c, pattern(1000))
	p.sack(11)
	if v := p.c.ccVars(); v.Ssthresh != 2000 || p.rules(p.mark, rfc.TCPTLPRepaired) != 1 {
		t.Errorf("%+v", v)
	}
}

func TestADSACKTellsThatTheProbeWasNotNeeded(t *testing.T) {
	for _, dsack := range []bool{true, false} {
		p := tlpSender(t)
		p.b.send(p.c, pattern(10_000))
		p.run(20 * ms)
		p.sack(9)
		p.run(p.pto())
		p.sack(10) // the original arrived after all
		if !p.c.loss.tlp.out {
			t.Fatal("not known yet which of them")
		}
		p.b.send(p.c, pattern(2000))
		if dsack {
			p.sack(10, 9, 10)
		} else {
			p.sack(10)
		}
		if p.c.loss.tlp.out {
			t.Error("both arrived")
		}
		p.sack(12)
		if v := p.c.ccVars(); v.Ssthresh != noSsthresh {
			t.Errorf("%+v", v)
		}
	}
}

func TestOneProbeThenTheTimeout(t *testing.T) {
	p := tlpSender(t)
	p.b.send(p.c, pattern(3000))
	mark := p.log.Len()
	p.run(p.pto())
	p.run(p.c.rto() - ms)
	p.wantSent("one probe", p.sentSince(mark), "R2")
	p.run(2 * ms)
	p.wantSent("the timeout", p.sentSince(mark), "R2 R0")
	if got := p.lost(mark); got != "0-3 rfc6675:5.1" || p.c.loss.tlp.out {
		t.Errorf("lost %s", got)
	}
}

func TestAProbeStaysInsideTheReceiveWindow(t *testing.T) {
	p := tlpSender(t)
	p.b.send(p.c, pattern(3000))
	p.segWith(wireACK(101, 301, 1500))
	mark := p.log.Len()
	p.run(p.pto())
	p.wantSent("no probe", p.sentSince(mark), "")
	if !p.c.timers[timerRTO].running {
		t.Error("the RTO timer must run")
	}
}
