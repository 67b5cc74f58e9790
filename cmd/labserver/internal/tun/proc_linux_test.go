package tun_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The states in which a socket of the kernel may stay when a test is over, as
// /proc/net/tcp writes them.
const (
	procTimeWait = "06"
	procListen   = "0A"
)

// settle waits until no connection of the kernel waits for an answer of ours any more. What
// a world leaves behind would be reset by the next one, which knows nothing of it.
func settle(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		open := openSockets(t)
		if len(open) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("the kernel still has connections:\n%s", strings.Join(open, "\n"))
			return
		}
	}
}

// openSockets lists the kernel's TCP sockets in this namespace that are neither listening nor
// in TIME-WAIT.
func openSockets(t *testing.T) (open []string) {
	t.Helper()
	for _, file := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > 3 && f[0] != "sl" && f[3] != procTimeWait && f[3] != procListen {
				open = append(open, line)
			}
		}
	}
	return open
}

// counter reads one of the kernel's counters of this namespace: "Tcp", "InErrs".
func counter(t *testing.T, group, name string) int64 {
	t.Helper()
	for _, file := range []string{"/proc/self/net/snmp", "/proc/self/net/netstat"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) == 0 || f[0] != group+":" {
				continue
			}
			if names == nil {
				names = f
				continue
			}
			for i, n := range names {
				if n == name {
					v, err := strconv.ParseInt(f[i], 10, 64)
					if err != nil {
						t.Fatal(err)
					}
					return v
				}
			}
		}
	}
	t.Fatalf("the kernel has no counter %s %s", group, name)
	return 0
}

// badSegments is how many segments the kernel could not make sense of: their checksum or
// header is wrong. A SYN that comes twice is counted among them, and is none.
func badSegments(t *testing.T) int64 {
	t.Helper()
	return counter(t, "Tcp", "InErrs") - counter(t, "TcpExt", "TCPSYNChallenge")
}
