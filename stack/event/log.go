package event

import (
	"iter"
	"math/bits"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// Log is the events of a run, in order. It keeps them in columns: a row of fixed size for
// each event's envelope, and the bodies of each kind side by side, so that recording an
// event neither allocates nor moves what is there. Reading makes an Event of a row. The
// zero value is an empty log.
type Log struct {
	n     uint64
	quiet bool
	kept  *kept // nil until there is something
}

// kept is what a log keeps of its events.
type kept struct {
	rows    column[row]
	names   names
	columns columns
}

// row is an envelope. What is text is its number in names.
type row struct {
	t     sim.Time
	by    uint32
	host  uint32
	conn  uint32
	rule  uint32
	place place
}

// place is where an event's body is: which column, and where in it.
type place struct {
	kind kindIndex
	slot uint32
}

// Quieten makes an empty log one that numbers events and keeps none of them.
func (l *Log) Quieten() {
	if l.n > 0 {
		panic("BUG: a log becomes quiet before its first event")
	}
	l.quiet = true
}

// Count numbers an event of a quiet log, without saying what it would.
func (l *Log) Count() uint64 { l.n++; return l.n }

// Len returns the number of the last event.
func (l *Log) Len() uint64 { return l.n }

// At returns event n, which must exist.
func (l *Log) At(n uint64) Event {
	k := l.kept
	r := k.rows.at(uint32(n - 1))
	return Event{N: n, T: r.t, By: uint64(r.by), Rule: rfc.ID(k.names.list[r.rule]),
		Host: inet.HostID(k.names.list[r.host]), Conn: inet.ConnID(k.names.list[r.conn]),
		Body: k.columns.body(r.place)}
}

// From returns the events n and later, in a slice of the caller's own. Use Since for many.
func (l *Log) From(n uint64) []Event {
	return l.Between(max(n, 1), l.n)
}

// Between returns the events from..to, in a slice of the caller's own; nil for none.
func (l *Log) Between(from, to uint64) []Event {
	if l.quiet || from > to {
		return nil
	}
	events := make([]Event, 0, to-from+1)
	for n := from; n <= to; n++ {
		events = append(events, l.At(n))
	}
	return events
}

// Since goes through the events n and later, those included that are added meanwhile.
func (l *Log) Since(n uint64) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for n = max(n, 1); !l.quiet && n <= l.n; n++ {
			if !yield(l.At(n)) {
				return
			}
		}
	}
}

func (k *kept) append(s *Scope, rule rfc.ID, p place) {
	k.rows.add(row{t: s.Now, by: uint32(s.By), host: k.names.of(string(s.Host)),
		conn: k.names.of(string(s.Conn)), rule: k.names.of(string(rule)), place: p})
}

// names numbers the texts of envelopes: few are different.
type names struct {
	list   []string
	index  map[string]uint32
	recent [64]uint32 // numbers, by a hash of the text
}

func (n *names) of(s string) uint32 {
	if n.index == nil {
		n.list, n.index = []string{""}, map[string]uint32{"": 0}
	}
	if s == "" {
		return 0
	}
	h := (uint(len(s))*13 + uint(s[len(s)-1])*7 + uint(s[len(s)/2])*31) % uint(len(n.recent))
	if i := n.recent[h]; n.list[i] == s {
		return i
	}
	i, ok := n.index[s]
	if !ok {
		i = uint32(len(n.list))
		n.list = append(n.list, s)
		n.index[s] = i
	}
	n.recent[h] = i
	return i
}

// column is a list that grows without moving: each chunk is twice as long as the one
// before it, up to maxChunk. The zero value is empty.
type column[T any] struct {
	chunks [][]T
	n      uint32
}

// Sizes of chunks, as powers of two.
const (
	firstChunk = 1
	lastChunk  = 11
)

// chunkOf returns in which chunk the i-th element is, and where in it.
func chunkOf(i uint32) (chunk, at uint32) {
	k := uint32(bits.Len32(i>>firstChunk + 1))
	if k <= lastChunk-firstChunk {
		return k - 1, i - (1<<(k-1)-1)<<firstChunk
	}
	// All the chunks before the first of full size hold that size, less the first chunk.
	i -= 1<<lastChunk - 1<<firstChunk
	return lastChunk - firstChunk + i>>lastChunk, i & (1<<lastChunk - 1)
}

// add appends v and returns its place.
func (c *column[T]) add(v T) uint32 {
	last := len(c.chunks) - 1
	if last < 0 || len(c.chunks[last]) == cap(c.chunks[last]) {
		last++
		size := 1 << min(firstChunk+last, lastChunk)
		c.chunks = append(c.chunks, make([]T, 0, size))
	}
	c.chunks[last] = append(c.chunks[last], v)
	c.n++
	return c.n - 1
}

// at returns the i-th element, which must exist.
func (c *column[T]) at(i uint32) *T {
	chunk, at := chunkOf(i)
	return &c.chunks[chunk][at]
}
