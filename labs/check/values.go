package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"labserver/stack/event"
	"labserver/stack/seq"
)

// opaque is what our CEL values share: they convert to nothing.
type opaque struct{}

var errNoNative = errors.New("has no other form")

// ConvertToNative implements ref.Val.
func (opaque) ConvertToNative(reflect.Type) (any, error) { return nil, errNoNative }

// object is a Go struct as a CEL value. It refers to the struct and copies nothing, so
// it is good only while the predicate runs.
type object struct {
	st *structType
	v  reflect.Value
}

func (o *object) ConvertToNative(t reflect.Type) (any, error) { return opaque{}.ConvertToNative(t) }

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(t ref.Type) ref.Val { return noConversion(o, t) }

// Equal implements ref.Val. Which fields of a thing matter is for the author to say, and
// the fields named decide when a predicate on the view is evaluated again.
func (o *object) Equal(ref.Val) ref.Val {
	return types.NewErr("compare fields such as .id, not whole things (%s)", o.st.name)
}

// Type implements ref.Val.
func (o *object) Type() ref.Type { return o.st.cel }

// Value implements ref.Val.
func (o *object) Value() any { return o }

// eventVal is an event as a CEL value.
type eventVal struct {
	ev   *event.Event
	body reflect.Value
	typ  *types.Type
}

// set makes x stand for e.
func (x *eventVal) set(e *event.Event) { x.ev, x.body = e, reflect.ValueOf(e.Body) }

func (x *eventVal) ConvertToNative(t reflect.Type) (any,
	error) {
	return opaque{}.ConvertToNative(t)
}

// ConvertToType implements ref.Val.
func (x *eventVal) ConvertToType(t ref.Type) ref.Val { return noConversion(x, t) }

// Equal implements ref.Val: an event is itself and no other.
func (x *eventVal) Equal(o ref.Val) ref.Val {
	other, ok := o.(*eventVal)
	return types.Bool(ok && other.ev.N == x.ev.N)
}

// Type implements ref.Val.
func (x *eventVal) Type() ref.Type { return x.typ }

// Value implements ref.Val.
func (x *eventVal) Value() any { return x }

// seqVal is a sequence number as a CEL value: it can be compared for equality and goes
// through seqAdd, seqBefore and seqDiff; a bare + or < does not compile.
type seqVal seq.Num

// seqType is the CEL type of sequence numbers.
var seqType = types.NewOpaqueType("seq")

// ConvertToNative implements ref.Val.
func (s seqVal) ConvertToNative(t reflect.Type) (any, error) { return opaque{}.ConvertToNative(t) }

// ConvertToType implements ref.Val.
func (s seqVal) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.StringType:
		return types.String(seq.Num(s).String())
	}
	return noConversion(s, t)
}

// Equal implements ref.Val.
func (s seqVal) Equal(o ref.Val) ref.Val {
	other, ok := o.(seqVal)
	return types.Bool(ok && other == s)
}

// Type implements ref.Val.
func (s seqVal) Type() ref.Type { return seqType }

// Value implements ref.Val.
func (s seqVal) Value() any { return s }

func noConversion(v ref.Val, t ref.Type) ref.Val {
	if t == types.TypeType {
		return v.Type().(*types.Type)
	}
	return types.NewErr("%s cannot become %s", v.Type().TypeName(), t.TypeName())
}

// jsonVal is a command's or note's arguments as CEL maps, whole numbers as int.
func jsonVal(raw []byte) ref.Val {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return types.NullValue
	}
	return types.DefaultTypeAdapter.NativeToValue(wholeNumbers(v))
}

func wholeNumbers(v any) any {
	switch x := v.(type) {
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i
		}
		f, _ := x.Float64()
		return f
	case []any:
		for i := range x {
			x[i] = wholeNumbers(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = wholeNumbers(x[k])
		}
	}
	return v
}
