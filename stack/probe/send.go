package probe

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// sent is a probe that is on its way, by its event, or what kept it at home.
type sent struct {
	n      uint64
	reason string // "" if it left
	mtu    int
}

// header is the IP header of a probe.
func (r *run) header(proto inet.Protocol, ttl uint8, df bool) wire.IP {
	h := r.table.ip.Header(r.Src, r.Dst, proto)
	if ttl != 0 {
		h.TTL = ttl
	}
	h.DF = df || h.V6()
	return h
}

// blocked tells why a packet of so many octets cannot leave, "" if it can.
func (r *run) blocked(octets int, df bool) (reason string, mtu int) {
	path, ok := r.table.ip.Way(r.Src, r.Dst)
	switch {
	case !ok:
		return "network is unreachable", 0
	case df && octets > path.MTU:
		return "message too long", path.MTU
	}
	return "", 0
}

// request sends an echo request: RFC 792, "the identifier and sequence number may be used by
// the echo sender to aid in matching the replies with the echo requests".
func (r *run) request(seq uint16, size int, ttl uint8, df bool, fx *Effects) sent {
	proto := inet.ICMP
	if r.Dst.Is6() {
		proto = inet.ICMPv6
	}
	h := r.header(proto, ttl, df)
	if reason, mtu := r.blocked(h.Room()+wire.ICMPHeaderLen+size, df); reason != "" {
		return sent{reason: reason, mtu: mtu}
	}
	var payload []byte
	var shown event.ICMPMsg
	rule := rfc.PingRequest
	if h.V6() {
		m := wire.ICMPv6{Type: wire.ICMPv6Echo, ID: r.id, Seq: seq, Data: pattern(size)}
		payload, shown = m.Append(nil, r.Src, r.Dst), ip.Describe6(r.Src, r.Dst, m)
		rule = rfc.PingRequest6
	} else {
		m := wire.ICMP{Type: wire.ICMPEcho, ID: r.id, Seq: seq, Data: pattern(size)}
		payload, shown = m.Append(nil), ip.Describe(r.Src, r.Dst, m)
	}
	n := event.Emit(fx.Scope, rule, event.ICMPSent{ICMP: shown})
	r.launch(n, proto, shown.Name, payload, h, inet.Endpoint{Addr: r.Src},
		inet.Endpoint{Addr: r.Dst}, !df, fx)
	return sent{n: n}
}

// datagram sends a UDP probe to a port where, mostly, nobody listens.
func (r *run) datagram(from, to uint16, size int, ttl uint8, fx *Effects) sent {
	h := r.header(inet.UDP, ttl, false)
	if reason, mtu := r.blocked(h.Room()+wire.UDPHeaderLen+size, false); reason != "" {
		return sent{reason: reason, mtu: mtu}
	}
	src := inet.Endpoint{Addr: r.Src, Port: from}
	dst := inet.Endpoint{Addr: r.Dst, Port: to}
	u := wire.UDP{SrcPort: from, DstPort: to, Data: pattern(size)}
	n := event.Emit(fx.Scope, rfc.TraceProbe, event.DatagramSent{Dgram: event.Dgram{Src: src, Dst: dst,
		Len: size, Data: u.Data}})
	r.launch(n, inet.UDP, "udp", u.Append(nil, r.Src, r.Dst), h, src, dst, true, fx)
	return sent{n: n}
}

func (r *run) launch(n uint64, proto inet.Protocol, label string, payload []byte, h wire.IP,
	src, dst inet.Endpoint, cut bool, fx *Effects) {
	octets := append(h.AppendHeader(nil, len(payload)), payload...)
	r.table.ip.Send(&ip.Packet{ID: inet.PacketID(n), By: n, Octets: octets, Proto: proto,
		Label: label, Src: src, Dst: dst, MayCut: cut}, fx.Effects)
}

// pattern is n octets that tell their place, as ping fills its data.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}
