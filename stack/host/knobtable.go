package host

import (
	"labserver/stack/rfc"
	"labserver/stack/tcp"
)

// KnobTable documents every knob that a host has, those of IP first: what SetKnob takes.
func KnobTable() []tcp.KnobInfo {
	table := []tcp.KnobInfo{
		{Name: "ip_default_ttl", Unit: tcp.UnitCount, Min: 1, Max: 255, Rule: "MUST-49"},
		{Name: KnobSkipDown, Unit: tcp.UnitSwitch, Min: 0, Max: 1, Rule: "rfc1812:5.2.7.1"},
		{Name: "ip_local_port_low", Unit: tcp.UnitCount, Min: 1, Max: 65535, Rule: "rfc6056:3.2"},
		{Name: "ip_local_port_high", Unit: tcp.UnitCount, Min: 1, Max: 65535, Rule: "rfc6056:3.2"},
		{Name: knobDiscover, Unit: tcp.UnitSwitch, Max: 1, Rule: rfc.StaticHop},
		{Name: knobNotify, Unit: tcp.UnitSwitch, Max: 1, Rule: rfc.ARPAnnounce},
		{Name: knobDAD, Unit: tcp.UnitCount, Max: maxDAD, Rule: rfc.DADStart},
		{Name: knobDirected, Unit: tcp.UnitSwitch, Max: 1, Rule: rfc.BroadcastDirected},
		{Name: knobStrong, Unit: tcp.UnitSwitch, Max: 1, Rule: rfc.StrongHost},
		{Name: knobSendRedirects, Unit: tcp.UnitSwitch, Max: 1, Rule: rfc.RedirectSent},
		{Name: knobAcceptRedirects, Unit: tcp.UnitSwitch, Max: 1, Rule: rfc.RedirectTaken},
		{Name: knobIgnoreEchoes, Unit: tcp.UnitSwitch, Max: 1, Rule: rfc.BroadcastEcho},
	}
	for i := range table {
		for _, profile := range tcp.Profiles() {
			value := New("", "", profile, false, 0).knob(table[i].Name)
			table[i].Defaults = append(table[i].Defaults,
				tcp.KnobDefault{Profile: profile, Value: value})
		}
	}
	return append(table, tcp.KnobTable()...)
}
