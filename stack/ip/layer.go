package ip

import (
	"encoding/binary"
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/nat"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// DefaultTTL is what hosts send with (RFC 1122 §3.2.1.7 asks for a settable default;
// RFC 1700 names 64). It is the hop limit of IPv6 too.
const DefaultTTL = 64

// DefaultMTU is Ethernet's (RFC 894, RFC 2464).
const DefaultMTU = 1500

// LoopbackMTU is the largest IPv4 packet; nothing is ever split on the way to oneself.
// Linux's lo says 65536, one octet more than the total length field can.
const LoopbackMTU = 65535

// NIC is an interface of a host. Addr is of either version; Addr6 is an IPv6 address
// beside an IPv4 one, or zero.
type NIC struct {
	ID          inet.NICID
	Addr, Addr6 netip.Prefix // the host's addresses with their networks
	MTU         int
	Link        inet.LinkID // "" without a cable
	MAC         wire.MAC
	Down        bool // its link is there and is down

	Peer  wire.MAC // of the interface at the other end of Link; zero for a switch's port
	LAN   *LAN     // on a switch; else nil
	State string   // of its IPv6 address: "", Tentative or Duplicate
	shown bool     // an event has told its MAC
	dad   check    // of its IPv6 address, while it is tentative
}

// addrs returns the addresses there are.
func (n *NIC) addrs() []netip.Prefix {
	both := [2]netip.Prefix{n.Addr, n.Addr6}
	switch {
	case n.Addr6.IsValid():
		return both[:2]
	case !n.Addr.IsValid(): // a switch's port
		return nil
	}
	return both[:1]
}

// Reaches reports whether addr is a neighbour: another address of one of the interface's
// networks.
func (n *NIC) Reaches(addr netip.Addr) bool {
	return n.Addr.Contains(addr) && n.Addr.Addr() != addr ||
		n.Addr6.Contains(addr) && n.Addr6.Addr() != addr
}

// Has reports whether addr is an address of the interface itself.
func (n *NIC) Has(addr netip.Addr) bool { return n.Addr.Addr() == addr || n.Addr6.Addr() == addr }

// source returns the address that packets to dst get: that of dst's version (RFC 6724 §5,
// rule 5: "prefer outgoing interface"; an interface has one of each version).
func (n *NIC) source(dst netip.Addr) netip.Addr {
	if n.Addr6.IsValid() && dst.Is6() {
		return n.Addr6.Addr()
	}
	return n.Addr.Addr()
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
	Alarms   []Alarm
}

// Layer is the Internet layer of one host. Forward makes it a router.
type Layer struct {
	Forward bool
	TTL     uint8
	// SkipDown has the routes over an interface that is down not count.
	SkipDown bool
	nics     []*NIC
	routes   []Route
	paths    []path
	nextID   uint16
	errors   bucket

	received wire.IP // the packet that came in last

	// Conduct is what knobs say of redirects and of whom a host listens to.
	Conduct Conduct

	nats  []*nat.Table // nil without translation
	ports nat.Ports

	Neighbours NeighbourKnobs
	neighbours []*neighbour // by creation
	alarm      sim.Time     // when Tick is to be called; 0: not
	slot       sim.Handle   // of that, in the world's queue
	groups     []membership

	nextFragment uint32
	assemblies   []*assembly // by creation
	assembled    uint64
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

// AddNIC adds an interface and the routes to its own networks.
func (l *Layer) AddNIC(n *NIC) (connected []Route) {
	l.nics = append(l.nics, n)
	for _, a := range n.addrs() {
		connected = append(connected, Route{Dst: a.Masked(), NIC: n.ID})
	}
	l.routes = append(l.routes, connected...)
	return connected
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

// IsLocal reports whether addr belongs to this host; 127.0.0.0/8 does on every host
// (RFC 1122 §3.2.1.3 (g)), and so does ::1 (RFC 4291 §2.5.3).
func (l *Layer) IsLocal(addr netip.Addr) bool {
	if addr.IsLoopback() {
		return true
	}
	for _, n := range l.nics {
		if n.Has(addr) {
			return n.State == "" || addr.Is4()
		}
	}
	return false
}

// Broadcast reports whether addr is the limited broadcast address or that of a connected
// network (RFC 1122 §3.2.1.3 (c) and (d)). A network of one or two addresses has none,
// and IPv6 has none at all (RFC 4291 §2).
func (l *Layer) Broadcast(addr netip.Addr) bool {
	if addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	for _, n := range l.nics {
		if n.Addr.Addr().Is4() && n.Addr.Bits() < 31 && n.Addr.Contains(addr) &&
			addr == LastAddr(n.Addr) {
			return true
		}
	}
	return false
}

// LastAddr returns the last address of an IPv4 network.
func LastAddr(p netip.Prefix) netip.Addr {
	a := p.Addr().As4()
	last := binary.BigEndian.Uint32(a[:]) | uint32(1<<(32-p.Bits())-1)
	binary.BigEndian.PutUint32(a[:], last)
	return netip.AddrFrom4(a)
}

// Header returns the header of a new packet of this host.
func (l *Layer) Header(src, dst netip.Addr, proto inet.Protocol) wire.IP {
	h := wire.IP{Src: src, Dst: dst, Proto: proto, TTL: l.TTL, DF: true}
	if src.Is4() {
		l.nextID++
		h.ID = uint32(l.nextID)
	}
	return h
}

// Send puts a new packet of this host on its way. p.By is its *.sent event.
func (l *Layer) Send(p *Packet, fx *Effects) {
	p.Host = fx.Host
	full := fx.Flights.Full()
	fx.Flights.Launch(p)
	if p.Proto != inet.TCP && !full && l.IsGroup(p.Dst.Addr) {
		l.sendGroup(p, fx)
		return
	}
	path, ok := l.Path(p.Dst.Addr)
	switch {
	case full:
		Drop(p, rfc.PacketLimit, "too many packets", fx)
	case !ok:
		Drop(p, path.Rule(rfc.NoRoute), "no route", fx)
	case path.Local:
		fx.Local = append(fx.Local, p)
	case p.MayCut && len(p.Octets) > path.MTU:
		for _, q := range l.split(p, path.MTU, fx) {
			l.frame(q, path.NIC, path.Hop, fx)
		}
	default:
		l.frame(p, path.NIC, path.Hop, fx)
	}
}

// Launch puts a packet that the host did not make itself on its way out of an interface,
// whatever the routes say.
func (l *Layer) Launch(p *Packet, out *NIC, fx *Effects) {
	p.Host = fx.Host
	fx.Flights.Launch(p)
	hop := p.Dst.Addr
	if path, ok := l.Path(hop); ok && path.NIC == out {
		hop = path.Hop
	}
	l.frame(p, out, hop, fx)
}

// Drop ends a packet at this host and returns the event that says so.
func Drop(p *Packet, rule rfc.ID, reason string, fx *Effects) uint64 {
	fx.Flights.Drop(p)
	return event.Emit(fx.Because(p.By).OnHost(fx.Host), rule,
		event.PacketDropped{Pkt: p.ID, Reason: reason})
}
