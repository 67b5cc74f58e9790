package rfc

// Level is how strongly a rule binds.
type Level string

// The RFC 2119 levels as RFC 9293 Appendix B groups them, and our own.
const (
	Must   Level = "MUST"
	Should Level = "SHLD"
	May    Level = "MAY"
	Says   Level = "says"   // an RFC describes it without a numbered requirement
	Policy Level = "policy" // our own choice, with its reason in Why
	Root   Level = "root"   // nothing inside the world caused it
)

// Rule is one row of the table.
type Rule struct {
	ID      ID     `json:"id"`
	Level   Level  `json:"level"`
	RFC     int    `json:"rfc,omitempty"`     // 0 for policies and roots
	Section string `json:"section,omitempty"` // "3.10.7.4"
	Why     string `json:"why,omitempty"`     // for policies: the reason, for developers
}

// Table returns every rule, grouped by the part of the stack that cites it.
func Table() []Rule {
	roots := []Rule{
		{ID: ByCommand, Level: Root}, {ID: ByNote, Level: Root}, {ID: ByStart, Level: Root},
	}
	var all []Rule
	for _, part := range [][]Rule{roots, network(), lan(), queues(), echo(), routes(), translation(),
		sockets(), options(), tcp(), captures()} {
		all = append(all, part...)
	}
	return all
}
