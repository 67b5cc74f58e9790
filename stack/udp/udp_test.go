package udp

import (
	"net/netip"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

func ep(s string) inet.Endpoint {
	e, err := inet.ParseEndpoint(s)
	if err != nil {
		panic(err)
	}
	return e
}

func scope(log *event.Log) event.Scope {
	s := event.Scope{Log: log, Host: "B"}
	return s.Because(s.Emit(rfc.ByStart, event.WorldStarted{}))
}

func TestTheMostSpecificSocketGetsTheDatagram(t *testing.T) {
	var l Layer
	for _, s := range []*Socket{
		{ID: "wild", Local: ep("0.0.0.0:53")},
		{ID: "bound", Local: ep("10.0.0.1:53")},
		{ID: "connected", Local: ep("10.0.0.1:53"), Remote: ep("10.0.0.9:1000")},
		{ID: "other", Local: ep("10.0.0.1:54")},
	} {
		l.Add(s)
	}
	for _, c := range []struct {
		src, dst string
		want     inet.SocketID
	}{
		{"10.0.0.9:1000", "10.0.0.1:53", "connected"},
		{"10.0.0.9:1001", "10.0.0.1:53", "bound"},
		{"10.0.0.9:1000", "10.0.0.2:53", "wild"},
		{"10.0.0.9:1000", "10.0.0.1:54", "other"},
	} {
		if s := l.Lookup(ep(c.src), ep(c.dst)); s == nil || s.ID != c.want {
			t.Errorf("%s > %s went to %+v, want %s", c.src, c.dst, s, c.want)
		}
	}
	if l.Lookup(ep("10.0.0.9:1000"), ep("10.0.0.1:55")) != nil {
		t.Error("nobody is bound to 55")
	}
}

func TestAFullBufferDropsVisibly(t *testing.T) {
	var l Layer
	var log event.Log
	s := &Socket{ID: "s1", Local: ep("0.0.0.0:53"), RcvBuf: 100}
	l.Add(s)
	fx := scope(&log)
	give := func(octets int) {
		l.Receive(netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("10.0.0.1"), 1,
			&wire.UDP{SrcPort: 9, DstPort: 53, Data: make([]byte, octets)}, fx)
	}
	give(60)
	give(60)
	if e := log.At(log.Len()); e.Rule != rfc.UDPBuffer || e.Kind() != "datagram.refused" {
		t.Errorf("the second datagram: %s for %s", e.Kind(), e.Rule)
	}
	give(40)
	if n, octets := s.Waiting(); n != 2 || octets != 100 {
		t.Errorf("%d datagrams, %d octets wait", n, octets)
	}
	for range 1000 {
		give(0) // empty datagrams cost no octets and must still end
	}
	if n, _ := s.Waiting(); n > 10 {
		t.Errorf("%d datagrams in a buffer of 100 octets", n)
	}
}

func TestReadingKeepsBordersAndOrder(t *testing.T) {
	var l Layer
	var log event.Log
	s := &Socket{ID: "s1", Local: ep("0.0.0.0:53"), RcvBuf: 1000}
	l.Add(s)
	fx := scope(&log)
	for _, text := range []string{"one", "", "three"} {
		l.Receive(netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("10.0.0.1"), 1,
			&wire.UDP{SrcPort: 9, DstPort: 53, Data: []byte(text)}, fx)
	}
	for _, text := range []string{"one", "", "three"} {
		d, ok := s.Read(true, fx)
		if !ok || string(d.Data) != text || d.From != ep("10.0.0.9:9") {
			t.Errorf("read %q from %v, want %q", d.Data, d.From, text)
		}
	}
	if _, ok := s.Read(true, fx); ok {
		t.Error("something is left")
	}
}

func TestNobodyBoundIsUnreachable(t *testing.T) {
	var l Layer
	var log event.Log
	s, unreachable, by := l.Receive(netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("10.0.0.1"), 1,
		&wire.UDP{SrcPort: 9, DstPort: 53}, scope(&log))
	if s != nil || !unreachable || log.At(by).Rule != rfc.UDPUnreachable {
		t.Errorf("%v %v %+v", s, unreachable, log.At(by))
	}
}

func TestSendingTellsTheFirstOctets(t *testing.T) {
	var log event.Log
	flow := inet.Flow{Local: ep("10.0.0.9:9"), Remote: ep("10.0.0.1:53")}
	data := make([]byte, MaxData)
	data[0] = 'x'
	o := Send("s1", flow, data, scope(&log))
	e := log.At(log.Len())
	b, ok := e.Body.(event.DatagramSent)
	if !ok || uint64(o.Pkt) != e.N || e.Rule != rfc.UDPSend || b.Dgram.Len != MaxData ||
		len(b.Dgram.Data) != 64 || b.Dgram.Src != flow.Local || b.Dgram.Dst != flow.Remote {
		t.Errorf("%+v", e)
	}
	data[0] = 'y'
	if b.Dgram.Data[0] != 'x' {
		t.Error("the event changed with the program's buffer")
	}
	if Send("s1", flow, nil, scope(&log)); log.At(log.Len()).Body.(event.DatagramSent).Dgram.Data != nil {
		t.Error("an empty datagram shows data")
	}
	defer func() {
		if recover() == nil {
			t.Error("65508 octets were sent")
		}
	}()
	Send("s1", flow, make([]byte, MaxData+1), scope(&log))
}

func TestARemovedSocketHearsNothing(t *testing.T) {
	var l Layer
	one, two := &Socket{ID: "one", Local: ep("0.0.0.0:53")}, &Socket{ID: "two", Local: ep("0.0.0.0:53")}
	l.Add(one)
	l.Add(two)
	src, dst := ep("10.0.0.9:9"), ep("10.0.0.1:53")
	if s := l.Lookup(src, dst); s != two {
		t.Errorf("%+v: of equals the youngest hears", s)
	}
	l.Remove(two)
	l.Remove(two)
	if s := l.Lookup(src, dst); s != one {
		t.Errorf("%+v", s)
	}
	l.Remove(one)
	if l.Lookup(src, dst) != nil {
		t.Error("a removed socket was found")
	}
}
