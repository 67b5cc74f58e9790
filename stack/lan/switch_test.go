package lan

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// bench is a switch with three ports and what it tells.
type bench struct {
	s       Switch
	ports   []*ip.NIC
	log     event.Log
	flights ip.Flights
	now     sim.Time
}

func newBench() *bench {
	b := &bench{}
	for _, id := range []inet.NICID{"p0", "p1", "p2"} {
		b.ports = append(b.ports, &ip.NIC{ID: id, MTU: 1500, Link: inet.LinkID("l" + id)})
	}
	return b
}

func (b *bench) effects() *ip.Effects {
	return &ip.Effects{Scope: event.Scope{Log: &b.log, Now: b.now, Host: "S"}, Flights: &b.flights}
}

func mac(n int) wire.MAC { return wire.MAC{2, 0, 0, 0, byte(n >> 8), byte(n)} }

// frame has the switch relay one and returns the ports it leaves by.
func (b *bench) frame(src, dst wire.MAC, in inet.NICID) (out string) {
	fx := b.effects()
	n := fx.Emit(rfc.UDPSend, event.DatagramSent{})
	p := &ip.Packet{ID: inet.PacketID(n), By: n, Octets: make([]byte, 100), SrcMAC: src, DstMAC: dst,
		NIC: in, Framed: true}
	b.flights.Launch(p)
	b.s.Relay(p, b.ports, fx)
	for _, t := range fx.Transmit {
		out += string(t.NIC.ID) + " "
	}
	return out
}

func TestAFrameGoesWhereItsDestinationWasSeen(t *testing.T) {
	b := newBench()
	for _, c := range []struct {
		src, dst wire.MAC
		in       inet.NICID
		out      string
	}{
		{mac(1), mac(2), "p0", "p1 p2 "},              // not known yet
		{mac(2), mac(1), "p1", "p0 "},                 // known
		{mac(1), mac(2), "p0", "p1 "},                 // and now this one too
		{mac(3), mac(2), "p1", ""},                    // it is where it came from
		{mac(1), wire.BroadcastMAC(), "p0", "p1 p2 "}, // for all
		{mac(1), mac(3), "p2", "p1 "},                 // mac 1 has moved
		{mac(3), mac(1), "p1", "p2 "},
	} {
		if out := b.frame(c.src, c.dst, c.in); out != c.out {
			t.Errorf("%v to %v from %s leaves by %q, want %q", c.src, c.dst, c.in, out, c.out)
		}
	}
	b.ports[2].Down, b.ports[0].Link = true, ""
	if out := b.frame(mac(4), mac(9), "p1"); out != "" {
		t.Errorf("%q: ports without a live cable", out)
	}
	if out := b.frame(mac(4), mac(1), "p1"); out != "" {
		t.Errorf("%q: the port of a known address is dead", out)
	}
}

func TestASwitchRemembersOnlySoManyAddresses(t *testing.T) {
	b := newBench()
	for i := range MaxMACs {
		b.frame(mac(i), mac(9999), "p0")
	}
	if len(b.s.Table()) != MaxMACs {
		t.Fatal(len(b.s.Table()))
	}
	b.frame(mac(5000), mac(9999), "p0")
	full := false
	for n := uint64(1); n <= b.log.Len(); n++ {
		full = full || b.log.At(n).Rule == rfc.SwitchLimit
	}
	if _, known := b.s.lookup(mac(0)); known || !full || len(b.s.Table()) != MaxMACs {
		t.Error("the oldest makes room")
	}
}

func TestAgeingAsksForOneAlarmAtATime(t *testing.T) {
	b := newBench()
	b.frame(mac(1), mac(2), "p0")
	b.now = b.now.Add(200 * time.Second)
	b.frame(mac(1), mac(2), "p0")
	b.frame(mac(2), mac(1), "p1")
	b.now = b.now.Add(100 * time.Second)
	fx := b.effects()
	b.s.Tick(fx)
	if len(b.s.Table()) != 2 || len(fx.Alarms) != 1 || fx.Alarms[0].At != b.now.Add(200*time.Second) {
		t.Fatalf("%v %v", b.s.Table(), fx.Alarms)
	}
	b.now = fx.Alarms[0].At
	fx = b.effects()
	b.s.Tick(fx)
	if len(b.s.Table()) != 0 || len(fx.Alarms) != 0 {
		t.Errorf("%v %v", b.s.Table(), fx.Alarms)
	}
}

func TestAGroupAddressIsNoSource(t *testing.T) {
	b := newBench()
	b.frame(wire.BroadcastMAC(), mac(1), "p0")
	if len(b.s.Table()) != 0 {
		t.Error(b.s.Table())
	}
}
