package tcp

import (
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// Segment sizes (RFC 9293 §3.7.1) and what else a SYN settles.

const (
	// minMSS keeps a tiny MTU or a hostile MSS Option from costing more headers than
	// data; linux has the same floor.
	minMSS = 48
	// defaultMTU serves a path whose MTU the caller does not know.
	defaultMTU = 1500
	// tsOptionLen is the timestamps option with its padding (RFC 7323 §3).
	tsOptionLen = 12
)

// headers is the size of the fixed IP and TCP headers.
func (c *Conn) headers() int {
	if c.v6() {
		return 60
	}
	return 40
}

// v6 reports whether the connection's packets are IPv6.
func (c *Conn) v6() bool {
	a := c.flow.Local.Addr
	return a.Is6() && !a.Is4In6()
}

// announcedMSS is what our MSS Option says: "the effective MTU minus the fixed IP and
// TCP headers" of the link the connection began with, or what the route says instead. It
// is sent always (MAY-3). A path that turned out narrow on the way there does not count:
// the option tells what we can receive (MUST-67).
func (c *Conn) announcedMSS() int {
	mss := c.path.adv
	if mss == 0 {
		mss = c.path.first - c.headers()
	}
	mss = min(max(mss, minMSS), maxField)
	if c.opts.MaxSeg > 0 {
		mss = min(mss, c.opts.MaxSeg)
	}
	return mss
}

// segmentMSS is the size of a segment before options are deducted: what the peer, the path
// and the program allow.
func (c *Conn) segmentMSS() int {
	path := c.mtu
	if c.sizing.on {
		path = min(path, c.sizing.low)
	}
	mss := min(max(c.snd.peerMSS, minMSS), max(path-c.headers(), minMSS))
	if c.opts.MaxSeg > 0 {
		mss = min(mss, c.opts.MaxSeg)
	}
	return mss
}

// sendMSS is the effective send MSS: RFC 9293 §3.7.1, "Eff.snd.MSS = min(SendMSS+20, MMS_S)
// - TCPhdrsize - IPoptionsize". Options that every segment carries are deducted here (RFC
// 6691 §2), others by effectiveMSS.
func (c *Conn) sendMSS() int {
	mss := c.segmentMSS()
	if c.ts.on && !c.l.k.mutant(mutantOptionsMissing) {
		mss -= tsOptionLen
	}
	return mss
}

// settle takes what the peer's SYN carries and tells what follows from it. IRS is its
// sequence number.
func (c *Conn) settle(seg *wire.TCP, rule rfc.ID, fx *Effects) {
	c.irs = seg.Seq
	c.rcv.nxt = seg.Seq.Add(1)
	c.rcv.lastAck = c.rcv.nxt
	o := &seg.Opts
	c.agree(o)
	if c.ts.on {
		c.ts.note(o.TSVal, fx.Now)
	}
	c.agreeECN(seg)

	// MUST-16: "the effective send MSS MUST be the smaller of the send MSS […] and the
	// largest transmission size permitted by the IP layer"; MUST-15 is the default.
	settled := rfc.TCPSendMSS
	peer := int(o.MSS)
	if peer == 0 {
		settled, c.noMSS = rfc.TCPDefaultMSS, true
		peer = c.defaultMSS()
	}
	c.snd.peerMSS = peer
	if c.l.k.MTUProbing == 2 {
		c.startSizing()
	}
	c.snd.mss = c.sendMSS()
	// Until the peer's segments show how large they are, assume the default.
	c.rcv.segMax = min(536, c.snd.mss)
	if !c.active {
		c.rcv.wnd = c.firstWindow()
	}
	if c.l.k.WholeBuffers != 0 {
		c.roundBuffers()
	}
	c.snd.wnd = seq.Size(seg.Wnd) // RFC 7323 §2.2: a SYN's window is never scaled
	c.snd.maxWnd = c.snd.wnd
	c.snd.wl1, c.snd.wl2 = seg.Seq, seg.Ack
	emit(c, settled, c.synchronized(), fx)
	c.showRcv(rule, fx)
}

// defaultMSS is what a peer takes that names no MSS (MUST-15).
func (c *Conn) defaultMSS() int {
	if c.v6() {
		return 1220
	}
	return 536
}

// agree settles which extensions both ends use: those that the peer's SYN offers and our
// knobs allow.
func (c *Conn) agree(o *wire.Options) {
	k := c.l.k
	c.sack = o.SACKOK && k.SACK != 0
	c.scaling = o.HasWScale && k.WindowScale != 0
	c.snd.scale = min(o.WScale, maxScale) // RFC 7323 §2.3: log and use 14
	if !c.scaling {
		c.snd.scale, c.rcv.scale = 0, 0
	}
	c.ts.on = o.HasTS && k.Timestamps != 0
}

// synchronized is what the SYNs settled, for the event.
func (c *Conn) synchronized() event.ConnSynchronized {
	return event.ConnSynchronized{
		IRS: c.irs, SMSS: inet.ByteCount(c.snd.mss), SndWScale: c.snd.scale,
		RcvWScale: c.rcv.scale, Timestamps: c.ts.on, SACK: c.sack, ECN: c.ecn.on,
	}
}
