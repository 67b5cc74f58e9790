package tcp

// buffer holds octets of one direction, in a ring that grows to what is needed. The zero
// value is empty and holds no memory.
//
// What slice returns is lent: it is good until the buffer is written the next time, so
// segments are put into packets, and read data is copied, before anything else happens.
type buffer struct {
	mem  []byte // the ring, and behind it its first octets once more: see overlap
	head int    // where in the ring the first octet is
	n    int    // octets in order
	high int    // octets up to the end of what is written; beyond n there may be gaps
}

// Sizes of the ring: powers of two.
const (
	minBuffer  = 2 << 10
	goodBuffer = 64 << 10
)

// overlap is how many of the first octets of a large ring stand behind its end again, so
// that a segment that runs over the end lies in one piece all the same.
const overlap = 2 << 10

// ring is the length of the ring.
func (b *buffer) ring() int {
	if len(b.mem) > goodBuffer {
		return len(b.mem) - overlap
	}
	return len(b.mem)
}

// len counts the octets in order.
func (b *buffer) len() int { return b.n }

// append adds p at the end.
func (b *buffer) append(p []byte) {
	b.put(0, p)
	b.extend(len(p))
}

// put writes p off octets behind the end, leaving a gap.
func (b *buffer) put(off int, p []byte) {
	end := b.n + off + len(p)
	if end > b.ring() {
		b.grow(end)
	}
	ring := b.ring()
	at := (b.head + b.n + off) & (ring - 1)
	k := copy(b.mem[at:ring], p)
	copy(b.mem, p[k:])
	if len(b.mem) > ring && (k < len(p) || at < overlap) {
		copy(b.mem[ring:], b.mem[:overlap])
	}
	b.high = max(b.high, end)
}

// extend says that the next n octets, written before, are in order now.
func (b *buffer) extend(n int) {
	b.n += n
	if b.n > b.high {
		panic("BUG: octets in order that nobody wrote")
	}
}

// slice returns n octets from off on; they may lie beyond the end only as put wrote them.
func (b *buffer) slice(off, n int) []byte {
	if n == 0 {
		return nil
	}
	ring := b.ring()
	at := (b.head + off) & (ring - 1)
	if at+n <= len(b.mem) {
		return b.mem[at : at+n : at+n]
	}
	piece := make([]byte, n)
	k := copy(piece, b.mem[at:ring])
	copy(piece[k:], b.mem)
	return piece
}

// copyTo copies as many octets from off on as fit into p.
func (b *buffer) copyTo(p []byte, off int) {
	ring := b.ring()
	at := (b.head + off) & (ring - 1)
	p = p[:min(len(p), b.n-off)]
	k := copy(p, b.mem[at:ring])
	copy(p[k:], b.mem)
}

// drop forgets the first n octets.
func (b *buffer) drop(n int) {
	if n > b.n {
		panic("BUG: more octets dropped than held")
	}
	if n == 0 {
		return
	}
	b.n, b.high = b.n-n, b.high-n
	b.head = (b.head + n) & (b.ring() - 1)
	if b.high == 0 {
		b.head = 0 // the octets that come next are likelier to be in the processor's cache
	}
}

// trim gives a large ring back that holds nothing: an idle connection keeps none.
func (b *buffer) trim() {
	if b.high == 0 && len(b.mem) > minBuffer {
		*b = buffer{}
	}
}

// grow makes room for n octets in all.
func (b *buffer) grow(n int) {
	size := minBuffer
	for size < n {
		size *= 2
	}
	room := size
	if room > goodBuffer {
		room += overlap
	}
	mem := make([]byte, room)
	if b.high > 0 {
		ring := b.ring()
		k := copy(mem, b.mem[b.head:min(b.head+b.high, ring)])
		copy(mem[k:], b.mem[:b.high-k])
	}
	if room > size {
		copy(mem[size:], mem[:overlap])
	}
	b.mem, b.head = mem, 0
}
