package ip

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// DefaultTTL is what hosts send with (RFC 1122 §3.2.1.7 asks for a settable default;
// RFC 1700 names 64).
const DefaultTTL = 64

// DefaultMTU is Ethernet's (RFC 894).
const DefaultMTU = 1500

// LoopbackMTU is the largest IPv4 packet; nothing is ever split on the way to oneself.
// Linux's lo says 65536, one octet more than the total length field can.
const LoopbackMTU = 65535

// NIC is an interface of a host.
type NIC struct {
	ID   inet.NICID
	Addr netip.Prefix // the host's address with its network
	MTU  int
	Link inet.LinkID // "" without a cable
	MAC  wire.MAC
}

// Route is a row of a routing table: connected networks have no Via.
type Route struct {
	Dst netip.Prefix
	Via netip.Addr
	NIC inet.NICID
}

// Transmit is a packet for an interface to send.
type Transmit struct {
	NIC *NIC
	Pkt *Packet
}

// Effects is what a call into IP leaves behind.
type Effects struct {
	event.Scope
	Flights  *Flights
	Transmit []Transmit
	Local    []*Packet // for this host itself: they come back in one step, at once
}

// Layer is the Internet layer of one host. Forward makes it a router.
type Layer struct {
	Forward bool
	TTL     uint8
	nics    []*NIC
	routes  []Route
	nextID  uint16
	errors  bucket
}

// New makes a layer without interfaces.
func New(forward bool) *Layer { return &Layer{Forward: forward, TTL: DefaultTTL} }

// NICs returns the interfaces in order of adding. Do not change the slice.
func (l *Layer) NICs() []*NIC { return l.nics }

