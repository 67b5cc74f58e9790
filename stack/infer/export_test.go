package infer_test

import (
	"slices"
	"testing"

	"labserver/stack/capture"
)

// TestWhatIsExportedIsReadBack takes the files that people download: each packet where it
// left, or where it arrived too. Both give the segments and the states of the run.
func TestWhatIsExportedIsReadBack(t *testing.T) {
	for _, both := range []bool{false, true} {
		compared := 0
		for _, name := range goldens(t) {
			w := replay(t, name)
			want := onWire(w.Events().From(1))
			if len(want) == 0 || tampered(w) || hidden()[name] != "" {
				continue
			}
			truth := lives(w.Events().From(1))
			teller := capture.New(w, capture.Options{Both: both})
			teller.Read()
			teller.Flush()
			r := inferred(t, teller.Take())
			lawful(t, r)
			if got := onWire(r.Events().From(1)); both && !slices.Equal(got, want) {
				t.Errorf("%s: %d segments came back of %d, or others", name, len(got), len(want))
			}
			for flow, got := range lives(r.Events().From(1)) {
				compared++
				if !slices.Equal(got, truth[flow]) && !slices.Equal(append(got, "CLOSED"), truth[flow]) {
					t.Errorf("%s (both ends %v): %s\n got %v\nwant %v", name, both, flow, got, truth[flow])
				}
			}
		}
		if compared < 40 {
			t.Errorf("only %d endpoints were compared", compared)
		}
	}
}
