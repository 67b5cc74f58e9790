package wire

import (
	"net/netip"

	"labserver/stack/inet"
)

func (d *dissector) icmp(off int) {
	const rfc = "792"
	h := d.start("ICMP", off)
	b := d.frame[off:d.end]
	m, err := ParseICMP(b)
	h.add("icmp.type", 0, 1, rfc, show8)
	code := h.add("icmp.code", 1, 1, rfc, show8)
	if err != Truncated && m.Name() != "icmp" {
		code.Value += " (" + m.Name() + ")"
	}
	h.checksum("icmp.checksum", 2, rfc, !d.cut && !d.quoted, func() uint16 {
		return expected(0, b, 2)
	})
	switch {
	case err == Truncated:
		h.add("icmp.rest", 4, 4, rfc, showOctets)
	case m.IsEcho():
		h.add("icmp.id", 4, 2, rfc, show16)
		h.add("icmp.seq", 6, 2, rfc, show16)
	case m.Type == ICMPDestUnreachable && m.Code == ICMPFragmentationNeeded:
		h.add("icmp.unused", 4, 2, "1191 §4", showOctets)
		h.add("icmp.mtu", 6, 2, "1191 §4", show16)
	default:
		h.add("icmp.rest", 4, 4, rfc, showOctets)
	}
	d.finish(h, ICMPHeaderLen)
	d.quote(off+ICMPHeaderLen, err != Truncated && quotes(m.Type) && len(m.Data) > 0)
}

// quotes reports whether messages of the type carry the packet they are about: the
// errors of RFC 792. The data of types nobody assigned is anybody's guess.
func quotes(icmpType uint8) bool {
	switch icmpType {
	case ICMPDestUnreachable, 4, 5, ICMPTimeExceeded, 12:
		return true
	}
	return false
}

func (d *dissector) udp(off int, src, dst netip.Addr) {
	const rfc = "768"
	h := d.start("UDP", off)
	b := d.frame[off:d.end]
	h.add("udp.src_port", 0, 2, rfc, show16)
	h.add("udp.dst_port", 2, 2, rfc, show16)
	n := 0
	if len(b) >= UDPHeaderLen {
		n = int(be16(b[4:]))
	}
	fits := n >= UDPHeaderLen && n <= len(b)
	// Of a first fragment, the length is that of the whole datagram.
	h.add("udp.len", 4, 2, rfc, show16).mark(!d.quoted && (n < UDPHeaderLen || !fits && !d.cut))
	// A field of 0 means that there is none, and then nothing is wrong with it.
	known := fits && !d.cut && !d.quoted && be16(b[6:]) != 0
	h.checksum("udp.checksum", 6, rfc, known, func() uint16 {
		if want := expected(pseudo(src, dst, inet.UDP, n), b[:n], 6); want != 0 {
			return want
		}
		return 0xffff
	})
	d.finish(h, UDPHeaderLen)
	if fits {
		d.end = off + n
	}
	d.data(off + UDPHeaderLen)
}

func (d *dissector) tcp(off int, src, dst netip.Addr) {
	const rfc = "9293 §3.1"
	h := d.start("TCP", off)
	b := d.frame[off:d.end]
	h.add("tcp.src_port", 0, 2, rfc, show16)
	h.add("tcp.dst_port", 2, 2, rfc, show16)
	h.add("tcp.seq", 4, 4, rfc, show32)
	h.add("tcp.ack", 8, 4, rfc, show32)
	n := TCPHeaderLen
	if len(b) > 12 {
		n = int(b[12]>>4) * 4
	}
	fits := n >= TCPHeaderLen && n <= len(b)
	h.bits("tcp.data_offset", 12, 0, 4, rfc).mark(n < TCPHeaderLen || !fits && !d.cut && !d.quoted)
	h.bits("tcp.reserved", 12, 4, 4, rfc)
	h.tcpFlags()
	h.add("tcp.wnd", 14, 2, rfc, show16)
	h.checksum("tcp.checksum", 16, rfc, !d.cut && !d.quoted, func() uint16 {
		return expected(pseudo(src, dst, inet.TCP, len(b)), b, 16)
	})
	h.add("tcp.urg", 18, 2, rfc, show16)
	if !fits {
		n = TCPHeaderLen
	}
	if n > TCPHeaderLen {
		f := h.add("tcp.options", TCPHeaderLen, n-TCPHeaderLen, rfc, showOctets)
		f.Fields = dissectOptions(d.frame, off+TCPHeaderLen, off+n)
		for _, o := range f.Fields {
			f.Bad = f.Bad || o.Bad
		}
	}
	d.finish(h, n)
	d.data(off + n)
}

// tcpFlags shows the octet of control bits and each of them.
func (h *header) tcpFlags() {
	f := h.add("tcp.flags", 13, 1, "9293 §3.1", func(b []byte) string { return Flags(b[0]).String() })
	if f.Key == "" {
		return
	}
	flags := Flags(h.d.frame[f.Off])
	keys := [8]string{
		"tcp.flags.cwr", "tcp.flags.ece", "tcp.flags.urg", "tcp.flags.ack",
		"tcp.flags.psh", "tcp.flags.rst", "tcp.flags.syn", "tcp.flags.fin",
	}
	for bit, key := range keys {
		rfc := "9293 §3.1"
		if bit < 2 {
			rfc = "3168 §6.1"
		}
		f.Fields = append(f.Fields, flagBit(key, f.Off, bit, flags&(1<<(7-bit)) != 0, rfc))
	}
}
