package tcp

import (
	"time"

	"labserver/stack/sim"
	"labserver/stack/wire"
)

// timestamps is the state of the Timestamps option (RFC 7323 §3.2, §4.3).
type timestamps struct {
	on       bool
	recent   uint32 // TS.Recent
	recentAt sim.Time
}

// outdated is when TS.Recent may have wrapped: RFC 7323 §5.5, "more than 24 days".
const outdated = 24 * 24 * time.Hour

// note keeps a timestamp for the echo.
func (t *timestamps) note(val uint32, now sim.Time) { t.recent, t.recentAt = val, now }

// old reports whether a segment's timestamp is before TS.Recent: PAWS, RFC 7323 §5.3 R1.
func (t *timestamps) old(seg *wire.TCP, now sim.Time) bool {
	return t.on && seg.Opts.HasTS && !seg.Flags.Has(wire.RST) &&
		int32(seg.Opts.TSVal-t.recent) < 0 && now.Sub(t.recentAt) < outdated
}

// update keeps a segment's timestamp when RFC 7323 §4.3 (2) says so: "If
// SEG.TSval >= TS.Recent and SEG.SEQ <= Last.ACK.sent, then SEG.TSval is copied to
// TS.Recent". The segment has passed the sequence check.
func (c *Conn) updateTS(seg *wire.TCP, now sim.Time) {
	o := &seg.Opts
	if c.ts.on && o.HasTS && int32(o.TSVal-c.ts.recent) >= 0 && seg.Seq.LessEq(c.rcv.lastAck) {
		c.ts.note(o.TSVal, now)
	}
}
