package landing

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"labserver/labs"
)

// drawn draws the figure of the lab the page starts with.
func drawn(t *testing.T) *figure {
	t.Helper()
	c, err := labs.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	l, ok := c.Lab(first)
	if !ok {
		t.Fatalf("the catalogue has no %s", first)
	}
	f, err := draw(l)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheFigureIsAHandshakeAndDataAsTheStackSentThem(t *testing.T) {
	f := drawn(t)
	var kinds []string
	for _, a := range f.Arrows {
		kinds = append(kinds, a.Kind)
	}
	if got := strings.Join(kinds, ", "); got != "SYN, SYN·ACK, ACK, PSH·ACK 5 B, ACK" {
		t.Fatal(got)
	}
	n := func(arrow, word int) int64 {
		v, err := strconv.ParseInt(strings.Fields(f.Arrows[arrow].Numbers)[word], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	// RFC 9293 §3.5: the SYN takes one number, the data five.
	if n(1, 3) != n(0, 1)+1 || n(2, 3) != n(1, 1)+1 || n(3, 1) != n(0, 1)+1 || n(4, 3) != n(3, 1)+5 {
		t.Errorf("the numbers do not follow from each other: %+v", f.Arrows)
	}
	var states []string
	for _, s := range f.States {
		states = append(states, s.Name)
	}
	if got := strings.Join(states, " "); !strings.Contains(got, "SYN-SENT") ||
		strings.Count(got, "ESTABLISHED") != 2 {
		t.Error(got)
	}
}

func TestEveryArrowGoesDownTheSameWayForTheSameTime(t *testing.T) {
	f := drawn(t)
	for i, a := range f.Arrows {
		if a.Y2 <= a.Y1 || a.Y2 >= f.Height || a.X1 == a.X2 {
			t.Errorf("arrow %d goes from (%d,%d) to (%d,%d)", i, a.X1, a.Y1, a.X2, a.Y2)
		}
		if i > 0 && a.Y1 < f.Arrows[i-1].Y1 {
			t.Errorf("arrow %d begins before the one above it", i)
		}
		if d := a.Y2 - a.Y1; d < minStep-1 || d > minStep+1 {
			t.Errorf("arrow %d falls %d units; one trip is %d", i, d, minStep)
		}
		turn := regexp.MustCompile(`^rotate\((-?[0-9.]+) `).FindStringSubmatch(a.Turn)
		if turn == nil {
			t.Fatal(a.Turn)
		}
		if angle, _ := strconv.ParseFloat(turn[1], 64); angle < -45 || angle > 45 {
			t.Errorf("the words of arrow %d are turned by %v degrees", i, angle)
		}
	}
}

func TestTheSameFigureIsDrawnEveryTime(t *testing.T) {
	one, two := drawn(t), drawn(t)
	for i := range one.Arrows {
		if one.Arrows[i] != two.Arrows[i] {
			t.Errorf("%+v, then %+v", one.Arrows[i], two.Arrows[i])
		}
	}
}

func TestALabWithoutTwoHostsHasNoFigure(t *testing.T) {
	if f, err := draw(&labs.Lab{Slug: "empty"}); err == nil {
		t.Errorf("drew %+v", f)
	}
}
