package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"labserver/web/app"
	"labserver/web/store"
)

// Shelf is the part of a store that tells who has a part in a session.
type Shelf interface {
	Session(ctx context.Context, id app.SessionID) (app.Session, error)
	Share(ctx context.Context, tokenHash string) (app.Share, error)
}

// Open returns a session with the role an actor has on it. Somebody without a part in it
// learns nothing: app.ErrNotFound, as for a session that does not exist.
func Open(ctx context.Context, shelf Shelf, a app.Actor, id app.SessionID, now time.Time) (
	app.Session, app.Role, error,
) {
	s, err := shelf.Session(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return app.Session{}, app.Nobody, app.ErrNotFound.Because(err)
	}
	if err != nil {
		return app.Session{}, app.Nobody, fmt.Errorf("open session: %w", err)
	}
	shares, err := sharesOf(ctx, shelf, a, now)
	if err != nil {
		return app.Session{}, app.Nobody, err
	}
	role := app.RoleOf(a, app.Object{Session: s, Shares: shares})
	if !app.Allows(role, app.View) {
		return app.Session{}, app.Nobody, app.ErrNotFound
	}
	return s, role, nil
}

// ShareOf returns the share a token grants; app.ErrNotFound when it grants nothing, be
// it unknown, taken back or too old.
func ShareOf(ctx context.Context, shelf Shelf, token string, now time.Time) (app.Share, error) {
	if !validToken(token) {
		return app.Share{}, app.ErrNotFound
	}
	s, err := shelf.Share(ctx, Hash(token))
	if errors.Is(err, store.ErrNotFound) || err == nil && !s.Valid(now) {
		return app.Share{}, app.ErrNotFound
	}
	if err != nil {
		return app.Share{}, fmt.Errorf("look up share: %w", err)
	}
	return s, nil
}

// maxTokens bounds how many of a request's tokens are looked up.
const maxTokens = 4

func sharesOf(ctx context.Context, shelf Shelf, a app.Actor, now time.Time) ([]app.Share, error) {
	var valid []app.Share
	for _, token := range a.Tokens[:min(len(a.Tokens), maxTokens)] {
		s, err := ShareOf(ctx, shelf, token, now)
		if errors.Is(err, app.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		valid = append(valid, s)
	}
	return valid, nil
}
