package link

import (
	"strings"
	"time"

	"labserver/stack/event"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// MaxRules is how many rules a link may have.
const MaxRules = 32

// Shape is what rules can ask of a packet. The zero value is a packet of which nothing is
// known.
type Shape struct {
	Proto    string // tcp, udp, icmp, arp, or ""
	Flags    string // of TCP, letters in the order FSRPAUEW
	Data     int    // octets that TCP or UDP carries
	Src, Dst uint16 // ports; 0 without
}

// rule is a rule with its counts.
type rule struct {
	event.LinkRule
	matched, acted int64
}

// SetRules gives the link other rules. Their counts begin at 0; the random stream goes on.
func (l *Link) SetRules(rules []event.LinkRule, fx *Effects) {
	old := l.Rules()
	l.rules = nil
	for _, r := range rules {
		l.rules = append(l.rules, rule{LinkRule: r})
	}
	event.Emit(fx.Scope, rfc.Topology, event.LinkRules{Link: l.ID, Old: old, New: l.Rules()})
}

// Rules returns the rules in their order; an empty list if there are none.
func (l *Link) Rules() []event.LinkRule {
	list := make([]event.LinkRule, 0, len(l.rules))
	for _, r := range l.rules {
		list = append(list, r.LinkRule)
	}
	return list
}

// Counts returns how many packets rule i was for, and on how many of them it acted.
func (l *Link) Counts(i int) (matched, acted int64) {
	return l.rules[i].matched, l.rules[i].acted
}

// judge asks the rules, in their order, about a packet that departs. The first that acts
// ends the list, and with it the rates of the link: judge reports true and has made the
// packet's plan, for the instant half in case it is dropped.
func (l *Link) judge(p *ip.Packet, d Direction, half sim.Time, fx *Effects) bool {
	shape := fx.Shape(p)
	for i := range l.rules {
		r := &l.rules[i]
		if !r.isFor(&shape, p, d, fx.Now) {
			continue
		}
		r.matched++
		acts := r.due(l.dice)
		if acts {
			r.acted++
		}
		n := event.Emit(fx.Because(p.By).OnHost(p.Host), rfc.LinkRuleMatch, event.LinkMatched{
			Link: l.ID, Pkt: p.ID, No: i + 1, Action: r.Action, Acts: acts, Matched: r.matched,
			Acted: r.acted})
		if acts {
			p.By = n
			l.carryOut(&r.LinkRule, p, d, half, fx)
			return true
		}
	}
	return false
}

// isFor reports whether a packet is one of those the rule is for.
func (r *rule) isFor(s *Shape, p *ip.Packet, d Direction, now sim.Time) bool {
	octets := int64(p.Len())
	switch {
	case r.Dir != "" && (r.Dir == "b_to_a") != (d == BtoA):
	case r.Proto != "" && r.Proto != s.Proto:
	case !r.flagged(s):
	case r.SrcPort != 0 && r.SrcPort != s.Src, r.DstPort != 0 && r.DstPort != s.Dst:
	case octets < r.MinOctets, r.MaxOctets != 0 && octets > r.MaxOctets:
	case now < r.FromNS, r.ToNS != 0 && now >= r.ToNS:
	case r.Bit != nil && int64(*r.Bit) >= 8*octets: // the packet has no such bit
	case r.Action == "mark" && s.Proto == "arp": // nor ARP a field for ECN
	default:
		return true
	}
	return false
}

// flagged asks what a rule wants of a TCP segment.
func (r *rule) flagged(s *Shape) bool {
	if r.Flags == "" && r.Without == "" && r.Segment == "" {
		return true
	}
	if s.Proto != "tcp" || strings.ContainsAny(s.Flags, r.Without) {
		return false
	}
	for i := range len(r.Flags) {
		if strings.IndexByte(s.Flags, r.Flags[i]) < 0 {
			return false
		}
	}
	switch r.Segment {
	case "data":
		return s.Data > 0
	case "ack":
		return s.Data == 0 && strings.Contains(s.Flags, "A") && !strings.ContainsAny(s.Flags, "FSR")
	}
	return true
}

// due reports whether the rule acts on the packet it has just counted. Chance is asked
// last, and only if the counts have not refused already.
func (r *rule) due(dice *sim.Rand) bool {
	return (r.Nth == 0 || r.matched == r.Nth) && (r.Every == 0 || r.matched%r.Every == 0) &&
		(r.First == 0 || r.matched <= r.First) && (r.PPM == 0 || dice.PerMillion(r.PPM))
}

// carryOut does what a rule says.
func (l *Link) carryOut(r *event.LinkRule, p *ip.Packet, d Direction, half sim.Time,
	fx *Effects) {
	if r.Action == "drop" {
		fx.Plans = append(fx.Plans, Plan{half, Rule, d, p})
		return
	}
	if r.Action == "delay" {
		by := r.ByNS
		if r.JitterNS > 0 {
			by += int64(l.dice.Below(uint64(r.JitterNS) + 1))
		}
		p.Arrive = p.Arrive.Add(time.Duration(by))
		p.By = event.Emit(fx.Because(p.By).OnHost(p.Host), rfc.LinkRule,
			event.PacketDelayed{Pkt: p.ID, Arrive: p.Arrive})
		fx.Plans = append(fx.Plans, Plan{p.Arrive, Arrive, d, p})
		return // it overtakes nobody
	}
	fx.Plans = append(fx.Plans, Plan{p.Arrive, Arrive, d, p})
	if len(l.dirs[d].held) > 0 {
		l.overtake(p, d, fx)
	}
	switch r.Action {
	case "pass":
	case "duplicate":
		if !fx.Flights.Full() {
			l.twin(p, d, rfc.LinkRule, fx)
		}
	case "corrupt":
		bit := 0
		if r.Bit != nil {
			bit = *r.Bit
		} else {
			bit = int(l.dice.Below(uint64(p.Len()) * 8))
		}
		l.damage(p, bit, rfc.LinkRule, fx)
	case "reorder":
		l.dirs[d].held = append(l.dirs[d].held, held{p, or(r.Behind, 1), rfc.LinkRule})
	case "mark":
		field, name := ecnField(r.ECN)
		p.SetECN(field)
		p.By = event.Emit(fx.Because(p.By).OnHost(p.Host), rfc.LinkRule,
			event.PacketMarked{Pkt: p.ID, ECN: name})
	default:
		panic("BUG: a rule that does nothing: " + r.Action)
	}
}

// ecnField returns the two bits of a name (RFC 3168 §5), and the name that events have.
func ecnField(name string) (uint8, string) {
	switch name {
	case "ect1":
		return 1, name
	case "ect0":
		return 2, name
	case "ce":
		return 3, name
	}
	return 0, ""
}
