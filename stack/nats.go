package stack

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/nat"
)

// maxNATLife is the longest that a mapping may live without traffic; the shortest is a
// millisecond, so that a lab need not wait.
const maxNATLife = int64(24 * time.Hour)

// maxForwards is how many mappings a router has before no port is forwarded any more.
const maxForwards = 1024

func (a NATSet) checkRanges() error {
	if a.Kind != nat.Off && a.Kind != nat.Masquerade {
		return outOfWords("kind", a.Kind, "off, masquerade")
	}
	const words = nat.Independent + ", " + nat.AddressDependent + ", " + nat.PortDependent
	for _, w := range [...]struct {
		field string
		given *string
	}{{"mapping", a.Mapping}, {"filtering", a.Filtering}} {
		if w.given != nil && *w.given != nat.Independent && *w.given != nat.AddressDependent &&
			*w.given != nat.PortDependent {
			return outOfWords(w.field, *w.given, words)
		}
	}
	return first(checkID("nic", string(a.NIC), false), within("port_low", a.PortLow, 1, 65535),
		within("port_high", a.PortHigh, 1, 65535), spanned("udp_ns", a.UDPNS, maxNATLife),
		spanned("established_ns", a.EstablishedNS, maxNATLife),
		spanned("transitory_ns", a.TransitoryNS, maxNATLife),
		spanned("icmp_ns", a.ICMPNS, maxNATLife))
}

func (a NATForward) checkRanges() error {
	if a.Proto != inet.TCP.String() && a.Proto != inet.UDP.String() {
		return outOfWords("proto", a.Proto, "tcp, udp")
	}
	if !a.To.IsZero() && (!a.To.Addr.Is4() || a.To.Port == 0 || !unicast(a.To.Addr)) {
		return &ArgError{Code: CodeOutOfRange, Field: "to", Got: shorten(a.To.String()),
			Limit: "an IPv4 address and a port"}
	}
	return first(checkID("nic", string(a.NIC), false), inRange("port", int64(a.Port), 1, 65535))
}

// params is what the interface translates like after the command.
func (a NATSet) params(now event.NATParams) event.NATParams {
	now.Kind = a.Kind
	set(&now.Mapping, a.Mapping)
	set(&now.Filtering, a.Filtering)
	setPort(&now.PortLow, a.PortLow)
	setPort(&now.PortHigh, a.PortHigh)
	set(&now.Hairpin, a.Hairpin)
	set(&now.InboundRefresh, a.InboundRefresh)
	set(&now.UDPNS, a.UDPNS)
	set(&now.EstablishedNS, a.EstablishedNS)
	set(&now.TransitoryNS, a.TransitoryNS)
	set(&now.ICMPNS, a.ICMPNS)
	return now
}

func setPort(field *uint16, to *int) {
	if to != nil {
		*field = uint16(*to)
	}
}

// translation is how an interface of a host translates now.
func (w *World) translation(id inet.HostID, nic inet.NICID) event.NATParams {
	if t := w.host(id).IP.NAT(nic); t != nil {
		return t.Params
	}
	return nat.Defaults()
}

// checkOutside wants an interface with an IPv4 address, of a router.
func (w *World) checkOutside(id inet.HostID, nic inet.NICID) *ArgError {
	h := w.host(id)
	n := h.IP.NIC(nic)
	switch {
	case !h.IP.Forward:
		return &ArgError{Code: CodeNotRouter, Field: "host", Got: string(id)}
	case n == nil:
		return &ArgError{Code: CodeUnknownNIC, Field: "nic", Got: shorten(string(nic))}
	case !n.Addr.Addr().Is4():
		return &ArgError{Code: CodeOutOfRange, Field: "nic", Got: n.Addr.String(),
			Limit: "an interface with an IPv4 address"}
	}
	return nil
}

func (w *World) checkNATSet(a NATSet) error {
	if err := w.checkOutside(a.Host, a.NIC); err != nil {
		return err
	}
	p := a.params(w.translation(a.Host, a.NIC))
	return first(inRange("port_high", int64(p.PortHigh), int64(p.PortLow), 65535))
}

func (w *World) checkNATForward(a NATForward) error {
	if err := w.checkOutside(a.Host, a.NIC); err != nil {
		return err
	}
	t := w.host(a.Host).IP.NAT(a.NIC)
	if t == nil {
		return &ArgError{Code: CodeNoNAT, Field: "nic", Got: string(a.NIC)}
	}
	if a.To.IsZero() {
		if m := t.Outside(protocol(a.Proto), uint16(a.Port)); m == nil {
			return &ArgError{Code: CodeNoNAT, Field: "port", Got: a.Proto}
		}
		return nil
	}
	return first(quota(len(t.Mappings()), maxForwards, "mappings"))
}

func protocol(name string) inet.Protocol {
	if name == inet.UDP.String() {
		return inet.UDP
	}
	return inet.TCP
}

// nat carries out what concerns translation.
func (w *World) nat(c Command, by uint64) {
	fx := w.effects(by)
	switch a := c.Args.(type) {
	case NATSet:
		h := w.host(a.Host)
		h.SetNAT(a.NIC, a.params(w.translation(a.Host, a.NIC)), fx)
		w.settle(h, fx)
	case NATForward:
		h := w.host(a.Host)
		h.ForwardPort(a.NIC, protocol(a.Proto), uint16(a.Port), a.To, fx)
		w.settle(h, fx)
	}
}
