package report

import (
	"strings"
	"testing"
)

func TestARatioSaysHowManyTimesBetterOursIs(t *testing.T) {
	var r Report
	r.Add(Row{What: "speed", Ours: Of(10, 30, 20), Theirs: Of(4), Target: AtLeast(OfRatio, 5)})
	r.Add(Row{What: "cost", Ours: Of(10), Theirs: Of(40), Better: Less, Target: AtLeast(OfRatio, 5)})
	r.Add(Row{What: "size", Ours: Of(12), Better: Less, Target: AtMost(OfOurs, 12)})
	r.Add(Row{What: "alone", Ours: Of(12), Target: AtLeast(OfRatio, 5)})
	want := []struct {
		ratio   float64
		verdict Verdict
	}{{5, OK}, {4, Missed}, {0, OK}, {0, ""}}
	for i, w := range want {
		if got := r.Rows[i]; got.Ratio != w.ratio || got.Verdict != w.verdict {
			t.Errorf("%s: ratio %v %q, want %v %q", got.What, got.Ratio, got.Verdict, w.ratio, w.verdict)
		}
	}
	if r.Missed() != 1 {
		t.Errorf("%d missed, want 1", r.Missed())
	}
}

func TestTheTableStandsInColumnsUnderItsHeadings(t *testing.T) {
	r := Report{Machine: "a machine"}
	r.Add(Row{Group: "Bulk", What: "fast", Unit: "segments/s", Ours: Of(2_700_000), Theirs: Of(270_000),
		Against: "gVisor", Target: AtLeast(OfRatio, 10)})
	r.Note("a note")
	var b strings.Builder
	if err := r.Table(&b); err != nil {
		t.Fatal(err)
	}
	want := "a machine\n\n" +
		"        unit             ours    other   ratio  target            other is\n" +
		"\nBULK\n" +
		"  fast  segments/s  2 700 000  270 000  10.0 ×  ratio ≥ 10.0  ok  gVisor\n" +
		"\n- a note\n"
	if got := strings.ReplaceAll(b.String(), "\u202f", " "); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNumbersKeepTheDigitsThatCount(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.0012: "0.0012", 1.234: "1.23", 12.34: "12.3",
		999.4: "999", 1234: "1 234", 2_700_000: "2 700 000", -1234: "-1 234"} {
		if got := strings.ReplaceAll(number(v), "\u202f", " "); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
}
