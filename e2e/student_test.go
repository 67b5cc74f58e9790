package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// lab is the one of the lecture note's hosts A, B and C.
const lab = "two-meanings-of-socket"

// student is a browser without a screen: cookies, a session, and the socket's client
// side as labwire.v1 says, with its own idea of what it has seen.
type student struct {
	t       *testing.T
	base    string // of the server, or of what stands before it
	client  *http.Client
	session string

	sock  *socket
	hello struct {
		Run        int    `json:"run"`
		OwnerEpoch uint64 `json:"owner_epoch"`
		Role       string `json:"role"`
		Head       uint64 `json:"head"`
		Resumed    bool   `json:"resumed"`
		Common     uint64 `json:"common"`
	}
	last    uint64                     // the last event seen
	snapN   uint64                     // the event of the last snapshot
	snap    json.RawMessage            // its view
	events  map[uint64]json.RawMessage // every event seen since, by n
	results map[string]result          // answers, by cid
	clock   clock
	sum     summary
	next    int
}

type result struct {
	Cid string `json:"cid"`
	OK  bool   `json:"ok"`
	Run int    `json:"run"`
	N   uint64 `json:"n"`
	Err *struct {
		Code  string `json:"code"`
		Field string `json:"field"`
	} `json:"err"`
}

type clock struct {
	N       uint64 `json:"n"`
	T       int64  `json:"t"`
	Playing bool   `json:"playing"`
	Busy    bool   `json:"busy"`
	Waiting bool   `json:"waiting"`
}

type summary struct {
	Goals []struct {
		ID    string `json:"id"`
		State string `json:"state"`
	} `json:"goals"`
	Finished bool `json:"finished"`
}

