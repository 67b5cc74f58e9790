// Package workbench is the page of a session: the lab's text and the place where the
// island draws the network, for whoever may see it.
//
// It must never render an answer or tell a stranger that a session exists. What the
// island gets is in Boot; how the page is divided is in static/src/css/shell.css.
package workbench

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"labserver/labs"
	"labserver/labs/evidence"
	"labserver/static"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/i18n"
	"labserver/web/page/fault"
	"labserver/web/page/layout"
)

// Shelf is what the page reads.
type Shelf interface {
	auth.Shelf
	Run(ctx context.Context, id app.SessionID, no int) (app.Run, error)
}

// Page serves /s/{session} and /w/{token}.
type Page struct {
	Catalog *labs.Catalog
	Shelf   Shelf
	Auth    *auth.Auth
	Assets  *static.Assets
	Now     func() time.Time
}

// view is what the template shows.
type view struct {
	session app.Session
	run     app.Run
	role    app.Role
	lab     *labs.Lab // nil when this server no longer has it
	text    labs.Text
	icons   string
	capture bool             // the run was read from a file
	example []evidence.Shown // what a recorded run shows; nil for a lab
}

// ServeHTTP shows the session to whoever has a part in it.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex")
	v, err := p.load(r)
	if err != nil {
		fault.Error(w, r, err)
		return
	}
	layout.Render(w, r, http.StatusOK, page(v, bootOf(r.Context(), v)))
}

func (p Page) load(r *http.Request) (view, error) {
	actor, err := p.Auth.Subject(r)
	if err != nil {
		return view{}, err
	}
	id := app.SessionID(chi.URLParam(r, "session"))
	s, role, err := auth.Open(r.Context(), p.Shelf, actor, id, p.Now())
	if err != nil {
		return view{}, err
	}
	run, err := p.Shelf.Run(r.Context(), id, 0)
	if err != nil {
		return view{}, err
	}
	v := view{session: s, run: run, role: role, icons: p.Assets.URL("icons.svg")}
	v.text.Title = run.LabSlug
	if name, ok := evidence.NameOf(run.LabSlug); ok {
		v.text.Title = i18n.T(r.Context(), i18n.BenchExample, i18n.Args{"Run": name})
		// Another build may have recorded it with other events.
		if h, _, ok := evidence.Open(name); ok && h.Lab.Digest == run.LabDigest {
			v.example = evidence.In(name)
		}
	}
	if run.LabSlug == app.CaptureSlug {
		v.capture = true
		v.text.Title = i18n.T(r.Context(), i18n.BenchImported, i18n.Args{"File": run.Params["file"]})
	}
	if l, ok := p.Catalog.ByDigest(run.LabDigest); ok {
		v.lab, v.text = l, l.TextFor(string(i18n.From(r.Context())), run.Params)
	}
	return v, nil
}

// Watch opens a share link: its token goes into a cookie for that session's addresses,
// and the reader on to the session, so that the token leaves the address bar. Nothing
// changes on the server; a link that was taken back is not found.
func (p Page) Watch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex")
	token := chi.URLParam(r, "token")
	s, err := auth.ShareOf(r.Context(), p.Shelf, token, p.Now())
	if err == nil {
		_, err = p.Shelf.Session(r.Context(), s.Session)
	}
	if err != nil {
		if !errors.Is(err, app.ErrNotFound) {
			err = app.ErrNotFound.Because(err)
		}
		fault.Error(w, r, err)
		return
	}
	p.Auth.Carry(w, r, s, token)
	to := "/s/" + string(s.Session)
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
