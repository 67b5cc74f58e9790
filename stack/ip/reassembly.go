package ip

import (
	"net/netip"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// Reassembly: RFC 791 §3.2, RFC 1122 §3.3.2, RFC 8200 §4.5.

// AssemblyTime is how long fragments wait for each other: "within 60 seconds of the
// reception of the first-arriving fragment" (RFC 8200 §4.5); RFC 1122 §3.3.2 wants from 60
// to 120 seconds for IPv4.
const AssemblyTime = 60 * time.Second

// maxAssemblies is how many packets a host puts together at the same time; the oldest makes
// room for another.
const maxAssemblies = 64

// maxPieces is how many fragments of one packet are kept.
const maxPieces = 256

// Alarm asks the world to call Expire at an instant, or not to.
type Alarm struct {
	Assembly uint64
	At       sim.Time
	Stop     bool
	Slot     *sim.Handle // where the world keeps the place in its queue
}

// whose tells which fragments belong together: RFC 791 §3.2, "the identification, source,
// destination, and protocol fields"; for IPv6 without the protocol (RFC 8200 §4.5).
type whose struct {
	src, dst netip.Addr
	proto    inet.Protocol
	id       uint32
}

// piece is a fragment that waits: [from, to) of the payload.
type piece struct {
	from, to int
	pkt      *Packet
	h        wire.IP
}

// assembly is a packet in pieces, ordered by offset.
type assembly struct {
	id     uint64
	slot   sim.Handle // of its alarm
	whose  whose
	pieces []piece
	end    int // of the whole payload; 0 until the last fragment came
}

// Assemble takes a fragment for this host. It returns the packet that is whole by it, with
// the id of its first fragment; nil if some are still missing, or the fragment is dropped.
func (l *Layer) Assemble(p *Packet, h *wire.IP, fx *Effects) *Packet {
	if l.badFragment(p, h, fx) {
		return nil
	}
	a := l.assemblyOf(h, fx)
	n := piece{from: h.FragOff, to: h.FragOff + len(h.Payload), pkt: p, h: *h}
	at := 0
	for _, o := range a.pieces {
		switch {
		case o.from == n.from && o.to == n.to && o.h.MF == h.MF:
			// RFC 8200 §4.5: an implementation may "drop exact duplicate fragments while keeping
			// the other fragments belonging to the same packet".
			Drop(p, rfc.FragmentTwice, "a fragment that is there already", fx)
			return nil
		case o.from < n.to && n.from < o.to:
			l.overlap(a, p, h, fx)
			return nil
		case o.from < n.from:
			at++
		}
	}
	past := !h.MF && len(a.pieces) > 0 && a.pieces[len(a.pieces)-1].to > n.to
	if past || a.end > 0 && n.to > a.end || len(a.pieces) == maxPieces {
		l.overlap(a, p, h, fx)
		return nil
	}
	if !h.MF {
		a.end = n.to
	}
	a.pieces = append(a.pieces[:at:at], append([]piece{n}, a.pieces[at:]...)...)
	p.Held = true
	p.By = event.Emit(fx.Because(p.By).OnHost(fx.Host), versioned(h, rfc.Reassembly, rfc.Reassembly6),
		event.PacketHeld{Pkt: p.ID, Offset: n.from, Octets: inet.ByteCount(len(h.Payload))})
	if !a.whole() {
		return nil
	}
	l.forgetAssembly(a, fx)
	return a.join(p.By, fx)
}

// badFragment drops a fragment that cannot be part of any packet. RFC 8200 §4.5 wants an
// ICMPv6 parameter problem that points to the payload length, or to the offset.
func (l *Layer) badFragment(p *Packet, h *wire.IP, fx *Effects) bool {
	odd := h.MF && len(h.Payload)%8 != 0 || len(h.Payload) == 0
	room := wire.IPv4MaxLen - h.Header
	if h.V6() {
		room = wire.IPv6MaxPayload - (h.Header - wire.IPv6HeaderLen)
	}
	if !odd && h.FragOff+len(h.Payload) <= room {
		return false
	}
	rule := versioned(h, rfc.BadFragment, rfc.BadFragment6)
	by := Drop(p, rule, "a fragment of impossible length or place", fx)
	if h.V6() {
		pointer := 4
		if !odd {
			pointer = h.Header + 2
		}
		l.Refuse(p, Refusal{Kind: ParameterProblem, Code: wire.ICMPv6BadHeader, Pointer: pointer},
			rule, by, fx)
	}
	return true
}

// assemblyOf finds the packet that a fragment belongs to, or begins one.
func (l *Layer) assemblyOf(h *wire.IP, fx *Effects) *assembly {
	w := whose{src: h.Src, dst: h.Dst, id: h.ID}
	if !h.V6() {
		w.proto = h.Proto
	}
	for _, a := range l.assemblies {
		if a.whose == w {
			return a
		}
	}
	if len(l.assemblies) == maxAssemblies {
		l.abandon(l.assemblies[0], rfc.FragmentLimit, "too many packets in pieces", fx)
	}
	l.assembled++
	a := &assembly{id: l.assembled, whose: w}
	l.assemblies = append(l.assemblies, a)
	fx.Alarms = append(fx.Alarms, Alarm{Assembly: a.id, At: fx.Now.Add(AssemblyTime), Slot: &a.slot})
	return a
}

// whole reports whether no octet is missing.
func (a *assembly) whole() bool {
	next := 0
	for _, p := range a.pieces {
		if p.from != next {
			return false
		}
		next = p.to
	}
	return a.end > 0 && next == a.end
}

// join makes one packet of the pieces: the headers are those of the first.
func (a *assembly) join(by uint64, fx *Effects) *Packet {
	first := a.pieces[0]
	main, h := first.pkt, first.h
	octets := append(make([]byte, 0, h.Header+a.end), main.Octets[:h.Header]...)
	tos := h.TOS
	scope := fx.Because(by).OnHost(fx.Host)
	for i, p := range a.pieces {
		octets = append(octets, p.h.Payload...)
		if p.h.TOS&3 == 3 { // RFC 3168 §5.3: congestion that one fragment met, the packet met
			tos |= 3
		}
		if i > 0 {
			fx.Flights.Deliver(p.pkt)
			p.pkt.Held = false
			main.By = event.Emit(scope, versioned(&h, rfc.Reassembly, rfc.Reassembly6),
				event.PacketMerged{Pkt: p.pkt.ID, Into: main.ID})
		}
	}
	wire.Unfragment(octets, h.NextAt, h.Proto)
	wire.SetECN(octets, tos&3)
	main.Octets, main.Held = octets, false
	return main
}

// overlap abandons a packet whose fragments contradict each other. RFC 8200 §4.5: "all the
// fragments that have been received for that packet must be discarded, and no ICMP error
// messages should be sent."
//
// Deviation: RFC 791 §3.2 lets the later fragment overwrite the earlier; for IPv4 the rule
// of RFC 5722 is followed too, as Linux does, since overlaps are only made to deceive.
func (l *Layer) overlap(a *assembly, p *Packet, h *wire.IP, fx *Effects) {
	rule := versioned(h, rfc.FragmentOverlap, rfc.FragmentOverlap6)
	l.abandon(a, rule, "fragments that overlap", fx)
	Drop(p, rule, "fragments that overlap", fx)
}

func (l *Layer) abandon(a *assembly, rule rfc.ID, reason string, fx *Effects) (first *Packet,
	by uint64) {
	for _, p := range a.pieces {
		n := Drop(p.pkt, rule, reason, fx)
		if p.pkt.Held = false; p.from == 0 {
			first, by = p.pkt, n
		}
	}
	l.forgetAssembly(a, fx)
	return first, by
}

func (l *Layer) forgetAssembly(a *assembly, fx *Effects) {
	for i, o := range l.assemblies {
		if o == a {
			l.assemblies = append(l.assemblies[:i:i], l.assemblies[i+1:]...)
			break
		}
	}
	fx.Alarms = append(fx.Alarms, Alarm{Assembly: a.id, Stop: true, Slot: &a.slot})
}

// Expire ends the wait for the missing fragments of a packet. If the first has come, its
// sender is told: RFC 792, RFC 1122 §3.3.2, RFC 8200 §4.5.
func (l *Layer) Expire(assembly uint64, fx *Effects) {
	if l.natExpire(assembly, fx) {
		return
	}
	for _, a := range l.assemblies {
		if a.id != assembly {
			continue
		}
		rule := versioned(&a.pieces[0].h, rfc.FragmentTimeout, rfc.FragmentTimeout6)
		if first, by := l.abandon(a, rule, "fragments are missing", fx); first != nil {
			l.Refuse(first, Refusal{Kind: ReassemblyExceeded}, rule, by, fx)
		}
		return
	}
	panic("BUG: an alarm for no assembly")
}

// AbandonAll drops what waits to be put together: the host is going away.
func (l *Layer) AbandonAll(rule rfc.ID, reason string, fx *Effects) {
	for len(l.assemblies) > 0 {
		l.abandon(l.assemblies[0], rule, reason, fx)
	}
}
