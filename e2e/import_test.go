package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"labserver/stack/inet"
	"labserver/stack/pcapng"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// webTalk is what a capture beside a laptop saw of one page of the Web: a handshake 24 ms
// long, a request, three segments of an answer of which one had to be sent again, and
// both FINs. The server's packets came over nine routers.
type webTalk struct {
	now     time.Duration
	id      uint32
	packets []seen
}

type seen struct {
	at     time.Duration
	octets []byte // an Ethernet frame
}

const (
	laptop = "192.168.0.23"
	server = "203.0.113.80"
)

func (c *webTalk) segment(after time.Duration, out bool, s wire.TCP) {
	c.now += after
	c.id++
	src, dst, ttl := netip.MustParseAddr(laptop), netip.MustParseAddr(server), uint8(64)
	s.SrcPort, s.DstPort, s.Wnd = 51514, 80, 502
	f := wire.Ethernet{Src: wire.MAC{0x3c, 7, 0x54, 1, 2, 3}, Dst: wire.MAC{0xa4, 0x91, 0xb1, 9, 8, 7},
		Type: wire.EtherTypeIPv4}
	if !out {
		src, dst, ttl = dst, src, 64-9
		s.SrcPort, s.DstPort, s.Wnd = 80, 51514, 509
		f.Src, f.Dst = f.Dst, f.Src
	}
	p := wire.IP{Src: src, Dst: dst, Proto: inet.TCP, TTL: ttl, ID: c.id, DF: true,
		Payload: s.Append(nil, src, dst)}
	f.Payload = p.Append(nil)
	c.packets = append(c.packets, seen{c.now, f.Append(nil)})
}

// aPageOfTheWeb is the whole talk.
func aPageOfTheWeb() []seen {
	const ms = time.Millisecond
	c := &webTalk{id: 4000}
	syn := wire.Options{MSS: 1460, SACKOK: true, HasWScale: true, WScale: 7}
	answer := bytes.Repeat([]byte("<p>hello</p>"), 100)
	request := []byte("GET / HTTP/1.1\r\nHost: example.net\r\n\r\n")
	sack := wire.Options{NSACK: 1}
	sack.SACK[0] = [2]seq.Num{9001 + 1200, 9001 + 2400}
	c.segment(0, true, wire.TCP{Seq: 1000, Flags: wire.SYN, Opts: syn})
	c.segment(24*ms, false, wire.TCP{Seq: 9000, Ack: 1001, Flags: wire.SYN | wire.ACK, Opts: syn})
	c.segment(ms/10, true, wire.TCP{Seq: 1001, Ack: 9001, Flags: wire.ACK})
	c.segment(ms, true, wire.TCP{Seq: 1001, Ack: 9001, Flags: wire.PSH | wire.ACK, Data: request})
	next := seq.Num(1001 + len(request))
	c.segment(25*ms, false, wire.TCP{Seq: 9001, Ack: next, Flags: wire.ACK})
	c.segment(3*ms, false, wire.TCP{Seq: 10201, Ack: next, Flags: wire.ACK, Data: answer})
	c.segment(ms/10, true, wire.TCP{Seq: next, Ack: 9001, Flags: wire.ACK, Opts: sack})
	c.segment(40*ms, false, wire.TCP{Seq: 9001, Ack: next, Flags: wire.ACK, Data: answer})
	c.segment(ms/10, true, wire.TCP{Seq: next, Ack: 11401, Flags: wire.ACK})
	c.segment(2*ms, false, wire.TCP{Seq: 11401, Ack: next, Flags: wire.FIN | wire.PSH | wire.ACK,
		Data: answer[:600]})
	c.segment(ms/10, true, wire.TCP{Seq: next, Ack: 12002, Flags: wire.ACK})
	c.segment(5*ms, true, wire.TCP{Seq: next, Ack: 12002, Flags: wire.FIN | wire.ACK})
	c.segment(24*ms, false, wire.TCP{Seq: 12002, Ack: next + 1, Flags: wire.ACK})
	return c.packets
}

// ourBytes is the talk as our own writer has it.
func ourBytes() []byte {
	file := pcapng.AppendSection(nil, pcapng.Section{Application: "test"})
	file = pcapng.AppendInterface(file, pcapng.Interface{Name: "en0", Link: pcapng.LinkEthernet})
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).UnixNano()
	for _, p := range aPageOfTheWeb() {
		file = pcapng.AppendPacket(file, pcapng.Packet{TimeNS: start + int64(p.at), Data: p.octets})
	}
	return file
}

