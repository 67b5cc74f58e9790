package ip

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// Fragmentation: RFC 791 §3.2 (an example fragmentation procedure), RFC 8200 §4.5.

// fragmentLabel is what people read of a piece that is not the first.
const fragmentLabel = "fragment"

// split cuts a packet into pieces of mtu octets at the most and returns them in order. The
// first keeps the packet's id; each other is a packet of its own, which an event announces.
// A fragment that a router cuts again gives fragments of the whole.
func (l *Layer) split(p *Packet, mtu int, fx *Effects) []*Packet {
	h, err := wire.ParseIP(p.Octets)
	if err != nil {
		panic("BUG: cutting what is no packet: " + err.Error())
	}
	rule := versioned(&h, rfc.Fragmented, rfc.Fragmented6)
	payload, more, start := h.Payload, h.MF, h.FragOff
	if h.V6() {
		// RFC 8200 §4.5: "the source node generates an Identification value" for each.
		l.nextFragment++
		h.ID = l.nextFragment
	}
	pieces := []*Packet{p}
	for at := 0; at < len(payload); {
		h.FragOff, h.MF = start+at, true
		if at > 0 {
			h.Options = copied(h.Options)
		}
		n := (mtu - h.Room()) &^ 7
		if n < 8 {
			panic("BUG: an MTU that takes no fragment")
		}
		if at+n >= len(payload) {
			n, h.MF = len(payload)-at, more
		}
		octets := append(h.AppendHeader(nil, n), payload[at:at+n]...)
		if at == 0 {
			p.Octets = octets
		} else {
			pieces = append(pieces, cutOff(p, octets, start+at, rule, fx))
		}
		at += n
	}
	return pieces
}

// cutOff makes a packet of what was cut from p.
func cutOff(p *Packet, octets []byte, off int, rule rfc.ID, fx *Effects) *Packet {
	n := event.Emit(fx.Because(p.By).OnHost(fx.Host), rule, event.PacketFragmented{Pkt: p.ID,
		Offset: off, Octets: inet.ByteCount(len(octets))})
	q := *p
	q.ID, q.By, q.Octets, q.Label = inet.PacketID(n), n, octets, fragmentLabel
	q.Plan, q.prev, q.next, q.aloft = sim.Handle{}, nil, nil, false
	fx.Flights.Launch(&q)
	return &q
}

// copied returns the options that every fragment must carry: those whose type has its
// highest bit set, the copied flag (RFC 791 §3.1).
func copied(options []byte) []byte {
	var kept []byte
	for i := 0; i < len(options) && options[i] != 0; {
		n := 1
		if options[i] != 1 {
			if i+1 >= len(options) || options[i+1] < 2 || i+int(options[i+1]) > len(options) {
				break // nothing behind a damaged option can be read
			}
			n = int(options[i+1])
		}
		if options[i]&0x80 != 0 {
			kept = append(kept, options[i:i+n]...)
		}
		i += n
	}
	for len(kept)%4 != 0 {
		kept = append(kept, 0)
	}
	return kept
}
