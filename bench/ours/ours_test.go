package ours

import (
	"testing"
	"time"
)

// A quiet world must do what a recorded one does: the comparison rests on it.
func TestAQuietTransferSendsTheSameSegmentsAsARecordedOne(t *testing.T) {
	quiet, err := Bulk{Options: Options{Quiet: true}, Warm: 1 << 20, Octets: 4 << 20}.Run()
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := Bulk{Warm: 1 << 20, Octets: 4 << 20}.Run()
	if err != nil {
		t.Fatal(err)
	}
	if quiet.Segments != recorded.Segments || quiet.Octets != recorded.Octets {
		t.Errorf("quiet %d segments, %d octets; recorded %d, %d", quiet.Segments, quiet.Octets,
			recorded.Segments, recorded.Octets)
	}
	if least := quiet.Octets / 1448; quiet.Segments < least {
		t.Errorf("%d segments cannot carry %d octets", quiet.Segments, quiet.Octets)
	}
}

func TestEveryOpeningSendsSevenSegments(t *testing.T) {
	s, err := Openings(Options{Quiet: true}, 100)
	if err != nil {
		t.Fatal(err)
	}
	// SYN, SYN+ACK, ACK; FIN, ACK, FIN, ACK.
	if s.Operations != 100 || s.Segments != 700 {
		t.Errorf("%d openings in %d segments, want 7 each", s.Operations, s.Segments)
	}
}

func TestARecordedRunIsReplayedToItsEnd(t *testing.T) {
	bulk, err := BulkRun(3 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := bulk.Replay(); err != nil || v < 2*time.Second || v > 4*time.Second {
		t.Errorf("3 s of transfer took %v, %v", v, err)
	}
	runs, err := LabRuns(5 * time.Second)
	if err != nil || len(runs) == 0 {
		t.Fatal(len(runs), err)
	}
	for _, r := range runs {
		least := 5 * time.Second * time.Duration(len(r.Entries)-1)
		if v, err := r.Replay(); err != nil || v < least {
			t.Errorf("%s: %v of virtual time, at least %v expected, %v", r.Name, v, least, err)
		}
	}
}
