package ip

import (
	"net/netip"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// Route is a row of a routing table: connected networks have no Via. MTU and AdvMSS are
// what Linux calls so: the largest packet the route takes, and the MSS that TCP announces
// over it; 0 for neither.
type Route struct {
	Dst    netip.Prefix
	Via    netip.Addr
	NIC    inet.NICID
	MTU    int
	AdvMSS int
	// Type is "" for a route that leads somewhere, else blackhole, unreachable or prohibit.
	Type string
}

// ByHand reports whether somebody added the route: it does not belong to an interface.
func (r *Route) ByHand() bool { return r.Via.IsValid() || r.Type != "" }

// Routes returns the routing table in order of adding. Do not change the slice.
func (l *Layer) Routes() []Route { return l.routes }

// AddRoute adds a route by way of a neighbour on a connected network, whose NIC it fills
// in; false if no interface reaches it, or a route to there by it stands already.
func (l *Layer) AddRoute(r Route) (Route, bool) {
	r.Dst = r.Dst.Masked()
	if r.Type != "" {
		l.routes = append(l.routes, r)
		return r, true
	}
	for _, n := range l.nics {
		if !n.Reaches(r.Via) {
			continue
		}
		for _, old := range l.routes {
			if old.Dst == r.Dst && old.Via == r.Via {
				return r, false
			}
		}
		r.NIC = n.ID
		l.routes = append(l.routes, r)
		return r, true
	}
	return Route{}, false
}

// RemoveRoute takes the first route to dst that has a neighbour away; false if there is
// none. Connected networks stay with their interface.
func (l *Layer) RemoveRoute(dst netip.Prefix) (Route, bool) {
	for i, r := range l.routes {
		if r.Dst == dst.Masked() && r.ByHand() {
			l.routes = append(l.routes[:i:i], l.routes[i+1:]...)
			return r, true
		}
	}
	return Route{}, false
}

// Path is how packets to a destination leave.
type Path struct {
	NIC    *NIC       // nil for this host itself
	Src    netip.Addr // the address packets get if the program chose none
	MTU    int        // the least of what interface, route and path MTU discovery say
	AdvMSS int        // what TCP is to announce; 0: what follows from MTU
	Local  bool
	// Refuses is the type of the route that was found, if it leads nowhere.
	Refuses string
	Hop     netip.Addr // who gets the frame: the router, or the destination itself
}

// Path looks a destination up: this host itself, else the longest matching prefix
// (RFC 1812 §5.2.4.3); the earlier route of two equals.
func (l *Layer) Path(dst netip.Addr) (Path, bool) {
	best := -1
	var p Path
	if l.IsLocal(dst) {
		return Path{Src: dst, MTU: LoopbackMTU, Local: true}, true
	}
	for i := range l.routes {
		r := &l.routes[i]
		if r.Dst.Bits() > best && r.Dst.Contains(dst) {
			if r.Type == "" && l.SkipDown && l.NIC(r.NIC).Down {
				continue
			}
			if best, p.Refuses = r.Dst.Bits(), r.Type; r.Type != "" {
				p.NIC = nil
				continue
			}
			p.NIC, p.AdvMSS = l.NIC(r.NIC), r.AdvMSS
			p.Hop = r.Via
			p.MTU = p.NIC.MTU
			if r.MTU > 0 {
				p.MTU = min(p.MTU, r.MTU)
			}
		}
	}
	if p.NIC == nil || p.NIC.State != "" && dst.Is6() {
		return Path{Refuses: p.Refuses}, false
	}
	if !p.Hop.IsValid() {
		p.Hop = dst
	}
	for i := range l.paths {
		if l.paths[i].dst == dst {
			p.MTU = min(p.MTU, l.paths[i].mtu)
		}
	}
	p.Src = p.NIC.source(dst)
	return p, true
}

// PathAge is how long a host trusts what it learned of a path: "the timeout interval …
// recommended setting is 10 minutes" (RFC 8201 §4; RFC 1191 §6.3 has the same).
const PathAge = 10 * time.Minute

// maxPaths is how many destinations a host remembers; the oldest is forgotten.
const maxPaths = 64

// minPathMTU6: IPv6 "MUST NOT reduce its estimate of the Path MTU below the IPv6 minimum
// link MTU" (RFC 8201 §4), 1280 octets.
const minPathMTU6 = 1280

// path is what is known of the way to an address beyond the first link.
type path struct {
	dst     netip.Addr
	mtu     int
	learned sim.Time
}

// KnownMTU is one path's MTU.
type KnownMTU struct {
	Dst netip.Addr
	MTU int
}

// Paths returns the path MTUs that were learned, in order of learning.
func (l *Layer) Paths() []KnownMTU {
	known := make([]KnownMTU, len(l.paths))
	for i, p := range l.paths {
		known[i] = KnownMTU{p.dst, p.mtu}
	}
	return known
}

// LearnMTU notes that packets to dst may have mtu octets at the most, which an ICMP
// message said that the caller believes, and tells it. It reports whether that is less:
// "a node MUST NOT increase its estimate of the Path MTU in response to the contents of a
// Packet Too Big message" (RFC 8201 §4; RFC 1191 §6.3 alike). least is how little is
// believed over IPv4, whose routers must carry 68 octets (RFC 791 §3.2).
func (l *Layer) LearnMTU(dst netip.Addr, mtu, least int, fx event.Scope) bool {
	rule := rfc.PathLearned
	if dst.Is6() {
		least, rule = minPathMTU6, rfc.PathLearned6
	}
	if dst.Is6() && mtu < least {
		return false // RFC 8201 §4: such a message must be discarded
	}
	way, ok := l.Path(dst)
	mtu = max(mtu, least)
	if !ok || way.Local || mtu >= way.MTU {
		return false
	}
	old := 0
	for i := range l.paths {
		if l.paths[i].dst == dst {
			old = l.paths[i].mtu
			l.paths = append(l.paths[:i:i], l.paths[i+1:]...)
			break
		}
	}
	if len(l.paths) == maxPaths {
		l.forget(0, rfc.PathLimit, fx)
	}
	l.paths = append(l.paths, path{dst, mtu, fx.Now})
	event.Emit(fx.OnHost(fx.Host), rule, event.PathMTU{Dst: dst, Old: old, New: mtu})
	return true
}

// Aged reports whether Age has something to forget.
func (l *Layer) Aged(now sim.Time) bool {
	return len(l.paths) > 0 && now.Sub(l.paths[0].learned) >= PathAge
}

// Age forgets what was learned too long ago, so that a larger MTU can be found again
// (RFC 1191 §6.3, RFC 8201 §4). A host calls it before it looks a path up.
func (l *Layer) Age(fx event.Scope) {
	for len(l.paths) > 0 && fx.Now.Sub(l.paths[0].learned) >= PathAge {
		rule := rfc.PathAged
		if l.paths[0].dst.Is6() {
			rule = rfc.PathAged6
		}
		l.forget(0, rule, fx)
	}
}

func (l *Layer) forget(i int, rule rfc.ID, fx event.Scope) {
	p := l.paths[i]
	l.paths = append(l.paths[:i:i], l.paths[i+1:]...)
	event.Emit(fx.OnHost(fx.Host), rule, event.PathMTU{Dst: p.dst, Old: p.mtu})
}
