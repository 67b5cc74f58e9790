package rfc

// The rules of TCP that a program brings about by an option or a flag: urgent data, the
// user timeout, a cork.
const (
	TCPCork      ID = "policy:cork"
	TCPCorkLimit ID = "policy:cork-limit"

	TCPUrgent      ID = "MUST-32"
	TCPUrgentOver  ID = "rfc9293:3.8.5:normal"
	TCPUrgentSend  ID = "MUST-62"
	TCPUrgentAcked ID = "rfc9293:3.8.5:acked"

	TCPUserTimeout ID = "MUST-21"
	TCPUserStop    ID = "rfc9293:3.10.8:user"
	TCPR1          ID = "SHLD-10"
	TCPR1Report    ID = "SHLD-9"
	TCPReport      ID = "MUST-47"
)

// options returns the rows of those rules.
func options() []Rule {
	return []Rule{
		{ID: TCPCork, Level: Policy, Why: "TCP_CORK and MSG_MORE say that more data follows, so a " +
			"segment that is not full waits for it (tcp(7) of Linux)"},
		{ID: TCPCorkLimit, Level: Policy, Why: "tcp(7) of Linux: 200 ms is the ceiling on how long " +
			"output is corked"},
		{ID: TCPUrgent, Level: Must, RFC: 9293, Section: "3.8.5"},
		{ID: TCPUrgentOver, Level: Says, RFC: 9293, Section: "3.8.5"},
		{ID: TCPUrgentSend, Level: Must, RFC: 9293, Section: "3.8.5"},
		{ID: TCPUrgentAcked, Level: Says, RFC: 9293, Section: "3.8.5"},
		{ID: TCPUserTimeout, Level: Must, RFC: 9293, Section: "3.8.3"},
		{ID: TCPUserStop, Level: Says, RFC: 9293, Section: "3.10.8"},
		{ID: TCPR1, Level: Should, RFC: 9293, Section: "3.8.3"},
		{ID: TCPR1Report, Level: Should, RFC: 9293, Section: "3.8.3"},
		{ID: TCPReport, Level: Must, RFC: 9293, Section: "3.9.1.8"},
	}
}
