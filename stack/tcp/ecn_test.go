package tcp

import (
	"strings"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// sentSegs lists the segments a host sent since event n.
func (n *testNet) sentSegs(h *testHost, since uint64) (list []event.Seg) {
	for _, e := range n.log.From(since + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Host == h.name && e.Rule != rfc.ByCommand {
			list = append(list, s.Seg)
		}
	}
	return list
}

// ecnPair is two hosts of which A asks for ECN.
func ecnPair(t *testing.T) (n *testNet, a, b *testHost) {
	n, a, b = pair(t)
	a.k.ECN = 1
	return n, a, b
}

// TestECNIsAgreedOnByTheSYNs is RFC 3168 §6.1.1 for every pair of settings.
func TestECNIsAgreedOnByTheSYNs(t *testing.T) {
	for _, tc := range []struct {
		a, b     int64
		syn, ack string
		on       bool
	}{
		{0, 0, "S", "SA", false}, {0, 2, "S", "SA", false}, {0, 1, "S", "SA", false},
		{2, 2, "S", "SA", false}, {1, 0, "SEW", "SA", false},
		{1, 2, "SEW", "SAE", true}, {1, 1, "SEW", "SAE", true},
	} {
		n, a, b := pair(t)
		a.k.ECN, b.k.ECN = tc.a, tc.b
		ca, cb := connect(t, n, a, b)
		syn, ack := n.sentSegs(a, 0)[0], n.sentSegs(b, 0)[0]
		if syn.Flags != tc.syn || ack.Flags != tc.ack || syn.ECN != "" || ack.ECN != "" {
			t.Errorf("%d, %d: %s %q, %s %q", tc.a, tc.b, syn.Flags, syn.ECN, ack.Flags, ack.ECN)
		}
		if ca.View().ECN != tc.on || cb.View().ECN != tc.on || ca.Info(n.now).ECN != tc.on {
			t.Errorf("%d, %d: agreed %v, %v", tc.a, tc.b, ca.View().ECN, cb.View().ECN)
		}
	}
}

// TestASYNWithOneECNFlagAsksNothing: RFC 3168 §6.1.1, "receivers MUST correctly handle all
// forms of the non-ECN-setup SYN and SYN-ACK packets".
func TestASYNWithOneECNFlagAsksNothing(t *testing.T) {
	for _, flags := range []string{"SE", "SW"} {
		p := newRaw(t)
		p.li = p.b.listen(80, 5)
		p.want(p.seg(flags, 100, 0, ""), "<SEQ=300><ACK=101><CTL=SA>")
	}
}

// TestAReflectedSetupIsNoAgreement: a SYN,ACK with both flags comes from one who copies
// what it does not know.
func TestAReflectedSetupIsNoAgreement(t *testing.T) {
	for flags, on := range map[string]bool{"SAEW": false, "SAW": false, "SA": false, "SAE": true} {
		p := newRaw(t)
		p.b.k.ECN = 1
		p.c = p.b.open(80, p.from)
		p.seg(flags, 100, 301, "")
		if p.c.View().ECN != on {
			t.Errorf("%s: ECN %v", flags, p.c.View().ECN)
		}
	}
}

func TestECNInASimultaneousOpen(t *testing.T) {
	p := newRaw(t)
	p.b.k.ECN = 1
	p.c = p.b.open(80, p.from)
	p.want(p.seg("SEW", 100, 0, ""), "<SEQ=300><ACK=101><CTL=SAE>")
	p.seg("SAE", 100, 301, "")
	if p.c.State() != inet.Established || !p.c.View().ECN {
		t.Error(p.c.State(), p.c.View().ECN)
	}
}

// TestASYNSentAgainDoesNotAskForECN is RFC 3168 §6.1.1.1, as often as the knob says; and
// an agreement that comes late binds nobody.
func TestASYNSentAgainDoesNotAskForECN(t *testing.T) {
	for fallback, want := range map[int64]string{
		0: "SEW SEW SEW SEW", 1: "SEW S S S", 2: "SEW SEW S S",
	} {
		n, a, b := ecnPair(t)
		a.k.ECNFallback = fallback
		n.wire = func(*packet) fate { return fate{drop: true} }
		a.open(5000, b.end(80))
		n.run(8 * time.Second)
		var flags []string
		for _, s := range n.sentSegs(a, 0) {
			flags = append(flags, s.Flags)
		}
		if got := strings.Join(flags, " "); got != want {
			t.Errorf("fallback %d: %s, want %s", fallback, got, want)
		}
	}
	p := newRaw(t)
	p.b.k.ECN = 1
	p.c = p.b.open(80, p.from)
	p.run(1500 * time.Millisecond)
	if p.seg("SAE", 100, 301, ""); p.c.View().ECN {
		t.Error("agreed after a SYN that did not ask")
	}
}

// TestASecondSYNWithoutECNTakesItBack: RFC 3168 §6.1.1, "if a host has received at least
// one non-ECN-setup SYN […], then it SHOULD NOT set ECT on data packets".
func TestASecondSYNWithoutECNTakesItBack(t *testing.T) {
	p := newRaw(t)
	p.li = p.b.listen(80, 5)
	p.want(p.seg("SEW", 100, 0, ""), "<SEQ=300><ACK=101><CTL=SAE>")
	p.c = p.b.layer.Conns()[0]
	p.want(p.seg("SEW", 100, 0, ""), "<SEQ=300><ACK=101><CTL=SAE>")
	p.want(p.seg("S", 100, 0, ""), "<SEQ=300><ACK=101><CTL=SA>")
	if p.c.View().ECN || p.rules(p.mark, rfc.TCPECNFallback) != 1 {
		t.Error("still agreed")
	}
}

// TestOnlyNewDataIsECNCapable: RFC 3168 §6.1.1, §6.1.4, §6.1.5, §6.1.6.
func TestOnlyNewDataIsECNCapable(t *testing.T) {
	n, a, b := ecnPair(t)
	ca, cb := connect(t, n, a, b)
	lost := false
	n.wire = func(p *packet) fate {
		first := p.from == a && len(p.out.Seg.Data) > 0 && !lost
		lost = lost || first
		return fate{drop: first}
	}
	a.mustSend(ca, string(pattern(5000)))
	n.run(time.Second)
	b.mustRecv(cb, string(pattern(5000)))
	a.abort(ca)
	n.settle()
	kinds := map[string]int{}
	for _, h := range []*testHost{a, b} {
		for _, s := range n.sentSegs(h, 0) {
			switch {
			case s.Flags[0] == 'S', s.Flags[0] == 'R', s.Len == 0, s.Retransmission:
				kinds["plain"]++
				if s.ECN != "" {
					t.Errorf("%s %s is sent with %s", h.name, figure(s), s.ECN)
				}
			default:
				kinds["data"]++
				if s.ECN != "ect0" {
					t.Errorf("%s %s is sent with %q", h.name, figure(s), s.ECN)
				}
			}
		}
	}
	if kinds["data"] != 4 || kinds["plain"] < 6 {
		t.Errorf("%v", kinds)
	}
}

func TestAWindowProbeIsNotECNCapable(t *testing.T) {
	n, a, b := ecnPair(t)
	a.k.ProbeData = 1
	b.k.RcvBuf, b.k.RcvBufMax = 4096, 4096
	ca, _ := connect(t, n, a, b)
	a.send(ca, pattern(8000))
	n.run(5 * time.Second)
	probes := 0
	for _, s := range n.sentSegs(a, 0) {
		if s.Len == 1 {
			probes++
			if s.ECN != "" || strings.Contains(s.Flags, "W") {
				t.Errorf("a window probe with %q, flags %s", s.ECN, s.Flags)
			}
		}
	}
	if probes == 0 {
		t.Error("no probe")
	}
}

// ecnRaw is B, connected with ECN to a hand.
func ecnRaw(t *testing.T) *rawPeer {
	p := newRaw(t)
	p.li = p.b.listen(80, 5)
	p.seg("SEW", 100, 0, "")
	p.c = p.b.layer.Conns()[0]
	p.seg("A", 101, 301, "")
	p.b.accept(p.li)
	return p
}

// marked makes a segment arrive in a packet with an ECN field.
func (p *rawPeer) marked(tos uint8, flags string, seq uint32, data string) []string {
	p.tos = tos
	defer func() { p.tos = 0 }()
	return p.seg(flags, seq, uint32(p.c.snd.nxt), data)
}

// TestTheReceiverEchoesUntilCWR is RFC 3168 §6.1.3.
func TestTheReceiverEchoesUntilCWR(t *testing.T) {
	p := ecnRaw(t)
	p.want(p.marked(ecnECT0, "PA", 101, "a"), "<SEQ=301><ACK=102><CTL=A>")
	p.want(p.marked(ecnCE, "PA", 102, "b"), "<SEQ=301><ACK=103><CTL=AE>")
	p.want(p.marked(ecnECT0, "PA", 103, "c"), "<SEQ=301><ACK=104><CTL=AE>")
	p.b.mustSend(p.c, "data echoes too")
	if s := p.sentSegs(p.b, p.mark); s[len(s)-1].Flags != "PAE" {
		t.Errorf("data with flags %s", s[len(s)-1].Flags)
	}
	p.want(p.marked(ecnECT0, "PAW", 104, "d"), "<SEQ=316><ACK=105><CTL=A>")
	p.want(p.marked(ecnCE, "PAW", 105, "e"), "<SEQ=316><ACK=106><CTL=AE>")
	if !p.c.Info(p.now).ECNSeen {
		t.Error("marks were not seen")
	}
}

// TestMarksOutsideTheWindowAreIgnored: RFC 3168 §6.1.5, "the TCP data receiver SHOULD
// ignore the CE codepoint on out-of-window packets"; and an empty segment has none.
func TestMarksOutsideTheWindowAreIgnored(t *testing.T) {
	p := ecnRaw(t)
	p.marked(0, "PA", 101, "ab")
	p.marked(ecnCE, "PA", 101, "ab")
	p.marked(ecnCE, "PA", 101+1<<20, "xy")
	p.marked(ecnCE, "A", 103, "")
	p.want(p.marked(ecnECT0, "PA", 103, "c"), "<SEQ=301><ACK=104><CTL=A>")
}

// TestWithoutAgreementMarksMeanNothing: neither CE nor ECE nor CWR.
func TestWithoutAgreementMarksMeanNothing(t *testing.T) {
	p := reach(t, inet.Established)
	p.want(p.marked(ecnCE, "PA", 101, "a"), "<SEQ=301><ACK=102><CTL=A>")
	p.b.mustSend(p.c, string(pattern(4000)))
	before := p.c.View().CC
	p.seg("AEW", 102, 1761, "")
	if after := p.c.View().CC; after.Cwnd < before.Cwnd || after.Ssthresh != before.Ssthresh {
		t.Errorf("%+v, then %+v", before, after)
	}
}

// TestTheSenderReducesOnceForAWindow is RFC 3168 §6.1.2: half the window, CWR on the first
// new data, no growth and no second reduction before it arrived.
func TestTheSenderReducesOnceForAWindow(t *testing.T) {
	p := ecnRaw(t)
	p.b.k.Congestion, p.b.k.PRR = "newreno", 0
	p.b.k.SsthreshCwnd = 0
	p.b.send(p.c, pattern(5360)) // ten segments of 536
	full := p.c.View().CC
	got := p.seg("AE", 101, 301+536, "")
	if cc := p.c.View().CC; cc.Phase != "cwr" || cc.Cwnd != full.Cwnd/2 || cc.Ssthresh != cc.Cwnd {
		t.Errorf("%+v, then %+v", full, cc)
	}
	if i := p.c.Info(p.now); i.CAState != CACWR || p.rules(p.mark, rfc.TCPECNReduce) != 1 {
		t.Errorf("%+v", i)
	}
	p.want(got) // nothing fits half the window yet
	p.b.send(p.c, pattern(2000))
	for ack := uint32(301 + 2*536); ack < 301+5360; ack += 536 {
		p.seg("AE", 101, ack, "")
	}
	if cc := p.c.View().CC; p.rules(0, rfc.TCPECNReduce) != 1 || cc.Cwnd != full.Cwnd/2 {
		t.Errorf("%d reductions in one window: %+v", p.rules(0, rfc.TCPECNReduce), cc)
	}
	var cwr []event.Seg
	for _, s := range p.sentSegs(p.b, 0) {
		if strings.Contains(s.Flags, "W") {
			cwr = append(cwr, s)
		}
	}
	if len(cwr) != 1 || cwr[0].Seq != 301+5360 || cwr[0].ECN != "ect0" {
		t.Errorf("CWR on %+v", cwr)
	}
	p.seg("AE", 101, 301+5360, "")
	cc := p.c.View().CC
	if cc.Phase != "congestion-avoidance" || p.rules(p.mark, rfc.TCPECNOver) != 1 ||
		p.rules(p.mark, rfc.TCPECNReduce) != 0 {
		t.Errorf("not over, or reduced before CWR can have arrived: %+v", cc)
	}
	p.seg("AE", 101, 301+5360+536, "") // a mark of the next window
	if p.rules(p.mark, rfc.TCPECNReduce) != 1 {
		t.Error("the next window's mark does not count")
	}
}

// TestAMarkIsAnsweredByPRRToo: RFC 9937 lets the window shrink with the acknowledgments.
func TestAMarkIsAnsweredByPRRToo(t *testing.T) {
	p := ecnRaw(t)
	p.b.k.Congestion = "newreno"
	p.b.send(p.c, pattern(10720)) // twenty segments of 536, ten may go
	full := p.c.View().CC.Cwnd
	sent := 0
	for ack := uint32(301 + 536); ack <= 301+5360; ack += 536 {
		sent += len(p.seg("AE", 101, ack, ""))
	}
	if cc := p.c.View().CC; cc.Cwnd != full/2 || cc.Phase == "cwr" || sent < 4 || sent > 5 {
		t.Errorf("%d segments for ten acknowledged: %+v", sent, cc)
	}
}

// TestALossSaysCWRToo: RFC 3168 §6.1.2, a reduction "for any reason".
func TestALossSaysCWRToo(t *testing.T) {
	n, a, b := ecnPair(t)
	ca, _ := connect(t, n, a, b)
	lost := false
	n.wire = func(p *packet) fate {
		first := p.from == a && len(p.out.Seg.Data) > 0 && !lost
		lost = lost || first
		return fate{drop: first}
	}
	a.send(ca, pattern(30000))
	n.run(3 * time.Second)
	count := 0
	for _, s := range n.sentSegs(a, 0) {
		if s.Len > 0 && strings.Contains(s.Flags, "W") {
			count++
			if s.Retransmission {
				t.Error("CWR on a retransmission")
			}
		}
	}
	if count != 1 {
		t.Errorf("CWR %d times", count)
	}
}

// TestAMarkedTransferLosesNothing: a router that marks halves the sender's window without
// dropping a packet.
func TestAMarkedTransferLosesNothing(t *testing.T) {
	n, a, b := ecnPair(t)
	ca, cb := connect(t, n, a, b)
	capable := 0
	n.wire = func(p *packet) fate {
		if p.out.TOS == ecnECT0 {
			if capable++; capable%15 == 0 {
				p.out.TOS = ecnCE
			}
		}
		return fate{}
	}
	a.send(ca, pattern(60000))
	n.run(2 * time.Second)
	if got, _ := b.recv(cb, 1<<20); string(got) != string(pattern(60000)) {
		t.Errorf("%d octets arrived", len(got))
	}
	reductions := n.rules(0, rfc.TCPECNReduce)
	for _, s := range n.sentSegs(a, 0) {
		if s.Retransmission {
			t.Error("something was sent again")
		}
	}
	if reductions == 0 || reductions > 3 {
		t.Errorf("%d reductions", reductions)
	}
}

func TestTheECNFieldHasItsNames(t *testing.T) {
	for tos, want := range map[uint8]string{0: "", 1: "ect1", 2: "ect0", 3: "ce", 0xb8: ""} {
		if ecnName(tos) != want {
			t.Errorf("%#x: %q", tos, ecnName(tos))
		}
	}
	if f := parseFlags("SEW"); f != wire.SYN|ecnSetup {
		t.Error(f)
	}
}
