package tun

import (
	"fmt"
	"net/netip"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
)

// ActorProgram is who gives the commands of a program here.
const ActorProgram = "program"

// result is what a call gave.
type result struct {
	value     int64
	data      []byte // of recv in a recorded run: the first 256 octets
	from      inet.Endpoint
	truncated bool
	errno     inet.Errno
}

// call is a socket call; in a recorded run it may still wait.
type call struct {
	result
	done bool
}

// Process is a process on a host of the world, whose calls a Go program makes.
type Process struct {
	r    *Runner
	id   inet.ProcID
	host inet.HostID
}

// Start starts a process on a host.
func (r *Runner) Start(host inet.HostID, id inet.ProcID) (*Process, error) {
	err := r.Apply(stack.Command{Op: "proc.start", Actor: ActorProgram,
		Args: stack.ProcStart{Host: host, ID: id, Name: string(id)}})
	if err != nil {
		return nil, fmt.Errorf("start a process on host %s: %w", host, err)
	}
	return &Process{r: r, id: id, host: host}, nil
}

// ID returns the process's id.
func (p *Process) ID() inet.ProcID { return p.id }

// call makes a socket call. What the world refuses to take as a command, as over its limits,
// fails as a full table does.
func (p *Process) call(op string, args any) *call {
	c := &call{}
	command := stack.Command{Op: op, Actor: ActorProgram, Args: args}
	if p.r.recorder == nil {
		r := p.r.World.Call(command)
		c.done, c.value, c.from, c.errno = true, r.Value, r.From, r.Errno
		return c
	}
	before := p.r.World.Events().Len()
	if err := p.r.Apply(command); err != nil {
		c.done, c.errno = true, inet.EMFILE
		return c
	}
	for _, e := range p.r.World.Events().From(before + 1) {
		switch b := e.Body.(type) {
		case event.CallBlocked:
			if b.Proc == p.id && b.Op == op {
				p.r.pending[b.Call] = c
				return c
			}
		case event.CallReturned:
			if b.Proc == p.id && b.Op == op {
				c.done, c.result = true, returned(b)
				return c
			}
		case event.CallFailed:
			if b.Proc == p.id && b.Op == op {
				c.done, c.errno = true, b.Errno
				return c
			}
		}
	}
	panic("BUG: a call of which nothing was said: " + op)
}

func returned(b event.CallReturned) result {
	r := result{value: b.Value, data: b.Data, truncated: b.Truncated}
	if b.From != nil {
		r.from = *b.From
	}
	return r
}

// must makes a call that does not wait, as part of setting something up.
func (p *Process) must(op string, args any) (result, error) {
	c := p.call(op, args)
	if !c.done || c.errno != inet.OK {
		return result{}, fmt.Errorf("%s: %s", op, c.errno)
	}
	return c.result, nil
}

// Socket makes a socket of "tcp" or "udp", of the address family that addr belongs to. Of a
// quiet world it does not block.
func (p *Process) Socket(proto string, addr netip.Addr) (fd int, err error) {
	family := "ip4"
	if addr.Is6() {
		family = "ip6"
	}
	got, err := p.must("socket", stack.Socket{Proc: p.id, Proto: proto, Family: family})
	if err == nil && p.r.recorder == nil {
		err = p.SetOption(int(got.value), "O_NONBLOCK", 1)
	}
	return int(got.value), err
}

// Bind gives a socket its local endpoint.
func (p *Process) Bind(fd int, at netip.AddrPort) error {
	_, err := p.must("bind", stack.Bind{Proc: p.id, FD: fd, Addr: at.Addr().String(),
		Port: int64(at.Port())})
	return err
}

// SetOption sets an option of a socket.
func (p *Process) SetOption(fd int, option string, value int64) error {
	_, err := p.must("setsockopt", stack.SetSockOpt{Proc: p.id, FD: fd, Option: option,
		Value: &value})
	return err
}

// Listener is a socket that accepts connections.
type Listener struct {
	p         *Process
	fd        int
	accepting *call
}

// Listen makes a TCP socket that listens.
func (p *Process) Listen(at netip.AddrPort, backlog int64) (*Listener, error) {
	fd, err := p.Socket("tcp", at.Addr())
	if err == nil {
		err = p.SetOption(fd, "SO_REUSEADDR", 1)
	}
	if err == nil {
		err = p.Bind(fd, at)
	}
	if err == nil {
		n := int(backlog)
		_, err = p.must("listen", stack.Listen{Proc: p.id, FD: fd, Backlog: &n})
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", at, err)
	}
	return &Listener{p: p, fd: fd}, nil
}

// FD returns the descriptor.
func (l *Listener) FD() int { return l.fd }

// Accept returns the next connection; nil if none waits.
func (l *Listener) Accept() (*Stream, netip.AddrPort) {
	if l.accepting == nil {
		l.accepting = l.p.call("accept", stack.Accept{Proc: l.p.id, FD: l.fd})
	}
	if !l.accepting.done {
		return nil, netip.AddrPort{}
	}
	c := l.accepting
	l.accepting = nil
	if c.errno != inet.OK {
		return nil, netip.AddrPort{}
	}
	return &Stream{p: l.p, fd: int(c.value)}, netip.AddrPortFrom(c.from.Addr, c.from.Port)
}

// Close gives the descriptor back.
func (l *Listener) Close() { l.p.call("close", stack.Close{Proc: l.p.id, FD: l.fd}) }

// Dial makes a socket of "tcp" or "udp" and begins to connect it: see Stream.Opened.
func (p *Process) Dial(proto string, to netip.AddrPort) (*Stream, error) {
	fd, err := p.Socket(proto, to.Addr())
	if err != nil {
		return nil, err
	}
	return p.Connect(fd, to), nil
}

// Connect is Dial for a socket that is there.
func (p *Process) Connect(fd int, to netip.AddrPort) *Stream {
	return &Stream{p: p, fd: fd, to: to, opening: p.call("connect", stack.Connect{Proc: p.id, FD: fd,
		Addr: to.Addr().String(), Port: int64(to.Port())})}
}
