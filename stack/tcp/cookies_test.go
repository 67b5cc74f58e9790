package tcp

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// cookied is B listening with a SYN cookie for every SYN, and the SYN,ACK it sent for one
// with these options.
func cookied(t *testing.T, o wire.Options) (*rawPeer, event.Seg) {
	t.Helper()
	p := reach(t, inet.Listen)
	p.b.k.SynCookies, p.b.k.Timestamps, p.b.k.SACK, p.b.k.WindowScale = 2, 1, 1, 1
	p.run(90 * time.Second)
	p.segWith(wire.TCP{Flags: wire.SYN, Seq: 100, Wnd: 65535, Opts: o})
	return p, p.lastSent()
}

// lastSent is the last segment B sent.
func (p *rawPeer) lastSent() (s event.Seg) {
	for _, e := range p.log.From(p.mark + 1) {
		if b, ok := e.Body.(event.SegmentSent); ok && e.Rule != rfc.ByCommand {
			s = b.Seg
		}
	}
	return s
}

func TestASYNCookieKeepsNothingUntilItComesBack(t *testing.T) {
	p, sa := cookied(t, wire.Options{MSS: 1460, SACKOK: true, HasWScale: true, WScale: 9,
		HasTS: true, TSVal: 777})
	if sa.Flags != "SA" || sa.Ack != 101 || !sa.Opts.SACKOK || *sa.Opts.WScale != 7 ||
		sa.Opts.TSEcr != 777 || sa.Opts.MSS != 1460 {
		t.Fatalf("%+v %+v", sa, sa.Opts)
	}
	if len(p.b.layer.Conns()) != 0 || p.rules(0, rfc.TCPCookieSent) != 1 {
		t.Fatal("no TCB may be made for it")
	}
	if clock := p.b.layer.draft(inet.Flow{Local: p.b.end(80), Remote: p.from}, 0, Options{}, 0).
		tsNow(p.now); int32(sa.Opts.TSVal-clock) > 0 || clock-sa.Opts.TSVal > 64 {
		t.Errorf("timestamp %d, clock %d", sa.Opts.TSVal, clock)
	}
	p.segWith(wire.TCP{Flags: wire.ACK | wire.PSH, Seq: 101, Ack: sa.End, Wnd: 500,
		Data: []byte("hello"), Opts: wire.Options{HasTS: true, TSVal: 900, TSEcr: sa.Opts.TSVal}})
	c := p.b.accept(p.li)
	v := c.View()
	if v.State != inet.Established || v.SMSS != 1448 || v.SndWScale != 9 || v.RcvWScale != 7 ||
		!v.SACK || !v.Timestamps || v.Snd.WND != 500<<9 || v.ISS != sa.Seq || v.IRS != 100 {
		t.Errorf("%+v", v)
	}
	if v.RTT.SRTT != 0 {
		t.Error("nobody knows when the SYN,ACK was sent")
	}
	p.b.mustRecv(c, "hello")
	if n, e := p.b.send(c, []byte("and back")); n != 8 || e != inet.OK {
		t.Errorf("%d %q", n, e)
	}
}

func TestASYNCookieWithoutTimestampsCarriesOnlyTheMSS(t *testing.T) {
	for _, c := range []struct {
		mss  uint16
		want inet.ByteCount
	}{{0, 536}, {536, 536}, {1299, 536}, {1300, 1300}, {1459, 1440}, {1460, 1460}, {9000, 1460}} {
		p, sa := cookied(t, wire.Options{MSS: c.mss, SACKOK: true, HasWScale: true, WScale: 9})
		if sa.Opts.SACKOK || sa.Opts.WScale != nil || sa.Opts.TS {
			t.Errorf("it must not promise what it cannot keep: %+v", sa.Opts)
		}
		p.seg("A", 101, uint32(sa.End), "")
		if v := p.b.accept(p.li).View(); v.SMSS != c.want || v.SndWScale != 0 || v.RcvWScale != 0 ||
			v.SACK {
			t.Errorf("MSS %d: %+v", c.mss, v)
		}
	}
}

func TestASYNCookieIsOnlyForItsPeerAndItsTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(p *rawPeer) // between cookie and ACK
		seq   uint32
		ack   int // off by
		good  bool
	}{
		{"the cookie itself", func(*rawPeer) {}, 101, 0, true},
		{"another ACK", func(*rawPeer) {}, 101, 4, false},
		{"another ISN", func(*rawPeer) {}, 102, 0, false},
		{"another port", func(p *rawPeer) { p.from.Port++ }, 101, 0, false},
		{"a minute later", func(p *rawPeer) { p.run(time.Minute) }, 101, 0, true},
	} {
		p, sa := cookied(t, wire.Options{MSS: 1460})
		c.spoil(p)
		ack := uint32(sa.End) + uint32(c.ack)
		got := p.seg("A", c.seq, ack, "")
		if c.good {
			p.want(got)
		} else if len(got) != 1 || p.lastSent().Flags != "R" || p.lastSent().Seq != seq.Num(ack) {
			t.Errorf("%s: answered %q", c.name, got)
		}
		if _, n := p.li.Queues(); (n == 1) != c.good {
			t.Errorf("%s: %d connections", c.name, n)
		}
		if !c.good && p.rules(p.mark, rfc.TCPCookieBad) != 2 {
			t.Errorf("%s: the reason is missing", c.name)
		}
	}
}

