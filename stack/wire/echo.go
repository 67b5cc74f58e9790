package wire

import "labserver/stack/inet"

// QuotedEcho reads the identifier and sequence number of the echo request that an ICMP error
// quotes; false if it quotes something else. RFC 792 has at least 64 bits of it there.
func QuotedEcho(data []byte) (id, seq uint16, ok bool) {
	p, err := ParseIP(data)
	other := err != nil && err != Truncated && err != BadChecksum && err != BadExtension
	if other || p.FragOff != 0 || len(p.Payload) < QuoteLen {
		return 0, 0, false
	}
	switch {
	case p.Proto == inet.ICMP && p.Payload[0] == ICMPEcho,
		p.Proto == inet.ICMPv6 && p.Payload[0] == ICMPv6Echo:
		return be16(p.Payload[4:]), be16(p.Payload[6:]), true
	}
	return 0, 0, false
}
