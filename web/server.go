// Package web is the server's routes and middleware: which page answers which address,
// under one set of headers and limits.
//
// It must never hold a page's content, a decision about rights (app.Can) or protocol
// knowledge. Read docs/security.md first.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"labserver/labs"
	"labserver/stack/journal"
	"labserver/static"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/page/imports"
	"labserver/web/store"
)

// Starter starts sessions; session.Manager is one.
type Starter interface {
	// Create starts the lab with a slug for a subject and returns the session's id.
	Create(ctx context.Context, owner app.SubjectID, slug string) (app.SessionID, error)
	// Recall starts a session from a recorded run, which goes on from its end.
	Recall(ctx context.Context, owner app.SubjectID, h journal.Header, entries []journal.Entry) (
		app.SessionID, error)
	// Import starts a session that shows a capture.
	Import(ctx context.Context, owner app.SubjectID, file app.Capture) (app.SessionID, error)
}

// SessionHandlers answer what belongs to a session and is no page. Each looks after the
// reader's rights itself, by the {session} and {run} of the address.
type SessionHandlers struct {
	Live     http.Handler // GET /s/{session}/live: the socket
	Status   http.Handler // GET /s/{session}/status
	Journal  http.Handler // GET /s/{session}/journal?run=
	Events   http.Handler // GET /s/{session}/runs/{run}/events?from=&to=
	Segment  http.Handler // GET /s/{session}/runs/{run}/segments/{n}
	Capture  http.Handler // GET /s/{session}/runs/{run}/pcapng
	Imported http.Handler // GET /s/{session}/capture: the file that the run was read from
}

// Config is what a server is made of. Catalog, Store, Starter, Auth, Sessions and Recheck
// are required; the rest has a sensible zero value.
type Config struct {
	Catalog  *labs.Catalog
	Store    store.Store
	Starter  Starter
	Auth     *auth.Auth
	Sessions SessionHandlers
	// Recheck has the open sockets of a session ask again whether their readers may stay.
	Recheck func(ctx context.Context, id app.SessionID) error

	Assets *static.Assets // nil: the embedded ones
	Origin Origin         // how this server is reached
	Limits Limits         // zero fields: the defaults
	HSTS   bool           // ask for https for good; only ever on https
	Log    *slog.Logger   // nil: slog.Default()
	Now    func() time.Time
	// Ready tells why the server cannot serve, nil when it can. Nil: always ready.
	Ready func(context.Context) error
}

func (c Config) check() error {
	switch {
	case c.Catalog == nil:
		return errors.New("web: Config.Catalog is missing")
	case c.Store == nil:
		return errors.New("web: Config.Store is missing")
	case c.Starter == nil:
		return errors.New("web: Config.Starter is missing")
	case c.Auth == nil:
		return errors.New("web: Config.Auth is missing")
	case c.Recheck == nil:
		return errors.New("web: Config.Recheck is missing")
	case c.Sessions.Live == nil, c.Sessions.Status == nil, c.Sessions.Journal == nil,
		c.Sessions.Events == nil, c.Sessions.Segment == nil, c.Sessions.Capture == nil,
		c.Sessions.Imported == nil:
		return errors.New("web: a handler in Config.Sessions is missing")
	}
	return nil
}

// New returns the server's handler.
func New(cfg Config) (http.Handler, error) {
	s, err := newServer(cfg)
	if err != nil {
		return nil, err
	}
	return s.routes(), nil
}

type server struct {
	Config
}

func newServer(cfg Config) (*server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Assets == nil {
		cfg.Assets = static.Embedded()
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Limits = cfg.Limits.withDefaults()
	return &server{cfg}, nil
}

// Origin is how a server is reached. The zero value takes each request at its word:
// the host it names, https when the connection is TLS.
type Origin struct {
	// Public is the server's address for people, such as https://lab.example.org.
	Public *url.URL
	// Proxies are the addresses whose X-Forwarded-* headers count.
	Proxies []netip.Prefix
}

// routes puts the middleware and the handlers together. The socket stands outside all
// middleware that wraps the ResponseWriter, or it could not take the connection over.
func (s *server) routes() chi.Router {
	r := chi.NewRouter()
	r.Use(s.headers, s.environment, middleware.GetHead)
	r.With(s.socketLog).Method(http.MethodGet, "/s/{session}/live", s.Sessions.Live)
	r.Group(func(r chi.Router) {
		r.Use(s.accessLog, s.recoverer, s.limitAddress, s.sameOrigin, s.limitBody)
		s.pages(r)
		s.sessionFiles(r)
		s.plumbing(r)
	})
	r.Group(func(r chi.Router) { // a form with a file has a limit of its own
		r.Use(s.accessLog, s.recoverer, s.limitAddress, s.sameOrigin,
			limitBodyTo(imports.MaxOctets+imports.FormOctets, imports.TooLarge))
		s.uploads(r)
	})
	chain := chi.Chain(s.accessLog, s.recoverer, s.limitAddress)
	r.NotFound(chain.HandlerFunc(notFound).ServeHTTP)
	r.MethodNotAllowed(chain.HandlerFunc(methodNotAllowed(r)).ServeHTTP)
	return r
}
