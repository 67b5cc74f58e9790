package session

import (
	"context"
	"errors"
	"fmt"

	"labserver/web/app"
)

// admits tells whether one more session of an owner may come into memory: the server
// has room, or the owner has a session that nobody attends and that can make room.
func (m *Manager) admits(owner app.SubjectID) (own []*loading, err error) {
	m.mu.Lock()
	all := len(m.live)
	for _, l := range m.live {
		if l.owner == owner {
			own = append(own, l)
		}
	}
	m.mu.Unlock()
	attended := 0
	for _, l := range own {
		if l.attended() {
			attended++
		}
	}
	switch l := m.cfg.Limits; {
	case attended >= l.LivePerOwner:
		return own, &app.Error{Code: app.ErrQuota.Code, Field: "live_sessions",
			Limit: fmt.Sprint(l.LivePerOwner)}
	case all >= l.Live && attended == len(own):
		return own, app.ErrFull
	}
	return own, nil
}

// makeRoom keeps to the limits of live sessions: unattended ones of the same owner are
// unloaded, attended ones are never touched.
func (m *Manager) makeRoom(ctx context.Context, owner app.SubjectID) error {
	own, err := m.admits(owner)
	if err != nil {
		return err
	}
	over := max(len(own)+1-m.cfg.Limits.LivePerOwner, m.Live()+1-m.cfg.Limits.Live)
	for _, l := range own {
		if over <= 0 {
			return nil
		}
		if l.unloadIfEmpty(ctx) {
			over--
		}
	}
	if over > 0 { // somebody came meanwhile
		return app.ErrFull
	}
	return nil
}

// attended tells whether somebody is there, or waits for the session to be loaded.
func (l *loading) attended() bool {
	select {
	case <-l.ready:
		return l.err == nil && l.s.attended.Load()
	default:
		return true
	}
}

func (l *loading) unloadIfEmpty(ctx context.Context) (gone bool) {
	if l.attended() || l.err != nil {
		return l.err != nil
	}
	err := l.s.post(ctx, func() {
		if len(l.s.members) == 0 {
			l.s.unload(l.s.cfg.Now())
		}
		gone = l.s.quit
	})
	if errors.Is(err, ErrGone) {
		return true
	}
	if gone {
		<-l.s.done
	}
	return gone
}
