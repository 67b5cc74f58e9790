package wire

// Layout is the order and padding in which options are written. RFC 9293 §3.1 leaves both
// free: "Options may begin on any octet boundary" (MUST-64 is for those who read them).
type Layout uint8

// The layouts. The zero value is Linux's.
const (
	LayoutLinux   Layout = iota // in whole words, filled up by NOPs in front
	LayoutFreeBSD               // aligned by NOPs, ended by EOL and zeros
)

// Len returns how many octets Append writes for the options: a multiple of 4.
func (o *Options) Len() int {
	if o.Layout == LayoutFreeBSD {
		var room [maxOpts]byte
		return len(o.appendFreeBSD(room[:0]))
	}
	n := o.lenBeforeSACK()
	if k := o.fittingBlocks(n + 4); k > 0 {
		n += 4 + k*lenBlock
	}
	return n
}

// append writes the options. Unknown kinds are not written: their values were not kept.
func (o *Options) append(b []byte) []byte {
	if o.Layout == LayoutFreeBSD {
		return o.appendFreeBSD(b)
	}
	return o.appendLinux(b)
}

// fittingBlocks returns how many SACK blocks there is room for after used octets, the
// option's own two and its padding among them: 4, or 3 beside a timestamp (RFC 2018 §3).
// The rest is left out, the last first (RFC 2018 §4: the first block is the one that must
// be told).
func (o *Options) fittingBlocks(used int) int {
	return max(0, min(o.NSACK, (maxOpts-used)/lenBlock))
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
	if o.FO {
		n += (o.lenOfFO() + 3) / 4 * 4
	}
	return n
}

// appendLinux writes the options in Linux's order: MSS, SACK-permitted, timestamps, NOP,
// window scale, Fast Open; then NOP NOP SACK. Every group is a whole number of words, so
// nothing is left to pad.
func (o *Options) appendLinux(b []byte) []byte {
	blocks := o.fittingBlocks(o.lenBeforeSACK() + 4)
	if o.MSS != 0 {
		b = o.appendMSS(b)
	}
	switch {
	case o.SACKOK && o.HasTS:
		b = appendSACKOK(b)
	case o.SACKOK:
		b = appendSACKOK(appendNOPs(b, 2))
	case o.HasTS:
		b = appendNOPs(b, 2)
	}
	if o.HasTS {
		b = o.appendTS(b)
	}
	if o.HasWScale {
		b = o.appendWScale(appendNOPs(b, 1))
	}
	if o.FO {
		b = o.appendFO(b)
		b = appendNOPs(b, -o.lenOfFO()&3)
	}
	if blocks > 0 {
		b = o.appendSACK(appendNOPs(b, 2), blocks)
	}
	return b
}

// appendFreeBSD writes the options in FreeBSD's order: MSS, window scale, SACK-permitted,
// timestamps, SACK, Fast Open. NOPs put each where its numbers lie on even boundaries; the
// end is marked by EOL, and "the content of the header beyond the End of Option List
// Option MUST be header padding of zeros" (RFC 9293 §3.1, MUST-69).
func (o *Options) appendFreeBSD(b []byte) []byte {
	start := len(b)
	// align adds NOPs until the options so far are rest more than a multiple of unit.
	align := func(unit, rest int) {
		for (len(b)-start)%unit != rest {
			b = appendNOPs(b, 1)
		}
	}
	if o.MSS != 0 {
		b = o.appendMSS(b)
	}
	if o.HasWScale {
		align(2, 1)
		b = o.appendWScale(b)
	}
	if o.SACKOK {
		align(2, 0)
		b = appendSACKOK(b)
	}
	if o.HasTS {
		align(4, 2)
		b = o.appendTS(b)
	}
	if used := (len(b) - start + 5) / 4 * 4; o.fittingBlocks(used) > 0 {
		align(4, 2)
		b = o.appendSACK(b, o.fittingBlocks(used))
	}
	if o.FO && len(b)-start+o.lenOfFO() <= maxOpts {
		b = o.appendFO(b)
	}
	for n := -(len(b) - start) & 3; n > 0; n-- {
		b = append(b, byte(OptEOL)) // which is zero, as the padding is
	}
	return b
}

func appendNOPs(b []byte, n int) []byte {
	for range n {
		b = append(b, byte(OptNOP))
	}
	return b
}

func appendSACKOK(b []byte) []byte { return append(b, byte(OptSACKOK), lenSACKOK) }

func (o *Options) appendMSS(b []byte) []byte {
	return append16(append(b, byte(OptMSS), lenMSS), o.MSS)
}

func (o *Options) appendWScale(b []byte) []byte {
	return append(b, byte(OptWScale), lenWScale, o.WScale)
}

func (o *Options) appendTS(b []byte) []byte {
	return append32(append32(append(b, byte(OptTS), lenTS), o.TSVal), o.TSEcr)
}

func (o *Options) appendSACK(b []byte, blocks int) []byte {
	b = append(b, byte(OptSACK), byte(2+blocks*lenBlock))
	for _, block := range o.SACK[:blocks] {
		b = append32(append32(b, uint32(block[0])), uint32(block[1]))
	}
	return b
}

func (o *Options) appendFO(b []byte) []byte {
	if o.FOExp {
		b = append16(append(b, byte(OptExp), byte(o.lenOfFO())), fastOpenExID)
	} else {
		b = append(b, byte(OptFO), byte(o.lenOfFO()))
	}
	return append(b, o.Cookie...)
}
