package host

import (
	"net/netip"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sock"
	"labserver/stack/wire"
)

// desk is one host, 10.0.0.1, whose packets come and go by hand.
type desk struct {
	t       *testing.T
	h       *Host
	log     event.Log
	flights ip.Flights
	ids     inet.IDs
	fx      *Effects // what the last call left
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, h: New("A", "a", "linux", false, 1)}
	d.h.IP.AddNIC(&ip.NIC{ID: "eth0", Addr: netip.MustParsePrefix("10.0.0.1/24"), MTU: 1500,
		Link: "l1"})
	return d
}

var (
	own  = netip.MustParseAddr("10.0.0.1")
	peer = netip.MustParseAddr("10.0.0.2")
)

// arrive hands the host a packet from the peer, changed by spoil.
func (d *desk) arrive(p wire.IPv4, spoil func(octets []byte)) {
	d.t.Helper()
	p.Src, p.Dst, p.TTL = peer, own, 64
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

func (d *desk) effects() *Effects {
	return &Effects{Effects: ip.Effects{Scope: event.Scope{Log: &d.log, Host: "A"},
		Flights: &d.flights}, IDs: &d.ids}
}

// answer returns the ICMP message that the host sent, if it sent one.
func (d *desk) answer() (wire.ICMP, bool) {
	if len(d.fx.Transmit) != 1 {
		return wire.ICMP{}, false
	}
	p, err := wire.ParseIPv4(d.fx.Transmit[0].Pkt.Octets)
	if err != nil || p.Proto != inet.ICMP {
		d.t.Fatalf("%+v, %v", p, err)
	}
	m, err := wire.ParseICMP(p.Payload)
	if err != nil {
		d.t.Fatal(err)
	}
	return m, true
}

// told reports whether a dropped packet was told with a rule.
func (d *desk) told(rule rfc.ID) bool {
	for _, e := range d.log.From(1) {
		if e.Kind() == "packet.dropped" && e.Rule == rule && e.Host == "A" && e.By > 0 {
			return true
		}
	}
	return false
}

func segment(s wire.TCP) wire.IPv4 {
	return wire.IPv4{Proto: inet.TCP, Payload: s.Append(nil, peer, own)}
}

func datagram(u wire.UDP) wire.IPv4 {
	return wire.IPv4{Proto: inet.UDP, Payload: u.Append(nil, peer, own)}
}

func icmp(m wire.ICMP) wire.IPv4 { return wire.IPv4{Proto: inet.ICMP, Payload: m.Append(nil)} }

// What is damaged is dropped, in silence towards the sender and visibly for us.
func TestDamagedPacketsAreDroppedEachForItsReason(t *testing.T) {
	last := func(b []byte) { b[len(b)-1]++ }
	for name, c := range map[string]struct {
		p     wire.IPv4
		spoil func([]byte)
		rule  rfc.ID
	}{
		"TCP checksum":     {segment(wire.TCP{DstPort: 80, Flags: wire.SYN, Data: []byte("x")}), last, rfc.TCPChecksum},
		"TCP too short":    {wire.IPv4{Proto: inet.TCP, Payload: make([]byte, 19)}, nil, rfc.BadSegment},
		"UDP checksum":     {datagram(wire.UDP{DstPort: 53, Data: []byte("x")}), last, rfc.UDPChecksum},
		"UDP too short":    {wire.IPv4{Proto: inet.UDP, Payload: make([]byte, 7)}, nil, rfc.UDPLength},
		"UDP length field": {wire.IPv4{Proto: inet.UDP, Payload: []byte{0, 1, 0, 2, 0, 9, 0, 0}}, nil, rfc.UDPLength},
		"ICMP checksum":    {icmp(wire.ICMP{Type: wire.ICMPEcho, Data: []byte("x")}), last, rfc.BadICMP},
		"ICMP too short":   {wire.IPv4{Proto: inet.ICMP, Payload: []byte{8}}, nil, rfc.BadICMP},
		"IP header":        {datagram(wire.UDP{DstPort: 53}), func(b []byte) { b[8]++ }, rfc.BadIPHeader},
		"IP version":       {datagram(wire.UDP{DstPort: 53}), func(b []byte) { b[0] = 0x55 }, rfc.BadIPHeader},
	} {
		d := newDesk(t)
		d.arrive(c.p, c.spoil)
		if !d.told(c.rule) || len(d.fx.Transmit) != 0 || d.flights.Dropped != 1 || len(d.flights.All()) != 0 {
			t.Errorf("%s: %+v", name, d.log.At(d.log.Len()))
		}
	}
}

// RFC 768: "An all zero transmitted checksum value means that the transmitter generated
// no checksum".
func TestADatagramWithoutChecksumIsTaken(t *testing.T) {
	d := newDesk(t)
	d.arrive(datagram(wire.UDP{SrcPort: 9, DstPort: 53, NoChecksum: true, Data: []byte("x")}), nil)
	if d.flights.Delivered != 1 {
		t.Error("it was dropped")
	}
}

// RFC 1122 §3.2.2.1: protocol unreachable.
func TestAnUnknownProtocolIsUnreachable(t *testing.T) {
	d := newDesk(t)
	d.arrive(wire.IPv4{Proto: 132, Payload: make([]byte, 20)}, nil)
	m, ok := d.answer()
	if !ok || m.Type != wire.ICMPDestUnreachable || m.Code != wire.ICMPProtocolUnreachable ||
		!d.told(rfc.NoProtocol) {
		t.Errorf("%+v", m)
	}
}

func TestAnEchoRequestIsAnswered(t *testing.T) {
	d := newDesk(t)
	d.arrive(icmp(wire.ICMP{Type: wire.ICMPEcho, ID: 7, Seq: 1, Data: []byte("ping")}), nil)
	m, ok := d.answer()
	if !ok || m.Type != wire.ICMPEchoReply || m.ID != 7 || m.Seq != 1 || string(m.Data) != "ping" {
		t.Errorf("%+v", m)
	}
	var received, reply event.Event
	for _, e := range d.log.From(1) {
		switch e.Kind() {
		case "icmp.received":
			received = e
		case "icmp.sent":
			reply = e
		}
	}
	if reply.By != received.N || reply.Rule != rfc.EchoReply || received.Rule != rfc.ICMPDelivered {
		t.Errorf("%+v because of %+v", reply, received)
	}
	d.arrive(icmp(m), nil) // a reply nobody waits for
	if len(d.fx.Transmit) != 0 {
		t.Error("a reply was answered")
	}
}

// RFC 1122 §3.2.2: an ICMP message of unknown type "MUST be silently discarded", and so
// is an error whose quote says nothing.
func TestErrorsThatQuoteNothingChangeNothing(t *testing.T) {
	for _, m := range []wire.ICMP{
		{Type: 250}, {Type: wire.ICMPDestUnreachable, Code: wire.ICMPPortUnreachable},
		{Type: wire.ICMPTimeExceeded, Data: []byte("short")},
		{Type: wire.ICMPDestUnreachable, Data: (&wire.IPv4{Src: own, Dst: peer, Proto: 99}).Append(nil)},
	} {
		d := newDesk(t)
		d.arrive(icmp(m), nil)
		if n := d.log.Len(); len(d.fx.Transmit) != 0 || d.log.At(n).Kind() != "icmp.received" {
			t.Errorf("%+v led to %+v", m, d.log.At(n))
		}
	}
}

func TestICMPErrorsBecomeErrnoNames(t *testing.T) {
	for _, c := range []struct {
		m    wire.ICMP
		want inet.Errno
	}{
		{wire.ICMP{Type: wire.ICMPDestUnreachable, Code: wire.ICMPNetUnreachable}, inet.ENETUNREACH},
		{wire.ICMP{Type: wire.ICMPDestUnreachable, Code: wire.ICMPHostUnreachable}, inet.EHOSTUNREACH},
		{wire.ICMP{Type: wire.ICMPDestUnreachable, Code: wire.ICMPPortUnreachable}, inet.ECONNREFUSED},
		{wire.ICMP{Type: wire.ICMPDestUnreachable, Code: wire.ICMPFragmentationNeeded}, inet.EMSGSIZE},
		{wire.ICMP{Type: wire.ICMPTimeExceeded}, inet.EHOSTUNREACH},
	} {
		d := newDesk(t)
		u := wire.UDP{SrcPort: 1000, DstPort: 53, Data: []byte("x")}
		d.call(func(t *sock.Table, fx *sock.Effects) {
			t.Start("p", "p", fx)
			t.Socket(t.Proc("p"), inet.UDP, sock.IP4, fx)
			t.Bind(t.Proc("p"), 3, "", 1000, fx)
			t.Connect(t.Proc("p"), 3, "10.0.0.2", 53, fx)
		})
		quoted := wire.IPv4{Src: own, Dst: peer, Proto: inet.UDP, Payload: u.Append(nil, own, peer)}
		c.m.Data = quoted.Append(nil)
		d.arrive(icmp(c.m), nil)
		e := d.log.At(d.log.Len())
		if b, ok := e.Body.(event.SocketError); !ok || b.Errno != c.want || e.Rule != rfc.UDPError {
			t.Errorf("%s: %+v", c.m.Name(), e)
		}
	}
}

func (d *desk) call(do func(*sock.Table, *sock.Effects)) {
	root := event.Scope{Log: &d.log}.Emit(rfc.ByStart, event.WorldStarted{})
	d.fx = &Effects{IDs: &d.ids, Effects: ip.Effects{Flights: &d.flights,
		Scope: event.Scope{Log: &d.log, By: root}}}
	d.h.Call(d.fx, do)
}

func TestTryingAKnobChangesNothing(t *testing.T) {
	d := newDesk(t)
	knobs, ttl, low := *d.h.knobs, d.h.IP.TTL, d.h.Socks.PortLow
	for _, k := range [][2]string{{"ip_default_ttl", "9"}, {"ip_local_port_low", "40000"},
		{"ip_local_port_high", "40000"}, {"tcp_rto_min_ms", "10"}} {
		if !d.h.TryKnob(k[0], k[1]) {
			t.Errorf("%s=%s is refused", k[0], k[1])
		}
	}
	for _, k := range [][2]string{{"ip_default_ttl", "0"}, {"ip_default_ttl", "256"},
		{"ip_local_port_low", "0"}, {"ip_local_port_low", "65536"}, {"ip_local_port_low", "61000"},
		{"ip_local_port_high", "100"}, {"tcp_rto_min_ms", "-1"}, {"no_such", "1"}, {"", ""}} {
		if d.h.TryKnob(k[0], k[1]) {
			t.Errorf("%s=%s is accepted", k[0], k[1])
		}
	}
	if *d.h.knobs != knobs || d.h.IP.TTL != ttl || d.h.Socks.PortLow != low || len(d.h.View().Knobs) != 0 {
		t.Error("something changed")
	}
}

func TestKnobsAreSetVisibly(t *testing.T) {
	d := newDesk(t)
	root := event.Scope{Log: &d.log}.Emit(rfc.ByStart, event.WorldStarted{})
	fx := &Effects{Effects: ip.Effects{Scope: event.Scope{Log: &d.log, By: root}}}
	for _, c := range []struct{ name, value, old string }{
		{"ip_default_ttl", "9", "64"}, {"ip_default_ttl", "10", "9"},
		{"ip_local_port_low", "40000", "32768"}, {"ip_local_port_high", "40000", "60999"},
		{"tcp_nagle", "0", "2"},
		{"tcp_congestion_control", "reno", "cubic"},
	} {
		if !d.h.SetKnob(c.name, c.value, fx) {
			t.Errorf("%s was not taken", c.name)
		}
		if b := d.log.At(d.log.Len()).Body; b != (event.KnobSet{Knob: c.name, Old: c.old, New: c.value}) {
			t.Errorf("%+v", b)
		}
	}
	d.h.SetKnob("tcp_nagle", "+01", fx)
	if b := d.log.At(d.log.Len()).Body; b != (event.KnobSet{Knob: "tcp_nagle", Old: "0", New: "1"}) {
		t.Errorf("%+v", b)
	}
	if d.h.SetKnob("tcp_nagle", "4", fx) || len(d.h.View().Knobs) != 5 || d.h.View().Knobs[0].Value != "10" {
		t.Errorf("%+v", d.h.View().Knobs)
	}
}

func TestProfilesHaveTheirPortRanges(t *testing.T) {
	for profile, low := range map[string]uint16{"linux": 32768, "freebsd": 10000, "rfc": 49152} {
		if h := New("A", "a", profile, false, 1); h.Socks.PortLow != low {
			t.Errorf("%s starts at %d", profile, h.Socks.PortLow)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown profile made a host")
		}
	}()
	New("A", "a", "plan9", false, 1)
}

// A host that talks to itself hands packets back to its world, and they come in again.
func TestAHostHandsItsOwnPacketsBack(t *testing.T) {
	d := newDesk(t)
	d.call(func(t *sock.Table, fx *sock.Effects) {
		t.Start("p", "p", fx)
		p := t.Proc("p")
		t.Socket(p, inet.TCP, sock.IP4, fx)
		t.Bind(p, 3, "127.0.0.1", 80, fx)
		t.Listen(p, 3, 1, fx)
		t.Accept(p, 3, fx)
		t.Socket(p, inet.TCP, sock.IP4, fx)
		t.Connect(p, 4, "127.0.0.1", 80, fx)
		t.Socket(p, inet.UDP, sock.IP4, fx)
		t.Send(p, "sendto", 5, sock.Sending{To: true, Addr: "127.0.0.1", Port: 9,
			Data: sock.Payload{Data: []byte("x")}}, fx)
	})
	if len(d.fx.Local) != 2 || len(d.fx.Transmit) != 0 || len(d.fx.Timers) == 0 {
		t.Fatalf("%d local, %d transmitted, %d timers", len(d.fx.Local), len(d.fx.Transmit),
			len(d.fx.Timers))
	}
	for queue := d.fx.Local; len(queue) > 0; { // SYN; SYN,ACK; ACK, and the datagram's error
		p := queue[0]
		d.fx = &Effects{IDs: &d.ids, Effects: ip.Effects{Scope: event.Scope{Log: &d.log},
			Flights: &d.flights}}
		d.h.Arrive(p, d.fx)
		queue = append(queue[1:], d.fx.Local...)
	}
	states := 0
	for _, c := range d.h.TCP.Conns() {
		if c.State() == inet.Established {
			states++
		}
	}
	if states != 2 || len(d.flights.All()) != 0 || d.flights.Delivered != 5 {
		t.Errorf("%d ends established, %d packets left, %d delivered", states, len(d.flights.All()),
			d.flights.Delivered)
	}
	if v := d.h.View(); len(v.NICs) != 1 || len(v.Routes) != 1 || len(v.Procs) != 1 {
		t.Errorf("%+v", v)
	}
	root := event.Scope{Log: &d.log}.Emit(rfc.ByStart, event.WorldStarted{})
	d.fx = &Effects{IDs: &d.ids, Effects: ip.Effects{Scope: event.Scope{Log: &d.log, By: root},
		Flights: &d.flights}}
	d.h.Call(d.fx, func(_ *sock.Table, fx *sock.Effects) { d.h.AbortAll(fx) })
	if len(d.h.TCP.Conns()) != 0 {
		t.Errorf("%d connections outlived AbortAll", len(d.h.TCP.Conns()))
	}
}

func TestATimerThatRunsOutReachesItsConnection(t *testing.T) {
	d := newDesk(t)
	d.call(func(t *sock.Table, fx *sock.Effects) {
		t.Start("p", "p", fx)
		t.Socket(t.Proc("p"), inet.TCP, sock.IP4, fx)
		t.Connect(t.Proc("p"), 3, "10.0.0.2", 80, fx)
	})
	op := d.fx.Timers[len(d.fx.Timers)-1]
	d.fx = &Effects{IDs: &d.ids, Effects: ip.Effects{
		Scope: event.Scope{Log: &d.log, Now: op.At}, Flights: &d.flights}}
	d.h.Fire(op.Conn, op.Timer, d.fx)
	if len(d.fx.Transmit) != 1 || d.fx.Transmit[0].Pkt.Label != "S" || len(d.fx.Timers) == 0 {
		t.Errorf("%+v", d.fx.Transmit)
	}
}
