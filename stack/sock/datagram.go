package sock

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/tcp"
	"labserver/stack/udp"
)

// Connect is connect(2). On a UDP socket it only fixes the peer. Addr "" with port 0 is
// the family AF_UNSPEC, which dissolves a connection or association.
func (t *Table) Connect(p *Proc, fd int, addr string, port int64, fx *Effects) {
	c, s := t.begin(p, "connect", fd, fx)
	if s == nil {
		return
	}
	dst, bad := s.endpoint(addr, port)
	switch {
	case bad.refused(c, fx):
	case addr == "" && port == 0 && s.proto == inet.TCP:
		t.disconnectStream(c, s, fx)
	case s.proto == inet.TCP:
		t.connectStream(c, s, dst, fx)
	case addr == "" && port == 0:
		t.disconnect(s, fx)
		c.returns(rfc.UDPConnect, 0, fx)
	default:
		t.connectDatagram(c, s, dst, fx)
	}
}

func (t *Table) connectDatagram(c *call, s *Socket, dst inet.Endpoint, fx *Effects) {
	if t.notUnicast(c, dst, fx) {
		return
	}
	fresh := s.local.IsZero()
	if !fresh && !s.remote.IsZero() { // a new peer may need another address of ours
		s.local = t.named(s)
	}
	local, ok := t.source(c, s, dst, rfc.ConnectNoRoute, fx)
	if !ok {
		return
	}
	if fresh {
		t.setLocal(s, local, true, fx)
	}
	t.setPeer(s, local, dst, fx)
	c.returns(rfc.UDPConnect, 0, fx)
}

// named is a socket's local endpoint as bind named it, without what connect chose.
func (t *Table) named(s *Socket) inet.Endpoint {
	local := s.local
	if !local.IsZero() {
		local.Addr = s.wildcard()
		if s.explicit {
			local.Addr = s.bound
		}
	}
	return local
}

// disconnect dissolves an association: the port stays, the address is what bind named.
func (t *Table) disconnect(s *Socket, fx *Effects) {
	t.setPeer(s, t.named(s), inet.Endpoint{}, fx)
}

// notUnicast fails a call whose destination no datagram can have. A broadcast address needs
// SO_BROADCAST, or it is EACCES.
func (t *Table) notUnicast(c *call, dst inet.Endpoint, fx *Effects) bool {
	switch {
	case t.ip.Broadcast(dst.Addr) && c.sock.option("SO_BROADCAST") == 0:
		c.fail(rfc.NeedsBroadcast, inet.EACCES, "addr", fx)
	case dst.Addr.IsUnspecified():
		c.fail(rfc.UnicastOnly, inet.ENETUNREACH, "addr", fx)
	default:
		return false
	}
	return true
}

func (t *Table) setPeer(s *Socket, local, remote inet.Endpoint, fx *Effects) {
	t.associate(s, local, remote, rfc.UDPConnect, fx)
	if s.udp != nil {
		s.udp.Local, s.udp.Remote = local, remote
	}
}

// Sending is what send, sendto and sendmsg are given. Addr is not looked at unless To.
type Sending struct {
	To    bool // there is a destination: sendto, or sendmsg with one
	Addr  string
	Port  int64
	Flags Flags
	Data  Payload
}

// Send is send(2), write(2), sendto(2) and sendmsg(2), by op.
func (t *Table) Send(p *Proc, op string, fd int, m Sending, fx *Effects) {
	c, s := t.begin(p, op, fd, fx)
	if s == nil {
		return
	}
	c.payload, c.flags = m.Data, m.Flags
	if !m.To {
		t.give(c, inet.Endpoint{}, fx)
		return
	}
	dst, bad := s.endpoint(m.Addr, m.Port)
	switch {
	case bad.refused(c, fx):
	case m.Addr == "":
		c.fail(rfc.BadArgument, inet.EINVAL, "addr", fx)
	case m.Port == 0: // RFC 768: a destination port has to be; 0 is reserved
		c.fail(rfc.BadArgument, inet.EINVAL, "port", fx)
	default:
		t.give(c, dst, fx)
	}
}

// give hands what a call sends to the protocol; a zero destination is the peer.
func (t *Table) give(c *call, dst inet.Endpoint, fx *Effects) {
	switch s := c.sock; {
	case s == nil:
		c.fail(rfc.BadFD, inet.EBADF, "fd", fx)
	case !dst.IsZero():
		t.sendTo(c, s, dst, fx)
	case s.proto == inet.UDP && s.remote.IsZero():
		c.fail(rfc.NoDestination, inet.EDESTADDRREQ, "fd", fx)
	case s.proto == inet.UDP:
		t.sendDatagram(c, s, s.remote, fx)
	default:
		t.sendStream(c, s, fx)
	}
}

// sendTo sends to a named destination.
func (t *Table) sendTo(c *call, s *Socket, dst inet.Endpoint, fx *Effects) {
	switch {
	case s.proto == inet.UDP:
		t.sendDatagram(c, s, dst, fx)
	case c.flags.FastOpen:
		t.sendFast(c, s, dst, fx)
	case s.conn != nil && s.conn.State() != inet.Closed:
		c.fail(rfc.SendToConnected, inet.EISCONN, "addr", fx)
	default:
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
	}
}

func (t *Table) sendStream(c *call, s *Socket, fx *Effects) {
	switch {
	case s.deferred:
		t.sendFast(c, s, s.remote, fx)
	case s.conn == nil:
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
	case s.shutWrite:
		c.fail(rfc.SendAfterFIN, inet.EPIPE, "fd", fx)
	default:
		t.start(c, fx)
	}
}

