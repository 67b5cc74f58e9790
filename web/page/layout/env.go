// Package layout is the frame of every page: head, header, footer, the choice of
// language and theme, and how a page is written to the reader.
//
// It must never look anything up: a page gets what it shows from its own handler. Raw
// HTML and inline script or style are banned (docs/security.md §1); a test in
// package web holds every page to that.
package layout

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"labserver/static"
	"labserver/web/i18n"
)

// Theme is what the reader chose: light, dark, or the system's own. The zero value is
// the system's.
type Theme string

// The themes.
const (
	System Theme = ""
	Light  Theme = "light"
	Dark   Theme = "dark"
)

// ParseTheme reads a theme's name; false for anything else.
func ParseTheme(s string) (Theme, bool) {
	switch s {
	case "", "system":
		return System, true
	case "light", "dark":
		return Theme(s), true
	}
	return System, false
}

// Env is what every page knows about the request it answers. The zero value renders in
// the fallback language without links to itself.
type Env struct {
	Lang      i18n.Lang
	Theme     Theme
	Assets    *static.Assets
	RequestID string
	// URL is the address shown; nil when it cannot be shown again, as after a POST.
	URL *url.URL
}

type envKey struct{}

// With returns a context that carries env, and its language for i18n.T.
func With(ctx context.Context, env Env) context.Context {
	return i18n.With(context.WithValue(ctx, envKey{}, env), env.Lang)
}

// From returns what With put there.
func From(ctx context.Context) Env {
	env, _ := ctx.Value(envKey{}).(Env)
	return env
}

// Meta is what a page says of itself.
type Meta struct {
	Title       string // without the site's name
	Description string
	Section     Section
	// Bench is the workbench's chrome: full height, its own header, no footer.
	Bench bool
}

// Section is the part of the site a page belongs to, for the menu.
type Section string

// The sections of the menu.
const (
	Labs  Section = "labs"
	Runs  Section = "runs"
	Rules Section = "rules"
)

// Render writes a page. It is rendered whole before anything is sent, so that a failure
// can still become an honest status.
func Render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		slog.ErrorContext(r.Context(), "render page", "path", r.URL.Path, "err", err)
		const broken = http.StatusInternalServerError
		http.Error(w, http.StatusText(broken), broken)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // the reader may be gone: nothing left to do then
	}
}

// asset returns the address of a built file.
func asset(ctx context.Context, name string) string {
	if a := From(ctx).Assets; a != nil {
		return a.URL(name)
	}
	return static.Prefix + name
}

// IconURL returns the address of one icon of the sprite.
func IconURL(ctx context.Context, name string) string {
	return asset(ctx, "icons.svg") + "#" + name
}

func themeAttr(ctx context.Context) templ.Attributes {
	if t := From(ctx).Theme; t != System {
		return templ.Attributes{"data-theme": string(t)}
	}
	return nil
}

// langURL returns the address shown, in another language; ?at= and the like stay.
func langURL(ctx context.Context, l i18n.Lang) templ.SafeURL {
	u := url.URL{Path: "/"}
	if shown := From(ctx).URL; shown != nil {
		u.Path, u.RawQuery = shown.Path, shown.RawQuery
	}
	q := u.Query()
	q.Set("lang", string(l))
	u.RawQuery = q.Encode()
	return templ.SafeURL(u.RequestURI())
}

// here returns the address to come back to after a choice.
func here(ctx context.Context) string {
	u := From(ctx).URL
	if u == nil {
		return "/"
	}
	q := u.Query()
	q.Del("lang") // the choice lives in the cookie from now on
	return (&url.URL{Path: u.Path, RawQuery: q.Encode()}).RequestURI()
}

// Instant renders a time for machines and, without scripts, for people.
func Instant(t time.Time) (machine, human string) {
	u := t.UTC()
	return u.Format(time.RFC3339), u.Format("2006-01-02 15:04 UTC")
}
