package app

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Speed is how much faster than a wall clock a run plays, in thousandths: 1000 is real
// time. MaxSpeed goes as fast as the machine and the driver's credit allow. The zero
// value is no speed; a session begins with FirstSpeed.
type Speed int64

// The limits of Speed.
const (
	MinSpeed Speed = 1 // 0.001×
	// FirstSpeed is 0.1×: at real time a handshake over 40 ms is over before anybody saw it.
	FirstSpeed Speed = 100
	RealTime   Speed = 1000      // 1×
	TopSpeed   Speed = 1_000_000 // 1000×
	MaxSpeed   Speed = -1        // "max"
)

// Valid reports whether s is a speed a run can have.
func (s Speed) Valid() bool { return s == MaxSpeed || MinSpeed <= s && s <= TopSpeed }

// Virtual returns how far virtual time goes while wall time goes by d. It is only for a
// finite speed, and for spans short enough that the product fits: seconds, not years.
func (s Speed) Virtual(d time.Duration) time.Duration {
	if d > math.MaxInt64/time.Duration(TopSpeed) {
		d = math.MaxInt64 / time.Duration(TopSpeed)
	}
	return d * time.Duration(s) / time.Duration(RealTime)
}

// Wall returns how long wall time takes for a virtual span, rounded up.
func (s Speed) Wall(d time.Duration) time.Duration {
	if s <= 0 {
		return 0
	}
	if d > math.MaxInt64/time.Duration(RealTime)/2 {
		return math.MaxInt64 / 2
	}
	return (d*time.Duration(RealTime) + time.Duration(s) - 1) / time.Duration(s)
}

// MarshalJSON writes a number, 1 for real time, or "max".
func (s Speed) MarshalJSON() ([]byte, error) {
	if s == MaxSpeed {
		return []byte(`"max"`), nil
	}
	return strconv.AppendFloat(nil, float64(s)/float64(RealTime), 'f', -1, 64), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses what is not Valid.
func (s *Speed) UnmarshalJSON(b []byte) error {
	if string(b) == `"max"` {
		*s = MaxSpeed
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > float64(TopSpeed) {
		return fmt.Errorf("speed %s: want a number from 0.001 to 1000, or \"max\"", b)
	}
	v := Speed(math.Round(f * float64(RealTime)))
	if v == MaxSpeed || !v.Valid() {
		return fmt.Errorf("speed %s: want a number from 0.001 to 1000, or \"max\"", b)
	}
	*s = v
	return nil
}
