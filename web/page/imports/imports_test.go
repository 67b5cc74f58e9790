package imports

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"labserver/web/app"
	"labserver/web/auth"
)

// slow takes longer than a file may take to arrive.
type slow struct{}

func (slow) Import(ctx context.Context, _ app.SubjectID, _ app.Capture) (app.SessionID, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(400 * time.Millisecond):
		return "opened", nil
	}
}

// Who sends a file octet by octet must not keep the places of others; and the work that
// follows a file that has arrived has all the time it needs.
func TestAFileThatNeverArrivesGivesItsPlaceBack(t *testing.T) {
	p := New(slow{}, auth.New(auth.Config{}))
	p.within = 200 * time.Millisecond
	s := httptest.NewServer(http.HandlerFunc(p.Open))
	defer s.Close()
	const part = "--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n"
	for range 2 * atOnce {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /import HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"+
			"Content-Type: multipart/form-data; boundary=x\r\n\r\n"+part)
	}
	client := http.Client{Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 200 {
		r, err := client.Post(s.URL+"/import", "multipart/form-data; boundary=x",
			strings.NewReader(part+"octets\r\n--x--\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if r.StatusCode == http.StatusSeeOther {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("there was never a place again")
}
