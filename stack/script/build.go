package script

import (
	"encoding/binary"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// ends are the two endpoints of a packet, in the direction in which it goes.
type ends struct{ src, dst inet.Endpoint }

// octets builds the IP packet that a packet of raw numbers describes.
func (p *Packet) octets(e ends, quoted []byte) []byte {
	v6 := e.src.Addr.Is6()
	var payload []byte
	proto := p.Proto
	switch p.Proto {
	case inet.TCP:
		payload = p.segment(e)
	case inet.UDP:
		u := wire.UDP{SrcPort: e.src.Port, DstPort: e.dst.Port, Data: pattern(p.Len)}
		payload = u.Append(nil, e.src.Addr, e.dst.Addr)
	case inet.ICMP:
		if v6 {
			proto = inet.ICMPv6
		}
		payload = p.icmpMessage(e, quoted)
	}
	if p.IP.BadChecksum && len(payload) > 0 {
		payload[len(payload)-1] ^= 0xff
	}
	return p.packetOf(e, proto, payload)
}

// packetOf writes the IP header before a payload.
func (p *Packet) packetOf(e ends, proto inet.Protocol, payload []byte) []byte {
	tos, ttl := uint8(0), uint8(defaultTTL)
	if p.IP.TOS != nil {
		tos = *p.IP.TOS
	}
	if p.IP.ECN != nil {
		tos = tos&^3 | *p.IP.ECN
	}
	if p.IP.TTL != nil {
		ttl = *p.IP.TTL
	}
	if e.src.Addr.Is4() {
		h := wire.IPv4{Src: e.src.Addr, Dst: e.dst.Addr, Proto: proto, TTL: ttl, TOS: tos,
			DF: true, Payload: payload}
		return h.Append(nil)
	}
	h := wire.IPv6{Src: e.src.Addr, Dst: e.dst.Addr, Proto: proto, HopLimit: ttl, Class: tos,
		Payload: payload}
	if p.IP.Flow != nil {
		h.Flow = *p.IP.Flow
	}
	return h.Append(nil)
}

// defaultTTL is the TTL of packets that name none.
const defaultTTL = 255

// segment writes the TCP segment. Options stand in the script's own order, filled up to
// whole words with the end-of-list octet.
func (p *Packet) segment(e ends) []byte {
	opts := appendOptions(nil, p.Opts)
	for len(opts)%4 != 0 {
		opts = append(opts, byte(wire.OptEOL))
	}
	header := wire.TCPHeaderLen + len(opts)
	offset := byte(header/4) << 4
	if p.AE {
		offset |= 1
	}
	b := make([]byte, 0, header+p.Len)
	b = binary.BigEndian.AppendUint16(b, e.src.Port)
	b = binary.BigEndian.AppendUint16(b, e.dst.Port)
	b = binary.BigEndian.AppendUint32(b, p.Seq)
	b = binary.BigEndian.AppendUint32(b, p.Ack)
	b = append(b, offset, byte(p.Flags))
	b = binary.BigEndian.AppendUint16(b, uint16(p.Win))
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint16(b, p.Urg)
	b = append(append(b, opts...), pattern(p.Len)...)
	binary.BigEndian.PutUint16(b[16:], transportChecksum(e, inet.TCP, b))
	return b
}

// transportChecksum is the checksum over the pseudo-header and a payload whose own
// checksum field is 0 (RFC 9293 §3.1, RFC 8200 §8.1).
func transportChecksum(e ends, proto inet.Protocol, payload []byte) uint16 {
	pseudo := make([]byte, 0, 40+len(payload))
	pseudo = append(append(pseudo, e.src.Addr.AsSlice()...), e.dst.Addr.AsSlice()...)
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(payload)))
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(proto))
	return wire.Checksum(append(pseudo, payload...))
}

// pattern is what injected data holds: n octets that repeat the alphabet.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

// appendOptions writes options without padding.
func appendOptions(b []byte, opts []Option) []byte {
	for _, o := range opts {
		b = o.append(b)
	}
	return b
}

func (o Option) append(b []byte) []byte {
	switch k := wire.OptionKind(o.Kind); {
	case k == wire.OptEOL || k == wire.OptNOP:
		return append(b, o.Kind)
	case k == wire.OptMSS:
		return binary.BigEndian.AppendUint16(append(b, o.Kind, 4), uint16(o.Value))
	case k == wire.OptWScale:
		return append(b, o.Kind, 3, byte(o.Value))
	case k == wire.OptSACKOK:
		return append(b, o.Kind, 2)
	case k == wire.OptTS:
		b = binary.BigEndian.AppendUint32(append(b, o.Kind, 10), o.Value)
		return binary.BigEndian.AppendUint32(b, o.Ecr)
	case k == wire.OptSACK:
		b = append(b, o.Kind, byte(2+8*len(o.Blocks)))
		for _, block := range o.Blocks {
			b = binary.BigEndian.AppendUint32(b, block[0])
			b = binary.BigEndian.AppendUint32(b, block[1])
		}
		return b
	case o.Exp: // RFC 6994: kind 254, length, the experiment's own 16 bits
		b = append(b, optExp, byte(4+len(o.Cookie)))
		return append(binary.BigEndian.AppendUint16(b, fastOpenID), o.Cookie...)
	}
	return append(append(b, o.Kind, byte(2+len(o.Cookie))), o.Cookie...)
}

