package tcp

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/sim"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// Layer is the TCP of one host.
type Layer struct{}

// Options are the settings of one connection, or those a listener hands to its
// connections. The zero value is the host's defaults.
type Options struct {
	NoDelay   bool           // TCP_NODELAY: no Nagle (MUST-17)
	KeepAlive bool           // SO_KEEPALIVE (MUST-24)
	RcvBuf    inet.ByteCount // SO_RCVBUF: 0 = the knob, growing
	SndBuf    inet.ByteCount // SO_SNDBUF: 0 = the knob, growing
}

// New builds the TCP of a host.
func New(host inet.HostID, k *Knobs, secret uint64, rand *sim.Rand) *Layer { return &Layer{} }

// Open is the active OPEN call.
func (l *Layer) Open(sock inet.SocketID, flow inet.Flow, mtu int, fx *Effects) (*Conn, inet.Errno) {
	return nil, inet.OK
}

// OpenWith is Open with options of the socket's own.
func (l *Layer) OpenWith(sock inet.SocketID, flow inet.Flow, mtu int, o Options, fx *Effects) (*Conn, inet.Errno) {
	return nil, inet.OK
}

// Listen is the passive OPEN call.
func (l *Layer) Listen(sock inet.SocketID, local inet.Endpoint, backlog, mtu int) (*Listener, inet.Errno) {
	return nil, inet.OK
}

// Lookup returns the connection of a flow, or nil.
func (l *Layer) Lookup(flow inet.Flow) *Conn { return nil }

// Conns returns the connections in the order of their creation.
func (l *Layer) Conns() []*Conn { return nil }

// Listener returns the listener bound to exactly this local endpoint, or nil.
func (l *Layer) Listener(local inet.Endpoint) *Listener { return nil }

// Segment takes a segment that arrived.
func (l *Layer) Segment(src, dst netip.Addr, pkt inet.PacketID, seg *wire.TCP, fx *Effects) {}

// BadChecksum refuses a segment that arrived damaged (MUST-3).
func (l *Layer) BadChecksum(pkt inet.PacketID, fx *Effects) {}

// Unreachable takes an ICMP destination unreachable about a segment of flow.
func (l *Layer) Unreachable(flow inet.Flow, code uint8, pkt inet.PacketID, fx *Effects) {}

// Fire runs out a timer.
func (l *Layer) Fire(c *Conn, timer event.Timer, fx *Effects) {}

// Conn is a connection.
type Conn struct{}

// Send is the SEND call.
func (c *Conn) Send(data []byte, fx *Effects) (n int, e inet.Errno) { return 0, inet.OK }

// Recv is the RECEIVE call.
func (c *Conn) Recv(max int, fx *Effects) (data []byte, e inet.Errno) { return nil, inet.OK }

// ShutdownWrite ends our direction.
func (c *Conn) ShutdownWrite(fx *Effects) inet.Errno { return inet.OK }

// ShutdownRead ends reading.
func (c *Conn) ShutdownRead(fx *Effects) inet.Errno { return inet.OK }

// Close is close(2).
func (c *Conn) Close(fx *Effects) {}

// Abort is the ABORT call.
func (c *Conn) Abort(fx *Effects) {}

// Attach gives the connection to a socket.
func (c *Conn) Attach(sock inet.SocketID, fx *Effects) {}

// TakeError returns the pending error and clears it.
func (c *Conn) TakeError() inet.Errno { return inet.OK }

// Error returns the pending error.
func (c *Conn) Error() inet.Errno { return inet.OK }

// SoftError returns the last soft error.
func (c *Conn) SoftError() inet.Errno { return inet.OK }

// Configure changes the options.
func (c *Conn) Configure(o Options, fx *Effects) {}

// Options returns the options.
func (c *Conn) Options() Options { return Options{} }

// State returns the state.
func (c *Conn) State() inet.TCPState { return inet.Closed }

// Flow returns the pair of endpoints.
func (c *Conn) Flow() inet.Flow { return inet.Flow{} }

// ID returns the connection's id.
func (c *Conn) ID() inet.ConnID { return "" }

// SocketID returns the socket that holds the connection, or "".
func (c *Conn) SocketID() inet.SocketID { return "" }

// Room returns the room in the send buffer.
func (c *Conn) Room() int { return 0 }

// Unread returns the octets a Recv could return.
func (c *Conn) Unread() int { return 0 }

// Readable reports whether Recv would not say EAGAIN.
func (c *Conn) Readable() bool { return false }

// Writable reports whether Send would not say EAGAIN.
func (c *Conn) Writable() bool { return false }

// View returns the visible state.
func (c *Conn) View() view.Conn { return view.Conn{} }

// Listener is a passive opener.
type Listener struct{}

// Accept takes the oldest connection that is waiting.
func (li *Listener) Accept(fx *Effects) (*Conn, bool) { return nil, false }

// Close ends listening; connections nobody accepted are reset.
func (li *Listener) Close(fx *Effects) {}

// SocketID returns the listening socket.
func (li *Listener) SocketID() inet.SocketID { return "" }

// Local returns the local endpoint.
func (li *Listener) Local() inet.Endpoint { return inet.Endpoint{} }

// Backlog returns the backlog.
func (li *Listener) Backlog() int { return 0 }

// SetBacklog changes the backlog, as a second listen(2) does.
func (li *Listener) SetBacklog(n int) {}

// Configure sets the options of connections to come.
func (li *Listener) Configure(o Options) {}

// Queues returns how many connections are half open and how many wait for Accept.
func (li *Listener) Queues() (syn, accept int) { return 0, 0 }
