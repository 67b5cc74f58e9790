package host

import (
	"testing"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sock"
	"labserver/stack/wire"
)

// The requirements of RFC 9293 Appendix B about what lies below TCP that belong to no
// single test elsewhere. The ledger (stack/rfc) names these tests.

// RFC 9293 §3.9.2: "The TTL value used to send TCP segments MUST be configurable
// (MUST-49)."
func TestSegmentsCarryTheTTLTheyAreTold(t *testing.T) {
	for _, ttl := range []uint8{64, 7, 255} {
		d := newDesk(t)
		d.h.IP.TTL = ttl
		d.arrive(segment(wire.TCP{SrcPort: 9, DstPort: 80, Flags: wire.SYN}), nil)
		p, err := wire.ParseIPv4(d.fx.Transmit[0].Pkt.Octets)
		if err != nil || p.TTL != ttl || p.Proto != inet.TCP {
			t.Errorf("told %d, a segment left with %d (%v)", ttl, p.TTL, err)
		}
	}
}

// RFC 9293 §3.9.2: "When received options are passed up to TCP from the IP layer, a TCP
// implementation MUST ignore options that it does not understand (MUST-50)." A source
// route is one of those here, so no connection ever has one (§3.9.2.1: "If … source
// routing is used"): the answer to a SYN that came by one goes by the routing table.
func TestIPOptionsAroundASegmentChangeNothing(t *testing.T) {
	for name, options := range map[string][]byte{
		"none":             nil,
		"timestamps":       {68, 8, 5, 0, 0, 0, 0, 0},
		"record route":     {7, 7, 8, 10, 0, 0, 3, 0},
		"of no known kind": {222, 4, 1, 2},
	} {
		d := newDesk(t)
		d.arriveWith(options, segment(wire.TCP{SrcPort: 9, DstPort: 80, Seq: 99, Flags: wire.SYN}))
		if len(d.fx.Transmit) != 1 {
			t.Fatalf("%s: %d packets left", name, len(d.fx.Transmit))
		}
		octets := d.fx.Transmit[0].Pkt.Octets
		p, err := wire.ParseIPv4(octets)
		if err != nil || octets[0] != 0x45 || p.Dst != peer {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		s, err := wire.ParseTCP(p.Src, p.Dst, p.Payload)
		if err != nil || s.Flags != wire.RST|wire.ACK || s.Ack != 100 {
			t.Errorf("%s: answered %+v, %v", name, s, err)
		}
	}
}

// arriveWith is arrive for a packet with IP options, a whole number of words.
func (d *desk) arriveWith(options []byte, p wire.IPv4) {
	d.t.Helper()
	n := len(options)
	p.Payload = append(append([]byte{}, options...), p.Payload...)
	d.arrive(p, func(octets []byte) { // the first n octets of the payload are the header's
		octets[0] += byte(n / 4)
		octets[10], octets[11] = 0, 0
		sum := wire.Checksum(octets[:20+n])
		octets[10], octets[11] = byte(sum>>8), byte(sum)
	})
}

// RFC 9293 §3.9.2.2: "TCP implementations MUST silently discard any received ICMP Source
// Quench messages (MUST-55)."
func TestSourceQuenchChangesNothing(t *testing.T) {
	d := newDesk(t)
	d.call(func(t *sock.Table, fx *sock.Effects) {
		t.Start("p", "p", fx)
		t.Socket(t.Proc("p"), inet.TCP, sock.IP4, fx)
		t.Bind(t.Proc("p"), 3, "", 1000, fx)
		t.Connect(t.Proc("p"), 3, "10.0.0.2", 53, fx)
	})
	quoted, err := wire.ParseIPv4(d.fx.Transmit[0].Pkt.Octets)
	if err != nil || quoted.Proto != inet.TCP {
		t.Fatalf("%+v, %v", quoted, err)
	}
	mark := d.log.Len()
	const sourceQuench = 4
	d.arrive(icmp(wire.ICMP{Type: sourceQuench, Data: d.fx.Transmit[0].Pkt.Octets}), nil)
	if len(d.fx.Transmit) != 0 {
		t.Error("it was answered")
	}
	for _, e := range d.log.From(mark + 1) {
		if e.Kind() != "world.started" && e.Rule != rfc.ICMPDelivered && e.Rule != rfc.BadICMP {
			t.Errorf("it brought about %s", e.AppendJSON(nil))
		}
	}
}
