package check_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"labserver/labs"
	"labserver/labs/check"
	"labserver/labs/trial"
	"labserver/stack/event"
	"labserver/stack/view"
)

// TestPredicatesKnowEveryEventKind compares the kinds with the sources of stack/event.
func TestPredicatesKnowEveryEventKind(t *testing.T) {
	files, err := filepath.Glob("../../stack/event/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	known := check.EventSet()
	found := 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\) Kind\(\) Kind\s*\{ return "([a-z0-9.]+)" \}`).FindAllSubmatch(src, -1) {
			found++
			if !slices.Contains(known, string(m[1])) {
				t.Errorf("%s: kind %s is not in bodies()", f, m[1])
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d kinds found in the sources; has their form changed?", found)
	}
}

// TestAPredicateIsEvaluatedWhenItsViewChanges holds the table of what each kind touches
// to what view.Reduce does, over every event of every list of the catalog.
func TestAPredicateIsEvaluatedWhenItsViewChanges(t *testing.T) {
	c, err := labs.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[event.Kind]bool{}
	for _, l := range c.All() {
		lists := [][]labs.Step{l.Solution}
		for _, w := range l.Wrong {
			lists = append(lists, w.Steps)
		}
		for _, steps := range lists {
			r, err := trial.Play(l, 1, steps)
			if err != nil {
				t.Fatal(err)
			}
			v := view.New()
			before := asJSON(t, v)
			for _, e := range r.World.Events().From(1) {
				view.Reduce(&v, e)
				after := asJSON(t, v)
				groups, listed := check.Touches(e.Kind())
				if listed {
					seen[e.Kind()] = true
					for _, ch := range changes(before, after) {
						if !covered(groups, ch) {
							t.Fatalf("%s changes %v, which is not in %v", e.Kind(), ch, groups)
						}
					}
				}
				before = after
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d listed kinds occur in the catalog's runs", len(seen))
	}
}

func asJSON(t *testing.T, v view.View) map[string]any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// change is a list of the view that differs and the row field that does; field "" when
// rows came or went.
type change struct{ list, field string }

func changes(a, b map[string]any) (out []change) {
	for list := range a {
		x, ok1 := a[list].([]any)
		y, ok2 := b[list].([]any)
		switch {
		case reflect.DeepEqual(a[list], b[list]):
		case !ok1 || !ok2 || len(x) != len(y):
			out = append(out, change{list, ""})
		default:
			for i := range x {
				r, s := x[i].(map[string]any), y[i].(map[string]any)
				for f := range r {
					if !reflect.DeepEqual(r[f], s[f]) {
						out = append(out, change{list, f})
					}
				}
			}
		}
	}
	return out
}

func covered(groups [][]string, c change) bool {
	for _, g := range groups {
		if g[0] == c.list && (len(g) == 1 || slices.Contains(g[1:], c.field)) {
			return true
		}
	}
	return false
}

// TestFeedingInPiecesIsFeedingWhole: a checker asked for verdicts after every event ends
// as one that is asked once.
func TestFeedingInPiecesIsFeedingWhole(t *testing.T) {
	c, err := labs.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range c.All() {
		r, err := trial.Play(l, 9, l.Solution)
		if err != nil {
			t.Fatal(err)
		}
		often, err := check.New(l, r.Header.Params)
		if err != nil {
			t.Fatal(err)
		}
		last := often.Verdicts()
		for _, e := range r.World.Events().From(1) {
			changed := often.Feed(e)
			now := often.Verdicts()
			if !changed && !reflect.DeepEqual(now, last) {
				t.Errorf("%s: event %d changed a verdict and Feed did not say so", l.Slug, e.N)
			}
			last = now
		}
		if !reflect.DeepEqual(last, r.Checker.Verdicts()) {
			t.Errorf("%s: %+v\n%+v", l.Slug, last, r.Checker.Verdicts())
		}
	}
}
