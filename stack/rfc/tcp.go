package rfc

// The rules of TCP. The names say what is done; the ids say who asks for it.
const (
	// Opening.
	TCPOpen         ID = "rfc9293:3.10.1"
	TCPISN          ID = "SHLD-1"
	TCPISNFixed     ID = "policy:isn-fixed"
	TCPFirstWindow  ID = "policy:first-window"
	TCPNoConn       ID = "rfc9293:3.10.7.1"
	TCPNoConnRST    ID = "rfc9293:3.10.7.1:rst"
	TCPListenSYN    ID = "rfc9293:3.10.7.2:syn"
	TCPListenACK    ID = "rfc9293:3.10.7.2:ack"
	TCPListenRST    ID = "rfc9293:3.10.7.2:rst"
	TCPListenOther  ID = "rfc9293:3.10.7.2:other"
	TCPSynSentACK   ID = "rfc9293:3.10.7.3:ack"
	TCPSynSentRST   ID = "rfc9293:3.10.7.3:rst"
	TCPSynSentSYN   ID = "rfc9293:3.10.7.3:syn"
	TCPSynSentOther ID = "rfc9293:3.10.7.3:other"
	TCPSimultaneous ID = "MUST-10"
	TCPBackToListen ID = "MUST-11"
	TCPSendMSS      ID = "MUST-16"
	TCPDefaultMSS   ID = "MUST-15"
	TCPSynText      ID = "policy:syn-text"
	TCPSynAckAgain  ID = "policy:synack-again"
	TCPSynQueue     ID = "policy:syn-queue"
	TCPSynQueueFull ID = "policy:syn-queue-full"
	TCPAcceptQueue  ID = "policy:accept-queue"
	TCPAcceptFull   ID = "policy:accept-queue-full"
	TCPAccept       ID = "policy:accept"
	TCPListenClosed ID = "policy:listener-closed"
	TCPReuse        ID = "MAY-2"
	TCPReuseTS      ID = "SHLD-4"

	// Arriving segments.
	TCPToMany       ID = "MUST-57"
	TCPBadSource    ID = "MUST-63"
	TCPArrives      ID = "rfc9293:3.10.7"
	TCPSeq          ID = "rfc9293:3.10.7.4:seq"
	TCPZeroWindow   ID = "rfc9293:3.10.7.4:zero-window"
	TCPTrim         ID = "rfc9293:3.10.7.4:trim"
	TCPPAWS         ID = "rfc7323:5.3"
	TCPNoTimestamp  ID = "rfc7323:3.2"
	TCPRST          ID = "rfc9293:3.10.7.4:rst"
	TCPRSTOutside   ID = "rfc5961:3.2:outside"
	TCPRSTChallenge ID = "rfc5961:3.2"
	TCPSYN          ID = "rfc9293:3.10.7.4:syn"
	TCPSYNChallenge ID = "rfc5961:4.2"
	TCPACKRange     ID = "rfc5961:5.2"
	TCPACKLimit     ID = "rfc5961:7"
	TCPNoACK        ID = "rfc9293:3.10.7.4:no-ack"
	TCPACK          ID = "rfc9293:3.10.7.4:ack"
	TCPACKUnsent    ID = "rfc9293:3.10.7.4:ack-unsent"
	TCPACKOfSYN     ID = "rfc9293:3.10.7.4:ack-syn"
	TCPACKOfSYNBad  ID = "rfc9293:3.10.7.4:ack-syn-bad"
	TCPACKOfFIN     ID = "rfc9293:3.10.7.4:ack-fin"
	TCPText         ID = "rfc9293:3.10.7.4:text"
	TCPTextLate     ID = "rfc9293:3.10.7.4:text-late"
	TCPHold         ID = "SHLD-31"
	TCPHoldLimit    ID = "policy:held-limit"
	TCPFIN          ID = "rfc9293:3.10.7.4:fin"
	TCPFINAgain     ID = "rfc9293:3.10.7.4:fin-again"
	TCPHardError    ID = "SHLD-26"

	// User calls and the end.
	TCPSend       ID = "rfc9293:3.10.2"
	TCPReceive    ID = "rfc9293:3.10.3"
	TCPClose      ID = "rfc9293:3.10.4"
	TCPAbort      ID = "rfc9293:3.10.5"
	TCPUnread     ID = "rfc2525:2.17"
	TCPLateData   ID = "SHLD-3"
	TCPTimeWait   ID = "MUST-13"
	TCPFinTimeout ID = "policy:fin-timeout"
	TCPR2         ID = "MUST-20"
	TCPR2SYN      ID = "MUST-22"

	// Sending data.
	TCPFullSized ID = "SHLD-28"
	TCPPush      ID = "MUST-61"
	TCPNagle     ID = "SHLD-7"
	TCPSWSSender ID = "MUST-38"
	TCPOverride  ID = "rfc9293:3.8.6.2.1"
	TCPWindow    ID = "rfc9293:3.8.6"
	TCPShrunk    ID = "SHLD-16"
	TCPProbe     ID = "MUST-36"
	TCPProbeWait ID = "SHLD-29"
	TCPProbeSlow ID = "SHLD-30"
	TCPProbeStop ID = "MUST-35"

	// Acknowledging data.
	TCPDelayedACK  ID = "SHLD-18"
	TCPDelayedOver ID = "MUST-40"
	TCPSecondACK   ID = "SHLD-19"
	TCPQuickACK    ID = "policy:quick-ack"
	TCPReadACK     ID = "policy:read-ack"
	TCPGapACK      ID = "rfc5681:4.2"
	TCPPiggyback   ID = "MUST-58"
	TCPOfferWindow ID = "MUST-39"

	// The retransmission timer.
	TCPRTOFirst   ID = "rfc6298:2.1"
	TCPRTTFirst   ID = "rfc6298:2.2"
	TCPRTT        ID = "rfc6298:2.3"
	TCPRTTStamp   ID = "rfc7323:4.1"
	TCPRTOStart   ID = "rfc6298:5.1"
	TCPRTOStop    ID = "rfc6298:5.2"
	TCPRTORestart ID = "rfc6298:5.3"
	TCPRTOResend  ID = "rfc6298:5.4"
	TCPRTOBackoff ID = "rfc6298:5.5"
	TCPRTORearm   ID = "rfc6298:5.6"
	TCPRTOSynLost ID = "rfc6298:5.7"
	TCPRTOFired   ID = "rfc9293:3.10.8"

	// Keep-alive.
	TCPKeepIdle  ID = "MUST-27"
	TCPKeepOff   ID = "MUST-24"
	TCPKeepProbe ID = "MUST-26"
	TCPKeepDead  ID = "MUST-29"
)

