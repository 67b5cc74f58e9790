package wire

import "net/netip"

// ARPLen is the length of an ARP packet for Ethernet and IPv4 (RFC 826).
const ARPLen = 28

// The opcodes of ARP (RFC 826, "definitions").
const (
	ARPRequest uint16 = 1
	ARPReply   uint16 = 2
)

// ARP is an ARP packet for Ethernet and IPv4 (RFC 826): who has TargetIP, or SenderIP is
// at SenderMAC.
type ARP struct {
	Op        uint16
	SenderMAC MAC
	SenderIP  netip.Addr
	TargetMAC MAC // not looked at in a request
	TargetIP  netip.Addr
}

// The kinds of hardware and protocol that ARP asks about here (RFC 826).
const (
	arpEthernet = 1
	arpIPv4     = uint16(EtherTypeIPv4)
)

// ParseARP reads an ARP packet. What is not about IPv4 over Ethernet is BadVersion: RFC 826
// "?Do I have the hardware type in ar$hrd?". Octets behind it are padding.
func ParseARP(b []byte) (ARP, error) {
	if len(b) < ARPLen {
		return ARP{}, Truncated
	}
	a := ARP{Op: be16(b[6:]), SenderMAC: MAC(b[8:14]), SenderIP: netip.AddrFrom4([4]byte(b[14:18])),
		TargetMAC: MAC(b[18:24]), TargetIP: netip.AddrFrom4([4]byte(b[24:28]))}
	switch {
	case be16(b) != arpEthernet || be16(b[2:]) != arpIPv4:
		return a, BadVersion
	case b[4] != 6 || b[5] != 4:
		return a, BadLength
	}
	return a, nil
}

// OpName returns "request", "reply", or "arp" for an opcode that this package does not
// know.
func (a *ARP) OpName() string {
	switch a.Op {
	case ARPRequest:
		return "request"
	case ARPReply:
		return "reply"
	}
	return "arp"
}

// Append writes the packet to b. Its addresses must be of IPv4.
func (a *ARP) Append(b []byte) []byte {
	b = append16(append16(b, arpEthernet), arpIPv4)
	b = append16(append(b, 6, 4), a.Op)
	b = append(b, a.SenderMAC[:]...)
	b = append(b, a.SenderIP.AsSlice()...)
	b = append(b, a.TargetMAC[:]...)
	return append(b, a.TargetIP.AsSlice()...)
}
