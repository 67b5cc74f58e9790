package e2e

import (
	"encoding/json"
	"strings"
	"time"
)

// proc returns the first process of a host, starting one if there is none.
func (s *student) proc(host string) string {
	s.t.Helper()
	var v struct {
		Hosts []struct {
			ID    string `json:"id"`
			Procs []struct {
				ID string `json:"id"`
			} `json:"procs"`
		} `json:"hosts"`
	}
	if err := json.Unmarshal(s.snap, &v); err != nil {
		s.t.Fatalf("snapshot: %v", err)
	}
	for _, h := range v.Hosts {
		if h.ID == host && len(h.Procs) > 0 {
			return h.Procs[0].ID
		}
	}
	r := s.must("proc.start", map[string]any{"host": host})
	var started struct {
		Proc string `json:"proc"`
	}
	s.event(func(kind string, by uint64, raw json.RawMessage) bool {
		return kind == "proc.started" && by == r.N && json.Unmarshal(raw, &started) == nil
	})
	return started.Proc
}

// returned makes a call and waits for what it returns.
func (s *student) returned(op string, args map[string]any) int64 {
	s.t.Helper()
	c := s.outcome(op, args)
	if c.Kind != "call.returned" {
		s.t.Fatalf("%s %v: %s %s", op, args, c.Kind, c.Errno)
	}
	return c.Value
}

// outcome is how a call ended.
type outcome struct {
	Kind  string `json:"kind"`
	By    uint64 `json:"by"`
	Rule  string `json:"rule"`
	Call  string `json:"call"`
	Op    string `json:"op"`
	Value int64  `json:"value"`
	Errno string `json:"errno"`
	Field string `json:"field"`
}

// outcome makes a call and waits until it has ended.
func (s *student) outcome(op string, args map[string]any) (o outcome) {
	s.t.Helper()
	r := s.must(op, args)
	id := ""
	s.event(func(kind string, by uint64, raw json.RawMessage) bool {
		if !strings.HasPrefix(kind, "call.") || json.Unmarshal(raw, &o) != nil {
			return false
		}
		if by == r.N {
			id = o.Call
		}
		return id != "" && o.Call == id && kind != "call.blocked"
	})
	return o
}

// event waits for an event, among those seen and those to come.
func (s *student) event(is func(kind string, by uint64, raw json.RawMessage) bool) {
	s.t.Helper()
	seen := uint64(0)
	for deadline := time.Now().Add(patience); ; {
		for n := seen + 1; n <= s.last; n++ {
			var e struct {
				Kind string `json:"kind"`
				By   uint64 `json:"by"`
			}
			raw, ok := s.events[n]
			if ok && json.Unmarshal(raw, &e) == nil && is(e.Kind, e.By, raw) {
				return
			}
			seen = n
		}
		if time.Now().After(deadline) {
			s.t.Fatal("the event did not come")
		}
		if _, err := s.hear(); err != nil {
			s.t.Fatalf("waiting for an event: %v", err)
		}
	}
}
