package stack

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/host"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/link"
	"labserver/stack/rfc"
)

// Switches, and what cables mean to those at their ends.

// MaxPorts is how many ports a switch may have.
const MaxPorts = 32

// maxNICs is how many interfaces a host may have, or ports a switch.
func maxNICs(h *host.Host) int {
	if h.Switch != nil {
		return MaxPorts
	}
	return MaxNICs
}

func newHost(id inet.HostID, name, profile string, a HostAdd, seed uint64) *host.Host {
	if a.Switch {
		return host.NewSwitch(id, name, profile, seed)
	}
	return host.New(id, name, profile, a.Forward, seed)
}

// checkSwitch refuses what a switch cannot do: it has ports and a name, and nothing else.
func (w *World) checkSwitch(c Command) error {
	id, ok := c.hostArg()
	if !ok {
		return nil
	}
	h := w.host(id)
	if h == nil || h.Switch == nil {
		return nil
	}
	refused := func(field string) error { return switchRefusal(field, id) }
	switch a := c.Args.(type) {
	case HostAdd, HostRemove, HostRename, NICRemove:
		return nil
	case NICAdd:
		if a.Addr.IsValid() || a.Addr6.IsValid() {
			return refused("addr")
		}
		return nil
	}
	return refused("host")
}

func switchRefusal(field string, id inet.HostID) *ArgError {
	return &ArgError{Code: CodeSwitch, Field: field, Got: string(id),
		Limit: "a switch has ports and no addresses"}
}

// port adds a port to a switch.
func (w *World) port(h *host.Host, id inet.NICID, by uint64) *ip.NIC {
	w.nicAdd(h, NICAdd{NIC: id}, by)
	nics := h.IP.NICs()
	return nics[len(nics)-1]
}

// checkLAN refuses a cable that would join two switches that are joined already, since
// without a spanning tree (IEEE 802.1D) frames would run in the ring for ever; and one that
// would put an interface on a LAN where another network lives.
func (w *World) checkLAN(a LinkAdd) *ArgError {
	if len(w.hosts) == 0 || !w.anySwitch() {
		return nil
	}
	hostA, hostB := w.host(a.A.Host), w.host(a.B.Host)
	if hostA.Switch == nil && hostB.Switch == nil {
		return nil
	}
	group := w.bridged(hostA)
	if hostA.Switch != nil && hostB.Switch != nil {
		for _, h := range group {
			if h == hostB {
				return &ArgError{Code: CodeSwitchLoop, Field: "b.host",
					Got:   string(hostA.ID) + " - " + string(hostB.ID),
					Limit: "they are joined already; there is no spanning tree to break the ring"}
			}
		}
	}
	members := append(w.attached(group), w.attached(w.bridged(hostB))...)
	for _, e := range []End{a.A, a.B} {
		h := w.host(e.Host)
		n := h.IP.NIC(e.NIC)
		if e.NIC == "" {
			n = freeNIC(h)
		}
		if h.Switch == nil && n != nil {
			members = append(members, member{h, n})
		}
	}
	return oneNetwork(members)
}

// oneNetwork refuses a LAN whose interfaces are not in one network of each version.
func oneNetwork(members []member) *ArgError {
	var first [2]netip.Prefix
	for _, m := range members {
		for _, p := range []netip.Prefix{m.nic.Addr, m.nic.Addr6} {
			if !p.IsValid() {
				continue
			}
			at := 0
			if p.Addr().Is6() {
				at = 1
			}
			switch {
			case !first[at].IsValid():
				first[at] = p.Masked()
			case first[at] != p.Masked():
				return &ArgError{Code: CodeOtherNetwork, Field: "a, b",
					Got:   string(m.host.ID) + " " + string(m.nic.ID) + " " + p.String(),
					Limit: first[at].String()}
			}
		}
	}
	return nil
}

func (w *World) anySwitch() bool {
	for _, h := range w.hosts {
		if h.Switch != nil {
			return true
		}
	}
	return false
}

