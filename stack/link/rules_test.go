package link

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
)

// ruled is a link with rules.
func ruled(t *testing.T, rules ...event.LinkRule) *bench {
	b := newBench(t, event.LinkParams{DelayNS: 10e6})
	b.l.SetRules(rules, b.effects())
	return b
}

var (
	syn  = Shape{Proto: "tcp", Flags: "S", Src: 3001, Dst: 80}
	data = Shape{Proto: "tcp", Flags: "PA", Data: 60, Src: 3001, Dst: 80}
	ack  = Shape{Proto: "tcp", Flags: "A", Src: 80, Dst: 3001}
	fin  = Shape{Proto: "tcp", Flags: "FA", Src: 80, Dst: 3001}
	gram = Shape{Proto: "udp", Data: 72, Src: 53, Dst: 53}
	echo = Shape{Proto: "icmp"}
	arp  = Shape{Proto: "arp"}
)

func TestAConditionIsForThePacketsItNames(t *testing.T) {
	all := []Shape{syn, data, ack, fin, gram, echo, arp}
	for _, c := range []struct {
		rule event.LinkRule
		want []bool // of syn, data, ack, fin, gram, echo, arp
	}{
		{event.LinkRule{}, []bool{true, true, true, true, true, true, true}},
		{event.LinkRule{Proto: "tcp"}, []bool{true, true, true, true, false, false, false}},
		{event.LinkRule{Proto: "udp"}, []bool{false, false, false, false, true, false, false}},
		{event.LinkRule{Proto: "icmp"}, []bool{false, false, false, false, false, true, false}},
		{event.LinkRule{Proto: "arp"}, []bool{false, false, false, false, false, false, true}},
		{event.LinkRule{Flags: "S"}, []bool{true, false, false, false, false, false, false}},
		{event.LinkRule{Flags: "AF"}, []bool{false, false, false, true, false, false, false}},
		{event.LinkRule{Without: "FS"}, []bool{false, true, true, false, false, false, false}},
		{event.LinkRule{Segment: "data"}, []bool{false, true, false, false, false, false, false}},
		{event.LinkRule{Segment: "ack"}, []bool{false, false, true, false, false, false, false}},
		{event.LinkRule{SrcPort: 80}, []bool{false, false, true, true, false, false, false}},
		{event.LinkRule{DstPort: 80}, []bool{true, true, false, false, false, false, false}},
		{event.LinkRule{MinOctets: 101}, []bool{false, false, false, false, false, false, false}},
		{event.LinkRule{MinOctets: 100, MaxOctets: 100}, []bool{true, true, true, true, true, true, true}},
		{event.LinkRule{MaxOctets: 99}, []bool{false, false, false, false, false, false, false}},
		{event.LinkRule{Dir: "b_to_a"}, []bool{false, false, false, false, false, false, false}},
		{event.LinkRule{Dir: "a_to_b", Proto: "arp"}, []bool{false, false, false, false, false, false, true}},
		{event.LinkRule{FromNS: 1}, []bool{false, false, false, false, false, false, false}},
		{event.LinkRule{ToNS: 1}, []bool{true, true, true, true, true, true, true}},
	} {
		c.rule.Action = "drop"
		for i, shape := range all {
			b := ruled(t, c.rule)
			b.sendShaped(100, shape)
			if got, _ := b.l.Counts(0); got == 1 != c.want[i] {
				t.Errorf("%+v of %+v: matched %d", c.rule, shape, got)
			}
		}
	}
}

func TestARuleActsOnThoseItCounts(t *testing.T) {
	for _, c := range []struct {
		rule event.LinkRule
		gone []int // of ten
	}{
		{event.LinkRule{Nth: 3}, []int{3}},
		{event.LinkRule{Every: 4}, []int{4, 8}},
		{event.LinkRule{First: 2}, []int{1, 2}},
		{event.LinkRule{First: 5, Every: 2}, []int{2, 4}},
		{event.LinkRule{PPM: 1_000_000, Nth: 10}, []int{10}},
	} {
		c.rule.Action = "drop"
		b := ruled(t, c.rule)
		gone := map[inet.PacketID]int{}
		for i := range 10 {
			gone[b.send(100).ID] = i + 1
		}
		b.run()
		for _, id := range b.arrived {
			delete(gone, id)
		}
		for _, n := range c.gone {
			found := false
			for _, i := range gone {
				found = found || i == n
			}
			if !found {
				t.Errorf("%+v spared packet %d", c.rule, n)
			}
		}
		if matched, acted := b.l.Counts(0); len(gone) != len(c.gone) || matched != 10 ||
			acted != int64(len(c.gone)) || b.count("packet.dropped", rfc.LinkRule) != len(c.gone) {
			t.Errorf("%+v: %v gone, matched %d, acted %d", c.rule, gone, matched, acted)
		}
	}
}

