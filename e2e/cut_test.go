package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/view"
)

// cutsInARun is how often a network fails during one run.
const cutsInARun = 20

// Whatever a client missed while it was cut off, it ends with the same view as the
// server: resumed or given a snapshot, folded from there.
func TestCuttingTheSocketLeavesAClientsViewEqualToTheServersSnapshot(t *testing.T) {
	s := Serve(t)
	net := newProxy(t, strings.TrimPrefix(s.URL, "http://"))
	st := newStudent(t, net.URL)
	st.start(lab)
	st.connectEventually()
	d := newDriver(st)
	st.must("clock.play", map[string]any{"speed": 20})

	resumed := 0
	for i := range cutsInARun {
		cut := time.AfterFunc(time.Duration(50+rand.IntN(250))*time.Millisecond, func() { net.Cut() })
		err := d.drive()
		cut.Stop()
		if wrong := asFault(err); wrong != nil {
			t.Fatalf("cut %d: %v", i, wrong)
		}
		st.connectEventually()
		if st.hello.Resumed {
			resumed++
		}
		d.resend()
	}
	d.settle()
	t.Logf("resumed after %d of %d cuts, %d events", resumed, cutsInARun, st.last)
	if resumed == 0 {
		t.Error("no connection was ever resumed: each began with a snapshot")
	}

	fresh := *st
	fresh.events, fresh.hello.Run = map[uint64]json.RawMessage{}, 0
	fresh.connectEventually()
	if fresh.snapN != st.last {
		t.Fatalf("the server is at event %d, the client at %d", fresh.snapN, st.last)
	}
	want, got := canonical(t, fresh.snap), canonical(t, fold(t, st))
	if got != want {
		t.Errorf("the client's view is not the server's:\n%s", firstDifference(got, want))
	}
}

// fold applies every event the client has to its first snapshot.
func fold(t *testing.T, st *student) json.RawMessage {
	t.Helper()
	var v view.View
	if err := json.Unmarshal(st.snap, &v); err != nil {
		t.Fatal(err)
	}
	for n := st.snapN + 1; n <= st.last; n++ {
		e, err := event.Decode(st.events[n])
		if err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
		view.Reduce(&v, e)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// canonical writes a view with sorted keys, and null for what holds nothing.
func canonical(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var v view.View
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), "[]", "null")
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			from := max(0, i-5)
			return fmt.Sprintf("got\n%s\nwant\n%s", strings.Join(a[from:i+1], "\n"),
				strings.Join(b[from:i+1], "\n"))
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(a), len(b))
}

// The page itself, cut off again and again while the world moves, ends with the same
// tables as a page that is loaded afresh.
func TestAPageThatIsCutOffAgainAndAgainShowsWhatAFreshPageShows(t *testing.T) {
	s := Serve(t)
	net := newProxy(t, strings.TrimPrefix(s.URL, "http://"))
	b := startLab(Open(t, net.URL, "/?lang=en"), lab)
	b.play("50")
	b.typed("B", "listen 8081", "= 0")
	b.typed("A", "connect 50.50.50.50:8081 from 3001", "= 0")
	b.typed("B", "accept", "=")
	b.typed("A", "send 3 octets 300000", "send(3")
	b.play("0.5")
	b.Outage(func() {
		for range cutsInARun {
			time.Sleep(time.Duration(100+rand.IntN(200)) * time.Millisecond)
			net.Cut()
			b.JS(`dispatchEvent(new Event("online")) ? "" : ""`) // the system says: back again
		}
		b.online()
	})
	b.typed("B", "recv 4 100", "=")
	b.Click(".ls-play")
	b.Expect(`.ls-play use[href$="#play"]`)
	before := tables(b)
	b.Reload()
	b.online()
	if after := tables(b); !slices.Equal(after, before) {
		t.Errorf("a fresh page shows\n%q\nthe one that was cut off showed\n%q", after, before)
	}
}

// tables reads the socket tables of all hosts.
func tables(b bench) []string {
	b.t.Helper()
	var all []string
	for _, host := range []string{"A", "B", "C"} {
		all = append(all, b.sockets(host))
	}
	return all
}

// kill -9 with the page open: it says that the connection is lost, finds the server
// again by itself, and the run goes on.
func TestThePageComesBackByItselfAfterTheServerWasKilled(t *testing.T) {
	s := Serve(t)
	b := startLab(Open(t, s.URL, "/?lang=en"), lab)
	b.play("50")
	b.typed("B", "listen 8081", "= 0")
	b.typed("A", "connect 50.50.50.50:8081 from 3001", "= 0")
	b.typed("B", "accept", "=")
	b.typed("A", "send 3 octets 200000", "send(3")
	before := b.goals()
	b.Outage(func() {
		s.Kill()
		b.Expect(`[data-link="offline"], [data-link="connecting"]`)
		b.Accessible("the workbench without a connection")
		s.Start()
		b.online()
	})
	if after := b.goals(); after != before {
		t.Errorf("goals before the kill %s\nafter it %s", before, after)
	}
	b.typed("B", "recv 4 100", "= 100")
	b.typed("A", "close 3", "= 0")
}
