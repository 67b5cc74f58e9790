package session

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/web/app"
)

// History is a part of a run. Final tells that no later command can change it.
type History struct {
	Events []event.Event
	Head   uint64 // last event of the run as it stands
	Final  bool
}

// past is a run as far as it has gone.
type past struct {
	header  journal.Header
	entries []journal.Entry
	at      position // how far it has gone
	live    *Session // nil unless the run is in memory
	no      int      // its number, if live
	fixed   uint64   // events up to the last journaled entry
}

// Events returns the events from..to of a run; no 0 means the last run, to 0 the end. A
// part that the run does not hold whole is app.ErrRange.
func (m *Manager) Events(ctx context.Context, id app.SessionID, no int, from, to uint64) (
	History, error,
) {
	p, err := m.past(ctx, id, no)
	if errors.Is(err, app.ErrCapture) {
		return m.captureEvents(ctx, id, from, to)
	}
	if err != nil {
		return History{}, err
	}
	h := History{Head: p.at.n}
	end, err := within(from, to, h.Head)
	if err != nil {
		return h, err
	}
	h.Final = end <= p.fixed
	taken := false
	take := func(w *stack.World) { h.Events, taken = w.Events().Between(from, end), true }
	if p.live != nil {
		err := p.live.post(ctx, func() { p.live.lend(p.no, take) })
		if ctx.Err() != nil {
			return History{}, err
		}
		if err == nil && taken {
			return h, nil
		}
	}
	failed := m.replays.with(p.key(id, no), p, func(w *stack.World) {
		w.Seek(p.at.step, p.at.t)
		take(w)
	})
	if failed != nil {
		return History{}, failed
	}
	return h, nil
}

// lend shows the world to somebody who must not change it, if it is still that of the run.
func (s *Session) lend(no int, take func(*stack.World)) {
	if w, ours := s.world.(*stack.World); ours && s.run.No == no && s.broken == "" {
		take(w)
	}
}

// within returns the end of the part from..to of head events; to 0 means all that follow,
// if only nothing yet.
func within(from, to, head uint64) (end uint64, err error) {
	bad := func(field string, least uint64) error {
		return &app.Error{Code: app.ErrRange.Code, Field: field,
			Limit: fmt.Sprintf("%d … %d", least, head)}
	}
	switch {
	case from < 1:
		return 0, bad("from", 1)
	case to == 0 && from <= head+1:
		return head, nil
	case from > head:
		return 0, bad("from", 1)
	case to > head:
		return 0, bad("to", from)
	case from > to:
		return 0, bad("from", 1)
	}
	return to, nil
}

// Frame returns the octets of the frame in which a packet first left its host.
func (m *Manager) Frame(ctx context.Context, id app.SessionID, no int, pkt inet.PacketID) (
	frame []byte, final bool, err error,
) {
	p, err := m.past(ctx, id, no)
	if errors.Is(err, app.ErrCapture) {
		run, err := m.cfg.captureOf(ctx, id)
		if err == nil {
			frame = run.Frame(pkt)
		}
		if err == nil && frame == nil {
			err = app.ErrNotFound
		}
		return frame, true, err
	}
	if err != nil {
		return nil, false, err
	}
	err = m.replays.with(p.key(id, no), p, func(w *stack.World) {
		for w.Events().Len() < uint64(pkt) && w.Steps() < p.at.step && w.Step() {
		}
		if uint64(pkt) >= 1 && uint64(pkt) <= w.Events().Len() {
			frame = slices.Clone(w.Frame(pkt))
		}
	})
	if err == nil && frame == nil {
		err = app.ErrNotFound
	}
	return frame, uint64(pkt) <= p.fixed, err
}

// past finds a run: in memory if it is the one being played, else in the store.
func (m *Manager) past(ctx context.Context, id app.SessionID, no int) (past, error) {
	run, err := m.cfg.Store.Run(ctx, id, no)
	if err != nil {
		return past{}, notFound(err)
	}
	if run.LabSlug == app.CaptureSlug {
		return past{}, app.ErrCapture // whoever asks reads the file
	}
	if run.Build != m.cfg.Build {
		return past{}, app.ErrOtherBuild
	}
	if s := m.inMemory(id); s != nil {
		var p past
		var ok bool
		if err := s.post(ctx, func() { p, ok = s.past(run.No) }); err == nil && ok {
			return p, nil
		}
	}
	header, err := HeaderOf(run)
	if err != nil {
		return past{}, err
	}
	entries, err := m.cfg.Store.Entries(ctx, id, run.No)
	if err != nil {
		return past{}, notFound(err)
	}
	p := past{header: header, entries: entries}
	if n := len(entries); n > 0 {
		p.at = position{step: entries[n-1].Step, t: entries[n-1].T, n: entries[n-1].N}
		p.fixed = p.at.n
	}
	return p, nil
}

// past is the run being played as far as it has gone, if that is its number.
func (s *Session) past(no int) (past, bool) {
	if s.run.No != no || s.broken != "" {
		return past{}, false
	}
	return past{
		header: s.header, entries: slices.Clone(s.entries.list),
		at:   position{step: s.world.Steps(), t: s.world.Now(), n: s.world.Events().Len()},
		live: s, no: s.run.No, fixed: s.entries.n,
	}, true
}

// inMemory returns a session that is loaded, or nil.
func (m *Manager) inMemory(id app.SessionID) *Session {
	m.mu.Lock()
	l := m.live[id]
	m.mu.Unlock()
	if l == nil {
		return nil
	}
	select {
	case <-l.ready:
		return l.s // nil if it could not be loaded
	default:
		return nil
	}
}

// Journal returns a run as a file, as it is on disk; no 0 means the last run.
func (m *Manager) Journal(ctx context.Context, id app.SessionID, no int) ([]byte, error) {
	run, err := m.cfg.Store.Run(ctx, id, no)
	if err != nil {
		return nil, notFound(err)
	}
	if run.LabSlug == app.CaptureSlug {
		return nil, app.ErrCapture
	}
	header, err := HeaderOf(run)
	if err != nil {
		return nil, err
	}
	entries, err := m.cfg.Store.Entries(ctx, id, run.No)
	if err != nil {
		return nil, notFound(err)
	}
	return journal.Encode(header, entries), nil
}

func (p past) key(id app.SessionID, no int) string {
	return fmt.Sprintf("%s/%d", id, no)
}
