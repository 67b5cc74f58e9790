package sessionhttp

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
)

// packets reads a capture: for each packet the name of its interface and its first comment.
func packets(t *testing.T, file []byte) (all []string) {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{})
	for err == nil {
		_, info, opts, readErr := r.ReadPacketDataWithOptions()
		if err = readErr; err == nil {
			at, _ := r.Interface(info.InterfaceIndex)
			all = append(all, at.Name+" "+opts.Comments[0])
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return all
}

// TestACaptureHoldsWhatHasHappenedSoFarInTheLanguageAskedFor: the run is paused with its
// first datagram on its way.
func TestACaptureHoldsWhatHasHappenedSoFarInTheLanguageAskedFor(t *testing.T) {
	s := newSite(t)
	w := s.get("alice", "/s/{id}/runs/last/pcapng?lang=en")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/x-pcapng" ||
		w.Header().Get("Cache-Control") != noStore ||
		!strings.HasPrefix(w.Header().Get("Content-Disposition"), `attachment; filename="labserver-`) ||
		!strings.HasSuffix(w.Header().Get("Content-Disposition"), `-latest.pcapng"`) ||
		!strings.Contains(w.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	en := packets(t, w.Body.Bytes())
	if len(en) != 1 || !strings.Contains(en[0], "#"+num(s.pkt)+" datagram.sent ") {
		t.Fatalf("%q", en)
	}
	if ko := packets(t, s.get("alice", "/s/{id}/runs/1/pcapng?lang=ko").Body.Bytes()); len(ko) != 1 ||
		ko[0] == en[0] {
		t.Errorf("%q, %q", ko, en)
	}
	if again := s.get("alice", "/s/{id}/runs/1/pcapng?lang=en"); !bytes.Equal(again.Body.Bytes(),
		w.Body.Bytes()) {
		t.Error("the same run gave another file")
	}
	if none := packets(t, s.get("alice", "/s/{id}/runs/1/pcapng?links=lo").Body.Bytes()); len(none) != 0 {
		t.Errorf("on another link: %q", none)
	}
	if none := packets(t, s.get("alice", "/s/{id}/runs/1/pcapng?hosts=nobody,").Body.Bytes()); len(none) != 0 {
		t.Errorf("at another host: %q", none)
	}
}

func TestACaptureOfWhatIsNotIsRefused(t *testing.T) {
	s := newSite(t)
	for path, want := range map[string]int{
		"/s/{id}/runs/9/pcapng":              404,
		"/s/{id}/runs/0/pcapng":              404,
		"/s/{id}/runs/x/pcapng":              404,
		"/s/{id}/runs/1/pcapng?ends=near":    400,
		"/s/{id}/runs/1/pcapng?lang=fr":      400,
		"/s/other/runs/1/pcapng":             404,
		"/s/{id}/runs/1/pcapng?ends=both":    200,
		"/s/{id}/runs/last/pcapng?ends=sent": 200,
	} {
		w := s.get("alice", path)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		if w.Code != 200 && w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: a refusal to be saved as a file", path)
		}
	}
}

// stuck is a reader who goes away after the first octets.
type stuck struct {
	http.ResponseWriter
	left int
}

func (s *stuck) Write(b []byte) (int, error) {
	if s.left -= len(b); s.left < 0 {
		return 0, errors.New("gone")
	}
	return s.ResponseWriter.Write(b)
}

func TestACaptureThatEndsTooEarlyDoesNotLookWhole(t *testing.T) {
	s := newSite(t)
	r := s.request("alice", "/s/{id}/runs/1/pcapng")
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("it ended with %v", p)
		}
		// The place that it took is free again.
		for range 5 {
			if w := s.get("alice", "/s/{id}/runs/1/pcapng"); w.Code != http.StatusOK {
				t.Fatal(w.Code)
			}
		}
	}()
	s.mux.ServeHTTP(&stuck{ResponseWriter: discard{}, left: 1}, r)
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
