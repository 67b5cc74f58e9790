package stack

import (
	"labserver/stack/inet"
	"labserver/stack/ip"
	"labserver/stack/link"
	"labserver/stack/wire"
)

// shapeOf reads of a packet what the rules of a link may ask for. A fragment that is not
// the first has a protocol and nothing more; damaged headers are read as they are.
func shapeOf(p *ip.Packet) link.Shape {
	if p.ARP {
		return link.Shape{Proto: "arp"}
	}
	h, err := wire.ParseIP(p.Octets)
	s := link.Shape{}
	switch {
	case p.ARP:
		return link.Shape{Proto: "arp"}
	case err != nil && !h.Src.IsValid():
		return s
	case h.Proto == inet.TCP:
		s.Proto = "tcp"
	case h.Proto == inet.UDP:
		s.Proto = "udp"
	case h.Proto == inet.ICMP, h.Proto == inet.ICMPv6:
		s.Proto = "icmp"
	}
	b := h.Payload
	if h.FragOff > 0 || len(b) < 4 || s.Proto != "tcp" && s.Proto != "udp" {
		return s
	}
	s.Src, s.Dst = uint16(b[0])<<8|uint16(b[1]), uint16(b[2])<<8|uint16(b[3])
	switch {
	case s.Proto == "udp":
		s.Data = max(len(b)-wire.UDPHeaderLen, 0)
	case len(b) >= wire.TCPHeaderLen:
		s.Flags = wire.Flags(b[13]).String()
		s.Data = max(len(b)-int(b[12]>>4)*4, 0)
	}
	return s
}
