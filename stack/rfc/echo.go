package rfc

// Rules of ping and traceroute.
const (
	PingRequest  ID = "rfc792:echo"
	PingRequest6 ID = "rfc4443:4.1"
	PingMatch    ID = "rfc792:echo-match"
	PingMatch6   ID = "rfc4443:4.2-match"
	PingError    ID = "rfc1122:3.2.2.6-error"
	PingLocal    ID = "policy:ping-local"
	PingTimeout  ID = "policy:ping-timeout"
	PingSummary  ID = "policy:ping-summary"
	TraceProbe   ID = "policy:traceroute"
	TraceHop     ID = "rfc792:time-exceeded"
	TraceEnd     ID = "policy:traceroute-end"
	Interrupted  ID = "posix:EINTR"
	BadSource    ID = "posix:EADDRNOTAVAIL-source"
)

// echo returns the rows of those rules.
func echo() []Rule {
	return []Rule{
		{ID: PingRequest, Level: Says, RFC: 792, Section: "echo"},
		{ID: PingRequest6, Level: Should, RFC: 4443, Section: "4.1"},
		{ID: PingMatch, Level: Says, RFC: 792, Section: "echo"},
		{ID: PingMatch6, Level: Must, RFC: 4443, Section: "4.2"},
		{ID: PingError, Level: Must, RFC: 1122, Section: "3.2.2.6"},
		{ID: PingLocal, Level: Policy, Why: "a request that cannot leave its host is told at " +
			"once, with the MTU that it passes, as ping on Linux does"},
		{ID: PingTimeout, Level: Policy, Why: "no standard bounds the wait for an echo reply; a " +
			"request is given up after the time that the command names"},
		{ID: PingSummary, Level: Policy, Why: "as everywhere, ping ends with its counts and the " +
			"least, mean and largest round trip"},
		{ID: TraceProbe, Level: Policy, Why: "traceroute sends probes one after the other with a " +
			"TTL that grows, to UDP ports from 33434 on where nobody listens, or as echo requests"},
		{ID: TraceHop, Level: Says, RFC: 792, Section: "time exceeded"},
		{ID: TraceEnd, Level: Policy, Why: "traceroute stops where the destination answers, where " +
			"a router says that it cannot be reached, or at the hops it may try"},
		{ID: Interrupted, Level: Says, Section: "2.10"},
		{ID: BadSource, Level: Says, Section: "2.10"},
	}
}
