package tcp

import (
	"strconv"
	"strings"
	"time"
)

// String is TCP_INFO for people: names as in struct tcp_info, sizes in segments where that
// counts segments, times rounded to microseconds. This is the STATUS call of RFC 9293
// §3.9.1.5, "an implementation-dependent user command".
func (i Info) String() string {
	var b strings.Builder
	word := func(name, value string) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(name + "=" + value)
	}
	number := func(name string, n int64) { word(name, strconv.FormatInt(n, 10)) }
	span := func(name string, d time.Duration) { word(name, d.Round(time.Microsecond).String()) }
	word("state", i.State.String())
	word("ca_state", i.CAState.String())
	number("snd_cwnd", i.SndCwnd)
	number("snd_ssthresh", i.SndSsthresh)
	number("snd_mss", int64(i.SndMSS))
	number("rcv_mss", int64(i.RcvMSS))
	number("unacked", i.Unacked)
	number("sacked", i.Sacked)
	number("lost", i.Lost)
	number("retrans", i.Retrans)
	span("rtt", i.RTT)
	span("rttvar", i.RTTVar)
	span("rto", i.RTO)
	number("rcv_space", int64(i.RcvSpace))
	return b.String()
}

// String returns Linux's name without its prefix.
func (s CAState) String() string {
	switch s {
	case CAOpen:
		return "Open"
	case CADisorder:
		return "Disorder"
	case CACWR:
		return "CWR"
	case CARecovery:
		return "Recovery"
	case CALoss:
		return "Loss"
	}
	return "?"
}
