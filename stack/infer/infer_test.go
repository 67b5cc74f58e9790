package infer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/infer"
	"labserver/stack/pcapng"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// run infers a tape and holds what every run must.
func (t *tape) run(tb testing.TB) *infer.Run {
	tb.Helper()
	for i := range t.file.Interfaces {
		t.file.Interfaces[i].Link = t.link
	}
	r, err := infer.New(t.file, 0)
	if err != nil {
		tb.Fatal(err)
	}
	lawful(tb, r)
	return r
}

// lawful checks what holds of the events of any run: numbers without a gap, causes that are
// earlier, a rule for each, time that never goes back, and a fold that is the view.
func lawful(tb testing.TB, r *infer.Run) {
	tb.Helper()
	v, last := view.New(), sim.Time(0)
	for e := range r.Events().Since(1) {
		if e.By >= e.N || e.By == 0 && e.N != 1 || e.Rule == "" || e.T < last {
			tb.Fatalf("an event that cannot be: %s", e.AppendJSON(nil))
		}
		last = e.T
		view.Reduce(&v, e)
	}
	if r.Now() < last {
		tb.Fatalf("the run ends at %v, its last event is at %v", r.Now(), last)
	}
	got := r.View()
	if fmt.Sprint(v) != fmt.Sprint(got) {
		tb.Fatal("the view is not the fold of the events")
	}
}

// states lists the states that a host's connections went through, in order.
func states(r *infer.Run, host string) string {
	var all []string
	for e := range r.Events().Since(1) {
		switch b := e.Body.(type) {
		case event.ConnOpened:
			if string(e.Host) == host {
				all = append(all, b.State.String())
			}
		case event.ConnState:
			if string(e.Host) == host {
				all = append(all, b.New.String())
			}
		}
	}
	return strings.Join(all, " ")
}

func count(r *infer.Run, rule rfc.ID) (n int) {
	for e := range r.Events().Since(1) {
		if e.Rule == rule {
			n++
		}
	}
	return n
}

func TestAConnectionThatWasThereBeforeIsTakenForEstablished(t *testing.T) {
	a, b := alice(), bob()
	r := newTape().
		tcp(0, a, b, seg{flags: psh, seq: 5000, ack: 7000, data: "question"}).
		tcp(30*ms, b, a, seg{flags: psh, seq: 7000, ack: 5008, data: "answer"}).
		tcp(0, a, b, seg{flags: ack, seq: 5008, ack: 7006}).
		tcp(ms, b, a, seg{flags: fin, seq: 7006, ack: 5008}).
		tcp(0, a, b, seg{flags: fin, seq: 5008, ack: 7007}).
		tcp(30*ms, b, a, seg{flags: ack, seq: 7007, ack: 5009}).run(t)
	if got := states(r, "192.168.0.10"); got != "ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED" {
		t.Errorf("alice: %s", got)
	}
	if got := states(r, "203.0.113.5"); got != "ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT" {
		t.Errorf("bob: %s", got)
	}
	if count(r, rfc.InferredRunning) < 2 {
		t.Error("no rule says that it was there before")
	}
	if c := r.View().Connections; len(c) != 1 || c[0].Host != "203.0.113.5" || c[0].Active {
		t.Errorf("left: %+v", c)
	}
}

func TestWindowsAreScaledWhenBothSYNsWereSeen(t *testing.T) {
	r := newTape().shake().run(t)
	v := r.View()
	var a, b view.Conn
	for _, c := range v.Connections {
		if c.Host == "192.168.0.10" {
			a = c
		} else {
			b = c
		}
	}
	if a.State != inet.Established || b.State != inet.Established {
		t.Fatalf("states %v and %v", a.State, b.State)
	}
	if b.Snd.WND != 500<<7 || a.Rcv.WND != 500<<7 || a.Snd.WND != 1000 {
		t.Errorf("bob may send %d, alice offers %d, alice may send %d", b.Snd.WND, a.Rcv.WND, a.Snd.WND)
	}
	if a.SMSS != 1460 || a.ISS != 100 || a.IRS != 900 || a.Snd.UNA != 101 || a.Rcv.NXT != 901 ||
		!a.Active || b.Active || !a.SACK {
		t.Errorf("%+v", a)
	}
}

