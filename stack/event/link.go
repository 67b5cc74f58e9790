package event

import (
	"labserver/stack/inet"
	"labserver/stack/sim"
)

// LinkParams is what a link does to frames. Both directions are alike but for what BToA
// says. A zero value of a parameter that may be absent is its default.
type LinkParams struct {
	Up          bool           `json:"up"`
	DelayNS     int64          `json:"delay_ns"`
	JitterNS    int64          `json:"jitter_ns"`
	RateBPS     inet.BitRate   `json:"rate_bps"` // 0: infinitely fast
	LossPPM     int64          `json:"loss_ppm"`
	DupPPM      int64          `json:"dup_ppm"`
	CorruptPPM  int64          `json:"corrupt_ppm"`  // one bit turned over
	ReorderPPM  int64          `json:"reorder_ppm"`  // overtaken by the next packet
	QueueOctets inet.ByteCount `json:"queue_octets"` // waiting for transmission, per direction

	QueuePackets int64 `json:"queue_packets,omitempty"` // waiting at the most; 0: no limit
	// JitterReorders lets a packet overtake one that drew more jitter.
	JitterReorders bool   `json:"jitter_reorders,omitempty"`
	Queue          string `json:"queue,omitempty"`     // "" drop-tail, codel, red
	QueueECN       bool   `json:"queue_ecn,omitempty"` // it marks ECT packets, drops the others

	CoDelTargetNS   int64 `json:"codel_target_ns,omitempty"`   // 0: 5 ms
	CoDelIntervalNS int64 `json:"codel_interval_ns,omitempty"` // 0: 100 ms

	REDMin     int64 `json:"red_min,omitempty"`       // packets; 0: 5
	REDMax     int64 `json:"red_max,omitempty"`       // packets; 0: 15
	REDMaxPPPM int64 `json:"red_max_p_ppm,omitempty"` // 0: 100000, a tenth
	// REDWeight is w: a new length counts 2^-w in the average; 0: 9.
	REDWeight int64 `json:"red_weight,omitempty"`
	REDGentle bool  `json:"red_gentle,omitempty"` // from max to 2·max the chance goes on to grow

	BToA *LinkWay `json:"b_to_a,omitempty"` // what is otherwise from B to A
}

// LinkWay is what one direction of a link has apart from the other: the parameters that
// are given. The zero value changes nothing.
type LinkWay struct {
	DelayNS         *int64          `json:"delay_ns,omitempty"`
	JitterNS        *int64          `json:"jitter_ns,omitempty"`
	JitterReorders  *bool           `json:"jitter_reorders,omitempty"`
	RateBPS         *inet.BitRate   `json:"rate_bps,omitempty"`
	LossPPM         *int64          `json:"loss_ppm,omitempty"`
	DupPPM          *int64          `json:"dup_ppm,omitempty"`
	CorruptPPM      *int64          `json:"corrupt_ppm,omitempty"`
	ReorderPPM      *int64          `json:"reorder_ppm,omitempty"`
	QueueOctets     *inet.ByteCount `json:"queue_octets,omitempty"`
	QueuePackets    *int64          `json:"queue_packets,omitempty"`
	Queue           *string         `json:"queue,omitempty"`
	QueueECN        *bool           `json:"queue_ecn,omitempty"`
	CoDelTargetNS   *int64          `json:"codel_target_ns,omitempty"`
	CoDelIntervalNS *int64          `json:"codel_interval_ns,omitempty"`
	REDMin          *int64          `json:"red_min,omitempty"`
	REDMax          *int64          `json:"red_max,omitempty"`
	REDMaxPPPM      *int64          `json:"red_max_p_ppm,omitempty"`
	REDWeight       *int64          `json:"red_weight,omitempty"`
	REDGentle       *bool           `json:"red_gentle,omitempty"`
}

