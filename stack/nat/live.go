package nat

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// How long mappings live, and the ports that are forwarded by hand.

// Pass notes that a packet went by a mapping, in or out, and keeps it alive by that. remote
// is the other end; what it changes of the mapping's state is told.
//
// RFC 4787 REQ-6: "The NAT mapping Refresh Direction MUST have a 'NAT Outbound refresh
// behavior' of 'True'"; in the other direction it may, which a setting says.
func (t *Table) Pass(m *Mapping, f *Flow, remote inet.Endpoint, out bool, fx event.Scope) {
	p := m.peer(remote)
	if m.Proto == inet.TCP {
		p.watch(f.Flags, out)
	}
	if out || t.Params.InboundRefresh || m.Proto == inet.TCP {
		p.until = fx.Now.Add(t.life(m.Proto, p.open))
	}
	m.until = 0
	open := false
	for i := range m.peers {
		m.until = max(m.until, m.peers[i].until)
		open = open || m.peers[i].open
	}
	if m.Proto != inet.TCP {
		return
	}
	state := Transitory
	if open {
		state = Established
	}
	if old := m.State; old != state {
		m.State = state
		event.Emit(fx, rfc.NATState, event.NATChanged{NIC: t.NIC, Proto: m.Proto.String(),
			Inside: m.Inside, Outside: m.Outside, Remote: m.Remote, Old: old, New: state})
	}
}

// peer finds or adds a remote end.
func (m *Mapping) peer(e inet.Endpoint) *peer {
	oldest := 0
	for i := range m.peers {
		if m.peers[i].Endpoint == e {
			return &m.peers[i]
		}
		if m.peers[i].until < m.peers[oldest].until {
			oldest = i
		}
	}
	if len(m.peers) == maxPeers {
		m.peers[oldest] = peer{Endpoint: e}
		return &m.peers[oldest]
	}
	m.peers = append(m.peers, peer{Endpoint: e})
	return &m.peers[len(m.peers)-1]
}

// The flags of a TCP segment that a NAT watches.
const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
)

// watch follows a connection: it is established once segments came from both ends and one of
// them was no SYN, and transitory again once both have sent FIN, or one RST. RFC 5382 §5
// lets a NAT tell the phases apart by these.
func (p *peer) watch(flags uint8, out bool) {
	way := &p.in
	if out {
		way = &p.out
	}
	switch {
	case flags&flagRST != 0:
		p.open, p.out, p.in = false, seen{}, seen{}
		return
	case flags&flagSYN != 0 && way.fin: // the port is used again
		p.open, p.out, p.in = false, seen{}, seen{}
	}
	way.any = true
	way.fin = way.fin || flags&flagFIN != 0
	switch {
	case p.out.fin && p.in.fin:
		p.open = false
	case p.out.any && p.in.any && flags&flagSYN == 0:
		p.open = true
	}
}

// life is how long a mapping lives without traffic.
func (t *Table) life(proto inet.Protocol, open bool) time.Duration {
	switch {
	case proto == inet.ICMP:
		return time.Duration(t.Params.ICMPNS)
	case proto == inet.UDP:
		return time.Duration(t.Params.UDPNS)
	case open:
		return time.Duration(t.Params.EstablishedNS)
	}
	return time.Duration(t.Params.TransitoryNS)
}

// Next reports when the table's alarm must ring, if that is not when it will. A mapping that
// was used since is looked at again when the alarm has rung: nothing is done for each packet.
func (t *Table) Next() (at sim.Time, change bool) {
	for _, m := range t.rows {
		if !m.Static && (at == 0 || m.until < at) {
			at = m.until
		}
	}
	if at == 0 || t.wake != 0 && t.wake <= at {
		return 0, false
	}
	t.wake = at
	return at, true
}

// Rush is Next for one mapping, after a packet passed.
func (t *Table) Rush(m *Mapping) (at sim.Time, change bool) {
	if m.Static || t.wake != 0 && t.wake <= m.until {
		return 0, false
	}
	t.wake = m.until
	return m.until, true
}

// Expire ends the mappings whose time is up. The alarm has rung.
func (t *Table) Expire(fx event.Scope) {
	t.wake = 0
	for i := 0; i < len(t.rows); {
		m := t.rows[i]
		if m.Static || m.until > fx.Now {
			i++
			continue
		}
		t.remove(m)
		event.Emit(fx.Because(m.by), timeoutRule(m.Proto), m.expired(t.NIC))
	}
}

func timeoutRule(proto inet.Protocol) rfc.ID {
	switch proto {
	case inet.TCP:
		return rfc.NATTimeoutTCP
	case inet.ICMP:
		return rfc.NATTimeoutICMP
	}
	return rfc.NATTimeoutUDP
}

// Clear ends every mapping: the interface translates no more.
func (t *Table) Clear(fx event.Scope) {
	for len(t.rows) > 0 {
		m := t.rows[0]
		t.remove(m)
		event.Emit(fx, rfc.NATSettings, m.expired(t.NIC))
	}
}

// Forward forwards a port to an inside endpoint for good. A mapping that has the port, or
// the endpoint, ends.
func (t *Table) Forward(proto inet.Protocol, port uint16, to inet.Endpoint, fx event.Scope) {
	t.Unforward(proto, port, fx)
	for i := 0; i < len(t.rows); {
		m := t.rows[i]
		if m.Proto != proto || m.Inside != to {
			i++
			continue
		}
		t.remove(m)
		event.Emit(fx, rfc.NATSettings, m.expired(t.NIC))
	}
	m := &Mapping{Proto: proto, Inside: to, Outside: inet.Endpoint{Addr: t.Addr, Port: port},
		Static: true}
	if proto == inet.TCP {
		m.State = Transitory
	}
	t.add(m)
	event.Emit(fx, rfc.NATSettings, m.mapped(t.NIC))
}

// Unforward ends whatever is mapped to a port.
func (t *Table) Unforward(proto inet.Protocol, port uint16, fx event.Scope) {
	if m := t.Outside(proto, port); m != nil {
		t.remove(m)
		event.Emit(fx, rfc.NATSettings, m.expired(t.NIC))
	}
}
