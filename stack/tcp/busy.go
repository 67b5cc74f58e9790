package tcp

import (
	"time"

	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// What a sender's time goes to, as TCP_INFO tells it: RFC 4898 §3.3 calls the same
// tcpEStatsPerfSndLimTime.

// limit is what holds a sender back.
type limit uint8

const (
	limitIdle   limit = iota // nothing to send and nothing outstanding
	limitBusy                // the path: cwnd, or just the time that it takes
	limitRwnd                // the peer's window
	limitSndbuf              // the send buffer: the program has more than fits
	limitCount
)

// limitState counts the time spent in each. The zero value is idle.
type limitState struct {
	now   limit
	since sim.Time
	spent [limitCount]time.Duration
}

func (l *limitState) enter(next limit, now sim.Time) {
	if next != l.now {
		l.spent[l.now] += now.Sub(l.since)
		l.now, l.since = next, now
	}
}

// total is the time spent in one, up to now.
func (l *limitState) total(k limit, now sim.Time) time.Duration {
	if k == l.now {
		return l.spent[k] + now.Sub(l.since)
	}
	return l.spent[k]
}

// noteLimit notes what holds the sender back after it has sent what it may; held is the
// rule by which nothing more went out.
func (c *Conn) noteLimit(held rfc.ID, now sim.Time) {
	next := limitBusy
	switch {
	case c.unsent() > 0 && (held == rfc.TCPWindow || held == rfc.TCPSWSSender):
		next = limitRwnd
	case c.unsent() == 0 && c.snd.queue.len() == 0:
		next = limitIdle
	case c.unsent() == 0 && c.Room() == 0 && c.outstanding()+c.cc.smss <= c.cc.cwnd:
		next = limitSndbuf
	}
	c.limits.enter(next, now)
}

// lossInfo fills in what TCP_INFO tells of losses, in segments, and of the time.
func (c *Conn) lossInfo(i *Info, now sim.Time) {
	m := &c.snd.queue.marks
	i.Sacked, i.Lost = int64(m.sacked.segs), int64(m.lost.segs)
	if n := c.cc.smss; n > 0 && c.loss.guessed > 0 {
		i.Sacked += int64((c.loss.guessed + n - 1) / n)
	}
	i.Retrans, i.TotalRetrans = int64(m.retrans.segs), c.loss.sentAgain
	l := &c.limits
	i.RwndLimited, i.SndbufLimited = l.total(limitRwnd, now), l.total(limitSndbuf, now)
	i.BusyTime = l.total(limitBusy, now) + i.RwndLimited + i.SndbufLimited
	i.BytesAcked, i.BytesReceived = c.snd.acked, c.rcv.taken
	switch c.cc.phase {
	case phaseOpen:
		if c.cc.dupAcks > 0 || m.sacked.segs > 0 {
			i.CAState = CADisorder
		}
	case phaseCWR:
		i.CAState = CACWR
	case phaseRecovery:
		i.CAState = CARecovery
	case phaseLoss:
		i.CAState = CALoss
	}
}
