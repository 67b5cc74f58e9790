package sock

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/tcp"
	"labserver/stack/udp"
	"labserver/stack/view"
)

// Socket is what a process holds by a descriptor.
type Socket struct {
	id    inet.SocketID
	proc  *Proc
	fd    int
	proto inet.Protocol
	from  inet.SocketID // the listener it was accepted from

	local    inet.Endpoint
	remote   inet.Endpoint
	explicit bool       // bound by bind(2), not by connect(2)
	bound    netip.Addr // what bind(2) named, if it did
	backlog  int

	listener *tcp.Listener
	conn     *tcp.Conn
	udp      *udp.Socket // once bound

	err                 inet.Errno // UDP: what the next call reports
	shutRead, shutWrite bool
	options             []view.Option
	pending             []*call
}

// ID returns the socket's id.
func (s *Socket) ID() inet.SocketID { return s.id }

// Pending counts the calls that wait on the socket.
func (s *Socket) Pending() int { return len(s.pending) }

// Accepting counts the sockets that pending calls will make.
func (s *Socket) Accepting() int {
	if s.listener == nil {
		return 0 // only accept waits on a listener, and on nothing else
	}
	return len(s.pending)
}

// option returns the value of an option, 0 if it was never set.
func (s *Socket) option(name string) int64 {
	for _, o := range s.options {
		if o.Name == name {
			return o.Value
		}
	}
	return 0
}

func (s *Socket) nonblocking() bool { return s.option("O_NONBLOCK") != 0 }

// View returns the row that folding the socket's events gives (law L3).
func (s *Socket) View(host inet.HostID) view.Socket {
	v := view.Socket{ID: s.id, Host: host, Proc: s.proc.ID, FD: s.fd, Proto: s.proto.String(),
		Local: s.local, Remote: s.remote, Listening: s.listener != nil, Backlog: s.backlog,
		Listener: s.from, Error: s.err, ShutRead: s.shutRead, ShutWrite: s.shutWrite,
		Options: append([]view.Option{}, s.options...)}
	if s.listener != nil {
		v.SynQueue, v.AcceptQueue = s.listener.Queues()
	}
	if s.conn != nil && s.conn.State() != inet.Closed {
		v.Conn = s.conn.ID()
	}
	if s.udp != nil {
		v.Datagrams, v.Octets = s.udp.Waiting()
	}
	return v
}

// CallViews returns the pending calls of a socket.
func (s *Socket) CallViews(host inet.HostID) []view.Call {
	rows := make([]view.Call, 0, len(s.pending))
	for _, c := range s.pending {
		rows = append(rows, view.Call{ID: c.id, Host: host, Proc: c.proc.ID, Op: c.op, FD: c.fd,
			Since: c.since})
	}
	return rows
}

// Socket is socket(2).
func (t *Table) Socket(p *Proc, proto inet.Protocol, fx *Effects) {
	c := t.newCall(p, "socket", -1, nil, fx)
	if p.full() {
		c.fail(rfc.SocketTooMany, inet.EMFILE, "proc", fx)
		return
	}
	s := t.create(p, proto, "", fx)
	t.announce(s, rfc.SocketMade, fx)
	c.returns(rfc.SocketMade, int64(s.fd), fx)
}

// create makes a socket and gives it a descriptor. The process has room.
func (t *Table) create(p *Proc, proto inet.Protocol, from inet.SocketID, fx *Effects) *Socket {
	s := &Socket{id: fx.IDs.NextSocket(), proc: p, proto: proto, from: from}
	if !p.install(s) {
		panic("BUG: create without a free descriptor")
	}
	t.sockets = append(t.sockets, s)
	return s
}

func (t *Table) announce(s *Socket, rule rfc.ID, fx *Effects) {
	fx.Emit(rule, event.SocketCreated{Sock: s.id, Proc: s.proc.ID, FD: s.fd,
		Proto: s.proto.String(), Listener: s.from, Local: s.local, Remote: s.remote})
}

// Close is close(2).
func (t *Table) Close(p *Proc, fd int, fx *Effects) {
	c, s := t.begin(p, "close", fd, fx)
	if s == nil {
		return
	}
	t.discard(s, fx)
	c.returns(rfc.CloseCall, 0, fx)
}

// discard frees a descriptor and what is behind it. A connection goes on alone until
// it has closed in order.
func (t *Table) discard(s *Socket, fx *Effects) {
	for _, c := range s.pending {
		c.fail(rfc.CloseWakes, inet.EBADF, "fd", fx)
	}
	s.pending = nil
	switch {
	case s.listener != nil:
		s.listener.Close(&fx.Effects)
	case s.conn != nil && s.linger():
		s.conn.Abort(&fx.Effects)
	case s.conn != nil:
		s.conn.Close(&fx.Effects)
	case s.udp != nil:
		t.udp.Remove(s.udp)
	}
	for i, o := range t.sockets {
		if o == s {
			t.sockets = append(t.sockets[:i:i], t.sockets[i+1:]...)
			break
		}
	}
	s.proc.fds[s.fd-firstFD] = nil
	fx.Emit(rfc.CloseCall, event.SocketClosed{Sock: s.id, Proc: s.proc.ID, FD: s.fd})
}

// linger reports whether the program asked for an abortive close: SO_LINGER set to 0
// seconds (the option holds seconds + 1, so that 0 means off).
func (s *Socket) linger() bool { return s.option("SO_LINGER") == 1 }
