package tcp

import (
	"net/netip"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// fastPair is a client A and a server B that speak Fast Open, with B listening.
func fastPair(t testing.TB) (n *testNet, a, b *testHost, li *Listener) {
	n, a, b = pair(t)
	a.k.FastOpen, b.k.FastOpen = foClient, foServer
	li, _ = b.listenAt("0.0.0.0", 80, Options{FastOpen: 5})
	return n, a, b, li
}

// openData is sendto with MSG_FASTOPEN.
func (h *testHost) openData(port uint16, to inet.Endpoint, data string) (c *Conn, took int) {
	h.do(func(fx *Effects) {
		var e inet.Errno
		flow := inet.Flow{Local: h.end(port), Remote: to}
		c, took, e = h.layer.OpenData(h.socket(fx), flow, 1500, Options{}, []byte(data), fx)
		if e != inet.OK {
			h.net.t.Fatalf("open: %s", e)
		}
	})
	return c, took
}

// warmed has fetched a cookie by a first connection, which is over.
func warmed(t testing.TB) (n *testNet, a, b *testHost, li *Listener) {
	n, a, b, li = fastPair(t)
	c, took := a.openData(4000, b.end(80), "not yet")
	n.settle()
	if took != 0 || c.State() != inet.Established || !a.layer.HasFastOpenCookie(b.addr, n.now) {
		t.Fatalf("took %d in %s, cookie %v", took, c.State(),
			a.layer.HasFastOpenCookie(b.addr, n.now))
	}
	cb := b.accept(li)
	a.close(c)
	n.settle()
	b.close(cb)
	n.settle()
	return n, a, b, li
}

func TestRFC7413TheFirstSYNAsksForACookie(t *testing.T) {
	n, a, b, _ := fastPair(t)
	_, took := a.openData(5000, b.end(80), "hello")
	n.settle()
	var syn, sa event.Seg
	for _, e := range n.log.From(1) {
		if s, ok := e.Body.(event.SegmentSent); ok && s.Seg.Flags == "S" {
			syn = s.Seg
		} else if ok && s.Seg.Flags == "SA" {
			sa = s.Seg
		}
	}
	if took != 0 || syn.Len != 0 || !syn.Opts.FO || syn.Opts.Cookie != nil {
		t.Errorf("took %d, SYN %+v %+v", took, syn, syn.Opts)
	}
	if !sa.Opts.FO || len(sa.Opts.Cookie) != foCookieLen || sa.Ack != 101 {
		t.Errorf("SYN,ACK %+v %+v", sa, sa.Opts)
	}
	if n.rules(0, rfc.TCPFastOpenAsk) == 0 || n.rules(0, rfc.TCPFastOpenGrant) == 0 {
		t.Error("the reasons are missing")
	}
}

func TestRFC7413DataInTheSYNIsReadAndAnsweredBeforeTheHandshakeIsOver(t *testing.T) {
	n, a, b, li := warmed(t)
	mark := n.log.Len()
	ca, took := a.openData(5000, b.end(80), "question")
	if took != 8 {
		t.Fatalf("took %d", took)
	}
	n.run(n.delay) // the SYN has arrived, nothing came back yet
	cb := b.accept(li)
	if cb.State() != inet.SynReceived || !cb.Readable() || !cb.Writable() {
		t.Fatalf("%s", cb.State())
	}
	b.mustRecv(cb, "question")
	b.mustSend(cb, "answer")
	n.run(n.delay)
	a.mustRecv(ca, "answer") // after one round trip
	n.settle()
	got := n.segments(mark)
	want := []string{"A <SEQ=100><CTL=S><DATA=8>", "B <SEQ=300><ACK=109><CTL=SA>",
		"B <SEQ=301><ACK=109><CTL=PA><DATA=6>", "A <SEQ=109><ACK=301><CTL=A>"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %s, want %s", i, got[i], want[i])
		}
	}
	if ca.State() != inet.Established || cb.State() != inet.Established || li.fast != 0 ||
		!ca.Info(n.now).SynData || !cb.Info(n.now).SynData {
		t.Errorf("%s %s, %d pending", ca.State(), cb.State(), li.fast)
	}
	a.mustSend(ca, "and on")
	n.settle()
	b.mustRecv(cb, "and on")
}

