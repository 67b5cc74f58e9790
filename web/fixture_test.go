package web

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-chi/chi/v5"

	"labserver/labs"
	"labserver/stack"
	"labserver/stack/journal"
	"labserver/static"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/store"
)

// fixture is a whole handler over a store in memory, with one session and its owner.
type fixture struct {
	handler http.Handler
	routes  chi.Router
	shelf   *shelf
	assets  *static.Assets
	owner   *http.Cookie
	session app.SessionID
	now     time.Time
	// rechecked lists the sessions whose sockets were to ask for their rights.
	rechecked []app.SessionID
	// recalled lists the entries of the recorded runs that sessions were started from.
	recalled [][]journal.Entry
	// imported lists the captures that sessions were made of.
	imported []app.Capture
}

const testHost = "lab.example"

// newFixture builds it; change may alter the configuration first.
func newFixture(t testing.TB, change ...func(*Config)) *fixture {
	t.Helper()
	f := &fixture{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	f.shelf = &shelf{sessions: map[app.SessionID]app.Session{}, shares: map[string]app.Share{},
		slugs: map[app.SessionID]string{}}
	catalog, err := labs.Load(testLabs())
	if err != nil {
		t.Fatal(err)
	}
	identity := auth.New(auth.Config{})
	file := func(name string) http.Handler { return guarded{f, identity, name} }
	cfg := Config{
		Catalog: catalog, Store: f.shelf, Starter: starter{f}, Auth: identity,
		Assets: static.Dir(fstest.MapFS{
			"site.css": {Data: []byte("a{}")}, "site.js": {Data: []byte("0")},
			"workbench.js": {Data: []byte("0")}, "workbench.css": {Data: []byte("a{}")},
			"icons.svg": {Data: []byte("<svg/>")}, "THIRD_PARTY.txt": {Data: []byte("x")},
		}),
		Sessions: SessionHandlers{
			Live: file("live"), Status: file("status"), Journal: file("journal"),
			Events: file("events"), Segment: file("segment"), Capture: file("capture"),
			Imported: file("imported"),
		},
		Recheck: func(_ context.Context, id app.SessionID) error {
			f.rechecked = append(f.rechecked, id)
			return nil
		},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: func() time.Time { return f.now },
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := newServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.routes = s.routes()
	f.assets = s.Assets
	f.handler = f.routes
	start := request("POST", "/labs/alpha/start")
	if cfg.Origin.Public != nil {
		start.Header.Set("Origin", cfg.Origin.Public.String())
	}
	w := f.do(t, start)
	if w.Code != http.StatusSeeOther {
		t.Fatalf("start: %d %s", w.Code, w.Body)
	}
	f.owner = cookieNamed(t, w, "labserver")
	f.session = app.SessionID(strings.TrimPrefix(w.Header().Get("Location"), "/s/"))
	return f
}

func (f *fixture) do(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// share makes a link by the form and returns its path and token.
func (f *fixture) share(t testing.TB, role app.Role) (path, token string) {
	t.Helper()
	r := form("/s/"+string(f.session)+"/share", url.Values{"role": {string(role)}})
	r.AddCookie(f.owner)
	w := f.do(t, r)
	_, rest, ok := strings.Cut(w.Body.String(), testHost+"/w/")
	if w.Code != http.StatusCreated || !ok {
		t.Fatalf("share: %d %s", w.Code, w.Body)
	}
	token, _, _ = strings.Cut(rest, `"`)
	return "/w/" + token, token
}

// request is what a browser sends from one of our own pages.
func request(method, path string) *http.Request {
	r := httptest.NewRequest(method, "http://"+testHost+path, nil)
	r.RemoteAddr = "192.0.2.7:5000"
	if method != http.MethodGet {
		r.Header.Set("Origin", "http://"+testHost)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

func form(path string, values url.Values) *http.Request {
	r := request("POST", path)
	r.Body = io.NopCloser(strings.NewReader(values.Encode()))
	r.ContentLength = int64(len(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func cookieNamed(t testing.TB, w *httptest.ResponseRecorder, name string) *http.Cookie {
	t.Helper()
	for _, c := range w.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no cookie %q was set", name)
	return nil
}

// starter makes sessions in the fixture's store.
type starter struct{ f *fixture }

func (s starter) Create(_ context.Context, owner app.SubjectID, slug string) (app.SessionID, error) {
	id := app.SessionID("s" + strings.ToLower(auth.Hash(string(owner) + slug)[:24]))
	s.f.shelf.mu.Lock()
	defer s.f.shelf.mu.Unlock()
	s.f.shelf.sessions[id] = app.Session{ID: id, Owner: owner, Created: s.f.now, Touched: s.f.now}
	s.f.shelf.slugs[id] = slug
	return id, nil
}

// Recall keeps the run's slug and digest: what a page can tell an example by.
func (s starter) Recall(ctx context.Context, owner app.SubjectID, h journal.Header,
	entries []journal.Entry) (app.SessionID, error) {
	s.f.recalled = append(s.f.recalled, entries)
	id, err := s.Create(ctx, owner, h.Lab.Slug)
	s.f.shelf.digest = h.Lab.Digest
	return id, err
}

// Import refuses what does not begin as a capture does, as the true one would.
func (s starter) Import(ctx context.Context, owner app.SubjectID, file app.Capture) (
	app.SessionID, error,
) {
	if !strings.HasPrefix(string(file.Octets), "\n\r\r\n") {
		return "", &app.Error{Code: "bad_capture", Field: "truncated", Got: "block 1 <is> cut"}
	}
	s.f.imported = append(s.f.imported, file)
	return s.Create(ctx, owner, app.CaptureSlug)
}

// guarded stands for the handlers of a session that are no pages: it looks after rights
// as they do.
type guarded struct {
	f    *fixture
	auth *auth.Auth
	name string
}

func (g guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	actor, err := g.auth.Subject(r)
	if err == nil {
		var role app.Role
		_, role, err = auth.Open(r.Context(), g.f.shelf, actor,
			app.SessionID(chi.URLParam(r, "session")), g.f.now)
		if err == nil && (g.name == "journal" || g.name == "capture") && !app.Allows(role, app.Manage) {
			err = app.ErrNotFound
		}
	}
	if err != nil {
		http.Error(w, "", app.Status(err))
		return
	}
	io.WriteString(w, g.name)
}

// shelf is a store in memory: what pages ask of it.
type shelf struct {
	store.Store // nil: a page that asks for more fails its test
	mu          sync.Mutex
	sessions    map[app.SessionID]app.Session
	shares      map[string]app.Share
	slugs       map[app.SessionID]string // of each session's lab
	digest      string                   // of a recorded run
	broken      error                    // what every question is answered with
}

func (s *shelf) Session(_ context.Context, id app.SessionID) (app.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return app.Session{}, s.broken
	}
	if found, ok := s.sessions[id]; ok {
		return found, nil
	}
	return app.Session{}, store.ErrNotFound
}

func (s *shelf) SessionsOf(_ context.Context, owner app.SubjectID, _ int) ([]app.Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, s.broken
	}
	var all []app.Summary
	for _, one := range s.sessions {
		if one.Owner == owner {
			all = append(all, app.Summary{Session: one, LabSlug: s.slugs[one.ID], Runs: 1})
		}
	}
	return all, nil
}

func (s *shelf) Run(_ context.Context, id app.SessionID, _ int) (app.Run, error) {
	catalog, err := labs.Load(testLabs())
	if err != nil {
		return app.Run{}, err
	}
	l, ok := catalog.Lab(s.slugs[id])
	if !ok {
		return app.Run{Session: id, No: 1, Build: stack.Build, LabSlug: s.slugs[id],
			LabDigest: s.digest}, nil
	}
	return app.Run{Session: id, No: 1, LabSlug: l.Slug, LabDigest: l.Digest,
		Params: map[string]string{"port": "8081"}}, nil
}

func (s *shelf) Share(_ context.Context, hash string) (app.Share, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.shares[hash]; ok {
		return found, nil
	}
	return app.Share{}, store.ErrNotFound
}

func (s *shelf) SharesOf(_ context.Context, id app.SessionID) ([]app.Share, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []app.Share
	for _, one := range s.shares {
		if one.Session == id {
			all = append(all, one)
		}
	}
	return all, nil
}

func (s *shelf) CreateShare(_ context.Context, one app.Share) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shares[one.TokenHash] = one
	return nil
}

func (s *shelf) RevokeShare(_ context.Context, hash string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.shares[hash]
	one.Revoked = true
	s.shares[hash] = one
	return nil
}

// testLabs are two small labs whose words try to break out of the page.
func testLabs() fs.FS { return os.DirFS("testdata/labs") }
