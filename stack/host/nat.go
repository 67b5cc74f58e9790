package host

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/nat"
	"labserver/stack/view"
)

// SetNAT sets how the host, a router, translates on an interface.
func (h *Host) SetNAT(nic inet.NICID, p event.NATParams, fx *Effects) {
	fx.Scope = fx.OnHost(h.ID)
	h.IP.SetNAT(nic, p, natPorts{h}, &fx.Effects)
}

// ForwardPort forwards a port of an interface that translates; a zero endpoint ends that.
func (h *Host) ForwardPort(nic inet.NICID, proto inet.Protocol, port uint16, to inet.Endpoint,
	fx *Effects) {
	t, scope := h.IP.NAT(nic), fx.OnHost(h.ID)
	if to.IsZero() {
		t.Unforward(proto, port, scope)
		return
	}
	t.Forward(proto, port, to, scope)
}

// natPorts tells a translation which ports the host uses itself.
type natPorts struct{ h *Host }

// PortTaken implements nat.Ports.
func (p natPorts) PortTaken(proto inet.Protocol, port uint16) bool {
	if proto == inet.ICMP {
		return false // the identifiers of the host's own pings are below every range
	}
	return p.h.Socks.PortTaken(proto, port)
}

// natViews returns the rows that folding the events of translation gives.
func (h *Host) natViews() []view.NAT {
	var rows []view.NAT
	for _, t := range h.IP.NATs() {
		row := view.NAT{NIC: t.NIC, Params: t.Params, Mappings: []view.NATMapping{}}
		for _, m := range t.Mappings() {
			row.Mappings = append(row.Mappings, natRow(m))
		}
		rows = append(rows, row)
	}
	return rows
}

func natRow(m *nat.Mapping) view.NATMapping {
	return view.NATMapping{Proto: m.Proto.String(), Inside: m.Inside, Outside: m.Outside,
		Remote: m.Remote, State: m.State, Static: m.Static}
}
