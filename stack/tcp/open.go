package tcp

import (
	"net/netip"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// RFC 9293 §3.10.1, OPEN Call.

// Open is an active OPEN with the host's settings; see OpenWith.
func (l *Layer) Open(sock inet.SocketID, flow inet.Flow, mtu int, fx *Effects) (*Conn, inet.Errno) {
	return l.OpenWith(sock, flow, mtu, Options{}, fx)
}

// OpenWith is an active OPEN: it makes a TCB for flow, held by sock, and sends a SYN.
// The local endpoint is the caller's choice (MUST-43, MUST-44); mtu is of the path.
// Nothing is left behind when it refuses: ENETUNREACH for an address that can be
// nobody's (MUST-46), EADDRNOTAVAIL when the pair of endpoints is taken ("error:
// connection already exists").
func (l *Layer) OpenWith(sock inet.SocketID, flow inet.Flow, mtu int, o Options,
	fx *Effects) (*Conn, inet.Errno) {
	return l.open(sock, flow, mtu, o, nil, fx)
}

func (l *Layer) open(sock inet.SocketID, flow inet.Flow, mtu int, o Options, fast *fastStart,
	fx *Effects) (*Conn, inet.Errno) {
	if e := l.CanOpen(flow, fx.Now); e != inet.OK {
		return nil, e
	}
	iss, rule := l.newISS(flow, fx.Now)
	var recent timestamps
	if old := l.Lookup(flow); old != nil {
		iss, recent = old.issAfter(iss), old.ts
		old.remove(inet.OK, rfc.TCPReuseTS, fx)
	}
	c := l.newConn(flow, mtu, o, iss, fx)
	c.sock, c.active = sock, true
	c.ts.recent = recent.recent
	c.opened(inet.Closed, rfc.TCPOpen, rule, fx)
	c.enter(inet.SynSent, rfc.TCPOpen, fx)
	why := fast.start(c, fx.Now)
	c.showSnd(why, fx)
	c.sendSYN(why, fx)
	c.userTimer(fx)
	c.check()
	return c, inet.OK
}

// CanOpen tells what OpenWith would answer now, and changes nothing: OK, ENETUNREACH or
// EADDRNOTAVAIL.
func (l *Layer) CanOpen(flow inet.Flow, now sim.Time) inet.Errno {
	if !unicast(flow.Remote.Addr) {
		return inet.ENETUNREACH
	}
	if old := l.Lookup(flow); old != nil && !old.reusable(now) {
		return inet.EADDRNOTAVAIL
	}
	return inet.OK
}

// unicast reports whether one host can have the address: MUST-46, "a TCP implementation
// MUST reject as an error a local OPEN call for an invalid remote IP address (e.g., a
// broadcast or multicast address)".
func unicast(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() &&
		a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// newConn makes a TCB in CLOSED.
func (l *Layer) newConn(flow inet.Flow, mtu int, o Options, iss seq.Num, fx *Effects) *Conn {
	c := l.draft(flow, mtu, o, iss)
	c.id = fx.IDs.NextConn()
	c.heardAt = fx.Now
	c.path.adv = fx.AdvMSS
	l.insert(c)
	return c
}

// draft makes what may become a TCB: nobody knows of it yet.
func (l *Layer) draft(flow inet.Flow, mtu int, o Options, iss seq.Num) *Conn {
	if mtu <= 0 {
		mtu = defaultMTU
	}
	c := &Conn{l: l, flow: flow, mtu: mtu, opts: o, iss: iss}
	c.path.first = mtu
	c.snd.queue = l.spareQueue()
	c.rcv.size, c.snd.size = l.k.RcvBuf, l.k.SndBuf
	if o.RcvBuf > 0 {
		c.rcv.size = o.RcvBuf
	}
	c.rcv.limit = c.rcv.size
	if o.SndBuf > 0 {
		c.snd.size = o.SndBuf
	}
	c.rcv.scale = l.windowScale(c.rcv.size, o.RcvBuf > 0)
	c.tsOffset = l.prf(flow, 't')
	c.ack.ato = l.k.DelAckMin
	c.snd.base, c.loss.fack = iss.Add(1), iss
	return c
}

// opened tells that the TCB exists, and its first variables.
func (c *Conn) opened(state inet.TCPState, rule, issRule rfc.ID, fx *Effects) {
	c.state = state
	emit(c, rule, event.ConnOpened{
		Sock: c.sock, Listener: c.listener, Local: c.flow.Local, Remote: c.flow.Remote,
		Active: c.active, State: state, ISS: c.iss,
	}, fx)
	c.snd.una, c.snd.nxt = c.iss, c.iss
	c.showSnd(issRule, fx)
	c.initialRTO(fx)
	if c.active {
		c.rcv.wnd = c.firstWindow()
		c.showRcv(rfc.TCPFirstWindow, fx)
	}
}
