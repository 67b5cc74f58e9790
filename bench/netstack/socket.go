package netstack

import (
	"bytes"
	"errors"
	"fmt"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// errEOF is what a read gives after the peer's FIN.
var errEOF = errors.New("end of stream")

// socket is an endpoint of gVisor and what a program needs to wait for it. It asks to be
// told only while it waits: to be told of every change of a busy connection costs gVisor
// up to a third of its speed on two cores.
type socket struct {
	ep    tcpip.Endpoint
	queue *waiter.Queue
	out   bytes.Reader
}

const failing = waiter.EventErr | waiter.EventHUp

// wait returns when one of the events is there.
func (s *socket) wait(events waiter.EventMask) {
	entry, ready := waiter.NewChannelEntry(events | failing)
	s.queue.EventRegister(&entry)
	defer s.queue.EventUnregister(&entry)
	for s.ep.Readiness(events|failing) == 0 {
		<-ready
	}
}

func newSocket(host *stack.Stack, proto tcpip.TransportProtocolNumber) (*socket, error) {
	q := &waiter.Queue{}
	ep, err := host.NewEndpoint(proto, ipv4.ProtocolNumber, q)
	if err != nil {
		return nil, fmt.Errorf("socket: %s", err)
	}
	return &socket{ep: ep, queue: q}, nil
}

// listen opens a listening socket at port on every address.
func listen(host *stack.Stack, port uint16, backlog int) (*socket, error) {
	s, err := newSocket(host, tcp.ProtocolNumber)
	if err != nil {
		return nil, err
	}
	if err := s.ep.Bind(tcpip.FullAddress{Port: port}); err != nil {
		return nil, fmt.Errorf("bind to port %d: %s", port, err)
	}
	if err := s.ep.Listen(backlog); err != nil {
		return nil, fmt.Errorf("listen: %s", err)
	}
	return s, nil
}

// dial connects to a port of host B and waits until that is done.
func dial(host *stack.Stack, port uint16) (*socket, error) {
	s, err := newSocket(host, tcp.ProtocolNumber)
	if err != nil {
		return nil, err
	}
	cerr := s.ep.Connect(tcpip.FullAddress{NIC: nic, Addr: addrB, Port: port})
	if _, ok := cerr.(*tcpip.ErrConnectStarted); !ok {
		return nil, fmt.Errorf("connect: %v", cerr)
	}
	s.wait(waiter.WritableEvents)
	if err := s.ep.LastError(); err != nil {
		return nil, fmt.Errorf("connect: %s", err)
	}
	return s, nil
}

// accept takes the next connection, waiting for it.
func (s *socket) accept() (*socket, error) {
	for {
		ep, q, err := s.ep.Accept(nil)
		if err == nil {
			return &socket{ep: ep, queue: q}, nil
		}
		if _, ok := err.(*tcpip.ErrWouldBlock); !ok {
			return nil, fmt.Errorf("accept: %s", err)
		}
		s.wait(waiter.ReadableEvents)
	}
}

// write writes all of b, waiting for room.
func (s *socket) write(b []byte) error {
	s.out.Reset(b)
	for s.out.Len() > 0 {
		_, err := s.ep.Write(&s.out, tcpip.WriteOptions{})
		switch err.(type) {
		case nil:
		case *tcpip.ErrWouldBlock:
			s.wait(waiter.WritableEvents)
		default:
			return fmt.Errorf("write: %s", err)
		}
	}
	return nil
}

// read reads at most len(b) octets, waiting for the first.
func (s *socket) read(b []byte) (int, error) {
	for {
		w := tcpip.SliceWriter(b)
		res, err := s.ep.Read(&w, tcpip.ReadOptions{})
		switch err.(type) {
		case nil:
			return res.Count, nil
		case *tcpip.ErrWouldBlock:
			s.wait(waiter.ReadableEvents)
		case *tcpip.ErrClosedForReceive:
			return 0, errEOF
		default:
			return 0, fmt.Errorf("read: %s", err)
		}
	}
}

// close lets the socket go. What it still has to send is sent.
func (s *socket) close() {
	s.ep.Close()
}

// udpSocket opens a UDP socket bound to its own port and connected to the peer's.
func udpSocket(host *stack.Stack, own uint16, peer tcpip.Address, port uint16) (*socket, error) {
	s, err := newSocket(host, udp.ProtocolNumber)
	if err != nil {
		return nil, err
	}
	if err := s.ep.Bind(tcpip.FullAddress{Port: own}); err != nil {
		return nil, fmt.Errorf("bind to port %d: %s", own, err)
	}
	if err := s.ep.Connect(tcpip.FullAddress{NIC: nic, Addr: peer, Port: port}); err != nil {
		return nil, fmt.Errorf("connect: %s", err)
	}
	return s, nil
}
