package tun_test

import (
	"bytes"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"labserver/cmd/labserver/internal/tun"
	"labserver/stack/inet"
)

// sizes of datagrams: nothing, small, a full packet of either version, and what must be cut
// to pieces and put together again.
func sizes() []int { return []int{0, 1, 200, 1452, 1472, 1473, 8000, 40_000} }

// datagram is n octets that no other size begins with.
func datagram(n int) []byte {
	b := make([]byte, n)
	(&octets{state: uint64(n)}).next(b)
	return b
}

// echo is a program that sends every datagram back.
type echo struct {
	d   *tun.Datagrams
	buf [65536]byte
}

func (e *echo) Step() (moved bool) {
	for {
		n, from, errno := e.d.ReadFrom(e.buf[:])
		if errno != inet.OK {
			return moved
		}
		e.d.WriteTo(e.buf[:n], from)
		moved = true
	}
}

// fragments lets a socket of ours send what its packets cannot hold whole.
func fragments(t *testing.T, p *tun.Process, fd int, v version) {
	option := "IP_MTU_DISCOVER"
	if v.name == "IPv6" {
		option = "IPV6_MTU_DISCOVER"
	}
	if err := p.SetOption(fd, option, 0); err != nil {
		t.Error(err)
	}
}

func TestOurEchoServesTheKernelsDatagrams(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			r := newRig(t, clean)
			r.do(func() {
				d, err := r.proc.Bound(at(v.ours, 7))
				if err != nil {
					t.Error(err)
					return
				}
				fragments(t, r.proc, d.FD(), v)
				r.runner.Add(&echo{d: d})
			})
			c, err := net.Dial("udp", at(v.ours, 7).String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(20 * time.Second))
			buf := make([]byte, 65536)
			for _, n := range sizes() {
				if _, err := c.Write(datagram(n)); err != nil {
					t.Fatalf("%d octets: %v", n, err)
				}
				got, err := c.Read(buf)
				if err != nil || !bytes.Equal(buf[:got], datagram(n)) {
					t.Errorf("%d octets came back as %d, %v", n, got, err)
				}
			}
		})
	}
}

func TestTheKernelsEchoServesOurDatagrams(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			r := newRig(t, clean)
			l, err := net.ListenPacket("udp", at(v.kernel, 0).String())
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				buf := make([]byte, 65536)
				for {
					n, from, err := l.ReadFrom(buf)
					if err != nil {
						return
					}
					l.WriteTo(buf[:n], from)
				}
			}()
			var s *tun.Stream
			r.do(func() {
				if s, err = r.proc.Dial("udp", l.LocalAddr().(*net.UDPAddr).AddrPort()); err == nil {
					fragments(t, r.proc, s.FD(), v)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 65536)
			for _, n := range sizes() {
				r.do(func() {
					if took, e := s.Write(datagram(n)); took != n || e != inet.OK {
						t.Errorf("%d octets: %d taken, %s", n, took, e)
					}
				})
				got := 0
				r.soon("an answer comes", func() bool {
					var e inet.Errno
					got, e = s.Read(buf)
					return e == inet.OK
				})
				if !bytes.Equal(buf[:got], datagram(n)) {
					t.Errorf("%d octets came back as %d", n, got)
				}
			}
		})
	}
}

// RFC 1122 §4.1.3.1: a datagram to a port that nobody has draws port unreachable, and a
// connected socket learns of it.
func TestAPortThatNobodyHasIsUnreachableBothWays(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			r := newRig(t, clean)
			c, err := net.Dial("udp", at(v.ours, 9999).String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(20 * time.Second))
			c.Write([]byte("anybody?"))
			if _, err := c.Read(make([]byte, 1)); !isErrno(err, unix.ECONNREFUSED) {
				t.Errorf("the kernel was told: %v", err)
			}
			var s *tun.Stream
			r.do(func() {
				if s, err = r.proc.Dial("udp", at(v.kernel, 9999)); err == nil {
					s.Write([]byte("anybody?"))
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, e := r.read(s); e != inet.ECONNREFUSED {
				t.Errorf("ours was told: %s", e)
			}
		})
	}
}
