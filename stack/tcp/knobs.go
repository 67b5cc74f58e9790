package tcp

import (
	"strconv"
	"time"

	"labserver/stack/inet"
)

// Knobs are what a profile sets and a person may turn. Every one is a whole number
// (switches are 0 or 1) except Congestion, a name. The zero value is of no use: start
// from Profile. A change counts from the next time the stack looks.
type Knobs struct {
	MinRTO     time.Duration // least RTO (RFC 6298 §2.4)
	MinRTTVar  time.Duration // least 4·RTTVAR term of the RTO; linux adds it to SRTT
	InitialRTO time.Duration // RTO before the first measurement (RFC 6298 §2.1)
	MaxRTO     time.Duration // greatest RTO (RFC 6298 §2.5)
	RTOSlop    time.Duration // added to every measured RTO (FreeBSD's rexmit_slop)

	DelAckMin time.Duration // shortest wait of a delayed ACK
	DelAckMax time.Duration // longest wait of a delayed ACK (MUST-40: below 0.5 s)
	QuickAcks int64         // segments acknowledged at once before ACKs are delayed

	MSL2       time.Duration // how long TIME-WAIT lasts: twice the MSL (MUST-13)
	FinTimeout time.Duration // how long a closed socket's FIN-WAIT-2 lasts
	TWReuse    int64         // 1: OPEN may take over a TIME-WAIT older than 1 s (RFC 6191)

	SynRetries    int64 // R2 for a SYN (MUST-22, MUST-23)
	SynAckRetries int64 // R2 for a SYN,ACK
	SynLinear     int64 // so many timeouts of a SYN do not double the RTO, nor count for R2
	DataRetries   int64 // R2 for data (MUST-20)

	RcvBuf      inet.ByteCount // receive buffer at the start
	RcvBufMax   inet.ByteCount // receive buffer after growing; it sets the window scale
	AdvWinScale int64          // 2^-n of the receive buffer is overhead, not window; 0: none
	SndBuf      inet.ByteCount // send buffer at the start
	SndBufMax   inet.ByteCount // send buffer after growing with the congestion window

	IW               int64  // initial window in segments (RFC 6928)
	Congestion       string // "cubic", "newreno", "reno" or "tahoe"
	LimitedTransmit  int64  // RFC 3042
	IdleRestart      int64  // RFC 5681 §4.1: slow start again after idleness
	IdleDecay        int64  // 1: cwnd halves for each RTO of idleness, 0: at once to the initial
	Nagle            int64  // SHLD-7; 2: small segments wait for small ones only; 3: see restOfBurst
	Timestamps       int64  // RFC 7323 §3
	BareSegments     int64  // 1: where timestamps are in use, a segment without is taken too
	SACK             int64  // RFC 2018
	DSACK            int64  // RFC 2883
	SACKFIN          int64  // 1: SACK and D-SACK blocks cover a FIN too
	WindowScale      int64  // RFC 7323 §2
	ChallengeACK     int64  // RFC 5961 §3-5
	ChallengeLimit   int64  // challenge ACKs in a second, over all connections
	InvalidRateLimit time.Duration

	KeepIdle     time.Duration // idle time before the first keep-alive (MUST-28)
	KeepInterval time.Duration // between keep-alive probes
	KeepProbes   int64         // probes without answer before giving up

	SynBacklog int64 // half-open connections a listener may have
	ISN        int64 // initial sequence number of every connection; 0: by RFC 6528

	HyStart       int64 // RFC 9406: slow start ends before the queue overflows
	ABC           int64 // most SMSS by which one ACK opens the window in slow start; 0: no limit
	SsthreshCwnd  int64 // a loss takes its share of cwnd in whole segments, not of FlightSize
	Recovery      int64 // 1: RACK (RFC 8985) finds losses, 2: its window stays fixed, 4: no dupthresh
	TLP           int64 // 1: tail loss probes (RFC 8985 §7), 2: each after a new measurement
	PRR           int64 // proportional rate reduction (RFC 9937)
	FRTO          int64 // RFC 5682: is a timeout spurious?
	Undo          int64 // spurious reductions are taken back (RFC 4015, RFC 3708)
	Reordering    int64 // DupThresh: segments above a hole that mean a loss (RFC 6675 §2)
	MaxReordering int64 // how far DupThresh may adapt
	ECN           int64 // 0: never, 1: ask and agree, 2: agree when asked (RFC 3168)
	// ECNFallback n: from the n-th time on, a SYN sent again does not ask for ECN
	// (RFC 3168 §6.1.1.1); 0: all ask.
	ECNFallback int64

	PMTUDiscovery int64          // RFC 1191, RFC 8201: packets are not to be fragmented
	MTUProbing    int64          // RFC 4821: 0 never, 1 after a black hole is suspected, 2 always
	BaseMSS       inet.ByteCount // where probing begins
	OptionOrder   int64          // of a SYN: 0 as linux, 1 as freebsd
	MinPMTU       inet.ByteCount // what ICMP says beneath it is not believed to the letter
	DropOptions   int64          // from the third on, a SYN sent again carries only the MSS Option

	// ICMPAborts is what ICMP errors may end, in bits: 1 hard errors an open (SHLD-26),
	// 2 soft errors an open (RFC 5461 §4), 4 hard errors any connection.
	ICMPAborts int64

	SynCookies int64 // RFC 4987: 0 never, 1 when the SYN queue is full, 2 always
	// FastOpen is RFC 7413 in bits: 1 client, 2 server, 4 data without a cookie, 512 accept
	// without one.
	FastOpen        int64
	AbortOnOverflow int64 // a full accept queue answers with RST
	DropSynFin      int64 // SYN with FIN is dropped (FreeBSD's drop_synfin)
	Blackhole       int64 // a closed port: 0 RST, 1 silence for SYNs, 2 silence

	UserTimeout   time.Duration // how long data may stay unacknowledged; 0: R2 decides
	R1            int64         // retransmissions before IP is told to look for another way (MUST-20)
	ModerateRcv   int64         // the receive buffer grows with what the program reads
	ShrinkWindow  int64         // the right edge may retreat when the buffer shrinks (against SHLD-14)
	RFC1337       int64         // RSTs do not end TIME-WAIT (RFC 1337 §3, fix F1)
	WholeWindow   int64         // 1: the window of a SYN comes in whole segments
	AckSmall      int64         // 1: smaller segments count for MaxUnackedRcv too
	WholeBuffers  int64         // 1: the peer's MSS rounds both buffers up to whole segments
	OfferAll      int64         // 1: every ACK offers all free space; SWS avoidance as in FreeBSD
	InvalidLimit  int64         // answers to invalid segments of one connection in InvalidRateLimit
	OpenTimeout   time.Duration // how long an open may take; 0: R2 decides
	PersistMin    time.Duration // the shortest wait before a probe of a closed window
	TimeoutRST    int64         // 1: giving up sends a reset
	UnreadRST     int64         // closing with data unread sends a reset (SHLD-3)
	BSDSockets    int64         // 1: errnos and shutdown as in FreeBSD, 0: as in linux
	MaxUnackedRcv int64         // full-sized segments before an ACK is due (SHLD-19)
	ProbeData     int64         // 1: a probe of a closed window carries an octet, 0: it is empty
	Collapse      int64         // 1: a small segment sent again is filled up with what follows it
	KeepPush      int64         // 1: a segment sent again is pushed if it was the first time

	Mutant string // a documented mistake (RFC 2525) to make on purpose; "none"
}

