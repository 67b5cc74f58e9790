package session

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"labserver/stack/inet"
	"labserver/stack/pcapng"
	"labserver/stack/wire"
	"labserver/web/app"
)

// handshakeFile is a capture of three segments, 20 ms apart.
func handshakeFile(t testing.TB) []byte {
	a, b := mustAddr(t, "192.0.2.1"), mustAddr(t, "192.0.2.2")
	file := pcapng.AppendSection(nil, pcapng.Section{})
	file = pcapng.AppendInterface(file, pcapng.Interface{Name: "eth0", Link: pcapng.LinkRaw})
	for i, s := range []wire.TCP{
		{SrcPort: 5000, DstPort: 80, Seq: 10, Flags: wire.SYN, Wnd: 100},
		{SrcPort: 80, DstPort: 5000, Seq: 90, Ack: 11, Flags: wire.SYN | wire.ACK, Wnd: 100},
		{SrcPort: 5000, DstPort: 80, Seq: 11, Ack: 91, Flags: wire.ACK, Wnd: 100},
	} {
		src, dst := a, b
		if i == 1 {
			src, dst = b, a
		}
		p := wire.IP{Src: src, Dst: dst, Proto: inet.TCP, TTL: 60, ID: uint32(i + 1),
			Payload: s.Append(nil, src, dst)}
		file = pcapng.AppendPacket(file, pcapng.Packet{TimeNS: int64(i) * 20_000_000, Data: p.Append(nil)})
	}
	return file
}

func TestACaptureOpensAsARunThatNobodyCanChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		ctx := t.Context()
		id, err := b.m.Import(ctx, "alice", app.Capture{Name: "web.pcapng", Octets: handshakeFile(t)})
		if err != nil {
			t.Fatal(err)
		}
		for round := range 2 { // as it was opened, and as it is read again later
			s, err := b.m.Open(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			for op, args := range map[string]string{"host.add": `{"id":"C"}`, "clock.play": `{}`,
				"reset": `{"run":1}`, "finish": `{}`, "clock.step": `{"unit":"event","from_n":1}`} {
				_, err := s.Do(ctx, Command{Actor: "alice", Right: app.Driver, Cid: op, Op: op,
					Args: []byte(args)})
				if !errors.Is(err, app.ErrCapture) {
					t.Errorf("%s: %v, want %v", op, err, app.ErrCapture)
				}
			}
			h, err := b.m.Events(ctx, id, 1, 1, 0)
			if err != nil || !h.Final || len(h.Events) < 20 || h.Events[1].Kind() != "capture.opened" {
				t.Fatalf("%d events, final %v, %v", len(h.Events), h.Final, err)
			}
			for _, e := range h.Events {
				if e.Kind() == "segment.sent" {
					f, final, err := b.m.Frame(ctx, id, 1, inet.PacketID(e.N))
					if err != nil || !final || len(f) != 54 {
						t.Errorf("frame of #%d: %d octets, %v", e.N, len(f), err)
					}
				}
			}
			if _, _, err := b.m.Frame(ctx, id, 1, 1); !errors.Is(err, app.ErrNotFound) {
				t.Errorf("an event that sent nothing has a frame: %v", err)
			}
			if _, err := b.m.Journal(ctx, id, 0); !errors.Is(err, app.ErrCapture) {
				t.Errorf("a capture has a journal: %v", err)
			}
			st, err := b.m.Status(ctx, id)
			if err != nil || !st.OK || st.Finished || st.LabSlug != app.CaptureSlug {
				t.Errorf("status %+v, %v", st, err)
			}
			if round == 0 {
				b.stop()
				b.start()
			}
		}
		c, err := b.m.Capture(ctx, id)
		if err != nil || c.Name != "web.pcapng" || !bytes.Equal(c.Octets, handshakeFile(t)) {
			t.Errorf("the file is %s, %d octets, %v", c.Name, len(c.Octets), err)
		}
	})
}

func TestAWatcherOfACaptureGetsItsEndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		id, err := b.m.Import(t.Context(), "alice", app.Capture{Octets: handshakeFile(t)})
		if err != nil {
			t.Fatal(err)
		}
		b.id = id
		s := b.open()
		sink := &frames{}
		m, err := s.Join(t.Context(), sink, "alice", app.Driver)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Hello(t.Context(), Resume{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // it neither moves nor goes away
		var snap *Snap
		for _, f := range sink.list {
			switch f := f.(type) {
			case *Snap:
				snap = f
			case *Sum:
				if f.Finished {
					t.Error("a capture was handed in")
				}
			case *Clock:
				if f.Playing || f.HasNext || f.Broken {
					t.Errorf("clock %+v", f)
				}
			}
		}
		if snap == nil || !strings.Contains(string(snap.View), `"state":"ESTABLISHED"`) {
			t.Error("no connection is shown")
		}
	})
}

func TestABadCaptureIsRefusedWithItsLineAndNothingIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{CaptureOctets: 4096, CapturePackets: 10})
		defer b.stop()
		file := handshakeFile(t)
		for name, c := range map[string]struct {
			octets []byte
			field  string
		}{
			"empty":     {nil, pcapng.CodeTruncated},
			"text":      {[]byte("not a capture"), pcapng.CodeNoCapture},
			"truncated": {file[:len(file)-3], pcapng.CodeTruncated},
			"large":     {make([]byte, 5000), pcapng.CodeTooLarge},
			"no packet": {file[:28+40], ""},
		} {
			_, err := b.m.Import(t.Context(), "alice", app.Capture{Octets: c.octets})
			var e *app.Error
			if !errors.As(err, &e) || e.Code != "bad_capture" || c.field != "" && e.Field != c.field ||
				e.Got == "" || strings.Contains(e.Got, "\n") {
				t.Errorf("%s: %+v", name, err)
			}
		}
		if n, err := b.store.Counts(t.Context()); err != nil || n.Captures != 0 {
			t.Errorf("%+v, %v", n, err)
		}
		if _, err := b.m.Import(t.Context(), "", app.Capture{Octets: file}); !errors.Is(err,
			app.ErrForbidden) {
			t.Errorf("nobody opened a capture: %v", err)
		}
	})
}

func TestOldCapturesMakeRoomForNewOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{CapturesFiles: 2, NewPerHour: 100})
		defer b.stop()
		var ids []app.SessionID
		for range 3 {
			time.Sleep(time.Minute)
			id, err := b.m.Import(t.Context(), "alice", app.Capture{Octets: handshakeFile(t)})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		if _, err := b.m.Open(t.Context(), ids[0]); !errors.Is(err, app.ErrNotFound) {
			t.Errorf("the oldest of three is still there: %v", err)
		}
		if _, err := b.m.Open(t.Context(), ids[1]); err != nil {
			t.Errorf("the second is gone: %v", err)
		}
		time.Sleep(31 * 24 * time.Hour)
		if _, err := b.m.Import(t.Context(), "bob", app.Capture{Octets: handshakeFile(t)}); err != nil {
			t.Fatal(err)
		}
		if n, err := b.store.Counts(t.Context()); err != nil || n.Captures != 1 {
			t.Errorf("after a month: %+v, %v", n, err)
		}
	})
}

// TestCapturesMakeRoomByTheirOctets counts the file that is coming, too.
func TestCapturesMakeRoomByTheirOctets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := handshakeFile(t)
		b := newBench(t, Limits{CapturesOctets: int64(2 * len(file))})
		defer b.stop()
		for range 3 {
			time.Sleep(time.Minute)
			if _, err := b.m.Import(t.Context(), "alice", app.Capture{Octets: file}); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := b.store.Counts(t.Context()); err != nil || n.Captures != 2 {
			t.Errorf("room for two files holds %+v, %v", n, err)
		}
	})
}

func TestACaptureOfAnotherBuildStillOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Limits{})
		defer b.stop()
		id, err := b.m.Import(t.Context(), "alice", app.Capture{Octets: handshakeFile(t)})
		if err != nil {
			t.Fatal(err)
		}
		b.m.cfg.Build = "another"
		if _, err := b.m.Open(t.Context(), id); err != nil {
			t.Errorf("what is read from a file depends on no build: %v", err)
		}
		if _, err := b.m.Open(t.Context(), b.id); !errors.Is(err, app.ErrOtherBuild) {
			t.Errorf("a lab's session of another build: %v", err)
		}
	})
}

func mustAddr(t testing.TB, s string) (a netip.Addr) {
	t.Helper()
	if err := a.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return a
}

// frames keeps what is published.
type frames struct{ list []Frame }

func (f *frames) Publish(x Frame) { f.list = append(f.list, x) }
func (f *frames) Recheck()        {}
