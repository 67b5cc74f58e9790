package script

import (
	"strconv"
	"strings"
)

// node is one part of an expression of code.
type node struct {
	op   string // "num", "str", "name", "call", "tuple", or an operator
	text string
	num  number
	kids []node
	ops  []string // of a chained comparison
}

// codeParser reads one expression: Python's, by precedence.
type codeParser struct {
	text  string
	at    int
	depth int
}

func parseExpr(text string) node {
	all := parseList(text)
	if len(all) != 1 {
		panic(codeError("not one expression: " + strings.TrimSpace(text)))
	}
	return all[0]
}

// parseList reads expressions with commas between them.
func parseList(text string) []node {
	p := &codeParser{text: text}
	var all []node
	for p.space(); p.at < len(p.text); p.space() {
		all = append(all, p.or())
		if p.space(); p.at < len(p.text) && !p.take(",") {
			panic(codeError("not understood: " + strings.TrimSpace(p.text[p.at:])))
		}
	}
	return all
}

func (p *codeParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *codeParser) take(op string) bool {
	p.space()
	if !strings.HasPrefix(p.text[p.at:], op) {
		return false
	}
	p.at += len(op)
	return true
}

// word takes a keyword such as and.
func (p *codeParser) word(w string) bool {
	p.space()
	if !keyword(p.text[p.at:], w) {
		return false
	}
	p.at += len(w)
	return true
}

func (p *codeParser) or() node {
	if p.depth++; p.depth > maxDepth {
		panic(codeError("nested too deeply"))
	}
	defer func() { p.depth-- }()
	n := p.and()
	for p.word("or") {
		n = node{op: "or", kids: []node{n, p.and()}}
	}
	if p.word("if") { // a if c else b
		c := p.and()
		if !p.word("else") {
			panic(codeError("an if without an else inside an expression"))
		}
		n = node{op: "if", kids: []node{c, n, p.or()}}
	}
	return n
}

func (p *codeParser) and() node {
	n := p.not()
	for p.word("and") {
		n = node{op: "and", kids: []node{n, p.not()}}
	}
	return n
}

func (p *codeParser) not() node {
	negations := 0
	for p.word("not") {
		negations++
	}
	n := p.comparison()
	if negations > 0 {
		n = node{op: "not", kids: []node{n}}
	}
	if negations > 0 && negations%2 == 0 {
		n = node{op: "not", kids: []node{n}}
	}
	return n
}

// comparison reads a < b <= c, which Python joins with and.
func (p *codeParser) comparison() node {
	n := node{op: "cmp", kids: []node{p.binary(0)}}
	for {
		op := ""
		for _, o := range []string{"==", "!=", "<=", ">=", "<>", "<", ">"} {
			p.space()
			rest := p.text[p.at:]
			if strings.HasPrefix(rest, o) && !strings.HasPrefix(rest, "<<") &&
				!strings.HasPrefix(rest, ">>") {
				op = o
				break
			}
		}
		if op == "" {
			break
		}
		p.at += len(op)
		n.ops, n.kids = append(n.ops, op), append(n.kids, p.binary(0))
	}
	if len(n.ops) == 0 {
		return n.kids[0]
	}
	return n
}

// levels are the binary operators from the loosest to the tightest.
func levels() [][]string {
	return [][]string{{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"//", "*", "/", "%"}}
}

func (p *codeParser) binary(level int) node {
	all := levels()
	if level == len(all) {
		return p.unary()
	}
	n := p.binary(level + 1)
	for {
		op := ""
		for _, o := range all[level] {
			if p.space(); strings.HasPrefix(p.text[p.at:], o) &&
				!strings.HasPrefix(p.text[p.at:], "**") {
				op = o
				break
			}
		}
		if op == "" {
			return n
		}
		p.at += len(op)
		n = node{op: op, kids: []node{n, p.binary(level + 1)}}
	}
}

func (p *codeParser) unary() node {
	if p.depth++; p.depth > maxDepth {
		panic(codeError("nested too deeply"))
	}
	defer func() { p.depth-- }()
	for _, op := range []string{"-", "+", "~"} {
		if p.take(op) {
			return node{op: "unary" + op, kids: []node{p.unary()}}
		}
	}
	n := p.primary()
	if p.take("**") {
		n = node{op: "**", kids: []node{n, p.unary()}}
	}
	return n
}

func (p *codeParser) primary() node {
	p.space()
	if p.at >= len(p.text) {
		panic(codeError("an expression ends too early: " + strings.TrimSpace(p.text)))
	}
	switch c := p.text[p.at]; {
	case c == '(':
		return p.tuple()
	case c == '"' || c == '\'':
		end := strings.IndexByte(p.text[p.at+1:], c)
		if end < 0 {
			panic(codeError("a string that never ends"))
		}
		s := p.text[p.at+1 : p.at+1+end]
		if p.at += end + 2; p.take(".format") {
			p.space()
			p.tuple()
		}
		return node{op: "str", text: s}
	case digit(c) || c == '.':
		return p.number()
	case letter(c):
		from := p.at
		for p.at < len(p.text) && letter(p.text[p.at]) {
			p.at++
		}
		if quote := p.at < len(p.text) && strings.IndexByte("\"'", p.text[p.at]) >= 0; quote &&
			p.at-from == 1 { // f"…", r"…"
			return p.primary()
		}
		n := node{op: "name", text: p.text[from:p.at]}
		if p.space(); p.at < len(p.text) && p.text[p.at] == '(' {
			n.op, n.kids = "call", p.tuple().kids
		}
		return n
	}
	panic(codeError("not understood: " + p.text[p.at:]))
}

// tuple reads (a), which is a, or (a, b).
func (p *codeParser) tuple() node {
	n := node{op: "tuple"}
	p.take("(")
	for !p.take(")") {
		if len(n.kids) > 0 && !p.take(",") {
			panic(codeError("a bracket that never closes"))
		}
		if p.take(")") {
			break
		}
		n.kids = append(n.kids, p.or())
	}
	return n
}

func (p *codeParser) number() node {
	from := p.at
	for p.at < len(p.text) && (letter(p.text[p.at]) || p.text[p.at] == '.') {
		p.at++
	}
	text := p.text[from:p.at]
	whole, frac, _ := strings.Cut(text, ".")
	if frac == "" {
		v, err := strconv.ParseInt(strings.TrimRight(whole, "lL"), 0, 64)
		if err != nil {
			panic(codeError("not a number: " + text))
		}
		return node{op: "num", num: number{v, 1}}
	}
	den := int64(1)
	for range len(frac) {
		den = times(den, 10)
	}
	v, err := strconv.ParseInt("0"+whole+frac, 10, 64)
	if err != nil {
		panic(codeError("not a number: " + text))
	}
	return node{op: "num", num: fraction(v, den)}
}
