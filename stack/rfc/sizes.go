package rfc

// The rules of segment sizes, paths and explicit congestion notification.
const (
	TCPPathMTU     ID = "rfc1191:6.4"
	TCPPathMTU6    ID = "rfc8201:5.4"
	TCPPathKnown   ID = "rfc1191:6.4:known"
	TCPPathLost    ID = "rfc1191:6.4:lost"
	TCPPathResend  ID = "rfc1191:6.4:resend"
	TCPPathRaise   ID = "rfc1191:6.3:raise"
	TCPPathTiny    ID = "policy:min-pmtu"
	TCPPathTiny6   ID = "rfc8201:4"
	TCPSizeProbe   ID = "rfc4821:7.5"
	TCPSizeUp      ID = "rfc4821:7.6.1"
	TCPSizeDown    ID = "rfc4821:7.6.2"
	TCPSizeResend  ID = "rfc4821:7.6.2:resend"
	TCPBlackHole   ID = "rfc4821:7.7"
	TCPSoftError   ID = "rfc5461:4"
	TCPICMPOutside ID = "rfc5927:4.1"
	TCPECNFallback ID = "rfc3168:6.1.1.1"
	TCPECNReduce   ID = "rfc3168:6.1.2"
	TCPECNOver     ID = "rfc3168:6.1.2:over"
	TCPECNQuick    ID = "policy:ecn-quick"
)

// sizes returns the rows of those rules.
func sizes() []Rule {
	return []Rule{
		{ID: TCPPathMTU, Level: Says, RFC: 1191, Section: "6.4"},
		{ID: TCPPathMTU6, Level: Says, RFC: 8201, Section: "5.4"},
		{ID: TCPPathKnown, Level: Must, RFC: 1191, Section: "6.4"},
		{ID: TCPPathLost, Level: Says, RFC: 1191, Section: "6.4"},
		{ID: TCPPathResend, Level: Says, RFC: 1191, Section: "6.4"},
		{ID: TCPPathRaise, Level: Should, RFC: 1191, Section: "6.3"},
		{ID: TCPPathTiny, Level: Policy, Why: "as linux: a forged message must not make every " +
			"segment tiny, so routers may cut packets that the path is too narrow for"},
		{ID: TCPPathTiny6, Level: Must, RFC: 8201, Section: "4"},
		{ID: TCPSizeProbe, Level: Says, RFC: 4821, Section: "7.5"},
		{ID: TCPSizeUp, Level: Says, RFC: 4821, Section: "7.6.1"},
		{ID: TCPSizeDown, Level: Must, RFC: 4821, Section: "7.6.2"},
		{ID: TCPSizeResend, Level: Says, RFC: 4821, Section: "7.6.2"},
		{ID: TCPBlackHole, Level: Should, RFC: 4821, Section: "7.7"},
		{ID: TCPSoftError, Level: Says, RFC: 5461, Section: "4"},
		{ID: TCPICMPOutside, Level: Says, RFC: 5927, Section: "4.1"},
		{ID: TCPECNFallback, Level: Should, RFC: 3168, Section: "6.1.1.1"},
		{ID: TCPECNReduce, Level: Must, RFC: 3168, Section: "6.1.2"},
		{ID: TCPECNOver, Level: Says, RFC: 3168, Section: "6.1.2"},
		{ID: TCPECNQuick, Level: Policy,
			Why: "as linux: a sender that was told of congestion may have one segment to send only"},
	}
}
