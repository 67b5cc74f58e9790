package wire

import (
	"bytes"
	"net/netip"
	"testing"

	"labserver/stack/inet"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"pgregory.net/rapid"
)

var (
	addrA6 = netip.MustParseAddr("fd00:77::77")
	addrB6 = netip.MustParseAddr("fd00:50::50")
)

// chain is a packet from A to B with these extension headers, each of 8 octets that say
// nothing, before a payload of 8 octets.
func chain(proto inet.Protocol, kinds ...inet.Protocol) []byte {
	first := append(kinds, proto)[0]
	p := IPv6{Src: addrA6, Dst: addrB6, Proto: first, HopLimit: 64}
	for i := range kinds {
		next := append(append([]inet.Protocol{}, kinds...), proto)[i+1]
		header := []byte{byte(next), 0, 1, 4, 0, 0, 0, 0} // PadN; a routing header of type 1
		if kinds[i] == Routing {
			header[3] = 0 // no segments left
		}
		p.Payload = append(p.Payload, header...)
	}
	p.Payload = append(p.Payload, 0, 9, 0, 9, 0, 8, 0, 0)
	return p.Append(nil)
}

func drawIPv6(t *rapid.T) IPv6 {
	addr := func(label string) netip.Addr {
		return netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label)))
	}
	p := IPv6{Src: addr("src"), Dst: addr("dst"),
		Proto:    inet.Protocol(rapid.SampledFrom([]uint8{6, 17, 58, 253}).Draw(t, "proto")),
		HopLimit: rapid.Uint8().Draw(t, "hops"), Class: rapid.Uint8().Draw(t, "class"),
		Flow:    rapid.Uint32Range(0, 1<<20-1).Draw(t, "flow"),
		Payload: drawData(t), Unfragmentable: 40, NextAt: 6}
	if p.Fragmented = rapid.Bool().Draw(t, "fragmented"); p.Fragmented {
		p.ID, p.MF = rapid.Uint32().Draw(t, "id"), rapid.Bool().Draw(t, "mf")
		p.FragOff = rapid.IntRange(0, 8191).Draw(t, "off") * 8
	}
	return p
}

func TestIPv6IsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawIPv6(t)
		padded := append(p.Append(nil), 0, 0, 0) // what Ethernet may add
		got, err := ParseIPv6(padded)
		same(t, err, nil)
		got.Payload = append([]byte{}, got.Payload...)
		p.Payload = append([]byte{}, p.Payload...)
		same(t, got, p)
	})
}

// TestGopacketReadsOurIPv6 has a witness that shares no code with us.
func TestGopacketReadsOurIPv6(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawIPv6(t)
		e := Ethernet{Type: EtherTypeIPv6, Payload: p.Append(nil)}
		g := gopacket.NewPacket(e.Append(nil), layers.LayerTypeEthernet, gopacket.NoCopy)
		got := g.NetworkLayer().(*layers.IPv6)
		same(t, got.SrcIP.String(), p.Src.Unmap().String())
		same(t, got.DstIP.String(), p.Dst.Unmap().String())
		same(t, got.HopLimit, p.HopLimit)
		same(t, got.TrafficClass, p.Class)
		same(t, got.FlowLabel, p.Flow)
		if !p.Fragmented {
			same(t, int(got.Length), len(p.Payload))
			same(t, uint8(got.NextHeader), uint8(p.Proto))
			return
		}
		f := g.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment)
		same(t, f.Identification, p.ID)
		same(t, f.MoreFragments, p.MF)
		same(t, int(f.FragmentOffset)*8, p.FragOff)
		same(t, uint8(f.NextHeader), uint8(p.Proto))
		same(t, bytes.Equal(f.Payload, p.Payload), true)
	})
}

