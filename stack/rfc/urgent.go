package rfc

// The rules of TCP that a program brings about by an option or a flag: urgent data, the
// user timeout, a cork.
const (
	TCPCork      ID = "policy:cork"
	TCPCorkLimit ID = "policy:cork-limit"
)

// options returns the rows of those rules.
func options() []Rule {
	return []Rule{
		{ID: TCPCork, Level: Policy, Why: "TCP_CORK and MSG_MORE say that more data follows, so a " +
			"segment that is not full waits for it (tcp(7) of Linux)"},
		{ID: TCPCorkLimit, Level: Policy, Why: "tcp(7) of Linux: 200 ms is the ceiling on how long " +
			"output is corked"},
	}
}
