package host

import (
	"strconv"

	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/view"
)

// SetKnob changes a knob. It reports false, and changes nothing, for a knob or a value
// that does not exist; TryKnob tells beforehand.
func (h *Host) SetKnob(name, value string, fx *Effects) bool {
	old, ok := h.apply(name, value)
	if !ok {
		return false
	}
	fx.OnHost(h.ID).Emit(rfc.KnobTurned, event.KnobSet{Knob: name, Old: old, New: value})
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
	_, ok := h.apply(name, value)
	*h.knobs, h.IP.TTL, h.Socks.PortLow, h.Socks.PortHigh = knobs, ttl, low, high
	return ok
}

// apply sets a knob of IP or of the port range, or else one of TCP.
func (h *Host) apply(name, value string) (old string, ok bool) {
	switch name {
	case "ip_default_ttl":
		n, err := strconv.ParseUint(value, 10, 8)
		if err != nil || n == 0 {
			return "", false
		}
		old = strconv.Itoa(int(h.IP.TTL))
		h.IP.TTL = uint8(n)
		return old, true
	case "ip_local_port_low", "ip_local_port_high":
		return h.portRange(name, value)
	}
	old, err := h.knobs.Set(name, value)
	return old, err == nil
}

func (h *Host) portRange(name, value string) (old string, ok bool) {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n == 0 {
		return "", false
	}
	low, high := h.Socks.PortLow, h.Socks.PortHigh
	if name == "ip_local_port_low" {
		old, low = strconv.Itoa(int(low)), uint16(n)
	} else {
		old, high = strconv.Itoa(int(high)), uint16(n)
	}
	if low > high {
		return "", false
	}
	h.Socks.PortLow, h.Socks.PortHigh = low, high
	return old, true
}

// View returns the row that folding the host's events gives (law L3).
func (h *Host) View() view.Host {
	v := view.Host{ID: h.ID, Name: h.Name, Profile: h.Profile, Forward: h.IP.Forward,
		NICs: []view.NIC{}, Routes: []view.Route{}, Procs: []view.Proc{},
		Knobs: append([]view.Knob{}, h.set...)}
	for _, n := range h.IP.NICs() {
		v.NICs = append(v.NICs, view.NIC{ID: n.ID, Addr: n.Addr, MTU: n.MTU})
	}
	for _, r := range h.IP.Routes() {
		v.Routes = append(v.Routes, view.Route{Dst: r.Dst, Via: r.Via, NIC: r.NIC})
	}
	for _, p := range h.Socks.Procs() {
		v.Procs = append(v.Procs, view.Proc{ID: p.ID, Name: p.Name})
	}
	return v
}
