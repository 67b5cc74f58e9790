package wire

import "labserver/stack/inet"

// Place is where a field stands in a packet: Size octets from Off on, of which those bits
// that Mask has, with Shift bits behind them.
type Place struct {
	Off, Size int
	Mask      uint32
	Shift     int
}

// Max returns the largest number that the field holds.
func (p Place) Max() uint32 { return p.Mask >> p.Shift }

// Get reads the field.
func (p Place) Get(packet []byte) uint32 { return p.word(packet) & p.Mask >> p.Shift }

func (p Place) word(packet []byte) (v uint32) {
	for _, o := range packet[p.Off : p.Off+p.Size] {
		v = v<<8 | uint32(o)
	}
	return v
}

// Put writes the field and leaves all around it, checksums too, as it is.
func (p Place) Put(packet []byte, v uint32) {
	word := p.word(packet)&^p.Mask | v<<p.Shift&p.Mask
	for i := p.Size - 1; i >= 0; i-- {
		packet[p.Off+i] = byte(word)
		word >>= 8
	}
}

func octetsAt(off, size int) Place {
	return Place{Off: off, Size: size, Mask: uint32(1<<(8*size) - 1)}
}

// Find returns where a field of a packet stands; false if the packet has none of that name.
// Names are ttl, tos, ecn of IP, id, df of IPv4, sport, dport of TCP and UDP, seq, ack,
// flags, wnd, urg, mss, wscale, ts_val, ts_ecr of TCP, type, code of ICMP. The packet may
// be damaged in any way.
func Find(packet []byte, name string) (Place, bool) {
	if p, ok := findIP(packet, name); ok {
		return p, true
	}
	proto, at, ok := Transport(packet)
	if !ok {
		return Place{}, false
	}
	switch proto {
	case inet.TCP:
		return findTCP(packet, at, name)
	case inet.UDP:
		return findPort(packet, at, name)
	}
	if i := index(name, "type", "code"); i >= 0 && at+2 <= len(packet) {
		return octetsAt(at+i, 1), true
	}
	return Place{}, false
}

func findIP(packet []byte, name string) (Place, bool) {
	switch version(packet) {
	case 4:
		switch name {
		case "ttl":
			return octetsAt(8, 1), true
		case "tos":
			return octetsAt(1, 1), true
		case "ecn":
			return Place{1, 1, 3, 0}, true
		case "id":
			return octetsAt(4, 2), true
		case "df":
			return Place{6, 1, 0x40, 6}, true
		}
	case 6:
		switch name {
		case "ttl":
			return octetsAt(7, 1), true
		case "tos":
			return Place{0, 2, 0x0ff0, 4}, true
		case "ecn":
			return Place{1, 1, 0x30, 4}, true
		}
	}
	return Place{}, false
}

// version returns 4 or 6 for what begins with a whole fixed header, else 0.
func version(packet []byte) int {
	switch {
	case len(packet) >= IPv4HeaderLen && packet[0]>>4 == 4:
		return 4
	case len(packet) >= IPv6HeaderLen && packet[0]>>4 == 6:
		return 6
	}
	return 0
}

// Transport returns what IP carries and where it begins; false for a fragment that is not
// the first, and behind extension headers other than a fragment header.
func Transport(packet []byte) (inet.Protocol, int, bool) {
	switch version(packet) {
	case 4:
		at := int(packet[0]&15) * 4
		later := be16(packet[6:])&0x1fff != 0
		return inet.Protocol(packet[9]), at, at >= IPv4HeaderLen && at <= len(packet) && !later
	case 6:
		next, at := inet.Protocol(packet[6]), IPv6HeaderLen
		if next == Fragment && len(packet) >= at+FragmentHeaderLen {
			if be16(packet[at+2:])>>3 != 0 {
				return 0, 0, false
			}
			next, at = inet.Protocol(packet[at]), at+FragmentHeaderLen
		}
		return next, at, next == inet.TCP || next == inet.UDP || next == inet.ICMPv6
	}
	return 0, 0, false
}

func findPort(packet []byte, at int, name string) (Place, bool) {
	if i := index(name, "sport", "dport"); i >= 0 && at+4 <= len(packet) {
		return octetsAt(at+2*i, 2), true
	}
	return Place{}, false
}

