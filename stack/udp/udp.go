// Package udp is the User Datagram Protocol of one host: who is bound where, and what
// waits to be read.
//
// It must never retry, order or acknowledge anything: that is the point of it. Read
// RFC 768 and RFC 1122 §4.1 first.
package udp

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// The most octets of data a datagram can carry: 65535 less the headers that count in it.
// IPv6's length does not count its own header (RFC 8200 §3).
const (
	MaxData   = 65507
	MaxDataV6 = 65527
)

// MaxDataTo is the limit by the family of a destination.
func MaxDataTo(dst netip.Addr) int {
	if dst.Is4() {
		return MaxData
	}
	return MaxDataV6
}

// Overhead is the octets of the headers in front of a datagram's data.
func Overhead(dst netip.Addr) int {
	if dst.Is4() {
		return wire.IPv4HeaderLen + wire.UDPHeaderLen
	}
	return ip6HeaderLen + wire.UDPHeaderLen
}

// ip6HeaderLen is the fixed header of RFC 8200 §3.
const ip6HeaderLen = 40

// DefaultRcvBuf is Linux's net.core.rmem_default, counted here in octets of data.
const DefaultRcvBuf inet.ByteCount = 212_992

// shown is how many octets of data an event carries.
const shown = 64

// Datagram is one that waits to be read.
type Datagram struct {
	From inet.Endpoint
	Data []byte
	By   uint64 // the datagram.received event
}

// Socket is what UDP knows of a bound socket.
type Socket struct {
	ID     inet.SocketID
	Local  inet.Endpoint
	Remote inet.Endpoint // zero unless connected
	Dual   bool          // bound to ::, it takes IPv4 too (RFC 3493 §5.3)
	RcvBuf inet.ByteCount
	Groups []Membership // what it has joined
	queue  []Datagram   // from head on
	head   int
	octets inet.ByteCount
	spare  [][]byte // memory of datagrams that were read
}

// Layer is the UDP of one host. The zero value has no sockets.
type Layer struct{ sockets []*Socket }

// Out is a datagram for IP to carry. Pkt is the n of its datagram.sent event.
type Out struct {
	Pkt  inet.PacketID
	Flow inet.Flow
	Data []byte
	TOS  uint8 // for the IP header
	TTL  uint8 // 0: the host's
	// Fragment lets the packet be cut on its way: no DF.
	Fragment bool
	// Loop gives the host itself a copy of what is for a group; Stays keeps it from leaving:
	// its TTL is 0.
	Loop, Stays bool
}

// Add makes a bound socket reachable.
func (l *Layer) Add(s *Socket) { l.sockets = append(l.sockets, s) }

// Remove makes a socket unreachable; what waited is lost with it.
func (l *Layer) Remove(s *Socket) {
	for i, o := range l.sockets {
		if o == s {
			l.sockets = append(l.sockets[:i:i], l.sockets[i+1:]...)
			return
		}
	}
}

// Lookup finds the socket a datagram is for: a connected one whose peer sent it, else
// the most specifically bound unconnected one, the youngest of equals (as Linux does
// for SO_REUSEADDR).
func (l *Layer) Lookup(src, dst inet.Endpoint) *Socket {
	var best *Socket
	score := 0
	for _, s := range l.sockets {
		if n := s.score(src, dst); n > 0 && n >= score {
			best, score = s, n
		}
	}
	return best
}

// score is 0 for no match, and more the more of the 4-tuple the socket fixes.
func (s *Socket) score(src, dst inet.Endpoint) int {
	if s.Local.Port != dst.Port {
		return 0
	}
	n := 1
	switch {
	case !s.Local.Wildcard():
		if s.Local.Addr != dst.Addr {
			return 0
		}
		n = 3
	case s.Local.Addr.Is4() == dst.Addr.Is4():
		n = 2
	case !s.Dual || dst.Addr.Is6():
		return 0
	}
	if !s.Remote.IsZero() {
		if s.Remote != src {
			return 0
		}
		n += 4
	}
	return n
}

// Send records a datagram and returns it for IP. len(data) must not pass MaxData.
func Send(sock inet.SocketID, flow inet.Flow, data []byte, fx event.Scope) Out {
	if len(data) > MaxDataTo(flow.Remote.Addr) {
		panic("BUG: a datagram of impossible size")
	}
	var n uint64
	if fx.Quiet() {
		n = fx.Count()
	} else {
		n = event.Emit(fx, rfc.UDPSend, event.DatagramSent{Sock: sock,
			Dgram: describe(flow.Local, flow.Remote, data)})
	}
	return Out{Pkt: inet.PacketID(n), Flow: flow, Data: data}
}

