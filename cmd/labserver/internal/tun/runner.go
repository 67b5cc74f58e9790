package tun

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// ErrFull says that a run has ended because its journal, or its world, can hold no more.
var ErrFull = errors.New("the journal is full")

// batch is how many packets are taken in at one instant before their answers go out.
const batch = 256

// Program is what runs on a virtual host: it is stepped whenever the world may have changed.
type Program interface {
	// Step does what can be done without waiting, and reports whether that was anything.
	Step() bool
}

// Counts are what passed the wire.
type Counts struct {
	In, Out   int64 // packets into the world and out of it
	Refused   int64 // packets the world had no place for
	Neighbour int64 // packets about the neighbourhood of a link, which a TUN device has not
}

// Runner is the one owner of a world: it brings packets in and out and keeps virtual time in
// step with the wall's. Every method but Do must be called by the goroutine that runs Run,
// or before it.
type Runner struct {
	World *stack.World
	// Tap, if set, sees every packet that passes, in the order in which it does.
	Tap func(in bool, packet []byte)
	// Refused, if set, is told of connections that found nobody listening.
	Refused func(from, at netip.AddrPort)

	port     *stack.Port
	wire     Wire
	recorder *journal.Recorder // nil: the run is not recorded
	counts   Counts
	buf      []byte
	began    time.Time

	programs []Program
	pending  map[inet.CallID]*call
	told     uint64 // events whose calls have been told of
	stepped  uint64 // the world's position when programs were stepped last
	changed  bool   // something else has happened since: who was asked, or is new

	mu   sync.Mutex
	asks []func()
}

// NewRunner joins a port of a world to a wire. recorder may be nil.
func NewRunner(w *stack.World, port *stack.Port, wire Wire, recorder *journal.Recorder) *Runner {
	return &Runner{World: w, port: port, wire: wire, recorder: recorder,
		buf: make([]byte, MaxMTU), pending: map[inet.CallID]*call{}, told: w.Events().Len()}
}

// Add has a program run.
func (r *Runner) Add(p Program) {
	r.programs = append(r.programs, p)
	r.changed = true
}

// Counts returns what has passed so far.
func (r *Runner) Counts() Counts { return r.counts }

// Do has the owner call f between two instants, and waits until it has. It reports false if
// the context of Run ended first. Any goroutine but the owner may call it.
func (r *Runner) Do(ctx context.Context, f func()) bool {
	done := make(chan struct{})
	r.mu.Lock()
	r.asks = append(r.asks, func() { f(); close(done) })
	r.mu.Unlock()
	r.wire.Wake()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// Run drives the world until ctx ends, which is no error, or the wire does; a recorded run
// ends with ErrFull when no more can be recorded.
func (r *Runner) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, r.wire.Wake)
	defer stop()
	r.began = time.Now().Add(-time.Duration(r.World.Now()))
	for ctx.Err() == nil {
		busy, err := r.turn()
		if err != nil {
			return err
		}
		if r.recorder != nil && (r.recorder.Full() || r.World.Full()) {
			return ErrFull
		}
		if busy {
			continue
		}
		if err := r.wire.Wait(r.idle()); err != nil {
			return err
		}
	}
	return nil
}

// idle is how long nothing will happen unless a packet comes; negative: for ever.
func (r *Runner) idle() time.Duration {
	at, ok := r.World.NextAt()
	if !ok {
		return -1
	}
	return max(0, time.Duration(at)-time.Since(r.began))
}

// turn brings the world to the present: what waits outside goes in, what can happen happens,
// what came out goes out. It reports whether there was anything to do.
func (r *Runner) turn() (busy bool, err error) {
	r.World.Advance(sim.Time(time.Since(r.began)))
	for range batch {
		n, err := r.wire.Read(r.buf)
		if err != nil {
			return false, err
		}
		if n == 0 {
			break
		}
		busy = true
		r.in(r.buf[:n])
	}
	for _, f := range r.asked() {
		busy, r.changed = true, true
		f()
	}
	r.World.Advance(r.World.Now()) // what is due at this instant
	if r.step() {
		busy = true
		r.World.Advance(r.World.Now())
	}
	for _, packet := range r.port.Take() {
		busy = true
		r.counts.Out++
		if r.Tap != nil {
			r.Tap(false, packet)
		}
		if r.Refused != nil {
			r.refusal(packet)
		}
		if err := r.wire.Write(packet); err != nil {
			return false, err
		}
	}
	return busy, nil
}

// in puts a packet into the world at the present instant.
func (r *Runner) in(packet []byte) {
	if r.Tap != nil {
		r.Tap(true, packet)
	}
	if ofTheNeighbourhood(packet) {
		r.counts.Neighbour++
		return
	}
	var err error
	if r.recorder != nil {
		err = r.recorder.Inject(r.port, packet)
	} else {
		err = r.port.Inject(packet)
	}
	if err != nil {
		r.counts.Refused++
		return
	}
	r.counts.In++
}

// ofTheNeighbourhood reports whether a packet concerns only those on the same link, by its
// destination: 224.0.0.0/24 (RFC 5771 §4), ff01::/16 and ff02::/16 (RFC 4291 §2.7). The
// kernel looks for routers and tells its groups so; nobody here listens.
func ofTheNeighbourhood(packet []byte) bool {
	_, dst, ok := wire.Addresses(packet)
	return ok && (dst.IsLinkLocalMulticast() || dst.IsInterfaceLocalMulticast())
}

// refusal tells of a packet that refuses a connection: RFC 9293 §3.10.7.1 has it hold
// <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>.
func (r *Runner) refusal(packet []byte) {
	p, err := wire.ParseIP(packet)
	if err != nil || p.Proto != inet.TCP || len(p.Payload) < wire.TCPHeaderLen ||
		wire.Flags(p.Payload[13]) != wire.RST|wire.ACK {
		return
	}
	if seg, err := wire.ParseTCP(p.Src, p.Dst, p.Payload); err == nil && seg.Seq == 0 {
		r.Refused(netip.AddrPortFrom(p.Dst, seg.DstPort), netip.AddrPortFrom(p.Src, seg.SrcPort))
	}
}

func (r *Runner) asked() []func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	asks := r.asks
	r.asks = nil
	return asks
}

// step tells programs of their calls and lets them go on, if anything has happened since.
func (r *Runner) step() (moved bool) {
	for {
		r.tell()
		at := r.World.Steps() + r.World.Events().Len()
		if at == r.stepped && !r.changed {
			return moved
		}
		r.changed = false
		again := false
		for _, p := range r.programs {
			again = p.Step() || again
		}
		r.stepped = at
		if !again {
			return moved
		}
		moved = true
		r.World.Advance(r.World.Now())
	}
}

// tell finishes the calls that have returned or failed.
func (r *Runner) tell() {
	for _, e := range r.World.Events().From(r.told + 1) {
		switch b := e.Body.(type) {
		case event.CallReturned:
			r.finish(b.Call, returned(b))
		case event.CallFailed:
			r.finish(b.Call, result{errno: b.Errno})
		}
	}
	r.told = r.World.Events().Len()
}

func (r *Runner) finish(id inet.CallID, got result) {
	if c := r.pending[id]; c != nil {
		delete(r.pending, id)
		c.result, c.done = got, true
	}
}

// Apply carries out a command, and writes it down if the run is recorded. An error is the
// world's: it is no command there, or over a limit.
func (r *Runner) Apply(c stack.Command) error {
	if err := r.World.Check(c); err != nil {
		return err
	}
	if r.recorder != nil {
		r.recorder.Apply(c)
	} else {
		r.World.Apply(c)
	}
	return nil
}
