package infer

import (
	"encoding/binary"

	"labserver/stack/pcapng"
	"labserver/stack/wire"
)

// Types of Ethernet frames beyond those of package wire: VLAN tags, which stand in front of
// the true type (IEEE 802.1Q).
const (
	tagVLAN    = 0x8100
	tagService = 0x88a8
	tagOld     = 0x9100
)

// maxTags is how many VLAN tags are passed over.
const maxTags = 4

// known reports whether packets of a link type can be read.
func known(link pcapng.LinkType) bool {
	switch link {
	case pcapng.LinkEthernet, pcapng.LinkRaw, pcapng.LinkIPv4, pcapng.LinkIPv6,
		pcapng.LinkLinuxSLL, pcapng.LinkSLL2, pcapng.LinkNull, pcapng.LinkLoop, 12, 14:
		return true // 12 and 14 are what some systems call raw IP in their own files
	}
	return false
}

// network returns the IP packet in a captured frame, and the Ethernet addresses if it has
// them; false for what is no IP.
func network(link pcapng.LinkType, b []byte) (packet, macs []byte, ok bool) {
	switch link {
	case pcapng.LinkEthernet:
		if len(b) < wire.EthernetHeaderLen {
			return nil, nil, false
		}
		at := 12
		for range maxTags {
			t := binary.BigEndian.Uint16(b[at:])
			if t != tagVLAN && t != tagService && t != tagOld || len(b) < at+6 {
				break
			}
			at += 4
		}
		packet, ok = ofType(binary.BigEndian.Uint16(b[at:]), b[at+2:])
		return packet, b[:12], ok
	case pcapng.LinkLinuxSLL:
		if len(b) < 16 {
			return nil, nil, false
		}
		packet, ok = ofType(binary.BigEndian.Uint16(b[14:]), b[16:])
	case pcapng.LinkSLL2:
		if len(b) < 20 {
			return nil, nil, false
		}
		packet, ok = ofType(binary.BigEndian.Uint16(b), b[20:])
	case pcapng.LinkNull, pcapng.LinkLoop: // four octets name the family, in some order
		if len(b) < 4 {
			return nil, nil, false
		}
		packet, ok = anyIP(b[4:])
	default:
		packet, ok = anyIP(b)
	}
	return packet, nil, ok && known(link)
}

func ofType(t uint16, b []byte) ([]byte, bool) {
	p, ok := anyIP(b)
	switch wire.EtherType(t) {
	case wire.EtherTypeIPv4:
		return p, ok && p[0]>>4 == 4
	case wire.EtherTypeIPv6:
		return p, ok && p[0]>>4 == 6
	}
	return nil, false
}

// anyIP takes what begins with the version of IP for a packet.
func anyIP(b []byte) ([]byte, bool) {
	if len(b) == 0 {
		return nil, false
	}
	return b, b[0]>>4 == 4 || b[0]>>4 == 6
}