// Receive takes a datagram for this host. It returns the socket that now has something
// to read, or nil; unreachable tells that nobody is bound there, and by is the event to
// name as the cause of an ICMP error.
func (l *Layer) Receive(src, dst netip.Addr, pkt inet.PacketID, u *wire.UDP,
	fx event.Scope) (s *Socket, unreachable bool, by uint64) {
	from := inet.Endpoint{Addr: src, Port: u.SrcPort}
	to := inet.Endpoint{Addr: dst, Port: u.DstPort}
	got := event.DatagramReceived{Pkt: pkt}
	if !fx.Quiet() {
		got.Dgram = describe(from, to, u.Data)
	}
	s = l.Lookup(from, to)
	if s == nil {
		by = event.Emit(fx, rfc.UDPUnreachable, got)
		return nil, true, by
	}
	got.Sock = s.ID
	by = event.Emit(fx, rfc.UDPDeliver, got)
	return s.take(from, u, pkt, by, fx), false, by
}

// take keeps a datagram to be read, which event by told of; it returns nil if there is no
// room.
func (s *Socket) take(from inet.Endpoint, u *wire.UDP, pkt inet.PacketID, by uint64,
	fx event.Scope) *Socket {
	size := inet.ByteCount(len(u.Data))
	// An empty datagram costs no octets, so the number of datagrams is bounded too.
	if s.octets+size > s.RcvBuf || s.waiting() >= int(s.RcvBuf/64)+1 {
		event.Emit(fx.Because(by), rfc.UDPBuffer, event.DatagramRefused{Pkt: pkt,
			Reason: "receive buffer full"})
		return nil
	}
	s.put(from, u.Data, by)
	s.octets += size
	s.emitBuffer(fx.Because(by), rfc.UDPDeliver)
	return s
}

// put adds a datagram to the queue. The memory of one that was read is used again, and so
// are the places in front of the first that waits.
func (s *Socket) put(from inet.Endpoint, data []byte, by uint64) {
	if s.head > 16 && s.head > len(s.queue)/2 {
		n := copy(s.queue, s.queue[s.head:])
		clear(s.queue[n:])
		s.queue, s.head = s.queue[:n], 0
	}
	var room []byte
	if n := len(s.spare); n > 0 {
		room, s.spare = s.spare[n-1][:0], s.spare[:n-1]
	}
	s.queue = append(s.queue, Datagram{from, append(room, data...), by})
}

// waiting counts the datagrams that wait.
func (s *Socket) waiting() int { return len(s.queue) - s.head }

// Waiting counts what can be read.
func (s *Socket) Waiting() (datagrams int, octets inet.ByteCount) { return s.waiting(), s.octets }

// Next is the length of the oldest datagram that waits, 0 if none does.
func (s *Socket) Next() int {
	if s.waiting() == 0 {
		return 0
	}
	return len(s.queue[s.head].Data)
}

// spareDatagrams is how many datagrams' memory a socket keeps.
const spareDatagrams = 64

// Read returns the oldest datagram and, if take, removes it; false if none waits. Its octets
// are lent until another datagram is received.
func (s *Socket) Read(take bool, fx event.Scope) (Datagram, bool) {
	if s.waiting() == 0 {
		return Datagram{}, false
	}
	d := s.queue[s.head]
	if !take {
		return d, true
	}
	s.queue[s.head] = Datagram{}
	s.head++
	if s.waiting() == 0 {
		s.queue, s.head = s.queue[:0], 0
	}
	if len(s.spare) < spareDatagrams && cap(d.Data) <= 2048 {
		s.spare = append(s.spare, d.Data)
	}
	s.octets -= inet.ByteCount(len(d.Data))
	s.emitBuffer(fx, rfc.UDPDeliver)
	return d, true
}

func (s *Socket) emitBuffer(fx event.Scope, rule rfc.ID) {
	event.Emit(fx, rule, event.SocketBuffer{Sock: s.ID, Octets: s.octets, Datagrams: s.waiting()})
}

// Describe puts a datagram that no socket sent or takes into words.
func Describe(src, dst inet.Endpoint, data []byte) event.Dgram { return describe(src, dst, data) }

func describe(src, dst inet.Endpoint, data []byte) event.Dgram {
	return event.Dgram{Src: src, Dst: dst, Len: len(data), Data: first(data)}
}

// first copies the octets an event shows; nil for none, so that they are absent.
func first(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return append([]byte(nil), data[:min(len(data), shown)]...)
}
