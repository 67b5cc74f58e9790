package live

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"labserver/web/app"
	"labserver/web/session"
)

// busy makes a run in which much happens: a TCP transfer of some megabytes.
func busy(c *client, octets string) {
	c.t.Helper()
	c.must("b1", "socket", `{"proc":"pb","proto":"tcp"}`)
	c.must("b2", "bind", `{"proc":"pb","fd":3,"port":80}`)
	c.must("b3", "listen", `{"proc":"pb","fd":3}`)
	c.must("b4", "accept", `{"proc":"pb","fd":3}`)
	c.must("b5", "socket", `{"proc":"pa","proto":"tcp"}`)
	c.must("b6", "connect", `{"proc":"pa","fd":3,"addr":"10.0.0.2","port":80}`)
	c.must("b7", "clock.advance", `{"by_ns":100000000,"from_n":`+number(c)+`}`)
	c.must("b8", "send", `{"proc":"pa","fd":3,"octets":`+octets+`}`)
	c.must("b9", "recv", `{"proc":"pb","fd":4,"max":65536}`)
}

func number(c *client) string {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	b, _ := json.Marshal(c.n)
	return string(b)
}

func TestTheRunWaitsForADriverThatDoesNotAcknowledge(t *testing.T) {
	inBubble(t, session.Limits{CreditEvents: 64}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		busy(c, "60000")
		c.mu.Lock()
		c.silent = true
		c.mu.Unlock()
		c.must("p", "clock.play", `{"speed":"max"}`)
		time.Sleep(5 * time.Second)
		stopped := c.last("clock")
		if !stopped.Waiting || !stopped.Playing {
			t.Fatalf("clock %s", stopped.raw)
		}
		c.mu.Lock()
		c.silent = false
		ack := Ack{Type: "ack", Run: c.run, N: c.n}
		c.mu.Unlock()
		c.say(ack)
		synctest.Wait()
		if now := c.last("clock"); now.Waiting && now.N <= stopped.N {
			t.Errorf("with credit: %s", now.raw)
		}
		c.must("q", "clock.pause", `{}`)
		c.sameAs(s)
		c.bye()
	})
}

// A projector that stops reading: the run goes on, it loses events, and when it reads
// again it is told so and sees what everybody sees.
func TestASlowWatcherIsDroppedToASnapshot(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		w := s.watcher()
		goOn := w.stall()
		s.bookmarks(600)
		synctest.Wait()
		if count(c.all(), "lag") != 0 {
			t.Error("the driver lost events")
		}
		goOn()
		synctest.Wait()
		if lag := w.last("lag"); lag.Dropped == 0 || lag.Dropped > 600 {
			t.Errorf("lag %s", lag.raw)
		}
		if n := count(w.all(), "snap"); n != 2 {
			t.Errorf("%d snapshots", n)
		}
		s.bookmarks(3)
		w.sameAs(s)
		c.sameAs(s)
		c.bye()
		w.bye()
	})
}

