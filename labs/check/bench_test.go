package check

import (
	"testing"

	"labserver/labs"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// benchLab has goals of every kind, as a lab of ten goals does.
func benchLab() *labs.Lab {
	return lab(
		labs.Goal{ID: "a", Kind: labs.Find, Steps: steps(
			"syn", `e.kind == "segment.sent" && e.seg.flags == "S" && e.host == "A"`,
			"synack", `e.kind == "segment.sent" && e.seg.flags == "SA" && e.seg.ack == syn.seg.end`,
			"never_there", `e.kind == "segment.sent" && e.seg.flags == "X" && e.seg.ack == synack.seg.end`)},
		labs.Goal{ID: "b", Kind: labs.Reach, Where: pred(
			`v.connections.filter(c, c.state == "ESTABLISHED" && c.local == "1.1.1.1:1").size() == 3`)},
		labs.Goal{ID: "c", Kind: labs.Never,
			Where: pred(`e.kind == "segment.sent" && e.seg.flags.contains("R")`)},
		labs.Goal{ID: "d", Kind: labs.Final,
			Where: pred(`!v.connections.exists(c, c.state == "ESTABLISHED")`)},
		labs.Goal{ID: "f", Kind: labs.Answer, Answer: labs.AnswerSpec{Type: "text",
			Correct: []string{"x"}}},
	)
}

// bulk is the kinds of events a transfer makes, over six connections.
func bulk() []event.Event {
	s := &story{}
	s.on("A", "", event.HostAdded{Name: "A"})
	for _, id := range []string{"c1", "c2", "c3", "c4", "c5", "c6"} {
		s.conn(inet.ConnID(id), "A", inet.Established)
	}
	for range 1000 {
		n := s.log.Len() + 1
		s.sent("A", seg("A", 1, 1460))
		on := event.Scope{Log: &s.log, Host: "A", Conn: "c1"}
		on.Emit(rfc.ByCommand, event.SndChanged{})
		on.Emit(rfc.ByCommand, event.TimerArmed{Timer: "rto"})
		s.on("A", "", event.PacketDeparted{Pkt: inet.PacketID(n)})
		s.on("B", "", event.PacketArrived{Pkt: inet.PacketID(n)})
		s.on("B", "", event.SegmentReceived{Pkt: inet.PacketID(n), Seg: seg("A", 1, 1460)})
		on.Emit(rfc.ByCommand, event.RcvChanged{})
		on.Emit(rfc.ByCommand, event.CCChanged{})
	}
	return s.log.From(1)
}

func BenchmarkFeedPerEvent(b *testing.B) {
	l, events := benchLab(), bulk()
	b.ReportAllocs()
	for i := 0; i < b.N; {
		c, err := New(l, nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range events {
			if i++; i > b.N {
				break
			}
			c.Feed(e)
		}
	}
}

func BenchmarkFeedStateChange(b *testing.B) {
	l, events := benchLab(), bulk()
	c, err := New(l, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range events {
		c.Feed(e)
	}
	e := event.Event{Host: "A", Conn: "c1", Rule: rfc.ByCommand,
		Body: event.ConnState{New: inet.TimeWait}}
	b.ReportAllocs()
	for b.Loop() {
		e.N = c.at + 1
		c.Feed(e)
	}
}

func BenchmarkNewUncached(b *testing.B) {
	l := benchLab()
	for b.Loop() {
		if _, err := New(l, nil); err != nil {
			b.Fatal(err)
		}
	}
}