// LinkRule is one rule of a link: which packets it is for, which of those it acts on, and
// what it does. An absent condition holds always. Of the conditions on how many it has
// matched (Nth, Every, First) and of chance (PPM) all that are given must hold.
type LinkRule struct {
	Dir     string `json:"dir,omitempty"`     // a_to_b, b_to_a
	Proto   string `json:"proto,omitempty"`   // tcp, udp, icmp, arp
	Flags   string `json:"flags,omitempty"`   // all of these are set, "S"
	Without string `json:"without,omitempty"` // and none of these
	// Segment is "data" for a segment with octets, "ack" for a pure acknowledgment.
	Segment   string   `json:"segment,omitempty"`
	SrcPort   uint16   `json:"src_port,omitempty"`
	DstPort   uint16   `json:"dst_port,omitempty"`
	MinOctets int64    `json:"min_octets,omitempty"` // of the whole packet
	MaxOctets int64    `json:"max_octets,omitempty"`
	FromNS    sim.Time `json:"from_ns,omitempty"` // virtual time
	ToNS      sim.Time `json:"to_ns,omitempty"`   // up to, not at; 0: for ever

	Nth   int64 `json:"nth,omitempty"`   // only the nth that matches
	Every int64 `json:"every,omitempty"` // each so many that match
	First int64 `json:"first,omitempty"` // so many from the first
	PPM   int64 `json:"ppm,omitempty"`   // with this chance; 0: always

	Action   string `json:"action"` // pass, drop, delay, duplicate, corrupt, reorder, mark
	ByNS     int64  `json:"by_ns,omitempty"`
	JitterNS int64  `json:"jitter_ns,omitempty"` // delay: up to so much more, drawn
	Bit      *int   `json:"bit,omitempty"`       // corrupt: this one; absent: drawn
	Behind   int64  `json:"behind,omitempty"`    // reorder: how many overtake it; 0: one
	ECN      string `json:"ecn,omitempty"`       // mark: not, ect0, ect1, ce
}

// LinkRules says that a link has other rules now; their counts begin at 0.
type LinkRules struct {
	Link inet.LinkID `json:"link"`
	Old  []LinkRule  `json:"old"`
	New  []LinkRule  `json:"new"`
}

// LinkMatched says that a rule of a link was for a packet, and whether it acts on it.
type LinkMatched struct {
	Link    inet.LinkID   `json:"link"`
	Pkt     inet.PacketID `json:"pkt"`
	No      int           `json:"no"`      // of the rule in the list, from 1
	Action  string        `json:"action"`  // of the rule
	Acts    bool          `json:"acts"`    // false: not this one
	Matched int64         `json:"matched"` // so far, this one included
	Acted   int64         `json:"acted"`
}

// QueueVars is the state of a queue discipline. Drop-tail has none.
type QueueVars struct {
	// Phase is "" while nothing is wrong. CoDel: above (its target, for less than an
	// interval), dropping. RED: early (it drops some), full (it drops all).
	Phase string   `json:"phase"`
	Count int64    `json:"count"` // CoDel: of the drops whose spacing shrinks
	Next  sim.Time `json:"next"`  // CoDel: when it begins to drop, or drops next
}

// QueueChanged says that the queue of a link in one direction is in another state.
type QueueChanged struct {
	Link inet.LinkID `json:"link"`
	From inet.HostID `json:"from"` // the sending end
	Old  QueueVars   `json:"old"`
	New  QueueVars   `json:"new"`
}

// QueueCause is what made a queue discipline drop or mark a packet.
type QueueCause struct {
	SojournNS int64 `json:"sojourn_ns,omitempty"` // CoDel: how long the packet waited
	Count     int64 `json:"count,omitempty"`      // CoDel: of drops; RED: of packets spared
	AvgMilli  int64 `json:"avg_milli,omitempty"`  // RED: the average, in packets/1000
	ChancePPM int64 `json:"chance_ppm,omitempty"` // RED: how likely it was
}

// PacketEdited says that a field of a packet under way was written by hand.
type PacketEdited struct {
	Pkt   inet.PacketID `json:"pkt"`
	Field string        `json:"field"`
	Old   string        `json:"old"` // numbers in decimal, octets in hex
	New   string        `json:"new"`
}

// Kind implements Body.
func (LinkRules) Kind() Kind    { return "link.rules" }
func (LinkMatched) Kind() Kind  { return "link.matched" }
func (QueueChanged) Kind() Kind { return "queue.changed" }
func (PacketEdited) Kind() Kind { return "packet.edited" }
