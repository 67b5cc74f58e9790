package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"

	"labserver/stack/event"
	"labserver/stack/journal"
	"labserver/web/app"
)

func TestACommandIsJournaledAppliedPublishedAndAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		_, rec := b.member("alice", app.Driver, Resume{})
		head := last[*Hello](rec).Head
		r := b.do("c1", "socket", `{ "proc": "pb", "proto": "udp" }`)
		same(t, "result", r, Result{Run: 1, N: head + 1})
		entries, err := b.store.Entries(t.Context(), b.id, 1)
		if err != nil || len(entries) != 1 {
			t.Fatal(entries, err)
		}
		want := journal.Entry{Seq: 1, N: head, CID: "c1", Actor: "alice", Op: "socket",
			Args: json.RawMessage(`{"proc":"pb","proto":"udp"}`)}
		same(t, "entry", entries[0], want)
		rec.sameAs(b)
		past, err := b.m.Events(t.Context(), b.id, 1, r.N, 0)
		if err != nil || past.Events[0].Kind() != "cmd.socket" || past.Events[0].By != 0 {
			t.Errorf("%+v, %v", past, err)
		}
	})
}

func TestWhatIsNoCommandIsRefusedAndChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.do("s", "socket", `{"proc":"pb","proto":"udp"}`)
		before, _, _ := b.position()
		for _, c := range []struct{ cid, op, args, code, field string }{
			{"", "socket", `{}`, "missing", "cid"},
			{string(make([]byte, 65)), "socket", `{}`, "out_of_range", "cid"},
			{string(bytes.Repeat([]byte("x"), 65)), "socket", `{}`, "out_of_range", "cid"},
			{"키", "socket", `{}`, "out_of_range", "cid"},
			{"a\nb", "socket", `{}`, "out_of_range", "cid"},
			{"a\x7f", "socket", `{}`, "out_of_range", "cid"},
			{"x", "socket", `{"proc"`, "malformed", "proc"},
			{"x", "socket", `[]`, "malformed", ""},
			{"x", "fly", `{}`, "unknown_op", "op"},
			{"x", "bind", `{"proc":"pb","port":1}`, "missing", "fd"},
			{"x", "bind", `{"proc":"pb","fd":3,"port":"53"}`, "bad_type", "port"},
			{"x", "bind", `{"proc":"pb","fd":3,"port":1,"colour":"red"}`, "unknown_field", "colour"},
			{"x", "bind", `{"proc":"nobody","fd":3,"port":1}`, "unknown_proc", "proc"},
			{"x", "clock.step", `{"from_n":1}`, "missing", "unit"},
			{"x", "clock.step", `{"unit":"year","from_n":1}`, "out_of_range", "unit"},
			{"x", "clock.step", `{"unit":"event"}`, "missing", "from_n"},
			{"x", "clock.advance", `{"by_ns":0,"from_n":1}`, "out_of_range", "by_ns"},
			{"x", "clock.advance", `{"by_ns":1.5,"from_n":1}`, "bad_type", "by_ns"},
			{"x", "clock.play", `{"speed":1001}`, "out_of_range", "speed"},
			{"x", "clock.play", `{"speed":0}`, "out_of_range", "speed"},
			{"x", "clock.pause", `{} {}`, "malformed", ""},
			{"x", "clock.play", `{"speed":1,"speed":2}`, "duplicate_field", "speed"},
			{"x", "clock.play", `{"Speed":1}`, "unknown_field", "Speed"},
			{"x", "reset", `{}`, "missing", "run"},
			{"x", "answer", `{"goal":"nothing","value":"a"}`, "unknown_goal", "goal"},
			{"x", "answer", `{"goal":"arrives","value":"a"}`, "unknown_goal", "goal"},
			{"x", "hint", `{"goal":"nothing"}`, "unknown_goal", "goal"},
		} {
			_, err := b.try(c.cid, c.op, c.args)
			var e *app.Error
			if !errors.As(err, &e) || e.Code != c.code || e.Field != c.field {
				t.Errorf("%s %s: %+v, want %s at %q", c.op, c.args, err, c.code, c.field)
			}
		}
		after, _, _ := b.position()
		same(t, "events", after, before)
		entries, _ := b.store.Entries(t.Context(), b.id, 1)
		same(t, "entries", len(entries), 1)
	})
}

func TestAnswersAndHintsForTheLabsOwnGoalsAreNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.do("a", "answer", `{"goal":"why","value":"because"}`)
		b.do("b", "hint", `{"goal":"why"}`)
		b.do("c", "hint", `{"goal":"arrives"}`)
		b.do(" ~"+string(bytes.Repeat([]byte("x"), 62)), "bookmark", `{"at":1}`)
		entries, _ := b.store.Entries(t.Context(), b.id, 1)
		same(t, "entries", len(entries), 4)
		s := b.open()
		// A lab that has been taken away cannot say which goals it had: nothing is lost.
		if err := s.post(t.Context(), func() { s.checker = nil }); err != nil {
			t.Fatal(err)
		}
		b.do("d", "answer", `{"goal":"gone","value":"x"}`)
	})
}

func TestWhatTheSystemRefusesIsAnEventWithErrnoAndRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.do("s", "socket", `{"proc":"pb","proto":"udp"}`)
		for args, errno := range map[string]string{
			`{"proc":"pb","fd":3,"port":65536}`: "EINVAL",
			`{"proc":"pb","fd":99,"port":53}`:   "EBADF",
		} {
			r := b.do("cid"+errno, "bind", args)
			past, err := b.m.Events(t.Context(), b.id, 1, r.N, 0)
			if err != nil {
				t.Fatal(err)
			}
			var failed *event.Event
			for _, e := range past.Events {
				if e.Kind() == "call.failed" {
					failed = &e
				}
			}
			if failed == nil || failed.By != r.N || failed.Rule == "" ||
				string(failed.Body.(event.CallFailed).Errno) != errno {
				t.Errorf("bind %s: %+v", args, failed)
			}
		}
		entries, _ := b.store.Entries(t.Context(), b.id, 1)
		same(t, "entries", len(entries), 3)
	})
}

func TestRolesMayWhatTheyMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		for _, c := range []struct {
			right app.Role
			op    string
			args  string
			may   bool
		}{
			{app.Nobody, "socket", `{"proc":"pb","proto":"udp"}`, false},
			{app.Watcher, "socket", `{"proc":"pb","proto":"udp"}`, false},
			{app.Watcher, "clock.play", `{}`, false},
			{app.CoDriver, "socket", `{"proc":"pb","proto":"udp"}`, true},
			{app.CoDriver, "clock.pause", `{}`, true},
			{app.CoDriver, "finish", `{}`, false},
			{app.CoDriver, "reset", `{"run":1}`, false},
			{app.Driver, "reset", `{"run":1}`, true},
			{app.Driver, "finish", `{}`, true},
		} {
			_, err := b.open().Do(t.Context(), Command{Actor: "x", Right: c.right,
				Cid: string(c.right) + c.op, Op: c.op, Args: json.RawMessage(c.args)})
			if may := !errors.Is(err, app.ErrForbidden); may != c.may {
				t.Errorf("%q %s: %v", c.right, c.op, err)
			}
		}
	})
}

func TestAResendIsAnsweredAlikeAndDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		first := b.do("c1", "socket", `{"proc":"pb","proto":"udp"}`)
		b.do("c2", "clock.advance", `{"by_ns":1000,"from_n":`+str(first.N+2)+`}`)
		n, at, _ := b.position()
		check := func(when string) {
			same(t, when, b.do("c1", "socket", `{"proc":"pb","proto":"udp"}`), first)
			now, _, _ := b.position()
			same(t, "events "+when, now, n)
		}
		check("at once")
		b.do("c2", "clock.advance", `{"by_ns":1000,"from_n":`+str(n)+`}`)
		if _, again, _ := b.position(); again != at {
			t.Errorf("the second advance went on to %v", again)
		}
		b.stop()
		b.start()
		check("after a restart")
		b.do("r", "reset", `{"run":1}`)
		n, _, _ = b.position()
		check("after a reset")
		b.kill()
		b.start()
		check("after a kill")
		b.stop()
	})
}

func TestAResendOfWhatWouldNowBeRefusedIsAnsweredAsAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		first := b.do("c1", "proc.kill", `{"proc":"pa"}`)
		b.kill()
		b.start()
		defer b.stop()
		same(t, "resend", b.do("c1", "proc.kill", `{"proc":"pa"}`), first)
		if _, err := b.try("c2", "proc.kill", `{"proc":"pa"}`); err == nil {
			t.Error("a dead process was killed again")
		}
	})
}

func TestQuotasAreRefusedByNameAndHandingInStaysPossible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{Commands: reserve + 2})
		defer b.stop()
		b.do("c1", "bookmark", `{"at":1}`)
		b.do("c2", "bookmark", `{"at":1}`)
		for _, op := range []string{"bookmark", "clock.play"} {
			args := map[string]string{"bookmark": `{"at":1}`, "clock.play": `{}`}[op]
			_, err := b.try("c3", op, args)
			var e *app.Error
			if !errors.As(err, &e) || e.Code != "quota" || e.Field != "commands" || e.Limit == "" {
				t.Errorf("%s: %v", op, err)
			}
		}
		b.do("c4", "finish", `{}`)
	})
}

func TestAfterFinishNothingMovesButAResetOpensANewRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		_, rec := b.member("alice", app.Driver, Resume{})
		b.do("p", "clock.play", `{}`)
		b.do("f", "finish", `{}`)
		if sum := last[*Sum](rec); !sum.Finished {
			t.Errorf("sum %+v", sum)
		}
		refused := func() {
			t.Helper()
			for op, args := range map[string]string{"clock.play": `{}`, "bookmark": `{"at":1}`} {
				if _, err := b.try("x"+op, op, args); !errors.Is(err, app.ErrFinished) {
					t.Errorf("%s: %v", op, err)
				}
			}
		}
		refused()
		row, _ := b.store.Session(t.Context(), b.id)
		if row.Finished.IsZero() || row.Playing {
			t.Errorf("row %+v", row)
		}
		b.kill()
		b.start()
		defer b.stop()
		refused()
		same(t, "new run", b.do("r", "reset", `{"run":1}`).Run, 2)
		b.do("b", "bookmark", `{"at":1}`)
	})
}

func TestResetKeepsTheSeedAndAVariantDrawsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		_, rec := b.member("alice", app.Driver, Resume{})
		seed := func(no int) uint64 {
			run, err := b.store.Run(context.Background(), b.id, no)
			if err != nil {
				t.Fatal(err)
			}
			return run.Seed
		}
		b.do("r1", "reset", `{"run":1}`)
		if seed(2) != seed(1) {
			t.Error("a reset drew another seed")
		}
		run, n := rec.at()
		if head, _, _ := b.position(); run != 2 || n != head {
			t.Errorf("the client is shown run %d at %d", run, n)
		}
		rec.sameAs(b)
		b.do("r2", "reset", `{"run":2,"variant":true}`)
		if seed(3) == seed(2) {
			t.Error("a variant kept the seed")
		}
		same(t, "a resend of the first reset", b.do("r3", "reset", `{"run":1}`).Run, 3)
		b.labs.gone = true
		b.do("r4", "reset", `{"run":3}`)
		if seed(4) != seed(3) {
			t.Error("without its lab a run does not start again as it was")
		}
	})
}
