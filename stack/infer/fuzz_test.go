package infer_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"labserver/stack/infer"
	"labserver/stack/pcapng"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/wire"
)

// FuzzFile reads any octets as a capture: an error of one line, or a lawful run.
func FuzzFile(f *testing.F) {
	for _, name := range []string{"half-close", "fragments", "simultaneous-open", "udp"} {
		f.Add(export(replay(f, name), everywhere))
	}
	f.Add(export(replay(f, "ipv6"), beside("A")))
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1<<16 {
			t.Skip("longer than what tells more")
		}
		c, err := pcapng.Read(file, pcapng.Limits{})
		if err != nil {
			return
		}
		r, err := infer.New(c, 20_000)
		var e *infer.Error
		switch {
		case err == nil:
			lawful(t, r)
		case !errors.As(err, &e) || strings.ContainsAny(e.Error(), "\n\r"):
			t.Fatalf("an error that is not one line of ours: %q", err)
		}
	})
}

// FuzzSegments makes a connection of any segments between two hosts, five octets each: its
// states must stay lawful whatever the wire claims.
func FuzzSegments(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0, 1, 0x92, 0, 1, 0, 40, 16, 1, 1, 0, 0, 24, 1, 1, 9, 3, 17, 10, 1, 0, 1,
		0x91, 1, 11, 0, 40, 16, 11, 2, 0, 0})
	f.Add([]byte{24, 5, 7, 9, 1, 24, 5, 7, 9, 200, 0x90, 7, 14, 0, 9, 4, 14, 7, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		tp := newTape()
		for ; len(b) >= 5 && len(tp.file.Packets) < 500; b = b[5:] {
			from, to := alice(), bob()
			if b[0]&0x80 != 0 {
				from, to = to, from
			}
			s := seg{flags: wire.Flags(b[0] & 0x3f), ack: seq.Num(b[2]),
				seq: seq.Num(b[1]) << (b[3] >> 4 << 1), data: strings.Repeat("x", int(b[3]&15)), wnd: uint16(b[2]) * 7}
			if b[0]&0x40 != 0 {
				s.opts = wire.Options{NSACK: 2, HasWScale: b[2]&1 != 0, WScale: b[3]}
				s.opts.SACK[0] = [2]seq.Num{seq.Num(b[3]), seq.Num(b[1])}
				s.opts.SACK[1] = [2]seq.Num{seq.Num(b[2]), seq.Num(b[3]) + 20}
			}
			tp.tcp(5*ms*time.Duration(b[4]), from, to, s)
		}
		if len(tp.file.Packets) > 0 {
			tp.run(t)
		}
	})
}

// TestEveryRuleOfACaptureShows reads the rules off this package's own tests: each is one
// that a test names or a golden run shows.
func TestEveryRuleOfACaptureShows(t *testing.T) {
	file, err := os.ReadFile("../rfc/capture.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[rfc.ID]bool{}
	tapes := []*tape{newTape().shake().tcp(0, alice(), bob(), seg{flags: fin, seq: 101, ack: 901}).
		tcp(ms, alice(), bob(), seg{flags: syn, seq: 5000}).
		tcp(ms, bob(), alice(), seg{flags: rst | ack, ack: 5001})}
	for _, tp := range tapes {
		for e := range tp.run(t).Events().Since(1) {
			seen[e.Rule] = true
		}
	}
	for _, name := range goldens(t) {
		w := replay(t, name)
		for _, at := range []watch{everywhere, beside("A")} {
			c, err := pcapng.Read(export(w, at), pcapng.Limits{})
			if err != nil || len(c.Packets) == 0 {
				continue
			}
			r, err := infer.New(c, 0)
			if err != nil {
				t.Fatal(err)
			}
			lawful(t, r)
			for e := range r.Events().Since(1) {
				seen[e.Rule] = true
			}
		}
	}
	half, err := pcapng.Read(export(replay(t, "half-close"), everywhere), pcapng.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	half.Packets = half.Packets[14:] // it was there before
	r, err := infer.New(half, 0)
	if err != nil {
		t.Fatal(err)
	}
	lawful(t, r)
	for e := range r.Events().Since(1) {
		seen[e.Rule] = true
	}
	rules := regexp.MustCompile(`ID = "(policy:[a-z-]+)"`).FindAllSubmatch(file, -1)
	if len(rules) < 20 {
		t.Fatalf("found only %d rules", len(rules))
	}
	for _, m := range rules {
		if !seen[rfc.ID(m[1])] {
			t.Errorf("%s shows in no run", m[1])
		}
	}
}
