package ip

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// newDesk6 is a router between fd00:1::/64 and fd00:2::/64, the second of MTU 1280, which
// have IPv4 too.
func newDesk6() *desk {
	d := &desk{l: New(true)}
	d.l.AddNIC(&NIC{ID: "eth0", Addr: prefix("fd00:1::1/64"), MTU: 1500, Link: "l1"})
	d.l.AddNIC(&NIC{ID: "eth1", Addr: prefix("10.0.2.1/24"), Addr6: prefix("fd00:2::1/64"), MTU: 1280,
		Link: "l2"})
	return d
}

// packet6 launches one that arrives at the layer.
func (d *desk) packet6(src, dst string, hops uint8, proto inet.Protocol, payload []byte) *Packet {
	h := wire.IPv6{Src: addr(src), Dst: addr(dst), Proto: proto, HopLimit: hops, Payload: payload}
	n := d.effects().Emit(rfc.UDPSend, event.DatagramSent{})
	p := &Packet{ID: inet.PacketID(n), By: n, Octets: h.Append(nil), Proto: proto}
	d.flights.Launch(p)
	return p
}

func TestAnInterfaceOfBothVersionsHasANetworkOfEach(t *testing.T) {
	d := newDesk6()
	if r := d.l.Routes(); len(r) != 3 || r[1].Dst != prefix("10.0.2.0/24") || r[2].Dst != prefix("fd00:2::/64") {
		t.Errorf("%+v", r)
	}
	for dst, src := range map[string]string{"fd00:2::9": "fd00:2::1", "10.0.2.9": "10.0.2.1", "fd00:1::9": "fd00:1::1"} {
		if p, ok := d.l.Path(addr(dst)); !ok || p.Src != addr(src) {
			t.Errorf("to %s from %s", dst, p.Src)
		}
	}
	for _, own := range []string{"::1", "127.0.0.1", "fd00:2::1", "10.0.2.1"} {
		if p, ok := d.l.Path(addr(own)); !ok || !p.Local {
			t.Errorf("%s is this host", own)
		}
	}
	if _, ok := d.l.AddRoute(Route{Dst: prefix("::/0"), Via: addr("fd00:2::2")}); !ok {
		t.Error("fd00:2::2 is a neighbour")
	}
	if p, ok := d.l.Path(addr("2001:db8::1")); !ok || p.NIC.ID != "eth1" {
		t.Error("the default route of IPv6 is not taken")
	}
	if _, ok := d.l.Path(addr("8.8.8.8")); ok {
		t.Error("the default route of IPv6 is none of IPv4")
	}
	if d.l.Broadcast(addr("fd00:2::ffff")) || d.l.Broadcast(addr("ff02::1")) {
		t.Error("IPv6 has no broadcast")
	}
}

func TestARouterCountsTheHopLimitDown(t *testing.T) {
	d := newDesk6()
	p, fx := d.packet6("fd00:1::9", "fd00:2::9", 7, inet.UDP, make([]byte, 100)), d.effects()
	if _, mine := d.l.Receive(p, fx); mine || len(fx.Transmit) != 1 || p.Departs != rfc.Forwarded6 {
		t.Fatalf("not forwarded: %+v", fx.Transmit)
	}
	if h, err := wire.ParseIPv6(p.Octets); err != nil || h.HopLimit != 6 {
		t.Errorf("hop limit %d, %v", h.HopLimit, err)
	}
}

// RFC 8200 §4: extension headers "are not processed … by any node along a packet's delivery
// path", so what is wrong with them is the destination's affair.
func TestARouterLooksAtNoExtensionHeader(t *testing.T) {
	d := newDesk6()
	p, fx := d.packet6("fd00:1::9", "fd00:2::9", 7, wire.DestOptions, []byte{17, 9, 0x9e, 0}), d.effects()
	if d.l.Receive(p, fx); len(fx.Transmit) != 1 || d.flights.Dropped != 0 {
		t.Errorf("%+v", d.last())
	}
}

