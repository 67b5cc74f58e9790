package ip

import (
	"net/netip"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// asker is a layer that finds its neighbours by asking.
func asker() *desk {
	d := newDesk(false)
	d.l.Neighbours.Discover = true
	d.l.nics[0].MAC, d.l.nics[1].MAC = wire.MAC{2, 1}, wire.MAC{2, 2}
	return d
}

// datagram sends one to dst and returns what that left.
func (d *desk) datagram(dst string) *Effects {
	fx := d.effects()
	h := d.l.Header(addr("10.0.1.1"), addr(dst), inet.UDP)
	n := fx.Emit(rfc.UDPSend, event.DatagramSent{})
	d.l.Send(&Packet{ID: inet.PacketID(n), By: n, Octets: append(h.AppendHeader(nil, 8), make([]byte, 8)...),
		Proto: inet.UDP, Src: inet.Endpoint{Addr: addr("10.0.1.1")},
		Dst: inet.Endpoint{Addr: addr(dst)}}, fx)
	return fx
}

// arp has the layer receive an ARP packet on eth0.
func (d *desk) arp(m wire.ARP) *Effects {
	fx := d.effects()
	n := fx.Emit(rfc.ARPAsk, event.ARPSent{})
	p := &Packet{ID: inet.PacketID(n), By: n, Octets: m.Append(nil), ARP: true, NIC: "eth0"}
	d.flights.Launch(p)
	d.l.ReceiveARP(p, fx)
	return fx
}

func (d *desk) answer(of string, mac wire.MAC) *Effects {
	return d.arp(wire.ARP{Op: wire.ARPReply, SenderMAC: mac, SenderIP: addr(of),
		TargetMAC: wire.MAC{2, 1}, TargetIP: addr("10.0.1.1")})
}

func (d *desk) state(of string) string {
	for _, n := range d.l.Cache() {
		if n.Addr == addr(of) {
			return n.State
		}
	}
	return ""
}

// later calls Tick at each instant that the layer asks for, up to d from now.
func (d *desk) later(span time.Duration) (asked int) {
	end := d.now.Add(span)
	for d.l.alarm != 0 && d.l.alarm <= end {
		d.now = d.l.alarm
		fx := d.effects()
		d.l.Tick(fx)
		for _, t := range fx.Transmit {
			if t.Pkt.ARP {
				asked++
			}
		}
	}
	d.now = end
	return asked
}

func TestAHostRemembersOnlySoManyNeighbours(t *testing.T) {
	d := asker()
	d.l.nics[0].Addr = prefix("10.0.1.1/16")
	d.l.routes[0].Dst = prefix("10.0.0.0/16")
	first := d.datagram("10.0.3.1").Transmit[0].Pkt
	for i := range maxNeighbours - 1 {
		d.datagram(netip.AddrFrom4([4]byte{10, 0, 4 + byte(i/250), byte(i%250 + 1)}).String())
	}
	if len(d.l.neighbours) != maxNeighbours || d.flights.Dropped != 0 || !first.ARP {
		t.Fatalf("%d neighbours", len(d.l.neighbours))
	}
	d.datagram("10.0.9.9")
	gone := 0
	for n := uint64(1); n <= d.log.Len(); n++ {
		if e := d.log.At(n); e.Rule == rfc.NeighbourLimit {
			gone++
		}
	}
	if len(d.l.neighbours) != maxNeighbours || d.state("10.0.3.1") != "" || gone != 2 {
		t.Errorf("%d neighbours, %d events: the oldest goes with what waits for it",
			len(d.l.neighbours), gone)
	}
}

func TestThreeQuestionsASecondApartAndThenFailure(t *testing.T) {
	d := asker()
	if fx := d.datagram("10.0.1.7"); len(fx.Transmit) != 1 || fx.Transmit[0].Pkt.DstMAC != wire.BroadcastMAC() {
		t.Fatal("one question, to all")
	}
	if n := d.later(2900 * time.Millisecond); n != 2 || d.state("10.0.1.7") != incomplete {
		t.Fatalf("%d more questions, %s", n, d.state("10.0.1.7"))
	}
	if n := d.later(200 * time.Millisecond); n != 0 || d.state("10.0.1.7") != failed || d.flights.Dropped != 1 {
		t.Fatalf("%d questions, %s, %d dropped", n, d.state("10.0.1.7"), d.flights.Dropped)
	}
	if d.later(time.Minute); d.state("10.0.1.7") != "" {
		t.Error("what failed is forgotten after a minute")
	}
}

func TestAQuestionForMeIsAnsweredAndTellsOfItsSender(t *testing.T) {
	for _, discover := range []bool{true, false} {
		d := asker()
		d.l.Neighbours.Discover = discover
		fx := d.arp(wire.ARP{Op: wire.ARPRequest, SenderMAC: wire.MAC{2, 9}, SenderIP: addr("10.0.1.9"),
			TargetIP: addr("10.0.1.1")})
		if len(fx.Transmit) != 1 || fx.Transmit[0].Pkt.DstMAC != (wire.MAC{2, 9}) {
			t.Fatal("no answer")
		}
		if m, err := wire.ParseARP(fx.Transmit[0].Pkt.Octets); err != nil || m.Op != wire.ARPReply ||
			m.SenderMAC != (wire.MAC{2, 1}) || m.SenderIP != addr("10.0.1.1") || m.TargetIP != addr("10.0.1.9") {
			t.Errorf("%+v %v", m, err)
		}
		if want := map[bool]string{true: stale, false: ""}[discover]; d.state("10.0.1.9") != want {
			t.Errorf("%q, want %q", d.state("10.0.1.9"), want)
		}
	}
}

func TestAQuestionForAnotherMakesNoEntryButMendsOne(t *testing.T) {
	d := asker()
	other := wire.ARP{Op: wire.ARPRequest, SenderMAC: wire.MAC{2, 9}, SenderIP: addr("10.0.1.9"),
		TargetIP: addr("10.0.1.8")}
	if fx := d.arp(other); len(fx.Transmit) != 0 || len(d.l.neighbours) != 0 || d.last().Rule != rfc.ARPOther {
		t.Fatal("a bystander keeps out")
	}
	d.datagram("10.0.1.9")
	d.answer("10.0.1.9", wire.MAC{2, 9})
	other.SenderMAC = wire.MAC{2, 0xaa}
	d.arp(other)
	if n := d.l.neighbours[0]; n.state != stale || n.mac != (wire.MAC{2, 0xaa}) {
		t.Errorf("%+v: an entry that is there is updated (RFC 826)", n)
	}
}

func TestAnAnswerThatNobodyAskedForMakesNoEntryForAnotherNetwork(t *testing.T) {
	d := asker()
	d.answer("10.0.7.7", wire.MAC{2, 9})
	d.answer("10.0.1.1", wire.MAC{2, 9})
	if len(d.l.neighbours) != 0 {
		t.Errorf("%+v", d.l.neighbours[0])
	}
	if d.last().Rule != rfc.ARPConflict {
		t.Error("somebody claims this host's address")
	}
}

func TestFlushingDropsWhatWaits(t *testing.T) {
	d := asker()
	d.datagram("10.0.1.7")
	d.datagram("10.0.1.8")
	fx := d.effects()
	fx.By = d.log.Len()
	if n := d.l.Flush("", addr("10.0.1.7"), fx); n != 1 || d.flights.Dropped != 1 || len(d.l.neighbours) != 1 {
		t.Errorf("%d, %d dropped", n, d.flights.Dropped)
	}
	if n := d.l.Flush("eth0", netip.Addr{}, fx); n != 1 || d.l.alarm != 0 || len(fx.Alarms) == 0 {
		t.Errorf("%d: with the last goes the alarm", n)
	}
}

func TestDiscoveryIsValidatedAsRFC4861Asks(t *testing.T) {
	src, dst := addr("fd00::9"), addr("fd00::1")
	for name, c := range map[string]struct {
		m   wire.ICMPv6
		hop uint8
		src netip.Addr
		bad bool
	}{
		"good":            {wire.Discovery{Target: dst}.Message(wire.ICMPv6Solicitation), 255, src, false},
		"routed":          {wire.Discovery{Target: dst}.Message(wire.ICMPv6Solicitation), 64, src, true},
		"of a group":      {wire.Discovery{Target: addr("ff02::1")}.Message(wire.ICMPv6Solicitation), 255, src, true},
		"short":           {wire.ICMPv6{Type: wire.ICMPv6Solicitation, Data: make([]byte, 8)}, 255, src, true},
		"a code":          {wire.ICMPv6{Type: wire.ICMPv6Solicitation, Code: 1, Data: dst.AsSlice()}, 255, src, true},
		"an empty option": {wire.ICMPv6{Type: wire.ICMPv6Solicitation, Data: append(dst.AsSlice(), make([]byte, 8)...)}, 255, src, true},
		"from nobody": {wire.Discovery{Target: dst, HasMAC: true}.Message(wire.ICMPv6Solicitation), 255,
			netip.IPv6Unspecified(), true},
	} {
		h := wire.IP{Src: c.src, Dst: dst, TTL: c.hop}
		if why := BadDiscovery(&h, &c.m); (why != "") != c.bad {
			t.Errorf("%s: %q", name, why)
		}
	}
}
