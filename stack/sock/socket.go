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
	id     inet.SocketID
	proc   *Proc
	fd     int
	proto  inet.Protocol
	family Family
	from   inet.SocketID // the listener it was accepted from

	local    inet.Endpoint
	remote   inet.Endpoint
	explicit bool       // bound by bind(2), not by connect(2)
	bound    netip.Addr // what bind(2) named, if it did
	backlog  int

	listener   *tcp.Listener
	conn       *tcp.Conn
	connecting bool        // connect began conn, and nobody was told yet how that ended
	deferred   bool        // TCP_FASTOPEN_CONNECT: the connection begins with the first data
	udp        *udp.Socket // once bound

	err                 inet.Errno // UDP: what the next call reports
	shutRead, shutWrite bool
	options             []view.Option
	pending             []*call
	groups              []udp.Membership // multicast: see group.go
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
		Family: s.family.String(), Local: s.local, Remote: s.remote,
		Listening: s.listener != nil, Backlog: s.backlog,
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

// Socket is socket(2).
func (t *Table) Socket(p *Proc, proto inet.Protocol, family Family, fx *Effects) {
	c := t.newCall(p, "socket", -1, nil, fx)
	if p.full(t.FDs) {
		c.fail(rfc.SocketTooMany, inet.EMFILE, "proc", fx)
		return
	}
	s := t.create(p, proto, family, "", fx)
	t.announce(s, rfc.SocketMade, fx)
	c.returns(rfc.SocketMade, int64(s.fd), fx)
}

// create makes a socket and gives it a descriptor. The process has room.
func (t *Table) create(p *Proc, proto inet.Protocol, family Family, from inet.SocketID,
	fx *Effects) *Socket {
	s := &Socket{id: fx.IDs.NextSocket(), proc: p, proto: proto, family: family, from: from}
	if !p.install(s, t.FDs) {
		panic("BUG: create without a free descriptor")
	}
	t.add(s)
	return s
}

func (t *Table) announce(s *Socket, rule rfc.ID, fx *Effects) {
	e := event.SocketCreated{Sock: s.id, Proc: s.proc.ID, FD: s.fd, Proto: s.proto.String(),
		Listener: s.from, Local: s.local, Remote: s.remote}
	if s.family == IP6 {
		e.Family = s.family.String()
	}
	event.Emit(fx.Scope, rule, e)
}
