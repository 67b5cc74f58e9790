package script

import (
	"encoding/hex"
	"strconv"
	"strings"

	"labserver/stack/inet"
	"labserver/stack/wire"
)

// packet reads < or > and what follows.
func (s *scanner) packet() *Packet {
	p := &Packet{Inbound: s.peek() == '<'}
	s.skip(1)
	s.space()
	for s.peek() == '[' {
		s.ipInfo(&p.IP)
		s.space()
	}
	s.ports(p)
	switch w := s.peekWord(); w {
	case "udp":
		s.takeWord(w)
		p.Proto = inet.UDP
		p.Len = s.octets()
	case "icmp", "icmpv6", "icmp6":
		s.takeWord(w)
		p.Proto = inet.ICMP
		s.icmp(p)
	case "ipv4", "ipv6", "gre", "mpls", "udplite", "sctp":
		s.bad(w + " packets are not understood here")
	default:
		p.Proto = inet.TCP
		s.tcp(p)
	}
	return p
}

// ports reads an optional SRC > DST before the packet.
func (s *scanner) ports(p *Packet) {
	if !digit(s.peek()) {
		return
	}
	at, line := s.at, s.line
	w := s.word()
	if strings.Trim(w, "0123456789") == "" && s.take(">") {
		s.at, s.line = at, line
		src := s.below("a port", 1<<16)
		s.must(">")
		p.Ports = &[2]uint16{uint16(src), uint16(s.below("a port", 1<<16))}
		s.take(":")
		return
	}
	s.at, s.line = at, line
}

// octets reads a count of octets in parentheses.
func (s *scanner) octets() int {
	s.must("(")
	n := s.below("a length", wire.IPv4MaxLen)
	s.must(")")
	return int(n)
}

// ipInfo reads [ect0], [ce, ttl 5], [tos 0x10, flowlabel 0x1].
func (s *scanner) ipInfo(ip *IPInfo) {
	s.must("[")
	for !s.take("]") {
		s.take(",")
		w := strings.ToLower(s.word())
		switch w {
		case "noecn", "ect1", "ect0", "ce":
			bits := uint8(strings.Index("noecn ect1  ect0  ce", w) / 6)
			ip.ECN = &bits
		case "ecn": // ECN-capable, either codepoint
			bits := uint8(2)
			ip.ECN = &bits
		case "tos", "tclass", "dscp":
			v := uint8(s.below("a type of service", 256))
			if w == "dscp" {
				v <<= 2
			}
			ip.TOS = &v
		case "ttl", "hlim", "hoplimit":
			v := uint8(s.below("a TTL", 256))
			ip.TTL = &v
		case "bad_csum":
			ip.BadChecksum = true
		case "flowlabel":
			v := uint32(s.below("a flow label", 1<<20))
			ip.Flow = &v
		default:
			s.bad("in the brackets before a packet " + strconv.Quote(w) + " is not understood")
		}
	}
}

// tcp reads flags, sequence numbers, ack, win, urg and options.
func (s *scanner) tcp(p *Packet) {
	s.flags(p)
	p.Seq, p.End, p.Len = s.span()
	for {
		switch w := s.peekWord(); w {
		case "ack":
			s.takeWord(w)
			p.Ack = s.sequence("an acknowledgment number")
			if p.Flags&wire.ACK == 0 {
				s.bad("ack without the flag '.'")
			}
		case "win":
			s.takeWord(w)
			p.HasWin, p.Win = true, uint32(s.below("a window", 1<<16))
		case "urg":
			s.takeWord(w)
			p.HasUrg, p.Urg = true, uint16(s.below("an urgent pointer", 1<<16))
		default:
			s.options(p)
			return
		}
	}
}

// flags reads the letters FSRPUEWA with '.' for ACK, or '-' for none.
func (s *scanner) flags(p *Packet) {
	s.space()
	from := s.at
	for ; ; s.at++ {
		c := s.peek()
		switch {
		case c == '.':
			p.Flags |= wire.ACK
			continue
		case c == 'A':
			p.AE = true
			continue
		case c == '-' && s.at == from:
			s.at++
		case strings.IndexByte("FSRPxUEW", c) >= 0 && c != 'x':
			p.Flags |= 1 << strings.IndexByte("FSRPxUEW", c)
			continue
		}
		break
	}
	if s.at == from {
		s.expected("flags (letters of FSRPUEW, '.' for ACK, '-' for none), udp or icmp")
	}
}

// span reads first:last(length).
func (s *scanner) span() (first, end uint32, n int) {
	first = s.sequence("a sequence number")
	s.must(":")
	end = s.sequence("a sequence number")
	n = s.octets()
	if end-first != uint32(n) {
		s.bad("from " + strconv.FormatUint(uint64(first), 10) + " to " +
			strconv.FormatUint(uint64(end), 10) + " are not " + strconv.Itoa(n) + " octets")
	}
	return first, end, n
}

