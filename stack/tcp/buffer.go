package tcp

// buffer holds octets of one direction. The zero value is empty.
//
// Octets that were given out stay as they are: nothing in mem is ever written twice,
// so segments and read data may alias it. When the end of mem is reached, what is
// still needed moves to new memory.
type buffer struct {
	mem  []byte
	head int // first octet still held
	tail int // end of the octets in order
	high int // end of all octets written; beyond tail there may be gaps
}

// Sizes of the memory a buffer takes at once.
const (
	minBuffer  = 2 << 10
	goodBuffer = 64 << 10
)

// len counts the octets in order.
func (b *buffer) len() int { return b.tail - b.head }

// append adds p at the end.
func (b *buffer) append(p []byte) {
	b.put(0, p)
	b.extend(len(p))
}

// put writes p off octets behind the end, leaving a gap.
func (b *buffer) put(off int, p []byte) {
	b.reserve(off + len(p))
	copy(b.mem[b.tail+off:], p)
	b.high = max(b.high, b.tail+off+len(p))
}

// extend says that the next n octets, written before, are in order now.
func (b *buffer) extend(n int) {
	b.tail += n
	if b.tail > b.high {
		panic("BUG: octets in order that nobody wrote")
	}
}

// slice returns n octets from off on. They stay valid and must not be changed.
func (b *buffer) slice(off, n int) []byte {
	from := b.head + off
	return b.mem[from : from+n : from+n]
}

// drop forgets the first n octets.
func (b *buffer) drop(n int) {
	b.head += n
	if b.head > b.tail {
		panic("BUG: more octets dropped than held")
	}
	if b.head == b.high && len(b.mem) > goodBuffer {
		*b = buffer{} // an idle connection keeps no large buffer
	}
}

// reserve makes room for n octets behind the end.
func (b *buffer) reserve(n int) {
	if b.tail+n <= len(b.mem) {
		return
	}
	size := max(2*(b.len()+n), min(2*len(b.mem), goodBuffer), minBuffer)
	mem := make([]byte, size)
	copy(mem, b.mem[b.head:b.high])
	*b = buffer{mem: mem, tail: b.tail - b.head, high: b.high - b.head}
}
