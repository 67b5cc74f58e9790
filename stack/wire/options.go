package wire

import "labserver/stack/seq"

// OptionKind is the first octet of a TCP option.
type OptionKind uint8

// The kinds this package reads (RFC 9293 §3.1 table 1, RFC 7323 §2 and §3, RFC 2018).
const (
	OptEOL    OptionKind = 0
	OptNOP    OptionKind = 1
	OptMSS    OptionKind = 2
	OptWScale OptionKind = 3
	OptSACKOK OptionKind = 4
	OptSACK   OptionKind = 5
	OptTS     OptionKind = 8
)

// The lengths of options, kind and length octets included.
const (
	lenMSS    = 4
	lenWScale = 3
	lenSACKOK = 2
	lenTS     = 10
	lenBlock  = 8 // one block of SACK, after two octets
	maxOpts   = TCPMaxHeaderLen - TCPHeaderLen
)

// parse reads the option octets of a header. "A TCP implementation MUST (MUST-6) ignore
// without error any TCP option it does not implement, assuming that the option has a
// length field", and "MUST be prepared to handle an illegal option length" (MUST-7),
// both RFC 9293 §3.1: the latter gives BadOption and what was read before it. An option
// of a known kind but not of its length is passed over like an unknown one.
func (o *Options) parse(b []byte) error {
	for len(b) > 0 {
		kind := OptionKind(b[0])
		if kind == OptEOL {
			return nil
		}
		if kind == OptNOP {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return BadOption
		}
		n := int(b[1])
		if !o.take(kind, b[2:n]) {
			o.Unknown = append(o.Unknown, uint8(kind))
		}
		b = b[n:]
	}
	return nil
}

// take reads one option's value; false if it is not one this package knows.
func (o *Options) take(kind OptionKind, v []byte) bool {
	switch {
	case kind == OptMSS && len(v) == lenMSS-2:
		o.MSS = be16(v)
	case kind == OptWScale && len(v) == lenWScale-2:
		o.WScale, o.HasWScale = v[0], true
	case kind == OptSACKOK && len(v) == lenSACKOK-2:
		o.SACKOK = true
	case kind == OptTS && len(v) == lenTS-2:
		o.HasTS, o.TSVal, o.TSEcr = true, be32(v), be32(v[4:])
	case kind == OptSACK && len(v) > 0 && len(v)%lenBlock == 0:
		for len(v) > 0 && o.NSACK < len(o.SACK) {
			o.SACK[o.NSACK] = [2]seq.Num{seq.Num(be32(v)), seq.Num(be32(v[4:]))}
			o.NSACK++
			v = v[lenBlock:]
		}
	default:
		return false
	}
	return true
}

// Blocks returns the SACK blocks that are present.
func (o *Options) Blocks() [][2]seq.Num { return o.SACK[:o.NSACK] }

// Len returns how many octets Append writes for the options: a multiple of 4.
func (o *Options) Len() int {
	n := o.lenBeforeSACK()
	if k := o.fittingBlocks(n); k > 0 {
		n += 4 + k*lenBlock
	}
	return n
}

func (o *Options) lenBeforeSACK() int {
	n := 0
	if o.MSS != 0 {
		n += lenMSS
	}
	switch {
	case o.HasTS:
		n += 2 + lenTS // sackOK stands where two NOPs would
	case o.SACKOK:
		n += 2 + lenSACKOK
	}
	if o.HasWScale {
		n += 1 + lenWScale
	}
	return n
}

// fittingBlocks returns how many SACK blocks there is room for after used octets:
// 4, or 3 beside a timestamp (RFC 2018 §3).
func (o *Options) fittingBlocks(used int) int {
	return max(0, min(o.NSACK, (maxOpts-used-4)/lenBlock))
}

// append writes the options in Linux's order: MSS, SACK-permitted, timestamps, NOP,
// window scale; then NOP NOP SACK. Every group is a whole number of words, so nothing
// is left to pad. Unknown kinds are not written: their values were not kept. SACK
// blocks beyond the room there is are left out, the last first (RFC 2018 §4: the first
// block is the one that must be told).
func (o *Options) append(b []byte) []byte {
	nop, kind := byte(OptNOP), func(k OptionKind) byte { return byte(k) }
	blocks := o.fittingBlocks(o.lenBeforeSACK())
	if o.MSS != 0 {
		b = append16(append(b, kind(OptMSS), lenMSS), o.MSS)
	}
	switch {
	case o.SACKOK && o.HasTS:
		b = append(b, kind(OptSACKOK), lenSACKOK)
	case o.SACKOK:
		b = append(b, nop, nop, kind(OptSACKOK), lenSACKOK)
	case o.HasTS:
		b = append(b, nop, nop)
	}
	if o.HasTS {
		b = append(b, kind(OptTS), lenTS)
		b = append32(append32(b, o.TSVal), o.TSEcr)
	}
	if o.HasWScale {
		b = append(b, nop, kind(OptWScale), lenWScale, o.WScale)
	}
	if blocks > 0 {
		b = append(b, nop, nop, kind(OptSACK), byte(2+blocks*lenBlock))
		for _, block := range o.SACK[:blocks] {
			b = append32(append32(b, uint32(block[0])), uint32(block[1]))
		}
	}
	return b
}
