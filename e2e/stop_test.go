package e2e

import (
	"errors"
	"testing"
)

// SIGTERM: the clock is noted, everybody hears goodbye, the process ends with status 0,
// and whoever comes back finds the run where it stood.
func TestAServerThatIsToldToStopSaysGoodbyeAndKeepsEverything(t *testing.T) {
	s := Serve(t)
	st := newStudent(t, s.URL)
	st.start(lab)
	st.connectEventually()
	p := openPipe(st)
	st.must("send", map[string]any{"proc": p.from, "fd": p.fromFD, "octets": 30000})

	heard := make(chan error, 1)
	bye := false
	go func() {
		heard <- st.until(func(kind string) bool { bye = bye || kind == "bye"; return false })
	}()
	if code := s.Stop(); code != 0 {
		t.Errorf("the server ended with status %d\n%s", code, s.log.Tail(2000))
	}
	var c closed
	if err := <-heard; !errors.As(err, &c) || c.code != 1012 || !bye {
		t.Errorf("the socket ended with %v, bye heard: %v; want bye and close 1012", err, bye)
	}
	before := st.last
	s.Start()
	st.connectEventually()
	if !st.hello.Resumed || st.hello.Head < before {
		t.Errorf("after the restart %+v; the client was at event %d", st.hello, before)
	}
	st.quiet()
	if got := st.returned("recv", map[string]any{"proc": p.to, "fd": p.toFD, "max": 100}); got != 100 {
		t.Errorf("recv after the restart returned %d octets, want 100", got)
	}
}
