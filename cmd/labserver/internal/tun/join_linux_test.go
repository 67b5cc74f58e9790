package tun_test

import (
	"net"
	"time"

	"labserver/cmd/labserver/internal/tun"
	"labserver/stack/inet"
	"labserver/stack/wire"
)

// join makes a connection between the kernel and B.
func (r *rig) join(v version, kernelOpens bool) (net.Conn, *tun.Stream) {
	r.t.Helper()
	if kernelOpens {
		l := r.listen(at(v.ours, 5000))
		conn, err := net.DialTimeout("tcp", at(v.ours, 5000).String(), 20*time.Second)
		if err != nil {
			r.t.Fatal(err)
		}
		s := r.accept(l)
		r.do(l.Close)
		return conn, s
	}
	l, err := net.Listen("tcp", at(v.kernel, 0).String())
	if err != nil {
		r.t.Fatal(err)
	}
	defer l.Close()
	s, errno := r.dial(l.Addr().(*net.TCPAddr).AddrPort())
	if errno != inet.OK {
		r.t.Fatal(errno)
	}
	conn, err := l.Accept()
	if err != nil {
		r.t.Fatal(err)
	}
	return conn, s
}

// connect makes a connection between the kernel and a talk of ours.
func (r *rig) connect(v version, kernelOpens bool, t *talk) (net.Conn, *oursTalks) {
	r.t.Helper()
	conn, s := r.join(v, kernelOpens)
	return conn, r.talkOurs(s, t)
}

// windowCloses counts the segments that say that nothing more is wanted: of ours, of the
// kernel. Read it as the world's owner.
func (r *rig) windowCloses() *ways {
	var closed ways
	r.watch(func(in bool, p *wire.IP, _ []byte) {
		if p.Proto != inet.TCP || len(p.Payload) < wire.TCPHeaderLen {
			return
		}
		flags := wire.Flags(p.Payload[13])
		if p.Payload[14] == 0 && p.Payload[15] == 0 && flags&(wire.SYN|wire.RST) == 0 {
			closed[from(in)]++
		}
	})
	return &closed
}
