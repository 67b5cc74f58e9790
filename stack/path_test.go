package stack_test

import (
	"testing"

	"labserver/stack/event"
)

// TestATransferFitsItselfToANarrowPath: the first packets are turned back, TCP and IP learn
// what fits, nothing waits for a timer, and the next connection knows from the start.
func TestATransferFitsItselfToANarrowPath(t *testing.T) {
	for _, s := range scenarios() {
		if s.name != "narrow-path" {
			continue
		}
		w, _ := s.play(t)
		var mss []event.ConnMSS
		var paths []event.PathMTU
		read, second := 0, 0
		for _, e := range w.Events().From(1) {
			switch b := e.Body.(type) {
			case event.ConnMSS:
				mss = append(mss, b)
			case event.PathMTU:
				paths = append(paths, b)
			case event.ConnSynchronized:
				if e.Host == "A" {
					second = int(b.SMSS)
				}
			case event.TimerFired:
				if b.Timer == "rto" {
					t.Error("a timeout")
				}
			case event.CallReturned:
				if b.Op != "recv" {
					continue
				}
				read = max(read, int(b.Value))
			}
		}
		if len(mss) != 1 || mss[0] != (event.ConnMSS{Old: 1448, New: 948}) {
			t.Errorf("%+v", mss)
		}
		if len(paths) != 1 || paths[0].New != 1000 {
			t.Errorf("%+v", paths)
		}
		if second != 948 || read != 9000 {
			t.Errorf("the second connection sends %d, %d octets were read", second, read)
		}
		return
	}
	t.Fatal("no such scenario")
}
