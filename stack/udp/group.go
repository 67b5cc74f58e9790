package udp

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// Datagrams for many hosts, and on each for many sockets.

// Membership is a group that a socket takes from an interface.
type Membership struct {
	Group netip.Addr
	NIC   inet.NICID
}

// Got is a socket that has something to read, and the event that says so.
type Got struct {
	Socket *Socket
	By     uint64
}

// ReceiveGroup takes a datagram for a group that came in by nic. Every socket it is for
// gets a copy, the eldest first; one whose buffer is full loses its own.
func (l *Layer) ReceiveGroup(src, dst netip.Addr, nic inet.NICID, pkt inet.PacketID,
	u *wire.UDP, fx event.Scope) []Got {
	from := inet.Endpoint{Addr: src, Port: u.SrcPort}
	to := inet.Endpoint{Addr: dst, Port: u.DstPort}
	var got []Got
	by := uint64(0) // of the first
	for _, s := range l.sockets {
		if !s.hears(from, to, nic) {
			continue
		}
		n := by
		if len(got) == 0 {
			by = event.Emit(fx, rfc.UDPDeliver, event.DatagramReceived{Pkt: pkt, Sock: s.ID,
				Dgram: describe(from, to, u.Data)})
			n = by
		} else {
			n = event.Emit(fx.Because(by), rfc.GroupCopies,
				event.DatagramCopied{Pkt: pkt, Sock: s.ID})
		}
		s.take(from, u, pkt, n, fx)
		got = append(got, Got{s, n})
	}
	return got
}

// Hears reports whether a socket of the host would get a datagram for a group, so that a
// copy of what the host sends itself is worth making.
func (l *Layer) Hears(from, to inet.Endpoint, nic inet.NICID) bool {
	for _, s := range l.sockets {
		if s.hears(from, to, nic) {
			return true
		}
	}
	return false
}

// hears reports whether a datagram for a group is for the socket: bound to its port and to
// no other address, connected to nobody else, and for multicast a member.
func (s *Socket) hears(from, to inet.Endpoint, nic inet.NICID) bool {
	switch {
	case s.Local.Port != to.Port, !s.Remote.IsZero() && s.Remote != from:
		return false
	case s.Local.Wildcard():
		if s.Local.Addr.Is4() != to.Addr.Is4() && !(s.Dual && to.Addr.Is4()) {
			return false
		}
	case s.Local.Addr != to.Addr:
		return false
	}
	if !to.Addr.IsMulticast() {
		return true
	}
	for _, m := range s.Groups {
		if m.Group == to.Addr && m.NIC == nic {
			return true
		}
	}
	return false
}
