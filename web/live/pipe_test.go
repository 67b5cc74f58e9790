package live

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// pipes is a network in memory, as a net.Listener and a dialer.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial connects to the listener.
func (p *pipes) dial() (*buffered, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- newBuffered(there):
		return newBuffered(here), nil
	case <-p.done:
		return nil, errors.New("nobody listens")
	}
}

// buffered is an end of a net.Pipe with a send buffer, as TCP has: a write returns
// before it is read, until the buffer is full, and closing delivers what was written.
type buffered struct {
	net.Conn
	out    chan []byte
	closed chan struct{}
	once   sync.Once
}

// bufferedWrites is how many writes the buffer holds, of 4 KiB at most as made here.
const bufferedWrites = 32

func newBuffered(c net.Conn) *buffered {
	b := &buffered{Conn: c, out: make(chan []byte, bufferedWrites), closed: make(chan struct{})}
	go b.pump()
	return b
}

func (b *buffered) pump() {
	defer b.Conn.Close()
	for {
		select {
		case p := <-b.out:
			if _, err := b.Conn.Write(p); err != nil {
				return
			}
			continue
		default:
		}
		select {
		case p := <-b.out:
			if _, err := b.Conn.Write(p); err != nil {
				return
			}
		case <-b.closed:
			if len(b.out) == 0 {
				return
			}
		}
	}
}

func (b *buffered) Write(p []byte) (int, error) {
	select {
	case b.out <- slices.Clone(p):
		return len(p), nil
	case <-b.closed:
		return 0, net.ErrClosed
	}
}

// Close stops reading at once; what was written is still delivered.
func (b *buffered) Close() error {
	b.once.Do(func() {
		close(b.closed)
		b.Conn.SetReadDeadline(time.Unix(1, 0))
	})
	return nil
}

// cut loses the connection without a word to either side.
func (b *buffered) cut() {
	b.Conn.Close()
	b.Close()
}

// dialer is the connection's dialer for an http.Transport.
func (p *pipes) dialer(made **buffered) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		c, err := p.dial()
		*made = c
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}
