package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/journal"
	"labserver/stack/view"
	"labserver/web/app"
	"labserver/web/store"
	"labserver/web/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair is a lab of two hosts with a process each, 10 ms apart, and the goals "arrives", a
// datagram reaches somebody, and "why", which asks for an answer.
type pair struct{ gone bool }

func (l *pair) Start(slug string, seed uint64) (journal.Header, error) {
	if slug != "pair" || l.gone {
		return journal.Header{}, app.ErrNotFound
	}
	var world []journal.Entry
	for _, c := range [][2]string{
		{"host.add", `{"id":"A","addr":"10.0.0.1/24"}`},
		{"host.add", `{"id":"B","addr":"10.0.0.2/24"}`},
		{"link.add", `{"a":{"host":"A"},"b":{"host":"B"},"delay_ns":10000000}`},
		{"proc.start", `{"host":"A","id":"pa"}`},
		{"proc.start", `{"host":"B","id":"pb"}`},
	} {
		world = append(world, journal.Entry{Op: c[0], Args: json.RawMessage(c[1])})
	}
	return journal.Header{Format: journal.Format, Behaviour: stack.Behaviour,
		Lab: journal.Lab{Slug: "pair", Digest: "d1"}, Params: map[string]string{"port": "53"},
		World: journal.World{Profile: "linux", Commands: world},
		Seed:  strconv.FormatUint(seed, 10)}, nil
}

func (l *pair) Checker(journal.Header) (Checker, error) { return &arrival{}, nil }

// arrival is the checker of pair.
type arrival struct {
	evidence []uint64
	hints    int
	finished bool
}

func (a *arrival) Feed(e event.Event) bool {
	switch e.Kind() {
	case "datagram.received":
		a.evidence = append(a.evidence, e.N)
	case "note.hint":
		a.hints++
	case "note.finish":
		a.finished = true
	default:
		return false
	}
	return true
}

func (a *arrival) Verdicts() []Verdict {
	v := Verdict{Goal: "arrives", State: "open", Evidence: a.evidence, Hint: -1, HintsUsed: a.hints}
	if len(a.evidence) > 0 {
		v.State = "met"
	}
	return []Verdict{v}
}

func (a *arrival) Goal(id string) (found, asks bool) {
	return id == "arrives" || id == "why", id == "why"
}

func (a *arrival) Finished() bool { return a.finished }

// bench is one test's server: a store, a manager and one session of alice's.
type bench struct {
	t       testing.TB
	dir     string
	labs    *pair
	store   store.Store
	wrap    func(store.Store) store.Store // faults go in between
	m       *Manager
	id      app.SessionID
	nodes   int
	stopped bool
	limit   Limits
}

func newBench(t testing.TB, limit Limits) *bench {
	b := &bench{t: t, dir: t.TempDir(), labs: &pair{}, limit: limit}
	b.start()
	t.Cleanup(b.stop) // when the test has failed; else it is stopped already
	id, err := b.m.Create(context.Background(), "alice", "pair")
	if err != nil {
		t.Fatal(err)
	}
	b.id = id
	return b
}

// start starts a server process on the data.
func (b *bench) start() {
	b.t.Helper()
	b.nodes++
	b.stopped = false
	path, node := filepath.Join(b.dir, "a.db"), fmt.Sprint("node-", b.nodes)
	s, err := sqlite.Open(context.Background(), path, node)
	if err != nil {
		b.t.Fatal(err)
	}
	b.store = s
	if b.wrap != nil {
		b.store = b.wrap(s)
	}
	b.m = NewManager(Config{Store: b.store, Labs: b.labs, Build: "b1", Limits: b.limit,
		Log: slog.New(slog.DiscardHandler)})
}

// stop ends the process in order; kill ends it as kill -9 would, with nothing written.
func (b *bench) stop() {
	b.t.Helper()
	if b.stopped {
		return
	}
	b.stopped = true
	if err := b.m.Shutdown(context.Background()); err != nil {
		b.t.Error(err)
	}
	b.store.Close()
}

func (b *bench) kill() {
	b.t.Helper()
	b.stopped = true
	b.m.mu.Lock()
	var all []*Session
	for _, l := range b.m.live {
		all = append(all, l.s)
	}
	b.m.mu.Unlock()
	for _, s := range all {
		s.post(context.Background(), func() { s.members, s.quit = nil, true })
		<-s.done
	}
	b.store.Close()
}

