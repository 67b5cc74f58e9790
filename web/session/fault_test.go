package session

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"labserver/stack/event"
	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/store"
)

// faulty is a store whose writes can be made to fail, before or after they are on disk.
type faulty struct {
	store.Store
	before, after error
}

func (f *faulty) Append(ctx context.Context, fence store.Fence, now time.Time, run int,
	e journal.Entry) (store.Appended, error) {
	if f.before != nil {
		return store.Appended{}, f.before
	}
	a, err := f.Store.Append(ctx, fence, now, run, e)
	if err == nil {
		err = f.after
	}
	return a, err
}

func (f *faulty) Clock(ctx context.Context, fence store.Fence, now time.Time, run int,
	e journal.Entry, playing bool, speed app.Speed) (uint64, error) {
	if f.before != nil {
		return 0, f.before
	}
	return f.Store.Clock(ctx, fence, now, run, e, playing, speed)
}

func TestWhatIsNotOnDiskIsNeverAppliedNorSeen(t *testing.T) {
	disk := errors.New("disk full")
	for name, fault := range map[string]faulty{
		"the append fails":                 {before: disk},
		"its outcome is not known":         {after: disk},
		"another process owns the session": {before: store.ErrFenced},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Limits{})
				b.stop()
				f := &faulty{}
				b.wrap = func(s store.Store) store.Store { f.Store = s; return f }
				b.start()
				defer b.stop()
				_, rec := b.member("alice", app.Driver, Resume{})
				_, n := rec.at()
				f.before, f.after = fault.before, fault.after
				_, err := b.try("c1", "socket", `{"proc":"pb","proto":"udp"}`)
				if !errors.Is(err, app.ErrUnavailable) {
					t.Errorf("answered %v", err)
				}
				if _, now := rec.at(); now != n || rec.bye != "restart" {
					t.Errorf("the client is at event %d after %d, bye %q", now, n, rec.bye)
				}
				f.before, f.after = nil, nil
				// The client comes back and sends it again: applied once, however often
				// it reached the disk.
				_, rec = b.member("alice", app.Driver, Resume{})
				b.do("c1", "socket", `{"proc":"pb","proto":"udp"}`)
				_, _, view := b.position()
				same(t, "sockets", len(view.Sockets), 1)
				rec.sameAs(b)
				entries, _ := b.store.Entries(t.Context(), b.id, 1)
				same(t, "entries", len(entries), 1)
			})
		})
	}
}

func TestAClockThatCannotBeNotedDropsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		b.stop()
		f := &faulty{}
		b.wrap = func(s store.Store) store.Store { f.Store = s; return f }
		b.start()
		defer b.stop()
		_, rec := b.member("alice", app.Driver, Resume{})
		f.before = errors.New("disk full")
		if _, err := b.try("p", "clock.play", `{}`); !errors.Is(err, app.ErrUnavailable) {
			t.Errorf("answered %v", err)
		}
		same(t, "bye", rec.bye, "restart")
		f.before = nil
		b.do("p", "clock.play", `{}`)
	})
}

// A zombie: this process believes to own a session that another has claimed. It may go
// on showing, but nothing of it becomes durable.
func TestAStaleOwnerStopsAtItsFirstWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		_, rec := b.member("alice", app.Driver, Resume{})
		if _, err := b.store.Claim(t.Context(), b.id); err != nil {
			t.Fatal(err)
		}
		_, err := b.try("c1", "socket", `{"proc":"pb","proto":"udp"}`)
		if !errors.Is(err, app.ErrUnavailable) {
			t.Errorf("answered %v", err)
		}
		same(t, "bye", rec.bye, "restart")
		entries, _ := b.store.Entries(t.Context(), b.id, 1)
		same(t, "entries", len(entries), 0)
	})
}

// panicky is a checker or, by its effect, a world that meets a defect.
type panicky struct{ Checker }

func (panicky) Feed(event.Event) bool { panic("no such goal") }

type panickyLabs struct{ *pair }

func (panickyLabs) Checker(journal.Header) (Checker, error) { return panicky{}, nil }

func TestACheckerThatPanicsIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.m.cfg.Labs = panickyLabs{b.labs}
		_, rec := b.member("alice", app.Driver, Resume{})
		b.hello()
		same(t, "verdicts", len(last[*Sum](rec).Verdicts), 0)
		rec.sameAs(b)
	})
}

func TestABrokenWorldIsContainedAndItsJournalKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		m, rec := b.member("alice", app.Driver, Resume{})
		b.do("p", "clock.play", `{}`)
		s := b.open()
		s.post(t.Context(), func() { panic("BUG: made by this test") })
		if _, err := b.try("c", "bookmark", `{"at":1}`); !errors.Is(err, app.ErrBroken) {
			t.Errorf("command: %v", err)
		}
		if c := last[*Clock](rec); !c.Broken || c.Playing {
			t.Errorf("clock %+v", c)
		}
		if err := m.Hello(t.Context(), Resume{}); err != nil {
			t.Errorf("looking: %v", err)
		}
		st, err := b.m.Status(t.Context(), b.id)
		if err != nil || st.OK || st.Code != "broken" {
			t.Errorf("status %+v, %v", st, err)
		}
		file, err := b.m.Journal(t.Context(), b.id, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, entries, err := journal.Decode(file); err != nil || len(entries) < 4 {
			t.Errorf("journal: %d entries, %v", len(entries), err)
		}
		other, err := b.m.Create(t.Context(), "bob", "pair")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.m.Open(t.Context(), other); err != nil {
			t.Errorf("another session: %v", err)
		}
		same(t, "a reset leads out", b.do("r", "reset", `{"run":1}`).Run, 2)
		rec.sameAs(b)
	})
}

func TestAJournalThatDoesNotReplayIsSaidAndLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		row, _ := b.store.Session(t.Context(), b.id)
		_, err := b.store.Append(t.Context(), store.Fence{Session: b.id, Epoch: row.OwnerEpoch},
			time.Now(), 1, journal.Entry{Step: 1 << 40, N: 7, CID: "c", Op: "bookmark",
				Args: json.RawMessage(`{"at":1}`)})
		if err != nil {
			t.Fatal(err)
		}
		_, rec := b.member("alice", app.Driver, Resume{})
		if c := last[*Clock](rec); !c.Broken {
			t.Errorf("clock %+v", c)
		}
		if _, err := b.try("x", "bookmark", `{"at":1}`); !errors.Is(err, app.ErrBroken) {
			t.Errorf("command: %v", err)
		}
		entries, _ := b.store.Entries(t.Context(), b.id, 1)
		same(t, "entries", len(entries), 1)
	})
}

func TestARunOfAnotherBuildIsRefusedWithAClearWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		b.stop()
		b.start()
		defer b.stop()
		b.m.cfg.Build = "b2"
		if _, err := b.m.Open(t.Context(), b.id); !errors.Is(err, app.ErrOtherBuild) {
			t.Errorf("open: %v", err)
		}
		if _, err := b.m.Events(t.Context(), b.id, 1, 1, 0); !errors.Is(err, app.ErrOtherBuild) {
			t.Errorf("events: %v", err)
		}
		if st, err := b.m.Status(t.Context(), b.id); err != nil || st.Code != "other_build" {
			t.Errorf("status %+v, %v", st, err)
		}
		if _, err := b.m.Journal(t.Context(), b.id, 1); err != nil {
			t.Errorf("its journal can still be had: %v", err)
		}
	})
}
