package session

import (
	"encoding/json"
	"time"

	"labserver/stack/view"
	"labserver/web/app"
)

// publish sends everybody the events since the last time, in batches that are encoded
// once, and the verdicts if they have changed.
func (s *Session) publish(now time.Time) {
	head := s.world.Events().Len()
	s.at = position{step: s.world.Steps(), t: s.world.Now(), n: head}
	if s.sent == head {
		return
	}
	for s.sent < head {
		b := s.batch(s.sent+1, head)
		s.sent = b.To
		for _, m := range s.members {
			if m.greeted && !m.idle {
				m.take(b)
			}
		}
	}
	s.flushed = now
	if s.feed() {
		s.tellAll(s.sum())
	}
}

// batch encodes events from one number on, as many as a batch holds.
func (s *Session) batch(from, to uint64) *Batch {
	l := s.cfg.Limits
	b := &Batch{Run: s.run.No, From: from, T: s.at.t}
	for e := range s.world.Events().Since(from) {
		if e.N > to || e.N-from >= uint64(l.BatchEvents) || len(b.Items) >= l.BatchOctets {
			break
		}
		if len(b.Items) > 0 {
			b.Items = append(b.Items, ',')
		}
		b.Items = e.AppendJSON(b.Items)
		b.To = e.N
	}
	return b
}

// tellAll publishes a frame to everybody who has said hello; who does not look is still
// told the clock and the verdicts.
func (s *Session) tellAll(f Frame) {
	for _, m := range s.members {
		if m.greeted {
			m.sink.Publish(f)
		}
	}
}

func (s *Session) clock() *Clock {
	c := &Clock{Run: s.run.No, N: s.at.n, Step: s.at.step, T: s.at.t, Playing: s.pace.playing,
		Speed: s.pace.speed, Waiting: s.pace.waiting, Busy: s.pace.goal != nil,
		Broken: s.broken != ""}
	if !c.Broken && !s.finished {
		c.N, c.Step, c.T = s.world.Events().Len(), s.world.Steps(), s.world.Now()
		c.Next, c.HasNext = s.world.NextAt()
	}
	s.pace.told = s.cfg.Now()
	return c
}

func (s *Session) lab() *Lab {
	return &Lab{Run: s.run.No, Slug: s.run.LabSlug, Digest: s.run.LabDigest, Params: s.run.Params}
}

func (s *Session) sum() *Sum {
	f := &Sum{Run: s.run.No, Finished: s.finished && !s.recorded}
	if s.checker != nil {
		f.Verdicts = s.checker.Verdicts()
	}
	return f
}

func (s *Session) who(m *Member) *Who {
	w := &Who{Role: m.role}
	for _, other := range s.members {
		if other.role == app.Watcher {
			w.Watchers++
		} else {
			w.Drivers++
		}
	}
	return w
}

func encodeView(v view.View) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("BUG: view: " + err.Error())
	}
	return b
}
