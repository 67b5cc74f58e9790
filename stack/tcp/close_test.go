package tcp

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

func TestHalfClosedConnectionGoesOnInTheOtherDirection(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.mustSend(ca, "question")
	a.shutdown(ca)
	n.settle()
	if ca.State() != inet.FinWait2 || cb.State() != inet.CloseWait {
		t.Fatalf("%s %s", ca.State(), cb.State())
	}
	b.mustRecv(cb, "question")
	if d, e := b.recv(cb, 10); d != nil || e != inet.OK {
		t.Errorf("the end: %q %q", d, e)
	}
	b.mustSend(cb, "answer")
	n.settle()
	a.mustRecv(ca, "answer")
	if _, e := a.send(ca, []byte("more")); e != inet.EPIPE {
		t.Errorf("send after shutdown: %q", e)
	}
	b.close(cb)
	n.settle()
	if ca.State() != inet.TimeWait || cb.State() != inet.Closed {
		t.Errorf("%s %s", ca.State(), cb.State())
	}
	if d, e := a.recv(ca, 10); d != nil || e != inet.OK {
		t.Errorf("the end: %q %q", d, e)
	}
}

func TestDataThatNagleHeldLeavesWithTheFIN(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	mark := n.log.Len()
	a.mustSend(ca, "one")
	a.mustSend(ca, "two")
	a.shutdown(ca)
	n.wantSegments(mark,
		"A <SEQ=101><ACK=301><CTL=PA><DATA=3>",
		"A <SEQ=104><ACK=301><CTL=FPA><DATA=3>")
	n.settle()
	b.mustRecv(cb, "onetwo")
}

func TestCloseWithUnreadDataResets(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.mustSend(ca, "nobody reads this")
	n.settle()
	mark := n.log.Len()
	b.close(cb)
	n.wantSegments(mark, "B <SEQ=301><ACK=118><CTL=RA>") // RFC 2525 §2.17
	n.settle()
	if ca.State() != inet.Closed {
		t.Fatalf("state %s", ca.State())
	}
	if _, e := a.recv(ca, 10); e != inet.ECONNRESET {
		t.Errorf("recv: %q", e)
	}
	if _, e := a.send(ca, []byte("x")); e != inet.EPIPE {
		t.Errorf("send: %q", e) // the error was told once
	}
}

func TestDataForAClosedSocketResets(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	b.close(cb)
	n.settle()
	mark := n.log.Len()
	a.mustSend(ca, "too late")
	n.settle()
	if n.rules(mark, rfc.TCPLateData) == 0 || cb.State() != inet.Closed {
		t.Error("SHLD-3: a RST must show that the data was lost")
	}
	if ca.TakeError() != inet.EPIPE { // from CLOSE-WAIT
		t.Error("A must be told")
	}
}

func TestShutdownOfBothDirectionsRefusesData(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	b.do(func(fx *Effects) {
		cb.ShutdownRead(fx)
		cb.ShutdownWrite(fx)
	})
	n.settle()
	a.mustSend(ca, "too late")
	n.settle()
	if cb.State() != inet.Closed {
		t.Errorf("state %s", cb.State())
	}
}

func TestShutdownOfReadingGivesTheEndAfterWhatIsBuffered(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.mustSend(ca, "before")
	n.settle()
	b.do(func(fx *Effects) { cb.ShutdownRead(fx) })
	b.mustRecv(cb, "before")
	if d, e := b.recv(cb, 10); d != nil || e != inet.OK {
		t.Errorf("%q %q", d, e)
	}
}

func TestAbortSendsARSTOnlyWhereThePeerMayWait(t *testing.T) {
	for _, s := range append(synchronized(), inet.SynSent, inet.SynReceived) {
		p := reach(t, s)
		mark := p.log.Len()
		p.b.abort(p.c)
		resets := 0
		switch s {
		case inet.SynReceived, inet.Established, inet.FinWait1, inet.FinWait2, inet.CloseWait:
			resets = 1
		}
		if got := p.segments(mark); len(got) != resets {
			t.Errorf("abort in %s sent %q", s, got)
		}
		if p.c.State() != inet.Closed || len(p.b.layer.Conns()) != 0 {
			t.Errorf("abort in %s leaves %s", s, p.c.State())
		}
		p.run(time.Hour) // no timer may be left
	}
}

