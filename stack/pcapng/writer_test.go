package pcapng

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"pgregory.net/rapid"
)

// drawText draws what a comment may hold; never empty, since an empty one is not written.
func drawText(t *rapid.T, label string) string {
	return rapid.StringMatching(`[a-z#: →손실]{1,40}`).Draw(t, label)
}

func drawInterfaces(t *rapid.T) []Interface {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Interface {
		i := Interface{Name: drawText(t, "name"), Link: LinkEthernet,
			SnapLen: rapid.Uint32().Draw(t, "snap")}
		if rapid.Bool().Draw(t, "described") {
			i.Description = drawText(t, "description")
		}
		return i
	}), 1, 4).Draw(t, "interfaces")
}

func drawPacket(t *rapid.T, interfaces int) Packet {
	p := Packet{Interface: rapid.IntRange(0, interfaces-1).Draw(t, "interface"),
		TimeNS:    rapid.Int64Range(0, 1<<53-1).Draw(t, "time"),
		Data:      rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "data"),
		Direction: Direction(rapid.IntRange(0, 2).Draw(t, "direction"))}
	p.Length = len(p.Data) + rapid.IntRange(0, 9).Draw(t, "more")
	for range rapid.IntRange(0, 3).Draw(t, "comments") {
		p.Comments = append(p.Comments, drawText(t, "comment"))
	}
	return p
}

// TestAnotherReaderReadsWhatWeWrite gives our files to pcapgo, which shares no code with us.
func TestAnotherReaderReadsWhatWeWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ifs := drawInterfaces(t)
		b := AppendSection(nil, Section{Hardware: "virtual", OS: "none", Application: "labserver"})
		for _, i := range ifs {
			b = AppendInterface(b, i)
		}
		var packets []Packet
		for range rapid.IntRange(1, 10).Draw(t, "packets") {
			packets = append(packets, drawPacket(t, len(ifs)))
			b = AppendPacket(b, packets[len(packets)-1])
		}
		r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range packets {
			samePacket(t, r, want)
		}
		if _, _, err := r.ReadPacketData(); err == nil {
			t.Error("a packet more than was written")
		}
		s := r.SectionInfo()
		if s.Hardware != "virtual" || s.OS != "none" || s.Application != "labserver" {
			t.Errorf("section: %+v", s)
		}
		for n, want := range ifs {
			got, err := r.Interface(n)
			if err != nil || got.Name != want.Name || got.Description != want.Description ||
				got.LinkType != layers.LinkTypeEthernet || got.TimestampResolution != 9 ||
				got.SnapLength != want.SnapLen {
				t.Errorf("interface %d: %+v, want %+v (%v)", n, got, want, err)
			}
		}
	})
}

func samePacket(t *rapid.T, r *pcapgo.NgReader, want Packet) {
	data, ci, opts, err := r.ReadPacketDataWithOptions()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, want.Data) || ci.InterfaceIndex != want.Interface ||
		ci.Length != want.Length || ci.CaptureLength != len(want.Data) ||
		ci.Timestamp.UnixNano() != want.TimeNS {
		t.Fatalf("got %x %+v, want %+v", data, ci, want)
	}
	if got := strings.Join(opts.Comments, "\n"); got != strings.Join(want.Comments, "\n") {
		t.Fatalf("comments %q, want %q", got, want.Comments)
	}
	if (opts.Flags == nil) != (want.Direction == Unknown) ||
		opts.Flags != nil && Direction(opts.Flags.Direction) != want.Direction {
		t.Fatalf("flags %+v, want direction %d", opts.Flags, want.Direction)
	}
}

func TestACommentThatIsTooLongIsCutBetweenTwoCharacters(t *testing.T) {
	b := AppendSection(nil, Section{})
	b = AppendInterface(b, Interface{Link: LinkEthernet})
	b = AppendPacket(b, Packet{Comments: []string{strings.Repeat("가", 30_000)}})
	r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, opts, err := r.ReadPacketDataWithOptions()
	if err != nil || len(opts.Comments) != 1 {
		t.Fatal(opts, err)
	}
	if c := opts.Comments[0]; len(c) != 65535/3*3 || !utf8.ValidString(c) {
		t.Errorf("%d octets, valid: %v", len(c), utf8.ValidString(c))
	}
}

func TestABlockSaysItsLengthAtBothEnds(t *testing.T) {
	for _, b := range [][]byte{AppendSection(nil, Section{OS: "x"}),
		AppendInterface(nil, Interface{Name: "eth"}), AppendPacket(nil, Packet{Data: make([]byte, 5)})} {
		n := byte(len(b))
		if len(b)%4 != 0 || b[4] != n || b[len(b)-4] != n {
			t.Errorf("% x", b)
		}
	}
}

func BenchmarkAppendPacket(b *testing.B) {
	p := Packet{Data: make([]byte, 1514), Length: 1514, Direction: Outbound,
		Comments: []string{"#123 segment.sent rfc6298:5.4 — the timer ran out (#120)"}}
	var buf []byte
	b.SetBytes(int64(len(AppendPacket(nil, p))))
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendPacket(buf[:0], p)
	}
}
