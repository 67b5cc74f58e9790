package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// A run of one section prints JSON that holds its rows.
func TestAQuickRunPrintsItsRowsAsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"--quick", "--json", "--only", "udp,floor"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var r struct {
		Machine string
		Rows    []struct {
			ID   string
			Ours struct{ Median float64 }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 9 || r.Rows[8].ID != "floor" || r.Machine == "" {
		t.Fatalf("rows: %+v", r)
	}
	for _, row := range []int{0, 8} {
		if r.Rows[row].Ours.Median <= 0 {
			t.Errorf("%s: nothing measured", r.Rows[row].ID)
		}
	}
}

func TestABadArgumentIsRefusedBeforeAnythingRuns(t *testing.T) {
	for args, want := range map[string]string{
		"--only bulk,tcp": `no section "tcp"`,
		"--rounds 0":      "at least",
		"bulk":            `unexpected argument "bulk"`,
	} {
		var out bytes.Buffer
		err := run(strings.Fields(args), &out, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 {
			t.Errorf("%s: %v, printed %q", args, err, out.String())
		}
	}
}
