package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"labserver/web/app"
	"labserver/web/auth"
)

var requestID = regexp.MustCompile(`[0-9a-f]{16}`)

// withoutRequestID makes two answers comparable.
func withoutRequestID(body, address string) string {
	return requestID.ReplaceAllString(strings.ReplaceAll(body, address, "ADDRESS"), "ID")
}

func TestStartingALabLeadsIntoItWithoutAnAccount(t *testing.T) {
	f := newFixture(t)
	w := f.do(t, request("POST", "/labs/beta/start?lang=ko"))
	to := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/s/") || !strings.HasSuffix(to, "?lang=ko") {
		t.Fatalf("%d %q", w.Code, to)
	}
	r := request("GET", to)
	r.AddCookie(cookieNamed(t, w, "labserver"))
	page := f.do(t, r)
	b := bootOf(t, page.Body.String())
	if page.Code != 200 || b.Lang != "ko" || b.Role != app.Driver || b.Lab.Title != "안녕, UDP" ||
		"/s/"+b.Session+"/live" != b.Live || len(b.Lab.Goals) != 2 || b.Rules["command"] == "" {
		t.Errorf("%d %+v", page.Code, b)
	}
	if got := b.Lab.Goals[1]; got.Answer != "choice" || len(got.Choices) != 2 ||
		got.Choices[0].Text != "소켓 한 쌍" || got.Hints[0].ID != "look-again" {
		t.Errorf("goal %+v", got)
	}
	if strings.Contains(page.Body.String(), `"correct"`) {
		t.Error("the page tells the answer")
	}
}

func TestAnUnknownLabIsNotFoundAndMakesNobody(t *testing.T) {
	f := newFixture(t)
	for _, r := range []*http.Request{request("GET", "/labs/none"), request("POST", "/labs/none/start"),
		request("GET", "/labs/%2e%2e%2fetc"), request("GET", "/labs/alpha/start")} {
		w := f.do(t, r)
		want := http.StatusNotFound
		if r.URL.Path == "/labs/alpha/start" {
			want = http.StatusMethodNotAllowed
		}
		if w.Code != want || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s %s: %d %v", r.Method, r.URL.Path, w.Code, w.Result().Cookies())
		}
	}
}

func TestTheListOfRunsIsTheReadersOwn(t *testing.T) {
	f := newFixture(t)
	r := request("GET", "/sessions")
	r.AddCookie(f.owner)
	if body := f.do(t, r).Body.String(); !strings.Contains(body, `href="/s/`+string(f.session)+`"`) {
		t.Error("the owner's run is not listed")
	}
	for _, who := range []func(*http.Request){func(*http.Request) {},
		func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "labserver", Value: auth.NewToken()}) }} {
		r := request("GET", "/sessions")
		who(r)
		if strings.Contains(f.do(t, r).Body.String(), string(f.session)) {
			t.Error("somebody else sees it")
		}
	}
}

func TestTheLanguageIsAskedForKeptOrTheBrowsers(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct{ query, cookie, accept, want string }{
		{"", "", "", "en"},
		{"", "", "ko-KR,ko;q=0.9,en;q=0.8", "ko"},
		{"", "", "fr,en;q=0.5", "en"},
		{"", "", "fr-FR,ko;q=0.3", "ko"},
		{"", "ko", "en", "ko"},
		{"en", "ko", "ko", "en"},
		{"xx", "ko", "en", "ko"},
		{"<script>", "", "", "en"},
		{"", "zz", "ko", "ko"},
	} {
		r := request("GET", "/labs")
		r.URL.RawQuery = url.Values{"lang": {c.query}, "at": {"17"}}.Encode()
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "lang", Value: c.cookie})
		}
		r.Header.Set("Accept-Language", c.accept)
		w := f.do(t, r)
		if !strings.Contains(w.Body.String(), `<html lang="`+c.want+`"`) ||
			w.Header().Get("Content-Language") != c.want {
			t.Errorf("%+v: %.60s", c, w.Body)
		}
		for _, l := range []string{"ko", "en"} {
			if !strings.Contains(w.Body.String(), `href="/labs?at=17&amp;lang=`+l+`"`) {
				t.Errorf("%+v: the way to %s loses the rest of the address", c, l)
			}
		}
		kept := len(w.Result().Cookies()) == 1
		if want := (c.query == "ko" || c.query == "en") && c.query != c.cookie; kept != want {
			t.Errorf("%+v: kept %v", c, kept)
		}
	}
}

