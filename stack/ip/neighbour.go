package ip

import (
	"net/netip"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// The neighbour cache: RFC 4861 §7.2 and §7.3 for IPv6, and for ARP what RFC 1122 §2.3.2
// asks of it, with the same states, as in Linux. Hints of upper layers that a neighbour
// still answers (RFC 4861 §7.3.1) are not taken, so that each confirmation can be seen.

// The times of the cache.
const (
	// arpReachable: "timing out ... on the order of a minute" (RFC 1122 §2.3.2.1).
	arpReachable = 60 * time.Second
	// ndReachable is REACHABLE_TIME (RFC 4861 §10).
	ndReachable = 30 * time.Second
	// retransTimer is RETRANS_TIMER: "a maximum rate of 1 per second per destination" is
	// what RFC 1122 §2.3.2.1 recommends too.
	retransTimer = time.Second
	// delayFirstProbe is DELAY_FIRST_PROBE_TIME (RFC 4861 §10).
	delayFirstProbe = 5 * time.Second
	// unusedTime is how long an entry that nobody uses is kept: Linux's gc_stale_time.
	unusedTime = 60 * time.Second
	// maxAsks is MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT (RFC 4861 §10).
	maxAsks = 3
)

// Limits of the cache.
const (
	maxWaiting    = 3 // packets for one neighbour: few enough to see the queue full
	maxNeighbours = 256
)

// NeighbourAlarm is the id of the Alarm that asks for Tick. Those of assemblies count up
// from 1 and never get there.
const NeighbourAlarm uint64 = 1 << 63

// NeighbourKnobs are the settings of the link layer. The zero value is a host that knows
// its neighbours without asking.
type NeighbourKnobs struct {
	Discover          bool  // neigh_discovery: ARP and neighbour discovery
	Notify            bool  // arp_notify: announce addresses when an interface comes up
	DAD               int64 // dad_transmits: how often to ask before an IPv6 address is used
	DirectedBroadcast bool  // bc_forwarding: a router passes directed broadcasts on
}

// The states of an entry: RFC 4861 §7.3.2, and FAILED as Linux shows it. An entry without
// a state does not exist.
const (
	incomplete = "INCOMPLETE" // asked, no answer yet
	reachable  = "REACHABLE"  // confirmed not long ago
	stale      = "STALE"      // not confirmed for long, or by nobody asked
	delayed    = "DELAY"      // stale and in use: a moment is left for a confirmation
	probing    = "PROBE"      // asked directly
	failed     = "FAILED"     // nobody answered
)

// neighbour is what is known of one.
type neighbour struct {
	nic     *NIC
	addr    netip.Addr
	mac     wire.MAC
	known   bool // mac holds
	state   string
	waiting []*Packet
	asked   int
	due     sim.Time // when something happens by itself
	by      uint64   // the last event about it, the cause of that
}

// KnownNeighbour is a row of the cache. MAC is "" while it is not known.
type KnownNeighbour struct {
	NIC   inet.NICID
	Addr  netip.Addr
	MAC   string
	State string
}

// Cache returns the neighbour cache in order of meeting.
func (l *Layer) Cache() []KnownNeighbour {
	var rows []KnownNeighbour
	for _, n := range l.neighbours {
		rows = append(rows, KnownNeighbour{n.nic.ID, n.addr, n.text(), n.state})
	}
	return rows
}

func (n *neighbour) text() string {
	if !n.known {
		return ""
	}
	return n.mac.String()
}

// rule is that of the neighbour's version.
func (n *neighbour) rule(v4, v6 rfc.ID) rfc.ID {
	if n.addr.Is4() {
		return v4
	}
	return v6
}

func (l *Layer) neighbourOf(nic *NIC, addr netip.Addr) *neighbour {
	for _, n := range l.neighbours {
		if n.nic == nic && n.addr == addr {
			return n
		}
	}
	return nil
}

// meet adds an entry, which has no state yet.
func (l *Layer) meet(nic *NIC, addr netip.Addr, by uint64, fx *Effects) *neighbour {
	if len(l.neighbours) == maxNeighbours {
		l.forgetNeighbour(l.neighbours[0], rfc.NeighbourLimit, by, fx)
	}
	n := &neighbour{nic: nic, addr: addr, by: by}
	l.neighbours = append(l.neighbours, n)
	return n
}

// become gives an entry its next state, until after from now.
func (n *neighbour) become(state string, rule rfc.ID, after time.Duration, fx *Effects) {
	old := n.state
	n.state, n.due = state, fx.Now.Add(after)
	n.by = event.Emit(fx.Because(n.by).OnHost(fx.Host), rule, event.NeighbourChanged{
		NIC: n.nic.ID, Addr: n.addr, MAC: n.text(), Old: old, New: state})
}

// resolve sends a packet to a neighbour, or has it wait for the neighbour's address.
func (l *Layer) resolve(p *Packet, nic *NIC, hop netip.Addr, fx *Effects) {
	n := l.neighbourOf(nic, hop)
	if n == nil {
		n = l.meet(nic, hop, p.By, fx)
	}
	switch n.state {
	case "", failed:
		l.park(n, p, fx)
		n.known, n.asked, n.by = false, 0, p.By
		n.become(incomplete, rfc.NDState, retransTimer, fx)
		l.ask(n, fx)
	case incomplete:
		l.park(n, p, fx)
	case stale:
		// RFC 4861 §7.3.3: "the first time a node sends a packet to a neighbor whose entry is
		// STALE, the sender changes the state to DELAY".
		n.by = p.By
		n.become(delayed, rfc.NDState, delayFirstProbe, fx)
		n.send(p, fx)
	default:
		n.send(p, fx)
	}
	l.arm(fx)
}

func (n *neighbour) send(p *Packet, fx *Effects) {
	p.DstMAC = n.mac
	fx.Transmit = append(fx.Transmit, Transmit{n.nic, p})
}

// park has a packet wait: the link layer "SHOULD save (rather than discard) at least one
// (the latest) packet of each set of packets destined to the same unresolved IP address"
// (RFC 1122 §2.3.2.2). The oldest makes room.
func (l *Layer) park(n *neighbour, p *Packet, fx *Effects) {
	if len(n.waiting) == maxWaiting {
		oldest := n.waiting[0]
		n.waiting = append(n.waiting[:0], n.waiting[1:]...)
		oldest.Held = false
		Drop(oldest, rfc.ARPQueueFull, "too many wait for "+n.addr.String(), fx)
	}
	p.Held = true
	p.By = event.Emit(fx.Because(p.By).OnHost(fx.Host), n.rule(rfc.ARPQueue, rfc.NDQueue),
		event.PacketParked{Pkt: p.ID, NIC: n.nic.ID, Hop: n.addr})
	n.waiting = append(n.waiting, p)
}

// found takes a neighbour's answer: what waited leaves.
func (n *neighbour) found(mac wire.MAC, rule rfc.ID, fx *Effects) {
	n.mac, n.known = mac, true
	after := ndReachable
	if n.addr.Is4() {
		after = arpReachable
	}
	n.become(reachable, rule, after, fx)
	n.release(fx)
}

// release sends what waited.
func (n *neighbour) release(fx *Effects) {
	for _, p := range n.waiting {
		p.Held, p.By = false, n.by
		n.send(p, fx)
	}
	n.waiting = nil
}

// told notes what a neighbour says of itself unasked: it is believed, but not confirmed.
func (n *neighbour) told(mac wire.MAC, rule rfc.ID, fx *Effects) {
	if n.known && n.mac == mac {
		return
	}
	n.mac, n.known = mac, true
	n.become(stale, rule, unusedTime, fx)
	n.release(fx)
}

// ask sends the next question: to everybody who may be meant, or, probing, to the one who
// was there.
func (l *Layer) ask(n *neighbour, fx *Effects) {
	n.asked++
	n.due = fx.Now.Add(retransTimer)
	if n.addr.Is4() {
		l.askARP(n, fx)
	} else {
		l.solicit(n, fx)
	}
}

// Tick does what is due: it asks again, gives up, or lets entries age. The world calls it
// when the NeighbourAlarm goes off.
func (l *Layer) Tick(fx *Effects) {
	l.alarm = 0
	for _, n := range append([]*neighbour{}, l.neighbours...) {
		if n.due <= fx.Now {
			l.tick(n, fx)
		}
	}
	for _, n := range l.nics {
		if n.State == Tentative && n.dad.due <= fx.Now {
			l.askDAD(n, fx)
		}
	}
	l.arm(fx)
}

func (l *Layer) tick(n *neighbour, fx *Effects) {
	switch n.state {
	case incomplete, probing:
		if n.asked < maxAsks {
			l.ask(n, fx)
		} else {
			l.fail(n, fx)
		}
	case reachable:
		n.become(stale, n.rule(rfc.ARPTimeout, rfc.NDState), unusedTime, fx)
	case delayed:
		n.asked = 0
		n.become(probing, n.rule(rfc.ARPPoll, rfc.NDProbe), retransTimer, fx)
		l.ask(n, fx)
	case stale, failed:
		l.forgetNeighbour(n, rfc.NeighbourGone, n.by, fx)
	}
}

// fail gives a neighbour up. Who sent what waits is told, this host itself too: that is
// how Linux's sockets learn of it.
func (l *Layer) fail(n *neighbour, fx *Effects) {
	rule := n.rule(rfc.ARPFailed, rfc.NDFailed)
	n.known = false
	n.become(failed, rule, unusedTime, fx)
	waiting := n.waiting
	n.waiting = nil
	for _, p := range waiting {
		p.Held, p.By = false, n.by
		by := Drop(p, rule, n.addr.String()+" does not answer", fx)
		l.Refuse(p, Refusal{Kind: Unresolved}, rule, by, fx)
	}
}

// forgetNeighbour takes an entry out, and drops what waits for it.
func (l *Layer) forgetNeighbour(n *neighbour, rule rfc.ID, by uint64, fx *Effects) {
	for _, p := range n.waiting {
		p.Held = false
		Drop(p, rule, n.addr.String()+" was forgotten", fx)
	}
	n.waiting, n.by = nil, by
	n.become("", rule, 0, fx)
	for i, o := range l.neighbours {
		if o == n {
			l.neighbours = append(l.neighbours[:i:i], l.neighbours[i+1:]...)
			return
		}
	}
}

// Flush forgets the neighbours on an interface, or on all if nic is "", or only that with
// an address, if it is valid. It returns how many there were.
func (l *Layer) Flush(nic inet.NICID, addr netip.Addr, fx *Effects) (gone int) {
	for _, n := range append([]*neighbour{}, l.neighbours...) {
		if (nic == "" || n.nic.ID == nic) && (!addr.IsValid() || n.addr == addr) {
			l.forgetNeighbour(n, rfc.NeighbourFlush, fx.By, fx)
			gone++
		}
	}
	l.arm(fx)
	return gone
}

// arm asks for Tick when the next thing is due.
func (l *Layer) arm(fx *Effects) {
	var next sim.Time
	for _, n := range l.neighbours {
		if next == 0 || n.due < next {
			next = n.due
		}
	}
	for _, n := range l.nics {
		if n.State == Tentative && (next == 0 || n.dad.due < next) {
			next = n.dad.due
		}
	}
	if next != l.alarm {
		l.alarm = next
		fx.Alarms = append(fx.Alarms, Alarm{Assembly: NeighbourAlarm, At: next,
			Stop: next == 0, Slot: &l.slot})
	}
}
