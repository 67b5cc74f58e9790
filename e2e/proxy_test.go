package e2e

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a browser and a server and can cut every connection at once, as
// a failing network does: neither side gets a word.
type proxy struct {
	URL string
	to  string

	mu    sync.Mutex
	conns map[net.Conn]bool
	cuts  int
}

// newProxy forwards a new loopback address to addr until the test ends.
func newProxy(t *testing.T, addr string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{URL: "http://" + l.Addr().String(), to: addr, conns: map[net.Conn]bool{}}
	var forwards sync.WaitGroup
	forwards.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			forwards.Go(func() { p.forward(in) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.Cut()
		forwards.Wait()
	})
	return p
}

func (p *proxy) forward(in net.Conn) {
	out, err := net.Dial("tcp", p.to)
	if err != nil {
		in.Close()
		return
	}
	p.mu.Lock()
	p.conns[in], p.conns[out] = true, true
	p.mu.Unlock()
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() {
			io.Copy(pair[0], pair[1]) // ends when either side does, or is cut
			in.Close()
			out.Close()
		})
	}
	both.Wait()
	p.mu.Lock()
	delete(p.conns, in)
	delete(p.conns, out)
	p.mu.Unlock()
}

// Cut drops every connection there is and returns how many there were.
func (p *proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts++
	for c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset, not a polite end
		}
		c.Close()
	}
	return len(p.conns)
}
