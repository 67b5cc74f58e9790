package script

import (
	"math/bits"
	"strconv"
	"strings"
)

// number is a fraction; den is positive.
type number struct{ num, den int64 }

// times multiplies, or says that code computes with what does not fit 63 bits.
func times(a, b int64) int64 {
	abs := func(v int64) uint64 {
		if v < 0 {
			return uint64(-v)
		}
		return uint64(v)
	}
	hi, lo := bits.Mul64(abs(a), abs(b))
	if hi != 0 || lo > 1<<62 {
		panic(codeError("a number too large to compute with"))
	}
	return a * b
}

// fraction reduces num/den.
func fraction(num, den int64) number {
	if den == 0 {
		panic(codeError("division by zero"))
	}
	if den < 0 {
		num, den = -num, -den
	}
	a, b := num, den
	if a < 0 {
		a = -a
	}
	for b != 0 {
		a, b = b, a%b
	}
	if a == 0 {
		a = 1
	}
	return number{num / a, den / a}
}

// floor rounds down, as Python's // does.
func (n number) floor() int64 {
	q := n.num / n.den
	if n.num%n.den < 0 {
		q--
	}
	return q
}

func (n number) less(o number) bool { return times(n.num, o.den) < times(o.num, n.den) }

// show renders up to six decimals.
func (n number) show() string {
	if n.den == 1 {
		return strconv.FormatInt(n.num, 10)
	}
	sign, v := "", n
	if v.num < 0 {
		sign, v.num = "-", -v.num
	}
	micro := number{times(v.num%v.den, 1_000_000), v.den}.floor()
	frac := strconv.FormatInt(1_000_000+micro, 10)[1:]
	return sign + strconv.FormatInt(v.num/v.den, 10) + "." + strings.TrimRight(frac, "0")
}

// value is what an expression of code is.
type value struct {
	number
	text  string
	isStr bool
}

func whole(v int64) value { return value{number: number{v, 1}} }

func truth(b bool) value {
	if b {
		return whole(1)
	}
	return whole(0)
}

func (v value) true() bool { return v.isStr && v.text != "" || !v.isStr && v.num != 0 }

func (v value) show() string {
	if v.isStr {
		return v.text
	}
	return v.number.show()
}

// scope is where code looks names up: what it assigned, then what tcp tells.
type scope struct {
	vars map[string]value
	info func(name string) (int64, bool)
}

// run carries out statements. failed says which assertion did not hold; printed is what
// print wrote.
func (s *scope) run(stmts []stmt) (failed, printed string) {
	defer func() {
		if r := recover(); r != nil {
			why, ok := r.(codeError)
			if !ok {
				panic(r)
			}
			failed = string(why)
		}
	}()
	for _, st := range stmts {
		f, p := s.step(st)
		if printed += p; f != "" {
			return f, printed
		}
	}
	return "", printed
}

func (s *scope) step(st stmt) (failed, printed string) {
	switch st.kind {
	case stmtAssert:
		if !s.eval(st.exprs[0]).true() {
			return st.text + s.explain(st.exprs[0]), ""
		}
	case stmtPrint:
		var parts []string
		for _, e := range st.exprs {
			if e.op == "tuple" {
				for _, k := range e.kids {
					parts = append(parts, s.eval(k).show())
				}
				continue
			}
			parts = append(parts, s.eval(e).show())
		}
		return "", strings.Join(parts, " ") + "\n"
	case stmtAssign:
		v := s.eval(st.exprs[0])
		if op := strings.TrimSuffix(st.op, "="); op != "" {
			v = arithmetic(op, s.eval(node{op: "name", text: st.name}), v)
		}
		s.vars[st.name] = v
	case stmtIf:
		if s.eval(st.exprs[0]).true() {
			return s.run(st.then)
		}
		return s.run(st.other)
	case stmtExpr:
		s.eval(st.exprs[0])
	}
	return "", ""
}

// explain lists the values of the names in a condition.
func (s *scope) explain(n node) string {
	seen := map[string]bool{}
	out := ""
	var walk func(n node)
	walk = func(n node) {
		if n.op == "name" && !seen[n.text] {
			seen[n.text] = true
			if _, fixed := symbol(n.text); !fixed {
				out += ", " + n.text + " is " + s.eval(n).show()
			}
		}
		for _, k := range n.kids {
			walk(k)
		}
	}
	walk(n)
	if out == "" {
		return ""
	}
	return ": " + out[2:]
}

