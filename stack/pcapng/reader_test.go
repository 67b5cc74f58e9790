package pcapng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// appender is an order of octets that can write, too; encoding/binary has two.
type appender interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func orders() map[string]appender {
	return map[string]appender{"little": binary.LittleEndian, "big": binary.BigEndian}
}

// forged adds a block with a body of its own making.
func forged(b []byte, o appender, t BlockType, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	n := uint32(len(body) + 12)
	b = o.AppendUint32(o.AppendUint32(b, uint32(t)), n)
	return o.AppendUint32(append(b, body...), n)
}

func forgedSection(o appender) []byte {
	body := o.AppendUint32(nil, ByteOrderMagic)
	body = o.AppendUint16(o.AppendUint16(body, Major), Minor)
	return forged(nil, o, BlockSection, o.AppendUint64(body, 1<<64-1))
}

// forgedOption is one option, padded; forgedInterface has Ethernet and those given.
func forgedOption(o appender, code uint16, v ...byte) []byte {
	return pad(append(o.AppendUint16(o.AppendUint16(nil, code), uint16(len(v))), v...), len(v))
}

func forgedInterface(o appender, snap uint32, options ...[]byte) []byte {
	body := o.AppendUint32(o.AppendUint32(nil, uint32(LinkEthernet)), snap)
	if o == binary.BigEndian {
		body = o.AppendUint32(o.AppendUint32(nil, uint32(LinkEthernet)<<16), snap)
	}
	return append(body, bytes.Join(options, nil)...)
}

func forgedPacket(o appender, iface uint32, ticks uint64, length int, data string) []byte {
	body := o.AppendUint32(nil, iface)
	body = o.AppendUint32(o.AppendUint32(body, uint32(ticks>>32)), uint32(ticks))
	body = o.AppendUint32(o.AppendUint32(body, uint32(len(data))), uint32(length))
	return append(body, data...)
}

func TestWhatWeWriteIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ifs := drawInterfaces(t)
		b := AppendSection(nil, Section{Application: "labserver"})
		for _, i := range ifs {
			b = AppendInterface(b, i)
		}
		var want []Packet
		for range rapid.IntRange(0, 10).Draw(t, "packets") {
			want = append(want, drawPacket(t, len(ifs)))
			b = AppendPacket(b, want[len(want)-1])
		}
		got, err := Read(b, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Format != "pcapng" || len(got.Interfaces) != len(ifs) || len(got.Packets) != len(want) {
			t.Fatalf("read %s, %d interfaces, %d packets", got.Format, len(got.Interfaces),
				len(got.Packets))
		}
		for i := range want {
			g := got.Packets[i]
			same := bytes.Equal(g.Data, want[i].Data)
			g.Data, want[i].Data = nil, nil
			if !same || !reflect.DeepEqual(g, want[i]) {
				t.Errorf("packet %d: %+v, want %+v", i, g, want[i])
			}
		}
	})
}

