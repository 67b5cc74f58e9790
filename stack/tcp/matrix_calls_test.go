package tcp_test

import "strings"

// The rows of the matrix that are no segments: what a program asks for, and what time
// brings (RFC 9293 §3.10.1-6 and §3.10.8; errno by POSIX).

// setSynReceivedActive is SYN-RECEIVED with a program that holds the socket: a
// simultaneous open (RFC 9293 figure 7).
const setSynReceivedActive = setSynSent + `
+.01 < S 0:0(0) win 1000 <mss 1000>
+0   > S. 0:0(0) ack 1 <...>
`

// nonBlocking lets no call of the matrix wait.
const nonBlocking = `+0   fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
`

// callCells lists what each call does in each state, in the order of callNames.
func callCells() map[string][]string {
	const (
		notConn  = "-1 ENOTCONN (Transport endpoint is not connected)"
		again    = "-1 EAGAIN (Resource temporarily unavailable)"
		pipe     = "-1 EPIPE (Broken pipe)"
		isConn   = "-1 EISCONN (Transport endpoint is already connected)"
		already  = "-1 EALREADY (Operation already in progress)"
		progress = "-1 EINPROGRESS (Operation now in progress)"
	)
	return map[string][]string{
		"CLOSED":   {progress + "\n+0   > S 0:0(0) <...>", notConn, notConn, notConn, "0", "0"},
		"LISTEN":   {isConn, notConn, notConn, notConn, "0", "0"},
		"SYN-SENT": {already, again, again, notConn, "0", "0"},
		"SYN-RECEIVED": {already, again, again, "0\n+0   > F. 1:1(0) ack 1",
			"0\n+0   > F. 1:1(0) ack 1", "0\n+0   > R. 1:1(0) ack 1"},
		"ESTABLISHED": {isConn, "10\n+0   > P. 1:11(10) ack 1", again, "0\n+0   > F. 1:1(0) ack 1",
			"0\n+0   > F. 1:1(0) ack 1", "0\n+0   > R. 1:1(0) ack 1"},
		"FIN-WAIT-1": {isConn, pipe, again, "0", "0", "0\n+0   > R. 2:2(0) ack 1"},
		"FIN-WAIT-2": {isConn, pipe, again, "0", "0", "0\n+0   > R. 2:2(0) ack 1"},
		"CLOSE-WAIT": {isConn, "10\n+0   > P. 1:11(10) ack 2", "0", "0\n+0   > F. 1:1(0) ack 2",
			"0\n+0   > F. 1:1(0) ack 2", "0\n+0   > R. 1:1(0) ack 2"},
		"CLOSING":   {isConn, pipe, "0", "0", "0", "0"},
		"LAST-ACK":  {isConn, pipe, "0", "0", "0", "0"},
		"TIME-WAIT": {isConn, pipe, "0", "0", "0", "0"},
	}
}

// callNames are the columns of callCells: a call as scripts write it, and its op.
var callNames = []struct{ op, text string }{
	{"connect", "connect(FD, ..., ...) = "},
	{"send", "write(FD, ..., 10) = "},
	{"recv", "read(FD, ..., 10) = "},
	{"shutdown", "shutdown(FD, SHUT_WR) = "},
	{"close", "close(FD) = "},
	{"abort", "setsockopt(FD, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0\n+0   close(FD) = "},
}

// held is a state with a program that holds its socket.
func (s stage) held() (scenario, fd string) {
	switch s.state {
	case "CLOSED", "LISTEN":
		return s.scenario + nonBlocking, "3"
	case "SYN-SENT":
		return s.scenario, "3"
	case "SYN-RECEIVED":
		return setSynReceivedActive, "3"
	}
	return s.scenario, "4"
}

// callScripts writes one script for each call in each state.
func callScripts() map[string][]byte {
	scripts := map[string][]byte{}
	for _, s := range stages() {
		scenario, fd := s.held()
		for i, does := range callCells()[s.state] {
			name := callNames[i].op
			body := "+.001 " + strings.ReplaceAll(callNames[i].text, "FD", fd) + does + "\n"
			s.scenario = scenario
			scripts[strings.ToLower(s.state)+"/call-"+name+".pkt"] =
				[]byte(head(s, "the call "+name) + "\n" + body)
		}
	}
	return scripts
}