// tcp returns the rows of the rules TCP cites.
func tcp() []Rule {
	var rows []Rule
	for _, part := range [][]Rule{
		tcpOpening(), tcpArriving(), tcpCalls(), tcpSending(), tcpTiming(), tcpCongestion(),
		opening(), sizes(), tcpRecovery(),
	} {
		rows = append(rows, part...)
	}
	return rows
}

func tcpOpening() []Rule {
	return []Rule{
		{ID: TCPOpen, Level: Says, RFC: 9293, Section: "3.10.1"},
		{ID: TCPISN, Level: Should, RFC: 9293, Section: "3.4.1"},
		{ID: TCPISNFixed, Level: Policy, Why: "labs that follow a figure need its numbers"},
		{ID: TCPFirstWindow, Level: Policy,
			Why: "a SYN's window is not scaled, and linux offers whole segments"},
		{ID: TCPNoConn, Level: Says, RFC: 9293, Section: "3.10.7.1"},
		{ID: TCPNoConnRST, Level: Says, RFC: 9293, Section: "3.10.7.1"},
		{ID: TCPListenSYN, Level: Says, RFC: 9293, Section: "3.10.7.2"},
		{ID: TCPListenACK, Level: Says, RFC: 9293, Section: "3.10.7.2"},
		{ID: TCPListenRST, Level: Says, RFC: 9293, Section: "3.10.7.2"},
		{ID: TCPListenOther, Level: Says, RFC: 9293, Section: "3.10.7.2"},
		{ID: TCPSynSentACK, Level: Says, RFC: 9293, Section: "3.10.7.3"},
		{ID: TCPSynSentRST, Level: Says, RFC: 9293, Section: "3.10.7.3"},
		{ID: TCPSynSentSYN, Level: Says, RFC: 9293, Section: "3.10.7.3"},
		{ID: TCPSynSentOther, Level: Says, RFC: 9293, Section: "3.10.7.3"},
		{ID: TCPSimultaneous, Level: Must, RFC: 9293, Section: "3.5"},
		{ID: TCPBackToListen, Level: Must, RFC: 9293, Section: "3.5"},
		{ID: TCPSendMSS, Level: Must, RFC: 9293, Section: "3.7.1"},
		{ID: TCPDefaultMSS, Level: Must, RFC: 9293, Section: "3.7.1"},
		{ID: TCPSynText, Level: Policy,
			Why: "without Fast Open nothing is kept for a peer that may not exist"},
		{ID: TCPSynAckAgain, Level: Policy,
			Why: "a repeated SYN shows that the SYN,ACK was lost; linux repeats it at once"},
		{ID: TCPSynQueue, Level: Policy, Why: "half-open connections are counted by listener"},
		{ID: TCPSynQueueFull, Level: Policy, Why: "memory for half-open connections is bounded"},
		{ID: TCPAcceptQueue, Level: Policy, Why: "established connections wait for accept"},
		{ID: TCPAcceptFull, Level: Policy,
			Why: "as linux: one more than the backlog, and the peer tries again later"},
		{ID: TCPAccept, Level: Policy, Why: "accept hands over the oldest connection"},
		{ID: TCPListenClosed, Level: Policy, Why: "nobody could accept these connections any more"},
		{ID: TCPReuse, Level: May, RFC: 9293, Section: "3.6.1"},
		{ID: TCPReuseTS, Level: Should, RFC: 9293, Section: "3.6.1"},
	}
}