func TestBothOrdersOfOctetsAndAllBlocksOfPacketsAreRead(t *testing.T) {
	for name, o := range orders() {
		b := forgedSection(o)
		b = forged(b, o, BlockStatistics, make([]byte, 12))
		b = forged(b, o, 0x40000bad, []byte("a custom block"))
		b = forged(b, o, BlockInterface, forgedInterface(o, 6))
		b = forged(b, o, BlockPacket, forgedPacket(o, 0, 1_500_000, 9, "enhance"))
		b = forged(b, o, BlockSimple, append(o.AppendUint32(nil, 8), "simple"...))
		old := forgedPacket(o, 0, 2_000_000, 3, "old")
		if o == binary.BigEndian {
			old[0], old[1], old[2], old[3] = 0, 0, 0xff, 0xff // the number of drops
		} else {
			old[2], old[3] = 0xff, 0xff
		}
		b = forged(b, o, BlockOldPacket, old)
		f, err := Read(b, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := []Packet{
			{TimeNS: 1_500_000_000, Data: []byte("enhance"), Length: 9},
			{TimeNS: 1_500_000_000, Data: []byte("simple"), Length: 8},
			{TimeNS: 2_000_000_000, Data: []byte("old"), Length: 3},
		}
		if !reflect.DeepEqual(f.Packets, want) {
			t.Errorf("%s: %+v", name, f.Packets)
		}
	}
}

func TestTimeStampsCountInTheInterfacesUnitFromItsOffset(t *testing.T) {
	o := binary.LittleEndian
	for _, c := range []struct {
		options [][]byte
		ticks   uint64
		want    int64
	}{
		{nil, 5, 5000},
		{[][]byte{forgedOption(o, OptInterfaceResolution, 9)}, 5, 5},
		{[][]byte{forgedOption(o, OptInterfaceResolution, 0)}, 5, 5_000_000_000},
		{[][]byte{forgedOption(o, OptInterfaceResolution, 12)}, 5999, 5},
		{[][]byte{forgedOption(o, OptInterfaceResolution, 0x80+10)}, 1536, 1_500_000_000},
		{[][]byte{forgedOption(o, OptInterfaceResolution, 9),
			forgedOption(o, OptInterfaceOffset, 2, 0, 0, 0, 0, 0, 0, 0)}, 7, 2_000_000_007},
		{[][]byte{forgedOption(o, OptInterfaceOffset, 255, 255, 255, 255, 255, 255, 255, 255)},
			3_000_000, 2_000_000_000},
	} {
		b := forged(forgedSection(o), o, BlockInterface, forgedInterface(o, 0, c.options...))
		f, err := Read(forged(b, o, BlockPacket, forgedPacket(o, 0, c.ticks, 0, "")), Limits{})
		if err != nil || f.Packets[0].TimeNS != c.want {
			t.Errorf("%v: %v, %v; want %d ns", c.options, f.Packets, err, c.want)
		}
	}
}

func TestEachSectionNumbersItsInterfacesAnew(t *testing.T) {
	little, big := binary.LittleEndian, binary.BigEndian
	b := forged(forgedSection(little), little, BlockInterface, forgedInterface(little, 0))
	b = append(b, forgedSection(big)...)
	b = forged(b, big, BlockInterface, forgedInterface(big, 0))
	f, err := Read(forged(b, big, BlockPacket, forgedPacket(big, 0, 1, 1, "x")), Limits{})
	if err != nil || len(f.Interfaces) != 2 || f.Packets[0].Interface != 1 {
		t.Errorf("%+v, %v", f, err)
	}
}

// classic writes a pcap file of one record.
func classic(o appender, magic uint32, have uint32, data string) []byte {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(o.AppendUint16(b, 2), 4)
	b = append(b, make([]byte, 8)...)
	b = o.AppendUint32(o.AppendUint32(b, 65535), 0x04000000|uint32(LinkRaw))
	b = o.AppendUint32(o.AppendUint32(b, 10), 20)
	return append(o.AppendUint32(o.AppendUint32(b, have), 99), data...)
}

func TestClassicPcapIsReadInBothUnitsAndOrders(t *testing.T) {
	for name, o := range orders() {
		for magic, want := range map[uint32]int64{pcapMicros: 10_000_020_000, pcapNanos: 10_000_000_020} {
			f, err := Read(classic(o, magic, 4, "data"), Limits{})
			if err != nil || f.Format != "pcap" || f.Interfaces[0].Link != LinkRaw {
				t.Fatalf("%s: %+v, %v", name, f, err)
			}
			if p := f.Packets[0]; p.TimeNS != want || string(p.Data) != "data" || p.Length != 99 {
				t.Errorf("%s %x: %+v", name, magic, p)
			}
		}
	}
}

// TestBadFilesAreRefusedInOneLine goes through what can be wrong with a file. Each error
// says which block, where, and what.
func TestBadFilesAreRefusedInOneLine(t *testing.T) {
	o := binary.LittleEndian
	head := forged(forgedSection(o), o, BlockInterface, forgedInterface(o, 0))
	packet := forged(nil, o, BlockPacket, forgedPacket(o, 0, 1, 4, "data"))
	whole := append(bytes.Clone(head), packet...)
	edit := func(at int, v uint32) []byte {
		b := bytes.Clone(whole)
		o.PutUint32(b[at:], v)
		return b
	}
	third := len(head)
	for _, c := range []struct {
		name   string
		file   []byte
		limits Limits
		code   string
		says   string
	}{
		{"empty", nil, Limits{}, CodeTruncated, "0 octets, too few"},
		{"text", []byte("GET / HTTP/1.1\r\n"), Limits{}, CodeNoCapture, "begins with 47455420"},
		{"gzip", []byte{0x1f, 0x8b, 8, 0, 0}, Limits{}, CodeNoCapture, "unpack it first"},
		{"other magic", edit(8, 0x11223344), Limits{}, CodeBadValue, "pcapng block 1 at offset 0"},
		{"version", edit(12, 2), Limits{}, CodeBadValue, "version 2"},
		{"cut in a block", whole[:len(whole)-5], Limits{}, CodeTruncated,
			"pcapng block 3 at offset 48: a length of 36 octets, and the file ends after 31"},
		{"cut in a header", append(bytes.Clone(whole), 6, 0, 0, 0), Limits{}, CodeTruncated,
			"block 4 at offset 84: 4 octets are left"},
		{"huge", edit(third+4, 0xfffffffc), Limits{}, CodeTooLarge, "4294967292 octets; at most"},
		{"tiny", edit(third+4, 8), Limits{}, CodeBadLength, "a length of 8"},
		{"odd", edit(third+4, 35), Limits{}, CodeBadLength, "a length of 35"},
		{"two lengths", edit(len(whole)-4, 40), Limits{}, CodeBadLength, "36 in front and 40 behind"},
		{"captured", edit(third+20, 0xffffffff), Limits{}, CodeBadLength,
			"4294967295 octets captured, and the block has room for 4"},
		{"interface", edit(third+8, 7), Limits{}, CodeBadValue, "interface 7"},
		{"time", edit(third+12, 0xffffffff), Limits{}, CodeBadValue, "a time stamp of"},
		{"short packet", forged(head, o, BlockPacket, make([]byte, 16)), Limits{}, CodeBadLength,
			"an Enhanced Packet too short"},
		{"short simple", forged(head, o, BlockSimple, nil), Limits{}, CodeBadLength, "a Simple"},
		{"short old", forged(head, o, BlockOldPacket, nil), Limits{}, CodeBadLength, "a Packet too"},
		{"short interface", forged(head, o, BlockInterface, make([]byte, 4)), Limits{}, CodeBadLength,
			"an Interface"},
		{"short section", forged(nil, o, BlockSection, forgedSection(o)[8:16]), Limits{},
			CodeBadLength, "a Section Header"},
		{"no interface", append(forgedSection(o), packet...), Limits{}, CodeBadValue, "described 0"},
		{"option", forged(forgedSection(o), o, BlockInterface, forgedInterface(o, 0,
			[]byte{2, 0, 200, 0})), Limits{}, CodeBadLength, "option 2 has 200 octets"},
		{"resolution", forged(forgedSection(o), o, BlockInterface, forgedInterface(o, 0,
			forgedOption(o, OptInterfaceResolution, 77))), Limits{}, CodeBadValue, "if_tsresol"},
		{"file limit", whole, Limits{File: 80}, CodeTooLarge, "more than 80 octets"},
		{"packet limit", append(bytes.Clone(whole), packet...), Limits{Packets: 1}, CodeTooLarge,
			"more than 1 packets"},
		{"interface limit", whole, Limits{Interfaces: 1, Block: 35}, CodeTooLarge, "at most 35"},
		{"interfaces", forged(head, o, BlockInterface, forgedInterface(o, 0)),
			Limits{Interfaces: 1}, CodeTooLarge, "more than 1 interfaces"},
		{"pcap header", classic(o, pcapMicros, 4, "data")[:20], Limits{}, CodeTruncated,
			"within its header"},
		{"pcap record", classic(o, pcapMicros, 4, "data")[:30], Limits{}, CodeTruncated,
			"pcap record 1 at offset 24: 6 octets are left"},
		{"pcap data", classic(o, pcapMicros, 5, "data"), Limits{}, CodeTruncated, "ends after 4"},
		{"pcap huge", classic(o, pcapMicros, 1<<31, "data"), Limits{}, CodeTooLarge, "at most"},
	} {
		f, err := Read(c.file, c.limits)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: read as %+v", c.name, f)
			continue
		}
		if e.Code != c.code || !strings.Contains(e.Error(), c.says) ||
			strings.Contains(e.Error(), "\n") || f.Packets != nil {
			t.Errorf("%s: %s %q, want %s …%s…", c.name, e.Code, e, c.code, c.says)
		}
	}
}

