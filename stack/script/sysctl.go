package script

import (
	"strconv"
	"strings"
)

// sysctl is one name of a kernel's settings and what it means here. A row without a knob
// is known and has nothing to set: what it tunes is not there, or never off.
type sysctl struct {
	name  string
	knobs []string
	as    reading
}

// reading is how a value becomes a knob's.
type reading uint8

const (
	asIs        reading = iota
	toSwitch            // anything but 0 is 1
	inverted            // 0 is 1, anything else is 0
	oneMore             // the first that is no longer, of the last that still is
	fromSec             // seconds to milliseconds
	fromMS              // milliseconds of any size
	fromUS              // microseconds to milliseconds
	doubled             // an MSL to two of them
	triple              // minimum, default, maximum of a buffer: the first knob gets the default
	pair                // low and high
	asName              // of a congestion control
	fromTLP             // 3 and more switch tail loss probes on
	lowBits             // the 16 lowest bits
	capped              // octets, up to the greatest buffer
	asChallenge         // one half of tcp_challenge_ack; see challenge
)

// sysctls is the table of names in public use.
func sysctls() []sysctl {
	var all []sysctl
	for _, part := range []struct {
		under string
		rows  []sysctl
	}{
		{"net.ipv4.", linuxSysctls()}, {"net.inet.tcp.", freebsdSysctls()}, {"", otherSysctls()},
	} {
		for _, row := range part.rows {
			row.name = part.under + row.name
			all = append(all, row)
		}
	}
	return all
}

