package session

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"labserver/web/app"
)

func TestANewcomerGetsASnapshotAndThenEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		_, rec := b.member("alice", app.Driver, Resume{})
		h := last[*Hello](rec)
		if h.Resumed || h.Run != 1 || h.Role != app.Driver || h.Oldest != 1 {
			t.Errorf("hello %+v", h)
		}
		for _, f := range []any{last[*Lab](rec), last[*Clock](rec), last[*Who](rec), last[*Sum](rec)} {
			_ = f // each must be there
		}
		rec.sameAs(b)
		b.do("p", "clock.play", `{"speed":1000}`)
		time.Sleep(time.Second)
		rec.sameAs(b)
	})
}

func TestAReconnectToTheSameOwnerGetsOnlyWhatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		m, rec := b.member("alice", app.Driver, Resume{})
		epoch := last[*Hello](rec).OwnerEpoch
		m.Leave(t.Context())
		_, n := rec.at()
		b.hello()
		m, err := b.open().Join(t.Context(), rec, "alice", app.Driver)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Hello(t.Context(), Resume{Run: 1, After: n, OwnerEpoch: epoch}); err != nil {
			t.Fatal(err)
		}
		if !last[*Hello](rec).Resumed || len(of[*Snap](rec)) != 1 {
			t.Error("it was not resumed")
		}
		rec.sameAs(b)
	})
}

func TestWhatCannotBeResumedGetsASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{Resume: 4})
		defer b.stop()
		b.hello()
		head, _, _ := b.position()
		_, rec := b.member("alice", app.Driver, Resume{})
		epoch := last[*Hello](rec).OwnerEpoch
		for name, c := range map[string]struct {
			r    Resume
			want bool
		}{
			"all that there is":      {Resume{1, head, epoch}, true},
			"the oldest that goes":   {Resume{1, head - 4, epoch}, true},
			"one older":              {Resume{1, head - 5, epoch}, false},
			"more than there is":     {Resume{1, head + 1, epoch}, false},
			"another run":            {Resume{2, head, epoch}, false},
			"another owner's future": {Resume{1, head, epoch + 7}, false},
			"nothing":                {Resume{}, false},
		} {
			_, rec := b.member("alice", app.Driver, c.r)
			if got := last[*Hello](rec).Resumed; got != c.want {
				t.Errorf("%s: resumed %v", name, got)
			}
		}
	})
}

// docs/labwire.md §4 tells exactly this: pause, kill, take over, new command, resume.
func TestResumeAfterATakeOverKeepsWhatIsCommonAndForgetsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		b.hello()
		_, rec := b.member("alice", app.Driver, Resume{})
		epoch := last[*Hello](rec).OwnerEpoch
		b.do("p", "clock.play", `{}`)
		time.Sleep(5 * time.Millisecond)
		b.do("q", "clock.pause", `{}`)
		_, common := rec.at()
		n, _, _ := b.position()
		b.do("s", "clock.step", `{"unit":"segment","from_n":`+str(n)+`}`)
		_, ahead := rec.at()
		if ahead <= common {
			t.Fatal("the step showed nothing")
		}
		b.kill() // within 2 s of the step: no clock entry says that it was made
		b.start()
		defer b.stop()
		_, kept := b.member("alice", app.Driver, Resume{1, common, epoch})
		h := last[*Hello](kept)
		if !h.Resumed || h.Common != common || h.OwnerEpoch <= epoch {
			t.Errorf("up to the common event: %+v", h)
		}
		_, late := b.member("alice", app.Driver, Resume{1, ahead, epoch})
		if h := last[*Hello](late); h.Resumed || last[*Snap](late).N != common {
			t.Errorf("past it: %+v", h)
		}
		b.do("new", "bookmark", `{"at":1}`)
		_, behind := b.member("alice", app.Driver, Resume{1, common, epoch})
		if !last[*Hello](behind).Resumed {
			t.Error("after a new command the common part is still common")
		}
		_, wrong := b.member("alice", app.Driver, Resume{1, common + 1, epoch})
		if last[*Hello](wrong).Resumed {
			t.Error("an event of the lost future was taken for the new command")
		}
		late.sameAs(b)
		wrong.sameAs(b)
	})
}

