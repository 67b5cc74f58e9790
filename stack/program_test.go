package stack_test

import (
	"bytes"
	"strings"
	"testing"

	"labserver/stack"
	"labserver/stack/inet"
)

// between gives two hosts with a connection, and a program on each.
func between(t *testing.T, quiet bool) *stack.World {
	t.Helper()
	w, err := stack.New(stack.Config{Seed: 3, Quiet: quiet})
	if err != nil {
		t.Fatal(err)
	}
	try(t, w, strings.Join([]string{
		`host.add {"id":"A","addr":"10.0.0.1/24"}`, `host.add {"id":"B","addr":"10.0.0.2/24"}`,
		`link.add {"a":{"host":"A"},"b":{"host":"B"},"delay_ns":1000000,"loss_ppm":20000}`,
		`proc.start {"host":"A","id":"a"}`, `proc.start {"host":"B","id":"b"}`,
		`socket {"proc":"b","proto":"tcp"}`, `bind {"proc":"b","fd":3,"port":80}`,
		`listen {"proc":"b","fd":3}`, `socket {"proc":"a","proto":"tcp"}`,
		`connect {"proc":"a","fd":3,"addr":"10.0.0.2","port":80}`,
	}, "\n"))
	w.Advance(1e9)
	r := w.Call(parse(t, `accept {"proc":"b","fd":3}`))
	if r.Errno != inet.OK || r.Blocked || r.Value != 4 {
		t.Fatalf("accept returned %+v", r)
	}
	return w
}

// pump moves data from a to b and returns what b read.
func pump(t *testing.T, w *stack.World, data []byte) (got []byte) {
	t.Helper()
	buf := make([]byte, 10_000)
	for sent, round := 0, 0; len(got) < len(data); round++ {
		if round > 100_000 {
			t.Fatalf("%d of %d octets after %d rounds", len(got), len(data), round)
		}
		if sent < len(data) {
			n, e := w.Write("a", 3, data[sent:])
			if e != inet.OK && e != inet.EAGAIN {
				t.Fatalf("write: %s", e)
			}
			sent += max(n, 0)
		}
		n, e := w.Read("b", 4, buf)
		if e != inet.OK && e != inet.EAGAIN {
			t.Fatalf("read: %s", e)
		}
		got = append(got, buf[:max(n, 0)]...)
		w.Advance(w.Now() + 1e6)
	}
	return got
}

func TestAProgramInGoMovesItsOwnOctets(t *testing.T) {
	data := make([]byte, 300_000)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	w := between(t, false)
	if got := pump(t, w, data); !bytes.Equal(got, data) {
		t.Fatal("what was read is not what was written")
	}
	if n := w.Events().Len(); uint64(len(w.Events().From(1))) != n {
		t.Fatalf("%d events of %d", len(w.Events().From(1)), n)
	}
}

func TestAQuietWorldDoesTheSameAndKeepsNoEvents(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 30_000)
	loud, quiet := between(t, false), between(t, true)
	for _, w := range []*stack.World{loud, quiet} {
		if got := pump(t, w, data); !bytes.Equal(got, data) {
			t.Fatal("what was read is not what was written")
		}
	}
	if quiet.Events().From(1) != nil {
		t.Error("a quiet world kept events")
	}
	if loud.Events().Len() != quiet.Events().Len() || loud.Steps() != quiet.Steps() ||
		loud.Now() != quiet.Now() {
		t.Errorf("apart: %d events, %d steps, %v against %d, %d, %v", loud.Events().Len(),
			loud.Steps(), loud.Now(), quiet.Events().Len(), quiet.Steps(), quiet.Now())
	}
	a, b := loud.View(), quiet.View()
	if show(a) != show(b) {
		t.Errorf("the views differ:\n%s\n%s", show(a), show(b))
	}
}

func TestAWorldThatAProgramDroveCannotBeForked(t *testing.T) {
	w := between(t, false)
	_, _ = w.Write("a", 3, []byte("x"))
	defer func() {
		if recover() == nil {
			t.Error("it was forked without what the program did")
		}
	}()
	w.Fork()
}
