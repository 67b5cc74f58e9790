package sock

import "labserver/stack/inet"

// PortTaken reports whether a socket or connection of the host has a local port.
func (t *Table) PortTaken(proto inet.Protocol, port uint16) bool {
	for _, s := range t.sockets {
		if s.proto == proto && s.local.Port == port {
			return true
		}
	}
	if proto != inet.TCP {
		return false
	}
	for _, c := range t.tcp.Conns() {
		if c.Flow().Local.Port == port {
			return true
		}
	}
	return false
}
