package web

import (
	"errors"
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"labserver/stack"
	"labserver/static"
	"labserver/web/app"
	"labserver/web/page/catalogue"
	"labserver/web/page/fault"
	"labserver/web/page/imports"
	"labserver/web/page/knobs"
	"labserver/web/page/lab"
	"labserver/web/page/landing"
	"labserver/web/page/rules"
	"labserver/web/page/runs"
	"labserver/web/page/share"
	"labserver/web/page/workbench"
)

// pages mounts what people read and the forms on it.
func (s *server) pages(r chi.Router) {
	one := lab.Page{Catalog: s.Catalog, Shelf: s.Store, Starter: s.Starter, Auth: s.Auth}
	bench := workbench.Page{
		Catalog: s.Catalog, Shelf: s.Store, Auth: s.Auth, Assets: s.Assets, Now: s.Now,
	}
	links := share.Page{Shelf: s.Store, Auth: s.Auth, Now: s.Now, Recheck: s.Recheck,
		Address: s.Origin.Address}
	r.Get("/", landing.New(s.Catalog).ServeHTTP)
	r.Get("/labs", catalogue.Page{Catalog: s.Catalog}.ServeHTTP)
	r.Get("/labs/{slug}", one.ServeHTTP)
	r.Post("/labs/{slug}/start", one.Start)
	r.Get("/sessions", runs.Page{Catalog: s.Catalog, Shelf: s.Store, Auth: s.Auth}.ServeHTTP)
	// The longest page, and the same for all readers of a language: it may be compressed,
	// as no secret stands beside what an address can put into it.
	r.With(middleware.Compress(5)).Get("/rfc", rules.New().ServeHTTP)
	r.Get("/rfc/knobs", knobs.Page{}.ServeHTTP)
	r.Post("/rfc/{rule}/example", rules.Example{Shelf: s.Store, Starts: s.Starter, Auth: s.Auth,
		Build: stack.Build}.ServeHTTP)
	r.Post("/prefs", s.prefs)
	r.Get("/s/{session}/share", links.ServeHTTP)
	r.Post("/s/{session}/share", links.Make)
	r.Post("/s/{session}/share/revoke", links.Revoke)
	r.Get("/s/{session}", bench.ServeHTTP)
	r.Get("/w/{token}", bench.Watch)
}

// uploads mounts the form that takes a file.
func (s *server) uploads(r chi.Router) {
	files := imports.New(s.Starter, s.Auth)
	r.Get("/import", files.ServeHTTP)
	r.Post("/import", files.Open)
}

// sessionFiles mounts what belongs to a session and is no page.
func (s *server) sessionFiles(r chi.Router) {
	r.Method(http.MethodGet, "/s/{session}/status", s.Sessions.Status)
	r.Method(http.MethodGet, "/s/{session}/journal", s.Sessions.Journal)
	r.Method(http.MethodGet, "/s/{session}/capture", s.Sessions.Imported)
	r.Method(http.MethodGet, "/s/{session}/runs/{run}/events", s.Sessions.Events)
	r.Method(http.MethodGet, "/s/{session}/runs/{run}/segments/{n}", s.Sessions.Segment)
	r.Method(http.MethodGet, "/s/{session}/runs/{run}/pcapng", s.Sessions.Capture)
}

// plumbing mounts what browsers, robots and operators ask for.
func (s *server) plumbing(r chi.Router) {
	same := r.With(sameForAll)
	same.Method(http.MethodGet, static.Prefix+"*", s.Assets)
	same.Get("/favicon.svg", favicon)
	same.Get("/robots.txt", robots)
	r.Get("/healthz", healthz)
	r.Get("/readyz", s.readyz)
}

func favicon(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(static.Favicon()) // the reader may be gone
}

// robots keeps crawlers to the pages that are the same for everybody.
func robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "User-agent: *\nDisallow: /s/\nDisallow: /w/\nDisallow: /sessions\n")
}

// healthz tells that the process runs.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "ok\n")
}

// readyz tells whether it can serve; why not is for the log.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if s.Ready != nil {
		if err := s.Ready(r.Context()); err != nil {
			s.Log.WarnContext(r.Context(), "not ready", "err", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "not ready\n")
			return
		}
	}
	_, _ = io.WriteString(w, "ready\n")
}

func notFound(w http.ResponseWriter, r *http.Request) {
	fault.Status(w, r, http.StatusNotFound)
}

// methodNotAllowed says which methods the address knows (RFC 9110 §15.5.6).
func methodNotAllowed(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if routes.Match(chi.NewRouteContext(), http.MethodGet, r.URL.Path) {
			w.Header().Add("Allow", "GET, HEAD")
		}
		if routes.Match(chi.NewRouteContext(), http.MethodPost, r.URL.Path) {
			w.Header().Add("Allow", "POST")
		}
		fault.Status(w, r, http.StatusMethodNotAllowed)
	}
}

// sameForAll takes back what belongs to pages: these answers depend neither on the
// reader nor on their language, and a shared cache may know it.
func sameForAll(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Del("Vary")
		w.Header().Del("Content-Language")
		w.Header().Del("Set-Cookie")
		next.ServeHTTP(w, r)
	})
}

// malformed tells a form that cannot be read from one that is too large.
func malformed(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return app.ErrMalformed.Because(err)
}
