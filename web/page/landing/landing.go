// Package landing is the start page: a lab to start at once, a picture of a real run,
// and what this is.
//
// It must never show an invented number: the figure is drawn from events of this
// server's own stack. Read figure.go first.
package landing

import (
	"log/slog"
	"net/http"
	"sync"

	"labserver/labs"
	"labserver/web/i18n"
	"labserver/web/page/catalogue"
	"labserver/web/page/layout"
)

// Page serves /. Make one with New.
type Page struct {
	catalog *labs.Catalog
	figure  func() *figure
}

// featured bounds how many labs the page lists, and first is the one it starts: the
// lecture note's own example.
const (
	featured = 4
	first    = "two-meanings-of-socket"
)

// New returns the page of a catalogue. The figure is drawn when the first reader comes,
// once; without one the page goes without.
func New(c *labs.Catalog) *Page {
	p := &Page{catalog: c}
	p.figure = sync.OnceValue(func() *figure {
		l := p.start()
		if l == nil {
			return nil
		}
		f, err := draw(l)
		if err != nil {
			slog.Error("draw the landing figure", "err", err)
			return nil
		}
		return f
	})
	return p
}

type content struct {
	start  *catalogue.Row // nil on a server without labs
	rows   []catalogue.Row
	figure *figure
}

// ServeHTTP shows the page.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	lang := i18n.From(r.Context())
	all := p.catalog.All()
	v := content{rows: catalogue.Rows(all[:min(len(all), featured)], lang), figure: p.figure()}
	if l := p.start(); l != nil {
		v.start = &catalogue.Row{Lab: l, Text: l.Text(string(lang))}
	}
	layout.Render(w, r, http.StatusOK, page(v))
}

// start returns the lab to begin with: the note's example, else the first there is.
func (p *Page) start() *labs.Lab {
	if l, ok := p.catalog.Lab(first); ok {
		return l
	}
	if all := p.catalog.All(); len(all) > 0 {
		return all[0]
	}
	return nil
}
