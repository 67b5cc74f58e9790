// Package session runs worlds: one goroutine owns one session's world, and everybody
// else sends it messages.
//
// A command goes one way: parsed, allowed, within its quota, checked by the world,
// journaled, applied, published, answered. Nothing is ever applied that is not on disk,
// and nothing is answered that is not applied. The package must never know HTTP or
// WebSockets. Read docs/journal.md first.
package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"labserver/stack/journal"
	"labserver/stack/sim"
	"labserver/web/app"
	"labserver/web/store"
)

// ErrGone says that the session has left memory; opening it again brings it back.
var ErrGone = errors.New("session: not in memory any more")

// Session is a session in memory. Its exported methods may be called from anywhere;
// everything below the mailbox belongs to the one goroutine that runs loop.
type Session struct {
	id   app.SessionID
	cfg  *Config
	log  *slog.Logger
	mail chan func()
	done chan struct{} // closed when the goroutine has ended
	// attended tells anybody whether there are members.
	attended atomic.Bool

	row    app.Session
	fence  store.Fence
	run    app.Run
	header journal.Header
	common uint64 // events that no take-over can change
	world  world
	broken string // why nothing moves any more; "" while all is well

	entries  entryLog
	checker  Checker
	fed      uint64 // events the checker has seen
	finished bool
	recorded bool // the run was read from a capture
	recent   answers

	pace     pace
	at       position // as last published
	members  []*Member
	joins    int
	empty    time.Time // since when nobody is here
	alone    time.Time // since when nobody drives
	sent     uint64    // events published
	flushed  time.Time
	lastSnap *Snap
	quit     bool
}

// entryLog is the journal of the current run, with what the lazy clock needs to know.
type entryLog struct {
	list   []journal.Entry
	octets int
	logged time.Time // when a clock entry was last written
	step   uint64    // position of the last entry
	t      sim.Time
	n      uint64
}

func (l *entryLog) add(e journal.Entry) {
	l.list = append(l.list, e)
	l.octets += len(e.Args) + entryOctets
	l.step, l.t, l.n = e.Step, e.T, e.N
}

// ID returns the session's id.
func (s *Session) ID() app.SessionID { return s.id }

// post hands f to the session's goroutine and waits until it has run.
func (s *Session) post(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	select {
	case s.mail <- func() { defer close(ran); f() }:
	case <-s.done:
		return ErrGone
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-ran:
		return nil
	case <-s.done:
		select {
		case <-ran:
			return nil
		default:
			return ErrGone
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// loop is the goroutine. It ends when quit is set.
func (s *Session) loop() {
	defer close(s.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var more bool
		wait := time.Second
		s.guard(func() {
			more = s.turn()
			wait = s.untilNext()
		})
		if s.quit {
			return
		}
		if more {
			wait = 0
		}
		timer.Reset(wait)
		select {
		case f := <-s.mail:
			s.guard(f)
		case <-timer.C:
		}
	}
}

// turn does what is due: it moves the world, publishes, writes the lazy clock entry and
// looks after sessions without people. It reports whether there is more to do at once.
func (s *Session) turn() (more bool) {
	now := s.cfg.Now()
	more = s.move(now)
	s.keepClock(now)
	s.lookAfter(now)
	return more
}

// untilNext returns how long the goroutine can sleep.
func (s *Session) untilNext() time.Duration {
	now := s.cfg.Now()
	wake := now.Add(time.Hour)
	earlier := func(t time.Time) {
		if !t.IsZero() && t.Before(wake) {
			wake = t
		}
	}
	earlier(s.nextMove(now))
	if s.clockDirty() {
		earlier(s.entries.logged.Add(s.cfg.Limits.ClockEntry))
	}
	if len(s.members) == 0 {
		earlier(s.empty.Add(s.cfg.Limits.Idle))
	}
	if s.pace.playing && !s.alone.IsZero() {
		earlier(s.alone.Add(s.cfg.Limits.DriverGrace))
	}
	return max(wake.Sub(now), 0)
}

// lookAfter pauses a run that nobody drives and unloads a session that nobody sees.
func (s *Session) lookAfter(now time.Time) {
	l := s.cfg.Limits
	if s.pace.playing && !s.alone.IsZero() && now.Sub(s.alone) >= l.DriverGrace {
		s.setPlaying(now, false, s.pace.speed)
	}
	if len(s.members) == 0 && now.Sub(s.empty) >= l.Idle {
		s.unload(now)
	}
}

// unload ends the goroutine after a last clock entry: the journal brings it all back.
func (s *Session) unload(now time.Time) {
	s.move(now)
	if s.quit || s.writeClock(now) != nil {
		return // dropped
	}
	s.leaveAll(&Bye{Code: "restart", Retry: true})
	if err := s.cfg.Store.Release(context.Background(), s.fence); err != nil {
		s.log.Warn("session not released", "error", err)
	}
	s.quit = true
}

// drop ends the goroutine at once and writes nothing: another owner has the session, or
// it is not known what is on disk. Whoever comes back finds it as the journal says.
func (s *Session) drop(why error) {
	s.log.Warn("session dropped", "error", why)
	s.leaveAll(&Bye{Code: "restart", Retry: true})
	s.quit = true
}

// guard runs f, which may call the world. A panic there poisons this session and no
// other: the journal is kept and is the bug report.
func (s *Session) guard(f func()) {
	defer func() {
		if p := recover(); p != nil {
			s.poison(p)
		}
	}()
	f()
}

// poison stops everything but looking and resetting.
func (s *Session) poison(p any) {
	s.log.Error("session broken", "panic", fmt.Sprint(p), "run", s.run.No, "n", s.at.n,
		"stack", string(debug.Stack()))
	s.broken = fmt.Sprint(p)
	s.pace = pace{speed: s.pace.speed}
	if err := s.cfg.Store.SetClock(context.Background(), s.fence, s.cfg.Now(), false,
		s.pace.speed); err != nil {
		s.drop(err)
		return
	}
	s.tellAll(s.clock())
}
