package host

import (
	"net/netip"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

func newBareDesk(t *testing.T) *desk {
	d := newDesk(t)
	d.h.Bare = true
	return d
}

// last returns the last event.
func (d *desk) last() event.Event { return d.log.At(d.log.Len()) }

// A bare host shows what arrives and answers nothing, whatever it is.
func TestABareHostTakesAndAnswersNothing(t *testing.T) {
	spoil := func(b []byte) { b[len(b)-1]++ }
	for name, c := range map[string]struct {
		p     wire.IPv4
		spoil func([]byte)
		kind  event.Kind
		flaw  string
	}{
		"segment":         {segment(wire.TCP{DstPort: 80, Flags: wire.SYN}), nil, "segment.received", ""},
		"datagram":        {datagram(wire.UDP{DstPort: 80}), nil, "datagram.received", ""},
		"echo":            {icmp(wire.ICMP{Type: wire.ICMPEcho}), nil, "icmp.received", ""},
		"damaged segment": {segment(wire.TCP{Data: []byte("x")}), spoil, "packet.taken", "bad checksum"},
		"damaged datagram": {datagram(wire.UDP{Data: []byte("x")}), spoil, "packet.taken",
			"bad checksum"},
		"damaged message": {icmp(wire.ICMP{Data: []byte("x")}), spoil, "packet.taken", "bad checksum"},
		"damaged header": {datagram(wire.UDP{}), func(b []byte) { b[8]++ }, "packet.taken",
			"bad checksum"},
		"fragment": {wire.IPv4{Proto: inet.UDP, MF: true, Payload: make([]byte, 8)}, nil,
			"packet.taken", "fragment"},
		"other protocol": {wire.IPv4{Proto: 89, Payload: make([]byte, 8)}, nil, "packet.taken", ""},
	} {
		d := newBareDesk(t)
		d.arrive(c.p, c.spoil)
		e := d.last()
		if e.Kind() != c.kind || e.Rule != rfc.Bare || e.Host != "A" || e.Conn != "" ||
			len(d.fx.Transmit)+len(d.fx.Local) != 0 || d.flights.Delivered != 1 {
			t.Errorf("%s: %+v", name, e)
		}
		if b, ok := e.Body.(event.PacketTaken); ok && b.Reason != c.flaw {
			t.Errorf("%s: %q, want %q", name, b.Reason, c.flaw)
		}
	}
}

func TestABareHostTakesWhatIsForOthers(t *testing.T) {
	d := newBareDesk(t)
	p := datagram(wire.UDP{DstPort: 53})
	u := wire.UDP{DstPort: 53}
	p.Payload = u.Append(nil, peer, netip.MustParseAddr("9.9.9.9"))
	d.arrive(p, func(b []byte) {
		q := wire.IPv4{Src: peer, Dst: netip.MustParseAddr("9.9.9.9"), Proto: inet.UDP, TTL: 1,
			Payload: p.Payload}
		copy(b, q.Append(nil))
	})
	if e := d.last(); e.Kind() != "datagram.received" {
		t.Errorf("%+v", e)
	}
}

func TestWhatIsInjectedLeavesOctetForOctet(t *testing.T) {
	whole := segment(wire.TCP{SrcPort: 1, DstPort: 80, Flags: wire.SYN | wire.FIN})
	whole.Src, whole.Dst, whole.ID = own, peer, 77
	whole.Payload = (&wire.TCP{SrcPort: 1, DstPort: 80, Flags: wire.SYN | wire.FIN}).Append(nil, own, peer)
	octets := whole.Append(nil)
	for name, c := range map[string]struct {
		octets []byte
		kind   event.Kind
		label  string
	}{
		"a segment":      {octets, "segment.sent", "FS"},
		"part of one":    {octets[:30], "packet.injected", "tcp"},
		"another length": {append([]byte{0x45, 0, 0, 3}, octets[4:]...), "packet.injected", "tcp"},
	} {
		d := newBareDesk(t)
		d.fx = d.effects()
		root := d.fx.Emit(rfc.ByStart, event.WorldStarted{})
		d.fx.Scope = d.fx.Because(root)
		d.h.Inject(c.octets, d.h.IP.NICs()[0], d.fx)
		e := d.last()
		if len(d.fx.Transmit) != 1 || e.Kind() != c.kind || e.Rule != rfc.Injected || e.By != root {
			t.Errorf("%s: %+v", name, e)
			continue
		}
		p := d.fx.Transmit[0].Pkt
		if string(p.Octets) != string(c.octets) || p.Label != c.label || uint64(p.ID) != e.N ||
			&p.Octets[0] == &c.octets[0] {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestABareHostReadsIPv6(t *testing.T) {
	s := wire.TCP{SrcPort: 1, DstPort: 80, Flags: wire.SYN}
	echo := wire.ICMPv6{Type: wire.ICMPv6Echo}
	for want, p := range map[event.Kind]wire.IPv6{
		"segment.received":  {Proto: inet.TCP, Class: 3, Payload: s.Append(nil, peer6, own6)},
		"datagram.received": datagram6(wire.UDP{DstPort: 53}),
		"icmp.received":     icmp6(echo),
		"packet.taken":      {Proto: inet.TCP, Payload: s.Append(nil, peer6, peer6)},
	} {
		d := newDesk6(t)
		d.h.Bare = true
		d.arrive6(p, nil)
		e := d.last()
		if e.Kind() != want || len(d.fx.Transmit) != 0 {
			t.Errorf("%s: %+v", want, e)
		}
		if b, ok := e.Body.(event.SegmentReceived); ok && (b.Seg.ECN != "ce" || b.Seg.Src.Addr != peer6) {
			t.Errorf("%+v", b.Seg)
		}
	}
}
