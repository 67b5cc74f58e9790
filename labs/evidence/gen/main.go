// Command gen writes labs/evidence: index.json and runs/. It is run by go generate there.
//
// It must never invent an event: it plays what is recorded in the golden journals (by
// their commands and times, so that it does not need them to be up to date) and in the
// scenes, and the packet scripts that pass, and takes from them the fewest runs that show
// the most rules.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"labserver/labs/evidence"
	"labserver/stack/rfc"
)

func main() {
	if err := run("../..", "."); err != nil {
		fmt.Fprintln(os.Stderr, "evidence:", err)
		os.Exit(1)
	}
}

// run reads the repository at root and writes into dir.
func run(root, dir string) error {
	tiers, err := sources(root)
	if err != nil {
		return err
	}
	index := evidence.Index{Rules: map[rfc.ID]evidence.Place{}}
	var chosen []take
	for _, all := range tiers {
		chosen = append(chosen, cover(all, index.Rules)...)
	}
	chosen = soonest(chosen, index.Rules)
	if index.Code, err = citing(filepath.Join(root, "stack")); err != nil {
		return err
	}
	old, _ := filepath.Glob(filepath.Join(dir, "runs", "*.journal"))
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	for _, t := range chosen {
		if err := os.WriteFile(filepath.Join(dir, "runs", t.name+".journal"), t.file, 0o644); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(index); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "index.json"), b.Bytes(), 0o644)
}

// sources plays what there is, the best told first: scenes and golden scenarios, then
// packet scripts.
func sources(root string) ([][]take, error) {
	golden, err := goldens(filepath.Join(root, "stack", "testdata", "golden"))
	if err != nil {
		return nil, err
	}
	played, err := scenes(filepath.Join(root, "labs", "evidence", "scenes"))
	if err != nil {
		return nil, err
	}
	scripted, err := scripts(filepath.Join(root, "stack"))
	if err != nil {
		return nil, err
	}
	return [][]take{append(golden, played...), scripted}, nil
}

// soonest moves each rule's place to the run, of those taken, that comes to it first, and
// returns the runs that are still some rule's place.
func soonest(chosen []take, found map[rfc.ID]evidence.Place) (kept []take) {
	for _, t := range chosen {
		for id, n := range t.shows {
			if n < found[id].N {
				found[id] = evidence.Place{Run: t.name, N: n}
			}
		}
	}
	used := map[string]bool{}
	for _, p := range found {
		used[p.Run] = true
	}
	for _, t := range chosen {
		if used[t.name] {
			kept = append(kept, t)
		}
	}
	return kept
}

// cover takes runs until they show no rule that is not in found yet: each time the one
// that shows most, the shorter of two.
func cover(all []take, found map[rfc.ID]evidence.Place) (chosen []take) {
	for {
		fresh := func(t take) (n int) {
			for id := range t.shows {
				if _, ok := found[id]; !ok {
					n++
				}
			}
			return n
		}
		slices.SortStableFunc(all, func(a, b take) int {
			return cmp.Or(cmp.Compare(fresh(b), fresh(a)), cmp.Compare(a.events, b.events),
				strings.Compare(a.name, b.name))
		})
		if len(all) == 0 || fresh(all[0]) == 0 {
			return chosen
		}
		best := all[0]
		for id, n := range best.shows {
			if _, ok := found[id]; !ok {
				found[id] = evidence.Place{Run: best.name, N: n}
			}
		}
		chosen, all = append(chosen, best), all[1:]
	}
}
