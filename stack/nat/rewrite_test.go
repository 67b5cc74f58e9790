package nat

import (
	"bytes"
	"net/netip"
	"testing"

	"labserver/stack/inet"
	"labserver/stack/wire"

	"pgregory.net/rapid"
)

func endpoint(addr string, port uint16) inet.Endpoint {
	return inet.Endpoint{Addr: netip.MustParseAddr(addr), Port: port}
}

// drawn is an endpoint with any address and port.
func drawn(t *rapid.T, name string) inet.Endpoint {
	a := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, name)
	return inet.Endpoint{Addr: netip.AddrFrom4([4]byte(a)), Port: rapid.Uint16().Draw(t, name+" port")}
}

// build writes a packet of a protocol between two endpoints from scratch.
func build(proto inet.Protocol, src, dst inet.Endpoint, data []byte) []byte {
	h := wire.IP{Src: src.Addr, Dst: dst.Addr, Proto: proto, TTL: 9, ID: 7}
	switch proto {
	case inet.TCP:
		s := wire.TCP{SrcPort: src.Port, DstPort: dst.Port, Seq: 5, Data: data}
		h.Payload = s.Append(nil, src.Addr, dst.Addr)
	case inet.UDP:
		u := wire.UDP{SrcPort: src.Port, DstPort: dst.Port, Data: data}
		h.Payload = u.Append(nil, src.Addr, dst.Addr)
	default:
		m := wire.ICMP{Type: wire.ICMPEcho, ID: src.Port, Seq: 3, Data: data}
		h.Payload = m.Append(nil)
	}
	return h.Append(nil)
}

// What is rewritten with mended checksums is what would be built with the new endpoints.
func TestARewrittenPacketIsAsIfBuiltSo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		proto := rapid.SampledFrom([]inet.Protocol{inet.TCP, inet.UDP, inet.ICMP}).Draw(t, "protocol")
		src, dst := drawn(t, "src"), drawn(t, "dst")
		newSrc, newDst := drawn(t, "new src"), drawn(t, "new dst")
		if proto == inet.ICMP {
			dst.Port, newDst.Port = 0, 0
		}
		data := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "data")
		got := build(proto, src, dst, data)
		Rewrite(got, newSrc, newDst)
		if want := build(proto, newSrc, newDst, data); !bytes.Equal(got, want) {
			t.Fatalf("\ngot  %x\nwant %x", got, want)
		}
	})
}

// RFC 768: a datagram without a checksum has none afterwards, either.
func TestADatagramWithoutAChecksumGetsNone(t *testing.T) {
	p := build(inet.UDP, endpoint("10.0.0.1", 1), endpoint("10.0.0.2", 2), []byte("x"))
	p[26], p[27] = 0, 0
	Rewrite(p, endpoint("192.0.2.1", 7), endpoint("10.0.0.2", 2))
	if p[26] != 0 || p[27] != 0 || p[21] != 7 {
		t.Errorf("% x", p)
	}
	h, err := wire.ParseIP(p)
	if err != nil || h.Src.String() != "192.0.2.1" {
		t.Errorf("%+v %v", h, err)
	}
}

// RFC 768: "If the computed checksum is zero, it is transmitted as all ones."
func TestAChecksumThatComesToZeroIsSentAsOnes(t *testing.T) {
	for port := range 65536 {
		p := build(inet.UDP, endpoint("10.0.0.1", 1), endpoint("10.0.0.2", 2), []byte("xy"))
		Rewrite(p, endpoint("10.0.0.1", uint16(port)), endpoint("10.0.0.2", 2))
		switch sum := int(p[26])<<8 | int(p[27]); sum {
		case 0:
			t.Fatalf("port %d: no checksum at all", port)
		case 0xffff:
			if _, err := wire.ParseUDP(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"),
				p[20:]); err != nil {
				t.Fatalf("port %d: %v", port, err)
			}
			return
		}
	}
	t.Fatal("no port led to a sum of zero: the test tests nothing")
}

