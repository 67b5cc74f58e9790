package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/infer"
	"labserver/stack/journal"
	"labserver/stack/pcapng"
	"labserver/stack/sim"
	"labserver/stack/view"
	"labserver/web/app"
)

// world is what a session shows: a World of ours, or a capture that was read.
type world interface {
	Now() sim.Time
	Steps() uint64
	NextAt() (sim.Time, bool)
	Step() bool
	Advance(to sim.Time)
	Events() *event.Log
	View() view.View
	Check(stack.Command) error
	Apply(stack.Command)
}

// recording is a capture as a world that has come to its end: nothing happens in it any
// more, and nobody can do anything to it.
type recording struct{ *infer.Run }

func (recording) Steps() uint64             { return 0 }
func (recording) NextAt() (sim.Time, bool)  { return 0, false }
func (recording) Step() bool                { return false }
func (recording) Advance(sim.Time)          {}
func (recording) Check(stack.Command) error { return app.ErrCapture }
func (recording) Apply(stack.Command)       { panic("BUG: a command to a capture") }

// captures reads captures, one at a time, and keeps the last few: a run is derived from its
// file whenever it is not there any more. The zero value keeps none.
type captures struct {
	mu   sync.Mutex
	list []captured // the last used first
}

type captured struct {
	id  app.SessionID
	run *infer.Run
}

// keptCaptures is how many are kept beside those of sessions in memory.
const keptCaptures = 4

// of returns the run of a session that was read from a capture.
func (c *Config) captureOf(ctx context.Context, id app.SessionID) (*infer.Run, error) {
	k := c.captures
	k.mu.Lock()
	defer k.mu.Unlock()
	at := slices.IndexFunc(k.list, func(x captured) bool { return x.id == id })
	if at >= 0 {
		x := k.list[at]
		copy(k.list[1:at+1], k.list[:at])
		k.list[0] = x
		return x.run, nil
	}
	file, err := c.Store.Capture(ctx, id)
	if err != nil {
		return nil, notFound(err)
	}
	run, err := c.readCapture(file.Octets)
	if err == nil {
		k.list = slices.Insert(k.list, 0, captured{id, run})
		k.list = k.list[:min(len(k.list), keptCaptures)]
	}
	return run, err
}

// readCapture reads a file; an *app.Error says what is wrong with it.
func (c *Config) readCapture(octets []byte) (run *infer.Run, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = app.ErrBroken.Because(fmt.Errorf("capture: %v", p))
		}
	}()
	file, err := pcapng.Read(octets, pcapng.Limits{File: c.Limits.CaptureOctets,
		Packets: c.Limits.CapturePackets})
	if err == nil {
		run, err = infer.New(file, c.Limits.Events)
	}
	return run, badCapture(err)
}

// badCapture turns what is wrong with a file into what people are told.
func badCapture(err error) error {
	var read *pcapng.Error
	var show *infer.Error
	switch {
	case errors.As(err, &read):
		return &app.Error{Code: app.ErrBadCapture.Code, Field: read.Code, Got: read.Error()}
	case errors.As(err, &show):
		return &app.Error{Code: app.ErrBadCapture.Code, Field: show.Code, Got: show.Error()}
	}
	return err
}

// Import opens a capture for a subject: a session whose only run is what the file shows.
// An *app.Error says what is wrong with the file, and then nothing is kept. Of the subject's
// captures the oldest make room; everybody's go when nobody has looked for long.
func (m *Manager) Import(ctx context.Context, owner app.SubjectID, file app.Capture) (
	app.SessionID, error,
) {
	now := m.cfg.Now()
	switch {
	case owner == "":
		return "", app.ErrForbidden
	case m.isDraining():
		return "", app.ErrDraining
	}
	if err := m.mayCreate(ctx, owner, now); err != nil {
		return "", err // before the work, too
	}
	k := m.cfg.captures
	k.mu.Lock()
	run, err := m.cfg.readCapture(file.Octets)
	k.mu.Unlock()
	if err != nil {
		return "", err
	}
	m.creating.Lock()
	defer m.creating.Unlock()
	if err := m.mayCreate(ctx, owner, now); err != nil {
		return "", err
	}
	id, err := m.cfg.token(16)
	if err != nil {
		return "", err
	}
	l := m.cfg.Limits
	err = m.cfg.Store.PruneCaptures(ctx, now.Add(-l.CaptureLife), owner,
		l.CapturesOctets-int64(len(file.Octets)), l.CapturesFiles-1)
	if err != nil {
		return "", app.ErrUnavailable.Because(err)
	}
	row := app.Session{ID: app.SessionID(id), Owner: owner, Created: now, Touched: now,
		Speed: app.FirstSpeed}
	if _, err := m.cfg.Store.CreateCapture(ctx, row, captureRun(row.ID, file, m.cfg.Build),
		file); err != nil {
		return "", app.ErrUnavailable.Because(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = slices.Insert(k.list, 0, captured{row.ID, run})
	k.list = k.list[:min(len(k.list), keptCaptures)]
	return row.ID, nil
}

// captureRun is the row of a capture's run: there is no lab and no world to it.
func captureRun(id app.SessionID, file app.Capture, build string) app.Run {
	sum := sha256.Sum256(file.Octets)
	world, err := json.Marshal(journal.World{Commands: []journal.Entry{}})
	if err != nil {
		panic("BUG: an empty world: " + err.Error())
	}
	return app.Run{Session: id, No: 1, Behaviour: stack.Behaviour, Build: build,
		LabSlug: app.CaptureSlug, LabDigest: hex.EncodeToString(sum[:]),
		Params: map[string]string{"file": file.Name}, World: world}
}

// beginCapture shows a capture. It is finished from the beginning: whatever would move it
// or change it is refused.
func (s *Session) beginCapture(run app.Run, read *infer.Run, now time.Time) error {
	header, err := HeaderOf(run)
	if err != nil {
		return err
	}
	s.run, s.header, s.world = run, header, recording{read}
	s.recorded, s.finished, s.entries = true, true, entryLog{logged: now}
	s.sent = read.Events().Len()
	s.common = s.sent
	s.at = position{t: read.Now(), n: s.sent}
	return nil
}

// captureEvents is Manager.Events of a capture; its events are always final.
func (m *Manager) captureEvents(ctx context.Context, id app.SessionID, from, to uint64) (
	History, error,
) {
	run, err := m.cfg.captureOf(ctx, id)
	if err != nil {
		return History{}, err
	}
	h := History{Head: run.Events().Len(), Final: true}
	end, err := within(from, to, h.Head)
	if err == nil {
		h.Events = run.Events().Between(from, end)
	}
	return h, err
}

// Capture returns the file of a session that was read from one.
func (m *Manager) Capture(ctx context.Context, id app.SessionID) (app.Capture, error) {
	c, err := m.cfg.Store.Capture(ctx, id)
	return c, notFound(err)
}
