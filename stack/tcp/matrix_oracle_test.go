package tcp_test

import (
	"fmt"
	"strings"
)

// The matrix of RFC 9293 §3.10: what each state does about each segment. The answers here
// are read off the RFC's text (with RFC 5961 for RST, SYN and old ACKs), not off the code
// under test; TestMatrixScripts writes them out as packet scripts and runs those.

// window is the receive window that every script of the matrix settles.
const window = 14600

// stage is a state with the numbers a script finds in it, relative to both ISNs.
type stage struct {
	state    string
	rcvNXT   int64
	sndUNA   int64
	sndNXT   int64
	fd       int // of the connection; 0 when no program has one
	scenario string
}

const (
	setListen = `
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0   bind(3, ..., ...) = 0
+0   listen(3, 5) = 0
`
	setSynSent = `
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0   connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0   > S 0:0(0) <...>
`
	setSynReceived = setListen + `
+0   < S 0:0(0) win 1000 <mss 1000>
+0   > S. 0:0(0) ack 1 <...>
`
	setEstablished = setSynReceived + `
+.01 < . 1:1(0) ack 1 win 1000
+0   accept(3, ..., ...) = 4
+0   fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
`
	setFinWait1 = setEstablished + `
+0   shutdown(4, SHUT_WR) = 0
+0   > F. 1:1(0) ack 1
`
	setFinWait2 = setFinWait1 + `
+.01 < . 1:1(0) ack 2 win 1000
`
	setCloseWait = setEstablished + `
+.01 < F. 1:1(0) ack 1 win 1000
+0   > . 1:1(0) ack 2
`
	setClosing = setFinWait1 + `
+.01 < F. 1:1(0) ack 1 win 1000
+0   > . 2:2(0) ack 2
`
	setLastAck = setCloseWait + `
+0   shutdown(4, SHUT_WR) = 0
+0   > F. 1:1(0) ack 2
`
	setTimeWait = setFinWait2 + `
+.01 < F. 1:1(0) ack 2 win 1000
+0   > . 2:2(0) ack 2
`
)

// stages lists the eleven states.
func stages() []stage {
	return []stage{
		{"CLOSED", 0, 0, 0, 0, "\n0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"},
		{"LISTEN", 0, 0, 0, 0, setListen},
		{"SYN-SENT", 0, 0, 1, 3, setSynSent},
		{"SYN-RECEIVED", 1, 0, 1, 0, setSynReceived},
		{"ESTABLISHED", 1, 1, 1, 4, setEstablished},
		{"FIN-WAIT-1", 1, 1, 2, 4, setFinWait1},
		{"FIN-WAIT-2", 1, 2, 2, 4, setFinWait2},
		{"CLOSE-WAIT", 2, 1, 1, 4, setCloseWait},
		{"CLOSING", 2, 1, 2, 4, setClosing},
		{"LAST-ACK", 2, 1, 2, 4, setLastAck},
		{"TIME-WAIT", 2, 2, 2, 4, setTimeWait},
	}
}

// flags are the control bits of the matrix's segments, as packet scripts write them.
var flags = []string{"S", "S.", ".", "F", "F.", "R", "R.", "-"}

// place is where a segment begins, relative to RCV.NXT.
type place struct {
	name string
	off  int64
}

// places are the edges of the stage's receive window and what lies between and beyond.
func (s stage) places() []place {
	w := s.window()
	return []place{{"old", -100}, {"left-1", -1}, {"left", 0}, {"inside", 10}, {"last", w - 1},
		{"right", w}, {"far", w + 1000}}
}

// window is RCV.WND: a FIN takes one number of it.
func (s stage) window() int64 { return window - max(0, s.rcvNXT-1) }

// probe is one segment that arrives.
type probe struct {
	flags string
	place string
	off   int64 // of its first octet from RCV.NXT
	data  int64 // octets
	ack   int64 // SEG.ACK, relative to our ISS
	about string
	bad   bool // its checksum is wrong
}

func (p probe) has(bit string) bool { return strings.Contains(p.flags, bit) }

// length is SEG.LEN.
func (p probe) length() int64 {
	n := p.data
	if p.has("S") {
		n++
	}
	if p.has("F") {
		n++
	}
	return n
}

// answer is what the RFC has the state do about a probe.
type answer struct {
	sends string // the segment, in script notation without its time; "" for none
	next  string // the state afterwards
	ends  bool   // later probes of the same script would find other numbers
	error string // what the next read of the program says
}

// answerTo is RFC 9293 §3.10.7.
func (s stage) answerTo(p probe) answer {
	if p.bad {
		return answer{next: s.state} // MUST-3: it is as if nothing had come
	}
	switch s.state {
	case "CLOSED":
		return s.closed(p)
	case "LISTEN":
		return s.listen(p)
	case "SYN-SENT":
		return s.synSent(p)
	}
	return s.others(p)
}

func reset(seq int64) string { return fmt.Sprintf("R %d:%d(0)", seq, seq) }

// closed is §3.10.7.1.
func (s stage) closed(p probe) answer {
	switch {
	case p.has("R"):
		return answer{next: s.state}
	case p.has("."):
		return answer{sends: reset(p.ack), next: s.state}
	}
	return answer{sends: fmt.Sprintf("R. 0:0(0) ack %d", u32(s.rcvNXT+p.off+p.length())), next: s.state}
}

