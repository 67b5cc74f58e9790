package view

import (
	"labserver/stack/event"
	"labserver/stack/inet"
)

// nat folds what a router's translation is and has done.
func (v *View) nat(e event.Event) {
	h := v.host(e.Host)
	switch b := e.Body.(type) {
	case event.NATSet:
		h.setNAT(b)
	case event.NATMapped:
		n := h.natOf(b.NIC)
		n.Mappings = append(n.Mappings, NATMapping{Proto: b.Proto, Inside: b.Inside,
			Outside: b.Outside, Remote: b.Remote, State: b.State, Static: b.Static})
	case event.NATChanged:
		n := h.natOf(b.NIC)
		must(find(n.Mappings, func(m *NATMapping) bool {
			return m.is(b.Proto, b.Inside, b.Outside, b.Remote)
		}), b.Outside.String()).State = b.New
	case event.NATExpired:
		n := h.natOf(b.NIC)
		n.Mappings = remove(n.Mappings, func(m *NATMapping) bool {
			return m.is(b.Proto, b.Inside, b.Outside, b.Remote) && m.Static == b.Static
		})
	}
}

// setNAT puts the settings of an interface in; "off" takes it out.
func (h *Host) setNAT(b event.NATSet) {
	old := find(h.NAT, func(n *NAT) bool { return n.NIC == b.NIC })
	switch {
	case b.New.Kind == "off":
		if h.NAT = remove(h.NAT, func(n *NAT) bool { return n.NIC == b.NIC }); len(h.NAT) == 0 {
			h.NAT = nil // as before it was ever set
		}
	case old != nil:
		old.Params = b.New
	default:
		h.NAT = append(h.NAT, NAT{NIC: b.NIC, Params: b.New, Mappings: []NATMapping{}})
	}
}

func (h *Host) natOf(id inet.NICID) *NAT {
	return must(find(h.NAT, func(n *NAT) bool { return n.NIC == id }), string(id))
}

// is reports whether a row is the mapping that an event names.
func (m *NATMapping) is(proto string, inside, outside, remote inet.Endpoint) bool {
	return m.Proto == proto && m.Inside == inside && m.Outside == outside && m.Remote == remote
}
