package check

import "labserver/stack/event"

// touches says which fields of the view a frequent kind of event can change: the list
// it changes and, where known, the fields of its rows. A predicate that does not name
// all of one group keeps its value. A kind that is not listed may change anything.
func touches(k event.Kind) (groups [][]string, listed bool) {
	switch k {
	case "snd.changed":
		return [][]string{{"connections", "snd"}}, true
	case "rcv.changed":
		return [][]string{{"connections", "rcv"}}, true
	case "cc.changed":
		return [][]string{{"connections", "cc"}}, true
	case "rtt.changed":
		return [][]string{{"connections", "rtt"}}, true
	case "timer.armed", "timer.stopped", "timer.fired":
		return [][]string{{"connections", "timers"}}, true
	case "segment.sent", "segment.received", "datagram.sent", "datagram.received",
		"icmp.sent", "icmp.received", "packet.queued", "packet.departed",
		"packet.arrived", "packet.dropped":
		return [][]string{{"packets"}, {"counters"}}, true
	case "segment.refused", "segment.held", "datagram.refused", "world.budget":
		return nil, true
	case "call.blocked", "call.returned", "call.failed":
		return [][]string{{"calls"}}, true
	case "socket.queues":
		return [][]string{{"sockets", "syn_queue"}, {"sockets", "accept_queue"}}, true
	case "socket.buffer":
		return [][]string{{"sockets", "octets"}, {"sockets", "datagrams"}}, true
	case "conn.state":
		return [][]string{{"connections", "state"}}, true
	}
	if len(k) > 4 && k[:4] == "cmd." || len(k) > 5 && k[:5] == "note." {
		return nil, true
	}
	return nil, false
}

// concerns reports whether an event of kind k can change what p says of the view.
func (p *predicate) concerns(k event.Kind) bool {
	groups, listed := touches(k)
	if !listed {
		return true
	}
	for _, group := range groups {
		all := true
		for _, f := range group {
			all = all && p.fields[f]
		}
		if all {
			return true
		}
	}
	return false
}
