package sim

// Queue holds what is to happen, ordered by instant and, within one instant, by the
// order of arrival. It is a heap of four children a node; the items lie beside it and stay
// where they are, so that a Handle finds them. Once it has grown it allocates nothing. The
// zero value is an empty queue.
type Queue[T any] struct {
	heap  []node
	slots []slot[T]
	free  []uint32 // slots without an item
	turns uint64
}

// Handle names a queued item, to cancel or move it. The zero value names none, and so does
// the handle of an item that has happened or was cancelled.
type Handle struct{ slot, life uint32 }

// node is an item's place in the order.
type node struct {
	at   Time
	turn uint64
	slot uint32
}

// slot holds an item; life counts the items it has held, so that no handle of an earlier
// one is taken for this one's.
type slot[T any] struct {
	item T
	pos  int32 // in the heap
	life uint32
}

// Push queues item for the instant at.
func (q *Queue[T]) Push(at Time, item T) Handle {
	var i uint32
	if n := len(q.free); n > 0 {
		i = q.free[n-1]
		q.free = q.free[:n-1]
	} else {
		i = uint32(len(q.slots))
		q.slots = append(q.slots, slot[T]{})
	}
	s := &q.slots[i]
	s.item = item
	s.life++
	q.heap = append(q.heap, node{})
	q.up(len(q.heap)-1, node{at, q.turn(), i})
	return Handle{i, s.life}
}

func (q *Queue[T]) turn() uint64 { q.turns++; return q.turns }

// Waits reports whether the item of a handle is still queued.
func (q *Queue[T]) Waits(h Handle) bool {
	return h.life != 0 && q.slots[h.slot].life == h.life && q.slots[h.slot].pos >= 0
}

// Cancel takes an item out. What waits no more is passed over.
func (q *Queue[T]) Cancel(h Handle) {
	if q.Waits(h) {
		q.take(int(q.slots[h.slot].pos))
	}
}

// Move puts an item that waits to another instant, behind what is queued there.
func (q *Queue[T]) Move(h Handle, at Time) {
	q.place(int(q.slots[q.waiting(h)].pos), node{at, q.turn(), h.slot})
}

// Item returns the item of a handle, which must wait. What it points to is changed in place:
// it happens at the same instant and in the same order.
func (q *Queue[T]) Item(h Handle) *T { return &q.slots[q.waiting(h)].item }

// At returns when the item of a handle, which must wait, happens.
func (q *Queue[T]) At(h Handle) Time { return q.heap[q.slots[q.waiting(h)].pos].at }

// Before reports whether a happens before b; both must wait.
func (q *Queue[T]) Before(a, b Handle) bool {
	x, y := q.slots[q.waiting(a)].pos, q.slots[q.waiting(b)].pos
	return q.heap[x].before(&q.heap[y])
}

func (q *Queue[T]) waiting(h Handle) uint32 {
	if !q.Waits(h) {
		panic("BUG: an item that does not wait")
	}
	return h.slot
}

// Len counts the items that will still happen.
func (q *Queue[T]) Len() int { return len(q.heap) }

// NextAt returns the instant of the next item; false when nothing is queued.
func (q *Queue[T]) NextAt() (Time, bool) {
	if len(q.heap) == 0 {
		return 0, false
	}
	return q.heap[0].at, true
}

// Pop takes the next item; false when nothing is queued.
func (q *Queue[T]) Pop() (item T, at Time, ok bool) {
	if len(q.heap) == 0 {
		return item, 0, false
	}
	n := q.heap[0]
	item = q.slots[n.slot].item
	q.take(0)
	return item, n.at, true
}

// Defer puts the next item off to a later instant, behind what is queued there. Its owner
// can still cancel it.
func (q *Queue[T]) Defer(at Time) { q.down(0, node{at, q.turn(), q.heap[0].slot}) }

// take removes what stands at position i of the heap.
func (q *Queue[T]) take(i int) {
	s := q.heap[i].slot
	var none T
	q.slots[s].item, q.slots[s].pos = none, -1
	q.free = append(q.free, s)
	last := len(q.heap) - 1
	moved := q.heap[last]
	q.heap = q.heap[:last]
	if i < last {
		q.place(i, moved)
	}
}

// place puts n where i is free, or where it belongs from there.
func (q *Queue[T]) place(i int, n node) {
	if i > 0 && n.before(&q.heap[(i-1)/arity]) {
		q.up(i, n)
	} else {
		q.down(i, n)
	}
}

// arity is how many children a node of the heap has: four lie in one or two cache lines.
const arity = 4

func (n *node) before(o *node) bool {
	return n.at < o.at || n.at == o.at && n.turn < o.turn
}

func (q *Queue[T]) up(i int, n node) {
	for i > 0 {
		p := (i - 1) / arity
		if !n.before(&q.heap[p]) {
			break
		}
		q.set(i, q.heap[p])
		i = p
	}
	q.set(i, n)
}

func (q *Queue[T]) down(i int, n node) {
	for {
		c := arity*i + 1
		if c >= len(q.heap) {
			break
		}
		first := c
		for end := min(c+arity, len(q.heap)); c < end; c++ {
			if q.heap[c].before(&q.heap[first]) {
				first = c
			}
		}
		if !q.heap[first].before(&n) {
			break
		}
		q.set(i, q.heap[first])
		i = first
	}
	q.set(i, n)
}

func (q *Queue[T]) set(i int, n node) {
	q.heap[i] = n
	q.slots[n.slot].pos = int32(i)
}
