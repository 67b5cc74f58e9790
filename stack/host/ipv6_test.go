package host

import (
	"net/netip"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sock"
	"labserver/stack/tcp"
	"labserver/stack/wire"
)

var (
	own6  = netip.MustParseAddr("fd00::1")
	peer6 = netip.MustParseAddr("fd00::2")
)

// newDesk6 is a desk whose host is fd00::1 beside 10.0.0.1.
func newDesk6(t *testing.T) *desk {
	d := &desk{t: t, h: New("A", "a", "linux", false, 1)}
	d.h.IP.AddNIC(&ip.NIC{ID: "eth0", Addr: netip.MustParsePrefix("10.0.0.1/24"),
		Addr6: netip.MustParsePrefix("fd00::1/64"), MTU: 1500, Link: "l1"})
	return d
}

// arrive6 hands the host a packet from the peer, changed by spoil.
func (d *desk) arrive6(p wire.IPv6, spoil func(octets []byte)) {
	p.Src, p.Dst, p.HopLimit = peer6, own6, 64
	octets := p.Append(nil)
	if spoil != nil {
		spoil(octets)
	}
	root := event.Scope{Log: &d.log, Host: "B"}.Emit(rfc.ByStart, event.WorldStarted{})
	pkt := &ip.Packet{ID: inet.PacketID(root), By: root, Octets: octets, Proto: p.Proto}
	d.flights.Launch(pkt)
	d.fx = d.effects()
	d.h.Arrive(pkt, d.fx)
}

// answer6 returns the ICMPv6 message that the host sent, if it sent one.
func (d *desk) answer6() (wire.ICMPv6, bool) {
	if len(d.fx.Transmit) != 1 {
		return wire.ICMPv6{}, false
	}
	p, err := wire.ParseIPv6(d.fx.Transmit[0].Pkt.Octets)
	if err != nil || p.Proto != inet.ICMPv6 || p.Src != own6 || p.Dst != peer6 {
		d.t.Fatalf("%+v, %v", p, err)
	}
	m, err := wire.ParseICMPv6(p.Src, p.Dst, p.Payload)
	if err != nil {
		d.t.Fatal(err)
	}
	return m, true
}

func datagram6(u wire.UDP) wire.IPv6 {
	return wire.IPv6{Proto: inet.UDP, Payload: u.Append(nil, peer6, own6)}
}

func icmp6(m wire.ICMPv6) wire.IPv6 {
	return wire.IPv6{Proto: inet.ICMPv6, Payload: m.Append(nil, peer6, own6)}
}

func TestDamagedIPv6PacketsAreDroppedEachForItsReason(t *testing.T) {
	last := func(b []byte) { b[len(b)-1]++ }
	s := wire.TCP{DstPort: 80, Flags: wire.SYN, Data: []byte("x")}
	segment6 := wire.IPv6{Proto: inet.TCP, Payload: s.Append(nil, peer6, own6)}
	m := wire.ICMP{Type: wire.ICMPEcho}
	for name, c := range map[string]struct {
		p     wire.IPv6
		spoil func([]byte)
		rule  rfc.ID
	}{
		"TCP checksum": {segment6, last, rfc.TCPChecksum},
		"led to a wrong address": {wire.IPv6{Proto: inet.TCP, Payload: s.Append(nil, peer6, peer6.Next())},
			nil, rfc.TCPChecksum},
		"UDP checksum":         {datagram6(wire.UDP{DstPort: 53, Data: []byte("x")}), last, rfc.UDPChecksum},
		"UDP without checksum": {datagram6(wire.UDP{DstPort: 53, NoChecksum: true}), nil, rfc.UDPNoChecksum6},
		"UDP too short":        {wire.IPv6{Proto: inet.UDP, Payload: make([]byte, 7)}, nil, rfc.UDPLength},
		"ICMPv6 checksum":      {icmp6(wire.ICMPv6{Type: wire.ICMPv6Echo, Data: []byte("x")}), last, rfc.BadICMPv6},
		"payload cut short":    {datagram6(wire.UDP{}), func(b []byte) { b[5]++ }, rfc.BadIPv6Header},
		"nothing follows":      {wire.IPv6{Proto: wire.NoNext}, nil, rfc.NextHeader},
		"silent option": {wire.IPv6{Proto: wire.DestOptions, Payload: []byte{17, 0, 0x5e, 4, 0, 0, 0, 0}},
			nil, rfc.UnknownOption6},
	} {
		d := newDesk6(t)
		d.arrive6(c.p, c.spoil)
		if !d.told(c.rule) || len(d.fx.Transmit) != 0 || d.flights.Dropped != 1 || len(d.flights.All()) != 0 {
			t.Errorf("%s: %+v", name, d.last())
		}
	}
	d := newDesk6(t) // ICMP of the other version is no protocol here
	d.arrive6(wire.IPv6{Proto: inet.ICMP, Payload: m.Append(nil)}, nil)
	if !d.told(rfc.NextHeader) {
		t.Errorf("%+v", d.last())
	}
}

