package web

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// everyRoute lists the routes as "GET /labs/{slug}", HEAD apart.
func everyRoute(t *testing.T, f *fixture) []string {
	t.Helper()
	var all []string
	err := chi.Walk(f.routes, func(method, route string, _ http.Handler,
		_ ...func(http.Handler) http.Handler) error {
		all = append(all, method+" "+route)
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	slices.Sort(all)
	return all
}

// addressOf fills a route's parameters in with things that exist.
func addressOf(f *fixture, route, token string) (method, path string) {
	method, path, _ = strings.Cut(route, " ")
	return method, strings.NewReplacer("{slug}", "alpha", "{rule}", "MUST-36", "{session}", string(f.session),
		"{token}", token, "{run}", "1", "{n}", "1", "static/*",
		strings.TrimPrefix(f.assetURL("site.css"), "/")).Replace(path)
}

func (f *fixture) assetURL(name string) string { return f.assets.URL(name) }

func TestTheContentPolicyIsExactlyTheOneOfTheSecurityText(t *testing.T) {
	const want = "default-src 'none'; script-src 'self'; style-src 'self'; " +
		"img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
	if Policy != want {
		t.Errorf("Policy = %q", Policy)
	}
}

func TestEveryRouteCarriesTheHeaders(t *testing.T) {
	f := newFixture(t)
	_, token := f.share(t, "watch")
	routes := append(everyRoute(t, f), "GET /no/such/page", "DELETE /labs")
	for _, route := range routes {
		method, path := addressOf(f, route, token)
		r := request(method, path)
		r.AddCookie(f.owner)
		got := f.do(t, r)
		for name, want := range map[string]string{
			"Content-Security-Policy":      Policy,
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cross-Origin-Opener-Policy":   "",
			"Strict-Transport-Security":    "",
		} {
			if h := got.Header().Get(name); h != want {
				t.Errorf("%s: %s = %q, want %q", route, name, h, want)
			}
		}
		if p := got.Header().Get("Permissions-Policy"); !strings.Contains(p, "camera=()") ||
			strings.Contains(p, "*") {
			t.Errorf("%s: Permissions-Policy = %q", route, p)
		}
		if got.Header().Get("Cache-Control") == "" {
			t.Errorf("%s: says nothing of caching", route)
		}
	}
}

func TestPersonalPagesAreNotStored(t *testing.T) {
	f := newFixture(t)
	_, token := f.share(t, "watch")
	for _, path := range []string{"/labs/alpha", "/sessions", "/s/" + string(f.session),
		"/s/" + string(f.session) + "/share", "/w/" + token, "/no/such/page"} {
		r := request("GET", path)
		r.AddCookie(f.owner)
		if got := f.do(t, r).Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control = %q", path, got)
		}
	}
}

func TestStaticFilesMayBeKeptForGood(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Assets = nil }) // the embedded ones
	got := f.do(t, request("GET", f.assets.URL("site.css")))
	if got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/css") ||
		got.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	for _, path := range []string{"/static/v-0000000000000000/site.css", "/static/site.css",
		"/static/", f.assets.URL("../embed.go"), f.assets.URL("nothing.css"), f.assets.URL("")} {
		if got := f.do(t, request("GET", path)); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestHTTPSAddsWhatOnlyWorksThere(t *testing.T) {
	for _, hsts := range []bool{false, true} {
		f := newFixture(t, func(c *Config) { c.HSTS = hsts })
		r := request("GET", "/")
		r.TLS = &tls.ConnectionState{}
		h := f.do(t, r).Header()
		if h.Get("Cross-Origin-Opener-Policy") != "same-origin" ||
			(h.Get("Strict-Transport-Security") != "") != hsts {
			t.Errorf("hsts %v: %v", hsts, h)
		}
		if plain := f.do(t, request("GET", "/")).Header(); plain.Get("Strict-Transport-Security") != "" {
			t.Error("HSTS on plain http")
		}
	}
}

func TestHTTPSIsBelievedOnlyFromOurProxy(t *testing.T) {
	for _, c := range []struct {
		from, proto string
		public      string
		secure      bool
	}{
		{"10.0.0.1:9", "https", "", true},
		{"10.0.0.1:9", "http", "https://lab.example", false},
		{"192.0.2.1:9", "https", "", false},
		{"192.0.2.1:9", "", "https://lab.example", true},
		{"192.0.2.1:9", "", "http://lab.example", false},
	} {
		o := Origin{Proxies: prefixes("10.0.0.0/8")}
		if c.public != "" {
			o.Public, _ = url.Parse(c.public)
		}
		r := request("GET", "/")
		r.RemoteAddr = c.from
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		if o.Secure(r) != c.secure {
			t.Errorf("%+v: secure %v", c, !c.secure)
		}
	}
}

func TestARefusedMethodIsToldWhichOnesThereAre(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct{ method, path, allow string }{
		{"DELETE", "/labs", "GET, HEAD"},
		{"GET", "/labs/alpha/start", "POST"},
		{"PUT", "/s/" + string(f.session) + "/share", "GET, HEAD, POST"},
	} {
		w := f.do(t, request(c.method, c.path))
		got := strings.Join(w.Header().Values("Allow"), ", ")
		if w.Code != http.StatusMethodNotAllowed || got != c.allow {
			t.Errorf("%s %s: %d, Allow %q, not %q", c.method, c.path, w.Code, got, c.allow)
		}
	}
}

func TestWhatIsTheSameForEverybodyIsCachedAsSuch(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{f.assetURL("site.css"), "/favicon.svg", "/robots.txt"} {
		r := request("GET", path)
		r.URL.RawQuery = "lang=ko"
		h := f.do(t, r).Header()
		for _, name := range []string{"Vary", "Content-Language", "Set-Cookie"} {
			if v := h.Values(name); len(v) != 0 {
				t.Errorf("%s: %s is %q", path, name, v)
			}
		}
	}
	if v := f.do(t, request("GET", "/labs")).Header().Get("Vary"); v == "" {
		t.Error("a page in two languages does not say that it varies")
	}
}
