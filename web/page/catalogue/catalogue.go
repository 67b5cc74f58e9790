// Package catalogue is the list of labs.
//
// It must never show anything of a reader: it is the same page for everybody.
package catalogue

import (
	"net/http"

	"labserver/labs"
	"labserver/web/i18n"
	"labserver/web/page/layout"
)

// Page serves /labs.
type Page struct{ Catalog *labs.Catalog }

// Row is one lab of a list.
type Row struct {
	Lab  *labs.Lab
	Text labs.Text
}

// Rows lists labs with their words in a language.
func Rows(all []*labs.Lab, lang i18n.Lang) []Row {
	rows := make([]Row, 0, len(all))
	for _, l := range all {
		rows = append(rows, Row{Lab: l, Text: l.Text(string(lang))})
	}
	return rows
}

// ServeHTTP lists all labs.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rows := Rows(p.Catalog.All(), i18n.From(r.Context()))
	layout.Render(w, r, http.StatusOK, page(rows))
}
