package live

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhooyr.io/websocket"

	"labserver/stack/event"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/session"
)

func TestHelloIsAnsweredWithAllThatAPageNeeds(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		defer c.bye()
		var order []string
		for _, f := range c.all() {
			order = append(order, f.Type)
		}
		if got := strings.Join(order, " "); got != "hello snap lab clock who sum" {
			t.Errorf("frames %s", got)
		}
		h := c.last("hello")
		if h.Run != 1 || h.Role != app.Driver || h.Resumed || h.Epoch == 0 || h.Head != c.n ||
			h.Limits.CreditEvents != 4096 || h.Limits.MessageOctets != 32<<10 {
			t.Errorf("hello %s", h.raw)
		}
		if !strings.Contains(c.last("lab").raw, `"params":{"port":"53"}`) {
			t.Errorf("lab %s", c.last("lab").raw)
		}
		if c.ws.Subprotocol() != Subprotocol {
			t.Errorf("subprotocol %q", c.ws.Subprotocol())
		}
	})
}

func TestAnUpgradeIsRefusedToWhoMayNotHaveIt(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		revoked := s.share(app.Watcher)
		s.Store.RevokeShare(t.Context(), auth.Hash(revoked))
		for name, c := range map[string]struct {
			header []string // names and values
			status int
		}{
			"no Origin":        {[]string{"Subject", "alice"}, 403},
			"a foreign Origin": {[]string{"Subject", "alice", "Origin", "http://evil"}, 403},
			"an opaque Origin": {[]string{"Subject", "alice", "Origin", "null"}, 403},
			"our host, https":  {[]string{"Subject", "alice", "Origin", "https://lab"}, 403},
			"no subprotocol": {[]string{"Subject", "alice", "Origin", "http://lab",
				"No-Protocol", "1"}, 400},
			"somebody else": {[]string{"Subject", "mallory", "Origin", "http://lab"}, 404},
			"nobody":        {[]string{"Origin", "http://lab"}, 404},
			"a revoked link": {[]string{"Subject", "bob", "Origin", "http://lab",
				"Token", revoked}, 404},
			"an invented link":    {[]string{"Subject", "bob", "Origin", "http://lab", "Token", "x"}, 404},
			"a broken identity":   {[]string{"Subject", "broken", "Origin", "http://lab"}, 500},
			"the session's owner": {[]string{"Subject", "alice", "Origin", "http://lab"}, 101},
		} {
			cl := &client{t: t, s: s, header: http.Header{}}
			for i := 0; i < len(c.header); i += 2 {
				cl.header.Set(c.header[i], c.header[i+1])
			}
			resp, err := cl.dial()
			if resp == nil || resp.StatusCode != c.status {
				t.Errorf("%s: %v (%v), want %d", name, resp, err, c.status)
			}
			if cl.ws != nil {
				cl.ws.CloseNow()
			}
		}
		real := s.ID
		s.ID = "doesnotexist"
		if resp, _ := s.as("alice").dial(); resp == nil || resp.StatusCode != 404 {
			t.Errorf("unknown session: %v", resp)
		}
		s.ID = real
		synctest.Wait()
	})
}

func TestWhatIsNoMessageIsAnsweredAndTheSocketStays(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("alice").connect()
		defer c.bye()
		refused := func(text, code, field string) {
			t.Helper()
			before := count(c.all(), "res")
			c.say(text)
			synctest.Wait()
			if count(c.all(), "res") != before+1 {
				t.Fatalf("%s: not answered, %v", text, c.ending())
			}
			f := c.last("res")
			if f.OK || f.Err == nil || f.Err.Code != code || f.Err.Field != field ||
				f.Err.Key != "error."+code {
				t.Errorf("%s: %s", text, f.raw)
			}
		}
		refused(`{"type":"cmd","cid":"x","op":"clock.play","args":{}}`, "hello_first", "type")
		c.hello()
		deep := strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)
		refused(`{"type":`, "malformed", "")
		refused(``, "malformed", "")
		refused(`[]`, "missing", "type")
		refused(`{}`, "missing", "type")
		refused(`{"type":7}`, "missing", "type")
		refused(`{"type":"fly"}`, "unknown_message", "type")
		refused(`{"type":"cmd","cid":"x","op":"answer","args":`+deep+`}`, "malformed", "")
		refused(`{"type":"cmd","cid":"x"}`, "missing", "op")
		refused(`{"type":"cmd","cid":7,"op":"clock.play"}`, "bad_type", "cid")
		refused(`{"type":"cmd","op":"clock.play"}`, "missing", "cid")
		refused(`{"type":"cmd","cid":"x","op":"clock.play","sudo":true}`, "unknown_field", "sudo")
		refused(`{"type":"cmd","cid":"x","op":"clock.play","op":"reset"}`, "malformed", "op")
		refused(`{"type":"ping","ts":1,"ts":1}`, "malformed", "ts")
		refused(`{"type":"ping","TS":1}`, "unknown_field", "TS")
		refused(`{"type":"cmd","cid":"é","op":"clock.play"}`, "out_of_range", "cid")
		refused(`{"type":"cmd","cid":"x","op":"hint","args":{"goal":"none"}}`, "unknown_goal", "goal")
		refused(`{"type":"cmd","cid":"x","op":"fly","args":{}}`, "unknown_op", "op")
		refused(`{"type":"cmd","cid":"x","op":"reset","args":{}}`, "missing", "run")
		refused(`{"type":"ping","ts":1} {"type":"ping","ts":1}`, "malformed", "")
		refused(`{"type":"ack","run":1,"n":-1}`, "bad_type", "n")
		refused(`{"type":"view","rate":"half"}`, "out_of_range", "rate")
		if err := c.ws.Write(t.Context(), websocket.MessageBinary, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		c.must("y", "socket", `{"proc":"pb","proto":"udp"}`)
		c.sameAs(s)
	})
}