func linuxSysctls() []sysctl {
	return []sysctl{
		{"tcp_congestion_control", []string{"tcp_congestion_control"}, asName},
		{"tcp_ecn", []string{"tcp_ecn"}, asIs},
		{"tcp_ecn_fallback", []string{"tcp_ecn_fallback"}, asIs},
		{"tcp_sack", []string{"tcp_sack"}, toSwitch},
		{"tcp_dsack", []string{"tcp_dsack"}, toSwitch},
		{"tcp_timestamps", []string{"tcp_timestamps"}, toSwitch},
		{"tcp_window_scaling", []string{"tcp_window_scaling"}, toSwitch},
		{"tcp_early_retrans", []string{"tcp_tlp"}, fromTLP},
		{"tcp_recovery", []string{"tcp_recovery"}, asIs},
		{"tcp_frto", []string{"tcp_frto"}, toSwitch},
		{"tcp_reordering", []string{"tcp_reordering"}, asIs},
		{"tcp_max_reordering", []string{"tcp_max_reordering"}, asIs},
		{"tcp_mtu_probing", []string{"tcp_mtu_probing"}, asIs},
		{"tcp_base_mss", []string{"tcp_base_mss_bytes"}, asIs},
		{"tcp_slow_start_after_idle", []string{"tcp_slow_start_after_idle"}, toSwitch},
		{"tcp_min_tso_segs", nil, asIs},
		{"tcp_tso_win_divisor", nil, asIs},
		{"tcp_tso_rtt_log", nil, asIs},
		{"tcp_fastopen", []string{"tcp_fastopen"}, lowBits},
		{"tcp_fastopen_key", nil, asIs},
		{"tcp_fastopen_blackhole_timeout_sec", nil, asIs},
		{"tcp_syn_retries", []string{"tcp_syn_retries"}, asIs},
		{"tcp_synack_retries", []string{"tcp_synack_retries"}, asIs},
		{"tcp_syn_linear_timeouts", []string{"tcp_syn_linear_timeouts"}, asIs},
		{"tcp_retrans_collapse", []string{"tcp_retrans_collapse"}, toSwitch},
		{"tcp_retries1", []string{"tcp_retries1"}, asIs},
		{"tcp_retries2", []string{"tcp_retries"}, asIs},
		{"tcp_syncookies", []string{"tcp_syncookies"}, asIs},
		{"tcp_max_syn_backlog", []string{"tcp_max_syn_backlog"}, asIs},
		{"tcp_abort_on_overflow", []string{"tcp_abort_on_overflow"}, toSwitch},
		{"tcp_fin_timeout", []string{"tcp_fin_timeout_ms"}, fromSec},
		{"tcp_tw_reuse", []string{"tcp_tw_reuse"}, toSwitch},
		{"tcp_rfc1337", []string{"tcp_rfc1337"}, toSwitch},
		{"tcp_rmem", []string{"tcp_rcvbuf_bytes", "tcp_rcvbuf_max_bytes"}, triple},
		{"tcp_wmem", []string{"tcp_sndbuf_bytes", "tcp_sndbuf_max_bytes"}, triple},
		{"tcp_moderate_rcvbuf", []string{"tcp_moderate_rcvbuf"}, toSwitch},
		{"tcp_shrink_window", []string{"tcp_shrink_window"}, toSwitch},
		{"tcp_adv_win_scale", []string{"tcp_adv_win_scale"}, asIs},
		{"tcp_keepalive_time", []string{"tcp_keepalive_time_ms"}, fromSec},
		{"tcp_keepalive_intvl", []string{"tcp_keepalive_intvl_ms"}, fromSec},
		{"tcp_keepalive_probes", []string{"tcp_keepalive_probes"}, asIs},
		{"tcp_challenge_ack_limit", []string{"tcp_challenge_ack_limit"}, asIs},
		{"tcp_invalid_ratelimit", []string{"tcp_invalid_ratelimit_ms"}, fromMS},
		{"tcp_rto_min_us", []string{"tcp_rto_min_ms", "tcp_rttvar_min_ms"}, fromUS},
		{"tcp_rto_max_ms", []string{"tcp_rto_max_ms"}, asIs},
		{"ip_default_ttl", []string{"ip_default_ttl"}, asIs},
		{"ip_no_pmtu_disc", []string{"tcp_pmtu_discovery"}, inverted},
		{"ip_local_port_range", []string{"ip_local_port_high", "ip_local_port_low"}, pair},
		{"tcp_autocorking", nil, asIs}, {"tcp_available_congestion_control", nil, asIs},
		{"tcp_allowed_congestion_control", nil, asIs}, {"tcp_no_metrics_save", nil, asIs},
		{"tcp_notsent_lowat", nil, asIs}, {"tcp_limit_output_bytes", nil, asIs},
		{"tcp_min_rtt_wlen", nil, asIs}, {"tcp_pacing_ca_ratio", nil, asIs},
		{"tcp_pacing_ss_ratio", nil, asIs}, {"tcp_comp_sack_delay_ns", nil, asIs},
		{"tcp_comp_sack_nr", nil, asIs}, {"tcp_comp_sack_slack_ns", nil, asIs},
		{"tcp_backlog_ack_defer", nil, asIs}, {"tcp_fack", nil, asIs},
	}
}

