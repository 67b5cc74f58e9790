package ip

import "labserver/stack/wire"

// ECN returns the ECN field of a packet's header (RFC 3168 §5); 0, not ECN-capable, for
// what is no IP packet.
func (p *Packet) ECN() uint8 {
	switch {
	case len(p.Octets) < 2:
		return 0
	case p.Octets[0]>>4 == 4:
		return p.Octets[1] & 3
	case p.Octets[0]>>4 == 6: // the traffic class straddles the first two octets
		return p.Octets[1] >> 4 & 3
	}
	return 0
}

// SetECN writes the ECN field and mends what it changes. What is no IP packet stays as it
// is.
func (p *Packet) SetECN(field uint8) {
	if v := p.Octets[0] >> 4; v == 4 && len(p.Octets) >= wire.IPv4HeaderLen ||
		v == 6 && len(p.Octets) >= wire.IPv6HeaderLen {
		wire.SetECN(p.Octets, field)
	}
}
