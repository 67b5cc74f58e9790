package sessionhttp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"labserver/stack/event"
	"labserver/stack/journal"
	"labserver/web/app"
	"labserver/web/auth"
	"labserver/web/session"
	"labserver/web/session/sessiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is the four addresses over a server with one session in which a datagram is on
// its way.
type site struct {
	*sessiontest.Server
	t   *testing.T
	mux *http.ServeMux
	pkt uint64 // the datagram
	end uint64 // the last event
}

func newSite(t *testing.T) *site {
	base, stop := sessiontest.New(t, session.Limits{})
	t.Cleanup(stop)
	s := &site{Server: base, t: t, mux: http.NewServeMux()}
	f := Files{Sessions: base.Sessions, Shelf: base.Store, Identity: sessiontest.Headers{},
		Log: slog.New(slog.DiscardHandler)}
	s.mux.Handle("GET /s/{session}/status", f.Status())
	s.mux.Handle("GET /s/{session}/journal", f.Journal())
	s.mux.Handle("GET /s/{session}/runs/{run}/events", f.Events())
	s.mux.Handle("GET /s/{session}/runs/{run}/segments/{n}", f.Segment())
	s.mux.Handle("GET /s/{session}/runs/{run}/pcapng", f.Capture())
	s.mux.Handle("GET /s/{session}/capture", f.Imported())
	for i, c := range [][2]string{
		{"socket", `{"proc":"pa","proto":"udp"}`},
		{"sendto", `{"proc":"pa","fd":3,"addr":"10.0.0.2","port":53,"text":"hello"}`},
		{"bookmark", `{"at":1}`},
	} {
		s.do(string(rune('a'+i)), c[0], c[1])
	}
	past, err := base.Sessions.Events(t.Context(), base.ID, 1, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.end = past.Head
	for _, e := range past.Events {
		if e.Kind() == "datagram.sent" {
			s.pkt = e.N
		}
	}
	return s
}

func (s *site) do(cid, op, args string) {
	s.t.Helper()
	run, err := s.Sessions.Open(s.t.Context(), s.ID)
	if err == nil {
		_, err = run.Do(s.t.Context(), session.Command{Actor: "alice", Right: app.Driver, Cid: cid,
			Op: op, Args: json.RawMessage(args)})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// get asks as somebody; {id} in the path is the session's.
func (s *site) get(who, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, s.request(who, path))
	return w
}

func (s *site) request(who, path string) *http.Request {
	r := httptest.NewRequest("GET", strings.ReplaceAll(path, "{id}", string(s.ID)), nil)
	r.Header.Set("Subject", who)
	if token, ok := strings.CutPrefix(who, "token:"); ok {
		r.Header.Set("Subject", "bob")
		r.Header.Set("Token", token)
	}
	return r
}

func (s *site) share(role app.Role) string {
	s.t.Helper()
	token := auth.NewToken()
	if err := s.Store.CreateShare(s.t.Context(), app.Share{TokenHash: auth.Hash(token), Session: s.ID,
		Role: role, Expires: time.Now().Add(time.Hour)}); err != nil {
		s.t.Fatal(err)
	}
	return "token:" + token
}

func TestEachAddressAsksForTheReadersRights(t *testing.T) {
	s := newSite(t)
	watch, drive := s.share(app.Watcher), s.share(app.CoDriver)
	seg := "/s/{id}/runs/1/segments/" + num(s.pkt)
	for path, want := range map[string][5]int{ // alice, a watcher, a co-driver, mallory, nobody
		"/s/{id}/status":        {200, 200, 200, 404, 404},
		"/s/{id}/journal":       {200, 404, 404, 404, 404},
		"/s/{id}/runs/1/events": {200, 200, 200, 404, 404},
		seg:                     {200, 200, 200, 404, 404},
		"/s/{id}/runs/1/pcapng": {200, 404, 404, 404, 404},
		"/s/other/status":       {404, 404, 404, 404, 404},
		"/s/other/journal":      {404, 404, 404, 404, 404},
	} {
		for i, who := range []string{"alice", watch, drive, "mallory", ""} {
			if got := s.get(who, path).Code; got != want[i] {
				t.Errorf("%s by reader %d: %d, want %d", path, i, got, want[i])
			}
		}
	}
	w := s.get("broken", "/s/{id}/status")
	if w.Code != 500 || strings.Contains(w.Body.String(), "broken identity") {
		t.Errorf("a broken identity: %d %s", w.Code, w.Body)
	}
}

func TestStatusSaysHowASessionStands(t *testing.T) {
	s := newSite(t)
	var st session.Status
	w := s.get("alice", "/s/{id}/status")
	if err := json.Unmarshal(w.Body.Bytes(), &st); err != nil {
		t.Fatal(err)
	}
	want := session.Status{OK: true, Run: 1, LabSlug: "pair", Live: true, N: s.end}
	if st != want || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%+v, want %+v", st, want)
	}
}

func TestTheJournalIsAFileToKeep(t *testing.T) {
	s := newSite(t)
	w := s.get("alice", "/s/{id}/journal?run=1")
	h, entries, err := journal.Decode(w.Body.Bytes())
	if err != nil || h.Lab.Slug != "pair" || len(entries) != 3 || entries[1].Op != "sendto" {
		t.Errorf("%+v %+v %v", h, entries, err)
	}
	for key, want := range map[string]string{
		"Content-Type": "application/x-ndjson", "Cache-Control": "no-store",
		"Content-Security-Policy": "sandbox; default-src 'none'",
	} {
		if got := w.Header().Get(key); got != want {
			t.Errorf("%s: %s", key, got)
		}
	}
	if d := w.Header().Get("Content-Disposition"); !strings.HasPrefix(d, "attachment;") {
		t.Errorf("disposition %s", d)
	}
	for path, status := range map[string]int{"run=2": 404, "run=-1": 400, "run=x": 400} {
		if w := s.get("alice", "/s/{id}/journal?"+path); w.Code != status {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestEventsAreLinesAndCachedOnlyWhenNothingCanChangeThem(t *testing.T) {
	s := newSite(t)
	fixed := s.end - 1 // the last entry is a bookmark, one event
	for _, c := range []struct {
		query string
		n     uint64
		cache string
	}{
		{"", s.end, "no-store"},
		{"?from=1&to=" + num(fixed), fixed, forever},
		{"?from=1&to=" + num(s.end), s.end, "no-store"},
		{"?from=2&to=3", 2, forever},
		{"?from=" + num(s.end+1), 0, "no-store"},
	} {
		w := s.get("alice", "/s/{id}/runs/1/events"+c.query)
		lines := bytes.Split(bytes.TrimSuffix(w.Body.Bytes(), []byte("\n")), []byte("\n"))
		n := uint64(0)
		for _, line := range lines {
			if len(line) == 0 {
				continue
			}
			if _, err := event.Decode(line); err != nil {
				t.Errorf("%q: %v", c.query, err)
			}
			n++
		}
		if n != c.n || w.Header().Get("Cache-Control") != c.cache ||
			w.Header().Get("X-Labserver-Head") != num(s.end) {
			t.Errorf("%q: %d events, %s", c.query, n, w.Header().Get("Cache-Control"))
		}
	}
	for query, field := range map[string]string{
		"from=0&to=5": "from", "from=5&to=3": "from", "from=1&to=0": "to", "from=-1": "from",
		"from=1&to=" + num(s.end+1): "to", "from=" + num(s.end+2): "from", "to=1e3": "to",
	} {
		w := s.get("alice", "/s/{id}/runs/1/events?"+query)
		var told struct{ Code, Field string }
		err := json.Unmarshal(w.Body.Bytes(), &told)
		if err != nil || w.Code != 400 || told.Code != "out_of_range" || told.Field != field ||
			w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s, %s", query, w.Code, w.Body, w.Header().Get("Cache-Control"))
		}
	}
	for path, status := range map[string]int{"1/events?from=x": 400, "x/events": 404,
		"7/events": 404} {
		if w := s.get("alice", "/s/{id}/runs/"+path); w.Code != status {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestASegmentIsTakenApartWithItsOctets(t *testing.T) {
	s := newSite(t)
	w := s.get("alice", "/s/{id}/runs/1/segments/"+num(s.pkt))
	var seg Segment
	if err := json.Unmarshal(w.Body.Bytes(), &seg); err != nil {
		t.Fatal(err)
	}
	frame, err := hex.DecodeString(seg.Octets)
	if err != nil || !bytes.HasSuffix(frame, []byte("hello")) || uint64(seg.Pkt) != s.pkt {
		t.Errorf("segment %+v, %v", seg, err)
	}
	var names []string
	for _, l := range seg.Layers {
		names = append(names, l.Name)
	}
	if got := strings.Join(names, " "); got != "Ethernet IPv4 UDP Data" {
		t.Errorf("layers %s", got)
	}
	if w.Header().Get("Cache-Control") != forever {
		t.Errorf("cache %s", w.Header().Get("Cache-Control"))
	}
	for _, n := range []string{"0", "1", "999999", "x", "-1"} {
		w := s.get("alice", "/s/{id}/runs/1/segments/"+n)
		if w.Code != 404 || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("segment %s: %d", n, w.Code)
		}
	}
}

func num(n uint64) string { return strconv.FormatUint(n, 10) }
