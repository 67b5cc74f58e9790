package script

import (
	"strconv"
	"strings"
)

// ExprKind is what an argument of a call is.
type ExprKind uint8

const (
	Ellipsis ExprKind = iota // ...: whatever the runner chooses, or anything
	Int                      // 8080, 0x10
	Word                     // a symbol: SO_ERROR
	String                   // "octets", unescaped
	Or                       // a | b
	Apply                    // htons(8080), inet_addr("192.0.2.1")
	List                     // [a, b]
	Struct                   // {name = value, value}
	Range                    // a~b, of a result
)

// Expr is an argument or a result of a call.
type Expr struct {
	Kind  ExprKind
	Int   int64
	Text  string   // Word, String; the function of Apply
	Items []Expr   // Or, Apply, List, Range, Struct
	Names []string // of Struct's items; "" for an item without a name
}

// field returns the item of a struct by its name.
func (e Expr) field(name string) (Expr, bool) {
	for i, n := range e.Names {
		if n == name {
			return e.Items[i], true
		}
	}
	return Expr{}, false
}

// values returns the items of a list or of a C initialiser, one in place of itself.
func (e Expr) values() []Expr {
	switch e.Kind {
	case List, Struct:
		return e.Items
	}
	return []Expr{e}
}

// words returns the symbols of a flag argument: A | B.
func (e Expr) words() []string {
	switch e.Kind {
	case Word:
		return []string{e.Text}
	case Or:
		var all []string
		for _, i := range e.Items {
			all = append(all, i.words()...)
		}
		return all
	}
	return nil
}

// has reports whether a flag argument names a symbol.
func (e Expr) has(flag string) bool {
	for _, w := range e.words() {
		if w == flag {
			return true
		}
	}
	return false
}

// expr reads one expression.
func (s *scanner) expr() Expr {
	defer s.deeper()()
	e := s.unary()
	s.space()
	if s.peek() != '|' || s.starts("||") {
		return e
	}
	or := Expr{Kind: Or, Items: []Expr{e}}
	for !s.starts("||") && s.take("|") {
		or.Items = append(or.Items, s.unary())
		s.space()
	}
	return or
}

func (s *scanner) unary() Expr {
	defer s.deeper()()
	s.space()
	switch c := s.peek(); {
	case s.take("..."):
		return Expr{Kind: Ellipsis}
	case c == '-' || c == '~' || c == '+':
		s.skip(1)
		e := s.unary()
		v, ok := e.value()
		if !ok {
			s.bad("a sign stands before what is no number")
		}
		switch c {
		case '-':
			v = -v
		case '~':
			v = ^v
		}
		return Expr{Kind: Int, Int: v}
	case c == '"':
		return s.literals()
	case c == '(':
		s.skip(1)
		e := s.expr()
		s.must(")")
		return e
	case c == '[':
		s.skip(1)
		return Expr{Kind: List, Items: s.list("]")}
	case c == '{':
		s.skip(1)
		return s.structure()
	case c == '&': // &value, as in C: the value counts
		s.skip(1)
		return s.unary()
	case digit(c):
		return s.integer()
	case letter(c):
		return s.symbol()
	}
	s.expected("an argument")
	return Expr{}
}

// integer reads a number, and shifts or products of numbers as they stand in buffer sizes.
func (s *scanner) integer() Expr {
	v := int64(s.number("a number"))
	for {
		s.space()
		switch {
		case s.starts("<<"):
			s.skip(2)
			v <<= min(s.number("a number"), 63)
		case s.peek() == '*' && !s.bare: // behind a result it begins the next event
			s.skip(1)
			v *= int64(s.number("a number"))
		default:
			return Expr{Kind: Int, Int: v}
		}
	}
}

// symbol reads a name, or a function with its arguments.
func (s *scanner) symbol() Expr {
	w := s.word()
	s.space()
	if s.peek() != '(' {
		return Expr{Kind: Word, Text: w}
	}
	s.skip(1)
	return Expr{Kind: Apply, Text: w, Items: s.list(")")}
}

// list reads expressions up to the closing bracket.
func (s *scanner) list(end string) []Expr {
	items := []Expr{}
	for !s.take(end) {
		if len(items) > 0 {
			s.must(",")
			if s.take(end) { // [1, 2,]
				break
			}
		}
		items = append(items, s.expr())
	}
	return items
}

