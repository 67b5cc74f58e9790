package ip

import (
	"net/netip"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// desk is one layer with what it left behind.
type desk struct {
	l       *Layer
	log     event.Log
	flights Flights
	now     sim.Time
}

func newDesk(forward bool) *desk {
	d := &desk{l: New(forward)}
	d.l.AddNIC(&NIC{ID: "eth0", Addr: prefix("10.0.1.1/24"), MTU: 1500, Link: "l1"})
	d.l.AddNIC(&NIC{ID: "eth1", Addr: prefix("10.0.2.1/24"), MTU: 600, Link: "l2"})
	return d
}

func (d *desk) effects() *Effects {
	return &Effects{Scope: event.Scope{Log: &d.log, Now: d.now, Host: "R"}, Flights: &d.flights}
}

// packet launches one that arrives at the layer.
func (d *desk) packet(src, dst string, ttl uint8, payload int, proto inet.Protocol) *Packet {
	h := wire.IPv4{Src: addr(src), Dst: addr(dst), Proto: proto, TTL: ttl, DF: true,
		Payload: make([]byte, payload)}
	n := d.effects().Emit(rfc.UDPSend, event.DatagramSent{})
	p := &Packet{ID: inet.PacketID(n), By: n, Octets: h.Append(nil), Proto: proto}
	d.flights.Launch(p)
	return p
}

func (d *desk) last() event.Event { return d.log.At(d.log.Len()) }

func TestTheLongestPrefixWins(t *testing.T) {
	d := newDesk(true)
	for dst, via := range map[string]string{"0.0.0.0/0": "10.0.1.254", "20.0.0.0/8": "10.0.2.254",
		"20.1.0.0/16": "10.0.1.253"} {
		if _, ok := d.l.AddRoute(Route{Dst: prefix(dst), Via: addr(via)}); !ok {
			t.Fatalf("route to %s was refused", dst)
		}
	}
	for dst, nic := range map[string]inet.NICID{"8.8.8.8": "eth0", "20.9.9.9": "eth1",
		"20.1.2.3": "eth0", "10.0.2.77": "eth1"} {
		if p, ok := d.l.Path(addr(dst)); !ok || p.NIC.ID != nic || p.Src != p.NIC.Addr.Addr() {
			t.Errorf("%s leaves by %+v, want %s", dst, p.NIC, nic)
		}
	}
	if p, ok := d.l.Path(addr("10.0.2.1")); !ok || !p.Local {
		t.Error("an own address is local")
	}
	if p, ok := d.l.Path(addr("127.0.0.5")); !ok || !p.Local {
		t.Error("127.0.0.0/8 is local on every host")
	}
}

func TestRoutesNeedANeighbourAndGoWithTheirInterface(t *testing.T) {
	d := newDesk(false)
	if _, ok := d.l.AddRoute(Route{Dst: prefix("0.0.0.0/0"), Via: addr("99.0.0.1")}); ok {
		t.Error("a gateway on no connected network was accepted")
	}
	if _, ok := d.l.AddRoute(Route{Dst: prefix("0.0.0.0/0"), Via: addr("10.0.1.1")}); ok {
		t.Error("the host itself was accepted as gateway")
	}
	d.l.AddRoute(Route{Dst: prefix("0.0.0.0/0"), Via: addr("10.0.1.254")})
	if _, ok := d.l.AddRoute(Route{Dst: prefix("0.0.0.0/0"), Via: addr("10.0.1.254")}); ok {
		t.Error("the same route twice")
	}
	if gone := d.l.RemoveNIC("eth0"); len(gone) != 2 || len(d.l.Routes()) != 1 {
		t.Errorf("%v went, %v stayed", gone, d.l.Routes())
	}
	if _, ok := d.l.RemoveRoute(prefix("10.0.2.0/24")); ok {
		t.Error("a connected network cannot be removed apart from its interface")
	}
	if _, ok := d.l.Path(addr("8.8.8.8")); ok {
		t.Error("there is no way to 8.8.8.8 any more")
	}
}

func TestARouterForwardsAndCountsTTLDown(t *testing.T) {
	d := newDesk(true)
	p, fx := d.packet("10.0.1.9", "10.0.2.9", 7, 100, inet.UDP), d.effects()
	if _, mine := d.l.Receive(p, fx); mine || len(fx.Transmit) != 1 || fx.Transmit[0].NIC.ID != "eth1" {
		t.Fatalf("not forwarded: %+v", fx.Transmit)
	}
	h, err := wire.ParseIPv4(p.Octets)
	if err != nil || h.TTL != 6 {
		t.Errorf("TTL %d, %v: the checksum must follow", h.TTL, err)
	}
}

func TestWhatARouterMustRefuseIsTold(t *testing.T) {
	for _, c := range []struct {
		name       string
		dst        string
		ttl        uint8
		size       int
		rule       rfc.ID
		icmpT, icC uint8
		mtu        uint16
	}{
		{"TTL 1", "10.0.2.9", 1, 100, rfc.TTLExpired, wire.ICMPTimeExceeded, 0, 0},
		{"no route", "99.9.9.9", 9, 100, rfc.NetUnreach, wire.ICMPDestUnreachable, wire.ICMPNetUnreachable, 0},
		{"too big", "10.0.2.9", 9, 700, rfc.TooBig, wire.ICMPDestUnreachable, wire.ICMPFragmentationNeeded, 600},
	} {
		d := newDesk(true)
		p, fx := d.packet("10.0.1.9", c.dst, c.ttl, c.size, inet.UDP), d.effects()
		d.l.Receive(p, fx)
		if len(fx.Transmit) != 1 || d.flights.Dropped != 1 {
			t.Errorf("%s: %d transmitted, %d dropped", c.name, len(fx.Transmit), d.flights.Dropped)
			continue
		}
		h, err := wire.ParseIPv4(fx.Transmit[0].Pkt.Octets)
		m, merr := wire.ParseICMP(h.Payload)
		if err != nil || merr != nil || h.Dst != addr("10.0.1.9") || m.Type != c.icmpT ||
			m.Code != c.icC || m.MTU != c.mtu {
			t.Errorf("%s: %+v (%v, %v)", c.name, m, err, merr)
		}
		if e := d.last(); e.Rule != c.rule || e.Kind() != "icmp.sent" {
			t.Errorf("%s: the last event is %s for %s", c.name, e.Kind(), e.Rule)
		}
	}
}

func TestAHostDropsWhatIsNotForIt(t *testing.T) {
	d := newDesk(false)
	p, fx := d.packet("10.0.1.9", "10.0.2.9", 7, 100, inet.UDP), d.effects()
	if _, mine := d.l.Receive(p, fx); mine || d.last().Rule != rfc.NotForUs || len(fx.Transmit) != 0 {
		t.Errorf("%+v", d.last())
	}
}

func TestADamagedHeaderIsDroppedInSilence(t *testing.T) {
	d := newDesk(false)
	p, fx := d.packet("10.0.1.9", "10.0.1.1", 7, 100, inet.UDP), d.effects()
	p.Octets[8]++ // TTL, without its checksum
	if _, mine := d.l.Receive(p, fx); mine || d.last().Rule != rfc.BadIPHeader || len(fx.Transmit) != 0 {
		t.Errorf("%+v", d.last())
	}
}

// RFC 1122 §3.2.2: no ICMP error about an ICMP error.
func TestNoErrorAboutAnError(t *testing.T) {
	d := newDesk(true)
	quoted := d.packet("10.0.1.9", "10.0.2.9", 9, 20, inet.UDP)
	m := wire.ICMP{Type: wire.ICMPTimeExceeded, Data: quoted.Octets}
	p := d.packet("10.0.1.9", "10.0.2.9", 1, 0, inet.ICMP)
	h := wire.IPv4{Src: addr("10.0.1.9"), Dst: addr("10.0.2.9"), Proto: inet.ICMP, TTL: 1,
		Payload: m.Append(nil)}
	p.Octets = h.Append(nil)
	fx := d.effects()
	d.l.Receive(p, fx)
	if len(fx.Transmit) != 0 || d.last().Kind() != "packet.dropped" {
		t.Errorf("answered with %+v", d.last())
	}
}

func TestErrorsAreLimitedToABurstThenOneASecond(t *testing.T) {
	d := newDesk(true)
	sent := func() (n int) {
		for range 10 {
			fx := d.effects()
			d.l.Receive(d.packet("10.0.1.9", "10.0.2.9", 1, 10, inet.UDP), fx)
			n += len(fx.Transmit)
		}
		return n
	}
	if n := sent(); n != errorBurst {
		t.Errorf("%d at once", n)
	}
	d.now = 2_500_000_000
	if n := sent(); n != 2 {
		t.Errorf("%d after 2.5 s", n)
	}
	d.now = 100_000_000_000
	if n := sent(); n != errorBurst {
		t.Errorf("%d after a long rest", n)
	}
}

func TestAnEchoIsAnsweredFromTheAddressThatWasAsked(t *testing.T) {
	d := newDesk(false)
	h := &wire.IP{Src: addr("10.0.1.9"), Dst: addr("10.0.2.1"), Proto: inet.ICMP}
	fx := d.effects()
	by := fx.Emit(rfc.ICMPDelivered, event.ICMPReceived{})
	d.l.Echo(h, wire.ICMP{Type: wire.ICMPEcho, ID: 7, Seq: 9, Data: []byte("x")}, by, fx)
	got, err := wire.ParseIPv4(fx.Transmit[0].Pkt.Octets)
	m, merr := wire.ParseICMP(got.Payload)
	if err != nil || merr != nil || got.Src != h.Dst || got.Dst != h.Src || m.Type != wire.ICMPEchoReply ||
		m.ID != 7 || m.Seq != 9 || string(m.Data) != "x" {
		t.Errorf("%+v %+v", got, m)
	}
}

func TestAPacketWithoutWayOutIsDroppedVisibly(t *testing.T) {
	d := newDesk(false)
	d.l.NIC("eth1").Link = ""
	for dst, rule := range map[string]rfc.ID{"99.9.9.9": rfc.NoRoute, "10.0.2.9": rfc.NoLink} {
		fx := d.effects()
		n := fx.Emit(rfc.UDPSend, event.DatagramSent{})
		d.l.Send(&Packet{ID: inet.PacketID(n), By: n, Dst: inet.Endpoint{Addr: addr(dst)}}, fx)
		if e := d.last(); e.Rule != rule || e.By != n {
			t.Errorf("%s: %s because of %d", dst, e.Rule, e.By)
		}
	}
	if d.flights.Sent != 2 || d.flights.Dropped != 2 || len(d.flights.All()) != 0 {
		t.Errorf("%+v", d.flights)
	}
}

func TestAWorldHoldsOnlySoManyPackets(t *testing.T) {
	d := newDesk(false)
	send := func() event.Event {
		fx := d.effects()
		n := fx.Emit(rfc.UDPSend, event.DatagramSent{})
		d.l.Send(&Packet{ID: inet.PacketID(n), By: n, Dst: inet.Endpoint{Addr: addr("10.0.1.9")}}, fx)
		return d.last()
	}
	for range MaxPackets {
		send()
	}
	if len(d.flights.All()) != MaxPackets || d.flights.Dropped != 0 {
		t.Fatalf("%d under way", len(d.flights.All()))
	}
	if e := send(); e.Kind() != "packet.dropped" || e.Rule != rfc.PacketLimit {
		t.Errorf("%+v", e)
	}
	for _, p := range append([]*Packet{}, d.flights.All()...) { // the oldest first, as they arrive
		d.flights.Deliver(p)
	}
	if send(); len(d.flights.All()) != 1 {
		t.Errorf("%d under way", len(d.flights.All()))
	}
}

func TestPacketsLandInAnyOrder(t *testing.T) {
	var f Flights
	var all []*Packet
	for id := range inet.PacketID(9) {
		all = append(all, &Packet{ID: id + 1})
		f.Launch(all[id])
	}
	for _, i := range []int{4, 0, 8, 2, 6, 1, 7, 3, 5} {
		f.Drop(all[i])
		for j, p := range f.All() {
			if p == all[i] || f.Find(p.ID) != p || j > 0 && f.All()[j-1].ID >= p.ID {
				t.Fatalf("after %d: packet %d at %d", i, p.ID, j)
			}
		}
		if f.Find(all[i].ID) != nil {
			t.Fatalf("%d is still found", i)
		}
	}
	mustPanic(t, "a packet landed twice", func() { f.Deliver(all[0]) })
	mustPanic(t, "ids must grow", func() { f.Launch(&Packet{ID: 5}); f.Launch(&Packet{ID: 5}) })
}

func mustPanic(t *testing.T, what string, do func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	do()
}

func TestBroadcastAddresses(t *testing.T) {
	l := New(false)
	l.AddNIC(&NIC{ID: "eth0", Addr: prefix("10.0.1.1/24")})
	l.AddNIC(&NIC{ID: "eth1", Addr: prefix("10.0.2.0/31")})
	l.AddNIC(&NIC{ID: "eth2", Addr: prefix("172.16.5.1/20")})
	for a, want := range map[string]bool{"255.255.255.255": true, "10.0.1.255": true, "10.0.1.254": false,
		"10.0.2.1": false, "172.16.15.255": true, "172.16.5.255": false, "10.0.3.255": false} {
		if l.Broadcast(addr(a)) != want {
			t.Errorf("%s: %v", a, !want)
		}
	}
}

// RFC 1812 §5.2.1.2: a forwarded packet cites the router's duty as why it departs.
func TestAForwardedPacketSaysSo(t *testing.T) {
	d := newDesk(true)
	p := d.packet("10.0.1.9", "10.0.2.9", 7, 100, inet.UDP)
	if d.l.Receive(p, d.effects()); p.Departs != rfc.Forwarded {
		t.Error("it does not")
	}
}
