package tcp

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// profiled is B with a profile, and a hand that opened a connection to it with all options.
func profiled(t *testing.T, profile string, turn func(k *Knobs)) *rawPeer {
	p := newRaw(t)
	p.b.k, _ = Profile(profile)
	p.b.k.ISN = 300
	if turn != nil {
		turn(&p.b.k)
	}
	p.li = p.b.listen(80, 5)
	p.segWith(wire.TCP{Flags: wire.SYN, Seq: 100, Wnd: 65535, Opts: wire.Options{MSS: 1460,
		SACKOK: true, HasWScale: true, WScale: 7}})
	p.c = p.b.layer.Conns()[0]
	p.seg("A", 101, 301, "")
	p.b.accept(p.li)
	return p
}

// TestTheFirstWindowsOfEachProfile: RFC 7323 §2.2 and §2.3 with each system's buffers.
func TestTheFirstWindowsOfEachProfile(t *testing.T) {
	for profile, want := range map[string]struct {
		syn   uint32
		scale uint8
		next  uint32 // the window field of the first segment after the SYN
	}{"linux": {64240, 7, 502}, "freebsd": {65535, 6, 1026}, "rfc": {64240, 0, 64239}} {
		p := profiled(t, profile, nil)
		syn := p.sentSegs(p.b, 0)[0]
		if syn.Wnd != want.syn || *syn.Opts.WScale != want.scale {
			t.Errorf("%s: SYN with window %d, scale %d", profile, syn.Wnd, *syn.Opts.WScale)
		}
		p.seg("PA", 101, 301, "x")
		p.run(time.Second)
		segs := p.sentSegs(p.b, 0)
		if got := segs[len(segs)-1].Wnd; got != want.next {
			t.Errorf("%s: then window field %d", profile, got)
		}
	}
	p := profiled(t, "linux", func(k *Knobs) { k.RcvBufMax = 15 << 20 })
	if got := *p.sentSegs(p.b, 0)[0].Opts.WScale; got != 8 {
		t.Errorf("15 MB: scale %d", got)
	}
}

// TestAFixedBufferSetsTheScale in linux; FreeBSD goes by the greatest buffer.
func TestAFixedBufferSetsTheScale(t *testing.T) {
	for profile, want := range map[string]uint8{"linux": 1, "freebsd": 6} {
		n, a, b := pair(t)
		a.k, _ = Profile(profile)
		b.listen(80, 5)
		a.do(func(fx *Effects) {
			flow := inet.Flow{Local: a.end(5000), Remote: b.end(80)}
			a.layer.OpenWith(a.socket(fx), flow, 1500, Options{RcvBuf: 200_000}, fx)
		})
		if got := *n.sentSegs(a, 0)[0].Opts.WScale; got != want {
			t.Errorf("%s: scale %d", profile, got)
		}
	}
}

// TestACKsBySegmentsOrByOctets: SHLD-19 counts full-sized segments, FreeBSD any.
func TestACKsBySegmentsOrByOctets(t *testing.T) {
	for _, tc := range []struct {
		profile      string
		every, small int64
		size         int
		want         int // segments until an ACK comes at once
	}{
		{"freebsd", 2, 1, 10, 2}, {"freebsd", 2, 1, 1000, 2}, {"freebsd", 3, 1, 10, 3},
		{"rfc", 2, 0, 1000, 2}, {"rfc", 1, 0, 1000, 1}, {"rfc", 4, 0, 1000, 4},
		{"rfc", 2, 0, 10, 54},
	} {
		p := profiled(t, tc.profile, func(k *Knobs) {
			k.MaxUnackedRcv, k.AckSmall = tc.every, tc.small
		})
		p.seg("PA", 101, 301, string(pattern(536))) // so large are full-sized segments
		p.run(time.Second)
		at, count := uint32(637), 0
		for answered := false; !answered && count < 99; count++ {
			answered = len(p.seg("PA", at, 301, string(pattern(tc.size)))) > 0
			at += uint32(tc.size)
		}
		if count != tc.want {
			t.Errorf("%+v: an ACK after %d segments", tc, count)
		}
	}
}

// TestQuickACKsAreAsManyAsTheKnobSays, then they wait.
func TestQuickACKsAreAsManyAsTheKnobSays(t *testing.T) {
	for quick, want := range map[int64]int{0: 0, 2: 2, 5: 5} {
		p := profiled(t, "linux", func(k *Knobs) { k.QuickAcks = quick })
		at, count := uint32(101), 0
		for range 10 {
			if len(p.seg("PA", at, 301, "x")) == 0 {
				break
			}
			at++
			count++
		}
		if count != want {
			t.Errorf("%d quick ACKs, the knob says %d", count, want)
		}
	}
}