// Two take-overs: what the first owner showed past its last entry is not made true by
// the second owner's going as far.
func TestAClientOfTwoOwnersAgoIsNotResumedIntoAnotherPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		b.hello()
		_, rec := b.member("alice", app.Driver, Resume{})
		epoch := last[*Hello](rec).OwnerEpoch
		n, _, _ := b.position()
		b.do("s", "clock.step", `{"unit":"segment","from_n":`+str(n)+`}`)
		_, ahead := rec.at()
		b.kill()
		b.start()
		for i := range ahead - n + 5 {
			b.do("new"+str(i), "bookmark", `{"at":1}`)
		}
		b.stop()
		b.start()
		defer b.stop()
		_, again := b.member("alice", app.Driver, Resume{1, ahead, epoch})
		h := last[*Hello](again)
		if h.Common < ahead {
			t.Fatalf("the test does not reach its case: common %d, ahead %d", h.Common, ahead)
		}
		if h.Resumed {
			t.Error("resumed with events that never were")
		}
		again.sameAs(b)
	})
}

func TestTwentyLostConnectionsLeaveTheClientWithTheServersView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		rng := rand.New(rand.NewPCG(1, 2))
		b.hello()
		m, rec := b.member("alice", app.Driver, Resume{})
		b.do("p", "clock.play", `{}`)
		for i := range uint64(20) {
			b.send("again" + str(i))
			time.Sleep(time.Duration(rng.IntN(30)) * time.Millisecond)
			m.Leave(t.Context())
			time.Sleep(time.Duration(rng.IntN(30)) * time.Millisecond)
			run, n := rec.at()
			epoch := last[*Hello](rec).OwnerEpoch
			var err error
			if m, err = b.open().Join(t.Context(), rec, "alice", app.Driver); err != nil {
				t.Fatal(err)
			}
			if err := m.Hello(t.Context(), Resume{run, n, epoch}); err != nil {
				t.Fatal(err)
			}
			if !last[*Hello](rec).Resumed {
				t.Fatalf("connection %d was not resumed", i)
			}
		}
		b.do("q", "clock.pause", `{}`)
		rec.sameAs(b)
		same(t, "snapshots", len(of[*Snap](rec)), 1)
	})
}

func TestTwentyKillsLoseNoCommandAndDoubleNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		b.hello()
		b.do("p", "clock.play", `{}`)
		sent := map[string]Result{}
		for i := range uint64(20) {
			cid := "k" + str(i)
			sent[cid] = b.send(cid)
			time.Sleep(time.Duration(i) * 7 * time.Millisecond)
			b.kill()
			b.start()
			same(t, "the resend", b.send(cid), sent[cid])
		}
		entries, err := b.store.Entries(t.Context(), b.id, 1)
		if err != nil {
			t.Fatal(err)
		}
		commands := 0
		for _, e := range entries {
			if e.Op == "sendto" {
				commands++
			}
		}
		same(t, "datagrams sent", commands, 21)
		_, rec := b.member("alice", app.Driver, Resume{})
		if !last[*Clock](rec).Playing {
			t.Error("the run does not play on")
		}
		time.Sleep(time.Second)
		rec.sameAs(b)
		b.stop()
	})
}

func TestTheNewerOfTwoTabsDrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		_, one := b.member("alice", app.Driver, Resume{})
		_, helper := b.member("carol", app.CoDriver, Resume{})
		tab, two := b.member("alice", app.Driver, Resume{})
		_, bob := b.member("bob", app.Watcher, Resume{})
		same(t, "first tab", last[*Who](one).Role, app.CoDriver)
		same(t, "second tab", last[*Hello](two).Role, app.Driver)
		same(t, "helper", last[*Who](helper).Role, app.CoDriver)
		same(t, "watcher", *last[*Who](bob), Who{Role: app.Watcher, Drivers: 3, Watchers: 1})
		tab.Leave(t.Context())
		same(t, "first tab again", last[*Who](one).Role, app.Driver)
	})
}

func TestAShareTakenBackEndsTheRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		m, rec := b.member("carol", app.CoDriver, Resume{})
		same(t, "alone she drives", last[*Hello](rec).Role, app.Driver)
		m.SetRight(t.Context(), app.Watcher)
		same(t, "role", last[*Who](rec).Role, app.Watcher)
		if _, err := m.Do(t.Context(), Command{Cid: "c", Op: "clock.play"}); err != app.ErrForbidden {
			t.Errorf("play: %v", err)
		}
	})
}

func TestABatchIsEncodedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{BatchEvents: 3})
		defer b.stop()
		_, one := b.member("alice", app.Driver, Resume{})
		_, two := b.member("bob", app.Watcher, Resume{})
		b.hello()
		a, c := of[*Batch](one), of[*Batch](two)
		if len(a) < 4 || len(a) != len(c) {
			t.Fatalf("%d and %d batches", len(a), len(c))
		}
		for i := range a {
			if a[i] != c[i] || a[i].To-a[i].From >= 3 {
				t.Errorf("batch %d: %d..%d", i, a[i].From, a[i].To)
			}
		}
	})
}
