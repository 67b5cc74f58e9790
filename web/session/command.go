package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"labserver/stack"
	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/store"
)

// Command is what somebody asks a session to do.
type Command struct {
	Actor app.SubjectID
	Right app.Role // what the actor may do, as checked by who hands this in
	Cid   string   // idempotency key, unique in the session
	Op    string
	Args  json.RawMessage
}

// Result is where a command took effect: its own event, or for the session's own
// commands the last event there is.
type Result struct {
	Run int
	N   uint64
}

// maxCid is the longest idempotency key.
const maxCid = 64

// ValidCid reports whether a text can be an idempotency key: 1 to 64 printable characters
// of ASCII, so that it can be read in every log.
func ValidCid(cid string) bool {
	for _, c := range []byte(cid) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return cid != "" && len(cid) <= maxCid
}

// Do carries a command out. An *app.Error says why it is no command, and then nothing
// has changed. A resend, by Cid, is answered like the first and does nothing.
func (s *Session) Do(ctx context.Context, c Command) (Result, error) {
	return s.carryOut(ctx, func() Command { return c })
}

// carryOut asks for the command on the session's goroutine, where members' rights are.
func (s *Session) carryOut(ctx context.Context, command func() Command) (Result, error) {
	var r Result
	var err error = app.ErrBroken // what stays if the world panics
	if perr := s.post(ctx, func() { r, err = s.do(command()) }); perr != nil {
		return Result{}, perr
	}
	return r, err
}

// do is the one way of a command. It runs on the session's goroutine.
func (s *Session) do(c Command) (Result, error) {
	if c.Cid == "" {
		return Result{}, app.ErrMissing.At("cid")
	}
	if !ValidCid(c.Cid) {
		return Result{}, (&app.Error{Code: app.ErrRange.Code, Limit: "1 … 64 ASCII"}).At("cid")
	}
	own, isOwn, err := parseOwn(c.Op, c.Args)
	if err != nil {
		return Result{}, err
	}
	var cmd stack.Command
	if !isOwn {
		if cmd, err = stack.ParseCommand(c.Op, string(c.Actor), c.Args); err != nil {
			return Result{}, refusal(err)
		}
	}
	if !app.Allows(c.Right, actionOf(c.Op)) {
		return Result{}, app.ErrForbidden
	}
	if a, ok := s.recent.find(c.Cid); ok {
		return a, nil
	}
	now := s.cfg.Now()
	var r Result
	if isOwn {
		r, err = s.doOwn(now, c, own)
	} else {
		r, err = s.doWorld(now, c, cmd)
	}
	if err == nil {
		s.recent.keep(c.Cid, r)
	}
	return r, err
}

// actionOf tells which right an op needs.
func actionOf(op string) app.Action {
	if op == "reset" || op == "finish" {
		return app.Manage
	}
	return app.Command
}

// refusal turns the stack's *stack.ArgError into what a client is told.
func refusal(err error) error {
	var a *stack.ArgError
	if errors.As(err, &a) {
		return &app.Error{Code: a.Code, Field: a.Field, Got: a.Got, Limit: a.Limit}
	}
	return app.ErrMalformed.Because(err)
}

// doWorld journals and applies a world or note command.
func (s *Session) doWorld(now time.Time, c Command, cmd stack.Command) (Result, error) {
	ctx := context.Background()
	first, err := s.cfg.Store.Lookup(ctx, s.id, c.Cid)
	if err == nil {
		return Result{Run: first.Run, N: first.N + 1}, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return Result{}, app.ErrUnavailable.Because(err)
	}
	if err := s.open(); err != nil {
		return Result{}, err
	}
	if err := s.quota(c); err != nil {
		return Result{}, err
	}
	s.move(now)
	if err := s.check(cmd); err != nil {
		return Result{}, err
	}
	e, err := s.entry(c)
	if err != nil {
		return Result{}, err
	}
	place, err := s.cfg.Store.Append(ctx, s.fence, now, s.run.No, e)
	if err != nil {
		// Whether it is on disk is not known, or it is somebody else's now. Neither
		// apply it nor try again: the journal, read afresh, decides.
		s.drop(err)
		return Result{}, app.ErrUnavailable.Because(err)
	}
	if place.Duplicate {
		return Result{Run: place.Run, N: place.N + 1}, nil
	}
	e.Seq = place.Seq
	s.entries.add(e)
	s.world.Apply(cmd)
	if c.Op == "finish" {
		s.finish(now)
	}
	s.publish(now)
	s.tellAll(s.clock())
	return Result{Run: s.run.No, N: e.N + 1}, nil
}

