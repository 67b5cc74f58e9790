package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"labserver/stack/journal"
	"labserver/web/app"
)

func TestCreateMakesAPausedSessionWithItsFirstRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		row, err := b.store.Session(t.Context(), b.id)
		if err != nil || row.Owner != "alice" || row.Playing || row.Speed != app.FirstSpeed ||
			len(row.ID) != 26 {
			t.Errorf("session %+v, %v", row, err)
		}
		h, err := b.m.Header(t.Context(), b.id, 0)
		if err != nil || h.Lab != (journal.Lab{Slug: "pair", Digest: "d1"}) || h.Build != "b1" ||
			len(h.World.Commands) != 5 || h.Params["port"] != "53" {
			t.Errorf("header %+v, %v", h, err)
		}
		list, err := b.m.Sessions(t.Context(), "alice")
		if err != nil || len(list) != 1 || list[0].ID != b.id {
			t.Errorf("list %+v, %v", list, err)
		}
		same(t, "in memory", b.m.Live(), 0)
	})
}

// What was recorded is replayed, and the run goes on from there like any other.
func TestARecordedRunGoesOnWhereItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		h, err := b.labs.Start("pair", 7)
		if err != nil {
			t.Fatal(err)
		}
		h.Lab = journal.Lab{Slug: "example/one", Digest: "e1"}
		w, err := journal.Open(h)
		if err != nil {
			t.Fatal(err)
		}
		entry := journal.Entry{Seq: 1, Step: w.Steps(), N: w.Events().Len(), Actor: "example",
			Op: "socket", Args: json.RawMessage(`{"proc":"pa","proto":"udp"}`)}
		id, err := b.m.Recall(t.Context(), "bob", h, []journal.Entry{entry})
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.m.Open(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "sockets of the run", len(s.world.View().Sockets), 1)
		got, err := b.m.Header(t.Context(), id, 0)
		if err != nil || got.Lab != h.Lab || got.Seed != "7" || got.Build != "b1" {
			t.Errorf("header %+v, %v", got, err)
		}
		entries, err := b.store.Entries(t.Context(), id, 1)
		if err != nil || len(entries) != 1 || entries[0].Op != "socket" {
			t.Errorf("entries %+v, %v", entries, err)
		}
		h.Seed = "none"
		if _, err := b.m.Recall(t.Context(), "bob", h, nil); err == nil {
			t.Error("a seed that is no number was taken")
		}
	})
}

func TestCreateRefusesWhatItCannotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		if _, err := b.m.Create(t.Context(), "", "pair"); !errors.Is(err, app.ErrForbidden) {
			t.Errorf("by nobody: %v", err)
		}
		if _, err := b.m.Create(t.Context(), "alice", "nothing"); !errors.Is(err, app.ErrNotFound) {
			t.Errorf("unknown lab: %v", err)
		}
		b.m.cfg.Rand = io.LimitReader(bytes.NewReader(nil), 0)
		if _, err := b.m.Create(t.Context(), "bob", "pair"); !errors.Is(err, app.ErrUnavailable) {
			t.Errorf("without randomness: %v", err)
		}
	})
}

func TestNewSessionsAreCountedByTheHourAlsoAcrossARestartAndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{NewPerHour: 3}) // the first is made
		time.Sleep(20 * time.Minute)
		var all sync.WaitGroup
		var made atomic.Int32
		for range 8 {
			all.Go(func() {
				if _, err := b.m.Create(t.Context(), "alice", "pair"); err == nil {
					made.Add(1)
				}
			})
		}
		all.Wait()
		same(t, "made at once", made.Load(), int32(2))
		b.stop()
		b.start()
		defer b.stop()
		time.Sleep(10 * time.Minute)
		_, err := b.m.Create(t.Context(), "alice", "pair")
		var e *app.Error
		if !errors.As(err, &e) || e.Code != "quota" || e.Field != app.QuotaNewSessions ||
			e.Limit != "3" || e.Wait != 30*time.Minute {
			t.Fatalf("one too many: %+v", err)
		}
		if _, err := b.m.Create(t.Context(), "bob", "pair"); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		time.Sleep(e.Wait)
		if _, err := b.m.Create(t.Context(), "alice", "pair"); err != nil {
			t.Errorf("when it was said to work: %v", err)
		}
		if _, err := b.m.Create(t.Context(), "alice", "pair"); !errors.Is(err, app.ErrQuota) {
			t.Errorf("and once more: %v", err)
		}
	})
}

func TestAStudentStartsLabsAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		first := b.id
		for range 10 { // each in its turn, in one tab
			id, err := b.m.Create(t.Context(), "alice", "pair")
			if err != nil {
				t.Fatal(err)
			}
			b.id = id
			m, _ := b.member("alice", app.Driver, Resume{})
			if err := m.Leave(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "in memory", b.m.Live(), 3)
		b.id = first
		_, rec := b.member("alice", app.Driver, Resume{})
		rec.sameAs(b)
	})
}

func TestManyAtOnceGetOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		var all sync.WaitGroup
		found := make([]*Session, 8)
		for i := range found {
			all.Go(func() { found[i], _ = b.m.Open(context.Background(), b.id) })
		}
		all.Wait()
		for _, s := range found {
			if s == nil || s != found[0] {
				t.Fatal("two sessions of one id in memory")
			}
		}
		row, _ := b.store.Session(t.Context(), b.id)
		same(t, "claims", row.OwnerEpoch, uint64(2))
	})
}

func TestLiveSessionsAreBoundedAndAttendedOnesUntouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{LivePerOwner: 2, Live: 3})
		defer b.stop()
		more := func(owner app.SubjectID) app.SessionID {
			id, err := b.m.Create(t.Context(), owner, "pair")
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		b.member("alice", app.Driver, Resume{})
		first := b.id
		for range 2 { // unattended ones make room for each other
			b.id = more("alice")
			b.open()
		}
		same(t, "live", b.m.Live(), 2)
		b.member("alice", app.Driver, Resume{})
		third := more("alice")
		var e *app.Error
		if _, err := b.m.Open(t.Context(), third); !errors.As(err, &e) || e.Field != "live_sessions" {
			t.Errorf("a third: %v", err)
		}
		if st, err := b.m.Status(t.Context(), third); err != nil || st.OK || st.Code != "quota" {
			t.Errorf("its status: %+v, %v", st, err)
		}
		b.id = more("bob")
		b.open()
		if _, err := b.m.Open(t.Context(), more("carol")); !errors.Is(err, app.ErrFull) {
			t.Errorf("a full server: %v", err)
		}
		if _, err := b.m.Open(t.Context(), first); err != nil {
			t.Errorf("the first: %v", err)
		}
	})
}

func TestShutdownSavesTheClockAndSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		_, rec := b.member("alice", app.Driver, Resume{})
		b.do("p", "clock.play", `{"speed":1}`)
		time.Sleep(time.Second + time.Millisecond)
		if err := b.m.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "bye", rec.bye, "restart")
		if _, err := b.m.Open(t.Context(), b.id); !errors.Is(err, app.ErrDraining) {
			t.Errorf("opened while draining: %v", err)
		}
		if _, err := b.m.Create(t.Context(), "alice", "pair"); !errors.Is(err, app.ErrDraining) {
			t.Errorf("created while draining: %v", err)
		}
		b.stop()
		b.start()
		defer b.stop()
		_, at, _ := b.position()
		same(t, "virtual time", at, time.Second+time.Millisecond)
		_, rec = b.member("alice", app.Driver, Resume{})
		if !last[*Clock](rec).Playing {
			t.Error("it does not play on")
		}
		h := last[*Hello](rec)
		same(t, "common", h.Common, h.Head)
	})
}

func TestWhatDoesNotExistIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		_, open := b.m.Open(t.Context(), "nope")
		_, status := b.m.Status(t.Context(), "nope")
		_, file := b.m.Journal(t.Context(), b.id, 2)
		_, header := b.m.Header(t.Context(), "nope", 0)
		for name, err := range map[string]error{"open": open, "status": status, "journal": file,
			"header": header} {
			if !errors.Is(err, app.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
