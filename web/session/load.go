package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"labserver/stack/infer"
	"labserver/stack/journal"
	"labserver/stack/sim"
	"labserver/web/app"
	"labserver/web/store"
)

// position is an exact place in a run.
type position struct {
	step, n uint64
	t       sim.Time
}

// load claims a session and brings it back by replaying the journal of its last run.
func load(cfg *Config, id app.SessionID) (*Session, error) {
	ctx := context.Background()
	row, err := cfg.Store.Claim(ctx, id)
	if err != nil {
		return nil, notFound(err)
	}
	run, err := cfg.Store.Run(ctx, id, 0)
	if err != nil {
		return nil, notFound(err)
	}
	if run.Build != cfg.Build && run.LabSlug != app.CaptureSlug {
		return nil, app.ErrOtherBuild
	}
	entries, err := cfg.Store.Entries(ctx, id, run.No)
	if err != nil {
		return nil, notFound(err)
	}
	var read *infer.Run
	if run.LabSlug == app.CaptureSlug {
		if read, err = cfg.captureOf(ctx, id); err != nil {
			return nil, err
		}
	}
	now := cfg.Now()
	s := &Session{
		id: id, cfg: cfg, log: cfg.Log.With("session", string(id)),
		mail: make(chan func(), mailbox), done: make(chan struct{}),
		row: row, fence: store.Fence{Session: id, Epoch: row.OwnerEpoch},
		empty: now, alone: now,
	}
	s.pace.speed = row.Speed
	if read != nil {
		err = s.beginCapture(run, read, now)
	} else {
		s.guard(func() { err = s.begin(run, entries, now) })
	}
	if err != nil {
		return nil, err
	}
	if s.broken == "" && row.Playing && !s.finished {
		s.pace.start(now, s.world.Now())
	}
	return s, nil
}

// begin makes the world of a run and replays its journal.
func (s *Session) begin(run app.Run, entries []journal.Entry, now time.Time) error {
	header, err := HeaderOf(run)
	if err != nil {
		return err
	}
	s.run, s.header = run, header
	s.world, s.checker, s.fed, s.sent, s.broken = nil, nil, 0, 0, ""
	s.at, s.entries, s.finished = position{}, entryLog{logged: now}, false
	for _, e := range entries {
		s.entries.add(e)
		s.finished = s.finished || e.Op == "finish"
	}
	world, err := journal.Replay(header, entries)
	if err != nil {
		panic(fmt.Sprintf("journal does not replay: %v", err))
	}
	s.world = world
	s.checker = s.newChecker()
	s.feed()
	s.sent = world.Events().Len()
	s.common = s.sent
	s.at = position{step: world.Steps(), t: world.Now(), n: s.sent}
	return nil
}

func (s *Session) newChecker() Checker {
	c, err := s.cfg.Labs.Checker(s.header)
	if err != nil {
		if !errors.Is(err, app.ErrNotFound) {
			s.log.Error("lab has no checker", "lab", s.run.LabSlug, "error", err)
		}
		return nil
	}
	return c
}

// feed gives the checker the events it has not seen and tells whether verdicts may have
// changed. A checker that fails is left out; the run goes on without it.
func (s *Session) feed() (changed bool) {
	if s.checker == nil {
		return false
	}
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("checker failed", "lab", s.run.LabSlug, "panic", fmt.Sprint(p))
			s.checker = nil
		}
	}()
	for e := range s.world.Events().Since(s.fed + 1) {
		changed = s.checker.Feed(e) || changed
		s.fed = e.N
	}
	return changed
}

// HeaderOf returns the journal header of a stored run.
func HeaderOf(r app.Run) (journal.Header, error) {
	h := journal.Header{
		Format: journal.Format, Behaviour: r.Behaviour, Build: r.Build,
		Lab:    journal.Lab{Slug: r.LabSlug, Digest: r.LabDigest},
		Params: r.Params, Seed: strconv.FormatUint(r.Seed, 10),
	}
	if err := json.Unmarshal(r.World, &h.World); err != nil {
		return h, fmt.Errorf("run %s/%d: start world: %w", r.Session, r.No, err)
	}
	if r.Parent != 0 {
		h.Parent = &journal.Parent{Run: r.Parent, Step: r.ParentStep}
	}
	return h, nil
}

// runOf returns the row of a run that a lab has started.
func runOf(h journal.Header, build string, seed uint64) (app.Run, error) {
	world, err := json.Marshal(h.World)
	if err != nil {
		return app.Run{}, fmt.Errorf("start world of %s: %w", h.Lab.Slug, err)
	}
	return app.Run{Behaviour: h.Behaviour, Build: build, LabSlug: h.Lab.Slug,
		LabDigest: h.Lab.Digest, Params: h.Params, Seed: seed, World: world}, nil
}
