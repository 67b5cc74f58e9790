package tun_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"labserver/cmd/labserver/internal/tun"
	"labserver/stack"
	"labserver/stack/inet"
	"labserver/stack/wire"
)

// The two ends of the wire: the kernel's and our host B's, in both versions.
var (
	kernel4 = netip.MustParsePrefix("10.99.0.1/24")
	kernel6 = netip.MustParsePrefix("fd99::1/64")
	ours4   = netip.MustParsePrefix("10.99.0.2/24")
	ours6   = netip.MustParsePrefix("fd99::2/64")
)

// version is one of the two versions of IP, as a test goes through both.
type version struct {
	name         string
	kernel, ours netip.Addr
}

func versions() []version {
	return []version{{"IPv4", kernel4.Addr(), ours4.Addr()}, {"IPv6", kernel6.Addr(), ours6.Addr()}}
}

// pair is a world of B and the outside K, on one link.
const pair = `
host.add {"id":"K","addr":"10.99.0.1/24","addr6":"fd99::1/64","bare":true}
host.add {"id":"B","addr":"10.99.0.2/24","addr6":"fd99::2/64"}
`

// rig is a world that runs against the kernel of this machine.
type rig struct {
	t      *testing.T
	world  *stack.World
	runner *tun.Runner
	proc   *tun.Process // on B
	ctx    context.Context
	stop   context.CancelFunc
	ended  chan error

	seen   func(in bool, p *wire.IP, octets []byte) // called by the world's owner
	resets resets
	wants  ways   // how many resets of each side a scenario explains
	bad    int64  // segments of ours the kernel is to find bad
	told   uint64 // events that await has passed
	trace  trace
	reset  string // the trace when the latest reset was seen
}

// newRig builds pair, with a link of these parameters as link.add takes them, and commands
// after it, one a line.
func newRig(t *testing.T, link string, more ...string) *rig {
	t.Helper()
	if link != "" {
		link = "," + link
	}
	text := pair + fmt.Sprintf(`link.add {"id":"wire","a":{"host":"K"},"b":{"host":"B"}%s}`, link)
	return startRig(t, tun.Config{Name: "lab0", Addr: kernel4, Addr6: kernel6},
		text+"\n"+strings.Join(more, "\n"), !loud)
}

// loud says that a world is to keep its events.
const loud = true

// startRig builds a world with the hosts K and B and has it run. It ends with the test, which
// fails if a connection was reset that no scenario said would be.
func startRig(t *testing.T, c tun.Config, text string, loud bool) *rig {
	t.Helper()
	needsKernel(t)
	w := newWorld(t, text, loud)
	port, err := w.Attach("K")
	if err != nil {
		t.Fatal(err)
	}
	dev, err := tun.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, world: w, ended: make(chan error, 1),
		resets: resets{closing: map[[2]uint16]*fins{}}}
	r.runner = tun.NewRunner(w, port, dev, nil)
	r.runner.Tap = r.tap
	if r.proc, err = r.runner.Start("B", "b"); err != nil {
		t.Fatal(err)
	}
	r.ctx, r.stop = context.WithTimeout(context.Background(), 10*time.Minute)
	go func() { r.ended <- r.runner.Run(r.ctx) }()
	before := badSegments(t)
	t.Cleanup(func() {
		settle(t)
		r.stop()
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
		dev.Close()
		if got := r.resets.unexplained(); got != r.wants {
			t.Errorf("resets: %d by us, %d by the kernel; explained are %d and %d; the last:\n%s",
				got[0], got[1], r.wants[0], r.wants[1], r.reset)
		}
		if n := badSegments(t) - before; n != r.bad {
			t.Errorf("the kernel found %d of our segments bad; damaged were %d", n, r.bad)
		}
		if n := r.runner.Counts().Refused + port.Lost(); n > 0 {
			t.Errorf("%d packets were lost between the device and the world", n)
		}
	})
	return r
}

// newWorld makes a world from commands, one a line.
func newWorld(t *testing.T, text string, loud bool) *stack.World {
	t.Helper()
	cfg := stack.Config{Seed: 20, Quiet: !loud}
	for line := range strings.Lines(text) {
		op, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		if op == "" {
			continue
		}
		c, err := stack.ParseCommand(op, "", json.RawMessage(args))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		cfg.Start = append(cfg.Start, c)
	}
	w, err := stack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// tap counts what resets connections, and shows each whole packet to the test.
func (r *rig) tap(in bool, octets []byte) {
	r.trace.add(r.world.Now(), in, octets)
	p, err := wire.ParseIP(octets)
	if err != nil && r.resets.damage {
		return
	}
	if err != nil {
		r.t.Errorf("a packet that is none passed (in: %v): %v", in, err)
		return
	}
	was := r.resets.unexplained()
	if r.resets.look(in, &p); r.resets.unexplained() != was {
		r.reset = r.trace.String()
	}
	if r.seen != nil {
		r.seen(in, &p, octets)
	}
}

// do has the world's owner call f.
func (r *rig) do(f func()) {
	r.t.Helper()
	if !r.runner.Do(r.ctx, f) {
		r.t.Fatal("the world has stopped")
	}
}

// explain says that so many connections will be reset: by us and by the kernel.
func (r *rig) explain(us, kernel int) {
	r.do(func() { r.wants[0] += us; r.wants[1] += kernel })
}

// watch has f called for each packet that passes from now on.
func (r *rig) watch(f func(in bool, p *wire.IP, octets []byte)) { r.do(func() { r.seen = f }) }

// soon waits until what is asked of the world's owner holds.
func (r *rig) soon(what string, holds func() bool) {
	r.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		ok := false
		r.do(func() { ok = holds() })
		if ok {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("not so after 20 s: %s", what)
		}
	}
}

// listen makes a listener on B.
func (r *rig) listen(at netip.AddrPort) (l *tun.Listener) {
	r.t.Helper()
	var err error
	r.do(func() { l, err = r.proc.Listen(at, 64) })
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// accept waits for a connection.
func (r *rig) accept(l *tun.Listener) (s *tun.Stream) {
	r.t.Helper()
	r.soon("a connection is accepted", func() bool { s, _ = l.Accept(); return s != nil })
	return s
}

// dial connects B to the kernel.
func (r *rig) dial(to netip.AddrPort) (s *tun.Stream, errno inet.Errno) {
	r.t.Helper()
	var err error
	r.do(func() { s, err = r.proc.Dial("tcp", to) })
	if err != nil {
		r.t.Fatal(err)
	}
	r.soon("connect ends", func() bool { errno = s.Opened(); return errno != inet.EINPROGRESS })
	return s, errno
}
