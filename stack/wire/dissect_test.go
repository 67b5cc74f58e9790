package wire

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"labserver/stack/inet"

	"pgregory.net/rapid"
)

func frameOf(proto inet.Protocol, payload []byte) []byte {
	ip := IPv4{Src: addrA, Dst: addrB, Proto: proto, TTL: 64, DF: true, Payload: payload}
	e := Ethernet{Dst: MAC{2, 0, 0, 0, 0, 2}, Src: MAC{2, 0, 0, 0, 0, 1}, Type: EtherTypeIPv4}
	e.Payload = ip.Append(nil)
	return e.Append(nil)
}

func synFrame() []byte {
	s := TCP{SrcPort: 3001, DstPort: 8081, Seq: 4_294_967_295, Flags: SYN, Wnd: 64240, Opts: Options{
		MSS: 1460, SACKOK: true, HasTS: true, TSVal: 7, HasWScale: true, WScale: 7}}
	return frameOf(inet.TCP, s.Append(nil, addrA, addrB))
}

// find returns the field of the key, at any depth, in the layers that are not quoted.
func find(layers []Layer, key string) Field {
	var in func(fields []Field) Field
	in = func(fields []Field) Field {
		for _, f := range fields {
			if f.Key == key {
				return f
			}
			if g := in(f.Fields); g.Key != "" {
				return g
			}
		}
		return Field{}
	}
	for _, l := range layers {
		if f := in(l.Fields); f.Key != "" && !l.Quoted {
			return f
		}
	}
	return Field{}
}

func names(layers []Layer) string {
	var s []string
	for _, l := range layers {
		if l.Quoted {
			l.Name = "(" + l.Name + ")"
		}
		s = append(s, l.Name)
	}
	return strings.Join(s, " ")
}

func TestASYNIsShownFieldByField(t *testing.T) {
	layers := Dissect(synFrame())
	if got := names(layers); got != "Ethernet IPv4 TCP" {
		t.Fatal(got)
	}
	for _, want := range []Field{
		{Key: "eth.dst", Value: "02:00:00:00:00:02", Off: 0, Len: 6, RFC: "894"},
		{Key: "eth.type", Value: "0x0800 (IPv4)", Off: 12, Len: 2, RFC: "894"},
		{Key: "ip.ihl", Value: "5", Off: 14, Len: 1, Bit: 4, Bits: 4, RFC: "791 §3.1"},
		{Key: "ip.frag_off", Value: "0", Off: 20, Len: 2, Bit: 3, Bits: 13, RFC: "791 §3.1"},
		{Key: "ip.flags.df", Value: "1", Off: 20, Len: 1, Bit: 1, Bits: 1, RFC: "791 §3.1"},
		{Key: "ip.proto", Value: "6 (TCP)", Off: 23, Len: 1, RFC: "791 §3.1"},
		{Key: "ip.src", Value: "77.77.77.77", Off: 26, Len: 4, RFC: "791 §3.1"},
		{Key: "tcp.dst_port", Value: "8081", Off: 36, Len: 2, RFC: "9293 §3.1"},
		{Key: "tcp.seq", Value: "4294967295", Off: 38, Len: 4, RFC: "9293 §3.1"},
		{Key: "tcp.data_offset", Value: "10", Off: 46, Len: 1, Bits: 4, RFC: "9293 §3.1"},
		{Key: "tcp.flags.syn", Value: "1", Off: 47, Len: 1, Bit: 6, Bits: 1, RFC: "9293 §3.1"},
		{Key: "tcp.opt.ts.val", Value: "7", Off: 62, Len: 4, RFC: "7323 §3.2"},
	} {
		got := find(layers, want.Key)
		got.Fields = nil
		if got, want := asJSON(t, got), asJSON(t, want); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
	if f := find(layers, "tcp.flags"); f.Value != "S" || len(f.Fields) != 8 {
		t.Errorf("flags: %+v", f)
	}
}

func asJSON(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tiled reports where the fields' bits leave a gap or overlap between from and to.
func tiled(fields []Field, from, to int) int {
	at := from * 8
	for _, f := range fields {
		bits := f.Bits
		if bits == 0 {
			bits = f.Len * 8
		}
		if f.Off*8+f.Bit != at {
			return at
		}
		at += bits
	}
	if at != to*8 {
		return at
	}
	return -1
}

// TestEveryBitOfAFrameBelongsToOneField is what lets the inspector light the field of
// any octet that is clicked.
func TestEveryBitOfAFrameBelongsToOneField(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, u, m := drawTCP(t), drawUDP(t), drawICMP(t)
		frames := [][]byte{
			frameOf(inet.TCP, s.Append(nil, addrA, addrB)),
			frameOf(inet.UDP, u.Append(nil, addrA, addrB)),
			frameOf(inet.ICMP, m.Append(nil)),
			append(synFrame(), make([]byte, 6)...),
		}
		for _, frame := range frames {
			at := 0
			for _, l := range Dissect(frame) {
				if bit := tiled(l.Fields, at, at+l.Len); l.Off != at || bit >= 0 {
					t.Fatalf("%s at %d, expected %d; bit %d", l.Name, l.Off, at, bit)
				}
				at += l.Len
			}
			if at != len(frame) {
				t.Fatalf("%d of %d octets are shown", at, len(frame))
			}
		}
	})
}

