package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// loader turns what the sources say into a Model.
type loader struct {
	*sources
	objects map[*types.TypeName]*Struct
	order   *[]Struct // where an object met for the first time is listed
}

// Load reads the packages event and view and the command arguments under root.
func Load(root string) (*Model, error) {
	l := &loader{sources: newSources(root), objects: map[*types.TypeName]*Struct{}}
	m := &Model{}
	event, err := l.load(module + "/stack/event")
	if err != nil {
		return nil, err
	}
	l.order = &m.Shared
	if m.Envelope, err = l.named(event, "Event"); err != nil {
		return nil, err
	}
	if m.Bodies, err = l.bodies(event, m.Envelope); err != nil {
		return nil, err
	}
	view, err := l.load(module+"/stack/view", "view.go")
	if err != nil {
		return nil, err
	}
	l.order = &m.View
	top, err := l.named(view, "View")
	if err != nil {
		return nil, err
	}
	m.View = append(m.View, top)
	args, err := l.load(module+"/stack", "args.go")
	if err != nil {
		return nil, err
	}
	l.order = &m.Nested
	if m.Commands, err = l.commands(args); err != nil {
		return nil, err
	}
	m.States, err = l.states()
	return m, err
}

// bodies finds every type with a method Kind, in source order.
func (l *loader) bodies(pkg *types.Package, envelope Struct) ([]Body, error) {
	var bodies []Body
	for _, f := range l.files[pkg.Path()] {
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Name.Name != "Kind" || fn.Recv == nil {
				continue
			}
			recv, ok := fn.Recv.List[0].Type.(*ast.Ident)
			if !ok {
				return nil, fmt.Errorf("%s: Kind must have a value receiver", l.fset.Position(fn.Pos()))
			}
			if recv.Name == "Event" {
				continue
			}
			kind, prefix, err := kindOf(fn)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.fset.Position(fn.Pos()), err)
			}
			s, err := l.named(pkg, recv.Name)
			if err != nil {
				return nil, err
			}
			for _, f := range s.Fields {
				clash := func(g Field) bool { return g.JSON == f.JSON }
				if f.JSON == "kind" || slices.ContainsFunc(envelope.Fields, clash) {
					return nil, fmt.Errorf("%s.%s stands beside the envelope's %q", s.Name, f.Go, f.JSON)
				}
			}
			bodies = append(bodies, Body{Struct: s, Kind: kind, Prefix: prefix})
		}
	}
	return bodies, nil
}

// kindOf reads `return "conn.opened"` or `return Kind("cmd." + b.Op)`.
func kindOf(fn *ast.FuncDecl) (kind string, prefix bool, err error) {
	var literal *ast.BasicLit
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			literal = lit
		}
		return true
	})
	if literal == nil {
		return "", false, fmt.Errorf("method Kind of %v names no kind", fn.Recv.List[0].Type)
	}
	kind, err = strconv.Unquote(literal.Value)
	return kind, strings.HasSuffix(kind, "."), err
}

// commands pairs ops with the argument types of args.go, in ParseCommand's order.
func (l *loader) commands(pkg *types.Package) ([]Command, error) {
	var commands []Command
	ops, err := readOps(l.root)
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		s, err := l.named(pkg, op.Args)
		if err != nil {
			return nil, fmt.Errorf("op %s: %w", op.Name, err)
		}
		commands = append(commands, Command{Op: op.Name, Struct: s})
	}
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name).(*types.TypeName)
		used := l.objects[obj] != nil || name == "Payload" // Payload is embedded
		if !used && !slices.ContainsFunc(ops, func(op Op) bool { return op.Args == name }) {
			return nil, fmt.Errorf("args.go: %s belongs to no op of ParseCommand", name)
		}
	}
	return commands, nil
}

// states reads the names of TCP states from inet.TCPState's String method.
func (l *loader) states() ([]string, error) {
	var names []string
	for _, f := range l.files[module+"/stack/inet"] {
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Name.Name != "String" || fn.Recv == nil ||
				fmt.Sprint(fn.Recv.List[0].Type) != "TCPState" {
				continue
			}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Value != `"?"` {
					name, _ := strconv.Unquote(lit.Value)
					names = append(names, name)
				}
				return true
			})
		}
	}
	if len(names) != 11 {
		return nil, fmt.Errorf("found %d TCP states, not the 11 of RFC 9293 §3.3.2", len(names))
	}
	return names, nil
}

func (l *loader) named(pkg *types.Package, name string) (Struct, error) {
	obj, ok := pkg.Scope().Lookup(name).(*types.TypeName)
	if !ok {
		return Struct{}, fmt.Errorf("%s has no type %s", pkg.Path(), name)
	}
	return l.structOf(obj)
}

