package session

import (
	"context"
	"time"

	"labserver/web/app"
)

// Member is one connection to a session. Only the session's goroutine looks inside.
type Member struct {
	s       *Session
	sink    Sink
	subject app.SubjectID
	right   app.Role
	role    app.Role // what it is now: the newest of those who may, drives
	order   int
	greeted bool   // it has said hello and follows what is published
	idle    bool   // it does not look
	at      uint64 // last event it was sent

	// The driver's credit: what it was sent and has not acknowledged.
	acked  uint64
	spans  []span
	octets int
}

// span is a batch on its way: up to which event, and how large.
type span struct {
	to     uint64
	octets int
}

// Join adds a connection. It is published nothing until it says Hello.
func (s *Session) Join(ctx context.Context, sink Sink, subject app.SubjectID, right app.Role) (
	*Member, error,
) {
	m := &Member{s: s, sink: sink, subject: subject, right: right}
	err := s.post(ctx, func() {
		s.joins++
		m.order = s.joins
		s.members = append(s.members, m)
		s.assignRoles()
		if err := s.cfg.Store.Touch(context.Background(), s.fence, s.cfg.Now()); err != nil {
			s.drop(err)
		}
	})
	return m, err
}

// Subject returns who the member is.
func (m *Member) Subject() app.SubjectID { return m.subject }

// Leave takes the connection away. Leaving twice does nothing.
func (m *Member) Leave(ctx context.Context) error {
	return m.s.post(ctx, func() { m.s.leave(m) })
}

// Do carries a command of the member's out, as Session.Do does, with its present right.
func (m *Member) Do(ctx context.Context, c Command) (Result, error) {
	return m.s.carryOut(ctx, func() Command {
		c.Actor, c.Right = m.subject, m.right
		return c
	})
}

// Hello greets or greets again: what the client lacks follows, or a snapshot.
func (m *Member) Hello(ctx context.Context, r Resume) error {
	return m.s.post(ctx, func() { m.s.hello(m, r) })
}

// Ack says that all events of a run up to n have been received.
func (m *Member) Ack(ctx context.Context, run int, n uint64) error {
	return m.s.post(ctx, func() { m.s.ack(m, run, n) })
}

// Look says whether anybody looks. Who does not is sent no events and has no credit.
func (m *Member) Look(ctx context.Context, looks bool) error {
	return m.s.post(ctx, func() { m.s.look(m, looks) })
}

// Resync sends a snapshot, after which events follow again: for a sink that had to
// leave some out.
func (m *Member) Resync(ctx context.Context) error {
	return m.s.post(ctx, func() {
		if m.s.has(m) {
			m.s.snapTo(m)
			m.sink.Publish(m.s.clock())
		}
	})
}

// SetRight changes what the member may be, after its rights were checked again. Nobody
// has no place here any more.
func (m *Member) SetRight(ctx context.Context, right app.Role) error {
	return m.s.post(ctx, func() {
		if m.right == right {
			return
		}
		m.right = right
		if right == app.Nobody {
			m.s.leave(m)
			return
		}
		m.s.assignRoles()
	})
}

func (s *Session) has(m *Member) bool {
	for _, other := range s.members {
		if other == m {
			return true
		}
	}
	return false
}

func (s *Session) leave(m *Member) {
	for i, other := range s.members {
		if other == m {
			s.members = append(s.members[:i:i], s.members[i+1:]...)
			s.assignRoles()
			return
		}
	}
}

// leaveAll says goodbye to everybody.
func (s *Session) leaveAll(bye *Bye) {
	for _, m := range s.members {
		m.sink.Publish(bye)
	}
	s.members = nil
	s.attended.Store(false)
}

// assignRoles decides who drives: the owner's newest connection, else the newest that
// may co-drive. Everybody is told.
func (s *Session) assignRoles() {
	now := s.cfg.Now()
	driver := s.newest(app.Driver)
	if driver == nil {
		driver = s.newest(app.CoDriver)
	}
	for _, m := range s.members {
		switch {
		case m == driver:
			if m.role != app.Driver { // its credit begins now
				m.acked, m.spans, m.octets = m.at, nil, 0
			}
			m.role = app.Driver
		case m.right == app.Watcher:
			m.role = app.Watcher
		default:
			m.role = app.CoDriver
		}
	}
	s.attended.Store(len(s.members) > 0)
	if len(s.members) == 0 {
		s.empty = now
	}
	switch {
	case driver != nil:
		s.alone = time.Time{}
	case s.alone.IsZero():
		s.alone = now
	}
	for _, m := range s.members {
		if m.greeted {
			m.sink.Publish(s.who(m))
		}
	}
}

func (s *Session) newest(right app.Role) *Member {
	var found *Member
	for _, m := range s.members {
		if m.right == right {
			found = m // members are in order of joining
		}
	}
	return found
}

// driver returns the member whose credit holds the run back, or nil.
func (s *Session) driver() *Member {
	for _, m := range s.members {
		if m.role == app.Driver {
			return m
		}
	}
	return nil
}

// creditUsed reports whether the simulation must wait for the driver.
func (s *Session) creditUsed() bool {
	m := s.driver()
	if m == nil || !m.greeted || m.idle {
		return false
	}
	l := s.cfg.Limits
	return m.at-min(m.acked, m.at) >= l.CreditEvents || m.octets >= l.CreditOctets
}

func (s *Session) ack(m *Member, run int, n uint64) {
	if run != s.run.No || n > m.at || n <= m.acked {
		return
	}
	m.acked = n
	done := 0
	for done < len(m.spans) && m.spans[done].to <= n {
		m.octets -= m.spans[done].octets
		done++
	}
	m.spans = m.spans[done:]
}
