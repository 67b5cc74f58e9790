// Package share is where the maker of a session gives others a link to it, and takes
// links back.
//
// A link's token must never be stored or logged in clear, so it is shown once, in the
// answer that makes it. Read docs/security.md §6.
package share

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/page/fault"
	"labserver/web/page/layout"
)

// Shelf is what sharing reads and writes.
type Shelf interface {
	auth.Shelf
	SharesOf(ctx context.Context, id app.SessionID) ([]app.Share, error)
	CreateShare(ctx context.Context, s app.Share) error
	RevokeShare(ctx context.Context, tokenHash string) error
}

// Page serves /s/{session}/share.
type Page struct {
	Shelf Shelf
	Auth  *auth.Auth
	Now   func() time.Time
	// Recheck has those who look on ask again whether they may.
	Recheck func(ctx context.Context, id app.SessionID) error
	// Address returns the absolute address of a path, for people to send around.
	Address func(r *http.Request, path string) string
}

// How long a link lives, and how many live ones a session may have.
const (
	lifetime  = 30 * 24 * time.Hour
	maxShares = 50
)

// view is what the template shows. The zero value but for the session is the form.
type view struct {
	session app.SessionID
	made    link // URL "" when none was made
	live    int  // links that work
	revoked bool
}

// link is a share just made.
type link struct {
	URL     string    `json:"url"`
	Role    app.Role  `json:"role"`
	Expires time.Time `json:"expires"`
}

// ServeHTTP shows the form.
func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, ok := p.begin(w, r)
	if !ok {
		return
	}
	v.revoked = r.URL.Query().Has("revoked")
	layout.Render(w, r, http.StatusOK, page(v))
}

// Make makes a link; a client that asks for JSON gets it as such.
func (p Page) Make(w http.ResponseWriter, r *http.Request) {
	v, ok := p.begin(w, r)
	if !ok {
		return
	}
	role, ok := roleOf(r.PostFormValue("role"))
	if !ok {
		fault.Error(w, r, app.ErrMalformed.At("role"))
		return
	}
	if v.live >= maxShares {
		fault.Error(w, r, &app.Error{Code: app.ErrQuota.Code, Field: app.QuotaShares,
			Limit: strconv.Itoa(maxShares)})
		return
	}
	token := auth.NewToken()
	s := app.Share{
		TokenHash: auth.Hash(token), Session: v.session, Role: role,
		Expires: p.Now().Add(lifetime).UTC().Truncate(time.Second),
	}
	if err := p.Shelf.CreateShare(r.Context(), s); err != nil {
		fault.Error(w, r, err)
		return
	}
	v.live++
	v.made = link{URL: p.Address(r, "/w/"+token), Role: role, Expires: s.Expires}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(v.made) // the reader may be gone
		return
	}
	layout.Render(w, r, http.StatusCreated, page(v))
}

// Revoke takes all links of the session back; whoever came by one is out at once.
func (p Page) Revoke(w http.ResponseWriter, r *http.Request) {
	v, ok := p.begin(w, r)
	if !ok {
		return
	}
	ctx := context.WithoutCancel(r.Context()) // all of them, also if the page is closed
	shares, err := p.Shelf.SharesOf(ctx, v.session)
	for i := 0; err == nil && i < len(shares); i++ {
		err = p.Shelf.RevokeShare(ctx, shares[i].TokenHash)
	}
	if err == nil {
		err = p.Recheck(ctx, v.session)
	}
	if err != nil {
		fault.Error(w, r, err)
		return
	}
	http.Redirect(w, r, "/s/"+string(v.session)+"/share?revoked", http.StatusSeeOther)
}

// begin answers whoever may not share, and counts the links that work.
func (p Page) begin(w http.ResponseWriter, r *http.Request) (view, bool) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex")
	v, err := p.load(r)
	if err != nil {
		fault.Error(w, r, err)
		return view{}, false
	}
	return v, true
}

func (p Page) load(r *http.Request) (view, error) {
	actor, err := p.Auth.Subject(r)
	if err != nil {
		return view{}, err
	}
	id := app.SessionID(chi.URLParam(r, "session"))
	_, role, err := auth.Open(r.Context(), p.Shelf, actor, id, p.Now())
	if err != nil {
		return view{}, err
	}
	if !app.Allows(role, app.Manage) {
		return view{}, app.ErrNotFound
	}
	shares, err := p.Shelf.SharesOf(r.Context(), id)
	if err != nil {
		return view{}, err
	}
	v := view{session: id}
	for _, s := range shares {
		if s.Valid(p.Now()) {
			v.live++
		}
	}
	return v, nil
}

func roleOf(s string) (app.Role, bool) {
	switch app.Role(s) {
	case app.Watcher, app.CoDriver:
		return app.Role(s), true
	}
	return app.Nobody, false
}
