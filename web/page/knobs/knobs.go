// Package knobs is the page of all knobs of a host: what each does, what it may be, what it
// is in each profile and which rule it bends.
//
// It must never know a knob of its own: the table is the stack's, the texts are messages.
package knobs

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"labserver/stack"
	"labserver/stack/rfc"
	"labserver/web/i18n"
	"labserver/web/page/layout"
)

// Page serves /rfc/knobs.
type Page struct{}

type row struct {
	stack.KnobInfo
	text  string
	known bool // the rule has a place on the page of rules
}

// ServeHTTP lists the knobs in the order of their table.
func (Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	texts := i18n.Knobs(i18n.From(r.Context()))
	var rows []row
	for _, k := range stack.KnobTable() {
		rows = append(rows, row{k, texts[k.Name], known(k.Rule)})
	}
	layout.Render(w, r, http.StatusOK, page(rows))
}

func known(id rfc.ID) bool {
	return slices.ContainsFunc(rfc.Table(), func(r rfc.Rule) bool { return r.ID == id }) ||
		slices.ContainsFunc(rfc.Ledger(), func(r rfc.Requirement) bool { return r.ID == id })
}

// values says what a knob may be: "0 to 8", and what it counts.
func (k row) values(ctx context.Context) string {
	switch {
	case k.Unit == stack.KnobName:
		return strings.Join(k.Names, ", ")
	case k.Unit == stack.KnobSwitch && k.Max == 1:
		return "0, 1"
	}
	return i18n.T(ctx, i18n.KnobsSpan, i18n.Args{"Min": strconv.FormatInt(k.Min, 10),
		"Max": strconv.FormatInt(k.Max, 10)})
}

// unit names what a knob counts; false if that is just a number.
func unit(u stack.KnobUnit) (i18n.Key, bool) {
	switch u {
	case stack.KnobMS:
		return i18n.KnobsUnitMs, true
	case stack.KnobOctets:
		return i18n.KnobsUnitOctets, true
	case stack.KnobSegments:
		return i18n.KnobsUnitSegments, true
	case stack.KnobSwitch:
		return i18n.KnobsUnitSwitch, true
	case stack.KnobBits:
		return i18n.KnobsUnitBits, true
	case stack.KnobName:
		return i18n.KnobsUnitName, true
	}
	return "", false
}