func TestWhatAnIPv6RouterMustRefuseIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		dst  string
		hops uint8
		size int
		rule rfc.ID
		want wire.ICMPv6
	}{
		"hop limit 1": {"fd00:2::9", 1, 100, rfc.HopLimit, wire.ICMPv6{Type: wire.ICMPv6TimeExceeded}},
		"no route":    {"fd00:9::9", 9, 100, rfc.NoRoute6, wire.ICMPv6{Type: wire.ICMPv6DestUnreachable}},
		"too big":     {"fd00:2::9", 9, 1300, rfc.TooBig6, wire.ICMPv6{Type: wire.ICMPv6PacketTooBig, MTU: 1280}},
	} {
		d := newDesk6()
		p, fx := d.packet6("fd00:1::9", c.dst, c.hops, inet.UDP, make([]byte, c.size)), d.effects()
		d.l.Receive(p, fx)
		if len(fx.Transmit) != 1 || d.flights.Dropped != 1 {
			t.Errorf("%s: %d transmitted, %d dropped", name, len(fx.Transmit), d.flights.Dropped)
			continue
		}
		octets := fx.Transmit[0].Pkt.Octets
		h, err := wire.ParseIPv6(octets)
		m, merr := wire.ParseICMPv6(h.Src, h.Dst, h.Payload)
		if err != nil || merr != nil || h.Dst != addr("fd00:1::9") || h.Src != addr("fd00:1::1") ||
			m.Type != c.want.Type || m.Code != c.want.Code || m.MTU != c.want.MTU || len(octets) > 1280 {
			t.Errorf("%s: %+v (%v, %v)", name, m, err, merr)
		}
		if e := d.last(); e.Rule != c.rule || e.Kind() != "icmp.sent" {
			t.Errorf("%s: the last event is %s for %s", name, e.Kind(), e.Rule)
		}
	}
}

// RFC 4443 §2.4 (e): no error about an error, about what was for many, or from nobody.
func TestNoICMPv6ErrorWhereNoneMayBe(t *testing.T) {
	m := wire.ICMPv6{Type: wire.ICMPv6TimeExceeded, Data: []byte("quoted")}
	for name, c := range map[string]struct {
		src, dst string
		proto    inet.Protocol
		payload  []byte
	}{
		"an error":          {"fd00:1::9", "fd00:2::9", inet.ICMPv6, m.Append(nil, addr("fd00:1::9"), addr("fd00:2::9"))},
		"a damaged message": {"fd00:1::9", "fd00:2::9", inet.ICMPv6, []byte("damaged message")},
		"from nobody":       {"::", "fd00:2::9", inet.UDP, nil},
		"from many":         {"ff02::1", "fd00:2::9", inet.UDP, nil},
		"to many":           {"fd00:1::9", "ff05::1", inet.UDP, nil},
	} {
		d := newDesk6()
		fx := d.effects()
		d.l.Receive(d.packet6(c.src, c.dst, 1, c.proto, c.payload), fx)
		if len(fx.Transmit) != 0 || d.last().Kind() != "packet.dropped" {
			t.Errorf("%s: answered with %+v", name, d.last())
		}
	}
}

// What the limit keeps back is told: RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f).
func TestAnErrorThatIsNotSentIsSeen(t *testing.T) {
	d := newDesk6()
	quiet := 0
	for range errorBurst + 3 {
		d.l.Receive(d.packet6("fd00:1::9", "fd00:9::9", 7, inet.UDP, nil), d.effects())
		if e := d.last(); e.Kind() == "icmp.suppressed" && e.Rule == rfc.ICMPQuiet6 {
			quiet++
		}
	}
	if quiet != 3 {
		t.Errorf("%d are told of", quiet)
	}
	d = newDesk(true)
	for range errorBurst + 1 {
		d.l.Receive(d.packet("10.0.1.9", "99.9.9.9", 7, 0, inet.UDP), d.effects())
	}
	if e := d.last(); e.Kind() != "icmp.suppressed" || e.Rule != rfc.ICMPQuiet {
		t.Errorf("%+v", e)
	}
}

