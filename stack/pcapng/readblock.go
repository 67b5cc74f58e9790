package pcapng

import (
	"math/bits"
	"strconv"
	"strings"
)

// iface reads an Interface Description (§4.2).
func (r *reader) iface(body []byte) error {
	if len(body) < 8 {
		return r.fail(CodeBadLength, "an Interface Description too short for its fields")
	}
	if len(r.out.Interfaces) >= r.limits.Interfaces {
		return r.fail(CodeTooLarge, "more than "+strconv.Itoa(r.limits.Interfaces)+" interfaces")
	}
	i := Interface{Link: LinkType(r.order.Uint16(body)), SnapLen: r.order.Uint32(body[4:])}
	err := r.options(body[8:], func(code uint16, v []byte) {
		switch {
		case code == OptInterfaceName:
			i.Name = words(v)
		case code == OptInterfaceDescription:
			i.Description = words(v)
		case code == OptComment:
			i.Comments = append(i.Comments, words(v))
		case code == OptInterfaceMAC && len(v) == 6:
			i.MAC = v
		case code == OptInterfaceResolution && len(v) >= 1:
			i.Resolution = v[0]
			if v[0] == 0 { // seconds; 0 stands for a file that does not say
				i.Resolution = 0x80
			}
		case code == OptInterfaceOffset && len(v) >= 8:
			i.Offset = int64(r.order.Uint64(v))
		}
	})
	if err != nil {
		return err
	}
	if res := i.Resolution; res > 19 && res < 0x80 || res > 0x80+63 {
		return r.fail(CodeBadValue, "a resolution of time stamps (if_tsresol) of "+
			strconv.Itoa(int(res)))
	}
	r.out.Interfaces = append(r.out.Interfaces, i)
	return nil
}

// enhanced reads an Enhanced Packet (§4.3).
func (r *reader) enhanced(body []byte) error {
	if len(body) < 20 {
		return r.fail(CodeBadLength, "an Enhanced Packet too short for its fields")
	}
	p, rest, err := r.captured(r.order.Uint32(body), body[4:])
	if err != nil {
		return err
	}
	err = r.options(rest, func(code uint16, v []byte) {
		switch {
		case code == OptComment:
			p.Comments = append(p.Comments, words(v))
		case code == OptPacketFlags && len(v) == 4:
			p.Direction = Direction(r.order.Uint32(v) & 3)
		}
	})
	if err != nil {
		return err
	}
	return r.packet(p)
}

// old reads a Packet of the obsolete kind (appendix A): the interface's number has 16
// bits, and 16 more count drops.
func (r *reader) old(body []byte) error {
	if len(body) < 20 {
		return r.fail(CodeBadLength, "a Packet too short for its fields")
	}
	p, _, err := r.captured(uint32(r.order.Uint16(body)), body[4:])
	if err != nil {
		return err
	}
	return r.packet(p)
}

// captured reads what both have: the time stamp in two halves, two lengths, the data.
func (r *reader) captured(iface uint32, b []byte) (p Packet, rest []byte, err error) {
	i, err := r.of(iface)
	if err != nil {
		return p, nil, err
	}
	ticks := uint64(r.order.Uint32(b))<<32 | uint64(r.order.Uint32(b[4:]))
	have := r.order.Uint32(b[8:])
	p.Length = int(min(r.order.Uint32(b[12:]), 1<<30))
	b = b[16:]
	if uint64(have) > uint64(len(b)) {
		return p, nil, r.fail(CodeBadLength, strconv.FormatUint(uint64(have), 10)+
			" octets captured, and the block has room for "+strconv.Itoa(len(b)))
	}
	p.Interface, p.Data = i, b[:have:have]
	ns, ok := nanoseconds(ticks, r.out.Interfaces[i])
	if !ok {
		return p, nil, r.fail(CodeBadValue, "a time stamp of "+strconv.FormatUint(ticks, 10)+
			" ticks, beyond what 64 bits of nanoseconds hold")
	}
	p.TimeNS = ns
	return p, b[min(aligned(int(have)), len(b)):], nil
}

// simple reads a Simple Packet (§4.4): the first interface's, without a time, which is
// taken to be that of the packet before.
func (r *reader) simple(body []byte) error {
	i, err := r.of(0)
	if err != nil {
		return err
	}
	if len(body) < 4 {
		return r.fail(CodeBadLength, "a Simple Packet too short for its fields")
	}
	length := r.order.Uint32(body)
	have := min(uint64(length), uint64(len(body)-4))
	if snap := r.out.Interfaces[i].SnapLen; snap > 0 {
		have = min(have, uint64(snap))
	}
	return r.packet(Packet{Interface: i, TimeNS: r.last, Data: body[4 : 4+have : 4+have],
		Length: int(min(length, 1<<30))})
}

// of finds an interface of this section.
func (r *reader) of(number uint32) (int, error) {
	if n := len(r.out.Interfaces) - r.first; uint64(number) >= uint64(n) {
		return 0, r.fail(CodeBadValue, "interface "+strconv.FormatUint(uint64(number), 10)+
			", and the section has described "+strconv.Itoa(n))
	}
	return r.first + int(number), nil
}

// options walks the options of a block until their end (§3.5).
func (r *reader) options(b []byte, each func(code uint16, value []byte)) error {
	for len(b) >= 4 {
		code, n := r.order.Uint16(b), int(r.order.Uint16(b[2:]))
		if code == OptEnd {
			return nil
		}
		if n > len(b)-4 {
			return r.fail(CodeBadLength, "option "+strconv.Itoa(int(code))+" has "+
				strconv.Itoa(n)+" octets, and the block ends after "+strconv.Itoa(len(b)-4))
		}
		each(code, b[4:4+n:4+n])
		b = b[min(4+aligned(n), len(b)):]
	}
	return nil
}

func aligned(n int) int { return (n + 3) &^ 3 }

// words is text of a file, which need not be UTF-8.
func words(v []byte) string {
	return strings.ToValidUTF8(strings.TrimRight(string(v), "\x00"), "�")
}

// nanoseconds converts a time stamp of an interface: "the default resolution is 10^-6",
// else powers of 10 or, with the high bit set, of 2 (§4.2, if_tsresol).
func nanoseconds(ticks uint64, i Interface) (int64, bool) {
	var hi, lo uint64
	switch res := i.Resolution; {
	case res == 0:
		hi, lo = bits.Mul64(ticks, 1000)
	case res >= 0x80:
		shift := uint(res & 0x7f)
		hi, lo = bits.Mul64(ticks, 1_000_000_000)
		lo = lo>>shift | hi<<(64-shift)
		hi >>= shift
	case res <= 9:
		hi, lo = bits.Mul64(ticks, power10(9-int(res)))
	default:
		lo = ticks / power10(int(res)-9)
	}
	if hi != 0 || lo > 1<<62 {
		return 0, false
	}
	const second = 1_000_000_000
	if i.Offset > (1<<61)/second || i.Offset < -(1<<61)/second {
		return 0, false
	}
	return int64(lo) + i.Offset*second, true
}

func power10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