func TestCloseInEveryState(t *testing.T) {
	for _, c := range []struct{ from, to inet.TCPState }{
		{inet.SynSent, inet.Closed}, {inet.SynReceived, inet.FinWait1},
		{inet.Established, inet.FinWait1}, {inet.FinWait1, inet.FinWait1},
		{inet.FinWait2, inet.FinWait2}, {inet.CloseWait, inet.LastAck},
		{inet.Closing, inet.Closing}, {inet.LastAck, inet.LastAck},
		{inet.TimeWait, inet.TimeWait},
	} {
		p := reach(t, c.from)
		mark := p.log.Len()
		p.b.close(p.c)
		if p.c.State() != c.to {
			t.Errorf("close in %s leads to %s, want %s", c.from, p.c.State(), c.to)
		}
		if c.from == c.to && len(p.segments(mark)) != 0 {
			t.Errorf("close in %s sent a second FIN", c.from)
		}
		p.b.close(p.c) // again: nothing happens
		if p.c.SocketID() != "" {
			t.Errorf("close in %s keeps the socket", c.from)
		}
	}
}

func TestCallsByState(t *testing.T) {
	for _, c := range []struct {
		s          inet.TCPState
		send, recv inet.Errno
	}{
		{inet.SynSent, inet.EAGAIN, inet.EAGAIN}, {inet.SynReceived, inet.EAGAIN, inet.EAGAIN},
		{inet.Established, "", inet.EAGAIN}, {inet.FinWait1, inet.EPIPE, inet.EAGAIN},
		{inet.FinWait2, inet.EPIPE, inet.EAGAIN}, {inet.CloseWait, "", ""},
		{inet.Closing, inet.EPIPE, ""}, {inet.LastAck, inet.EPIPE, ""},
		{inet.TimeWait, inet.EPIPE, ""},
	} {
		p := reach(t, c.s)
		if got := p.c.Readable(); got != (c.recv == "") {
			t.Errorf("%s: readable %v", c.s, got)
		}
		if got := p.c.Writable(); got != (c.send != inet.EAGAIN) {
			t.Errorf("%s: writable %v", c.s, got)
		}
		if _, e := p.b.recv(p.c, 10); e != c.recv {
			t.Errorf("recv in %s: %q", c.s, e)
		}
		if _, e := p.b.send(p.c, []byte("x")); e != c.send {
			t.Errorf("send in %s: %q", c.s, e)
		}
	}
}

func TestShutdownWithoutAConnectionIsENOTCONN(t *testing.T) {
	p := reach(t, inet.SynSent)
	p.b.do(func(fx *Effects) {
		if e := p.c.ShutdownWrite(fx); e != inet.ENOTCONN {
			t.Errorf("in SYN-SENT: %q", e)
		}
	})
	p.b.abort(p.c)
	p.b.do(func(fx *Effects) {
		if e := p.c.ShutdownWrite(fx); e != inet.ENOTCONN {
			t.Errorf("in CLOSED: %q", e)
		}
		if e := p.c.ShutdownRead(fx); e != inet.ENOTCONN {
			t.Errorf("in CLOSED: %q", e)
		}
	})
}

func TestSendTakesOnlyWhatFitsAndWakesTheWriter(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	got, e := a.send(ca, pattern(1<<20))
	if e != inet.OK || got != int(a.k.SndBuf) {
		t.Fatalf("took %d %q", got, e)
	}
	if _, e := a.send(ca, []byte("x")); e != inet.EAGAIN {
		t.Errorf("a full buffer says %q", e)
	}
	if k, e := a.send(ca, nil); k != 0 || e != inet.OK {
		t.Error("sending nothing always works")
	}
	a.ready = nil
	for ca.Room() < got/3 {
		n.run(10 * time.Millisecond)
		b.recv(cb, 1<<20)
	}
	if len(a.ready) == 0 {
		t.Error("the writer was not woken")
	}
}

