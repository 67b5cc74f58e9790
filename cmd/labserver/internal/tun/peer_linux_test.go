package tun_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"labserver/cmd/labserver/internal/tun"
	"labserver/stack/inet"
)

// octets is an endless stream that a seed gives: both ends make it anew and compare.
type octets struct {
	state uint64
	left  [8]byte
	n     int // of left that are unused
}

// next fills b with the octets that follow (SplitMix64).
func (o *octets) next(b []byte) {
	for i := 0; i < len(b); {
		if o.n == 0 {
			o.state += 0x9e3779b97f4a7c15
			z := o.state
			z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
			z = (z ^ z>>27) * 0x94d049bb133111eb
			z ^= z >> 31
			for k := range o.left {
				o.left[k] = byte(z >> (8 * k))
			}
			o.n = 8
		}
		k := copy(b[i:], o.left[8-o.n:])
		i += k
		o.n -= k
	}
}

// compare checks that b is what follows, octet by octet.
type compare struct {
	octets
	got  int64
	want []byte
}

func (c *compare) take(b []byte) error {
	c.want = append(c.want[:0], b...)
	c.next(c.want)
	if !bytes.Equal(c.want, b) {
		i := 0
		for b[i] == c.want[i] {
			i++
		}
		return fmt.Errorf("octet %d is %#x and was %#x when it was sent", c.got+int64(i), b[i], c.want[i])
	}
	c.got += int64(len(b))
	return nil
}

// talk is one end of a connection: it sends so many octets of its own stream and ends its
// direction, while it compares what comes with the other's stream to its end.
type talk struct {
	send, expect     int64
	seed, otherSeed  uint64
	sending          octets
	receiving        compare
	pending          []byte // of the stream, not yet taken
	sent             int64
	finished, closed bool
}

func newTalk(send, expect int64, seed, other uint64) *talk {
	t := &talk{send: send, expect: expect, seed: seed, otherSeed: other}
	t.sending.state, t.receiving.state = seed, other
	return t
}

// ended tells whether the peer sent exactly what it should have.
func (t *talk) ended() error {
	if t.receiving.got != t.expect {
		return fmt.Errorf("the peer's stream ended after %d of %d octets", t.receiving.got, t.expect)
	}
	return nil
}

// chunk is what a program writes and reads at once.
const chunk = 64 << 10

// oursTalks is a talk at a stream of B; it is a program of the runner.
type oursTalks struct {
	*talk
	s    *tun.Stream
	buf  []byte
	over chan error
	done bool
}

// talkOurs begins a talk at B.
func (r *rig) talkOurs(s *tun.Stream, t *talk) *oursTalks {
	o := &oursTalks{talk: t, s: s, buf: make([]byte, chunk), over: make(chan error, 1)}
	r.do(func() { r.runner.Add(o) })
	return o
}

// Step implements tun.Program.
func (o *oursTalks) Step() (moved bool) {
	if o.done {
		return false
	}
	if e := o.s.Opened(); e != inet.OK {
		if e != inet.EINPROGRESS {
			o.end(fmt.Errorf("connect: %s", e))
		}
		return false
	}
	return o.read() || o.write()
}

func (o *oursTalks) end(err error) {
	o.done = true
	o.s.Close()
	o.over <- err
}

func (o *oursTalks) write() (moved bool) {
	for range 4 {
		if o.sent == o.send {
			if !o.finished {
				o.finished = true
				if e := o.s.Shutdown("wr"); e != inet.OK {
					o.end(fmt.Errorf("shutdown: %s", e))
				} else if o.closed {
					o.end(o.ended())
				}
			}
			return moved
		}
		if len(o.pending) == 0 {
			o.pending = o.buf[:min(chunk, o.send-o.sent)]
			o.sending.next(o.pending)
		}
		n, e := o.s.Write(o.pending)
		switch e {
		case inet.OK:
		case inet.EAGAIN:
			return moved
		default:
			o.end(fmt.Errorf("write after %d octets: %s", o.sent, e))
			return true
		}
		o.sent += int64(n)
		o.pending = o.pending[n:]
		moved = true
	}
	return moved
}

func (o *oursTalks) read() (moved bool) {
	var buf [chunk]byte
	for range 4 {
		if o.closed {
			return moved
		}
		n, e := o.s.Read(buf[:])
		switch {
		case e == inet.EAGAIN:
			return moved
		case e != inet.OK:
			o.end(fmt.Errorf("read after %d octets: %s", o.receiving.got, e))
			return true
		case n == 0:
			o.closed = true
			if o.finished {
				o.end(o.ended())
			}
			return true
		}
		if err := o.receiving.take(buf[:n]); err != nil {
			o.end(err)
			return true
		}
		moved = true
	}
	return moved
}

// talkKernel is a talk at a socket of the kernel.
func talkKernel(c net.Conn, t *talk) error {
	defer c.Close()
	c.SetDeadline(time.Now().Add(9 * time.Minute))
	wrote := make(chan error, 1)
	go func() {
		b := make([]byte, chunk)
		for t.sent < t.send {
			b = b[:min(chunk, t.send-t.sent)]
			t.sending.next(b)
			n, err := c.Write(b)
			t.sent += int64(n)
			if err != nil {
				wrote <- err
				return
			}
		}
		wrote <- c.(*net.TCPConn).CloseWrite()
	}()
	b := make([]byte, chunk)
	for {
		n, err := c.Read(b)
		if bad := t.receiving.take(b[:n]); bad != nil {
			return bad
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("the kernel, after %d octets: %w", t.receiving.got, err)
		}
	}
	return errors.Join(t.ended(), <-wrote)
}
