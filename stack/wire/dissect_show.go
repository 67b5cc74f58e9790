package wire

import "strconv"

// How the inspector writes values: decimal numbers as the RFCs' prose has them,
// hexadecimal where people compare octets.

func show8(b []byte) string  { return strconv.Itoa(int(b[0])) }
func show16(b []byte) string { return strconv.Itoa(int(be16(b))) }
func show32(b []byte) string { return strconv.FormatUint(uint64(be32(b)), 10) }

func showHex16(b []byte) string { return hex16(be16(b)) }

func hex16(v uint16) string {
	b := append16(make([]byte, 0, 2), v)
	return "0x" + hexOctet(b[0]) + hexOctet(b[1])
}

func hexOctet(o byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[o>>4], digits[o&15]})
}

// shownOctets is how many octets a value shows before an ellipsis; the hex pane beside
// it has them all.
const shownOctets = 64

// showOctets renders "08 00 …".
func showOctets(b []byte) string {
	out := make([]byte, 0, 3*min(len(b), shownOctets)+3)
	for i, o := range b {
		if i == shownOctets {
			return string(append(out, " …"...))
		}
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, hexOctet(o)...)
	}
	return string(out)
}

// showText renders printable ASCII as it is and a dot for anything else, as hex dumps
// do.
func showText(b []byte) string {
	out := make([]byte, 0, min(len(b), shownOctets)+3)
	for i, o := range b {
		if i == shownOctets {
			return string(append(out, "…"...))
		}
		if o < ' ' || o > '~' {
			o = '.'
		}
		out = append(out, o)
	}
	return string(out)
}

func showEtherType(b []byte) string {
	v := showHex16(b)
	switch EtherType(be16(b)) {
	case EtherTypeIPv4:
		return v + " (IPv4)"
	case EtherTypeARP:
		return v + " (ARP)"
	case EtherTypeIPv6:
		return v + " (IPv6)"
	}
	return v
}
