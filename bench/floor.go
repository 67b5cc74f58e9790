package main

import (
	"time"

	"labserver/bench/ours"
	"labserver/stack/wire"
)

// floor measures what no stack of this design can do without for one full data segment:
// the octets are copied out of the sender's buffer into a packet and out of the packet into
// the receiver's buffer, and summed at both ends. The buffers are those of the programs of the
// other benchmarks.
func floor(n int) (time.Duration, uint16) {
	const ring = 64 << 10
	src, dst := make([]byte, ring+ours.MTU), make([]byte, ring+ours.MTU)
	packet := make([]byte, ours.MTU)
	sums := uint16(0)
	began := time.Now()
	for i := range n {
		at := i * ours.MTU % ring
		copy(packet, src[at:at+ours.MTU])
		sums += wire.Checksum(packet)
		sums += wire.Checksum(packet)
		copy(dst[at:at+ours.MTU], packet)
	}
	return time.Since(began), sums
}
