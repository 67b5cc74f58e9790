package stack_test

import (
	"bytes"
	"strconv"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/journal"
	"labserver/stack/wire"
)

// tapped replays a scenario with its frames.
func tapped(t *testing.T, s scenario) *stack.World {
	t.Helper()
	h, entries := s.journalOf(t)
	cfg, err := journal.Config(h)
	if err != nil {
		t.Fatal(err)
	}
	cfg.KeepFrames = true
	w, err := stack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := journal.Apply(w, e); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// TestEveryDepartureAndArrivalHasTheFrameThatWasThere follows every packet of every scenario:
// it comes off a link as it was put on it, but for what was done to it on the way.
func TestEveryDepartureAndArrivalHasTheFrameThatWasThere(t *testing.T) {
	departed, arrived, changed := 0, 0, 0
	for _, s := range scenarios() {
		w := tapped(t, s)
		on := map[inet.PacketID][]byte{} // the packets that are on a link
		for _, e := range w.Events().From(1) {
			f := w.FrameAt(e.N)
			switch b := e.Body.(type) {
			case event.PacketDeparted:
				departed++
				if len(f.Octets) != wire.EthernetHeaderLen+int(b.Octets) || f.At.Host != b.From {
					t.Fatalf("%s #%d: %d octets at %v, the event says %+v", s.name, e.N, len(f.Octets), f.At, b)
				}
				on[b.Pkt] = bytes.Clone(f.Octets)
			case event.PacketDuplicated:
				if was, ok := on[b.Pkt]; ok {
					on[inet.PacketID(e.N)] = bytes.Clone(was)
				}
			case event.PacketCorrupted:
				if was, ok := on[b.Pkt]; ok {
					changed++
					was[wire.EthernetHeaderLen+b.Bit/8] ^= 0x80 >> (b.Bit % 8)
				}
			case event.PacketMarked:
				ecn := map[string]uint8{"": 0, "ect1": 1, "ect0": 2, "ce": 3}[b.ECN]
				if was, ok := on[b.Pkt]; ok {
					changed++
					wire.SetECN(was[wire.EthernetHeaderLen:], ecn)
				}
			case event.PacketEdited:
				place, found := wire.Find(on[b.Pkt][wire.EthernetHeaderLen:], b.Field)
				v, err := strconv.ParseUint(b.New, 10, 32)
				if !found || err != nil {
					t.Fatalf("%s #%d: %+v is no number of the packet", s.name, e.N, b)
				}
				changed++
				wire.Mended(on[b.Pkt][wire.EthernetHeaderLen:], func(p []byte) { place.Put(p, uint32(v)) })
			case event.PacketArrived:
				arrived++
				if !bytes.Equal(f.Octets, on[b.Pkt]) || f.At.Host != e.Host || f.At.NIC == "" {
					t.Fatalf("%s #%d: packet %d came at %v as\n% x\nand had left as\n% x", s.name, e.N,
						b.Pkt, f.At, f.Octets, on[b.Pkt])
				}
				delete(on, b.Pkt)
			}
		}
	}
	if departed < 1000 || arrived < 1000 || changed < 5 {
		t.Errorf("only %d departures, %d arrivals, %d changes on the way", departed, arrived, changed)
	}
}

const overARouter = `
	host.add {"id":"A","addr":"10.0.1.1/24"}
	host.add {"id":"R","forward":true}
	nic.add {"host":"R","nic":"eth0","addr":"10.0.1.254/24"}
	nic.add {"host":"R","nic":"eth1","addr":"10.0.2.254/24"}
	host.add {"id":"B","addr":"10.0.2.1/24"}
	link.add {"id":"l1","a":{"host":"A"},"b":{"host":"R","nic":"eth0"},"delay_ns":1000000}
	link.add {"id":"l2","a":{"host":"R","nic":"eth1"},"b":{"host":"B"},"delay_ns":1000000}
	route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.254"}
	proc.start {"host":"A","id":"p"}
	socket {"proc":"p","proto":"udp"}
	sendto {"proc":"p","fd":3,"addr":"10.0.2.1","port":9,"text":"over"}`

func kept(t *testing.T, start string) *stack.World {
	t.Helper()
	cfg := stack.Config{Seed: 1, KeepFrames: true}
	for _, line := range lines(start) {
		cfg.Start = append(cfg.Start, parse(t, line))
	}
	w, err := stack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAFrameShowsTheHopItIsOn(t *testing.T) {
	w := kept(t, overARouter)
	w.Advance(5e6)
	var ttl []byte
	var at []event.LinkEnd
	for _, e := range w.Events().From(1) {
		f := w.FrameAt(e.N)
		switch e.Kind() {
		case "packet.departed", "packet.arrived":
			ttl, at = append(ttl, f.Octets[22]), append(at, f.At)
		}
	}
	if want := []byte{64, 64, 63, 63}; !bytes.Equal(ttl, want) {
		t.Errorf("TTLs %v, want %v", ttl, want)
	}
	for i, want := range []event.LinkEnd{{Host: "A", NIC: "eth0"}, {Host: "R", NIC: "eth0"},
		{Host: "R", NIC: "eth1"}, {Host: "B", NIC: "eth0"}} {
		if at[i] != want {
			t.Errorf("frame %d was seen at %v, want %v", i, at[i], want)
		}
	}
}

func TestFramesThatWereForgottenAreGoneAndTheOthersAreNot(t *testing.T) {
	w := kept(t, overARouter)
	w.Advance(1e6)
	middle := w.Events().Len()
	if w.FrameAt(middle-1).Octets == nil && w.FrameAt(middle).Octets == nil {
		t.Fatal("nothing departed at R")
	}
	w.ForgetFrames(middle)
	w.ForgetFrames(middle - 5) // again, and further back, does nothing
	w.Advance(5e6)
	later := 0
	for n := uint64(1); n <= w.Events().Len(); n++ {
		kept := w.FrameAt(n).Octets != nil
		if n <= middle && kept {
			t.Errorf("the frame of event %d is still there", n)
		}
		if kept {
			later++
		}
	}
	if later != 1 { // the arrival at B
		t.Errorf("%d frames after the middle", later)
	}
}

func TestAWorldThatKeepsNoFramesAnswersWithNone(t *testing.T) {
	w := world(t, overARouter)
	w.Advance(5e6)
	w.ForgetFrames(3)
	for n := range w.Events().Len() + 2 {
		if f := w.FrameAt(n); f.Octets != nil || f.At.Host != "" {
			t.Fatalf("event %d has a frame", n)
		}
	}
}

func TestAPacketToOneselfHasAFrameWithoutAnInterface(t *testing.T) {
	w := kept(t, `
		host.add {"id":"A","addr":"10.0.0.1/24"}
		proc.start {"host":"A","id":"p"}
		socket {"proc":"p","proto":"udp"}
		sendto {"proc":"p","fd":3,"addr":"127.0.0.1","port":9,"text":"me"}`)
	w.Advance(1e6)
	seen := 0
	for _, e := range w.Events().From(1) {
		f := w.FrameAt(e.N)
		if f.Octets == nil {
			continue
		}
		seen++
		if f.At != (event.LinkEnd{Host: "A"}) || f.Octets[0] != 0 || f.Octets[6] != 0 {
			t.Errorf("#%d %s: at %v, % x", e.N, e.Kind(), f.At, f.Octets)
		}
	}
	if seen != 2 { // the datagram, and port unreachable
		t.Errorf("%d frames", seen)
	}
}
