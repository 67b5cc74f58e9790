package host

// MaxOutside is how many packets wait at a bare host for whoever is outside the world. One
// more is lost, as at an interface whose ring is full.
const MaxOutside = 16_384

// Outside is where packets leave a world: what arrived at a bare host and nobody has taken
// yet, copied. The zero value holds none.
type Outside struct {
	waiting, taken [][]byte // slots are used again, and the octets they hold
	Lost           int64    // packets that found MaxOutside waiting
}

// keep copies a packet that has arrived.
func (o *Outside) keep(octets []byte) {
	n := len(o.waiting)
	if n == MaxOutside {
		o.Lost++
		return
	}
	if n < cap(o.waiting) {
		o.waiting = o.waiting[:n+1]
	} else {
		o.waiting = append(o.waiting, nil)
	}
	o.waiting[n] = append(o.waiting[n][:0], octets...)
}

// Take returns what has arrived since it was last called, in order. The slices are lent
// until the next call.
func (o *Outside) Take() [][]byte {
	o.waiting, o.taken = o.taken[:0], o.waiting
	return o.taken
}