func TestAnOversizedMessageClosesTheSocketAndChangesNothing(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		n := c.n
		c.say(`{"type":"cmd","cid":"x","op":"bookmark","args":{"at":1,"text":"` +
			strings.Repeat("x", maxMessage) + `"}}`)
		c.closedWith(int(websocket.StatusMessageTooBig))
		c.connect().hello()
		defer c.bye()
		if c.n != n {
			t.Errorf("event %d after %d", c.n, n)
		}
	})
}

func TestARefusalOfTheSystemIsAnEvent(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		defer c.bye()
		c.must("a", "socket", `{"proc":"pb","proto":"udp"}`)
		r := c.must("b", "bind", `{"proc":"pb","fd":3,"port":65536}`)
		var found bool
		for _, f := range c.all() {
			for _, e := range f.Items {
				if b, ok := e.Body.(event.CallFailed); ok && e.By == r.N {
					found = true
					if b.Errno != "EINVAL" || e.Rule == "" {
						t.Errorf("event %+v", e)
					}
				}
			}
		}
		if !found {
			t.Error("no call.failed caused by the command")
		}
		if again := c.must("b", "bind", `{"proc":"pb","fd":3,"port":65536}`); again.N != r.N {
			t.Errorf("a resend: %s", again.raw)
		}
	})
}

func TestCommandsAreLimitedPerPerson(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		one, two := s.as("alice").connect().hello(), s.as("alice").connect().hello()
		defer one.bye()
		defer two.bye()
		time.Sleep(10 * time.Second)
		limited := 0
		for i := range 50 {
			c := []*client{one, two}[i%2]
			cid := string(rune('A' + i))
			if f := c.do(cid, "bookmark", `{"at":1}`); !f.OK {
				if f.Err.Code != "rate" {
					t.Errorf("answer %s", f.raw)
				}
				limited++
			}
		}
		if limited != 50-commandBurst {
			t.Errorf("%d refused, want %d", limited, 50-commandBurst)
		}
		time.Sleep(time.Second)
		one.must("later", "bookmark", `{"at":1}`)
	})
}

func TestAPersonHasSoManySocketsAndAFloodEndsOne(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		var open []*client
		for range socketsPerUser {
			open = append(open, s.as("alice").connect())
		}
		if resp, _ := s.as("alice").dial(); resp == nil || resp.StatusCode != http.StatusTooManyRequests {
			t.Errorf("one socket more: %v", resp)
		}
		for range messageBurst + 2 {
			open[0].say(Ping{Type: "ping"})
		}
		open[0].closedWith(statusPolicy)
		for _, c := range open[1:] {
			c.bye()
		}
		s.as("alice").connect().bye()
	})
}

func TestTwentyKilledSocketsLeaveTheClientWithTheServersView(t *testing.T) {
	inBubble(t, session.Limits{BatchEvents: 4}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		c.must("a", "socket", `{"proc":"pb","proto":"udp"}`)
		c.must("b", "bind", `{"proc":"pb","fd":3,"port":53}`)
		c.must("c", "socket", `{"proc":"pa","proto":"udp"}`)
		c.must("p", "clock.play", `{}`)
		for i := range 20 {
			cid := "s" + string(rune('a'+i))
			c.say(Cmd{Type: "cmd", Cid: cid, Op: "sendto", Args: json.RawMessage(
				`{"proc":"pa","fd":3,"addr":"10.0.0.2","port":53,"text":"x"}`)})
			time.Sleep(time.Duration(i*3) * time.Millisecond)
			c.cut()
			time.Sleep(time.Duration(i) * 100 * time.Millisecond)
			c.connect().hello()
			if !c.last("hello").Resumed {
				t.Fatalf("connection %d was not resumed", i)
			}
			c.must(cid, "sendto", `{"proc":"pa","fd":3,"addr":"10.0.0.2","port":53,"text":"x"}`)
		}
		c.must("q", "clock.pause", `{}`)
		if n := count(c.all(), "snap"); n != 1 {
			t.Errorf("%d snapshots", n)
		}
		sent := 0
		for _, f := range c.all() {
			for _, e := range f.Items {
				if e.Kind() == "datagram.sent" {
					sent++
				}
			}
		}
		if sent != 20 {
			t.Errorf("%d datagrams of 20 commands", sent)
		}
		c.sameAs(s)
		c.bye()
	})
}

