package check

import (
	"math/big"
	"strings"
)

// answer takes the student's answer given at event n. Where the goal keeps ever, the
// first right answer stays; where it keeps finish, the last answer counts.
func (g *goalRun) answer(value string, n uint64) {
	if g.settled() {
		return
	}
	g.answered, g.met = true, false
	g.evidence = []uint64{n}
	for _, c := range g.correct {
		g.met = g.met || sameAnswer(g.plan.goal.Answer.Type, value, c)
	}
}

// sameAnswer compares as people would: numbers by value, texts without regard to case
// and spacing, choices exactly.
func sameAnswer(typ, given, correct string) bool {
	switch typ {
	case "number":
		a, ok1 := number(given)
		b, ok2 := number(correct)
		return ok1 && ok2 && a.Cmp(b) == 0
	case "text":
		words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		return strings.EqualFold(words(given), words(correct))
	}
	return strings.TrimSpace(given) == correct
}

// maxNumber bounds what is read as a number: an exponent could cost the server dear.
const maxNumber = 40

// number reads "8081", "8,081", " 1.5 "; digits, one sign and one point.
func number(s string) (*big.Rat, bool) {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == ',' || r == '_' {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
	if s == "" || len(s) > maxNumber || strings.Trim(s, "0123456789.+-") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}
