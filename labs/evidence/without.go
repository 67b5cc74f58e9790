package evidence

import "labserver/stack/rfc"

// Why tells why no recorded run shows a rule.
type Why string

// The reasons. Their words are messages of the page of rules.
const (
	Large Why = "large" // it takes more than a run that people look at should hold
	Below Why = "below" // the layer below keeps it away in every world of ours
	// Read: it explains what was read from a capture, and no run of ours is one.
	Read Why = "read"
)

// Without lists the rules that no recorded run shows, each with its reason. It is exact: a
// rule that has a run does not stand here.
func Without() map[rfc.ID]Why {
	return map[rfc.ID]Why{
		rfc.PacketLimit:    Large,
		rfc.SwitchLimit:    Large,
		rfc.NeighbourLimit: Large,
		rfc.StepBudget:     Large,
		rfc.PathLimit:      Large,
		rfc.TCPHoldLimit:   Large,

		rfc.TCPToMany: Below,

		rfc.Captured:         Read,
		rfc.CaptureHost:      Read,
		rfc.Observed:         Read,
		rfc.Estimated:        Read,
		rfc.InferredPassed:   Read,
		rfc.InferredLost:     Read,
		rfc.InferredPieces:   Read,
		rfc.InferredOpen:     Read,
		rfc.InferredRunning:  Read,
		rfc.InferredSync:     Read,
		rfc.InferredSyn:      Read,
		rfc.InferredSynRcvd:  Read,
		rfc.InferredEstab:    Read,
		rfc.InferredFin:      Read,
		rfc.InferredPeerFin:  Read,
		rfc.InferredFinAcked: Read,
		rfc.InferredReset:    Read,
		rfc.InferredWasReset: Read,
		rfc.InferredAgain:    Read,
		rfc.InferredSnd:      Read,
		rfc.InferredRcv:      Read,
		rfc.InferredSACK:     Read,
	}
}
