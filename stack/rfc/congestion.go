package rfc

// The rules of congestion control.
const (
	TCPInitialWindow  ID = "rfc6928:2"
	TCPSynLostWindow  ID = "rfc5681:3.1:syn-lost"
	TCPSlowStart      ID = "rfc5681:3.1:slow-start"
	TCPAvoidance      ID = "rfc5681:3.1:avoidance"
	TCPCwnd           ID = "rfc5681:3.1"
	TCPLossWindow     ID = "rfc5681:3.1:timeout"
	TCPLossResend     ID = "rfc5681:3.1:resend"
	TCPLossOver       ID = "rfc5681:3.1:recovered"
	TCPFastRetransmit ID = "rfc5681:3.2"
	TCPInflate        ID = "rfc5681:3.2:inflate"
	TCPPartialACK     ID = "rfc6582:3.2:partial"
	TCPFullACK        ID = "rfc6582:3.2:full"
	CubicFriendly     ID = "rfc9438:4.3"
	CubicConcave      ID = "rfc9438:4.4"
	CubicConvex       ID = "rfc9438:4.5"
	HyStartEnter      ID = "rfc9406:4.2:enter"
	HyStartCSS        ID = "rfc9406:4.2:css"
	HyStartResume     ID = "rfc9406:4.2:resume"
	HyStartDone       ID = "rfc9406:4.2:done"
	TCPTahoe          ID = "policy:tahoe"
	TCPLimited        ID = "rfc3042:2"
	TCPIdleRestart    ID = "rfc5681:4.1"
	TCPIdleDecay      ID = "rfc2861:3"
)

// tcpCongestion returns the rows of the rules that move cwnd and ssthresh.
func tcpCongestion() []Rule {
	return []Rule{
		{ID: TCPInitialWindow, Level: Says, RFC: 6928, Section: "2"},
		{ID: TCPSynLostWindow, Level: Says, RFC: 5681, Section: "3.1"},
		{ID: TCPSlowStart, Level: Says, RFC: 5681, Section: "3.1"},
		{ID: TCPAvoidance, Level: Says, RFC: 5681, Section: "3.1"},
		{ID: TCPCwnd, Level: Says, RFC: 5681, Section: "3.1"},
		{ID: TCPLossWindow, Level: Says, RFC: 5681, Section: "3.1"},
		{ID: TCPLossResend, Level: Says, RFC: 5681, Section: "3.1"},
		{ID: TCPLossOver, Level: Says, RFC: 5681, Section: "3.1"},
		{ID: TCPFastRetransmit, Level: Says, RFC: 5681, Section: "3.2"},
		{ID: TCPInflate, Level: Says, RFC: 5681, Section: "3.2"},
		{ID: TCPPartialACK, Level: Says, RFC: 6582, Section: "3.2"},
		{ID: TCPFullACK, Level: Says, RFC: 6582, Section: "3.2"},
		{ID: CubicFriendly, Level: Says, RFC: 9438, Section: "4.3"},
		{ID: CubicConcave, Level: Says, RFC: 9438, Section: "4.4"},
		{ID: CubicConvex, Level: Says, RFC: 9438, Section: "4.5"},
		{ID: HyStartEnter, Level: Says, RFC: 9406, Section: "4.2"},
		{ID: HyStartCSS, Level: Says, RFC: 9406, Section: "4.2"},
		{ID: HyStartResume, Level: Says, RFC: 9406, Section: "4.2"},
		{ID: HyStartDone, Level: Says, RFC: 9406, Section: "4.2"},
		{ID: TCPTahoe, Level: Policy, Why: "before fast recovery a loss meant slow start"},
		{ID: TCPLimited, Level: Says, RFC: 3042, Section: "2"},
		{ID: TCPIdleRestart, Level: Says, RFC: 5681, Section: "4.1"},
		{ID: TCPIdleDecay, Level: Says, RFC: 2861, Section: "3"},
	}
}
