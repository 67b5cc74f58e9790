package main

// Shape is how a Go type looks in JSON.
type Shape int

// The shapes that events, views and commands are made of.
const (
	String   Shape = iota // any type whose underlying type is string
	Bool                  //
	Int                   // signed; Max and Min say how wide
	Uint                  // unsigned
	Bytes                 // []byte: base64
	Numbers               // event.OptionKinds: octets as an array of numbers
	Raw                   // json.RawMessage: any value
	Addr                  // netip.Addr: "" or "77.77.77.77"
	Prefix                // netip.Prefix: "" or "77.77.77.0/24"
	Endpoint              // inet.Endpoint: "" or "77.77.77.77:3001"
	Text                  // any other TextMarshaler: the text of String
	Object                // a struct
	Pointer               // of Elem: the element or null
	Slice                 // of Elem
	Array                 // of Elem, Len of them
)

// Type is the type of a field.
type Type struct {
	Shape  Shape
	Bits   int     // Int and Uint
	Elem   *Type   // Pointer, Slice, Array
	Len    int     // Array
	Struct *Struct // Object
}

// Field is one member of a JSON object.
type Field struct {
	Go        string // its selector in Go
	JSON      string
	Doc       string
	Type      Type
	Omit      bool // omitempty or omitzero: may be absent
	OmitEmpty bool
}

// Struct is a Go struct that is an object in JSON.
type Struct struct {
	Name   string
	Doc    string
	Fields []Field
}

// Body is a kind of event.
type Body struct {
	Struct
	Kind   string // "conn.opened", or the prefix "cmd."
	Prefix bool
}

// Command is the arguments of an op.
type Command struct {
	Op string
	Struct
}

// Model is all there is to know.
type Model struct {
	Envelope Struct   // of events, without kind and body
	Bodies   []Body   // in source order
	Shared   []Struct // objects inside bodies, dependencies first
	View     []Struct // objects of the view that are not shared, dependencies first
	Commands []Command
	Nested   []Struct // objects inside commands
	States   []string // of a TCP connection, in the RFC's order
}
