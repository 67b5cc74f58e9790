// Package tcp is the Transmission Control Protocol of one host.
//
// It must never read a clock, call another layer, or block: a call takes the present
// instant inside its Effects and leaves there what is to be sent, which timers run,
// and who should be woken. Read RFC 9293 §3 first; there is one file per section.
package tcp

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// Out is a segment for IP to carry. Pkt is the n of its segment.sent event. Seg.Data lies in
// the send buffer: it is put into a packet before the connection is called again.
type Out struct {
	Pkt  inet.PacketID
	Flow inet.Flow
	Seg  wire.TCP
	TOS  uint8 // DSCP and ECN for the IP header
	TTL  uint8 // 0: the host's
	// Fragment lets routers cut the packet: no DF. (Path MTU discovery wants DF.)
	Fragment bool
}

// TimerOp arms (Stop false), or stops, one timer of a connection. Arming a running
// timer moves it.
type TimerOp struct {
	Conn  *Conn
	Timer event.Timer
	At    sim.Time
	Stop  bool
	Slot  *sim.Handle // where the world keeps the place in its queue
}

// Effects is what a call into TCP leaves behind. Scope says when and why; events are
// emitted through it at once, the rest is done by the host afterwards, in order.
//
// Segment and Fire leave in By the event they began with (segment.received,
// timer.fired), so that what the host does next can name it as its cause. A connection
// that ended is in Ready too; its View then means nothing any more.
type Effects struct {
	event.Scope
	IDs *inet.IDs
	// MTU is that of the path back to the sender of the segment that Segment takes; a
	// connection born of its SYN announces its MSS by it (MUST-67). 0: the listener's.
	MTU int
	// AdvMSS is what the route to the peer lets a connection announce that is born in this
	// call, by a SYN or by OPEN; 0: what the MTU gives.
	AdvMSS int
	// TOS is that octet of the packet whose segment Segment takes: its ECN field.
	TOS    uint8
	Out    []Out
	Timers []TimerOp
	// Ready lists connections and listeners on which a pending call may now go on:
	// something to read, room to write, an end, an error, a connection to accept.
	Ready []Readier
}

// Readier is a *Conn or a *Listener.
type Readier interface{ SocketID() inet.SocketID }
