package rfc

// The rules of opening and ending a connection beyond RFC 9293 §3.10.
const (
	TCPDropSynFin    ID = "policy:drop-synfin"
	TCPBlackhole     ID = "policy:blackhole"
	TCPAbortOverflow ID = "policy:abort-on-overflow"
	TCPTimeWaitRST   ID = "rfc1337:3"
	TCPReuseDrop     ID = "rfc6191:2"
	TCPReuseBack     ID = "rfc9293:3.6.1:back"

	TCPCookieSent ID = "rfc4987:3.6"
	TCPCookieACK  ID = "rfc4987:3.6:ack"
	TCPCookieBad  ID = "rfc4987:3.6:bad"
)

// opening returns the rows of those rules.
func opening() []Rule {
	return []Rule{
		{ID: TCPDropSynFin, Level: Policy,
			Why: "no program asks for a SYN with a FIN, but scanners do (FreeBSD's drop_synfin)"},
		{ID: TCPBlackhole, Level: Policy,
			Why: "silence tells a scanner less than a reset (FreeBSD's blackhole)"},
		{ID: TCPAbortOverflow, Level: Policy,
			Why: "a peer that is reset need not guess (linux's tcp_abort_on_overflow)"},
		{ID: TCPTimeWaitRST, Level: Says, RFC: 1337, Section: "3"},
		{ID: TCPReuseDrop, Level: Says, RFC: 6191, Section: "2"},
		{ID: TCPReuseBack, Level: Says, RFC: 9293, Section: "3.6.1"},
		{ID: TCPCookieSent, Level: Says, RFC: 4987, Section: "3.6"},
		{ID: TCPCookieACK, Level: Says, RFC: 4987, Section: "3.6"},
		{ID: TCPCookieBad, Level: Says, RFC: 4987, Section: "3.6"},
	}
}
