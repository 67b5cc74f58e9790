package tcp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// TCP Fast Open: RFC 7413. A client that has shown before that it receives what is sent to
// its address may put data in its SYN, and the server's program may read and answer it
// before the handshake is over.

// The bits of the knob tcp_fastopen, as linux has them.
const (
	foClient       = 1 << 0
	foServer       = 1 << 1
	foClientNoAsk  = 1 << 2 // data goes in the SYN without a cookie
	foServerNoAsk  = 1 << 9 // data in a SYN is taken without a cookie
	foCookieLen    = 8
	foKeyLife      = 24 * time.Hour // RFC 7413 §4.1.2 wants keys that expire
	foSilence      = time.Minute    // doubled by every loss
	foMaxLosses    = 10
	maxFastCookies = 1024 // servers a client remembers
)

// fastOpen is the state of one connection. The zero value has nothing to do with it.
type fastOpen struct {
	ask    bool      // the SYN carries the option
	grant  bool      // the SYN,ACK carries the option, with a cookie for the peer
	cookie []byte    // of the peer's giving, or for it
	exp    bool      // the peer's option was that of the experiment: so is our answer
	octets int       // data in our SYN
	acked  bool      // all of it was taken
	taken  bool      // the peer's SYN was taken with its data, before the handshake is over
	queue  *Listener // in whose count of such connections this one is
}

// fastCookie is what a client keeps of a server (RFC 7413 §4.1.3): "the client MUST cache
// cookies from servers for later Fast Open connections", with the MSS.
type fastCookie struct {
	server netip.Addr
	cookie []byte
	mss    uint16
	losses uint8 // SYNs in a row that only a repetition without data brought through
	lostAt sim.Time
}

// fastCookieOf finds what is kept of a server, or nil.
func (l *Layer) fastCookieOf(server netip.Addr) *fastCookie {
	for i := range l.fastCookies {
		if l.fastCookies[i].server == server {
			return &l.fastCookies[i]
		}
	}
	return nil
}

// rememberServer returns what is kept of a server, and begins to keep something. The one
// kept longest makes room.
func (l *Layer) rememberServer(server netip.Addr) *fastCookie {
	if f := l.fastCookieOf(server); f != nil {
		return f
	}
	if len(l.fastCookies) == maxFastCookies {
		l.fastCookies = append(l.fastCookies[:0], l.fastCookies[1:]...)
	}
	l.fastCookies = append(l.fastCookies, fastCookie{server: server})
	return &l.fastCookies[len(l.fastCookies)-1]
}

// HasFastOpenCookie reports whether data could go in the SYN to a server: a connect with
// TCP_FASTOPEN_CONNECT then waits for the first data.
func (l *Layer) HasFastOpenCookie(server netip.Addr, now sim.Time) bool {
	f := l.fastCookieOf(server)
	known := f != nil && len(f.cookie) > 0 || l.k.FastOpen&foClientNoAsk != 0
	return l.k.FastOpen&foClient != 0 && known && !f.silent(now)
}

// ForgetFastOpenCookies empties the client's cache.
func (l *Layer) ForgetFastOpenCookies() { l.fastCookies = nil }

// silent: RFC 7413 §4.1.3.1, Client Caching Negative Responses, so that a path that drops
// such SYNs does not cost its timeout again and again. One loss proves nothing; after two
// the server is left alone for a time that doubles.
func (f *fastCookie) silent(now sim.Time) bool {
	return f != nil && f.losses > 1 && now.Sub(f.lostAt) < foSilence<<f.losses
}

// OpenData is OpenWith for a client that has data to begin with: sendto with MSG_FASTOPEN.
// N octets of it went into the SYN: none when there is no cookie for the server yet, which
// the SYN asks for then.
func (l *Layer) OpenData(sock inet.SocketID, flow inet.Flow, mtu int, o Options, data []byte,
	fx *Effects) (c *Conn, n int, e inet.Errno) {
	c, e = l.open(sock, flow, mtu, o, &fastStart{data}, fx)
	if c != nil {
		n = c.fast.octets
	}
	return c, n, e
}

// fastStart is what an OPEN with Fast Open has more than another.
type fastStart struct{ data []byte }

// start decides what goes into the SYN besides, and why.
func (s *fastStart) start(c *Conn, now sim.Time) rfc.ID {
	k := c.l.k
	known := c.l.fastCookieOf(c.flow.Remote.Addr)
	switch {
	case s == nil || k.FastOpen&foClient == 0:
		return rfc.TCPOpen
	case known.silent(now):
		return rfc.TCPFastOpenSilent
	}
	mss := uint16(0)
	if known != nil {
		c.fast.cookie, mss = known.cookie, known.mss
	}
	bare := k.FastOpen&foClientNoAsk != 0 && c.fast.cookie == nil
	c.fast.ask = !bare
	if len(s.data) == 0 || !bare && c.fast.cookie == nil {
		return rfc.TCPFastOpenAsk
	}
	// "the client SHOULD NOT send more data than the MSS it remembers", less the options.
	var syn wire.TCP
	syn.Flags = wire.SYN
	c.setOptions(&syn, 0)
	room := min(int(mss), c.announcedMSS())
	if mss == 0 {
		room = c.defaultMSS()
	}
	c.fast.octets = max(0, min(len(s.data), room-syn.Opts.Len(), int(c.snd.size)))
	c.snd.buf.append(s.data[:c.fast.octets])
	return rfc.TCPFastOpenSend
}

