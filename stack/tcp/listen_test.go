package tcp

import (
	"net/netip"
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
)

func TestDemultiplexingPrefersTheConnectionThenTheMostSpecificListener(t *testing.T) {
	n, a, b := pair(t)
	any := b.listen(80, 5)
	var one *Listener
	b.do(func(fx *Effects) {
		var e inet.Errno
		if one, e = b.layer.Listen(b.socket(fx), b.end(80), 5, 1500); e != inet.OK {
			t.Fatal(e)
		}
	})
	a.open(5000, b.end(80))
	n.settle()
	if _, q := one.Queues(); q != 1 {
		t.Error("the listener at the address itself must have it")
	}
	b.do(func(fx *Effects) { one.Close(fx) })
	a.open(5001, b.end(80))
	n.settle()
	if _, q := any.Queues(); q != 1 {
		t.Error("then the wildcard")
	}
	if b.layer.Listener(b.end(80)) != nil || b.layer.Listener(inet.Endpoint{Port: 80}) != any {
		t.Error("Listener looks at exactly one endpoint")
	}
}

func TestOneEndpointHasOneListener(t *testing.T) {
	_, _, b := pair(t)
	b.listen(80, 5)
	for _, addr := range []netip.Addr{{}, netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		at := inet.Endpoint{Addr: addr, Port: 80}
		if _, e := b.layer.Listen("x", at, 1, 1500); e != inet.EADDRINUSE {
			t.Errorf("%v: %q", addr, e)
		}
	}
}

func TestOneListenerServesManyConnections(t *testing.T) {
	n, a, b := pair(t)
	li := b.listen(80, 5)
	var conns []*Conn
	for port := range uint16(3) {
		conns = append(conns, a.open(5000+port, b.end(80)))
		n.run(time.Millisecond)
	}
	n.settle()
	for i, c := range conns {
		got := b.accept(li)
		if got.Flow() != c.Flow().Reverse() {
			t.Errorf("accept %d gave %v", i, got.Flow())
		}
		if got.Flow().Local.Port != 80 {
			t.Error("an accepted connection keeps the listener's port")
		}
	}
	b.do(func(fx *Effects) {
		if _, ok := li.Accept(fx); ok {
			t.Error("nothing more waits")
		}
	})
}

func TestBacklogHoldsOneMoreThenDropsSYNs(t *testing.T) {
	n, a, b := pair(t)
	li := b.listen(80, 2)
	for port := range uint16(5) {
		a.open(5000+port, b.end(80))
		n.run(100 * time.Millisecond)
	}
	if syn, accept := li.Queues(); syn != 0 || accept != 3 {
		t.Fatalf("queues %d %d", syn, accept)
	}
	if n.rules(0, rfc.TCPAcceptFull) != 2 {
		t.Errorf("%d SYNs refused", n.rules(0, rfc.TCPAcceptFull))
	}
	for range 3 {
		b.accept(li)
	}
	n.run(2 * time.Second) // the SYNs are tried again
	if _, accept := li.Queues(); accept != 2 {
		t.Errorf("%d in the accept queue", accept)
	}
}

func TestFinalACKIsIgnoredWhileTheAcceptQueueIsFull(t *testing.T) {
	n, a, b := pair(t)
	li := b.listen(80, 0)
	n.wire = func(p *packet) fate {
		return fate{drop: p.from == a && p.out.Seg.Flags == parseFlags("A")}
	}
	c1 := a.open(5000, b.end(80))
	c2 := a.open(5001, b.end(80))
	n.settle()
	if syn, _ := li.Queues(); syn != 2 {
		t.Fatalf("%d half open", syn)
	}
	n.wire = nil
	n.run(1500 * time.Millisecond) // the SYN,ACKs come again, and their ACKs
	syn, accept := li.Queues()
	if syn != 1 || accept != 1 || c1.State() != inet.Established || c2.State() != inet.Established {
		t.Fatalf("queues %d %d", syn, accept)
	}
	b.accept(li)
	n.run(5 * time.Second)
	if syn, accept := li.Queues(); syn != 0 || accept != 1 {
		t.Errorf("queues %d %d", syn, accept)
	}
}

func TestSynQueueIsBounded(t *testing.T) {
	p := reach(t, inet.Listen)
	p.b.k.SynBacklog, p.b.k.SynCookies = 3, 0
	for i := range uint16(5) {
		p.from.Port = 6000 + i
		p.seg("S", 100, 0, "")
	}
	p.wantRefused("syn-queue-full")
	if syn, _ := p.li.Queues(); syn != 3 {
		t.Errorf("%d half open", syn)
	}
}

func TestClosingAListenerResetsWhatNobodyAccepted(t *testing.T) {
	n, a, b := pair(t)
	li := b.listen(80, 5)
	ca := a.open(5000, b.end(80))
	n.settle()
	kept := a.open(5001, b.end(80))
	n.settle()
	b.accept(li) // takes the first
	b.do(func(fx *Effects) { li.Close(fx) })
	n.settle()
	if ca.State() != inet.Established {
		t.Error("an accepted connection lives on")
	}
	if kept.State() != inet.Closed || kept.TakeError() != inet.ECONNRESET {
		t.Errorf("the other is %s", kept.State())
	}
	refused := a.open(5002, b.end(80))
	n.settle()
	if refused.TakeError() != inet.ECONNREFUSED {
		t.Error("nobody listens any more")
	}
	if syn, accept := li.Queues(); syn+accept != 0 {
		t.Error("the queues must be empty")
	}
}