// member is an interface on a LAN.
type member struct {
	host *host.Host
	nic  *ip.NIC
}

// bridged returns a switch and those it is joined with, through others too; for a host
// nothing. A link that is down counts: it may come up.
func (w *World) bridged(h *host.Host) []*host.Host {
	if h.Switch == nil {
		return nil
	}
	group := []*host.Host{h}
	for i := 0; i < len(group); i++ {
		for _, far := range w.far(group[i]) {
			if far.host.Switch != nil && !holds(group, far.host) {
				group = append(group, far.host)
			}
		}
	}
	return group
}

func holds(group []*host.Host, h *host.Host) bool {
	for _, o := range group {
		if o == h {
			return true
		}
	}
	return false
}

// far returns the interfaces at the other ends of a host's links.
func (w *World) far(h *host.Host) (ends []member) {
	for _, n := range h.IP.NICs() {
		l := w.link(n.Link)
		if l == nil {
			continue
		}
		e := l.Far(l.DirectionFrom(h.ID, n.ID))
		other := w.host(e.Host)
		ends = append(ends, member{other, other.IP.NIC(e.NIC)})
	}
	return ends
}

// attached returns the interfaces of hosts on a group of switches.
func (w *World) attached(group []*host.Host) (members []member) {
	for _, s := range group {
		for _, m := range w.far(s) {
			if m.host.Switch == nil {
				members = append(members, m)
			}
		}
	}
	return members
}

// relan finds out anew who shares a LAN with whom, after a cable came or went at event by.
func (w *World) relan(by uint64) {
	if !w.anySwitch() {
		return
	}
	for _, h := range w.hosts {
		for _, n := range h.IP.NICs() {
			n.LAN = nil
		}
	}
	var done []*host.Host
	for _, h := range w.hosts {
		if h.Switch == nil || holds(done, h) {
			continue
		}
		group := w.bridged(h)
		done = append(done, group...)
		lan := &ip.LAN{}
		for _, m := range w.attached(group) {
			m.nic.LAN = lan
			m.nic.ShowMAC(rfc.MACKnown, w.scope().Because(by).OnHost(m.host.ID))
			for _, p := range []netip.Prefix{m.nic.Addr, m.nic.Addr6} {
				if p.IsValid() {
					lan.Neighbours = append(lan.Neighbours, ip.Known{Addr: p.Addr(), MAC: m.nic.MAC})
				}
			}
		}
	}
}

// plug tells the hosts at a link's ends that it carries now; unplug, that it no longer
// does. by is the cause.
func (w *World) plug(l *link.Link, by uint64) {
	w.atEnds(l, by, func(h *host.Host, n *ip.NIC, fx *host.Effects) { h.Plugged(n, fx) })
}

func (w *World) unplug(l *link.Link, by uint64) {
	w.atEnds(l, by, func(h *host.Host, n *ip.NIC, fx *host.Effects) { h.Unplugged(n, fx) })
}

func (w *World) atEnds(l *link.Link, by uint64,
	do func(*host.Host, *ip.NIC, *host.Effects)) {
	for _, e := range []event.LinkEnd{l.A, l.B} {
		h := w.host(e.Host)
		fx := w.effects(by)
		do(h, h.IP.NIC(e.NIC), fx)
		w.settle(h, fx)
	}
}

func (w *World) knobSet(a KnobSet, by uint64) {
	h := w.host(a.Host)
	fx := w.effects(by)
	h.SetKnob(a.Knob, a.Value, fx)
	h.AfterKnob(a.Knob, fx)
	w.settle(h, fx)
}

func (w *World) neighFlush(a NeighFlush, by uint64) {
	h := w.host(a.Host)
	fx := w.effects(by)
	fx.Scope = fx.OnHost(h.ID)
	h.IP.Flush(a.NIC, a.Addr, &fx.Effects)
	w.settle(h, fx)
}
