package tcp_test

import (
	"fmt"
	"strings"
	"testing"

	"labserver/stack/script"
)

// Every order in which five segments and a duplicate can arrive: what the receiver must
// answer follows from RFC 9293 §3.10.7.4, RFC 2018 §4 and RFC 2883 §4, computed here by an
// oracle that knows nothing of the stack. The scripts are made and run, not kept: there
// are hundreds.

// octetsOf is the size of a segment of the permutations.
const octetsOf = 10

// span is [from, to) in sequence numbers relative to the peer's ISN.
type span struct{ from, to int }

// receiver is the oracle: what came in order, the islands beyond it, the youngest first.
type receiver struct {
	next    int
	islands []span
}

// take adds a segment and returns the SACK Option of the answer, "" for none.
func (r *receiver) take(s span) (sack string) {
	var blocks []span
	switch {
	case s.to <= r.next:
		blocks = append(blocks, s) // RFC 2883 §4: the D-SACK block comes first
	default:
		in := s
		for _, i := range r.islands {
			if i.from <= in.from && in.to <= i.to {
				// RFC 2883 §4: a duplicate inside a block: D-SACK, then that block.
				blocks = append(blocks, in)
			}
		}
		r.insert(in)
	}
	blocks = append(blocks, r.islands...)
	if len(blocks) == 0 {
		return ""
	}
	if len(blocks) > 4 { // RFC 2018 §3: four blocks without timestamps
		blocks = blocks[:4]
	}
	var words []string
	for _, b := range blocks {
		words = append(words, fmt.Sprintf("%d:%d", b.from, b.to))
	}
	return " <nop,nop,sack " + strings.Join(words, " ") + ">"
}

// insert merges s with what it touches: RFC 2018 §4, "the first SACK block […] MUST specify
// the contiguous block of data containing the segment which triggered this ACK".
func (r *receiver) insert(s span) {
	var rest []span
	for _, i := range r.islands {
		if i.to < s.from || s.to < i.from {
			rest = append(rest, i)
			continue
		}
		s = span{min(s.from, i.from), max(s.to, i.to)}
	}
	if s.from <= r.next {
		r.next = s.to
	} else {
		rest = append([]span{s}, rest...)
	}
	r.islands = rest
}

// arrivalsScript is the packet script of segments that arrive in this order.
func arrivalsScript(order []int, gap string) []byte {
	var b strings.Builder
	b.WriteString(`0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+0   < S 0:0(0) win 65535 <mss 1000,nop,nop,sackOK>
+0   > S. 0:0(0) ack 1 <...>
+.1  < . 1:1(0) ack 1 win 65535
+0   accept(3, ..., ...) = 4
`)
	r := receiver{next: 1}
	waits := false
	for _, n := range order {
		s := span{1 + n*octetsOf, 1 + (n+1)*octetsOf}
		plain := s.from == r.next && len(r.islands) == 0
		fmt.Fprintf(&b, "%s   < P. %d:%d(%d) ack 1 win 65535\n", gap, s.from, s.to, octetsOf)
		sack := r.take(s)
		if plain { // RFC 5681 §4.2: only this may wait
			if waits = !waits; !waits {
				fmt.Fprintf(&b, "*    > . 1:1(0) ack %d\n", r.next)
			}
			continue
		}
		fmt.Fprintf(&b, "+0   > . 1:1(0) ack %d%s\n", r.next, sack)
		waits = false
	}
	if waits {
		fmt.Fprintf(&b, "*    > . 1:1(0) ack %d\n", r.next)
	}
	fmt.Fprintf(&b, "+0   read(4, ..., 1000) = %d\n", r.next-1)
	return []byte(b.String())
}

// permutations lists all orders of 0..n-1.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for at := range n {
			q := append(append(append([]int{}, p[:at]...), n-1), p[at:]...)
			all = append(all, q)
		}
	}
	return all
}

// TestEveryOrderOfFiveSegmentsDrawsTheBlocksOfRFC2018 also repeats each of them last but
// one, for RFC 2883.
func TestEveryOrderOfFiveSegmentsDrawsTheBlocksOfRFC2018(t *testing.T) {
	runs := 0
	play := func(order []int, profile string, o script.Options) {
		runs++
		o.Profile = profile
		text := arrivalsScript(order, "+.01")
		if profile == "linux" { // its first ACKs do not wait
			text = append([]byte("--set=tcp_quickacks=0\n"), text...)
		}
		res := script.Run(fmt.Sprint(order), text, o)
		if res.Failure != nil {
			t.Errorf("%s\n%s", profile, res.Failure.Text())
		} else if res.Strict != nil {
			t.Errorf("%s, strictly\n%s", profile, res.Strict.Text())
		}
	}
	near, far := uint32(1<<32-20), uint32(1<<32-1)
	for n, order := range permutations(5) {
		play(order, "freebsd", script.Options{})
		play(order, "rfc", script.Options{IPv6: n%2 == 0, ISNRemote: &near, ISNLocal: &far})
		if testing.Short() && n%7 != 0 {
			continue
		}
		for again := range order { // each segment once more, before the last comes
			twice := append(append(append([]int{}, order[:4]...), order[again%4]), order[4])
			play(twice, "freebsd", script.Options{})
			late := append(append([]int{}, order...), order[again])
			play(late, "linux", script.Options{ISNRemote: &near})
		}
	}
	t.Logf("%d runs", runs)
}
