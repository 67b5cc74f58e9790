package ip

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// ICMP error messages are limited per host as Linux does by default: six at once, then
// one a second (RFC 1812 §4.3.2.8 asks for a limit and leaves the figure open).
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

// SendError answers packet p, which was refused at event by, with an ICMP error that
// quotes it, unless RFC 1122 §3.2.2 forbids one: "an ICMP error message MUST NOT be
// sent as the result of receiving an ICMP error message". It reports whether a message
// went out.
func (l *Layer) SendError(p *Packet, m wire.ICMP, rule rfc.ID, by uint64, fx *Effects) bool {
	h, err := wire.ParseIPv4(p.Octets)
	if err != nil || isError(h) {
		return false
	}
	path, ok := l.Path(h.Src)
	if !ok || !l.errors.take(fx.Now) {
		return false
	}
	src := path.Src
	if l.IsLocal(h.Dst) {
		src = h.Dst // RFC 1122 §3.2.2: answer from the address that was asked
	}
	m.Data = wire.Quote(p.Octets)
	l.sendICMP(l.Header(src, h.Src, inet.ICMP), m, rule, by, fx)
	return true
}

func isError(h wire.IPv4) bool {
	if h.Proto != inet.ICMP {
		return false
	}
	m, err := wire.ParseICMP(h.Payload)
	return err != nil || m.IsError()
}

// Echo answers an echo request (RFC 1122 §3.2.2.6).
func (l *Layer) Echo(h wire.IPv4, m wire.ICMP, by uint64, fx *Effects) {
	reply := wire.ICMP{Type: wire.ICMPEchoReply, ID: m.ID, Seq: m.Seq, Data: m.Data}
	l.sendICMP(l.Header(h.Dst, h.Src, inet.ICMP), reply, rfc.EchoReply, by, fx)
}

func (l *Layer) sendICMP(h wire.IPv4, m wire.ICMP, rule rfc.ID, by uint64, fx *Effects) {
	payload := m.Append(nil)
	octets := append(h.AppendHeader(nil, len(payload)), payload...)
	n := fx.Because(by).OnHost(fx.Host).Emit(rule, event.ICMPSent{ICMP: Describe(h, m)})
	l.Send(&Packet{ID: inet.PacketID(n), By: n, Octets: octets, Proto: inet.ICMP,
		Label: m.Name(), Src: inet.Endpoint{Addr: h.Src}, Dst: inet.Endpoint{Addr: h.Dst}}, fx)
}

// Describe renders an ICMP message for an event; an error says which packet it is about.
func Describe(h wire.IPv4, m wire.ICMP) event.ICMPMsg {
	d := event.ICMPMsg{Src: h.Src, Dst: h.Dst, Type: m.Type, Code: m.Code, MTU: uint32(m.MTU),
		Name: m.Name()}
	if m.IsError() {
		if q, err := wire.ParseQuoted(m.Data); err == nil {
			d.Proto, d.From, d.To = q.Proto.String(), q.Src, q.Dst
		}
	}
	return d
}
