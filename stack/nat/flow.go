package nat

import (
	"encoding/binary"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// Flow is what a NAT sees of a packet. Of an ICMP query the port of the asking side is the
// identifier.
type Flow struct {
	Proto    inet.Protocol
	Src, Dst inet.Endpoint
	Flags    uint8  // of TCP
	Error    bool   // an ICMP error, about Quoted
	Quoted   Quoted // what it is about
}

// Quoted is the packet that an ICMP error quotes.
type Quoted struct {
	Proto    inet.Protocol
	Src, Dst inet.Endpoint
	OK       bool // all of this could be read
}

// Read tells what a whole IPv4 packet is; false if it is of no protocol that can be
// translated (RFC 3022 §2.2: "Sessions other than TCP, UDP and ICMP query type are simply
// not permitted from local nodes, serviced by a NAPT router"), or too short.
func Read(h *wire.IP) (Flow, bool) {
	f := Flow{Proto: h.Proto, Src: inet.Endpoint{Addr: h.Src}, Dst: inet.Endpoint{Addr: h.Dst}}
	b := h.Payload
	switch {
	case h.Proto == inet.TCP && len(b) >= 20:
		f.Flags = b[13]
	case h.Proto == inet.UDP && len(b) >= wire.UDPHeaderLen:
	case h.Proto == inet.ICMP && len(b) >= wire.ICMPHeaderLen:
		return f, f.readICMP(b)
	default:
		return f, false
	}
	f.Src.Port, f.Dst.Port = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	return f, true
}

// readICMP tells queries, their answers and errors apart.
func (f *Flow) readICMP(b []byte) bool {
	m, err := wire.ParseICMP(b)
	switch {
	case err != nil:
		// RFC 5508 REQ-3 (a): "If the ICMP checksum fails to validate, the NAT SHOULD
		// silently drop the ICMP Error packet."
		return false
	case m.IsError():
		f.Error = true
		f.Quoted = readQuoted(m.Data)
	case m.Type == wire.ICMPEcho, m.Type == 13, m.Type == 15, m.Type == 17:
		f.Src.Port = binary.BigEndian.Uint16(b[4:])
	default:
		f.Dst.Port = binary.BigEndian.Uint16(b[4:])
	}
	return true
}

// readQuoted reads the packet inside an ICMP error. RFC 5508 REQ-3 (b): one whose own header
// checksum fails to validate is not trusted.
func readQuoted(data []byte) Quoted {
	p, err := wire.ParseQuoted(data)
	if err != nil || p.Src.Addr.Is6() {
		return Quoted{}
	}
	q := Quoted{Proto: p.Proto, Src: p.Src, Dst: p.Dst}
	header := int(data[0]&15) * 4
	if len(data) < header || wire.Checksum(data[:header]) != 0 {
		return q
	}
	switch p.Proto {
	case inet.TCP, inet.UDP:
		q.OK = p.Src.Port != 0 || p.Dst.Port != 0
	case inet.ICMP:
		if len(data) < header+wire.QuoteLen {
			return q
		}
		id := binary.BigEndian.Uint16(data[header+4:])
		switch data[header] {
		case wire.ICMPEcho:
			q.Src.Port, q.OK = id, true
		case wire.ICMPEchoReply:
			q.Dst.Port, q.OK = id, true
		}
	}
	return q
}