// newStudent is a new browser at a server.
func newStudent(t *testing.T, base string) *student {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &student{t: t, base: base, events: map[uint64]json.RawMessage{},
		results: map[string]result{},
		client: &http.Client{Jar: jar, Timeout: 20 * time.Second,
			Transport:     &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// do makes a request as a page of the server's own would.
func (s *student) do(method, path string, form url.Values, edit func(*http.Request)) (
	status int, text string, header http.Header) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Origin", s.base)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if edit != nil {
		edit(req)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, string(body), resp.Header
}

// start starts a lab and remembers the session.
func (s *student) start(slug string) {
	s.t.Helper()
	status, body, header := s.do(http.MethodPost, "/labs/"+slug+"/start", url.Values{}, nil)
	path := header.Get("Location")
	if status != http.StatusSeeOther || !strings.HasPrefix(path, "/s/") {
		s.t.Fatalf("start %s: status %d, location %q\n%.300s", slug, status, path, body)
	}
	s.session = strings.TrimPrefix(path, "/s/")
}

// dialHeader is what a browser sends with the upgrade.
func (s *student) dialHeader() http.Header {
	h := http.Header{"Origin": {s.base}, "Sec-Websocket-Protocol": {"labwire.v1.json"}}
	u, err := url.Parse(s.base + "/s/" + s.session)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range s.client.Jar.Cookies(u) {
		h.Add("Cookie", c.String())
	}
	return h
}

// connect opens the socket and says hello, with what is known of the run.
func (s *student) connect() error {
	sock, err := dial(context.Background(), s.base+"/s/"+s.session+"/live", s.dialHeader())
	if err != nil {
		return err
	}
	s.sock = sock
	hello := map[string]any{"type": "hello", "proto": []int{1}, "schema": ""}
	if s.hello.Run != 0 {
		hello["run"], hello["after"], hello["owner_epoch"] = s.hello.Run, s.last, s.hello.OwnerEpoch
	}
	if err := s.say(hello); err != nil {
		return err
	}
	return s.until(func(kind string) bool { return kind == "sum" })
}

// connectEventually tries until the server takes it back.
func (s *student) connectEventually() {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := s.connect()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("connect: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *student) say(message any) error {
	raw, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return s.sock.write(opText, raw)
}

// hear takes one message in and returns its type.
func (s *student) hear() (string, error) {
	raw, err := s.sock.read(patience)
	if err != nil {
		return "", err
	}
	var m struct {
		Type string `json:"type"`
		Run  int    `json:"run"`
		N    uint64 `json:"n"`
		From uint64 `json:"from"`
		To   uint64 `json:"to"`

		View  json.RawMessage   `json:"view"`
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return "", fault{fmt.Sprintf("the server said what is no message: %v: %.200s", err, raw)}
	}
	switch m.Type {
	case "hello":
		err = json.Unmarshal(raw, &s.hello)
		if err == nil && !s.hello.Resumed {
			s.forget(s.hello.Common)
		}
	case "snap":
		s.snap, s.snapN, s.last = m.View, m.N, m.N
	case "evs":
		err = s.take(m.From, m.To, m.Items)
		if err == nil {
			err = s.say(map[string]any{"type": "ack", "run": m.Run, "n": s.last})
		}
	case "res":
		var r result
		err = json.Unmarshal(raw, &r)
		s.results[r.Cid] = r
	case "clock":
		err = json.Unmarshal(raw, &s.clock)
	case "sum":
		err = json.Unmarshal(raw, &s.sum)
	}
	return m.Type, err
}

// forget drops what a take-over may have made untrue.
func (s *student) forget(common uint64) {
	for n := range s.events {
		if n > common {
			delete(s.events, n)
		}
	}
}

// take keeps a batch; it must follow what was seen without a gap, and what comes twice
// must be the same.
func (s *student) take(from, to uint64, items []json.RawMessage) error {
	if to-from+1 != uint64(len(items)) {
		return fault{fmt.Sprintf("evs %d to %d holds %d events", from, to, len(items))}
	}
	if from > s.last+1 {
		return fault{fmt.Sprintf("evs from %d after event %d: a gap", from, s.last)}
	}
	for i, item := range items {
		n := from + uint64(i)
		if old, ok := s.events[n]; ok && string(old) != string(item) {
			return fault{fmt.Sprintf("event %d was\n%s\nand is now\n%s", n, old, item)}
		}
		s.events[n] = item
		s.last = max(s.last, n)
	}
	return nil
}

// until hears messages until one of a type that stop accepts.
func (s *student) until(stop func(kind string) bool) error {
	for {
		kind, err := s.hear()
		if err != nil || stop(kind) {
			return err
		}
	}
}

// cid makes an idempotency key.
func (s *student) cid() string {
	s.next++
	return fmt.Sprintf("%s-%d", rand.Text()[:8], s.next)
}

// ask sends a command with a key.
func (s *student) ask(cid, op string, args any) error {
	return s.say(map[string]any{"type": "cmd", "cid": cid, "op": op, "args": args})
}

// command sends a command and waits for its answer.
func (s *student) command(op string, args any) (result, error) {
	cid := s.cid()
	if err := s.ask(cid, op, args); err != nil {
		return result{}, err
	}
	err := s.until(func(kind string) bool { _, ok := s.results[cid]; return ok })
	return s.results[cid], err
}

// must sends a command that has to succeed.
func (s *student) must(op string, args any) result {
	s.t.Helper()
	r, err := s.command(op, args)
	if err != nil {
		s.t.Fatalf("%s %v: %v", op, args, err)
	}
	if !r.OK {
		s.t.Fatalf("%s %v: refused: %+v", op, args, r.Err)
	}
	return r
}

// quiet waits until all events up to the run's head have come, while it is paused.
func (s *student) quiet() {
	s.t.Helper()
	r := s.must("clock.pause", map[string]any{})
	for s.last < r.N {
		if _, err := s.hear(); err != nil {
			s.t.Fatalf("waiting for event %d: %v", r.N, err)
		}
	}
}

// fault is what no lost connection explains.
type fault struct{ what string }

func (f fault) Error() string { return f.what }

// asFault returns err unless it is only the end of a connection: a cut, or a server that
// says it goes away and may be asked again.
func asFault(err error) error {
	var c closed
	if errors.As(err, &c) {
		switch c.code {
		case 1000, 1001, 1006, 1012:
			return nil
		}
		return err
	}
	var f fault
	if errors.As(err, &f) {
		return err
	}
	return nil
}
