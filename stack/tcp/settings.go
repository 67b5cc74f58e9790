package tcp

import (
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// What one connection has of its own, in place of its host's knobs.

// Options are the settings of one connection, or those a listener hands to its
// connections. The zero value is the host's defaults.
type Options struct {
	NoDelay    bool           // TCP_NODELAY: no Nagle (MUST-17)
	Cork       bool           // TCP_CORK: only full-sized segments, for 200 ms at the most
	RcvBuf     inet.ByteCount // receive buffer; 0: the knob's, growing
	SndBuf     inet.ByteCount // send buffer; 0: the knob's, growing
	MaxSeg     int            // TCP_MAXSEG: MSS announced and used at the most; 0: the path's
	Congestion string         // TCP_CONGESTION; "": the knob's
	RecvErr    bool           // IP_RECVERR: soft errors are told at once (SHLD-20)
	OOBInline  bool           // SO_OOBINLINE: urgent octets are read among the others

	KeepAlive    bool          // SO_KEEPALIVE (MUST-24, MUST-25)
	KeepIdle     time.Duration // TCP_KEEPIDLE; 0: the knob's, as with the next two
	KeepInterval time.Duration // TCP_KEEPINTVL
	KeepProbes   int64         // TCP_KEEPCNT

	UserTimeout time.Duration // TCP_USER_TIMEOUT; 0: the knob's
	OpenTimeout time.Duration // TCP_KEEPINIT: how long an open may take; 0: R2 decides
	SynRetries  int64         // TCP_SYNCNT; 0: the knob's
	FinTimeout  time.Duration // TCP_LINGER2; 0: the knob's, negative: no FIN-WAIT-2 at all

	TOS           uint8 // IP_TOS, IPV6_TCLASS (MUST-48); the two ECN bits are TCP's own
	TTL           uint8 // IP_TTL, IPV6_UNICAST_HOPS; 0: the host's (MUST-49)
	PMTUDiscovery PMTUMode

	FastOpen        int  // TCP_FASTOPEN of a listener: pending requests (RFC 7413 §5.1); 0: none
	FastOpenConnect bool // TCP_FASTOPEN_CONNECT: the first Send goes with the SYN
	ReusePort       bool // SO_REUSEPORT: a listener shares its endpoint
	V6Only          bool // IPV6_V6ONLY: a listener at :: takes no IPv4
}

// PMTUMode is IP_MTU_DISCOVER. The zero value is the knob's.
type PMTUMode uint8

// The modes; a value of the socket option is one less.
const (
	PMTUDefault PMTUMode = iota
	PMTUDont             // IP_PMTUDISC_DONT: no DF
	PMTUWant             // IP_PMTUDISC_WANT: DF, and fragments where that is not enough
	PMTUDo               // IP_PMTUDISC_DO: DF always
	PMTUProbe            // IP_PMTUDISC_PROBE: DF, and what ICMP says does not count
)

// KnownCongestion reports whether TCP_CONGESTION takes a name.
func KnownCongestion(name string) bool { _, ok := congestionByName(name, &Knobs{}); return ok }

// Options returns the connection's settings.
func (c *Conn) Options() Options { return c.opts }

// Configure changes the connection's settings.
func (c *Conn) Configure(o Options, fx *Effects) {
	old := c.opts
	c.opts = o
	if o.RcvBuf > 0 {
		c.resizeRcv(o.RcvBuf)
	}
	if o.SndBuf > 0 {
		c.snd.size = o.SndBuf
	}
	if c.state == inet.Closed {
		return
	}
	c.keepAliveChanged(old, fx)
	if old.UserTimeout != o.UserTimeout || old.OpenTimeout != o.OpenTimeout {
		c.stop(timerUser, rfc.TCPUserStop, fx)
		c.userTimer(fx)
	}
	c.output(fx) // TCP_NODELAY releases what Nagle held back, and so does the end of TCP_CORK
	c.check()
}

// orKnob returns a setting, or the host's knob where there is none.
func orKnob[T time.Duration | int64](setting, knob T) T {
	if setting != 0 {
		return setting
	}
	return knob
}

func (c *Conn) keepInterval() time.Duration {
	return orKnob(c.opts.KeepInterval, c.l.k.KeepInterval)
}

func (c *Conn) synRetries() int64         { return orKnob(c.opts.SynRetries, c.l.k.SynRetries) }
func (c *Conn) finTimeout() time.Duration { return orKnob(c.opts.FinTimeout, c.l.k.FinTimeout) }

func (c *Conn) keepIdle() time.Duration {
	if c.l.k.mutant(mutantHastyKeepalive) {
		return time.Minute
	}
	return orKnob(c.opts.KeepIdle, c.l.k.KeepIdle)
}

func (c *Conn) keepProbes() int64 {
	if c.l.k.mutant(mutantShortKeepalive) {
		return 1
	}
	return orKnob(c.opts.KeepProbes, c.l.k.KeepProbes)
}

// userTimeout is how long sent data may stay unacknowledged; 0: R2 alone decides.
func (c *Conn) userTimeout() time.Duration { return orKnob(c.opts.UserTimeout, c.l.k.UserTimeout) }

// congestionName is that of the algorithm in charge.
func (c *Conn) congestionName() string {
	if c.opts.Congestion != "" {
		return c.opts.Congestion
	}
	return c.l.k.Congestion
}
