package wire

import "strconv"

// optionShape is how one known option is shown: its key and what its value holds.
type optionShape struct {
	key, rfc string
	len      int // the whole option; 0: 2 and what fits the kind
}

// holds reports whether an option of this kind may have n octets.
func (s optionShape) holds(kind OptionKind, n int) bool {
	switch {
	case s.len != 0:
		return n == s.len
	case kind == OptSACK:
		return n > 2 && n%lenBlock == 2
	}
	return cookieLen(n - lenFO)
}

func shapeOf(kind OptionKind) (optionShape, bool) {
	switch kind {
	case OptMSS:
		return optionShape{"tcp.opt.mss", "9293 §3.7.1", lenMSS}, true
	case OptWScale:
		return optionShape{"tcp.opt.wscale", "7323 §2.2", lenWScale}, true
	case OptSACKOK:
		return optionShape{"tcp.opt.sack_ok", "2018 §2", lenSACKOK}, true
	case OptSACK:
		return optionShape{"tcp.opt.sack", "2018 §3", 0}, true
	case OptTS:
		return optionShape{"tcp.opt.ts", "7323 §3.2", lenTS}, true
	case OptFO:
		return optionShape{"tcp.opt.fo", "7413 §4.1.1", 0}, true
	}
	return optionShape{}, false
}

// dissectOptions shows the options in frame[from:to].
func dissectOptions(frame []byte, from, to int) []Field {
	const rfc = "9293 §3.1"
	var fields []Field
	for from < to {
		kind := OptionKind(frame[from])
		one := Field{Value: strconv.Itoa(int(kind)), Off: from, Len: 1, RFC: rfc}
		switch {
		case kind == OptNOP:
			one.Key = "tcp.opt.nop"
		case kind == OptEOL:
			one.Key = "tcp.opt.eol"
			fields = append(fields, one)
			if from+1 < to {
				fields = append(fields, Field{Key: "tcp.opt.padding", Off: from + 1,
					Len: to - from - 1, Value: showOctets(frame[from+1 : to]), RFC: rfc})
			}
			return fields
		case from+1 >= to || frame[from+1] < 2 || from+int(frame[from+1]) > to:
			one.Key, one.Len, one.Bad = "tcp.opt.bad", to-from, true
		default:
			one = dissectOption(frame, from, int(frame[from+1]))
		}
		fields = append(fields, one)
		from += one.Len
	}
	return fields
}

// dissectOption shows the option of n octets at off.
func dissectOption(frame []byte, off, n int) Field {
	b := frame[off : off+n]
	kind, length := strconv.Itoa(int(b[0])), strconv.Itoa(n)
	f := Field{Key: "tcp.opt.unknown", Value: kind, Off: off, Len: n, RFC: "9293 §3.1"}
	f.Fields = []Field{
		{Key: "tcp.opt.kind", Value: kind, Off: off, Len: 1},
		{Key: "tcp.opt.len", Value: length, Off: off + 1, Len: 1},
	}
	shape, known := shapeOf(OptionKind(b[0]))
	if known && shape.holds(OptionKind(b[0]), n) {
		f.Key, f.RFC, f.Value = shape.key, shape.rfc, ""
	} else {
		f.Bad = known // a length that kind cannot have
		if n > 2 {
			f.Fields = append(f.Fields, Field{
				Key: "tcp.opt.value", Value: showOctets(b[2:]), Off: off + 2, Len: n - 2})
		}
		return f
	}
	part := func(key, value string, at, n int) {
		f.Fields = append(f.Fields, Field{Key: key, Value: value, Off: off + at, Len: n, RFC: f.RFC})
	}
	switch OptionKind(b[0]) {
	case OptMSS:
		f.Value = show16(b[2:])
		part("tcp.opt.value", f.Value, 2, 2)
	case OptWScale:
		f.Value = show8(b[2:])
		part("tcp.opt.value", f.Value, 2, 1)
	case OptTS:
		f.Value = show32(b[2:]) + " " + show32(b[6:])
		part("tcp.opt.ts.val", show32(b[2:]), 2, 4)
		part("tcp.opt.ts.ecr", show32(b[6:]), 6, 4)
	case OptSACK:
		for at := 2; at < n; at += lenBlock {
			left, right := show32(b[at:]), show32(b[at+4:])
			f.Value += " " + left + "-" + right
			part("tcp.opt.sack.left", left, at, 4)
			part("tcp.opt.sack.right", right, at+4, 4)
		}
		f.Value = f.Value[1:]
	case OptFO:
		if n > lenFO {
			f.Value = showOctets(b[lenFO:])
			part("tcp.opt.fo.cookie", f.Value, lenFO, n-lenFO)
		}
	}
	return f
}
