package infer

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/pcapng"
	"labserver/stack/wire"
)

// decode takes the records of a file apart, in the order of their time. What is no packet
// between two of the hosts that are shown is counted.
func decode(file pcapng.File) (*capture, error) {
	c := &capture{host: map[netip.Addr]int{}, near: map[pair]int64{}, ends: map[pair][2]int{}}
	c.opened = event.CaptureOpened{Format: file.Format, Packets: len(file.Packets)}
	for i, f := range file.Interfaces {
		c.opened.Interfaces = append(c.opened.Interfaces, nameOf(f, i))
	}
	if len(file.Packets) == 0 {
		return nil, &Error{CodeNothing, "the file holds no packet"}
	}
	order := make([]int, len(file.Packets))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return compare(file.Packets[a].TimeNS, file.Packets[b].TimeNS)
	})
	c.first = file.Packets[order[0]].TimeNS
	odd := -1
	for _, i := range order {
		r := file.Packets[i]
		link := file.Interfaces[r.Interface].Link
		if !known(link) {
			odd = int(link)
		}
		if p := c.packet(link, r); p != nil {
			p.sights = []sight{{t: r.TimeNS - c.first, frame: i + 1, iface: r.Interface,
				octets: r.Length, captured: len(r.Data)}}
			c.packets = append(c.packets, p)
		}
	}
	switch {
	case len(c.packets) > 0:
	case odd >= 0:
		return nil, &Error{CodeLinkType, "link type " + strconv.Itoa(odd) + " is not read here; " +
			"Ethernet, raw IP, Linux cooked (SLL) and BSD loopback are"}
	default:
		return nil, &Error{CodeNothing, "none of the " + strconv.Itoa(len(file.Packets)) +
			" packets is IP between two hosts"}
	}
	c.choose()
	return c, nil
}

func nameOf(f pcapng.Interface, i int) string {
	switch {
	case f.Name != "":
		return f.Name
	case f.Description != "":
		return f.Description
	}
	return strconv.Itoa(i)
}

// packet takes one record apart; nil, and counted, if it shows nothing.
func (c *capture) packet(link pcapng.LinkType, r pcapng.Packet) *packet {
	octets, macs, ok := network(link, r.Data)
	if !ok {
		c.opened.Foreign++
		return nil
	}
	p := &packet{octets: octets, macs: macs}
	room := r.Length - (len(r.Data) - len(octets)) // that the IP packet had on the wire
	h, err := wire.ParseIP(p.sized(room))
	if err != nil && err != wire.Truncated && err != wire.BadChecksum && err != wire.BadExtension ||
		!h.Src.IsValid() || err == wire.BadChecksum && octets[10]|octets[11] != 0 {
		// A checksum of 0 is left to the network card.
		c.opened.Cut++
		return nil
	}
	p.h = h
	if many(h.Dst) || many(h.Src) {
		c.opened.Broadcast++
		return nil
	}
	if p.h.Fragment() {
		p.kind, p.offset = fragment, p.h.FragOff
		return p
	}
	p.parse(p.h.Payload, p.total-(len(octets)-len(p.h.Payload)))
	return p
}

// sized returns the IP packet with its true length: a network card that cuts segments
// itself is handed packets whose length field says nothing, 0.
func (p *packet) sized(room int) []byte {
	b := p.octets
	p.total = len(b)
	switch {
	case len(b) >= wire.IPv4HeaderLen && b[0]>>4 == 4:
		p.total = int(binary.BigEndian.Uint16(b[2:]))
		if p.total == 0 && room >= wire.IPv4HeaderLen {
			p.total = room
			b = slices.Clone(b)
			binary.BigEndian.PutUint16(b[2:], uint16(min(room, wire.IPv4MaxLen)))
		}
	case len(b) >= wire.IPv6HeaderLen && b[0]>>4 == 6:
		p.total = wire.IPv6HeaderLen + int(binary.BigEndian.Uint16(b[4:]))
		if p.total == wire.IPv6HeaderLen && room > p.total && b[6] == byte(inet.TCP) {
			p.total = room
			b = slices.Clone(b)
			binary.BigEndian.PutUint16(b[4:], uint16(min(room-wire.IPv6HeaderLen, 0xffff)))
		}
	}
	return b
}

// parse reads what a whole packet carries: payload is what was captured of the n octets it
// had.
func (p *packet) parse(payload []byte, n int) {
	switch p.h.Proto {
	case inet.TCP:
		s, header, err := wire.ReadTCP(payload)
		if header == 0 || err == wire.BadDataOffset || n < header {
			return
		}
		p.kind, p.tcp, p.size = tcp, s, n-header
		p.tcp.Data = s.Data[:min(len(s.Data), p.size)]
	case inet.UDP:
		u, err := wire.ParseUDP(p.h.Src, p.h.Dst, payload)
		if len(payload) < wire.UDPHeaderLen || err == wire.BadLength || n < wire.UDPHeaderLen {
			return
		}
		p.kind, p.udp = udp, u
		p.size = min(int(binary.BigEndian.Uint16(payload[4:])), n) - wire.UDPHeaderLen
	case inet.ICMP:
		if len(payload) >= wire.ICMPHeaderLen && !p.h.V6() {
			p.kind = icmp
		}
	case inet.ICMPv6:
		if len(payload) >= wire.ICMPHeaderLen && p.h.V6() {
			p.kind = icmp6
		}
	}
	p.h.Payload = payload
}

// many reports whether an address is of no host, or of several.
func many(a netip.Addr) bool {
	return a.IsMulticast() || a.IsUnspecified() ||
		a.Is4() && a.As4() == [4]byte{255, 255, 255, 255}
}

// choose decides which hosts are shown: those of the most packets, if there are too many.
func (c *capture) choose() {
	type row struct {
		addr  netip.Addr
		count int
	}
	var rows []row
	for _, p := range c.packets {
		for _, a := range []netip.Addr{p.h.Src, p.h.Dst} {
			i, ok := c.host[a]
			if !ok {
				i = len(rows)
				c.host[a] = i
				rows = append(rows, row{addr: a})
			}
			rows[i].count++
		}
	}
	shown := slices.Clone(rows)
	slices.SortStableFunc(shown, func(a, b row) int { return b.count - a.count })
	least := map[netip.Addr]bool{}
	for _, r := range shown[:min(len(shown), MaxHosts)] {
		least[r.addr] = true
	}
	clear(c.host)
	for _, r := range rows {
		if least[r.addr] {
			c.host[r.addr] = len(c.hosts)
			c.hosts = append(c.hosts, r.addr)
		}
	}
	all := c.packets
	c.packets = all[:0]
	for _, p := range all {
		if least[p.h.Src] && least[p.h.Dst] {
			c.packets = append(c.packets, p)
		} else {
			c.opened.Crowd++
		}
	}
}

// compare orders two instants, for sorting.
func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
