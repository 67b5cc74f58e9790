package session

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/store"
)

// failing is a store whose n-th write fails: it is lost, or on disk with its outcome
// unknown. Writes are counted from 1 when n is set.
type failing struct {
	store.Store
	n, writes int
	onDisk    bool
}

var errFault = errors.New("made by this test")

// write does one write, or pretends to.
func (f *failing) write(do func() error) error {
	f.writes++
	if f.writes != f.n {
		return do()
	}
	if f.onDisk {
		if err := do(); err != nil {
			return err
		}
	}
	return errFault
}

func (f *failing) Claim(ctx context.Context, id app.SessionID) (row app.Session, err error) {
	err = f.write(func() error { row, err = f.Store.Claim(ctx, id); return err })
	return row, err
}

func (f *failing) Append(ctx context.Context, fence store.Fence, now time.Time, run int,
	e journal.Entry) (a store.Appended, err error) {
	err = f.write(func() error { a, err = f.Store.Append(ctx, fence, now, run, e); return err })
	return a, err
}

func (f *failing) Clock(ctx context.Context, fence store.Fence, now time.Time, run int,
	e journal.Entry, playing bool, speed app.Speed) (seq uint64, err error) {
	err = f.write(func() error {
		seq, err = f.Store.Clock(ctx, fence, now, run, e, playing, speed)
		return err
	})
	return seq, err
}

func (f *failing) Finish(ctx context.Context, fence store.Fence, now time.Time) error {
	return f.write(func() error { return f.Store.Finish(ctx, fence, now) })
}

func (f *failing) Touch(ctx context.Context, fence store.Fence, now time.Time) error {
	return f.write(func() error { return f.Store.Touch(ctx, fence, now) })
}

func (f *failing) Release(ctx context.Context, fence store.Fence) error {
	return f.write(func() error { return f.Store.Release(ctx, fence) })
}

// scenario is what a student does, each command sent again until it is answered.
func (b *bench) scenario() {
	b.t.Helper()
	say := func(cid, op, args string) {
		b.t.Helper()
		for range 3 {
			_, err := b.try(cid, op, args)
			if err == nil {
				return
			}
			if !errors.Is(err, app.ErrUnavailable) {
				b.t.Fatalf("%s: %v", cid, err)
			}
		}
		b.t.Fatalf("%s is never answered", cid)
	}
	say("1", "socket", `{"proc":"pb","proto":"udp"}`)
	say("2", "bind", `{"proc":"pb","fd":3,"port":53}`)
	say("3", "socket", `{"proc":"pa","proto":"udp"}`)
	say("p", "clock.play", `{}`)
	say("4", "sendto", `{"proc":"pa","fd":3,"addr":"10.0.0.2","port":53,"text":"x"}`)
	for range 10 { // a page would come back by itself
		time.Sleep(500 * time.Millisecond)
		_, _ = b.m.Open(context.Background(), b.id)
	}
	say("q", "clock.pause", `{}`)
	say("5", "finish", `{}`)
}

func TestWhicheverWriteFailsNoCommandIsLostOrDoubled(t *testing.T) {
	for _, onDisk := range []bool{false, true} {
		for n := 1; ; n++ {
			writes := 0
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Limits{})
				b.stop()
				f := &failing{}
				b.wrap = func(s store.Store) store.Store { f.Store = s; return f }
				b.start()
				f.n, f.onDisk = n, onDisk
				b.scenario()
				writes = f.writes
				f.n = 0
				b.stop()
				b.start()
				b.checkScenario(n)
				b.stop()
			})
			if writes < n || t.Failed() {
				break // the run has no n-th write
			}
		}
	}
}

// checkScenario compares what is on disk with what was answered.
func (b *bench) checkScenario(n int) {
	b.t.Helper()
	entries, err := b.store.Entries(context.Background(), b.id, 1)
	if err != nil {
		b.t.Fatal(err)
	}
	cids := ""
	for i, e := range entries {
		cids += e.CID
		if e.Seq != uint64(i+1) {
			b.t.Errorf("write %d: entry %d has seq %d", n, i+1, e.Seq)
		}
	}
	same(b.t, "commands on disk", cids, "12345")
	if _, err := b.try("late", "bookmark", `{"at":1}`); !errors.Is(err, app.ErrFinished) {
		b.t.Errorf("write %d: after finish: %v", n, err)
	}
	_, rec := b.member("alice", app.Driver, Resume{})
	if sum := last[*Sum](rec); sum.Verdicts[0].State != "met" || !sum.Finished {
		b.t.Errorf("write %d: sum %+v", n, sum)
	}
}
