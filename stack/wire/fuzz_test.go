package wire

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"labserver/stack/inet"
	"labserver/stack/seq"
)

// What every parser promises, over any octets: no panic, no look outside its input,
// and what it took without complaint survives being written and read again.

// inside reports whether part lies within whole.
func inside(whole, part []byte) bool {
	if len(part) == 0 {
		return true
	}
	for i := range whole {
		if &whole[i] == &part[0] {
			return i+len(part) <= len(whole)
		}
	}
	return false
}

// exact copies b so that nothing readable lies behind it.
func exact(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }

func FuzzParseTCP(f *testing.F) {
	syn := TCP{SrcPort: 3001, DstPort: 8081, Flags: SYN, Wnd: 64240, Opts: Options{
		MSS: 1460, SACKOK: true, HasTS: true, TSVal: 1, HasWScale: true, WScale: 7}}
	sack := TCP{Flags: ACK, Opts: Options{HasTS: true, NSACK: 3}, Data: []byte("hello")}
	f.Add(syn.Append(nil, addrA, addrB), false)
	f.Add(sack.Append(nil, addrA, addrB), false)
	f.Add(withOptions(253, 0), true)
	f.Fuzz(func(t *testing.T, b []byte, mendChecksum bool) {
		b = exact(b)
		if mendChecksum && len(b) >= TCPHeaderLen { // or hardly anything gets past it
			put16(b[16:], 0)
			put16(b[16:], ^fold(sum(pseudo(addrA, addrB, inet.TCP, len(b)), b)))
		}
		s, err := ParseTCP(addrA, addrB, b)
		if !inside(b, s.Data) || len(s.Opts.Unknown) > maxOpts/2 {
			t.Fatalf("%+v", s)
		}
		if err != nil {
			return
		}
		s.Opts.Unknown = nil
		back, err := ParseTCP(addrA, addrB, s.Append(nil, addrA, addrB))
		if err != nil || back.Seq != s.Seq || back.Flags != s.Flags || !bytes.Equal(back.Data, s.Data) {
			t.Fatalf("%+v came back as %+v, %v", s, back, err)
		}
	})
}

func FuzzParseIPv4(f *testing.F) {
	f.Add(packetOf("hello"))
	f.Add(packetOf("hello")[:22])
	f.Fuzz(func(t *testing.T, b []byte) {
		b = exact(b)
		p, err := ParseIPv4(b)
		if !inside(b, p.Payload) {
			t.Fatalf("%+v", p)
		}
		if err != nil {
			return
		}
		back, err := ParseIPv4(p.Append(nil))
		if err != nil || back.Src != p.Src || back.FragOff != p.FragOff ||
			!bytes.Equal(back.Payload, p.Payload) {
			t.Fatalf("%+v came back as %+v, %v", p, back, err)
		}
		if p.TTL > 0 {
			DecrementTTL(b)
			if again, err := ParseIPv4(b); err != nil || again.TTL != p.TTL-1 {
				t.Fatalf("after the TTL went down: %+v, %v", again, err)
			}
		}
	})
}

func FuzzParseUDP(f *testing.F) {
	u := UDP{SrcPort: 3001, DstPort: 8081, Data: []byte("hello")}
	f.Add(u.Append(nil, addrA, addrB))
	_, zero := zeroSum()
	f.Add(zero)
	f.Fuzz(func(t *testing.T, b []byte) {
		b = exact(b)
		u, err := ParseUDP(addrA, addrB, b)
		if !inside(b, u.Data) {
			t.Fatalf("%+v", u)
		}
		if err != nil {
			return
		}
		if back, err := ParseUDP(addrA, addrB, u.Append(nil, addrA, addrB)); err != nil ||
			back.NoChecksum != u.NoChecksum || !bytes.Equal(back.Data, u.Data) {
			t.Fatalf("%+v came back as %+v, %v", u, back, err)
		}
	})
}

func FuzzParseICMP(f *testing.F) {
	m := ICMP{Type: ICMPDestUnreachable, Code: ICMPPortUnreachable, Data: Quote(packetOf("hello, B"))}
	f.Add(m.Append(nil))
	m = ICMP{Type: ICMPEcho, ID: 1, Seq: 1}
	f.Add(m.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = exact(b)
		m, err := ParseICMP(b)
		if !inside(b, m.Data) || m.Name() == "" {
			t.Fatalf("%+v", m)
		}
		if q, qerr := ParseQuoted(m.Data); qerr == nil && !q.Src.Addr.IsValid() {
			t.Fatalf("a quote without addresses: %+v", q)
		}
		if err != nil {
			return
		}
		back, err := ParseICMP(m.Append(nil))
		if err != nil || back.ID != m.ID || back.MTU != m.MTU || !bytes.Equal(back.Data, m.Data) {
			t.Fatalf("%+v came back as %+v, %v", m, back, err)
		}
	})
}

