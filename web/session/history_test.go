package session

import (
	"bytes"
	"errors"
	"labserver/stack"
	"testing"
	"testing/synctest"
	"time"

	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/web/app"
)

func TestTheJournalReplaysToTheSameHash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		b.hello()
		b.member("alice", app.Driver, Resume{})
		b.do("p", "clock.play", `{"speed":0.5}`)
		time.Sleep(123456789 * time.Nanosecond)
		b.send("again")
		time.Sleep(7 * time.Millisecond)
		b.do("q", "clock.pause", `{}`)
		n, _, _ := b.position()
		b.do("s", "clock.step", `{"unit":"event","from_n":`+str(n)+`}`)
		s := b.open()
		var live [32]byte
		s.post(t.Context(), func() { live = s.world.(*stack.World).Hash() })
		b.stop()
		b.start()
		defer b.stop()
		file, err := b.m.Journal(t.Context(), b.id, 0)
		if err != nil {
			t.Fatal(err)
		}
		h, entries, err := journal.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		w, err := journal.Replay(h, entries)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "hash", w.Hash(), live)
	})
}

func TestEventsOfARunAreFinalUpToTheLastEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		n, _, _ := b.position()
		b.do("s", "clock.step", `{"unit":"segment","from_n":`+str(n)+`}`)
		entries, _ := b.store.Entries(t.Context(), b.id, 1)
		fixed := entries[len(entries)-1].N
		head, _, _ := b.position()
		for _, c := range []struct {
			from, to uint64
			n        int
			final    bool
		}{
			{1, fixed, int(fixed), true},
			{1, fixed + 1, int(fixed) + 1, false},
			{3, 5, 3, true},
			{1, 0, int(head), false},
			{head, head, 1, false},
			{head, 0, 1, false},
			{head + 1, 0, 0, false},
		} {
			past, err := b.m.Events(t.Context(), b.id, 1, c.from, c.to)
			if err != nil || len(past.Events) != c.n || past.Final != c.final || past.Head != head {
				t.Errorf("%d..%d: %d events, final %v, head %d, %v", c.from, c.to,
					len(past.Events), past.Final, past.Head, err)
			}
			if len(past.Events) > 0 && past.Events[0].N != c.from {
				t.Errorf("%d..%d begins at %d", c.from, c.to, past.Events[0].N)
			}
		}
		for _, c := range []struct {
			from, to uint64
			field    string
		}{
			{0, 5, "from"}, {0, 0, "from"}, {5, 3, "from"}, {1, head + 1, "to"},
			{head + 2, 0, "from"}, {head + 1, head + 9, "from"},
		} {
			past, err := b.m.Events(t.Context(), b.id, 1, c.from, c.to)
			var e *app.Error
			if !errors.As(err, &e) || e.Code != "out_of_range" || e.Field != c.field || past.Final {
				t.Errorf("%d..%d: %+v, %v; want out_of_range at %s", c.from, c.to, past, err, c.field)
			}
		}
		if _, err := b.m.Events(t.Context(), b.id, 9, 1, 0); !errors.Is(err, app.ErrNotFound) {
			t.Errorf("a run that is not: %v", err)
		}
	})
}

func TestAnEarlierRunIsReadByReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		n, _, _ := b.position()
		b.do("s", "clock.step", `{"unit":"segment","from_n":`+str(n)+`}`)
		live, err := b.m.Events(t.Context(), b.id, 1, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		b.do("r", "reset", `{"run":1}`)
		past, err := b.m.Events(t.Context(), b.id, 1, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "events", past.Events, live.Events)
		if !past.Final {
			t.Error("a closed run can still change")
		}
	})
}

func TestAPacketsFrameIsFoundByReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		first := b.sent(1)
		frame, final, err := b.m.Frame(t.Context(), b.id, 1, first)
		if err != nil || final || !bytes.HasSuffix(frame, []byte("hello")) {
			t.Fatalf("frame %q, final %v, %v", frame, final, err)
		}
		b.send("second")
		again, final, err := b.m.Frame(t.Context(), b.id, 1, first)
		if err != nil || !final || !bytes.Equal(again, frame) {
			t.Errorf("after another command: %q, final %v, %v", again, final, err)
		}
		if _, _, err := b.m.Frame(t.Context(), b.id, 1, b.sent(2)); err != nil {
			t.Errorf("the second datagram: %v", err)
		}
		for _, n := range []inet.PacketID{0, 1, 1 << 40} {
			if _, _, err := b.m.Frame(t.Context(), b.id, 1, n); !errors.Is(err, app.ErrNotFound) {
				t.Errorf("event %d is no packet: %v", n, err)
			}
		}
		b.do("r", "reset", `{"run":1}`)
		if old, _, err := b.m.Frame(t.Context(), b.id, 1, first); err != nil || !bytes.Equal(old, frame) {
			t.Errorf("of an earlier run: %q, %v", old, err)
		}
	})
}

// sent returns the number of the i-th datagram of the run.
func (b *bench) sent(i int) inet.PacketID {
	b.t.Helper()
	past, err := b.m.Events(b.t.Context(), b.id, 1, 1, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range past.Events {
		if e.Kind() == "datagram.sent" {
			if i--; i == 0 {
				return inet.PacketID(e.N)
			}
		}
	}
	b.t.Fatal("no such datagram")
	return 0
}

func TestAReplayThatRanAheadOfALostFutureStartsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		pkt := b.sent(1)
		n, _, _ := b.position()
		b.do("s", "clock.step", `{"unit":"segment","from_n":`+str(n)+`}`)
		// The replay follows up to the step, which no entry tells of yet.
		b.m.Frame(t.Context(), b.id, 1, inet.PacketID(1<<40))
		s := b.open()
		s.post(t.Context(), func() { s.drop(errors.New("made by this test")) })
		<-s.done
		b.do("new", "bookmark", `{"at":1}`)
		if _, _, err := b.m.Frame(t.Context(), b.id, 1, pkt); err != nil {
			t.Error(err)
		}
		if _, err := b.m.Events(t.Context(), b.id, 1, 1, 0); err != nil {
			t.Error(err)
		}
	})
}

func TestOnlyTheLastReplaysAreKept(t *testing.T) {
	c := replayCache{limit: 2}
	a := c.find("a")
	c.find("b")
	if c.find("a") != a || len(c.list) != 2 {
		t.Error("a was not kept")
	}
	c.find("c") // b is the oldest
	if c.find("a") != a || len(c.list) != 2 || c.list[1].key != "c" {
		t.Error("the wrong one was forgotten")
	}
}
