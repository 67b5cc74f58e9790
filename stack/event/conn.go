package event

import (
	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/sim"
)

// ConnOpened says that a TCB exists: state CLOSED for an active opener, LISTEN for a
// passive one. Sock is "" until accept hands the connection to a program; Listener is
// the socket whose SYN queue it is in.
type ConnOpened struct {
	Sock     inet.SocketID `json:"sock,omitempty"`
	Listener inet.SocketID `json:"listener,omitempty"`
	Local    inet.Endpoint `json:"local"`
	Remote   inet.Endpoint `json:"remote"`
	Active   bool          `json:"active"`
	State    inet.TCPState `json:"state"`
	ISS      seq.Num       `json:"iss"`
}

// ConnState is one edge of RFC 9293 figure 5.
type ConnState struct {
	Old inet.TCPState `json:"old"`
	New inet.TCPState `json:"new"`
}

// ConnSynchronized says what the peer's SYN settled.
type ConnSynchronized struct {
	IRS        seq.Num        `json:"irs"`
	SMSS       inet.ByteCount `json:"smss"`       // largest data we send in a segment
	SndWScale  uint8          `json:"snd_wscale"` // shift for windows the peer sends
	RcvWScale  uint8          `json:"rcv_wscale"` // shift for windows we send
	Timestamps bool           `json:"timestamps"`
	SACK       bool           `json:"sack"`
	ECN        bool           `json:"ecn"` // RFC 3168 §6.1.1
}

// ConnMSS says that segments become smaller or larger, because the path does
// (RFC 1191 §6.4).
type ConnMSS struct {
	Old inet.ByteCount `json:"old"`
	New inet.ByteCount `json:"new"`
}

// ConnAttached says that accept gave the connection to a socket.
type ConnAttached struct {
	Sock inet.SocketID `json:"sock"`
}

// ConnDetached says that the program closed its socket; the TCB goes on alone.
type ConnDetached struct {
	Sock inet.SocketID `json:"sock"`
}

// ConnClosed says that the TCB is deleted. Errno is what the user is told, "" for an
// orderly end.
type ConnClosed struct {
	Errno inet.Errno `json:"errno,omitempty"`
}

// SndVars are the send sequence variables (RFC 9293 §3.3.1) with the send buffer.
type SndVars struct {
	UNA    seq.Num        `json:"una"`
	NXT    seq.Num        `json:"nxt"`
	WND    inet.ByteCount `json:"wnd"`    // scaled
	Queued inet.ByteCount `json:"queued"` // data octets not yet acknowledged, sent or not
}

// RcvVars are the receive sequence variables with the receive buffer.
type RcvVars struct {
	NXT    seq.Num        `json:"nxt"`
	WND    inet.ByteCount `json:"wnd"`    // scaled; the window as last offered or to be offered
	Queued inet.ByteCount `json:"queued"` // data octets in order, not yet read
	Held   inet.ByteCount `json:"held"`   // data octets ahead of a gap
}

// SndChanged alters SND.UNA, SND.NXT, SND.WND or the send buffer.
type SndChanged struct {
	Old SndVars `json:"old"`
	New SndVars `json:"new"`
}

// RcvChanged alters RCV.NXT, RCV.WND or the receive buffer.
type RcvChanged struct {
	Old RcvVars `json:"old"`
	New RcvVars `json:"new"`
}

// CCVars are the congestion-control variables (RFC 5681 §2).
type CCVars struct {
	Cwnd     inet.ByteCount `json:"cwnd"`
	Ssthresh inet.ByteCount `json:"ssthresh"`
	// Phase is slow-start, css, congestion-avoidance, fast-recovery, cwr or loss.
	Phase string `json:"phase"`
}

// CCChanged alters the congestion-control variables.
type CCChanged struct {
	Old CCVars `json:"old"`
	New CCVars `json:"new"`
}

