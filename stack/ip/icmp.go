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

// ICMP error messages are limited per host as Linux does by default: six at once, then
// one a second (RFC 1812 §4.3.2.8 and RFC 4443 §2.4 (f) ask for a limit and leave the
// figure open).
const (
	errorBurst    = 6
	errorInterval = time.Second
)

// bucket is a token bucket in virtual time. The zero value is full.
type bucket struct {
	used int
	last sim.Time
}

func (b *bucket) take(now sim.Time) bool {
	for b.used > 0 && now.Sub(b.last) >= errorInterval {
		b.used--
		b.last = b.last.Add(errorInterval)
	}
	if b.used == errorBurst {
		return false
	}
	if b.used == 0 {
		b.last = now
	}
	b.used++
	return true
}

// Kind is why a packet is refused, in the words of both versions.
type Kind uint8

// The kinds of refusal.
const (
	NetUnreachable Kind = iota // RFC 792 code 0; RFC 4443 §3.1 code 0
	ProtocolUnreachable
	PortUnreachable
	TooBig // with MTU
	HopsExceeded
	ReassemblyExceeded
	ParameterProblem // IPv6, with Code and Pointer
	HostUnreachable  // RFC 792 code 1; RFC 4443 §3.1 code 6: a reject route
	Prohibited       // RFC 1812 §5.2.7.1 code 13; RFC 4443 §3.1 code 1
	BeyondScope      // IPv6: RFC 4443 §3.1 code 2
	Unresolved       // RFC 792 code 1; RFC 4443 §3.1 code 3: no link-layer address
)

// Refusal is what an ICMP error tells the sender of a packet.
type Refusal struct {
	Kind    Kind
	MTU     int
	Code    uint8
	Pointer int
}

// v4 writes a refusal as RFC 792 and RFC 1191 §4 have it.
func (r Refusal) v4() wire.ICMP {
	m := wire.ICMP{Type: wire.ICMPDestUnreachable}
	switch r.Kind {
	case NetUnreachable:
		m.Code = wire.ICMPNetUnreachable
	case ProtocolUnreachable:
		m.Code = wire.ICMPProtocolUnreachable
	case PortUnreachable:
		m.Code = wire.ICMPPortUnreachable
	case TooBig:
		m.Code, m.MTU = wire.ICMPFragmentationNeeded, uint16(r.MTU)
	case HopsExceeded:
		m.Type, m.Code = wire.ICMPTimeExceeded, wire.ICMPTTLExceeded
	case ReassemblyExceeded:
		m.Type, m.Code = wire.ICMPTimeExceeded, wire.ICMPReassemblyExceeded
	case HostUnreachable, Unresolved:
		m.Code = wire.ICMPHostUnreachable
	case Prohibited:
		m.Code = wire.ICMPAdminProhibited
	default:
		panic("BUG: a refusal that IPv4 does not know")
	}
	return m
}

// v6 writes a refusal as RFC 4443 §3 has it. A protocol that does not run here is a next
// header that is not recognized (RFC 8200 §4), at nextAt.
func (r Refusal) v6(nextAt int) wire.ICMPv6 {
	m := wire.ICMPv6{Type: wire.ICMPv6DestUnreachable}
	switch r.Kind {
	case NetUnreachable:
		m.Code = wire.ICMPv6NoRoute
	case Unresolved:
		m.Code = wire.ICMPv6AddressUnreachable
	case ProtocolUnreachable:
		m.Type, m.Code = wire.ICMPv6ParameterProblem, wire.ICMPv6UnknownNext
		m.Pointer = uint32(nextAt)
	case PortUnreachable:
		m.Code = wire.ICMPv6PortUnreachable
	case TooBig:
		m.Type, m.MTU = wire.ICMPv6PacketTooBig, uint32(r.MTU)
	case HopsExceeded:
		m.Type, m.Code = wire.ICMPv6TimeExceeded, wire.ICMPv6HopLimit
	case ReassemblyExceeded:
		m.Type, m.Code = wire.ICMPv6TimeExceeded, wire.ICMPv6Reassembly
	case ParameterProblem:
		m.Type, m.Code, m.Pointer = wire.ICMPv6ParameterProblem, r.Code, uint32(r.Pointer)
	case HostUnreachable:
		m.Code = wire.ICMPv6RejectRoute
	case Prohibited:
		m.Code = wire.ICMPv6AdminProhibited
	case BeyondScope:
		m.Code = wire.ICMPv6BeyondScope
	}
	return m
}

// Refuse answers packet p, which was refused at event by, with an ICMP error that quotes
// it, unless one is forbidden. When the limit forbids it, an event says so.
func (l *Layer) Refuse(p *Packet, r Refusal, rule rfc.ID, by uint64, fx *Effects) {
	h, err := wire.ParseIP(p.Octets)
	if err != nil && !h.V6() || forbidden(&h) || l.Broadcast(h.Dst) || l.Broadcast(h.Src) {
		return
	}
	path, ok := l.Path(h.Src)
	if !ok {
		return
	}
	if !l.errors.take(fx.Now) {
		event.Emit(fx.Because(by).OnHost(fx.Host), versioned(&h, rfc.ICMPQuiet, rfc.ICMPQuiet6),
			event.ICMPSuppressed{Pkt: p.ID})
		return
	}
	src := path.Src
	if l.IsLocal(h.Dst) {
		// RFC 1122 §3.2.2: answer from the address that was asked; RFC 4443 §2.2 (a) alike.
		src = h.Dst
	}
	if h.V6() {
		m := r.v6(h.NextAt)
		m.Data = wire.Quote6(p.Octets)
		l.sendICMPv6(src, h.Src, m, rule, by, fx)
		return
	}
	m := r.v4()
	m.Data = wire.Quote(p.Octets)
	l.sendICMP(src, h.Src, m, rule, by, fx)
}