func freebsdSysctls() []sysctl {
	return []sysctl{
		{"rfc1323", []string{"tcp_timestamps", "tcp_window_scaling"}, toSwitch},
		{"sack.enable", []string{"tcp_sack"}, toSwitch},
		{"ecn.enable", []string{"tcp_ecn"}, asIs},
		{"ecn.maxretries", []string{"tcp_ecn_fallback"}, oneMore},
		{"blackhole", []string{"tcp_blackhole"}, asIs},
		{"recvspace", []string{"tcp_rcvbuf_bytes"}, capped},
		{"sendspace", []string{"tcp_sndbuf_bytes"}, capped},
		{"recvbuf_max", []string{"tcp_rcvbuf_max_bytes"}, capped},
		{"sendbuf_max", []string{"tcp_sndbuf_max_bytes"}, capped},
		{"recvbuf_auto", []string{"tcp_moderate_rcvbuf"}, toSwitch},
		{"delacktime", []string{"tcp_delack_max_ms", "tcp_delack_min_ms"}, fromMS},
		{"keepidle", []string{"tcp_keepalive_time_ms"}, asIs},
		{"keepintvl", []string{"tcp_keepalive_intvl_ms"}, asIs},
		{"keepcnt", []string{"tcp_keepalive_probes"}, asIs},
		{"persmin", []string{"tcp_persist_min_ms"}, asIs},
		{"keepinit", []string{"tcp_open_timeout_ms"}, asIs},
		{"insecure_rst", []string{"tcp_challenge_ack"}, asChallenge},
		{"insecure_syn", []string{"tcp_challenge_ack"}, asChallenge},
		{"insecure_ack", nil, asIs},
		{"ack_war_cnt", []string{"tcp_invalid_limit"}, asIs},
		{"ack_war_timewindow", []string{"tcp_invalid_ratelimit_ms"}, fromMS},
		{"rexmit_initial", []string{"tcp_rto_initial_ms"}, asIs},
		{"rexmit_min", []string{"tcp_rto_min_ms"}, asIs},
		{"rexmit_slop", []string{"tcp_rto_slop_ms"}, asIs},
		{"rexmit_drop_options", []string{"tcp_rexmit_drop_options"}, toSwitch},
		{"drop_synfin", []string{"tcp_drop_synfin"}, toSwitch},
		{"icmp_may_rst", []string{"tcp_icmp_aborts"}, toSwitch},
		{"hostcache.purgenow", nil, asIs}, {"hostcache.purge", nil, asIs},
		{"hostcache.enable", nil, asIs}, {"tso", nil, asIs}, {"log_in_vain", nil, asIs},
		{"msl", []string{"tcp_2msl_ms"}, doubled},
		{"finwait2_timeout", []string{"tcp_fin_timeout_ms"}, asIs},
		{"initcwnd_segments", []string{"tcp_iw_segments"}, asIs},
		{"abc_l_var", []string{"tcp_abc_segments"}, asIs},
		{"cc.algorithm", []string{"tcp_congestion_control"}, asName},
		{"do_prr", []string{"tcp_prr"}, toSwitch},
		{"do_lrd", nil, asIs}, {"rfc3390", nil, asIs}, {"rfc6675_pipe", nil, asIs},
		{"newcwv", nil, asIs}, {"nolocaltimewait", nil, asIs}, {"always_keepalive", nil, asIs},
		{"rfc3042", []string{"tcp_limited_transmit"}, toSwitch},
		{"syncookies", []string{"tcp_syncookies"}, toSwitch},
		{"path_mtu_discovery", []string{"tcp_pmtu_discovery"}, toSwitch},
		{"pmtud_blackhole_detection", []string{"tcp_mtu_probing"}, toSwitch},
		{"fastopen.server_enable", []string{"tcp_fastopen"}, asIs},
		{"fastopen.client_enable", []string{"tcp_fastopen"}, asIs},
	}
}

func otherSysctls() []sysctl {
	return []sysctl{
		{"kern.ipc.maxsockbuf", []string{"tcp_rcvbuf_max_bytes", "tcp_sndbuf_max_bytes"}, capped},
		{"net.ipv4.route.min_pmtu", []string{"tcp_min_pmtu_bytes"}, asIs},
		{"net.inet.ip.ttl", []string{"ip_default_ttl"}, asIs},
		{"net.core.rmem_max", nil, asIs}, {"net.core.wmem_max", nil, asIs},
		{"net.core.somaxconn", nil, asIs}, {"net.core.default_qdisc", nil, asIs},
		{"net.core.netdev_max_backlog", nil, asIs}, {"kern.timecounter.alloweddeviation", nil, asIs},
		{"net.inet.icmp.icmplim", nil, asIs}, {"net.inet.udp.blackhole", nil, asIs},
	}
}

