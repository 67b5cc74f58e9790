package stack

import "labserver/stack/ip"

// Lower sets smaller limits than MaxEvents and InstantSteps, so that tests can meet them.
func (w *World) Lower(events uint64, steps int64) { w.limits = limits{events, steps} }

// SpoilLanded overwrites what the next Step will not look at any more: the packets that have
// landed, and their octets.
func (w *World) SpoilLanded() {
	known := len(w.flights.Spare())
	w.flights.Recycle()
	for _, p := range w.flights.Spare()[known:] {
		octets := p.Octets[:cap(p.Octets)]
		for i := range octets {
			octets[i] = 0xdb
		}
		*p = ip.Packet{ID: 1<<64 - 1, By: 1<<64 - 1, Octets: octets, Label: "spoilt", Host: "spoilt",
			Link: "spoilt", To: "spoilt", Depart: -1, Arrive: -1, Queued: true, Held: true}
	}
}
