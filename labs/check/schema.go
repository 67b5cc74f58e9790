package check

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/view"
)

// bodies holds one body of every event kind but commands and notes, whose kinds are made
// from their ops.
func bodies() []event.Body {
	return []event.Body{
		event.WorldStarted{}, event.WorldBudget{}, event.HostAdded{}, event.HostRemoved{},
		event.HostRenamed{}, event.NICAdded{}, event.NICRemoved{}, event.LinkAdded{},
		event.LinkChanged{}, event.LinkRemoved{}, event.RouteAdded{}, event.RouteRemoved{},
		event.KnobSet{}, event.ProcStarted{}, event.ProcEnded{},
		event.CallBlocked{}, event.CallReturned{}, event.CallFailed{}, event.SocketCreated{},
		event.SocketBound{}, event.SocketConnected{}, event.SocketListening{},
		event.SocketQueues{}, event.SocketBuffer{}, event.SocketOption{}, event.SocketError{},
		event.SocketShutdown{}, event.SocketClosed{},
		event.ConnOpened{}, event.ConnState{}, event.ConnSynchronized{}, event.ConnAttached{},
		event.ConnDetached{}, event.ConnClosed{}, event.SndChanged{}, event.RcvChanged{},
		event.ConnMSS{}, event.LossChanged{}, event.UrgentChanged{},
		event.CCChanged{}, event.RTTChanged{}, event.TimerArmed{}, event.TimerStopped{},
		event.TimerFired{},
		event.SegmentSent{}, event.SegmentReceived{}, event.SegmentRefused{},
		event.SegmentHeld{}, event.SegmentLost{}, event.ConnReport{}, event.DatagramSent{},
		event.DatagramReceived{}, event.DatagramRefused{}, event.ICMPSent{},
		event.ICMPReceived{}, event.ICMPSuppressed{}, event.PacketQueued{},
		event.PacketDeparted{}, event.PacketArrived{}, event.PacketDropped{},
		event.PacketDuplicated{}, event.PacketCorrupted{}, event.PacketMarked{}, event.PacketDelayed{},
		event.PacketInjected{}, event.PacketFragmented{}, event.PacketHeld{}, event.PacketMerged{},
		event.PacketTaken{}, event.PathMTU{}, event.CaptureOpened{}, event.PacketObserved{},
		event.LinkRules{}, event.LinkMatched{}, event.QueueChanged{}, event.PacketEdited{},
		event.PingStarted{}, event.PingAnswered{}, event.PingRefused{}, event.PingMissed{},
		event.PingEnded{}, event.TraceStarted{}, event.TraceAnswered{}, event.TraceMissed{},
		event.TraceEnded{}, event.NATSet{}, event.NATMapped{}, event.NATChanged{},
		event.NATExpired{}, event.PacketTranslated{},
		event.ARPSent{}, event.ARPReceived{}, event.NeighbourChanged{}, event.PacketParked{},
		event.MACLearned{}, event.MACForgotten{}, event.NICMAC{}, event.NICAddress{},
		event.GroupJoined{}, event.GroupLeft{}, event.DatagramCopied{},
	}
}

// structType is a Go struct as CEL sees it: its fields by their JSON names.
type structType struct {
	name   string
	cel    *types.Type
	fields map[string]*field
}

// field is how one field is typed and read.
type field struct {
	index []int
	typ   *types.Type
	read  reader
}

// reader turns a field's Go value into a CEL value. It only reads.
type reader func(reflect.Value) ref.Val

// schema is everything predicates can name. It is built once and never changed.
type schema struct {
	structs map[reflect.Type]*structType
	byName  map[string]*structType
	kinds   map[event.Kind]reflect.Type
}

// theSchema returns the schema of this build's events and view.
var theSchema = sync.OnceValue(func() *schema {
	s := &schema{structs: map[reflect.Type]*structType{}, byName: map[string]*structType{},
		kinds: map[event.Kind]reflect.Type{}}
	for _, b := range bodies() {
		t := reflect.TypeOf(b)
		s.kinds[b.Kind()] = t
		s.add(t)
	}
	s.add(reflect.TypeFor[event.Command]())
	s.add(reflect.TypeFor[event.Note]())
	s.add(reflect.TypeFor[event.Event]())
	s.add(reflect.TypeFor[view.View]())
	return s
})

// body returns the Go type of a kind's body; false for a kind that does not exist.
func (s *schema) body(k event.Kind) (reflect.Type, bool) {
	if t, ok := s.kinds[k]; ok {
		return t, true
	}
	switch {
	case strings.HasPrefix(string(k), "cmd.") && knownOp(string(k)[4:]):
		return reflect.TypeFor[event.Command](), true
	case strings.HasPrefix(string(k), "note.") && knownOp(string(k)[5:]):
		return reflect.TypeFor[event.Note](), true
	}
	return nil, false
}

// add describes a struct type and those it holds.
func (s *schema) add(t reflect.Type) *structType {
	if st, ok := s.structs[t]; ok {
		return st
	}
	name := strings.ToLower(t.String()) // "event.segmentsent", "view.conn"
	st := &structType{name: name, cel: types.NewObjectType(name), fields: map[string]*field{}}
	s.structs[t], s.byName[name] = st, st
	for _, f := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || tag == "-" || tag == "" {
			continue
		}
		typ, read := s.describe(f.Type)
		st.fields[tag] = &field{index: f.Index, typ: typ, read: read}
	}
	return st
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