// The first rule that acts ends the list, and what rates would have done.
func TestTheFirstRuleThatActsEndsTheList(t *testing.T) {
	b := ruled(t, event.LinkRule{Flags: "S", Action: "pass"},
		event.LinkRule{Proto: "tcp", Nth: 2, Action: "duplicate"},
		event.LinkRule{Proto: "tcp", Action: "drop"})
	b.set(func(p *event.LinkParams) { p.LossPPM = 1_000_000 })
	passed := b.sendShaped(100, syn)
	b.sendShaped(100, data) // first for rule 2: rule 3 drops it
	doubled := b.sendShaped(100, data)
	b.sendShaped(100, gram) // for no rule: the rate loses it
	b.run()
	if len(b.arrived) != 3 || b.arrived[0] != passed.ID || b.arrived[1] != doubled.ID ||
		b.count("packet.dropped", rfc.LinkLoss) != 1 || b.count("packet.dropped", rfc.LinkRule) != 1 {
		t.Errorf("%v arrived", b.arrived)
	}
	for i, want := range [][2]int64{{1, 1}, {2, 1}, {1, 1}} {
		if matched, acted := b.l.Counts(i); matched != want[0] || acted != want[1] {
			t.Errorf("rule %d: matched %d, acted %d", i+1, matched, acted)
		}
	}
	for _, e := range b.log.From(1) { // who acted is the cause of what was done
		if d, ok := e.Body.(event.PacketDropped); ok && e.Rule == rfc.LinkRule {
			if m, ok := b.log.At(e.By).Body.(event.LinkMatched); !ok || m.No != 3 || m.Pkt != d.Pkt {
				t.Errorf("the cause of the drop is %+v", b.log.At(e.By))
			}
		}
	}
}

func TestARuleKeepsItsChance(t *testing.T) {
	b := ruled(t, event.LinkRule{PPM: 200_000, Action: "drop"})
	for range 5000 {
		b.send(100)
	}
	b.run()
	if n := b.count("packet.dropped", rfc.LinkRule); n < 900 || n > 1100 {
		t.Errorf("%d of 5000 dropped at a fifth", n)
	}
}

// Rules draw from a stream of their own: with them the link's other draws stay.
func TestRulesShiftNoOtherDraws(t *testing.T) {
	plain := newBench(t, event.LinkParams{DelayNS: 10e6, JitterNS: 5e6, LossPPM: 200_000})
	other := newBench(t, event.LinkParams{DelayNS: 10e6, JitterNS: 5e6, LossPPM: 200_000})
	other.l.SetRules([]event.LinkRule{{Proto: "udp", PPM: 500_000, Action: "drop"}}, other.effects())
	for i := range 400 {
		plain.send(100)
		if other.send(100); i%2 == 0 {
			other.l.dice.Uint64()
		}
	}
	plain.run()
	other.run()
	if len(plain.when) != len(other.when) {
		t.Fatalf("%d and %d arrived", len(plain.when), len(other.when))
	}
	for i := range plain.when {
		if plain.when[i] != other.when[i] {
			t.Fatalf("arrival %d at %v and %v", i, plain.when[i], other.when[i])
		}
	}
}

func TestARuleDelaysWithoutHoldingUpWhatFollows(t *testing.T) {
	b := ruled(t, event.LinkRule{Nth: 1, ByNS: 30e6, Action: "delay"},
		event.LinkRule{Nth: 1, ByNS: 1e6, JitterNS: 4e6, Action: "delay"})
	late, shaken, next := b.send(100), b.send(100), b.send(100)
	b.run()
	if b.arrived[0] != next.ID || b.arrived[1] != shaken.ID || b.arrived[2] != late.ID ||
		b.when[0] != 10e6 || b.when[1] < 11e6 || b.when[1] > 15e6 || b.when[2] != 40e6 {
		t.Errorf("%v arrived at %v", b.arrived, b.when)
	}
}

func TestARuleHasAPacketOvertakenByAsManyAsItSays(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 10e6, RateBPS: 8_000_000, QueueOctets: 100_000})
	b.l.SetRules([]event.LinkRule{{Nth: 1, Behind: 3, Action: "reorder"}}, b.effects())
	var sent []inet.PacketID
	for range 5 {
		sent = append(sent, b.send(986).ID)
	}
	b.run()
	want := []inet.PacketID{sent[1], sent[2], sent[3], sent[0], sent[4]}
	for i := range want {
		if b.arrived[i] != want[i] {
			t.Fatalf("arrived as %v, want %v", b.arrived, want)
		}
	}
	if b.count("packet.delayed", rfc.LinkRule) != 1 {
		t.Error("the move was not told once")
	}
}