// structure reads {name = value, name(size) = value, .name = value, value}.
func (s *scanner) structure() Expr {
	e := Expr{Kind: Struct}
	for !s.take("}") {
		if len(e.Items) > 0 {
			s.must(",")
			if s.take("}") {
				break
			}
		}
		name, value := s.member()
		e.Names, e.Items = append(e.Names, name), append(e.Items, value)
	}
	return e
}

func (s *scanner) member() (name string, value Expr) {
	s.space()
	if s.peek() == '.' && !s.starts("...") {
		s.skip(1)
	}
	at, line := s.at, s.line
	if w := s.word(); w != "" && !digit(w[0]) {
		if s.take("(") { // msg_iov(1): its size says nothing more
			s.list(")")
		}
		if s.take("=") {
			return w, s.expr()
		}
	}
	s.at, s.line = at, line
	return "", s.expr()
}

// literals reads string literals, which join when they follow each other.
func (s *scanner) literals() Expr {
	e := Expr{Kind: String}
	for s.peek() == '"' {
		e.Text += s.literal()
		s.space()
	}
	return e
}

// literal reads one string of C.
func (s *scanner) literal() string {
	s.must(`"`)
	var b []byte
	for {
		switch c := s.peek(); {
		case s.at >= len(s.text) || c == '\n':
			s.bad("this string never ends")
		case c == '"':
			s.skip(1)
			return string(b)
		case c == '\\':
			s.skip(1)
			b = append(b, s.escape())
		default:
			s.skip(1)
			b = append(b, c)
		}
	}
}

// escape reads what follows a backslash.
func (s *scanner) escape() byte {
	c := s.peek()
	if i := strings.IndexByte("nrtabfv", c); i >= 0 && c != 0 {
		s.skip(1)
		return "\n\r\t\a\b\f\v"[i]
	}
	n, base := 0, 8
	if c == 'x' {
		s.skip(1)
		base = 16
	}
	for n < 3 && (base == 8 && s.peek() >= '0' && s.peek() < '8' ||
		base == 16 && n < 2 && strings.IndexByte("0123456789abcdefABCDEF", s.peek()) >= 0) {
		if s.peek() == 0 {
			break
		}
		s.skip(1)
		n++
	}
	if n == 0 {
		if base == 16 || s.at >= len(s.text) {
			s.bad("a backslash that escapes nothing")
		}
		s.skip(1)
		return c
	}
	v, _ := strconv.ParseUint(s.text[s.at-n:s.at], base, 64)
	return byte(v)
}

// value is what an expression is as a number, if it is one.
func (e Expr) value() (int64, bool) {
	switch e.Kind {
	case Int:
		return e.Int, true
	case Word:
		return symbol(e.Text)
	case Or:
		var all int64
		for _, i := range e.Items {
			v, ok := i.value()
			if !ok {
				return 0, false
			}
			all |= v
		}
		return all, true
	case List, Struct:
		if len(e.Items) == 1 && (e.Names == nil || e.Names[0] == "") {
			return e.Items[0].value()
		}
	case Apply:
		if (e.Text == "htons" || e.Text == "htonl" || e.Text == "ntohs" || e.Text == "ntohl") &&
			len(e.Items) == 1 {
			return e.Items[0].value()
		}
	}
	return 0, false
}

// show renders an expression as a script writes it.
func (e Expr) show() string {
	switch e.Kind {
	case Ellipsis:
		return "..."
	case Int:
		return strconv.FormatInt(e.Int, 10)
	case Word:
		return e.Text
	case String:
		return strconv.Quote(e.Text)
	case Or:
		return showAll(e.Items, " | ")
	case Range:
		return showAll(e.Items, "~")
	case Apply:
		return e.Text + "(" + showAll(e.Items, ", ") + ")"
	case List:
		return "[" + showAll(e.Items, ", ") + "]"
	}
	parts := make([]string, len(e.Items))
	for i, item := range e.Items {
		if parts[i] = item.show(); e.Names[i] != "" {
			parts[i] = e.Names[i] + "=" + parts[i]
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func showAll(all []Expr, between string) string {
	parts := make([]string, len(all))
	for i, e := range all {
		parts[i] = e.show()
	}
	return strings.Join(parts, between)
}
