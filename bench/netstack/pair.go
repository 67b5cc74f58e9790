// Package netstack drives gVisor's netstack through the work that package ours gives to
// our own stack: two hosts in this process, joined by a wire in memory without delay.
//
// It must give gVisor every advantage that is fair: the fastest wire it ships, its raw
// endpoints instead of net.Conn, notifications registered once a connection. MTU 1500, no
// checksum or segmentation offload: each octet is summed by the sender and by the receiver.
package netstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// MTU is that of every interface, in octets.
const MTU = 1500

// Wire is how two netstacks are joined.
type Wire string

// The wires that gVisor ships and that fit.
const (
	Pipe    Wire = "pipe"    // link/pipe: the sender's goroutine carries a packet across
	Channel Wire = "channel" // link/channel: a goroutine for each direction carries them
)

const nic tcpip.NICID = 1

// Options are how a pair is made. The zero value is gVisor as it comes, over a pipe.
type Options struct {
	Wire   Wire
	Buffer int // octets of every socket's send and receive buffer; 0 = gVisor's default
}

// String is "default buffers, pipe".
func (o Options) String() string {
	wire := cmp.Or(o.Wire, Pipe)
	if o.Buffer == 0 {
		return fmt.Sprintf("default buffers, %s", wire)
	}
	return fmt.Sprintf("buffers of %d KiB, %s", o.Buffer>>10, wire)
}

// Pair is two hosts and the wire between them.
type Pair struct {
	A, B *stack.Stack
	stop context.CancelFunc
	done sync.WaitGroup
}

var (
	addrA = tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	addrB = tcpip.AddrFrom4([4]byte{10, 0, 0, 2})
)

// New makes two hosts, 10.0.0.1 and 10.0.0.2, and joins them. Close ends them.
func New(o Options) (*Pair, error) {
	p := &Pair{stop: func() {}}
	endA, endB := p.wire(o.Wire)
	var err error
	if p.A, err = NewHost(endA, o.Buffer, addrA); err != nil {
		return nil, err
	}
	if p.B, err = NewHost(endB, o.Buffer, addrB); err != nil {
		p.A.Destroy()
		return nil, err
	}
	return p, nil
}

// wire returns the two ends of a new wire.
func (p *Pair) wire(w Wire) (a, b stack.LinkEndpoint) {
	if w != Channel {
		return pipe.New("\x02\x00\x00\x00\x00\x01", "\x02\x00\x00\x00\x00\x02", MTU)
	}
	ca, cb := channel.New(4096, MTU, ""), channel.New(4096, MTU, "")
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	p.done.Go(func() { carry(ctx, ca, cb) })
	p.done.Go(func() { carry(ctx, cb, ca) })
	return ca, cb
}

// carry takes packets from one end of a channel wire to the other.
func carry(ctx context.Context, from, to *channel.Endpoint) {
	for {
		pkt := from.ReadContext(ctx)
		if pkt == nil {
			return
		}
		fresh := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: pkt.ToBuffer()})
		to.InjectInbound(pkt.NetworkProtocolNumber, fresh)
		fresh.DecRef()
		pkt.DecRef()
	}
}

// NewHost makes a host with one interface, its addresses, default routes out of it, and
// the given size of socket buffers (0: the default).
func NewHost(end stack.LinkEndpoint, buf int, addrs ...tcpip.Address) (*stack.Stack, error) {
	s := stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocolCUBIC,
			udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
	})
	sack := tcpip.TCPSACKEnabled(true)
	err := s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack)
	if err == nil && buf > 0 {
		err = setBuffers(s, buf)
	}
	if err == nil {
		err = s.CreateNIC(nic, end)
	}
	for _, a := range addrs {
		proto := ipv4.ProtocolNumber
		if a.Len() == header.IPv6AddressSize {
			proto = ipv6.ProtocolNumber
		}
		if err == nil {
			err = s.AddProtocolAddress(nic, tcpip.ProtocolAddress{Protocol: proto,
				AddressWithPrefix: a.WithPrefix()}, stack.AddressProperties{})
		}
	}
	if err != nil {
		s.Destroy()
		return nil, errors.New("make a gVisor host: " + err.String())
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic},
		{Destination: header.IPv6EmptySubnet, NIC: nic}})
	return s, nil
}

func setBuffers(s *stack.Stack, size int) tcpip.Error {
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 4096, Default: size, Max: size}
	if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, &send); err != nil {
		return err
	}
	recv := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: size, Max: size}
	return s.SetTransportProtocolOption(tcp.ProtocolNumber, &recv)
}

// Segments returns how many TCP packets both hosts have sent.
func (p *Pair) Segments() uint64 {
	return p.A.Stats().TCP.SegmentsSent.Value() + p.B.Stats().TCP.SegmentsSent.Value()
}

// Close ends both hosts and everything on them.
func (p *Pair) Close() {
	p.A.Destroy()
	p.B.Destroy()
	p.stop()
	p.done.Wait()
}

// Packet makes a gVisor packet of octets that begin with an IP header; they are copied.
func Packet(octets []byte) *stack.PacketBuffer {
	return stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(octets)})
}

// ProtocolOf returns which version of IP a packet's octets are.
func ProtocolOf(octets []byte) tcpip.NetworkProtocolNumber {
	if octets[0]>>4 == 6 {
		return ipv6.ProtocolNumber
	}
	return ipv4.ProtocolNumber
}