// dumpcapBytes is the talk as dumpcap writes it: by gopacket, which shares no code with
// us, with options in every block and counters behind the packets.
func dumpcapBytes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	iface := pcapgo.NgInterface{Name: "en0", LinkType: layers.LinkTypeEthernet, SnapLength: 262144,
		OS: "Linux 6.1", Filter: "tcp", TimestampResolution: 9}
	w, err := pcapgo.NewNgWriterInterface(&b, iface, pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{
		Hardware: "Intel", OS: "Linux 6.1", Application: "Dumpcap (Wireshark) 4.0.17"}})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for _, p := range aPageOfTheWeb() {
		at := start.Add(p.at)
		err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(p.octets),
			Length: len(p.octets)}, p.octets)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteInterfaceStats(0, pcapgo.NgInterfaceStatistics{PacketsReceived: 13}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// drop puts a file into the form, as dropping it on the field does, and sends it.
func (p *Page) drop(name string, octets []byte) {
	p.t.Helper()
	p.JS(`(() => {
		const octets = Uint8Array.from(atob("` + base64.StdEncoding.EncodeToString(octets) + `"),
			(c) => c.charCodeAt(0));
		const files = new DataTransfer();
		files.items.add(new File([octets], "` + name + `"));
		document.querySelector("#file").files = files.files;
		return "";
	})()`)
	p.Click(`form[action="/import"] button[type="submit"]`)
}

// A capture from outside opens: its packets on the ladder, its connections in the table,
// both ends' states; and nothing in it can be changed.
func TestACaptureOfARealNetworkOpensReadOnly(t *testing.T) {
	s := Serve(t)
	for name, octets := range map[string][]byte{
		"page.pcapng": ourBytes(), "dumpcap.pcapng": dumpcapBytes(t),
	} {
		p := Open(t, s.URL, "/labs?lang=en")
		p.Click("a >> Open a capture")
		p.Expect("h1 >> Open a capture")
		p.drop(name, octets)
		b := bench{p}
		b.online()
		b.Expect("h1 >> " + name)
		b.Expect(`#bench-status .ls-tag >> inferred`)
		b.Expect(".ls-callout >> not a run of our stack")
		b.Expect(`.ls-ladder-box[aria-label^="Ladder of 13 packets"]`)
		b.choose(laptop)
		b.Expect("#wb-lower .ls-state >> CLOSED") // it acknowledged the server's FIN, then closed
		b.Expect("#wb-lower td >> " + server + ":80")
		b.choose(server)
		b.Expect("#wb-lower .ls-state >> TIME-WAIT")
		for _, off := range []string{".ls-play", `.ls-topology .ls-tool`} {
			if b.JS(`String([...document.querySelectorAll('`+off+`')].every((x) => x.disabled))`) != "true" {
				t.Errorf("%s: %s can be used", name, off)
			}
		}
		if b.JS(`String(document.querySelectorAll("#wb-lower .ls-bar-actions button").length)`) != "0" {
			t.Errorf("%s: sockets can be made", name)
		}
		b.Reload()
		b.online()
		b.Expect(`.ls-ladder-box[aria-label^="Ladder of 13 packets"]`)
		p.Close()
	}
}

// A file that cannot be read is refused on the page, in one line, and nothing is kept.
func TestABadCaptureIsRefusedOnThePage(t *testing.T) {
	s := Serve(t)
	p := Open(t, s.URL, "/import?lang=en")
	p.Accessible("the form of captures")
	whole := ourBytes()
	huge := bytes.Clone(whole)
	second := binary.LittleEndian.Uint32(huge[4:]) // where the interface is described
	binary.LittleEndian.PutUint32(huge[second+4:], 0xfffffffc)
	for _, c := range []struct {
		name, says, line string
		octets           []byte
	}{
		{"cut.pcapng", "ends too early", "pcapng block 15 at offset", whole[:len(whole)-30]},
		{"notes.txt", "no capture file", "the file begins with", []byte("dear diary")},
		{"huge.pcapng", "too large", "a length of 4294967292 octets", huge},
		{"empty.pcapng", "ends too early", "0 octets, too few", nil},
	} {
		p.drop(c.name, c.octets)
		p.Expect("[role=alert] >> " + c.says)
		p.Expect(".ls-import-line >> " + c.line)
		p.Accessible("a refused capture")
		p.Forgive("422")
	}
	p.Go("/sessions?lang=en")
	p.Expect("h1 >> My runs")
	if n := p.JS(`String(document.querySelectorAll("tbody tr").length)`); n != "0" {
		t.Errorf("%s runs were kept of files that could not be read", n)
	}
}

// In every look the form and a capture's workbench are clean. LABSERVER_E2E_KEEP keeps the
// pictures.
func TestTheScreensOfCapturesAreCleanInEveryLook(t *testing.T) {
	s := Serve(t)
	p := Open(t, s.URL, "/import?lang=en")
	p.drop("page.pcapng", ourBytes())
	b := bench{p}
	b.online()
	id := b.session()
	for _, l := range looks() {
		b.SetViewport(l.width, l.height)
		b.Media(l.dark)
		for name, path := range map[string]string{
			"import": "/import?lang=" + l.lang, "capture": "/s/" + id + "?lang=" + l.lang,
		} {
			b.Go(path)
			if name == "capture" {
				b.online()
				time.Sleep(300 * time.Millisecond) // a canvas does not tell when it is painted
			}
			inspect(b.Page, name+" "+l.String(), l)
			if dir := os.Getenv("LABSERVER_E2E_KEEP"); dir != "" {
				file := filepath.Join(dir, name+"-"+l.String()+".png")
				if err := os.WriteFile(file, b.Screenshot(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