func TestWhatAnIPv6HostAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		p    wire.IPv6
		rule rfc.ID
		want wire.ICMPv6
	}{
		"an echo": {icmp6(wire.ICMPv6{Type: wire.ICMPv6Echo, ID: 7, Seq: 1, Data: []byte("ping")}), rfc.EchoReply6,
			wire.ICMPv6{Type: wire.ICMPv6EchoReply, ID: 7, Seq: 1}},
		"a datagram for nobody": {datagram6(wire.UDP{DstPort: 53}), rfc.UDPUnreachable6,
			wire.ICMPv6{Type: wire.ICMPv6DestUnreachable, Code: wire.ICMPv6PortUnreachable}},
		"an unknown protocol": {wire.IPv6{Proto: 132, Payload: make([]byte, 8)}, rfc.NextHeader,
			wire.ICMPv6{Type: wire.ICMPv6ParameterProblem, Code: wire.ICMPv6UnknownNext, Pointer: 6}},
		"an unknown option": {wire.IPv6{Proto: wire.DestOptions, Payload: []byte{17, 0, 0x9e, 4, 0, 0, 0, 0}},
			rfc.UnknownOption6,
			wire.ICMPv6{Type: wire.ICMPv6ParameterProblem, Code: wire.ICMPv6UnknownOption, Pointer: 42}},
		"a source route": {wire.IPv6{Proto: wire.Routing, Payload: []byte{17, 0, 0, 1, 0, 0, 0, 0}},
			rfc.BadHeader6, wire.ICMPv6{Type: wire.ICMPv6ParameterProblem, Pointer: 42}},
	} {
		d := newDesk6(t)
		d.arrive6(c.p, nil)
		m, ok := d.answer6()
		if !ok || m.Type != c.want.Type || m.Code != c.want.Code || m.ID != c.want.ID || m.Seq != c.want.Seq ||
			m.Pointer != c.want.Pointer || d.last().Rule != c.rule {
			t.Errorf("%s: %+v for %s", name, m, d.last().Rule)
		}
	}
}

// The version, addresses, hop limit and traffic class of what a socket sends are in its
// packet, and those of what comes reach TCP.
func TestAnIPv6ConnectionSendsIPv6Packets(t *testing.T) {
	d := newDesk6(t)
	d.call(func(t *sock.Table, fx *sock.Effects) {
		t.Start("p", "p", fx)
		t.Socket(t.Proc("p"), inet.TCP, sock.IP6, fx)
		t.Connect(t.Proc("p"), 3, "fd00::2", 80, fx)
	})
	if len(d.fx.Transmit) != 1 {
		t.Fatalf("%d packets", len(d.fx.Transmit))
	}
	p, err := wire.ParseIPv6(d.fx.Transmit[0].Pkt.Octets)
	seg, serr := wire.ParseTCP(p.Src, p.Dst, p.Payload)
	if err != nil || serr != nil || p.Src != own6 || p.Dst != peer6 || p.HopLimit != 64 ||
		seg.Flags != wire.SYN || seg.Opts.MSS != 1440 { // 1500 less 40 and 20
		t.Errorf("%+v %+v, %v %v", p, seg, err, serr)
	}
	out := tcp.Out{Flow: inet.Flow{Local: inet.Endpoint{Addr: own6}, Remote: inet.Endpoint{Addr: peer6}},
		TOS: 0xb9, TTL: 3}
	q, err := wire.ParseIP(d.h.segmentPacket(&out, d.fx).Octets)
	if err != nil || q.TOS != 0xb9 || q.TTL != 3 {
		t.Errorf("%+v, %v", q, err)
	}
}

