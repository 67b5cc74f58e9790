package script

import (
	"labserver/stack/inet"
	"labserver/stack/tcp"
)

// infoOf answers a tcpi_ name for a descriptor, in the units of Linux's struct tcp_info:
// segments, octets, microseconds for what is measured, milliseconds for tcpi_last_….
func (r *runner) infoOf(fd int, name string) (int64, bool) {
	i, ok := r.w.TCPInfo(procID, fd)
	if !ok {
		return 0, false
	}
	switch name {
	case "tcpi_state":
		return linuxState(i.State), true
	case "tcpi_options":
		return infoOptions(i), true
	case "tcpi_ca_state":
		return int64(i.CAState), true
	}
	for _, n := range infoNumbers(i) {
		if n.name == name {
			return n.value, true
		}
	}
	return 0, false
}

// infoNames lists every tcpi_ name that is answered.
func infoNames() []string {
	names := []string{"tcpi_state", "tcpi_options", "tcpi_ca_state"}
	for _, n := range infoNumbers(tcp.Info{}) {
		names = append(names, n.name)
	}
	return names
}

// infoNumbers lists the plain numbers of tcp_info.
func infoNumbers(i tcp.Info) []named {
	return []named{
		{"tcpi_snd_cwnd", i.SndCwnd}, {"tcpi_snd_ssthresh", i.SndSsthresh},
		{"tcpi_unacked", i.Unacked}, {"tcpi_sacked", i.Sacked}, {"tcpi_lost", i.Lost},
		{"tcpi_retrans", i.Retrans}, {"tcpi_reordering", i.Reordering},
		{"tcpi_total_retrans", i.TotalRetrans}, {"tcpi_advmss", int64(i.AdvMSS)},
		{"tcpi_snd_mss", int64(i.SndMSS)}, {"tcpi_rcv_mss", int64(i.RcvMSS)},
		{"tcpi_pmtu", int64(i.PMTU)}, {"tcpi_rtt", micro(i.RTT)}, {"tcpi_rttvar", micro(i.RTTVar)},
		{"tcpi_rto", micro(i.RTO)}, {"tcpi_ato", micro(i.ATO)}, {"tcpi_min_rtt", micro(i.MinRTT)},
		{"tcpi_rcv_space", int64(i.RcvSpace)}, {"tcpi_last_data_sent", milli(i.LastDataSent)},
		{"tcpi_last_data_recv", milli(i.LastDataRecv)}, {"tcpi_last_ack_recv", milli(i.LastAckRecv)},
		{"tcpi_busy_time", micro(i.BusyTime)}, {"tcpi_rwnd_limited", micro(i.RwndLimited)},
		{"tcpi_sndbuf_limited", micro(i.SndbufLimited)}, {"tcpi_bytes_acked", int64(i.BytesAcked)},
		{"tcpi_bytes_received", int64(i.BytesReceived)}, {"tcpi_retransmits", i.Retransmits},
		{"tcpi_probes", i.Probes}, {"tcpi_backoff", i.Backoff},
	}
}

// linuxState numbers the states as Linux does.
func linuxState(s inet.TCPState) int64 {
	names := []string{"TCP_CLOSE", "TCP_LISTEN", "TCP_SYN_SENT", "TCP_SYN_RECV",
		"TCP_ESTABLISHED", "TCP_FIN_WAIT1", "TCP_FIN_WAIT2", "TCP_CLOSE_WAIT", "TCP_CLOSING",
		"TCP_LAST_ACK", "TCP_TIME_WAIT"} // in the order of package inet, RFC 9293's
	return symbolOr0(names[s])
}

func infoOptions(i tcp.Info) int64 {
	var bits int64
	for n, on := range []bool{i.Timestamps, i.SACK, i.WindowScale, i.ECN, i.ECNSeen, i.SynData} {
		if on {
			bits |= 1 << n
		}
	}
	return bits
}
