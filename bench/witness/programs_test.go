package witness

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"labserver/bench/netstack"
	"labserver/stack"
	"labserver/stack/inet"
	"labserver/stack/sock"
)

// Our side. What takes no rig.do is for the world's owner.

// call makes a socket call.
func (r *rig) call(op string, args any) sock.Return {
	return r.w.Call(stack.Command{Op: op, Args: args})
}

// must makes a call that has to succeed.
func (r *rig) must(op string, args any) int64 {
	ret := r.call(op, args)
	if ret.Errno != inet.OK {
		r.t.Errorf("%s: %s", op, ret.Errno)
	}
	return ret.Value
}

// socket makes a socket whose calls do not wait.
func (r *rig) socket(v version, proto string) int {
	fd := int(r.must("socket", stack.Socket{Proc: proc, Proto: proto, Family: v.family}))
	r.set(fd, "O_NONBLOCK", 1)
	return fd
}

func (r *rig) set(fd int, option string, value int64) {
	r.must("setsockopt", stack.SetSockOpt{Proc: proc, FD: fd, Option: option, Value: &value})
}

// listen makes a listener of ours with the given receive buffer (0: the default).
func (r *rig) listen(v version, port int64, buffer int64) (fd int) {
	r.do(func() {
		fd = r.socket(v, "tcp")
		if buffer > 0 {
			r.set(fd, "SO_RCVBUF", buffer)
		}
		r.must("bind", stack.Bind{Proc: proc, FD: fd, Addr: v.ours.String(), Port: port})
		r.must("listen", stack.Listen{Proc: proc, FD: fd})
	})
	return fd
}

// accept waits for a connection to a listener of ours.
func (r *rig) accept(listener int) (fd int) {
	r.t.Helper()
	r.soon("our listener accepts", func() bool {
		ret := r.call("accept", stack.Accept{Proc: proc, FD: listener})
		fd = int(ret.Value)
		return ret.Errno == inet.OK
	})
	r.do(func() { r.set(fd, "O_NONBLOCK", 1) })
	return fd
}

// dial connects from our side and waits for how it goes.
func (r *rig) dial(v version, port int64) (fd int, errno inet.Errno) {
	r.t.Helper()
	to := stack.Connect{Proc: proc, Addr: v.theirs.String(), Port: port}
	r.do(func() {
		fd = r.socket(v, "tcp")
		to.FD = fd
		errno = r.call("connect", to).Errno
	})
	r.soon("our connect ends", func() bool {
		if errno == inet.EINPROGRESS || errno == inet.EALREADY {
			errno = r.call("connect", to).Errno
		}
		if errno == inet.EISCONN {
			errno = inet.OK
		}
		return errno != inet.EALREADY && errno != inet.EINPROGRESS
	})
	return fd, errno
}

// say writes a text from our side.
func (r *rig) say(fd int, text string) {
	r.t.Helper()
	r.do(func() {
		if n, e := r.w.Write(proc, fd, []byte(text)); n != len(text) || e != inet.OK {
			r.t.Errorf("our write took %d octets of %q: %s", n, text, e)
		}
	})
}

// hear reads once on our side, waiting for something: octets, the end ("", OK), an error.
func (r *rig) hear(fd int) (text string, errno inet.Errno) {
	r.t.Helper()
	var buf [2048]byte
	r.soon("we can read", func() bool {
		var n int
		n, errno = r.w.Read(proc, fd, buf[:])
		text = string(buf[:max(n, 0)])
		return errno != inet.EAGAIN
	})
	return text, errno
}

// close closes a descriptor of ours.
func (r *rig) close(fd int) {
	r.do(func() { r.must("close", stack.Close{Proc: proc, FD: fd}) })
}

// shutdown ends our sending.
func (r *rig) shutdown(fd int) {
	r.do(func() { r.endOurs(fd) })
}

// explain says that a side will send so many resets more.
func (r *rig) explain(s side, resets int) { r.do(func() { r.wire.explained[s] += resets }) }

// gVisor's side.

// peer is a connection of gVisor's, with the endpoint that net.Conn hides.
type peer struct {
	*gonet.TCPConn
	ep tcpip.Endpoint
}

// at is an endpoint in gVisor's words.
func at(a netip.Addr, port uint16) tcpip.FullAddress {
	return tcpip.FullAddress{NIC: 1, Addr: tcpip.AddrFromSlice(a.AsSlice()), Port: port}
}

