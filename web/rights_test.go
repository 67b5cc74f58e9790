package web

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"labserver/web/app"
	"labserver/web/auth"
)

// reader is one of those who may ask for anything, and what they bring along.
type reader string

const (
	anonymous reader = "anonymous"
	other     reader = "other subject"
	owner     reader = "owner"
	watcher   reader = "watcher"
	coDriver  reader = "co-driver"
	revoked   reader = "revoked token"
	expired   reader = "expired token"
)

func readers() []reader {
	return []reader{anonymous, other, owner, watcher, coDriver, revoked, expired}
}

// rights is the authorization matrix: for each route the status everybody gets, and who
// gets another. A route that is missing here fails the test.
func rights() map[string]map[reader]int {
	all := func(status int) map[reader]int {
		m := map[reader]int{}
		for _, who := range readers() {
			m[who] = status
		}
		return m
	}
	only := func(status int, who ...reader) map[reader]int {
		m := all(http.StatusNotFound)
		for _, one := range who {
			m[one] = status
		}
		return m
	}
	seen := only(200, owner, watcher, coDriver)
	return map[string]map[reader]int{
		"GET /":                              all(200),
		"GET /labs":                          all(200),
		"GET /labs/{slug}":                   all(200),
		"POST /labs/{slug}/start":            all(303),
		"GET /sessions":                      all(200),
		"GET /rfc":                           all(200),
		"GET /rfc/knobs":                     all(200),
		"POST /rfc/{rule}/example":           all(303),
		"POST /prefs":                        all(303),
		"GET /import":                        all(200),
		"POST /import":                       all(400), // no form with a file
		"GET /favicon.svg":                   all(200),
		"GET /robots.txt":                    all(200),
		"GET /healthz":                       all(200),
		"GET /readyz":                        all(200),
		"GET /static/*":                      all(200),
		"GET /s/{session}":                   seen,
		"GET /s/{session}/live":              seen,
		"GET /s/{session}/status":            seen,
		"GET /s/{session}/runs/{run}/events": seen,
		"GET /s/{session}/runs/{run}/segments/{n}": seen,
		"GET /s/{session}/journal":                 only(200, owner),
		"GET /s/{session}/runs/{run}/pcapng":       only(200, owner),
		"GET /s/{session}/capture":                 seen,
		"GET /s/{session}/share":                   only(200, owner),
		"POST /s/{session}/share":                  only(400, owner), // no role given
		"POST /s/{session}/share/revoke":           only(303, owner),
		// The token in the address is what counts here: it is the watcher's.
		"GET /w/{token}": all(303),
	}
}

// carry gives a request what a reader has.
func (f *fixture) carry(t *testing.T, who reader) func(*http.Request) {
	t.Helper()
	cookie := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: name, Value: value}) }
	}
	switch who {
	case other:
		return cookie("labserver", auth.NewToken())
	case owner:
		return cookie(f.owner.Name, f.owner.Value)
	case watcher, coDriver, revoked, expired:
		role := app.Watcher
		if who == coDriver {
			role = app.CoDriver
		}
		_, token := f.share(t, role)
		one := f.shelf.shares[auth.Hash(token)]
		one.Revoked = who == revoked
		if who == expired {
			one.Expires = f.now.Add(-time.Second)
		}
		f.shelf.shares[auth.Hash(token)] = one
		return cookie("labserver-share", token)
	}
	return func(*http.Request) {}
}

func TestEveryRouteStandsInTheMatrixAndKeepsToIt(t *testing.T) {
	table := rights()
	routes := everyRoute(t, newFixture(t))
	for _, route := range routes {
		if _, ok := table[route]; !ok {
			t.Errorf("%s is missing from the authorization matrix", route)
		}
	}
	for route, row := range table {
		if !slices.Contains(routes, route) {
			t.Errorf("%s stands in the matrix but is no route", route)
		}
		for _, who := range readers() {
			f := newFixture(t)
			carry := f.carry(t, who)
			_, token := f.share(t, app.Watcher)
			method, path := addressOf(f, route, token)
			r := request(method, path)
			carry(r)
			if got := f.do(t, r).Code; got != row[who] {
				t.Errorf("%s as %s: %d, want %d", route, who, got, row[who])
			}
		}
	}
}

func TestASessionThatIsNotTheirsLooksLikeOneThatIsNot(t *testing.T) {
	f := newFixture(t)
	theirs := f.do(t, request("GET", "/s/"+string(f.session)))
	nobodys := f.do(t, request("GET", "/s/nosuchsession"))
	if theirs.Code != 404 || nobodys.Code != 404 ||
		withoutRequestID(theirs.Body.String(), string(f.session)) !=
			withoutRequestID(nobodys.Body.String(), "nosuchsession") {
		t.Error("a stranger can tell that a session exists")
	}
}

func TestAShareLinkOpensItsSessionInTheRightRoleAndKeepsTheQuery(t *testing.T) {
	for _, role := range []app.Role{app.Watcher, app.CoDriver} {
		f := newFixture(t)
		path, token := f.share(t, role)
		w := f.do(t, request("GET", path+"?at=17&lang=ko"))
		if got := w.Header().Get("Location"); w.Code != 303 ||
			got != "/s/"+string(f.session)+"?at=17&lang=ko" {
			t.Fatalf("%d %q", w.Code, got)
		}
		c := cookieNamed(t, w, "labserver-share")
		if c.Value != token || c.Path != "/s/"+string(f.session) {
			t.Errorf("cookie %+v", c)
		}
		r := request("GET", "/s/"+string(f.session))
		r.AddCookie(c)
		page := f.do(t, r)
		if b := bootOf(t, page.Body.String()); b.Role != role || b.Share != "" {
			t.Errorf("role %q, share %q; want %q and none", b.Role, b.Share, role)
		}
	}
}

func TestALinkTakenBackStopsAtOnce(t *testing.T) {
	f := newFixture(t)
	path, _ := f.share(t, app.Watcher)
	link := cookieNamed(t, f.do(t, request("GET", path)), "labserver-share")
	r := form("/s/"+string(f.session)+"/share/revoke", nil)
	r.AddCookie(f.owner)
	if w := f.do(t, r); w.Code != 303 {
		t.Fatal(w.Code)
	}
	if len(f.rechecked) != 1 || f.rechecked[0] != f.session {
		t.Errorf("asked to leave: the sockets of %q", f.rechecked)
	}
	if got := f.do(t, request("GET", path)).Code; got != 404 {
		t.Errorf("the link: %d", got)
	}
	r = request("GET", "/s/"+string(f.session))
	r.AddCookie(link)
	if got := f.do(t, r).Code; got != 404 {
		t.Errorf("whoever came by it before: %d", got)
	}
}
