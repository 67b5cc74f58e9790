package stack

// Lower sets smaller limits than MaxEvents and InstantSteps, so that tests can meet them.
func (w *World) Lower(events uint64, steps int64) { w.limits = limits{events, steps} }