// Profile returns the knobs of a named profile: "linux", "freebsd" or "rfc".
func Profile(name string) (Knobs, bool) {
	linux := Knobs{
		MinRTO: 200 * time.Millisecond, MinRTTVar: 200 * time.Millisecond,
		InitialRTO: time.Second, MaxRTO: 120 * time.Second,
		DelAckMin: 40 * time.Millisecond, DelAckMax: 200 * time.Millisecond, QuickAcks: 16,
		MSL2: 60 * time.Second, FinTimeout: 60 * time.Second,
		SynRetries: 6, SynAckRetries: 5, DataRetries: 15,
		RcvBuf: 131072, RcvBufMax: 6291456, AdvWinScale: 1, SndBuf: 87040, SndBufMax: 4194304,
		IW: 10, Congestion: "cubic", LimitedTransmit: 1, IdleRestart: 1, IdleDecay: 1,
		Nagle: 2, KeepPush: 1, Collapse: 1, SACKFIN: 1, BareSegments: 1,
		Timestamps: 1, SACK: 1, DSACK: 1, WindowScale: 1,
		ChallengeACK: 1, ChallengeLimit: 1000, InvalidRateLimit: 500 * time.Millisecond,
		KeepIdle: 2 * time.Hour, KeepInterval: 75 * time.Second, KeepProbes: 9,
		SynBacklog: 256,
		HyStart:    1, SsthreshCwnd: 1, Recovery: 1, TLP: 1, PRR: 1, FRTO: 1, Undo: 1,
		Reordering: 3, MaxReordering: 300, ECN: 2, ECNFallback: 1,
		PMTUDiscovery: 1, BaseMSS: 1024, MinPMTU: 552, ICMPAborts: 3, WholeWindow: 1,
		SynCookies: 1, FastOpen: 1, R1: 3, ModerateRcv: 1, MaxUnackedRcv: 2,
		InvalidLimit: 1, UnreadRST: 1,
		Mutant: NoMutant,
	}
	switch name {
	case "linux":
		return linux, true
	case "freebsd":
		k := linux
		// RTO = SRTT + 4·RTTVAR + 200 ms, and no less than 30 ms before the 200 are added.
		k.MinRTO, k.MinRTTVar, k.MaxRTO = 30*time.Millisecond, 0, 64*time.Second
		k.RTOSlop = 200 * time.Millisecond
		k.DelAckMin, k.DelAckMax, k.QuickAcks = 40*time.Millisecond, 40*time.Millisecond, 0
		k.SynRetries, k.SynAckRetries, k.DataRetries = 12, 3, 12
		k.RcvBuf, k.RcvBufMax, k.AdvWinScale = 65536, 2097152, 0
		k.SndBuf, k.SndBufMax = 32768, 2097152
		k.KeepProbes, k.SynBacklog, k.ABC, k.IdleDecay = 8, 15375, 2, 0
		k.Nagle, k.KeepPush, k.BareSegments, k.ProbeData, k.SACKFIN = 3, 0, 0, 1, 0
		k.OptionOrder, k.ECNFallback, k.BaseMSS, k.MinPMTU = 1, 2, 1200, 296
		k.ICMPAborts, k.AckSmall, k.WholeWindow = 1, 1, 0
		k.WholeBuffers, k.OfferAll, k.TimeoutRST, k.UnreadRST, k.BSDSockets = 1, 1, 1, 0, 1
		k.InvalidRateLimit, k.InvalidLimit = time.Second, 5
		k.PersistMin = 5 * time.Second
		k.OpenTimeout, k.RFC1337 = 75*time.Second, 1
		// Its default stack finds losses by RFC 6675, without RACK, TLP and F-RTO.
		k.Recovery, k.TLP, k.FRTO, k.FastOpen = 0, 0, 0, 0
		return k, true
	case "rfc":
		k := linux
		k.MinRTO, k.MinRTTVar, k.MaxRTO = time.Second, 0, 60*time.Second
		k.DelAckMin, k.DelAckMax, k.QuickAcks = 200*time.Millisecond, 200*time.Millisecond, 0
		k.MSL2, k.FinTimeout = 4*time.Minute, 4*time.Minute
		k.SynRetries, k.SynAckRetries, k.DataRetries = 7, 7, 15
		k.RcvBuf, k.RcvBufMax, k.AdvWinScale = 65535, 65535, 0
		k.SndBuf, k.SndBufMax = 65536, 65536
		k.HyStart, k.ABC, k.FastOpen, k.SynCookies, k.ModerateRcv = 0, 1, 0, 0, 0
		k.Congestion, k.SsthreshCwnd, k.IdleDecay = "newreno", 0, 0
		k.MinPMTU, k.ICMPAborts, k.TLP = 68, 5, 2
		k.Nagle, k.KeepPush, k.BareSegments, k.ProbeData, k.Collapse = 1, 0, 0, 1, 0
		k.SACKFIN = 0
		return k, true
	}
	return Knobs{}, false
}