func TestTheThemeIsChosenWithoutScripts(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct{ theme, attr string }{
		{"dark", ` data-theme="dark"`}, {"light", ` data-theme="light"`}, {"system", ""},
	} {
		w := f.do(t, form("/prefs", url.Values{"theme": {c.theme}, "back": {"/labs?at=3"}}))
		if w.Code != 303 || w.Header().Get("Location") != "/labs?at=3" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		r := request("GET", "/labs")
		if set := cookieNamed(t, w, "theme"); set.MaxAge > 0 {
			r.AddCookie(set)
		}
		body := f.do(t, r).Body.String()
		if !strings.Contains(body, `<html lang="en"`+c.attr+`>`) {
			t.Errorf("%s: %.60s", c.theme, body)
		}
	}
	if got := f.do(t, form("/prefs", url.Values{"theme": {"pink"}})).Code; got != 400 {
		t.Errorf("an unknown theme: %d", got)
	}
	if got := f.do(t, form("/prefs", url.Values{"lang": {"xx"}})).Code; got != 400 {
		t.Errorf("an unknown language: %d", got)
	}
}

func TestTheWayBackStaysOnThisServer(t *testing.T) {
	for in, want := range map[string]string{
		"/labs?at=1": "/labs?at=1", "": "/", "//evil.example": "/", "https://evil.example/": "/",
		"/\\evil.example": "/", "javascript:alert(1)": "/", "labs": "/", "/a\r\nSet-Cookie: x": "/",
		"/%2f%2fevil.example": "/", "///evil.example": "/", "http:/x": "/",
	} {
		if got := localPath(in); got != want {
			t.Errorf("%q leads to %q, want %q", in, got, want)
		}
	}
}

func TestEveryErrorHasItsPageInBothLanguages(t *testing.T) {
	foreign := func(r *http.Request) *http.Request {
		r.Header.Set("Origin", "https://evil.example")
		return r
	}
	for _, lang := range []string{"ko", "en"} {
		for status, requests := range map[int][]*http.Request{
			404: {request("GET", "/none")},
			403: {foreign(request("POST", "/prefs"))},
			405: {request("GET", "/prefs")},
			400: {form("/prefs", url.Values{"theme": {"pink"}})},
			413: {form("/prefs", url.Values{"pad": {strings.Repeat("a", 17<<10)}})},
			429: {request("GET", "/rfc"), request("GET", "/rfc")},
		} {
			f := newFixture(t, func(c *Config) { c.Limits.Requests = 1 })
			var w *httptest.ResponseRecorder
			for _, r := range requests {
				r.RemoteAddr = "198.51.100.7:1"
				r.Header.Set("Accept-Language", lang)
				w = f.do(t, r)
			}
			if w.Code != status || !strings.Contains(w.Body.String(), `<html lang="`+lang+`"`) ||
				!strings.Contains(w.Body.String(), strconv.Itoa(status)) {
				t.Errorf("%d in %s: %d", status, lang, w.Code)
			}
		}
	}
}

func TestAPanicBecomesAnErrorPageAndALogLineWithoutSecrets(t *testing.T) {
	var log bytes.Buffer
	f := newFixture(t, func(c *Config) {
		c.Log = slog.New(slog.NewJSONHandler(&log, nil))
		c.Sessions.Journal = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			panic("BUG: the fixture's own")
		})
	})
	path, token := f.share(t, app.Watcher)
	f.do(t, request("GET", path+"?name=Kim"))
	r := request("GET", "/s/"+string(f.session)+"/journal")
	r.AddCookie(f.owner)
	w := f.do(t, r)
	if w.Code != 500 || strings.Contains(w.Body.String(), "BUG") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "BUG: the fixture's own") {
		t.Error("the panic is not in the log")
	}
	for _, secret := range []string{token, f.owner.Value, "Kim", string(f.session)} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
	if !strings.Contains(log.String(), `"route":"/w/{token}"`) {
		t.Error("the log does not name the route")
	}
}

// hijacker is a connection that can be taken over, as the socket needs.
type hijacker struct{ http.ResponseWriter }

