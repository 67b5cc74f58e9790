// Package seq holds TCP sequence numbers: 32-bit values compared modulo 2^32.
//
// It must never offer a plain ordering: RFC 9293 §3.4 says that "all arithmetic
// dealing with sequence numbers must be performed modulo 2^32", so a bare < on a
// Num is a defect anywhere in this repository. Read RFC 9293 §3.4 first.
package seq

import "strconv"

// Num is a sequence number (RFC 9293 §3.4). The zero value is sequence number 0.
type Num uint32

// Size is a span of sequence space, in sequence numbers (octets, SYN and FIN each
// count one).
type Size uint32

// Add returns the number n places after s, modulo 2^32.
func (s Num) Add(n Size) Num { return s + Num(n) }

// Sub returns how many numbers lie from o up to s, modulo 2^32. It is only
// meaningful when o is at or before s.
func (s Num) Sub(o Num) Size { return Size(s - o) }

// Less reports whether s comes before o: the RFC's "=<" family without equality.
func (s Num) Less(o Num) bool { return int32(s-o) < 0 }

// LessEq reports whether s comes before o or equals it (the RFC's "=<").
func (s Num) LessEq(o Num) bool { return int32(s-o) <= 0 }

// InWindow reports whether s lies in [first, first+size) modulo 2^32.
func (s Num) InWindow(first Num, size Size) bool { return Size(s-first) < size }

// Max returns the later of s and o.
func (s Num) Max(o Num) Num {
	if s.Less(o) {
		return o
	}
	return s
}

// String renders the raw 32-bit value in decimal.
func (s Num) String() string { return strconv.FormatUint(uint64(s), 10) }
