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

func (h *testHost) recvUrgent(c *Conn, peek bool) (got string, e inet.Errno) {
	h.do(func(fx *Effects) {
		b, errno := c.RecvUrgent(peek, fx)
		if e = errno; e == inet.OK {
			got = string(b)
		}
	})
	return got, e
}

// urgents lists the urgent pointers of what was sent since event n: "seq+pointer".
func (n *testNet) urgents(since uint64) (list []event.Seg) {
	for _, e := range n.log.From(since + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && strings.Contains(s.Seg.Flags, "U") {
			list = append(list, s.Seg)
		}
	}
	return list
}

// MUST-62: "The urgent pointer MUST point to the sequence number of the octet following the
// urgent data."
func TestTheUrgentPointerNamesTheOctetBehindTheUrgentData(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	mark := n.log.Len()
	if k, e := a.sendWith(ca, "abc!", SendFlags{Urgent: true}); k != 4 || e != inet.OK {
		t.Fatal(k, e)
	}
	if up := ca.View().Urgent; !up.SndUrgent || up.SndUP != 105 {
		t.Errorf("%+v", up)
	}
	n.settle()
	if u := n.urgents(mark); len(u) != 1 || u[0].Seq != 101 || u[0].Urg != 4 || u[0].Flags != "PAU" {
		t.Fatalf("%+v", u)
	}
	if up := cb.View().Urgent; !up.RcvUrgent || up.RcvUP != 105 || !cb.Urgent() {
		t.Errorf("%+v", up)
	}
	if ca.View().Urgent.SndUrgent {
		t.Error("all is acknowledged, and yet urgent")
	}
	a.mustSend(ca, "calm")
	n.settle()
	if u := n.urgents(mark); len(u) != 1 {
		t.Errorf("%d segments with URG", len(u))
	}
	b.mustRecv(cb, "abc") // reading stops in front of the mark
	if !cb.AtMark() {
		t.Error("not at the mark")
	}
	if got, e := b.recvUrgent(cb, true); got != "!" || e != inet.OK {
		t.Errorf("%q %s", got, e)
	}
	if got, e := b.recvUrgent(cb, false); got != "!" || e != inet.OK || cb.Urgent() {
		t.Errorf("%q %s", got, e)
	}
	if _, e := b.recvUrgent(cb, false); e != inet.EINVAL {
		t.Errorf("the urgent octet can be had twice: %q", e)
	}
	b.mustRecv(cb, "calm")
	if cb.View().Urgent != (event.UrgentVars{}) {
		t.Errorf("%+v", cb.View().Urgent)
	}
}

func TestAnUrgentOctetCanBeReadInLine(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	b.configure(cb, Options{OOBInline: true})
	a.sendWith(ca, "ab!", SendFlags{Urgent: true})
	a.mustSend(ca, "c")
	n.settle()
	if _, e := b.recvUrgent(cb, false); e != inet.EINVAL {
		t.Error(e)
	}
	b.mustRecv(cb, "ab")
	if !cb.AtMark() {
		t.Error("not at the mark")
	}
	b.mustRecv(cb, "!c")
	if cb.AtMark() || cb.Urgent() {
		t.Error("past the mark, and yet urgent")
	}
}

// The lone urgent octet is no ordinary data: a read waits, and the octet stays.
func TestALoneUrgentOctetWaitsToBeReadApart(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.sendWith(ca, "!", SendFlags{Urgent: true})
	n.settle()
	if _, e := b.recv(cb, 10); e != inet.EAGAIN || cb.Readable() || cb.Unread() != 0 {
		t.Errorf("%s, readable %v", e, cb.Readable())
	}
	if got, _ := b.recvUrgent(cb, false); got != "!" {
		t.Errorf("%q", got)
	}
	a.shutdown(ca)
	n.settle()
	if data, e := b.recv(cb, 10); len(data) != 0 || e != inet.OK {
		t.Errorf("%q %s: the end comes behind it", data, e)
	}
}

