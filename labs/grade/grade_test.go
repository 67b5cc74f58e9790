package grade_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"labserver/labs"
	"labserver/labs/check"
	"labserver/labs/grade"
	"labserver/labs/trial"
	"labserver/stack/journal"
)

func lab(t *testing.T, slug string) *labs.Lab {
	t.Helper()
	c, err := labs.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	l, ok := c.Lab(slug)
	if !ok {
		t.Fatalf("no lab %s", slug)
	}
	return l
}

func play(t *testing.T, l *labs.Lab, steps []labs.Step) *trial.Run {
	t.Helper()
	r, err := trial.Play(l, 42, steps)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLawL7LiveVerdictIsTheReplayedOne plays every list of every lab, sends its journal
// through the file format, and compares what was judged live with what grading says.
func TestLawL7LiveVerdictIsTheReplayedOne(t *testing.T) {
	c, err := labs.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range c.All() {
		lists := map[string][]labs.Step{"solution": l.Solution}
		for _, w := range l.Wrong {
			lists[w.Name] = w.Steps
		}
		for name, steps := range lists {
			live := play(t, l, steps)
			h, entries, err := journal.Decode(journal.Encode(live.Header, live.Entries))
			if err != nil {
				t.Fatal(err)
			}
			report, err := grade.Grade(l, h, entries)
			if err != nil {
				t.Fatalf("%s, %s: %v", l.Slug, name, err)
			}
			for i, v := range live.Checker.Verdicts() {
				g := report.Goals[i]
				if g.ID != v.Goal || g.State != v.State || !slices.Equal(g.Evidence, v.Evidence) ||
					g.Unmet != v.Unmet {
					t.Errorf("%s, %s: live %+v, replayed %+v", l.Slug, name, v, g)
				}
			}
			if report.Finished != live.Checker.Finished() || report.Commands != live.Commands {
				t.Errorf("%s, %s: finished %v, %d commands; live %v, %d", l.Slug, name,
					report.Finished, report.Commands, live.Checker.Finished(), live.Commands)
			}
		}
	}
}

func TestTheSolutionGetsAllPointsAndTheSameReportTwice(t *testing.T) {
	l := lab(t, "two-meanings-of-socket")
	r := play(t, l, l.Solution)
	a, err := grade.Grade(l, r.Header, r.Entries)
	if err != nil {
		t.Fatal(err)
	}
	b, err := grade.Grade(l, r.Header, r.Entries)
	if err != nil || !reflect.DeepEqual(a, b) {
		t.Fatalf("graded twice: %v\n%+v\n%+v", err, a, b)
	}
	if a.Points != a.OutOf || a.OutOf != l.Points() || !a.Finished || len(a.Hash) != 64 ||
		a.Par != l.Par {
		t.Errorf("report: %+v", a)
	}
	for _, g := range a.Goals {
		if g.State != check.Met || g.Points != g.OutOf {
			t.Errorf("goal %+v", g)
		}
		if len(g.Evidence) == 0 && g.ID != "no-reset" {
			t.Errorf("goal %s is met without evidence", g.ID)
		}
	}
}

func TestAReportIsJSONWithoutNulls(t *testing.T) {
	l := lab(t, "hello-udp")
	r := play(t, l, l.Wrong[0].Steps)
	report, err := grade.Grade(l, r.Header, r.Entries)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(report)
	if err != nil || strings.Contains(string(b), "null") || !strings.Contains(string(b),
		`"evidence":[]`) {
		t.Errorf("%v %s", err, b)
	}
}

func TestAnEmptyJournalGetsNoPoints(t *testing.T) {
	l := lab(t, "hello-udp")
	h, err := l.Start(7)
	if err != nil {
		t.Fatal(err)
	}
	report, err := grade.Grade(l, h, nil)
	if err != nil || report.Points != 0 || report.Finished || report.Commands != 0 {
		t.Errorf("%v, %+v", err, report)
	}
}

func TestWhatDoesNotFitTheLabIsRefusedWithAWord(t *testing.T) {
	l := lab(t, "two-meanings-of-socket")
	for _, c := range []struct {
		code, says string
		edit       func(*journal.Header)
	}{
		{"lab", `is of lab "hello-udp", not "two-meanings-of-socket"`,
			func(h *journal.Header) { h.Lab.Slug = "hello-udp" }},
		{"digest", "grade it with the lab's files of then",
			func(h *journal.Header) { h.Lab.Digest = strings.Repeat("0", 64) }},
		{"behaviour", "recorded by behaviour 99", func(h *journal.Header) { h.Behaviour = 99 }},
		{"seed", `"x" is no 64-bit seed`, func(h *journal.Header) { h.Seed = "x" }},
		{"params", "changed by hand", func(h *journal.Header) { h.Params["port"] = "9999" }},
		{"world", "changed by hand", func(h *journal.Header) { h.World.Commands = h.World.Commands[1:] }},
		{"world", "changed by hand", func(h *journal.Header) { h.World.Profile = "rfc" }},
		{"world", "changed by hand", func(h *journal.Header) {
			h.World.Commands[0].Args = json.RawMessage(`{"id":"A","addr":"1.2.3.4/24"}`)
		}},
	} {
		r := play(t, l, l.Solution[:1])
		c.edit(&r.Header)
		_, err := grade.Grade(l, r.Header, r.Entries)
		var no *grade.Refusal
		if !errors.As(err, &no) || no.Code != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", c.code, err)
		}
	}
}

func TestSpacesInTheStartWorldDoNotMatter(t *testing.T) {
	l := lab(t, "hello-udp")
	r := play(t, l, l.Solution[:1])
	for i, c := range r.Header.World.Commands {
		r.Header.World.Commands[i].Args = json.RawMessage(strings.ReplaceAll(string(c.Args), ",", " , "))
	}
	if _, err := grade.Grade(l, r.Header, r.Entries); err != nil {
		t.Error(err)
	}
}

func TestAnEntryThatDoesNotFitIsRefused(t *testing.T) {
	l := lab(t, "hello-udp")
	r := play(t, l, l.Solution)
	r.Entries[3].N += 5
	if _, err := grade.Grade(l, r.Header, r.Entries); err == nil {
		t.Error("an entry at an event that never was is graded")
	}
}
