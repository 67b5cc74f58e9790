// Package lab is the page of one lab before it is played, and its start.
//
// Reading it must never make anything: only POST …/start makes a session, and with it,
// if need be, an anonymous subject.
package lab

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"labserver/labs"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/i18n"
	"labserver/web/page/fault"
	"labserver/web/page/layout"
)

// Shelf is what the page reads: the reader's own sessions.
type Shelf interface {
	SessionsOf(ctx context.Context, owner app.SubjectID, limit int) ([]app.Summary, error)
}

// Starter makes a session of a lab.
type Starter interface {
	Create(ctx context.Context, owner app.SubjectID, slug string) (app.SessionID, error)
}

// Page serves /labs/{slug} and /labs/{slug}/start.
type Page struct {
	Catalog *labs.Catalog
	Shelf   Shelf
	Starter Starter
	Auth    *auth.Auth
}

// maxOwn bounds how many of a reader's sessions are looked through, and shownOwn how
// many of this lab are listed.
const (
	maxOwn   = 100
	shownOwn = 5
)

type view struct {
	lab    *labs.Lab
	text   labs.Text
	before []named // labs that are good to do first
	own    []app.Summary
}

type named struct{ slug, title string }

// ServeHTTP shows the lab.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // it lists the reader's runs
	l, ok := p.Catalog.Lab(chi.URLParam(r, "slug"))
	if !ok {
		fault.Status(w, r, http.StatusNotFound)
		return
	}
	lang := string(i18n.From(r.Context()))
	v := view{lab: l, text: l.Text(lang)}
	for _, slug := range l.Prerequisites {
		if b, ok := p.Catalog.Lab(slug); ok {
			v.before = append(v.before, named{b.Slug, b.Text(lang).Title})
		}
	}
	var err error
	if v.own, err = p.own(r, l); err != nil {
		fault.Error(w, r, err)
		return
	}
	layout.Render(w, r, http.StatusOK, page(v))
}

// own lists the reader's sessions of a lab, the last touched first.
func (p Page) own(r *http.Request, l *labs.Lab) ([]app.Summary, error) {
	actor, err := p.Auth.Subject(r)
	if err != nil || actor.Subject == "" {
		return nil, err
	}
	all, err := p.Shelf.SessionsOf(r.Context(), actor.Subject, maxOwn)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	var own []app.Summary
	for _, s := range all {
		if s.LabSlug == l.Slug && len(own) < shownOwn {
			own = append(own, s)
		}
	}
	return own, nil
}

// open returns the reader's last session that was not handed in.
func open(own []app.Summary) (app.SessionID, bool) {
	for _, s := range own {
		if s.Finished.IsZero() {
			return s.ID, true
		}
	}
	return "", false
}

// Start makes a session and sends the reader there.
func (p Page) Start(w http.ResponseWriter, r *http.Request) {
	l, ok := p.Catalog.Lab(chi.URLParam(r, "slug"))
	if !ok {
		fault.Status(w, r, http.StatusNotFound)
		return
	}
	actor, err := p.Auth.Ensure(w, r)
	if err != nil {
		fault.Error(w, r, err)
		return
	}
	id, err := p.Starter.Create(r.Context(), actor.Subject, l.Slug)
	if err != nil {
		fault.Error(w, r, err)
		return
	}
	to := url.URL{Path: "/s/" + string(id)}
	if lang, ok := i18n.ParseLang(r.URL.Query().Get("lang")); ok {
		to.RawQuery = url.Values{"lang": {string(lang)}}.Encode()
	}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}