// TestAShrunkBufferKeepsItsPromiseUnlessTheKnobLetsItGo: SHLD-14 and its knob.
func TestAShrunkBufferKeepsItsPromiseUnlessTheKnobLetsItGo(t *testing.T) {
	for _, shrink := range []int64{0, 1} {
		p := profiled(t, "linux", func(k *Knobs) { k.ShrinkWindow, k.AdvWinScale = shrink, 0 })
		p.seg("PA", 101, 301, "x")
		edge := func() uint32 { return uint32(p.c.rcv.nxt.Add(p.c.rcv.wnd)) }
		before := edge()
		p.b.opts(p.c, Options{RcvBuf: 8192})
		p.seg("PA", 112, 301, "behind a gap")
		p.seg("PA", 102, 301, "ten octets")
		retreats := edge() < before
		if retreats != (shrink == 1) || p.c.Unread() != 23 {
			t.Errorf("knob %d: right edge %d, then %d, unread %d", shrink, before, edge(), p.c.Unread())
		}
	}
}

// TestAShrunkWindowKeepsWhatItHolds: what was taken ahead of a gap stays inside the window.
func TestAShrunkWindowKeepsWhatItHolds(t *testing.T) {
	p := profiled(t, "linux", func(k *Knobs) { k.ShrinkWindow, k.AdvWinScale = 1, 0 })
	p.seg("PA", 20101, 301, "far ahead")
	p.b.opts(p.c, Options{RcvBuf: 2048})
	p.seg("PA", 101, 301, "x")
	p.run(time.Second)
	// No less than is held, and no more than the window field's steps of 128 octets make it.
	if edge := p.c.rcv.nxt.Add(p.c.rcv.wnd); edge.Less(num(20110)) || num(20110+128).Less(edge) {
		t.Errorf("right edge %d", edge)
	}
	p.seg("FA", 20110, 301, "")
	p.seg("PA", 102, 301, "y")
	p.run(time.Second)
	if edge := p.c.rcv.nxt.Add(p.c.rcv.wnd); edge.Less(num(20111)) || num(20111+128).Less(edge) {
		t.Errorf("right edge %d", edge)
	}
}

// TestTheReceiveBufferGrowsOnlyByItsKnob: tcp_moderate_rcvbuf.
func TestTheReceiveBufferGrowsOnlyByItsKnob(t *testing.T) {
	for _, moderate := range []int64{0, 1} {
		n, a, b, ca, cb := connected(t)
		b.k.ModerateRcv = moderate
		b.mustSend(cb, "so that the receiver has a round trip")
		n.settle()
		before := cb.rcv.size
		b.onReady = func(_ Readier, fx *Effects) { cb.Recv(1<<20, fx) }
		for range 40 {
			a.send(ca, pattern(200_000))
			n.settle()
		}
		if grew := cb.rcv.size > before; grew != (moderate == 1) {
			t.Errorf("knob %d: %d, then %d", moderate, before, cb.rcv.size)
		}
	}
}

// TestASYNDropsItsOptionsAtTheThirdRetransmission by FreeBSD's rexmit_drop_options.
func TestASYNDropsItsOptionsAtTheThirdRetransmission(t *testing.T) {
	for _, drop := range []int64{0, 1} {
		n, a, b := pair(t)
		a.k, _ = Profile("freebsd")
		a.k.DropOptions = drop
		n.wire = func(*packet) fate { return fate{drop: true} }
		a.open(5000, b.end(80))
		n.run(16 * time.Second)
		for i, s := range n.sentSegs(a, 0) {
			o := s.Opts
			bare := !o.SACKOK && !o.TS && o.WScale == nil
			if o.MSS != 1460 || bare != (drop == 1 && i >= 3) {
				t.Errorf("knob %d, SYN %d: %+v", drop, i, o)
			}
		}
	}
}

// TestARSTKeepsTheTimestamp: RFC 7323 §3.2, TSopt "SHOULD be sent in an <RST> segment".
func TestARSTKeepsTheTimestamp(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	mark := n.log.Len()
	a.abort(ca)
	if segs := n.sentSegs(a, mark); len(segs) != 1 || segs[0].Flags[0] != 'R' || !segs[0].Opts.TS {
		t.Errorf("%+v", segs)
	}
}

// TestEachConnectionHasATimestampClockOfItsOwn: RFC 7323 §7, a random offset for each
// connection, so that the clock tells neither the uptime nor which connections are one host's.
func TestEachConnectionHasATimestampClockOfItsOwn(t *testing.T) {
	n, a, b := pair(t)
	b.listen(80, 5)
	a.open(5000, b.end(80))
	a.open(5001, b.end(80))
	segs := n.sentSegs(a, 0)
	if len(segs) != 2 || segs[0].Opts.TSVal == segs[1].Opts.TSVal {
		t.Errorf("two SYNs of one instant: %+v", segs)
	}
}

