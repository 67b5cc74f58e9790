package rfc

// The rules of captures: how we know what an event of a run says that was read from a file
// and not computed by a stack.
const (
	Captured         ID = "policy:captured"
	CaptureHost      ID = "policy:capture-host"
	Observed         ID = "policy:observed"
	Estimated        ID = "policy:estimated"
	InferredPassed   ID = "policy:inferred-passed"
	InferredLost     ID = "policy:inferred-lost"
	InferredPieces   ID = "policy:inferred-pieces"
	InferredOpen     ID = "policy:inferred-open"
	InferredRunning  ID = "policy:inferred-running"
	InferredSync     ID = "policy:inferred-synchronized"
	InferredSyn      ID = "policy:inferred-syn-sent"
	InferredSynRcvd  ID = "policy:inferred-syn-received"
	InferredEstab    ID = "policy:inferred-established"
	InferredFin      ID = "policy:inferred-fin-sent"
	InferredPeerFin  ID = "policy:inferred-fin-received"
	InferredFinAcked ID = "policy:inferred-fin-acked"
	InferredReset    ID = "policy:inferred-reset-sent"
	InferredWasReset ID = "policy:inferred-reset-received"
	InferredAgain    ID = "policy:inferred-again"
	InferredSnd      ID = "policy:inferred-snd"
	InferredRcv      ID = "policy:inferred-rcv"
	InferredSACK     ID = "policy:inferred-sack"
)

// captures returns the rows of those rules.
func captures() []Rule {
	policy := func(id ID, why string) Rule { return Rule{ID: id, Level: Policy, Why: why} }
	return []Rule{
		policy(Captured, "a capture must never be taken for a run of our stack"),
		policy(CaptureHost, "a capture names addresses, not machines: one host for each"),
		policy(Observed, "what the file says is shown at the instant it says"),
		policy(Estimated, "half of the shortest answer time of a side is the best guess of how "+
			"far it was from the capture; the ladder needs an instant at both ends"),
		policy(InferredPassed, "a packet that nothing says was lost is taken to have arrived"),
		policy(InferredLost, "data sent again before any answer covered it did not arrive, "+
			"unless a D-SACK says that it did"),
		policy(InferredPieces, "fragments of one packet have its addresses, protocol and id"),
		policy(InferredOpen, "a TCB must be there before the first SYN leaves"),
		policy(InferredRunning, "segments without a SYN before them belong to a connection that "+
			"was there when the capture began"),
		policy(InferredSync, "what two SYNs say holds for the connection (RFC 9293 §3.10.7)"),
		policy(InferredSyn, "RFC 9293 figure 5, read from the wire"),
		policy(InferredSynRcvd, "RFC 9293 figure 5, read from the wire"),
		policy(InferredEstab, "RFC 9293 figure 5, read from the wire"),
		policy(InferredFin, "RFC 9293 figure 5, read from the wire"),
		policy(InferredPeerFin, "RFC 9293 figure 5, read from the wire"),
		policy(InferredFinAcked, "RFC 9293 figure 5, read from the wire"),
		policy(InferredReset, "who sends a reset has no connection any more (RFC 9293 §3.10.5)"),
		policy(InferredWasReset, "as RFC 9293 §3.10.7: a reset within the window ends the "+
			"connection, unless its receiver is seen to go on"),
		policy(InferredAgain, "a new SYN between two endpoints ends what was between them"),
		policy(InferredSnd, "SND.NXT, SND.UNA and SND.WND follow from segments that were seen"),
		policy(InferredRcv, "RCV.NXT and RCV.WND follow from segments that were seen"),
		policy(InferredSACK, "SACK blocks say what the peer holds (RFC 2018 §3)"),
	}
}