// check refuses what is no command as things stand: the world knows its hosts and links,
// the lab its goals.
func (s *Session) check(cmd stack.Command) error {
	if err := s.world.Check(cmd); err != nil {
		return refusal(err)
	}
	switch a := cmd.Args.(type) {
	case stack.Answer:
		return s.checkGoal(a.Goal, true)
	case stack.Hint:
		return s.checkGoal(a.Goal, false)
	}
	return nil
}

// checkGoal refuses a goal that the lab has not, or that asks for no answer. Without the
// lab nobody knows its goals, and what is said about them is kept.
func (s *Session) checkGoal(id string, answer bool) error {
	if s.checker == nil {
		return nil
	}
	if found, asks := s.checker.Goal(id); !found || answer && !asks {
		return (&app.Error{Code: app.ErrUnknownGoal.Code, Got: shorten(id)}).At("goal")
	}
	return nil
}

// open refuses what comes after the end.
func (s *Session) open() error {
	switch {
	case s.recorded:
		return app.ErrCapture
	case s.broken != "":
		return app.ErrBroken
	case s.finished:
		return app.ErrFinished
	}
	return nil
}

// quota refuses a command for which the journal or the run has no room.
func (s *Session) quota(c Command) error {
	l := s.cfg.Limits
	full := func(field string, limit any) error {
		return &app.Error{Code: app.ErrQuota.Code, Field: field, Limit: fmt.Sprint(limit)}
	}
	switch {
	case c.Op == "finish":
		return nil // handing in is always possible
	case len(s.entries.list)+reserve >= l.Commands:
		return full("commands", l.Commands)
	case s.entries.octets+len(c.Args)+reserve*entryOctets > l.JournalOctets:
		return full("journal_octets", l.JournalOctets)
	case s.world.Events().Len() >= l.Events:
		return full("events", l.Events)
	}
	return nil
}

// entry is the command at the present position, its arguments as they came but without
// white space, so that a replay parses the same octets.
func (s *Session) entry(c Command) (journal.Entry, error) {
	args := []byte("{}")
	if len(bytes.TrimSpace(c.Args)) > 0 {
		var b bytes.Buffer
		if err := json.Compact(&b, c.Args); err != nil {
			return journal.Entry{}, app.ErrMalformed.Because(err)
		}
		args = b.Bytes()
	}
	return journal.Entry{Step: s.world.Steps(), T: s.world.Now(), N: s.world.Events().Len(),
		CID: c.Cid, Actor: string(c.Actor), Op: c.Op, Args: args}, nil
}

// doOwn carries out the session's own commands, which are not journaled as commands.
func (s *Session) doOwn(now time.Time, c Command, args any) (Result, error) {
	if a, ok := args.(*ResetArgs); ok {
		return s.reset(now, *a)
	}
	if err := s.open(); err != nil {
		return Result{}, err
	}
	if err := s.quota(c); err != nil {
		return Result{}, err
	}
	s.move(now)
	var err error
	switch a := args.(type) {
	case *PlayArgs:
		speed := s.pace.speed
		if a.Speed != nil {
			speed = *a.Speed
		}
		err = s.setPlaying(now, true, speed)
	case *PauseArgs:
		err = s.setPlaying(now, false, s.pace.speed)
	case *SpeedArgs:
		err = s.setPlaying(now, s.pace.playing, *a.Speed)
	case *StepArgs:
		err = s.step(now, *a)
	case *AdvanceArgs:
		err = s.advance(now, *a)
	default:
		panic(fmt.Sprintf("BUG: own command %T", args))
	}
	if err != nil {
		return Result{}, err
	}
	return Result{Run: s.run.No, N: s.world.Events().Len()}, nil
}