// describe says how a Go type looks in CEL: text where JSON has text, whole numbers as
// int, octets as bytes, sequence numbers as their own type.
func (s *schema) describe(t reflect.Type) (*types.Type, reader) {
	switch t {
	case reflect.TypeFor[seq.Num]():
		return seqType, func(v reflect.Value) ref.Val { return seqVal(v.Uint()) }
	case reflect.TypeFor[inet.TCPState]():
		return types.StringType, func(v reflect.Value) ref.Val {
			return types.String(inet.TCPState(v.Uint()).String())
		}
	case reflect.TypeFor[json.RawMessage]():
		return types.DynType, func(v reflect.Value) ref.Val { return jsonVal(v.Bytes()) }
	}
	if t.Implements(textMarshaler) && t.Kind() != reflect.Pointer {
		return types.StringType, readText
	}
	switch t.Kind() {
	case reflect.String:
		return types.StringType, func(v reflect.Value) ref.Val { return types.String(v.String()) }
	case reflect.Bool:
		return types.BoolType, func(v reflect.Value) ref.Val { return types.Bool(v.Bool()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return types.IntType, func(v reflect.Value) ref.Val { return types.Int(v.Int()) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return types.IntType, func(v reflect.Value) ref.Val { return types.Int(v.Uint()) }
	case reflect.Struct:
		st := s.add(t)
		return st.cel, func(v reflect.Value) ref.Val { return &object{st, v} }
	case reflect.Pointer:
		typ, read := s.describe(t.Elem())
		zero := reflect.Zero(t.Elem())
		return typ, func(v reflect.Value) ref.Val {
			if v.IsNil() {
				return read(zero)
			}
			return read(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 && t.Elem() == reflect.TypeFor[byte]() {
			return types.BytesType, func(v reflect.Value) ref.Val { return types.Bytes(v.Bytes()) }
		}
		typ, read := s.describe(t.Elem())
		return types.NewListType(typ), listReader(read)
	}
	panic("BUG: no CEL type for " + t.String())
}

func readText(v reflect.Value) ref.Val {
	b, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return types.WrapErr(err)
	}
	return types.String(b)
}

func listReader(read reader) reader {
	return func(v reflect.Value) ref.Val {
		elems := make([]ref.Val, v.Len())
		for i := range elems {
			elems[i] = read(v.Index(i))
		}
		return types.NewRefValList(types.DefaultTypeAdapter, elems)
	}
}

// eventType is the type of e in one predicate: the envelope and those body fields that
// all its kinds have alike.
type eventType struct {
	name   string
	cel    *types.Type
	fields map[string]*types.FieldType
}

// newEventType describes an event that is of one of these kinds, all of which exist.
func (s *schema) newEventType(kinds []event.Kind) *eventType {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	t := &eventType{name: "event(" + strings.Join(names, "|") + ")",
		fields: map[string]*types.FieldType{}}
	t.cel = types.NewObjectType(t.name)
	var structs []*structType
	for _, k := range kinds {
		body, _ := s.body(k)
		if st := s.structs[body]; !slices.Contains(structs, st) {
			structs = append(structs, st)
		}
	}
	for name := range structs[0].fields {
		if ft := s.commonField(structs, name); ft != nil {
			t.fields[name] = ft
		}
	}
	for name, f := range s.structs[reflect.TypeFor[event.Event]()].fields {
		t.fields[name] = envelopeField(f)
	}
	t.fields["kind"] = &types.FieldType{Type: types.StringType,
		IsSet:   func(any) bool { return true },
		GetFrom: func(x any) (any, error) { return types.String(x.(*eventVal).ev.Kind()), nil }}
	return t
}

// commonField returns how to read a body field; nil if not all structs have it alike.
func (s *schema) commonField(structs []*structType, name string) *types.FieldType {
	first := structs[0].fields[name]
	for _, st := range structs[1:] {
		if f := st.fields[name]; f == nil || f.typ.String() != first.typ.String() {
			return nil
		}
	}
	one := len(structs) == 1
	get := func(x any) (*field, reflect.Value) {
		v := x.(*eventVal).body
		if one {
			return first, v.FieldByIndex(first.index)
		}
		f := s.structs[v.Type()].fields[name]
		return f, v.FieldByIndex(f.index)
	}
	return &types.FieldType{
		Type:    first.typ,
		IsSet:   func(x any) bool { _, v := get(x); return !v.IsZero() },
		GetFrom: func(x any) (any, error) { f, v := get(x); return f.read(v), nil },
	}
}

func envelopeField(f *field) *types.FieldType {
	get := func(x any) reflect.Value {
		return reflect.ValueOf(x.(*eventVal).ev).Elem().FieldByIndex(f.index)
	}
	return &types.FieldType{
		Type:    f.typ,
		IsSet:   func(x any) bool { return !get(x).IsZero() },
		GetFrom: func(x any) (any, error) { return f.read(get(x)), nil },
	}
}
