package host

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/udp"
	"labserver/stack/wire"
)

// A bare host has interfaces and no stack: what a person or a script makes of it. What
// arrives is shown and taken, whomever it is for; nothing answers. What leaves was
// written octet for octet.

// sight is what a bare host makes of a packet: one of seg, dgram and icmp when it is
// whole, else flaw.
type sight struct {
	proto    inet.Protocol
	src, dst inet.Endpoint
	seg      *event.Seg
	dgram    *event.Dgram
	icmp     *event.ICMPMsg
	flaw     string // what is wrong, "bad checksum"; "" for a protocol that is not ours
}

// look reads a packet as far as it can be read.
func (h *Host) look(octets []byte) sight {
	p, err := wire.ParseIP(octets)
	s := sight{proto: p.Proto}
	var ok bool
	if s.src.Addr, s.dst.Addr, ok = wire.Addresses(octets); ok && !p.Src.IsValid() {
		s.proto = inet.Protocol(octets[9]) // of an IPv4 header that is not whole
	}
	switch {
	case err != nil:
		s.flaw = err.Error()
	case p.Fragment():
		s.flaw = "fragment"
	default:
		if err := h.read(&p, &s); err != nil {
			s.flaw = err.Error()
		}
	}
	return s
}

// read puts what a packet carries into words.
func (h *Host) read(p *wire.IP, s *sight) error {
	switch {
	case p.Proto == inet.TCP:
		seg, err := wire.ParseTCP(p.Src, p.Dst, p.Payload)
		if err != nil {
			return err
		}
		s.src.Port, s.dst.Port = seg.SrcPort, seg.DstPort
		shown := h.TCP.Describe(s.src, s.dst, &seg, p.TOS)
		s.seg = &shown
	case p.Proto == inet.UDP:
		u, err := wire.ParseUDP(p.Src, p.Dst, p.Payload)
		if err != nil {
			return err
		}
		s.src.Port, s.dst.Port = u.SrcPort, u.DstPort
		shown := udp.Describe(s.src, s.dst, u.Data)
		s.dgram = &shown
	case p.Proto == inet.ICMP && !p.V6():
		m, err := wire.ParseICMP(p.Payload)
		if err != nil {
			return err
		}
		shown := ip.Describe(p.Src, p.Dst, m)
		s.icmp = &shown
	case p.Proto == inet.ICMPv6 && p.V6():
		m, err := wire.ParseICMPv6(p.Src, p.Dst, p.Payload)
		if err != nil {
			return err
		}
		shown := ip.Describe6(p.Src, p.Dst, m)
		s.icmp = &shown
	}
	return nil
}

// take shows a packet that arrived at a bare host, and ends it.
func (h *Host) take(p *ip.Packet, fx *Effects) {
	if h.Outside != nil {
		h.Outside.keep(p.Octets)
	}
	if fx.Quiet() {
		fx.Flights.Deliver(p)
		event.Emit(fx.Scope, rfc.Bare, event.PacketTaken{Pkt: p.ID})
		return
	}
	s := h.look(p.Octets)
	fx.Flights.Deliver(p)
	switch {
	case s.seg != nil:
		event.Emit(fx.Scope, rfc.Bare, event.SegmentReceived{Pkt: p.ID, Seg: *s.seg})
	case s.dgram != nil:
		event.Emit(fx.Scope, rfc.Bare, event.DatagramReceived{Pkt: p.ID, Dgram: *s.dgram})
	case s.icmp != nil:
		event.Emit(fx.Scope, rfc.Bare, event.ICMPReceived{Pkt: p.ID, ICMP: *s.icmp})
	default:
		event.Emit(fx.Scope, rfc.Bare, event.PacketTaken{Pkt: p.ID, Reason: s.flaw})
	}
}

// Inject sends octets, which begin with an IP header, as they are out of an interface: of
// a bare host, or past the stack of another. They are copied.
func (h *Host) Inject(octets []byte, out *ip.NIC, fx *Effects) {
	s := h.look(octets)
	p := &ip.Packet{Octets: append([]byte(nil), octets...), Proto: s.proto, Src: s.src, Dst: s.dst}
	scope, rule := fx.OnHost(h.ID), rfc.Injected
	if !h.Bare {
		rule = rfc.Forged
	}
	switch {
	case s.seg != nil:
		p.By, p.Label = event.Emit(scope, rule, event.SegmentSent{Seg: *s.seg}), s.seg.Flags
	case s.dgram != nil:
		p.By, p.Label = event.Emit(scope, rule, event.DatagramSent{Dgram: *s.dgram}), "udp"
	case s.icmp != nil:
		p.By, p.Label = event.Emit(scope, rule, event.ICMPSent{ICMP: *s.icmp}), s.icmp.Name
	default:
		p.Portless, p.Label = true, s.proto.String()
		p.By = event.Emit(scope, rule, event.PacketInjected{Proto: p.Label,
			Src: s.src.Addr.String(), Dst: s.dst.Addr.String(), Octets: p.Len()})
	}
	p.ID = inet.PacketID(p.By)
	fx.Scope = scope
	h.IP.Launch(p, out, &fx.Effects)
}