func findTCP(packet []byte, at int, name string) (Place, bool) {
	if p, ok := findPort(packet, at, name); ok {
		return p, true
	}
	if at+TCPHeaderLen > len(packet) {
		return Place{}, false
	}
	switch name {
	case "seq":
		return octetsAt(at+4, 4), true
	case "ack":
		return octetsAt(at+8, 4), true
	case "flags":
		return octetsAt(at+13, 1), true
	case "wnd":
		return octetsAt(at+14, 2), true
	case "urg":
		return octetsAt(at+18, 2), true
	}
	end := min(at+int(packet[at+12]>>4)*4, len(packet))
	return findOption(packet, at+TCPHeaderLen, end, name)
}

// findOption looks for the value of a TCP option between two places.
func findOption(packet []byte, at, end int, name string) (Place, bool) {
	const eol, nop, mss, wscale, timestamps = 0, 1, 2, 3, 8
	for at < end && packet[at] != eol {
		if packet[at] == nop {
			at++
			continue
		}
		if at+1 >= end || packet[at+1] < 2 || at+int(packet[at+1]) > end {
			break
		}
		kind, length := packet[at], int(packet[at+1])
		switch {
		case name == "mss" && kind == mss && length == 4:
			return octetsAt(at+2, 2), true
		case name == "wscale" && kind == wscale && length == 3:
			return octetsAt(at+2, 1), true
		case name == "ts_val" && kind == timestamps && length == 10:
			return octetsAt(at+2, 4), true
		case name == "ts_ecr" && kind == timestamps && length == 10:
			return octetsAt(at+6, 4), true
		}
		at += length
	}
	return Place{}, false
}

// Data returns where the octets that TCP or UDP carries begin; for others, what IP carries.
func Data(packet []byte) (int, bool) {
	proto, at, ok := Transport(packet)
	switch {
	case !ok:
		return 0, false
	case proto == inet.UDP:
		at += UDPHeaderLen
	case proto == inet.TCP && at+TCPHeaderLen <= len(packet):
		at += int(packet[at+12]>>4) * 4
	}
	return at, at <= len(packet)
}

func index(name string, names ...string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

// Mended writes octets of a packet in place by edit and then brings the checksums of IPv4
// and of what it carries up to date by the difference (RFC 1624 §3): a checksum that was
// wrong before stays wrong. The packet must keep its length. What a fragment that is not
// the first carries has its checksum elsewhere.
func Mended(packet []byte, edit func([]byte)) {
	header, data := checksums(packet)
	before := [2]uint16{header.covered(packet), data.covered(packet)}
	edit(packet)
	header.mend(packet, before[0])
	data.mend(packet, before[1])
}

// covering is a checksum: where it stands, and what it covers. The zero value is none.
type covering struct {
	at, from, to int
	pseudo       bool // the addresses too
	udp          bool // 0 says that there is none
}

// checksums returns that of the header of IPv4, and that of what IP carries.
func checksums(packet []byte) (header, data covering) {
	if version(packet) == 4 && packet[0]&15 >= IPv4HeaderLen/4 {
		header = covering{at: 10, to: min(int(packet[0]&15)*4, len(packet))}
	}
	proto, at, ok := Transport(packet)
	if !ok {
		return header, covering{}
	}
	data = covering{from: at, to: len(packet), pseudo: true}
	switch proto {
	case inet.TCP:
		data.at = at + 16
	case inet.UDP:
		data.at, data.udp = at+6, true
	case inet.ICMPv6:
		data.at = at + 2
	case inet.ICMP:
		data.at, data.pseudo = at+2, false
	default:
		return header, covering{}
	}
	if data.at+2 > len(packet) {
		return header, covering{}
	}
	return header, data
}

// covered sums what the checksum covers but for itself.
func (c covering) covered(packet []byte) uint16 {
	if c.at == 0 {
		return 0
	}
	acc := sum(sum(0, packet[c.from:c.at]), packet[c.at+2:c.to])
	if c.pseudo {
		src, dst, _ := Addresses(packet)
		acc += pseudo(src, dst, 0, 0)
	}
	return fold(acc)
}

// mend writes the checksum that follows from the old one and from what it covered.
func (c covering) mend(packet []byte, before uint16) {
	if c.at == 0 {
		return
	}
	old := be16(packet[c.at:])
	if c.udp && old == 0 {
		return
	}
	after := c.covered(packet)
	if before == after {
		return
	}
	now := UpdateChecksum(old, before, after)
	if c.udp && now == 0 {
		now = 0xffff // RFC 768: "transmitted as all ones"
	}
	put16(packet[c.at:], now)
}