// The knobs whose value is a name.
const (
	KnobCongestion = "tcp_congestion_control"
	KnobMutant     = "mutant"
)

// NoMutant is the value of KnobMutant for a stack without mistakes.
const NoMutant = "none"

// knobError is why a knob was not turned.
type knobError string

func (e knobError) Error() string { return string(e) }

// The reasons why Set refuses.
const (
	ErrUnknownKnob knobError = "unknown knob"
	ErrKnobValue   knobError = "value out of range"
)

// Set turns one knob and returns what it was. Nothing changes on an error.
func (k *Knobs) Set(name, value string) (old string, err error) {
	old, ok := k.Get(name)
	if !ok {
		return "", ErrUnknownKnob
	}
	if name == KnobCongestion {
		if _, ok := congestionByName(value, k); !ok {
			return "", ErrKnobValue
		}
		k.Congestion = value
		return old, nil
	}
	if name == KnobMutant {
		if !isMutant(value) {
			return "", ErrKnobValue
		}
		k.Mutant = value
		return old, nil
	}
	row, _ := findKnob(name)
	v, perr := strconv.ParseInt(value, 10, 64)
	if perr != nil || v < row.min || v > row.max {
		return "", ErrKnobValue
	}
	*row.field(k) = v * row.scale()
	return old, nil
}

// Get returns one knob's value as Set takes it.
func (k *Knobs) Get(name string) (value string, ok bool) {
	if name == KnobCongestion {
		return k.Congestion, true
	}
	if name == KnobMutant {
		return k.Mutant, true
	}
	row, ok := findKnob(name)
	if !ok {
		return "", false
	}
	return strconv.FormatInt(*row.field(k)/row.scale(), 10), true
}
