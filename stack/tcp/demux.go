package tcp

import (
	"net/netip"

	"labserver/stack/inet"
)

// Which listener takes a new connection: RFC 9293 §3.10.7.2 with the demultiplexing of
// BSD sockets. The most specific address comes first, then the wildcard of the family,
// then IPv6's wildcard for IPv4 too, unless its socket is IPV6_V6ONLY (RFC 3493 §5.3).

// Listener returns a listener at exactly this local endpoint, or nil; of several that
// share it by SO_REUSEPORT the first.
func (l *Layer) Listener(local inet.Endpoint) *Listener {
	if group := l.listeners[listenKey(local)]; len(group) > 0 {
		return group[0]
	}
	return nil
}

// listenKey is a local endpoint with one form of each wildcard: none is IPv4's.
func listenKey(local inet.Endpoint) inet.Endpoint {
	if local.Addr = local.Addr.Unmap(); !local.Addr.IsValid() {
		local.Addr = netip.IPv4Unspecified()
	}
	return local
}

// listenerFor finds who takes a new connection of this flow.
func (l *Layer) listenerFor(flow inet.Flow) *Listener {
	at := listenKey(flow.Local)
	if group := l.listeners[at]; len(group) > 0 {
		return l.pick(group, flow)
	}
	any6 := l.listeners[inet.Endpoint{Addr: netip.IPv6Unspecified(), Port: at.Port}]
	if !at.Addr.Is4() {
		return l.pick(any6, flow)
	}
	group := l.listeners[inet.Endpoint{Addr: netip.IPv4Unspecified(), Port: at.Port}]
	for _, li := range any6 {
		if !li.opts.V6Only {
			group = append(group[:len(group):len(group)], li)
		}
	}
	return l.pick(group, flow)
}

// pick chooses among the listeners that share an endpoint by a hash of the flow, so that
// all segments of one opening find the same one; nil of none.
func (l *Layer) pick(group []*Listener, flow inet.Flow) *Listener {
	switch len(group) {
	case 0:
		return nil
	case 1:
		return group[0]
	}
	return group[l.prf(flow, 'r')%uint32(len(group))]
}

// clashes reports whether a new listener may not stand beside those there are.
func (l *Layer) clashes(local inet.Endpoint, o *Options) bool {
	at := listenKey(local)
	share := func(group []*Listener, both bool) bool {
		for _, li := range group {
			// IPv4's wildcard and IPv6's are apart when the latter is IPV6_V6ONLY.
			apart := !both && (o.V6Only || li.opts.V6Only)
			if !apart && !(o.ReusePort && li.opts.ReusePort) {
				return false
			}
		}
		return true
	}
	if !share(l.listeners[at], true) {
		return true
	}
	if !at.Addr.IsUnspecified() {
		return false
	}
	other := netip.IPv6Unspecified()
	if at.Addr == other {
		other = netip.IPv4Unspecified()
	}
	return !share(l.listeners[inet.Endpoint{Addr: other, Port: at.Port}], false)
}

// forgetListener takes a listener out.
func (l *Layer) forgetListener(li *Listener) {
	key := listenKey(li.local)
	group := l.listeners[key]
	for i := range group {
		if group[i] == li {
			l.listeners[key] = append(group[:i:i], group[i+1:]...)
			break
		}
	}
	if len(l.listeners[key]) == 0 {
		delete(l.listeners, key)
	}
}
