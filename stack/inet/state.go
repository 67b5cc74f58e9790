package inet

// TCPState is the state of a connection (RFC 9293 §3.3.2). The zero value is CLOSED.
type TCPState uint8

const (
	// Closed: "represents no connection state at all" (it is fictional).
	Closed TCPState = iota
	// Listen: "waiting for a connection request from any remote TCP peer and port".
	Listen
	// SynSent: "waiting for a matching connection request after having sent one".
	SynSent
	// SynReceived: "waiting for a confirming connection request acknowledgment after
	// having both received and sent a connection request".
	SynReceived
	// Established: "an open connection, data received can be delivered to the user".
	Established
	// FinWait1: "waiting for a connection termination request from the remote TCP peer,
	// or an acknowledgment of the connection termination request previously sent".
	FinWait1
	// FinWait2: "waiting for a connection termination request from the remote TCP peer".
	FinWait2
	// CloseWait: "waiting for a connection termination request from the local user".
	CloseWait
	// Closing: "waiting for a connection termination request acknowledgment from the
	// remote TCP peer".
	Closing
	// LastAck: "waiting for an acknowledgment of the connection termination request
	// previously sent to the remote TCP peer".
	LastAck
	// TimeWait: "waiting for enough time to pass to be sure the remote TCP peer received
	// the acknowledgment of its connection termination request".
	TimeWait
)

// TCPStates lists the names by state, in the RFC's order.
func TCPStates() []string {
	names := make([]string, 0, TimeWait+1)
	for s := Closed; s <= TimeWait; s++ {
		names = append(names, s.String())
	}
	return names
}

// String returns the RFC's name, e.g. "FIN-WAIT-1".
func (s TCPState) String() string {
	switch s {
	case Closed:
		return "CLOSED"
	case Listen:
		return "LISTEN"
	case SynSent:
		return "SYN-SENT"
	case SynReceived:
		return "SYN-RECEIVED"
	case Established:
		return "ESTABLISHED"
	case FinWait1:
		return "FIN-WAIT-1"
	case FinWait2:
		return "FIN-WAIT-2"
	case CloseWait:
		return "CLOSE-WAIT"
	case Closing:
		return "CLOSING"
	case LastAck:
		return "LAST-ACK"
	case TimeWait:
		return "TIME-WAIT"
	}
	return "?"
}

// Synchronized reports whether both sides have exchanged SYNs (RFC 9293 §3.10.7.4).
func (s TCPState) Synchronized() bool { return s >= Established }

// MarshalText implements encoding.TextMarshaler with the RFC's name.
func (s TCPState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the RFC's name.
func (s *TCPState) UnmarshalText(b []byte) error {
	for c := Closed; c <= TimeWait; c++ {
		if c.String() == string(b) {
			*s = c
			return nil
		}
	}
	return unknownName("TCP state", b)
}

type nameError string

func (e nameError) Error() string { return string(e) }

func unknownName(what string, b []byte) error {
	return nameError("unknown " + what + " " + string(b))
}
