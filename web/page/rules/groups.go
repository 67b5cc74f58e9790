package rules

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"labserver/labs/evidence"
	"labserver/stack/rfc"
	"labserver/web/i18n"
)

// group is rules that stand together: a part of the ledger, or what one document says.
type group struct {
	id   string // an anchor
	kind kind
	rfc  int      // for document
	part i18n.Key // for ledger
	rows []row
}

// kind is what a group's rules come from, in the order of the page.
type kind int

const (
	ledger   kind = iota // numbered in RFC 9293 Appendix B
	document             // an RFC
	posix
	policy
	root
)

// row is one rule as the page shows it.
type row struct {
	id      rfc.ID
	level   rfc.Level
	rfc     int
	section string
	state   rfc.State // "" for what is not in the ledger
	text    string
	reason  string   // why the state is what it is
	shown   []rfc.ID // the other rules by which it shows
	tests   []string
	code    []string
	place   evidence.Place // the zero value: no recorded run shows it
	without evidence.Why   // why none does
}

// part is a part of the ledger: sections of RFC 9293 that a reader takes for one thing.
type part struct {
	id       string
	title    i18n.Key
	sections []string // each with those below it
}

func parts() []part {
	return []part{
		{"header", i18n.RulesPartHeader, []string{"3.1", "3.2"}},
		{"opening", i18n.RulesPartOpening, []string{"3.4", "3.5"}},
		{"closing", i18n.RulesPartClosing, []string{"3.6"}},
		{"sizes", i18n.RulesPartSizes, []string{"3.7"}},
		{"retransmission", i18n.RulesPartRetransmission, []string{"3.8.1", "3.8.2"}},
		{"failures", i18n.RulesPartFailures, []string{"3.8.3"}},
		{"keepalive", i18n.RulesPartKeepalive, []string{"3.8.4"}},
		{"urgent", i18n.RulesPartUrgent, []string{"3.8.5"}},
		{"window", i18n.RulesPartWindow, []string{"3.8.6"}},
		{"calls", i18n.RulesPartCalls, []string{"3.9.1"}},
		{"network", i18n.RulesPartNetwork, []string{"3.9.2"}},
		{"arriving", i18n.RulesPartArriving, []string{"3.10"}},
	}
}

func (p part) holds(section string) bool {
	return slices.ContainsFunc(p.sections, func(s string) bool {
		return section == s || strings.HasPrefix(section, s+".")
	})
}

// groups puts the ledger first, by its parts, then RFC 9293's rules without a number, the
// other RFCs by number, POSIX, our own choices, and what people do.
func groups(requirements []rfc.Requirement, table []rfc.Rule, lang i18n.Lang) []group {
	all := ledgerGroups(requirements, lang)
	first := len(all)
	texts := i18n.Rules(lang)
	for _, r := range table {
		if slices.ContainsFunc(requirements, func(q rfc.Requirement) bool { return q.ID == r.ID }) {
			continue // it stands in the ledger
		}
		k := kindOf(r)
		at := slices.IndexFunc(all, func(g group) bool { return g.kind == k && g.rfc == r.RFC })
		if at < 0 {
			at = len(all)
			all = append(all, group{id: anchor(k, r.RFC), kind: k, rfc: r.RFC})
		}
		place, _ := evidence.Of(r.ID)
		all[at].rows = append(all[at].rows, row{id: r.ID, level: r.Level, rfc: r.RFC,
			section: r.Section, text: texts[string(r.ID)], code: evidence.Code(r.ID), place: place,
			without: evidence.Without()[r.ID]})
	}
	slices.SortStableFunc(all[first:], func(a, b group) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.order(), b.order()))
	})
	for i := range all {
		slices.SortStableFunc(all[i].rows, bySection)
	}
	return all
}

func ledgerGroups(requirements []rfc.Requirement, lang i18n.Lang) []group {
	asked, reasons := i18n.Requirements(lang), i18n.Reasons(lang)
	var all []group
	for _, p := range parts() {
		g := group{id: "part-" + p.id, kind: ledger, part: p.title}
		for _, r := range requirements {
			if p.holds(r.Section) {
				g.rows = append(g.rows, requirement(r, asked[string(r.ID)], reasons[string(r.ID)]))
			}
		}
		if len(g.rows) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// requirement makes the row of a requirement. Its code is what names it or, failing that,
// what names the rules by which it shows.
func requirement(r rfc.Requirement, text, reason string) row {
	place, _ := evidence.Requirement(r)
	one := row{id: r.ID, level: r.Level(), rfc: 9293, section: r.Section, state: r.State, text: text,
		reason: reason, tests: r.Tests, code: evidence.Code(r.ID), place: place}
	for _, id := range r.Shown {
		if place.N == 0 && one.without == "" {
			one.without = evidence.Without()[id]
		}
		if id != r.ID {
			one.shown = append(one.shown, id)
		}
		if len(evidence.Code(r.ID)) == 0 {
			one.code = append(one.code, evidence.Code(id)...)
		}
	}
	slices.Sort(one.code)
	one.code = slices.Compact(one.code)
	return one
}

// kindOf tells where a rule comes from.
func kindOf(r rfc.Rule) kind {
	switch {
	case r.Level == rfc.Root:
		return root
	case r.RFC != 0:
		return document
	case strings.HasPrefix(string(r.ID), "posix:"):
		return posix
	}
	return policy
}

func anchor(k kind, number int) string {
	switch k {
	case posix:
		return "posix"
	case policy:
		return "policies"
	case root:
		return "roots"
	}
	return "rfc" + strconv.Itoa(number)
}

// order puts RFC 9293 before all others.
func (g group) order() int {
	if g.rfc == 9293 {
		return 0
	}
	return g.rfc
}

// bySection orders "3.8.1" before "3.10": sections are numbers, not text.
func bySection(a, b row) int {
	return slices.CompareFunc(strings.Split(a.section, "."), strings.Split(b.section, "."),
		func(x, y string) int {
			nx, ex := strconv.Atoi(x)
			ny, ey := strconv.Atoi(y)
			if ex != nil || ey != nil {
				return cmp.Compare(x, y)
			}
			return cmp.Compare(nx, ny)
		})
}

// link is where a rule of an RFC can be read in full.
func link(number int, section string) templ.SafeURL {
	u := "https://www.rfc-editor.org/rfc/rfc" + strconv.Itoa(number)
	if section != "" && section[0] >= '0' && section[0] <= '9' {
		u += "#section-" + section
	}
	return templ.SafeURL(u)
}

// piece is words of a text, or the name of an event's field that is filled in there.
type piece struct {
	words string
	field bool
}

// pieces takes a text apart at its fields, "{new.wnd}".
func pieces(text string) (all []piece) {
	field := regexp.MustCompile(`\{[a-z0-9_.]+\}`)
	at := 0
	for _, m := range field.FindAllStringIndex(text, -1) {
		if m[0] > at {
			all = append(all, piece{text[at:m[0]], false})
		}
		all = append(all, piece{text[m[0]+1 : m[1]-1], true})
		at = m[1]
	}
	if at < len(text) {
		all = append(all, piece{text[at:], false})
	}
	return all
}
