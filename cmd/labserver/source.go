package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"labserver/stack"
	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/session"
	"labserver/web/store"
)

// maxJournalFile is far beyond what a session may write (4 MiB).
const maxJournalFile = 64 << 20

// recorded is a run as it was saved, from wherever it came.
type recorded struct {
	from    string // as the caller named it
	header  journal.Header
	entries []journal.Entry
	session app.SessionID // "" for a file
	run     int           // its number; 0 for a file
}

// read finds a run: "session:ID[/RUN]" in the data folder's database, which may be
// served meanwhile; anything else is a journal file.
func (f dataFlag) read(ctx context.Context, from string) (recorded, error) {
	var r recorded
	var err error
	if id, ok := strings.CutPrefix(from, "session:"); ok {
		r, err = f.readSession(ctx, id)
	} else {
		r, err = readFile(from)
	}
	if err != nil {
		return r, err
	}
	r.from = from
	if r.header.Behaviour != stack.Behaviour {
		return r, wrongf("%s was recorded by behaviour %d of the stack and this build has %d; "+
			"use a build of that behaviour", from, r.header.Behaviour, stack.Behaviour)
	}
	if b := r.header.Build; b != "" && b != stack.Build {
		return r, wrongf("%s was recorded by build %s of the stack and this is build %s, which may "+
			"replay it differently; use the labserver that recorded it", from, b, stack.Build)
	}
	return r, nil
}

func readFile(path string) (recorded, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return recorded{}, wrongf("journal %s: %v; name a journal file or session:ID", path, cause(err))
	case info.IsDir():
		return recorded{}, wrongf("journal %s is a folder; name a journal file or session:ID", path)
	case info.Size() > maxJournalFile:
		return recorded{}, wrongf("journal %s has %d octets, more than any run writes (%d); "+
			"name a journal file", path, info.Size(), int64(maxJournalFile))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return recorded{}, wrongf("journal %s: %v", path, cause(err))
	}
	h, entries, err := journal.Decode(data)
	if err != nil {
		return recorded{}, wrongf("journal %s: %v; download it again from its session", path, err)
	}
	return recorded{header: h, entries: entries}, nil
}

func (f dataFlag) readSession(ctx context.Context, name string) (recorded, error) {
	id, number, given := strings.Cut(name, "/")
	no := 0
	if given {
		var err error
		if no, err = strconv.Atoi(number); err != nil || no < 1 {
			return recorded{}, wrongf("session:%s: run %q is not a number from 1; "+
				"leave /%s away for the latest run", name, number, number)
		}
	}
	db, err := openReader(ctx, f.Data)
	if err != nil {
		return recorded{}, err
	}
	defer db.Close()
	run, err := db.Run(ctx, app.SessionID(id), no)
	if errors.Is(err, store.ErrNotFound) {
		return recorded{}, wrongf("session:%s is not in %s; the id is in the session's address, /s/ID",
			name, f.Data)
	}
	if err != nil {
		return recorded{}, fmt.Errorf("read session:%s: %w", name, err)
	}
	if run.LabSlug == app.CaptureSlug {
		return recorded{}, wrongf("session:%s shows a capture, which nothing can replay; "+
			"download its file and use `labserver import`", name)
	}
	h, err := session.HeaderOf(run)
	if err != nil {
		return recorded{}, fmt.Errorf("read session:%s: %w", name, err)
	}
	entries, err := db.Entries(ctx, app.SessionID(id), run.No)
	if err != nil {
		return recorded{}, fmt.Errorf("read session:%s: %w", name, err)
	}
	return recorded{header: h, entries: entries, session: app.SessionID(id), run: run.No}, nil
}

// play computes the run again, telling each world position to seen, which may be nil. An
// entry that does not fit the world is a damaged journal; a panic is a defect of ours.
func (r recorded) play(seen func(*stack.World) error) (w *stack.World, err error) {
	at := "the start world"
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: at %s the stack met a defect of its own: %v; "+
				"please report it with this journal", r.from, at, p)
		}
	}()
	if w, err = journal.Open(r.header); err != nil {
		return nil, wrongf("%s: start world: %v", r.from, err)
	}
	for i, e := range r.entries {
		at = fmt.Sprintf("entry %d (%s)", i+1, e.Op)
		if err := journal.Apply(w, e); err != nil {
			return nil, wrongf("%s: %s: %v; the file is damaged or was edited", r.from, at, err)
		}
		if seen != nil {
			if err := seen(w); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}