// fastOpenAnswered takes what a SYN,ACK says to a SYN with the option or with data. Again
// tells that the SYN had to be repeated, which it is without both.
func (c *Conn) fastOpenAnswered(seg *wire.TCP, again bool, fx *Effects) {
	f := &c.fast
	if !f.ask && f.octets == 0 {
		return
	}
	f.acked = f.octets > 0 && c.snd.queue.len() == 0
	given := f.ask && len(seg.Opts.Cookie) > 0
	if given || f.octets > 0 {
		known := c.l.rememberServer(c.flow.Remote.Addr)
		if known.mss = seg.Opts.MSS; given {
			known.cookie = bytes.Clone(seg.Opts.Cookie)
		}
		if !again || given || f.acked {
			known.losses = 0
		} else if f.octets > 0 {
			known.losses, known.lostAt = min(known.losses+1, foMaxLosses), fx.Now
		}
	}
	if f.octets == 0 {
		return
	}
	if !f.acked && int(c.snd.wnd) >= f.octets {
		// RFC 7413 §4.2.2: "If the server does not acknowledge the data in the SYN, the client
		// retransmits it" once the connection is open.
		c.resend(0, rfc.TCPFastOpenAgain, fx)
	}
}

// fastKey makes the cookie of a client: RFC 7413 §4.1.2, a keyed hash of the "client IP
// address", and of ours, that expires with its key.
func (l *Layer) fastKey(flow inet.Flow, period uint64) []byte {
	flow.Local.Port, flow.Remote.Port = 0, 0
	sum := l.digest(flow, 'f', binary.BigEndian.AppendUint64(nil, period))
	return bytes.Clone(sum[:foCookieLen])
}

// fastDecision is what a server does with a SYN.
type fastDecision struct {
	take  bool   // connect at once, data and all
	grant []byte // a cookie to give, or nil
}

// judgeFastOpen decides about a SYN: "a valid cookie […] the server […] can process the
// data"; without one the handshake goes its usual way, and a cookie may come of it.
func (li *Listener) judgeFastOpen(flow inet.Flow, a *arrival, fx *Effects) (d fastDecision) {
	k, o := li.l.k, &a.seg.Opts
	free := k.FastOpen&foServerNoAsk != 0
	if k.FastOpen&foServer == 0 || li.opts.FastOpen == 0 || !o.FO && !(free && len(a.data) > 0) {
		return d
	}
	if li.fast >= li.opts.FastOpen {
		// RFC 7413 §5.1: the limit on pending Fast Open requests, so that forged SYNs with
		// stolen cookies cannot fill the memory.
		refuse("", a.pkt, "fast-open-queue-full", 0, rfc.TCPFastOpenFull, fx)
		return d
	}
	period := uint64(fx.Now) / uint64(foKeyLife)
	mine := li.l.fastKey(flow, period)
	switch {
	case free || bytes.Equal(o.Cookie, mine):
		return fastDecision{take: true}
	case len(o.Cookie) == 0:
		return fastDecision{grant: mine}
	case period > 0 && bytes.Equal(o.Cookie, li.l.fastKey(flow, period-1)):
		return fastDecision{take: true, grant: mine} // a new one before the old runs out
	}
	refuse("", a.pkt, "bad-cookie", 0, rfc.TCPFastOpenBad, fx)
	return fastDecision{grant: mine}
}

// takeFastOpen puts a connection whose SYN had a valid cookie into the accept queue, and
// the SYN's data before its reader.
func (li *Listener) takeFastOpen(c *Conn, a *arrival, fx *Effects) {
	c.fast.taken, c.fast.queue = true, li
	li.fast++
	n := min(len(a.data), int(c.rcv.wnd))
	if n > 0 {
		c.rcv.buf.append(a.data[:n])
		c.rcv.nxt = c.rcv.nxt.Add(seq.Size(n))
		c.rcv.wnd -= seq.Size(n)
		c.rcv.segMax = max(c.rcv.segMax, n)
		c.showRcv(rfc.TCPFastOpenTake, fx)
	}
	if left := int(a.seg.Len()) - 1 - n; left > 0 { // a FIN, or what does not fit
		refuse(c.id, a.pkt, "text-in-syn", left, rfc.TCPSynText, fx)
	}
	c.startCC(fx)
	li.waiting = append(li.waiting, c)
	li.showQueues(rfc.TCPFastOpenTake, fx)
	fx.ready(li)
}

// leaveFastOpen tells the listener that a connection is no longer pending.
func (c *Conn) leaveFastOpen() {
	if c.fast.queue != nil {
		c.fast.queue.fast--
		c.fast.queue = nil
	}
}
