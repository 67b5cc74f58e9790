package tun

import (
	"bytes"
	"fmt"
	"net/netip"

	"labserver/stack"
	"labserver/stack/inet"
)

// Datagrams is a UDP socket that is bound and has no peer. Its methods never wait, as those
// of Stream.
type Datagrams struct {
	p       *Process
	fd      int
	reading *call
}

// Bound makes a UDP socket with a local endpoint.
func (p *Process) Bound(at netip.AddrPort) (*Datagrams, error) {
	fd, err := p.Socket("udp", at.Addr())
	if err == nil {
		err = p.Bind(fd, at)
	}
	if err != nil {
		return nil, fmt.Errorf("bind UDP %s: %w", at, err)
	}
	return &Datagrams{p: p, fd: fd}, nil
}

// FD returns the descriptor.
func (d *Datagrams) FD() int { return d.fd }

// ReadFrom puts the next datagram into buf, and says who sent it. In a recorded run one that
// is longer than its event shows is EMSGSIZE, and lost.
func (d *Datagrams) ReadFrom(buf []byte) (n int, from inet.Endpoint, errno inet.Errno) {
	r := d.p.r
	if r.recorder == nil {
		got := r.World.ReadFrom(d.p.id, d.fd, buf)
		return int(max(got.Value, 0)), got.From, got.Errno
	}
	if d.reading == nil {
		most := int64(min(len(buf), recordedRead))
		d.reading = d.p.call("recvfrom", stack.Recv{Proc: d.p.id, FD: d.fd, Max: &most})
	}
	if !d.reading.done {
		return 0, inet.Endpoint{}, inet.EAGAIN
	}
	c := d.reading
	d.reading = nil
	if c.truncated {
		return 0, c.from, inet.EMSGSIZE
	}
	return copy(buf, c.data), c.from, c.errno
}

// WriteTo sends a datagram.
func (d *Datagrams) WriteTo(data []byte, to inet.Endpoint) inet.Errno {
	r := d.p.r
	if r.recorder == nil {
		_, errno := r.World.WriteTo(d.p.id, d.fd, data, to)
		return errno
	}
	return d.p.call("sendto", stack.SendTo{Proc: d.p.id, FD: d.fd, Addr: to.Addr.String(),
		Port: int64(to.Port), Payload: stack.Payload{Base64: bytes.Clone(data)}}).errno
}
