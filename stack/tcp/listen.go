package tcp

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// Listener is a passive OPEN: it takes connections to its local endpoint. Make it with
// Listen.
//
// The queues are linux's. A connection is in the SYN queue until its handshake is over,
// then in the accept queue until a program takes it. The accept queue holds one more
// than the backlog; when it is full, SYNs and final ACKs are dropped, and the peer tries
// again.
type Listener struct {
	l       *Layer
	sock    inet.SocketID
	local   inet.Endpoint
	backlog int
	mtu     int
	opts    Options
	halfway int // in the SYN queue
	waiting []*Conn
	fast    int // connections taken by Fast Open whose handshake is not over
	cookies cookieState
}

// maxBacklog is linux's somaxconn.
const maxBacklog = 4096

// Listen is a passive OPEN with the host's settings; see ListenWith.
func (l *Layer) Listen(sock inet.SocketID, local inet.Endpoint, backlog, mtu int) (*Listener,
	inet.Errno) {
	return l.ListenWith(sock, local, backlog, mtu, Options{})
}

// ListenWith is a passive OPEN. EADDRINUSE means that the endpoint has a listener
// (MUST-41: it "MUST NOT affect any previously created connection record") and not both
// have Options.ReusePort. The caller emits socket.listening.
func (l *Layer) ListenWith(sock inet.SocketID, local inet.Endpoint, backlog, mtu int,
	o Options) (*Listener, inet.Errno) {
	if l.clashes(local, &o) {
		return nil, inet.EADDRINUSE
	}
	li := &Listener{l: l, sock: sock, local: local, mtu: mtu, opts: o}
	li.SetBacklog(backlog)
	key := listenKey(local)
	l.listeners[key] = append(l.listeners[key], li)
	return li, inet.OK
}

// SocketID returns the listening socket.
func (li *Listener) SocketID() inet.SocketID { return li.sock }

// Local returns the local endpoint.
func (li *Listener) Local() inet.Endpoint { return li.local }

// Backlog returns the limit on connections waiting for Accept.
func (li *Listener) Backlog() int { return li.backlog }

// SetBacklog changes the limit, as a second listen(2) does. A negative one counts as the
// greatest, as on linux.
func (li *Listener) SetBacklog(n int) {
	if n < 0 || n > maxBacklog {
		n = maxBacklog
	}
	li.backlog = n
}

// Configure changes the options of connections to come.
func (li *Listener) Configure(o Options) { li.opts = o }

// Queues counts the half-open connections and those waiting for Accept.
func (li *Listener) Queues() (syn, accept int) { return li.halfway, len(li.waiting) }

// Accept takes the connection that has waited longest; false when none waits.
func (li *Listener) Accept(fx *Effects) (*Conn, bool) {
	if len(li.waiting) == 0 {
		return nil, false
	}
	c := li.waiting[0]
	li.waiting = append(li.waiting[:0], li.waiting[1:]...)
	c.li = nil
	li.showQueues(rfc.TCPAccept, fx)
	return c, true
}

// Close ends listening. Connections that nobody accepted are aborted.
func (li *Listener) Close(fx *Effects) {
	li.l.forgetListener(li)
	for i := 0; i < len(li.l.order); {
		c := li.l.order[i]
		if c.li != li {
			i++
			continue
		}
		c.abort(inet.OK, rfc.TCPListenClosed, fx)
	}
}

// pathMTU is that of the path a segment came by.
func (li *Listener) pathMTU(fx *Effects) int {
	if fx.MTU > 0 {
		return fx.MTU
	}
	return li.mtu
}

// synQueueFull reports whether the SYN queue takes no more. (Linux bounds it by the
// backlog too; here it is the knob's alone, so that the two queues can be told apart.)
func (li *Listener) synQueueFull() bool { return int64(li.halfway) >= li.l.k.SynBacklog }

// full reports whether the accept queue takes no more.
func (li *Listener) full() bool { return len(li.waiting) > li.backlog }

// established moves a connection from the SYN queue to the accept queue.
func (li *Listener) established(c *Conn, fx *Effects) {
	li.halfway--
	li.waiting = append(li.waiting, c)
	li.showQueues(rfc.TCPAcceptQueue, fx)
	fx.ready(li)
}

// forget takes a connection that ended out of the queues.
func (li *Listener) forget(c *Conn, rule rfc.ID, fx *Effects) {
	c.li = nil
	for i, w := range li.waiting {
		if w == c {
			li.waiting = append(li.waiting[:i], li.waiting[i+1:]...)
			li.showQueues(rule, fx)
			return
		}
	}
	li.halfway--
	li.showQueues(rule, fx)
}