// TestMaxSegBoundsBothDirections: TCP_MAXSEG before and above the path's MSS.
func TestMaxSegBoundsBothDirections(t *testing.T) {
	for maxSeg, want := range map[int]struct {
		mss  uint16
		smss inet.ByteCount
	}{0: {1460, 1448}, 700: {700, 688}, 9000: {1460, 1448}} {
		n, a, b := pair(t)
		b.listen(80, 5)
		var c *Conn
		a.do(func(fx *Effects) {
			flow := inet.Flow{Local: a.end(5000), Remote: b.end(80)}
			c, _ = a.layer.OpenWith(a.socket(fx), flow, 1500, Options{MaxSeg: maxSeg}, fx)
		})
		n.settle()
		if got := n.sentSegs(a, 0)[0].Opts.MSS; got != want.mss || c.View().SMSS != want.smss ||
			b.layer.Conns()[0].View().SMSS != want.smss {
			t.Errorf("%d: announced %d, sends %d", maxSeg, got, c.View().SMSS)
		}
	}
}

// TestEveryMTUGivesAnMSSThatWorks: from the least IP can carry to the largest packet.
func TestEveryMTUGivesAnMSSThatWorks(t *testing.T) {
	for mtu, want := range map[int]uint16{1: 48, 68: 48, 576: 536, 9000: 8960, 65535: 65495,
		1 << 20: 65535} {
		n, a, b := pair(t)
		a.do(func(fx *Effects) {
			a.layer.Open(a.socket(fx), inet.Flow{Local: a.end(5000), Remote: b.end(80)}, mtu, fx)
		})
		if got := n.sentSegs(a, 0)[0].Opts.MSS; got != want {
			t.Errorf("MTU %d: MSS %d", mtu, got)
		}
	}
}

// TestFreeBSDsTimeoutHasItsSlop: SRTT + 4·RTTVAR, at least 30 ms, and 200 ms more.
func TestFreeBSDsTimeoutHasItsSlop(t *testing.T) {
	n, a, b := pair(t)
	a.k, _ = Profile("freebsd")
	n.delay = time.Millisecond
	ca, _ := connect(t, n, a, b)
	if got := ca.rto(); got != 230*time.Millisecond {
		t.Errorf("RTO %s after a round trip of 2 ms", got)
	}
	if _, err := a.k.Set("tcp_rto_slop_ms", "0"); err != nil {
		t.Error(err)
	}
	a.mustSend(ca, "x")
	n.run(time.Second)
	if got := ca.rto(); got >= 100*time.Millisecond || got < 30*time.Millisecond {
		t.Errorf("RTO %s without slop", got)
	}
}

// TestACookieRemembersECN: the option lies in the timestamp that comes back.
func TestACookieRemembersECN(t *testing.T) {
	for _, stamps := range []int64{0, 1} {
		n, a, b := ecnPair(t)
		a.k.Timestamps, b.k.SynCookies = stamps, 2
		ca, cb := connect(t, n, a, b)
		if on := stamps == 1; ca.View().ECN != on || cb.View().ECN != on ||
			n.rules(0, rfc.TCPCookieSent) != 1 {
			t.Errorf("timestamps %d: %v, %v", stamps, ca.View().ECN, cb.View().ECN)
		}
	}
}

// TestMSSOfZeroIsNone: an option that says nothing is as good as absent (MUST-15).
func TestMSSOfZeroIsNone(t *testing.T) {
	p, _ := synWith(t, wire.Options{})
	for _, e := range p.log.From(1) {
		if s, ok := e.Body.(event.ConnSynchronized); ok && s.SMSS != 536 {
			t.Errorf("SMSS %d", s.SMSS)
		}
	}
	octets := []byte{2, 4, 0, 0}
	seg := wire.TCP{SrcPort: 1, DstPort: 2, Flags: wire.SYN}
	b := seg.Append(nil, p.b.addr, p.b.addr)
	b = append(b[:wire.TCPHeaderLen:wire.TCPHeaderLen], octets...)
	b[12] = 6 << 4
	if got, _ := wire.ParseTCP(p.b.addr, p.b.addr, b); got.Opts.MSS != 0 {
		t.Errorf("%+v", got.Opts)
	}
}

// TestASYNsTimestampMayBeZero: RFC 7323 §3.2, "TSecr […] is only valid if the ACK bit is set";
// in a SYN it is 0, and a TSval of 0 is a value like any other.
func TestASYNsTimestampMayBeZero(t *testing.T) {
	p, syn := synWith(t, wire.Options{HasTS: true, TSVal: 0, TSEcr: 77})
	if !syn.Opts.TS || syn.Opts.TSEcr != 0 || !p.c.ts.on {
		t.Errorf("%+v", syn.Opts)
	}
	p.stamped("A", 101, 0, "")
	p.stamped("PA", 101, 1, "newer")
	p.stamped("PA", 106, 0, "older")
	if p.wantRefused("old-timestamp"); p.c.Unread() != 5 {
		t.Errorf("%d octets", p.c.Unread())
	}
	n, a, b := pair(t)
	n.wire = func(*packet) fate { return fate{drop: true} }
	a.open(5000, b.end(80))
	if o := n.sentSegs(a, 0)[0].Opts; !o.TS || o.TSEcr != 0 {
		t.Errorf("our SYN: %+v", o)
	}
}
