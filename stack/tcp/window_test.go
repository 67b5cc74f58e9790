package tcp

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// smallReader is a connection whose receiver has a buffer of n octets and does not read.
func smallReader(t *testing.T, size inet.ByteCount) (n *testNet, a, b *testHost, ca, cb *Conn) {
	n, a, b = pair(t)
	a.k.ProbeData = 1
	b.k, _ = Profile("rfc")
	b.k.RcvBuf, b.k.RcvBufMax = size, size
	ca, cb = connect(t, n, a, b)
	return n, a, b, ca, cb
}

func TestWindowClosesAndIsProbedWithDoublingIntervals(t *testing.T) {
	n, a, b, ca, cb := smallReader(t, 4096)
	a.send(ca, pattern(10000))
	n.run(150 * time.Millisecond)
	// Two whole segments are offered; less than one more is not worth telling.
	if w := cb.View().Rcv; w.WND != 0 || w.Queued != 2896 {
		t.Fatalf("receiver %+v", w)
	}
	mark := n.log.Len()
	n.run(20 * time.Second)
	var probes []event.Seg
	for _, e := range n.log.From(mark + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Rule == rfc.TCPProbe {
			probes = append(probes, s.Seg)
		}
	}
	if len(probes) < 4 {
		t.Fatalf("%d probes", len(probes))
	}
	for _, s := range probes {
		if s.Len != 1 || s.Seq != num(101).Add(2896) {
			t.Errorf("probe %s", figure(s))
		}
	}
	if ca.View().Snd.WND != 0 || cb.View().Rcv.WND != 0 {
		t.Error("the window must be closed")
	}
	at := n.sentAt(a, mark, func(s event.Seg) bool { return s.Len == 1 })
	for i := 2; i < len(at); i++ {
		if first, second := at[i-1].Sub(at[i-2]), at[i].Sub(at[i-1]); second != 2*first {
			t.Errorf("intervals %s, %s", first, second)
		}
	}
	// Every probe is answered, so the connection stays open for hours (MUST-37).
	n.run(5 * time.Hour)
	if ca.State() != inet.Established {
		t.Fatal("an answered probe must not time out")
	}
	var got []byte
	for range 20 {
		data, _ := b.recv(cb, 1<<20)
		got = append(got, data...)
		n.run(5 * time.Second)
	}
	if !bytes.Equal(got, pattern(10000)) {
		t.Errorf("%d octets arrived", len(got))
	}
}

func TestAnEmptyProbeSaysNothingAndIsAnswered(t *testing.T) {
	n, a, b, ca, cb := smallReader(t, 4096)
	a.k.ProbeData = 0
	a.send(ca, pattern(10000))
	mark := n.log.Len()
	n.run(20 * time.Second)
	probes := 0
	for _, e := range n.log.From(mark + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Rule == rfc.TCPProbe {
			if probes++; s.Seg.Len != 0 || s.Seg.Seq != ca.snd.una-1 {
				t.Errorf("probe %s", figure(s.Seg))
			}
		}
	}
	if probes < 4 || ca.probes != 0 || ca.snd.probing {
		t.Errorf("%d probes, %d unanswered", probes, ca.probes)
	}
	n.run(5 * time.Hour)
	var got []byte
	for range 20 {
		data, _ := b.recv(cb, 1<<20)
		got = append(got, data...)
		n.run(5 * time.Second)
	}
	if !bytes.Equal(got, pattern(10000)) {
		t.Errorf("%d octets arrived", len(got))
	}
}

func TestProbesThatNobodyAnswersEndTheConnection(t *testing.T) {
	n, a, _, ca, _ := smallReader(t, 2000)
	a.send(ca, pattern(9000))
	n.run(5 * time.Second)
	n.wire = func(*packet) fate { return fate{drop: true} }
	n.run(3 * time.Hour)
	if ca.State() != inet.Closed || ca.TakeError() != inet.ETIMEDOUT {
		t.Errorf("state %s", ca.State())
	}
}

func TestReadingReopensTheWindowAtOnce(t *testing.T) {
	n, a, b, ca, cb := smallReader(t, 4096)
	a.send(ca, pattern(8000))
	n.run(5 * time.Second)
	mark := n.log.Len()
	b.recv(cb, 10) // less than a segment: silly, so not told (MUST-39)
	if n.rules(mark, rfc.TCPOfferWindow) != 0 {
		t.Error("a silly window update was sent")
	}
	b.recv(cb, 4096)
	if n.rules(mark, rfc.TCPOfferWindow) == 0 || cb.View().Rcv.WND != 4096 {
		t.Errorf("no window update: %+v", cb.View().Rcv)
	}
	n.settle()
	if ca.snd.probing || cb.Unread() == 0 {
		t.Error("sending must go on at once")
	}
}