func TestARuleDamagesTheBitItNamesOrDrawsOne(t *testing.T) {
	bit, far := 9, 800
	b := ruled(t, event.LinkRule{First: 1, Bit: &bit, Action: "corrupt"},
		event.LinkRule{Bit: &far, Action: "corrupt"}, event.LinkRule{Action: "corrupt"})
	chosen, drawn := b.send(100), b.send(100)
	if chosen.Octets[1] != 0x40 {
		t.Errorf("% x", chosen.Octets[:4])
	}
	ones := 0
	for _, o := range drawn.Octets {
		for ; o != 0; o &= o - 1 {
			ones++
		}
	}
	if matched, _ := b.l.Counts(1); ones != 1 || matched != 0 {
		t.Errorf("%d bits turned; a bit that is not there matched %d", ones, matched)
	}
}

func TestARuleMarksAndDoubles(t *testing.T) {
	b := ruled(t, event.LinkRule{Nth: 1, ECN: "ce", Action: "mark"},
		event.LinkRule{Nth: 1, Action: "duplicate"})
	p := &ip.Packet{Octets: make([]byte, 100), Host: "A"}
	p.Octets[0] = 6 << 4
	b.launch(p, AtoB)
	twice := b.send(100)
	b.run()
	if p.ECN() != 3 || len(b.arrived) != 3 || b.arrived[1] != twice.ID ||
		b.count("packet.marked", rfc.LinkRule) != 1 || b.count("packet.duplicated", rfc.LinkRule) != 1 {
		t.Errorf("ECN %d, %v arrived", p.ECN(), b.arrived)
	}
}

// Jitter keeps the order of packets unless it is let change it.
func TestJitterReordersWhenItMay(t *testing.T) {
	b := newBench(t, event.LinkParams{DelayNS: 1e6, JitterNS: 20e6, JitterReorders: true})
	b.offer(100, false, time.Millisecond, 200*time.Millisecond)
	b.run()
	swaps := 0
	for i := 1; i < len(b.arrived); i++ {
		if b.arrived[i] < b.arrived[i-1] {
			swaps++
		}
	}
	if swaps < 20 {
		t.Errorf("%d of 200 overtook another", swaps)
	}
}

// A queue may be limited in packets as well.
func TestAQueueOfSoManyPacketsDropsOneMore(t *testing.T) {
	b := newBench(t, event.LinkParams{RateBPS: 1_000_000, QueueOctets: 1_000_000, QueuePackets: 2})
	for range 5 {
		b.send(100)
	}
	if octets, n, _ := b.l.Waiting(AtoB); n != 2 || octets != 2*(100+FrameOverhead) {
		t.Errorf("%d octets, %d packets wait", octets, n)
	}
	b.run()
	if len(b.arrived) != 3 || b.count("packet.dropped", rfc.DropTail) != 2 {
		t.Errorf("%d arrived", len(b.arrived))
	}
}

// The ring of a queue keeps its order through growth, removals and insertions.
func TestAQueueKeepsItsOrder(t *testing.T) {
	var q fifo
	var want []*ip.Packet
	next := func() *ip.Packet { return &ip.Packet{Octets: make([]byte, 10)} }
	draw := newBench(t, event.LinkParams{}).l.rand
	for range 3000 {
		switch i := int(draw.Below(uint64(len(want) + 1))); draw.Below(5) {
		case 0, 1:
			p := next()
			q.push(p, 0)
			want = append(want, p)
		case 2:
			if w := q.pop(); len(want) > 0 {
				if w.pkt != want[0] {
					t.Fatal("the head is another")
				}
				want = want[1:]
			} else if w.pkt != nil {
				t.Fatal("an empty queue gave a packet")
			}
		case 3:
			if i < len(want) {
				q.take(i)
				want = append(want[:i:i], want[i+1:]...)
			}
		case 4:
			if i > 0 {
				p := next()
				q.insert(i, p)
				want = append(want[:i:i], append([]*ip.Packet{p}, want[i:]...)...)
			}
		}
		if q.n != len(want) || int(q.octets) != len(want)*(10+FrameOverhead) {
			t.Fatalf("%d packets, %d octets; want %d", q.n, q.octets, len(want))
		}
		for i, p := range want {
			if q.at(i).pkt != p || q.index(p) != i {
				t.Fatalf("place %d is another's", i)
			}
		}
	}
}