func TestARouteCanCarryLess(t *testing.T) {
	d := newDesk(false)
	d.l.AddRoute(Route{Dst: prefix("20.0.0.0/8"), Via: addr("10.0.1.254"), MTU: 1400, AdvMSS: 1000})
	if p, _ := d.l.Path(addr("20.1.1.1")); p.MTU != 1400 || p.AdvMSS != 1000 {
		t.Errorf("%+v", p)
	}
	d.l.AddRoute(Route{Dst: prefix("20.1.0.0/16"), Via: addr("10.0.1.254"), MTU: 9000})
	if p, _ := d.l.Path(addr("20.1.1.1")); p.MTU != 1500 || p.AdvMSS != 0 {
		t.Errorf("%+v: no route carries more than its interface", p)
	}
}

// RFC 1191 §6.3, RFC 8201 §4: what is learned only shrinks, and is forgotten in time.
func TestAPathsMTUIsLearnedAndForgotten(t *testing.T) {
	d := newDesk(false)
	mtu := func(dst string) int { p, _ := d.l.Path(addr(dst)); return p.MTU }
	learn := func(dst string, n int) bool { return d.l.LearnMTU(addr(dst), n, 552, d.effects().Scope) }
	if !learn("10.0.1.9", 1400) || mtu("10.0.1.9") != 1400 || mtu("10.0.1.8") != 1500 {
		t.Error("1400 was not learned for this address alone")
	}
	if learn("10.0.1.9", 1400) || learn("10.0.1.9", 1450) || mtu("10.0.1.9") != 1400 {
		t.Error("an estimate grew")
	}
	if !learn("10.0.1.9", 60) || mtu("10.0.1.9") != 552 {
		t.Errorf("%d octets", mtu("10.0.1.9"))
	}
	if learn("10.0.1.1", 600) || learn("99.9.9.9", 600) {
		t.Error("there is nothing to learn of oneself, nor of no way")
	}
	e := d.last()
	if b := e.Body.(event.PathMTU); e.Rule != rfc.PathLearned || b.Old != 1400 || b.New != 552 {
		t.Errorf("%+v", e)
	}
	d.now = sim.Time(PathAge) - 1
	d.l.Age(d.effects().Scope)
	if len(d.l.Paths()) != 1 {
		t.Error("forgotten too soon")
	}
	d.now++
	d.l.Age(d.effects().Scope)
	if e = d.last(); len(d.l.Paths()) != 0 || e.Rule != rfc.PathAged || e.Body.(event.PathMTU).New != 0 {
		t.Errorf("%+v", e)
	}
	if PathAge != 10*time.Minute || mtu("10.0.1.9") != 1500 {
		t.Error("not forgotten after ten minutes")
	}
	d6 := newDesk6()
	if d6.l.LearnMTU(addr("fd00:2::9"), 600, 552, d6.effects().Scope) {
		t.Error("no path of IPv6 carries less than 1280 octets")
	}
	if d6.l.LearnMTU(addr("fd00:1::9"), 1279, 552, d6.effects().Scope) {
		t.Error("a message of less than 1280 octets must be discarded")
	}
	if !d6.l.LearnMTU(addr("fd00:1::9"), 1280, 552, d6.effects().Scope) || d6.last().Rule != rfc.PathLearned6 {
		t.Errorf("%+v", d6.last())
	}
}

func TestAHostRemembersOnlySoManyPaths(t *testing.T) {
	d := newDesk(false)
	dst := addr("10.0.1.10")
	for range maxPaths + 1 {
		d.l.LearnMTU(dst, 1400, 552, d.effects().Scope)
		dst = dst.Next()
	}
	forgotten := 0
	for _, e := range d.log.From(1) {
		if e.Rule == rfc.PathLimit {
			forgotten++
		}
	}
	if len(d.l.Paths()) != maxPaths || forgotten != 1 ||
		d.l.Paths()[0].Dst != addr("10.0.1.11") {
		t.Errorf("%d remembered, %d forgotten", len(d.l.Paths()), forgotten)
	}
}
