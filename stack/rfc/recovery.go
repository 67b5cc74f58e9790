package rfc

// The rules of loss detection and recovery beyond RFC 5681.
const (
	TCPScoreboard    ID = "rfc6675:4:update"
	TCPSackBad       ID = "rfc2018:3"
	TCPDSACK         ID = "rfc2883:5"
	TCPReordering    ID = "rfc8985:6.2:reordering"
	TCPRTTSack       ID = "rfc6298:3"
	TCPDupThresh     ID = "rfc5681:3.2:lost"
	TCPPartialLost   ID = "rfc6582:3.2:lost"
	TCPIsLost        ID = "rfc6675:4"
	TCPNextSeg       ID = "rfc6675:4:next-seg"
	TCPNextSegGuess  ID = "rfc6675:4:unsure"
	TCPRescue        ID = "rfc6675:4:rescue"
	TCPSackRecovery  ID = "rfc6675:5"
	TCPSackRecovered ID = "rfc6675:5:recovered"
	TCPTimeoutLost   ID = "rfc6675:5.1"
	TCPReneging      ID = "rfc2018:8"
	TCPRACKLost      ID = "rfc8985:6.2"
	TCPRACKResend    ID = "rfc8985:6.2:resend"
	TCPRACKTimer     ID = "rfc8985:6.2:timer"
	TCPTLPTimer      ID = "rfc8985:7.2"
	TCPTLPAgain      ID = "rfc8985:7.3"
	TCPTLPNew        ID = "rfc8985:7.3:new"
	TCPTLPRepaired   ID = "rfc8985:7.4.2"
	TCPEifel         ID = "rfc3522:3.2"
	TCPDSACKUndo     ID = "rfc3708:3"
	TCPFRTO          ID = "rfc5682:3.1"
	TCPFRTONew       ID = "rfc5682:3.1:new"
	TCPTahoeLost     ID = "policy:tahoe-lost"
	TCPPRR           ID = "rfc9937:6.2"
	TCPPRRCRB        ID = "rfc9937:6.2:crb"
	TCPPRRSSRB       ID = "rfc9937:6.2:ssrb"
	TCPPRREnd        ID = "rfc9937:6.2:end"
)

// tcpRecovery returns the rows of the rules that find losses and repair them.
func tcpRecovery() []Rule {
	return []Rule{
		{ID: TCPScoreboard, Level: Says, RFC: 6675, Section: "4"},
		{ID: TCPSackBad, Level: Says, RFC: 2018, Section: "3"},
		{ID: TCPDSACK, Level: Says, RFC: 2883, Section: "5"},
		{ID: TCPReordering, Level: Says, RFC: 8985, Section: "6.2"},
		{ID: TCPRTTSack, Level: Says, RFC: 6298, Section: "3"},
		{ID: TCPDupThresh, Level: Says, RFC: 5681, Section: "3.2"},
		{ID: TCPPartialLost, Level: Says, RFC: 6582, Section: "3.2"},
		{ID: TCPIsLost, Level: Says, RFC: 6675, Section: "4"},
		{ID: TCPNextSeg, Level: Says, RFC: 6675, Section: "4"},
		{ID: TCPNextSegGuess, Level: Says, RFC: 6675, Section: "4"},
		{ID: TCPRescue, Level: Says, RFC: 6675, Section: "4"},
		{ID: TCPSackRecovery, Level: Says, RFC: 6675, Section: "5"},
		{ID: TCPSackRecovered, Level: Says, RFC: 6675, Section: "5"},
		{ID: TCPTimeoutLost, Level: Says, RFC: 6675, Section: "5.1"},
		{ID: TCPReneging, Level: Says, RFC: 2018, Section: "8"},
		{ID: TCPRACKLost, Level: Says, RFC: 8985, Section: "6.2"},
		{ID: TCPRACKResend, Level: Says, RFC: 8985, Section: "6.2"},
		{ID: TCPRACKTimer, Level: Says, RFC: 8985, Section: "6.2"},
		{ID: TCPTLPTimer, Level: Says, RFC: 8985, Section: "7.2"},
		{ID: TCPTLPAgain, Level: Says, RFC: 8985, Section: "7.3"},
		{ID: TCPTLPNew, Level: Says, RFC: 8985, Section: "7.3"},
		{ID: TCPTLPRepaired, Level: Says, RFC: 8985, Section: "7.4.2"},
		{ID: TCPEifel, Level: Says, RFC: 3522, Section: "3.2"},
		{ID: TCPDSACKUndo, Level: Says, RFC: 3708, Section: "3"},
		{ID: TCPFRTO, Level: Says, RFC: 5682, Section: "3.1"},
		{ID: TCPFRTONew, Level: Says, RFC: 5682, Section: "3.1"},
		{ID: TCPTahoeLost, Level: Policy, Why: "Tahoe sends all again that was outstanding at a loss"},
		{ID: TCPPRR, Level: Says, RFC: 9937, Section: "6.2"},
		{ID: TCPPRRCRB, Level: Says, RFC: 9937, Section: "6.2"},
		{ID: TCPPRRSSRB, Level: Says, RFC: 9937, Section: "6.2"},
		{ID: TCPPRREnd, Level: Says, RFC: 9937, Section: "6.2"},
	}
}
