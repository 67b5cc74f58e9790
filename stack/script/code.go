package script

import (
	"strings"
)

// The code between %{ and }% is a small part of Python: assert, print, assignments and
// if, over whole and decimal numbers, which are fractions here, so that no float is
// needed.

// stmt is one statement.
type stmt struct {
	kind  stmtKind
	text  string // as written, for messages
	name  string // of an assignment
	op    string // "=", "+=", …
	exprs []node // of an assert: condition, message
	then  []stmt // of an if
	other []stmt
}

type stmtKind uint8

const (
	stmtAssert stmtKind = iota
	stmtPrint
	stmtAssign
	stmtIf
	stmtExpr
	stmtPass
)

// codeLine is one logical line: what is between line ends and semicolons.
type codeLine struct {
	indent int
	text   string
}

// parseCode reads code; the string says what is wrong, "" if nothing is.
func parseCode(text string) (stmts []stmt, wrong string) {
	defer func() {
		if r := recover(); r != nil {
			why, ok := r.(codeError)
			if !ok {
				panic(r)
			}
			stmts, wrong = nil, string(why)
		}
	}()
	lines := codeLines(text)
	stmts, rest := block(lines, 0)
	if len(rest) > 0 {
		panic(codeError("unexpected indentation before " + rest[0].text))
	}
	return stmts, ""
}

// codeError is a mistake in code, found while it is read or run.
type codeError string

// codeLines splits code into logical lines. Brackets and backslashes join lines.
func codeLines(text string) []codeLine {
	var lines []codeLine
	var b []byte
	indent, open, fresh := 0, 0, true
	flush := func() {
		if t := strings.TrimSpace(string(b)); t != "" {
			lines = append(lines, codeLine{indent, t})
		}
		b = b[:0]
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case fresh && (c == ' ' || c == '\t'):
			indent++
		case c == '\\' && i+1 < len(text) && text[i+1] == '\n':
			i++
		case c == '#':
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case c == '\n' && open == 0:
			flush()
			indent, fresh = 0, true
		case c == ';' && open == 0:
			flush()
		case c == '"' || c == '\'':
			end := strings.IndexByte(text[i+1:], c)
			if end < 0 {
				panic(codeError("a string that never ends"))
			}
			b = append(b, text[i:i+end+2]...)
			i, fresh = i+end+1, false
		default:
			open += strings.Count("([{", string(c)) - strings.Count(")]}", string(c))
			b = append(b, c)
			fresh = false
		}
	}
	flush()
	return level(lines)
}

// level takes the indentation of the first line off all.
func level(lines []codeLine) []codeLine {
	if len(lines) == 0 {
		return nil
	}
	first := lines[0].indent
	for i := range lines {
		if lines[i].indent -= first; lines[i].indent < 0 || i == 0 {
			lines[i].indent = 0
		}
	}
	return lines
}

// block reads the lines that are indented so far or more, to the first that is not.
func block(lines []codeLine, indent int) (stmts []stmt, rest []codeLine) {
	for len(lines) > 0 && lines[0].indent >= indent {
		line := lines[0]
		lines = lines[1:]
		if line.indent > indent && len(stmts) > 0 && indent > 0 {
			panic(codeError("unexpected indentation before " + line.text))
		}
		if !keyword(line.text, "if") {
			stmts = append(stmts, simple(line.text))
			continue
		}
		var s stmt
		s, lines = condition(line, lines)
		stmts = append(stmts, s)
	}
	return stmts, lines
}

// condition reads if, elif and else, with what hangs on them.
func condition(line codeLine, lines []codeLine) (stmt, []codeLine) {
	s := stmt{kind: stmtIf, text: line.text}
	head := strings.TrimPrefix(strings.TrimPrefix(line.text, "el"), "if")
	cond, body, ok := cutColon(head)
	if !ok {
		panic(codeError("an if without a colon: " + line.text))
	}
	s.exprs = []node{parseExpr(cond)}
	s.then, lines = suite(line.indent, body, lines)
	if len(lines) > 0 && lines[0].indent == line.indent {
		next := lines[0]
		switch {
		case keyword(next.text, "elif"):
			var other stmt
			other, lines = condition(next, lines[1:])
			s.other = []stmt{other}
		case keyword(next.text, "else"):
			_, body, _ := cutColon(next.text)
			s.other, lines = suite(next.indent, body, lines[1:])
		}
	}
	return s, lines
}

// suite is what follows a colon: a statement on the same line, or a block.
func suite(indent int, body string, lines []codeLine) ([]stmt, []codeLine) {
	if body != "" {
		return []stmt{simple(body)}, lines
	}
	if len(lines) == 0 || lines[0].indent <= indent {
		panic(codeError("an if without a body"))
	}
	return block(lines, lines[0].indent)
}

func cutColon(s string) (before, after string, ok bool) {
	before, after, ok = strings.Cut(s, ":")
	return strings.TrimSpace(before), strings.TrimSpace(after), ok
}

// keyword reports whether a line begins with a word.
func keyword(line, word string) bool {
	rest, ok := strings.CutPrefix(line, word)
	return ok && (rest == "" || !letter(rest[0]))
}

// simple reads a statement of one line.
func simple(text string) stmt {
	switch {
	case keyword(text, "assert"):
		s := stmt{kind: stmtAssert, text: text, exprs: parseList(text[len("assert"):])}
		if len(s.exprs) == 0 {
			panic(codeError("an assert without a condition"))
		}
		return s
	case keyword(text, "print"):
		return stmt{kind: stmtPrint, text: text, exprs: parseList(text[len("print"):])}
	case keyword(text, "pass"):
		return stmt{kind: stmtPass, text: text}
	}
	for _, w := range []string{"import", "from", "def", "for", "while", "class", "try", "with",
		"return", "lambda", "else", "elif"} {
		if keyword(text, w) {
			panic(codeError("code with " + w + " is not understood here"))
		}
	}
	name := text
	for i := range len(text) {
		if !letter(text[i]) {
			name = text[:i]
			break
		}
	}
	rest := strings.TrimSpace(text[len(name):])
	for _, op := range []string{"=", "+=", "-=", "*=", "/=", "//=", "%=", "|=", "&="} {
		if value, ok := strings.CutPrefix(rest, op); ok && name != "" && !digit(name[0]) &&
			!strings.HasPrefix(value, "=") {
			return stmt{kind: stmtAssign, text: text, name: name, op: op,
				exprs: []node{parseExpr(value)}}
		}
	}
	return stmt{kind: stmtExpr, text: text, exprs: []node{parseExpr(text)}}
}