// findSysctl finds a row by the name that a script writes: with dots or slashes, with or
// without /proc/sys before it.
func findSysctl(name string) (sysctl, bool) {
	name = sysctlName(name)
	for _, row := range sysctls() {
		if row.name == name {
			return row, true
		}
	}
	return sysctl{}, false
}

func sysctlName(name string) string {
	if rest, ok := strings.CutPrefix(name, "/proc/sys/"); ok {
		name = rest
	}
	return strings.ReplaceAll(name, "/", ".")
}

// knobValues gives the value of each of a row's knobs; nil if the value makes no sense.
func (s sysctl) knobValues(value string) []string {
	if s.as == asName {
		return []string{liveCongestion(value)}
	}
	var n []int64
	for _, f := range strings.Fields(value) {
		v, err := strconv.ParseInt(f, 0, 64)
		if err != nil {
			return nil
		}
		n = append(n, v)
	}
	if len(n) == 0 {
		return nil
	}
	var out []int64
	switch v := n[0]; s.as {
	case toSwitch:
		v = min(v, 1)
		out = []int64{v, v}
	case inverted:
		out = []int64{1 - min(v, 1)}
	case oneMore:
		out = []int64{v + 1}
	case fromSec:
		out = []int64{v * 1000}
	case fromUS:
		out = []int64{v / 1000, v / 1000}
	case doubled:
		out = []int64{2 * v}
	case fromTLP:
		out = []int64{min(v/3, 1)}
	case triple:
		if len(n) < 3 {
			return nil
		}
		out = []int64{min(n[1], maxBuffer), min(n[2], maxBuffer)}
	case capped:
		out = []int64{min(v, maxBuffer), min(v, maxBuffer)}
	case lowBits:
		out = []int64{v & 0xffff}
	case fromMS:
		out = []int64{max(v, 1), max(v, 1)}
	case pair:
		if len(n) < 2 {
			return nil
		}
		out = []int64{n[1], n[0]}
	default:
		out = []int64{v, v}
	}
	texts := make([]string, len(s.knobs))
	for i := range s.knobs {
		texts[i] = strconv.FormatInt(out[i], 10)
	}
	return texts
}

// maxBuffer is the greatest buffer that a knob takes, in octets.
const maxBuffer = 16 << 20

// sysctl sets what a name=value means. What is not known is said and passed over.
func (r *runner) sysctl(name, value string) {
	row, ok := findSysctl(name)
	if !ok {
		r.warn(r.here() + "the sysctl " + name + " is not known; it is passed over")
		return
	}
	if row.knobs == nil {
		return
	}
	values := row.knobValues(value)
	if values != nil && row.as == asChallenge {
		values = []string{r.challenge(row.name, values[0] != "0")}
	}
	if values == nil {
		r.fail("the sysctl " + name + " cannot be " + strconv.Quote(value))
	}
	for i, k := range row.knobs {
		if !r.setKnob(k, values[i]) {
			r.warn(r.here() + "the sysctl " + name + "=" + value + " has no effect: no knob " + k +
				" takes " + values[i])
		}
	}
}

// challenge puts FreeBSD's two switches together: what neither of them makes insecure is
// questioned.
func (r *runner) challenge(name string, insecure bool) string {
	if strings.HasSuffix(name, "_rst") {
		r.insecureRST = insecure
	} else {
		r.insecureSYN = insecure
	}
	switch {
	case r.insecureRST && r.insecureSYN:
		return "0"
	case r.insecureRST:
		return "2"
	case r.insecureSYN:
		return "3"
	}
	return "1"
}

// everySocket sets an option on every TCP socket that the script makes from now on.
func (r *runner) everySocket(option string, v int64) {
	r.defaults = append(r.defaults, named{option, v})
}

// here is FILE:LINE: of the present event.
func (r *runner) here() string {
	return r.sc.File + ":" + strconv.Itoa(r.event.Line) + ": "
}
