package evidence

import (
	"testing"

	"labserver/stack/journal"
	"labserver/stack/rfc"
)

// Every place is an event, of a run that replays on this stack, that names the rule.
func TestEveryPlaceIsAnEventThatNamesItsRule(t *testing.T) {
	named := map[Place]rfc.ID{}
	for _, name := range Names() {
		h, entries, ok := Open(name)
		if !ok {
			t.Fatalf("%s cannot be opened", name)
		}
		w, err := journal.Replay(h, entries)
		if err != nil {
			t.Errorf("%s: %v: run go generate ./labs/evidence", name, err)
			continue
		}
		for _, e := range w.Events().From(1) {
			named[Place{name, e.N}] = e.Rule
		}
		if len(In(name)) == 0 {
			t.Errorf("%s shows nothing", name)
		}
	}
	for id, p := range index().Rules {
		if named[p] != id {
			t.Errorf("event %d of %s names %s, not %s", p.N, p.Run, named[p], id)
		}
	}
}

// No rule is only claimed: an event of a recorded run names it, or a reason stands why none
// does; and some code of the stack names it.
func TestEveryRuleHasAnExampleOrAReason(t *testing.T) {
	without := Without()
	for _, r := range rfc.Table() {
		_, shown := Of(r.ID)
		_, excused := without[r.ID]
		switch {
		case shown == excused:
			t.Errorf("%s: a run shows it: %t; a reason why none does: %t", r.ID, shown, excused)
		case r.Level != rfc.Root && len(Code(r.ID)) == 0:
			t.Errorf("no code of the stack names %s", r.ID)
		}
		delete(without, r.ID)
	}
	for id := range without {
		t.Errorf("%s has a reason and is no rule", id)
	}
	for _, r := range rfc.Ledger() {
		if _, ok := Requirement(r); !ok && r.State == rfc.Met && len(r.Shown) > 0 &&
			Without()[r.Shown[0]] == "" {
			t.Errorf("%s is said to show in events, and in none does", r.ID)
		}
	}
}

func TestARecordedRunIsALabOfItsOwn(t *testing.T) {
	digests := map[string]bool{}
	for _, name := range Names() {
		h, _, _ := Open(name)
		if got, ok := NameOf(h.Lab.Slug); !ok || got != name || len(h.Lab.Digest) != 64 {
			t.Errorf("%s: lab %+v", name, h.Lab)
		}
		digests[h.Lab.Digest] = true
	}
	if len(digests) != len(Names()) || len(digests) == 0 {
		t.Errorf("%d runs, %d digests", len(Names()), len(digests))
	}
	if _, ok := NameOf("hello-udp"); ok {
		t.Error("a lab was taken for a recorded run")
	}
	if _, _, ok := Open("../index"); ok {
		t.Error("what is no run was opened")
	}
}
