package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// kills is how often the server dies; LABSERVER_KILLS=100 by hand.
func kills(t *testing.T) int {
	t.Helper()
	if s := os.Getenv("LABSERVER_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("LABSERVER_KILLS=%q is not a number from 1", s)
		}
		return n
	}
	if testing.Short() {
		return 3
	}
	return 20
}

// Contract: a command is journaled before it is applied and applied before it is
// answered, and it carries an idempotency key. So whenever the server dies, what was
// answered is there, and what is sent again is there once.
func TestKillingTheServerInATransferLosesAndDoublesNoAcknowledgedCommand(t *testing.T) {
	s := Serve(t)
	st := newStudent(t, s.URL)
	st.start(lab)
	st.connectEventually()
	d := newDriver(st)
	st.must("clock.play", map[string]any{"speed": 20})

	for i := range kills(t) {
		died := make(chan struct{})
		go func() {
			time.Sleep(time.Duration(150+rand.IntN(600)) * time.Millisecond)
			s.Kill()
			close(died)
		}()
		err := d.drive()
		<-died
		if err == nil {
			t.Fatalf("cycle %d: the server was killed and the socket went on", i)
		}
		if wrong := asFault(err); wrong != nil {
			t.Fatalf("cycle %d: %v", i, wrong)
		}
		s.Start()
		st.connectEventually()
		d.resend()
	}
	d.settle()
	if len(d.answered) < kills(t) {
		t.Fatalf("only %d commands were answered in %d cycles: the test drove nothing",
			len(d.answered), kills(t))
	}
	d.checkJournal()
	d.checkReplay(s)
}

// pipe is one TCP connection of the lab: a process and descriptor at each end.
type pipe struct {
	from, to     string
	fromFD, toFD int
}

// openPipe connects host A to host B with the run playing, and pauses nothing.
func openPipe(st *student) pipe {
	st.t.Helper()
	p := pipe{from: st.proc("A"), to: st.proc("B")}
	st.must("clock.play", map[string]any{"speed": 100})
	listener := st.returned("socket", map[string]any{"proc": p.to, "proto": "tcp"})
	st.must("bind", map[string]any{"proc": p.to, "fd": listener, "port": 8081})
	st.must("listen", map[string]any{"proc": p.to, "fd": listener})
	p.fromFD = int(st.returned("socket", map[string]any{"proc": p.from, "proto": "tcp"}))
	st.returned("connect", map[string]any{"proc": p.from, "fd": p.fromFD,
		"addr": "50.50.50.50", "port": 8081})
	p.toFD = int(st.returned("accept", map[string]any{"proc": p.to, "fd": listener}))
	return p
}

// call is a command as it was sent.
type call struct {
	op   string
	args map[string]any
}

// driver sends commands without waiting for the answers, as a busy page does.
type driver struct {
	*student
	pipe

	mu       sync.Mutex // guards what follows: one goroutine sends, one reads
	pending  map[string]call
	answered map[string]result
	order    []string // of the keys, as first sent
	turn     int
}

// newDriver opens a connection to drive.
func newDriver(st *student) *driver {
	st.t.Helper()
	return &driver{student: st, pipe: openPipe(st), pending: map[string]call{},
		answered: map[string]result{}}
}

// drive sends and reads until the socket fails.
func (d *driver) drive() error {
	stop := make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(60 * time.Millisecond): // the server allows 20 a second
				d.sendNext()
			}
		}
	})
	defer sender.Wait()
	defer close(stop)
	for {
		if err := d.read(); err != nil {
			return err
		}
	}
}

// sendNext writes at one end or reads at the other, in turn.
func (d *driver) sendNext() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn++
	c := call{"send", map[string]any{"proc": d.from, "fd": d.fromFD, "octets": 1000 + d.turn}}
	if d.turn%2 == 0 {
		c = call{"recv", map[string]any{"proc": d.to, "fd": d.toFD, "max": 65536}}
	}
	cid := d.cid()
	d.pending[cid] = c
	d.order = append(d.order, cid)
	_ = d.ask(cid, c.op, c.args) // if the socket is gone the reader says so
}

