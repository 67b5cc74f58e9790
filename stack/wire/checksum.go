package wire

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"labserver/stack/inet"
)

// Checksum is "the 16-bit one's complement of the one's complement sum of all 16-bit
// words" (RFC 9293 §3.1), computed as RFC 1071 §1 says. Over octets that include a
// right checksum it is 0.
func Checksum(b []byte) uint16 { return ^fold(sum(0, b)) }

// sum adds b to acc in 64-bit words, with the carries: one's complement addition may be done
// in any word size and folded at the end, and in the other byte order if the result is
// turned round (RFC 1071 §2.B, §2.C). An odd octet counts as if a zero followed it. Each but
// the last of several parts must be of even length.
func sum(acc uint64, b []byte) uint64 {
	var total, carry uint64
	for len(b) >= 64 {
		w := b[:64]
		total, carry = bits.Add64(total, le64(w), carry)
		total, carry = bits.Add64(total, le64(w[8:]), carry)
		total, carry = bits.Add64(total, le64(w[16:]), carry)
		total, carry = bits.Add64(total, le64(w[24:]), carry)
		total, carry = bits.Add64(total, le64(w[32:]), carry)
		total, carry = bits.Add64(total, le64(w[40:]), carry)
		total, carry = bits.Add64(total, le64(w[48:]), carry)
		total, carry = bits.Add64(total, le64(w[56:]), carry)
		b = b[64:]
	}
	for len(b) >= 8 {
		total, carry = bits.Add64(total, le64(b), carry)
		b = b[8:]
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		total, carry = bits.Add64(total, le64(last[:]), carry)
	}
	total, carry = bits.Add64(total, 0, carry)
	return acc + uint64(bits.ReverseBytes16(fold(total+carry)))
}

func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

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
		return acc + uint64(be32(s[:])) + uint64(be32(d[:]))
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
