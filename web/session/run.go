package session

import (
	"context"
	"errors"
	"time"

	"labserver/web/app"
)

// finish closes the run after its finish note: nothing moves any more.
func (s *Session) finish(now time.Time) {
	s.finished = true
	s.pace = pace{speed: s.pace.speed}
	if err := s.cfg.Store.Finish(context.Background(), s.fence, now); err != nil {
		// The note is in the journal, and loading it finishes the run again.
		s.log.Warn("finish not marked", "error", err)
	}
}

// reset starts the next run of the lab.
func (s *Session) reset(now time.Time, a ResetArgs) (Result, error) {
	if s.recorded {
		return Result{}, app.ErrCapture
	}
	if *a.Run != s.run.No {
		return Result{Run: s.run.No, N: s.at.n}, nil
	}
	if s.broken == "" {
		s.move(now)
	}
	if err := s.writeClock(now); err != nil {
		return Result{}, err
	}
	next, err := s.nextRun(a.Variant)
	if err != nil {
		return Result{}, err
	}
	next, err = s.cfg.Store.NewRun(context.Background(), s.fence, now, s.run.No, next)
	if err != nil {
		s.drop(err)
		return Result{}, app.ErrUnavailable.Because(err)
	}
	s.pace = pace{speed: s.pace.speed}
	if err := s.begin(next, nil, now); err != nil {
		return Result{}, err
	}
	s.common = 0
	s.showRun()
	return Result{Run: s.run.No, N: s.at.n}, nil
}

// nextRun draws the next run: of the lab as it is today, or, if that is not there any
// more, of the world this run started from.
func (s *Session) nextRun(variant bool) (app.Run, error) {
	seed := s.run.Seed
	if variant {
		var err error
		if seed, err = s.cfg.seed(); err != nil {
			return app.Run{}, err
		}
	}
	header, err := s.cfg.Labs.Start(s.run.LabSlug, seed)
	if errors.Is(err, app.ErrNotFound) && !variant {
		next := s.run
		return next, nil
	}
	if err != nil {
		return app.Run{}, err
	}
	return runOf(header, s.cfg.Build, seed)
}
