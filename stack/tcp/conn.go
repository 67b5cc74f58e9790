package tcp

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/view"
)

// Conn is a connection: one endpoint's transmission control block (RFC 9293 §3.3.1).
// Connections are made by Open and by arriving SYNs.
type Conn struct {
	l        *Layer
	id       inet.ConnID
	born     uint64
	flow     inet.Flow
	sock     inet.SocketID // who holds it, "" before accept and after close
	listener inet.SocketID // whose SYN made it, "" for an active opener
	li       *Listener     // in whose queues it still is
	fast     fastOpen
	past     *pastLife // in SYN-RECEIVED: the TIME-WAIT whose place it took, or nil
	state    inet.TCPState
	opts     Options

	iss, irs seq.Num
	snd      sendSpace
	rcv      recvSpace
	mtu      int // of the path, as far as is known
	path     pathState
	sizing   sizing
	ts       timestamps
	tsOffset uint32 // of the timestamp clock
	noMSS    bool   // the peer's SYN named no MSS
	scaling  bool   // both sides scale windows
	sack     bool   // both sides speak SACK
	active   bool   // MUST-11: how it came to SYN-RECEIVED
	orphan   bool   // the program closed its socket
	shutRead bool   // shutdown(SHUT_RD)
	fat      bool   // it is in Layer.fat
	listed   bool   // it is in Layer.order

	probeBackoff uint8 // how often the interval between probes was doubled

	rtt    rttState
	cc     ccState
	loss   lossState
	limits limitState
	ack    ackState
	ecn    ecnState
	timers [timerCount]timerState

	retries     int           // RTOs in a row for the segment at SND.UNA
	probes      int           // zero-window probes in a row that nobody answered
	keepTries   int           // keep-alive probes in a row that nobody answered
	heardAt     sim.Time      // when the peer was last heard
	oowAckAt    sim.Time      // when the present pause between answers to invalid segments began
	oowAcks     int64         // such answers since then; 0: none yet
	err         inet.Errno    // to be told once
	soft        inet.Errno    // what ICMP hinted at
	shownSnd    event.SndVars // as the last event said
	shownRcv    event.RcvVars
	shownCC     event.CCVars
	shownRTT    event.RTTVars
	shownLoss   event.LossVars
	shownUrgent event.UrgentVars
}

// sendSpace is the send sequence space with the send buffer.
//
//	     1         2          3          4
//	----------|----------|----------|----------
//	       SND.UNA    SND.NXT    SND.UNA
//	                            +SND.WND
type sendSpace struct {
	una, nxt seq.Num
	wnd      seq.Size // scaled
	wl1, wl2 seq.Num  // SEG.SEQ and SEG.ACK of the last window update
	maxWnd   seq.Size // MAX.SND.WND of RFC 5961 §5, Max(SND.WND) of RFC 9293 §3.8.6.2.1
	scale    uint8    // shift for windows the peer sends
	peerMSS  int      // SendMSS: of the peer's MSS Option, or the default without one
	mss      int      // SMSS: data octets of a full-sized segment, timestamps deducted

	acked uint64 // data octets acknowledged, ever

	buf     buffer  // data from SND.UNA on, sent or not
	base    seq.Num // sequence number of buf's first octet
	size    inet.ByteCount
	queue   rtxQueue
	fin     bool     // our FIN follows the data
	finSent bool     // it is in SND.NXT
	probing bool     // the segment at SND.UNA was sent into a closed window
	sentAt  sim.Time // when data was last sent
	more    bool     // the last Send said that more follows

	small     seq.Num // behind the last segment that was not full, if smallSent
	smallSent bool
	burst     bool // this output began with nothing outstanding
	urg       urgentState
}

// recvSpace is the receive sequence space with the receive buffer.
type recvSpace struct {
	nxt     seq.Num
	wnd     seq.Size       // as last offered: nxt+wnd is the right edge, which never retreats
	scale   uint8          // shift for windows we send
	size    inet.ByteCount // RCV.BUFF
	limit   inet.ByteCount // at least size; more while a larger one's promises last
	buf     buffer         // data in order, not yet read, and behind it what is held
	held    heldData
	fin     bool    // the peer's FIN was taken
	finSeen bool    // it arrived ahead of a gap
	finAt   seq.Num // its sequence number, if fin or finSeen
	urg     urgentState
	taken   uint64  // data octets taken in order, ever
	lastAck seq.Num // Last.ACK.sent of RFC 7323 §4.3
	dup     [2]seq.Num
	hasDup  bool // dup is to be reported as a D-SACK
	segMax  int  // largest data segment seen, an estimate of the peer's SMSS

	drsAt   sim.Time // start of the round in which reading is measured
	drsRead int      // octets read in it
	drsMost int      // the most that was read in one

	rightEdge
}

// State returns the connection's state; CLOSED when its TCB is deleted.
func (c *Conn) State() inet.TCPState { return c.state }

// Flow returns the connection's two endpoints.
func (c *Conn) Flow() inet.Flow { return c.flow }

// ID returns the connection's id.
func (c *Conn) ID() inet.ConnID { return c.id }