// parseOptions reads the option octets of a header, in their order. What does not parse
// becomes an option of its kind with the octets there are.
func parseOptions(b []byte) []Option {
	var opts []Option
	for len(b) > 0 {
		kind := wire.OptionKind(b[0])
		if kind == wire.OptEOL || kind == wire.OptNOP {
			opts = append(opts, Option{Kind: b[0]})
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return append(opts, Option{Kind: b[0], Cookie: b[1:]})
		}
		opts = append(opts, parseOption(b[0], b[2:b[1]]))
		b = b[b[1]:]
	}
	return opts
}

func parseOption(kind uint8, v []byte) Option {
	o := Option{Kind: kind}
	switch k := wire.OptionKind(kind); {
	case k == wire.OptMSS && len(v) == 2:
		o.Value = uint32(binary.BigEndian.Uint16(v))
	case k == wire.OptWScale && len(v) == 1:
		o.Value = uint32(v[0])
	case k == wire.OptSACKOK && len(v) == 0:
	case k == wire.OptTS && len(v) == 8:
		o.Value, o.Ecr = binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
	case k == wire.OptSACK && len(v)%8 == 0:
		for ; len(v) > 0; v = v[8:] {
			o.Blocks = append(o.Blocks,
				[2]uint32{binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])})
		}
	case kind == optExp && len(v) >= 2 && binary.BigEndian.Uint16(v) == fastOpenID:
		o = Option{Kind: optFastOpen, Exp: true, Cookie: v[2:]}
	default:
		o.Cookie = v
	}
	return o
}

// parsePacket reads a real IP packet: raw numbers, as they are in its headers. ok is
// false for what is no IP packet.
func parsePacket(b []byte) (p Packet, e ends, ok bool) {
	if len(b) == 0 {
		return p, e, false
	}
	var proto inet.Protocol
	var payload []byte
	var tos, ttl uint8
	fragOff := 0
	if b[0]>>4 == 4 {
		h, err := wire.ParseIPv4(b)
		if err != nil && err != wire.Truncated || !h.Src.IsValid() {
			return p, e, false
		}
		e.src.Addr, e.dst.Addr, fragOff = h.Src, h.Dst, h.FragOff
		proto, payload, tos, ttl = h.Proto, h.Payload, h.TOS, h.TTL
	} else {
		h, err := wire.ParseIPv6(b)
		if err != nil && err != wire.Truncated || !h.Src.IsValid() {
			return p, e, false
		}
		e.src.Addr, e.dst.Addr, fragOff, p.IP.Flow = h.Src, h.Dst, h.FragOff, &h.Flow
		proto, payload, tos, ttl = h.Proto, h.Payload, h.Class, h.HopLimit
	}
	if fragOff != 0 { // the first fragment says how long the whole is
		return p, e, false
	}
	ecn := tos & 3
	p.IP.ECN, p.IP.TOS, p.IP.TTL = &ecn, &tos, &ttl
	return p, e, p.parseTransport(proto, payload, &e)
}

func (p *Packet) parseTransport(proto inet.Protocol, b []byte, e *ends) bool {
	p.Proto = proto
	switch {
	case proto == inet.TCP && len(b) >= wire.TCPHeaderLen:
		e.src.Port, e.dst.Port = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		p.Seq, p.Ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
		p.Flags, p.AE = wire.Flags(b[13]), b[12]&1 != 0
		p.HasWin, p.Win = true, uint32(binary.BigEndian.Uint16(b[14:]))
		p.HasUrg, p.Urg = true, binary.BigEndian.Uint16(b[18:])
		header := min(max(int(b[12]>>4)*4, wire.TCPHeaderLen), len(b))
		p.Opts = parseOptions(b[wire.TCPHeaderLen:header])
		p.Len = len(b) - header
		p.End = p.Seq + uint32(p.Len)
	case proto == inet.UDP && len(b) >= wire.UDPHeaderLen:
		e.src.Port, e.dst.Port = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		p.Len = int(binary.BigEndian.Uint16(b[4:])) - wire.UDPHeaderLen
	case proto == inet.ICMP || proto == inet.ICMPv6:
		p.Proto = inet.ICMP
		p.ICMP = parseICMP(b, proto == inet.ICMPv6)
	default:
		return false
	}
	return true
}
