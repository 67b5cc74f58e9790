package sock

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/udp"
	"labserver/stack/wire"
)

// Connect is connect(2). On a UDP socket it only fixes the peer; addr "" with port 0
// dissolves that again.
func (t *Table) Connect(p *Proc, fd int, addr string, port int64, fx *Effects) {
	c, s := t.begin(p, "connect", fd, fx)
	if s == nil {
		return
	}
	dst, field := parseEndpoint(addr, port)
	switch {
	case field != "":
		c.fail(rfc.BadArgument, inet.EINVAL, field, fx)
	case s.proto == inet.TCP:
		t.connectStream(c, s, dst, fx)
	case addr == "" && port == 0:
		t.disconnect(s, fx)
		c.returns(rfc.UDPConnect, 0, fx)
	default:
		if t.notUnicast(c, dst, fx) {
			return
		}
		fresh := s.local.IsZero()
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
}

// disconnect dissolves an association: the port stays, the address is what bind named.
func (t *Table) disconnect(s *Socket, fx *Effects) {
	local := s.local
	if !local.IsZero() {
		local.Addr = netip.IPv4Unspecified()
		if s.explicit {
			local.Addr = s.bound
		}
	}
	t.setPeer(s, local, inet.Endpoint{}, fx)
}

// notUnicast fails a call whose destination is no single host. Linux wants SO_BROADCAST
// for a broadcast address and says EACCES without it; there is no such option yet.
func (t *Table) notUnicast(c *call, dst inet.Endpoint, fx *Effects) bool {
	switch {
	case t.ip.Broadcast(dst.Addr):
		c.fail(rfc.UnicastOnly, inet.EACCES, "addr", fx)
	case dst.Addr.IsMulticast(), dst.Addr.IsUnspecified():
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

// Send is send(2).
func (t *Table) Send(p *Proc, fd int, data Payload, fx *Effects) {
	c, s := t.begin(p, "send", fd, fx)
	c.payload = data
	switch {
	case s == nil:
	case s.proto == inet.UDP && s.remote.IsZero():
		c.fail(rfc.NoDestination, inet.EDESTADDRREQ, "fd", fx)
	case s.proto == inet.UDP:
		t.sendDatagram(c, s, s.remote, fx)
	default:
		t.sendStream(c, s, fx)
	}
}

// SendTo is sendto(2).
func (t *Table) SendTo(p *Proc, fd int, addr string, port int64, data Payload, fx *Effects) {
	c, s := t.begin(p, "sendto", fd, fx)
	if s == nil {
		return
	}
	c.payload = data
	dst, field := parseEndpoint(addr, port)
	switch {
	case field != "":
		c.fail(rfc.BadArgument, inet.EINVAL, field, fx)
	case addr == "":
		c.fail(rfc.BadArgument, inet.EINVAL, "addr", fx)
	case port == 0: // RFC 768: a destination port has to be; 0 is reserved
		c.fail(rfc.BadArgument, inet.EINVAL, "port", fx)
	case s.proto == inet.TCP && s.conn != nil:
		c.fail(rfc.SendToConnected, inet.EISCONN, "addr", fx)
	case s.proto == inet.TCP:
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
	default:
		t.sendDatagram(c, s, dst, fx)
	}
}

func (t *Table) sendStream(c *call, s *Socket, fx *Effects) {
	switch {
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
	if t.reportError(c, s, fx) || t.notUnicast(c, dst, fx) {
		return
	}
	if s.shutWrite {
		c.fail(rfc.SendAfterFIN, inet.EPIPE, "fd", fx)
		return
	}
	if c.payload.Len() > udp.MaxData {
		c.fail(rfc.UDPTooLong, inet.EMSGSIZE, "octets", fx)
		return
	}
	path, ok := t.ip.Path(dst.Addr)
	if ok && int(c.payload.Len())+wire.UDPHeaderLen+wire.IPv4HeaderLen > path.MTU {
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
		wild, _ := parseEndpoint("", int64(local.Port))
		t.setLocal(s, wild, true, fx)
	}
	data := c.payload.chunk(0, udp.MaxData)
	fx.Datagrams = append(fx.Datagrams, udp.Send(s.id, inet.Flow{Local: local, Remote: dst},
		data, fx.Scope))
	c.returns(rfc.UDPSend, int64(len(data)), fx)
}

// Recv is recv(2) and, as op "recvfrom", recvfrom(2).
func (t *Table) Recv(p *Proc, op string, fd int, max int64, fx *Effects) {
	c, s := t.begin(p, op, fd, fx)
	if s == nil {
		return
	}
	c.max = int(max)
	switch {
	case max < 0:
		c.fail(rfc.BadArgument, inet.EINVAL, "max", fx)
	case s.listener != nil, s.proto == inet.TCP && s.conn == nil:
		c.fail(rfc.NotConnected, inet.ENOTCONN, "fd", fx)
	case s.proto == inet.UDP && s.local.IsZero():
		wild, _ := parseEndpoint("", 0)
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
	d, ok := s.udp.Read(fx.Scope)
	if !ok {
		if s.shutRead {
			c.returns(rfc.RecvEnd, 0, fx)
		}
		return s.shutRead
	}
	r := event.CallReturned{From: &d.From, Value: int64(len(d.Data))}
	rule := rfc.RecvDatagram
	if len(d.Data) > c.max {
		d.Data, r.Truncated = d.Data[:c.max], true
		r.Value, rule = int64(c.max), rfc.RecvTruncated
	}
	r.Data = shown(d.Data)
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
	fx.Emit(rfc.UDPError, event.SocketError{Sock: s.id, Errno: inet.OK})
	c.fail(rfc.UDPError, errno, "", fx)
	return true
}

func shown(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return append([]byte(nil), data[:min(len(data), shownData)]...)
}
