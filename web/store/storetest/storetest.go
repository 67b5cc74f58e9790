// Package storetest is the one suite that every store adapter passes.
//
// It must never know an engine: it sees only store.Store. What it asks is docs/journal.md
// §7: appends are fenced, idempotent by cid, dense in order, and there after a reopen.
package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"labserver/stack/journal"
	"labserver/stack/sim"
	"labserver/web/app"
	"labserver/web/store"
)

// Backend opens the same data as another process would: node is that process's name.
// What was open before counts as crashed; it must refuse to write from then on.
type Backend func(node string) (store.Store, error)

// Run runs the suite. each makes an empty backend.
func Run(t *testing.T, each func(t *testing.T) Backend) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *fixture)
	}{
		{"a session comes back as it was made", testCreate},
		{"a session can begin with entries", testCreateWithEntries},
		{"what is not there is ErrNotFound", testNotFound},
		{"appends are dense and in order", testDense},
		{"a cid is journaled once, whatever comes with it", testIdempotent},
		{"a cid is found again in an earlier run", testLookup},
		{"a stale owner is refused, by every write", testFenced},
		{"a reopen takes every session over", testReopen},
		{"a released session is nobody's", testRelease},
		{"clock entries with the same words become one", testClock},
		{"what owners share ends where a later one took a command", testDiverged},
		{"a new run opens the session again", testNewRun},
		{"finish marks the session", testFinish},
		{"sessions are listed by owner, the last touched first", testList},
		{"shares are kept by hash and can be revoked", testShares},
		{"a session can be read from a capture", testCapture},
		{"captures go when they are old, or too many", testPrune},
		{"any list of writes reads back as a model says", testModel},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fixture{t: t, backend: each(t), ctx: context.Background(),
				now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
			f.open("node-1")
			c.test(t, f)
		})
	}
}

// fixture is one test's store with what most tests need.
type fixture struct {
	t       *testing.T
	ctx     context.Context
	backend Backend
	store   store.Store
	now     time.Time
}

// open opens the data as another process, after the last one has ended.
func (f *fixture) open(node string) store.Store {
	f.t.Helper()
	s, err := f.backend(node)
	if err != nil {
		f.t.Fatal(err)
	}
	f.store = s
	return s
}

// session makes a session of owner and returns the right to write to it.
func (f *fixture) session(id app.SessionID, owner app.SubjectID) store.Fence {
	f.t.Helper()
	row := app.Session{ID: id, Owner: owner, Created: f.now, Touched: f.now, Speed: app.RealTime}
	row, err := f.store.CreateSession(f.ctx, row, aRun(id, 1))
	if err != nil {
		f.t.Fatal(err)
	}
	return store.Fence{Session: id, Epoch: row.OwnerEpoch}
}

func aRun(id app.SessionID, no int) app.Run {
	return app.Run{Session: id, No: no, Behaviour: 0, Build: "b1", LabSlug: "hello-udp",
		LabDigest: "d1", Params: map[string]string{"port": "53"}, Seed: 1<<64 - 1,
		World: []byte(`{"profile":"linux","commands":[]}`)}
}

func command(cid string, at int) journal.Entry {
	return journal.Entry{Step: uint64(at), T: sim.Time(at) * 1000, N: uint64(at) * 2, CID: cid,
		Actor: "alice", Op: "bind", Args: json.RawMessage(fmt.Sprintf(`{"port":%d}`, at))}
}

func clockEntry(at int, playing bool) journal.Entry {
	return journal.Entry{Step: uint64(at), T: sim.Time(at) * 1000, N: uint64(at) * 2, Op: "clock",
		Args: json.RawMessage(fmt.Sprintf(`{"playing":%v,"speed":1}`, playing))}
}

func (f *fixture) append(fence store.Fence, run int, e journal.Entry) store.Appended {
	f.t.Helper()
	a, err := f.store.Append(f.ctx, fence, f.now, run, e)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func (f *fixture) entries(id app.SessionID, run int) []journal.Entry {
	f.t.Helper()
	list, err := f.store.Entries(f.ctx, id, run)
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// ok stops the test at an error.
func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}
