// Package nat is the table of a router that translates addresses and ports: which inside
// endpoint stands behind which port of the outside address, for whom, and for how long; and
// the rewriting of packets, checksums included.
//
// It must never route, drop or send anything: it says what a packet is to become, and the
// Internet layer acts. It knows IPv4 only. Read RFC 3022 §2.2 and §4, RFC 4787, RFC 5382,
// RFC 5508 first.
package nat

import (
	"net/netip"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// The kinds of translation.
const (
	Off        = "off"
	Masquerade = "masquerade" // the interface's own address, with ports: NAPT of RFC 3022 §2.2
)

// How mappings and filters depend on who is at the other end (RFC 4787 §4.1, §5).
const (
	Independent      = "endpoint-independent"
	AddressDependent = "address-dependent"
	PortDependent    = "address-and-port-dependent"
)

// The states of a mapping of TCP: by which timer it lives (RFC 5382 §5).
const (
	Transitory  = "transitory"
	Established = "established"
)

// Defaults are the settings of a NAT that nobody told anything else, as the RFCs want them:
// mapping is endpoint-independent (RFC 4787 REQ-1), filtering address-dependent (REQ-8, "If
// a more stringent filtering behavior is most important"), a UDP mapping lives 5 minutes
// (REQ-5), an established TCP connection 2 hours and 4 minutes and any other 4 minutes
// (RFC 5382 REQ-5), an ICMP query 60 seconds (RFC 5508 REQ-2).
func Defaults() event.NATParams {
	return event.NATParams{Kind: Off, Mapping: Independent, Filtering: AddressDependent,
		PortLow: 1024, PortHigh: 65535, Hairpin: true, UDPNS: int64(5 * time.Minute),
		EstablishedNS: int64(2*time.Hour + 4*time.Minute), TransitoryNS: int64(4 * time.Minute),
		ICMPNS: int64(time.Minute)}
}

// Ports tells which ports of the outside address the router itself uses.
type Ports interface {
	// PortTaken reports whether a socket of the router has the port.
	PortTaken(proto inet.Protocol, port uint16) bool
}

// maxPeers is how many ends a mapping remembers for its filter; the one that was quiet for
// longest is forgotten.
const maxPeers = 256

// Table is the translation on one outside interface.
type Table struct {
	NIC    inet.NICID
	Addr   netip.Addr // the interface's
	Params event.NATParams
	Alarm  uint64     // which alarm of its layer is the table's
	Slot   sim.Handle // where the world keeps that

	rows      []*Mapping // by creation
	byInside  map[inKey]*Mapping
	byOutside map[outKey]*Mapping
	wake      sim.Time // when the alarm rings; 0 for never
}

type inKey struct {
	proto          inet.Protocol
	inside, remote inet.Endpoint
}

type outKey struct {
	proto inet.Protocol
	port  uint16
}

// Mapping is one row: an inside endpoint and the outside one that stands for it.
type Mapping struct {
	Proto           inet.Protocol
	Inside, Outside inet.Endpoint
	Remote          inet.Endpoint // whom it is for, as far as mappings depend on that
	State           string        // of TCP
	Static          bool
	peers           []peer
	until           sim.Time // when it expires, unless it is static
	by              uint64   // the event that made it
}

// peer is one at the other end of a mapping.
type peer struct {
	inet.Endpoint
	until sim.Time
	out   seen
	in    seen
	open  bool // TCP: established
}

// seen is what went by in one direction of a TCP connection.
type seen struct{ any, fin bool }

// New makes a table without mappings.
func New(nic inet.NICID, addr netip.Addr, p event.NATParams, alarm uint64) *Table {
	return &Table{NIC: nic, Addr: addr, Params: p, Alarm: alarm, byInside: map[inKey]*Mapping{},
		byOutside: map[outKey]*Mapping{}}
}

// Mappings returns the rows in order of creation. Do not change the slice.
func (t *Table) Mappings() []*Mapping { return t.rows }

// remoteOf is what of a remote endpoint a mapping depends on.
func (t *Table) remoteOf(e inet.Endpoint) inet.Endpoint {
	switch t.Params.Mapping {
	case AddressDependent:
		return inet.Endpoint{Addr: e.Addr}
	case PortDependent:
		return e
	}
	return inet.Endpoint{}
}

// Inside finds the mapping of an inside endpoint towards a remote one; nil if there is none.
// A port that was forwarded by hand goes before others.
func (t *Table) Inside(proto inet.Protocol, inside, remote inet.Endpoint) *Mapping {
	if m := t.byInside[inKey{proto, inside, inet.Endpoint{}}]; m != nil {
		return m
	}
	return t.byInside[inKey{proto, inside, t.remoteOf(remote)}]
}

// Outside finds the mapping of a port of the outside address; nil if there is none.
func (t *Table) Outside(proto inet.Protocol, port uint16) *Mapping {
	return t.byOutside[outKey{proto, port}]
}

// Map finds or makes the mapping for a packet that goes out; nil if no port is left. It
// reports the event that made it, 0 for none.
func (t *Table) Map(f *Flow, ports Ports, fx event.Scope) (m *Mapping, by uint64) {
	if m = t.Inside(f.Proto, f.Src, f.Dst); m != nil {
		return m, 0
	}
	port, ok := t.pick(f.Proto, f.Src.Port, ports)
	if !ok {
		return nil, 0
	}
	m = &Mapping{Proto: f.Proto, Inside: f.Src, Remote: t.remoteOf(f.Dst),
		Outside: inet.Endpoint{Addr: t.Addr, Port: port}}
	if f.Proto == inet.TCP {
		m.State = Transitory
	}
	t.add(m)
	m.by = event.Emit(fx, t.mapRule(f.Proto), m.mapped(t.NIC))
	return m, m.by
}

// mapRule is why a mapping is made the way it is.
func (t *Table) mapRule(proto inet.Protocol) rfc.ID {
	switch {
	case proto == inet.ICMP:
		return rfc.NATMapICMP
	case t.Params.Mapping != Independent:
		return rfc.NATMapDependent
	case proto == inet.TCP:
		return rfc.NATMapTCP
	}
	return rfc.NATMapUDP
}

func (t *Table) add(m *Mapping) {
	t.rows = append(t.rows, m)
	t.byInside[inKey{m.Proto, m.Inside, m.Remote}] = m
	t.byOutside[outKey{m.Proto, m.Outside.Port}] = m
}

func (t *Table) remove(m *Mapping) {
	delete(t.byInside, inKey{m.Proto, m.Inside, m.Remote})
	delete(t.byOutside, outKey{m.Proto, m.Outside.Port})
	for i, o := range t.rows {
		if o == m {
			t.rows = append(t.rows[:i:i], t.rows[i+1:]...)
			return
		}
	}
}

// pick chooses the outside port of a new mapping: the inside one if it is free, else the
// first that is, of the same parity if there is one. RFC 4787 REQ-3: "A NAT MUST NOT have a
// 'Port assignment' behavior of 'Port overloading'"; REQ-4: "It is RECOMMENDED that a NAT
// have a 'Port parity preservation' behavior of 'Yes'".
func (t *Table) pick(proto inet.Protocol, want uint16, ports Ports) (uint16, bool) {
	low, high := int(t.Params.PortLow), int(t.Params.PortHigh)
	free := func(port int) bool {
		return t.Outside(proto, uint16(port)) == nil && !ports.PortTaken(proto, uint16(port))
	}
	if int(want) >= low && int(want) <= high && free(int(want)) {
		return want, true
	}
	for _, parity := range [...]int{int(want & 1), 1 - int(want&1)} {
		for port := low; port <= high; port++ {
			if port&1 == parity && free(port) {
				return uint16(port), true
			}
		}
	}
	return 0, false
}

// Admits reports whether the filter lets a packet from a remote endpoint in (RFC 4787 §5).
func (t *Table) Admits(m *Mapping, from inet.Endpoint, now sim.Time) bool {
	if m.Static || t.Params.Filtering == Independent {
		return true
	}
	for i := range m.peers {
		p := &m.peers[i]
		if p.until > now && p.Addr == from.Addr &&
			(m.Proto == inet.ICMP || t.Params.Filtering == AddressDependent || p.Port == from.Port) {
			return true
		}
	}
	return false
}

func (m *Mapping) mapped(nic inet.NICID) event.NATMapped {
	return event.NATMapped{NIC: nic, Proto: m.Proto.String(), Inside: m.Inside, Outside: m.Outside,
		Remote: m.Remote, State: m.State, Static: m.Static}
}

func (m *Mapping) expired(nic inet.NICID) event.NATExpired {
	return event.NATExpired{NIC: nic, Proto: m.Proto.String(), Inside: m.Inside,
		Outside: m.Outside, Remote: m.Remote, Static: m.Static}
}
