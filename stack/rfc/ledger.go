package rfc

import "strings"

// State is how the stack stands to a requirement.
type State string

// The states of requirements. All but Met have a reason, among the texts.
const (
	Met    State = "met"
	NotMet State = "not met"
	NoCase State = "does not arise" // what the requirement is about cannot happen here
)

// Requirement is one row of the ledger: what the stack makes of one of the numbered
// requirements of RFC 9293 Appendix B. What it asks for, in our own words, and the reason
// of its state are messages under its id, in web/i18n/about.
type Requirement struct {
	ID      ID
	Section string // where RFC 9293 states it: "3.8.6.1"
	State   State
	// Shown lists the rules that events name when the requirement is seen at work: its
	// own id, or what fulfils it ("rfc5681:3.1:slow-start" for MUST-19). Empty for what
	// shows in octets or in what never happens, but in no event.
	Shown []ID
	// Tests lists what shows that it is so: "stack/tcp.TestX", or a packet script by its
	// path. A test of the ledger looks for each of them.
	Tests []string
}

// Level is how strongly the requirement binds, as its id says.
func (r Requirement) Level() Level {
	switch word, _, _ := strings.Cut(string(r.ID), "-"); word {
	case "MUST":
		return Must
	case "MAY":
		return May
	}
	return Should // REC-1 recommends (RFC 2119 §3)
}

// Ledger returns all 119 requirements of RFC 9293 Appendix B, in the order of its
// sections.
func Ledger() []Requirement {
	var all []Requirement
	for _, part := range [][]Requirement{
		ledgerHeader(), ledgerOpening(), ledgerClosing(), ledgerSizes(), ledgerRetransmission(),
		ledgerFailures(), ledgerKeepAlive(), ledgerUrgent(), ledgerWindow(), ledgerSilly(),
		ledgerCalls(), ledgerPush(), ledgerReports(), ledgerNetwork(), ledgerArriving(),
	} {
		all = append(all, part...)
	}
	return all
}

// ids and tests write a row's lists.
func ids(all ...ID) []ID { return all }

func tests(all ...string) []string { return all }
