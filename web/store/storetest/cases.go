package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"labserver/web/app"
	"labserver/web/store"
)

func testCreate(t *testing.T, f *fixture) {
	f.session("s1", "alice")
	row, err := f.store.Session(f.ctx, "s1")
	f.ok(err)
	want := app.Session{ID: "s1", Owner: "alice", Node: "node-1", OwnerEpoch: 1, Created: f.now,
		Touched: f.now, Speed: app.RealTime}
	if row != want {
		t.Errorf("session\n%+v, want\n%+v", row, want)
	}
	for _, no := range []int{0, 1} {
		run, err := f.store.Run(f.ctx, "s1", no)
		f.ok(err)
		if !reflect.DeepEqual(run, aRun("s1", 1)) {
			t.Errorf("run %d: %+v", no, run)
		}
	}
	row.ID = "s1"
	if _, err := f.store.CreateSession(f.ctx, row, aRun("s1", 1)); err == nil {
		t.Error("an id was given twice")
	}
}

// A recorded run is taken over whole, and goes on where it ended.
func testCreateWithEntries(t *testing.T, f *fixture) {
	row := app.Session{ID: "s1", Owner: "alice", Created: f.now, Touched: f.now, Speed: app.RealTime}
	row, err := f.store.CreateSession(f.ctx, row, aRun("s1", 1), command("", 1), command("", 2))
	f.ok(err)
	f.append(store.Fence{Session: "s1", Epoch: row.OwnerEpoch}, 1, command("c3", 3))
	all := f.entries("s1", 1)
	for i, cid := range []string{"", "", "c3"} {
		want := command(cid, i+1)
		want.Seq = uint64(i + 1)
		if i >= len(all) || !reflect.DeepEqual(all[i], want) {
			t.Fatalf("entries %+v, the %d. of them not %+v", all, i+1, want)
		}
	}
	row.ID = "s1"
	if _, err := f.store.CreateSession(f.ctx, row, aRun("s1", 1), command("", 4)); err == nil ||
		len(f.entries("s1", 1)) != 3 {
		t.Error("a session that was not made left entries behind")
	}
}

func testNotFound(t *testing.T, f *fixture) {
	f.session("s1", "alice")
	_, session := f.store.Session(f.ctx, "s2")
	_, claim := f.store.Claim(f.ctx, "s2")
	_, run := f.store.Run(f.ctx, "s1", 2)
	_, cid := f.store.Lookup(f.ctx, "s1", "c1")
	_, share := f.store.Share(f.ctx, "h1")
	for name, err := range map[string]error{"Session": session, "Claim": claim, "Run": run,
		"Lookup": cid, "Share": share} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list := f.entries("s2", 1); len(list) != 0 {
		t.Errorf("entries of nothing: %v", list)
	}
}

func testDense(t *testing.T, f *fixture) {
	a, b := f.session("s1", "alice"), f.session("s2", "bob")
	for i := 1; i <= 20; i++ {
		for _, fence := range []store.Fence{a, b} {
			e := command("", i)
			e.CID = string(fence.Session) + string(rune('a'+i))
			if got := f.append(fence, 1, e); got.Seq != uint64(i) || got.Duplicate || got.Run != 1 {
				t.Fatalf("append %d of %s: %+v", i, fence.Session, got)
			}
		}
	}
	for i, e := range f.entries("s1", 1) {
		want := command("s1"+string(rune('a'+i+1)), i+1)
		want.Seq = uint64(i + 1)
		if !reflect.DeepEqual(e, want) {
			t.Fatalf("entry %d:\n%+v, want\n%+v", i, e, want)
		}
	}
}

func testIdempotent(t *testing.T, f *fixture) {
	fence := f.session("s1", "alice")
	first := f.append(fence, 1, command("c1", 5))
	f.append(fence, 1, command("c2", 6))
	again := f.append(fence, 1, command("c1", 9))
	if !again.Duplicate || again.Seq != first.Seq || again.N != 10 || again.Run != 1 {
		t.Errorf("the second append of c1: %+v", again)
	}
	if n := len(f.entries("s1", 1)); n != 2 {
		t.Errorf("%d entries", n)
	}
	other := f.session("s2", "alice")
	if a := f.append(other, 1, command("c1", 1)); a.Duplicate {
		t.Error("a cid of another session counts")
	}
}

