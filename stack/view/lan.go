package view

import (
	"labserver/stack/event"
	"labserver/stack/inet"
)

// lanEvent folds what happens on a LAN: tables of switches, neighbours, groups.
func (v *View) lanEvent(e event.Event) {
	switch b := e.Body.(type) {
	case event.MACLearned:
		h := v.host(e.Host)
		h.forget(b.MAC)
		h.MACs = append(h.MACs, MAC{b.MAC, b.Port})
	case event.MACForgotten:
		v.host(e.Host).forget(b.MAC)
	case event.NeighbourChanged:
		v.host(e.Host).know(Neighbour{b.NIC, b.Addr, b.MAC, b.New})
	case event.NICMAC:
		v.nic(e.Host, b.NIC).MAC = b.MAC
	case event.NICAddress:
		v.nic(e.Host, b.NIC).State = b.New
	case event.GroupJoined:
		h := v.host(e.Host)
		h.Groups = append(h.Groups, Group(b))
	case event.GroupLeft:
		h := v.host(e.Host)
		h.Groups = absent(remove(h.Groups, func(g *Group) bool { return *g == Group(b) }))
	}
}

func (v *View) nic(host inet.HostID, id inet.NICID) *NIC {
	return must(find(v.host(host).NICs, func(n *NIC) bool { return n.ID == id }), string(id))
}

func (h *Host) forget(mac string) {
	h.MACs = absent(remove(h.MACs, func(m *MAC) bool { return m.MAC == mac }))
}

// absent makes an empty list one that is not there, as in a snapshot.
func absent[T any](rows []T) []T {
	if len(rows) == 0 {
		return nil
	}
	return rows
}

// know puts a neighbour in its place; one without a state is gone.
func (h *Host) know(n Neighbour) {
	same := func(o *Neighbour) bool { return o.NIC == n.NIC && o.Addr == n.Addr }
	switch old := find(h.Neighbours, same); {
	case n.State == "":
		h.Neighbours = absent(remove(h.Neighbours, same))
	case old != nil:
		*old = n
	default:
		h.Neighbours = append(h.Neighbours, n)
	}
}
