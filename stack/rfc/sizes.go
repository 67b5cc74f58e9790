package rfc

// The rules of segment sizes, paths and explicit congestion notification.
const (
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
		{ID: TCPSoftError, Level: Says, RFC: 5461, Section: "4"},
		{ID: TCPICMPOutside, Level: Says, RFC: 5927, Section: "4.1"},
		{ID: TCPECNFallback, Level: Should, RFC: 3168, Section: "6.1.1.1"},
		{ID: TCPECNReduce, Level: Must, RFC: 3168, Section: "6.1.2"},
		{ID: TCPECNOver, Level: Says, RFC: 3168, Section: "6.1.2"},
		{ID: TCPECNQuick, Level: Policy,
			Why: "as linux: a sender that was told of congestion may have one segment to send only"},
	}
}
