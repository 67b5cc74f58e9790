package wire

import "net/netip"

// The types of neighbour discovery (RFC 4861 §4.3, §4.4).
const (
	ICMPv6Solicitation  uint8 = 135
	ICMPv6Advertisement uint8 = 136
)

// DiscoveryHops is the hop limit of every message of neighbour discovery: a packet that
// has it "could not possibly have been forwarded by a router" (RFC 4861 §6.1.1).
const DiscoveryHops = 255

// The flags of an advertisement (RFC 4861 §4.4), in the word behind the checksum.
const (
	NDRouter    uint32 = 1 << 31
	NDSolicited uint32 = 1 << 30
	NDOverride  uint32 = 1 << 29
)

// The options of link-layer addresses (RFC 4861 §4.6.1).
const (
	optSourceMAC = 1
	optTargetMAC = 2
)

// Discovery is a neighbour solicitation or advertisement (RFC 4861 §4.3, §4.4): its target
// and the link-layer address it tells, that of its sender in a solicitation, of its target
// in an advertisement.
type Discovery struct {
	Target netip.Addr
	Flags  uint32 // of an advertisement
	MAC    MAC
	HasMAC bool
}

// IsDiscovery reports whether m is a neighbour solicitation or advertisement.
func (m *ICMPv6) IsDiscovery() bool {
	return m.Type == ICMPv6Solicitation || m.Type == ICMPv6Advertisement
}

// Discovery reads what a solicitation or advertisement says. Options it does not know are
// passed over (RFC 4861 §4.6); one of length 0 is BadOption, for "nodes MUST silently
// discard an ND packet that contains an option with length zero".
func (m *ICMPv6) Discovery() (Discovery, error) {
	if len(m.Data) < 16 {
		return Discovery{}, Truncated
	}
	d := Discovery{Target: netip.AddrFrom16([16]byte(m.Data)), Flags: m.Flags}
	if d.Target.IsMulticast() {
		return d, BadVersion
	}
	want := uint8(optSourceMAC)
	if m.Type == ICMPv6Advertisement {
		want = optTargetMAC
	}
	for b := m.Data[16:]; len(b) > 0; {
		if len(b) < 8 || b[1] == 0 || int(b[1])*8 > len(b) {
			return d, BadOption
		}
		if b[0] == want && b[1] == 1 {
			d.MAC, d.HasMAC = MAC(b[2:8]), true
		}
		b = b[int(b[1])*8:]
	}
	return d, nil
}

// Message writes a solicitation or, with a type of ICMPv6Advertisement, an advertisement.
func (d Discovery) Message(kind uint8) ICMPv6 {
	m := ICMPv6{Type: kind, Flags: d.Flags, Data: d.Target.AsSlice()}
	if d.HasMAC {
		option := byte(optSourceMAC)
		if kind == ICMPv6Advertisement {
			option = optTargetMAC
		}
		m.Data = append(append(m.Data, option, 1), d.MAC[:]...)
	}
	return m
}

// FlagNames returns the letters of an advertisement's flags, "RSO".
func (d Discovery) FlagNames() string {
	var b []byte
	for i, letter := range []byte("RSO") {
		if d.Flags&(NDRouter>>i) != 0 {
			b = append(b, letter)
		}
	}
	return string(b)
}
