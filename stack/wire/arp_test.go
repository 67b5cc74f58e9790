package wire

import (
	"bytes"
	"net/netip"
	"testing"
)

func addr4(s string) netip.Addr { return netip.MustParseAddr(s) }

// whoHas is the request of RFC 826's example, between two of our hosts.
var whoHas = ARP{Op: ARPRequest, SenderMAC: MAC{2, 0, 0, 0, 0, 1}, SenderIP: addr4("10.0.0.1"),
	TargetIP: addr4("10.0.0.2")}

func TestAnARPPacketIsWrittenAsRFC826HasIt(t *testing.T) {
	want := []byte{0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2}
	got := whoHas.Append(nil)
	if !bytes.Equal(got, want) {
		t.Fatalf("% x", got)
	}
	if back, err := ParseARP(append(got, make([]byte, 18)...)); err != nil || back != whoHas {
		t.Errorf("%+v, %v: padding is no matter", back, err)
	}
	for at, wrong := range map[int]Error{0: BadVersion, 2: BadVersion, 4: BadLength, 5: BadLength} {
		bad := bytes.Clone(got)
		bad[at] ^= 0x40
		if _, err := ParseARP(bad); err != wrong {
			t.Errorf("octet %d: %v", at, err)
		}
	}
	if _, err := ParseARP(got[:27]); err != Truncated {
		t.Error(err)
	}
}

func FuzzParseARP(f *testing.F) {
	f.Add(whoHas.Append(nil))
	f.Add(append(whoHas.Append(nil), 0, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseARP(exact(b))
		if a.OpName() == "" {
			t.Fatal("no name")
		}
		if err != nil {
			return
		}
		if out := a.Append(nil); !bytes.Equal(out, b[:ARPLen]) {
			t.Fatalf("% x came back as % x", b, out)
		}
		Dissect(append((&Ethernet{Type: EtherTypeARP}).Append(nil), b...))
	})
}

func TestGroupsHaveTheirMACs(t *testing.T) {
	for group, want := range map[string]string{
		"224.0.0.1": "01:00:5e:00:00:01", "239.129.1.1": "01:00:5e:01:01:01", // RFC 1112 §6.4
		"ff02::1:ff12:3456": "33:33:ff:12:34:56", // RFC 2464 §7
	} {
		if got := GroupMAC(addr4(group)); got.String() != want || !got.IsGroup() {
			t.Errorf("%s: %s", group, got)
		}
	}
	if BroadcastMAC().String() != "ff:ff:ff:ff:ff:ff" || (MAC{2}).IsGroup() {
		t.Error("broadcast")
	}
	if got := SolicitedNode(addr4("4037::01:800:200e:8c6c")).String(); got != "ff02::1:ff0e:8c6c" {
		t.Error(got) // the example of RFC 4291 §2.7.1
	}
	if AllNodes().String() != "ff02::1" || AllHosts().String() != "224.0.0.1" {
		t.Error("all")
	}
}

func TestDiscoverySaysWhoIsAskedForAndWhoAnswers(t *testing.T) {
	src, dst := addr4("fd00::1"), addr4("ff02::1:ff00:2")
	for _, kind := range []uint8{ICMPv6Solicitation, ICMPv6Advertisement} {
		d := Discovery{Target: addr4("fd00::2"), MAC: MAC{2, 0, 0, 0, 0, 1}, HasMAC: true}
		if kind == ICMPv6Advertisement {
			d.Flags = NDSolicited | NDOverride
		}
		m := d.Message(kind)
		back, err := ParseICMPv6(src, dst, m.Append(nil, src, dst))
		if err != nil || !back.IsDiscovery() {
			t.Fatalf("%+v %v", back, err)
		}
		if said, err := back.Discovery(); err != nil || said != d {
			t.Errorf("%+v, %v", said, err)
		}
	}
	if (Discovery{Flags: NDRouter | NDOverride}).FlagNames() != "RO" {
		t.Error("flags")
	}
	for name, data := range map[string][]byte{"short": make([]byte, 15),
		"an option of no length":    append(addr4("fd00::2").AsSlice(), 1, 0, 0, 0, 0, 0, 0, 0),
		"an option beyond the end":  append(addr4("fd00::2").AsSlice(), 1, 2, 0, 0, 0, 0, 0, 0),
		"a group for a target":      addr4("ff02::1").AsSlice(),
		"an option that is cut off": append(addr4("fd00::2").AsSlice(), 1)} {
		if _, err := (&ICMPv6{Type: ICMPv6Solicitation, Data: data}).Discovery(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func FuzzDiscovery(f *testing.F) {
	d := Discovery{Target: addr4("fd00::2"), MAC: MAC{2}, HasMAC: true}
	m := d.Message(ICMPv6Solicitation)
	f.Add(m.Data, true)
	f.Add(append(m.Data, 3, 1, 0, 0, 0, 0, 0, 0), false)
	f.Fuzz(func(t *testing.T, data []byte, advertisement bool) {
		kind := ICMPv6Solicitation
		if advertisement {
			kind = ICMPv6Advertisement
		}
		m := ICMPv6{Type: kind, Data: exact(data)}
		src := addr4("fd00::1")
		h := IP{Src: src, Dst: src, Proto: 58, TTL: 255}
		p := m.Append(nil, src, src)
		frame := Ethernet{Type: EtherTypeIPv6, Payload: append(h.AppendHeader(nil, len(p)), p...)}
		for _, l := range Dissect(frame.Append(nil)) {
			checkInside(t, l.Fields, 0, len(p)+100)
		}
		said, err := m.Discovery()
		if err != nil {
			return
		}
		again := said.Message(kind)
		if back, err := again.Discovery(); err != nil || back.Target != said.Target || back.HasMAC != said.HasMAC {
			t.Fatalf("%+v came back as %+v, %v", said, back, err)
		}
	})
}

func TestTheInspectorShowsARPAndNeighbourDiscovery(t *testing.T) {
	frame := Ethernet{Dst: BroadcastMAC(), Src: MAC{2}, Type: EtherTypeARP, Payload: whoHas.Append(nil)}
	shown := map[string]string{}
	collect := func(layers []Layer) {
		for _, l := range layers {
			for _, f := range l.Fields {
				shown[f.Key] = f.Value
				if f.Bad {
					t.Errorf("%s is marked bad", f.Key)
				}
			}
		}
	}
	collect(Dissect(frame.Append(nil)))
	src, dst := addr4("fd00::2"), addr4("fd00::1")
	m := Discovery{Target: src, MAC: MAC{2, 0, 0, 0, 0, 2}, HasMAC: true, Flags: NDSolicited}.
		Message(ICMPv6Advertisement)
	p := m.Append(nil, src, dst)
	h := IP{Src: src, Dst: dst, Proto: 58, TTL: 255}
	frame = Ethernet{Type: EtherTypeIPv6, Payload: append(h.AppendHeader(nil, len(p)), p...)}
	collect(Dissect(frame.Append(nil)))
	for key, want := range map[string]string{"arp.op": "1 (request)", "arp.sender_ip": "10.0.0.1",
		"arp.target_ip": "10.0.0.2", "arp.htype": "1 (Ethernet)", "arp.ptype": "0x0800 (IPv4)",
		"nd.target": "fd00::2", "nd.solicited": "1", "nd.router": "0", "nd.target_mac": "02:00:00:00:00:02"} {
		if shown[key] != want {
			t.Errorf("%s is %q, want %q", key, shown[key], want)
		}
	}
}
