package live

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/session"
	"labserver/web/store"
)

func TestARightThatIsTakenBackEndsTheSocketWithinAMinute(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("bob")
		token := s.share(app.Watcher)
		c.header.Set("Token", token)
		c.connect().hello()
		if f := c.do("x", "clock.play", `{}`); f.OK || f.Err.Code != "forbidden" {
			t.Errorf("a watcher plays: %s", f.raw)
		}
		s.Store.RevokeShare(t.Context(), auth.Hash(token))
		for range 5 {
			c.say(Ping{Type: "ping"})
			time.Sleep(14 * time.Second)
		}
		if b := c.last("bye"); b.Code != "revoked" || b.Retry {
			t.Errorf("bye %s", b.raw)
		}
		c.closedWith(statusRevoked)
	})
}

func TestRevokingEndsTheSocketsOfALinkAtOnceAndNoOthers(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		owner, stays := s.as("alice").connect().hello(), s.watcher()
		defer owner.bye()
		defer stays.bye()
		token := s.share(app.CoDriver)
		helper := s.as("bob")
		helper.header.Set("Token", token)
		helper.connect().hello().must("a", "bookmark", `{"at":1}`)
		s.Store.RevokeShare(t.Context(), auth.Hash(token))
		begun := time.Now()
		if err := s.Sessions.Recheck(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if b := helper.last("bye"); b.Code != "revoked" || b.Retry || time.Since(begun) != 0 {
			t.Errorf("bye %s after %v", b.raw, time.Since(begun))
		}
		if w := owner.last("who"); !strings.Contains(w.raw, `"drivers":1,"watchers":1`) {
			t.Errorf("who is there now: %s", w.raw)
		}
		if stays.ending() != nil || owner.ending() != nil {
			t.Errorf("others: %v, %v", stays.ending(), owner.ending())
		}
		helper.say(Cmd{Type: "cmd", Cid: "b", Op: "bookmark", Args: json.RawMessage(`{"at":1}`)})
		helper.closedWith(statusRevoked)
		if _, err := s.Store.Lookup(t.Context(), s.ID, "b"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a command after the goodbye: %v", err)
		}
	})
}

// lateRevocation takes the link back as soon as somebody has asked for it.
type lateRevocation struct{ *server }

func (l lateRevocation) Session(ctx context.Context, id app.SessionID) (app.Session, error) {
	return l.Store.Session(ctx, id)
}

func (l lateRevocation) Share(ctx context.Context, hash string) (app.Share, error) {
	found, err := l.Store.Share(ctx, hash)
	return found, errors.Join(err, l.Store.RevokeShare(ctx, hash))
}

func TestARevocationDuringTheUpgradeIsNotMissed(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		s.handler.Shelf = lateRevocation{s}
		c := s.as("bob")
		c.header.Set("Token", s.share(app.Watcher))
		c.connect()
		synctest.Wait()
		if b := c.last("bye"); b.Code != "revoked" {
			t.Errorf("bye %s", b.raw)
		}
		c.closedWith(statusRevoked)
	})
}
