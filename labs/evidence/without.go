package evidence

import "labserver/stack/rfc"

// Why tells why no recorded run shows a rule.
type Why string

// The reasons. Their words are messages of the page of rules.
const (
	Large Why = "large" // it takes more than a run that people look at should hold
	Below Why = "below" // the layer below keeps it away in every world of ours
)

// Without lists the rules that no recorded run shows, each with its reason. It is exact: a
// rule that has a run does not stand here.
func Without() map[rfc.ID]Why {
	return map[rfc.ID]Why{
		rfc.PacketLimit:  Large,
		rfc.StepBudget:   Large,
		rfc.PathLimit:    Large,
		rfc.TCPHoldLimit: Large,

		rfc.TCPToMany: Below,
	}
}