func TestRFC7413AnInvalidCookieFallsBackToTheHandshake(t *testing.T) {
	n, a, b, li := warmed(t)
	a.layer.fastCookies[0].cookie = []byte{1, 2, 3, 4, 5, 6, 7, 8}
	mark := n.log.Len()
	ca, took := a.openData(5000, b.end(80), "question")
	n.settle()
	if took != 8 || n.rules(mark, rfc.TCPFastOpenBad) != 1 || n.rules(mark, rfc.TCPFastOpenAgain) == 0 {
		t.Errorf("took %d", took)
	}
	n.wantSegments(mark, "A <SEQ=100><CTL=S><DATA=8>", "B <SEQ=300><ACK=101><CTL=SA>",
		"A <SEQ=101><ACK=301><CTL=PA><DATA=8>", "B <SEQ=301><ACK=109><CTL=A>")
	cb := b.accept(li)
	b.mustRecv(cb, "question")
	if ca.Info(n.now).SynData || cb.Info(n.now).SynData {
		t.Error("the data did not go in the SYN in the end")
	}
	if _, took := a.openData(5001, b.end(80), "again"); took != 5 {
		t.Error("the SYN,ACK brought a good cookie")
	}
	n.settle()
	b.mustRecv(b.accept(li), "again")
}

func TestRFC7413ALostSYNIsSentAgainWithoutItsData(t *testing.T) {
	n, a, b, li := warmed(t)
	mark := n.log.Len()
	n.wire = func(p *packet) fate { return fate{drop: len(p.out.Seg.Data) > 0 && p.out.Seg.Opts.FO} }
	a.openData(5000, b.end(80), "question")
	n.run(2 * time.Second)
	got := n.segments(mark)
	if got[1] != "A <SEQ=100><CTL=S>" || got[2] != "B <SEQ=300><ACK=101><CTL=SA>" {
		t.Errorf("%q", got)
	}
	b.mustRecv(b.accept(li), "question")
	// RFC 7413 §4.1.3.1: what fails twice is left alone for a while.
	a.openData(5001, b.end(80), "question")
	n.run(2 * time.Second)
	mark = n.log.Len()
	if _, took := a.openData(5002, b.end(80), "x"); took != 0 ||
		n.rules(mark, rfc.TCPFastOpenSilent) == 0 || a.layer.HasFastOpenCookie(b.addr, n.now) {
		t.Error("it must open plainly now")
	}
	n.run(10 * time.Minute)
	if _, took := a.openData(5003, b.end(80), "x"); took != 1 {
		t.Error("and try again later")
	}
}

func TestRFC7413ACookieIsForOneAddressAndExpires(t *testing.T) {
	n, a, b, li := warmed(t)
	cookie := a.layer.fastCookies[0].cookie
	p := &rawPeer{testNet: n, b: b, from: a.end(6000), li: li}
	n.wire = func(*packet) fate { return fate{drop: true} }
	syn := func() event.Seg {
		p.from.Port++
		p.segWith(wire.TCP{Flags: wire.SYN, Seq: 700, Wnd: 65535, Data: []byte("data"),
			Opts: wire.Options{MSS: 1460, FO: true, Cookie: cookie}})
		return p.lastSent()
	}
	if sa := syn(); sa.Ack != 705 || sa.Opts.FO {
		t.Errorf("its own address: %+v", sa)
	}
	p.from.Addr = mustAddr("10.0.0.77")
	if sa := syn(); sa.Ack != 701 || !sa.Opts.FO {
		t.Errorf("another address: %+v", sa)
	}
	p.from.Addr = a.addr
	p.run(foKeyLife)
	if sa := syn(); sa.Ack != 705 || !sa.Opts.FO || string(sa.Opts.Cookie) == string(cookie) {
		t.Errorf("a day later it counts, and a new one comes: %+v", sa)
	}
	p.run(foKeyLife)
	if sa := syn(); sa.Ack != 701 || !sa.Opts.FO {
		t.Errorf("two days later: %+v", sa)
	}
}

func TestRFC7413PendingConnectionsAreLimited(t *testing.T) {
	n, a, b, li := warmed(t)
	o := li.opts
	o.FastOpen = 2
	li.Configure(o)
	n.wire = func(p *packet) fate { return fate{drop: p.from == b} }
	for port := range uint16(3) {
		a.openData(5000+port, b.end(80), "data")
	}
	n.run(n.delay)
	if syn, accept := li.Queues(); syn != 1 || accept != 2 || li.fast != 2 {
		t.Errorf("queues %d %d, %d pending", syn, accept, li.fast)
	}
	if n.rules(0, rfc.TCPFastOpenFull) != 1 {
		t.Error("the third opens in the usual way, for a reason")
	}
}

