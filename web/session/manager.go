package session

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/store"
)

// Config is what a Manager works with. Store and Labs are required.
type Config struct {
	Store  store.Store
	Labs   Labs
	Build  string           // digest of the engine's golden events; runs of another are refused
	Now    func() time.Time // time.Now
	Rand   io.Reader        // crypto/rand.Reader: ids, tokens, seeds
	Log    *slog.Logger     // slog.Default
	Limits Limits

	captures *captures
}

// Manager holds the sessions that are in memory and brings others back.
type Manager struct {
	cfg     Config
	replays replayCache

	exports chan struct{} // a place for each capture that is being written

	creating sync.Mutex // held from the count of new sessions to the next one's row

	mu       sync.Mutex
	live     map[app.SessionID]*loading
	draining bool
}

// loading is a session in memory or on its way there.
type loading struct {
	ready chan struct{} // closed when session and err are set
	s     *Session
	owner app.SubjectID
	err   error
}

// NewManager returns a manager with nothing in memory.
func NewManager(cfg Config) *Manager {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.Limits = cfg.Limits.withDefaults()
	cfg.captures = &captures{}
	return &Manager{cfg: cfg, replays: replayCache{limit: cfg.Limits.Replays},
		exports: make(chan struct{}, cfg.Limits.Exports), live: make(map[app.SessionID]*loading)}
}

// Create starts a lab for a subject: a session with its first run, paused, on disk.
func (m *Manager) Create(ctx context.Context, owner app.SubjectID, slug string) (
	app.SessionID, error,
) {
	return m.create(ctx, owner, func() (app.Run, error) {
		seed, err := m.cfg.seed()
		if err != nil {
			return app.Run{}, err
		}
		header, err := m.cfg.Labs.Start(slug, seed)
		if err != nil {
			return app.Run{}, err
		}
		return runOf(header, m.cfg.Build, seed)
	})
}

// Recall starts a session from a recorded run: its first run begins with the entries and
// goes on from there. The journal must replay on this build.
func (m *Manager) Recall(ctx context.Context, owner app.SubjectID, h journal.Header,
	entries []journal.Entry) (app.SessionID, error) {
	return m.create(ctx, owner, func() (app.Run, error) {
		seed, err := strconv.ParseUint(h.Seed, 10, 64)
		if err != nil {
			return app.Run{}, fmt.Errorf("seed of %s: %w", h.Lab.Slug, err)
		}
		return runOf(h, m.cfg.Build, seed)
	}, entries...)
}

// create makes a session of the run that first returns, if the subject may have another.
func (m *Manager) create(ctx context.Context, owner app.SubjectID,
	first func() (app.Run, error), entries ...journal.Entry) (app.SessionID, error) {
	now := m.cfg.Now()
	if owner == "" {
		return "", app.ErrForbidden
	}
	if m.isDraining() {
		return "", app.ErrDraining
	}
	m.creating.Lock() // two at once must not both be the last one allowed
	defer m.creating.Unlock()
	if err := m.mayCreate(ctx, owner, now); err != nil {
		return "", err
	}
	run, err := first()
	if err != nil {
		return "", err
	}
	id, err := m.cfg.token(16)
	if err != nil {
		return "", err
	}
	run.Session, run.No = app.SessionID(id), 1
	row := app.Session{ID: run.Session, Owner: owner, Created: now, Touched: now, Speed: app.FirstSpeed}
	if _, err := m.cfg.Store.CreateSession(ctx, row, run, entries...); err != nil {
		return "", app.ErrUnavailable.Because(err)
	}
	return run.Session, nil
}

// mayCreate keeps a subject to so many new sessions an hour. The store counts, so that a
// restart forgets nothing.
func (m *Manager) mayCreate(ctx context.Context, owner app.SubjectID, now time.Time) error {
	n, first, err := m.cfg.Store.CreatedSince(ctx, owner, now.Add(-time.Hour))
	if err != nil {
		return app.ErrUnavailable.Because(err)
	}
	if n >= m.cfg.Limits.NewPerHour {
		return &app.Error{Code: app.ErrQuota.Code, Field: app.QuotaNewSessions,
			Limit: fmt.Sprint(m.cfg.Limits.NewPerHour), Wait: first.Add(time.Hour).Sub(now)}
	}
	return nil
}