func (li *Listener) showQueues(rule rfc.ID, fx *Effects) {
	event.Emit(fx.OnConn(""), rule, event.SocketQueues{
		Sock: li.sock, SynQueue: li.halfway, AcceptQueue: len(li.waiting)})
}

// segment is §3.10.7.2, LISTEN STATE.
func (li *Listener) segment(flow inet.Flow, a *arrival, past *pastLife, fx *Effects) {
	seg := a.seg
	switch {
	case seg.Flags.Has(wire.RST):
		// "First, check for a RST: […] An incoming RST should be ignored."
		refuse("", a.pkt, "rst-in-listen", 0, rfc.TCPListenRST, fx)
	case li.answersCookie(flow, a, fx):
	case seg.Flags.Has(wire.ACK):
		// "Second, check for an ACK: Any acknowledgment is bad if it arrives on a
		// connection still in the LISTEN state."
		refuse("", a.pkt, "ack-in-listen", 0, rfc.TCPListenACK, fx)
		li.l.replyRST(flow, "", seg, rfc.TCPListenACK, fx)
	case !seg.Flags.Has(wire.SYN):
		// "Fourth, other data or control: This should not be reached. Drop the segment".
		refuse("", a.pkt, "no-syn-in-listen", 0, rfc.TCPListenOther, fx)
	case li.full():
		refuse("", a.pkt, "accept-queue-full", 0, rfc.TCPAcceptFull, fx)
	case li.wantsCookie():
		li.sendCookie(flow, a, fx)
	case li.synQueueFull():
		refuse("", a.pkt, "syn-queue-full", 0, rfc.TCPSynQueueFull, fx)
	default:
		li.syn(flow, a, past, fx)
	}
}

// syn takes a SYN: "Third, check for a SYN: […] Set RCV.NXT to SEG.SEQ+1, IRS is set to
// SEG.SEQ […]. ISS should be selected and a SYN segment sent of the form:
// <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>".
func (li *Listener) syn(flow inet.Flow, a *arrival, past *pastLife, fx *Effects) {
	iss, rule := li.l.newISS(flow, fx.Now)
	if past != nil {
		iss, rule = past.old.issAfter(iss), past.rule
	}
	fast := li.judgeFastOpen(flow, a, fx)
	c := li.l.newConn(flow, li.pathMTU(fx), li.opts, iss, fx)
	c.li, c.listener, c.past = li, li.sock, past
	c.fast.grant, c.fast.cookie = fast.grant != nil, fast.grant
	c.fast.exp = a.seg.Opts.FOExp
	c.opened(inet.Listen, rfc.TCPListenSYN, rule, fx)
	c.settle(a.seg, rfc.TCPListenSYN, fx)
	c.showSnd(rfc.TCPListenSYN, fx)
	c.enter(inet.SynReceived, rfc.TCPListenSYN, fx)
	why := rfc.TCPListenSYN
	switch {
	case fast.take:
		why = rfc.TCPFastOpenTake
		li.takeFastOpen(c, a, fx)
	case fast.grant != nil:
		why = rfc.TCPFastOpenGrant
		fallthrough
	default:
		c.refuseSynText(a, fx)
		li.halfway++
		li.showQueues(rfc.TCPSynQueue, fx)
	}
	c.sendSYN(why, fx)
	c.check()
}

// overflow is told of the ACK that would end a handshake while the accept queue is full.
// It is dropped, and the SYN,ACK goes on being repeated: the peer, who thinks that the
// connection is open, answers again. A knob resets it instead, as linux's of that name.
func (c *Conn) overflow(a *arrival, fx *Effects) {
	if c.l.k.AbortOnOverflow == 0 {
		refuse(c.id, a.pkt, "accept-queue-full", 0, rfc.TCPAcceptFull, fx)
		return
	}
	refuse(c.id, a.pkt, "accept-queue-full", 0, rfc.TCPAbortOverflow, fx)
	c.l.replyRST(c.flow, c.id, a.seg, rfc.TCPAbortOverflow, fx)
	c.remove(inet.OK, rfc.TCPAbortOverflow, fx)
}

// refuseSynText drops what came with a SYN before the handshake was over.
//
// Deviation: the RFC queues it "for processing later". It is not acknowledged, so the
// peer sends it again; nothing is kept for a peer that may not exist.
func (c *Conn) refuseSynText(a *arrival, fx *Effects) {
	if n := int(a.seg.Len()) - 1; n > 0 {
		refuse(c.id, a.pkt, "text-in-syn", n, rfc.TCPSynText, fx)
	}
}