func (l *loader) structOf(obj *types.TypeName) (Struct, error) {
	s := Struct{Name: obj.Name(), Doc: l.docs[obj.Pos()]}
	st, ok := obj.Type().Underlying().(*types.Struct)
	if !ok {
		return s, fmt.Errorf("%s is no struct", obj.Name())
	}
	fields, err := l.fields(st, obj.Name(), "")
	s.Fields = fields
	return s, err
}

// fields lists the members of a struct, with those of embedded structs in their place.
func (l *loader) fields(st *types.Struct, owner, selector string) ([]Field, error) {
	var fields []Field
	for i := range st.NumFields() {
		v := st.Field(i)
		if v.Embedded() {
			inner, err := l.fields(v.Type().Underlying().(*types.Struct), owner, v.Name()+".")
			if err != nil {
				return nil, err
			}
			fields = append(fields, inner...)
			continue
		}
		tag := strings.Split(reflect.StructTag(st.Tag(i)).Get("json"), ",")
		if tag[0] == "-" {
			continue
		}
		if tag[0] == "" {
			return nil, fmt.Errorf("%s.%s has no json name", owner, v.Name())
		}
		t, err := l.convert(v.Type())
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", owner, v.Name(), err)
		}
		omitEmpty := slices.Contains(tag[1:], "omitempty")
		fields = append(fields, Field{
			Go: selector + v.Name(), JSON: tag[0], Doc: l.docs[v.Pos()], Type: t,
			OmitEmpty: omitEmpty, Omit: omitEmpty || slices.Contains(tag[1:], "omitzero"),
		})
	}
	return fields, nil
}

// convert finds the shape of a type.
func (l *loader) convert(t types.Type) (Type, error) {
	if named, ok := t.(*types.Named); ok {
		if known, ok, err := l.convertNamed(named); ok || err != nil {
			return known, err
		}
	}
	elem := func(e types.Type, of Type) (Type, error) {
		inner, err := l.convert(e)
		of.Elem = &inner
		return of, err
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return basic(u)
	case *types.Pointer:
		return elem(u.Elem(), Type{Shape: Pointer})
	case *types.Array:
		return elem(u.Elem(), Type{Shape: Array, Len: int(u.Len())})
	case *types.Slice:
		if types.Identical(u.Elem(), types.Typ[types.Byte]) {
			return Type{Shape: Bytes}, nil
		}
		return elem(u.Elem(), Type{Shape: Slice})
	}
	return Type{}, fmt.Errorf("%v has no shape here", t)
}

// convertNamed knows the types that write themselves, and structs.
func (l *loader) convertNamed(named *types.Named) (Type, bool, error) {
	obj := named.Obj()
	if obj.Pkg() != nil {
		switch obj.Pkg().Name() + "." + obj.Name() {
		case "netip.Addr":
			return Type{Shape: Addr}, true, nil
		case "netip.Prefix":
			return Type{Shape: Prefix}, true, nil
		case "inet.Endpoint":
			return Type{Shape: Endpoint}, true, nil
		case "json.RawMessage":
			return Type{Shape: Raw}, true, nil
		case "event.OptionKinds":
			return Type{Shape: Numbers}, true, nil
		}
	}
	for i := range named.NumMethods() {
		switch named.Method(i).Name() {
		case "MarshalText":
			return Type{Shape: Text}, true, nil
		case "MarshalJSON":
			return Type{}, false, fmt.Errorf("%v writes its own JSON; teach eventgen", named)
		}
	}
	if _, ok := named.Underlying().(*types.Struct); !ok {
		return Type{}, false, nil
	}
	if s := l.objects[obj]; s != nil {
		return Type{Shape: Object, Struct: s}, true, nil
	}
	s, err := l.structOf(obj)
	l.objects[obj] = &s
	*l.order = append(*l.order, s)
	return Type{Shape: Object, Struct: &s}, true, err
}

func basic(b *types.Basic) (Type, error) {
	bits := map[types.BasicKind]int{
		types.Int: 64, types.Int8: 8, types.Int16: 16, types.Int32: 32, types.Int64: 64,
		types.Uint: 64, types.Uint8: 8, types.Uint16: 16, types.Uint32: 32, types.Uint64: 64,
	}[b.Kind()]
	switch {
	case b.Info()&types.IsString != 0:
		return Type{Shape: String}, nil
	case b.Info()&types.IsBoolean != 0:
		return Type{Shape: Bool}, nil
	case b.Info()&types.IsUnsigned != 0:
		return Type{Shape: Uint, Bits: bits}, nil
	case b.Info()&types.IsInteger != 0:
		return Type{Shape: Int, Bits: bits}, nil
	}
	return Type{}, fmt.Errorf("%v has no shape here", b)
}
