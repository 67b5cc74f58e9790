package sim

// Queue holds what is to happen, ordered by instant and, within one instant, by the
// order of arrival. It is a binary heap; cancelling marks an entry, which is dropped
// when it surfaces. The zero value is an empty queue.
type Queue[T any] struct {
	heap []*Entry[T]
	seq  uint64
	live int
}

// Entry is one queued item. Keep it to cancel the item.
type Entry[T any] struct {
	At    Time
	Item  T
	seq   uint64
	state entryState
}

type entryState uint8

const (
	waiting entryState = iota
	cancelled
	taken
)

// Push queues item for the instant at.
func (q *Queue[T]) Push(at Time, item T) *Entry[T] {
	e := &Entry[T]{At: at, Item: item, seq: q.seq}
	q.seq++
	q.live++
	q.heap = append(q.heap, e)
	q.up(len(q.heap) - 1)
	return e
}

// Cancel takes an entry out. Cancelling nil, a cancelled or a taken entry does nothing.
func (q *Queue[T]) Cancel(e *Entry[T]) {
	if e == nil || e.state != waiting {
		return
	}
	e.state = cancelled
	q.live--
	if len(q.heap) > 64 && q.live < len(q.heap)/2 {
		q.compact()
	}
}

// Alter puts another item in the place of one that waits: it happens at the same instant
// and in the same order.
func (q *Queue[T]) Alter(e *Entry[T], item T) {
	if e.state != waiting {
		panic("BUG: altering what does not wait")
	}
	e.Item = item
}

// Before reports whether e happens before o.
func (e *Entry[T]) Before(o *Entry[T]) bool {
	if e.At != o.At {
		return e.At < o.At
	}
	return e.seq < o.seq
}

// Len counts the entries that will still happen.
func (q *Queue[T]) Len() int { return q.live }

// NextAt returns the instant of the next entry; false when nothing is queued.
func (q *Queue[T]) NextAt() (Time, bool) {
	q.drop()
	if len(q.heap) == 0 {
		return 0, false
	}
	return q.heap[0].At, true
}

// Pop takes the next entry; false when nothing is queued.
func (q *Queue[T]) Pop() (item T, at Time, ok bool) {
	q.drop()
	if len(q.heap) == 0 {
		return item, 0, false
	}
	e := q.take()
	e.state = taken
	q.live--
	return e.Item, e.At, true
}

// Defer puts the next entry off to a later instant, behind what is queued there. Its
// owner can still cancel it.
func (q *Queue[T]) Defer(at Time) {
	q.drop()
	e := q.heap[0]
	e.At, e.seq = at, q.seq
	q.seq++
	q.down(0)
}

// drop removes cancelled entries from the top.
func (q *Queue[T]) drop() {
	for len(q.heap) > 0 && q.heap[0].state == cancelled {
		q.take()
	}
}

// compact rebuilds the heap without cancelled entries, so that a timer restarted a
// million times costs the memory of one.
func (q *Queue[T]) compact() {
	kept := q.heap[:0]
	for _, e := range q.heap {
		if e.state == waiting {
			kept = append(kept, e)
		}
	}
	for i := len(kept); i < len(q.heap); i++ {
		q.heap[i] = nil
	}
	q.heap = kept
	for i := len(q.heap)/2 - 1; i >= 0; i-- {
		q.down(i)
	}
}

func (q *Queue[T]) before(i, j int) bool {
	return q.heap[i].Before(q.heap[j])
}

func (q *Queue[T]) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if !q.before(i, p) {
			return
		}
		q.heap[i], q.heap[p] = q.heap[p], q.heap[i]
		i = p
	}
}

func (q *Queue[T]) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(q.heap) {
			return
		}
		if c+1 < len(q.heap) && q.before(c+1, c) {
			c++
		}
		if !q.before(c, i) {
			return
		}
		q.heap[i], q.heap[c] = q.heap[c], q.heap[i]
		i = c
	}
}

func (q *Queue[T]) take() *Entry[T] {
	e := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last] = nil
	q.heap = q.heap[:last]
	q.down(0)
	return e
}
