package link

import "labserver/stack/event"

// over returns the parameters that hold from B to A: the link's, but for what its BToA
// says.
func over(p event.LinkParams) event.LinkParams {
	w := p.BToA
	if w == nil {
		return p
	}
	give(&p.DelayNS, w.DelayNS)
	give(&p.JitterNS, w.JitterNS)
	give(&p.JitterReorders, w.JitterReorders)
	give(&p.RateBPS, w.RateBPS)
	give(&p.LossPPM, w.LossPPM)
	give(&p.DupPPM, w.DupPPM)
	give(&p.CorruptPPM, w.CorruptPPM)
	give(&p.ReorderPPM, w.ReorderPPM)
	give(&p.QueueOctets, w.QueueOctets)
	give(&p.QueuePackets, w.QueuePackets)
	give(&p.Queue, w.Queue)
	give(&p.QueueECN, w.QueueECN)
	give(&p.CoDelTargetNS, w.CoDelTargetNS)
	give(&p.CoDelIntervalNS, w.CoDelIntervalNS)
	give(&p.REDMin, w.REDMin)
	give(&p.REDMax, w.REDMax)
	give(&p.REDMaxPPPM, w.REDMaxPPPM)
	give(&p.REDWeight, w.REDWeight)
	give(&p.REDGentle, w.REDGentle)
	return p
}

func give[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

// disciplineKey is the parameters of a queue discipline: it begins afresh when they change.
type disciplineKey struct {
	name             string
	ecn, gentle      bool
	target, interval int64
	low, high, maxP  int64
	weight           int64
}

func disciplined(p *event.LinkParams) disciplineKey {
	return disciplineKey{p.Queue, p.QueueECN, p.REDGentle, p.CoDelTargetNS, p.CoDelIntervalNS,
		p.REDMin, p.REDMax, p.REDMaxPPPM, p.REDWeight}
}

// The names of the disciplines. DropTail may also be left out.
const (
	DropTail = "droptail"
	CoDel    = "codel"
	RED      = "red"
)

// discipline makes the discipline that parameters ask for; nil for drop-tail.
func discipline(p *event.LinkParams) aqm {
	switch p.Queue {
	case CoDel:
		return newCoDel(p)
	case RED:
		return newRED(p)
	}
	return nil
}

// or returns v, or the default of a parameter that is not given.
func or(v, otherwise int64) int64 {
	if v == 0 {
		return otherwise
	}
	return v
}
