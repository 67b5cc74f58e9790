package host

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sock"
	"labserver/stack/tcp"
	"labserver/stack/wire"
)

// RFC 9293 §3.9.2.2: TCP must "act on an ICMP error message passed up from the IP layer,
// directing it to the connection that created the error". Both versions' messages become
// one complaint here.

// complaint is what an ICMP error says of a packet: that it was larger than mtu octets, or
// something else.
type complaint struct {
	what tcp.ICMPError
	mtu  int // 0: it is not about its size
}

func (h *Host) icmp(p *ip.Packet, packet *wire.IP, fx *Effects, sfx *sock.Effects) {
	m, err := wire.ParseICMP(packet.Payload)
	if err != nil {
		ip.Drop(p, rfc.BadICMP, err.Error(), &fx.Effects)
		return
	}
	if p.Group && m.Type == wire.ICMPEcho && !h.IP.Conduct.EchoMany {
		// RFC 1122 §3.2.2.6: such a request "MAY be silently discarded"; linux does so unless
		// icmp_echo_ignore_broadcasts is 0.
		ip.Drop(p, rfc.BroadcastEcho, "an echo request for many", &fx.Effects)
		return
	}
	fx.Flights.Deliver(p)
	shown := ip.Describe(packet.Src, packet.Dst, m)
	sfx.By = event.Emit(fx.Scope, rfc.ICMPDelivered, event.ICMPReceived{Pkt: p.ID, ICMP: shown})
	if m.Type == wire.ICMPEcho {
		h.IP.Echo(packet, m, sfx.By, &fx.Effects)
		return
	}
	h.notice(p.ID, packet, message4(&m), sfx.By, fx)
	if m.Type == wire.ICMPRedirect {
		h.IP.TakeRedirect(packet.Src, &m, sfx.By, &fx.Effects)
	}
	if q, err := wire.ParseQuoted(m.Data); m.IsError() && err == nil {
		h.complain(q, complaintOf(m, q.Len), p.ID, sfx)
	}
}

// complaintOf reads an ICMP error about a packet of so many octets.
func complaintOf(m wire.ICMP, octets int) complaint {
	if m.Type == wire.ICMPDestUnreachable && m.Code == wire.ICMPFragmentationNeeded {
		mtu := int(m.MTU)
		if mtu == 0 {
			mtu = plateauBelow(octets)
		}
		return complaint{mtu: mtu}
	}
	return complaint{what: tcp.ICMPErrorOf(false, m.Type, m.Code)}
}

// plateauBelow is what to try when a router does not say its MTU, as those built before
// RFC 1191 do: the next smaller of the MTUs that links have (RFC 1191 §7.1, table 7-1).
func plateauBelow(octets int) int {
	for _, mtu := range [...]int{32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296} {
		if mtu < octets {
			return mtu
		}
	}
	return 68
}

func (h *Host) icmpv6(p *ip.Packet, packet *wire.IP, fx *Effects, sfx *sock.Effects) {
	m, err := wire.ParseICMPv6(packet.Src, packet.Dst, packet.Payload)
	if err != nil {
		ip.Drop(p, rfc.BadICMPv6, err.Error(), &fx.Effects)
		return
	}
	if m.IsDiscovery() {
		if why := ip.BadDiscovery(packet, &m); why != "" {
			ip.Drop(p, rfc.NDInvalid, why, &fx.Effects)
			return
		}
	}
	fx.Flights.Deliver(p)
	shown := ip.Describe6(packet.Src, packet.Dst, m)
	sfx.By = event.Emit(fx.Scope, rfc.ICMPDelivered6, event.ICMPReceived{Pkt: p.ID, ICMP: shown})
	if m.IsDiscovery() {
		h.IP.ReceiveDiscovery(p.NIC, packet, &m, sfx.By, &fx.Effects)
		return
	}
	if m.Type == wire.ICMPv6Echo {
		h.IP.Echo6(packet, m, sfx.By, &fx.Effects)
		return
	}
	h.notice(p.ID, packet, message6(&m), sfx.By, fx)
	if q, err := wire.ParseQuoted(m.Data); m.IsError() && err == nil {
		h.complain(q, complaintOf6(m), p.ID, sfx)
	}
}

// complaintOf6 reads an ICMPv6 error.
func complaintOf6(m wire.ICMPv6) complaint {
	if m.Type == wire.ICMPv6PacketTooBig {
		// The field has 32 bits, an int of some machines no more; and 0 is too small as well.
		return complaint{mtu: int(min(max(m.MTU, 1), 1<<31-1))}
	}
	return complaint{what: tcp.ICMPErrorOf(true, m.Type, m.Code)}
}

// complain takes an ICMP error to who sent the quoted packet.
func (h *Host) complain(q wire.Quoted, c complaint, pkt inet.PacketID, sfx *sock.Effects) {
	if !h.IP.IsLocal(q.Src.Addr) {
		return // nobody here sent that
	}
	flow := inet.Flow{Local: q.Src, Remote: q.Dst}
	switch {
	case q.Proto == inet.TCP && c.mtu == 0:
		h.TCP.Unreachable(flow, q.Seq, c.what, pkt, &sfx.Effects)
	case q.Proto == inet.TCP:
		if by := sfx.OnHost(h.ID); h.TCP.TooBig(flow, q.Seq, c.mtu, pkt, &sfx.Effects) {
			h.IP.LearnMTU(q.Dst.Addr, c.mtu, int(h.knobs.MinPMTU), by)
		}
	case q.Proto == inet.UDP && c.mtu > 0:
		if h.UDP.Lookup(q.Dst, q.Src) != nil {
			h.IP.LearnMTU(q.Dst.Addr, c.mtu, int(h.knobs.MinPMTU), sfx.OnHost(h.ID))
		}
		h.Socks.Unreachable(q.Src, q.Dst, inet.EMSGSIZE, sfx)
	case q.Proto == inet.UDP && c.what != tcp.NoICMPError:
		h.Socks.Unreachable(q.Src, q.Dst, c.what.Errno(q.Src.Addr.Is6()), sfx)
	}
}
