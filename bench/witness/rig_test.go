package witness

import (
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	gvisor "gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"labserver/bench/netstack"
	"labserver/stack"
	"labserver/stack/inet"
	"labserver/stack/sim"
)

// The two ends of the wire: the bare host X of the world stands for gVisor, B is ours.
var (
	theirs4 = netip.MustParsePrefix("10.0.0.1/24")
	theirs6 = netip.MustParsePrefix("fd00::1/64")
	ours4   = netip.MustParsePrefix("10.0.0.2/24")
	ours6   = netip.MustParsePrefix("fd00::2/64")
)

// version is one of the two versions of IP.
type version struct {
	name         string
	family       string
	theirs, ours netip.Addr
}

func versions() []version {
	return []version{{"IPv4", "ip4", theirs4.Addr(), ours4.Addr()},
		{"IPv6", "ip6", theirs6.Addr(), ours6.Addr()}}
}

// proc is the process of ours that every test's program runs in.
const proc inet.ProcID = "b"

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// rig is a world and a netstack, joined. One goroutine owns the world and keeps its time in
// step with the wall's, because gVisor lives by that.
type rig struct {
	t     *testing.T
	w     *stack.World // of the owner alone: see do
	port  *stack.Port
	g     *gvisor.Stack
	end   *channel.Endpoint
	wire  *wire
	began time.Time

	mu    sync.Mutex
	asks  []func()
	steps []func() bool // programs of ours: report whether they did something

	wake    chan struct{}
	stop    chan struct{}
	stopped chan struct{}
}

// options of a rig; the zero value is a wire without faults, gVisor as it comes.
type options struct {
	faults faults
	delay  time.Duration // of the link in the world, each way; 0 is 100 µs
	buffer int           // octets of gVisor's socket buffers; 0: its default
	// recorded keeps the world's events, for a test that reads them.
	recorded bool
}

// newRig joins the two. It ends with the test, which fails if a connection was reset that no
// test said would be, or if one of the two found a packet of the other's damaged.
func newRig(t *testing.T, o options) *rig {
	t.Helper()
	if o.delay == 0 {
		o.delay = 100 * time.Microsecond
	}
	r := &rig{t: t, w: newWorld(t, o), wake: make(chan struct{}, 1),
		stop: make(chan struct{}), stopped: make(chan struct{})}
	var err error
	if r.port, err = r.w.Attach("X"); err != nil {
		t.Fatal(err)
	}
	r.end = channel.New(4096, netstack.MTU, "")
	r.g, err = netstack.NewHost(r.end, o.buffer, tcpip.AddrFrom4(theirs4.Addr().As4()),
		tcpip.AddrFrom16(theirs6.Addr().As16()))
	if err != nil {
		t.Fatal(err)
	}
	if o.faults.lag > 0 {
		// With RACK this gVisor stops sending for ever under reordering: see eachWay.
		plain := tcpip.TCPRecovery(0)
		if err := r.g.SetTransportProtocolOption(tcp.ProtocolNumber, &plain); err != nil {
			t.Fatal(err)
		}
	}
	r.end.AddNotify(r)
	r.wire = newWire(o.faults)
	r.began = time.Now().Add(-time.Duration(r.w.Now()))
	go r.run()
	t.Cleanup(r.finish)
	return r
}

