package tcp

import (
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// Unit is what a knob's value counts.
type Unit string

// The units of knobs.
const (
	UnitMS       Unit = "ms"
	UnitOctets   Unit = "octets"
	UnitSegments Unit = "segments"
	UnitCount    Unit = "count"
	UnitSwitch   Unit = "switch" // 0 is off; where 2 and more are allowed, a choice
	UnitBits     Unit = "bits"   // a sum of powers of two, each a switch
	UnitName     Unit = "name"
)

// KnobInfo documents one knob. Min and Max are in Unit, both 0 for a name. Rule is what
// the knob bends or fills in; it is "" where no standard speaks of the matter.
type KnobInfo struct {
	Name     string        `json:"name"`
	Unit     Unit          `json:"unit"`
	Min      int64         `json:"min"`
	Max      int64         `json:"max"`
	Names    []string      `json:"names,omitempty"` // all values of a knob that is a name
	Rule     rfc.ID        `json:"rule"`
	Defaults []KnobDefault `json:"defaults"` // one of each profile, in the order of Profiles
}

// KnobDefault is what a knob is in a profile, as Knobs.Get tells it.
type KnobDefault struct {
	Profile string `json:"profile"`
	Value   string `json:"value"`
}

// Profiles lists the names that Profile knows, the default first.
func Profiles() []string { return []string{"linux", "freebsd", "rfc"} }

// KnobTable documents every knob of TCP, in the order of KnobNames.
func KnobTable() []KnobInfo {
	rows := knobTable()
	table := make([]KnobInfo, 0, len(rows)+2)
	for _, row := range rows {
		table = append(table, KnobInfo{Name: row.name, Unit: row.unit, Min: row.min, Max: row.max,
			Rule: row.rule})
	}
	table = append(table,
		KnobInfo{Name: KnobCongestion, Unit: UnitName, Names: congestionNames(), Rule: "MUST-19"},
		KnobInfo{Name: KnobMutant, Unit: UnitName, Names: mutantNames()})
	for i := range table {
		for _, profile := range Profiles() {
			k, _ := Profile(profile)
			value, _ := k.Get(table[i].Name)
			table[i].Defaults = append(table[i].Defaults, KnobDefault{profile, value})
		}
	}
	return table
}

// congestionNames lists what congestionByName knows, the default first.
func congestionNames() []string { return []string{"cubic", "newreno", "reno", "tahoe"} }

// mutantNames lists the values of the knob of mistakes, beginning with none.
func mutantNames() []string {
	names := []string{NoMutant}
	for _, m := range Mutants() {
		names = append(names, m.Name)
	}
	return names
}

// KnobNames lists every knob of TCP, in the order of their documentation.
func KnobNames() []string {
	table := knobTable()
	names := make([]string, 0, len(table)+2)
	for _, row := range table {
		names = append(names, row.name)
	}
	return append(names, KnobCongestion, KnobMutant)
}

// knob is one row of the table of knobs: how it is called, what it counts and may be.
type knob struct {
	name     string
	unit     Unit
	min, max int64
	rule     rfc.ID // as KnobInfo.Rule
	field    func(*Knobs) *int64
}

// scale is what one of the unit is in the field.
func (k *knob) scale() int64 {
	if k.unit == UnitMS {
		return int64(time.Millisecond)
	}
	return 1
}

func findKnob(name string) (knob, bool) {
	for _, row := range knobTable() {
		if row.name == name {
			return row, true
		}
	}
	return knob{}, false
}

// span and octets give a field of another type as the number it is.
func span(d *time.Duration) *int64    { return (*int64)(d) }
func octets(n *inet.ByteCount) *int64 { return (*int64)(n) }

// The greatest values: a day in milliseconds, and a buffer of 16 MiB.
const (
	maxSpan   = 86_400_000
	maxOctets = 1 << 24
)

// knobTable lists every knob whose value is a number.
func knobTable() []knob {
	var all []knob
	for _, part := range [][]knob{
		knobsOfTiming(), knobsOfBuffers(), knobsOfSending(), knobsOfOptions(), knobsOfRecovery(),
		knobsOfSizes(), knobsOfOpening(),
	} {
		all = append(all, part...)
	}
	return all
}

func knobsOfTiming() []knob {
	return []knob{
		{"tcp_rto_min_ms", UnitMS, 1, maxSpan, "rfc6298:2.4",
			func(k *Knobs) *int64 { return span(&k.MinRTO) }},
		{"tcp_rttvar_min_ms", UnitMS, 0, maxSpan, "rfc6298:2.4",
			func(k *Knobs) *int64 { return span(&k.MinRTTVar) }},
		{"tcp_rto_slop_ms", UnitMS, 0, maxSpan, "rfc6298:2.3",
			func(k *Knobs) *int64 { return span(&k.RTOSlop) }},
		{"tcp_rto_initial_ms", UnitMS, 1, maxSpan, "rfc6298:2.1",
			func(k *Knobs) *int64 { return span(&k.InitialRTO) }},
		{"tcp_rto_max_ms", UnitMS, 1, maxSpan, "rfc6298:2.5",
			func(k *Knobs) *int64 { return span(&k.MaxRTO) }},
		{"tcp_delack_min_ms", UnitMS, 1, 499, "SHLD-18",
			func(k *Knobs) *int64 { return span(&k.DelAckMin) }},
		{"tcp_delack_max_ms", UnitMS, 1, 499, "MUST-40",
			func(k *Knobs) *int64 { return span(&k.DelAckMax) }},
		{"tcp_quickacks", UnitSegments, 0, 1000, "SHLD-18",
			func(k *Knobs) *int64 { return &k.QuickAcks }},
		{"tcp_ack_every_segments", UnitSegments, 1, 64, "SHLD-19",
			func(k *Knobs) *int64 { return &k.MaxUnackedRcv }},
		{"tcp_ack_small_segments", UnitSwitch, 0, 1, "SHLD-19",
			func(k *Knobs) *int64 { return &k.AckSmall }},
		{"tcp_2msl_ms", UnitMS, 0, maxSpan, "MUST-13",
			func(k *Knobs) *int64 { return span(&k.MSL2) }},
		{"tcp_fin_timeout_ms", UnitMS, 0, maxSpan, "rfc9293:3.6",
			func(k *Knobs) *int64 { return span(&k.FinTimeout) }},
		{"tcp_tw_reuse", UnitSwitch, 0, 1, "SHLD-4",
			func(k *Knobs) *int64 { return &k.TWReuse }},
		{"tcp_syn_retries", UnitCount, 0, 127, "MUST-23",
			func(k *Knobs) *int64 { return &k.SynRetries }},
		{"tcp_syn_linear_timeouts", UnitCount, 0, 127, "rfc6298:5.5",
			func(k *Knobs) *int64 { return &k.SynLinear }},
		{"tcp_synack_retries", UnitCount, 0, 127, "MUST-23",
			func(k *Knobs) *int64 { return &k.SynAckRetries }},
		{"tcp_retries1", UnitCount, 0, 127, "SHLD-9",
			func(k *Knobs) *int64 { return &k.R1 }},
		{"tcp_retries", UnitCount, 0, 127, "SHLD-10",
			func(k *Knobs) *int64 { return &k.DataRetries }},
		{"tcp_open_timeout_ms", UnitMS, 0, maxSpan, "MUST-23",
			func(k *Knobs) *int64 { return span(&k.OpenTimeout) }},
		{"tcp_persist_min_ms", UnitMS, 0, maxSpan, "SHLD-29",
			func(k *Knobs) *int64 { return span(&k.PersistMin) }},
		{"tcp_timeout_rst", UnitSwitch, 0, 1, "rfc9293:3.8.3",
			func(k *Knobs) *int64 { return &k.TimeoutRST }},
		{"tcp_unread_rst", UnitSwitch, 0, 1, "SHLD-3",
			func(k *Knobs) *int64 { return &k.UnreadRST }},
		{"tcp_bsd_sockets", UnitSwitch, 0, 1, "",
			func(k *Knobs) *int64 { return &k.BSDSockets }},
		{"tcp_user_timeout_ms", UnitMS, 0, maxSpan, "rfc9293:3.8.3",
			func(k *Knobs) *int64 { return span(&k.UserTimeout) }},
		{"tcp_keepalive_time_ms", UnitMS, 1, maxSpan, "MUST-28",
			func(k *Knobs) *int64 { return span(&k.KeepIdle) }},
		{"tcp_keepalive_intvl_ms", UnitMS, 1, maxSpan, "rfc9293:3.8.4",
			func(k *Knobs) *int64 { return span(&k.KeepInterval) }},
		{"tcp_keepalive_probes", UnitCount, 1, 127, "MUST-29",
			func(k *Knobs) *int64 { return &k.KeepProbes }},
	}
}

func knobsOfBuffers() []knob {
	return []knob{
		{"tcp_rcvbuf_bytes", UnitOctets, 1, maxOctets, "rfc9293:3.8.6",
			func(k *Knobs) *int64 { return octets(&k.RcvBuf) }},
		{"tcp_rcvbuf_max_bytes", UnitOctets, 1, maxOctets, "rfc7323:2.3",
			func(k *Knobs) *int64 { return octets(&k.RcvBufMax) }},
		{"tcp_moderate_rcvbuf", UnitSwitch, 0, 1, "",
			func(k *Knobs) *int64 { return &k.ModerateRcv }},
		{"tcp_adv_win_scale", UnitCount, 0, 8, "",
			func(k *Knobs) *int64 { return &k.AdvWinScale }},
		{"tcp_whole_window", UnitSwitch, 0, 1, "",
			func(k *Knobs) *int64 { return &k.WholeWindow }},
		{"tcp_whole_buffers", UnitSwitch, 0, 1, "",
			func(k *Knobs) *int64 { return &k.WholeBuffers }},
		{"tcp_offer_all", UnitSwitch, 0, 1, "MUST-39",
			func(k *Knobs) *int64 { return &k.OfferAll }},
		{"tcp_shrink_window", UnitSwitch, 0, 1, "SHLD-14",
			func(k *Knobs) *int64 { return &k.ShrinkWindow }},
		{"tcp_sndbuf_bytes", UnitOctets, 1, maxOctets, "",
			func(k *Knobs) *int64 { return octets(&k.SndBuf) }},
		{"tcp_sndbuf_max_bytes", UnitOctets, 1, maxOctets, "",
			func(k *Knobs) *int64 { return octets(&k.SndBufMax) }},
	}
}

func knobsOfSending() []knob {
	return []knob{
		{"tcp_iw_segments", UnitSegments, 1, 1000, "rfc6928:2",
			func(k *Knobs) *int64 { return &k.IW }},
		{"tcp_limited_transmit", UnitSwitch, 0, 1, "rfc3042:2",
			func(k *Knobs) *int64 { return &k.LimitedTransmit }},
		{"tcp_slow_start_after_idle", UnitSwitch, 0, 1, "rfc5681:4.1",
			func(k *Knobs) *int64 { return &k.IdleRestart }},
		{"tcp_idle_decay", UnitSwitch, 0, 1, "rfc5681:4.1",
			func(k *Knobs) *int64 { return &k.IdleDecay }},
		{"tcp_hystart", UnitSwitch, 0, 1, "rfc9406:4.2",
			func(k *Knobs) *int64 { return &k.HyStart }},
		{"tcp_abc_segments", UnitSegments, 0, 1000, "rfc5681:3.1:slow-start",
			func(k *Knobs) *int64 { return &k.ABC }},
		{"tcp_ssthresh_from_cwnd", UnitSwitch, 0, 1, "rfc5681:3.1:timeout",
			func(k *Knobs) *int64 { return &k.SsthreshCwnd }},
		{"tcp_nagle", UnitSwitch, 0, 3, "SHLD-7",
			func(k *Knobs) *int64 { return &k.Nagle }},
		{"tcp_keep_push", UnitSwitch, 0, 1, "MUST-61",
			func(k *Knobs) *int64 { return &k.KeepPush }},
		{"tcp_retrans_collapse", UnitSwitch, 0, 1, "",
			func(k *Knobs) *int64 { return &k.Collapse }},
		{"tcp_probe_data", UnitSwitch, 0, 1, "MUST-36",
			func(k *Knobs) *int64 { return &k.ProbeData }},
	}
}

func knobsOfOptions() []knob {
	return []knob{
		{"tcp_timestamps", UnitSwitch, 0, 1, "rfc7323:3.2",
			func(k *Knobs) *int64 { return &k.Timestamps }},
		{"tcp_tolerate_missing_ts", UnitSwitch, 0, 1, "rfc7323:3.2",
			func(k *Knobs) *int64 { return &k.BareSegments }},
		{"tcp_sack", UnitSwitch, 0, 1, "rfc2018:2",
			func(k *Knobs) *int64 { return &k.SACK }},
		{"tcp_sack_fin", UnitSwitch, 0, 1, "rfc2018:3",
			func(k *Knobs) *int64 { return &k.SACKFIN }},
		{"tcp_dsack", UnitSwitch, 0, 1, "rfc2883:4",
			func(k *Knobs) *int64 { return &k.DSACK }},
		{"tcp_window_scaling", UnitSwitch, 0, 1, "rfc7323:2.2",
			func(k *Knobs) *int64 { return &k.WindowScale }},
		{"tcp_option_order", UnitSwitch, 0, 1, "MUST-64",
			func(k *Knobs) *int64 { return &k.OptionOrder }},
		{"tcp_rexmit_drop_options", UnitSwitch, 0, 1, "",
			func(k *Knobs) *int64 { return &k.DropOptions }},
		{"tcp_ecn", UnitSwitch, 0, 2, "SHLD-8",
			func(k *Knobs) *int64 { return &k.ECN }},
		{"tcp_ecn_fallback", UnitCount, 0, 127, "rfc3168:6.1.1.1",
			func(k *Knobs) *int64 { return &k.ECNFallback }},
	}
}

func knobsOfRecovery() []knob {
	return []knob{
		{"tcp_recovery", UnitBits, 0, 7, "rfc8985:6",
			func(k *Knobs) *int64 { return &k.Recovery }},
		{"tcp_tlp", UnitSwitch, 0, 2, "rfc8985:7",
			func(k *Knobs) *int64 { return &k.TLP }},
		{"tcp_prr", UnitSwitch, 0, 1, "rfc9937:6",
			func(k *Knobs) *int64 { return &k.PRR }},
		{"tcp_frto", UnitSwitch, 0, 1, "rfc5682:2.1",
			func(k *Knobs) *int64 { return &k.FRTO }},
		{"tcp_undo", UnitSwitch, 0, 1, "rfc4015:3.2",
			func(k *Knobs) *int64 { return &k.Undo }},
		{"tcp_reordering", UnitSegments, 1, 300, "rfc6675:2",
			func(k *Knobs) *int64 { return &k.Reordering }},
		{"tcp_max_reordering", UnitSegments, 1, 300, "rfc6675:2",
			func(k *Knobs) *int64 { return &k.MaxReordering }},
	}
}

func knobsOfSizes() []knob {
	return []knob{
		{"tcp_pmtu_discovery", UnitSwitch, 0, 1, "rfc1191:3",
			func(k *Knobs) *int64 { return &k.PMTUDiscovery }},
		{"tcp_mtu_probing", UnitSwitch, 0, 2, "rfc4821:7",
			func(k *Knobs) *int64 { return &k.MTUProbing }},
		{"tcp_base_mss_bytes", UnitOctets, 48, 9000, "rfc4821:7.2",
			func(k *Knobs) *int64 { return octets(&k.BaseMSS) }},
		{"tcp_min_pmtu_bytes", UnitOctets, 68, maxField, "rfc1191:3",
			func(k *Knobs) *int64 { return octets(&k.MinPMTU) }},
		{"tcp_icmp_aborts", UnitBits, 0, 7, "SHLD-26",
			func(k *Knobs) *int64 { return &k.ICMPAborts }},
	}
}

func knobsOfOpening() []knob {
	return []knob{
		{"tcp_isn", UnitCount, 0, 1<<32 - 1, "SHLD-1",
			func(k *Knobs) *int64 { return &k.ISN }},
		{"tcp_max_syn_backlog", UnitCount, 1, 1 << 16, "rfc4987:3.2",
			func(k *Knobs) *int64 { return &k.SynBacklog }},
		{"tcp_syncookies", UnitSwitch, 0, 2, "rfc4987:3.6",
			func(k *Knobs) *int64 { return &k.SynCookies }},
		{"tcp_fastopen", UnitBits, 0, 1 << 16, "rfc7413:4",
			func(k *Knobs) *int64 { return &k.FastOpen }},
		{"tcp_abort_on_overflow", UnitSwitch, 0, 1, "",
			func(k *Knobs) *int64 { return &k.AbortOnOverflow }},
		{"tcp_challenge_ack", UnitCount, 0, 3, "rfc5961:3.2",
			func(k *Knobs) *int64 { return &k.ChallengeACK }},
		{"tcp_challenge_ack_limit", UnitCount, 0, 1 << 30, "rfc5961:7",
			func(k *Knobs) *int64 { return &k.ChallengeLimit }},
		{"tcp_invalid_ratelimit_ms", UnitMS, 0, maxSpan, "rfc5961:7",
			func(k *Knobs) *int64 { return span(&k.InvalidRateLimit) }},
		{"tcp_invalid_limit", UnitCount, 1, 1 << 16, "rfc5961:7",
			func(k *Knobs) *int64 { return &k.InvalidLimit }},
		{"tcp_drop_synfin", UnitSwitch, 0, 1, "rfc9293:3.10.7.2:syn",
			func(k *Knobs) *int64 { return &k.DropSynFin }},
		{"tcp_blackhole", UnitSwitch, 0, 2, "rfc9293:3.10.7.1",
			func(k *Knobs) *int64 { return &k.Blackhole }},
		{"tcp_rfc1337", UnitSwitch, 0, 1, "rfc1337:3",
			func(k *Knobs) *int64 { return &k.RFC1337 }},
	}
}
