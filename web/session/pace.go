package session

import (
	"time"

	"labserver/stack/sim"
	"labserver/web/app"
)

// pace says how virtual time goes on. The zero value stands still.
type pace struct {
	playing bool
	speed   app.Speed
	base    time.Time // wall time at which virtual time was from
	from    sim.Time
	target  sim.Time // where the slice under way leads
	behind  bool     // target has not been reached yet
	goal    *goal    // a step or advance under way, while paused
	waiting bool     // for the driver's acknowledgements
	told    time.Time
}

// goal is where a step or advance ends: at an instant, or when stop says so.
type goal struct {
	to   sim.Time
	jump bool        // go on to the instant itself when nothing is due before it
	stop func() bool // nil: only the instant counts
}

func (p *pace) start(now time.Time, t sim.Time) {
	p.playing, p.base, p.from, p.behind, p.goal = true, now, t, false, nil
}

// move brings virtual time to where it should be now, a slice at most, and publishes
// what happened. It reports whether there is more to do at once.
func (s *Session) move(now time.Time) (more bool) {
	p := &s.pace
	if s.broken != "" || s.finished || (!p.playing && p.goal == nil) {
		return false
	}
	if s.full() {
		p.goal = nil
		s.setPlaying(now, false, p.speed)
		return false
	}
	if !s.creditUsed() {
		if p.goal != nil {
			more = s.moveToGoal(now)
		} else {
			more = s.moveAtPace(now)
		}
		s.publish(now)
	}
	if wait := s.creditUsed() && (more || p.behind || p.playing); wait != p.waiting {
		p.waiting = wait
		s.tellAll(s.clock())
	}
	if p.playing && now.Sub(p.told) >= time.Second {
		s.tellAll(s.clock())
	}
	return more && !p.waiting
}

// full reports whether the run holds as many events as it may, or all of time.
func (s *Session) full() bool {
	return s.world.Events().Len() >= s.cfg.Limits.Events || s.world.Now() >= sim.MaxTime
}

func (s *Session) moveToGoal(now time.Time) (more bool) {
	g := s.pace.goal
	if !s.runTo(now, g.to, g.jump, g.stop) {
		return true
	}
	s.pace.goal = nil
	s.publish(now)
	s.tellAll(s.clock())
	return false
}

func (s *Session) moveAtPace(now time.Time) (more bool) {
	p := &s.pace
	if p.speed == app.MaxSpeed {
		return !s.runTo(now, sim.MaxTime, false, nil)
	}
	if !p.behind {
		p.target = max(p.from.Add(p.speed.Virtual(now.Sub(p.base))), s.world.Now())
	}
	if !s.runTo(now, p.target, true, nil) {
		p.behind = true
		return true
	}
	// A machine that could not keep up, and a driver that had to be waited for, do not
	// make the run hurry afterwards.
	if p.behind || now.Sub(p.base) > time.Minute {
		p.base, p.from, p.behind = now, p.target, false
	}
	return false
}

// runTo processes what is due up to an instant, at most one slice of it, and no further
// than the driver's credit. It reports whether it got there.
func (s *Session) runTo(now time.Time, to sim.Time, jump bool, stop func() bool) (there bool) {
	for range slice {
		at, ok := s.world.NextAt()
		if !ok || at > to {
			if jump {
				s.world.Advance(to)
			}
			return true
		}
		s.world.Step()
		if stop != nil && stop() {
			return true
		}
		if s.world.Events().Len()-s.sent >= uint64(s.cfg.Limits.BatchEvents) {
			s.publish(now)
			if s.creditUsed() || s.full() {
				return false
			}
		}
	}
	return false
}

// nextMove returns when move has something to do; zero if only a message can change that.
func (s *Session) nextMove(now time.Time) time.Time {
	p := &s.pace
	if s.broken != "" || s.finished || p.waiting {
		return time.Time{}
	}
	if p.goal != nil {
		return now
	}
	if !p.playing {
		return time.Time{}
	}
	flush := s.flushed.Add(s.cfg.Limits.Flush)
	next, ok := s.world.NextAt()
	switch {
	case p.behind:
		return now
	case p.speed == app.MaxSpeed && !ok:
		return time.Time{}
	case p.speed == app.MaxSpeed:
		return now
	}
	wake := p.told.Add(time.Second)
	if !ok {
		return wake
	}
	due := p.base.Add(p.speed.Wall(next.Sub(p.from)))
	if due.Before(flush) {
		due = flush
	}
	if due.Before(wake) {
		return due
	}
	return wake
}

// setPlaying plays or pauses, at a speed. What changes is journaled first.
func (s *Session) setPlaying(now time.Time, playing bool, speed app.Speed) error {
	p := &s.pace
	if p.playing == playing && p.speed == speed && p.goal == nil {
		return nil
	}
	if err := s.journalClock(now, playing, speed); err != nil {
		return err
	}
	*p = pace{speed: speed, told: p.told}
	if playing {
		p.start(now, s.world.Now())
	}
	s.tellAll(s.clock())
	return nil
}
