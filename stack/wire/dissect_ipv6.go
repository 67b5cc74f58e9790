package wire

import (
	"net/netip"

	"labserver/stack/inet"
)

func (d *dissector) ipv6(off int) {
	const rfc = "8200 §3"
	h := d.start("IPv6", off)
	b := d.frame[off:d.end]
	p, err := ParseIPv6(b)
	total := 0
	if len(b) >= IPv6HeaderLen {
		total = IPv6HeaderLen + int(be16(b[4:]))
	}
	h.bits("ip.version", 0, 0, 4, rfc).mark(err == BadVersion)
	h.bits("ip.dscp", 0, 4, 6, "2474 §3")
	h.bits("ip.ecn", 1, 2, 2, "3168 §5")
	h.bits("ip6.flow", 1, 4, 20, rfc)
	h.add("ip6.len", 4, 2, rfc, show16).mark(total > len(b) && !d.quoted)
	h.add("ip6.next", 6, 1, rfc, showNext)
	h.add("ip6.hops", 7, 1, rfc, show8)
	h.add("ip.src", 8, 16, rfc, showAddr6)
	h.add("ip.dst", 24, 16, rfc, showAddr6)
	d.finish(h, IPv6HeaderLen)
	if !p.Src.IsValid() {
		d.data(off + IPv6HeaderLen)
		return
	}
	d.cut = off+total > d.end || p.MF
	padding := d.end
	d.end = min(d.end, off+total)
	end := d.upper(off, &p)
	d.padding(max(d.end, end), padding)
}

// upper shows the extension headers of the packet at off and what they lead to. It returns
// where the headers end.
func (d *dissector) upper(off int, p *IPv6) int {
	next, at := inet.Protocol(d.frame[off+6]), off+IPv6HeaderLen
	for isExtension(next) && at < d.end { // ends: at grows
		n := d.extension(next, at)
		next, at = inet.Protocol(d.frame[at]), at+n
		if p.FragOff != 0 && at-off >= p.Unfragmentable+FragmentHeaderLen {
			next = NoNext // a piece of something
		}
	}
	switch {
	case at >= d.end:
	case next == inet.ICMPv6:
		d.icmpv6(at, p.Src, p.Dst)
	case next == inet.UDP:
		d.udp(at, p.Src, p.Dst)
	case next == inet.TCP:
		d.tcp(at, p.Src, p.Dst)
	default:
		d.data(at)
	}
	return at
}

// extension shows one extension header and returns its length.
func (d *dissector) extension(kind inet.Protocol, at int) int {
	names := [...]string{"IPv6 hop-by-hop options", "IPv6 routing", "IPv6 destination options"}
	sections := [...]string{"8200 §4.3", "8200 §4.4", "8200 §4.6"}
	i := 0
	switch kind {
	case Fragment:
		return d.fragment(at)
	case Routing:
		i = 1
	case DestOptions:
		i = 2
	}
	n := 8
	if at+1 < d.end {
		n += 8 * int(d.frame[at+1])
	}
	h := d.start(names[i], at)
	h.add("ip6.next", 0, 1, sections[i], showNext)
	h.add("ip6.ext_len", 1, 1, sections[i], show8).mark(at+n > d.end && !d.quoted)
	h.add("ip6.ext_data", 2, n-2, sections[i], showOctets)
	d.finish(h, n)
	return n
}

func (d *dissector) fragment(at int) int {
	const rfc = "8200 §4.5"
	h := d.start("IPv6 fragment", at)
	h.add("ip6.next", 0, 1, rfc, showNext)
	h.add("ip6.frag.reserved", 1, 1, rfc, show8)
	h.bits("ip6.frag.off", 2, 0, 13, rfc)
	h.bits("ip6.frag.unused", 3, 5, 2, rfc)
	h.bits("ip6.frag.more", 3, 7, 1, rfc)
	h.add("ip6.frag.id", 4, 4, rfc, show32)
	d.finish(h, FragmentHeaderLen)
	return FragmentHeaderLen
}

func (d *dissector) icmpv6(off int, src, dst netip.Addr) {
	const rfc = "4443 §2.1"
	h := d.start("ICMPv6", off)
	b := d.frame[off:d.end]
	m, err := ParseICMPv6(src, dst, b)
	h.add("icmp.type", 0, 1, rfc, show8)
	code := h.add("icmp.code", 1, 1, rfc, show8)
	if err != Truncated && m.Name() != "icmpv6" {
		code.Value += " (" + m.Name() + ")"
	}
	h.checksum("icmp.checksum", 2, "4443 §2.3", !d.cut && !d.quoted, func() uint16 {
		return expected(pseudo(src, dst, inet.ICMPv6, len(b)), b, 2)
	})
	n := ICMPHeaderLen
	switch {
	case m.IsDiscovery() && err != Truncated:
		n = h.discovery(&m)
	case err == Truncated:
		h.add("icmp.rest", 4, 4, rfc, showOctets)
	case m.IsEcho():
		h.add("icmp.id", 4, 2, "4443 §4.1", show16)
		h.add("icmp.seq", 6, 2, "4443 §4.1", show16)
	case m.Type == ICMPv6PacketTooBig:
		h.add("icmp.mtu", 4, 4, "4443 §3.2", show32)
	case m.Type == ICMPv6ParameterProblem:
		h.add("icmp.pointer", 4, 4, "4443 §3.4", show32)
	default:
		h.add("icmp.rest", 4, 4, rfc, showOctets)
	}
	d.finish(h, n)
	if n > ICMPHeaderLen {
		return
	}
	known := m.Type >= ICMPv6DestUnreachable && m.Type <= ICMPv6ParameterProblem
	d.quote(off+ICMPHeaderLen, err != Truncated && known && len(m.Data) > 0)
}

// quote shows the packet inside an ICMP error, or the rest as data.
func (d *dissector) quote(off int, there bool) {
	switch {
	case !there || d.quoted:
		d.data(off)
	case d.frame[off]>>4 == 6:
		d.quoted = true
		d.ipv6(off)
		d.quoted = false
	default:
		d.quoted = true
		d.ipv4(off)
		d.quoted = false
	}
}

// padding shows what follows a packet in its frame.
func (d *dissector) padding(end, to int) {
	if d.quoted || end >= to {
		return
	}
	d.end = to
	h := d.start("Padding", end)
	h.add("eth.padding", 0, to-end, "894", showOctets)
	d.finish(h, to-end)
}

func showNext(b []byte) string {
	switch inet.Protocol(b[0]) {
	case HopByHop:
		return "0 (hop-by-hop options)"
	case Routing:
		return "43 (routing)"
	case Fragment:
		return "44 (fragment)"
	case NoNext:
		return "59 (none)"
	case DestOptions:
		return "60 (destination options)"
	}
	return showProtocol(b)
}

func showAddr6(b []byte) string { return netip.AddrFrom16([16]byte(b)).String() }