// listen is §3.10.7.2.
func (s stage) listen(p probe) answer {
	switch {
	case p.has("R"):
		return answer{next: s.state}
	case p.has("."):
		return answer{sends: reset(p.ack), next: s.state}
	case p.has("S"):
		return answer{sends: "S. 0:0(0) ack 1 <...>", next: "SYN-RECEIVED", ends: true}
	}
	return answer{next: s.state}
}

// synSent is §3.10.7.3.
func (s stage) synSent(p probe) answer {
	acked := p.has(".") && p.ack == s.sndNXT
	switch {
	case p.has(".") && !acked && p.has("R"):
		return answer{next: s.state}
	case p.has(".") && !acked:
		return answer{sends: reset(p.ack), next: s.state}
	case p.has("R") && acked:
		return answer{next: "CLOSED", ends: true, error: "ECONNREFUSED (Connection refused)"}
	case p.has("R"), !p.has("S"):
		return answer{next: s.state}
	case acked && p.data > 0:
		return answer{sends: fmt.Sprintf(". 1:1(0) ack %d", 1+p.data), next: "ESTABLISHED", ends: true}
	case acked:
		return answer{sends: ". 1:1(0) ack 1", next: "ESTABLISHED", ends: true}
	}
	return answer{sends: "S. 0:0(0) ack 1 <...>", next: "SYN-RECEIVED", ends: true}
}

func (s stage) ackOf(rcvNXT int64) string {
	return fmt.Sprintf(". %d:%d(0) ack %d", s.sndNXT, s.sndNXT, rcvNXT)
}

// acceptable is the table of §3.4 with RCV.WND > 0.
func (s stage) acceptable(p probe) bool {
	in := func(off int64) bool { return off >= 0 && off < s.window() }
	return in(p.off) || p.length() > 0 && in(p.off+p.length()-1)
}

// others is §3.10.7.4 in its order of checks.
func (s stage) others(p probe) answer {
	same := answer{next: s.state}
	challenge := answer{sends: s.ackOf(s.rcvNXT), next: s.state}
	if s.state == "SYN-RECEIVED" && p.flags == "S" && p.off == -1 {
		// The peer's own SYN again: our answer to it was lost (policy:synack-again).
		return answer{sends: "S. 0:0(0) ack 1 <...>", next: s.state}
	}
	switch {
	case !s.acceptable(p) && p.has("R"):
		return same
	case !s.acceptable(p):
		return challenge
	case p.has("R") && p.off != 0:
		return challenge // RFC 5961 §3.2
	case p.has("R"):
		return s.reset()
	case p.has("S") && s.state == "SYN-RECEIVED":
		return answer{next: "LISTEN", ends: true} // a passive opener goes back
	case p.has("S"):
		return challenge // RFC 5961 §4.2
	case !p.has("."):
		return same
	}
	return s.acked(p)
}

// reset is the second check: by state, what the user is told.
func (s stage) reset() answer {
	a := answer{next: "CLOSED", ends: true}
	switch s.state {
	case "SYN-RECEIVED":
		a.next = "LISTEN"
	case "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2":
		a.error = "ECONNRESET (Connection reset by peer)"
	}
	return a
}

// acked is the fifth check, then the text and the FIN.
func (s stage) acked(p probe) answer {
	same := answer{next: s.state}
	now := s
	switch {
	case s.state == "SYN-RECEIVED" && p.ack != 1:
		return answer{sends: reset(p.ack), next: s.state}
	case s.state == "SYN-RECEIVED":
		now.state = "ESTABLISHED"
	case p.ack > s.sndNXT:
		return answer{sends: s.ackOf(s.rcvNXT), next: s.state}
	case p.ack < s.sndUNA-2000:
		return answer{sends: s.ackOf(s.rcvNXT), next: s.state} // RFC 5961 §5.2
	case p.ack == s.sndNXT && s.sndUNA < s.sndNXT:
		next := map[string]string{"FIN-WAIT-1": "FIN-WAIT-2", "CLOSING": "TIME-WAIT",
			"LAST-ACK": "CLOSED"}[s.state]
		now.state, now.sndUNA = next, p.ack
	}
	if now.state == "CLOSED" || now.state == "TIME-WAIT" && s.state != "TIME-WAIT" {
		return answer{next: now.state, ends: true}
	}
	return now.taken(p, answer{next: now.state, ends: now != s}, same)
}

// taken is the seventh and eighth check: what happens to data and FIN inside the window.
func (s stage) taken(p probe, moved, same answer) answer {
	open := s.state == "ESTABLISHED" || s.state == "FIN-WAIT-1" || s.state == "FIN-WAIT-2"
	if !open || p.data == 0 && !p.has("F") {
		return moved // "Ignore the segment text"; nothing to take
	}
	fresh := p.data
	if p.off < 0 {
		fresh += p.off
	}
	a := answer{next: s.state, ends: true}
	switch {
	case p.off > 0: // ahead of a gap: kept, and a duplicate ACK at once
		a.sends = s.ackOf(s.rcvNXT)
	case p.has("F"):
		a.sends = s.ackOf(s.rcvNXT + fresh + 1)
		a.next = map[string]string{"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING",
			"FIN-WAIT-2": "TIME-WAIT"}[s.state]
	default:
		a.sends = s.ackOf(s.rcvNXT + fresh)
	}
	return a
}

// u32 is a sequence number as scripts write one.
func u32(n int64) uint32 { return uint32(n) }
