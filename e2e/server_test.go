package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// built is the server, built once for all tests of this process.
var built struct {
	once sync.Once
	dir  string
	path string
	err  error
	out  []byte
}

func build(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.path = os.Getenv("LABSERVER_E2E_BINARY"); built.path != "" {
			return
		}
		if built.dir, built.err = os.MkdirTemp("", "labserver-e2e-"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.dir, "labserver")
		cmd := exec.Command("go", "build", "-o", built.path, "labserver/cmd/labserver")
		built.out, built.err = cmd.CombinedOutput()
	})
	if built.err != nil {
		t.Fatalf("build the server: %v\n%s", built.err, built.out)
	}
	return built.path
}

func removeBinary() {
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
}

// Server is a labserver process of its own with a data folder of its own.
type Server struct {
	t    *testing.T
	URL  string
	Data string
	addr string
	cmd  *exec.Cmd
	log  *lockedBuffer
	done chan struct{} // closed when the process has ended
}

// Serve starts a server on an empty folder and waits until it answers.
func Serve(t *testing.T) *Server {
	t.Helper()
	s := &Server{t: t, Data: t.TempDir(), addr: "127.0.0.1:0", log: &lockedBuffer{}}
	s.Start()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("server log:\n%s", s.log.Tail(6000))
		}
	})
	return s
}

// Start starts the process again, on the same address and folder.
func (s *Server) Start() {
	s.t.Helper()
	cmd := exec.Command(build(s.t), "serve", "--addr", s.addr, "--data", s.Data)
	cmd.Stderr = s.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start the server: %v", err)
	}
	s.cmd, s.done = cmd, make(chan struct{})
	url := make(chan string, 1)
	go func(done chan struct{}) {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			s.log.Write(append(lines.Bytes(), '\n'))
			if i := strings.Index(lines.Text(), "http://"); i >= 0 {
				select {
				case url <- strings.TrimRight(strings.Fields(lines.Text()[i:])[0], "/."):
				default:
				}
			}
		}
		err := cmd.Wait()
		fmt.Fprintf(s.log, "[the server has ended: %v]\n", err)
		close(done)
	}(s.done)
	select {
	case s.URL = <-url:
	case <-s.done:
		s.t.Fatalf("the server ended before it printed its address:\n%s", s.log.Tail(3000))
	case <-time.After(30 * time.Second):
		s.t.Fatalf("the server printed no address:\n%s", s.log.Tail(3000))
	}
	s.addr = strings.TrimPrefix(s.URL, "http://")
}

// Kill ends the process with SIGKILL: no word, no flush.
func (s *Server) Kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		s.cmd.Process.Kill()
		<-s.done
	}
}

// Stop ends the process with SIGTERM and returns how it ended.
func (s *Server) Stop() int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.done:
	case <-time.After(40 * time.Second):
		s.t.Fatalf("the server did not end within 40 s of SIGTERM:\n%s", s.log.Tail(3000))
	}
	return s.cmd.ProcessState.ExitCode()
}

// Command runs another subcommand of the same binary beside the server.
func (s *Server) Command(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	return command(s.t, append(os.Environ(), "LABSERVER_DATA="+s.Data), args...)
}

func command(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(build(t), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &errs, env
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// lockedBuffer is a log that two goroutines write to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// Tail returns the last n octets.
func (b *lockedBuffer) Tail(n int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.buf.String()
	return s[max(0, len(s)-n):]
}
