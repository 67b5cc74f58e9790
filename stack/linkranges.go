package stack

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"labserver/stack/event"
	"labserver/stack/link"
	"labserver/stack/sim"
)

// The ranges of links.
const (
	maxQueuePackets = 50_000
	maxTarget       = int64(10 * time.Second)
	maxREDLength    = 10_000 // packets
	maxREDWeight    = 16
	maxBehind       = 100
	maxCount        = int64(1_000_000_000)
)

func (a LinkAdd) checkRanges() error {
	p := a.params()
	if err := first(checkID("id", string(a.ID), true), checkID("a.nic", string(a.A.NIC), true),
		checkID("b.nic", string(a.B.NIC), true)); err != nil {
		return err
	}
	if err := allOf(&p).check("", a.Queue); err != nil {
		return err
	}
	if err := checkThresholds(p); err != nil {
		return err
	}
	return checkRest(a.BToA, a.Rules)
}

func (a LinkSet) checkRanges() error {
	way := event.LinkWay{DelayNS: a.DelayNS, JitterNS: a.JitterNS, RateBPS: a.RateBPS,
		LossPPM: a.LossPPM, DupPPM: a.DupPPM, CorruptPPM: a.CorruptPPM,
		ReorderPPM: a.ReorderPPM, QueueOctets: a.QueueOctets, QueuePackets: a.QueuePackets,
		Queue: a.Queue, CoDelTargetNS: a.CoDelTargetNS, CoDelIntervalNS: a.CoDelIntervalNS,
		REDMin: a.REDMin, REDMax: a.REDMax, REDMaxPPPM: a.REDMaxPPPM, REDWeight: a.REDWeight}
	discipline := ""
	set(&discipline, a.Queue)
	if err := numbers(way).check("", discipline); err != nil {
		return err
	}
	return checkRest(a.BToA, a.Rules)
}

// checkRest checks what one direction has apart, and the rules.
func checkRest(way *event.LinkWay, rules []event.LinkRule) error {
	if way != nil {
		discipline := ""
		set(&discipline, way.Queue)
		if err := numbers(*way).check("b_to_a.", discipline); err != nil {
			return err
		}
	}
	return checkRules(rules)
}

// numbers are the parameters that are given.
type numbers event.LinkWay

// allOf returns the parameters of a new link, all given.
func allOf(p *event.LinkParams) numbers {
	return numbers{DelayNS: &p.DelayNS, JitterNS: &p.JitterNS, RateBPS: &p.RateBPS,
		LossPPM: &p.LossPPM, DupPPM: &p.DupPPM, CorruptPPM: &p.CorruptPPM,
		ReorderPPM: &p.ReorderPPM, QueueOctets: &p.QueueOctets, QueuePackets: &p.QueuePackets,
		CoDelTargetNS: &p.CoDelTargetNS, CoDelIntervalNS: &p.CoDelIntervalNS,
		REDMin: &p.REDMin, REDMax: &p.REDMax, REDMaxPPPM: &p.REDMaxPPPM, REDWeight: &p.REDWeight}
}

func (n numbers) check(at, discipline string) error {
	return first(ranged(at+"delay_ns", n.DelayNS, maxDelay),
		ranged(at+"jitter_ns", n.JitterNS, maxDelay),
		ranged(at+"rate_bps", (*int64)(n.RateBPS), maxRate),
		ranged(at+"loss_ppm", n.LossPPM, maxPPM), ranged(at+"dup_ppm", n.DupPPM, maxPPM),
		ranged(at+"corrupt_ppm", n.CorruptPPM, maxPPM),
		ranged(at+"reorder_ppm", n.ReorderPPM, maxPPM),
		ranged(at+"queue_octets", (*int64)(n.QueueOctets), maxQueue),
		ranged(at+"queue_packets", n.QueuePackets, maxQueuePackets),
		oneOf(at+"queue", discipline, "", link.DropTail, link.CoDel, link.RED),
		ranged(at+"codel_target_ns", n.CoDelTargetNS, maxTarget),
		ranged(at+"codel_interval_ns", n.CoDelIntervalNS, link.MaxCoDelInterval),
		ranged(at+"red_min", n.REDMin, maxREDLength), ranged(at+"red_max", n.REDMax, maxREDLength),
		ranged(at+"red_max_p_ppm", n.REDMaxPPPM, maxPPM),
		ranged(at+"red_weight", n.REDWeight, maxREDWeight))
}

