package host

// The knobs of IP's manners, by the names that Linux has for them where it has one.
const (
	knobStrong          = "ip_strong_host"
	knobSendRedirects   = "ip_send_redirects"
	knobAcceptRedirects = "ip_accept_redirects"
	knobIgnoreEchoes    = "icmp_echo_ignore_broadcasts"
)

// netKnob finds the switch behind a knob, and whether the knob is on when the switch is off;
// nil if there is none.
func (h *Host) netKnob(name string) (field *bool, inverted bool) {
	c := &h.IP.Conduct
	switch name {
	case knobStrong:
		return &c.Strong, false
	case knobSendRedirects:
		return &c.Redirects, false
	case knobAcceptRedirects:
		return &c.Stubborn, true
	case knobIgnoreEchoes:
		return &c.EchoMany, true
	}
	return nil, false
}

// readNetKnob reads such a knob; false if it is none.
func (h *Host) readNetKnob(name string) (string, bool) {
	field, inverted := h.netKnob(name)
	switch {
	case field == nil:
		return "", false
	case *field != inverted:
		return "1", true
	}
	return "0", true
}

// setNetKnob sets it; false for a value it cannot have.
func (h *Host) setNetKnob(name, value string) bool {
	field, inverted := h.netKnob(name)
	if value != "0" && value != "1" {
		return false
	}
	*field = (value == "1") != inverted
	return true
}
