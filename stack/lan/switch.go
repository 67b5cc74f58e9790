// Package lan is the learning switch: a table of link-layer addresses, and where frames go
// by it.
//
// It must never look behind a frame's addresses, and never holds a frame back: store and
// forward take no time here. Read IEEE 802.1D-2004 §7.6 to §7.9 first; of its spanning tree
// there is nothing, since a world refuses cables that would make a ring of switches.
package lan

import (
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/sim"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// AgeingTime is how long an address is remembered that no frame confirms: "Ageing Time,
// recommended default 300.0 seconds" (IEEE 802.1D-2004 §7.9.2, table 7-5).
const AgeingTime = 300 * time.Second

// MaxMACs is how many addresses a switch remembers.
const MaxMACs = 256

// Alarm is the id of the ip.Alarm that asks for Tick.
const Alarm = ip.NeighbourAlarm + 1

// Switch is the table of one switch. The zero value has learned nothing.
type Switch struct {
	entries []entry // in order of learning
	alarm   sim.Time
	slot    sim.Handle // of the alarm, in the world's queue
}

// entry is where an address is.
type entry struct {
	mac  wire.MAC
	port inet.NICID
	seen sim.Time
	by   uint64 // the frame that told it first: the cause of its end
}

// Table returns the rows that people see, in order of learning.
func (s *Switch) Table() []view.MAC {
	var rows []view.MAC
	for _, e := range s.entries {
		rows = append(rows, view.MAC{MAC: e.mac.String(), Port: e.port})
	}
	return rows
}

// Relay takes a frame off a port and sends it where it belongs: learning first (§7.8), then
// forwarding (§7.7). ports are those of the switch.
func (s *Switch) Relay(p *ip.Packet, ports []*ip.NIC, fx *ip.Effects) {
	in := p.NIC
	s.learn(p, in, fx)
	if port := portOf(ports, in); port != nil && len(p.Octets) > port.MTU {
		ip.Drop(p, rfc.LANMTU, "larger than the MTU of "+string(in), fx)
		return
	}
	out, known := s.lookup(p.DstMAC)
	switch {
	case known && out == in:
		ip.Drop(p, rfc.SwitchFilter, "it belongs to the port it came from", fx)
	case known && alive(portOf(ports, out)):
		p.Departs = rfc.SwitchForward
		fx.Transmit = append(fx.Transmit, ip.Transmit{NIC: portOf(ports, out), Pkt: p})
	case p.DstMAC.IsGroup():
		flood(p, ports, rfc.SwitchGroup, fx)
	default:
		flood(p, ports, rfc.SwitchFlood, fx)
	}
}

// alive reports whether a port has a cable that works.
func alive(n *ip.NIC) bool { return n != nil && n.Link != "" && !n.Down }

func portOf(ports []*ip.NIC, id inet.NICID) *ip.NIC {
	for _, n := range ports {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// flood sends a frame out of every live port but the one it came from. All but the first
// are copies: packets of their own, as the rule says.
func flood(p *ip.Packet, ports []*ip.NIC, rule rfc.ID, fx *ip.Effects) {
	first := true
	in := p.NIC
	for _, n := range ports {
		if n.ID == in || !alive(n) {
			continue
		}
		q := p
		if !first {
			if fx.Flights.Full() {
				return
			}
			id := event.Emit(fx.Because(p.By).OnHost(fx.Host), rule, event.PacketDuplicated{Pkt: p.ID})
			q = p.Copy(inet.PacketID(id))
			fx.Flights.Launch(q)
		}
		first = false
		q.Departs = rule
		fx.Transmit = append(fx.Transmit, ip.Transmit{NIC: n, Pkt: q})
	}
	if first {
		ip.Drop(p, rfc.SwitchAlone, "no other live port", fx)
	}
}

func (s *Switch) lookup(mac wire.MAC) (inet.NICID, bool) {
	for i := range s.entries {
		if s.entries[i].mac == mac {
			return s.entries[i].port, true
		}
	}
	return "", false
}

// learn notes where a frame's source is. Group addresses are no source (§7.8 b).
func (s *Switch) learn(p *ip.Packet, port inet.NICID, fx *ip.Effects) {
	if p.SrcMAC.IsGroup() {
		return
	}
	rule, old := rfc.SwitchLearn, inet.NICID("")
	for i := range s.entries {
		e := &s.entries[i]
		if e.mac != p.SrcMAC {
			continue
		}
		if e.port == port {
			e.seen = fx.Now
			return
		}
		rule, old = rfc.SwitchMoved, e.port
		s.entries = append(s.entries[:i:i], s.entries[i+1:]...)
		break
	}
	if len(s.entries) == MaxMACs {
		s.forget(0, rfc.SwitchLimit, p.By, fx)
	}
	by := event.Emit(fx.Because(p.By).OnHost(fx.Host), rule,
		event.MACLearned{MAC: p.SrcMAC.String(), Port: port, Old: old})
	s.entries = append(s.entries, entry{p.SrcMAC, port, fx.Now, by})
	s.arm(fx)
}

func (s *Switch) forget(i int, rule rfc.ID, by uint64, fx *ip.Effects) {
	e := s.entries[i]
	s.entries = append(s.entries[:i:i], s.entries[i+1:]...)
	event.Emit(fx.Because(by).OnHost(fx.Host), rule,
		event.MACForgotten{MAC: e.mac.String(), Port: e.port})
}

// Tick forgets what is too old.
func (s *Switch) Tick(fx *ip.Effects) {
	s.alarm = 0
	for i := 0; i < len(s.entries); {
		if fx.Now.Sub(s.entries[i].seen) >= AgeingTime {
			s.forget(i, rfc.SwitchAge, s.entries[i].by, fx)
			continue
		}
		i++
	}
	s.arm(fx)
}

// Unplug forgets what was behind a port whose cable is gone. fx.By is the cause.
func (s *Switch) Unplug(port inet.NICID, fx *ip.Effects) {
	for i := 0; i < len(s.entries); {
		if s.entries[i].port == port {
			s.forget(i, rfc.SwitchPort, fx.By, fx)
			continue
		}
		i++
	}
	s.arm(fx)
}

// arm asks for Tick when the first entry may be too old. What frames confirm meanwhile is
// found out then, so that a busy entry moves no alarm.
func (s *Switch) arm(fx *ip.Effects) {
	if len(s.entries) == 0 && s.alarm != 0 {
		s.alarm = 0
		fx.Alarms = append(fx.Alarms, ip.Alarm{Assembly: Alarm, Stop: true, Slot: &s.slot})
	}
	if len(s.entries) == 0 || s.alarm != 0 {
		return
	}
	oldest := s.entries[0].seen
	for _, e := range s.entries {
		oldest = min(oldest, e.seen)
	}
	s.alarm = oldest.Add(AgeingTime)
	fx.Alarms = append(fx.Alarms, ip.Alarm{Assembly: Alarm, At: s.alarm, Slot: &s.slot})
}
