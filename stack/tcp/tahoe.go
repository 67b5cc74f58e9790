package tcp

// tahoe is TCP before fast recovery, for teaching: a loss that three duplicate ACKs tell
// of is answered like a timeout, by slow start from one segment. (Jacobson, "Congestion
// Avoidance and Control", SIGCOMM 1988; the release 4.3BSD-Tahoe.) It grows as reno does.
type tahoe struct{ reno }

func (tahoe) recovery() recoveryKind { return recoverySlowStart }

func (tahoe) name() string { return "tahoe" }