// forbidden reports whether no error may be sent about a packet: RFC 1122 §3.2.2, about
// "an ICMP error message", "a datagram destined to an IP broadcast or IP multicast
// address", "a non-initial fragment" or "a datagram whose source address does not define
// a single host"; RFC 4443 §2.4 (e) forbids nearly the same,
// but not about later fragments.
func forbidden(h *wire.IP) bool {
	if h.FragOff != 0 && !h.V6() || h.Dst.IsMulticast() || h.Dst == broadcast() ||
		h.Src.IsMulticast() || h.Src.IsUnspecified() || h.Src == broadcast() {
		return true
	}
	switch h.Proto {
	case inet.ICMP:
		m, err := wire.ParseICMP(h.Payload)
		return !h.V6() && (err != nil || m.IsError())
	case inet.ICMPv6:
		m, err := wire.ParseICMPv6(h.Src, h.Dst, h.Payload)
		return h.V6() && (err != nil || m.IsError())
	}
	return false
}

func broadcast() netip.Addr { return netip.AddrFrom4([4]byte{255, 255, 255, 255}) }

// Echo answers an echo request (RFC 1122 §3.2.2.6).
func (l *Layer) Echo(h *wire.IP, m wire.ICMP, by uint64, fx *Effects) {
	reply := wire.ICMP{Type: wire.ICMPEchoReply, ID: m.ID, Seq: m.Seq, Data: m.Data}
	src := h.Dst
	if l.IsGroup(src) {
		// RFC 1122 §3.2.2.6: "If the request was to a broadcast or multicast address, the
		// source address of the reply is the specific-destination address": one of ours.
		path, ok := l.Path(h.Src)
		if !ok {
			return
		}
		src = path.Src
	}
	l.sendICMP(src, h.Src, reply, rfc.EchoReply, by, fx)
}

// Echo6 answers an echo request (RFC 4443 §4.2).
func (l *Layer) Echo6(h *wire.IP, m wire.ICMPv6, by uint64, fx *Effects) {
	reply := wire.ICMPv6{Type: wire.ICMPv6EchoReply, ID: m.ID, Seq: m.Seq, Data: m.Data}
	src := h.Dst
	if src.IsMulticast() {
		// RFC 4443 §4.2: "the source address of the reply MUST be a unicast address".
		path, ok := l.Path(h.Src)
		if !ok {
			return
		}
		src = path.Src
	}
	l.sendICMPv6(src, h.Src, reply, rfc.EchoReply6, by, fx)
}

func (l *Layer) sendICMP(src, dst netip.Addr, m wire.ICMP, rule rfc.ID, by uint64, fx *Effects) {
	l.sendMessage(src, dst, inet.ICMP, m.Append(nil), Describe(src, dst, m), rule, by, fx)
}

func (l *Layer) sendICMPv6(src, dst netip.Addr, m wire.ICMPv6, rule rfc.ID, by uint64,
	fx *Effects) {
	l.sendMessage(src, dst, inet.ICMPv6, m.Append(nil, src, dst), Describe6(src, dst, m), rule, by, fx)
}

func (l *Layer) sendMessage(src, dst netip.Addr, proto inet.Protocol, payload []byte,
	shown event.ICMPMsg, rule rfc.ID, by uint64, fx *Effects) {
	h := l.Header(src, dst, proto)
	h.DF = src.Is6()
	octets := append(h.AppendHeader(nil, len(payload)), payload...)
	n := event.Emit(fx.Because(by).OnHost(fx.Host), rule, event.ICMPSent{ICMP: shown})
	l.Send(&Packet{ID: inet.PacketID(n), By: n, Octets: octets, Proto: proto, Label: shown.Name,
		MayCut: true, Src: inet.Endpoint{Addr: src}, Dst: inet.Endpoint{Addr: dst}}, fx)
}

// Describe renders an ICMP message for an event; an error says which packet it is about.
func Describe(src, dst netip.Addr, m wire.ICMP) event.ICMPMsg {
	d := event.ICMPMsg{Src: src, Dst: dst, Type: m.Type, Code: m.Code, MTU: uint32(m.MTU),
		Name: m.Name(), Gateway: m.Gateway}
	if m.IsError() {
		about(&d, m.Data)
	}
	return d
}

// Describe6 is Describe for ICMPv6.
func Describe6(src, dst netip.Addr, m wire.ICMPv6) event.ICMPMsg {
	d := event.ICMPMsg{Src: src, Dst: dst, Type: m.Type, Code: m.Code, MTU: m.MTU, Name: m.Name()}
	if m.IsError() {
		about(&d, m.Data)
	}
	if m.IsDiscovery() {
		aboutNeighbour(&d, &m)
	}
	return d
}

func about(d *event.ICMPMsg, quote []byte) {
	if q, err := wire.ParseQuoted(quote); err == nil {
		d.Proto, d.From, d.To = q.Proto.String(), q.Src, q.Dst
	}
}