func TestGopacketVerifiesOurChecksumsOverIPv6(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, u := drawTCP(t), drawUDP(t)
		u.NoChecksum = false
		m := ICMPv6{Type: rapid.SampledFrom([]uint8{1, 2, 3, 4, 128, 129}).Draw(t, "type"),
			Code: uint8(rapid.IntRange(0, 6).Draw(t, "code")), Data: drawData(t)}
		for proto, payload := range map[inet.Protocol][]byte{inet.TCP: s.Append(nil, addrA6, addrB6),
			inet.UDP: u.Append(nil, addrA6, addrB6), inet.ICMPv6: m.Append(nil, addrA6, addrB6)} {
			p := IPv6{Src: addrA6, Dst: addrB6, Proto: proto, HopLimit: 1, Payload: payload}
			g := gopacket.NewPacket(p.Append(nil), layers.LayerTypeIPv6, gopacket.NoCopy)
			for _, l := range g.Layers() {
				if c, ok := l.(interface {
					SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
				}); ok {
					same(t, c.SetNetworkLayerForChecksum(g.NetworkLayer()), nil)
				}
			}
			if err, bad := g.VerifyChecksums(); err != nil || len(bad) > 0 {
				t.Fatalf("%v: %v %v", proto, err, bad)
			}
			payload[len(payload)-1] ^= 4
			if _, err := ParseICMPv6(addrA6, addrB6, payload); proto == inet.ICMPv6 && err != BadChecksum {
				t.Fatalf("a bit turned over: %v", err)
			}
		}
	})
}

func TestICMPv6IsReadAsItWasWritten(t *testing.T) {
	for _, m := range []ICMPv6{
		{Type: ICMPv6Echo, ID: 7, Seq: 9, Data: []byte("ping")},
		{Type: ICMPv6EchoReply, ID: 7, Seq: 9, Data: []byte("ping")},
		{Type: ICMPv6PacketTooBig, MTU: 1_000_000, Data: []byte("too big")},
		{Type: ICMPv6ParameterProblem, Code: 1, Pointer: 40, Data: []byte("wrong")},
		{Type: ICMPv6DestUnreachable, Code: 4, Data: []byte("nobody")},
		{Type: ICMPv6TimeExceeded, Data: []byte("late")},
	} {
		got, err := ParseICMPv6(addrA6, addrB6, m.Append(nil, addrA6, addrB6))
		if err != nil || got.Name() != m.Name() || got.MTU != m.MTU || got.Pointer != m.Pointer ||
			got.ID != m.ID || got.Seq != m.Seq || string(got.Data) != string(m.Data) ||
			got.IsError() == got.IsEcho() {
			t.Errorf("%+v came back as %+v, %v", m, got, err)
		}
	}
	if _, err := ParseICMPv6(addrA6, addrB6, make([]byte, 7)); err != Truncated {
		t.Error(err)
	}
}

func TestExtensionHeadersAreWalkedOver(t *testing.T) {
	for _, kinds := range [][]inet.Protocol{{}, {HopByHop}, {DestOptions}, {Routing},
		{HopByHop, DestOptions, Routing, DestOptions}} {
		p, err := ParseIPv6(chain(inet.UDP, kinds...))
		if err != nil || p.Proto != inet.UDP || len(p.Payload) != 8 || p.Trouble.Found {
			t.Errorf("%v: %+v, %v", kinds, p, err)
		}
	}
}

