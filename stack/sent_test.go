package stack_test

import (
	"testing"
	"time"

	"labserver/stack/event"
)

// What a host sends is counted once, however many links it crosses, and what it injects too.
func TestSentCountsEachPacketOnce(t *testing.T) {
	w := world(t, ajar)
	port, err := w.Attach("X")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := port.Inject(echoRequest(uint16(i), 8)); err != nil {
			t.Fatal(err)
		}
	}
	w.Advance(w.Now().Add(time.Second))
	shown := int64(0)
	for e := range w.Events().Since(1) {
		if _, ok := e.Body.(event.ICMPSent); ok {
			shown++
		}
	}
	if got := w.Sent(); got != 6 || got != shown {
		t.Errorf("%d packets sent, %d shown, want 3 requests and 3 replies", got, shown)
	}
}
