package wire

// What neighbours say of their link-layer addresses, for people to read.

// arp shows an ARP packet (RFC 826). What is not about Ethernet and IPv4 has addresses of
// other lengths, which are shown as they are.
func (d *dissector) arp(off int) {
	const rfc = "826"
	h := d.start("ARP", off)
	a, err := ParseARP(d.frame[off:d.end])
	h.add("arp.htype", 0, 2, rfc, showHardware).mark(err == BadVersion)
	h.add("arp.ptype", 2, 2, rfc, showEtherType).mark(err == BadVersion)
	h.add("arp.hlen", 4, 1, rfc, show8).mark(err == BadLength)
	h.add("arp.plen", 5, 1, rfc, show8).mark(err == BadLength)
	h.add("arp.op", 6, 2, rfc, func(b []byte) string {
		if name := a.OpName(); name != "arp" {
			return show16(b) + " (" + name + ")"
		}
		return show16(b)
	})
	h.add("arp.sender_mac", 8, 6, rfc, showMAC)
	h.add("arp.sender_ip", 14, 4, rfc, showAddr)
	h.add("arp.target_mac", 18, 6, rfc, showMAC)
	h.add("arp.target_ip", 24, 4, rfc, showAddr)
	d.finish(h, ARPLen)
	if d.end > off+ARPLen {
		d.padding(off+ARPLen, d.end)
	}
}

func showHardware(b []byte) string {
	if be16(b) == arpEthernet {
		return "1 (Ethernet)"
	}
	return show16(b)
}

// discovery shows what follows the checksum of a neighbour solicitation or advertisement
// (RFC 4861 §4.3, §4.4), and its options (§4.6). It returns the length of the message.
func (h *header) discovery(m *ICMPv6) int {
	rfc := "4861 §4.3"
	if m.Type == ICMPv6Advertisement {
		rfc = "4861 §4.4"
		for bit, key := range [3]string{"nd.router", "nd.solicited", "nd.override"} {
			h.bits(key, 4, bit, 1, rfc)
		}
		h.bits("nd.reserved", 4, 3, 29, rfc)
	} else {
		h.add("nd.reserved", 4, 4, rfc, showOctets)
	}
	h.add("nd.target", ICMPHeaderLen, 16, rfc, showAddr6)
	at := ICMPHeaderLen + 16
	for h.Off+at < h.d.end {
		b := h.d.frame[h.Off+at : h.d.end]
		n := len(b)
		if n > 1 && b[1] != 0 && int(b[1])*8 <= n {
			n = int(b[1]) * 8
		}
		f := h.add("nd.option", at, n, "4861 §4.6", showOctets)
		f.mark(len(b) < 2 || b[1] == 0 || int(b[1])*8 > len(b))
		if n == 8 && !f.Bad && (b[0] == optSourceMAC || b[0] == optTargetMAC) {
			f.Key = "nd.source_mac"
			if b[0] == optTargetMAC {
				f.Key = "nd.target_mac"
			}
			f.RFC, f.Value = "4861 §4.6.1", showMAC(b[2:8])
		}
		at += n
	}
	return at
}
