package session

import (
	"context"
	"time"

	"labserver/stack/view"
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

// Resume is what a client has when it says hello. Run 0 means nothing.
type Resume struct {
	Run        int
	After      uint64
	OwnerEpoch uint64
}

// Join adds a connection. It is published nothing until it says Hello.
func (s *Session) Join(ctx context.Context, sink Sink, subject app.SubjectID, right app.Role) (*Member, error) {
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

// SetRight changes what the member may be, after its rights were checked again.
func (m *Member) SetRight(ctx context.Context, right app.Role) error {
	return m.s.post(ctx, func() {
		if m.right != right {
			m.right = right
			m.s.assignRoles()
		}
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

// canResume tells whether what a client has is a beginning of this run (contract.md
// "On the wire").
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