// RFC 8200 §4: what the destination finds, and where it points.
func TestTroubleWithExtensionHeadersIsFound(t *testing.T) {
	option := func(kind byte) func([]byte) { return func(b []byte) { b[42] = kind } }
	for name, c := range map[string]struct {
		kinds []inet.Protocol
		spoil func([]byte)
		want  Trouble
	}{
		"hop-by-hop behind another": {[]inet.Protocol{DestOptions, HopByHop}, nil,
			Trouble{Found: true, Code: ICMPv6UnknownNext, Pointer: 40}},
		"segments left": {[]inet.Protocol{Routing}, func(b []byte) { b[43] = 1 },
			Trouble{Found: true, Code: ICMPv6BadHeader, Pointer: 42}},
		"option to skip":            {[]inet.Protocol{DestOptions}, option(0x1e), Trouble{}},
		"option to drop for":        {[]inet.Protocol{DestOptions}, option(0x5e), Trouble{Found: true, Silent: true}},
		"option to tell of":         {[]inet.Protocol{HopByHop}, option(0x9e), Trouble{Found: true, Code: 2, Pointer: 42}},
		"option to tell of to one":  {[]inet.Protocol{DestOptions}, option(0xde), Trouble{Found: true, Unicast: true, Code: 2, Pointer: 42}},
		"option past the header":    {[]inet.Protocol{DestOptions}, func(b []byte) { b[43] = 5 }, Trouble{Found: true, Pointer: 42}},
		"padding of single octets":  {[]inet.Protocol{DestOptions}, func(b []byte) { copy(b[42:48], make([]byte, 6)) }, Trouble{}},
		"the first trouble of many": {[]inet.Protocol{HopByHop, DestOptions}, func(b []byte) { b[42], b[50] = 0x9e, 0x9e }, Trouble{Found: true, Code: 2, Pointer: 42}},
	} {
		b := chain(inet.UDP, c.kinds...)
		if c.spoil != nil {
			c.spoil(b)
		}
		if p, err := ParseIPv6(b); err != nil || p.Trouble != c.want {
			t.Errorf("%s: %+v, %v", name, p.Trouble, err)
		}
	}
}

func TestAnIPv6HeaderThatIsNotWholeIsCalledSo(t *testing.T) {
	whole := chain(inet.UDP, HopByHop)
	for n, want := range map[int]error{10: Truncated, 39: Truncated, 41: Truncated, len(whole): nil} {
		if _, err := ParseIPv6(exact(whole[:n])); err != want {
			t.Errorf("%d octets: %v", n, err)
		}
	}
	if _, err := ParseIPv6(append([]byte{0x45}, whole[1:]...)); err != BadVersion {
		t.Error(err)
	}
	whole[41] = 9 // 80 octets of options
	if _, err := ParseIPv6(whole); err != BadExtension {
		t.Error(err)
	}
}

