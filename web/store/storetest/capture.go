package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"labserver/web/app"
	"labserver/web/store"
)

// capture makes a session of a file of n octets.
func (f *fixture) capture(id app.SessionID, owner app.SubjectID, at time.Time, n int) {
	f.t.Helper()
	row := app.Session{ID: id, Owner: owner, Created: at, Touched: at, Speed: app.RealTime}
	file := app.Capture{Name: string(id) + ".pcapng", Octets: bytes.Repeat([]byte{7}, n)}
	row, err := f.store.CreateCapture(f.ctx, row, aRun(id, 1), file)
	f.ok(err)
	if row.OwnerEpoch != 1 {
		f.t.Errorf("capture %s begins with epoch %d", id, row.OwnerEpoch)
	}
}

// kept lists which of the sessions are still there, with their files.
func (f *fixture) kept(ids ...app.SessionID) (list []app.SessionID) {
	f.t.Helper()
	for _, id := range ids {
		_, err := f.store.Capture(f.ctx, id)
		_, row := f.store.Session(f.ctx, id)
		if errors.Is(err, store.ErrNotFound) != errors.Is(row, store.ErrNotFound) {
			f.t.Errorf("capture %s: the file is %v, its session %v", id, err, row)
		}
		if err == nil {
			list = append(list, id)
		}
	}
	return list
}

func testCapture(t *testing.T, f *fixture) {
	f.session("s1", "alice")
	f.capture("c1", "alice", f.now, 3)
	c, err := f.store.Capture(f.ctx, "c1")
	f.ok(err)
	if c.Name != "c1.pcapng" || !bytes.Equal(c.Octets, []byte{7, 7, 7}) {
		t.Errorf("the file came back as %+v", c)
	}
	if _, err := f.store.Capture(f.ctx, "s1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a session of a lab has a file: %v", err)
	}
	if run, err := f.store.Run(f.ctx, "c1", 0); err != nil || run.No != 1 {
		t.Errorf("run %+v, %v", run, err)
	}
	list, err := f.store.SessionsOf(f.ctx, "alice", 10)
	f.ok(err)
	for _, s := range list {
		if want := map[app.SessionID]string{"s1": "", "c1": "c1.pcapng"}[s.ID]; s.Capture != want {
			t.Errorf("session %s is of the file %q, want %q", s.ID, s.Capture, want)
		}
	}
	f.open("node-2")
	if _, err := f.store.Claim(f.ctx, "c1"); err != nil {
		t.Error(err)
	}
	if n, err := f.store.Counts(f.ctx); err != nil || n.Captures != 1 || n.Sessions != 2 {
		t.Errorf("counts %+v, %v", n, err)
	}
}

func testPrune(t *testing.T, f *fixture) {
	day := 24 * time.Hour
	all := []app.SessionID{"b1", "b2"}
	f.capture("b1", "bob", f.now.Add(-40*day), 10)
	f.capture("b2", "bob", f.now, 10)
	for i := range 5 {
		id := app.SessionID(fmt.Sprint("a", i))
		all = append(all, id)
		f.capture(id, "alice", f.now.Add(time.Duration(i)*time.Hour), 10)
	}
	f.session("s1", "alice")
	for _, c := range []struct {
		octets int64
		files  int
		want   string
	}{
		{1000, 10, "[b2 a0 a1 a2 a3 a4]"},
		{35, 10, "[b2 a2 a3 a4]"},
		{1000, 2, "[b2 a3 a4]"},
		{0, 0, "[b2]"},
	} {
		f.ok(f.store.PruneCaptures(f.ctx, f.now.Add(-30*day), "alice", c.octets, c.files))
		if got := fmt.Sprint(f.kept(all...)); got != c.want {
			t.Errorf("at most %d octets and %d files: %s, want %s", c.octets, c.files, got, c.want)
		}
	}
	if _, err := f.store.Session(f.ctx, "s1"); err != nil {
		t.Errorf("a session of a lab went, too: %v", err)
	}
}
