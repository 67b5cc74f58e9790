package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startServer runs a server on a data folder until the test ends or stop is called.
func startServer(t *testing.T, data string, change ...func(*Server)) (
	url string, stop func() error,
) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	listening := make(chan string, 1)
	ended := make(chan error, 1)
	s := &Server{Addr: "127.0.0.1:0", Data: data, Listening: func(u string) { listening <- u }}
	for _, f := range change {
		f(s)
	}
	go func() { ended <- s.Run(ctx) }()
	var once error
	stopped := false
	stop = func() error {
		cancel()
		if !stopped {
			once, stopped = <-ended, true
		}
		return once
	}
	select {
	case url = <-listening:
	case err := <-ended:
		cancel()
		t.Fatalf("the server did not start: %v", err)
	case <-time.After(30 * time.Second):
		cancel()
		t.Fatal("the server did not start within 30 s")
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return url, stop
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// startLab starts a lab as a browser would and returns the session's id.
func startLab(t *testing.T, base, slug string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	req, err := http.NewRequest(http.MethodPost, base+"/labs/"+slug+"/start", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", base)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	id, ok := strings.CutPrefix(resp.Header.Get("Location"), "/s/")
	if !ok {
		t.Fatalf("start %s: %s, to %q", slug, resp.Status, resp.Header.Get("Location"))
	}
	return id
}

func TestServeOnAnEmptyFolderAnswersAndKeepsItsFilesToItself(t *testing.T) {
	data := filepath.Join(t.TempDir(), "new", "folder")
	url, stop := startServer(t, data)
	for _, path := range []string{"/", "/labs", "/healthz", "/readyz"} {
		if status, body := get(t, url+path); status != http.StatusOK {
			t.Errorf("GET %s: status %d\n%.200s", path, status, body)
		}
	}
	for name, want := range map[string]os.FileMode{".": 0o700, adminTokenFile: 0o600} {
		info, err := os.Stat(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
	out, errs, code := call(t, "health", "--addr", strings.TrimPrefix(url, "http://"))
	if code != exitOK || !strings.Contains(out, "ready") {
		t.Errorf("health: status %d, %q %q", code, out, errs)
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if _, err := http.Get(url + "/healthz"); err == nil {
		t.Error("the server answers after it has stopped")
	}
	url, _ = startServer(t, data) // what one has left another can serve
	if status, _ := get(t, url+"/readyz"); status != http.StatusOK {
		t.Errorf("second start: readyz has status %d", status)
	}
}

func TestASecondServerOnTheFolderOrThePortIsRefused(t *testing.T) {
	data := t.TempDir()
	url, _ := startServer(t, data)
	refused := func(want string, args ...string) {
		t.Helper()
		_, errs, code := call(t, args...)
		if code != exitWrong || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, want) {
			t.Errorf("%q: status %d, %q; want one line with %q", args, code, errs, want)
		}
	}
	refused("process", "serve", "--addr", "127.0.0.1:0", "--data", data)
	refused("process", "migrate", "--data", data)
	other := filepath.Join(t.TempDir(), "other")
	refused("address already in use", "serve", "--data", other,
		"--addr", strings.TrimPrefix(url, "http://"))
	if _, err := os.Stat(other); !errors.Is(err, os.ErrNotExist) {
		t.Error("a server that could not listen has made its folder")
	}
	if status, _ := get(t, url+"/readyz"); status != http.StatusOK {
		t.Errorf("the first server suffered: readyz has status %d", status)
	}
}

func TestHSTSIsSentOnHTTPSAndOnlyWhenAsked(t *testing.T) {
	for _, c := range []struct {
		hsts bool
		from string // the proxy's word for how the reader came
		want string
	}{
		{true, "https", "max-age=31536000"}, {true, "http", ""}, {false, "https", ""},
	} {
		url, stop := startServer(t, t.TempDir(), func(s *Server) {
			s.HSTS, s.Proxies = c.hsts, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		})
		req, err := http.NewRequest(http.MethodGet, url+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-Proto", c.from)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Strict-Transport-Security"); got != c.want {
			t.Errorf("hsts %v, by %s: %q, want %q", c.hsts, c.from, got, c.want)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestAStoppingServerIsNotReady(t *testing.T) {
	db, err := openStore(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := &Server{}
	if err := s.ready(db)(t.Context()); err != nil {
		t.Errorf("before: %v", err)
	}
	s.stopping.Store(true)
	if s.ready(db)(t.Context()) == nil {
		t.Error("it says that it is ready")
	}
}

func TestOtherSubcommandsReadBesideTheServer(t *testing.T) {
	data := t.TempDir()
	url, _ := startServer(t, data)
	t.Setenv("LABSERVER_DATA", data)
	const slug = "two-meanings-of-socket"
	id := startLab(t, url, slug)

	hash := func(args ...string) string {
		t.Helper()
		out, errs, code := call(t, append([]string{"replay", "--hash"}, args...)...)
		if code != exitOK || len(strings.TrimSpace(out)) != 64 {
			t.Fatalf("replay --hash %q: status %d, %q %q", args, code, out, errs)
		}
		return out
	}
	first := hash("session:" + id)
	if again := hash("session:" + id + "/1"); again != first {
		t.Errorf("the same run gave %q and %q", first, again)
	}
	out, errs, code := call(t, "replay", "--json", "session:"+id)
	var event struct{ N uint64 }
	line, _, _ := strings.Cut(out, "\n")
	if err := json.Unmarshal([]byte(line), &event); code != exitOK || err != nil || event.N != 1 {
		t.Errorf("replay --json: status %d, first line %q, %v %s", code, line, err, errs)
	}
	out, errs, code = call(t, "grade", slug, "session:"+id)
	if code != exitOK || !strings.Contains(out, "not handed in") {
		t.Errorf("grade: status %d, %q %q", code, out, errs)
	}
	out, _, code = call(t, "grade", "--json", slug, "session:"+id)
	var report struct{ Goals []struct{ State string } }
	err := json.Unmarshal([]byte(out), &report)
	if code != exitOK || err != nil || len(report.Goals) == 0 {
		t.Errorf("grade --json: status %d, %v, %.200q", code, err, out)
	}
	for _, unknown := range []string{"session:nobody", "session:" + id + "/9"} {
		_, errs, code := call(t, "replay", unknown)
		if code != exitWrong || !strings.Contains(errs, unknown) {
			t.Errorf("replay %s: status %d, %q", unknown, code, errs)
		}
	}

	restored := t.TempDir()
	copied := filepath.Join(restored, databaseFile)
	if _, errs, code = call(t, "backup", copied); code != exitOK {
		t.Fatalf("backup: status %d, %q", code, errs)
	}
	if got := hash("--data", restored, "session:"+id); got != first {
		t.Errorf("the backup gives hash %q, the original %q", got, first)
	}
	url, _ = startServer(t, restored)
	if status, _ := get(t, url+"/readyz"); status != http.StatusOK {
		t.Errorf("a server on the backup: readyz has status %d", status)
	}
}

func TestADamagedDatabaseIsSaidInOneLine(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, databaseFile),
		bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"replay", "session:a"},
		{"backup", filepath.Join(data, "copy")}, {"migrate"}} {
		_, errs, code := call(t, append(args, "--data", data)...)
		if code != exitWrong || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, data) {
			t.Errorf("%q: status %d, %q", args, code, errs)
		}
	}
}
