package check

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"labserver/stack"
	"labserver/stack/seq"
)

// provider tells CEL about our struct types and, per predicate, about its events and
// parameters; everything else it leaves to CEL's own registry.
type provider struct {
	*types.Registry
	schema *schema
	events map[string]*eventType
	params []string
}

// paramsType is the type of p.
const paramsType = "params"

// FindStructType implements types.Provider.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if et, ok := p.events[name]; ok {
		return types.NewTypeTypeWithParam(et.cel), true
	}
	if st, ok := p.schema.byName[name]; ok {
		return types.NewTypeTypeWithParam(st.cel), true
	}
	if name == paramsType {
		return types.NewTypeTypeWithParam(types.NewObjectType(paramsType)), true
	}
	return p.Registry.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	if et, ok := p.events[name]; ok {
		return sortedKeys(et.fields), true
	}
	if st, ok := p.schema.byName[name]; ok {
		return sortedKeys(st.fields), true
	}
	if name == paramsType {
		return p.params, true
	}
	return p.Registry.FindStructFieldNames(name)
}

// FindStructFieldType implements types.Provider.
func (p *provider) FindStructFieldType(name, fieldName string) (*types.FieldType, bool) {
	if et, ok := p.events[name]; ok {
		ft, ok := et.fields[fieldName]
		return ft, ok
	}
	if st, ok := p.schema.byName[name]; ok {
		f, ok := st.fields[fieldName]
		if !ok {
			return nil, false
		}
		return objectField(f), true
	}
	if name == paramsType {
		if !slices.Contains(p.params, fieldName) {
			return nil, false
		}
		return paramField(fieldName), true
	}
	return p.Registry.FindStructFieldType(name, fieldName)
}

// NewValue implements types.Provider: predicates look at things and make none.
func (p *provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	return types.NewErr("a predicate cannot make a %s", name)
}

func objectField(f *field) *types.FieldType {
	return &types.FieldType{
		Type:    f.typ,
		IsSet:   func(x any) bool { return !x.(*object).v.FieldByIndex(f.index).IsZero() },
		GetFrom: func(x any) (any, error) { return f.read(x.(*object).v.FieldByIndex(f.index)), nil },
	}
}

func paramField(name string) *types.FieldType {
	return &types.FieldType{
		Type:    types.StringType,
		IsSet:   func(any) bool { return true },
		GetFrom: func(x any) (any, error) { return types.String(x.(*paramsVal).m[name]), nil },
	}
}

// paramsVal is the parameters of a run as a CEL value.
type paramsVal struct {
	object
	m map[string]string
}

// Type implements ref.Val.
func (p *paramsVal) Type() ref.Type { return types.NewObjectType(paramsType) }

// Value implements ref.Val.
func (p *paramsVal) Value() any { return p }

func sortedKeys[K ~string, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// baseEnv is CEL's standard library with our functions.
var baseEnv = sync.OnceValues(func() (*cel.Env, error) {
	reg, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	two := func(f func(a, b seq.Num) ref.Val) cel.OverloadOpt {
		return cel.BinaryBinding(func(a, b ref.Val) ref.Val {
			return f(seq.Num(a.(seqVal)), seq.Num(b.(seqVal)))
		})
	}
	num, str, i64 := seqType, cel.StringType, cel.IntType
	return cel.NewEnv(
		cel.CustomTypeProvider(&provider{Registry: reg, schema: theSchema()}),
		cel.CustomTypeAdapter(reg),
		cel.ParserRecursionLimit(40),
		cel.Function("seq", cel.Overload("seq_of_int", []*cel.Type{i64}, num,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return seqVal(uint32(v.(types.Int))) }))),
		cel.Function("seqAdd", cel.Overload("seq_add", []*cel.Type{num, i64}, num,
			cel.BinaryBinding(func(a, n ref.Val) ref.Val {
				return seqVal(seq.Num(a.(seqVal)).Add(seq.Size(uint32(n.(types.Int)))))
			}))),
		cel.Function("seqBefore", cel.Overload("seq_before", []*cel.Type{num, num}, cel.BoolType,
			two(func(a, b seq.Num) ref.Val { return types.Bool(a.Less(b)) }))),
		cel.Function("seqDiff", cel.Overload("seq_diff", []*cel.Type{num, num}, i64,
			two(func(a, b seq.Num) ref.Val { return types.Int(int32(b.Sub(a))) }))),
		cel.Function("addr", cel.Overload("addr_of_endpoint", []*cel.Type{str}, str,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				a, _ := splitEndpoint(string(v.(types.String)))
				return types.String(a)
			}))),
		cel.Function("port", cel.Overload("port_of_endpoint", []*cel.Type{str}, i64,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				_, p := splitEndpoint(string(v.(types.String)))
				return types.Int(p)
			}))),
	)
})

// splitEndpoint takes "50.50.50.50:8081" apart; port -1 when there is none.
func splitEndpoint(s string) (addr string, port int64) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, -1
	}
	port, err := strconv.ParseInt(s[i+1:], 10, 64)
	if err != nil {
		return s, -1
	}
	return strings.Trim(s[:i], "[]"), port
}

// knownOp reports whether the stack knows a command of this name.
func knownOp(op string) bool {
	_, err := stack.ParseCommand(op, "", json.RawMessage("{}"))
	var bad *stack.ArgError
	return !errors.As(err, &bad) || bad.Code != "unknown_op"
}
