package sessionhttp

import (
	"bytes"
	"net/http"
	"testing"

	"labserver/web/app"
)

// TestACaptureThatWasOpenedIsGivenBackAsItCame: the file of a session whose run was read from
// one, by either address; there is none of a lab's.
func TestACaptureThatWasOpenedIsGivenBackAsItCame(t *testing.T) {
	s := newSite(t)
	if w := s.get("alice", "/s/{id}/capture"); w.Code != http.StatusNotFound {
		t.Errorf("of a lab's session: %d", w.Code)
	}
	file := s.get("alice", "/s/{id}/runs/last/pcapng").Body.Bytes() // any capture will do
	id, err := s.Sessions.Import(t.Context(), "alice", app.Capture{Name: "내 것.pcapng", Octets: file})
	if err != nil {
		t.Fatal(err)
	}
	s.ID = id
	w := s.get("alice", "/s/{id}/capture")
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), file) ||
		w.Header().Get("Content-Disposition") !=
			"attachment; filename*=utf-8''%EB%82%B4%20%EA%B2%83.pcapng" {
		t.Errorf("%d, %d octets, %v", w.Code, w.Body.Len(), w.Header())
	}
	if w := s.get("alice", "/s/{id}/runs/last/pcapng"); !bytes.Equal(w.Body.Bytes(), file) {
		t.Errorf("where runs are given away: %d, %d octets", w.Code, w.Body.Len())
	}
	for _, who := range []string{"bob", ""} {
		if w := s.get(who, "/s/{id}/capture"); w.Code != http.StatusNotFound {
			t.Errorf("%q gets it: %d", who, w.Code)
		}
	}
	if w := s.get(s.share(app.Watcher), "/s/{id}/capture"); w.Code != http.StatusOK {
		t.Errorf("a watcher: %d", w.Code)
	}
	if w := s.get("alice", "/s/{id}/journal"); w.Code != http.StatusConflict {
		t.Errorf("its journal: %d", w.Code)
	}
}
