//go:build linux

// Package veth measures the Linux kernel's own software path: one TCP connection over a
// pair of virtual Ethernet devices between two network namespaces, MTU 1500, with every
// offload switched off, so that each packet is made, summed and taken in by itself.
//
// It needs root and ip(8); without them it says so and measures nothing. It must touch no
// namespace or device that it did not make: all it makes ends with the threads that hold
// it.
package veth

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"labserver/bench/sample"
)

// chunk is how much a program writes or reads at once, in octets.
const chunk = 64 << 10

// Usable returns nil if this machine lets us measure, or why not.
func Usable() error {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return errors.New("ip(8) is not installed")
	}
	return inside(func(space) error { return nil })
}

// space is a network namespace, seen from the one thread that lives in it.
type space struct{ tid int }

// inside runs f on a thread in a new network namespace. The thread ends with f, and the
// namespace with the last socket that was made there.
func inside(f func(space) error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread must not be used again
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("make a network namespace: %w", err)
			return
		}
		done <- f(space{unix.Gettid()})
	}()
	return <-done
}

// ip runs ip(8) in the namespace.
func (s space) ip(args string) error {
	out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// ethtoolValue is struct ethtool_value, ifreq is struct ifreq with a pointer.
type (
	ethtoolValue struct{ cmd, data uint32 }
	ifreq        struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
)

// plain switches off what a device may do for the stack: checksums and segmentation when
// sending, checksums and merging when receiving.
func (s space) plain(device string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, feature := range []struct {
		name     string
		set, get uint32
	}{{"gro", 0x2c, 0x2b}, {"gso", 0x24, 0x23}, {"tso", 0x1f, 0x1e},
		{"tx checksum", 0x17, 0x16}, {"rx checksum", 0x15, 0x14}} {
		for _, cmd := range []uint32{feature.set, feature.get} {
			v := ethtoolValue{cmd: cmd}
			req := ifreq{data: unsafe.Pointer(&v)}
			copy(req.name[:], device)
			_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL,
				uintptr(unsafe.Pointer(&req)))
			if cmd == feature.get && errno == 0 && v.data != 0 {
				return fmt.Errorf("%s: offload %q cannot be switched off", device, feature.name)
			}
		}
	}
	return nil
}

// packets returns how many packets a device has sent and received.
func (s space) packets(device string) (uint64, error) {
	text, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		if f := strings.Fields(rest); ok && name == device && len(f) >= 10 {
			in, err1 := strconv.ParseUint(f[1], 10, 64)
			out, err2 := strconv.ParseUint(f[9], 10, 64)
			return in + out, errors.Join(err1, err2)
		}
	}
	return 0, fmt.Errorf("device %s has no counters", device)
}

// Bulk sends octets from one namespace to the other over one connection, after warm more
// octets that are not measured, and counts packets in both directions.
func Bulk(warm, octets int64) (s sample.Sample, err error) {
	err = inside(func(server space) error {
		return inside2(server, func(client net.Conn, at net.Conn) error {
			s, err = transfer(server, client, at, warm, octets)
			return err
		})
	})
	return s, err
}

// inside2 makes the second namespace and the cable, and connects the two.
func inside2(server space, f func(from, to net.Conn) error) error {
	ready, tid, dialled := make(chan error), make(chan int), make(chan net.Conn, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- inside(func(client space) error {
			tid <- client.tid
			if err := <-ready; err != nil {
				return nil // the server says what is wrong
			}
			if err := client.setUp("v1", "10.9.0.2/24"); err != nil {
				return err
			}
			conn, err := net.Dial("tcp4", "10.9.0.1:80")
			if err == nil {
				dialled <- conn
			}
			return err
		})
	}()
	var peer int
	select {
	case peer = <-tid:
	case err := <-ended:
		return err
	}
	l, err := server.cable(peer)
	ready <- err
	if err != nil {
		return err
	}
	defer l.Close()
	if err := <-ended; err != nil { // the client has connected: the backlog holds it
		return err
	}
	from := <-dialled
	defer from.Close()
	to, err := l.Accept()
	if err != nil {
		return err
	}
	defer to.Close()
	return f(from, to)
}

// cable joins this namespace to that of thread peer and listens in it.
func (s space) cable(peer int) (net.Listener, error) {
	err := s.ip("link add v0 mtu 1500 type veth peer name v1 mtu 1500 netns " + strconv.Itoa(peer))
	if err == nil {
		err = s.setUp("v0", "10.9.0.1/24")
	}
	if err != nil {
		return nil, err
	}
	return net.Listen("tcp4", "10.9.0.1:80")
}

func (s space) setUp(device, addr string) error {
	if err := s.plain(device); err != nil {
		return err
	}
	if err := s.ip("addr add " + addr + " dev " + device); err != nil {
		return err
	}
	return s.ip("link set " + device + " up")
}

func transfer(server space, from, to net.Conn, warm, octets int64) (sample.Sample, error) {
	wrote := make(chan error, 1)
	go func() {
		buf := make([]byte, chunk)
		var err error
		for left := warm + octets; left > 0 && err == nil; left -= int64(len(buf)) {
			buf = buf[:min(left, chunk)]
			_, err = from.Write(buf)
		}
		wrote <- err
	}()
	buf := make([]byte, chunk)
	got, err := sink(to, buf, warm)
	if err != nil {
		return sample.Sample{}, err
	}
	before, err := server.packets("v0")
	if err != nil {
		return sample.Sample{}, err
	}
	clock := sample.Start()
	n, err := sink(to, buf, warm+octets-got)
	s := clock.Stop()
	if err != nil {
		return s, err
	}
	after, err := server.packets("v0")
	s.Segments, s.Octets = after-before, uint64(n)
	return s, errors.Join(err, <-wrote)
}

func sink(c io.Reader, buf []byte, n int64) (got int64, err error) {
	for got < n && err == nil {
		var k int
		k, err = c.Read(buf)
		got += int64(k)
	}
	return got, err
}

// Hosts makes n network namespaces, one after another.
func Hosts(n int) (sample.Sample, error) {
	clock := sample.Start()
	for range n {
		if err := inside(func(space) error { return nil }); err != nil {
			return sample.Sample{}, err
		}
	}
	s := clock.Stop()
	s.Operations = uint64(n)
	return s, nil
}
