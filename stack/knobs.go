package stack

import (
	"labserver/stack/host"
	"labserver/stack/tcp"
)

// KnobInfo documents one knob of a host: its unit, range, default in each profile, and the
// rule it bends.
type KnobInfo = tcp.KnobInfo

// KnobUnit is what a knob's value counts.
type KnobUnit = tcp.Unit

// The units of knobs.
const (
	KnobMS       = tcp.UnitMS
	KnobOctets   = tcp.UnitOctets
	KnobSegments = tcp.UnitSegments
	KnobCount    = tcp.UnitCount
	KnobSwitch   = tcp.UnitSwitch
	KnobBits     = tcp.UnitBits
	KnobName     = tcp.UnitName
)

// KnobTable documents every knob that knob.set turns.
func KnobTable() []KnobInfo { return host.KnobTable() }

// Profiles lists the profiles a host can have, the default first.
func Profiles() []string { return tcp.Profiles() }
