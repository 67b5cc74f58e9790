package ours

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"labserver/labs"
	"labserver/labs/trial"
	"labserver/stack"
	"labserver/stack/journal"
)

// Recorded is a run as its journal holds it.
type Recorded struct {
	Name    string
	Header  journal.Header
	Entries []journal.Entry
}

// Replay computes the run again from its journal, every event recorded, and returns how
// much virtual time went by in it.
func (r Recorded) Replay() (time.Duration, error) {
	w, err := journal.Replay(r.Header, r.Entries)
	if err != nil {
		return 0, err
	}
	return time.Duration(w.Now()), nil
}

// bulkWorld is the start of a recorded transfer: two hosts on a link of 10 Mbit/s, a
// connection between them.
const bulkWorld = `
host.add {"id":"A","addr":"10.0.0.1/24"}
host.add {"id":"B","addr":"10.0.0.2/24"}
link.add {"a":{"host":"A"},"b":{"host":"B"},"delay_ns":5000000,"rate_bps":10000000}
proc.start {"host":"A","id":"a"}
proc.start {"host":"B","id":"b"}
socket {"proc":"b","proto":"tcp"}
bind {"proc":"b","fd":3,"port":80}
listen {"proc":"b","fd":3}
accept {"proc":"b","fd":3}
socket {"proc":"a","proto":"tcp"}
connect {"proc":"a","fd":3,"addr":"10.0.0.2","port":80}
`

// piece is how much one command of the recorded transfer sends or reads, in octets.
const piece = 1 << 20

// BulkRun records a transfer over a link of 10 Mbit/s that takes about so long in virtual
// time.
func BulkRun(long time.Duration) (Recorded, error) {
	r := Recorded{Name: "10 Mbit/s bulk transfer"}
	r.Header = journal.Header{Format: journal.Format, Build: stack.Build, Seed: "1",
		Params: map[string]string{}}
	for line := range strings.Lines(strings.TrimSpace(bulkWorld)) {
		op, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		r.Header.World.Commands = append(r.Header.World.Commands,
			journal.Entry{Op: op, Args: json.RawMessage(args)})
	}
	w, err := journal.Open(r.Header)
	if err != nil {
		return r, err
	}
	rec := journal.Record(r.Header, w)
	give := func(op, args string) error {
		c, err := stack.ParseCommand(op, "", json.RawMessage(args))
		if err == nil {
			err = w.Check(c)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		rec.Apply(c)
		return nil
	}
	for range int(long.Seconds() * 10e6 / 8 / piece) {
		err := first(give("send", fmt.Sprintf(`{"proc":"a","fd":3,"octets":%d}`, piece)),
			give("recv", fmt.Sprintf(`{"proc":"b","fd":4,"max":%d,"flags":["waitall"]}`, piece)))
		if err != nil {
			return r, err
		}
		w.Advance(w.Now().Add(time.Duration(piece * 8 * 100))) // ns, at 10 Mbit/s
	}
	rec.Clock()
	r.Header, r.Entries, err = journal.Decode(rec.File())
	return r, err
}

// LabRuns plays the solution of every lab in the catalogue, one command after another as
// a script does; or, with a pace, as a person does who gives one in so much virtual time.
func LabRuns(pace time.Duration) ([]Recorded, error) {
	catalog, err := labs.Embedded()
	if err != nil {
		return nil, err
	}
	var all []Recorded
	for _, l := range catalog.All() {
		run, err := trial.Play(l, 1, l.Solution)
		if err != nil {
			return nil, fmt.Errorf("lab %s: %w", l.Folder(), err)
		}
		r := Recorded{l.Folder(), run.Header, run.Entries}
		if pace > 0 {
			if r, err = r.at(pace); err != nil {
				return nil, fmt.Errorf("lab %s at a person's pace: %w", l.Folder(), err)
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// at records the same commands again, each so long after the one before.
func (r Recorded) at(pace time.Duration) (Recorded, error) {
	w, err := journal.Open(r.Header)
	if err != nil {
		return r, err
	}
	rec := journal.Record(r.Header, w)
	for _, e := range r.Entries {
		if e.Op == journal.OpClock {
			continue
		}
		w.Advance(w.Now().Add(pace))
		c, err := stack.ParseCommand(e.Op, e.Actor, e.Args)
		if err == nil {
			err = w.Check(c)
		}
		if err != nil {
			return r, fmt.Errorf("%s: %w", e.Op, err)
		}
		rec.Apply(c)
	}
	rec.Clock()
	slow := Recorded{Name: r.Name}
	slow.Header, slow.Entries, err = journal.Decode(rec.File())
	return slow, err
}