// read takes one message and notes what was answered.
func (d *driver) read() error {
	if kind, err := d.hear(); err != nil || kind != "res" {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for cid := range d.pending {
		r, ok := d.results[cid]
		if !ok {
			continue
		}
		if !r.OK && r.Err.Code == "rate" {
			delete(d.results, cid) // it was not taken; the same key may be tried again
			_ = d.ask(cid, d.pending[cid].op, d.pending[cid].args)
			continue
		}
		if !r.OK {
			return fault{fmt.Sprintf("%s was refused: %+v", d.pending[cid].op, *r.Err)}
		}
		delete(d.pending, cid)
		d.answered[cid] = r
	}
	return nil
}

// resend asks again, with the same keys, for everything that was not answered.
func (d *driver) resend() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, cid := range d.order {
		if c, ok := d.pending[cid]; ok {
			if err := d.ask(cid, c.op, c.args); err != nil {
				d.t.Fatalf("resend: %v", err)
			}
		}
	}
}

// settle waits until nothing is unanswered and the run is paused.
func (d *driver) settle() {
	d.t.Helper()
	for deadline := time.Now().Add(patience); len(d.pending) > 0; {
		if err := d.read(); err != nil || time.Now().After(deadline) {
			d.t.Fatalf("%d commands stay unanswered: %v", len(d.pending), err)
		}
	}
	d.quiet()
}

// checkJournal holds the downloaded journal against what was answered.
func (d *driver) checkJournal() {
	d.t.Helper()
	status, body, _ := d.do(http.MethodGet, "/s/"+d.session+"/journal", nil, nil)
	if status != http.StatusOK {
		d.t.Fatalf("journal: status %d\n%.300s", status, body)
	}
	times := map[string]int{}
	at := map[string]uint64{}
	sent := map[string]bool{}
	for _, cid := range d.order {
		sent[cid] = true
	}
	for _, line := range strings.Split(strings.TrimSpace(body), "\n")[1:] {
		var e struct {
			Cid, Op string
			N       uint64
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			d.t.Fatalf("journal line %.100q: %v", line, err)
		}
		if e.Op == "send" || e.Op == "recv" {
			times[e.Cid]++
			at[e.Cid] = e.N
			if !sent[e.Cid] {
				d.t.Errorf("the journal holds %s %s, which nobody sent", e.Op, e.Cid)
			}
		}
	}
	for cid, r := range d.answered {
		if times[cid] != 1 {
			d.t.Errorf("command %s was answered and stands %d times in the journal", cid, times[cid])
		}
		if at[cid]+1 != r.N {
			d.t.Errorf("command %s was answered with event %d and stands before event %d",
				cid, r.N, at[cid]+1)
		}
	}
	for _, cid := range slices.Sorted(maps.Keys(times)) {
		if times[cid] > 1 {
			d.t.Errorf("command %s stands %d times in the journal", cid, times[cid])
		}
	}
	d.t.Logf("%d commands sent, %d answered, %d in the journal",
		len(d.order), len(d.answered), len(times))
}

// checkReplay computes the run again beside the server: every event the client holds
// must come out the same, and the hash must be the same each time.
func (d *driver) checkReplay(s *Server) {
	d.t.Helper()
	replayed := replay(d.t, s, d.session)
	for _, n := range slices.Sorted(maps.Keys(d.events)) {
		if n > uint64(len(replayed)) {
			break // after the last entry: the client has seen time go on
		}
		if got, want := string(replayed[n-1]), string(d.events[n]); !sameJSON(got, want) {
			d.t.Fatalf("event %d was shown as\n%s\nand replays as\n%s", n, want, got)
		}
	}
	hashes := map[string]string{}
	for _, procs := range []string{"1", "8", "8"} {
		out, errs, code := command(d.t, append(os.Environ(), "GOMAXPROCS="+procs),
			"replay", "--hash", "--data", s.Data, "session:"+d.session)
		if code != 0 || len(strings.TrimSpace(out)) != 64 {
			d.t.Fatalf("replay --hash: status %d, %q %s", code, out, errs)
		}
		hashes[out] = procs
	}
	if len(hashes) != 1 {
		d.t.Errorf("replay --hash gave %q", hashes)
	}
}

// replay returns the events of a session, computed from its journal.
func replay(t *testing.T, s *Server, session string) []json.RawMessage {
	t.Helper()
	out, errs, code := s.Command("replay", "--json", "session:"+session)
	if code != 0 {
		t.Fatalf("replay: status %d: %s", code, errs)
	}
	var events []json.RawMessage
	for line := range strings.Lines(out) {
		events = append(events, json.RawMessage(line))
	}
	return events
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x) // objects come out with sorted keys
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}
