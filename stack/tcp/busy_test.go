package tcp

import (
	"testing"
	"time"
)

func TestInfoTellsWhatASendersTimeWentTo(t *testing.T) {
	p := sackSender(t, func(*Knobs) {})
	p.b.do(func(fx *Effects) { p.c.Configure(Options{SndBuf: 20_000}, fx) })
	p.run(time.Second)
	p.b.send(p.c, pattern(4000)) // 30 ms busy
	p.run(30 * ms)
	p.segWith(wireACK(101, 4301, 5000))
	p.run(time.Second)           // idle
	p.b.send(p.c, pattern(9000)) // 5000 fit the window: 20 ms
	p.run(20 * ms)
	p.segWith(wireACK(101, 9301, 65535))
	p.run(10 * ms) // busy
	p.segWith(wireACK(101, 13301, 65535))
	p.c.cc.cwnd, p.quiet = 50_000, true
	p.c.shownCC = p.c.ccVars()
	p.b.send(p.c, pattern(30_000)) // only 20 000 fit the buffer: 40 ms
	p.run(40 * ms)
	i := p.c.Info(p.now)
	if i.BusyTime != 100*ms || i.RwndLimited != 20*ms || i.SndbufLimited != 40*ms {
		t.Errorf("busy %s, window %s, buffer %s", i.BusyTime, i.RwndLimited, i.SndbufLimited)
	}
	if i.BytesAcked != 13_000 || i.Unacked != 20 {
		t.Errorf("%d octets acknowledged, %d segments outstanding", i.BytesAcked, i.Unacked)
	}
}

func TestInfoCountsSegmentsByTheirFate(t *testing.T) {
	p := sackSender(t, func(k *Knobs) { k.Recovery = 1 })
	p.b.send(p.c, pattern(10_000))
	p.run(20 * ms)
	p.sack(0, 2, 3)
	if i := p.c.Info(p.now); i.CAState != CADisorder || i.Sacked != 1 || i.Lost != 0 {
		t.Errorf("%+v", i)
	}
	p.sack(0, 2, 5)
	i := p.c.Info(p.now)
	if i.CAState != CARecovery || i.Sacked != 3 || i.Lost != 2 || i.Retrans != 1 ||
		i.TotalRetrans != 1 || i.Unacked != 10 || i.Reordering != 3 || i.MinRTT != 20*ms {
		t.Errorf("%+v", i)
	}
	p.run(time.Second)
	if i := p.c.Info(p.now); i.CAState != CALoss || i.Lost != 7 || i.Backoff == 0 {
		t.Errorf("%+v", i)
	}
	p = sackSender(t, func(k *Knobs) { k.SACK = 0 })
	p.b.send(p.c, pattern(10_000))
	p.sack(0)
	p.sack(0)
	if i := p.c.Info(p.now); i.Sacked != 2 || i.CAState != CADisorder {
		t.Errorf("%+v", i)
	}
}
