package tcp

import (
	"reflect"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// synWith opens a connection to B with the given options on the SYN and returns B's
// SYN,ACK.
func synWith(t *testing.T, o wire.Options) (*rawPeer, event.Seg) {
	n, a, b := pair(t)
	n.wire = func(*packet) fate { return fate{drop: true} }
	p := &rawPeer{testNet: n, b: b, from: a.end(5000)}
	p.li = b.listen(80, 5)
	p.segWith(wire.TCP{Flags: wire.SYN, Seq: 100, Wnd: 65535, Opts: o})
	p.c = b.layer.Conns()[0]
	for _, e := range n.log.From(p.mark + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Rule == rfc.TCPListenSYN {
			return p, s.Seg
		}
	}
	t.Fatal("no SYN,ACK")
	return nil, event.Seg{}
}

func TestSynAckCarriesOnlyWhatTheSYNOffered(t *testing.T) {
	_, bare := synWith(t, wire.Options{})
	if o := bare.Opts; o.MSS != 1460 || o.SACKOK || o.TS || o.WScale != nil {
		t.Errorf("to a bare SYN: %+v", o)
	}
	_, full := synWith(t, wire.Options{MSS: 1400, SACKOK: true, HasTS: true, TSVal: 77,
		HasWScale: true, WScale: 3})
	if o := full.Opts; o.MSS != 1460 || !o.SACKOK || !o.TS || o.TSEcr != 77 ||
		o.WScale == nil || *o.WScale != 7 {
		t.Errorf("to a full SYN: %+v", o)
	}
}

func TestSendMSSByTheSYN(t *testing.T) {
	for _, c := range []struct {
		o    wire.Options
		want inet.ByteCount
		rule rfc.ID
	}{
		{wire.Options{}, 536, rfc.TCPDefaultMSS},
		{wire.Options{MSS: 1000}, 1000, rfc.TCPSendMSS},
		{wire.Options{MSS: 9000}, 1460, rfc.TCPSendMSS},
		{wire.Options{MSS: 1460, HasTS: true, TSVal: 1}, 1448, rfc.TCPSendMSS},
		{wire.Options{MSS: 1}, minMSS, rfc.TCPSendMSS},
	} {
		p, _ := synWith(t, c.o)
		if got := p.c.View().SMSS; got != c.want || p.rules(0, c.rule) != 1 {
			t.Errorf("%+v: SMSS %d, want %d by %s", c.o, got, c.want, c.rule)
		}
	}
}

func TestDefaultMSSOverIPv6(t *testing.T) {
	n, _, b := pair(t)
	n.wire = func(*packet) fate { return fate{drop: true} }
	b.addr = mustAddr("2001:db8::2")
	p := &rawPeer{testNet: n, b: b, from: inet.Endpoint{Addr: mustAddr("2001:db8::1"), Port: 5000}}
	p.li = b.listen(80, 5)
	p.seg("S", 100, 0, "")
	if c := b.layer.Conns()[0]; c.View().SMSS != 1220 || c.announcedMSS() != 1440 {
		t.Errorf("SMSS %d, announced %d", c.View().SMSS, c.announcedMSS())
	}
}

func TestMSSGoesOnlyWithSYNs(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.mustSend(ca, "x")
	a.close(ca)
	n.settle()
	for _, e := range n.log.From(1) {
		s, ok := e.Body.(event.SegmentSent)
		if ok && s.Seg.Flags[0] != 'S' && s.Seg.Opts != nil &&
			(s.Seg.Opts.MSS != 0 || s.Seg.Opts.WScale != nil || s.Seg.Opts.SACKOK) {
			t.Errorf("MUST-65: %s carries %+v", figure(s.Seg), s.Seg.Opts)
		}
	}
}

func TestPeersWindowScaleIsAtMost14(t *testing.T) {
	p, _ := synWith(t, wire.Options{HasWScale: true, WScale: 255})
	if p.c.View().SndWScale != 14 {
		t.Error(p.c.View().SndWScale)
	}
}

// stamped is a segment with a timestamp.
func (p *rawPeer) stamped(flags string, seq, val uint32, data string) []string {
	return p.segWith(wire.TCP{Flags: parseFlags(flags), Seq: num(seq), Ack: p.c.snd.nxt, Wnd: 65535,
		Opts: wire.Options{HasTS: true, TSVal: val}, Data: []byte(data)})
}

func TestPAWSDropsOldTimestamps(t *testing.T) {
	p, _ := synWith(t, wire.Options{HasTS: true, TSVal: 1000})
	p.stamped("A", 101, 1000, "")
	p.stamped("PA", 101, 1005, "new")
	if got := p.stamped("PA", 104, 1004, "old"); len(got) != 1 {
		t.Errorf("answered %q", got)
	}
	p.wantRefused("old-timestamp")
	p.stamped("R", 104, 1, "") // RFC 7323 §5.2: a RST is not subject to PAWS
	if p.c.State() != inet.Closed {
		t.Error("the RST must count")
	}
}

func TestPAWSForgetsAfter24Days(t *testing.T) {
	p, _ := synWith(t, wire.Options{HasTS: true, TSVal: 1 << 31})
	p.stamped("A", 101, 1<<31, "")
	p.now = p.now.Add(25 * 24 * time.Hour)
	p.stamped("PA", 101, 5, "late")
	if p.c.Unread() != 4 {
		t.Error("TS.Recent is outdated, so the segment is taken")
	}
}

func TestSegmentsWithoutTheAgreedTimestampAreDropped(t *testing.T) {
	p, _ := synWith(t, wire.Options{HasTS: true, TSVal: 1000})
	p.b.k.BareSegments = 0
	p.stamped("A", 101, 1000, "")
	p.want(p.seg("PA", 101, 301, "bare"))
	p.wantRefused("no-timestamp")
	p.b.k.BareSegments = 1
	p.seg("PA", 101, 301, "bare")
	if p.c.Unread() != 4 {
		t.Error("the knob lets it in")
	}
}

func TestTimestampOfADelayedACKIsTheEarliest(t *testing.T) {
	p, _ := synWith(t, wire.Options{HasTS: true, TSVal: 1000})
	p.stamped("A", 101, 1000, "")
	p.c.ack.heard, p.c.ack.quick = true, 0
	p.stamped("PA", 101, 1010, "a")
	p.stamped("PA", 102, 1020, "b")
	if p.c.ts.recent != 1010 {
		t.Errorf("RFC 7323 §4.3 (A): echo %d, want 1010", p.c.ts.recent)
	}
	p.run(time.Second) // the delayed ACK
	p.stamped("PA", 103, 1030, "c")
	if p.c.ts.recent != 1030 {
		t.Errorf("echo %d after the ACK", p.c.ts.recent)
	}
}

// lastSACK is the SACK blocks of B's last segment.
func (p *rawPeer) lastSACK() [][2]seq.Num {
	var blocks [][2]seq.Num
	for _, e := range p.log.From(1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Host == p.b.name && e.Rule != rfc.ByCommand {
			blocks = nil
			if s.Seg.Opts != nil {
				blocks = s.Seg.Opts.SACK
			}
		}
	}
	return blocks
}

func TestSACKBlocksNameTheLatestArrivalFirst(t *testing.T) {
	p, _ := synWith(t, wire.Options{SACKOK: true})
	p.seg("A", 101, 301, "")
	for _, c := range []struct {
		seq  uint32
		want [][2]seq.Num
	}{
		{111, [][2]seq.Num{{111, 116}}},
		{121, [][2]seq.Num{{121, 126}, {111, 116}}},
		{131, [][2]seq.Num{{131, 136}, {121, 126}, {111, 116}}},
		{116, [][2]seq.Num{{111, 126}, {131, 136}}}, // joins two
		{141, [][2]seq.Num{{141, 146}, {111, 126}, {131, 136}}},
		{151, [][2]seq.Num{{151, 156}, {141, 146}, {111, 126}, {131, 136}}},
		{161, [][2]seq.Num{{161, 166}, {151, 156}, {141, 146}, {111, 126}}}, // four at most
	} {
		p.seg("PA", c.seq, 301, "12345")
		if got := p.lastSACK(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("after %d: %v, want %v", c.seq, got, c.want)
		}
	}
	p.seg("PA", 101, 301, "0123456789")
	if got := p.lastSACK(); p.c.rcv.nxt != 126 || len(got) == 0 || got[0] != [2]seq.Num{161, 166} {
		t.Errorf("RCV.NXT %s, %v", p.c.rcv.nxt, got)
	}
}

func TestDSACKReportsADuplicateOnce(t *testing.T) {
	p, _ := synWith(t, wire.Options{SACKOK: true})
	p.seg("A", 101, 301, "")
	p.seg("PA", 101, 301, "abcde")
	p.seg("PA", 101, 301, "abcde")
	if got := p.lastSACK(); !reflect.DeepEqual(got, [][2]seq.Num{{101, 106}}) {
		t.Errorf("RFC 2883 §4.1: %v", got)
	}
	p.seg("PA", 111, 301, "x")
	if got := p.lastSACK(); !reflect.DeepEqual(got, [][2]seq.Num{{111, 112}}) {
		t.Errorf("then only what is held: %v", got)
	}
	p.seg("PA", 111, 301, "x") // a duplicate of what is held
	if got := p.lastSACK(); !reflect.DeepEqual(got, [][2]seq.Num{{111, 112}, {111, 112}}) {
		t.Errorf("RFC 2883 §4.2: %v", got)
	}
	p.b.k.DSACK = 0
	p.seg("PA", 101, 301, "abcde")
	if got := p.lastSACK(); !reflect.DeepEqual(got, [][2]seq.Num{{111, 112}}) {
		t.Errorf("with the knob off: %v", got)
	}
}

func TestSACKBlocksTakeRoomFromData(t *testing.T) {
	p, _ := synWith(t, wire.Options{MSS: 1460, SACKOK: true})
	p.seg("A", 101, 301, "")
	p.seg("PA", 111, 301, "x")
	mark := p.log.Len()
	p.b.send(p.c, pattern(3000))
	for _, e := range p.log.From(mark + 1) {
		s, ok := e.Body.(event.SegmentSent)
		if !ok {
			continue
		}
		n := s.Seg.Len
		if s.Seg.Opts != nil && len(s.Seg.Opts.SACK) > 0 {
			n += 4 + 8*len(s.Seg.Opts.SACK)
		}
		if n > 1460 {
			t.Errorf("%s with options is %d octets", figure(s.Seg), n)
		}
	}
	if p.rules(mark, rfc.TCPFullSized) == 0 {
		t.Error("nothing full-sized was sent")
	}
}

func TestHeldDataIsDeliveredWhenTheGapFills(t *testing.T) {
	p, _ := synWith(t, wire.Options{})
	p.seg("A", 101, 301, "")
	p.seg("PA", 107, 301, "ghi")
	p.seg("PA", 103, 301, "cdef")
	if v := p.c.View().Rcv; v.Held != 7 || v.Queued != 0 || v.NXT != 101 {
		t.Errorf("%+v", v)
	}
	p.want(p.seg("PA", 101, 301, "abcd"), "<SEQ=301><ACK=110><CTL=A>")
	p.b.mustRecv(p.c, "abcdefghi")
	if v := p.c.View().Rcv; v.Held != 0 || v.NXT != 110 {
		t.Errorf("%+v", v)
	}
}

func TestTooManyGapsAreRefused(t *testing.T) {
	p, _ := synWith(t, wire.Options{})
	p.seg("A", 101, 301, "")
	for i := range uint32(maxHeld) {
		p.seg("A", 103+2*i, 301, "x")
	}
	p.seg("A", 103+2*maxHeld, 301, "x")
	p.wantRefused("too-many-gaps")
}

func TestDataBeyondTheWindowIsCutOff(t *testing.T) {
	p, _ := synWith(t, wire.Options{})
	p.seg("A", 101, 301, "")
	edge := uint32(p.c.rcv.nxt.Add(p.c.rcv.wnd))
	p.seg("FPA", edge-3, 301, "abcdef")
	p.wantRefused("outside-window")
	if held := p.c.View().Rcv.Held; held != 3 || p.c.rcv.finSeen {
		t.Errorf("held %d, FIN %v", held, p.c.rcv.finSeen)
	}
	p.seg("PA", 95, 301, "??????new")
	p.b.mustRecv(p.c, "new")
}

func TestEventsShowAtMost64Octets(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.send(ca, pattern(1000))
	n.settle()
	for _, e := range n.log.From(1) {
		var s event.Seg
		switch b := e.Body.(type) {
		case event.SegmentSent:
			s = b.Seg
		case event.SegmentReceived:
			s = b.Seg
		}
		if len(s.Data) != min(s.Len, 64) {
			t.Errorf("%s shows %d octets", e.Kind(), len(s.Data))
		}
	}
}

func TestThreeSACKBlocksFitBesideATimestamp(t *testing.T) {
	p, _ := synWith(t, wire.Options{SACKOK: true, HasTS: true, TSVal: 1})
	p.stamped("A", 101, 1, "")
	for i := range uint32(5) {
		p.stamped("PA", 111+10*i, 1, "x")
	}
	if got := p.lastSACK(); len(got) != 3 || got[0] != [2]seq.Num{151, 152} {
		t.Errorf("%v", got)
	}
}

func TestAFullSizedRetransmissionHasNoRoomForSACKBlocks(t *testing.T) {
	p, _ := synWith(t, wire.Options{MSS: 1460, SACKOK: true})
	p.seg("A", 101, 301, "")
	p.b.send(p.c, pattern(1460))
	p.seg("PA", 111, 301, "ahead of a gap")
	mark := p.log.Len()
	p.run(2 * time.Second)
	if p.rules(mark, rfc.TCPRTOResend) == 0 {
		t.Fatal("nothing was sent again")
	}
	if got := p.lastSACK(); len(got) != 0 {
		t.Errorf("a segment of 1460 octets carries %v", got)
	}
}

func TestNothingIsTakenBeyondTheFIN(t *testing.T) {
	p, _ := synWith(t, wire.Options{})
	p.seg("A", 101, 301, "")
	p.seg("FA", 104, 301, "def")
	p.seg("PA", 105, 301, "ef and more")
	p.wantRefused("outside-window")
	p.seg("PA", 101, 301, "abc")
	p.b.mustRecv(p.c, "abcdef")
	if p.c.State() != inet.CloseWait {
		t.Errorf("state %s", p.c.State())
	}
}

func TestTheEchoAnswersTheLastTransmission(t *testing.T) {
	p, _ := synWith(t, wire.Options{HasTS: true, TSVal: 1000})
	p.stamped("A", 101, 1000, "")
	p.stamped("PA", 101, 1010, "data")
	p.stamped("PA", 101, 1210, "data") // our ACK was lost
	if p.c.ts.recent != 1210 {
		t.Errorf("echo %d, want 1210", p.c.ts.recent)
	}
	p.stamped("PA", 99, 1300, "da") // older still: nobody waits for its ACK
	if p.c.ts.recent != 1210 {
		t.Errorf("echo %d after an older duplicate", p.c.ts.recent)
	}
}

func TestAnEchoOfTheFirstTransmissionIsNotMeasured(t *testing.T) {
	p, _ := synWith(t, wire.Options{HasTS: true, TSVal: 1000})
	p.run(20 * time.Millisecond)
	p.stamped("A", 101, 1000, "")
	p.b.mustSend(p.c, "data")
	first := p.c.tsNow(p.now)
	p.run(1500 * time.Millisecond)
	rto := p.c.rto()
	ack := wireACK(101, 305, 65535)
	ack.Opts = wire.Options{HasTS: true, TSVal: 1001, TSEcr: first}
	mark := p.log.Len()
	p.segWith(ack)
	if p.rules(mark, rfc.TCPRTTStamp) != 0 || p.c.rto() != rto {
		t.Errorf("RTO went from %s to %s", rto, p.c.rto())
	}
}

func TestAnOlderTimestampDoesNotReopenTimeWait(t *testing.T) {
	p, _ := synWith(t, wire.Options{HasTS: true, TSVal: 1000})
	p.stamped("A", 101, 1000, "")
	p.b.accept(p.li)
	p.b.shutdown(p.c)
	p.stamped("FA", 101, 1001, "")
	if p.c.State() != inet.TimeWait {
		t.Fatal(p.c.State())
	}
	syn := wireACK(90000, 0, 65535) // newer by its number alone
	syn.Flags = wire.SYN
	syn.Opts = wire.Options{HasTS: true, TSVal: 999}
	p.segWith(syn)
	if p.c.State() != inet.TimeWait {
		t.Error("an old duplicate must not reopen the connection")
	}
	syn.Opts.TSVal, syn.Seq = 1002, 50 // older by its number, newer by its stamp
	p.segWith(syn)
	if p.c.State() != inet.Closed {
		t.Error("RFC 6191: the timestamp decides")
	}
}

// A SYN in ESTABLISHED is refused (RFC 5961 §4.2), and so is the MSS it brings.
func TestTheMSSOfARefusedSYNIsNotTaken(t *testing.T) {
	p := reach(t, inet.Established)
	before := p.c.segmentMSS()
	syn := wireACK(100, 301, 65535)
	syn.Flags, syn.Opts.MSS = parseFlags("SA"), 48
	p.segWith(syn)
	if p.rules(0, rfc.TCPSYNChallenge) == 0 || p.c.segmentMSS() != before {
		t.Errorf("the MSS was %d and is %d", before, p.c.segmentMSS())
	}
	p.b.mustSend(p.c, string(pattern(400)))
}