// Open returns the session, loading it by replay if it is not in memory.
func (m *Manager) Open(ctx context.Context, id app.SessionID) (*Session, error) {
	for {
		l, err := m.claim(ctx, id)
		if err != nil {
			return nil, err
		}
		select {
		case <-l.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if l.err != nil {
			return nil, l.err
		}
		select {
		case <-l.s.done: // on its way out: load it again
			m.forget(id, l)
			continue
		default:
			return l.s, nil
		}
	}
}

// claim finds the session in memory or starts to load it.
func (m *Manager) claim(ctx context.Context, id app.SessionID) (*loading, error) {
	m.mu.Lock()
	l, ok := m.live[id]
	draining := m.draining
	m.mu.Unlock()
	if draining {
		return nil, app.ErrDraining
	}
	if ok {
		return l, nil
	}
	row, err := m.row(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := m.makeRoom(ctx, row.Owner); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if l, ok := m.live[id]; ok {
		return l, nil
	}
	if m.draining {
		return nil, app.ErrDraining
	}
	l = &loading{ready: make(chan struct{}), owner: row.Owner}
	m.live[id] = l
	go m.load(id, l)
	return l, nil
}

// load brings a session back and, if that works, becomes its goroutine.
func (m *Manager) load(id app.SessionID, l *loading) {
	s, err := load(&m.cfg, id)
	l.s, l.err = s, err
	if err != nil {
		m.forget(id, l)
		close(l.ready)
		return
	}
	close(l.ready)
	defer m.forget(id, l)
	s.loop()
}

// Recheck has all connections to a session ask now whether their readers may still be
// here: for when a right to it has been taken back. They do so on their own, shortly after.
func (m *Manager) Recheck(ctx context.Context, id app.SessionID) error {
	s := m.inMemory(id)
	if s == nil {
		return nil // whoever comes is asked at the door
	}
	err := s.post(ctx, func() {
		for _, member := range s.members {
			member.sink.Recheck()
		}
	})
	if errors.Is(err, ErrGone) {
		return nil
	}
	return err
}

func (m *Manager) forget(id app.SessionID, l *loading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live[id] == l {
		delete(m.live, id)
	}
}

// Live counts the sessions in memory.
func (m *Manager) Live() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.live)
}

// Shutdown writes every session's clock, says goodbye to all members and waits until
// the goroutines have ended or ctx is done. Nothing can be opened afterwards.
func (m *Manager) Shutdown(ctx context.Context) error {
	m.mu.Lock()
	m.draining = true
	all := make([]*loading, 0, len(m.live))
	for _, l := range m.live {
		all = append(all, l)
	}
	m.mu.Unlock()
	for _, l := range all {
		select {
		case <-l.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		if l.err != nil {
			continue
		}
		err := l.s.post(ctx, func() { l.s.unload(l.s.cfg.Now()) })
		if err != nil && !errors.Is(err, ErrGone) {
			return err
		}
		select {
		case <-l.s.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (m *Manager) isDraining() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.draining
}

// row reads a session's row; one that is not there is app.ErrNotFound.
func (m *Manager) row(ctx context.Context, id app.SessionID) (app.Session, error) {
	row, err := m.cfg.Store.Session(ctx, id)
	return row, notFound(err)
}

func notFound(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return app.ErrNotFound
	}
	return app.ErrUnavailable.Because(err)
}

// token draws an unguessable name of n random octets, in lower-case base32.
func (c *Config) token(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(c.Rand, b); err != nil {
		return "", app.ErrUnavailable.Because(err)
	}
	enc := base32.StdEncoding.WithPadding(base32.NoPadding)
	return strings.ToLower(enc.EncodeToString(b)), nil
}

// seed draws the seed of an ungraded run.
func (c *Config) seed() (uint64, error) {
	var b [8]byte
	if _, err := io.ReadFull(c.Rand, b[:]); err != nil {
		return 0, app.ErrUnavailable.Because(err)
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// Limits returns what sessions are held to, the defaults filled in.
func (m *Manager) Limits() Limits { return m.cfg.Limits }

// Sessions lists what a subject has made, the last touched first.
func (m *Manager) Sessions(ctx context.Context, owner app.SubjectID) ([]app.Summary, error) {
	const most = 100
	list, err := m.cfg.Store.SessionsOf(ctx, owner, most)
	return list, notFound(err)
}

// Header returns the header of a run; no 0 means the last.
func (m *Manager) Header(ctx context.Context, id app.SessionID, no int) (journal.Header, error) {
	run, err := m.cfg.Store.Run(ctx, id, no)
	if err != nil {
		return journal.Header{}, notFound(err)
	}
	return HeaderOf(run)
}