func (v version) number() tcpip.NetworkProtocolNumber {
	if v.theirs.Is6() {
		return netstack.ProtocolOf([]byte{6 << 4})
	}
	return netstack.ProtocolOf([]byte{4 << 4})
}

// dialOurs connects gVisor to a port of ours.
func (r *rig) dialOurs(v version, port uint16) (*peer, error) {
	q := &waiter.Queue{}
	ep, err := r.g.NewEndpoint(tcp.ProtocolNumber, v.number(), q)
	if err != nil {
		return nil, errors.New(err.String())
	}
	entry, ready := waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventErr | waiter.EventHUp)
	q.EventRegister(&entry)
	defer q.EventUnregister(&entry)
	if err := ep.Connect(at(v.ours, port)); err != nil {
		if _, ok := err.(*tcpip.ErrConnectStarted); !ok {
			return nil, errors.New(err.String())
		}
	}
	select {
	case <-ready:
	case <-time.After(patience):
		return nil, os.ErrDeadlineExceeded
	}
	if err := ep.LastError(); err != nil {
		ep.Close()
		return nil, errors.New(err.String())
	}
	return newPeer(q, ep), nil
}

func newPeer(q *waiter.Queue, ep tcpip.Endpoint) *peer {
	p := &peer{gonet.NewTCPConn(q, ep), ep}
	p.SetDeadline(time.Now().Add(2 * patience))
	return p
}

// acceptor is a listener of gVisor's.
type acceptor struct {
	q  *waiter.Queue
	ep tcpip.Endpoint
}

// listenTheirs makes a listener of gVisor's.
func (r *rig) listenTheirs(v version, port uint16) *acceptor {
	r.t.Helper()
	a := &acceptor{q: &waiter.Queue{}}
	var err tcpip.Error
	if a.ep, err = r.g.NewEndpoint(tcp.ProtocolNumber, v.number(), a.q); err == nil {
		err = a.ep.Bind(at(v.theirs, port))
	}
	if err == nil {
		err = a.ep.Listen(16)
	}
	if err != nil {
		r.t.Fatal("gVisor: listen: ", err)
	}
	return a
}

func (r *rig) acceptTheirs(a *acceptor) *peer {
	r.t.Helper()
	entry, ready := waiter.NewChannelEntry(waiter.ReadableEvents)
	a.q.EventRegister(&entry)
	defer a.q.EventUnregister(&entry)
	for end := time.After(patience); ; {
		ep, q, err := a.ep.Accept(nil)
		if err == nil {
			return newPeer(q, ep)
		}
		select {
		case <-ready:
		case <-end:
			r.t.Fatalf("gVisor accepts nothing: %s", err)
		}
	}
}

// join makes a connection, opened by one side.
func (r *rig) join(v version, opener side) (*peer, int) {
	r.t.Helper()
	if opener == theirs {
		l := r.listen(v, 80, 0)
		p, err := r.dialOurs(v, 80)
		if err != nil {
			r.t.Fatal("gVisor: connect: ", err)
		}
		return p, r.accept(l)
	}
	a := r.listenTheirs(v, 80)
	fd, errno := r.dial(v, 80)
	if errno != inet.OK {
		r.t.Fatal("our connect: ", errno)
	}
	return r.acceptTheirs(a), fd
}

// udpTheirs opens a UDP socket of gVisor's, connected to a port of ours.
func (r *rig) udpTheirs(v version, own, port uint16) *gonet.UDPConn {
	r.t.Helper()
	local, remote := at(v.theirs, own), at(v.ours, port)
	c, err := gonet.DialUDP(r.g, &local, &remote, v.number())
	if err != nil {
		r.t.Fatal("gVisor: ", err)
	}
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// expect reads exactly a text on gVisor's side.
func (r *rig) expect(c net.Conn, want string) {
	r.t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		r.t.Errorf("gVisor read %q, %v; want %q", b, err, want)
	}
}

// expectError reads on gVisor's side and wants an error that says something.
func (r *rig) expectError(c net.Conn, want string) {
	r.t.Helper()
	n, err := c.Read(make([]byte, 1))
	if err == nil || !strings.Contains(err.Error(), want) {
		r.t.Errorf("gVisor read %d octets, %v; want %q", n, err, want)
	}
}

// endOurs ends our sending; for the world's owner.
func (r *rig) endOurs(fd int) {
	r.must("shutdown", stack.Shutdown{Proc: proc, FD: fd, How: "wr"})
}
