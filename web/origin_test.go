package web

import (
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func prefixes(all ...string) (ps []netip.Prefix) {
	for _, s := range all {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

func TestChangesAreTakenFromOurOwnPagesOnly(t *testing.T) {
	f := newFixture(t)
	const ours = "http://" + testHost
	for _, c := range []struct {
		name, site, origin, referer string
		cookie                      bool
		status                      int
	}{
		{"a current browser", "same-origin", ours, ours + "/labs", true, 303},
		{"another site", "cross-site", "https://evil.example", "", true, 403},
		{"a sibling site", "same-site", "http://other." + testHost, "", true, 403},
		{"another port", "", ours + ":8081", "", true, 403},
		{"another scheme", "", "https://" + testHost, "", true, 403},
		{"a sandboxed frame", "", "null", "", true, 403},
		{"plain http on a LAN, without Sec-Fetch-Site", "", ours, "", true, 303},
		{"no Origin, our Referer", "", "", ours + "/labs", true, 303},
		{"no Origin, a foreign Referer", "", "", "http://evil.example/", true, 403},
		{"a cookie and nothing else", "", "", "", true, 403},
		{"a tool with no cookie", "", "", "", false, 303},
		{"a lying Sec-Fetch-Site", "same-origin", "https://evil.example", "", true, 403},
	} {
		r := request("POST", "/labs/alpha/start")
		r.Header = http.Header{}
		for name, v := range map[string]string{
			"Sec-Fetch-Site": c.site, "Origin": c.origin, "Referer": c.referer,
		} {
			if v != "" {
				r.Header.Set(name, v)
			}
		}
		if c.cookie {
			r.AddCookie(f.owner)
		}
		if got := f.do(t, r).Code; got != c.status {
			t.Errorf("%s: %d, want %d", c.name, got, c.status)
		}
	}
}

func TestThePublicAddressIsOursBehindAProxyThatRenamesTheHost(t *testing.T) {
	public, _ := url.Parse("http://lab.example.org")
	plain := newFixture(t)
	behind := newFixture(t, func(c *Config) { c.Origin.Public = public })
	for _, c := range []struct {
		name   string
		f      *fixture
		status int
	}{{"told so", behind, 303}, {"not told", plain, 403}} {
		r := request("POST", "/labs/alpha/start")
		r.Header.Set("Origin", public.String())
		if got := c.f.do(t, r).Code; got != c.status {
			t.Errorf("%s: %d, want %d", c.name, got, c.status)
		}
	}
}

func TestAnHTTPSServerTakesNoFormsFromPlainHTTP(t *testing.T) {
	public, _ := url.Parse("https://" + testHost)
	o := Origin{Public: public}
	r := request("POST", "/prefs")
	for origin, ours := range map[string]bool{
		"https://" + testHost: true, "https://" + testHost + ":443": true,
		"http://" + testHost: false, "https://" + testHost + ":444": false,
		"https://" + testHost + ".evil.example": false, "null": false, "": false,
	} {
		if o.Ours(r, origin) != ours {
			t.Errorf("%q is ours: %v", origin, !ours)
		}
	}
}

func TestReadingIsAllowedFromAnywhereAndChangesNothing(t *testing.T) {
	f := newFixture(t)
	before := len(f.shelf.sessions)
	for _, route := range everyRoute(t, f) {
		method, path := addressOf(f, route, "x")
		if method != "GET" {
			continue
		}
		r := request(method, path)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.example")
		w := f.do(t, r)
		if w.Code == http.StatusForbidden {
			t.Errorf("%s: forbidden", route)
		}
		for _, c := range w.Result().Cookies() {
			t.Errorf("%s: sets the cookie %s", route, c.Name)
		}
	}
	if len(f.shelf.sessions) != before || len(f.shelf.shares) != 0 {
		t.Error("a GET changed the store")
	}
}

func TestTheClientIsTheLastAddressThatIsNoProxyOfOurs(t *testing.T) {
	o := Origin{Proxies: prefixes("10.0.0.0/8", "::1/128")}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:9", "198.51.100.9", "192.0.2.1"}, // not from a proxy: not believed
		{"10.0.0.1:9", "198.51.100.9", "198.51.100.9"},
		{"10.0.0.1:9", "203.0.113.1, 198.51.100.9, 10.0.0.2", "198.51.100.9"},
		{"10.0.0.1:9", "garbage", "10.0.0.1"},
		{"10.0.0.1:9", "", "10.0.0.1"},
		{"[::1]:9", "2001:db8::7", "2001:db8::7"},
		{"[::ffff:10.0.0.1]:9", "198.51.100.9", "198.51.100.9"},
	} {
		r := request("GET", "/")
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := o.Client(r).String(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestEachAddressHasItsOwnLimit(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Limits = Limits{Requests: 4, Changes: 2} })
	get := func(from, path string) int {
		r := request("GET", path)
		r.RemoteAddr = from
		return f.do(t, r).Code
	}
	for i, want := range []int{200, 200, 200, 200, 429} {
		if got := get("198.51.100.1:1", "/labs"); got != want {
			t.Errorf("request %d: %d", i+1, got)
		}
	}
	r := request("GET", "/labs")
	r.RemoteAddr = "198.51.100.1:1"
	if h := f.do(t, r).Header(); h.Get("Retry-After") == "" || h.Get("X-RateLimit-Limit") != "" {
		t.Errorf("says when to come back: %q", h.Get("Retry-After"))
	}
	if get("198.51.100.2:1", "/labs") != 200 {
		t.Error("one address's limit met another's")
	}
	if get("198.51.100.1:1", f.assets.URL("site.css")) != 200 {
		t.Error("static files count")
	}
	for i := range 4 {
		get("[2001:db8::"+string(rune('1'+i))+"]:1", "/labs")
	}
	if get("[2001:db8::9]:1", "/labs") != 429 {
		t.Error("addresses of one /64 are counted apart")
	}
	for i, want := range []int{303, 303, 429} {
		r := request("POST", "/labs/alpha/start")
		r.RemoteAddr = "198.51.100.3:1"
		if got := f.do(t, r).Code; got != want {
			t.Errorf("change %d: %d", i+1, got)
		}
	}
}

func TestABodyThatIsTooLargeIsRefusedWholeOrCutOff(t *testing.T) {
	f := newFixture(t)
	big := strings.Repeat("a", 17<<10)
	for _, honest := range []bool{true, false} {
		r := form("/prefs", url.Values{"theme": {"dark"}, "pad": {big}})
		if !honest {
			r.ContentLength = -1
			r.Body = io.NopCloser(strings.NewReader("pad=" + big + "&theme=dark"))
		}
		w := f.do(t, r)
		if w.Code != http.StatusRequestEntityTooLarge || len(w.Result().Cookies()) != 0 {
			t.Errorf("honest %v: %d", honest, w.Code)
		}
	}
}

func TestAnAddressForPeopleIsAbsolute(t *testing.T) {
	public, _ := url.Parse("https://lab.example.org")
	r := request("GET", "/s/x/share")
	if got := (Origin{}).Address(r, "/w/t"); got != "http://"+testHost+"/w/t" {
		t.Error(got)
	}
	if got := (Origin{Public: public}).Address(r, "/w/t"); got != "https://lab.example.org/w/t" {
		t.Error(got)
	}
}
