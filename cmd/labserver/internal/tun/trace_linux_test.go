package tun_test

import (
	"fmt"
	"strings"

	"labserver/stack/inet"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// trace remembers the latest packets that passed, to show what led to a failure.
type trace struct {
	last [60]passed
	n    int
}

// passed is one packet, as far as its headers.
type passed struct {
	at    sim.Time
	in    bool
	head  [100]byte
	whole int
}

func (t *trace) add(at sim.Time, in bool, octets []byte) {
	p := &t.last[t.n%len(t.last)]
	p.at, p.in, p.whole = at, in, len(octets)
	copy(p.head[:], octets)
	t.n++
}

// String has a line for each packet, the latest last.
func (t *trace) String() string {
	var b strings.Builder
	for i := max(0, t.n-len(t.last)); i < t.n; i++ {
		b.WriteString(t.last[i%len(t.last)].String() + "\n")
	}
	return b.String()
}

// String reads as tcpdump's lines do.
func (p *passed) String() string {
	way := "ours > kernel"
	if p.in {
		way = "kernel > ours"
	}
	s := fmt.Sprintf("%12.6f %s %5d octets", float64(p.at)/1e9, way, p.whole)
	proto, head := inet.Protocol(p.head[9]), p.head[int(p.head[0]&15)*4:]
	if p.head[0]>>4 == 6 {
		proto, head = inet.Protocol(p.head[6]), p.head[40:]
	}
	if proto != inet.TCP {
		return s + " " + proto.String()
	}
	be16 := func(i int) int { return int(head[i])<<8 | int(head[i+1]) }
	be32 := func(i int) uint32 { return uint32(be16(i))<<16 | uint32(be16(i+2)) }
	return s + fmt.Sprintf(" %d > %d %s seq %d ack %d win %d", be16(0), be16(2),
		wire.Flags(head[13]), be32(4), be32(8), be16(14))
}