// NIC returns the interface with an id, nil if there is none.
func (l *Layer) NIC(id inet.NICID) *NIC {
	for _, n := range l.nics {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// AddNIC adds an interface and the route to its own network.
func (l *Layer) AddNIC(n *NIC) Route {
	l.nics = append(l.nics, n)
	r := Route{Dst: n.Addr.Masked(), NIC: n.ID}
	l.routes = append(l.routes, r)
	return r
}

// RemoveNIC takes an interface away and returns the routes that went with it.
func (l *Layer) RemoveNIC(id inet.NICID) (gone []Route) {
	for i, n := range l.nics {
		if n.ID == id {
			l.nics = append(l.nics[:i:i], l.nics[i+1:]...)
			break
		}
	}
	kept := l.routes[:0:0]
	for _, r := range l.routes {
		if r.NIC == id {
			gone = append(gone, r)
		} else {
			kept = append(kept, r)
		}
	}
	l.routes = kept
	return gone
}

// Routes returns the routing table in order of adding. Do not change the slice.
func (l *Layer) Routes() []Route { return l.routes }

// AddRoute adds a route by way of a neighbour on a connected network; false if no
// interface reaches via, or the route stands already.
func (l *Layer) AddRoute(dst netip.Prefix, via netip.Addr) (Route, bool) {
	for _, n := range l.nics {
		if n.Addr.Contains(via) && n.Addr.Addr() != via {
			r := Route{Dst: dst.Masked(), Via: via, NIC: n.ID}
			for _, old := range l.routes {
				if old == r {
					return r, false
				}
			}
			l.routes = append(l.routes, r)
			return r, true
		}
	}
	return Route{}, false
}

// RemoveRoute takes the first route to dst that has a neighbour away; false if there is
// none. Connected networks stay with their interface.
func (l *Layer) RemoveRoute(dst netip.Prefix) (Route, bool) {
	for i, r := range l.routes {
		if r.Dst == dst.Masked() && r.Via.IsValid() {
			l.routes = append(l.routes[:i:i], l.routes[i+1:]...)
			return r, true
		}
	}
	return Route{}, false
}

// IsLocal reports whether addr belongs to this host; 127.0.0.0/8 does on every host
// (RFC 1122 §3.2.1.3 (g)).
func (l *Layer) IsLocal(addr netip.Addr) bool {
	if addr.IsLoopback() {
		return true
	}
	for _, n := range l.nics {
		if n.Addr.Addr() == addr {
			return true
		}
	}
	return false
}

// Broadcast reports whether addr is the limited broadcast address or that of a connected
// network (RFC 1122 §3.2.1.3 (c) and (d)). A network of one or two addresses has none.
func (l *Layer) Broadcast(addr netip.Addr) bool {
	if addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	for _, n := range l.nics {
		if n.Addr.Bits() < 31 && n.Addr.Contains(addr) && addr == LastAddr(n.Addr) {
			return true
		}
	}
	return false
}

// LastAddr returns the last address of an IPv4 network.
func LastAddr(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		a[i/8] |= 1 << (7 - i%8)
	}
	return netip.AddrFrom4(a)
}

// Path is how packets to a destination leave.
type Path struct {
	NIC   *NIC       // nil for this host itself
	Src   netip.Addr // the address packets get if the program chose none
	MTU   int
	Local bool
}

// Path looks a destination up: this host itself, else the longest matching prefix
// (RFC 1812 §5.2.4.3); the earlier route of two equals.
func (l *Layer) Path(dst netip.Addr) (Path, bool) {
	if l.IsLocal(dst) {
		return Path{Src: dst, MTU: LoopbackMTU, Local: true}, true
	}
	best := -1
	var found *NIC
	for _, r := range l.routes {
		if r.Dst.Contains(dst) && r.Dst.Bits() > best {
			best, found = r.Dst.Bits(), l.NIC(r.NIC)
		}
	}
	if found == nil {
		return Path{}, false
	}
	return Path{NIC: found, Src: found.Addr.Addr(), MTU: found.MTU}, true
}

// Header returns the header of a new packet of this host. TCP and UDP packets carry
// DF: path MTU discovery is always on (RFC 1191 §3).
func (l *Layer) Header(src, dst netip.Addr, proto inet.Protocol) wire.IPv4 {
	l.nextID++
	return wire.IPv4{Src: src, Dst: dst, Proto: proto, TTL: l.TTL, ID: l.nextID, DF: true}
}

// Send puts a new packet of this host on its way. p.By is its *.sent event.
func (l *Layer) Send(p *Packet, fx *Effects) {
	p.Host = fx.Host
	full := fx.Flights.Full()
	fx.Flights.Launch(p)
	path, ok := l.Path(p.Dst.Addr)
	switch {
	case full:
		Drop(p, rfc.PacketLimit, "too many packets", fx)
	case !ok:
		Drop(p, rfc.NoRoute, "no route", fx)
	case path.Local:
		fx.Local = append(fx.Local, p)
	default:
		transmit(p, path.NIC, fx)
	}
}

// Launch puts a packet that the host did not make itself on its way out of an interface,
// whatever the routes say.
func Launch(p *Packet, out *NIC, fx *Effects) {
	p.Host = fx.Host
	fx.Flights.Launch(p)
	transmit(p, out, fx)
}

// Receive takes a packet that came in. It returns true with the parsed packet if it is
// for this host; otherwise the packet was forwarded or dropped.
func (l *Layer) Receive(p *Packet, fx *Effects) (wire.IPv4, bool) {
	h, err := wire.ParseIPv4(p.Octets)
	switch {
	case err != nil:
		Drop(p, rfc.BadIPHeader, err.Error(), fx)
	case l.IsLocal(h.Dst):
		return h, true
	case !l.Forward:
		Drop(p, rfc.NotForUs, "not for this host", fx)
	default:
		l.forward(p, h, fx)
	}
	return wire.IPv4{}, false
}

// forward is RFC 1812 §5.2.1.2 for packets that pass through.
func (l *Layer) forward(p *Packet, h wire.IPv4, fx *Effects) {
	path, ok := l.Path(h.Dst)
	switch {
	case h.TTL <= 1:
		by := Drop(p, rfc.TTLExpired, "TTL expired", fx)
		l.SendError(p, wire.ICMP{Type: wire.ICMPTimeExceeded}, rfc.TTLExpired, by, fx)
	case !ok:
		by := Drop(p, rfc.NetUnreach, "no route", fx)
		l.SendError(p, wire.ICMP{Type: wire.ICMPDestUnreachable,
			Code: wire.ICMPNetUnreachable}, rfc.NetUnreach, by, fx)
	case len(p.Octets) > path.MTU:
		by := Drop(p, rfc.TooBig, "larger than the next link's MTU", fx)
		l.SendError(p, wire.ICMP{Type: wire.ICMPDestUnreachable,
			Code: wire.ICMPFragmentationNeeded, MTU: uint16(path.MTU)}, rfc.TooBig, by, fx)
	default:
		wire.DecrementTTL(p.Octets)
		p.Forwarded = true
		transmit(p, path.NIC, fx)
	}
}

// Drop ends a packet at this host and returns the event that says so.
func Drop(p *Packet, rule rfc.ID, reason string, fx *Effects) uint64 {
	fx.Flights.Drop(p)
	return fx.Because(p.By).OnHost(fx.Host).Emit(rule,
		event.PacketDropped{Pkt: p.ID, Reason: reason})
}

func transmit(p *Packet, nic *NIC, fx *Effects) {
	if nic.Link == "" {
		Drop(p, rfc.NoLink, "no cable in "+string(nic.ID), fx)
		return
	}
	fx.Transmit = append(fx.Transmit, Transmit{nic, p})
}
