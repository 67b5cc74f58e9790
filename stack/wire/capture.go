package wire

import "labserver/stack/seq"

// ReadTCP reads a segment as a capture has it: cut off, perhaps, and with a checksum that
// the network card was to fill in, so that it is not judged. header is how long the header
// says it is; Data is what there is behind it. Options that are not all there are read as
// far as they go.
func ReadTCP(b []byte) (s TCP, header int, err error) {
	if len(b) < TCPHeaderLen {
		return TCP{}, 0, Truncated
	}
	s = TCP{
		SrcPort: be16(b),
		DstPort: be16(b[2:]),
		Seq:     seq.Num(be32(b[4:])),
		Ack:     seq.Num(be32(b[8:])),
		Flags:   Flags(b[13]),
		Wnd:     be16(b[14:]),
		Urg:     be16(b[18:]),
	}
	header = int(b[12]>>4) * 4
	if header < TCPHeaderLen {
		return s, TCPHeaderLen, BadDataOffset
	}
	there := min(header, len(b))
	s.Data = b[there:]
	err = s.Opts.parse(b[TCPHeaderLen:there])
	if there < header {
		err = Truncated
	}
	return s, header, err
}