// SocketID returns the socket that holds the connection, or "".
func (c *Conn) SocketID() inet.SocketID { return c.sock }

// Error returns the error the next call would report, without clearing it.
func (c *Conn) Error() inet.Errno { return c.err }

// TakeError returns the pending error and clears it: an error is told once.
func (c *Conn) TakeError() inet.Errno {
	e := c.err
	c.err = inet.OK
	return e
}

// SoftError returns the last ICMP error that did not end the connection (MUST-47).
func (c *Conn) SoftError() inet.Errno { return c.soft }

// Unread counts the octets a Recv could return now.
func (c *Conn) Unread() int { _, n := c.readable(); return n }

// Room counts the octets a Send could take now.
func (c *Conn) Room() int { return max(0, int(c.snd.size)-c.snd.buf.len()) }

// Readable reports whether Recv would not say EAGAIN.
func (c *Conn) Readable() bool {
	return c.Unread() > 0 || c.rcv.fin || c.shutRead || c.err != inet.OK ||
		c.state == inet.Closed
}

// Writable reports whether a waiting Send should go on: there is an error to report,
// or a third of the send buffer is free. (Any room serves a Send; waking a writer for
// every octet would be silly.)
func (c *Conn) Writable() bool {
	switch c.state {
	case inet.SynSent, inet.SynReceived:
		if !c.fast.taken {
			return c.err != inet.OK
		}
		fallthrough
	case inet.Established, inet.CloseWait:
		return c.err != inet.OK || c.snd.fin || 3*inet.ByteCount(c.snd.buf.len()) <= 2*c.snd.size
	}
	return true
}

// View returns what folding the connection's events must give.
func (c *Conn) View() view.Conn {
	v := view.Conn{
		ID: c.id, Host: c.l.host, Sock: c.sock, Listener: c.listener,
		Local: c.flow.Local, Remote: c.flow.Remote, Active: c.active,
		State: c.state, ISS: c.iss,
		Snd: c.sndVars(), Rcv: c.rcvVars(), CC: c.ccVars(), RTT: c.rttVars(),
		Loss: c.lossVars(), Urgent: c.urgentVars(), Timers: c.timerView(),
	}
	if c.snd.mss > 0 {
		v.IRS, v.SMSS = c.irs, inet.ByteCount(c.snd.mss)
		v.SndWScale, v.RcvWScale = c.snd.scale, c.rcv.scale
		v.Timestamps, v.SACK, v.ECN = c.ts.on, c.sack, c.ecn.on
	}
	return v
}

func (c *Conn) sndVars() event.SndVars {
	return event.SndVars{UNA: c.snd.una, NXT: c.snd.nxt, WND: inet.ByteCount(c.snd.wnd),
		Queued: inet.ByteCount(c.snd.buf.len())}
}

func (c *Conn) rcvVars() event.RcvVars {
	return event.RcvVars{NXT: c.rcv.nxt, WND: inet.ByteCount(c.rcv.wnd),
		Queued: inet.ByteCount(c.rcv.buf.len()), Held: inet.ByteCount(c.rcv.held.octets())}
}

// emit records an event of this connection.
func emit[B event.Body](c *Conn, rule rfc.ID, body B, fx *Effects) uint64 {
	return event.Emit(fx.OnConn(c.id), rule, body)
}

// showSnd tells that the send variables changed, if they did.
func (c *Conn) showSnd(rule rfc.ID, fx *Effects) {
	if now := c.sndVars(); now != c.shownSnd {
		emit(c, rule, event.SndChanged{Old: c.shownSnd, New: now}, fx)
		c.shownSnd = now
	}
}

// showRcv tells that the receive variables changed, if they did.
func (c *Conn) showRcv(rule rfc.ID, fx *Effects) {
	if now := c.rcvVars(); now != c.shownRcv {
		emit(c, rule, event.RcvChanged{Old: c.shownRcv, New: now}, fx)
		c.shownRcv = now
	}
}

// enter changes the state: one edge of RFC 9293 figure 5.
func (c *Conn) enter(s inet.TCPState, rule rfc.ID, fx *Effects) {
	old := c.state
	c.state = s
	emit(c, rule, event.ConnState{Old: old, New: s}, fx)
	fx.ready(c)
}

// remove deletes the TCB. The user is told errno, or nothing when it is "".
func (c *Conn) remove(errno inet.Errno, rule rfc.ID, fx *Effects) {
	c.retire()
	c.err = errno
	for t := range timerCount {
		if c.timers[t].running {
			c.timers[t].running = false
			fx.Timers = append(fx.Timers, TimerOp{Conn: c, Timer: timerName(t), Stop: true,
				Slot: &c.timers[t].slot})
		}
	}
	next := inet.Closed
	if c.state == inet.SynReceived && !c.active && !c.fast.taken {
		next = inet.Listen // figure 5, note 1: back to where it came from
	}
	c.enter(next, rule, fx)
	c.state = inet.Closed
	emit(c, rule, event.ConnClosed{Errno: errno}, fx)
	c.l.remove(c)
	c.leaveFastOpen()
	if c.li != nil {
		c.li.forget(c, rule, fx)
	}
}
