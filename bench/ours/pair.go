// Package ours drives our own stack through the work that package netstack gives to
// gVisor's: two hosts in one world, joined by a link, and programs that write from and read
// into buffers of their own.
//
// It must never reach below the façade, package stack: what it measures is what a program
// gets. Every octet is copied and summed at both ends, as there.
package ours

import (
	"fmt"
	"net/netip"
	"time"

	"labserver/stack"
	"labserver/stack/inet"
	"labserver/stack/sock"
)

// MTU is that of every interface, in octets.
const MTU = 1500

// delay is how long a packet is under way, in virtual time. It costs no real time; with
// none at all a whole transfer would happen in one instant, and a world gives no instant
// that many steps.
const delay = 10 * time.Microsecond

// Options are how a world is made. The zero value records every event.
type Options struct {
	Quiet bool // nobody watches: no event is kept
}

// processes of a pair, by where they run.
const (
	client inet.ProcID = "a"
	server inet.ProcID = "b"
)

// Pair is a world of two hosts, A at 10.0.0.1 with process a and B at 10.0.0.2 with b.
type Pair struct{ W *stack.World }

// New makes a pair.
func New(o Options) (*Pair, error) {
	w, err := stack.New(stack.Config{Seed: 1, Quiet: o.Quiet})
	if err != nil {
		return nil, err
	}
	p := &Pair{w}
	return p, first(p.host("A", 1), p.host("B", 2), p.link("A", "B"),
		p.do("proc.start", stack.ProcStart{Host: "A", ID: client}),
		p.do("proc.start", stack.ProcStart{Host: "B", ID: server}))
}

func (p *Pair) host(id inet.HostID, n byte) error {
	return p.do("host.add", stack.HostAdd{ID: id,
		Addr: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, n}), 24)})
}

func (p *Pair) link(a, b inet.HostID) error {
	return p.do("link.add", stack.LinkAdd{A: stack.End{Host: a}, B: stack.End{Host: b},
		DelayNS: delay.Nanoseconds()})
}

// do carries out a command, which must not be refused.
func (p *Pair) do(op string, args any) error {
	c := stack.Command{Op: op, Args: args}
	if err := p.W.Check(c); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	p.W.Apply(c)
	return nil
}

// call makes a socket call of a program and returns what it returns, which must be no
// error. A call that waits is Blocked.
func (p *Pair) call(op string, args any) (sock.Return, error) {
	r := p.W.Call(stack.Command{Op: op, Args: args})
	if r.Errno != inet.OK {
		return r, fmt.Errorf("%s: %s", op, r.Errno)
	}
	return r, nil
}

// listen opens a listening socket of the server at port 80 and returns its descriptor.
func (p *Pair) listen() (int, error) {
	r, err := p.call("socket", stack.Socket{Proc: server, Proto: "tcp"})
	fd := int(r.Value)
	if err == nil {
		_, err = p.call("bind", stack.Bind{Proc: server, FD: fd, Port: 80})
	}
	if err == nil {
		backlog := 1024
		_, err = p.call("listen", stack.Listen{Proc: server, FD: fd, Backlog: &backlog})
	}
	return fd, err
}

// connection is the descriptors of both ends of one.
type connection struct{ client, server int }

// connect opens a connection from the client to the listener and accepts it.
func (p *Pair) connect(listener int) (connection, error) {
	r, err := p.call("socket", stack.Socket{Proc: client, Proto: "tcp"})
	if err != nil {
		return connection{}, err
	}
	c := connection{client: int(r.Value)}
	if _, err = p.call("connect", stack.Connect{Proc: client, FD: c.client,
		Addr: "10.0.0.2", Port: 80}); err != nil {
		return c, err
	}
	p.W.Advance(p.W.Now().Add(4 * delay))
	r, err = p.call("accept", stack.Accept{Proc: server, FD: listener})
	if err == nil && r.Blocked {
		err = fmt.Errorf("accept: no connection is there after two round trips")
	}
	c.server = int(r.Value)
	return c, err
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
