package stack

import (
	"encoding/hex"
	"strconv"

	"labserver/stack/event"
	"labserver/stack/ip"
	"labserver/stack/rfc"
	"labserver/stack/wire"
)

// What segment.edit writes: fields of a packet in flight, by their names.

// edited is one field to write.
type edited struct {
	name  string
	value uint32
}

// numbered are the fields of a set that are numbers, in the order of headers, each with
// the largest number it can be in any packet.
func (s EditSet) numbered() []numberedField {
	return []numberedField{{"ttl", s.TTL, 255}, {"tos", s.TOS, 255}, {"id", s.ID, 65535},
		{"sport", s.SPort, 65535}, {"dport", s.DPort, 65535}, {"seq", s.Seq, 1<<32 - 1},
		{"ack", s.Ack, 1<<32 - 1}, {"wnd", s.Wnd, 65535}, {"urg", s.Urg, 65535},
		{"mss", s.MSS, 65535}, {"wscale", s.WScale, 255}, {"ts_val", s.TSVal, 1<<32 - 1},
		{"ts_ecr", s.TSEcr, 1<<32 - 1}, {"type", s.Type, 255}, {"code", s.Code, 255}}
}

type numberedField struct {
	name  string
	value *int64
	most  int64
}

// list returns the fields that are given, octets apart.
func (s EditSet) list() (list []edited) {
	for _, f := range s.numbered() {
		if f.value != nil {
			list = append(list, edited{f.name, uint32(*f.value)})
		}
	}
	if s.ECN != nil {
		field, _ := ecnField(*s.ECN)
		list = append(list, edited{"ecn", uint32(field)})
	}
	if s.DF != nil {
		list = append(list, edited{"df", 0})
		if *s.DF {
			list[len(list)-1].value = 1
		}
	}
	if s.Flags != nil {
		list = append(list, edited{"flags", uint32(flagsOf(*s.Flags))})
	}
	return list
}

// flagsOf reads letters of FSRPAUEW.
func flagsOf(letters string) (f wire.Flags) {
	for _, l := range letters {
		for bit := range 8 {
			if rune("FSRPAUEW"[bit]) == l {
				f |= 1 << bit
			}
		}
	}
	return f
}

func (a SegmentEdit) checkRanges() error {
	for _, f := range a.Set.numbered() {
		if err := ranged("set."+f.name, f.value, f.most); err != nil {
			return err
		}
	}
	if a.Set.Flags != nil {
		if err := checkLetters("set.flags", *a.Set.Flags); err != nil {
			return err
		}
	}
	if a.Set.ECN != nil {
		if err := oneOf("set.ecn", *a.Set.ECN, "not", "ect0", "ect1", "ce"); err != nil {
			return err
		}
	}
	if len(a.Set.list()) == 0 && a.Set.Payload == nil && a.Set.Raw == nil {
		return &ArgError{Code: CodeMissing, Field: "set"}
	}
	return first(a.Set.Payload.check("set.payload"), a.Set.Raw.check("set.raw"),
		oneOf("checksum", a.Checksum, "", "fix", "keep"))
}

func (o *EditOctets) check(at string) *ArgError {
	switch {
	case o == nil:
		return nil
	case (o.Text == nil) == (o.Base64 == nil):
		return &ArgError{Code: CodeExactlyOne, Field: at + ".text, base64"}
	case len(o.octets()) == 0:
		return &ArgError{Code: CodeMissing, Field: at}
	}
	return inRange(at+".offset", int64(o.Offset), 0, maxMTU)
}

func (o *EditOctets) octets() []byte {
	if o.Text != nil {
		return []byte(*o.Text)
	}
	return o.Base64
}

// checkFields refuses to write what the packet does not have.
func checkFields(s EditSet, packet []byte) error {
	for _, f := range s.list() {
		if _, ok := wire.Find(packet, f.name); !ok {
			return &ArgError{Code: CodeNoField, Field: "set." + f.name, Got: f.name}
		}
	}
	if s.Payload != nil {
		at, ok := wire.Data(packet)
		if !ok {
			return &ArgError{Code: CodeNoField, Field: "set.payload", Got: "payload"}
		}
		if err := s.Payload.fits("set.payload", len(packet)-at); err != nil {
			return err
		}
	}
	if s.Raw != nil {
		return first(s.Raw.fits("set.raw", len(packet)))
	}
	return nil
}

// fits refuses octets that reach past the room there is: a packet keeps its length.
func (o *EditOctets) fits(at string, room int) *ArgError {
	return inRange(at+".offset", int64(o.Offset), 0, int64(room-len(o.octets())))
}

// editFields carries out segment.edit, field by field: numbers first, then octets of the
// payload, then raw ones.
func editFields(p *ip.Packet, a SegmentEdit, scope event.Scope) {
	write := func(edit func([]byte)) {
		if a.Checksum == "keep" {
			edit(p.Octets)
			return
		}
		wire.Mended(p.Octets, edit)
	}
	for _, f := range a.Set.list() {
		place, ok := wire.Find(p.Octets, f.name)
		if !ok {
			panic("BUG: a field that is not there passed the check: " + f.name)
		}
		old := place.Get(p.Octets)
		write(func(b []byte) { place.Put(b, f.value) })
		if f.name == "flags" {
			p.Label = wire.Flags(f.value).String()
		}
		p.By = event.Emit(scope, rfc.Edited, event.PacketEdited{Pkt: p.ID, Field: f.name,
			Old: shownField(f.name, old), New: shownField(f.name, f.value)})
	}
	if o := a.Set.Payload; o != nil {
		at, _ := wire.Data(p.Octets)
		editOctets(p, "payload", at+o.Offset, o, write, scope)
	}
	if o := a.Set.Raw; o != nil {
		editOctets(p, "raw", o.Offset, o, write, scope)
	}
}

// editOctets writes octets at a place of a packet.
func editOctets(p *ip.Packet, name string, at int, o *EditOctets,
	write func(func([]byte)), scope event.Scope) {
	b := o.octets()
	old := shownOctets(p.Octets[at : at+len(b)])
	write(func(packet []byte) { copy(packet[at:], b) })
	p.By = event.Emit(scope, rfc.Edited, event.PacketEdited{Pkt: p.ID,
		Field: name + "[" + strconv.Itoa(o.Offset) + "]", Old: old, New: shownOctets(b)})
}

// shownField writes a field's value as people read it.
func shownField(name string, v uint32) string {
	switch name {
	case "flags":
		return wire.Flags(v).String()
	case "ecn":
		return [...]string{"not", "ect1", "ect0", "ce"}[v&3]
	}
	return strconv.FormatUint(uint64(v), 10)
}

// shownOctets writes the first of some octets in hex.
func shownOctets(b []byte) string {
	const most = 16
	if len(b) > most {
		return hex.EncodeToString(b[:most]) + "…"
	}
	return hex.EncodeToString(b)
}