func TestRFC7413DataMayGoWithoutACookieByTheKnobs(t *testing.T) {
	n, a, b, li := fastPair(t)
	a.k.FastOpen, b.k.FastOpen = foClient|foClientNoAsk, foServer|foServerNoAsk
	mark := n.log.Len()
	_, took := a.openData(5000, b.end(80), "hello")
	n.settle()
	if took != 5 {
		t.Fatalf("took %d", took)
	}
	n.wantSegments(mark, "A <SEQ=100><CTL=S><DATA=5>", "B <SEQ=300><ACK=106><CTL=SA>",
		"A <SEQ=106><ACK=301><CTL=A>")
	b.mustRecv(b.accept(li), "hello")
}

func TestRFC7413TheSYNsDataFitsTheServersMSSBesideTheOptions(t *testing.T) {
	n, a, b, li := warmed(t)
	mark := n.log.Len()
	c, took := a.openData(5000, b.end(80), string(pattern(5000)))
	syn := n.log.From(mark + 1)
	for _, e := range syn {
		if s, ok := e.Body.(event.SegmentSent); ok {
			var seg wire.TCP
			seg.Flags = wire.SYN
			c.setOptions(&seg, 0)
			if s.Seg.Len != took || took+seg.Opts.Len() != 1460 {
				t.Errorf("%d octets and %d of options", s.Seg.Len, seg.Opts.Len())
			}
		}
	}
	n.settle()
	a.send(c, pattern(5000)[took:])
	n.settle()
	cb := b.accept(li)
	if data, _ := b.recv(cb, 10000); string(data) != string(pattern(5000)) {
		t.Errorf("%d octets came", len(data))
	}
}

func TestAResetOrSilenceEndsAConnectionThatFastOpenGaveAway(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(p *rawPeer)
		want inet.Errno
	}{
		{"a reset", func(p *rawPeer) { p.seg("R", 105, 0, "") }, inet.ECONNRESET},
		{"silence", func(p *rawPeer) { p.run(10 * time.Minute) }, inet.ETIMEDOUT},
	} {
		n, a, b, li := warmed(t)
		n.wire = func(*packet) fate { return fate{drop: true} }
		p := &rawPeer{testNet: n, b: b, from: a.end(6000), li: li}
		p.segWith(wire.TCP{Flags: wire.SYN | wire.FIN, Seq: 100, Wnd: 65535, Data: []byte("data"),
			Opts: wire.Options{FO: true, Cookie: a.layer.fastCookies[0].cookie}})
		p.wantRefused("text-in-syn") // the FIN must come again
		p.c = b.accept(li)
		p.want(p.seg("S", 100, 0, ""), "<SEQ=300><ACK=105><CTL=SA>")
		p.want(p.seg("S", 200, 0, ""), "<SEQ=301><ACK=105><CTL=A>") // no way back to LISTEN
		b.mustRecv(p.c, "data")
		c.end(p)
		if p.c.State() != inet.Closed || p.c.TakeError() != c.want || li.fast != 0 {
			t.Errorf("%s: %s, %d pending", c.name, p.c.State(), li.fast)
		}
	}
}

func TestAClientForgetsTheServersItKnewLongest(t *testing.T) {
	_, a, _, _ := warmed(t)
	for i := range maxFastCookies {
		a.layer.rememberServer(netip.AddrFrom4([4]byte{10, 8, byte(i >> 8), byte(i)}))
	}
	if len(a.layer.fastCookies) != maxFastCookies || a.layer.fastCookieOf(mustAddr("10.0.0.2")) != nil {
		t.Error("the cache must be bounded")
	}
	a.layer.ForgetFastOpenCookies()
	if a.layer.fastCookieOf(netip.AddrFrom4([4]byte{10, 8, 0, 1})) != nil {
		t.Error("nothing may be left")
	}
}

// RFC 7413, appendix A: before it had a kind of its own the option was an experiment.
func TestAServerAnswersTheExperimentsOptionInKind(t *testing.T) {
	n, a, b, li := fastPair(t)
	n.wire = func(*packet) fate { return fate{drop: true} }
	p := &rawPeer{testNet: n, b: b, from: a.end(6000), li: li}
	p.segWith(wire.TCP{Flags: wire.SYN, Seq: 100, Wnd: 65535,
		Opts: wire.Options{MSS: 1460, FO: true, FOExp: true}})
	c := b.layer.Conns()[0]
	sa := wire.TCP{Flags: wire.SYN | wire.ACK}
	c.setOptions(&sa, 0)
	if !sa.Opts.FO || !sa.Opts.FOExp || len(sa.Opts.Cookie) != foCookieLen {
		t.Errorf("%+v", sa.Opts)
	}
}
