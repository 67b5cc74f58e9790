package trial

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"labserver/labs"
	"labserver/labs/check"
	"labserver/stack/sim"
)

// Seeds is how many seeds a lab is tried with unless someone says otherwise.
const Seeds = 100

// minWrong is how many typical wrong solutions every lab carries.
const minWrong = 3

// Row is one command list tried with many seeds.
type Row struct {
	List     string // "solution.jsonl", "(nothing)", "wrong-refused.jsonl"
	Expect   string // what it must do, in words
	Seeds    int    // tried
	Commands int    // world commands given, the most of any seed
	Events   uint64 // of the longest run
	Fault    string // "" if all went as expected: the first that did not
}

// Table is how a lab stood its trial.
type Table struct {
	Lab    string
	Digest string
	Rows   []Row
}

// OK reports whether everything went as the lab says.
func (t Table) OK() bool {
	for _, r := range t.Rows {
		if r.Fault != "" {
			return false
		}
	}
	return true
}

// String renders the table for a terminal, one line a list.
func (t Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %.12s\n", t.Lab, t.Digest)
	for _, r := range t.Rows {
		word := "ok  "
		if r.Fault != "" {
			word = "FAIL"
		}
		fmt.Fprintf(&b, "  %s %-34s %4d seeds %4d commands %6d events  %s\n",
			word, r.List, r.Seeds, r.Commands, r.Events, r.Expect)
		if r.Fault != "" {
			fmt.Fprintf(&b, "       %s\n", strings.ReplaceAll(r.Fault, "\n", "\n       "))
		}
	}
	return b.String()
}

// CheckDir loads the lab in a folder and tries it. An error says that it is no lab.
func CheckDir(dir string, seeds int) (Table, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Table{}, err
	}
	l, err := labs.LoadLab(os.DirFS(abs), filepath.Base(abs))
	if err != nil {
		return Table{}, err
	}
	return Check(l, seeds), nil
}

// Check tries a lab's lists with so many seeds each.
func Check(l *labs.Lab, seeds int) Table {
	t := Table{Lab: l.Folder(), Digest: l.Digest}
	waits, err := check.NewWaits(l)
	if err == nil {
		_, err = check.New(l, l.Readable())
	}
	if err != nil {
		t.Rows = []Row{{List: "lab.yaml", Expect: "predicates compile", Fault: err.Error()}}
		return t
	}
	one := func(r Row, steps []labs.Step, judge func(*Run) string) {
		for i := range seeds {
			seed := sim.Stream(uint64(i), "lab-check").Uint64()
			run, err := play(l, seed, steps, waits)
			fault := ""
			if err != nil {
				fault = err.Error()
			} else {
				r.Commands = max(r.Commands, run.Commands)
				r.Events = max(r.Events, run.World.Events().Len())
				fault = judge(run)
			}
			r.Seeds++
			if fault != "" {
				r.Fault = fmt.Sprintf("seed %d: %s", seed, fault)
				break
			}
		}
		t.Rows = append(t.Rows, r)
	}
	one(Row{List: "solution.jsonl", Expect: "meets every goal"}, l.Solution,
		func(r *Run) string { return solved(l, r) })
	one(Row{List: "(nothing)", Expect: "meets no goal"}, finish(), nothingMet)
	for _, w := range l.Wrong {
		one(Row{List: w.Name, Expect: "fails " + w.Fails + ", draws " + w.Hint}, w.Steps,
			func(r *Run) string { return failsAsNamed(l, w, r) })
	}
	if len(l.Wrong) < minWrong {
		t.Rows = append(t.Rows, Row{List: "wrong-*.jsonl", Expect: "typical wrong solutions",
			Fault: fmt.Sprintf("there are %d; write at least %d", len(l.Wrong), minWrong)})
	}
	return t
}

// finish is the command list of someone who hands in at once.
func finish() []labs.Step {
	return []labs.Step{{Line: `{"op":"finish"}`, Pos: labs.Pos{File: "(nothing)", Line: 1}}}
}

func solved(l *labs.Lab, r *Run) string {
	for _, v := range r.Checker.Verdicts() {
		if v.State != check.Met {
			return fmt.Sprintf("goal %q is %s; missing: %s", v.Goal, v.State, v.Unmet)
		}
	}
	if !r.Checker.Finished() {
		return "it does not finish; end it with {\"op\":\"finish\"}"
	}
	if l.Par > 0 && r.Commands > l.Par {
		return fmt.Sprintf("it takes %d commands but par is %d; raise par or shorten it", r.Commands,
			l.Par)
	}
	return ""
}

func nothingMet(r *Run) string {
	for _, v := range r.Checker.Verdicts() {
		if v.State == check.Met {
			return fmt.Sprintf("goal %q is met by doing nothing; give it needs: [a goal of deeds]", v.Goal)
		}
	}
	return ""
}

func failsAsNamed(l *labs.Lab, w labs.Wrong, r *Run) string {
	for i, v := range r.Checker.Verdicts() {
		if v.Goal != w.Fails {
			continue
		}
		if v.State == check.Met {
			return fmt.Sprintf("goal %q is met, though it should fail", v.Goal)
		}
		if v.Hint < 0 {
			return fmt.Sprintf("goal %q draws no hint, it should draw %q", v.Goal, w.Hint)
		}
		if got := l.Goals[i].Hints[v.Hint].ID; got != w.Hint {
			return fmt.Sprintf("goal %q draws hint %q, it should draw %q", v.Goal, got, w.Hint)
		}
	}
	return ""
}
