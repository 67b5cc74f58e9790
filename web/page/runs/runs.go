// Package runs is the list of what a reader has started in this browser.
//
// It must never show another subject's sessions: it asks for the reader's own only.
package runs

import (
	"context"
	"net/http"

	"labserver/labs"
	"labserver/labs/evidence"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/i18n"
	"labserver/web/page/fault"
	"labserver/web/page/layout"
)

// Shelf is what the page reads.
type Shelf interface {
	SessionsOf(ctx context.Context, owner app.SubjectID, limit int) ([]app.Summary, error)
}

// Page serves /sessions.
type Page struct {
	Catalog *labs.Catalog
	Shelf   Shelf
	Auth    *auth.Auth
}

const maxRows = 200

type row struct {
	app.Summary
	title string
}

// ServeHTTP lists the reader's sessions, the last touched first.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex")
	actor, err := p.Auth.Subject(r)
	if err != nil {
		fault.Error(w, r, err)
		return
	}
	var rows []row
	if actor.Subject != "" {
		all, err := p.Shelf.SessionsOf(r.Context(), actor.Subject, maxRows)
		if err != nil {
			fault.Error(w, r, err)
			return
		}
		for _, s := range all {
			title := p.title(r, s.LabSlug)
			if s.Capture != "" {
				title = i18n.T(r.Context(), i18n.BenchImported, i18n.Args{"File": s.Capture})
			}
			rows = append(rows, row{s, title})
		}
	}
	layout.Render(w, r, http.StatusOK, page(rows))
}

func (p Page) title(r *http.Request, slug string) string {
	if l, ok := p.Catalog.Lab(slug); ok {
		return l.Text(string(i18n.From(r.Context()))).Title
	}
	if name, ok := evidence.NameOf(slug); ok {
		return i18n.T(r.Context(), i18n.BenchExample, i18n.Args{"Run": name})
	}
	return slug
}
