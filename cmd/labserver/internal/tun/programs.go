package tun

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"

	"labserver/stack/inet"
)

// Limits of the built-in programs.
const (
	maxSessions = 48       // connections that one program serves at once
	maxRequest  = 16 << 10 // octets of a request's head
	pieces      = 64 << 10 // what is read and written at once
	turns       = 16       // reads of one connection before the others have theirs
)

// Trade is what a server does with its connections.
type Trade int

// The trades.
const (
	HTTP    Trade = iota // one page, whatever is asked for
	Echo                 // what comes goes back (RFC 862)
	Discard              // what comes is thrown away (RFC 863)
)

// String names the trade.
func (t Trade) String() string { return [...]string{"http", "echo", "discard"}[t] }

// Server is a program that serves connections of one port, and says so by a line for each
// that comes and goes. It implements Program.
type Server struct {
	Trade Trade
	Say   func(line string)

	p        *Process
	listener *Listener
	at       netip.AddrPort
	sessions []*session
	served   int
}

// session is one connection of a server.
type session struct {
	s       *Stream
	number  int
	from    netip.AddrPort
	since   time.Duration // of the world's time
	in, out int64
	pending []byte // to be written
	head    []byte // of a request, so far
	ended   bool   // by the peer, or because the answer is all
	shut    bool   // our direction
}

// Serve has a process listen at an endpoint.
func (p *Process) Serve(at netip.AddrPort, trade Trade, say func(string)) (*Server, error) {
	l, err := p.Listen(at, maxSessions)
	if err != nil {
		return nil, err
	}
	return &Server{Trade: trade, Say: say, p: p, listener: l, at: at}, nil
}

// Served returns how many connections there have been.
func (s *Server) Served() int { return s.served }

// Step implements Program.
func (s *Server) Step() (moved bool) {
	for len(s.sessions) < maxSessions {
		stream, from := s.listener.Accept()
		if stream == nil {
			break
		}
		s.served++
		c := &session{s: stream, number: s.served, from: from, since: s.now()}
		s.sessions = append(s.sessions, c)
		s.say(c, "connected")
		moved = true
	}
	left := s.sessions[:0]
	for _, c := range s.sessions {
		did, over := s.serve(c)
		if moved = moved || did; !over {
			left = append(left, c)
		}
	}
	clear(s.sessions[len(left):])
	s.sessions = left
	return moved
}

func (s *Server) now() time.Duration { return time.Duration(s.p.r.World.Now()) }

func (s *Server) say(c *session, what string) {
	s.Say(fmt.Sprintf("%s #%d %s > %s: %s", s.Trade, c.number, c.from, s.at, what))
}

// serve does what can be done for a connection.
func (s *Server) serve(c *session) (moved, over bool) {
	for range turns {
		did, errno := s.move(c)
		if errno != inet.OK {
			c.s.Close()
			s.say(c, fmt.Sprintf("ended by %s after %d octets in, %d out", errno, c.in, c.out))
			return true, true
		}
		if c.ended && len(c.pending) == 0 && c.shut {
			c.s.Close()
			s.say(c, fmt.Sprintf("closed after %v, %d octets in, %d out",
				(s.now()-c.since).Round(time.Millisecond), c.in, c.out))
			return true, true
		}
		if !did {
			return moved, false
		}
		moved = true
	}
	return moved, false
}

// move writes what waits to be written, else reads.
func (s *Server) move(c *session) (moved bool, errno inet.Errno) {
	if len(c.pending) > 0 {
		n, errno := c.s.Write(c.pending)
		if errno == inet.EAGAIN {
			return false, inet.OK
		}
		c.pending = c.pending[n:]
		c.out += int64(n)
		return true, errno
	}
	if (c.ended || s.Trade == HTTP && c.out > 0) && !c.shut {
		c.shut = true
		return true, c.s.Shutdown("wr")
	}
	if c.ended {
		return false, inet.OK
	}
	var buf [pieces]byte
	n, errno := c.s.Read(buf[:])
	switch {
	case errno == inet.EAGAIN:
		return false, inet.OK
	case errno != inet.OK:
		return false, errno
	case n == 0:
		c.ended = true
		return true, inet.OK
	}
	c.in += int64(n)
	s.heard(c, buf[:n])
	return true, inet.OK
}

// heard takes what a client sent.
func (s *Server) heard(c *session, b []byte) {
	switch s.Trade {
	case Echo:
		c.pending = append(c.pending, b...)
	case HTTP:
		if c.out > 0 { // the answer is on its way; no more is read than that it ends
			return
		}
		c.head = append(c.head, b...)
		switch {
		case bytes.Contains(c.head, []byte("\r\n\r\n")):
			c.pending = s.page(c)
			s.say(c, "asks "+requestLine(c.head))
		case len(c.head) > maxRequest:
			c.pending = answer("431 Request Header Fields Too Large", "The head is too large.\n")
		}
	}
}

// requestLine is the first line of a request, for people.
func requestLine(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	return fmt.Sprintf("%.60q", line)
}

// page tells a client of its own connection.
func (s *Server) page(c *session) []byte {
	text := fmt.Sprintf("This answer comes from host %s, a virtual host of labserver.\n\n"+
		"You are %s; this is %s.\n", s.p.host, c.from, s.at)
	if info, ok := s.p.r.World.TCPInfo(s.p.id, c.s.FD()); ok {
		text += fmt.Sprintf("Here the connection is %s: round-trip time %v, retransmission timeout %v,\n"+
			"congestion window %d segments of %d octets.\n", info.State, info.RTT, info.RTO,
			info.SndCwnd, int64(info.SndMSS))
	}
	if bytes.HasPrefix(c.head, []byte("HEAD ")) {
		head, _, _ := bytes.Cut(answer("200 OK", text), []byte("\r\n\r\n"))
		return append(head, "\r\n\r\n"...)
	}
	return answer("200 OK", text)
}

// answer is a response that ends its connection.
func answer(status, text string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\n"+
		"Content-Length: %d\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%s",
		status, len(text), text)
}

// Returner is a program that sends every datagram of a UDP port back (RFC 862), and says so
// of those who are new.
type Returner struct {
	d   *Datagrams
	say func(string)
	at  netip.AddrPort
	of  inet.Endpoint // who was answered last
	buf [65536]byte
}

// Return has a process send the datagrams of an endpoint back.
func (p *Process) Return(at netip.AddrPort, say func(string)) (*Returner, error) {
	d, err := p.Bound(at)
	if err != nil {
		return nil, err
	}
	option := "IP_MTU_DISCOVER"
	if at.Addr().Is6() {
		option = "IPV6_MTU_DISCOVER"
	}
	if err := p.SetOption(d.FD(), option, 0); err != nil { // a large one goes back in fragments
		return nil, err
	}
	return &Returner{d: d, say: say, at: at}, nil
}

// Step implements Program.
func (r *Returner) Step() (moved bool) {
	for range turns {
		n, from, errno := r.d.ReadFrom(r.buf[:])
		if errno == inet.EMSGSIZE {
			r.say(fmt.Sprintf("echo %s > %s: a datagram of more than %d octets is no part of a "+
				"recorded run, and does not come back", from, r.at, recordedRead))
			moved = true
			continue
		}
		if errno != inet.OK {
			return moved
		}
		moved = true
		if from != r.of {
			r.of = from
			r.say(fmt.Sprintf("echo %s > %s: UDP datagrams come back", from, r.at))
		}
		r.d.WriteTo(r.buf[:n], from)
	}
	return moved
}
