package rfc

// Rules of queue disciplines, of a link's rules, and of packets edited by hand.
const (
	CoDelDrop     ID = "rfc8289:5.5"
	CoDelMark     ID = "policy:codel-mark"
	CoDelState    ID = "rfc8289:5.6"
	REDDrop       ID = "policy:red-drop"
	REDMark       ID = "policy:red-mark"
	REDState      ID = "policy:red-state"
	LinkRule      ID = "policy:link-rule"
	LinkRuleMatch ID = "policy:link-rule-match"
	Edited        ID = "policy:edited"
	Forged        ID = "policy:forged"
)

func queues() []Rule {
	return []Rule{
		{ID: CoDelDrop, Level: Says, RFC: 8289, Section: "5.5"},
		{ID: CoDelMark, Level: Policy, Why: "where CoDel would drop and queue_ecn is set, a packet " +
			"that says ECT is marked and goes (RFC 3168 §5); RFC 8289 leaves marking to who builds it"},
		{ID: CoDelState, Level: Says, RFC: 8289, Section: "5.6"},
		{ID: REDDrop, Level: Policy, Why: "RED is Floyd's and Jacobson's of 1993, counting packets; " +
			"RFC 2309 §3 recommended it, RFC 7567 leaves the choice"},
		{ID: REDMark, Level: Policy, Why: "between the thresholds a packet that says ECT is marked " +
			"instead, if queue_ecn is set (RFC 3168 §5); above them it is dropped all the same"},
		{ID: REDState, Level: Policy, Why: "the average queue has crossed a threshold; the average " +
			"itself changes with every packet and shows where it drops one"},
		{ID: LinkRule, Level: Policy, Why: "a rule of the link does this to the packet; the rule that " +
			"acts is this event's cause"},
		{ID: LinkRuleMatch, Level: Policy, Why: "each packet that a rule is for is counted, so that " +
			"the third of them can be told"},
		{ID: Edited, Level: Policy, Why: "a person wrote this field of the packet on its way"},
		{ID: Forged, Level: Policy, Why: "a person sends a packet from an interface past the host's " +
			"stack, as a raw socket would"},
	}
}