func TestOurOwnFramesHaveNothingBad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, u := drawTCP(t), drawUDP(t)
		echo := ICMP{Type: ICMPEcho, Data: drawData(t)}
		for _, frame := range [][]byte{
			frameOf(inet.TCP, s.Append(nil, addrA, addrB)),
			frameOf(inet.UDP, u.Append(nil, addrA, addrB)),
			frameOf(inet.ICMP, echo.Append(nil)),
		} {
			if b, _ := json.Marshal(Dissect(frame)); strings.Contains(string(b), `"bad"`) {
				t.Fatalf("%s", b)
			}
		}
	})
}

func TestAPortUnreachableShowsThePacketItQuotes(t *testing.T) {
	u := UDP{SrcPort: 4000, DstPort: 9, Data: []byte("hello")}
	ip := IPv4{Src: addrB, Dst: addrA, Proto: inet.UDP, TTL: 1, Payload: u.Append(nil, addrB, addrA)}
	whole := ip.Append(nil)
	for _, quote := range [][]byte{whole, whole[:28]} {
		m := ICMP{Type: ICMPDestUnreachable, Code: ICMPPortUnreachable, Data: quote}
		layers := Dissect(frameOf(inet.ICMP, m.Append(nil)))
		if got := names(layers); !strings.HasPrefix(got, "Ethernet IPv4 ICMP (IPv4) (UDP)") {
			t.Error(got)
		}
		if got := find(layers, "icmp.code").Value; got != "3 (port unreachable)" {
			t.Error(got)
		}
		if s := asJSON(t, layers); strings.Contains(s, `"bad"`) {
			t.Errorf("a quote cut short is nothing bad: %s", s)
		}
	}
}

