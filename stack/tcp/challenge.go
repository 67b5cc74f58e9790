package tcp

import (
	"time"

	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// challengeBudget bounds the challenge ACKs of a host: RFC 5961 §7, "an implementation
// SHOULD include an ACK throttling mechanism to be conservative".
type challengeBudget struct {
	since sim.Time
	left  int64
	begun bool
}

// takeChallenge uses up one challenge ACK of the present second. The limit of each second is
// drawn between half and all of the knob, so that nobody can count on it from outside
// (the side channel of a fixed limit is CVE-2016-5696).
func (l *Layer) takeChallenge(now sim.Time) bool {
	b, limit := &l.challenge, l.k.ChallengeLimit
	if !b.begun || now.Sub(b.since) >= time.Second {
		half := (limit + 1) / 2
		*b = challengeBudget{since: now, begun: true}
		b.left = half + int64(l.rand.Below(uint64(limit-half+1)))
	}
	if b.left <= 0 {
		return false
	}
	b.left--
	return true
}

// answerInvalid answers an unacceptable segment with <SEQ=SND.NXT><ACK=RCV.NXT>
// <CTL=ACK>. Segments without data or FIN are answered at a bounded rate: two confused
// ends would otherwise answer each other for ever.
func (c *Conn) answerInvalid(a *arrival, rule rfc.ID, fx *Effects) {
	loops := a.seg.Flags.Has(wire.SYN) || a.seg.Len() == 0
	if loops && !c.mayAnswer(fx) {
		refuse(c.id, a.pkt, "ack-limit", 0, rfc.TCPACKLimit, fx)
		return
	}
	c.sendACK(rule, fx)
}

// challengeACK sends a challenge ACK, within the limits.
func (c *Conn) challengeACK(a *arrival, rule rfc.ID, fx *Effects) {
	if !c.mayAnswer(fx) || !c.l.takeChallenge(fx.Now) {
		refuse(c.id, a.pkt, "ack-limit", 0, rfc.TCPACKLimit, fx)
		return
	}
	c.sendACK(rule, fx)
}

// mayAnswer reports whether this connection's limit lets an invalid segment be answered.
func (c *Conn) mayAnswer(fx *Effects) bool {
	switch k := c.l.k; {
	case c.oowAcks == 0 || fx.Now.Sub(c.oowAckAt) >= k.InvalidRateLimit:
		c.oowAcks, c.oowAckAt = 1, fx.Now
	case c.oowAcks >= k.InvalidLimit:
		return false
	default:
		c.oowAcks++
	}
	return true
}

// The values of Knobs.ChallengeACK between none and all.
const (
	challengeSYNs = 2 // only SYNs are questioned
	challengeRSTs = 3 // only RSTs are
)

// questions reports whether a segment with this flag, RST or SYN, must prove itself.
func (l *Layer) questions(flag wire.Flags) bool {
	switch l.k.ChallengeACK {
	case 0:
		return false
	case challengeSYNs:
		return flag == wire.SYN
	case challengeRSTs:
		return flag == wire.RST
	}
	return true
}