func (b *bench) open() *Session {
	b.t.Helper()
	s, err := b.m.Open(context.Background(), b.id)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// member joins the session and says hello.
func (b *bench) member(who app.SubjectID, right app.Role, r Resume) (*Member, *recorder) {
	b.t.Helper()
	rec := &recorder{t: b.t, run: r.Run, n: r.After, partial: r.Run != 0}
	m, err := b.open().Join(context.Background(), rec, who, right)
	for errors.Is(err, ErrGone) { // it was on its way out
		m, err = b.open().Join(context.Background(), rec, who, right)
	}
	if err == nil {
		err = m.Hello(context.Background(), r)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return m, rec
}

// do carries out a command that must succeed.
func (b *bench) do(cid, op, args string) Result {
	b.t.Helper()
	r, err := b.try(cid, op, args)
	if err != nil {
		b.t.Fatalf("%s %s: %v", op, args, err)
	}
	return r
}

func (b *bench) try(cid, op, args string) (Result, error) {
	b.t.Helper()
	for {
		s, err := b.m.Open(context.Background(), b.id)
		if err != nil {
			return Result{}, err
		}
		r, err := s.Do(context.Background(), Command{Actor: "alice", Right: app.Driver,
			Cid: cid, Op: op, Args: json.RawMessage(args)})
		if !errors.Is(err, ErrGone) { // it was on its way out
			return r, err
		}
	}
}

// hello sets a UDP server up on B and sends it a datagram from A.
func (b *bench) hello() {
	b.t.Helper()
	b.do("h1", "socket", `{"proc":"pb","proto":"udp"}`)
	b.do("h2", "bind", `{"proc":"pb","fd":3,"port":53}`)
	b.do("h3", "socket", `{"proc":"pa","proto":"udp"}`)
	b.send("h4")
}

func (b *bench) send(cid string) Result {
	b.t.Helper()
	return b.do(cid, "sendto", `{"proc":"pa","fd":3,"addr":"10.0.0.2","port":53,"text":"hello"}`)
}

// position returns where the session stands.
func (b *bench) position() (n uint64, t time.Duration, view view.View) {
	b.t.Helper()
	s := b.open()
	if err := s.post(context.Background(), func() {
		n, t, view = s.world.Events().Len(), time.Duration(s.world.Now()), s.world.View()
	}); err != nil {
		b.t.Fatal(err)
	}
	return n, t, view
}

// recorder is a client: it folds what it is sent and keeps the frames.
type recorder struct {
	t testing.TB

	mu     sync.Mutex
	frames []Frame
	run    int
	n      uint64
	view   view.View
	bye    string
	asked  int // for its rights
	// partial says that the client resumed from a view that this recorder never had.
	partial bool
}

func (r *recorder) Publish(f Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames = append(r.frames, f)
	switch f := f.(type) {
	case *Snap:
		r.run, r.n, r.view, r.partial = f.Run, f.N, view.View{}, false
		if err := json.Unmarshal(f.View, &r.view); err != nil {
			r.t.Error(err)
		}
	case *Batch:
		r.fold(f)
	case *Bye:
		r.bye = f.Code
	}
}

func (r *recorder) Recheck() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
}

func (r *recorder) fold(b *Batch) {
	var events []event.Event
	if err := json.Unmarshal([]byte("["+string(b.Items)+"]"), &events); err != nil {
		r.t.Error(err)
	}
	if b.From != r.n+1 || b.Run != r.run || uint64(len(events)) != b.To-b.From+1 {
		r.t.Errorf("batch %d..%d of run %d with %d events after event %d of run %d",
			b.From, b.To, b.Run, len(events), r.n, r.run)
	}
	for _, e := range events {
		r.n = e.N
		if !r.partial {
			view.Reduce(&r.view, e)
		}
	}
}

// of returns the recorded frames of one type and forgets none.
func of[F Frame](r *recorder) []F {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []F
	for _, f := range r.frames {
		if f, ok := f.(F); ok {
			list = append(list, f)
		}
	}
	return list
}

func last[F Frame](r *recorder) F {
	r.t.Helper()
	list := of[F](r)
	if len(list) == 0 {
		r.t.Fatal("no such frame")
	}
	return list[len(list)-1]
}

func (r *recorder) at() (run int, n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.run, r.n
}

// sameAs compares what the client sees with the world itself.
func (r *recorder) sameAs(b *bench) {
	r.t.Helper()
	n, _, want := b.position()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n != n {
		r.t.Errorf("the client is at event %d, the world at %d", r.n, n)
	}
	got, _ := json.Marshal(r.view)
	truth, _ := json.Marshal(want)
	if string(got) != string(truth) {
		r.t.Errorf("the client sees\n%s, the world is\n%s", got, truth)
	}
}

// same fails the test unless two values are equal.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func str(n uint64) string { return strconv.FormatUint(n, 10) }
