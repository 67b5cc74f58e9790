package witness_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"labserver/stack"
	"labserver/stack/capture"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// point is an observation point: a run, what was captured there, and what tshark says.
type point struct {
	run    run
	host   inet.HostID
	world  *stack.World
	frames []frame
	said   []noticed
}

// captured tells a run as one host sees it.
func captured(t testing.TB, r run, host inet.HostID) (point, []byte) {
	t.Helper()
	file, w := r.told(t, capture.Options{Hosts: []inet.HostID{host}})
	return point{run: r, host: host, world: w, frames: frames(t, file)}, file
}

// made returns the event that made a packet, or what it is a copy of.
func (p point) made(pkt inet.PacketID) (e event.Event, copied bool) {
	for {
		e = p.world.Events().At(uint64(pkt))
		b, ok := e.Body.(event.PacketDuplicated)
		if !ok {
			return e, copied
		}
		pkt, copied = b.Pkt, true
	}
}

// hostsOf are the hosts of a run. Every end of every link is at one of them.
func hostsOf(w *stack.World) (hosts []inet.HostID) {
	for _, e := range w.Events().From(1) {
		if _, ok := e.Body.(event.HostAdded); ok && !slices.Contains(hosts, e.Host) {
			hosts = append(hosts, e.Host)
		}
	}
	return hosts
}

// batch is what one tshark reads: captures that share no conversation.
type batch struct {
	points []point
	files  [][]byte
	pairs  map[string]bool // of addresses that talk to each other in it
}

func (b *batch) add(p point, file []byte) {
	b.points, b.files = append(b.points, p), append(b.files, file)
	for _, pair := range pairsOf(p) {
		b.pairs[pair] = true
	}
}

// takes reports whether no two addresses of a capture talk to each other in the batch, so
// that tshark will not take the segments of one for those of another.
func (b *batch) takes(p point) bool {
	for _, pair := range pairsOf(p) {
		if b.pairs[pair] {
			return false
		}
	}
	return true
}

// pairsOf are the pairs of addresses in a capture, each in one order.
func pairsOf(p point) (pairs []string) {
	for _, f := range p.frames {
		ip := gopacket.NewPacket(f.data, layers.LayerTypeEthernet, gopacket.Lazy).NetworkLayer()
		if ip == nil {
			continue
		}
		src, dst := ip.NetworkFlow().Endpoints()
		a, b := src.String(), dst.String()
		if pair := min(a, b) + " " + max(a, b); !slices.Contains(pairs, pair) {
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

// ask has tshark read a batch: the sections of one file.
func (b *batch) ask(dir string) error {
	said, err := dissect(dir, slices.Concat(b.files...))
	if err != nil {
		return err
	}
	for i := range b.points {
		p := &b.points[i]
		if len(said) < len(p.frames) {
			return fmt.Errorf("%s at %s: tshark saw %d frames of %d", p.run.name, p.host, len(said),
				len(p.frames))
		}
		p.said, said = said[:len(p.frames)], said[len(p.frames):]
	}
	if len(said) > 0 {
		return fmt.Errorf("%s: tshark saw %d frames too many", b.points[0].run.name, len(said))
	}
	return nil
}

// everything is every golden scenario, every list of every lab and 200 random lossy runs,
// each as every one of its hosts sees it. Each tshark reads as many as share no address
// pair: all random worlds, which have addresses of their own, as one of their hosts sees
// them; of the others a few.
func everything(t *testing.T) []*batch {
	t.Helper()
	var batches []*batch
	runs := worldRuns(t)
	if !testing.Short() {
		runs = append(append(runs, labRuns(t)...), goldenRuns(t)...)
	}
	for _, r := range runs {
		_, w := r.told(t, capture.Options{})
		for _, h := range hostsOf(w) {
			p, file := captured(t, r, h)
			if len(p.frames) == 0 {
				continue
			}
			i := slices.IndexFunc(batches, func(b *batch) bool { return b.takes(p) })
			if i < 0 {
				i, batches = len(batches), append(batches, &batch{pairs: map[string]bool{}})
			}
			batches[i].add(p, file)
		}
	}
	return batches
}

// askAll has tshark read all batches, as many at once as there are processors.
func askAll(t *testing.T, batches []*batch) (points []point) {
	t.Helper()
	shark(t)
	work := make(chan *batch)
	var wait sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for i := range errs {
		dir := t.TempDir()
		wait.Go(func() {
			for b := range work {
				if err := b.ask(dir); err != nil {
					errs[i] = err
				}
			}
		})
	}
	for _, b := range batches {
		work <- b
	}
	close(work)
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		points = append(points, b.points...)
	}
	return points
}

// soundness counts what tshark found wrong with frames.
type soundness struct{ frames, bad int }

// at looks at every frame of a point. Only what was damaged on its way, by the link or by
// hand, or was injected as it is, may be wrong.
func (s *soundness) at(t *testing.T, p point) {
	damaged := damagedFrames(p.world)
	for i, f := range p.frames {
		s.frames++
		n := p.said[i]
		e, _ := p.made(f.pkt)
		if damaged[f.pkt] || forged(e) {
			if n.malformed != "" || len(n.bad) > 0 {
				s.bad++
			}
			continue
		}
		if n.malformed != "" || len(n.bad) > 0 {
			t.Errorf("%s: packet #%d (%s) at %d ns: malformed %q, bad checksums %v: % x", p.run.name,
				f.pkt, e.Rule, f.time, n.malformed, n.bad, f.data[:min(len(f.data), 100)])
		}
	}
}

// forged reports whether somebody wrote a packet by hand, wrong as it may be.
func forged(made event.Event) bool {
	return made.Rule == rfc.Injected || made.Rule == rfc.Forged
}

// damagedFrames are the packets that were changed on their way without their checksums.
func damagedFrames(w *stack.World) map[inet.PacketID]bool {
	damaged := map[inet.PacketID]bool{}
	for _, e := range w.Events().From(1) {
		switch b := e.Body.(type) {
		case event.PacketCorrupted:
			damaged[b.Pkt] = true
		case event.PacketEdited:
			damaged[b.Pkt] = true
		case event.PacketDuplicated:
			damaged[inet.PacketID(e.N)] = damaged[b.Pkt]
		case event.PacketFragmented:
			damaged[inet.PacketID(e.N)] = damaged[b.Pkt]
		}
	}
	return damaged
}

// TestTsharkFindsNothingWrongAndSeesWhatOurEventsSay gives tshark everything, with every
// checksum checked: nothing is malformed or has a wrong checksum but what was damaged on
// its way; and its zero windows, duplicate ACKs and retransmissions are those that
// our events say (marks_test.go tells what is compared with what).
func TestTsharkFindsNothingWrongAndSeesWhatOurEventsSay(t *testing.T) {
	shark(t)
	var s soundness
	c := comparison{table: map[string]int{}}
	batches := everything(t)
	for _, p := range askAll(t, batches) {
		s.at(t, p)
		c.at(t, p)
	}
	t.Logf("%d frames in %d runs of tshark, %d of them damaged and noticed\n%v", s.frames,
		len(batches), s.bad, &c)
	if s.frames < 20_000 || s.bad < 100 {
		t.Errorf("%d frames and %d damaged ones show too little", s.frames, s.bad)
	}
	for name, m := range map[string]marked{"zero windows": c.zero, "duplicate ACKs": c.dup,
		"retransmissions": c.again} {
		if m.both < 100 {
			t.Errorf("only %d %s: these runs show too little", m.both, name)
		}
	}
}