func TestTheSocketGetsTheConnectionAsItIs(t *testing.T) {
	var seen http.ResponseWriter
	f := newFixture(t, func(c *Config) {
		c.Sessions.Live = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { seen = w })
	})
	w := &hijacker{httptest.NewRecorder()}
	f.handler.ServeHTTP(w, request("GET", "/s/"+string(f.session)+"/live"))
	if seen != http.ResponseWriter(w) {
		t.Errorf("the socket's handler got a %T", seen)
	}
}

func TestHealthTellsThatItRunsAndReadinessThatItCanServe(t *testing.T) {
	broken := errors.New("the disk is full of secrets")
	for _, c := range []struct {
		ready  error
		status int
	}{{nil, 200}, {broken, 503}} {
		f := newFixture(t, func(cfg *Config) {
			cfg.Ready = func(context.Context) error { return c.ready }
		})
		if w := f.do(t, request("GET", "/healthz")); w.Code != 200 || w.Body.String() != "ok\n" {
			t.Errorf("healthz %d", w.Code)
		}
		w := f.do(t, request("GET", "/readyz"))
		if w.Code != c.status || strings.Contains(w.Body.String(), "secrets") {
			t.Errorf("readyz %d %s", w.Code, w.Body)
		}
	}
}

func TestHeadAnswersAsGetWithoutABody(t *testing.T) {
	f := newFixture(t)
	w := f.do(t, request("HEAD", "/labs"))
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("%d, %d octets, %v", w.Code, w.Body.Len(), w.Header())
	}
}

func TestALinkCanBeMadeByAScriptAsWell(t *testing.T) {
	f := newFixture(t)
	r := form("/s/"+string(f.session)+"/share", url.Values{"role": {"codrive"}})
	r.AddCookie(f.owner)
	r.Header.Set("Accept", "application/json")
	w := f.do(t, r)
	body, _ := io.ReadAll(w.Body)
	if w.Code != 201 || !strings.Contains(string(body), `"url":"http://`+testHost+`/w/`) ||
		!strings.Contains(string(body), `"role":"codrive"`) {
		t.Errorf("%d %s", w.Code, body)
	}
	for _, role := range []string{"", "drive", "admin"} {
		r := form("/s/"+string(f.session)+"/share", url.Values{"role": {role}})
		r.AddCookie(f.owner)
		if got := f.do(t, r).Code; got != 400 {
			t.Errorf("role %q: %d", role, got)
		}
	}
}

func TestAConfigurationThatLacksAPartIsRefused(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("nothing at all was accepted")
	}
}

func TestALabThatWasBegunOffersToGoOn(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		finished bool
		goOn     bool
	}{{false, true}, {true, false}} {
		one := f.shelf.sessions[f.session]
		if c.finished {
			one.Finished = f.now
		}
		f.shelf.sessions[f.session] = one
		r := request("GET", "/labs/alpha?lang=en")
		r.AddCookie(f.owner)
		body := f.do(t, r).Body.String()
		if strings.Contains(body, "Go on where you were") != c.goOn ||
			!strings.Contains(body, "Start a new run") {
			t.Errorf("finished %v: %s", c.finished, body)
		}
	}
	if body := f.do(t, request("GET", "/labs/alpha?lang=en")).Body.String(); strings.Contains(body,
		string(f.session)) || !strings.Contains(body, "No account needed") {
		t.Error("a newcomer sees somebody's run")
	}
}

func TestASessionMayHaveOnlySoManyLinks(t *testing.T) {
	f := newFixture(t)
	for range 50 {
		f.share(t, app.Watcher)
	}
	more := func() int {
		r := form("/s/"+string(f.session)+"/share", url.Values{"role": {"watch"}})
		r.AddCookie(f.owner)
		return f.do(t, r).Code
	}
	if got := more(); got != http.StatusTooManyRequests {
		t.Errorf("the 51st link: %d", got)
	}
	r := form("/s/"+string(f.session)+"/share/revoke", nil)
	r.AddCookie(f.owner)
	f.do(t, r)
	if got := more(); got != http.StatusCreated {
		t.Errorf("after taking all back: %d", got)
	}
}

func TestAFailingStoreIsAnErrorPageEverywhere(t *testing.T) {
	f := newFixture(t)
	f.shelf.broken = errors.New("disk I/O error at /var/lib/secret")
	for _, path := range []string{"/labs/alpha", "/sessions", "/s/" + string(f.session),
		"/s/" + string(f.session) + "/share"} {
		r := request("GET", path)
		r.AddCookie(f.owner)
		w := f.do(t, r)
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
