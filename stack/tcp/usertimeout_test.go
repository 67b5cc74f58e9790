package tcp

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// MUST-21: "An application MUST be able to set the value for R2 for a particular
// connection." The time is exact, however the RTO is backed off.
func TestTheUserTimeoutGivesUpWhatIsNotAcknowledged(t *testing.T) {
	for _, limit := range []time.Duration{3 * time.Second, 1500 * time.Second} {
		n, a, b, ca, _ := connected(t)
		a.configure(ca, Options{UserTimeout: limit})
		n.wire = func(p *packet) fate { return fate{drop: p.from == b} }
		start := n.now
		a.mustSend(ca, "x")
		n.run(limit - time.Millisecond)
		if ca.State() != inet.Established {
			t.Fatalf("%s: %s", limit, ca.State())
		}
		n.run(time.Millisecond)
		if ca.State() != inet.Closed || ca.Error() != inet.ETIMEDOUT || n.now.Sub(start) != limit {
			t.Errorf("%s: %s %s", limit, ca.State(), ca.Error())
		}
	}
}

func TestProgressRestartsTheUserTimeoutAndTheEndStopsIt(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.configure(ca, Options{UserTimeout: 3 * time.Second})
	for range 5 {
		a.mustSend(ca, "x")
		n.run(2 * time.Second)
	}
	if ca.State() != inet.Established || ca.timers[timerUser].running {
		t.Errorf("%s, running: %v", ca.State(), ca.timers[timerUser].running)
	}
	a.mustSend(ca, "x")
	a.configure(ca, Options{})
	if ca.timers[timerUser].running {
		t.Error("the option was taken back, and yet it runs")
	}
}

// §3.8.3 counts what is buffered too; tcp(7): "or buffered data may remain untransmitted
// (due to zero window size)". The peer's answers to probes do not help.
func TestTheUserTimeoutCountsWhileTheWindowIsClosed(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	b.configure(cb, Options{RcvBuf: 1})
	a.configure(ca, Options{UserTimeout: 20 * time.Second})
	a.mustSend(ca, string(make([]byte, 80_000)))
	n.run(19 * time.Second)
	if ca.State() != inet.Established {
		t.Fatal(ca.State())
	}
	n.run(5 * time.Second)
	if ca.State() != inet.Closed || ca.Error() != inet.ETIMEDOUT {
		t.Errorf("%s %s", ca.State(), ca.Error())
	}
}

// TCP_KEEPINIT bounds an open; TCP_USER_TIMEOUT does not, as on linux.
func TestAnOpenHasATimeoutOfItsOwn(t *testing.T) {
	n, a, b := pair(t)
	n.wire = func(*packet) fate { return fate{drop: true} }
	open := func(port uint16, o Options) (c *Conn) {
		a.do(func(fx *Effects) {
			c, _ = a.layer.OpenWith(a.socket(fx), inet.Flow{Local: a.end(port), Remote: b.end(80)},
				1500, o, fx)
		})
		return c
	}
	short := open(5000, Options{OpenTimeout: 5 * time.Second})
	other := open(5001, Options{UserTimeout: 5 * time.Second})
	n.run(6 * time.Second)
	if short.State() != inet.Closed || short.Error() != inet.ETIMEDOUT {
		t.Errorf("%s %s", short.State(), short.Error())
	}
	if other.State() != inet.SynSent {
		t.Error(other.State())
	}
}

// MUST-20, SHLD-9, SHLD-10: at R1 retransmissions IP and the application are told, once;
// the connection goes on.
func TestAtR1IPIsAdvisedAndTheProgramIsTold(t *testing.T) {
	for _, asked := range []bool{false, true} {
		n, a, b, ca, _ := connected(t)
		a.configure(ca, Options{RecvErr: asked})
		n.wire = func(p *packet) fate { return fate{drop: p.from == b} }
		mark := n.log.Len()
		a.mustSend(ca, "x")
		n.run(30 * time.Second)
		var reports []event.ConnReport
		resent := 0
		for _, e := range n.log.From(mark + 1) {
			switch b := e.Body.(type) {
			case event.SegmentSent:
				if b.Seg.Retransmission && len(reports) == 0 {
					resent++
				}
			case event.ConnReport:
				reports = append(reports, b)
				if (b.Reason == "negative-advice") != (e.Rule == rfc.TCPR1) {
					t.Errorf("%s by %s", b.Reason, e.Rule)
				}
			}
		}
		if len(reports) != 2 || resent < 2 || reports[0].Count != 3 || ca.State() != inet.Established {
			t.Errorf("%+v after %d retransmissions, %s", reports, resent, ca.State())
		}
		if got := ca.TakeError(); (got == inet.ETIMEDOUT) != asked {
			t.Errorf("asked %v, told %q", asked, got)
		}
	}
}

// MUST-47: soft errors are reported; SHLD-20: only to a program that wants to hear of them.
func TestASoftErrorIsReportedToWhoAsked(t *testing.T) {
	for _, asked := range []bool{false, true} {
		_, a, _, ca, _ := connected(t)
		a.configure(ca, Options{RecvErr: asked})
		a.mustSend(ca, "x")
		a.do(func(fx *Effects) {
			a.layer.Unreachable(ca.Flow(), ca.snd.una, HostUnreachable, 1, fx)
		})
		if e := ca.Error(); (e == inet.EHOSTUNREACH) != asked || ca.SoftError() != inet.EHOSTUNREACH {
			t.Errorf("asked %v, told %q", asked, e)
		}
		if ca.State() != inet.Established {
			t.Error(ca.State())
		}
	}
}
