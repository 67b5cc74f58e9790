package view_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/view"
)

// story folds events as a run would number them.
type story struct {
	v view.View
	n uint64
}

func newStory() *story { return &story{v: view.New()} }

func (s *story) tell(host inet.HostID, conn inet.ConnID, bodies ...event.Body) {
	for _, b := range bodies {
		s.n++
		view.Reduce(&s.v, event.Event{N: s.n, T: 7, By: s.n - 1, Rule: rfc.Topology, Host: host,
			Conn: conn, Body: b})
	}
}

func TestTheEmptyViewHasNoNulls(t *testing.T) {
	b, err := json.Marshal(view.New())
	if err != nil || strings.Contains(string(b), "null") {
		t.Errorf("%s, %v", b, err)
	}
}

func TestWhatIsNotSeenChangesNothing(t *testing.T) {
	s := newStory()
	before := view.New()
	s.tell("A", "", event.Command{Op: "bind"}, event.Note{Op: "answer"}, event.WorldStarted{},
		event.WorldBudget{}, event.SegmentRefused{}, event.SegmentHeld{}, event.DatagramRefused{})
	if !reflect.DeepEqual(s.v, before) {
		t.Errorf("%+v", s.v)
	}
}

func TestAHostComesChangesAndGoes(t *testing.T) {
	s := newStory()
	s.tell("A", "", event.HostAdded{Name: "A", Profile: "linux"}, event.NICAdded{NIC: "eth0"},
		event.RouteAdded{NIC: "eth0"}, event.ProcStarted{Proc: "p", Name: "p"},
		event.KnobSet{Knob: "tcp_nagle", Old: "1", New: "0"},
		event.KnobSet{Knob: "tcp_nagle", Old: "0", New: "1"},
		event.HostRenamed{Old: "A", New: "alone"})
	h := s.v.Host("A")
	if h.Name != "alone" || len(h.NICs) != 1 || len(h.Routes) != 1 || len(h.Procs) != 1 ||
		len(h.Knobs) != 1 || h.Knobs[0].Value != "1" {
		t.Errorf("%+v", h)
	}
	s.tell("A", "", event.ProcEnded{Proc: "p"}, event.RouteRemoved{NIC: "eth0"},
		event.NICRemoved{NIC: "eth0"})
	if h := s.v.Host("A"); len(h.NICs)+len(h.Routes)+len(h.Procs) != 0 {
		t.Errorf("%+v", h)
	}
	s.tell("A", "", event.HostRemoved{})
	if s.v.Host("A") != nil || s.v.Socket("s1") != nil || s.v.Conn("c1") != nil {
		t.Error("it is still there")
	}
}

func TestASocketFollowsItsConnection(t *testing.T) {
	s := newStory()
	s.tell("A", "c1", event.SocketCreated{Sock: "s1", Proto: "tcp"},
		event.ConnOpened{Sock: "s1", Active: true}, event.ConnState{New: inet.Established})
	if s.v.Socket("s1").Conn != "c1" || s.v.Conn("c1").State != inet.Established {
		t.Errorf("%+v", s.v.Socket("s1"))
	}
	s.tell("A", "c1", event.ConnClosed{Errno: inet.ECONNRESET})
	if s.v.Socket("s1").Conn != "" || len(s.v.Connections) != 0 {
		t.Errorf("%+v", s.v.Socket("s1"))
	}
	s.tell("A", "c2", event.ConnOpened{Listener: "s1"}, event.SocketCreated{Sock: "s2", Listener: "s1"},
		event.ConnAttached{Sock: "s2"})
	if s.v.Socket("s2").Conn != "c2" || s.v.Conn("c2").Sock != "s2" {
		t.Errorf("%+v", s.v.Conn("c2"))
	}
	s.tell("A", "c2", event.ConnDetached{Sock: "s2"}, event.SocketClosed{Sock: "s2"},
		event.ConnClosed{})
	if len(s.v.Sockets) != 1 || len(s.v.Connections) != 0 {
		t.Errorf("%+v", s.v)
	}
}