func TestAConnectionResetBeforeAcceptLeavesTheQueue(t *testing.T) {
	n, a, b := pair(t)
	li := b.listen(80, 5)
	ca := a.open(5000, b.end(80))
	n.settle()
	a.abort(ca)
	n.settle()
	if _, accept := li.Queues(); accept != 0 {
		t.Error("it still waits")
	}
}

func TestDataBeforeAcceptIsKept(t *testing.T) {
	n, a, b := pair(t)
	li := b.listen(80, 5)
	ca := a.open(5000, b.end(80))
	n.settle()
	a.mustSend(ca, "early")
	a.shutdown(ca)
	n.settle()
	cb := b.accept(li)
	if cb.State() != inet.CloseWait {
		t.Errorf("state %s", cb.State())
	}
	b.mustRecv(cb, "early")
}

func TestListenerHandsItsOptionsOn(t *testing.T) {
	n, a, b := pair(t)
	li := b.listen(80, 5)
	li.Configure(Options{NoDelay: true, RcvBuf: 30000})
	a.open(5000, b.end(80))
	n.settle()
	cb := b.accept(li)
	if !cb.Options().NoDelay || cb.rcv.size != 30000 {
		t.Errorf("%+v", cb.Options())
	}
}

func TestBacklogIsClampedAsOnLinux(t *testing.T) {
	_, _, b := pair(t)
	li := b.listen(80, -1)
	if li.Backlog() != maxBacklog {
		t.Error(li.Backlog())
	}
	li.SetBacklog(1 << 20)
	if li.Backlog() != maxBacklog {
		t.Error(li.Backlog())
	}
	li.SetBacklog(0)
	if li.Backlog() != 0 || li.Local().Port != 80 {
		t.Error(li.Backlog())
	}
}

func TestOpenRefusesATakenPairAndImpossibleAddresses(t *testing.T) {
	n, a, b, _, _ := connected(t)
	a.do(func(fx *Effects) {
		flow := inet.Flow{Local: a.end(5000), Remote: b.end(80)}
		if _, e := a.layer.Open("x", flow, 1500, fx); e != inet.EADDRNOTAVAIL {
			t.Errorf("a taken pair: %q", e)
		}
		for _, bad := range []string{"224.0.0.1", "255.255.255.255", "0.0.0.0"} {
			flow.Remote.Addr = mustAddr(bad)
			if _, e := a.layer.Open("x", flow, 1500, fx); e != inet.ENETUNREACH {
				t.Errorf("%s: %q", bad, e)
			}
		}
	})
	if n.log.At(n.log.Len()).Rule != rfc.ByCommand {
		t.Error("a refusal must leave nothing behind")
	}
	if a.layer.Lookup(inet.Flow{Local: a.end(5000), Remote: b.end(80)}) == nil {
		t.Error("the connection must still be there")
	}
}

// waiting makes A's side of a connection linger in TIME-WAIT.
func waiting(t *testing.T) (n *testNet, a, b *testHost, old *Conn) {
	n, a, b, ca, cb := connected(t)
	a.close(ca)
	n.settle()
	b.close(cb)
	n.settle()
	if ca.State() != inet.TimeWait {
		t.Fatal(ca.State())
	}
	return n, a, b, ca
}

func TestOpenFromTimeWaitNeedsTheKnobAndTime(t *testing.T) {
	n, a, b, old := waiting(t)
	flow := inet.Flow{Local: a.end(5000), Remote: b.end(80)}
	try := func() (c *Conn, e inet.Errno) {
		a.do(func(fx *Effects) { c, e = a.layer.Open(a.socket(fx), flow, 1500, fx) })
		return c, e
	}
	n.run(2 * time.Second)
	if _, e := try(); e != inet.EADDRNOTAVAIL {
		t.Errorf("without the knob: %q", e)
	}
	a.k.TWReuse = 1
	a.k.ISN = 50 // before the old numbers, on purpose
	end := old.snd.nxt
	c, e := try()
	if e != inet.OK || !end.Less(c.iss) {
		t.Fatalf("with the knob: %q, ISS %s after %s", e, c.iss, end)
	}
	n.settle()
	if c.State() != inet.Established || old.State() != inet.Closed {
		t.Errorf("%s, old %s", c.State(), old.State())
	}
}

func TestANewSYNReopensTimeWait(t *testing.T) {
	for _, stamps := range []int64{0, 1} {
		n, a, b := pair(t)
		a.k.Timestamps, b.k.Timestamps = stamps, stamps
		ca, cb := connect(t, n, a, b)
		b.close(cb) // B will wait
		n.settle()
		a.close(ca)
		n.run(time.Second)
		if cb.State() != inet.TimeWait || ca.State() != inet.Closed {
			t.Fatal("wrong start")
		}
		mark := n.log.Len()
		a.k.ISN = 5000
		again := a.open(5000, b.end(80))
		n.settle()
		if again.State() != inet.Established {
			t.Errorf("timestamps %d: %s", stamps, again.State())
		}
		rule := rfc.TCPReuse
		if stamps == 1 {
			rule = rfc.TCPReuseTS
		}
		if n.rules(mark, rule) == 0 {
			t.Errorf("timestamps %d: not by %s", stamps, rule)
		}
		fresh := b.layer.Lookup(inet.Flow{Local: b.end(80), Remote: a.end(5000)})
		if fresh == nil || !cb.snd.nxt.Less(fresh.iss) {
			t.Error("the new ISS must lie beyond the old numbers")
		}
	}
}

func TestAnOldSYNDoesNotReopenTimeWait(t *testing.T) {
	p := reach(t, inet.TimeWait)
	p.run(time.Second)
	p.want(p.seg("S", 50, 0, ""), "<SEQ=302><ACK=102><CTL=A>")
	if p.c.State() != inet.TimeWait {
		t.Errorf("state %s", p.c.State())
	}
}
