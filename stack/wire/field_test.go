package wire

import (
	"bytes"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"labserver/stack/inet"
)

// samplePacket is a SYN with options, a datagram or an echo, of either version.
func samplePacket(proto inet.Protocol, six bool) []byte {
	src, dst := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	if six {
		src, dst = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	}
	h := IP{Src: src, Dst: dst, Proto: proto, TTL: 64, TOS: 0xb9, ID: 7, DF: true}
	switch proto {
	case inet.TCP:
		s := TCP{SrcPort: 3001, DstPort: 80, Seq: 1000, Ack: 2000, Flags: SYN | ACK, Wnd: 512, Urg: 3,
			Data: []byte("odd")}
		s.Opts = Options{MSS: 1460, HasWScale: true, WScale: 7, SACKOK: true, HasTS: true, TSVal: 11,
			TSEcr: 12}
		h.Payload = s.Append(nil, src, dst)
	case inet.UDP:
		u := UDP{SrcPort: 53, DstPort: 54, Data: []byte("hello")}
		h.Payload = u.Append(nil, src, dst)
	case inet.ICMP:
		h.Payload = []byte{8, 0, 0, 0, 0, 1, 0, 2}
		put16(h.Payload[2:], Checksum(h.Payload))
	}
	return h.Append(nil)
}

func TestEveryFieldIsFoundWhereItStands(t *testing.T) {
	type want map[string]uint32
	both := want{"ttl": 64, "tos": 0xb9, "ecn": 1}
	ofTCP := want{"sport": 3001, "dport": 80, "seq": 1000, "ack": 2000, "flags": 0x12, "wnd": 512,
		"urg": 3, "mss": 1460, "wscale": 7, "ts_val": 11, "ts_ecr": 12}
	check := func(name string, b []byte, wants ...want) {
		known := want{}
		for _, w := range wants {
			for field, v := range w {
				known[field] = v
				p, ok := Find(b, field)
				if !ok || p.Get(b) != v {
					t.Errorf("%s: %s = %d (%v), want %d", name, field, p.Get(b), ok, v)
				}
			}
		}
		for _, field := range []string{"id", "df", "sport", "seq", "mss", "ts_ecr", "type", "nonsense"} {
			if _, ok := Find(b, field); ok != hasKey(known, field) {
				t.Errorf("%s: %s found: %v", name, field, ok)
			}
		}
	}
	check("SYN", samplePacket(inet.TCP, false), both, want{"id": 7, "df": 1}, ofTCP)
	check("SYN over IPv6", samplePacket(inet.TCP, true), both, ofTCP)
	check("datagram", samplePacket(inet.UDP, false), both, want{"id": 7, "df": 1, "sport": 53, "dport": 54})
	check("echo", samplePacket(inet.ICMP, false), both, want{"id": 7, "df": 1, "type": 8, "code": 0})
	check("rubbish", []byte{0x45, 0, 0})
}

func hasKey(m map[string]uint32, key string) bool { _, ok := m[key]; return ok }

// Whatever is written, right checksums stay right and wrong ones wrong; but for what is
// asked nothing else changes.
func TestMendedKeepsChecksumsAsTheyWere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		proto := rapid.SampledFrom([]inet.Protocol{inet.TCP, inet.UDP, inet.ICMP}).Draw(rt, "proto")
		six := proto != inet.ICMP && rapid.Bool().Draw(rt, "six")
		b := samplePacket(proto, six)
		spoilt := rapid.Bool().Draw(rt, "spoilt")
		if spoilt {
			b[len(b)-1] ^= 0x10
		}
		field := rapid.SampledFrom([]string{"ttl", "tos", "ecn", "sport", "seq", "wnd", "ts_val", "mss",
			"type"}).Draw(rt, "field")
		place, ok := Find(b, field)
		if !ok {
			return
		}
		v := rapid.Uint32Range(0, place.Max()).Draw(rt, "value")
		before := bytes.Clone(b)
		Mended(b, func(b []byte) { place.Put(b, v) })
		if place.Get(b) != v {
			rt.Fatalf("%s is %d, want %d", field, place.Get(b), v)
		}
		h, err := ParseIP(b)
		if err != nil {
			rt.Fatalf("the header of IP: %v", err)
		}
		if sound(&h) == spoilt {
			rt.Fatalf("after writing %s=%d the checksum is right: %v", field, v, !spoilt)
		}
		differs := 0
		for i := range b {
			if b[i] != before[i] {
				differs++
			}
		}
		if differs > place.Size+4 {
			rt.Fatalf("%d octets changed", differs)
		}
	})
}

// sound reports whether the checksum of what IP carries is right.
func sound(h *IP) bool {
	switch h.Proto {
	case inet.TCP:
		_, err := ParseTCP(h.Src, h.Dst, h.Payload)
		return err != BadChecksum
	case inet.UDP:
		_, err := ParseUDP(h.Src, h.Dst, h.Payload)
		return err == nil
	}
	_, err := ParseICMP(h.Payload)
	return err == nil
}

// A datagram over IPv4 without a checksum keeps none (RFC 768).
func TestNoChecksumStaysNone(t *testing.T) {
	b := samplePacket(inet.UDP, false)
	put16(b[26:], 0)
	place, _ := Find(b, "dport")
	if Mended(b, func(b []byte) { place.Put(b, 99) }); be16(b[26:]) != 0 || be16(b[22:]) != 99 {
		t.Errorf("% x", b[20:])
	}
}

// Octets may be anything at all: nothing panics, and what is found lies inside.
func FuzzFind(f *testing.F) {
	f.Add(samplePacket(inet.TCP, false))
	f.Add(samplePacket(inet.TCP, true))
	f.Add(samplePacket(inet.UDP, false))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, field := range []string{"ttl", "tos", "ecn", "id", "df", "sport", "dport", "seq", "flags",
			"urg", "mss", "wscale", "ts_val", "ts_ecr", "type", "code"} {
			if p, ok := Find(b, field); ok {
				p.Put(b, p.Get(b))
			}
		}
		if at, ok := Data(b); ok && at > len(b) {
			t.Fatal("data begins behind the end")
		}
		Mended(b, func(b []byte) {
			if len(b) > 0 {
				b[len(b)/2] ^= 0xff
			}
		})
	})
}