func TestTimersAreKeptInOrderOfName(t *testing.T) {
	s := newStory()
	s.tell("A", "c1", event.ConnOpened{}, event.TimerArmed{Timer: "rto", At: 1},
		event.TimerArmed{Timer: "delack", At: 2}, event.TimerArmed{Timer: "persist", At: 3},
		event.TimerArmed{Timer: "rto", At: 9}, event.TimerFired{Timer: "persist"},
		event.TimerStopped{Timer: "keepalive"})
	want := []view.Timer{{Name: "delack", At: 2}, {Name: "rto", At: 9}}
	if got := s.v.Conn("c1").Timers; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestPacketsEndInAnyOrderAndStaySorted(t *testing.T) {
	s := newStory()
	const n = 9
	for range n {
		s.tell("A", "", event.DatagramSent{})
	}
	for i, pkt := range []inet.PacketID{5, 1, 9, 3, 7, 2, 8, 4, 6} {
		if i%2 == 0 {
			s.tell("A", "", event.PacketDropped{Pkt: pkt})
		} else {
			s.tell("B", "", event.DatagramReceived{Pkt: pkt})
		}
		if len(s.v.Packets) != n-1-i {
			t.Fatalf("%d left after %d", len(s.v.Packets), i+1)
		}
		for j := 1; j < len(s.v.Packets); j++ {
			if s.v.Packets[j].Pkt <= s.v.Packets[j-1].Pkt {
				t.Fatalf("out of order: %+v", s.v.Packets)
			}
		}
	}
	if c := s.v.Counters; c.Sent != n || c.Dropped != 5 || c.Delivered != 4 {
		t.Errorf("%+v", c)
	}
}

func TestAPacketIsWhereItsLastEventSays(t *testing.T) {
	s := newStory()
	s.tell("A", "", event.DatagramSent{},
		event.LinkAdded{Link: "l1", A: event.LinkEnd{Host: "R"}, B: event.LinkEnd{Host: "A"}},
		event.PacketQueued{Pkt: 1, Link: "l1", From: "A", Octets: 50})
	if q := s.v.Links[0].Queues; q[0].Packets != 0 || q[1].Packets != 1 || q[1].Octets != 50 {
		t.Errorf("%+v", q)
	}
	if p := s.v.Packets[0]; !p.Queued || p.Link != "l1" || p.Host != "A" {
		t.Errorf("%+v", p)
	}
	s.tell("A", "", event.PacketDeparted{Pkt: 1, Link: "l1", From: "A", To: "R", Arrive: 99})
	if p := s.v.Packets[0]; p.Queued || p.To != "R" || p.Arrive != 99 || p.Depart != 7 {
		t.Errorf("%+v", p)
	}
	if q := s.v.Links[0].Queues[1]; q.Packets != 0 || q.Octets != 0 {
		t.Errorf("%+v", q)
	}
	s.tell("R", "", event.PacketArrived{Pkt: 1, Link: "l1"})
	if p := s.v.Packets[0]; p.Host != "R" || p.Link != "" || p.To != "" || p.Arrive != 0 {
		t.Errorf("%+v", p)
	}
}

// An event that names what is not there is a broken run, never a wrong picture.
func TestAnEventAboutNothingPanics(t *testing.T) {
	for _, b := range []event.Body{event.PacketArrived{Pkt: 3}, event.SndChanged{},
		event.SocketBound{Sock: "s9"}, event.LinkChanged{Link: "l9"}, event.HostRenamed{}} {
		func() {
			defer func() {
				if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "BUG: ") {
					t.Errorf("%T: %v", b, r)
				}
			}()
			newStory().tell("Z", "c9", b)
		}()
	}
}

// BenchmarkPacketsUnderWay folds the life of packets among 50 000 others.
func BenchmarkPacketsUnderWay(b *testing.B) {
	s := newStory()
	for range 50_000 {
		s.tell("A", "", event.DatagramSent{})
	}
	oldest := inet.PacketID(1)
	for b.Loop() {
		s.tell("A", "", event.DatagramSent{}, event.PacketDeparted{Pkt: oldest, Link: "l1"},
			event.PacketArrived{Pkt: oldest})
		s.n++
		view.Reduce(&s.v, event.Event{N: s.n, Body: event.DatagramReceived{Pkt: oldest}})
		for oldest++; len(s.v.Packets) > 0 && s.v.Packets[0].Pkt > oldest; oldest++ {
		}
	}
}
