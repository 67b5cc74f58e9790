package tcp

import (
	"fmt"
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// synchronized lists the states that §3.10.7.4 treats together.
func synchronized() []inet.TCPState {
	return []inet.TCPState{inet.Established, inet.FinWait1, inet.FinWait2, inet.CloseWait,
		inet.Closing, inet.LastAck, inet.TimeWait}
}

func TestAcceptabilityIsTheTableOfSection3_4(t *testing.T) {
	const nxt = seq.Num(0xFFFFFFF0) // the window wraps
	for _, c := range []struct {
		s    seq.Num
		len  seq.Size
		wnd  seq.Size
		want bool
	}{
		{nxt, 0, 0, true}, {nxt.Add(1), 0, 0, false}, {nxt - 1, 0, 0, false},
		{nxt, 0, 100, true}, {nxt.Add(99), 0, 100, true}, {nxt.Add(100), 0, 100, false},
		{nxt - 1, 0, 100, false},
		{nxt, 1, 0, false}, {nxt, 100, 0, false},
		{nxt, 1, 100, true}, {nxt.Add(99), 1, 100, true}, {nxt.Add(99), 50, 100, true},
		{nxt.Add(100), 1, 100, false}, {nxt - 1, 1, 100, false}, {nxt - 1, 2, 100, true},
		{nxt - 50, 50, 100, false}, {nxt - 50, 51, 100, true},
		{nxt - 1, 200, 100, false}, // the table looks at both ends only
	} {
		if got := acceptable(c.s, c.len, nxt, c.wnd); got != c.want {
			t.Errorf("SEG.SEQ=%s SEG.LEN=%d RCV.WND=%d: %v", c.s, c.len, c.wnd, got)
		}
	}
}

func TestSegmentsToNoConnectionAreResetBySection3_10_7_1(t *testing.T) {
	p := newRaw(t)
	p.want(p.seg("S", 100, 0, ""), "<SEQ=0><ACK=101><CTL=RA>")
	p.want(p.seg("F", 100, 0, "abc"), "<SEQ=0><ACK=104><CTL=RA>")
	p.want(p.seg("A", 100, 777, ""), "<SEQ=777><CTL=R>")
	p.want(p.seg("SA", 100, 777, ""), "<SEQ=777><CTL=R>")
	p.want(p.seg("R", 100, 0, ""))
	p.want(p.seg("RA", 100, 5, ""))
	p.wantRefused("no-connection")
}

func TestListenerBySection3_10_7_2(t *testing.T) {
	p := reach(t, inet.Listen)
	p.want(p.seg("R", 100, 0, ""))
	p.wantRefused("rst-in-listen")
	p.want(p.seg("RA", 100, 7, "")) // the RST is looked at first
	p.want(p.seg("A", 100, 7, ""), "<SEQ=7><CTL=R>")
	p.want(p.seg("SA", 100, 7, ""), "<SEQ=7><CTL=R>")
	p.wantRefused("ack-in-listen")
	p.want(p.seg("F", 100, 0, "x"))
	p.wantRefused("no-syn-in-listen")
	p.want(p.seg("S", 100, 0, "early"), "<SEQ=300><ACK=101><CTL=SA>")
	p.wantRefused("text-in-syn")
	if q, _ := p.li.Queues(); q != 1 {
		t.Errorf("%d in the SYN queue", q)
	}
}

func TestSynSentBySection3_10_7_3(t *testing.T) {
	for _, c := range []struct {
		flags string
		ack   uint32
		want  []string
		state inet.TCPState
		errno inet.Errno
	}{
		{"A", 300, []string{"<SEQ=300><CTL=R>"}, inet.SynSent, ""}, // ACK =< ISS
		{"A", 302, []string{"<SEQ=302><CTL=R>"}, inet.SynSent, ""}, // ACK > SND.NXT
		{"SA", 299, []string{"<SEQ=299><CTL=R>"}, inet.SynSent, ""},
		{"RA", 300, nil, inet.SynSent, ""}, // unacceptable, but a RST is not answered
		{"RA", 302, nil, inet.SynSent, ""},
		{"R", 0, nil, inet.SynSent, ""}, // no ACK: anybody could send it
		{"RA", 301, nil, inet.Closed, inet.ECONNREFUSED},
		{"A", 301, nil, inet.SynSent, ""}, // neither SYN nor RST
		{"F", 0, nil, inet.SynSent, ""},
		{"SA", 301, []string{"<SEQ=301><ACK=101><CTL=A>"}, inet.Established, ""},
		{"S", 0, []string{"<SEQ=300><ACK=101><CTL=SA>"}, inet.SynReceived, ""},
		{"RSA", 301, nil, inet.Closed, inet.ECONNREFUSED},
	} {
		t.Run(fmt.Sprintf("%s,%d", c.flags, c.ack), func(t *testing.T) {
			p := reach(t, inet.SynSent)
			p.want(p.seg(c.flags, 100, c.ack, ""), c.want...)
			if p.c.State() != c.state || p.c.Error() != c.errno {
				t.Errorf("%s %q, want %s %q", p.c.State(), p.c.Error(), c.state, c.errno)
			}
		})
	}
}

func TestTextAndFINOnTheSynAckAreTaken(t *testing.T) {
	p := reach(t, inet.SynSent)
	p.want(p.seg("SFA", 100, 301, "hello"), "<SEQ=301><ACK=107><CTL=A>")
	if p.c.State() != inet.CloseWait {
		t.Errorf("state %s", p.c.State())
	}
	p.b.mustRecv(p.c, "hello")
}

func TestUnacceptableSegmentsAreAnsweredWithAnACKInEveryState(t *testing.T) {
	for _, s := range append(synchronized(), inet.SynReceived) {
		p := reach(t, s)
		nxt, ack := p.nxt()
		answer := fmt.Sprintf("<SEQ=%d><ACK=%d><CTL=A>", ack, nxt)
		if s == inet.SynReceived {
			answer = "<SEQ=301><ACK=101><CTL=A>"
		}
		// Data is always answered, an empty segment once in a while (RFC 5961 §7).
		p.want(p.seg("A", nxt-10, ack, "0123456789"), answer)
		p.wantRefused("old-duplicate")
		p.want(p.seg("A", nxt+70000, ack, "x"), answer)
		p.wantRefused("outside-window")
		p.want(p.seg("A", nxt+70000, ack, ""), answer)
		p.want(p.seg("A", nxt+70000, ack, ""))
		if p.c.State() != s {
			t.Errorf("%s became %s", s, p.c.State())
		}
		p.run(500 * time.Millisecond)
		got := p.seg("A", nxt+70000, ack, "")
		p.want(got, answer)
	}
}

func TestRSTBySequenceNumberInEveryState(t *testing.T) {
	errnos := map[inet.TCPState]inet.Errno{
		inet.Established: inet.ECONNRESET, inet.FinWait1: inet.ECONNRESET,
		inet.FinWait2: inet.ECONNRESET, inet.CloseWait: inet.EPIPE,
	}
	for _, s := range append(synchronized(), inet.SynReceived) {
		p := reach(t, s)
		nxt, ack := p.nxt()
		p.want(p.seg("R", nxt-1, 0, ""))
		p.wantRefused("rst-outside-window")
		p.want(p.seg("R", nxt+70000, 0, ""))
		p.wantRefused("rst-outside-window")
		// RFC 5961 §3.2: in the window but not exact draws a challenge ACK.
		p.want(p.seg("R", nxt+1, 0, ""), fmt.Sprintf("<SEQ=%d><ACK=%d><CTL=A>", ack, nxt))
		p.wantRefused("rst-not-exact")
		if p.c.State() != s {
			t.Fatalf("%s became %s", s, p.c.State())
		}
		p.want(p.seg("R", nxt, 0, "why")) // SHLD-2: a RST may carry data
		if p.c.State() != inet.Closed || p.c.TakeError() != errnos[s] {
			t.Errorf("%s: now %s", s, p.c.State())
		}
		if len(p.b.layer.Conns()) != 0 {
			t.Errorf("%s: the TCB is left", s)
		}
	}
}

func TestRSTInWindowResetsWithoutRFC5961(t *testing.T) {
	p := reach(t, inet.Established)
	p.b.k.ChallengeACK = 0
	p.want(p.seg("R", 150, 0, ""))
	if p.c.State() != inet.Closed {
		t.Errorf("state %s", p.c.State())
	}
}

func TestRSTInSynReceivedGoesBackToWhereTheConnectionCameFrom(t *testing.T) {
	p := reach(t, inet.SynReceived)
	p.seg("R", 101, 0, "")
	p.wantStates(p.b, "LISTEN→SYN-RECEIVED", "SYN-RECEIVED→LISTEN")
	if q, _ := p.li.Queues(); q != 0 {
		t.Errorf("%d in the SYN queue", q)
	}

	p = reach(t, inet.SynSent)
	p.seg("S", 100, 0, "")
	p.seg("R", 101, 0, "")
	if p.c.State() != inet.Closed || p.c.TakeError() != inet.ECONNREFUSED {
		t.Error("an active opener is told that it was refused")
	}
}

func TestSYNInSynchronizedStatesDrawsAChallengeACK(t *testing.T) {
	for _, s := range synchronized() {
		for _, off := range []uint32{0, 1000, 1 << 31} { // whatever its sequence number
			if s == inet.TimeWait && off == 1000 {
				continue // a newer SYN opens a new incarnation
			}
			p := reach(t, s)
			nxt, ack := p.nxt()
			p.run(time.Second)
			p.want(p.seg("SA", nxt+off, ack, ""), fmt.Sprintf("<SEQ=%d><ACK=%d><CTL=A>", ack, nxt))
			if n := p.rules(p.mark, rfc.TCPSYNChallenge); n == 0 {
				t.Errorf("%s+%d: not by RFC 5961", s, off)
			}
			if p.c.State() != s {
				t.Errorf("%s became %s", s, p.c.State())
			}
		}
	}
}

func TestSYNInWindowResetsWithoutRFC5961(t *testing.T) {
	p := reach(t, inet.Established)
	p.b.k.ChallengeACK = 0
	p.want(p.seg("S", 150, 0, ""), "<SEQ=301><ACK=101><CTL=RA>")
	if p.c.State() != inet.Closed || p.c.TakeError() != inet.ECONNRESET {
		t.Errorf("state %s", p.c.State())
	}
}

func TestSYNInWindowReturnsSynReceivedToListen(t *testing.T) {
	p := reach(t, inet.SynReceived)
	p.seg("S", 150, 0, "")
	p.wantStates(p.b, "LISTEN→SYN-RECEIVED", "SYN-RECEIVED→LISTEN")
}

func TestRepeatedSYNIsAnsweredWithTheSynAckAgain(t *testing.T) {
	p := reach(t, inet.SynReceived)
	p.want(p.seg("S", 100, 0, ""), "<SEQ=300><ACK=101><CTL=SA>")
	p.wantRefused("repeated-syn")
}

func TestSegmentsWithoutACKAreDropped(t *testing.T) {
	for _, s := range append(synchronized(), inet.SynReceived) {
		p := reach(t, s)
		nxt, _ := p.nxt()
		p.want(p.seg("P", nxt, 0, "data"))
		p.wantRefused("no-ack")
		if p.c.Unread() != 0 || p.c.State() != s {
			t.Errorf("%s took it", s)
		}
	}
}

func TestACKOfWhatWasNotSent(t *testing.T) {
	for _, s := range synchronized() {
		if s == inet.TimeWait {
			continue // acknowledgments mean nothing there
		}
		p := reach(t, s)
		nxt, ack := p.nxt()
		p.want(p.seg("A", nxt, ack+1, ""), fmt.Sprintf("<SEQ=%d><ACK=%d><CTL=A>", ack, nxt))
		p.wantRefused("ack-of-unsent")
		p.want(p.seg("A", nxt, ack+1, "")) // limited
		p.wantRefused("ack-of-unsent")
		p.want(p.seg("PA", nxt, ack+1, "data"), fmt.Sprintf("<SEQ=%d><ACK=%d><CTL=A>", ack, nxt))
		if p.c.Unread() != 0 {
			t.Errorf("%s took data with a wrong ACK", s)
		}
	}
	p := reach(t, inet.SynReceived)
	p.want(p.seg("A", 101, 302, ""), "<SEQ=302><CTL=R>")
	p.want(p.seg("A", 101, 300, ""), "<SEQ=300><CTL=R>")
	p.wantRefused("bad-ack")
	if p.c.State() != inet.SynReceived {
		t.Error("a bad ACK must not change SYN-RECEIVED")
	}
}

func TestACKOlderThanAnyWindowIsNotBelieved(t *testing.T) {
	p := reach(t, inet.Established)
	una := uint32(p.c.snd.una)
	p.want(p.seg("PA", 101, una-65535, "fits"), "<SEQ=301><ACK=105><CTL=A>")
	p.want(p.seg("PA", 105, una-65536, "forged"), "<SEQ=301><ACK=105><CTL=A>")
	p.wantRefused("ack-too-old")
	p.b.mustRecv(p.c, "fits")
}

func TestTextAfterTheFINIsIgnored(t *testing.T) {
	for _, s := range []inet.TCPState{inet.CloseWait, inet.Closing, inet.LastAck, inet.TimeWait} {
		p := reach(t, s)
		nxt, ack := p.nxt()
		p.seg("PA", nxt, ack-1, "late")
		p.wantRefused("text-after-fin")
		if p.c.Unread() != 0 {
			t.Errorf("%s took it", s)
		}
	}
}

func TestFINInEveryState(t *testing.T) {
	for _, c := range []struct{ from, to inet.TCPState }{
		{inet.SynReceived, inet.CloseWait}, {inet.Established, inet.CloseWait},
		{inet.FinWait1, inet.Closing}, {inet.FinWait2, inet.TimeWait},
		{inet.CloseWait, inet.CloseWait}, {inet.Closing, inet.Closing},
		{inet.LastAck, inet.LastAck}, {inet.TimeWait, inet.TimeWait},
	} {
		p := reach(t, c.from)
		ack := uint32(p.c.snd.nxt)
		if c.from == inet.FinWait1 || c.from == inet.Closing || c.from == inet.LastAck {
			ack-- // our own FIN stays unacknowledged
		}
		p.want(p.seg("FA", 101, ack, ""),
			fmt.Sprintf("<SEQ=%d><ACK=102><CTL=A>", uint32(p.c.snd.nxt)))
		if p.c.State() != c.to {
			t.Errorf("FIN in %s leads to %s, want %s", c.from, p.c.State(), c.to)
		}
	}
}

func TestFINWithTheACKOfOurFINSkipsClosing(t *testing.T) {
	p := reach(t, inet.FinWait1)
	p.want(p.seg("FA", 101, 302, ""), "<SEQ=302><ACK=102><CTL=A>")
	if p.c.State() != inet.TimeWait {
		t.Errorf("state %s", p.c.State())
	}
	p.wantStates(p.b, "LISTEN→SYN-RECEIVED", "SYN-RECEIVED→ESTABLISHED",
		"ESTABLISHED→FIN-WAIT-1", "FIN-WAIT-1→FIN-WAIT-2", "FIN-WAIT-2→TIME-WAIT")
}

func TestFINMergedWithDataAndOutOfOrder(t *testing.T) {
	p := reach(t, inet.Established)
	p.want(p.seg("FPA", 104, 301, "def"), "<SEQ=301><ACK=101><CTL=A>")
	if p.c.State() != inet.Established {
		t.Error("a FIN behind a gap must wait")
	}
	p.want(p.seg("PA", 101, 301, "abc"), "<SEQ=301><ACK=108><CTL=A>")
	if p.c.State() != inet.CloseWait {
		t.Errorf("state %s", p.c.State())
	}
	p.b.mustRecv(p.c, "abcdef")
	if data, e := p.b.recv(p.c, 10); data != nil || e != inet.OK {
		t.Errorf("the end reads as %q %q", data, e)
	}
}

func TestABareFINAheadOfAGapIsAnsweredAtOnce(t *testing.T) {
	p := reach(t, inet.Established)
	p.want(p.seg("FA", 104, 301, ""), "<SEQ=301><ACK=101><CTL=A>")
	p.want(p.seg("PA", 101, 301, "abc"), "<SEQ=301><ACK=105><CTL=A>")
	if p.c.State() != inet.CloseWait {
		t.Errorf("state %s", p.c.State())
	}
}

func TestTimeWaitAcknowledgesTheFINAgainAndRestarts2MSL(t *testing.T) {
	p := reach(t, inet.TimeWait)
	p.run(50 * time.Second)
	p.want(p.seg("FA", 101, 302, ""), "<SEQ=302><ACK=102><CTL=A>")
	p.run(59 * time.Second)
	if p.c.State() != inet.TimeWait {
		t.Error("2 MSL were not restarted")
	}
	p.run(2 * time.Second)
	if p.c.State() != inet.Closed {
		t.Error("TIME-WAIT must end")
	}
}

// TestRFC9293Figure5 walks every edge of the state diagram.
func TestRFC9293Figure5(t *testing.T) {
	seen := map[string]bool{}
	collect := func(p *rawPeer) {
		for _, edge := range p.states(p.b, 0) {
			seen[edge] = true
		}
	}
	for _, s := range append(synchronized(), inet.SynSent, inet.SynReceived) {
		for _, event := range []string{"close", "fin", "ack", "finack", "rst", "syn", "synack", "2msl"} {
			p := reach(t, s)
			nxt, ack := p.nxt()
			switch event {
			case "close":
				p.b.close(p.c)
			case "fin":
				p.seg("FA", nxt, uint32(p.c.snd.una), "")
			case "ack":
				p.seg("A", nxt, ack, "")
			case "finack":
				p.seg("FA", nxt, ack, "")
			case "rst":
				p.seg("RA", nxt, ack, "")
			case "syn":
				p.seg("S", 100, 0, "")
			case "synack":
				p.seg("SA", 100, ack, "")
			case "2msl":
				p.run(61 * time.Second)
			}
			collect(p)
		}
	}
	for _, edge := range []string{
		"CLOSED→SYN-SENT", "LISTEN→SYN-RECEIVED", "SYN-SENT→SYN-RECEIVED",
		"SYN-SENT→ESTABLISHED", "SYN-SENT→CLOSED", "SYN-RECEIVED→ESTABLISHED",
		"SYN-RECEIVED→FIN-WAIT-1", "SYN-RECEIVED→LISTEN", "ESTABLISHED→FIN-WAIT-1",
		"ESTABLISHED→CLOSE-WAIT", "FIN-WAIT-1→FIN-WAIT-2", "FIN-WAIT-1→CLOSING",
		"FIN-WAIT-2→TIME-WAIT", "CLOSING→TIME-WAIT", "CLOSE-WAIT→LAST-ACK", "LAST-ACK→CLOSED",
		"TIME-WAIT→CLOSED",
	} {
		if !seen[edge] {
			t.Errorf("edge %s was not walked", edge)
		}
	}
	if len(seen) > 17+6 { // resets end six more states
		t.Errorf("edges that the figure does not have: %v", seen)
	}
}

func TestSegmentsToOrFromManyAreIgnored(t *testing.T) {
	p := reach(t, inet.Listen)
	from := p.from
	p.from.Addr = inet.Endpoint{}.Addr
	for _, bad := range []string{"224.0.0.1", "0.0.0.0", "255.255.255.255"} {
		p.from = inet.Endpoint{Addr: mustAddr(bad), Port: 9}
		p.want(p.seg("S", 100, 0, ""))
		p.wantRefused("bad-source")
	}
	p.from = from
	p.b.addr = mustAddr("224.0.0.1")
	p.want(p.seg("S", 100, 0, ""))
	p.wantRefused("not-to-one-host")
}

func TestUrgentDataIsReadInLine(t *testing.T) {
	p := reach(t, inet.Established)
	p.segWith(wire.TCP{Flags: wire.ACK | wire.PSH | wire.URG, Seq: 101, Ack: 301, Wnd: 65535,
		Urg: 60000, Data: []byte("urgent")})
	p.b.mustRecv(p.c, "urgent")
}

func TestBadChecksumIsRefused(t *testing.T) {
	p := reach(t, inet.Listen)
	p.mark = p.log.Len()
	p.b.do(func(fx *Effects) { p.b.layer.BadChecksum(1, fx) })
	p.wantRefused("bad-checksum")
}
