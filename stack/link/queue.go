package link

import (
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/sim"
)

// waiting is a packet in a queue, and since when it waits.
type waiting struct {
	pkt   *ip.Packet
	since sim.Time
}

// fifo is the queue of one direction: a ring that grows and is used again, so that a queue
// in its steady state allocates nothing. The zero value is an empty queue.
type fifo struct {
	ring   []waiting // its length is a power of two, or 0
	head   int
	n      int
	octets inet.ByteCount // of the packets, headers of frames included
}

// size is what a packet takes in a queue and on the wire.
func size(p *ip.Packet) inet.ByteCount { return p.Len() + FrameOverhead }

// at returns the place of packet i, counted from the head.
func (f *fifo) at(i int) *waiting { return &f.ring[(f.head+i)&(len(f.ring)-1)] }

// push puts a packet at the end.
func (f *fifo) push(p *ip.Packet, now sim.Time) {
	if f.n == len(f.ring) {
		f.grow()
	}
	f.n++
	f.octets += size(p)
	*f.at(f.n - 1) = waiting{p, now}
}

func (f *fifo) grow() {
	wider := make([]waiting, max(8, 2*len(f.ring)))
	for i := range f.n {
		wider[i] = *f.at(i)
	}
	f.ring, f.head = wider, 0
}

// pop takes the packet at the head; that of the zero value has none.
func (f *fifo) pop() (w waiting) {
	if f.n == 0 {
		return w
	}
	first := f.at(0)
	w, *first = *first, waiting{}
	f.head = (f.head + 1) & (len(f.ring) - 1)
	f.n--
	f.octets -= size(w.pkt)
	return w
}

// index returns where a packet stands, -1 if it does not wait here.
func (f *fifo) index(p *ip.Packet) int {
	for i := range f.n {
		if f.at(i).pkt == p {
			return i
		}
	}
	return -1
}

// take removes packet i.
func (f *fifo) take(i int) {
	f.octets -= size(f.at(i).pkt)
	for ; i > 0; i-- {
		*f.at(i) = *f.at(i - 1)
	}
	*f.at(0) = waiting{}
	f.head = (f.head + 1) & (len(f.ring) - 1)
	f.n--
}

// insert puts a packet at place i, in front of what stands there, as if it had waited as
// long as the one before it.
func (f *fifo) insert(i int, p *ip.Packet) {
	f.push(p, f.at(i-1).since)
	for j := f.n - 1; j > i; j-- {
		*f.at(j), *f.at(j - 1) = *f.at(j - 1), *f.at(j)
	}
}