func tcpArriving() []Rule {
	return []Rule{
		{ID: TCPToMany, Level: Must, RFC: 9293, Section: "3.9.2.3"},
		{ID: TCPBadSource, Level: Must, RFC: 9293, Section: "3.9.2.3"},
		{ID: TCPArrives, Level: Says, RFC: 9293, Section: "3.10.7"},
		{ID: TCPSeq, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPZeroWindow, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPTrim, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPPAWS, Level: Says, RFC: 7323, Section: "5.3"},
		{ID: TCPNoTimestamp, Level: Says, RFC: 7323, Section: "3.2"},
		{ID: TCPRST, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPRSTOutside, Level: Says, RFC: 5961, Section: "3.2"},
		{ID: TCPRSTChallenge, Level: Says, RFC: 5961, Section: "3.2"},
		{ID: TCPSYN, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPSYNChallenge, Level: Says, RFC: 5961, Section: "4.2"},
		{ID: TCPACKRange, Level: Says, RFC: 5961, Section: "5.2"},
		{ID: TCPACKLimit, Level: Says, RFC: 5961, Section: "7"},
		{ID: TCPNoACK, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPACK, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPACKUnsent, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPACKOfSYN, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPACKOfSYNBad, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPACKOfFIN, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPText, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPTextLate, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPHold, Level: Should, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPHoldLimit, Level: Policy, Why: "the list of gaps is bounded"},
		{ID: TCPFIN, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPFINAgain, Level: Says, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPHardError, Level: Should, RFC: 9293, Section: "3.9.2.2"},
	}
}