func TestLingeringFinWait2OfAClosedSocketEnds(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.close(ca)
	n.run(59 * time.Second)
	if ca.State() != inet.FinWait2 {
		t.Fatalf("state %s", ca.State())
	}
	n.run(2 * time.Second)
	if ca.State() != inet.Closed || n.rules(0, rfc.TCPFinTimeout) == 0 {
		t.Errorf("state %s", ca.State())
	}
}

func TestCloseBoundsAFinWait2ThatShutdownBegan(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.shutdown(ca)
	n.run(time.Hour)
	a.close(ca)
	n.run(61 * time.Second)
	if ca.State() != inet.Closed {
		t.Errorf("state %s", ca.State())
	}
}

func TestFinWait2OfAnOpenSocketLastsForEver(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.shutdown(ca)
	n.run(10 * time.Hour)
	if ca.State() != inet.FinWait2 {
		t.Errorf("state %s", ca.State())
	}
}

func TestLostFINIsRetransmitted(t *testing.T) {
	n, a, _, ca, cb := connected(t)
	lost := 0
	n.wire = func(p *packet) fate {
		drop := p.from == a && lost < 2
		if drop {
			lost++
		}
		return fate{drop: drop}
	}
	a.mustSend(ca, "last words")
	a.shutdown(ca)
	n.run(5 * time.Second)
	if ca.State() != inet.FinWait2 || cb.State() != inet.CloseWait || cb.Unread() != 10 {
		t.Errorf("%s %s", ca.State(), cb.State())
	}
}

func TestLostLastACKIsRepeatedFromTimeWait(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.close(ca)
	n.settle()
	n.wire = func(p *packet) fate { return fate{drop: p.from == a && n.now.Sub(0) < 2*time.Second} }
	b.close(cb)
	n.run(10 * time.Second)
	if cb.State() != inet.Closed || ca.State() != inet.TimeWait {
		t.Errorf("%s %s", ca.State(), cb.State())
	}
}

func TestCloseDetachesTheSocketFirst(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	sock := ca.SocketID()
	mark := n.log.Len()
	a.close(ca)
	first := n.log.At(mark + 2) // after the command
	if d, ok := first.Body.(event.ConnDetached); !ok || d.Sock != sock {
		t.Errorf("first comes %s", first.Kind())
	}
}

func TestErrorIsToldOnceAfterWhatCanStillBeRead(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.mustSend(ca, "read me")
	n.settle()
	a.abort(ca)
	n.settle()
	if cb.Error() != inet.ECONNRESET {
		t.Fatal("no error is pending")
	}
	b.mustRecv(cb, "read me")
	if _, e := b.recv(cb, 10); e != inet.ECONNRESET {
		t.Errorf("then %q", e)
	}
	if d, e := b.recv(cb, 10); d != nil || e != inet.OK {
		t.Errorf("then %q %q", d, e)
	}
}

// A CLOSE in SYN-RECEIVED sends the FIN behind a SYN that is not acknowledged (RFC 9293
// §3.10.4). Until it is, the SYN,ACK is what is repeated, and its acknowledgment begins
// congestion control as in any other state.
func TestCloseInSynReceivedKeepsTheHandshakeGoing(t *testing.T) {
	p := newRaw(t)
	p.b.k.SACK = 1
	p.c = p.b.open(80, p.from)
	syn := wireACK(100, 0, 65535)
	syn.Flags, syn.Opts.SACKOK = parseFlags("S"), true
	p.segWith(syn)
	p.b.close(p.c)
	mark := p.log.Len()
	p.run(1500 * time.Millisecond)
	p.want(p.segments(mark), "<SEQ=300><ACK=101><CTL=SA>")
	p.seg("A", 101, 301, "")
	if p.c.cc.cwnd == 0 || p.c.state != inet.FinWait1 {
		t.Errorf("cwnd %d in %s", p.c.cc.cwnd, p.c.state)
	}
	p.run(time.Minute) // and the FIN goes on being sent
	p.seg("A", 101, 302, "")
	if p.c.state != inet.FinWait2 {
		t.Errorf("in %s", p.c.state)
	}
}