func TestALostWindowUpdateIsMadeUpByAProbe(t *testing.T) {
	n, a, b, ca, cb := smallReader(t, 4096)
	a.send(ca, pattern(8000))
	n.run(2 * time.Second)
	n.wire = func(*packet) fate { return fate{drop: true} }
	b.recv(cb, 4096)
	n.wire = nil
	n.run(20 * time.Second)
	if cb.Unread() != 4096 {
		t.Errorf("%d octets came after the lost update", cb.Unread())
	}
}

func TestFINWaitsForAWindowAndProbes(t *testing.T) {
	n, a, b, ca, cb := smallReader(t, 1000)
	a.send(ca, pattern(1000))
	n.run(time.Second)
	a.shutdown(ca)
	n.run(10 * time.Second)
	if cb.State() != inet.Established {
		t.Fatal("a FIN cannot pass a closed window")
	}
	b.recv(cb, 1000)
	n.run(5 * time.Second)
	if cb.State() != inet.CloseWait || ca.State() != inet.FinWait2 {
		t.Errorf("%s %s", ca.State(), cb.State())
	}
}

func TestRightEdgeNeverRetreats(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	t.Run("reading", func(t *testing.T) { checkRightEdge(t, n, a, b, ca, cb) })
	n, a, b, ca, cb = connected(t)
	b.do(func(fx *Effects) { cb.Configure(Options{RcvBuf: 4096}, fx) })
	t.Run("after SO_RCVBUF shrank", func(t *testing.T) { checkRightEdge(t, n, a, b, ca, cb) })
}

func checkRightEdge(t *testing.T, n *testNet, a, b *testHost, ca, cb *Conn) {
	var edge seq.Num
	check := func() {
		for _, e := range n.log.From(1) {
			s, ok := e.Body.(event.SegmentSent)
			if !ok || e.Host != b.name || s.Seg.Flags != "A" {
				continue
			}
			right := s.Seg.Ack.Add(seq.Size(s.Seg.Wnd) << cb.rcv.scale)
			if edge != 0 && right.Less(edge) {
				t.Fatalf("right edge went from %s to %s", edge, right)
			}
			edge = edge.Max(right)
		}
	}
	for i := range 60 {
		a.send(ca, pattern(3000+7*i))
		n.run(20 * time.Millisecond)
		if i%7 == 6 {
			b.recv(cb, 20000)
		}
	}
	check()
	if edge == 0 {
		t.Error("nothing was checked")
	}
}

func TestWindowScaleIsAgreedOnlyByBoth(t *testing.T) {
	for _, c := range []struct{ a, b int64 }{{1, 1}, {0, 1}, {1, 0}} {
		n, a, b := pair(t)
		a.k.WindowScale, b.k.WindowScale = c.a, c.b
		ca, cb := connect(t, n, a, b)
		want := uint8(0)
		if c.a+c.b == 2 {
			want = 7
		}
		va, vb := ca.View(), cb.View()
		if va.SndWScale != want || va.RcvWScale != want || vb.SndWScale != want || vb.RcvWScale != want {
			t.Errorf("%v: %d %d %d %d", c, va.SndWScale, va.RcvWScale, vb.SndWScale, vb.RcvWScale)
		}
		if want == 7 && va.Snd.WND <= 64240-127 {
			t.Errorf("scaled window %d", va.Snd.WND)
		}
	}
}

func TestLinuxWindowsLookLikeLinux(t *testing.T) {
	n, _, _, ca, _ := connected(t)
	var wnds []uint32
	for _, e := range n.log.From(1) {
		if s, ok := e.Body.(event.SegmentSent); ok {
			wnds = append(wnds, s.Seg.Wnd)
		}
	}
	// 44 segments of 1460, 45 of 1448, and 64256 = 502 · 128.
	if len(wnds) != 3 || wnds[0] != 64240 || wnds[1] != 65160 || wnds[2] != 502 {
		t.Errorf("windows %v", wnds)
	}
	if v := ca.View(); v.SMSS != 1448 || v.CC.Cwnd != 14480 || !v.SACK || !v.Timestamps {
		t.Errorf("%+v", v)
	}
}

func TestReceiveBufferGrowsWithAFastReader(t *testing.T) {
	n := newNet(t, "A", "B")
	a, b := n.hosts[0], n.hosts[1]
	n.delay = 50 * time.Millisecond
	n.quiet = true
	tr := startTransfer(t, n, a, b, pattern(8<<20), nil, 1<<20)
	n.run(time.Minute)
	if len(tr.rb.got) != 8<<20 {
		t.Fatalf("%d octets", len(tr.rb.got))
	}
	if tr.rb.conn.rcv.size <= b.k.RcvBuf || tr.rb.conn.rcv.size > b.k.RcvBufMax {
		t.Errorf("receive buffer %d", tr.rb.conn.rcv.size)
	}
	if tr.wa.conn.snd.size <= a.k.SndBuf {
		t.Errorf("send buffer %d", tr.wa.conn.snd.size)
	}
}