// LossVars are the sender's scoreboard (RFC 6675 §3): what of the flight the peer holds,
// what is taken for lost, and what of that is on its way again.
type LossVars struct {
	Sacked     inet.ByteCount `json:"sacked"`
	Lost       inet.ByteCount `json:"lost"`
	Retrans    inet.ByteCount `json:"retrans"`
	Reordering int            `json:"reordering"` // segments that may overtake one another
	DSACKs     int            `json:"dsacks"`     // duplicates the peer has reported
}

// LossChanged alters the scoreboard.
type LossChanged struct {
	Old LossVars `json:"old"`
	New LossVars `json:"new"`
}

// UrgentVars are the urgent pointers (RFC 9293 §3.3.1): each names the octet behind the
// urgent data while its side is in urgent mode.
type UrgentVars struct {
	SndUP     seq.Num `json:"snd_up"`
	SndUrgent bool    `json:"snd_urgent"`
	RcvUP     seq.Num `json:"rcv_up"`
	RcvUrgent bool    `json:"rcv_urgent"`
}

// UrgentChanged enters, moves or leaves urgent mode (RFC 9293 §3.8.5).
type UrgentChanged struct {
	Old UrgentVars `json:"old"`
	New UrgentVars `json:"new"`
}

// ConnReport is a report that something goes wrong with a connection that goes on
// (RFC 9293 §3.8.3, §3.9.1.8). Reason is "icmp" or "retransmissions", of which the program
// may want to hear, or "negative-advice", which is for IP. Count is the retransmissions.
type ConnReport struct {
	Reason string     `json:"reason"`
	Errno  inet.Errno `json:"errno,omitempty"`
	Count  int        `json:"count,omitempty"`
}

// RTTVars are the retransmission timer's variables (RFC 6298 §2), in ns.
type RTTVars struct {
	SRTT   int64 `json:"srtt_ns"`
	RTTVAR int64 `json:"rttvar_ns"`
	RTO    int64 `json:"rto_ns"`
}

// RTTChanged alters them: by a measurement of SampleNS, or by backing off (sample 0).
type RTTChanged struct {
	SampleNS int64   `json:"sample_ns,omitempty"`
	Old      RTTVars `json:"old"`
	New      RTTVars `json:"new"`
}

// Timer names one of a connection's timers: "rto", "delack", "persist", "keepalive",
// "2msl", "user", "loss" (tail loss probe and RACK), "pmtu", "pacing".
type Timer string

// TimerArmed starts or restarts a timer that will fire at At.
type TimerArmed struct {
	Timer Timer    `json:"timer"`
	At    sim.Time `json:"at"`
}

// TimerStopped stops a running timer.
type TimerStopped struct {
	Timer Timer `json:"timer"`
}

// TimerFired says that a timer ran out; its cause is the event that armed it. Count is
// how often in a row.
type TimerFired struct {
	Timer Timer `json:"timer"`
	Count int   `json:"count,omitempty"`
}

// Kind implements Body.
func (ConnOpened) Kind() Kind       { return "conn.opened" }
func (ConnState) Kind() Kind        { return "conn.state" }
func (ConnSynchronized) Kind() Kind { return "conn.synchronized" }
func (ConnMSS) Kind() Kind          { return "conn.mss" }
func (LossChanged) Kind() Kind      { return "loss.changed" }
func (ConnReport) Kind() Kind       { return "conn.report" }
func (UrgentChanged) Kind() Kind    { return "urgent.changed" }
func (ConnAttached) Kind() Kind     { return "conn.attached" }
func (ConnDetached) Kind() Kind     { return "conn.detached" }
func (ConnClosed) Kind() Kind       { return "conn.closed" }
func (SndChanged) Kind() Kind       { return "snd.changed" }
func (RcvChanged) Kind() Kind       { return "rcv.changed" }
func (CCChanged) Kind() Kind        { return "cc.changed" }
func (RTTChanged) Kind() Kind       { return "rtt.changed" }
func (TimerArmed) Kind() Kind       { return "timer.armed" }
func (TimerStopped) Kind() Kind     { return "timer.stopped" }
func (TimerFired) Kind() Kind       { return "timer.fired" }