func (s *scope) eval(n node) value {
	switch n.op {
	case "num":
		return value{number: n.num}
	case "str":
		return value{text: n.text, isStr: true}
	case "name":
		return s.name(n.text)
	case "call":
		return s.function(n)
	case "tuple":
		if len(n.kids) != 1 {
			panic(codeError("a tuple where a number is needed"))
		}
		return s.eval(n.kids[0])
	case "or", "and":
		v := s.eval(n.kids[0])
		if v.true() == (n.op == "or") {
			return v
		}
		return s.eval(n.kids[1])
	case "not":
		return truth(!s.eval(n.kids[0]).true())
	case "if":
		if s.eval(n.kids[0]).true() {
			return s.eval(n.kids[1])
		}
		return s.eval(n.kids[2])
	case "cmp":
		return s.compare(n)
	case "unary-":
		return arithmetic("-", whole(0), s.eval(n.kids[0]))
	case "unary+":
		return s.eval(n.kids[0])
	case "unary~":
		return whole(^s.eval(n.kids[0]).floor())
	}
	return arithmetic(n.op, s.eval(n.kids[0]), s.eval(n.kids[1]))
}

func (s *scope) name(name string) value {
	if v, ok := s.vars[name]; ok {
		return v
	}
	if v, ok := symbol(name); ok {
		return whole(v)
	}
	if v, ok := s.info(name); ok {
		return whole(v)
	}
	switch name {
	case "True":
		return whole(1)
	case "False", "None":
		return whole(0)
	}
	panic(codeError(name + " is not known here"))
}

func (s *scope) function(n node) value {
	args := make([]value, len(n.kids))
	for i, k := range n.kids {
		args[i] = s.eval(k)
	}
	if len(args) == 0 {
		panic(codeError(n.text + "() without an argument"))
	}
	v := args[0]
	switch n.text {
	case "abs":
		if v.num < 0 {
			v.num = -v.num
		}
	case "int":
		v = whole(v.num / v.den)
	case "float", "bool":
	case "round":
		v = whole(arithmetic("+", v, value{number: number{1, 2}}).floor())
	case "min", "max":
		for _, a := range args[1:] {
			if a.less(v.number) == (n.text == "min") {
				v = a
			}
		}
	case "str":
		v = value{text: v.show(), isStr: true}
	default:
		panic(codeError("the function " + n.text + " is not known here"))
	}
	return v
}

func (s *scope) compare(n node) value {
	left := s.eval(n.kids[0])
	for i, op := range n.ops {
		right := s.eval(n.kids[i+1])
		if !compare(op, left, right) {
			return truth(false)
		}
		left = right
	}
	return truth(true)
}

func compare(op string, a, b value) bool {
	equal := a.isStr == b.isStr && a.text == b.text && a.number == b.number
	switch op {
	case "==":
		return equal
	case "!=", "<>":
		return !equal
	case "<=":
		return !b.less(a.number)
	case ">=":
		return !a.less(b.number)
	case "<":
		return a.less(b.number)
	}
	return b.less(a.number)
}

func arithmetic(op string, a, b value) value {
	if a.isStr || b.isStr {
		if op == "%" && a.isStr { // "%d" % x: good enough for a message
			return value{text: a.text + " " + b.show(), isStr: true}
		}
		if op == "+" && a.isStr && b.isStr {
			return value{text: a.text + b.text, isStr: true}
		}
		panic(codeError("text where a number is needed"))
	}
	x, y := a.number, b.number
	switch op {
	case "+":
		return value{number: fraction(times(x.num, y.den)+times(y.num, x.den), times(x.den, y.den))}
	case "-":
		return value{number: fraction(times(x.num, y.den)-times(y.num, x.den), times(x.den, y.den))}
	case "*":
		return value{number: fraction(times(x.num, y.num), times(x.den, y.den))}
	case "/":
		return value{number: fraction(times(x.num, y.den), times(x.den, y.num))}
	case "//":
		return whole(fraction(times(x.num, y.den), times(x.den, y.num)).floor())
	case "%":
		q := fraction(times(x.num, y.den), times(x.den, y.num)).floor()
		return arithmetic("-", a, arithmetic("*", whole(q), b))
	case "**":
		return power(a, y.floor())
	}
	return bitwise(op, x.floor(), y.floor())
}

func power(a value, n int64) value {
	if n < 0 || n > 62 {
		panic(codeError("a power too large to compute with"))
	}
	v := whole(1)
	for range n {
		v = arithmetic("*", v, a)
	}
	return v
}

func bitwise(op string, x, y int64) value {
	switch op {
	case "|":
		return whole(x | y)
	case "^":
		return whole(x ^ y)
	case "&":
		return whole(x & y)
	}
	if y < 0 || y > 62 {
		panic(codeError("a shift by " + strconv.FormatInt(y, 10)))
	}
	if op == "<<" {
		return whole(times(x, 1<<y))
	}
	return whole(x >> y)
}
