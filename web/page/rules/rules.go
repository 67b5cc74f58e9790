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

// group is the rules of one document. RFC is 0 for our own, and root marks what people
// do.
type group struct {
	id    string
	rfc   int
	root  bool
	rules []row
}

type row struct {
	rfc.Rule
	text string
}

// ServeHTTP lists all rules by document.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	layout.Render(w, r, http.StatusOK, page(groups(p.Table, i18n.Rules(i18n.From(r.Context())))))
}

// groups sorts the table: RFC 9293 first, as most rules are its, then the other RFCs by
// number, then our own choices, then what people do.
func groups(table []rfc.Rule, texts map[string]string) []group {
	var all []group
	for _, r := range table {
		g := group{rfc: r.RFC, root: r.Level == rfc.Root}
		at := slices.IndexFunc(all, func(o group) bool { return o.rfc == g.rfc && o.root == g.root })
		if at < 0 {
			at = len(all)
			all = append(all, g)
		}
		all[at].rules = append(all[at].rules, row{r, texts[string(r.ID)]})
	}
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Compare(a.rank(), b.rank()) })
	for i := range all {
		all[i].id = "group-" + strconv.Itoa(i+1)
		if all[i].rfc != 0 {
			all[i].id = "rfc" + strconv.Itoa(all[i].rfc)
			slices.SortStableFunc(all[i].rules, bySection)
		}
	}
	return all
}

func (g group) rank() int {
	switch {
	case g.root:
		return 1 << 22
	case g.rfc == 0:
		return 1 << 21
	case g.rfc == 9293:
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

// link is where a rule can be read in full; "" for our own.
func link(r rfc.Rule) templ.SafeURL {
	if r.RFC == 0 {
		return ""
	}
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
