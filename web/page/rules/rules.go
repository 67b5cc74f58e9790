// Package rules is the page of all rules that events name as their reasons.
//
// It must never hold a rule's text or decide what is one: the table is stack/rfc's and
// the texts are messages.
package rules

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"labserver/stack/rfc"
	"labserver/web/i18n"
	"labserver/web/page/layout"
)

// Page serves /rfc.
type Page struct{ Table []rfc.Rule }

// group is the rules of one document, or of none: our own choices, what people do.
type group struct {
	id    string // an anchor
	kind  kind
	rfc   int // for document
	rules []row
}

// kind is what a group's rules come from, in the order of the page.
type kind int

const (
	document kind = iota // an RFC
	posix
	policy
	root
)

type row struct {
	rfc.Rule
	text string
}

// ServeHTTP lists all rules by document.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	layout.Render(w, r, http.StatusOK, page(groups(p.Table, i18n.Rules(i18n.From(r.Context())))))
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

// groups sorts the table: RFC 9293 first, as most rules are its, then the other RFCs by
// number, then POSIX, our own choices, and what people do.
func groups(table []rfc.Rule, texts map[string]string) []group {
	var all []group
	for _, r := range table {
		k := kindOf(r)
		at := slices.IndexFunc(all, func(g group) bool { return g.kind == k && g.rfc == r.RFC })
		if at < 0 {
			at = len(all)
			all = append(all, group{id: anchor(k, r.RFC), kind: k, rfc: r.RFC})
		}
		all[at].rules = append(all[at].rules, row{r, texts[string(r.ID)]})
	}
	slices.SortStableFunc(all, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.order(), b.order()))
	})
	for i := range all {
		slices.SortStableFunc(all[i].rules, bySection)
	}
	return all
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
	return slices.CompareFunc(strings.Split(a.Section, "."), strings.Split(b.Section, "."),
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
func link(r rfc.Rule) templ.SafeURL {
	u := "https://www.rfc-editor.org/rfc/rfc" + strconv.Itoa(r.RFC)
	if r.Section != "" && r.Section[0] >= '0' && r.Section[0] <= '9' {
		u += "#section-" + r.Section
	}
	return templ.SafeURL(u)
}

// level names a rule's strength as readers see it.
func level(l rfc.Level) i18n.Key {
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
