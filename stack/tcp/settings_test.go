package tcp

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

func (h *testHost) configure(c *Conn, o Options) {
	h.do(func(fx *Effects) { c.Configure(o, fx) })
}

func (h *testHost) sendWith(c *Conn, data string, f SendFlags) (n int, e inet.Errno) {
	h.do(func(fx *Effects) { n, e = c.SendWith([]byte(data), f, fx) })
	return n, e
}

// tcp(7): TCP_CORK, "don't send out partial frames"; 200 ms is the ceiling.
func TestACorkedConnectionSendsFullSegmentsAndTheRestIn200ms(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.configure(ca, Options{Cork: true})
	mark := n.log.Len()
	a.mustSend(ca, string(make([]byte, ca.snd.mss+100)))
	n.settle()
	if cb.Unread() != ca.snd.mss {
		t.Fatalf("%d octets came", cb.Unread())
	}
	n.run(200 * time.Millisecond)
	if cb.Unread() != ca.snd.mss+100 {
		t.Errorf("%d octets came after 200 ms", cb.Unread())
	}
	b.recv(cb, 1<<20)
	a.mustSend(ca, "held")
	n.settle()
	if cb.Unread() != 0 {
		t.Error("corked data left")
	}
	held, let := 0, 0
	for _, e := range n.log.From(mark + 1) {
		if _, sent := e.Body.(event.SegmentSent); sent && e.Rule == rfc.TCPCorkLimit {
			let++
		}
		if e.Rule == rfc.TCPCork {
			held++
		}
	}
	if held == 0 || let != 1 {
		t.Errorf("%d times held back, %d sent by the limit", held, let)
	}
	a.configure(ca, Options{})
	n.settle()
	b.mustRecv(cb, "held")
}

func TestWhatFollowsMSGMOREGoesInOneSegment(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	mark := n.log.Len()
	if _, e := a.sendWith(ca, "one ", SendFlags{More: true}); e != inet.OK {
		t.Fatal(e)
	}
	a.mustSend(ca, "two")
	n.settle()
	b.mustRecv(cb, "one two")
	if got := n.segments(mark)[0]; got != "A <SEQ=101><ACK=301><CTL=PA><DATA=7>" {
		t.Error(got)
	}
}

// MUST-28: "This interval MUST be configurable"; each connection may have its own.
func TestEachConnectionHasItsOwnKeepAliveTimes(t *testing.T) {
	n, a, b, ca, _ := connected(t)
	n.wire = func(p *packet) fate { return fate{drop: p.from == b} }
	a.configure(ca, Options{KeepAlive: true})
	a.configure(ca, Options{KeepAlive: true, KeepIdle: 10 * time.Second,
		KeepInterval: 2 * time.Second, KeepProbes: 3})
	mark := n.log.Len()
	n.run(9 * time.Second)
	n.wantSegments(mark)
	n.run(6500 * time.Millisecond)
	if got := n.segments(mark); len(got) != 3+3 { // three probes, three answers that are lost
		t.Errorf("%q", got)
	}
	n.run(time.Second)
	if ca.State() != inet.Closed || ca.Error() != inet.ETIMEDOUT {
		t.Errorf("%s %s", ca.State(), ca.Error())
	}
}

// MUST-26: the idle time runs from when the peer was last heard, however long the interval
// between probes is.
func TestTheIdleTimeBeginsAnewWhenThePeerIsHeard(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.configure(ca, Options{KeepAlive: true, KeepIdle: 10 * time.Second,
		KeepInterval: time.Minute})
	n.run(5 * time.Second)
	b.mustSend(cb, "still here")
	n.run(time.Second)
	mark := n.log.Len()
	n.run(8500 * time.Millisecond)
	n.wantSegments(mark)
	n.run(time.Second)
	if got := n.segments(mark); len(got) != 2 { // the probe and its answer
		t.Errorf("%q", got)
	}
}

// tcp(7): TCP_USER_TIMEOUT "overrides keep-alive to determine when to close".
func TestTheUserTimeoutEndsKeepAliveToo(t *testing.T) {
	n, a, b, ca, _ := connected(t)
	n.wire = func(p *packet) fate { return fate{drop: p.from == b} }
	a.configure(ca, Options{KeepAlive: true, KeepIdle: 10 * time.Second,
		KeepInterval: 2 * time.Second, KeepProbes: 3, UserTimeout: 20 * time.Second})
	n.run(19 * time.Second)
	if ca.State() != inet.Established {
		t.Fatal(ca.State())
	}
	n.run(2 * time.Second)
	if ca.State() != inet.Closed || ca.Error() != inet.ETIMEDOUT {
		t.Errorf("%s %s", ca.State(), ca.Error())
	}
}

func TestTheMaximumSegmentSizeCanBeLowered(t *testing.T) {
	n, a, b := pair(t)
	li := b.listen(80, 5)
	var ca *Conn
	a.do(func(fx *Effects) {
		ca, _ = a.layer.OpenWith(a.socket(fx), inet.Flow{Local: a.end(5000), Remote: b.end(80)}, 1500,
			Options{MaxSeg: 600}, fx)
	})
	n.settle()
	cb := b.accept(li)
	if ca.announcedMSS() != 600 || ca.SMSS() != 600-tsOptionLen || cb.SMSS() != 600-tsOptionLen {
		t.Errorf("announced %d, SMSS %d and %d", ca.announcedMSS(), ca.SMSS(), cb.SMSS())
	}
}

// MUST-48: "the application layer MUST be able to specify the Differentiated Services
// field"; its two other bits are ECN's (RFC 3168 §5).
func TestSegmentsCarryTheServiceThatWasAskedFor(t *testing.T) {
	_, a, _, ca, _ := connected(t)
	var out []Out
	a.do(func(fx *Effects) {
		ca.Configure(Options{TOS: 0xbb, TTL: 7}, fx)
		ca.Send([]byte("x"), fx)
		out = append(out, fx.Out...)
	})
	if len(out) != 1 || out[0].TOS&^3 != 0xb8 || out[0].TTL != 7 {
		t.Errorf("%+v", out)
	}
}

func TestQuickACKAnswersAtOnceWhatWaits(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.mustSend(ca, "first") // its ACK begins a quick phase
	n.settle()
	b.do(func(fx *Effects) { cb.QuickACK(false, fx) })
	a.mustSend(ca, "x")
	n.run(15 * time.Millisecond)
	mark := n.log.Len()
	n.run(10 * time.Millisecond)
	n.wantSegments(mark)
	b.do(func(fx *Effects) { cb.QuickACK(true, fx) })
	n.wantSegments(mark, "B <SEQ=301><ACK=107><CTL=A>")
	a.mustSend(ca, "y") // Nagle holds it until that ACK is there
	n.run(25 * time.Millisecond)
	if got := n.segments(mark); len(got) != 3 || got[2] != "B <SEQ=301><ACK=108><CTL=A>" {
		t.Errorf("%q", got)
	}
}

// tcp(7), TCP_LINGER2: "the lifetime of orphaned FIN_WAIT2 state sockets".
func TestOrphansInFinWait2LastAsLongAsTheOptionSays(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.configure(ca, Options{FinTimeout: 3 * time.Second})
	a.close(ca)
	n.settle()
	n.run(2900 * time.Millisecond)
	if ca.State() != inet.FinWait2 {
		t.Fatal(ca.State())
	}
	n.run(200 * time.Millisecond)
	if ca.State() != inet.Closed {
		t.Error(ca.State())
	}
}
