package tcp

import (
	"time"

	"labserver/stack/inet"
	"labserver/stack/sim"
)

// Info is what getsockopt(TCP_INFO) tells of a connection, in segments where the socket
// call counts segments. Fields are named as the members of struct tcp_info.
type Info struct {
	State       inet.TCPState
	CAState     CAState
	Timestamps  bool // of tcpi_options, as are the next three
	SACK        bool
	WindowScale bool
	ECN         bool
	ECNSeen     bool // a marked packet came
	SynData     bool // data in our SYN was acknowledged

	SndCwnd      int64 // segments, rounded down
	SndSsthresh  int64 // segments; 2^31-1 while it is "arbitrarily high"
	Unacked      int64 // segments outstanding
	Sacked       int64 // of these, held by the peer
	Lost         int64 // taken for lost
	Retrans      int64 // sent again and not yet acknowledged
	Reordering   int64 // segments
	TotalRetrans int64

	AdvMSS, SndMSS, RcvMSS inet.ByteCount
	PMTU                   int
	RTT, RTTVar, RTO, ATO  time.Duration
	MinRTT                 time.Duration
	RcvSpace               inet.ByteCount
	LastDataSent           time.Duration // ago
	LastDataRecv           time.Duration // ago
	LastAckRecv            time.Duration // ago
	BusyTime               time.Duration // with data to send
	RwndLimited            time.Duration // held back by the peer's window
	SndbufLimited          time.Duration // held back by the send buffer
	BytesAcked             uint64
	BytesReceived          uint64
	Retransmits            int64 // timeouts in a row
	Probes                 int64 // zero-window or keep-alive probes in a row
	Backoff                int64
}

// CAState is how far a sender is from plain sending, by Linux's names.
type CAState uint8

// The states, in Linux's order.
const (
	CAOpen CAState = iota
	CADisorder
	CACWR
	CARecovery
	CALoss
)

// Info returns what TCP_INFO tells now.
func (c *Conn) Info(now sim.Time) Info {
	smss := max(int64(c.snd.mss), 1)
	i := Info{
		State: c.state, SynData: c.fast.acked || c.fast.taken,
		Timestamps: c.ts.on, SACK: c.sack, WindowScale: c.scaling,
		ECN: c.ecn.on, ECNSeen: c.ecn.seen,
		SndCwnd: int64(c.cc.cwnd) / smss, SndSsthresh: int64(c.cc.ssthresh) / smss,
		Unacked: int64(c.snd.queue.len()), Reordering: int64(c.dupThresh()),
		AdvMSS: inet.ByteCount(c.announcedMSS()), SndMSS: inet.ByteCount(c.snd.mss),
		RcvMSS: inet.ByteCount(c.rcv.segMax), PMTU: c.mtu,
		MinRTT: c.rtt.least.get(), RTT: c.rtt.srtt, RTTVar: c.rtt.rttvar, RTO: c.rto(), ATO: c.ack.ato,
		RcvSpace: c.rcvSpace(), LastDataSent: now.Sub(c.snd.sentAt),
		LastDataRecv: now.Sub(c.ack.dataAt), LastAckRecv: now.Sub(c.heardAt),
		Retransmits: int64(c.retries), Probes: int64(c.probes + c.keepTries),
		Backoff: int64(max(c.rtt.backoff, c.probeBackoff)),
	}
	if c.ts.on {
		i.AdvMSS -= tsOptionLen // RFC 6691 does not count options in the MSS; linux shows what is left
	}
	if !c.ack.heard {
		i.ATO = 0
	}
	if c.rtt.measured {
		i.RTTVar = max(i.RTTVar, c.l.k.MinRTTVar/4)
	}
	if c.cc.ssthresh >= noSsthresh {
		i.SndSsthresh = int64(noSsthresh)
	}
	c.lossInfo(&i, now)
	return i
}

// rcvSpace is what the program is thought to read in a round trip: before it was measured,
// ten segments.
func (c *Conn) rcvSpace() inet.ByteCount {
	first := min(int(c.rcv.wnd)+c.rcv.buf.len(), 10*c.announcedMSS())
	return inet.ByteCount(max(c.rcv.drsMost, first))
}
