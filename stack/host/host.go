// Package host is one machine: its interfaces and its layers, joined. What one layer
// leaves in its Effects is handed to the next here, and nowhere else.
//
// It must never decide anything a layer should: no header is read and no state is kept
// here but the timers' places in the queue. Read RFC 1122 §1.1.3 first.
package host

import (
	"slices"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/lan"
	"labserver/stack/probe"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/sock"
	"labserver/stack/tcp"
	"labserver/stack/udp"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// Effects is what a host leaves for its world: what IP leaves, and timers.
type Effects struct {
	ip.Effects
	IDs    *inet.IDs
	Timers []tcp.TimerOp
	Waits  []sock.WaitOp
}

// Host is a host or, if it forwards, a router.
type Host struct {
	ID      inet.HostID
	Name    string
	Profile string
	Bare    bool // without a stack: see bare.go

	Outside *Outside // of a bare host that is open to the outside; else nil

	Switch *lan.Switch // of a switch; else nil. Its ports are the interfaces of IP

	IP    *ip.Layer
	TCP   *tcp.Layer
	UDP   *udp.Layer
	Socks *sock.Table
	knobs *tcp.Knobs
	set   []view.Knob

	probes *probe.Table // nil until the first ping or traceroute
	fx     sock.Effects // used again by each call: see begin

	received wire.TCP // the segment that came in last
}

// New makes a host without interfaces. seed feeds its own random streams.
func New(id inet.HostID, name, profile string, forward bool, seed uint64) *Host {
	k, ok := tcp.Profile(profile)
	if !ok {
		panic("BUG: an unknown profile passed Check: " + profile)
	}
	h := &Host{ID: id, Name: name, Profile: profile, knobs: &k}
	h.IP = ip.New(forward)
	secret := sim.Stream(seed, "isn:"+string(id)).Uint64()
	h.TCP = tcp.New(id, h.knobs, secret, sim.Stream(seed, "tcp:"+string(id)))
	h.UDP = &udp.Layer{}
	h.Socks = sock.New(h.TCP, h.UDP, h.IP, h.knobs, sim.Stream(seed, "port:"+string(id)))
	h.Socks.DoubleBuffers = profile == "linux"
	switch profile {
	case "freebsd":
		h.Socks.PortLow, h.Socks.PortHigh = 10000, 65535
	case "rfc": // RFC 6335 §6: the dynamic ports
		h.Socks.PortLow, h.Socks.PortHigh = 49152, 65535
	}
	return h
}

// Call runs one socket call, or anything else a process asks for, and carries what it
// leaves through the layers.
func (h *Host) Call(fx *Effects, do func(*sock.Table, *sock.Effects)) {
	do(h.Socks, h.Begin(fx))
	h.Settle(fx)
}

// Begin returns what a socket call of this host takes; after it comes Settle. Call is both
// in one.
func (h *Host) Begin(fx *Effects) *sock.Effects { return h.begin(fx) }

// Settle carries what the calls since Begin left through the layers.
func (h *Host) Settle(fx *Effects) { h.settle(&h.fx, fx) }

// Fire runs out a timer of a connection.
func (h *Host) Fire(c *tcp.Conn, timer event.Timer, fx *Effects) {
	sfx := h.begin(fx)
	h.TCP.Fire(c, timer, &sfx.Effects)
	h.settle(sfx, fx)
}

// Arrive takes a packet off a link, or one this host sent to itself.
func (h *Host) Arrive(p *ip.Packet, fx *Effects) {
	fx.Scope = fx.OnHost(h.ID).Because(p.By)
	if p.Framed && h.linkLayer(p, fx) {
		return
	}
	if h.Bare {
		h.take(p, fx)
		return
	}
	if packet, mine := h.IP.Receive(p, &fx.Effects); mine {
		h.deliver(p, packet, fx)
	}
}

// Expire ends the wait for the fragments of a packet.
func (h *Host) Expire(assembly uint64, fx *Effects) {
	fx.Scope = fx.OnHost(h.ID)
	switch assembly {
	case ip.NeighbourAlarm:
		h.IP.Tick(&fx.Effects)
		return
	case lan.Alarm:
		h.Switch.Tick(&fx.Effects)
		return
	}
	h.IP.Expire(assembly, &fx.Effects)
}

// deliver hands a packet for this host to the protocol it names.
func (h *Host) deliver(p *ip.Packet, packet *wire.IP, fx *Effects) {
	sfx := h.begin(fx)
	switch {
	case packet.Fragment():
		if whole := h.IP.Assemble(p, packet, &fx.Effects); whole != nil {
			h.Arrive(whole, fx)
			return
		}
	case packet.Proto == inet.TCP:
		h.segment(p, packet, fx, sfx)
	case packet.Proto == inet.UDP:
		h.datagram(p, packet, fx, sfx)
	case packet.Proto == inet.ICMP && !packet.V6():
		h.icmp(p, packet, fx, sfx)
	case packet.Proto == inet.ICMPv6 && packet.V6():
		h.icmpv6(p, packet, fx, sfx)
	case packet.V6() && packet.Proto == wire.NoNext:
		// RFC 8200 §4.7: there is "nothing following that header", so there is nothing to do.
		ip.Drop(p, rfc.NextHeader, "nothing follows", &fx.Effects)
	default:
		rule := of(packet, rfc.NoProtocol, rfc.NextHeader)
		by := ip.Drop(p, rule, "no such protocol here", &fx.Effects)
		h.IP.Refuse(p, ip.Refusal{Kind: ip.ProtocolUnreachable}, rule, by, &fx.Effects)
	}
	h.settle(sfx, fx)
}

// of is the rule of the packet's version.
func of(packet *wire.IP, v4, v6 rfc.ID) rfc.ID {
	if packet.V6() {
		return v6
	}
	return v4
}

func (h *Host) segment(p *ip.Packet, packet *wire.IP, fx *Effects, sfx *sock.Effects) {
	seg := &h.received
	if err := seg.Parse(packet.Src, packet.Dst, packet.Payload); err != nil {
		rule := rfc.BadSegment
		if err == wire.BadChecksum {
			rule = rfc.TCPChecksum
		}
		ip.Drop(p, rule, err.Error(), &fx.Effects)
		return
	}
	fx.Flights.Deliver(p)
	if seg.Flags.Has(wire.SYN) { // a connection may be born
		if path, ok := h.IP.Path(packet.Src); ok {
			sfx.MTU, sfx.AdvMSS = path.MTU, path.AdvMSS
		}
	}
	sfx.TOS = packet.TOS
	h.TCP.Segment(packet.Src, packet.Dst, p.ID, seg, &sfx.Effects)
}

func (h *Host) datagram(p *ip.Packet, packet *wire.IP, fx *Effects, sfx *sock.Effects) {
	u, err := wire.ParseUDP(packet.Src, packet.Dst, packet.Payload)
	if err != nil || packet.V6() && u.NoChecksum {
		h.badDatagram(p, err, fx)
		return
	}
	if p.Group {
		h.groupDatagram(p, packet, &u, fx, sfx)
		return
	}
	fx.Flights.Deliver(p)
	s, unreachable, by := h.UDP.Receive(packet.Src, packet.Dst, p.ID, &u, fx.Scope)
	if unreachable {
		h.IP.Refuse(p, ip.Refusal{Kind: ip.PortUnreachable},
			of(packet, rfc.UDPUnreachable, rfc.UDPUnreachable6), by, &fx.Effects)
	}
	if s != nil {
		sfx.By = by
		h.Socks.Wake(s.ID, sfx)
	}
}

// badDatagram drops a datagram for what is wrong with it; with nothing else wrong, for
// having no checksum: over IPv6 "the UDP checksum is not optional" (RFC 8200 §8.1).
func (h *Host) badDatagram(p *ip.Packet, err error, fx *Effects) {
	switch err {
	case nil:
		ip.Drop(p, rfc.UDPNoChecksum6, "no checksum", &fx.Effects)
	case wire.BadChecksum:
		ip.Drop(p, rfc.UDPChecksum, err.Error(), &fx.Effects)
	default:
		ip.Drop(p, rfc.UDPLength, err.Error(), &fx.Effects)
	}
}

// begin returns the host's one sock.Effects, emptied. What was left in it before has
// been settled.
func (h *Host) begin(fx *Effects) *sock.Effects {
	if h.IP.Aged(fx.Now) {
		h.IP.Age(fx.OnHost(h.ID))
	}
	f := &h.fx
	f.Scope = fx.OnHost(h.ID)
	f.IDs, f.MTU, f.AdvMSS, f.TOS = fx.IDs, 0, 0, 0
	f.Out, f.Timers, f.Waits = f.Out[:0], f.Timers[:0], f.Waits[:0]
	f.Ready, f.Datagrams = f.Ready[:0], f.Datagrams[:0]
	return f
}

// settle wakes who can go on and carries segments and datagrams to IP, until nothing
// is left to do.
func (h *Host) settle(sfx *sock.Effects, fx *Effects) {
	for i := 0; i < len(sfx.Ready); i++ {
		h.Socks.Wake(sfx.Ready[i].SocketID(), sfx)
	}
	fx.Scope = fx.OnHost(h.ID)
	for i := range sfx.Out {
		h.IP.Send(h.segmentPacket(&sfx.Out[i], fx), &fx.Effects)
	}
	for i := range sfx.Datagrams {
		h.IP.Send(h.datagramPacket(&sfx.Datagrams[i], fx), &fx.Effects)
	}
	fx.Timers = append(fx.Timers, sfx.Timers...)
	fx.Waits = append(fx.Waits, sfx.Waits...)
}

// segmentPacket writes a segment into its packet.
func (h *Host) segmentPacket(o *tcp.Out, fx *Effects) *ip.Packet {
	p := h.newPacket(o.Pkt, inet.TCP, o.Flow, service{o.TOS, o.TTL, o.Fragment, false},
		o.Seg.HeaderLen()+len(o.Seg.Data), fx)
	p.Label = o.Seg.Flags.String()
	p.Octets = o.Seg.Append(p.Octets, o.Flow.Local.Addr, o.Flow.Remote.Addr)
	return p
}

// datagramPacket writes a datagram into its packet.
func (h *Host) datagramPacket(o *udp.Out, fx *Effects) *ip.Packet {
	u := wire.UDP{SrcPort: o.Flow.Local.Port, DstPort: o.Flow.Remote.Port, Data: o.Data}
	p := h.newPacket(o.Pkt, inet.UDP, o.Flow, service{o.TOS, o.TTL, o.Fragment, o.Stays},
		wire.UDPHeaderLen+len(o.Data), fx)
	p.Label, p.Loop = "udp", o.Loop
	p.Octets = u.Append(p.Octets, o.Flow.Local.Addr, o.Flow.Remote.Addr)
	return p
}

// service is what a socket asked of IP. The zero value is the host's defaults.
type service struct {
	tos, ttl uint8
	cut      bool // the packet may be fragmented: no DF
	stays    bool // it must not leave the host: TTL 0
}

// newPacket makes a packet with its header, and room for n octets behind it.
func (h *Host) newPacket(id inet.PacketID, proto inet.Protocol, flow inet.Flow, s service,
	n int, fx *Effects) *ip.Packet {
	head := h.IP.Header(flow.Local.Addr, flow.Remote.Addr, proto)
	if head.TOS = s.tos; s.ttl != 0 {
		head.TTL = s.ttl
	}
	if s.stays {
		head.TTL = 0
	}
	head.DF = head.DF && !s.cut
	p := fx.Flights.New()
	p.ID, p.By, p.Proto, p.Src, p.Dst = id, uint64(id), proto, flow.Local, flow.Remote
	p.MayCut = s.cut
	p.Octets = head.AppendHeader(slices.Grow(p.Octets, head.Room()+n), n)
	return p
}

// AbortAll ends every connection at once: the host is going away.
func (h *Host) AbortAll(fx *sock.Effects) {
	for _, c := range append([]*tcp.Conn{}, h.TCP.Conns()...) {
		c.Abort(&fx.Effects)
	}
}
