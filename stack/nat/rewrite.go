package nat

import (
	"encoding/binary"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// Rewriting packets in place. Checksums are mended for the words that change and not
// computed anew, so that damage on the way stays visible (RFC 3022 §4.2, RFC 1624 §3).

// sum is a checksum in a packet: where it stands, and the one that covers it in turn.
type sum struct {
	at   int
	udp  bool // RFC 768: 0 means that there is none, so a sum of 0 is sent as all ones
	over *sum
}

// mend tells a checksum that a word it covers has changed.
func (s *sum) mend(b []byte, old, new uint16) {
	was := binary.BigEndian.Uint16(b[s.at:])
	if s.udp && was == 0 {
		return
	}
	now := wire.UpdateChecksum(was, old, new)
	if s.udp && now == 0 {
		now = 0xffff
	}
	binary.BigEndian.PutUint16(b[s.at:], now)
	if s.over != nil {
		s.over.mend(b, was, now)
	}
}

// set writes a word that the checksums cover; nil ones are passed over.
func set(b []byte, at int, v uint16, covers ...*sum) {
	old := binary.BigEndian.Uint16(b[at:])
	binary.BigEndian.PutUint16(b[at:], v)
	for _, s := range covers {
		if s != nil {
			s.mend(b, old, v)
		}
	}
}

// Rewrite writes new endpoints into an IPv4 packet. Of an ICMP query the side whose port is
// not 0 has the identifier.
func Rewrite(packet []byte, src, dst inet.Endpoint) { rewrite(packet, 0, src, dst, nil) }

// RewriteError writes new addresses into an IPv4 packet that is an ICMP error, and new
// endpoints into the packet it quotes: RFC 5508 REQ-4 and REQ-5.
func RewriteError(packet []byte, src, dst, quotedSrc, quotedDst inet.Endpoint) {
	header := int(packet[0]&15) * 4
	icmp := &sum{at: header + 2}
	rewrite(packet, header+wire.ICMPHeaderLen, quotedSrc, quotedDst, icmp)
	ip := &sum{at: 10}
	address(packet, 12, src, ip)
	address(packet, 16, dst, ip)
}

// rewrite does so for the packet that begins at base. over covers all of it, if it is quoted.
func rewrite(b []byte, base int, src, dst inet.Endpoint, over *sum) {
	ip := &sum{at: base + 10, over: over}
	body := base + int(b[base]&15)*4
	proto := inet.Protocol(b[base+9])
	var transport *sum // RFC 792 promises no more than 8 octets of a quoted packet's payload
	switch {
	case proto == inet.TCP && len(b) >= body+18:
		transport = &sum{at: body + 16, over: over}
	case proto == inet.UDP && len(b) >= body+8:
		transport = &sum{at: body + 6, udp: true, over: over}
	case proto == inet.ICMP:
		// No pseudo-header: an ICMP checksum does not cover addresses (RFC 792).
		address(b, base+12, src, ip, over)
		address(b, base+16, dst, ip, over)
		if id := src.Port | dst.Port; len(b) >= body+6 {
			set(b, body+4, id, &sum{at: body + 2, over: over}, over)
		}
		return
	}
	address(b, base+12, src, ip, transport, over)
	address(b, base+16, dst, ip, transport, over)
	if len(b) >= body+4 {
		set(b, body, src.Port, transport, over)
		set(b, body+2, dst.Port, transport, over)
	}
}

func address(b []byte, at int, e inet.Endpoint, covers ...*sum) {
	a := e.Addr.As4()
	set(b, at, binary.BigEndian.Uint16(a[:2]), covers...)
	set(b, at+2, binary.BigEndian.Uint16(a[2:]), covers...)
}
