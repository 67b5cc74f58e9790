package e2e

import (
	"bytes"
	"encoding/base64"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
)

// A student looks at the run with a tool of the trade: as a download, in either language,
// and in a program that follows the session while it plays.
func TestARunIsDownloadedAsACaptureAndFollowedWhileItPlays(t *testing.T) {
	s := Serve(t)
	b := startLab(Open(t, s.URL, "/?lang=en"), "03-hello-udp")
	follower := follow(t, s, b.session())
	b.Expect(`.ls-bar-links a[download] >> Capture`)
	b.choose("A")
	b.udpSocket(3)
	b.act(3, "sendto", "Address", "50.50.50.50", "Port", "4000", "Text", "hello?")
	b.play("50")
	b.goal("nobody-home", "met")

	const link = `document.querySelector('.ls-bar-links a[href*="/pcapng"]').href`
	file := b.fetched(link + `.replace("lang=en", "lang=ko")`)
	packets := comments(t, bytes.NewReader(file), 2)
	if !strings.Contains(packets[0], " datagram.sent ") || !strings.ContainsAny(packets[0], "요") {
		t.Errorf("the first packet says %q", packets[0])
	}
	if seen := comments(t, follower, 1); !strings.Contains(seen[0], " datagram.sent ") {
		t.Errorf("who follows saw first %q", seen[0])
	}
}

// fetched returns what the page gets from an address.
func (b bench) fetched(address string) []byte {
	b.t.Helper()
	b.JS(`window.fetched = "", fetch(` + address + `).then((r) => r.arrayBuffer()).then((a) => {
		window.fetched = btoa(String.fromCharCode(...new Uint8Array(a))) }), ""`)
	b.Eventually(`window.fetched === "" ? "no" : "yes"`, "yes")
	file, err := base64.StdEncoding.DecodeString(b.JS("window.fetched"))
	if err != nil {
		b.t.Fatal(err)
	}
	return file
}

// comments reads the first packets of a capture: what is said of each.
func comments(t *testing.T, from io.Reader, n int) (all []string) {
	t.Helper()
	r, err := pcapgo.NewNgReader(from, pcapgo.NgReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		_, _, opts, err := r.ReadPacketDataWithOptions()
		if err != nil {
			t.Fatalf("after %d packets: %v", len(all), err)
		}
		all = append(all, strings.Join(opts.Comments, "\n"))
	}
	return all
}

// follow starts the command that follows a session. When its output is closed, it ends.
func follow(t *testing.T, s *Server, session string) io.Reader {
	t.Helper()
	cmd := exec.Command(build(t), "export", "--data", s.Data, "--pcapng", "-", "--follow",
		"session:"+session)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		out.Close()
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if err != nil || errs.Len() > 0 {
				t.Errorf("who followed ended with %v: %s", err, errs.String())
			}
		case <-time.After(20 * time.Second):
			cmd.Process.Kill()
			t.Error("who followed did not end when nobody read any more")
		}
	})
	return out
}
