package tcp

import (
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// RFC 9293 §3.10.7.2: text and FIN with a SYN wait until they come again; the SYN counts.
func TestSYNWithFINOpensAndTheFINMustComeAgain(t *testing.T) {
	p := reach(t, inet.Listen)
	p.want(p.seg("SF", 100, 0, ""), "<SEQ=300><ACK=101><CTL=SA>")
	p.wantRefused("text-in-syn")
	p.want(p.seg("FA", 101, 301, ""), "<SEQ=301><ACK=102><CTL=A>")
	if c := p.b.layer.Conns()[0]; c.State() != inet.CloseWait {
		t.Errorf("state %s", c.State())
	}
}

func TestSYNWithFINIsDroppedByTheKnob(t *testing.T) {
	for _, s := range []inet.TCPState{inet.Listen, inet.SynSent, inet.Established} {
		p := reach(t, s)
		p.b.k.DropSynFin = 1
		p.want(p.seg("SFA", 100, 301, ""))
		p.wantRefused("syn-with-fin")
		if p.rules(p.mark, rfc.TCPDropSynFin) != 1 || p.state() != s {
			t.Errorf("%s became %s", s, p.state())
		}
	}
}

func TestBlackholeKeepsClosedPortsSilent(t *testing.T) {
	for _, c := range []struct {
		knob     int64
		syn, ack int // answers to a SYN, to an ACK
	}{{0, 1, 1}, {1, 0, 1}, {2, 0, 0}} {
		p := newRaw(t)
		p.b.k.Blackhole = c.knob
		if got := p.seg("S", 100, 0, ""); len(got) != c.syn {
			t.Errorf("blackhole %d: a SYN is answered %q", c.knob, got)
		}
		if got := p.seg("A", 100, 5, ""); len(got) != c.ack {
			t.Errorf("blackhole %d: an ACK is answered %q", c.knob, got)
		}
		if c.knob == 2 && p.rules(p.mark, rfc.TCPBlackhole) != 1 {
			t.Error("silence needs its reason")
		}
	}
}

func TestAFullAcceptQueueResetsByTheKnob(t *testing.T) {
	n, a, b := pair(t)
	b.k.AbortOnOverflow = 1
	li := b.listen(80, 0)
	one := a.open(5000, b.end(80))
	two := a.open(5001, b.end(80)) // its SYN comes before the first handshake is over
	n.settle()
	if one.State() != inet.Established || two.State() != inet.Closed {
		t.Errorf("%s %s", one.State(), two.State())
	}
	if two.TakeError() != inet.ECONNRESET || n.rules(0, rfc.TCPAbortOverflow) == 0 {
		t.Error("the second must be reset, with the reason")
	}
	if syn, accept := li.Queues(); syn != 0 || accept != 1 {
		t.Errorf("queues %d %d", syn, accept)
	}
}

// A SYN sent again with text does not become a SYN in the window, though its end is there.
func TestARepeatedSYNWithTextIsAnsweredWithTheSynAckAgain(t *testing.T) {
	p := reach(t, inet.SynReceived)
	p.want(p.seg("S", 100, 0, "text"), "<SEQ=300><ACK=101><CTL=SA>")
	if p.c.State() != inet.SynReceived {
		t.Errorf("state %s", p.c.State())
	}
}

// RFC 9293 §3.10.7.3 and §3.10.7.4: text on the SYN,ACK of a simultaneous open is taken.
func TestTextOnTheSynAckOfASimultaneousOpenIsTaken(t *testing.T) {
	p := reach(t, inet.SynSent)
	p.want(p.seg("S", 100, 0, ""), "<SEQ=300><ACK=101><CTL=SA>")
	p.want(p.seg("SA", 100, 301, "hello"), "<SEQ=301><ACK=106><CTL=A>")
	if p.c.State() != inet.Established {
		t.Fatalf("state %s", p.c.State())
	}
	p.b.mustRecv(p.c, "hello")
}

func TestDataWithTheACKOfTheSynAckIsTaken(t *testing.T) {
	p := reach(t, inet.SynReceived)
	p.want(p.seg("PA", 101, 301, "first"), "<SEQ=301><ACK=106><CTL=A>")
	p.b.mustRecv(p.c, "first")

	p = reach(t, inet.SynReceived) // a hole before it: the ACK still ends the handshake
	p.want(p.seg("PA", 111, 301, "later"), "<SEQ=301><ACK=101><CTL=A>")
	if p.c.State() != inet.Established || p.c.Unread() != 0 {
		t.Errorf("%s, %d unread", p.c.State(), p.c.Unread())
	}
	p.want(p.seg("PA", 101, 301, "0123456789"), "<SEQ=301><ACK=116><CTL=A>")
}

func TestTheSynAckIsRetransmittedUntilItsLimit(t *testing.T) {
	p := reach(t, inet.SynReceived)
	mark := p.log.Len()
	p.run(5 * time.Minute)
	got := p.segments(mark)
	if len(got) != int(p.b.k.SynAckRetries) {
		t.Errorf("sent again %d times", len(got))
	}
	for _, s := range got {
		if s != "B <SEQ=300><ACK=101><CTL=SA>" {
			t.Error(s)
		}
	}
	if syn, _ := p.li.Queues(); syn != 0 || len(p.b.layer.Conns()) != 0 {
		t.Error("the half-open connection must be forgotten")
	}
}

// RFC 9293 §3.10.4, SYN-RECEIVED: "form a FIN segment and send it, and enter FIN-WAIT-1".
func TestCloseInSynReceivedSendsAFINThatWaitsForItsACK(t *testing.T) {
	p := reach(t, inet.SynSent)
	p.seg("S", 100, 0, "")
	mark := p.log.Len()
	p.b.close(p.c)
	if got := p.segments(mark); len(got) != 1 || got[0] != "B <SEQ=301><ACK=101><CTL=FA>" {
		t.Errorf("sent %q", got)
	}
	p.seg("A", 101, 302, "")
	if p.c.State() != inet.FinWait2 {
		t.Errorf("state %s", p.c.State())
	}
}

// RFC 9293 §3.5.2: "If the incoming segment has an ACK field, the reset takes its sequence
// number from the ACK field of the segment".
func TestDataForAClosedSocketIsAnsweredWithAResetAtItsACK(t *testing.T) {
	p := reach(t, inet.FinWait2)
	p.b.close(p.c)
	p.want(p.seg("PA", 101, 302, "late"), "<SEQ=302><CTL=R>")

	p = reach(t, inet.FinWait2)
	p.b.close(p.c)
	p.want(p.seg("FPA", 101, 302, "late"), "<SEQ=302><CTL=R>") // data is lost, FIN or not
	if p.c.State() != inet.Closed {
		t.Errorf("state %s", p.c.State())
	}
}

// RFC 5961 §4.2 asks for an answer whatever the sequence number; §7 bounds all of them.
func TestChallengesToSYNsCountAgainstTheHostsLimit(t *testing.T) {
	p := reach(t, inet.Established)
	p.b.k.ChallengeLimit, p.b.k.InvalidRateLimit = 1, 0
	p.want(p.seg("S", 90, 0, ""), "<SEQ=301><ACK=101><CTL=A>") // before the window
	p.want(p.seg("S", 200, 0, ""))                             // in it
	p.want(p.segWith(wire.TCP{Flags: wire.RST, Seq: 200}))
	if p.rules(p.mark, rfc.TCPACKLimit) != 1 {
		t.Error("the limit is the reason")
	}
	p.run(time.Second)
	p.want(p.seg("S", 200, 0, ""), "<SEQ=301><ACK=101><CTL=A>")
}

func TestRSTBeforeTheHandshakeEndsByWhoOpened(t *testing.T) {
	p := reach(t, inet.SynReceived)
	p.want(p.seg("RA", 101, 301, "")) // passive: silently back to LISTEN
	if p.c.TakeError() != inet.OK || p.b.layer.Listener(p.b.end(80)) != nil {
		t.Error("the user need not be informed")
	}
	p.want(p.seg("S", 900, 0, ""), "<SEQ=300><ACK=901><CTL=SA>") // the listener goes on
}

// RFC 9293 §3.10.7.4: "trimming off any portions that lie outside the window (including SYN
// and FIN)". The data fills the window up to its edge; the FIN lies behind it.
func TestAFINBehindTheWindowIsCutOff(t *testing.T) {
	p := reach(t, inet.Established)
	nxt, ack := p.nxt()
	edge := nxt + uint32(p.c.rcv.wnd)
	p.want(p.seg("FA", edge-4, ack, "last"), "<SEQ=301><ACK=101><CTL=A>")
	if p.c.rcv.finSeen || p.c.rcv.held.octets() != 4 {
		t.Errorf("the FIN counts: %v; held %d", p.c.rcv.finSeen, p.c.rcv.held.octets())
	}
	p.want(p.seg("FA", nxt+4, ack, "held"), "<SEQ=301><ACK=101><CTL=A>") // this one is inside
	if !p.c.rcv.finSeen {
		t.Error("a FIN inside the window is remembered")
	}
}

func TestANewIncarnationBeginsBehindTheOldNumbersOrWhereItsClockSays(t *testing.T) {
	_, _, _, old := waiting(t)
	far := old.snd.nxt.Add(5000)
	if got := old.issAfter(far); got != far {
		t.Errorf("a clock that is ahead: %s, not %s", got, far)
	}
	if got := old.issAfter(old.snd.nxt); !old.snd.nxt.Less(got) {
		t.Errorf("the same number again: %s", got)
	}
}
