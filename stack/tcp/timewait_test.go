package tcp

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// waitingWith leaves B's connection in TIME-WAIT. With timestamps TS.Recent is 1000.
func waitingWith(t *testing.T, stamps bool) *rawPeer {
	t.Helper()
	p := newRaw(t)
	p.li = p.b.listen(80, 5)
	opts := wire.Options{}
	if p.b.k.Timestamps = 0; stamps {
		p.b.k.Timestamps = 1
		opts = wire.Options{HasTS: true, TSVal: 1000}
	}
	p.segWith(wire.TCP{Flags: wire.SYN, Seq: 100, Wnd: 65535, Opts: opts})
	p.c = p.b.layer.Conns()[0]
	p.segWith(wire.TCP{Flags: wire.ACK, Seq: 101, Ack: 301, Wnd: 65535, Opts: opts})
	p.b.accept(p.li)
	p.b.shutdown(p.c)
	p.segWith(wire.TCP{Flags: wire.ACK | wire.FIN, Seq: 101, Ack: 302, Wnd: 65535, Opts: opts})
	if p.c.State() != inet.TimeWait {
		t.Fatal(p.c.State())
	}
	p.b.k.Timestamps = 1
	p.run(5 * time.Second)
	return p
}

// RFC 6191 §2, row by row. RCV.NXT is 102.
func TestTIMEWAITTakesASYNByRFC6191(t *testing.T) {
	const (
		opens   = "opens"
		silence = "silence"
		ack     = "ack"
	)
	for _, c := range []struct {
		name   string
		stamps bool // in the old incarnation
		ts     uint32
		seq    uint32
		want   string
		rule   rfc.ID
	}{
		{"newer timestamp", true, 1001, 50, opens, rfc.TCPReuseTS},
		{"same timestamp, greater number", true, 1000, 103, opens, rfc.TCPReuse},
		{"same timestamp, old number", true, 1000, 50, silence, rfc.TCPReuseDrop},
		{"older timestamp", true, 999, 103, silence, rfc.TCPReuseDrop},
		{"no timestamp, greater number", true, 0, 103, opens, rfc.TCPReuse},
		{"no timestamp, old number", true, 0, 50, silence, rfc.TCPNoTimestamp},
		{"first timestamp ever", false, 7, 50, opens, rfc.TCPReuseTS},
		{"none at all, greater number", false, 0, 103, opens, rfc.TCPReuse},
		{"none at all, old number", false, 0, 50, ack, rfc.TCPSYNChallenge},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := waitingWith(t, c.stamps)
			p.b.k.BareSegments = 0
			seg := wire.TCP{Flags: wire.SYN, Seq: num(c.seq), Wnd: 65535}
			if c.ts != 0 {
				seg.Opts = wire.Options{HasTS: true, TSVal: c.ts}
			}
			got := p.segWith(seg)
			if p.rules(p.mark, c.rule) == 0 {
				t.Errorf("not by %s", c.rule)
			}
			fresh := p.b.layer.Conns()[0]
			switch {
			case c.want == opens && (p.c.State() != inet.Closed || fresh.State() != inet.SynReceived):
				t.Errorf("old %s, new %s", p.c.State(), fresh.State())
			case c.want != opens && p.c.State() != inet.TimeWait:
				t.Errorf("old %s", p.c.State())
			case c.want == silence && len(got) != 0:
				t.Errorf("answered %q", got)
			case c.want == ack:
				p.want(got, "<SEQ=302><ACK=102><CTL=A>")
			}
		})
	}
}

// RFC 9293 §3.6.1 (2): "returns to TIME-WAIT state if the SYN turns out to be an old
// duplicate".
func TestTIMEWAITComesBackWhenTheNewSYNWasAnOldDuplicate(t *testing.T) {
	for _, stamps := range []bool{false, true} {
		p := waitingWith(t, stamps)
		end := p.c.timers[timer2MSL].at
		opts := wire.Options{}
		if stamps {
			opts = wire.Options{HasTS: true, TSVal: 2000}
		}
		p.segWith(wire.TCP{Flags: wire.SYN, Seq: 500, Wnd: 65535, Opts: opts})
		fresh := p.b.layer.Conns()[0]
		if fresh.State() != inet.SynReceived || !p.c.snd.nxt.Less(fresh.iss) {
			t.Fatalf("state %s, ISS %s", fresh.State(), fresh.iss)
		}
		p.seg("R", 501, 0, "") // the peer knows nothing of it
		back := p.b.layer.Conns()[0]
		if back.State() != inet.TimeWait || p.rules(p.mark, rfc.TCPReuseBack) == 0 {
			t.Fatalf("state %s", back.State())
		}
		p.segWith(wire.TCP{Flags: wire.FIN | wire.ACK, Seq: 101, Ack: 302, Wnd: 65535,
			Opts: wire.Options{HasTS: stamps, TSVal: 1000}})
		if got := p.segments(p.mark); len(got) != 1 || got[0] != "B <SEQ=302><ACK=102><CTL=A>" {
			t.Errorf("the peer's FIN, again: %q", got)
		}
		p.run(end.Sub(p.now))
		if back.State() == inet.Closed {
			t.Error("its FIN restarts 2 MSL")
		}
		p.run(time.Minute)
		if len(p.b.layer.Conns()) != 0 {
			t.Error("TIME-WAIT must end")
		}
	}
}

