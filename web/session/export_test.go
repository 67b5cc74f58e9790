package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/gopacket/gopacket/pcapgo"

	"labserver/stack/capture"
	"labserver/web/app"
)

// TestACaptureIsOfARunAsFarAsItHasGone steps a run on: its capture grows, and is the same
// when it is read from disk.
func TestACaptureIsOfARunAsFarAsItHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer func() { b.stop() }()
		b.hello()
		take := func() []byte {
			var file bytes.Buffer
			err := b.m.Export(t.Context(), b.id, 0, capture.Options{Both: true},
				func(part []byte) error { file.Write(part); return nil })
			if err != nil {
				t.Fatal(err)
			}
			return file.Bytes()
		}
		before := countPackets(t, take())
		for i := range 6 {
			n, _, _ := b.position()
			b.do("s"+str(uint64(i)), "clock.step", `{"unit":"segment","from_n":`+str(n)+`}`)
		}
		live := take()
		if after := countPackets(t, live); after <= before {
			t.Errorf("%d packets after six steps, %d before", after, before)
		}
		b.stop()
		b.start()
		if saved := take(); !bytes.Equal(saved, live) {
			t.Error("the saved run gave another file")
		}
	})
}

func TestACaptureThatWasReadIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		b.hello()
		n, _, _ := b.position()
		b.do("s", "clock.step", `{"unit":"segment","from_n":`+str(n)+`}`)
		export := func(id app.SessionID) []byte {
			var file bytes.Buffer
			if err := b.m.Export(t.Context(), id, 0, capture.Options{},
				func(part []byte) error { file.Write(part); return nil }); err != nil {
				t.Fatal(err)
			}
			return file.Bytes()
		}
		file := export(b.id)
		id, err := b.m.Import(t.Context(), "alice", app.Capture{Name: "run.pcapng", Octets: file})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(export(id), file) {
			t.Error("another file came back")
		}
	})
}

func countPackets(t *testing.T, file []byte) (n int) {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{})
	for err == nil {
		if _, _, err = r.ReadPacketData(); err == nil {
			n++
		}
	}
	if errors.Is(err, pcapgo.ErrNgVersionMismatch) || err != io.EOF && n > 0 {
		t.Fatal(err)
	}
	return n
}

func TestNoMoreCapturesAreWrittenAtOnceThanThereArePlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{Exports: 1})
		defer b.stop()
		b.hello()
		first := make(chan error)
		go func() {
			wait := first
			err := b.m.Export(t.Context(), b.id, 1, capture.Options{}, func([]byte) error {
				if wait != nil {
					<-wait // a reader who takes nothing
					wait = nil
				}
				return nil
			})
			first <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		second := make(chan error)
		go func() {
			second <- b.m.Export(ctx, b.id, 1, capture.Options{},
				func([]byte) error { t.Error("it did not wait"); return nil })
		}()
		synctest.Wait()
		cancel()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up waiting got %v", err)
		}
		first <- nil
		if err := <-first; err != nil {
			t.Error(err)
		}
		gone := errors.New("gone")
		if err := b.m.Export(t.Context(), b.id, 1, capture.Options{},
			func([]byte) error { return gone }); !errors.Is(err, gone) {
			t.Errorf("who went away got %v", err)
		}
		if err := b.m.Export(t.Context(), b.id, 7, capture.Options{}, nil); !errors.Is(err,
			app.ErrNotFound) {
			t.Errorf("a run that is not: %v", err)
		}
	})
}
