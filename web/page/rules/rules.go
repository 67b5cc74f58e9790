// Package rules is the page of all rules: what each of the 119 requirements of RFC 9293
// Appendix B asks for and what the stack makes of it, then every other rule that events
// name as their reason. From a rule a reader starts a recorded run that shows it.
//
// It must never hold a rule's text or decide what is one: the tables are stack/rfc's, the
// texts are messages, the recorded runs are labs/evidence's.
package rules

import (
	"net/http"
	"strings"

	"labserver/labs/evidence"
	"labserver/stack/rfc"
	"labserver/web/i18n"
	"labserver/web/page/layout"
)

// Page serves /rfc.
type Page struct {
	Table  []rfc.Rule
	Ledger []rfc.Requirement
}

// New returns the page of the stack's own rules.
func New() Page { return Page{Table: rfc.Table(), Ledger: rfc.Ledger()} }

// filter is what a reader asks to see. The zero value shows all.
type filter struct {
	level rfc.Level
	state rfc.State
	words string
}

// view is what the template shows.
type view struct {
	filter
	groups []group
	counts counts
	shown  int // rules that pass the filter
}

// counts is how the ledger stands as a whole, and by level.
type counts struct {
	all, met, not, nocase int
	levels                []levelCount
}

type levelCount struct {
	level    rfc.Level
	met, all int
}

// ServeHTTP lists the rules that the query asks for: ?level=MUST&state=met&q=words.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	v := view{filter: filter{words: strings.TrimSpace(q.Get("q"))}, counts: count(p.Ledger)}
	for _, l := range levels() {
		if string(l) == q.Get("level") {
			v.level = l
		}
	}
	for _, s := range states() {
		if string(s) == q.Get("state") {
			v.state = s
		}
	}
	for _, g := range groups(p.Ledger, p.Table, i18n.From(r.Context())) {
		if g.rows = g.passing(v.filter); len(g.rows) > 0 {
			v.groups = append(v.groups, g)
			v.shown += len(g.rows)
		}
	}
	layout.Render(w, r, http.StatusOK, page(v))
}

// levels and states list what can be asked for, in the order in which it is offered.
func levels() []rfc.Level {
	return []rfc.Level{rfc.Must, rfc.Should, rfc.May, rfc.Says, rfc.Policy}
}

func states() []rfc.State { return []rfc.State{rfc.Met, rfc.NotMet, rfc.NoCase} }

func count(ledger []rfc.Requirement) (c counts) {
	for _, l := range []rfc.Level{rfc.Must, rfc.Should, rfc.May} {
		one := levelCount{level: l}
		for _, r := range ledger {
			if r.Level() != l {
				continue
			}
			one.all++
			switch r.State {
			case rfc.Met:
				one.met++
			case rfc.NotMet:
				c.not++
			case rfc.NoCase:
				c.nocase++
			}
		}
		c.all, c.met = c.all+one.all, c.met+one.met
		c.levels = append(c.levels, one)
	}
	return c
}

// active reports whether the filter hides anything.
func (f filter) active() bool { return f != filter{} }

// passes tells whether a row fits: every word stands somewhere in it.
func (f filter) passes(r row) bool {
	if f.level != "" && r.level != f.level || f.state != "" && r.state != f.state {
		return false
	}
	where := strings.ToLower(strings.Join([]string{string(r.id), r.section, "§" + r.section,
		r.text, r.reason}, "\n"))
	for _, word := range strings.Fields(strings.ToLower(f.words)) {
		if !strings.Contains(where, word) {
			return false
		}
	}
	return true
}

func (g group) passing(f filter) (rows []row) {
	for _, r := range g.rows {
		if f.passes(r) {
			rows = append(rows, r)
		}
	}
	return rows
}

// levelName names a rule's strength as readers see it.
func levelName(l rfc.Level) i18n.Key {
	switch l {
	case rfc.Must:
		return i18n.RulesLevelMust
	case rfc.Should:
		return i18n.RulesLevelShld
	case rfc.May:
		return i18n.RulesLevelMay
	case rfc.Policy:
		return i18n.RulesLevelPolicy
	case rfc.Root:
		return i18n.RulesLevelRoot
	}
	return i18n.RulesLevelSays
}

// stateName names how the stack stands to a requirement, and stateClass colours it.
func stateName(s rfc.State) i18n.Key {
	switch s {
	case rfc.Met:
		return i18n.RulesStateMet
	case rfc.NotMet:
		return i18n.RulesStateNot
	}
	return i18n.RulesStateNocase
}

func stateClass(s rfc.State) string {
	if s == rfc.Met {
		return "ls-tag-goal"
	}
	return "ls-tag-plain"
}

// without says why no recorded run shows a rule.
func without(w evidence.Why) (i18n.Key, bool) {
	switch w {
	case evidence.Large:
		return i18n.RulesWithoutLarge, true
	case evidence.Below:
		return i18n.RulesWithoutBelow, true
	case evidence.Read:
		return i18n.RulesWithoutRead, true
	}
	return "", false
}