func tcpCalls() []Rule {
	return []Rule{
		{ID: TCPSend, Level: Says, RFC: 9293, Section: "3.10.2"},
		{ID: TCPReceive, Level: Says, RFC: 9293, Section: "3.10.3"},
		{ID: TCPClose, Level: Says, RFC: 9293, Section: "3.10.4"},
		{ID: TCPAbort, Level: Says, RFC: 9293, Section: "3.10.5"},
		{ID: TCPUnread, Level: Says, RFC: 2525, Section: "2.17"},
		{ID: TCPLateData, Level: Should, RFC: 9293, Section: "3.6.1"},
		{ID: TCPTimeWait, Level: Must, RFC: 9293, Section: "3.6.1"},
		{ID: TCPFinTimeout, Level: Policy,
			Why: "a closed socket cannot wait for ever for a FIN that nobody would read"},
		{ID: TCPR2, Level: Must, RFC: 9293, Section: "3.8.3"},
		{ID: TCPR2SYN, Level: Must, RFC: 9293, Section: "3.8.3"},
		{ID: TCPKeepIdle, Level: Must, RFC: 9293, Section: "3.8.4"},
		{ID: TCPKeepOff, Level: Must, RFC: 9293, Section: "3.8.4"},
		{ID: TCPKeepProbe, Level: Must, RFC: 9293, Section: "3.8.4"},
		{ID: TCPKeepDead, Level: Must, RFC: 9293, Section: "3.8.4"},
	}
}

func tcpSending() []Rule {
	return []Rule{
		{ID: TCPFullSized, Level: Should, RFC: 9293, Section: "3.9.1.2"},
		{ID: TCPPush, Level: Must, RFC: 9293, Section: "3.9.1.2"},
		{ID: TCPNagle, Level: Should, RFC: 9293, Section: "3.7.4"},
		{ID: TCPSWSSender, Level: Must, RFC: 9293, Section: "3.8.6.2.1"},
		{ID: TCPOverride, Level: Says, RFC: 9293, Section: "3.8.6.2.1"},
		{ID: TCPWindow, Level: Says, RFC: 9293, Section: "3.8.6"},
		{ID: TCPShrunk, Level: Should, RFC: 9293, Section: "3.8.6"},
		{ID: TCPProbe, Level: Must, RFC: 9293, Section: "3.8.6.1"},
		{ID: TCPProbeWait, Level: Should, RFC: 9293, Section: "3.8.6.1"},
		{ID: TCPProbeSlow, Level: Should, RFC: 9293, Section: "3.8.6.1"},
		{ID: TCPProbeStop, Level: Must, RFC: 9293, Section: "3.8.6"},
		{ID: TCPDelayedACK, Level: Should, RFC: 9293, Section: "3.8.6.3"},
		{ID: TCPDelayedOver, Level: Must, RFC: 9293, Section: "3.8.6.3"},
		{ID: TCPSecondACK, Level: Should, RFC: 9293, Section: "3.8.6.3"},
		{ID: TCPReadACK, Level: Policy,
			Why: "as linux: the peer pushed the end of what it wrote, and it was read"},
		{ID: TCPQuickACK, Level: Policy,
			Why: "as linux: a sender in slow start needs every acknowledgment"},
		{ID: TCPGapACK, Level: Says, RFC: 5681, Section: "4.2"},
		{ID: TCPPiggyback, Level: Must, RFC: 9293, Section: "3.10.7.4"},
		{ID: TCPOfferWindow, Level: Must, RFC: 9293, Section: "3.8.6.2.2"},
	}
}

func tcpTiming() []Rule {
	return []Rule{
		{ID: TCPRTOFirst, Level: Says, RFC: 6298, Section: "2"},
		{ID: TCPRTTFirst, Level: Says, RFC: 6298, Section: "2"},
		{ID: TCPRTT, Level: Says, RFC: 6298, Section: "2"},
		{ID: TCPRTTStamp, Level: Says, RFC: 7323, Section: "4.1"},
		{ID: TCPRTOStart, Level: Says, RFC: 6298, Section: "5"},
		{ID: TCPRTOStop, Level: Says, RFC: 6298, Section: "5"},
		{ID: TCPRTORestart, Level: Says, RFC: 6298, Section: "5"},
		{ID: TCPRTOResend, Level: Says, RFC: 6298, Section: "5"},
		{ID: TCPRTOBackoff, Level: Says, RFC: 6298, Section: "5"},
		{ID: TCPRTORearm, Level: Says, RFC: 6298, Section: "5"},
		{ID: TCPRTOSynLost, Level: Says, RFC: 6298, Section: "5"},
		{ID: TCPRTOFired, Level: Says, RFC: 9293, Section: "3.10.8"},
	}
}
