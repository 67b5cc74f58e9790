package e2e

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Whatever is asked wrongly over HTTP gets one clear status, and the session it was
// aimed at stays as it was. What is not one's own looks as if it did not exist.
func TestWrongRequestsGetOneClearAnswerAndChangeNothing(t *testing.T) {
	s := Serve(t)
	owner, other := newStudent(t, s.URL), newStudent(t, s.URL)
	owner.start(lab)
	other.start(lab) // so that the other one is somebody
	before := journalOf(owner)
	own := "/s/" + owner.session

	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	foreign := func(r *http.Request) {
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	for _, c := range []struct {
		name   string
		who    *student
		method string
		path   string
		form   url.Values
		edit   func(*http.Request)
		want   int
	}{
		{"no such page", owner, "GET", "/nowhere", nil, nil, 404},
		{"no such lab", owner, "GET", "/labs/no-such-lab", nil, nil, 404},
		{"start of no such lab", owner, "POST", "/labs/no-such-lab/start", url.Values{}, nil, 404},
		{"start by GET", owner, "GET", "/labs/" + lab + "/start", nil, nil, 405},
		{"start from another site", owner, "POST", "/labs/" + lab + "/start", url.Values{}, foreign, 403},
		{"start from nowhere", owner, "POST", "/labs/" + lab + "/start", url.Values{},
			header("Origin", "null"), 403},
		{"unknown session", owner, "GET", "/s/aaaaaaaaaaaaaaaaaaaaaaaaaa", nil, nil, 404},
		{"session with odd letters", owner, "GET", "/s/..%2f..%2fetc", nil, nil, 404},
		{"another's page", other, "GET", own, nil, nil, 404},
		{"another's status", other, "GET", own + "/status", nil, nil, 404},
		{"another's journal", other, "GET", own + "/journal", nil, nil, 404},
		{"another's events", other, "GET", own + "/runs/1/events", nil, nil, 404},
		{"another's segment", other, "GET", own + "/runs/1/segments/1", nil, nil, 404},
		{"another's share", other, "POST", own + "/share", url.Values{"role": {"watcher"}}, nil, 404},
		{"journal of no such run", owner, "GET", own + "/journal?run=99", nil, nil, 404},
		{"journal of a run that is no number", owner, "GET", own + "/journal?run=x", nil, nil, 400},
		{"events of no such run", owner, "GET", own + "/runs/99/events", nil, nil, 404},
		{"events of a run that is no number", owner, "GET", own + "/runs/x/events", nil, nil, 404},
		{"events from what is no number", owner, "GET", own + "/runs/1/events?from=x", nil, nil, 400},
		{"segment that is none", owner, "GET", own + "/runs/1/segments/999999", nil, nil, 404},
		{"share with a role that is none", owner, "POST", own + "/share",
			url.Values{"role": {"emperor"}}, nil, 400},
		{"share from another site", owner, "POST", own + "/share",
			url.Values{"role": {"watcher"}}, foreign, 403},
		{"an unknown watch link", other, "GET", "/w/" + strings.Repeat("A", 43), nil, nil, 404},
		{"a damaged watch link", other, "GET", "/w/%00", nil, nil, 404},
		{"a form far too large", owner, "POST", own + "/share",
			url.Values{"role": {strings.Repeat("x", 24<<10)}}, nil, 413},
		{"deleting", owner, "DELETE", own, nil, nil, 405},
		{"an old build's file", owner, "GET", "/static/v-0000000000000000/site.css", nil, nil, 404},
		{"a file outside", owner, "GET", "/static/v-0/..%2f..%2fgo.mod", nil, nil, 404},
		{"the socket's address without a socket", owner, "GET", own + "/live", nil, nil, 400},
	} {
		status, body, _ := c.who.do(c.method, c.path, c.form, c.edit)
		if status != c.want {
			t.Errorf("%s: %s %s: status %d, want %d\n%.300s",
				c.name, c.method, c.path, status, c.want, body)
		}
		if strings.Contains(body, "goroutine ") || strings.Contains(body, ".go:") {
			t.Errorf("%s: the answer shows the server's inside:\n%.300s", c.name, body)
		}
	}
	if after := journalOf(owner); after != before {
		t.Errorf("the journal changed:\nbefore %s\nafter  %s", before, after)
	}
}

// The upgrade is a GET, which cross-origin protection lets pass: the socket checks for
// itself who asks, and from where.
func TestUpgradesWithoutOurOriginOrTheRightAreRefused(t *testing.T) {
	s := Serve(t)
	owner, other := newStudent(t, s.URL), newStudent(t, s.URL)
	owner.start(lab)
	other.start(lab)
	live := s.URL + "/s/" + owner.session + "/live"
	with := func(st *student, name, value string) http.Header {
		h := st.dialHeader()
		h.Del(name)
		if value != "" {
			h.Set(name, value)
		}
		return h
	}
	for _, c := range []struct {
		name    string
		address string
		header  http.Header
		want    int
	}{
		{"without an origin", live, with(owner, "Origin", ""), 403},
		{"from another site", live, with(owner, "Origin", "https://evil.example"), 403},
		{"from another port", live, with(owner, "Origin", "http://127.0.0.1:1"), 403},
		{"from the null origin", live, with(owner, "Origin", "null"), 403},
		{"without a cookie", live, with(owner, "Cookie", ""), 404},
		{"by somebody else", live, other.dialHeader(), 404},
		{"to an unknown session", s.URL + "/s/aaaaaaaaaaaaaaaaaaaaaaaaaa/live", owner.dialHeader(), 404},
	} {
		sock, err := dial(context.Background(), c.address, c.header)
		if err == nil {
			sock.cut()
			t.Errorf("%s: the upgrade was accepted, want status %d", c.name, c.want)
			continue
		}
		var r refused
		if !errors.As(err, &r) || r.status != c.want {
			t.Errorf("%s: %v, want status %d", c.name, err, c.want)
		}
	}
	if err := owner.connect(); err != nil {
		t.Errorf("the owner is refused: %v", err)
	}
}

// What cannot be a command is answered with its code and field, and nothing is
// journaled. What is a command that the system refuses is journaled, and an event with
// errno and rule: refusals teach.
func TestWhatIsNoCommandChangesNothingAndWhatTheSystemRefusesIsAnEvent(t *testing.T) {
	s := Serve(t)
	st := newStudent(t, s.URL)
	st.start(lab)
	st.connectEventually()
	st.quiet()
	proc := st.proc("B")
	fd := st.returned("socket", map[string]any{"proc": proc, "proto": "tcp"})
	second := st.returned("socket", map[string]any{"proc": proc, "proto": "tcp"})
	before, head := journalOf(st), st.last

	for _, c := range []struct {
		name, op string
		args     map[string]any
		code     string
		field    string
	}{
		{"unknown op", "fly", map[string]any{}, "unknown_op", "op"},
		{"missing field", "bind", map[string]any{"proc": proc, "fd": fd}, "missing", "port"},
		{"wrong type", "bind", map[string]any{"proc": proc, "fd": fd, "port": "high"},
			"bad_type", "port"},
		{"broken number", "bind", map[string]any{"proc": proc, "fd": fd, "port": 1.5},
			"bad_type", "port"},
		{"unknown field", "bind", map[string]any{"proc": proc, "fd": fd, "port": 1, "colour": "red"},
			"unknown_field", "colour"},
		{"unknown process", "socket", map[string]any{"proc": "p999", "proto": "tcp"},
			"unknown_proc", "proc"},
		{"unknown host", "proc.start", map[string]any{"host": "nobody"}, "unknown_host", "host"},
		{"unknown link", "link.set", map[string]any{"link": "l999", "up": false}, "unknown_link", "link"},
	} {
		r, err := st.command(c.op, c.args)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if r.OK || r.Err == nil || r.Err.Code != c.code || r.Err.Field != c.field {
			t.Errorf("%s: answered %+v %+v, want code %s, field %q", c.name, r, r.Err, c.code, c.field)
		}
	}
	if after := journalOf(st); after != before || st.last != head {
		t.Errorf("what is no command changed the run: event %d became %d\n%s",
			head, st.last, after)
	}

	st.returned("bind", map[string]any{"proc": proc, "fd": fd, "port": 8081})
	for _, c := range []struct {
		name, op string
		args     map[string]any
		errno    string
	}{
		{"port 65536", "bind", map[string]any{"proc": proc, "fd": second, "port": 65536}, "EINVAL"},
		{"fd 99", "listen", map[string]any{"proc": proc, "fd": 99}, "EBADF"},
		{"a port in use", "bind", map[string]any{"proc": proc, "fd": second, "port": 8081}, "EADDRINUSE"},
		{"a second bind", "bind", map[string]any{"proc": proc, "fd": fd, "port": 8082}, "EINVAL"},
		{"send without a connection", "send", map[string]any{"proc": proc, "fd": fd, "text": "x"}, "ENOTCONN"},
	} {
		o := st.outcome(c.op, c.args)
		if o.Kind != "call.failed" || o.Errno != c.errno || o.Rule == "" {
			t.Errorf("%s: %+v, want call.failed with %s and a rule", c.name, o, c.errno)
		}
	}
	if got := strings.Count(journalOf(st), "\n") - strings.Count(before, "\n"); got != 6 {
		t.Errorf("the journal grew by %d lines, want 6: every call the system judged", got)
	}
}

// What no browser sends must not take the session or the server with it.
func TestMessagesThatAreNoneEndTheSocketAtMost(t *testing.T) {
	s := Serve(t)
	st := newStudent(t, s.URL)
	st.start(lab)
	before := journalOf(st)
	for name, message := range map[string]string{
		"not JSON":         `{"type":`,
		"an array":         `[1,2,3]`,
		"no type":          `{}`,
		"an unknown type":  `{"type":"sudo"}`,
		"an unknown field": `{"type":"ping","ts":1,"colour":"red"}`,
		"too deep": `{"type":"cmd","cid":"a","op":"send","args":` +
			strings.Repeat(`{"a":`, 500) + `1` + strings.Repeat(`}`, 500) + `}`,
		"too long": `{"type":"cmd","cid":"a","op":"send","args":{"text":"` +
			strings.Repeat("x", 40<<10) + `"}}`,
		"a command without a": `{"type":"cmd","op":"socket","args":{}}`,
		"not UTF-8":           "{\"type\":\"\xff\xfe\"}",
	} {
		st.connectEventually()
		if err := st.sock.write(opText, []byte(message)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// Either an answer that says what is wrong, or a close that says why.
		err := st.until(func(kind string) bool { return kind == "res" })
		var c closed
		if err != nil && !errors.As(err, &c) {
			t.Errorf("%s: the server neither answered nor closed in order: %v", name, err)
		}
		if errors.As(err, &c) && (c.code < 1002 || c.code == 1011) {
			t.Errorf("%s: closed with %d %q, which does not say what is wrong", name, c.code, c.reason)
		}
		st.sock.cut()
	}
	st.connectEventually()
	if after := journalOf(st); after != before {
		t.Errorf("the journal changed:\n%s", after)
	}
}

// journalOf downloads the commands of a session, without its clock entries.
func journalOf(st *student) string {
	st.t.Helper()
	status, body, _ := st.do(http.MethodGet, "/s/"+st.session+"/journal", nil, nil)
	if status != http.StatusOK {
		st.t.Fatalf("journal: status %d\n%.300s", status, body)
	}
	var kept strings.Builder
	for line := range strings.Lines(body) {
		if !strings.Contains(line, `"op":"clock"`) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
