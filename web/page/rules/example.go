package rules

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"labserver/labs/evidence"
	"labserver/stack/journal"
	"labserver/stack/rfc"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/i18n"
	"labserver/web/page/fault"
)

// Recaller starts sessions from recorded runs; session.Manager is one.
type Recaller interface {
	Recall(ctx context.Context, owner app.SubjectID, h journal.Header, entries []journal.Entry) (
		app.SessionID, error)
}

// Shelf is what an example looks through before it starts another session.
type Shelf interface {
	SessionsOf(ctx context.Context, owner app.SubjectID, limit int) ([]app.Summary, error)
	Run(ctx context.Context, id app.SessionID, no int) (app.Run, error)
}

// Example serves POST /rfc/{rule}/example: the recorded run that shows a rule, as a session
// of the reader's, at the event that names the rule.
type Example struct {
	Shelf  Shelf
	Starts Recaller
	Auth   *auth.Auth
	Build  string // of the stack that runs: what another one recorded may not replay
}

// maxOwn bounds how many of a reader's sessions are looked through.
const maxOwn = 100

// ServeHTTP opens the reader's session of that run, or starts one. An event's number means
// the same in all of them, for what is recorded never changes.
func (p Example) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, err := url.PathUnescape(chi.URLParam(r, "rule"))
	place, ok := placeOf(rfc.ID(id))
	if err != nil || !ok {
		fault.Status(w, r, http.StatusNotFound)
		return
	}
	actor, err := p.Auth.Ensure(w, r)
	if err != nil {
		fault.Error(w, r, err)
		return
	}
	session, err := p.open(r.Context(), actor.Subject, place.Run)
	if err != nil {
		fault.Error(w, r, err)
		return
	}
	query := url.Values{"at": {strconv.FormatUint(place.N, 10)}}
	if lang, ok := i18n.ParseLang(r.URL.Query().Get("lang")); ok {
		query.Set("lang", string(lang))
	}
	to := url.URL{Path: "/s/" + string(session), RawQuery: query.Encode()}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// placeOf finds the event that shows a rule or a requirement.
func placeOf(id rfc.ID) (evidence.Place, bool) {
	if place, ok := evidence.Of(id); ok {
		return place, true
	}
	all := rfc.Ledger()
	at := slices.IndexFunc(all, func(r rfc.Requirement) bool { return r.ID == id })
	if at < 0 {
		return evidence.Place{}, false
	}
	return evidence.Requirement(all[at])
}

// open finds a session that the reader started from the run and that was neither reset nor
// handed in, or starts one.
func (p Example) open(ctx context.Context, owner app.SubjectID, run string) (app.SessionID, error) {
	h, entries, ok := evidence.Open(run)
	if !ok {
		return "", fmt.Errorf("there is no recorded run %q", run)
	}
	all, err := p.Shelf.SessionsOf(ctx, owner, maxOwn)
	if err != nil {
		return "", fmt.Errorf("list sessions: %w", err)
	}
	for _, s := range all {
		if s.LabSlug != h.Lab.Slug || s.Runs != 1 || !s.Finished.IsZero() {
			continue
		}
		one, err := p.Shelf.Run(ctx, s.ID, 0)
		if err != nil {
			return "", fmt.Errorf("read run of %s: %w", s.ID, err)
		}
		if one.LabDigest == h.Lab.Digest && one.Build == p.Build {
			return s.ID, nil
		}
	}
	return p.Starts.Recall(ctx, owner, h, entries)
}
