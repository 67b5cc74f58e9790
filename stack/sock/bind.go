package sock

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/udp"
)

// Bind is bind(2). addr "" is the wildcard; port 0 lets the stack choose.
func (t *Table) Bind(p *Proc, fd int, addr string, port int64, fx *Effects) {
	c, s := t.begin(p, "bind", fd, fx)
	if s == nil {
		return
	}
	ep, bad := s.endpoint(addr, port)
	switch {
	case bad.refused(c, fx):
		return
	case !s.local.IsZero():
		c.fail(rfc.BindTwice, inet.EINVAL, "fd", fx)
		return
	case !ep.Wildcard() && !t.ip.IsLocal(ep.Addr) && !(s.proto == inet.UDP && t.ip.IsGroup(ep.Addr)):
		c.fail(rfc.BindNotLocal, inet.EADDRNOTAVAIL, "addr", fx)
		return
	}
	ephemeral := ep.Port == 0
	if ephemeral {
		ok := t.choosePort(func(port uint16) bool {
			return !t.conflict(s, inet.Endpoint{Addr: ep.Addr, Port: port})
		}, &ep)
		if !ok {
			c.fail(rfc.NoPortLeft, inet.EADDRINUSE, "port", fx)
			return
		}
	} else if t.conflict(s, ep) {
		c.fail(rfc.BindInUse, inet.EADDRINUSE, "port", fx)
		return
	}
	s.explicit, s.bound = true, ep.Addr
	t.setLocal(s, ep, ephemeral, fx)
	c.returns(rfc.BindCall, 0, fx)
}

// setLocal binds a socket and, for UDP, makes it reachable.
func (t *Table) setLocal(s *Socket, ep inet.Endpoint, ephemeral bool, fx *Effects) {
	s.local = ep
	if s.proto == inet.UDP {
		s.udp = &udp.Socket{ID: s.id, Local: ep, Dual: s.dual(),
			RcvBuf: inet.ByteCount(t.valueOf(s, "SO_RCVBUF")), Groups: s.groups}
		t.udp.Add(s.udp)
	}
	rule := rfc.BindCall
	if ephemeral {
		rule = rfc.EphemeralPort
	}
	event.Emit(fx.Scope, rule, event.SocketBound{Sock: s.id, Local: ep, Ephemeral: ephemeral})
}

// conflict reports whether ep cannot be bound by s beside what is bound already. As
// Linux does: a wildcard overlaps every address; SO_REUSEPORT on both sides allows
// sharing; so does SO_REUSEADDR on both, unless one of them listens.
func (t *Table) conflict(s *Socket, ep inet.Endpoint) bool {
	want := s.claim(ep)
	for _, o := range t.sockets {
		if o == s || o.proto != s.proto || !want.overlaps(o.claim(o.local)) {
			continue
		}
		if s.option("SO_REUSEPORT") != 0 && o.option("SO_REUSEPORT") != 0 {
			continue
		}
		reuse := s.option("SO_REUSEADDR") != 0 && o.option("SO_REUSEADDR") != 0
		if reuse && o.listener == nil {
			continue
		}
		return true
	}
	if s.proto != inet.TCP || s.option("SO_REUSEADDR") != 0 {
		return false
	}
	// Connections without a socket hold their port too: TIME-WAIT, and what closes.
	for _, c := range t.tcp.Conns() {
		if c.SocketID() == "" && want.overlaps(claim{c.Flow().Local, false}) {
			return true
		}
	}
	return false
}

// choosePort sets ep.Port to an ephemeral port that is free: a random start, then one
// after the other (RFC 6056 §3.3.1). It reports whether there was one.
func (t *Table) choosePort(free func(uint16) bool, ep *inet.Endpoint) bool {
	n := uint64(t.PortHigh) - uint64(t.PortLow) + 1
	start := t.rand.Below(n)
	for i := range n {
		port := t.PortLow + uint16((start+i)%n)
		if free(port) {
			ep.Port = port
			return true
		}
	}
	return false
}

// source fills in what a socket needs before it can send to a destination: a local
// address by the route, and a port. It reports false after failing the call; noRoute is
// the rule of failing for want of a route.
func (t *Table) source(c *call, s *Socket, dst inet.Endpoint, noRoute rfc.ID, fx *Effects) (
	inet.Endpoint, bool) {
	path, ok := t.path(s, dst.Addr)
	if !ok {
		c.fail(path.Rule(noRoute), path.Errno(), "addr", fx)
		return inet.Endpoint{}, false
	}
	ep := s.local
	if ep.Wildcard() || t.ip.IsGroup(ep.Addr) { // nobody sends from a group's address
		ep.Addr = path.Src
	}
	if ep.Addr.Is4() != dst.Addr.Is4() { // bound to an address of the other family
		c.fail(rfc.WrongFamily, inet.EAFNOSUPPORT, "addr", fx)
		return inet.Endpoint{}, false
	}
	if ep.Addr.IsLoopback() && !path.Local {
		// RFC 1122 §3.2.1.3 (g): such an address "MUST NOT appear outside a host".
		c.fail(rfc.LoopbackInside, inet.EINVAL, "addr", fx)
		return inet.Endpoint{}, false
	}
	if ep.Port != 0 {
		return ep, true
	}
	ok = t.choosePort(func(port uint16) bool {
		return !t.taken(s, inet.Endpoint{Addr: ep.Addr, Port: port}, dst)
	}, &ep)
	if !ok {
		c.fail(rfc.NoPortLeft, inet.EADDRNOTAVAIL, "port", fx)
	}
	return ep, ok
}

// taken reports whether an ephemeral port cannot serve a new connection: a TCP port may
// serve many, as long as the pairs of endpoints differ (RFC 6056 §2.2), but not one that
// a program bound itself or listens on.
func (t *Table) taken(s *Socket, ep, dst inet.Endpoint) bool {
	if s.proto == inet.UDP {
		return t.conflict(s, ep)
	}
	for _, o := range t.sockets {
		if o != s && o.proto == inet.TCP && (o.explicit || o.listener != nil) &&
			o.claim(o.local).overlaps(s.claim(ep)) {
			return true
		}
	}
	return t.tcp.Lookup(inet.Flow{Local: ep, Remote: dst}) != nil
}

// GetSockName is getsockname(2).
func (t *Table) GetSockName(p *Proc, fd int, fx *Effects) {
	c, s := t.begin(p, "getsockname", fd, fx)
	if s == nil {
		return
	}
	local := s.local
	if local.IsZero() {
		local.Addr = s.wildcard()
	}
	c.result(rfc.NameCall, event.CallReturned{From: s.shows(local)}, fx)
}

// GetPeerName is getpeername(2).
func (t *Table) GetPeerName(p *Proc, fd int, fx *Effects) {
	c, s := t.begin(p, "getpeername", fd, fx)
	if s == nil {
		return
	}
	if s.remote.IsZero() || s.proto == inet.TCP && (s.conn == nil || !s.conn.State().Synchronized()) {
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
		return
	}
	c.result(rfc.NameCall, event.CallReturned{From: s.shows(s.remote)}, fx)
}
