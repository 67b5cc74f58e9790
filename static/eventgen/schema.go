package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
)

// object is a JSON object whose members keep the order they were put in.
type object struct {
	keys   []string
	values []any
}

func (o *object) put(key string, value any) *object {
	o.keys, o.values = append(o.keys, key), append(o.values, value)
	return o
}

// MarshalJSON implements json.Marshaler.
func (o *object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, key := range o.keys {
		k, err := marshal(key)
		if err != nil {
			return nil, err
		}
		v, err := marshal(o.values[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, k...), ':'), v...)
	}
	return append(b, '}'), nil
}

// marshal is json.Marshal without the escapes for HTML, which nobody would read.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// Schema writes the JSON Schema of the stream. Readers must pass over members they do
// not know (labwire.v1 only grows), so no object is closed.
func Schema(m *Model) ([]byte, error) {
	defs := new(object)
	var events []any
	for _, b := range m.Bodies {
		name := b.Name + "Event"
		kind := new(object).put("const", b.Kind)
		if b.Prefix {
			kind = new(object).put("type", "string").put("pattern", "^"+regexp.QuoteMeta(b.Kind))
		}
		whole := Struct{Doc: b.Doc}
		whole.Fields = append(append(whole.Fields, m.Envelope.Fields...), b.Fields...)
		defs.put(name, schemaOf(whole, kind))
		events = append(events, ref(name))
	}
	for _, list := range [][]Struct{m.Shared, m.View, m.Nested} {
		for _, s := range list {
			defs.put(s.Name, schemaOf(s, nil))
		}
	}
	commands := new(object)
	for _, c := range m.Commands {
		commands.put(c.Op, schemaOf(c.Struct, nil))
	}
	defs.put("Commands", new(object).put("properties", commands))
	top := new(object).
		put("$schema", "https://json-schema.org/draft/2020-12/schema").
		put("title", "labwire.v1 event").
		put("oneOf", events).
		put("$defs", defs)
	compact, err := marshal(top)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, compact, "", " ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

// Hash names a schema.
func Hash(schema []byte) string {
	sum := sha256.Sum256(schema)
	return hex.EncodeToString(sum[:8])
}

func ref(name string) *object { return new(object).put("$ref", "#/$defs/"+name) }

func schemaOf(s Struct, kind *object) *object {
	properties, required := new(object), []string{}
	if kind != nil {
		properties.put("kind", kind)
		required = append(required, "kind")
	}
	for _, f := range s.Fields {
		t := f.Type
		if f.Omit && t.Shape == Pointer {
			t = *t.Elem
		}
		p := schemaType(t)
		if f.Doc != "" {
			p.put("description", f.Doc)
		}
		properties.put(f.JSON, p)
		if !f.Omit {
			required = append(required, f.JSON)
		}
	}
	o := new(object).put("type", "object")
	if s.Doc != "" {
		o.put("description", s.Doc)
	}
	return o.put("properties", properties).put("required", required)
}

func schemaType(t Type) *object {
	o := new(object)
	switch t.Shape {
	case Bool:
		return o.put("type", "boolean")
	case Int:
		return o.put("type", "integer")
	case Uint:
		o.put("type", "integer").put("minimum", 0)
		if t.Bits < 64 {
			o.put("maximum", uint64(1)<<t.Bits-1)
		}
		return o
	case Bytes:
		return o.put("type", "string").put("contentEncoding", "base64")
	case Numbers:
		octet := schemaType(Type{Shape: Uint, Bits: 8})
		return o.put("type", "array").put("items", octet)
	case Raw:
		return o
	case Object:
		return ref(t.Struct.Name)
	case Pointer:
		return o.put("anyOf", []any{schemaType(*t.Elem), new(object).put("type", "null")})
	case Slice:
		return o.put("type", "array").put("items", schemaType(*t.Elem))
	case Array:
		o.put("type", "array").put("items", schemaType(*t.Elem))
		return o.put("minItems", t.Len).put("maxItems", t.Len)
	}
	return o.put("type", "string")
}
