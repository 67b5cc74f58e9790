// Package sessiontest is a small lab and a small server for tests of what stands on
// sessions. It must never be imported by anything but tests.
package sessiontest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"

	"labserver/stack"
	"labserver/stack/event"
	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/session"
	"labserver/web/store"
	"labserver/web/store/sqlite"
)

// Pair is a catalogue of one lab, "pair": hosts A and B with the processes pa and pb,
// 10 ms apart, and one goal: a datagram arrives.
type Pair struct{}

// Start implements session.Labs.
func (Pair) Start(slug string, seed uint64) (journal.Header, error) {
	if slug != "pair" {
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
		Lab:    journal.Lab{Slug: "pair", Digest: "d1"},
		Params: map[string]string{"port": "53"}, Seed: strconv.FormatUint(seed, 10),
		World: journal.World{Profile: "linux", Commands: world}}, nil
}

// Checker implements session.Labs.
func (Pair) Checker(journal.Header) (session.Checker, error) { return &arrival{}, nil }

type arrival struct {
	evidence []uint64
	finished bool
}

// Feed implements session.Checker.
func (a *arrival) Feed(e event.Event) bool {
	if e.Kind() == "datagram.received" {
		a.evidence = append(a.evidence, e.N)
	}
	a.finished = a.finished || e.Kind() == "note.finish"
	return e.Kind() == "datagram.received" || e.Kind() == "note.finish"
}

// Verdicts implements session.Checker.
func (a *arrival) Verdicts() []session.Verdict {
	v := session.Verdict{Goal: "arrives", State: "open", Evidence: a.evidence, Hint: -1}
	if len(a.evidence) > 0 {
		v.State = "met"
	}
	return []session.Verdict{v}
}

// Goal implements session.Checker.
func (a *arrival) Goal(id string) (found, asks bool) { return id == "arrives", false }

// Finished implements session.Checker.
func (a *arrival) Finished() bool { return a.finished }

// Server is a store and a manager with one session, alice's.
type Server struct {
	Store    store.Store
	Sessions *session.Manager
	ID       app.SessionID
}

// New starts one; stop ends it.
func New(t *testing.T, limits session.Limits) (s *Server, stop func()) {
	t.Helper()
	db, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "a.db"), "node")
	if err != nil {
		t.Fatal(err)
	}
	s = &Server{Store: db, Sessions: session.NewManager(session.Config{Store: db, Labs: Pair{},
		Build: "b1", Limits: limits, Log: slog.New(slog.DiscardHandler)})}
	if s.ID, err = s.Sessions.Create(context.Background(), "alice", "pair"); err != nil {
		t.Fatal(err)
	}
	return s, func() {
		if err := s.Sessions.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Headers identifies by the request headers Subject and Token, which only a test trusts.
type Headers struct{}

// Subject implements app.Identifier.
func (Headers) Subject(r *http.Request) (app.Actor, error) {
	if r.Header.Get("Subject") == "broken" {
		return app.Actor{}, errors.New("a broken identity")
	}
	return app.Actor{Subject: app.SubjectID(r.Header.Get("Subject")),
		Tokens: r.Header.Values("Token")}, nil
}