// options reads <option, option>, <...> or nothing, which is no options at all.
func (s *scanner) options(p *Packet) {
	if !s.take("<") {
		return
	}
	if s.take("...") {
		s.must(">")
		p.AnyOpts = true
		return
	}
	for !s.take(">") {
		if len(p.Opts) > 0 {
			s.must(",")
		}
		p.Opts = append(p.Opts, s.option())
	}
	if n := len(appendOptions(nil, p.Opts)); n > wire.TCPMaxHeaderLen-wire.TCPHeaderLen {
		s.bad("options of " + strconv.Itoa(n) + " octets; a header has room for 40")
	}
}

func (s *scanner) option() Option {
	switch w := s.word(); w {
	case "eol":
		return Option{Kind: uint8(wire.OptEOL)}
	case "nop":
		return Option{Kind: uint8(wire.OptNOP)}
	case "mss":
		return Option{Kind: uint8(wire.OptMSS), Value: uint32(s.below("an MSS", 1<<16))}
	case "wscale":
		return Option{Kind: uint8(wire.OptWScale), Value: uint32(s.below("a shift", 256))}
	case "sackOK", "sackok", "sack_ok":
		return Option{Kind: uint8(wire.OptSACKOK)}
	case "sack":
		return s.sack()
	case "TS", "ts":
		return s.timestamps()
	case "FO", "FOEXP":
		return Option{Kind: optFastOpen, Cookie: s.cookie(), Exp: w == "FOEXP"}
	case "md5":
		return Option{Kind: optMD5, Cookie: s.cookie()}
	default:
		s.bad("the TCP option " + strconv.Quote(w) + " is not known")
	}
	return Option{}
}

func (s *scanner) sack() Option {
	o := Option{Kind: uint8(wire.OptSACK)}
	for s.space(); digit(s.peek()) || s.peek() == '-'; s.space() {
		left := s.sequence("a sequence number")
		s.must(":")
		o.Blocks = append(o.Blocks, [2]uint32{left, s.sequence("a sequence number")})
	}
	return o
}

func (s *scanner) timestamps() Option {
	o := Option{Kind: uint8(wire.OptTS)}
	if !s.takeWord("val") {
		s.expected("val")
	}
	o.Value = uint32(s.below("a timestamp", 1<<32))
	if !s.takeWord("ecr") {
		s.expected("ecr")
	}
	o.Ecr = uint32(s.below("a timestamp", 1<<32))
	return o
}

// cookie reads hexadecimal octets, if there are any.
func (s *scanner) cookie() []byte {
	w := s.peekWord()
	if w == "" {
		return nil
	}
	b, err := hex.DecodeString(strings.TrimPrefix(w, "0x"))
	if err != nil {
		s.expected("a cookie in hexadecimal")
	}
	s.takeWord(w)
	return b
}

// icmp reads TYPE [CODE] [mtu N] [[what it quotes]].
func (s *scanner) icmp(p *Packet) {
	p.ICMP = &ICMPInfo{}
	s.quoted(p.ICMP)
	if p.ICMP.Type = s.word(); p.ICMP.Type == "" {
		s.expected("the type of an ICMP message")
	}
	for {
		w := s.peekWord()
		switch {
		case w == "mtu":
			s.takeWord(w)
			p.ICMP.HasMTU, p.ICMP.MTU = true, uint32(s.below("an MTU", 1<<32))
		case w != "" && !digit(w[0]) && p.ICMP.Code == "":
			s.takeWord(w)
			p.ICMP.Code = w
		default:
			s.quoted(p.ICMP)
			if _, _, ok := icmpNumbers(p.ICMP, false); ok {
				return
			}
			if _, _, ok := icmpNumbers(p.ICMP, true); ok {
				return
			}
			s.bad("the ICMP message " + strconv.Quote(strings.TrimSpace(p.ICMP.Type+" "+
				p.ICMP.Code)) + " is not known")
		}
	}
}

// quoted reads the packet an ICMP error is about: [1:1461(1460)], [udp (1000)], [...].
func (s *scanner) quoted(i *ICMPInfo) {
	if !s.take("[") {
		return
	}
	if s.take("...") {
		s.must("]")
		return
	}
	q := &Packet{Proto: inet.TCP}
	if s.takeWord("udp") {
		q.Proto, q.Len = inet.UDP, s.octets()
	} else {
		q.Seq, q.End, q.Len = s.span()
	}
	i.Quoted = q
	s.must("]")
}