// sendDatagram sends at once or fails: UDP keeps nothing back.
func (t *Table) sendDatagram(c *call, s *Socket, dst inet.Endpoint, fx *Effects) {
	if c.flags.OOB {
		c.fail(rfc.NoUrgentUDP, inet.EOPNOTSUPP, "flags", fx)
		return
	}
	if t.reportError(c, s, fx) || t.notUnicast(c, dst, fx) {
		return
	}
	if s.shutWrite {
		c.fail(rfc.SendAfterFIN, inet.EPIPE, "fd", fx)
		return
	}
	if c.payload.Len() > int64(udp.MaxDataTo(dst.Addr)) {
		c.fail(rfc.UDPTooLong, inet.EMSGSIZE, "octets", fx)
		return
	}
	o := s.connOptions()
	path, ok := t.path(s, dst.Addr)
	over := ok && int(c.payload.Len())+udp.Overhead(dst.Addr) > path.MTU
	cut := t.mayCut(o.PMTUDiscovery, over)
	if over && !cut {
		c.fail(rfc.UDPOverMTU, inet.EMSGSIZE, "octets", fx)
		return
	}
	fresh := s.local.IsZero()
	local, ok := t.source(c, s, dst, rfc.NoRoute, fx)
	if !ok {
		return
	}
	if fresh {
		// Unconnected: the port stays, the address is chosen for each datagram.
		t.setLocal(s, inet.Endpoint{Addr: s.wildcard(), Port: local.Port}, true, fx)
	}
	data := c.payload.chunk(0, udp.MaxDataTo(dst.Addr))
	out := udp.Send(s.id, inet.Flow{Local: local, Remote: dst}, data, fx.Scope)
	out.TOS, out.TTL, out.Fragment = o.TOS, o.TTL, cut
	t.forGroup(s, &out)
	fx.Datagrams = append(fx.Datagrams, out)
	c.returns(rfc.UDPSend, int64(len(data)), fx)
}

// mayCut reports whether a datagram is sent without DF: by IP_PMTUDISC_DONT, and by
// IP_PMTUDISC_WANT if it is larger than the path's MTU, as Linux does.
func (t *Table) mayCut(mode tcp.PMTUMode, over bool) bool {
	switch mode {
	case tcp.PMTUDefault:
		return t.knobs.PMTUDiscovery == 0
	case tcp.PMTUDont:
		return true
	}
	return mode == tcp.PMTUWant && over
}

// Recv is recv(2), read(2), recvfrom(2) and recvmsg(2), by op.
func (t *Table) Recv(p *Proc, op string, fd int, max int64, flags Flags, fx *Effects) {
	c, s := t.begin(p, op, fd, fx)
	if s == nil {
		return
	}
	c.max, c.flags = int(max), flags
	if max < 0 {
		c.fail(rfc.BadArgument, inet.EINVAL, "max", fx)
		return
	}
	t.receive(c, fx)
}

// receive begins to read from a socket.
func (t *Table) receive(c *call, fx *Effects) {
	s, flags := c.sock, c.flags
	switch {
	case s == nil:
		c.fail(rfc.BadFD, inet.EBADF, "fd", fx)
	case s.listener != nil, s.proto == inet.TCP && s.conn == nil:
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
	case s.proto == inet.UDP && flags.OOB:
		c.fail(rfc.NoUrgentUDP, inet.EOPNOTSUPP, "flags", fx)
	case flags.OOB:
		t.recvUrgent(c, s, fx)
	case s.proto == inet.UDP && s.local.IsZero():
		wild := inet.Endpoint{Addr: s.wildcard()}
		if !t.choosePort(func(port uint16) bool {
			return !t.conflict(s, inet.Endpoint{Addr: wild.Addr, Port: port})
		}, &wild) {
			c.fail(rfc.NoPortLeft, inet.EADDRINUSE, "fd", fx)
			return
		}
		t.setLocal(s, wild, true, fx)
		t.start(c, fx)
	default:
		t.start(c, fx)
	}
}

// tryRecvDatagram gives one datagram; what does not fit the buffer is lost with it.
func (t *Table) tryRecvDatagram(c *call, fx *Effects) bool {
	s := c.sock
	if t.reportError(c, s, fx) {
		return true
	}
	d, ok := s.udp.Read(!c.flags.Peek, fx.Scope)
	if !ok {
		if s.shutRead {
			c.returns(rfc.RecvEnd, 0, fx)
		}
		return s.shutRead
	}
	c.from = d.From
	r := event.CallReturned{Value: int64(len(d.Data))}
	rule := rfc.RecvDatagram
	if len(d.Data) > c.max {
		d.Data, r.Truncated = d.Data[:c.max], true
		rule = rfc.RecvTruncated
		if !c.flags.Trunc { // MSG_TRUNC asks for the true length
			r.Value = int64(c.max)
		}
	}
	copy(c.into, d.Data)
	if !fx.Quiet() {
		r.Data, r.From = shown(d.Data), s.shows(d.From)
	}
	c.result(rule, r, fx)
	return true
}

// reportError ends a call with the error an earlier datagram drew, once.
func (t *Table) reportError(c *call, s *Socket, fx *Effects) bool {
	if s.err == inet.OK {
		return false
	}
	errno := s.err
	s.err = inet.OK
	event.Emit(fx.Scope, rfc.UDPError, event.SocketError{Sock: s.id, Errno: inet.OK})
	c.fail(rfc.UDPError, errno, "", fx)
	return true
}

func shown(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return append([]byte(nil), data[:min(len(data), shownData)]...)
}
