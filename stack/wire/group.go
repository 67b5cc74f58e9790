package wire

import "net/netip"

// BroadcastMAC is the address of every interface on a LAN (RFC 894).
func BroadcastMAC() MAC { return MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff} }

// IsGroup reports whether frames for m are for more than one interface: the lowest bit of
// the first octet is the group bit (IEEE 802-2014 §8.2.2).
func (m MAC) IsGroup() bool { return m[0]&1 != 0 }

// GroupMAC returns the Ethernet address that frames for a multicast address go to. IPv4:
// "placing the low-order 23-bits of the IP address into the low-order 23 bits of the
// Ethernet multicast address 01-00-5E-00-00-00 (hex)" (RFC 1112 §6.4), so 32 groups share
// one. IPv6: 33-33 and the last four octets of the address (RFC 2464 §7).
func GroupMAC(a netip.Addr) MAC {
	if a.Is4() {
		b := a.As4()
		return MAC{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	b := a.As16()
	return MAC{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// SolicitedNode returns the group that asks for an IPv6 address: ff02::1:ff and the
// address's last 24 bits (RFC 4291 §2.7.1).
func SolicitedNode(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 11: 1, 12: 0xff, 13: b[13], 14: b[14],
		15: b[15]})
}

// AllNodes returns the group of every IPv6 node on a link, ff02::1 (RFC 4291 §2.7.1).
func AllNodes() netip.Addr { return netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 15: 1}) }

// AllHosts returns the group of every IPv4 host that takes multicast, 224.0.0.1
// (RFC 1112 §4).
func AllHosts() netip.Addr { return netip.AddrFrom4([4]byte{224, 0, 0, 1}) }
