package ip

import (
	"testing"

	"labserver/stack/inet"
)

// Packets that are not made by New land too: their memory is not kept for ever.
func TestTheMemoryOfOnlySoManyLandedPacketsIsKept(t *testing.T) {
	var f Flights
	for i := range 3 * maxSpare {
		p := &Packet{ID: inet.PacketID(i + 1), Octets: make([]byte, 1)}
		f.Launch(p)
		f.Deliver(p)
		if i%1000 == 0 {
			f.Recycle()
		}
	}
	f.Recycle()
	if n := len(f.Spare()); n != maxSpare {
		t.Errorf("%d packets are kept, want %d", n, maxSpare)
	}
	for range maxSpare {
		if p := f.New(); cap(p.Octets) != 1 || len(p.Octets) != 0 || p.ID != 0 {
			t.Fatalf("used again as %+v", p)
		}
	}
	if p := f.New(); p.Octets != nil {
		t.Error("there is more than is kept")
	}
}