func TestTIMEWAITThatWouldBeOverDoesNotComeBack(t *testing.T) {
	p := waitingWith(t, false)
	p.seg("S", 500, 0, "")
	p.b.k.SynAckRetries = 100
	p.run(2 * time.Minute)
	p.seg("R", 501, 0, "")
	if len(p.b.layer.Conns()) != 0 {
		t.Error("2 MSL have passed")
	}
}

func TestRSTInTIMEWAITIsIgnoredByTheKnobOfRFC1337(t *testing.T) {
	p := reach(t, inet.TimeWait)
	p.b.k.RFC1337 = 1
	p.want(p.seg("R", 102, 0, ""))
	p.wantRefused("rst-in-time-wait")
	if p.c.State() != inet.TimeWait || p.rules(p.mark, rfc.TCPTimeWaitRST) != 1 {
		t.Errorf("state %s", p.c.State())
	}
}

func Test2MSLRestartOnlyForTheFINAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		seg     wire.TCP
		restart bool
	}{
		{"the FIN again", wire.TCP{Flags: wire.FIN | wire.ACK, Seq: 101}, true},
		{"data with it", wire.TCP{Flags: wire.FIN | wire.ACK, Seq: 99, Data: []byte("ab")}, true},
		{"old data", wire.TCP{Flags: wire.ACK, Seq: 98, Data: []byte("abc")}, false},
		{"an ACK", wire.TCP{Flags: wire.ACK, Seq: 102}, false},
		{"another FIN", wire.TCP{Flags: wire.FIN | wire.ACK, Seq: 102}, false},
		{"data behind it", wire.TCP{Flags: wire.ACK, Seq: 102, Data: []byte("x")}, false},
	} {
		p := reach(t, inet.TimeWait)
		p.run(10 * time.Second)
		at := p.c.timers[timer2MSL].at
		c.seg.Ack, c.seg.Wnd = 302, 65535
		p.segWith(c.seg)
		if got := p.c.timers[timer2MSL].at != at; got != c.restart {
			t.Errorf("%s: restarted %v", c.name, got)
		}
	}
}

func TestCanOpenSaysWhatOpenWouldAndLeavesNothing(t *testing.T) {
	n, a, b, old := waiting(t)
	flow := inet.Flow{Local: a.end(5000), Remote: b.end(80)}
	mark := n.log.Len()
	if e := a.layer.CanOpen(flow, n.now); e != inet.EADDRNOTAVAIL {
		t.Errorf("in TIME-WAIT: %q", e)
	}
	a.k.TWReuse = 1
	if e := a.layer.CanOpen(flow, n.now.Add(2*time.Second)); e != inet.OK {
		t.Errorf("later, with the knob: %q", e)
	}
	flow.Remote.Addr = mustAddr("224.0.0.1")
	if e := a.layer.CanOpen(flow, n.now); e != inet.ENETUNREACH {
		t.Errorf("a multicast address: %q", e)
	}
	if n.log.Len() != mark || old.State() != inet.TimeWait {
		t.Error("something was done")
	}
}

// What a socket is told of the connection it held does not change when the TCB returns.
func TestAConnectionThatComesBackBelongsToNobody(t *testing.T) {
	p := waitingWith(t, false)
	p.seg("S", 500, 0, "")
	p.seg("R", 501, 0, "")
	var opened event.ConnOpened
	for _, e := range p.log.From(p.mark + 1) {
		if o, ok := e.Body.(event.ConnOpened); ok {
			opened = o
		}
	}
	if opened.Sock != "" || opened.State != inet.TimeWait || p.c.State() != inet.Closed {
		t.Errorf("%+v, old %s", opened, p.c.State())
	}
}
