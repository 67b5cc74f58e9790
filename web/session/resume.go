package session

import (
	"context"

	"labserver/stack/view"
	"labserver/web/app"
)

// Resume is what a client has when it says hello. Run 0 means nothing.
type Resume struct {
	Run        int
	After      uint64
	OwnerEpoch uint64
}

// hello greets a member: what it lacks follows, or a snapshot.
func (s *Session) hello(m *Member, r Resume) {
	if !s.has(m) {
		return
	}
	s.move(s.cfg.Now())
	resumed := s.canResume(r)
	m.greeted, m.idle = true, false
	m.sink.Publish(&Hello{Run: s.run.No, OwnerEpoch: s.fence.Epoch, Role: m.role, Head: s.at.n,
		Oldest: s.oldest(), Common: s.common, Resumed: resumed})
	if resumed {
		s.sendMissing(m, r.After)
	} else {
		s.snapTo(m)
	}
	m.sink.Publish(s.lab())
	m.sink.Publish(s.clock())
	m.sink.Publish(s.who(m))
	m.sink.Publish(s.sum())
}

// canResume tells whether what a client has is a beginning of this run (docs/labwire.md
// §4).
func (s *Session) canResume(r Resume) bool {
	if s.broken != "" || r.Run != s.run.No || r.After > s.sent || r.After+1 < s.oldest() {
		return false
	}
	if r.OwnerEpoch == s.fence.Epoch {
		return true
	}
	if r.After > s.common {
		return false
	}
	// What an earlier owner showed holds up to the first command that a later one took.
	n, diverged, err := s.cfg.Store.Diverged(context.Background(), s.id, s.run.No, r.OwnerEpoch)
	return err == nil && (!diverged || r.After <= n)
}

// oldest is the first event that a reconnect can be sent.
func (s *Session) oldest() uint64 {
	if s.at.n <= s.cfg.Limits.Resume {
		return 1
	}
	return s.at.n - s.cfg.Limits.Resume + 1
}

func (s *Session) look(m *Member, looks bool) {
	if !s.has(m) || m.idle == !looks {
		return
	}
	m.idle = !looks
	if looks && m.greeted {
		if m.at+1 >= s.oldest() && s.broken == "" {
			s.sendMissing(m, m.at)
		} else {
			s.snapTo(m)
		}
		m.sink.Publish(s.clock())
		m.sink.Publish(s.sum())
	}
}

// sendMissing sends the events after one that the member has.
func (s *Session) sendMissing(m *Member, after uint64) {
	m.at, m.acked, m.spans, m.octets = after, after, nil, 0
	for m.at < s.sent {
		m.take(s.batch(m.at+1, s.sent))
	}
}

// snapTo sends the whole view.
func (s *Session) snapTo(m *Member) {
	snap := s.snap()
	m.at, m.acked, m.spans, m.octets = snap.N, snap.N, nil, 0
	m.sink.Publish(snap)
}

// showRun shows everybody another run.
func (s *Session) showRun() {
	snap, clock, sum, lab := s.snap(), s.clock(), s.sum(), s.lab()
	for _, m := range s.members {
		m.at, m.acked, m.spans, m.octets = snap.N, snap.N, nil, 0
		if m.greeted {
			m.sink.Publish(lab)
			m.sink.Publish(snap)
			m.sink.Publish(clock)
			m.sink.Publish(sum)
		}
	}
}

// take hands the member a batch that continues what it has.
func (m *Member) take(b *Batch) {
	m.at = b.To
	if m.role == app.Driver {
		m.spans = append(m.spans, span{b.To, len(b.Items)})
		m.octets += len(b.Items)
	}
	m.sink.Publish(b)
}

// snap is the view now. A world that met a defect may not be able to tell; then the
// view is empty.
func (s *Session) snap() *Snap {
	if s.lastSnap != nil && s.lastSnap.N == s.sent && s.lastSnap.Run == s.run.No &&
		s.lastSnap.T == s.at.t {
		return s.lastSnap
	}
	v := view.New()
	if s.broken == "" {
		v = s.world.View()
	}
	s.lastSnap = &Snap{Run: s.run.No, N: s.sent, T: s.at.t, View: encodeView(v)}
	return s.lastSnap
}
