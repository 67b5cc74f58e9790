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
	if f.octets != 0 {
		t.Errorf("%d octets of nothing", f.octets)
	}
}

func TestLargePacketsFillTheSpareMemorySooner(t *testing.T) {
	var f Flights
	for i := range 1000 {
		p := &Packet{ID: inet.PacketID(i + 1), Octets: make([]byte, 1<<16)}
		f.Launch(p)
		f.Drop(p)
	}
	f.Recycle()
	if n := len(f.Spare()); n != maxSpareOctets>>16 {
		t.Errorf("%d packets of 64 KiB are kept", n)
	}
	f.Trim()
	if n := len(f.Spare()); n != idleSpare || f.octets != idleSpare<<16 {
		t.Errorf("%d packets and %d octets are kept while nothing happens", n, f.octets)
	}
}