func TestWhatIsWrongIsMarked(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(b []byte) []byte
		key    string
	}{
		"TCP bit flipped":       {func(b []byte) []byte { b[40] ^= 1; return b }, "tcp.checksum"},
		"IPv4 bit flipped":      {func(b []byte) []byte { b[22] ^= 1; return b }, "ip.checksum"},
		"version 5":             {func(b []byte) []byte { b[14] = 0x55; return b }, "ip.version"},
		"header of 4 words":     {func(b []byte) []byte { b[14] = 0x44; return b }, "ip.ihl"},
		"total too small":       {func(b []byte) []byte { put16(b[16:], 10); return b }, "ip.len"},
		"frame cut":             {func(b []byte) []byte { return b[:60] }, "ip.len"},
		"cut within a field":    {func(b []byte) []byte { return b[:36] }, "ip.len"},
		"cut within sequence":   {func(b []byte) []byte { return b[:40] }, "tcp.seq"},
		"data offset of 2":      {func(b []byte) []byte { b[46] = 0x20; return b }, "tcp.data_offset"},
		"data offset past end":  {func(b []byte) []byte { b[46] = 0xf0; return b }, "tcp.data_offset"},
		"option of length 0":    {func(b []byte) []byte { b[55] = 0; return b }, "tcp.opt.bad"},
		"option list is marked": {func(b []byte) []byte { b[55] = 0; return b }, "tcp.options"},
		"MSS of 3 octets":       {func(b []byte) []byte { b[55] = 3; return b }, "tcp.opt.unknown"},
	} {
		if f := find(Dissect(tc.change(synFrame())), tc.key); !f.Bad {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestAWrongChecksumComesWithTheRightOne(t *testing.T) {
	frame := synFrame()
	right := hex16(be16(frame[50:]))
	put16(frame[50:], 0x1234)
	if f := find(Dissect(frame), "checksum.expected"); f.Value != right {
		t.Errorf("%q, want %q", f.Value, right)
	}
}

func TestFragmentsAreNotTakenForWholeSegments(t *testing.T) {
	s := TCP{Data: make([]byte, 64)}
	ip := IPv4{Src: addrA, Dst: addrB, Proto: inet.TCP, MF: true, Payload: s.Append(nil, addrA, addrB)}
	e := Ethernet{Type: EtherTypeIPv4, Payload: ip.Append(nil)[:20+48]}
	put16(e.Payload[2:], 68)
	e.Payload = mend(e.Payload)
	if layers := Dissect(e.Append(nil)); find(layers, "tcp.checksum").Bad {
		t.Error("the first fragment's checksum covers what is not in it")
	}
	ip.MF, ip.FragOff, ip.Payload = false, 48, s.Data[:16]
	e.Payload = ip.Append(nil)
	if got := names(Dissect(e.Append(nil))); got != "Ethernet IPv4 Data" {
		t.Error("a later fragment:", got)
	}
}

// RFC 768: the length is of the whole datagram, of which a first fragment holds a part.
func TestTheLengthOfADatagramInPiecesIsNotWrong(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		src, dst, etherType := addrA, addrB, EtherTypeIPv4
		if v6 {
			src, dst = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
			etherType = EtherTypeIPv6
		}
		u := UDP{SrcPort: 1, DstPort: 2, Data: make([]byte, 3000)}
		whole := u.Append(nil, src, dst)
		for name, c := range map[string]struct {
			payload []byte
			more    bool
			bad     bool
		}{
			"a first fragment":    {whole[:1400], true, false},
			"a datagram too long": {whole[:1400], false, true},
			"a datagram":          {whole, false, false},
		} {
			p := IP{Src: src, Dst: dst, Proto: inet.UDP, TTL: 9, MF: c.more, ID: 7}
			octets := append(p.AppendHeader(nil, len(c.payload)), c.payload...)
			e := Ethernet{Type: etherType, Payload: octets}
			if got := find(Dissect(e.Append(nil)), "udp.len").Bad; got != c.bad {
				t.Errorf("v6 %v, %s: bad %v", v6, name, got)
			}
		}
	}
}

func FuzzDissect(f *testing.F) {
	f.Add(synFrame())
	f.Add(synFrame()[:50])
	m := ICMP{Type: ICMPTimeExceeded, Data: Quote(synFrame()[14:])}
	f.Add(frameOf(inet.ICMP, m.Append(nil)))
	u := UDP{Data: []byte("hello")}
	f.Add(frameOf(inet.UDP, u.Append(nil, addrA, addrB)))
	e := Ethernet{Type: EtherTypeIPv6, Payload: chain(inet.UDP, HopByHop, Routing, DestOptions)}
	f.Add(e.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = exact(b)
		for _, l := range Dissect(b) {
			checkInside(t, l.Fields, 0, len(b))
		}
	})
}

func checkInside(t *testing.T, fields []Field, from, to int) {
	for _, f := range fields {
		if f.Key == "" || f.Len <= 0 || f.Off < from || f.Off+f.Len > to {
			t.Fatalf("%+v is not within [%d, %d)", f, from, to)
		}
		checkInside(t, f.Fields, f.Off, f.Off+f.Len)
	}
}

// TestEveryFieldHasALabelInEveryLanguage reads the keys out of the sources, so that a
// new field cannot be forgotten.
func TestEveryFieldHasALabelInEveryLanguage(t *testing.T) {
	sources, _ := filepath.Glob("dissect*.go")
	literal := regexp.MustCompile(`"((?:eth|ip|ip6|arp|nd|icmp|udp|tcp|checksum)\.[a-z_.]+|data)"`)
	used := []string{}
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(src), -1) {
			used = append(used, m[1])
		}
	}
	slices.Sort(used)
	used = slices.Compact(used)
	for _, lang := range []string{"en", "ko"} {
		b, err := os.ReadFile("../../web/i18n/fields." + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var labels map[string]string
		if err := json.Unmarshal(b, &labels); err != nil {
			t.Fatal(lang, err)
		}
		for _, key := range used {
			if labels[key] == "" {
				t.Errorf("%s: %s has no label", lang, key)
			}
		}
		for key := range labels {
			if !slices.Contains(used, key) {
				t.Errorf("%s: nothing shows %s", lang, key)
			}
		}
	}
}
