package wire

import (
	"encoding/binary"
	"net/netip"

	"labserver/stack/inet"
)

// Checksum is "the 16-bit one's complement of the one's complement sum of all 16-bit
// words" (RFC 9293 §3.1), computed as RFC 1071 §1 says. Over octets that include a
// right checksum it is 0.
func Checksum(b []byte) uint16 { return ^fold(sum(0, b)) }

// sum adds b to acc in 32-bit words: one's complement addition may be done in any word
// size and folded at the end (RFC 1071 §2.C). An odd octet counts as if a zero
// followed it. acc cannot overflow: an IP packet has fewer than 2^14 such words.
func sum(acc uint64, b []byte) uint64 {
	for len(b) >= 16 {
		v, w := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		acc += v>>32 + v&0xffffffff + w>>32 + w&0xffffffff
		b = b[16:]
	}
	for len(b) >= 4 {
		acc += uint64(be32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		acc += uint64(be16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		acc += uint64(b[0]) << 8
	}
	return acc
}

// fold brings a sum down to 16 bits, adding the carries back in.
func fold(acc uint64) uint16 {
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	return uint16(acc)
}

// pseudo is the sum over the pseudo-header that TCP and UDP checksums cover beside the
// segment, so that a segment led to a wrong address is noticed (RFC 9293 §3.1 for
// IPv4, RFC 8200 §8.1 for IPv6).
func pseudo(src, dst netip.Addr, proto inet.Protocol, length int) uint64 {
	acc := uint64(proto) + uint64(length)
	if src.Is4() && dst.Is4() {
		s, d := src.As4(), dst.As4()
		return sum(sum(acc, s[:]), d[:])
	}
	s, d := src.As16(), dst.As16()
	return sum(sum(acc, s[:]), d[:])
}

// UpdateChecksum returns the checksum hc after one 16-bit word it covers changed from
// old to new: HC' = ~(~HC + ~m + m'), which is equation 3 of RFC 1624 §3.
func UpdateChecksum(hc, old, new uint16) uint16 {
	return ^fold(uint64(^hc) + uint64(^old) + uint64(new))
}

// DecrementTTL takes one from the TTL of an IPv4 packet in place, as a forwarding host
// does, and mends the header checksum (RFC 1624 §3). The packet must have been parsed
// and its TTL must be at least 1.
func DecrementTTL(packet []byte) {
	word := packet[8:10] // TTL and protocol share a word
	old := be16(word)
	if old < 1<<8 {
		panic("BUG: TTL is 0 already")
	}
	put16(word, old-1<<8)
	put16(packet[10:], UpdateChecksum(be16(packet[10:]), old, old-1<<8))
}
