package tcp

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// Path MTU discovery: RFC 1191, RFC 8201, and RFC 5927 against those who forge it.

// pathState is what a connection knows of its path. The zero value has seen no packet
// turned back.
type pathState struct {
	first   int      // the MTU it began with
	adv     int      // the MSS that the route lets us announce; 0: by first
	lowered sim.Time // when it was last lowered, if it was
	tiny    bool     // it is said to be narrower than we go: routers must cut our packets
}

const (
	// minMTU6 is the least MTU of an IPv6 link (RFC 8200 §5).
	minMTU6 = 1280
	// pathAge is how long a lowered path MTU is believed: RFC 1191 §6.3, "the recommended
	// setting for this timer is twice its minimum value (10 minutes)".
	pathAge = 10 * time.Minute
)

// TooBig takes an ICMP "fragmentation needed" or an ICMPv6 "packet too big" about a segment
// with the sequence number at, sent on flow, that met a link of this MTU. Pkt is the packet
// of the ICMP message. It reports whether the message is to be believed, and by how much:
// then every connection of this host to the same destination has taken the new MTU, and IP
// should too.
func (l *Layer) TooBig(flow inet.Flow, at seq.Num, mtu int, pkt inet.PacketID,
	fx *Effects) (believed bool) {
	c := l.Lookup(flow)
	if c == nil || !c.quotes(at, pkt, fx) || !c.discoversPath() {
		return false
	}
	rule, least := rfc.TCPPathMTU, int(c.l.k.MinPMTU)
	tiny := false
	switch {
	case c.v6() && mtu < minMTU6:
		// RFC 8201 §4: "If a node receives a Packet Too Big message reporting a next-hop MTU
		// that is less than the IPv6 minimum link MTU, it must discard it."
		refuse(c.id, pkt, "mtu-below-1280", 0, rfc.TCPPathTiny6, fx)
		return false
	case c.v6():
		rule = rfc.TCPPathMTU6
	case mtu < least:
		mtu, tiny, rule = least, true, rfc.TCPPathTiny
	}
	if mtu >= c.mtu && !(tiny && !c.path.tiny) {
		// RFC 1191 §6.4: "the TCP layer must be able to recognize when a Datagram Too Big
		// notification actually decreases the PMTU that it has already used […], and should
		// ignore any other notifications."
		refuse(c.id, pkt, "mtu-not-smaller", 0, rfc.TCPPathKnown, fx)
		return false
	}
	for _, other := range l.order {
		// RFC 1191 §6.1: what uses the same path must be told too; its own segments that
		// were too big have their own messages.
		if other != c && other.flow.Remote.Addr == flow.Remote.Addr && other.discoversPath() {
			other.narrow(mtu, tiny, rule, fx)
		}
	}
	c.narrow(mtu, tiny, rule, fx)
	c.resendTooBig(fx)
	c.check()
	return true
}

// discoversPath reports whether the connection's packets may not be fragmented and what
// ICMP says of their size counts.
func (c *Conn) discoversPath() bool {
	switch c.opts.PMTUDiscovery {
	case PMTUDont, PMTUProbe:
		return false
	case PMTUWant, PMTUDo:
		return true
	}
	return c.l.k.PMTUDiscovery != 0
}

// mayFragment reports whether routers may cut the connection's packets (no DF).
func (c *Conn) mayFragment() bool {
	switch c.opts.PMTUDiscovery {
	case PMTUDont:
		return true
	case PMTUDo, PMTUProbe:
		return false
	}
	return c.path.tiny || !c.discoversPath()
}

// narrow takes a smaller path MTU.
func (c *Conn) narrow(mtu int, tiny bool, rule rfc.ID, fx *Effects) {
	c.path.tiny = c.path.tiny || tiny
	c.path.lowered = fx.Now
	if mtu < c.mtu {
		c.useMTU(mtu, rule, fx)
	}
}

// useMTU lets the path have a new MTU.
func (c *Conn) useMTU(mtu int, rule rfc.ID, fx *Effects) {
	c.mtu = mtu
	if s := &c.sizing; s.on {
		s.low, s.high, s.size = min(s.low, mtu), min(max(s.high, s.low), mtu), 0
	}
	c.resize(rule, fx)
}

// resize lets segments become smaller or larger with what is known of the path.
func (c *Conn) resize(rule rfc.ID, fx *Effects) {
	old := c.snd.mss
	if old == 0 || c.sendMSS() == old {
		return // the peer's SYN is still to settle it, or the peer takes no more anyway
	}
	c.snd.mss = c.sendMSS()
	emit(c, rule, event.ConnMSS{Old: inet.ByteCount(old), New: inet.ByteCount(c.snd.mss)}, fx)
	if c.cc.cwnd == 0 {
		return
	}
	// The windows are octets and stay. RFC 1191 §6.4: "a retransmission caused by a Datagram
	// Too Big message should not change the congestion window."
	c.cc.smss = inet.ByteCount(c.snd.mss)
	c.cc.cwnd = max(c.cc.cwnd, c.cc.smss)
	c.showCC(rule, fx)
}

// resendTooBig sends again what the narrow link turned back, in segments that fit. RFC 1191
// §6.4 lets TCP wait for its timer or do it "in immediate response".
//
// Deviation: the RFC would send one segment and wait for its acknowledgment. What was
// turned back is off the network, so the window lets as much go as linux does.
func (c *Conn) resendTooBig(fx *Effects) {
	q := &c.snd.queue
	some := false
	for i := range q.len() {
		s := q.at(i)
		if int(s.len()) > c.snd.mss+1 && !s.syn && !s.sacked && !s.due() {
			c.lose(i, rfc.TCPPathLost, rfc.TCPPathResend, nil, fx)
			some = true
		}
	}
	if some {
		c.mend(rfc.TCPPathLost, fx)
		c.output(fx)
	}
}

// mend repairs losses that are no sign of congestion: the window stays, and duplicate
// acknowledgments mean nothing until all that is outstanding has been acknowledged.
func (c *Conn) mend(rule rfc.ID, fx *Effects) {
	if c.cc.phase == phaseOpen {
		c.cc.phase, c.cc.dupAcks, c.cc.limited = phaseLoss, 0, 0
		c.cc.high = lossMark{c.snd.nxt, true}
		c.showCC(rule, fx)
	}
}

// widen tries the first MTU again when the narrow one is old. RFC 1191 §6.3: "periodically
// a host SHOULD increase its PMTU estimate […] to the MTU of the first-hop data link"; if
// the path is still narrow, that costs one segment.
func (c *Conn) widen(fx *Effects) {
	if c.mtu < c.path.first && c.unsent() > 0 && c.path.lowered > 0 &&
		fx.Now.Sub(c.path.lowered) >= pathAge &&
		c.discoversPath() {
		c.path.lowered, c.path.tiny = 0, false
		c.useMTU(c.path.first, rfc.TCPPathRaise, fx)
	}
}
