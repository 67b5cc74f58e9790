// Package sock is the socket calls of one host's processes: descriptors, binding,
// blocking, and errno names, over TCP and UDP.
//
// It must never look at a segment's header or wait: a call that blocks is kept as
// pending and goes on when TCP or UDP says that something changed. Read POSIX.1-2017
// §2.10 and RFC 9293 §3.9.1 first.
package sock

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/tcp"
	"labserver/stack/udp"
	"labserver/stack/view"
)

// Limits of one host and one process.
const (
	MaxFDs   = 64 // descriptors of a process, unless Table.FDs says otherwise
	MaxProcs = 32 // processes of a host
	firstFD  = 3  // 0, 1 and 2 are a process's standard streams
)

// Effects is what a socket call leaves behind: what TCP leaves, datagrams, and timers of
// calls.
type Effects struct {
	tcp.Effects
	Datagrams []udp.Out
	Waits     []WaitOp
}

// Proc is a process: a name and a descriptor table.
type Proc struct {
	ID   inet.ProcID
	Name string
	fds  []*Socket // index is fd - firstFD; nil is free
}

// Table is the sockets and processes of one host.
type Table struct {
	// PortLow and PortHigh bound the ports the stack chooses itself (RFC 6056 §3.2).
	PortLow, PortHigh uint16
	// DoubleBuffers: SO_RCVBUF and SO_SNDBUF hold twice what was asked for, as on Linux.
	DoubleBuffers bool

	tcp     *tcp.Layer
	udp     *udp.Layer
	ip      *ip.Layer
	knobs   *tcp.Knobs // the host's, for defaults
	rand    *sim.Rand
	procs   []*Proc
	sockets []*Socket                 // in order of creation
	byID    map[inet.SocketID]*Socket // if they are not few
	recent  *Socket                   // that was looked for last
	groups  []view.Group              // memberships, in order of joining
	waiting []*call                   // pending calls of no one socket: poll, and close that lingers
	latest  *call                     // the call that was made last: see Last
	last    Return                    // how it went
	direct  call                      // used again by each call of a program in Go: see Read

	// FDs is how many descriptors a process may have; one more is EMFILE.
	FDs int
}

// New makes an empty table over a host's layers.
func New(t *tcp.Layer, u *udp.Layer, i *ip.Layer, k *tcp.Knobs, rand *sim.Rand) *Table {
	return &Table{PortLow: 32768, PortHigh: 60999, tcp: t, udp: u, ip: i, knobs: k, rand: rand,
		FDs: MaxFDs}
}

// Procs returns the processes in order of starting. Do not change the slice.
func (t *Table) Procs() []*Proc { return t.procs }

// Proc returns a process by id, nil if there is none.
func (t *Table) Proc(id inet.ProcID) *Proc {
	for _, p := range t.procs {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// Sockets returns the sockets in order of creation. Do not change the slice.
func (t *Table) Sockets() []*Socket { return t.sockets }

// Start adds a process.
func (t *Table) Start(id inet.ProcID, name string, fx *Effects) {
	t.procs = append(t.procs, &Proc{ID: id, Name: name})
	event.Emit(fx.Scope, rfc.ProcStart, event.ProcStarted{Proc: id, Name: name})
}

// Kill ends a process: its descriptors are closed as by close(2), lowest first.
func (t *Table) Kill(p *Proc, fx *Effects) {
	t.dismiss(p, fx)
	for i := range p.fds {
		if s := p.fds[i]; s != nil {
			t.discard(s, fx)
		}
	}
	for i, o := range t.procs {
		if o == p {
			t.procs = append(t.procs[:i:i], t.procs[i+1:]...)
			break
		}
	}
	event.Emit(fx.Scope, rfc.ProcExit, event.ProcEnded{Proc: p.ID})
}

// install gives a socket the lowest free descriptor; false if the table is full.
func (p *Proc) install(s *Socket, most int) bool {
	for i, o := range p.fds {
		if o == nil {
			p.fds[i], s.fd = s, firstFD+i
			return true
		}
	}
	if len(p.fds) >= most {
		return false
	}
	p.fds = append(p.fds, s)
	s.fd = firstFD + len(p.fds) - 1
	return true
}

func (p *Proc) full(most int) bool {
	for _, o := range p.fds {
		if o == nil {
			return false
		}
	}
	return len(p.fds) >= most
}

func (p *Proc) socket(fd int) *Socket {
	if i := fd - firstFD; i >= 0 && i < len(p.fds) {
		return p.fds[i]
	}
	return nil
}

// socket returns the socket with an id; nil if no process holds it any more.
func (t *Table) socket(id inet.SocketID) *Socket {
	if t.recent != nil && t.recent.id == id {
		return t.recent
	}
	if len(t.sockets) > few {
		t.recent = t.byID[id]
		return t.recent
	}
	for _, s := range t.sockets {
		if s.id == id {
			t.recent = s
			return s
		}
	}
	return nil
}

// few is how many sockets are looked through one by one.
const few = 8

// add puts a new socket into the table.
func (t *Table) add(s *Socket) {
	t.sockets = append(t.sockets, s)
	switch n := len(t.sockets); {
	case n == few+1:
		t.byID = make(map[inet.SocketID]*Socket, 4*few)
		for _, o := range t.sockets {
			t.byID[o.id] = o
		}
	case n > few:
		t.byID[s.id] = s
	}
}

// forget takes the i-th socket out of the table.
func (t *Table) forget(i int) {
	s := t.sockets[i]
	t.sockets = append(t.sockets[:i:i], t.sockets[i+1:]...)
	delete(t.byID, s.id)
	if t.recent == s {
		t.recent = nil
	}
}

// Unreachable passes an ICMP error about a datagram to the connected UDP socket that
// sent it. RFC 1122 §4.1.3.3 asks for every error to reach the application; like Linux
// we tell only connected sockets, because only there the error has one addressee.
func (t *Table) Unreachable(local, remote inet.Endpoint, errno inet.Errno, fx *Effects) {
	u := t.udp.Lookup(remote, local)
	if u == nil || u.Remote.IsZero() {
		return
	}
	s := t.socket(u.ID)
	s.err = errno
	event.Emit(fx.Scope, rfc.UDPError, event.SocketError{Sock: s.id, Errno: errno})
	t.Wake(s.id, fx)
}
