package tcp

import (
	"bytes"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// The requirements of RFC 9293 Appendix B that belong to no single test elsewhere. The
// ledger (stack/rfc) names these tests.

// RFC 9293 §3.1: "The window size MUST be treated as an unsigned number, or else large
// window sizes will appear like negative windows and TCP will not work (MUST-1)."
func TestAWindowOf65535OctetsIsNotNegative(t *testing.T) {
	for _, wnd := range []uint16{32767, 32768, 65535} {
		p := reach(t, inet.Established)
		p.segWith(wireACK(101, 301, wnd))
		if p.c.snd.wnd != seq.Size(wnd) {
			t.Errorf("SND.WND is %d for a window field of %d", p.c.snd.wnd, wnd)
		}
		mark := p.log.Len()
		p.b.send(p.c, pattern(3000))
		if len(p.segments(mark)) == 0 {
			t.Errorf("a window of %d octets let nothing out", wnd)
		}
	}
}

// RFC 9293 §3.1: "A TCP implementation MUST be able to receive a TCP Option in any
// segment (MUST-5). A TCP implementation MUST (MUST-6) ignore without error any TCP
// Option it does not implement".
func TestOptionsAreReadInAnySegmentAndUnknownOnesPassedOver(t *testing.T) {
	for _, flags := range []string{"S", "A", "PA", "FA", "R"} {
		s := wire.TCP{SrcPort: 5000, DstPort: 80, Flags: parseFlags(flags), Seq: num(101)}
		from, to := mustAddr("10.0.0.1"), mustAddr("10.0.0.2")
		octets := s.Append(nil, from, to)
		// An option of kind 253 (RFC 4727), a timestamp not on a word boundary, the end.
		octets = append(octets, 253, 3, 9, 8, 10, 0, 0, 0, 7, 0, 0, 0, 6, 0, 0, 0)
		octets[12] = byte(len(octets)/4) << 4
		octets[16], octets[17] = 0, 0
		sum := wire.Checksum(append(pseudoHeader(from, to, len(octets)), octets...))
		octets[16], octets[17] = byte(sum>>8), byte(sum)
		got, err := wire.ParseTCP(from, to, octets)
		if err != nil || !got.Opts.HasTS || got.Opts.TSVal != 7 || got.Opts.TSEcr != 6 ||
			!bytes.Equal(got.Opts.Unknown, []byte{253}) {
			t.Errorf("%s: %+v, %v", flags, got.Opts, err)
		}
	}
	p := reach(t, inet.Established)
	p.segWith(wire.TCP{Flags: wire.ACK | wire.PSH, Seq: num(101), Ack: num(301), Wnd: 65535,
		Data: []byte("taken"), Opts: wire.Options{Unknown: []uint8{253}}})
	p.b.mustRecv(p.c, "taken")
	if why := p.refusals(0); len(why) != 0 {
		t.Errorf("refused: %v", why)
	}
}

// pseudoHeader is what the checksum covers before the segment (RFC 9293 §3.1).
func pseudoHeader(src, dst interface{ AsSlice() []byte }, n int) []byte {
	b := append(append([]byte{}, src.AsSlice()...), dst.AsSlice()...)
	return append(b, 0, 6, byte(n>>8), byte(n))
}

// RFC 9293 §3.5.3: "TCP implementations SHOULD allow a received RST segment to include
// data (SHLD-2)."
func TestARSTMayCarryData(t *testing.T) {
	for _, s := range []inet.TCPState{inet.Established, inet.FinWait2, inet.CloseWait} {
		p := reach(t, s)
		seq, ack := p.nxt()
		if got := p.seg("RA", seq, ack, "out of memory"); len(got) != 0 {
			t.Errorf("%s: answered %v", s, got)
		}
		if p.c.State() != inet.Closed {
			t.Errorf("%s: a RST with data left the connection in %s", s, p.c.State())
		}
	}
}

// RFC 9293 §3.8.3: "The value of R2 SHOULD correspond to at least 100 seconds (SHLD-11)."
// The shortest case is a path without delay, where every RTO is the least one.
func TestEveryProfileTriesToDeliverFor100Seconds(t *testing.T) {
	for _, profile := range []string{"linux", "freebsd", "rfc"} {
		k, _ := Profile(profile)
		var all time.Duration
		for rto, i := k.MinRTO, int64(0); i <= k.DataRetries; i++ {
			all += rto
			rto = min(2*rto, k.MaxRTO)
		}
		if all < 100*time.Second {
			t.Errorf("%s gives up after %s", profile, all)
		}
	}
}

// RFC 9293 §3.8.4: "This interval MUST be configurable (MUST-27) and MUST default to no
// less than two hours (MUST-28)."
func TestNoProfileProbesAnIdlePeerBeforeTwoHours(t *testing.T) {
	for _, profile := range []string{"linux", "freebsd", "rfc"} {
		n, a, b := pair(t)
		a.k, _ = Profile(profile)
		a.k.ISN = 100
		ca, _ := connect(t, n, a, b)
		a.do(func(fx *Effects) { ca.Configure(Options{KeepAlive: true}, fx) })
		mark := n.log.Len()
		n.run(2*time.Hour - time.Second)
		if sent := n.segments(mark); len(sent) != 0 {
			t.Errorf("%s: sent %v within two hours", profile, sent)
		}
		n.run(2 * time.Second)
		if len(n.segments(mark)) == 0 {
			t.Errorf("%s: no probe after two hours", profile)
		}
	}
}

// RFC 9293 §3.8.6.2.2: the receiver keeps RCV.NXT + RCV.WND fixed until there is room for
// "Fr * RCV.BUFF" or a segment more (MUST-39).
func TestTheWindowIsNotReopenedByAFewOctets(t *testing.T) {
	n, a, b := pair(t)
	b.k.RcvBuf, b.k.RcvBufMax, b.k.AdvWinScale = 8192, 8192, 0
	ca, cb := connect(t, n, a, b)
	a.send(ca, pattern(40000))
	n.run(2 * time.Second)
	if ca.snd.wnd != 0 {
		t.Fatalf("the window is %d, it was to be full", ca.snd.wnd)
	}
	mark := n.log.Len()
	b.recv(cb, 10)
	n.run(50 * time.Millisecond)
	for _, e := range n.log.From(mark + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Host == b.name && s.Seg.Wnd != 0 {
			t.Errorf("ten octets were read and a window of %d was offered", s.Seg.Wnd)
		}
	}
	mark = n.log.Len()
	b.recv(cb, 8000)
	if len(n.segments(mark)) == 0 {
		t.Error("all was read and no window offered")
	}
}

// RFC 9293 §3.9.1.2: "The PSH bit is not a record marker and is independent of segment
// boundaries. The transmitter SHOULD collapse successive bits when it packetizes data, to
// send the largest possible segment (SHLD-27)", "a TCP implementation SHOULD send a
// maximum-sized segment whenever possible (SHLD-28)".
func TestPushedPiecesAreJoinedIntoFullSegments(t *testing.T) {
	p := reach(t, inet.Established)
	mss := p.c.effectiveMSS()
	p.b.send(p.c, pattern(10)) // pushed, and outstanding: what follows is collected
	mark := p.log.Len()
	for range 3 * mss / 100 {
		p.b.send(p.c, pattern(100)) // each of them is pushed
	}
	var full, pushed int
	for _, e := range p.log.From(mark + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Host == p.b.name {
			if int(s.Seg.Len) == mss {
				full++
			}
			if s.Seg.Flags == "PA" {
				pushed++
			}
		}
	}
	if full < 2 || pushed > full {
		t.Errorf("%d full segments, %d with PSH", full, pushed)
	}
}