func TestAGapIsMendedByAnotherHello(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		defer c.bye()
		r := c.must("a", "socket", `{"proc":"pb","proto":"udp"}`)
		c.mu.Lock()
		head := c.n
		c.n, c.lossy = r.N, true // as if what followed the command had been lost
		c.mu.Unlock()
		c.hello()
		if h := c.last("hello"); !h.Resumed || c.last("evs").From != r.N+1 || c.n != head {
			t.Errorf("%s, then events from %d up to %d", h.raw, c.last("evs").From, c.n)
		}
	})
}

func TestAFewHellosMendGapsAndAFloodOfThemEndsTheSocket(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		patient := s.as("alice").connect().hello()
		defer patient.bye()
		for range 3 * helloBurst { // one a second for as long as they like
			patient.hello()
			time.Sleep(time.Second)
		}
		hasty := s.as("alice").connect().hello()
		for range helloBurst {
			hasty.hello()
		}
		hasty.say(ClientHello{Type: "hello", Proto: []int{Proto}})
		hasty.closedWith(statusPolicy)
		if b := hasty.last("bye"); b.Code != "rate" || !b.Retry {
			t.Errorf("bye %s", b.raw)
		}
		if n := count(hasty.all(), "hello"); n != 1+helloBurst {
			t.Errorf("%d hellos answered", n)
		}
	})
}

func TestSilenceEndsASocketAndPingsKeepIt(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		quiet, lively := s.as("alice").connect().hello(), s.as("alice").connect().hello()
		for i := range 5 {
			time.Sleep(15 * time.Second)
			lively.say(Ping{Type: "ping", TS: int64(i)})
			synctest.Wait()
		}
		if lively.ending() != nil || lively.last("pong").TS != 4 {
			t.Errorf("the lively one: %v", lively.ending())
		}
		if quiet.ending() == nil {
			t.Error("the silent one is still there")
		}
		lively.bye()
	})
}

func TestTwoTabsOfOnePersonTheNewerDrives(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		one := s.as("alice").connect().hello()
		two := s.as("alice").connect().hello()
		if one.last("who").Role != app.CoDriver || two.last("who").Role != app.Driver {
			t.Errorf("%s, %s", one.last("who").raw, two.last("who").raw)
		}
		one.must("a", "socket", `{"proc":"pb","proto":"udp"}`)
		two.bye()
		if one.last("who").Role != app.Driver {
			t.Errorf("left alone: %s", one.last("who").raw)
		}
		one.bye()
	})
}

func TestShutdownSaysGoodbyeWithServiceRestart(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		if err := s.Sessions.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.closedWith(statusRestart)
		if b := c.last("bye"); b.Code != "restart" || !b.Retry {
			t.Errorf("bye %s", b.raw)
		}
		resp, _ := s.as("alice").dial()
		if resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("while draining: %v", resp)
		}
	})
}

func TestAClientOfAnotherProtocolIsToldSo(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("alice").connect()
		c.say(`{"type":"hello","proto":[2,3],"schema":"x"}`)
		c.closedWith(statusProtocol)
		if b := c.last("bye"); b.Code != "proto" || b.Retry {
			t.Errorf("bye %s", b.raw)
		}
	})
}

func TestAHiddenTabGetsASummaryASecond(t *testing.T) {
	inBubble(t, session.Limits{}, func(t *testing.T, s *server) {
		c := s.as("alice").connect().hello()
		defer c.bye()
		c.must("p", "clock.play", `{}`)
		c.say(ViewRate{Type: "view", Rate: "idle"})
		synctest.Wait()
		before, evs := count(c.all(), "clock"), count(c.all(), "evs")
		c.must("a", "socket", `{"proc":"pb","proto":"udp"}`)
		time.Sleep(10*time.Second + time.Millisecond)
		if n := count(c.all(), "clock") - before; n < 9 || n > 13 {
			t.Errorf("%d clock frames in 10 s", n)
		}
		if n := count(c.all(), "evs") - evs; n != 0 {
			t.Errorf("%d batches to a hidden tab", n)
		}
		c.say(ViewRate{Type: "view", Rate: "full"})
		synctest.Wait()
		c.sameAs(s)
	})
}
