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

	TCPFastOpenAsk    ID = "rfc7413:4.2.1"
	TCPFastOpenGrant  ID = "rfc7413:4.1.2"
	TCPFastOpenSend   ID = "rfc7413:4.2.2"
	TCPFastOpenTake   ID = "rfc7413:4.2.2:server"
	TCPFastOpenBad    ID = "rfc7413:4.2.2:invalid"
	TCPFastOpenFull   ID = "rfc7413:5.1"
	TCPFastOpenAgain  ID = "rfc7413:4.2.2:again"
	TCPFastOpenSilent ID = "rfc7413:4.1.3.1"
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
		{ID: TCPFastOpenAsk, Level: Says, RFC: 7413, Section: "4.2.1"},
		{ID: TCPFastOpenGrant, Level: Says, RFC: 7413, Section: "4.1.2"},
		{ID: TCPFastOpenSend, Level: Says, RFC: 7413, Section: "4.2.2"},
		{ID: TCPFastOpenTake, Level: Says, RFC: 7413, Section: "4.2.2"},
		{ID: TCPFastOpenBad, Level: Says, RFC: 7413, Section: "4.2.2"},
		{ID: TCPFastOpenFull, Level: Says, RFC: 7413, Section: "5.1"},
		{ID: TCPFastOpenAgain, Level: Says, RFC: 7413, Section: "4.2.2"},
		{ID: TCPFastOpenSilent, Level: Says, RFC: 7413, Section: "4.1.3.1"},
	}
}