func TestASYNCookieGrowsOldWithinTwoMinutes(t *testing.T) {
	p, sa := cookied(t, wire.Options{MSS: 1460})
	p.run(95 * time.Second) // from 1:30 to 3:05: two ticks
	p.seg("A", 101, uint32(sa.End), "")
	p.wantRefused("bad-cookie")
	p.run(30 * time.Second) // nobody was sent one lately
	p.seg("A", 101, uint32(sa.End), "")
	p.wantRefused("ack-in-listen")
}

func TestSYNCookiesBeginWhenTheSYNQueueIsFull(t *testing.T) {
	p := reach(t, inet.Listen)
	p.b.k.SynCookies, p.b.k.SynBacklog = 1, 2
	for i := range uint16(4) {
		p.from.Port = 6000 + i
		p.seg("S", 100, 0, "")
	}
	if syn, _ := p.li.Queues(); syn != 2 || p.rules(0, rfc.TCPCookieSent) != 2 {
		t.Fatalf("%d half open, %d cookies", syn, p.rules(0, rfc.TCPCookieSent))
	}
	p.seg("A", 101, uint32(p.lastSent().End), "")
	if syn, accept := p.li.Queues(); syn != 2 || accept != 1 {
		t.Errorf("queues %d %d", syn, accept)
	}
}

func TestASYNCookieWaitsForRoomInTheAcceptQueue(t *testing.T) {
	p, sa := cookied(t, wire.Options{MSS: 1460})
	p.li.SetBacklog(0)
	p.seg("A", 101, uint32(sa.End), "")
	p.from.Port++
	p.seg("S", 100, 0, "")
	p.wantRefused("accept-queue-full") // not even a cookie
	p.b.accept(p.li)
	p.seg("S", 100, 0, "")
	second := p.lastSent()
	p.from.Port++
	p.seg("S", 100, 0, "")
	third := p.lastSent()
	p.seg("A", 101, uint32(third.End), "")
	p.from.Port--
	p.want(p.seg("A", 101, uint32(second.End), "")) // dropped: the peer tries again
	p.wantRefused("accept-queue-full")
	p.b.accept(p.li)
	p.seg("A", 101, uint32(second.End), "")
	if _, accept := p.li.Queues(); accept != 1 {
		t.Error("it is good as long as its time lasts")
	}
}

func TestASYNCookieRemembersECNBesideATimestamp(t *testing.T) {
	for _, stamps := range []bool{true, false} {
		p := reach(t, inet.Listen)
		p.b.k.SynCookies, p.b.k.Timestamps, p.b.k.ECN = 2, 1, 2
		o := wire.Options{MSS: 1460, HasTS: stamps, TSVal: 7}
		p.segWith(wire.TCP{Flags: wire.SYN | wire.ECE | wire.CWR, Seq: 100, Wnd: 65535, Opts: o})
		sa := p.lastSent()
		want := "SA"
		if stamps {
			want = "SAE"
			o.TSEcr = sa.Opts.TSVal
		}
		p.segWith(wire.TCP{Flags: wire.ACK, Seq: 101, Ack: sa.End, Wnd: 65535, Opts: o})
		if got := p.b.accept(p.li).View().ECN; sa.Flags != want || got != stamps {
			t.Errorf("timestamps %v: %s, ECN %v", stamps, sa.Flags, got)
		}
	}
}

func TestTwoHostsConnectByCookiesAlone(t *testing.T) {
	n, a, b := pair(t)
	b.k.SynCookies = 2
	ca, cb := connect(t, n, a, b)
	a.mustSend(ca, "to B")
	b.mustSend(cb, "to A")
	n.settle()
	a.mustRecv(ca, "to A")
	b.mustRecv(cb, "to B")
	if ca.View().SndWScale != cb.View().RcvWScale || cb.View().SndWScale != ca.View().RcvWScale ||
		!cb.View().SACK {
		t.Error("both must know the same options")
	}
}

func TestASYNCookieOverIPv6HasClassesOfItsOwn(t *testing.T) {
	n, _, b := pair(t)
	plain(b)
	b.k.SynCookies = 2
	b.addr = mustAddr("2001:db8::2")
	n.wire = func(*packet) fate { return fate{drop: true} }
	p := &rawPeer{testNet: n, b: b,
		from: inet.Endpoint{Addr: mustAddr("2001:db8::1"), Port: 5000}, li: b.listen(80, 5)}
	for _, c := range []struct {
		mss  uint16
		want inet.ByteCount
	}{{0, 1220}, {1300, 1220}, {1430, 1420}, {1440, 1440}} {
		p.from.Port++
		p.segWith(wire.TCP{Flags: wire.SYN, Seq: 100, Wnd: 65535, Opts: wire.Options{MSS: c.mss}})
		p.seg("A", 101, uint32(p.lastSent().End), "")
		if got := b.accept(p.li).View().SMSS; got != c.want {
			t.Errorf("MSS %d: SMSS %d, want %d", c.mss, got, c.want)
		}
	}
}
