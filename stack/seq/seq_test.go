package seq

import "testing"

func TestComparisonIsModulo32Bits(t *testing.T) {
	const top = Num(0xFFFFFFFF)
	for _, c := range []struct {
		a, b         Num
		less, lessEq bool
	}{
		{0, 1, true, true}, {1, 0, false, false}, {7, 7, false, true},
		{top, 0, true, true}, {0, top, false, false}, {top - 5, 10, true, true},
		{0x7FFFFFFF, 0x80000000, true, true},
	} {
		if c.a.Less(c.b) != c.less || c.a.LessEq(c.b) != c.lessEq {
			t.Errorf("%v against %v: Less %v, LessEq %v", c.a, c.b, c.a.Less(c.b), c.a.LessEq(c.b))
		}
	}
}

func TestWindowWrapsPastTheTop(t *testing.T) {
	first := Num(0xFFFFFFF0)
	for _, c := range []struct {
		s  Num
		in bool
	}{{first, true}, {first - 1, false}, {0, true}, {0xF, true}, {0x10, false}} {
		if got := c.s.InWindow(first, 32); got != c.in {
			t.Errorf("%v in [%v, +32): %v", c.s, first, got)
		}
	}
	if first.Add(32) != 0x10 || Num(0x10).Sub(first) != 32 || first.Max(3) != 3 {
		t.Error("Add, Sub or Max do not wrap")
	}
	if Num(5).InWindow(5, 0) {
		t.Error("an empty window holds nothing")
	}
}

func TestMaxIsTheLater(t *testing.T) {
	const top = Num(0xFFFFFFFF)
	if Num(3).Max(2) != 3 || Num(2).Max(3) != 3 || top.Max(1) != 1 || Num(1).Max(top) != 1 {
		t.Error("Max is not the later number")
	}
	if top.String() != "4294967295" {
		t.Error(top.String())
	}
}
