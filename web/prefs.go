package web

import (
	"net/http"
	"net/url"
	"strings"

	"labserver/web/auth"
	"labserver/web/i18n"
	"labserver/web/page/fault"
	"labserver/web/page/layout"
)

// The cookies that keep a reader's choices, and for how long (seconds; a browser's most).
const (
	langCookie  = "lang"
	themeCookie = "theme"
	prefsAge    = 400 * 24 * 3600
)

// environment finds out what every page needs to know: language, theme, request id. An
// address with ?lang= is shown in that language, and the browser keeps the choice;
// nothing changes on the server.
func (s *server) environment(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.Query().Get("lang")
		kept := s.pref(r, langCookie)
		env := layout.Env{
			Lang:      i18n.Match(asked, kept, r.Header.Get("Accept-Language")),
			Assets:    s.Assets,
			RequestID: newRequestID(),
		}
		env.Theme, _ = layout.ParseTheme(s.pref(r, themeCookie))
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			env.URL = r.URL
			if l, ok := i18n.ParseLang(asked); ok && asked != kept {
				s.setPref(w, r, langCookie, string(l))
			}
		}
		w.Header().Set("Content-Language", string(env.Lang))
		next.ServeHTTP(w, r.WithContext(layout.With(r.Context(), env)))
	})
}

// prefs is POST /prefs: the choice of a theme or language, then back to the page.
func (s *server) prefs(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		fault.Error(w, r, malformed(err))
		return
	}
	if v, ok := r.PostForm["theme"]; ok {
		theme, known := layout.ParseTheme(v[0])
		if !known {
			fault.Status(w, r, http.StatusBadRequest)
			return
		}
		s.setPref(w, r, themeCookie, string(theme))
	}
	if v, ok := r.PostForm["lang"]; ok {
		lang, known := i18n.ParseLang(v[0])
		if !known {
			fault.Status(w, r, http.StatusBadRequest)
			return
		}
		s.setPref(w, r, langCookie, string(lang))
	}
	http.Redirect(w, r, localPath(r.PostForm.Get("back")), http.StatusSeeOther)
}

// localPath returns an address of this server and nothing else; "/" for all others.
func localPath(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		strings.ContainsAny(s, "\\\r\n\t") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).RequestURI()
}

func (s *server) pref(r *http.Request, name string) string {
	c, err := r.Cookie(auth.HostCookie(name, s.Origin.Secure(r)))
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *server) setPref(w http.ResponseWriter, r *http.Request, name, value string) {
	secure := s.Origin.Secure(r)
	c := &http.Cookie{
		Name: auth.HostCookie(name, secure), Value: value, Path: "/", MaxAge: prefsAge,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