func TestReceiveBufferStaysWhenTheProgramFixedIt(t *testing.T) {
	n, _, _, ca, _ := connected(t)
	before := ca.rcv.size
	ca.opts.RcvBuf = 8192
	ca.autotune(1<<20, n.now.Add(time.Second))
	if ca.rcv.size != before {
		t.Error("a fixed buffer must not grow")
	}
}

func TestShrunkenWindowIsSurvived(t *testing.T) {
	p := reach(t, inet.Established)
	p.c.opts.NoDelay = true
	p.b.send(p.c, pattern(3000))
	una := uint32(p.c.snd.una)
	s := wireACK(101, una, 100) // MUST-34: less than what is outstanding
	p.segWith(s)
	if p.c.usable() >= 0 {
		t.Fatal("the usable window must be negative")
	}
	mark := p.log.Len()
	p.b.mustSend(p.c, "new")
	if len(p.segments(mark)) != 0 {
		t.Error("SHLD-15: no new data")
	}
	p.segWith(wireACK(101, una, 0))
	p.run(5 * time.Second)
	if p.rules(mark, rfc.TCPProbe) == 0 {
		t.Error("MUST-35: a window that shrank to zero is probed")
	}
	mark = p.log.Len()
	p.segWith(wireACK(101, una, 65535))
	if p.rules(mark, rfc.TCPShrunk) == 0 {
		t.Error("SHLD-16: the old data goes again")
	}
}

func TestOldSegmentsDoNotUpdateTheWindow(t *testing.T) {
	p := reach(t, inet.Established)
	newer := wireACK(111, 301, 5000)
	newer.Data = []byte("ahead")
	p.segWith(newer)
	older := wireACK(101, 301, 1000)
	older.Data = []byte("0123456789")
	p.segWith(older)
	if p.c.snd.wnd != 5000 {
		t.Errorf("SND.WND %d: SND.WL1 must keep the older segment from it", p.c.snd.wnd)
	}
	p.segWith(wireACK(116, 301, 2000))
	if p.c.snd.wnd != 2000 {
		t.Errorf("SND.WND %d", p.c.snd.wnd)
	}
}

func TestProbingGoesOnWhileTheWindowStaysShut(t *testing.T) {
	p := reach(t, inet.Established)
	p.b.send(p.c, pattern(3000))
	p.segWith(wireACK(101, 301, 0)) // the window shrinks to nothing
	p.run(time.Second)
	if !p.c.snd.probing {
		t.Fatal("not probing")
	}
	p.segWith(wireACK(101, 302, 0)) // the probe's octet was taken after all
	if !p.c.timers[timerPersist].running || p.c.timers[timerRTO].running {
		t.Error("the persist timer must go on, without the rto timer")
	}
}

func TestZeroWindowStillTakesACKAndRST(t *testing.T) {
	p := newRaw(t)
	p.b.k.RcvBuf, p.b.k.RcvBufMax, p.b.k.AdvWinScale = 1000, 1000, 0
	p.li = p.b.listen(80, 5)
	p.seg("S", 100, 0, "")
	p.seg("A", 101, 301, "")
	p.c = p.b.accept(p.li)
	p.seg("PA", 101, 301, string(pattern(1000)))
	p.b.mustSend(p.c, "data")
	p.want(p.seg("A", 1101, 305, "p"), "<SEQ=305><ACK=1101><CTL=A>")
	p.wantRefused("zero-window")
	if p.c.snd.una != 305 {
		t.Error("MUST-66: a valid ACK counts behind a closed window")
	}
	p.seg("R", 1101, 0, "")
	if p.c.State() != inet.Closed {
		t.Error("and so does a RST")
	}
}

// RFC 9293 §3.10.7.4 drops a segment without ACK in the fifth check; the first has said by
// then that one into a closed window is not acceptable, and those are answered.
func TestASegmentWithoutACKIntoAClosedWindowIsAnswered(t *testing.T) {
	p := newRaw(t)
	p.b.k.RcvBuf, p.b.k.RcvBufMax, p.b.k.AdvWinScale = 1000, 1000, 0
	p.li = p.b.listen(80, 5)
	p.seg("S", 100, 0, "")
	p.seg("A", 101, 301, "")
	p.seg("PA", 101, 301, string(pattern(1000)))
	since := p.seg("", 1101, 0, "p")
	p.want(since, "<SEQ=301><ACK=1101><CTL=A>")
	if got := p.refusals(p.mark); !reflect.DeepEqual(got, []string{"zero-window", "no-ack"}) {
		t.Errorf("refused for %v", got)
	}
}

func TestSequenceNumbersWrap(t *testing.T) {
	n := newNet(t, "A", "B")
	a, b := n.hosts[0], n.hosts[1]
	a.k.ISN, b.k.ISN = 1<<32-1, 1<<32-20000
	tr := startTransfer(t, n, a, b, pattern(100000), pattern(60000), 5000)
	n.run(100 * time.Second)
	if !bytes.Equal(tr.rb.got, pattern(100000)) || !bytes.Equal(tr.ra.got, pattern(60000)) {
		t.Error("octets were lost at the wrap")
	}
}