func testLookup(t *testing.T, f *fixture) {
	fence := f.session("s1", "alice")
	f.append(fence, 1, command("c1", 3))
	_, err := f.store.NewRun(f.ctx, fence, f.now, 1, aRun("s1", 0))
	f.ok(err)
	got, err := f.store.Lookup(f.ctx, "s1", "c1")
	f.ok(err)
	if want := (store.Appended{Run: 1, Seq: 1, N: 6, Duplicate: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if a := f.append(fence, 2, command("c1", 8)); a != got {
		t.Errorf("appended to the second run: %+v", a)
	}
}

func testFenced(t *testing.T, f *fixture) {
	stale := f.session("s1", "alice")
	row, err := f.store.Claim(f.ctx, "s1")
	f.ok(err)
	if row.OwnerEpoch != stale.Epoch+1 {
		t.Errorf("epoch %d after %d", row.OwnerEpoch, stale.Epoch)
	}
	_, appended := f.store.Append(f.ctx, stale, f.now, 1, command("c1", 1))
	_, clock := f.store.Clock(f.ctx, stale, f.now, 1, clockEntry(1, true), true, app.MaxSpeed)
	_, run := f.store.NewRun(f.ctx, stale, f.now, 1, aRun("s1", 0))
	for name, err := range map[string]error{"Append": appended, "Clock": clock, "NewRun": run,
		"SetClock": f.store.SetClock(f.ctx, stale, f.now, true, app.MaxSpeed),
		"Finish":   f.store.Finish(f.ctx, stale, f.now),
		"Touch":    f.store.Touch(f.ctx, stale, f.now.Add(time.Hour)),
		"Release":  f.store.Release(f.ctx, stale),
	} {
		if !errors.Is(err, store.ErrFenced) {
			t.Errorf("%s of a stale owner: %v", name, err)
		}
	}
	after, err := f.store.Session(f.ctx, "s1")
	f.ok(err)
	if after != row || len(f.entries("s1", 1)) != 0 {
		t.Errorf("a refused write left something: %+v", after)
	}
	f.append(store.Fence{Session: "s1", Epoch: row.OwnerEpoch}, 1, command("c1", 1))
}

func testReopen(t *testing.T, f *fixture) {
	one, two := f.session("s1", "alice"), f.session("s2", "alice")
	f.append(one, 1, command("c1", 1))
	_, err := f.store.Clock(f.ctx, one, f.now, 1, clockEntry(2, true), true, 2500)
	f.ok(err)
	old := f.store
	f.open("node-2")
	for _, fence := range []store.Fence{one, two} {
		row, err := f.store.Session(f.ctx, fence.Session)
		f.ok(err)
		if row.OwnerEpoch != fence.Epoch+1 || row.Node != "node-2" {
			t.Errorf("%s after the reopen: %+v", fence.Session, row)
		}
	}
	if _, err := old.Append(f.ctx, one, f.now, 1, command("c2", 3)); err == nil {
		t.Error("the process before could still append")
	}
	row, _ := f.store.Session(f.ctx, "s1")
	if !row.Playing || row.Speed != 2500 || len(f.entries("s1", 1)) != 2 {
		t.Errorf("what was acknowledged is not there: %+v", row)
	}
}

func testRelease(t *testing.T, f *fixture) {
	fence := f.session("s1", "alice")
	f.ok(f.store.Release(f.ctx, fence))
	row, err := f.store.Session(f.ctx, "s1")
	f.ok(err)
	if row.Node != "" {
		t.Errorf("owner %q", row.Node)
	}
	if err := f.store.Touch(f.ctx, fence, f.now); !errors.Is(err, store.ErrFenced) {
		t.Errorf("written after the release: %v", err)
	}
	row, err = f.store.Claim(f.ctx, "s1")
	f.ok(err)
	if row.OwnerEpoch != fence.Epoch+1 || row.Node != "node-1" {
		t.Errorf("claimed again: %+v", row)
	}
}

func testClock(t *testing.T, f *fixture) {
	fence := f.session("s1", "alice")
	clock := func(at int, playing bool, want uint64) {
		t.Helper()
		seq, err := f.store.Clock(f.ctx, fence, f.now, 1, clockEntry(at, playing), playing, app.RealTime)
		f.ok(err)
		if seq != want {
			t.Errorf("clock at %d: seq %d, want %d", at, seq, want)
		}
	}
	clock(1, true, 1)
	clock(2, true, 1)
	clock(3, false, 2)
	f.append(fence, 1, command("c1", 4))
	clock(5, false, 4)
	clock(6, false, 4)
	list := f.entries("s1", 1)
	if len(list) != 4 || list[0].Step != 2 || list[1].Step != 3 || list[3].Step != 6 ||
		list[3].N != 12 || list[3].T != 6000 {
		t.Errorf("entries %+v", list)
	}
	f.ok(f.store.SetClock(f.ctx, fence, f.now, true, app.MaxSpeed))
	row, err := f.store.Session(f.ctx, "s1")
	f.ok(err)
	if !row.Playing || row.Speed != app.MaxSpeed {
		t.Errorf("session %+v", row)
	}
}

func testDiverged(t *testing.T, f *fixture) {
	fence := f.session("s1", "alice")
	diverged := func(epoch uint64) (uint64, bool) {
		n, ok, err := f.store.Diverged(f.ctx, "s1", 1, epoch)
		f.ok(err)
		return n, ok
	}
	f.append(fence, 1, command("c1", 10))
	row, err := f.store.Claim(f.ctx, "s1")
	f.ok(err)
	fence.Epoch = row.OwnerEpoch
	_, err = f.store.Clock(f.ctx, fence, f.now, 1, clockEntry(20, false), false, app.RealTime)
	f.ok(err)
	if n, ok := diverged(1); ok {
		t.Errorf("a clock entry divides owners, at %d", n)
	}
	f.append(fence, 1, command("c2", 30))
	f.append(fence, 1, command("c3", 40))
	if n, ok := diverged(1); !ok || n != 60 {
		t.Errorf("diverged at %d, %v", n, ok)
	}
	if _, ok := diverged(2); ok {
		t.Error("the present owner differs from itself")
	}
}

func testNewRun(t *testing.T, f *fixture) {
	fence := f.session("s1", "alice")
	f.ok(f.store.SetClock(f.ctx, fence, f.now, true, 2000))
	f.ok(f.store.Finish(f.ctx, fence, f.now))
	next := aRun("ignored", 77)
	next.Seed, next.Parent, next.ParentStep = 9, 1, 123
	run, err := f.store.NewRun(f.ctx, fence, f.now, 1, next)
	f.ok(err)
	got, err := f.store.Run(f.ctx, "s1", 0)
	f.ok(err)
	if !reflect.DeepEqual(got, run) || got.No != 2 || got.Seed != 9 || got.Parent != 1 ||
		got.ParentStep != 123 || got.Session != "s1" {
		t.Errorf("run %+v", got)
	}
	row, err := f.store.Session(f.ctx, "s1")
	f.ok(err)
	if row.Playing || !row.Finished.IsZero() || row.Speed != 2000 {
		t.Errorf("session %+v", row)
	}
	if _, err := f.store.NewRun(f.ctx, fence, f.now, 1, next); err == nil {
		t.Error("the second run was made twice")
	}
	if a := f.append(fence, 2, command("c1", 1)); a.Seq != 1 || a.Run != 2 {
		t.Errorf("first entry of the second run: %+v", a)
	}
}

func testFinish(t *testing.T, f *fixture) {
	fence := f.session("s1", "alice")
	f.ok(f.store.SetClock(f.ctx, fence, f.now, true, app.RealTime))
	at := f.now.Add(time.Minute)
	f.ok(f.store.Finish(f.ctx, fence, at))
	row, err := f.store.Session(f.ctx, "s1")
	f.ok(err)
	if !row.Finished.Equal(at) || row.Playing {
		t.Errorf("session %+v", row)
	}
	c, err := f.store.Counts(f.ctx)
	f.ok(err)
	if want := (store.Counts{Sessions: 1, Finished: 1, Runs: 1}); c != want {
		t.Errorf("counts %+v", c)
	}
}

func testList(t *testing.T, f *fixture) {
	begun := f.now
	for i, id := range []app.SessionID{"s1", "s2", "s3"} {
		f.now = begun.Add(time.Duration(i) * time.Second)
		fence := f.session(id, "alice")
		f.ok(f.store.Touch(f.ctx, fence, begun.Add(time.Duration(10-i)*time.Second)))
	}
	f.session("s4", "bob")
	list, err := f.store.SessionsOf(f.ctx, "alice", 2)
	f.ok(err)
	if len(list) != 2 || list[0].ID != "s1" || list[1].ID != "s2" ||
		list[0].LabSlug != "hello-udp" || list[0].Runs != 1 {
		t.Errorf("list %+v", list)
	}
	n, first, err := f.store.CreatedSince(f.ctx, "alice", begun)
	f.ok(err)
	if n != 2 || !first.Equal(begun.Add(time.Second)) {
		t.Errorf("created %d, the first at %v", n, first)
	}
	none, first, err := f.store.CreatedSince(f.ctx, "alice", f.now)
	f.ok(err)
	if none != 0 || !first.IsZero() {
		t.Errorf("created later %d, the first at %v", none, first)
	}
}

func testShares(t *testing.T, f *fixture) {
	f.session("s1", "alice")
	sh := app.Share{TokenHash: "h1", Session: "s1", Role: app.Watcher, Expires: f.now.Add(time.Hour)}
	f.ok(f.store.CreateShare(f.ctx, sh))
	got, err := f.store.Share(f.ctx, "h1")
	f.ok(err)
	if got != sh || !got.Valid(f.now) || got.Valid(sh.Expires) {
		t.Errorf("share %+v", got)
	}
	f.ok(f.store.RevokeShare(f.ctx, "h1"))
	f.ok(f.store.RevokeShare(f.ctx, "h1"))
	list, err := f.store.SharesOf(f.ctx, "s1")
	f.ok(err)
	if len(list) != 1 || !list[0].Revoked || list[0].Valid(f.now) {
		t.Errorf("shares %+v", list)
	}
	sh.TokenHash, sh.Session = "h2", "nobody"
	if f.store.CreateShare(f.ctx, sh) == nil {
		t.Error("a share of no session was kept")
	}
}
