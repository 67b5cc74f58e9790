package wire

import (
	"net/netip"
	"strconv"
	"strings"

	"labserver/stack/inet"
)

// Layer is one header of a frame, or the data inside, as the inspector shows it.
type Layer struct {
	Name   string  `json:"name"`             // Ethernet, ARP, IPv4, IPv6, ICMP, UDP, TCP, Data
	Off    int     `json:"off"`              // of the header within the frame, octets
	Len    int     `json:"len"`              // of what there is of the header
	Quoted bool    `json:"quoted,omitempty"` // inside an ICMP error
	Fields []Field `json:"fields"`
}

// Field is one field of a header. Value speaks no language but the protocols'; what a
// field is called in a reader's language is the message of its Key.
type Field struct {
	Key   string `json:"key"` // "tcp.seq"
	Value string `json:"value"`
	Off   int    `json:"off"` // of its first octet within the frame
	Len   int    `json:"len"` // octets it lies in
	// Bits is how many bits it has if those are not all of its octets, and Bit the
	// first of them, 0 being the most significant, as in the RFCs' diagrams.
	Bit    int     `json:"bit,omitempty"`
	Bits   int     `json:"bits,omitempty"`
	RFC    string  `json:"rfc,omitempty"` // "9293 §3.1"
	Bad    bool    `json:"bad,omitempty"` // wrong or cut short
	Fields []Field `json:"fields,omitempty"`
}

// Dissect takes an Ethernet frame apart for people to read. It shows what is there,
// however little or damaged that is.
func Dissect(frame []byte) []Layer {
	d := dissector{frame: frame, end: len(frame)}
	d.ethernet()
	return d.layers
}

// dissector walks a frame from the outside in.
type dissector struct {
	frame  []byte
	end    int // where the present layer must stop: the frame's end, or its packet's
	layers []Layer
	quoted bool
	cut    bool // the packet is not all there, so no checksum over it can be told
}

// header is a layer in the making.
type header struct {
	d *dissector
	Layer
}

func (d *dissector) start(name string, off int) *header {
	return &header{d: d, Layer: Layer{Name: name, Off: off, Quoted: d.quoted, Fields: []Field{}}}
}

// finish adds the layer, n octets long unless the frame ends before.
func (d *dissector) finish(h *header, n int) {
	h.Len = max(0, min(n, d.end-h.Off))
	d.layers = append(d.layers, h.Layer)
}

// add appends the field of n octets at the offset within the header. What the frame
// does not hold whole is shown as its octets and marked bad; what it does not hold at
// all is left out. show gets the field's octets. The pointer is good until the next add.
func (h *header) add(key string, at, n int, rfc string, show func(b []byte) string) *Field {
	from := h.Off + at
	to := min(from+n, h.d.end)
	if to <= from {
		return new(Field)
	}
	f := Field{Key: key, Off: from, Len: to - from, RFC: rfc}
	if b := h.d.frame[from:to]; len(b) < n {
		f.Value, f.Bad = showOctets(b), true
	} else {
		f.Value = show(b)
	}
	h.Fields = append(h.Fields, f)
	return &h.Fields[len(h.Fields)-1]
}

// mark marks the field just added if it is wrong.
func (f *Field) mark(wrong bool) { f.Bad = f.Bad || wrong }

// bits appends a field of less than whole octets, shown as a number.
func (h *header) bits(key string, at, bit, bits int, rfc string) *Field {
	n := (bit + bits + 7) / 8
	f := h.add(key, at, n, rfc, func(b []byte) string {
		return strconv.FormatUint(bitsOf(b, bit, bits), 10)
	})
	f.Bit, f.Bits = bit, min(bits, f.Len*8-bit)
	return f
}

func bitsOf(b []byte, bit, bits int) uint64 {
	var v uint64
	for _, o := range b {
		v = v<<8 | uint64(o)
	}
	return v >> (len(b)*8 - bit - bits) & (1<<bits - 1)
}

// data ends the walk: the rest up to end is what the headers carry.
func (d *dissector) data(off int) {
	if off >= d.end {
		return
	}
	h := d.start("Data", off)
	h.add("data", 0, d.end-off, "", showText)
	d.finish(h, d.end-off)
}

func (d *dissector) ethernet() {
	h := d.start("Ethernet", 0)
	h.add("eth.dst", 0, 6, "894", showMAC)
	h.add("eth.src", 6, 6, "894", showMAC)
	h.add("eth.type", 12, 2, "894", showEtherType)
	d.finish(h, EthernetHeaderLen)
	switch {
	case d.end < EthernetHeaderLen:
	case EtherType(be16(d.frame[12:])) == EtherTypeIPv4:
		d.ipv4(EthernetHeaderLen)
	case EtherType(be16(d.frame[12:])) == EtherTypeIPv6:
		d.ipv6(EthernetHeaderLen)
	case EtherType(be16(d.frame[12:])) == EtherTypeARP:
		d.arp(EthernetHeaderLen)
	default:
		d.data(EthernetHeaderLen)
	}
}

