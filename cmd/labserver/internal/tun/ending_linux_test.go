package tun_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"labserver/cmd/labserver/internal/tun"
	"labserver/stack/inet"
)

func at(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }

func isErrno(err error, want unix.Errno) bool { return errors.Is(err, want) }

// both runs a test in both versions, for each opener, with a connection that stands.
func both(t *testing.T, test func(t *testing.T, r *rig, c *net.TCPConn, s *tun.Stream)) {
	for _, v := range versions() {
		for _, opener := range []string{"kernel", "ours"} {
			t.Run(v.name+"/"+opener+" opens", func(t *testing.T) {
				r := newRig(t, clean)
				conn, s := r.join(v, opener == "kernel")
				conn.SetDeadline(time.Now().Add(30 * time.Second))
				test(t, r, conn.(*net.TCPConn), s)
			})
		}
	}
}

// read waits for one answer of a stream of ours: octets, the end (0, OK) or an error.
func (r *rig) read(s *tun.Stream) (got string, errno inet.Errno) {
	r.t.Helper()
	var buf [1000]byte
	r.soon("something can be read", func() bool {
		var n int
		n, errno = s.Read(buf[:])
		got = string(buf[:n])
		return errno != inet.EAGAIN
	})
	return got, errno
}

// say has a stream of ours send.
func (r *rig) say(s *tun.Stream, text string) {
	r.t.Helper()
	r.do(func() {
		if n, e := s.Write([]byte(text)); n != len(text) || e != inet.OK {
			r.t.Errorf("write took %d octets: %s", n, e)
		}
	})
}

// hear reads exactly what the kernel's side should have got.
func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Errorf("the kernel read %q, %v; want %q", b, err, want)
	}
}

// RFC 9293 §3.6: one side says that it has no more to send, and still receives.
func TestAHalfClosedConnectionGoesOnTheOtherWay(t *testing.T) {
	both(t, func(t *testing.T, r *rig, c *net.TCPConn, s *tun.Stream) {
		r.say(s, "all I have")
		r.do(func() { s.Shutdown("wr") })
		hear(t, c, "all I have")
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after our FIN the kernel read: %v", err)
		}
		for _, text := range []string{"still ", "going ", "on"} {
			if _, err := c.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if got, e := r.read(s); got != text || e != inet.OK {
				t.Errorf("read %q, %s; want %q", got, e, text)
			}
		}
		c.Close()
		if got, e := r.read(s); got != "" || e != inet.OK {
			t.Errorf("after the kernel's FIN: %q, %s", got, e)
		}
		r.do(func() { s.Close() })
	})
	both(t, func(t *testing.T, r *rig, c *net.TCPConn, s *tun.Stream) {
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, e := r.read(s); got != "" || e != inet.OK {
			t.Errorf("after the kernel's FIN: %q, %s", got, e)
		}
		for _, text := range []string{"still ", "going ", "on"} {
			r.say(s, text)
			hear(t, c, text)
		}
		r.do(func() { s.Close() })
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after our FIN the kernel read: %v", err)
		}
		c.Close()
	})
}

// SO_LINGER with 0 seconds: close resets, and the other side is told so.
func TestAResetIsUnderstoodBothWays(t *testing.T) {
	both(t, func(t *testing.T, r *rig, c *net.TCPConn, s *tun.Stream) {
		r.explain(1, 0)
		r.do(func() {
			if err := s.Process().SetOption(s.FD(), "SO_LINGER", 0); err != nil {
				t.Error(err)
			}
			s.Close()
		})
		if _, err := c.Read(make([]byte, 1)); !isErrno(err, unix.ECONNRESET) {
			t.Errorf("after our RST the kernel read: %v", err)
		}
		c.Close()
	})
	both(t, func(t *testing.T, r *rig, c *net.TCPConn, s *tun.Stream) {
		r.explain(0, 1)
		if err := c.SetLinger(0); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if _, e := r.read(s); e != inet.ECONNRESET {
			t.Errorf("after the kernel's RST: %s", e)
		}
		r.do(func() { s.Close() })
	})
}

// Both sides close at once, so that their FINs may cross.
func TestBothSidesCloseAtOnce(t *testing.T) {
	both(t, func(t *testing.T, r *rig, c *net.TCPConn, s *tun.Stream) {
		c.CloseWrite()
		r.do(func() { s.Shutdown("wr") })
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the kernel read: %v", err)
		}
		if got, e := r.read(s); got != "" || e != inet.OK {
			t.Errorf("read %q, %s", got, e)
		}
		c.Close()
		r.do(func() { s.Close() })
	})
}

// A reader that does not read closes the window to nothing; when it reads again everything
// comes, through probes of the window if its opening was lost.
func TestASlowReaderHoldsTheOtherSideBack(t *testing.T) {
	const volume = 2 << 20
	both(t, func(t *testing.T, r *rig, c *net.TCPConn, s *tun.Stream) {
		closed := r.windowCloses()
		go func() {
			b := make([]byte, volume)
			(&octets{state: 5}).next(b)
			c.Write(b)
			c.CloseWrite()
		}()
		r.soon("our window closes", func() bool { return closed[0] > 0 })
		time.Sleep(300 * time.Millisecond) // for at least one probe of the kernel
		o := r.talkOurs(s, newTalk(0, volume, 6, 5))
		if err := <-o.over; err != nil {
			t.Error(err)
		}
		c.Close()
	})
	both(t, func(t *testing.T, r *rig, c *net.TCPConn, s *tun.Stream) {
		closed := r.windowCloses()
		o := r.talkOurs(s, newTalk(volume, 0, 6, 5))
		r.soon("the kernel's window closes", func() bool { return closed[1] > 0 })
		time.Sleep(300 * time.Millisecond)
		if err := talkKernel(c, newTalk(0, volume, 5, 6)); err != nil {
			t.Error(err)
		}
		if err := <-o.over; err != nil {
			t.Error(err)
		}
	})
}
