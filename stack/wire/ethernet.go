package wire

// MAC is an Ethernet address. The zero value is no address.
type MAC [6]byte

// String renders "02:00:00:00:00:01".
func (m MAC) String() string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 17)
	for i, o := range m {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, digits[o>>4], digits[o&15])
	}
	return string(b)
}

// EtherType says what an Ethernet II frame carries.
type EtherType uint16

// The types this package knows (IANA "IEEE 802 Numbers").
const (
	EtherTypeIPv4 EtherType = 0x0800
	EtherTypeARP  EtherType = 0x0806
	EtherTypeIPv6 EtherType = 0x86dd
)

// EthernetHeaderLen is the length of an Ethernet II header; preamble and frame check
// sequence are the hardware's and never seen.
const EthernetHeaderLen = 14

// Ethernet is an Ethernet II frame (RFC 894).
type Ethernet struct {
	Dst, Src MAC
	Type     EtherType
	Payload  []byte
}

// ParseEthernet reads a frame.
func ParseEthernet(b []byte) (Ethernet, error) {
	if len(b) < EthernetHeaderLen {
		return Ethernet{}, Truncated
	}
	return Ethernet{
		Dst:     MAC(b[0:6]),
		Src:     MAC(b[6:12]),
		Type:    EtherType(be16(b[12:])),
		Payload: b[EthernetHeaderLen:],
	}, nil
}

// Append writes the frame to b, without padding to the 60 octets of a real cable, as a
// capture on the sending machine shows it.
func (e *Ethernet) Append(b []byte) []byte {
	b = append(b, e.Dst[:]...)
	b = append(b, e.Src[:]...)
	b = append16(b, uint16(e.Type))
	return append(b, e.Payload...)
}