func newWorld(t *testing.T, o options) *stack.World {
	t.Helper()
	w, err := stack.New(stack.Config{Seed: 7, Quiet: !o.recorded, Start: []stack.Command{
		{Op: "host.add", Args: stack.HostAdd{ID: "X", Addr: theirs4, Addr6: theirs6, Bare: true}},
		{Op: "host.add", Args: stack.HostAdd{ID: "B", Addr: ours4, Addr6: ours6}},
		{Op: "link.add", Args: stack.LinkAdd{A: stack.End{Host: "X"}, B: stack.End{Host: "B"},
			DelayNS: o.delay.Nanoseconds()}},
		{Op: "proc.start", Args: stack.ProcStart{Host: "B", ID: proc}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// WriteNotify implements channel.Notification: gVisor has sent something.
func (r *rig) WriteNotify() { r.nudge() }

func (r *rig) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run owns the world until the test is over.
func (r *rig) run() {
	defer close(r.stopped)
	for {
		select {
		case <-r.stop:
			return
		default:
		}
		if r.turn() {
			continue
		}
		select {
		case <-r.stop:
			return
		case <-r.wake:
		case <-time.After(r.rest()):
		}
	}
}

// rest is how long nothing will happen unless somebody asks or sends.
func (r *rig) rest() time.Duration {
	long := time.Second
	if at, ok := r.w.NextAt(); ok {
		long = min(long, time.Duration(at)-time.Since(r.began))
	}
	if at, ok := r.wire.next(); ok {
		long = min(long, time.Until(at))
	}
	return max(long, 0)
}

// turn brings the world to the present, moves packets across, and lets programs go on. It
// reports whether anything happened.
func (r *rig) turn() bool {
	r.w.Advance(sim.Time(time.Since(r.began)))
	busy := r.takeIn()
	r.mu.Lock()
	asks, steps := r.asks, r.steps
	r.asks = nil
	r.mu.Unlock()
	for _, ask := range asks {
		ask()
		busy = true
	}
	for _, step := range steps {
		busy = step() || busy
	}
	for _, packet := range r.port.Take() {
		r.wire.send(ours, packet)
		busy = true
	}
	return r.deliver() || busy
}

// takeIn reads what gVisor has sent onto the wire.
func (r *rig) takeIn() bool {
	busy := false
	for range 256 {
		pkt := r.end.Read()
		if pkt == nil {
			return busy
		}
		v := pkt.ToView()
		r.wire.send(theirs, v.AsSlice())
		v.Release()
		pkt.DecRef()
		busy = true
	}
	return busy
}

// deliver hands over what has crossed the wire.
func (r *rig) deliver() bool {
	busy := false
	for _, p := range r.wire.arrived(time.Now()) {
		busy = true
		if p.from == ours {
			in := netstack.Packet(p.octets)
			r.end.InjectInbound(netstack.ProtocolOf(p.octets), in)
			in.DecRef()
			continue
		}
		if err := r.port.Inject(p.octets); err != nil {
			r.t.Errorf("a packet of gVisor's could not enter the world: %v", err)
		}
	}
	return busy
}

// do has the world's owner call f, and waits until it has.
func (r *rig) do(f func()) {
	r.t.Helper()
	done := make(chan struct{})
	r.mu.Lock()
	r.asks = append(r.asks, func() { f(); close(done) })
	r.mu.Unlock()
	r.nudge()
	select {
	case <-done:
	case <-r.stopped:
		r.t.Fatal("the world has stopped")
	}
}

// program has the owner call step whenever something may have changed, until the test ends.
func (r *rig) program(step func() bool) {
	r.mu.Lock()
	r.steps = append(r.steps, step)
	r.mu.Unlock()
	r.nudge()
}

// soon waits until what is asked of the world's owner holds.
func (r *rig) soon(what string, holds func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		ok := false
		r.do(func() { ok = holds() })
		if ok {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("not so after %v: %s", patience, what)
		}
	}
}

// finish ends the rig and judges what passed the wire.
func (r *rig) finish() {
	close(r.stop)
	<-r.stopped
	r.g.Destroy()
	if r.t.Failed() {
		r.t.Logf("the wire at the end:\n%s", r.wire.story())
	}
	for _, s := range []side{ours, theirs} {
		if got, want := r.wire.resets[s], r.wire.explained[s]; got != want {
			r.t.Errorf("%s sent %d resets, %d of them are explained; the wire:\n%s", s, got, want, r.wire.story())
			total.resets.Add(int64(max(got-want, want-got)))
		}
	}
	if n := r.port.Lost(); n > 0 {
		r.t.Errorf("%d packets were lost between the world and the wire", n)
	}
	stats := r.g.Stats()
	for name, c := range map[string]*tcpip.StatCounter{
		"TCP checksum": stats.TCP.ChecksumErrors, "UDP checksum": stats.UDP.ChecksumErrors,
		"TCP header": stats.TCP.InvalidSegmentsReceived,
		"IP header":  stats.IP.MalformedPacketsReceived,
		"UDP header": stats.UDP.MalformedPacketsReceived} {
		if n := c.Value(); n > 0 {
			r.t.Errorf("gVisor found a wrong %s in %d packets", name, n)
		}
	}
}

// total is what all tests together have seen.
var total struct{ octets, different, resets, lost, doubled, late atomic.Int64 }

func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Printf("with gVisor: %d octets compared, %d different; %d resets unexplained; the wire lost "+
		"%d packets, doubled %d, let %d be overtaken\n", total.octets.Load(), total.different.Load(),
		total.resets.Load(), total.lost.Load(), total.doubled.Load(), total.late.Load())
	os.Exit(code)
}
