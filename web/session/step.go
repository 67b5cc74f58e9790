package session

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/sim"
)

// step goes on to the next event, packet or busy instant.
func (s *Session) step(now time.Time, a StepArgs) error {
	head := s.world.Events().Len()
	if *a.FromN != head {
		return nil
	}
	if err := s.setPlaying(now, false, s.pace.speed); err != nil {
		return err
	}
	next, ok := s.world.NextAt()
	if !ok {
		return nil
	}
	g := &goal{to: sim.MaxTime}
	switch a.Unit {
	case stepQuiet:
		g.to, g.jump = next, true
	case stepEvent:
		g.stop = func() bool { return s.world.Events().Len() > head }
	case stepSegment:
		seen := head
		g.stop = func() bool {
			for e := range s.world.Events().Since(seen + 1) {
				seen = e.N
				if touchesPacket(e.Kind()) {
					return true
				}
			}
			return false
		}
	}
	s.pace.goal = g
	s.move(now)
	return nil
}

// touchesPacket tells the events at which a packet starts, ends or is taken.
func touchesPacket(k event.Kind) bool {
	switch k {
	case "segment.sent", "segment.received", "segment.refused",
		"datagram.sent", "datagram.received", "datagram.refused",
		"icmp.sent", "icmp.received", "packet.dropped":
		return true
	}
	return false
}

// advance goes on by a span of virtual time.
func (s *Session) advance(now time.Time, a AdvanceArgs) error {
	if *a.FromN != s.world.Events().Len() {
		return nil
	}
	if err := s.setPlaying(now, false, s.pace.speed); err != nil {
		return err
	}
	s.pace.goal = &goal{to: s.world.Now().Add(time.Duration(*a.ByNS)), jump: true}
	s.move(now)
	return nil
}