// oneOf refuses a word that is none of those there are; "" among them is not named.
func oneOf(field, word string, words ...string) *ArgError {
	if slices.Contains(words, word) {
		return nil
	}
	return &ArgError{Code: CodeOutOfRange, Field: field, Got: shorten(word),
		Limit: strings.TrimPrefix(strings.Join(words, ", "), ", ")}
}

// checkThresholds refuses RED whose upper threshold is not above the lower, defaults
// counted, in either direction of a link as it would be.
func checkThresholds(p event.LinkParams) *ArgError {
	low, high := link.Thresholds(p)
	if low < high {
		if w := p.BToA; w != nil && (w.REDMin != nil || w.REDMax != nil) {
			set(&p.REDMin, w.REDMin)
			set(&p.REDMax, w.REDMax)
			p.BToA = nil
			return checkThresholds(p)
		}
		return nil
	}
	return &ArgError{Code: CodeOutOfRange, Field: "red_max", Got: strconv.FormatInt(high, 10),
		Limit: "more than red_min, " + strconv.FormatInt(low, 10)}
}

func checkRules(rules []event.LinkRule) error {
	if err := inRange("rules", int64(len(rules)), 0, link.MaxRules); err != nil {
		return err
	}
	for i := range rules {
		if err := checkRule("rules["+strconv.Itoa(i)+"].", &rules[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkRule(at string, r *event.LinkRule) error {
	tcp := r.Flags != "" || r.Without != "" || r.Segment != ""
	switch {
	case tcp && r.Proto != "" && r.Proto != "tcp":
		return &ArgError{Code: CodeOutOfRange, Field: at + "proto", Got: r.Proto,
			Limit: "tcp, since flags and segment are of TCP"}
	case r.MaxOctets != 0 && r.MaxOctets < r.MinOctets:
		return &ArgError{Code: CodeOutOfRange, Field: at + "max_octets",
			Got: strconv.FormatInt(r.MaxOctets, 10), Limit: "at least min_octets"}
	case r.ToNS != 0 && r.ToNS <= r.FromNS:
		return &ArgError{Code: CodeOutOfRange, Field: at + "to_ns",
			Got: strconv.FormatInt(int64(r.ToNS), 10), Limit: "later than from_ns"}
	case r.Action == "delay" && r.ByNS == 0 && r.JitterNS == 0:
		return &ArgError{Code: CodeMissing, Field: at + "by_ns"}
	case r.Action == "mark" && r.ECN == "":
		return &ArgError{Code: CodeMissing, Field: at + "ecn"}
	}
	if r.Bit != nil {
		if err := inRange(at+"bit", int64(*r.Bit), 0, 8*maxMTU-1); err != nil {
			return err
		}
	}
	return first(
		oneOf(at+"action", r.Action, "pass", "drop", "delay", "duplicate", "corrupt", "reorder", "mark"),
		oneOf(at+"dir", r.Dir, "", "a_to_b", "b_to_a"),
		oneOf(at+"proto", r.Proto, "", "tcp", "udp", "icmp", "arp"),
		checkLetters(at+"flags", r.Flags), checkLetters(at+"without", r.Without),
		oneOf(at+"segment", r.Segment, "", "data", "ack"),
		oneOf(at+"ecn", r.ECN, "", "not", "ect0", "ect1", "ce"),
		inRange(at+"min_octets", r.MinOctets, 0, maxMTU),
		inRange(at+"max_octets", r.MaxOctets, 0, maxMTU),
		inRange(at+"from_ns", int64(r.FromNS), 0, int64(sim.MaxTime)),
		inRange(at+"to_ns", int64(r.ToNS), 0, int64(sim.MaxTime)),
		inRange(at+"nth", r.Nth, 0, maxCount), inRange(at+"every", r.Every, 0, maxCount),
		inRange(at+"first", r.First, 0, maxCount), inRange(at+"ppm", r.PPM, 0, maxPPM),
		inRange(at+"by_ns", r.ByNS, 0, maxDelay), inRange(at+"jitter_ns", r.JitterNS, 0, maxDelay),
		inRange(at+"behind", r.Behind, 0, maxBehind))
}

// checkLetters accepts letters of FSRPAUEW, in any order.
func checkLetters(field, flags string) *ArgError {
	for _, f := range flags {
		if !strings.ContainsRune("FSRPAUEW", f) {
			return &ArgError{Code: CodeOutOfRange, Field: field, Got: shorten(flags),
				Limit: "letters of FSRPAUEW"}
		}
	}
	return nil
}

func (w *World) checkLinkSet(a LinkSet) error {
	if err := w.checkLink(a.Link); err != nil {
		return err
	}
	p := w.link(a.Link).Params
	a.change(&p)
	return first(checkThresholds(p))
}
