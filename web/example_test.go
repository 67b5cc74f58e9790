package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"labserver/labs/evidence"
	"labserver/stack/rfc"
)

// From a rule a reader comes to the event that shows it; the second time, to the session
// that is theirs already.
func TestARuleOpensTheRecordedRunThatShowsIt(t *testing.T) {
	f := newFixture(t)
	place, ok := evidence.Of(rfc.TCPProbe)
	if !ok {
		t.Fatal("no run shows MUST-36")
	}
	ask := func(path string) string {
		r := request("POST", path)
		r.AddCookie(f.owner)
		w := f.do(t, r)
		if w.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return w.Header().Get("Location")
	}
	first := ask("/rfc/MUST-36/example")
	if !strings.HasPrefix(first, "/s/") || !strings.HasSuffix(first, fmt.Sprint("?at=", place.N)) {
		t.Errorf("sent to %q, the event is %d", first, place.N)
	}
	if len(f.recalled) != 1 || len(f.recalled[0]) == 0 {
		t.Fatalf("%d runs were recalled", len(f.recalled))
	}
	if again := ask("/rfc/MUST-36/example?lang=ko"); again != first+"&lang=ko" || len(f.recalled) != 1 {
		t.Errorf("the second time: %q, %d runs recalled", again, len(f.recalled))
	}
	if to := ask("/rfc/rfc6298:5.5/example"); !strings.HasPrefix(to, "/s/") {
		t.Error(to)
	}
	if to := ask("/rfc/rfc6298%3A5.5/example"); !strings.HasPrefix(to, "/s/") {
		t.Error(to)
	}
	if to := ask("/rfc/MUST-19/example"); !strings.HasPrefix(to, "/s/") {
		t.Errorf("a requirement that shows by another rule: %q", to)
	}
}

func TestAnExampleIsStartedOnlyFromOurPagesAndForARule(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		method, path, origin string
		want                 int
	}{
		{"POST", "/rfc/MUST-999/example", "", 404},
		{"POST", "/rfc/nothing/example", "", 404},
		{"GET", "/rfc/MUST-36/example", "", 405},
		{"POST", "/rfc/MUST-36/example", "https://evil.example", 403},
	} {
		r := request(c.method, c.path)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}
		if w := f.do(t, r); w.Code != c.want {
			t.Errorf("%s %s from %q: %d", c.method, c.path, c.origin, w.Code)
		}
	}
	if len(f.recalled) != 0 {
		t.Error("a session was started")
	}
}

// An example's page says what it shows, in place of a lab's text.
func TestAnExamplesWorkbenchListsWhatItShows(t *testing.T) {
	f := newFixture(t)
	r := request("POST", "/rfc/MUST-36/example")
	r.AddCookie(f.owner)
	to := f.do(t, r).Header().Get("Location")
	for lang, title := range map[string]string{"en": "Example: ", "ko": "예제: "} {
		r := request("GET", to+"&lang="+lang)
		r.AddCookie(f.owner)
		body := f.do(t, r).Body.String()
		place, _ := evidence.Of(rfc.TCPProbe)
		for _, want := range []string{title + place.Run, fmt.Sprintf(`href="?at=%d"`, place.N),
			`href="/rfc#MUST-36"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s", lang, want)
			}
		}
	}
	r = request("GET", "/sessions?lang=en")
	r.AddCookie(f.owner)
	if body := f.do(t, r).Body.String(); !strings.Contains(body, "Example: ") {
		t.Error("the list of runs does not name it")
	}
}