func TestAQuoteOfIPv6NamesItsEndpoints(t *testing.T) {
	s := TCP{SrcPort: 3001, DstPort: 80, Seq: 77, Data: make([]byte, 3000)}
	p := IPv6{Src: addrA6, Dst: addrB6, Proto: inet.TCP, Payload: s.Append(nil, addrA6, addrB6)}
	quote := Quote6(p.Append(nil))
	if len(quote) != 1280-48 { // RFC 4443 §2.4 (c)
		t.Errorf("%d octets are quoted", len(quote))
	}
	q, err := ParseQuoted(quote)
	if err != nil || q.Seq != 77 || q.Src.Port != 3001 || q.Dst.Addr != addrB6 || q.Len != 3060 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestEitherVersionIsReadAlike(t *testing.T) {
	for _, want := range []IP{
		{Src: addrA, Dst: addrB, Proto: inet.TCP, TTL: 9, TOS: 7, ID: 5, DF: true, Header: 24, NextAt: 9,
			Options: []byte{7, 3, 4, 0}, Payload: []byte("x")},
		{Src: addrA6, Dst: addrB6, Proto: inet.TCP, TTL: 9, TOS: 7, Flow: 5, DF: true, Header: 40,
			NextAt: 6, Payload: []byte("x")},
		{Src: addrA6, Dst: addrB6, Proto: inet.TCP, TTL: 9, ID: 5, DF: true, MF: true, FragOff: 8,
			Header: 40, NextAt: 6, Payload: []byte("12345678")},
	} {
		b := want.Append(nil)
		if len(b) != want.Room()+len(want.Payload) {
			t.Errorf("%d octets with %d of room", len(b), want.Room())
		}
		got, err := ParseIP(b)
		if err != nil || !sameIP(got, want) || got.V6() != want.Src.Is6() {
			t.Errorf("%+v came back as %+v, %v", want, got, err)
		}
		src, dst, ok := Addresses(b)
		if !ok || src != want.Src || dst != want.Dst {
			t.Errorf("%v, %v, %v", src, dst, ok)
		}
		DecrementHops(b)
		SetECN(b, 3)
		want.TTL, want.TOS = want.TTL-1, want.TOS|3
		if got, err := ParseIP(b); err != nil || !sameIP(got, want) {
			t.Errorf("changed to %+v, %v", got, err)
		}
		SetECN(b, 2)
		if got, err := ParseIP(b); err != nil || got.TOS&3 != 2 || got.TOS>>2 != want.TOS>>2 {
			t.Errorf("changed to %+v, %v", got, err)
		}
	}
	if _, _, ok := Addresses(make([]byte, 60)); ok {
		t.Error("version 0 has no addresses")
	}
}

func sameIP(a, b IP) bool {
	same := bytes.Equal(a.Payload, b.Payload) && bytes.Equal(a.Options, b.Options) && a.Src == b.Src &&
		a.Dst == b.Dst && a.Proto == b.Proto && a.TTL == b.TTL && a.TOS == b.TOS && a.Flow == b.Flow
	return same && a.ID == b.ID && a.DF == b.DF && a.MF == b.MF && a.FragOff == b.FragOff &&
		a.Header == b.Header && a.NextAt == b.NextAt
}

func TestTheInspectorShowsIPv6(t *testing.T) {
	s := TCP{SrcPort: 1, DstPort: 2, Flags: SYN}
	p := IPv6{Src: addrA6, Dst: addrB6, Proto: inet.TCP, HopLimit: 64, Class: 0x2e<<2 | 1, Flow: 0x12345,
		Payload: s.Append(nil, addrA6, addrB6)}
	quote := ICMPv6{Type: ICMPv6PacketTooBig, MTU: 1280, Data: p.Append(nil)}
	for _, c := range []struct {
		packet []byte
		names  string
		key    string
		value  string
	}{
		{p.Append(nil), "Ethernet IPv6 TCP", "ip6.flow", "74565"},
		{p.Append(nil), "Ethernet IPv6 TCP", "ip.dscp", "46"},
		{p.Append(nil), "Ethernet IPv6 TCP", "ip.ecn", "1"},
		{p.Append(nil), "Ethernet IPv6 TCP", "ip.src", "fd00:77::77"},
		{(&IPv6{Src: addrA6, Dst: addrB6, Proto: inet.ICMPv6, Payload: quote.Append(nil, addrA6, addrB6)}).
			Append(nil), "Ethernet IPv6 ICMPv6 (IPv6) (TCP)", "icmp.mtu", "1280"},
		{chain(inet.UDP, HopByHop, Routing, DestOptions), "Ethernet IPv6 IPv6 hop-by-hop options " +
			"IPv6 routing IPv6 destination options UDP", "udp.dst_port", "9"},
		{(&IPv6{Src: addrA6, Dst: addrB6, Proto: inet.TCP, Fragmented: true, FragOff: 80, ID: 9,
			Payload: []byte("a piece")}).Append(nil), "Ethernet IPv6 IPv6 fragment Data", "ip6.frag.off", "10"},
	} {
		e := Ethernet{Type: EtherTypeIPv6, Payload: c.packet}
		layers := Dissect(e.Append(nil))
		if f := find(layers, c.key); names(layers) != c.names || f.Value != c.value || f.Bad {
			t.Errorf("%s: %s is %+v", names(layers), c.key, f)
		}
		if f := find(layers, "tcp.checksum"); f.Bad {
			t.Errorf("%+v", f)
		}
	}
}