func FuzzParseIPv6(f *testing.F) {
	p := IPv6{Src: addrA6, Dst: addrB6, Proto: inet.UDP, Payload: []byte("hello, B")}
	f.Add(p.Append(nil))
	p.Fragmented, p.MF, p.ID = true, true, 7
	f.Add(p.Append(nil))
	f.Add(chain(inet.UDP, HopByHop, DestOptions, Routing, DestOptions))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = exact(b)
		p, err := ParseIPv6(b)
		if !inside(b, p.Payload) || p.Unfragmentable > len(b) || p.NextAt > len(b) ||
			p.Trouble.Pointer > len(b) {
			t.Fatalf("%+v", p)
		}
		if err != nil {
			return
		}
		back, err := ParseIPv6(p.Append(nil))
		if isExtension(p.Proto) { // out of its order: written alone it is read as what it is
			return
		}
		if err != nil || back.Src != p.Src || back.FragOff != p.FragOff || back.Flow != p.Flow ||
			!bytes.Equal(back.Payload, p.Payload) {
			t.Fatalf("%+v came back as %+v, %v", p, back, err)
		}
	})
}

func FuzzParseICMPv6(f *testing.F) {
	m := ICMPv6{Type: ICMPv6PacketTooBig, MTU: 1280, Data: []byte("what was too big")}
	f.Add(m.Append(nil, addrA6, addrB6))
	m = ICMPv6{Type: ICMPv6Echo, ID: 1, Seq: 1}
	f.Add(m.Append(nil, addrA6, addrB6))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = exact(b)
		m, err := ParseICMPv6(addrA6, addrB6, b)
		if !inside(b, m.Data) || m.Name() == "" {
			t.Fatalf("%+v", m)
		}
		if err != nil {
			return
		}
		back, err := ParseICMPv6(addrA6, addrB6, m.Append(nil, addrA6, addrB6))
		if err != nil || back.ID != m.ID || back.MTU != m.MTU || !bytes.Equal(back.Data, m.Data) {
			t.Fatalf("%+v came back as %+v, %v", m, back, err)
		}
	})
}

func FuzzParseEthernet(f *testing.F) {
	e := Ethernet{Type: EtherTypeIPv4, Payload: packetOf("hello")}
	f.Add(e.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = exact(b)
		e, err := ParseEthernet(b)
		if err == nil && !bytes.Equal(e.Append(nil), b) {
			t.Fatalf("%+v", e)
		}
	})
}

// FuzzOptions reads the option octets of a header and writes what they mean in each
// layout, which reads as the same again.
func FuzzOptions(f *testing.F) {
	for _, o := range []Options{
		{MSS: 1460, SACKOK: true, HasTS: true, TSVal: 1, HasWScale: true, WScale: 7},
		{HasTS: true, TSVal: 9, TSEcr: 8, NSACK: 3, SACK: [4][2]seq.Num{{1, 2}, {5, 6}, {9, 1 << 31}}},
		{MSS: 536, FO: true, Cookie: []byte("12345678")},
		{FO: true, FOExp: true, Layout: LayoutFreeBSD},
	} {
		f.Add(o.append(nil))
	}
	f.Add([]byte{2, 4, 0, 0, 2, 4, 5, 180, 3, 2, 253, 4, 1, 2, 0, 9})
	f.Add([]byte{5, 34, 19: 1, 39: 7})
	f.Fuzz(func(t *testing.T, b []byte) {
		b = exact(b[:min(len(b), maxOpts)])
		var o Options
		if _ = o.parse(b); !inside(b, o.Cookie) || o.NSACK > len(o.SACK) {
			t.Fatalf("%+v", o)
		}
		o.Unknown = nil
		for _, layout := range []Layout{LayoutLinux, LayoutFreeBSD} {
			o.Layout = layout
			written := o.append(nil)
			if len(written) > maxOpts || len(written)%4 != 0 || len(written) != o.Len() {
				t.Fatalf("%+v has %d octets, Len is %d", o, len(written), o.Len())
			}
			want, got := o.asRead(), Options{}
			if err := got.parse(written); err != nil || len(got.Unknown) > 0 {
				t.Fatalf("% x reads as %+v, %v", written, got, err)
			}
			// SACK goes last, as many blocks as fit.
			shown := got.Blocks()
			want.NSACK, want.SACK = got.NSACK, got.SACK
			if len(shown) > o.NSACK || !slices.Equal(shown, o.SACK[:len(shown)]) ||
				o.NSACK > 0 && len(shown) == 0 && len(written) <= maxOpts-lenBlock-4 ||
				!reflect.DeepEqual(got, want) {
				t.Fatalf("%+v came back as %+v", o, got)
			}
		}
	})
}
