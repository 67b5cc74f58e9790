package wire

import "labserver/stack/seq"

// OptionKind is the first octet of a TCP option.
type OptionKind uint8

// The kinds this package reads (RFC 9293 §3.1 table 1, RFC 7323 §2 and §3, RFC 2018,
// RFC 7413 §4.1.1).
const (
	OptEOL    OptionKind = 0
	OptNOP    OptionKind = 1
	OptMSS    OptionKind = 2
	OptWScale OptionKind = 3
	OptSACKOK OptionKind = 4
	OptSACK   OptionKind = 5
	OptTS     OptionKind = 8
	OptFO     OptionKind = 34
	OptExp    OptionKind = 254 // of experiments, each with its own number (RFC 6994 §3)
)

// The lengths of options, kind and length octets included.
const (
	lenMSS    = 4
	lenWScale = 3
	lenSACKOK = 2
	lenTS     = 10
	lenBlock  = 8 // one block of SACK, after two octets
	lenFO     = 2 // and a cookie of minCookie to maxCookie octets, or none
	lenExID   = 2 // the number of an experiment
	maxOpts   = TCPMaxHeaderLen - TCPHeaderLen
)

// RFC 7413 §4.1.1: "The cookie […] length MUST be […] 4 to 16 bytes", and even.
const (
	minCookie = 4
	maxCookie = 16
)

// fastOpenExID is the number under which Fast Open was tried before it had a kind of its
// own (RFC 7413, appendix A).
const fastOpenExID = 0xF989

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
	case kind == OptFO && cookieLen(len(v)):
		o.takeFO(v)
	case kind == OptExp && len(v) >= lenExID && be16(v) == fastOpenExID &&
		cookieLen(len(v)-lenExID):
		o.takeFO(v[lenExID:])
		o.FOExp = true
	default:
		return false
	}
	return true
}

func (o *Options) takeFO(cookie []byte) {
	o.FO = true
	if len(cookie) > 0 {
		o.Cookie = cookie
	}
}

// lenOfFO is the length of the Fast Open option without padding.
func (o *Options) lenOfFO() int {
	if o.FOExp {
		return lenFO + lenExID + len(o.Cookie)
	}
	return lenFO + len(o.Cookie)
}

// cookieLen reports whether a Fast Open option may carry a cookie of n octets; one of
// none asks for a cookie.
func cookieLen(n int) bool { return n == 0 || n >= minCookie && n <= maxCookie && n%2 == 0 }

// Blocks returns the SACK blocks that are present.
func (o *Options) Blocks() [][2]seq.Num { return o.SACK[:o.NSACK] }