// §3.8.5: "Whenever this point is in advance of the receive sequence number (RCV.NXT) […]
// the TCP implementation must tell the user to go into 'urgent mode'"; MUST-32; MUST-66,
// "even with zero window".
func TestUrgentModeBeginsBeforeTheDataIsThere(t *testing.T) {
	p := reach(t, inet.Established)
	p.segWith(wire.TCP{Flags: wire.ACK | wire.URG, Seq: 101, Ack: 301, Wnd: 65535, Urg: 5})
	if u := p.c.View().Urgent; !u.RcvUrgent || u.RcvUP != 106 {
		t.Fatalf("%+v", u)
	}
	if _, e := p.b.recvUrgent(p.c, false); e != inet.EAGAIN {
		t.Errorf("announced and not here: %q", e)
	}
	told := func() int { return p.rules(0, rfc.TCPUrgent) }
	p.segWith(wire.TCP{Flags: wire.ACK | wire.URG, Seq: 101, Ack: 301, Wnd: 65535, Urg: 5})
	p.segWith(wire.TCP{Flags: wire.ACK | wire.URG, Seq: 101, Ack: 301, Wnd: 65535, Urg: 3})
	if told() != 1 {
		t.Errorf("told %d times of one pointer; it cannot recede", told())
	}
	p.segWith(wire.TCP{Flags: wire.ACK | wire.URG, Seq: 101, Ack: 301, Wnd: 65535, Urg: 9,
		Data: []byte("abcdeXYZ!")})
	if told() != 2 || p.c.View().Urgent.RcvUP != 110 {
		t.Errorf("told %d times: an advance is told again", told())
	}
	p.b.mustRecv(p.c, "abcdeXYZ") // the octet of the first pointer is ordinary now
	p.segWith(wire.TCP{Flags: wire.ACK | wire.URG, Seq: 101, Ack: 301, Wnd: 65535, Urg: 4})
	if u := p.c.View().Urgent; u.RcvUP != 110 {
		t.Errorf("%+v: a pointer at what was read is ignored", u)
	}
}

func TestAnUrgentPointerCountsThoughTheWindowIsZero(t *testing.T) {
	p := reach(t, inet.Established)
	p.b.configure(p.c, Options{RcvBuf: 1000})
	for p.c.rcv.wnd > 0 {
		n := min(p.c.rcv.wnd, 1000)
		p.seg("A", uint32(p.c.rcv.nxt), 301, string(make([]byte, n)))
	}
	at := p.c.rcv.nxt
	p.segWith(wire.TCP{Flags: wire.ACK | wire.URG, Seq: at, Ack: 301, Wnd: 65535, Urg: 2,
		Data: []byte("x")})
	if u := p.c.View().Urgent; !u.RcvUrgent || u.RcvUP != at.Add(2) {
		t.Errorf("%+v", u)
	}
}

func TestAFINMakesURGMeaningless(t *testing.T) {
	p := reach(t, inet.CloseWait)
	p.segWith(wire.TCP{Flags: wire.ACK | wire.URG, Seq: 102, Ack: 301, Wnd: 65535, Urg: 5})
	if u := p.c.View().Urgent; u.RcvUrgent {
		t.Errorf("%+v", u)
	}
}

// MUST-31: "a sequence of urgent data of any length".
func TestUrgentDataMayBeLongerThanThePointerReaches(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	b.k.ModerateRcv = 0
	a.configure(ca, Options{SndBuf: 200_000})
	mark := n.log.Len()
	a.sendWith(ca, string(make([]byte, 150_000)), SendFlags{Urgent: true})
	read := 0
	for range 200 {
		n.run(20 * time.Millisecond)
		data, _ := b.recv(cb, 1<<20)
		read += len(data)
	}
	if read != 149_999 || !cb.AtMark() {
		t.Errorf("%d octets in front of the mark, at it: %v", read, cb.AtMark())
	}
	for _, s := range n.urgents(mark) {
		if left := 150_101 - uint32(s.Seq); uint32(s.Urg) != min(left, 0xffff) {
			t.Errorf("pointer %d with %d octets left", s.Urg, left)
		}
	}
}

// A program that sends urgent data wants it to go now: neither Nagle nor a cork waits.
func TestUrgentDataIsNotHeldBack(t *testing.T) {
	n, a, _, ca, cb := connected(t)
	a.configure(ca, Options{Cork: true})
	a.mustSend(ca, "x")
	a.sendWith(ca, "!", SendFlags{Urgent: true, More: true})
	n.settle()
	if n := cb.Unread(); n != 1 || !cb.Urgent() {
		t.Errorf("%d octets came, urgent: %v", n, cb.Urgent())
	}
}

// RFC 9293 §3.10.7.3: what else a SYN,ACK carries goes on "at the sixth step", URG.
func TestASYNACKMayAnnounceUrgentData(t *testing.T) {
	p := reach(t, inet.SynSent)
	p.segWith(wire.TCP{Flags: parseFlags("SAU"), Seq: 100, Ack: 301, Wnd: 65535, Urg: 4})
	if up := p.c.View().Urgent; !up.RcvUrgent || up.RcvUP != 104 {
		t.Errorf("%s %+v", p.c.State(), up)
	}
}
