package tcp

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/view"
)

// timerID numbers a connection's timers in the order of their names.
type timerID uint8

const (
	timer2MSL timerID = iota
	timerDelack
	timerKeepalive
	timerLoss // tail loss probes and RACK
	timerPersist
	timerRTO
	timerUser
	timerCount
)

// timerName returns the name events use.
func timerName(t timerID) event.Timer {
	switch t {
	case timer2MSL:
		return "2msl"
	case timerDelack:
		return "delack"
	case timerKeepalive:
		return "keepalive"
	case timerLoss:
		return "loss"
	case timerPersist:
		return "persist"
	case timerRTO:
		return "rto"
	case timerUser:
		return "user"
	}
	panic("BUG: unknown timer")
}

// timerState is one timer. The zero value is not running.
type timerState struct {
	running bool
	at      sim.Time
	by      uint64 // the event that armed it, the cause of its firing
	slot    sim.Handle
}

// arm starts or moves a timer to run out after d. Arming it for the same instant again
// changes nothing.
func (c *Conn) arm(t timerID, d time.Duration, rule rfc.ID, fx *Effects) {
	at := fx.Now.Add(d)
	s := &c.timers[t]
	if s.running && s.at == at {
		return
	}
	name := timerName(t)
	n := emit(c, rule, event.TimerArmed{Timer: name, At: at}, fx)
	s.running, s.at, s.by = true, at, n
	fx.Timers = append(fx.Timers, TimerOp{Conn: c, Timer: name, At: at, Slot: &s.slot})
}

// stop stops a timer if it runs.
func (c *Conn) stop(t timerID, rule rfc.ID, fx *Effects) {
	if !c.timers[t].running {
		return
	}
	c.timers[t].running = false
	name := timerName(t)
	emit(c, rule, event.TimerStopped{Timer: name}, fx)
	fx.Timers = append(fx.Timers, TimerOp{Conn: c, Timer: name, Stop: true, Slot: &c.timers[t].slot})
}

// stopAll stops every timer but keep.
func (c *Conn) stopAll(keep timerID, rule rfc.ID, fx *Effects) {
	for t := range timerCount {
		if t != keep {
			c.stop(t, rule, fx)
		}
	}
}

// timerView lists the running timers by name.
func (c *Conn) timerView() []view.Timer {
	list := make([]view.Timer, 0, timerCount)
	for t := range timerCount {
		if c.timers[t].running {
			list = append(list, view.Timer{Name: timerName(t), At: c.timers[t].at})
		}
	}
	return list
}

// Fire runs out a timer: it emits timer.fired, caused by the event that armed the
// timer, and does what follows. A timer that is not running does nothing.
func (l *Layer) Fire(c *Conn, timer event.Timer, fx *Effects) {
	for t := range timerCount {
		if timerName(t) == timer && c.timers[t].running {
			c.fire(t, fx)
			c.check()
		}
	}
}

func (c *Conn) fire(t timerID, fx *Effects) {
	s := &c.timers[t]
	s.running = false
	fired := event.TimerFired{Timer: timerName(t)}
	fx.By = s.by
	switch t {
	case timer2MSL:
		fx.By = emit(c, c.timeWaitRule(), fired, fx)
		c.timeWaitTimeout(fx)
	case timerDelack:
		fx.By = emit(c, rfc.TCPDelayedOver, fired, fx)
		c.delackTimeout(fx)
	case timerKeepalive:
		fired.Count = c.keepTries + 1
		fx.By = emit(c, rfc.TCPKeepIdle, fired, fx)
		c.keepaliveTimeout(fx)
	case timerLoss:
		fx.By = emit(c, c.lossTimerRule(), fired, fx)
		c.lossTimerTimeout(fx)
	case timerPersist:
		fired.Count = int(c.probeBackoff) + 1
		fx.By = emit(c, c.persistRule(), fired, fx)
		c.persistTimeout(fx)
	case timerRTO:
		fired.Count = c.retries + 1
		fx.By = emit(c, rfc.TCPRTOFired, fired, fx)
		c.retransmissionTimeout(fx)
	case timerUser:
		fx.By = emit(c, rfc.TCPUserTimeout, fired, fx)
		c.userTimedOut(fx)
	}
}
