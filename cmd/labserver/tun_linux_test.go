package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// apart runs f on a thread with a network namespace of its own, and gives it a way to run
// more there. Where that cannot be had the test skips; in CI it fails.
func apart(t *testing.T, f func(there func(func()))) {
	t.Helper()
	why := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = unix.Access("/dev/net/tun", unix.R_OK|unix.W_OK)
		}
		if err != nil {
			why <- err
			return
		}
		ns, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			why <- err
			return
		}
		defer ns.Close()
		f(func(g func()) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				runtime.LockOSThread()
				if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
					t.Error(err)
					return
				}
				g()
			}()
			<-done
		})
		why <- nil
	}()
	err := <-why
	if err == nil {
		return
	}
	if os.Getenv("LABSERVER_E2E") != "" || os.Getenv("CI") == "true" {
		t.Fatalf("a network namespace and /dev/net/tun must be there: %v", err)
	}
	t.Skipf("without a network namespace of its own or /dev/net/tun: %v", err)
}

// notes is a buffer that several goroutines use.
type notes struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}

// ask connects, sends a text, ends its direction and returns all that comes.
func ask(addr, text string) (string, error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	wrote := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, text)
		wrote <- errors.Join(err, c.(*net.TCPConn).CloseWrite())
	}()
	all, err := io.ReadAll(c)
	return string(all), errors.Join(err, <-wrote)
}

// joinedRun runs labserver tun with more arguments, does what visit does as a person on the
// same machine would, ends it as Ctrl-C does, and returns what it printed.
func joinedRun(t *testing.T, visit func(), args ...string) (out string) {
	t.Helper()
	apart(t, func(there func(func())) {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		var stdout, stderr notes
		ended := make(chan int, 1)
		go there(func() {
			ended <- run(ctx, append([]string{"tun", "--addr6", "fd99::1/64"}, args...), &stdout, &stderr)
		})
		for end := time.Now().Add(20 * time.Second); !strings.Contains(stdout.String(), "Ctrl-C"); {
			if time.Now().After(end) {
				t.Errorf("it does not begin: %s%s", stdout.String(), stderr.String())
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		there(visit)
		there(func() {
			if code := run(ctx, []string{"tun", "--addr", "10.50.0.1/24"}, io.Discard, &stderr); code != exitWrong ||
				!strings.Contains(stderr.String(), "is there already") {
				t.Errorf("a second device of that name: status %d, %s", code, stderr.String())
			}
		})
		stop()
		if code := <-ended; code != exitOK {
			t.Errorf("status %d: %s", code, stderr.String())
		}
		there(func() {
			if _, err := net.InterfaceByName("lab0"); err == nil {
				t.Error("the device is still there")
			}
		})
		out = stdout.String()
	})
	return out
}

func TestAPersonTalksToAVirtualServer(t *testing.T) {
	out := joinedRun(t, func() {
		for _, at := range []string{"10.99.0.2", "fd99::2"} {
			page, err := ask(net.JoinHostPort(at, "80"), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			if err != nil || !strings.HasPrefix(page, "HTTP/1.1 200 OK") || !strings.Contains(page, "ESTABLISHED") &&
				!strings.Contains(page, "CLOSE-WAIT") {
				t.Errorf("the page: %q, %v", page, err)
			}
			for _, n := range []int{0, 1, 1_000_000} {
				text := strings.Repeat("echo", n/4+1)
				if got, err := ask(net.JoinHostPort(at, "7"), text); err != nil || got != text {
					t.Errorf("echo of %d octets: %d came back, %v", len(text), len(got), err)
				}
				if got, err := ask(net.JoinHostPort(at, "9"), text); err != nil || got != "" {
					t.Errorf("discard of %d octets: %q, %v", len(text), got, err)
				}
			}
			if _, err := ask(net.JoinHostPort(at, "81"), ""); err == nil {
				t.Error("port 81 did not refuse")
			}
			datagrams(t, net.JoinHostPort(at, "7"))
		}
	}, "--delay", "1ms", "--loss", "1")
	for _, line := range []string{`asks "GET / HTTP/1.1"`, "http #1 [fd99::1]:", "echo #3", "discard #2",
		"> 10.99.0.2:81: nobody listens there", "UDP datagrams come back", "lab0 is gone"} {
		if out != "" && !strings.Contains(out, line) {
			t.Errorf("it did not print %q:\n%s", line, out)
		}
	}
}

// datagrams has datagrams come back, as often as the wire needs that loses some.
func datagrams(t *testing.T, at string) {
	c, err := net.Dial("udp", at)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	buf := make([]byte, 10_000)
	for _, n := range []int{0, 10, 3000} {
		got := -1
		for try := 0; got < 0 && try < 20; try++ {
			c.Write(make([]byte, n))
			c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			if k, err := c.Read(buf); err == nil {
				got = k
			}
		}
		if got != n {
			t.Errorf("a datagram of %d octets came back as %d", n, got)
		}
	}
}

// What was recorded gives the same run again, also as a capture.
func TestARunWithTheOutsideIsSavedAndPlayedAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	out := joinedRun(t, func() {
		for i := range 3 {
			text := strings.Repeat("x", 3000*i)
			if got, err := ask("10.99.0.2:7", text); err != nil || got != text {
				t.Errorf("echo of %d octets: %d came back, %v", len(text), len(got), err)
			}
		}
		if page, err := ask("[fd99::2]:80", "GET / HTTP/1.1\r\n\r\n"); err != nil || !strings.Contains(page, "200 OK") {
			t.Errorf("the page: %q, %v", page, err)
		}
	}, "hello-udp", "--journal", "run.jsonl", "--pcapng", "run.pcapng")
	if out == "" {
		return
	}
	events, errs, code := call(t, "replay", "run.jsonl")
	if code != exitOK || !strings.Contains(events, "packet.arrived") {
		t.Errorf("replay: status %d, %s", code, errs)
	}
	if _, errs, code := call(t, "export", "run.jsonl", "--pcapng", "again.pcapng"); code != exitOK {
		t.Errorf("export: status %d, %s", code, errs)
	}
	first, err := os.ReadFile("run.pcapng")
	second, err2 := os.ReadFile("again.pcapng")
	if err != nil || err2 != nil || !bytes.Equal(first, second) || len(first) < 10_000 {
		t.Errorf("captures of %d and %d octets, %v, %v", len(first), len(second), err, err2)
	}
	if _, errs, code := call(t, "grade", "hello-udp", "run.jsonl"); code == exitOK {
		t.Errorf("it has marks: %s", fmt.Sprint(errs))
	}
}
