package tcp

import (
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

func TestRFC9293Figure6(t *testing.T) {
	n, a, b := pair(t)
	plain(a, b)
	b.listen(80, 5)
	ca := a.open(5000, b.end(80))
	n.settle()
	a.mustSend(ca, "data")
	n.settle()
	n.wantSegments(0,
		"A <SEQ=100><CTL=S>",
		"B <SEQ=300><ACK=101><CTL=SA>",
		"A <SEQ=101><ACK=301><CTL=A>",
		"A <SEQ=101><ACK=301><CTL=PA><DATA=4>",
		"B <SEQ=301><ACK=105><CTL=A>")
	n.wantStates(a, "CLOSED→SYN-SENT", "SYN-SENT→ESTABLISHED")
	n.wantStates(b, "LISTEN→SYN-RECEIVED", "SYN-RECEIVED→ESTABLISHED")
}

func TestRFC9293Figure7(t *testing.T) {
	n, a, b := pair(t)
	plain(a, b)
	ca := a.open(5000, b.end(80))
	n.run(time.Millisecond)
	cb := b.open(80, a.end(5000))
	n.settle()
	n.wantSegments(0,
		"A <SEQ=100><CTL=S>",
		"B <SEQ=300><CTL=S>",
		"B <SEQ=300><ACK=101><CTL=SA>",
		"A <SEQ=100><ACK=301><CTL=SA>")
	want := []string{"CLOSED→SYN-SENT", "SYN-SENT→SYN-RECEIVED", "SYN-RECEIVED→ESTABLISHED"}
	n.wantStates(a, want...)
	n.wantStates(b, want...)
	a.mustSend(ca, "to B")
	b.mustSend(cb, "to A")
	n.settle()
	b.mustRecv(cb, "to B")
	a.mustRecv(ca, "to A")
}

func TestRFC9293Figure8(t *testing.T) {
	n, a, b := pair(t)
	plain(a, b)
	b.listen(80, 5)
	n.wire = func(p *packet) fate {
		if p.nth == 1 { // line 2: the SYN is delayed
			return fate{late: 60 * time.Millisecond}
		}
		return fate{}
	}
	a.open(5000, b.end(80))
	b.inject(a.end(5000), wire.TCP{DstPort: 80, Seq: 90, Flags: wire.SYN, Wnd: 65535})
	n.run(50 * time.Millisecond)
	b.k.ISN = 400
	n.run(100 * time.Millisecond)
	n.wantSegments(0,
		"A <SEQ=100><CTL=S>",
		"B <SEQ=300><ACK=91><CTL=SA>",
		"A <SEQ=91><CTL=R>",
		"B <SEQ=400><ACK=101><CTL=SA>",
		"A <SEQ=101><ACK=401><CTL=A>")
	n.wantStates(b, "LISTEN→SYN-RECEIVED", "SYN-RECEIVED→LISTEN",
		"LISTEN→SYN-RECEIVED", "SYN-RECEIVED→ESTABLISHED")
}

// reboot makes a host forget all connections.
func (h *testHost) reboot() {
	h.net.quiet = true // its rows vanish without events, as in a real crash
	h.layer = New(h.name, &h.k, 99, h.layer.rand)
}

func TestRFC9293Figure9(t *testing.T) {
	n, a, b, _, cb := connected(t)
	a.reboot()
	a.k.ISN = 400
	start := n.log.Len()
	ca := a.open(5000, b.end(80))
	n.run(2 * time.Second)
	n.wantSegments(start,
		"A <SEQ=400><CTL=S>",
		"B <SEQ=301><ACK=101><CTL=A>",
		"A <SEQ=101><CTL=R>",
		"A <SEQ=400><CTL=S>",
		"B <SEQ=300><ACK=401><CTL=SA>",
		"A <SEQ=401><ACK=301><CTL=A>")
	if cb.State() != inet.Closed || cb.TakeError() != inet.ECONNRESET {
		t.Error("B must abort at line 5")
	}
	if ca.State() != inet.Established {
		t.Error("A must try again and succeed")
	}
}

func TestRFC9293Figure10(t *testing.T) {
	n, a, b, _, cb := connected(t)
	a.reboot()
	start := n.log.Len()
	b.mustSend(cb, "0123456789")
	n.settle()
	n.wantSegments(start,
		"B <SEQ=301><ACK=101><CTL=PA><DATA=10>",
		"A <SEQ=101><CTL=R>")
	if cb.State() != inet.Closed || cb.TakeError() != inet.ECONNRESET {
		t.Error("B must abort")
	}
}

func TestRFC9293Figure11(t *testing.T) {
	n, a, b := pair(t)
	a.listen(5000, 5)
	b.listen(80, 5)
	b.inject(a.end(5000), wire.TCP{DstPort: 80, Seq: 7, Flags: wire.SYN, Wnd: 65535})
	n.settle()
	n.wantSegments(0,
		"B <SEQ=300><ACK=8><CTL=SA>",
		"A <SEQ=8><CTL=R>")
	n.wantStates(b, "LISTEN→SYN-RECEIVED", "SYN-RECEIVED→LISTEN")
	if len(b.layer.Conns()) != 0 {
		t.Error("B must be back in LISTEN, without a connection")
	}
}

func TestRFC9293Figure12(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	start := n.log.Len()
	a.close(ca)
	n.settle()
	if ca.State() != inet.FinWait2 || cb.State() != inet.CloseWait {
		t.Errorf("line 3: %s, %s", ca.State(), cb.State())
	}
	b.close(cb)
	n.settle()
	n.wantSegments(start,
		"A <SEQ=101><ACK=301><CTL=FA>",
		"B <SEQ=301><ACK=102><CTL=A>",
		"B <SEQ=301><ACK=102><CTL=FA>",
		"A <SEQ=102><ACK=302><CTL=A>")
	if ca.State() != inet.TimeWait || cb.State() != inet.Closed {
		t.Errorf("line 5: %s, %s", ca.State(), cb.State())
	}
	n.run(59 * time.Second)
	if ca.State() != inet.TimeWait {
		t.Error("TIME-WAIT must last 2 MSL")
	}
	n.run(2 * time.Second)
	if ca.State() != inet.Closed || len(a.layer.Conns()) != 0 {
		t.Error("line 6: A must be CLOSED after 2 MSL")
	}
}

func TestRFC9293Figure13(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	start := n.log.Len()
	a.close(ca)
	b.close(cb)
	n.settle()
	n.wantSegments(start,
		"A <SEQ=101><ACK=301><CTL=FA>",
		"B <SEQ=301><ACK=101><CTL=FA>",
		"B <SEQ=302><ACK=102><CTL=A>",
		"A <SEQ=102><ACK=302><CTL=A>")
	if ca.State() != inet.TimeWait || cb.State() != inet.TimeWait {
		t.Errorf("line 4: %s, %s", ca.State(), cb.State())
	}
	n.run(61 * time.Second)
	if len(a.layer.Conns())+len(b.layer.Conns()) != 0 {
		t.Error("both must be CLOSED after 2 MSL")
	}
}
