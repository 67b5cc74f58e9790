package veth

import (
	"os"
	"testing"
)

// Every segment of a transfer crosses the cable by itself: none is merged or cut later.
func TestABulkTransferOverVethIsCountedPacketByPacket(t *testing.T) {
	if err := Usable(); err != nil {
		if os.Getenv("LABSERVER_E2E") == "1" {
			t.Fatal("the kernel's path must be measured:", err)
		}
		t.Skip("the kernel's path cannot be measured here:", err)
	}
	const octets = 4 << 20
	s, err := Bulk(0, octets)
	if err != nil {
		t.Fatal(err)
	}
	if s.Octets != octets || s.Segments < octets/1448 {
		t.Errorf("%d octets in %d packets: more than 1448 in one", s.Octets, s.Segments)
	}
}
