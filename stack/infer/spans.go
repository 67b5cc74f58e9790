package infer

import (
	"slices"

	"labserver/stack/seq"
)

// maxSpans is how many gaps a set may have; the oldest are forgotten beyond it.
const maxSpans = 256

// span is [from, to) of the sequence space.
type span struct{ from, to seq.Num }

// spans is a set of sequence numbers, in order and without touching neighbours. All of it
// must lie within half of the sequence space, which what a window holds does. The zero
// value is empty.
type spans []span

// add puts [from, to) in.
func (s *spans) add(from, to seq.Num) {
	if !from.Less(to) {
		return
	}
	i := 0
	for i < len(*s) && (*s)[i].to.Less(from) {
		i++
	}
	j := i
	for j < len(*s) && (*s)[j].from.LessEq(to) {
		if (*s)[j].from.Less(from) {
			from = (*s)[j].from
		}
		to = to.Max((*s)[j].to)
		j++
	}
	*s = slices.Replace(*s, i, j, span{from, to})
	if len(*s) > maxSpans {
		*s = slices.Delete(*s, 0, 1)
	}
	s.forget()
}

// reach is how far back a set goes: less than half of the sequence space, so that its
// order stays one.
const reach seq.Size = 1 << 30

// forget drops what lies too far behind.
func (s *spans) forget() {
	end := (*s)[len(*s)-1].to
	for end.Sub((*s)[0].from) > reach {
		if end.Sub((*s)[0].to) < reach {
			(*s)[0].from = end - seq.Num(reach)
			return
		}
		*s = slices.Delete(*s, 0, 1)
	}
}

// overlaps reports whether any of [from, to) is in the set.
func (s spans) overlaps(from, to seq.Num) bool {
	for i := len(s) - 1; i >= 0 && from.Less(s[i].to); i-- {
		if s[i].from.Less(to) {
			return true
		}
	}
	return false
}

// before takes out all that lies before at, and returns the end of what begins there or
// covers it: at itself if nothing does.
func (s *spans) before(at seq.Num) seq.Num {
	for len(*s) > 0 && (*s)[0].from.LessEq(at) {
		at = at.Max((*s)[0].to)
		*s = slices.Delete(*s, 0, 1)
	}
	return at
}

// octets counts what is in the set.
func (s spans) octets() int64 {
	n := int64(0)
	for _, x := range s {
		n += int64(x.to.Sub(x.from))
	}
	return n
}