// TestTheLadderPlacesBothEndsByTheirAnswerTimes captures beside alice: bob answers 40 ms
// after, so he is 20 ms away; alice answers at once.
func TestTheLadderPlacesBothEndsByTheirAnswerTimes(t *testing.T) {
	r := newTape().shake().run(t)
	var got []string
	for e := range r.Events().Since(1) {
		switch e.Body.(type) {
		case event.SegmentSent, event.SegmentReceived:
			got = append(got, fmt.Sprintf("%s %s %d %s", e.Host, e.Kind()[8:], e.T/sim.Time(ms), e.Rule))
		}
	}
	want := []string{
		"192.168.0.10 sent 0 policy:observed", "203.0.113.5 received 20 policy:estimated",
		"203.0.113.5 sent 20 policy:estimated", "192.168.0.10 received 40 policy:observed",
		"192.168.0.10 sent 40 policy:observed", "203.0.113.5 received 60 policy:estimated",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatIsSentAgainBeforeAnAnswerWasLost(t *testing.T) {
	a, b := alice(), bob()
	one := seg{flags: psh, seq: 101, ack: 901, data: "one"}
	r := newTape().shake().tcp(ms, a, b, one).tcp(200*ms, a, b, one).
		tcp(40*ms, b, a, seg{flags: ack, seq: 901, ack: 104}).run(t)
	if count(r, rfc.InferredLost) != 1 {
		t.Errorf("%d packets are taken for lost, want 1", count(r, rfc.InferredLost))
	}
	marked := 0
	for e := range r.Events().Since(1) {
		if s, ok := e.Body.(event.SegmentSent); ok && s.Seg.Retransmission {
			marked++
		}
	}
	if marked != 1 {
		t.Errorf("%d segments are marked as sent again, want 1", marked)
	}
}

func TestADuplicateThatTheReceiverReportsWasNotLost(t *testing.T) {
	a, b := alice(), bob()
	one := seg{flags: psh, seq: 101, ack: 901, data: "one"}
	dsack := wire.Options{NSACK: 1}
	dsack.SACK[0] = [2]seq.Num{101, 104}
	r := newTape().shake().tcp(ms, a, b, one).tcp(200*ms, a, b, one).
		tcp(40*ms, b, a, seg{flags: ack, seq: 901, ack: 104, opts: dsack}).run(t)
	if count(r, rfc.InferredLost) != 0 {
		t.Error("a packet that its receiver has twice is taken for lost")
	}
	for _, c := range r.View().Connections {
		if c.Host == "192.168.0.10" && c.Loss.DSACKs != 1 {
			t.Errorf("alice counts %d D-SACKs", c.Loss.DSACKs)
		}
	}
}

func TestSACKBlocksShowWhatThePeerHolds(t *testing.T) {
	a, b := alice(), bob()
	sack := wire.Options{NSACK: 1}
	sack.SACK[0] = [2]seq.Num{104, 107}
	r := newTape().shake().tcp(ms, a, b, seg{flags: psh, seq: 101, ack: 901, data: "one"}).
		tcp(0, a, b, seg{flags: psh, seq: 104, ack: 901, data: "two"}).
		tcp(40*ms, b, a, seg{flags: ack, seq: 901, ack: 101, opts: sack}).
		tcp(ms, a, b, seg{flags: psh, seq: 101, ack: 901, data: "one"}).run(t)
	if count(r, rfc.InferredSACK) != 1 || count(r, rfc.InferredLost) != 1 {
		t.Errorf("%d changes of the scoreboard, %d lost", count(r, rfc.InferredSACK),
			count(r, rfc.InferredLost))
	}
	held := inet.ByteCount(0)
	for e := range r.Events().Since(1) {
		if c, ok := e.Body.(event.RcvChanged); ok {
			held = max(held, c.New.Held)
		}
	}
	if held != 3 {
		t.Errorf("bob holds %d octets ahead of the gap, want 3", held)
	}
}

func TestAResetEndsAConnectionUnlessItsReceiverGoesOn(t *testing.T) {
	a, b := alice(), bob()
	r := newTape().shake().tcp(60*ms, b, a, seg{flags: rst | ack, seq: 901, ack: 101}).run(t)
	if got := states(r, "192.168.0.10"); !strings.HasSuffix(got, "ESTABLISHED CLOSED") {
		t.Errorf("alice: %s", got)
	}
	if got := states(r, "203.0.113.5"); !strings.HasSuffix(got, "ESTABLISHED CLOSED") {
		t.Errorf("bob: %s", got)
	}
	r = newTape().shake().tcp(60*ms, b, a, seg{flags: rst, seq: 950}).
		tcp(ms, a, b, seg{flags: ack, seq: 101, ack: 901}).
		tcp(50*ms, a, b, seg{flags: psh, seq: 101, ack: 901, data: "still here"}).run(t)
	if got := states(r, "192.168.0.10"); got != "CLOSED SYN-SENT ESTABLISHED" {
		t.Errorf("alice was challenged, not reset: %s", got)
	}
}

func TestARefusedSYNClosesWhoSentIt(t *testing.T) {
	r := newTape().tcp(0, alice(), bob(), seg{flags: syn, seq: 100}).
		tcp(10*ms, bob(), alice(), seg{flags: rst | ack, seq: 0, ack: 101}).run(t)
	if got := states(r, "192.168.0.10"); got != "CLOSED SYN-SENT CLOSED" {
		t.Errorf("alice: %s", got)
	}
	if got := states(r, "203.0.113.5"); got != "" {
		t.Errorf("bob has no connection: %s", got)
	}
}

func TestANewSYNBeginsAnotherConnection(t *testing.T) {
	a, b := alice(), bob()
	r := newTape().shake().tcp(ms, a, b, seg{flags: fin, seq: 101, ack: 901}).
		tcp(40*ms, b, a, seg{flags: fin, seq: 901, ack: 102}).
		tcp(0, a, b, seg{flags: ack, seq: 102, ack: 902}).
		tcp(time.Minute, a, b, seg{flags: syn, seq: 70000, opts: scaled(7)}).
		tcp(40*ms, b, a, seg{flags: syn | ack, seq: 90000, ack: 70001, opts: scaled(7)}).run(t)
	if got := states(r, "192.168.0.10"); got != "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 "+
		"TIME-WAIT CLOSED CLOSED SYN-SENT ESTABLISHED" {
		t.Errorf("alice: %s", got)
	}
	if count(r, rfc.InferredAgain) == 0 {
		t.Error("no rule says that another connection began")
	}
}

func TestPacketsAreReadFromEveryLinkType(t *testing.T) {
	ether := newTape().shake().file.Packets[0].Data
	ip := ether[14:]
	vlan := slices.Concat(ether[:12], []byte{0x81, 0, 0, 5, 0x88, 0xa8, 0, 6}, ether[12:])
	for _, c := range []struct {
		link pcapng.LinkType
		data []byte
	}{
		{pcapng.LinkEthernet, ether},
		{pcapng.LinkEthernet, vlan},
		{pcapng.LinkRaw, ip}, {pcapng.LinkIPv4, ip}, {12, ip},
		{pcapng.LinkNull, append([]byte{2, 0, 0, 0}, ip...)},
		{pcapng.LinkLoop, append([]byte{0, 0, 0, 2}, ip...)},
		{pcapng.LinkLinuxSLL, slices.Concat(make([]byte, 14), []byte{8, 0}, ip)},
		{pcapng.LinkSLL2, slices.Concat([]byte{8, 0}, make([]byte, 18), ip)},
	} {
		tp := newTape()
		tp.link = c.link
		tp.file.Packets = []pcapng.Packet{{Data: c.data, Length: len(c.data)}}
		r := tp.run(t)
		if got := states(r, "192.168.0.10"); got != "CLOSED SYN-SENT" {
			t.Errorf("link type %d: %s", c.link, got)
		}
		sent := inet.PacketID(0)
		for e := range r.Events().Since(1) {
			if e.Kind() == "segment.sent" {
				sent = inet.PacketID(e.N)
			}
		}
		if f := r.Frame(sent); string(f[14:]) != string(ip) || r.Frame(sent+1000) != nil {
			t.Errorf("link type %d: frame %x", c.link, f)
		}
	}
}

func TestWhatCannotBeShownIsCountedOrRefused(t *testing.T) {
	tp := newTape().shake()
	arp := append(make([]byte, 12), 8, 6, 0, 1)
	tp.file.Packets = append(tp.file.Packets, pcapng.Packet{Data: arp}, pcapng.Packet{Data: arp[:5]},
		pcapng.Packet{Data: tp.file.Packets[0].Data[:30]})
	tp.udp(ms, alice(), side("224.0.0.251", 5353), "mdns").
		udp(ms, alice(), side("255.255.255.255", 67), "dhcp")
	r := tp.run(t)
	o, ok := r.Events().At(2).Body.(event.CaptureOpened)
	if !ok || o.Foreign != 2 || o.Cut != 1 || o.Broadcast != 2 || o.Packets != 8 ||
		o.Start != "1970-01-01T00:00:00.000000000Z" {
		t.Errorf("%+v", o)
	}
	for name, c := range map[string]struct {
		file pcapng.File
		code string
	}{
		"no packets": {pcapng.File{Format: "pcap"}, infer.CodeNothing},
		"no IP": {pcapng.File{Interfaces: []pcapng.Interface{{Link: 1}},
			Packets: []pcapng.Packet{{Data: arp}}}, infer.CodeNothing},
		"WLAN": {pcapng.File{Interfaces: []pcapng.Interface{{Link: 105}},
			Packets: []pcapng.Packet{{Data: arp}}}, infer.CodeLinkType},
	} {
		_, err := infer.New(c.file, 0)
		var e *infer.Error
		if !errors.As(err, &e) || e.Code != c.code || strings.Contains(e.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := infer.New(tp.file, 10); err == nil || !strings.Contains(err.Error(), "more than 10") {
		t.Errorf("10 events are too few: %v", err)
	}
}

func TestTheBusiestAddressesAreShownAndTheOthersCounted(t *testing.T) {
	tp := newTape()
	for i := range 100 {
		for range i + 1 {
			tp.udp(ms, alice(), side(fmt.Sprintf("10.0.0.%d", i), 53), "?")
		}
	}
	r := tp.run(t)
	if n := len(r.View().Hosts); n != infer.MaxHosts {
		t.Errorf("%d hosts", n)
	}
	if v := r.View(); v.Host("10.0.0.99") == nil || v.Host("10.0.0.3") != nil {
		t.Error("not the busiest are shown")
	}
	if o := r.Events().At(2).Body.(event.CaptureOpened); o.Crowd != 69*70/2 {
		t.Errorf("%d packets of others", o.Crowd)
	}
}

func TestACutOffSegmentKeepsItsTrueLength(t *testing.T) {
	tp := newTape().shake().tcp(ms, alice(), bob(), seg{flags: psh, seq: 101, ack: 901,
		data: strings.Repeat("x", 1000)})
	last := &tp.file.Packets[3]
	last.Data = last.Data[:14+20+20+10]
	r := tp.run(t)
	for _, c := range r.View().Connections {
		if mine := c.Host == "192.168.0.10"; mine && c.Snd.NXT != 1101 || !mine && c.Rcv.NXT != 1101 {
			t.Errorf("%s: SND.NXT %d, RCV.NXT %d", c.Host, c.Snd.NXT, c.Rcv.NXT)
		}
	}
	for e := range r.Events().Since(1) {
		if b, ok := e.Body.(event.SegmentSent); ok && b.Seg.Len == 1000 && len(b.Seg.Data) != 10 {
			t.Errorf("shows %d octets of the 10 that were captured", len(b.Seg.Data))
		}
	}
}

// TestWhatANetworkCardFinishesIsReadAllTheSame has segments that the card cuts and whose
// checksums it fills in: no length, wrong checksums.
func TestWhatANetworkCardFinishesIsReadAllTheSame(t *testing.T) {
	tp := newTape().shake().tcp(ms, alice(), bob(), seg{flags: psh, seq: 101, ack: 901,
		data: strings.Repeat("x", 5000)})
	for i, p := range tp.file.Packets {
		if i != 1 {
			p.Data[14+20+16]++
			p.Data[14+10], p.Data[14+11] = 0, 0
		}
	}
	big := tp.file.Packets[3].Data
	big[14+2], big[14+3] = 0, 0
	r := tp.run(t)
	if got := states(r, "192.168.0.10"); got != "CLOSED SYN-SENT ESTABLISHED" {
		t.Errorf("alice: %s", got)
	}
	if c := r.View().Connections[0]; c.Snd.NXT != 5101 {
		t.Errorf("SND.NXT %d", c.Snd.NXT)
	}
}

func TestOneDamagedSegmentIsNotBelieved(t *testing.T) {
	tp := newTape().shake()
	for i := range 20 {
		tp.tcp(ms, bob(), alice(), seg{flags: psh, seq: seq.Num(901 + i), ack: 101, data: "x"})
	}
	tp.file.Packets[12].Data[14+20+4] ^= 0x40 // its sequence number
	r := tp.run(t)
	taken := 0
	for e := range r.Events().Since(1) {
		if b, ok := e.Body.(event.PacketTaken); ok && b.Reason == "bad checksum" {
			taken++
		}
	}
	if taken != 1 {
		t.Errorf("%d packets are shown as damaged", taken)
	}
}

func TestFragmentsAreShownAsPiecesOfTheirPacket(t *testing.T) {
	u := wire.UDP{SrcPort: 50000, DstPort: 9, Data: []byte(strings.Repeat("d", 2000))}
	whole := u.Append(nil, alice().addr, bob().addr)
	tp := newTape()
	for _, at := range []int{800, 0, 1600} { // in an order that can happen
		p := wire.IP{Src: alice().addr, Dst: bob().addr, Proto: inet.UDP, TTL: 9, ID: 7, FragOff: at,
			MF: at < 1600, Payload: whole[at:min(at+800, len(whole))]}
		tp.put(ms, p.Append(nil))
	}
	r := tp.run(t)
	got := map[event.Kind]int{}
	for e := range r.Events().Since(1) {
		got[e.Kind()]++
		if b, ok := e.Body.(event.DatagramReceived); ok && b.Dgram.Len != 2000 {
			t.Errorf("a datagram of %d octets", b.Dgram.Len)
		}
	}
	for kind, n := range map[event.Kind]int{"datagram.sent": 1, "packet.fragmented": 2,
		"packet.held": 3, "packet.merged": 2, "datagram.received": 1, "packet.departed": 3} {
		if got[kind] != n {
			t.Errorf("%d %s, want %d", got[kind], kind, n)
		}
	}
	tp.file.Packets = tp.file.Packets[:2]
	r = tp.run(t)
	if v := r.View(); v.Counters.Sent != 2 || v.Counters.Delivered != 2 {
		t.Errorf("pieces of a packet that is not whole: %+v", v.Counters)
	}
}

func TestAnEchoTellsHowFarAHostIs(t *testing.T) {
	q := wire.ICMP{Type: wire.ICMPEcho, ID: 3, Seq: 1, Data: []byte("ping")}
	a := wire.ICMP{Type: wire.ICMPEchoReply, ID: 3, Seq: 1, Data: []byte("ping")}
	tp := newTape()
	tp.put(0, tp.ip(alice().addr, bob().addr, inet.ICMP, q.Append(nil)))
	tp.put(30*ms, tp.ip(bob().addr, alice().addr, inet.ICMP, a.Append(nil)))
	r := tp.run(t)
	if l := r.View().Links; len(l) != 1 || l[0].Params.DelayNS != int64(15*ms) {
		t.Errorf("%+v", l)
	}
}

func TestTheSameFileGivesTheSameEvents(t *testing.T) {
	file := export(replay(t, "what-links-do-wrong"), everywhere)
	var before string
	for range 3 {
		var b strings.Builder
		for e := range inferred(t, file).Events().Since(1) {
			b.Write(e.AppendJSON(nil))
		}
		if before != "" && before != b.String() {
			t.Fatal("events differ from run to run")
		}
		before = b.String()
	}
}

// TestAFINHasNotArrivedBeforeItIsAcknowledged: where an estimate would place alice's FIN
// before something that bob sent without acknowledging it, what bob sent came first.
func TestAFINHasNotArrivedBeforeItIsAcknowledged(t *testing.T) {
	a, b := alice(), bob()
	begin := func() *tape {
		return newTape().shake().
			tcp(40*ms, a, b, seg{flags: psh, seq: 101, ack: 901, data: "bye"}).
			tcp(ms, a, b, seg{flags: fin, seq: 104, ack: 901}).
			tcp(40*ms, b, a, seg{flags: ack, seq: 901, ack: 104})
	}
	both := begin().
		tcp(0, b, a, seg{flags: fin, seq: 901, ack: 104}).
		tcp(0, a, b, seg{flags: ack, seq: 105, ack: 902}).
		tcp(ms, b, a, seg{flags: ack, seq: 902, ack: 105}).run(t)
	for _, host := range []string{"192.168.0.10", "203.0.113.5"} {
		if got := states(both, host); !strings.HasSuffix(got, " ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT") {
			t.Errorf("FINs that cross: %s: %s", host, got)
		}
	}
	after := begin().
		tcp(0, b, a, seg{flags: fin, seq: 901, ack: 105}).
		tcp(0, a, b, seg{flags: ack, seq: 105, ack: 902}).run(t)
	if got := states(after, "203.0.113.5"); !strings.HasSuffix(got, " CLOSE-WAIT LAST-ACK CLOSED") {
		t.Errorf("a FIN that answers one: %s", got)
	}
}