// TestReadingTakesNoMoreMemoryThanTheFileIsLong feeds lengths that promise gigabytes.
func TestReadingTakesNoMoreMemoryThanTheFileIsLong(t *testing.T) {
	o := binary.LittleEndian
	b := forged(forgedSection(o), o, BlockInterface, forgedInterface(o, 0))
	for range 1000 {
		b = forged(b, o, BlockPacket, forgedPacket(o, 0, 1, 1<<31-1, "data"))
	}
	r := testing.Benchmark(func(b2 *testing.B) {
		b2.ReportAllocs()
		for range b2.N {
			if _, err := Read(b, Limits{}); err != nil {
				b2.Fatal(err)
			}
		}
	})
	if per := r.AllocedBytesPerOp() / 1000; per > 400 {
		t.Errorf("%d octets of memory for a packet of 4 octets", per)
	}
}

func FuzzRead(f *testing.F) {
	for _, o := range orders() {
		b := forged(forgedSection(o), o, BlockInterface, forgedInterface(o, 0,
			forgedOption(o, OptInterfaceResolution, 9), forgedOption(o, OptInterfaceName, 'e')))
		b = forged(b, o, BlockPacket, forgedPacket(o, 0, 1, 4, "data"))
		f.Add(forged(b, o, BlockSimple, append(o.AppendUint32(nil, 8), "simple"...)))
		f.Add(classic(o, pcapNanos, 4, "data"))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := Read(file, Limits{Packets: 100})
		var e *Error
		if err != nil && (!errors.As(err, &e) || strings.ContainsAny(e.Error(), "\n\r")) {
			t.Fatalf("an error that is not one line of ours: %q", err)
		}
		octets := 0
		for _, p := range got.Packets {
			octets += len(p.Data)
			if p.Interface >= len(got.Interfaces) || p.Length < len(p.Data) {
				t.Fatalf("a packet that cannot be: %+v", p)
			}
		}
		if octets > len(file) || len(got.Packets) > 100 {
			t.Fatalf("%d octets of %d packets out of a file of %d", octets, len(got.Packets), len(file))
		}
	})
}
