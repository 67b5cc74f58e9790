package host

import (
	"strconv"

	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/view"
)

// KnobSkipDown is Linux's ignore_routes_with_linkdown: routes over an interface whose link
// is down do not count, so that packets take another, or there is no way.
const KnobSkipDown = "ip_ignore_routes_with_linkdown"

// SetKnob changes a knob. It reports false, and changes nothing, for a knob or a value
// that does not exist; TryKnob tells beforehand.
func (h *Host) SetKnob(name, value string, fx *Effects) bool {
	old := h.knob(name)
	if !h.apply(name, value) {
		return false
	}
	value = h.knob(name) // as the stack reads it: 07 is 7
	event.Emit(fx.OnHost(h.ID), rfc.KnobTurned, event.KnobSet{Knob: name, Old: old, New: value})
	for i := range h.set {
		if h.set[i].Name == name {
			h.set[i].Value = value
			return true
		}
	}
	h.set = append(h.set, view.Knob{Name: name, Value: value})
	return true
}

// TryKnob reports whether SetKnob would take the value.
func (h *Host) TryKnob(name, value string) bool {
	knobs, ttl, low, high := *h.knobs, h.IP.TTL, h.Socks.PortLow, h.Socks.PortHigh
	skip, neighbours, conduct := h.IP.SkipDown, h.IP.Neighbours, h.IP.Conduct
	ok := h.apply(name, value)
	h.IP.Conduct = conduct
	h.IP.SkipDown, h.IP.Neighbours = skip, neighbours
	*h.knobs, h.IP.TTL, h.Socks.PortLow, h.Socks.PortHigh = knobs, ttl, low, high
	return ok
}

// knob reads a knob of IP or of the port range, or else one of TCP; "" if there is none.
func (h *Host) knob(name string) string {
	switch name {
	case "ip_default_ttl":
		return strconv.Itoa(int(h.IP.TTL))
	case KnobSkipDown:
		if h.IP.SkipDown {
			return "1"
		}
		return "0"
	case "ip_local_port_low":
		return strconv.Itoa(int(h.Socks.PortLow))
	case "ip_local_port_high":
		return strconv.Itoa(int(h.Socks.PortHigh))
	}
	if value, ok := h.lanKnob(name); ok {
		return value
	}
	if value, ok := h.readNetKnob(name); ok {
		return value
	}
	value, _ := h.knobs.Get(name)
	return value
}

// apply sets a knob; false if it or the value does not exist.
func (h *Host) apply(name, value string) bool {
	low, high := h.Socks.PortLow, h.Socks.PortHigh
	switch name {
	case "ip_default_ttl":
		n, err := strconv.ParseUint(value, 10, 8)
		if err != nil || n == 0 {
			return false
		}
		h.IP.TTL = uint8(n)
		return true
	case KnobSkipDown:
		h.IP.SkipDown = value == "1"
		return value == "0" || value == "1"
	case "ip_local_port_low":
		low = port(value)
	case "ip_local_port_high":
		high = port(value)
	default:
		if _, ours := h.lanKnob(name); ours {
			return h.setLANKnob(name, value)
		}
		if field, _ := h.netKnob(name); field != nil {
			return h.setNetKnob(name, value)
		}
		_, err := h.knobs.Set(name, value)
		return err == nil
	}
	if low == 0 || low > high {
		return false
	}
	h.Socks.PortLow, h.Socks.PortHigh = low, high
	return true
}

// port reads a port number; 0 for what is none.
func port(value string) uint16 {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// View returns the row that folding the host's events gives (law L3).
func (h *Host) View() view.Host {
	v := view.Host{ID: h.ID, Name: h.Name, Profile: h.Profile, Forward: h.IP.Forward,
		Bare: h.Bare,
		NICs: []view.NIC{}, Routes: []view.Route{}, Procs: []view.Proc{}, Paths: []view.Path{},
		Knobs: append([]view.Knob{}, h.set...)}
	for _, n := range h.IP.NICs() {
		v.NICs = append(v.NICs, view.NIC{ID: n.ID, Addr: n.Addr, Addr6: n.Addr6, MTU: n.MTU,
			MAC: n.Shown(), State: n.State})
	}
	for _, r := range h.IP.Routes() {
		v.Routes = append(v.Routes, view.Route(r))
	}
	for _, p := range h.IP.Paths() {
		v.Paths = append(v.Paths, view.Path(p))
	}
	for _, p := range h.Socks.Procs() {
		v.Procs = append(v.Procs, view.Proc{ID: p.ID, Name: p.Name})
	}
	v.NAT = h.natViews()
	h.viewLAN(&v)
	return v
}
