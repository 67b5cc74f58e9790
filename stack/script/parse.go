package script

import (
	"strconv"
	"strings"

	"labserver/stack/inet"
)

// Parse reads a script. The error is an *Error, which names the line. file is only for
// messages.
func Parse(file string, text []byte) (sc *Script, err error) {
	s := &scanner{file: file, text: string(text), line: 1}
	defer func() {
		if r := recover(); r != nil {
			m, ok := r.(mistake)
			if !ok {
				panic(r)
			}
			sc, err = nil, m.err
		}
	}()
	if len(text) > MaxOctets {
		s.bad("a script of more than " + strconv.Itoa(MaxOctets) + " octets")
	}
	sc = &Script{File: file}
	for s.space(); s.starts("--"); s.space() {
		f := s.flag()
		if sc.Flags = append(sc.Flags, f); f.Name == "define" || f.Name == "D" {
			s.define(f)
		}
	}
	for s.space(); s.at < len(s.text); s.space() {
		if len(sc.Events) == MaxEvents {
			s.bad("more than " + strconv.Itoa(MaxEvents) + " events")
		}
		sc.Events = append(sc.Events, s.event(len(sc.Events) == 0))
	}
	return sc, nil
}

// flag reads --name=value or --name.
func (s *scanner) flag() Flag {
	f := Flag{Line: s.line}
	s.must("--")
	from := s.at
	for letter(s.peek()) || s.peek() == '-' {
		s.at++
	}
	f.Name = strings.ReplaceAll(s.text[from:s.at], "-", "_")
	if f.Name == "" {
		s.expected("the name of a flag")
	}
	if s.peek() != '=' {
		return f
	}
	s.at++
	from = s.at
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.peek()) < 0 {
		s.at++
	}
	f.Value = strings.Trim(s.text[from:s.at], `"'`)
	return f
}

// define puts the value of a name in its place in the rest of the script.
func (s *scanner) define(f Flag) {
	name, value, ok := strings.Cut(f.Value, "=")
	if !ok || name == "" || len(value) > 256 || strings.Contains(value, name) {
		s.bad("--" + f.Name + " needs NAME=VALUE")
	}
	rest := s.text[s.at:]
	var b strings.Builder
	for {
		i := strings.Index(rest, name)
		if i < 0 {
			break
		}
		end := i + len(name)
		if i > 0 && letter(rest[i-1]) || end < len(rest) && letter(rest[end]) {
			b.WriteString(rest[:end])
		} else {
			b.WriteString(rest[:i] + value)
		}
		rest = rest[end:]
		if b.Len() > MaxOctets {
			s.bad("--" + f.Name + " makes the script too long")
		}
	}
	s.text = s.text[:s.at] + b.String() + rest
}

// event reads one statement. A shell line or code may do without a time: it then comes
// right after the event before.
func (s *scanner) event(first bool) Event {
	e := Event{Line: s.line, When: When{Kind: Relative}}
	if s.peek() != '`' && !s.starts("%{") {
		e.When = s.when()
		s.space()
	}
	from := s.at
	switch c := s.peek(); {
	case c == '`':
		e.Do = s.shell()
	case s.starts("%{"):
		e.Do = s.code()
	case c == '<' || c == '>':
		e.Do = s.packet()
	case s.starts("...") || letter(c):
		e.Do = s.call()
	default:
		s.expected("a packet, a call, a shell line or %{ code }%")
	}
	e.Text = strings.Join(strings.Fields(s.text[from:s.at]), " ")
	s.checkTime(e)
	return e
}

// when reads the time of an event.
func (s *scanner) when() When {
	if s.take("*") {
		return When{Kind: AnyTime}
	}
	w := When{Kind: Absolute}
	if s.take("+") {
		w.Kind = Relative
	}
	w.From = s.duration()
	w.To = w.From
	if !s.take("~") {
		return w
	}
	w.Kind += AbsoluteRange
	if s.take("+") && w.Kind != RelativeRange {
		s.bad("a range from a time since the start to a time since the event before")
	}
	if w.To = s.duration(); w.To < w.From {
		s.bad("a range of times that ends before it begins")
	}
	return w
}

// checkTime refuses ranges of time for what the script itself does.
func (s *scanner) checkTime(e Event) {
	if p, ok := e.Do.(*Packet); ok && !p.Inbound || e.When.Kind <= Relative {
		return
	}
	s.line = e.Line
	s.bad("only an expected packet (>) may come at any time or within a range of times")
}

func (s *scanner) shell() *Shell {
	s.must("`")
	from := s.at
	s.skipTo("`")
	if s.at >= len(s.text) {
		s.bad("this shell line never ends")
	}
	text := s.text[from:s.at]
	s.skip(1)
	return &Shell{Text: strings.TrimSpace(text)}
}

func (s *scanner) code() *Code {
	s.must("%{")
	line, from := s.line, s.at
	s.skipTo("}%")
	if s.at >= len(s.text) {
		s.bad("this code never ends")
	}
	text := s.text[from:s.at]
	s.skip(2)
	stmts, err := parseCode(text)
	if err != "" {
		s.line = line
		s.bad(err)
	}
	return &Code{Stmts: stmts}
}

// call reads a socket call: [...end] name(arguments) = result [ERRNO] [(note)].
func (s *scanner) call() *Call {
	c := &Call{}
	if s.take("...") {
		c.Blocking = true
		s.take("+")
		c.End = s.duration()
	}
	if c.Name = s.word(); c.Name == "" || digit(c.Name[0]) {
		s.expected("the name of a call")
	}
	s.must("(")
	c.Args = s.list(")")
	s.must("=")
	c.Result = s.result()
	if w := s.peekWord(); w != "" && !digit(w[0]) && s.standsAlone(w) {
		s.takeWord(w)
		if errnoNumber(w) == 0 {
			s.bad(strconv.Quote(w) + " is no errno")
		}
		c.Errno = inet.Errno(canonicalErrno(w))
	}
	s.note()
	return c
}

// standsAlone tells an errno from whatever else begins with a word.
func (s *scanner) standsAlone(w string) bool {
	return strings.HasPrefix(w, "E") && strings.ToUpper(w) == w
}

// result reads what a call must return: a number, a range of numbers, or ... for any.
func (s *scanner) result() Expr {
	s.bare = true
	defer func() { s.bare = false }()
	e := s.expr()
	if _, ok := e.value(); !ok && e.Kind != Ellipsis && e.Kind != String && e.Kind != Word {
		s.bad("a call returns a number, not " + e.show())
	}
	if e.Kind == Int && s.take("~") {
		return Expr{Kind: Range, Items: []Expr{e, s.unary()}}
	}
	return e
}

// note skips the remark that strace puts behind an errno: (Connection refused).
func (s *scanner) note() {
	s.space()
	if s.peek() != '(' {
		return
	}
	open := 0
	for s.at < len(s.text) && s.peek() != '\n' {
		switch s.peek() {
		case '(':
			open++
		case ')':
			open--
		}
		s.skip(1)
		if open == 0 {
			return
		}
	}
	s.bad("this remark never ends")
}
