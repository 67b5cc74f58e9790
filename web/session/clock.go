package session

import (
	"context"
	"encoding/json"
	"time"

	"labserver/stack/journal"
	"labserver/web/app"
)

// clockArgs are the arguments of a clock entry.
type clockArgs struct {
	Playing bool      `json:"playing"`
	Speed   app.Speed `json:"speed"`
}

// journalClock notes the present position, whether it plays and how fast.
func (s *Session) journalClock(now time.Time, playing bool, speed app.Speed) error {
	args, err := json.Marshal(clockArgs{playing, speed})
	if err != nil {
		panic("BUG: clock entry: " + err.Error())
	}
	e := journal.Entry{Step: s.world.Steps(), T: s.world.Now(), N: s.world.Events().Len(),
		Op: "clock", Args: args}
	seq, err := s.cfg.Store.Clock(context.Background(), s.fence, now, s.run.No, e, playing, speed)
	if err != nil {
		s.drop(err)
		return app.ErrUnavailable.Because(err)
	}
	e.Seq = seq
	s.entries.clock(e, now)
	return nil
}

// clock adds a clock entry, in place of the last entry if the store did so.
func (l *entryLog) clock(e journal.Entry, now time.Time) {
	if last := len(l.list) - 1; last >= 0 && l.list[last].Seq == e.Seq {
		l.octets -= len(e.Args) + entryOctets
		l.list = l.list[:last]
	}
	l.add(e)
	l.logged = now
}

// clockDirty tells whether time has gone on since the last entry.
func (s *Session) clockDirty() bool {
	return s.broken == "" && !s.finished &&
		(s.world.Steps() != s.entries.step || s.world.Now() != s.entries.t)
}

// keepClock writes the lazy clock entry when it is due.
func (s *Session) keepClock(now time.Time) {
	if s.clockDirty() && now.Sub(s.entries.logged) >= s.cfg.Limits.ClockEntry {
		s.writeClock(now)
	}
}

// writeClock writes a clock entry if time has gone on since the last entry.
func (s *Session) writeClock(now time.Time) error {
	if !s.clockDirty() {
		return nil
	}
	return s.journalClock(now, s.pace.playing, s.pace.speed)
}
