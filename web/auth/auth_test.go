package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"labserver/web/app"
)

func overHTTPS(*http.Request) bool { return true }

func get(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func TestReadingMakesNobody(t *testing.T) {
	actor, err := New(Config{}).Subject(get())
	if err != nil || actor.Subject != "" || len(actor.Tokens) != 0 || actor.Admin {
		t.Errorf("a bare request is %+v, %v", actor, err)
	}
}

func TestAnAnonymousSubjectIsKeptByItsCookieAndOnlyItsHashIsKnown(t *testing.T) {
	for _, secure := range []bool{false, true} {
		a := New(Config{Secure: func(*http.Request) bool { return secure }})
		w := httptest.NewRecorder()
		first, err := a.Ensure(w, get())
		if err != nil || first.Subject == "" {
			t.Fatal(first, err)
		}
		cookies := w.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		c := cookies[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" ||
			c.MaxAge < 300*24*3600 || c.Secure != secure ||
			strings.HasPrefix(c.Name, "__Host-") != secure {
			t.Errorf("secure %v: cookie %+v", secure, c)
		}
		if strings.Contains(string(first.Subject), c.Value) {
			t.Error("the subject tells its token")
		}
		again := httptest.NewRecorder()
		second, err := a.Ensure(again, get(c))
		if err != nil || second.Subject != first.Subject || len(again.Result().Cookies()) != 0 {
			t.Errorf("the same browser became %v, %v", second, err)
		}
	}
}

func TestTwoBrowsersAreTwoSubjects(t *testing.T) {
	a := New(Config{})
	one, _ := a.Ensure(httptest.NewRecorder(), get())
	two, _ := a.Ensure(httptest.NewRecorder(), get())
	if one.Subject == two.Subject {
		t.Error("two tokens, one subject")
	}
}

func TestACookieThatIsNotOursIsNoIdentity(t *testing.T) {
	a := New(Config{})
	for _, v := range []string{"", "x", "../../etc", strings.Repeat("A", 42),
		strings.Repeat("A", 44), NewToken() + "A", "<script>"} {
		actor, err := a.Subject(get(&http.Cookie{Name: "labserver", Value: v}))
		if err != nil || actor.Subject != "" {
			t.Errorf("%q became %v, %v", v, actor, err)
		}
	}
}

func TestAPlainCookieIsNotTakenForTheSecureOne(t *testing.T) {
	// A neighbour on plain http can plant cookies without the __Host- prefix.
	a := New(Config{Secure: overHTTPS})
	actor, _ := a.Subject(get(&http.Cookie{Name: "labserver", Value: NewToken()}))
	if actor.Subject != "" {
		t.Error("an unprefixed cookie counted on https")
	}
}

func TestAShareIsCarriedToItsSessionOnly(t *testing.T) {
	for _, secure := range []bool{false, true} {
		a := New(Config{Secure: func(*http.Request) bool { return secure }})
		w, token := httptest.NewRecorder(), NewToken()
		until := time.Now().Add(time.Hour).Truncate(time.Second)
		a.Carry(w, get(), app.Share{Session: "abc", Expires: until}, token)
		c := w.Result().Cookies()[0]
		if c.Path != "/s/abc" || !c.HttpOnly || c.Secure != secure || !c.Expires.Equal(until) {
			t.Errorf("share cookie %+v", c)
		}
		actor, _ := a.Subject(get(c, &http.Cookie{Name: c.Name, Value: "broken"}))
		if len(actor.Tokens) != 1 || actor.Tokens[0] != token || actor.Subject != "" {
			t.Errorf("the holder of a share is %+v", actor)
		}
	}
}

func TestTheAdminTokenCountsOnTheLoopbackOnly(t *testing.T) {
	a := New(Config{AdminToken: "secret"})
	for _, c := range []struct {
		from, bearer, forwarded string
		admin                   bool
	}{
		{"127.0.0.1:9", "Bearer secret", "", true},
		{"[::1]:9", "Bearer secret", "", true},
		{"127.0.0.1:9", "Bearer Secret", "", false},
		{"127.0.0.1:9", "secret", "", false},
		{"192.168.0.7:9", "Bearer secret", "", false},
		{"127.0.0.1:9", "Bearer secret", "192.168.0.7", false},
		{"bad", "Bearer secret", "", false},
	} {
		r := get()
		r.RemoteAddr = c.from
		r.Header.Set("Authorization", c.bearer)
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if actor, _ := a.Subject(r); actor.Admin != c.admin {
			t.Errorf("%+v: admin %v", c, actor.Admin)
		}
	}
	r := get()
	r.RemoteAddr = "127.0.0.1:9"
	r.Header.Set("Authorization", "Bearer ")
	if actor, _ := New(Config{}).Subject(r); actor.Admin {
		t.Error("without a token set, the empty one passes")
	}
}