// bookmarks makes so many events, each a frame of its own, without a person's limits.
func (s *server) bookmarks(n int) {
	s.t.Helper()
	run, err := s.Sessions.Open(s.t.Context(), s.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	for range n {
		s.marks++
		_, err := run.Do(s.t.Context(), session.Command{Actor: "alice", Right: app.Driver,
			Cid: "mark" + strconv.Itoa(s.marks), Op: "bookmark", Args: json.RawMessage(`{"at":1}`)})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestAStuckSocketIsClosedAndHoldsNobodyBack(t *testing.T) {
	inBubble(t, session.Limits{BatchEvents: 2}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		w := s.watcher()
		goOn := w.stall()
		s.bookmarks(600)
		for range 3 {
			time.Sleep(5 * time.Second)
			c.say(Ping{Type: "ping"})
		}
		if who := c.last("who"); who.Role != app.Driver {
			t.Errorf("who %s", who.raw)
		}
		s.handler.mu.Lock()
		people := len(s.handler.users)
		s.handler.mu.Unlock()
		if people != 1 {
			t.Errorf("%d people are connected", people)
		}
		goOn()
		<-w.ended
		c.sameAs(s)
		c.bye()
	})
}

func TestAnOutboxOfAWatcherIsBoundedAndOfADriverByItsCredit(t *testing.T) {
	batch := func(from uint64, octets int) *session.Batch {
		return &session.Batch{Run: 1, From: from, To: from, Items: make([]byte, octets)}
	}
	for _, c := range []struct {
		name   string
		role   app.Role
		frames int
		octets int
		lag    bool
	}{
		{"few", app.Watcher, 200, 10, false},
		{"many", app.Watcher, 300, 10, true},
		{"large", app.Watcher, 40, 32 << 10, true},
		{"many for a driver", app.Driver, 4096, 10, false},
		{"as large as credit allows", app.Driver, 40, 32 << 10, false},
		{"beyond any credit", app.Driver, 200, 32 << 10, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOutbox(Limits{})
			o.Publish(&session.Who{Role: c.role})
			o.take()
			for i := range c.frames {
				o.Publish(batch(uint64(i+1), c.octets))
			}
			b := o.take()
			if b.lagging != c.lag {
				t.Fatalf("lagging %v", b.lagging)
			}
			if !c.lag {
				if len(b.texts) != c.frames || b.dropped != 0 {
					t.Errorf("%d frames, %d dropped", len(b.texts), b.dropped)
				}
				return
			}
			if len(b.texts) != 0 || b.dropped != uint64(c.frames) {
				t.Errorf("%d frames left, %d events dropped", len(b.texts), b.dropped)
			}
			o.Publish(batch(9000, 10)) // still nothing until the snapshot
			o.Publish(&session.Snap{Run: 1, N: 9001, View: []byte("{}")})
			o.Publish(batch(9002, 10))
			if b := o.take(); len(b.texts) != 2 {
				t.Errorf("after the snapshot: %d frames", len(b.texts))
			}
		})
	}
}

func TestNothingIsQueuedAfterGoodbye(t *testing.T) {
	o := newOutbox(Limits{})
	o.end(Bye{Type: "bye", Code: "revoked"}, statusRevoked)
	o.end(Bye{Type: "bye", Code: "restart"}, statusRestart)
	o.send([]byte("{}"))
	o.Publish(&session.Bye{Code: "restart"})
	b := o.take()
	if len(b.texts) != 1 || b.closing == nil || b.closing.code != statusRevoked {
		t.Errorf("%d frames, closing %+v", len(b.texts), b.closing)
	}
}

func TestWhatLaterFramesSayAgainIsLeftOut(t *testing.T) {
	o := newOutbox(Limits{})
	for i := range watcherFrames + 2 {
		o.Publish(&session.Clock{Run: 1, N: uint64(i)})
		o.send([]byte(`{"type":"pong"}`))
	}
	b := o.take()
	if b.closing == nil || len(b.texts) >= 2*watcherFrames {
		t.Fatalf("%d frames", len(b.texts))
	}
	o = newOutbox(Limits{})
	for i := range watcherFrames + 2 {
		o.Publish(&session.Clock{Run: 1, N: uint64(i)})
	}
	if b := o.take(); b.closing != nil || len(b.texts) > 2 ||
		!strings.Contains(string(b.texts[len(b.texts)-1]), `"n":257`) {
		t.Errorf("%d frames, closing %v", len(b.texts), b.closing)
	}
}

func TestAReaderThatTakesNoAnswersIsGivenUp(t *testing.T) {
	o := newOutbox(Limits{})
	for range watcherFrames + 2 {
		o.send(encodeResult("c", session.Result{}, nil))
	}
	o.Publish(&session.Clock{Run: 1})
	if b := o.take(); b.closing == nil || b.closing.code != statusSlow {
		t.Errorf("closing %+v", b.closing)
	}
}