// timerCell is one timer that runs out in a state.
type timerCell struct{ state, timer, set, text string }

// timerCells lists the timers that can run in each state. CLOSED and LISTEN have none.
func timerCells() []timerCell {
	const rto = "+.2~+1.1 > "
	return []timerCell{
		{"SYN-SENT", "rto", "", "+1   > S 0:0(0) <...>\n+2   > S 0:0(0) <...>\n"},
		{"SYN-RECEIVED", "rto", "", "+1   > S. 0:0(0) ack 1 <...>\n+2   > S. 0:0(0) ack 1 <...>\n"},
		{"ESTABLISHED", "rto", "--set=tcp_tlp=0\n",
			"+0   write(4, ..., 10) = 10\n+0   > P. 1:11(10) ack 1\n" + rto + "P. 1:11(10) ack 1\n"},
		{"ESTABLISHED", "loss", "--profile=linux\n", // RFC 8985 §7 needs SACK and two segments
			"+0   setsockopt(4, SOL_TCP, TCP_NODELAY, [1], 4) = 0\n" +
				"+0   write(4, ..., 10) = 10\n+0   > P. 1:11(10) ack 1\n" +
				"+0   write(4, ..., 10) = 10\n+0   > P. 11:21(10) ack 1\n" +
				"+.02 > P. 11:21(10) ack 1\n"},
		{"ESTABLISHED", "delack", "--set=tcp_quickacks=0\n",
			"+0   < P. 1:11(10) ack 1 win 1000\n+.03~+.5 > . 1:1(0) ack 11\n"},
		{"ESTABLISHED", "persist", "--set=tcp_probe_data=1\n", "+0   < . 1:1(0) ack 1 win 0\n" +
			"+0   write(4, ..., 10) = 10\n+.2~+1.1 > . 1:2(1) ack 1\n"},
		{"ESTABLISHED", "keepalive", "", "+0   setsockopt(4, SOL_TCP, TCP_KEEPIDLE, [10], 4) = 0\n" +
			"+0   setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0\n+10  > . 0:0(0) ack 1\n"},
		{"FIN-WAIT-1", "rto", "", rto + "F. 1:1(0) ack 1\n"},
		{"FIN-WAIT-2", "2msl", "--set=tcp_fin_timeout_ms=5000\n",
			"+0   close(4) = 0\n+6   < . 1:1(0) ack 2 win 1000\n+0   > R 2:2(0)\n"},
		{"CLOSE-WAIT", "rto", "--set=tcp_tlp=0\n",
			"+0   write(4, ..., 10) = 10\n+0   > P. 1:11(10) ack 2\n" + rto + "P. 1:11(10) ack 2\n"},
		{"CLOSING", "rto", "", rto + "F. 1:1(0) ack 2\n"},
		{"LAST-ACK", "rto", "", rto + "F. 1:1(0) ack 2\n"},
		{"TIME-WAIT", "2msl", "--set=tcp_2msl_ms=5000\n",
			"+6   < . 2:2(0) ack 2 win 1000\n+0   > R 2:2(0)\n"},
	}
}

// timerScripts writes one script for each.
func timerScripts() map[string][]byte {
	scripts := map[string][]byte{}
	for _, c := range timerCells() {
		for _, s := range stages() {
			if s.state != c.state {
				continue
			}
			text := head(s, "the timer "+c.timer)
			text = strings.Replace(text, matrixFlags, matrixFlags+c.set, 1)
			if c.timer == "loss" {
				text = strings.Replace(text, "<mss 1000>", "<mss 1000,nop,nop,sackOK>", 1)
			}
			scripts[strings.ToLower(c.state)+"/timer-"+c.timer+".pkt"] = []byte(text + "\n" + c.text)
		}
	}
	return scripts
}
