package script

import (
	"net/netip"
	"time"
)

// Variant is a way to run a script in another place than it is written for.
type Variant struct {
	Name    string
	Options Options
}

// Variants lists the transformed runs that a script has to pass as it passes untouched:
// sequence numbers that wrap, IPv6, other ports and addresses, another clock.
func Variants(base Options) []Variant {
	local, remote := uint32(1<<32-300), uint32(1<<32-200)
	isn, v6, ports, addresses, clock := base, base, base, base, base
	isn.ISNLocal, isn.ISNRemote = &local, &remote
	v6.IPv6 = true
	ports.BindPort, ports.ConnectPort = 7, 65535
	addresses.Local = netip.MustParseAddr("10.255.1.254")
	addresses.Remote = netip.MustParseAddr("198.51.100.77")
	clock.ClockStart = 49*24*time.Hour + 12345678*time.Microsecond
	return []Variant{{"ISNs just below 2^32", isn}, {"IPv6", v6}, {"other ports", ports},
		{"other addresses", addresses}, {"another clock", clock}}
}