// RFC 9293 §3.9.2.2: "This applies to ICMPv6 in addition to IPv4 ICMP."
func TestICMPv6ErrorsReachTheSocketThatSent(t *testing.T) {
	for _, c := range []struct {
		m    wire.ICMPv6
		want inet.Errno
	}{
		{wire.ICMPv6{Type: wire.ICMPv6DestUnreachable, Code: wire.ICMPv6NoRoute}, inet.ENETUNREACH},
		{wire.ICMPv6{Type: wire.ICMPv6DestUnreachable, Code: wire.ICMPv6AdminProhibited}, inet.EACCES},
		{wire.ICMPv6{Type: wire.ICMPv6DestUnreachable, Code: wire.ICMPv6AddressUnreachable}, inet.EHOSTUNREACH},
		{wire.ICMPv6{Type: wire.ICMPv6DestUnreachable, Code: wire.ICMPv6PortUnreachable}, inet.ECONNREFUSED},
		{wire.ICMPv6{Type: wire.ICMPv6PacketTooBig, MTU: 1400}, inet.EMSGSIZE},
		{wire.ICMPv6{Type: wire.ICMPv6TimeExceeded}, inet.EHOSTUNREACH},
		{wire.ICMPv6{Type: 100}, inet.OK},
	} {
		d := newDesk6(t)
		d.call(func(t *sock.Table, fx *sock.Effects) {
			t.Start("p", "p", fx)
			t.Socket(t.Proc("p"), inet.UDP, sock.IP6, fx)
			t.Bind(t.Proc("p"), 3, "", 1000, fx)
			t.Connect(t.Proc("p"), 3, "fd00::2", 53, fx)
		})
		u := wire.UDP{SrcPort: 1000, DstPort: 53, Data: []byte("x")}
		quoted := wire.IPv6{Src: own6, Dst: peer6, Proto: inet.UDP, Payload: u.Append(nil, own6, peer6)}
		c.m.Data = quoted.Append(nil)
		d.arrive6(icmp6(c.m), nil)
		errno, learned := inet.OK, 0
		for _, e := range d.log.From(1) {
			switch b := e.Body.(type) {
			case event.SocketError:
				errno = b.Errno
			case event.PathMTU:
				learned = b.New
			}
		}
		if errno != c.want || learned != int(c.m.MTU) {
			t.Errorf("%+v: %s, MTU %d", c.m, errno, learned)
		}
	}
}

// RFC 1191 §7.1: routers that do not say their MTU leave the sender to guess.
func TestAnOldRoutersMTUIsGuessed(t *testing.T) {
	for octets, want := range map[int]int{65535: 32000, 1500: 1492, 1492: 1006, 297: 296, 100: 68} {
		if got := plateauBelow(octets); got != want {
			t.Errorf("%d octets did not fit: %d", octets, got)
		}
	}
}

// RFC 4443 §3.2: the MTU has 32 bits. What does not fit an int, on any machine, is large.
func TestAnAbsurdMTUStaysALargeOne(t *testing.T) {
	for mtu, want := range map[uint32]int{0: 1, 1280: 1280, 1<<32 - 1: 1<<31 - 1} {
		if c := complaintOf6(wire.ICMPv6{Type: wire.ICMPv6PacketTooBig, MTU: mtu}); c.mtu != want {
			t.Errorf("%d: %+v", mtu, c)
		}
	}
}