// Damage is not mended: a wrong checksum stays wrong by as much.
func TestAWrongChecksumStaysWrong(t *testing.T) {
	p := build(inet.TCP, endpoint("10.0.0.1", 1), endpoint("10.0.0.2", 2), []byte("hello"))
	p[len(p)-1] ^= 4
	Rewrite(p, endpoint("192.0.2.1", 7), endpoint("10.0.0.2", 2))
	h, err := wire.ParseIP(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.ParseTCP(h.Src, h.Dst, h.Payload); err != wire.BadChecksum {
		t.Errorf("%v", err)
	}
}

// RFC 5508 REQ-4: the quoted packet becomes what the inside host sent, whether all of it is
// quoted or the least that RFC 792 allows; every checksum that can be checked is right.
func TestAnErrorIsRewrittenWithItsQuote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		proto := rapid.SampledFrom([]inet.Protocol{inet.TCP, inet.UDP, inet.ICMP}).Draw(t, "protocol")
		inside, outside, remote := drawn(t, "inside"), drawn(t, "outside"), drawn(t, "remote")
		router := drawn(t, "router")
		if proto == inet.ICMP {
			remote.Port = 0
		}
		data := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "data")
		wrap := func(to inet.Endpoint, quoted []byte) []byte {
			m := wire.ICMP{Type: wire.ICMPTimeExceeded, Data: quoted}
			h := wire.IP{Src: router.Addr, Dst: to.Addr, Proto: inet.ICMP, TTL: 9, Payload: m.Append(nil)}
			return h.Append(nil)
		}
		sent, seen := build(proto, inside, remote, data), build(proto, outside, remote, data)
		cut := len(sent)
		if rapid.Bool().Draw(t, "cut short") {
			cut = 28
		}
		got := wrap(outside, seen[:cut])
		RewriteError(got, router, inside, inside, remote)
		if want := wrap(inside, sent[:cut]); !bytes.Equal(got, want) {
			t.Fatalf("\ngot  %x\nwant %x", got, want)
		}
	})
}

func TestAFlowIsReadOffAPacket(t *testing.T) {
	src, dst := endpoint("10.0.0.1", 1000), endpoint("10.0.0.2", 80)
	for _, proto := range []inet.Protocol{inet.TCP, inet.UDP, inet.ICMP} {
		octets := build(proto, src, dst, nil)
		h, _ := wire.ParseIP(octets)
		want := dst
		if proto == inet.ICMP {
			want.Port = 0
		}
		if f, ok := Read(&h); !ok || f.Src != src || f.Dst != want || f.Error {
			t.Errorf("%v: %+v %v", proto, f, ok)
		}
		m := wire.ICMP{Type: wire.ICMPDestUnreachable, Code: 3, Data: octets}
		h = wire.IP{Src: dst.Addr, Dst: src.Addr, Proto: inet.ICMP, Payload: m.Append(nil)}
		if f, ok := Read(&h); !ok || !f.Error || !f.Quoted.OK || f.Quoted.Src != src || f.Quoted.Dst != want {
			t.Errorf("%v quoted: %+v %v", proto, f, ok)
		}
		octets[10] ^= 1 // RFC 5508 REQ-3 (b)
		m.Data = octets
		h.Payload = m.Append(nil)
		if f, ok := Read(&h); !ok || f.Quoted.OK {
			t.Errorf("%v quoted with a damaged header: %+v %v", proto, f, ok)
		}
		h.Payload[len(h.Payload)-1] ^= 1 // (a)
		if _, ok := Read(&h); ok {
			t.Errorf("%v: a damaged error was read", proto)
		}
	}
	h := wire.IP{Src: src.Addr, Dst: dst.Addr, Proto: 89, Payload: make([]byte, 40)}
	if _, ok := Read(&h); ok {
		t.Error("a protocol without ports was read")
	}
}

// No octets make the readers or the writers fall over.
func FuzzTranslate(f *testing.F) {
	a, b := endpoint("10.0.0.1", 1), endpoint("10.0.0.2", 2)
	for _, proto := range []inet.Protocol{inet.TCP, inet.UDP, inet.ICMP} {
		f.Add(build(proto, a, b, []byte("data")))
		m := wire.ICMP{Type: wire.ICMPTimeExceeded, Data: build(proto, a, b, nil)[:28]}
		h := wire.IP{Src: b.Addr, Dst: a.Addr, Proto: inet.ICMP, Payload: m.Append(nil)}
		f.Add(h.Append(nil))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		h, err := wire.ParseIP(octets)
		if err != nil || h.V6() {
			return
		}
		fl, ok := Read(&h)
		switch {
		case !ok:
		case !fl.Error:
			Rewrite(octets, a, b)
		case fl.Quoted.OK:
			RewriteError(octets, a, b, a, b)
		}
		if _, err := wire.ParseIP(octets); err != nil {
			t.Errorf("%x is no packet any more: %v", octets, err)
		}
	})
}
