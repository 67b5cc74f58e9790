package tcp

import (
	"encoding/binary"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// SYN cookies: RFC 4987 §3.6 and appendix A. When the SYN queue is full, the listener keeps
// nothing of a SYN. What a TCB would hold goes into the SYN,ACK, and the peer's ACK brings
// it back: the class of its MSS and the minute in the sequence number, the rest of its
// options in the low bits of the timestamp. The layout is linux's, with the peer's ISN in
// both hashes.

const (
	cookieTick = time.Minute
	// cookieLife is how many ticks a cookie stays good.
	cookieLife = 2
	// cookieBits is the width of the part that holds the class, hashed with the tick.
	cookieBits = 24
	cookieMask = 1<<cookieBits - 1
)

// The low bits of a timestamp that carry options.
const (
	cookieScale   = 0xf // the peer's window scale; 15: none
	cookieSACK    = 1 << 4
	cookieECN     = 1 << 5
	cookieStamps  = 1<<6 - 1
	cookieNoScale = 15
)

// cookieState is what a listener knows of its cookies. The zero value has sent none.
type cookieState struct {
	sent bool
	at   sim.Time // when the SYN queue was last full
}

// cookieClasses is how many sizes a cookie can tell apart.
const cookieClasses = 4

// cookieMSS returns the classes of MSS that a cookie can tell of.
func cookieMSS(v4 bool) [cookieClasses]uint16 {
	if v4 {
		return [cookieClasses]uint16{536, 1300, 1440, 1460}
	}
	return [cookieClasses]uint16{1220, 1420, 1440, 8940}
}

// wantsCookie reports whether a SYN is to be answered without keeping it.
func (li *Listener) wantsCookie() bool {
	k := li.l.k.SynCookies
	return k > 1 || k == 1 && li.synQueueFull()
}

// sendCookie answers a SYN with a cookie for an ISS.
func (li *Listener) sendCookie(flow inet.Flow, a *arrival, fx *Effects) {
	li.cookies = cookieState{true, fx.Now}
	seg := a.seg
	c := li.l.draft(flow, li.pathMTU(fx), li.opts, 0)
	c.path.adv = fx.AdvMSS
	c.agree(&seg.Opts)
	c.agreeECN(seg)
	class := uint32(0)
	for i, mss := range cookieMSS(flow.Local.Addr.Is4()) {
		if mss <= seg.Opts.MSS {
			class = uint32(i)
		}
	}
	out := wire.TCP{SrcPort: flow.Local.Port, DstPort: flow.Remote.Port,
		Seq: li.l.cookie(flow, seg.Seq, cookieMinute(fx.Now), class), Ack: seg.Seq.Add(1),
		Flags: wire.SYN | wire.ACK, Wnd: uint16(c.firstWindow())}
	c.ts.recent = seg.Opts.TSVal
	if !c.ts.on { // no room to remember them
		c.sack, c.scaling, c.ecn.on = false, false, false
	}
	c.setOptions(&out, c.cookieStamp(fx.Now))
	c.markECN(&out, false, rfc.TCPCookieSent)
	li.l.emit(flow, "", &out, false, rfc.TCPCookieSent, fx)
}

func cookieMinute(now sim.Time) uint32 { return uint32(int64(now) / int64(cookieTick)) }

// cookie makes an ISS that proves, when it comes back, that this host sent it: two keyed
// hashes of the flow around the tick, the class and the peer's ISN.
func (l *Layer) cookie(flow inet.Flow, irs seq.Num, minute, class uint32) seq.Num {
	return seq.Num(l.prf(flow, 'c') + uint32(irs) + minute<<cookieBits +
		(l.cookieHash(flow, irs, minute)+class)&cookieMask)
}

func (l *Layer) cookieHash(flow inet.Flow, irs seq.Num, minute uint32) uint32 {
	more := binary.BigEndian.AppendUint32(nil, minute)
	sum := l.digest(flow, 'k', binary.BigEndian.AppendUint32(more, uint32(irs)))
	return binary.BigEndian.Uint32(sum[:])
}

// openCookie reads the class out of a cookie; false when this host did not send it to this
// peer within its life.
func (l *Layer) openCookie(cookie seq.Num, flow inet.Flow, irs seq.Num, minute uint32) (uint32,
	bool) {
	rest := uint32(cookie) - l.prf(flow, 'c') - uint32(irs)
	age := (minute - rest>>cookieBits) & (1<<(32-cookieBits) - 1)
	if age >= cookieLife {
		return 0, false
	}
	class := (rest - l.cookieHash(flow, irs, minute-age)) & cookieMask
	return class, class < cookieClasses
}

// cookieStamp is the timestamp of a SYN,ACK that carries options in its low bits, and is
// not of the future.
func (c *Conn) cookieStamp(now sim.Time) uint32 {
	bits := uint32(cookieNoScale)
	if c.scaling {
		bits = uint32(c.snd.scale)
	}
	if c.sack {
		bits |= cookieSACK
	}
	if c.ecn.on {
		bits |= cookieECN
	}
	clock := c.tsNow(now)
	stamp := clock&^cookieStamps | bits
	if int32(stamp-clock) > 0 {
		stamp -= cookieStamps + 1
	}
	return stamp
}

// answersCookie takes an ACK in LISTEN that may answer a cookie, and reports whether it
// dealt with it. A good cookie makes the connection that the SYN did not.
func (li *Listener) answersCookie(flow inet.Flow, a *arrival, fx *Effects) bool {
	seg, k := a.seg, li.l.k
	recent := li.cookies.sent && fx.Now.Sub(li.cookies.at) < cookieLife*cookieTick
	if seg.Flags&(wire.SYN|wire.ACK) != wire.ACK || k.SynCookies == 0 || !recent {
		return false
	}
	class, ok := li.l.openCookie(seg.Ack-1, flow, seg.Seq-1, cookieMinute(fx.Now))
	switch {
	case !ok:
		refuse("", a.pkt, "bad-cookie", 0, rfc.TCPCookieBad, fx)
		li.l.replyRST(flow, "", seg, rfc.TCPCookieBad, fx)
	case li.full():
		refuse("", a.pkt, "accept-queue-full", 0, rfc.TCPAcceptFull, fx)
	default:
		li.fromCookie(flow, a, class, fx)
	}
	return true
}

// fromCookie makes the connection that a cookie stands for, as if its SYN,ACK had just
// been sent, and lets it take the segment that brought the cookie back.
func (li *Listener) fromCookie(flow inet.Flow, a *arrival, class uint32, fx *Effects) {
	seg := a.seg
	syn := wire.TCP{Flags: wire.SYN, Seq: seg.Seq - 1, Wnd: seg.Wnd}
	o := &syn.Opts
	o.MSS = cookieMSS(flow.Local.Addr.Is4())[class]
	if seg.Opts.HasTS {
		o.HasTS, o.TSVal = true, seg.Opts.TSVal
		bits := seg.Opts.TSEcr
		o.SACKOK = bits&cookieSACK != 0
		if bits&cookieECN != 0 {
			syn.Flags |= ecnSetup
		}
		if scale := bits & cookieScale; scale != cookieNoScale {
			o.HasWScale, o.WScale = true, uint8(scale)
		}
	}
	c := li.l.newConn(flow, li.pathMTU(fx), li.opts, seg.Ack-1, fx)
	c.li, c.listener = li, li.sock
	li.halfway++
	c.opened(inet.Listen, rfc.TCPCookieACK, rfc.TCPCookieACK, fx)
	c.settle(&syn, rfc.TCPCookieACK, fx)
	c.enter(inet.SynReceived, rfc.TCPCookieACK, fx)
	// Sent "again", so that nobody measures a round trip by a SYN,ACK whose time is forgotten.
	c.snd.queue.push(sent{seq: c.iss, end: c.iss.Add(1), at: fx.Now, again: true, syn: true})
	c.snd.nxt = c.iss.Add(1)
	c.showSnd(rfc.TCPCookieACK, fx)
	c.startRTO(fx)
	c.segment(a, fx)
}