func (d *dissector) ipv4(off int) {
	const rfc = "791 §3.1"
	h := d.start("IPv4", off)
	b := d.frame[off:d.end]
	p, err := ParseIPv4(b)
	var n, total int
	if len(b) >= IPv4HeaderLen {
		n, total = int(b[0]&15)*4, int(be16(b[2:]))
	}
	whole := n >= IPv4HeaderLen && n <= len(b)
	h.bits("ip.version", 0, 0, 4, rfc).mark(err == BadVersion)
	h.bits("ip.ihl", 0, 4, 4, rfc).mark(!whole)
	h.bits("ip.dscp", 1, 0, 6, "2474 §3")
	h.bits("ip.ecn", 1, 6, 2, "3168 §5")
	h.add("ip.len", 2, 2, rfc, show16).mark(total < n || total > len(b) && !d.quoted)
	h.add("ip.id", 4, 2, rfc, showHex16)
	h.ipv4Flags(rfc)
	h.bits("ip.frag_off", 6, 3, 13, rfc)
	h.add("ip.ttl", 8, 1, rfc, show8)
	h.add("ip.proto", 9, 1, rfc, showProtocol)
	h.checksum("ip.checksum", 10, rfc, whole && !d.quoted, func() uint16 {
		return expected(0, b[:n], 10)
	})
	h.add("ip.src", 12, 4, rfc, showAddr)
	h.add("ip.dst", 16, 4, rfc, showAddr)
	if !p.Src.IsValid() {
		d.finish(h, IPv4HeaderLen)
		d.data(off + IPv4HeaderLen)
		return
	}
	if n > IPv4HeaderLen {
		h.add("ip.options", IPv4HeaderLen, n-IPv4HeaderLen, rfc, showOctets)
	}
	d.finish(h, n)
	d.payload(off, n, &p)
}

// payload goes on with what a packet at off with a header of n octets carries.
func (d *dissector) payload(off, n int, p *IPv4) {
	total := int(be16(d.frame[off+2:]))
	d.cut = off+total > d.end || p.MF
	padding := d.end
	d.end = min(d.end, off+total)
	switch {
	case off+n >= d.end:
	case p.FragOff != 0:
		d.data(off + n)
	case p.Proto == inet.ICMP:
		d.icmp(off + n)
	case p.Proto == inet.UDP:
		d.udp(off+n, p.Src, p.Dst)
	case p.Proto == inet.TCP:
		d.tcp(off+n, p.Src, p.Dst)
	default:
		d.data(off + n)
	}
	d.padding(max(d.end, off+n), padding)
}

// ipv4Flags shows the three flag bits beside the fragment offset.
func (h *header) ipv4Flags(rfc string) {
	f := h.bits("ip.flags", 6, 0, 3, rfc)
	if f.Key == "" || f.Bad {
		return
	}
	b := h.d.frame[f.Off]
	f.Value = ""
	letters := [3]string{"RF", "DF", "MF"}
	for bit, key := range [3]string{"ip.flags.rf", "ip.flags.df", "ip.flags.mf"} {
		set := b>>(7-bit)&1 != 0
		if set {
			f.Value = strings.TrimPrefix(f.Value+" "+letters[bit], " ")
		}
		f.Fields = append(f.Fields, flagBit(key, f.Off, bit, set, rfc))
	}
}

func flagBit(key string, off, bit int, set bool, rfc string) Field {
	v := "0"
	if set {
		v = "1"
	}
	return Field{Key: key, Value: v, Off: off, Len: 1, Bit: bit, Bits: 1, RFC: rfc}
}

// checksum shows the 16-bit checksum field at the offset within the header and, if it
// can be told and is wrong, what it should be.
func (h *header) checksum(key string, at int, rfc string, known bool, right func() uint16) {
	f := h.add(key, at, 2, rfc, showHex16)
	if f.Key == "" || f.Bad || !known {
		return
	}
	got, want := be16(h.d.frame[f.Off:]), right()
	// 0 and 0xffff are the same number in one's complement.
	if got != want && !(got|want == 0xffff && got&want == 0) {
		f.Bad = true
		f.Fields = []Field{{
			Key: "checksum.expected", Value: hex16(want), Off: f.Off, Len: f.Len, RFC: "1071 §1",
		}}
	}
}

// expected computes what the checksum at the offset within b should be, with the sum
// of a pseudo-header.
func expected(pseudo uint64, b []byte, at int) uint16 {
	return ^fold(sum(pseudo, b) + uint64(^be16(b[at:])))
}

func showProtocol(b []byte) string {
	p := inet.Protocol(b[0])
	if name := p.String(); name != show8(b) {
		return show8(b) + " (" + strings.ToUpper(name) + ")"
	}
	return show8(b)
}

func showAddr(b []byte) string { return netip.AddrFrom4([4]byte(b)).String() }
func showMAC(b []byte) string  { return MAC(b).String() }
