package wire

import "labserver/stack/seq"

// Flags are the control bits of a TCP header (RFC 9293 §3.1, RFC 3168 §6.1).
type Flags uint8

// The control bits, in the order of the letters FSRPAUEW.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// String returns the letters in the order FSRPAUEW, "SA" for SYN with ACK.
//
// The usual ones are constants: every segment is labelled so, and none should cost memory.
func (f Flags) String() string {
	switch f {
	case ACK:
		return "A"
	case PSH | ACK:
		return "PA"
	case SYN:
		return "S"
	case SYN | ACK:
		return "SA"
	case FIN | ACK:
		return "FA"
	case FIN | PSH | ACK:
		return "FPA"
	case RST:
		return "R"
	case RST | ACK:
		return "RA"
	}
	b := make([]byte, 0, 8)
	for i := range 8 {
		if f&(1<<i) != 0 {
			b = append(b, "FSRPAUEW"[i])
		}
	}
	return string(b)
}

// Has reports whether all of the given bits are set.
func (f Flags) Has(bits Flags) bool { return f&bits == bits }

// TCP is a segment: header fields by their RFC 9293 §3.1 names, options, data.
type TCP struct {
	SrcPort, DstPort uint16
	Seq, Ack         seq.Num
	Flags            Flags
	Wnd              uint16 // as in the header, unscaled
	Urg              uint16
	Opts             Options
	Data             []byte
}

// Options are the TCP options of a segment. A false or zero field is an absent option.
type Options struct {
	MSS       uint16 // RFC 9293 §3.7.1; 0 = absent
	WScale    uint8  // RFC 7323 §2; with HasWScale
	HasWScale bool
	SACKOK    bool          // RFC 2018 §2
	SACK      [4][2]seq.Num // RFC 2018 §3, the first NSACK are present
	NSACK     int
	HasTS     bool // RFC 7323 §3
	TSVal     uint32
	TSEcr     uint32
	FO        bool    // RFC 7413 §4.1.1
	FOExp     bool    // it stands, or is to stand, under the kind of experiments (RFC 6994)
	Cookie    []byte  // its cookie, aliasing what was parsed; nil: one is asked for
	Unknown   []uint8 // kinds passed over (MUST-6)
	Layout    Layout  // how Append writes them; parsing leaves it alone
}

// Len returns the segment's length in sequence space: data, SYN and FIN
// (RFC 9293 §3.4, SEG.LEN).
func (s *TCP) Len() seq.Size {
	n := seq.Size(len(s.Data))
	if s.Flags&SYN != 0 {
		n++
	}
	if s.Flags&FIN != 0 {
		n++
	}
	return n
}
