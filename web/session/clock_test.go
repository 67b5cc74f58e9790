package session

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"labserver/stack/sim"
	"labserver/web/app"
)

func TestPlayFollowsTheWallClockAtItsSpeed(t *testing.T) {
	for _, c := range []struct {
		speed string
		wall  time.Duration
		want  time.Duration
	}{
		{`1`, 3 * time.Second, 3 * time.Second},
		{`0.001`, 3 * time.Second, 3 * time.Millisecond},
		{`2.5`, time.Second, 2500 * time.Millisecond},
		{`1000`, 2 * time.Second, 2000 * time.Second},
	} {
		t.Run(c.speed, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Limits{})
				defer b.stop()
				b.member("alice", app.Driver, Resume{})
				b.do("p", "clock.play", `{"speed":`+c.speed+`}`)
				time.Sleep(c.wall)
				b.do("q", "clock.pause", `{}`)
				_, at, _ := b.position()
				same(t, "virtual time", at, c.want)
				time.Sleep(time.Minute)
				_, at, _ = b.position()
				same(t, "virtual time, paused", at, c.want)
			})
		})
	}
}

func TestACommandWhilePlayingTakesEffectNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.member("alice", app.Driver, Resume{})
		b.do("p", "clock.play", `{"speed":1}`)
		time.Sleep(700*time.Millisecond + 3*time.Microsecond)
		r := b.do("c", "bookmark", `{"at":1}`)
		past, err := b.m.Events(t.Context(), b.id, 1, r.N, r.N)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "time of the event", past.Events[0].T, sim.Time(700*time.Millisecond+3*time.Microsecond))
	})
}

func TestMaxSpeedRunsUntilNothingIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		_, rec := b.member("alice", app.Driver, Resume{})
		b.hello()
		b.do("p", "clock.play", `{"speed":"max"}`)
		synctest.Wait()
		n, at, _ := b.position()
		if last[*Sum](rec).Verdicts[0].State != "met" {
			t.Error("the datagram has not arrived")
		}
		if at >= time.Second {
			t.Errorf("time ran on to %v with nothing due", at)
		}
		time.Sleep(time.Minute)
		if again, later, _ := b.position(); again != n || later != at {
			t.Errorf("later: event %d at %v", again, later)
		}
	})
}

func TestStepsStopWhereTheirUnitSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		step := func(cid, unit string) (kinds []string, at time.Duration) {
			t.Helper()
			n, _, _ := b.position()
			b.do(cid, "clock.step", `{"unit":"`+unit+`","from_n":`+str(n)+`}`)
			past, err := b.m.Events(t.Context(), b.id, 1, n+1, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range past.Events {
				kinds = append(kinds, string(e.Kind()))
			}
			_, at, _ = b.position()
			return kinds, at
		}
		kinds, at := step("s1", "segment")
		if len(kinds) == 0 || !contains(kinds, "datagram.received") || at < 10*time.Millisecond {
			t.Errorf("to the datagram's arrival: %v at %v", kinds, at)
		}
		kinds, _ = step("s2", "event")
		same(t, "a step with nothing due", len(kinds), 0)
		b.send("s3")
		kinds, at2 := step("s4", "quiet")
		if !contains(kinds, "datagram.received") || at2 <= at {
			t.Errorf("over quiet time: %v at %v", kinds, at2)
		}
	})
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

func TestAStepFromElsewhereDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		n, _, _ := b.position()
		for op, args := range map[string]string{
			"clock.step":    `{"unit":"segment","from_n":` + str(n-1) + `}`,
			"clock.advance": `{"by_ns":50000000,"from_n":` + str(n+1) + `}`,
		} {
			b.do("x"+op, op, args)
			if now, at, _ := b.position(); now != n || at != 0 {
				t.Errorf("%s went on to event %d at %v", op, now, at)
			}
		}
	})
}

func TestAdvanceGoesThroughEverythingAndStaysThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		n, _, _ := b.position()
		b.do("a", "clock.advance", `{"by_ns":50000000,"from_n":`+str(n)+`}`)
		now, at, _ := b.position()
		if now <= n || at != 50*time.Millisecond {
			t.Errorf("event %d at %v", now, at)
		}
	})
}

// flood makes both processes answer nothing but be sent so much that thousands of events
// follow.
func (b *bench) flood(datagrams int) {
	b.t.Helper()
	b.hello()
	for i := range datagrams {
		b.do("flood"+str(uint64(i)), "sendto",
			`{"proc":"pa","fd":3,"addr":"10.0.0.2","port":53,"text":"x"}`)
	}
}

func TestTheSimulationWaitsForTheDriversCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{CreditEvents: 40, BatchEvents: 8})
		defer b.stop()
		b.flood(60)
		m, rec := b.member("alice", app.Driver, Resume{})
		from := last[*Snap](rec).N
		m.Ack(t.Context(), 1, from)
		b.do("p", "clock.play", `{"speed":1}`)
		time.Sleep(time.Second)
		n, at, _ := b.position()
		if c := last[*Clock](rec); !c.Waiting || !c.Playing || n < from+40 || n > from+60 {
			t.Fatalf("event %d after %d, clock %+v", n, from, c)
		}
		time.Sleep(10 * time.Second)
		if still, now, _ := b.position(); still != n || now != at {
			t.Errorf("it went on to event %d at %v", still, now)
		}
		m.Ack(t.Context(), 1, n)
		time.Sleep(100 * time.Millisecond)
		more, now, _ := b.position()
		if more <= n || now-at > time.Second {
			t.Errorf("with credit: event %d at %v: lost time must not be caught up", more, now)
		}
		for range 20 {
			_, n := rec.at()
			m.Ack(t.Context(), 1, n)
			time.Sleep(100 * time.Millisecond)
		}
		if last[*Clock](rec).Waiting {
			t.Error("it still waits")
		}
		rec.sameAs(b)
	})
}

func TestWatchersAndHiddenTabsNeverHoldARunBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{CreditEvents: 40, BatchEvents: 8})
		defer b.stop()
		b.flood(60)
		m, rec := b.member("alice", app.Driver, Resume{})
		b.member("bob", app.Watcher, Resume{})
		m.Look(t.Context(), false)
		batches := len(of[*Batch](rec))
		b.do("p", "clock.play", `{"speed":1}`)
		time.Sleep(time.Second)
		if c := last[*Clock](rec); c.Waiting {
			t.Errorf("clock %+v", c)
		}
		same(t, "batches to a hidden tab", len(of[*Batch](rec)), batches)
		m.Look(t.Context(), true)
		rec.sameAs(b)
	})
}

func TestPositionIsJournaledLazilyAndAtEachChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.member("alice", app.Driver, Resume{})
		entries := func() (ops []string, at []time.Duration) {
			list, err := b.store.Entries(context.Background(), b.id, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				ops, at = append(ops, e.Op+string(e.Args)), append(at, time.Duration(e.T))
			}
			return ops, at
		}
		b.do("p", "clock.play", `{"speed":1}`)
		time.Sleep(5 * time.Second)
		ops, at := entries()
		same(t, "while playing", ops, []string{`clock{"playing":true,"speed":1}`})
		if behind := 5*time.Second - at[0]; behind < 0 || behind > 3*time.Second {
			t.Errorf("the entry is at %v", at[0])
		}
		b.do("v", "clock.speed", `{"speed":2}`)
		b.do("q", "clock.pause", `{}`)
		ops, at = entries()
		same(t, "changes", ops, []string{`clock{"playing":true,"speed":1}`,
			`clock{"playing":true,"speed":2}`, `clock{"playing":false,"speed":2}`})
		same(t, "times", at[1:], []time.Duration{5 * time.Second, 5 * time.Second})
	})
}

func TestWithoutADriverTheRunPausesAndWithoutAnybodyItIsUnloaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		m, _ := b.member("alice", app.Driver, Resume{})
		w, rec := b.member("bob", app.Watcher, Resume{})
		b.do("p", "clock.play", `{"speed":1}`)
		time.Sleep(time.Second)
		m.Leave(t.Context())
		time.Sleep(29 * time.Second)
		if !last[*Clock](rec).Playing {
			t.Error("it paused at once")
		}
		time.Sleep(2 * time.Second)
		if last[*Clock](rec).Playing {
			t.Error("it plays without a driver")
		}
		time.Sleep(time.Hour)
		same(t, "live, watched", b.m.Live(), 1)
		_, at, _ := b.position()
		w.Leave(t.Context())
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		same(t, "live, deserted", b.m.Live(), 0)
		if _, again, _ := b.position(); again != at {
			t.Errorf("brought back at %v, was at %v", again, at)
		}
	})
}

func TestARunHoldsNoMoreEventsThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{Events: 300, BatchEvents: 8})
		defer b.stop()
		_, rec := b.member("alice", app.Driver, Resume{})
		b.hello()
		b.do("p", "clock.play", `{"speed":1}`)
		var err error
		for i := uint64(0); err == nil && i < 1000; i++ {
			_, err = b.try("x"+str(i), "sendto",
				`{"proc":"pa","fd":3,"addr":"10.0.0.2","port":53,"text":"x"}`)
			time.Sleep(20 * time.Millisecond)
		}
		var e *app.Error
		if !errors.As(err, &e) || e.Code != "quota" || e.Field != "events" {
			t.Fatalf("error %v", err)
		}
		time.Sleep(time.Second)
		if last[*Clock](rec).Playing {
			t.Error("it plays on")
		}
		b.do("f", "finish", `{}`)
	})
}
