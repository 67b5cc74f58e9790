package tun

import (
	"bytes"
	"net/netip"

	"labserver/stack"
	"labserver/stack/inet"
)

// Stream is a connected socket of a process. Its methods never wait: what cannot be done now
// is EAGAIN.
//
// In a quiet world the calls are the program's own (World.Read, World.Write). In a run that
// is recorded each is a command, which waits in the world until it can return; so the journal
// holds each once, and not how often the program asked.
type Stream struct {
	p       *Process
	fd      int
	to      netip.AddrPort
	opening *call  // connect; nil if the socket was accepted
	reading *call  // recv, of a recorded run
	writing *call  // send, of a recorded run
	got     []byte // what recv returned and Read has not yet
}

// recordedRead is how much an event shows of what was received, so how much a program of a
// recorded run reads at once.
const recordedRead = 256

// FD returns the descriptor.
func (s *Stream) FD() int { return s.fd }

// Process returns whose descriptor it is.
func (s *Stream) Process() *Process { return s.p }

// Opened reports whether the connection stands (OK), or why it will not; EINPROGRESS while
// neither is known.
func (s *Stream) Opened() inet.Errno {
	c := s.opening
	switch {
	case c == nil:
		return inet.OK
	case !c.done:
		return inet.EINPROGRESS
	case c.errno == inet.EINPROGRESS: // another connect tells how the first went
		again := s.p.Connect(s.fd, s.to).opening
		switch again.errno {
		case inet.EALREADY:
		case inet.EISCONN:
			c.errno = inet.OK
		default:
			c.errno = again.errno
		}
	}
	return c.errno
}

// Read puts what has arrived into buf. 0 with OK is the end of what the peer sends.
func (s *Stream) Read(buf []byte) (int, inet.Errno) {
	r := s.p.r
	if r.recorder == nil {
		n, errno := r.World.Read(s.p.id, s.fd, buf)
		return max(n, 0), errno
	}
	if len(s.got) == 0 {
		if s.reading == nil {
			most := int64(min(len(buf), recordedRead))
			s.reading = s.p.call("recv", stack.Recv{Proc: s.p.id, FD: s.fd, Max: &most})
		}
		if !s.reading.done {
			return 0, inet.EAGAIN
		}
		c := s.reading
		s.reading = nil
		if c.errno != inet.OK || c.value == 0 {
			return 0, c.errno
		}
		s.got = c.data
	}
	n := copy(buf, s.got)
	s.got = s.got[n:]
	return n, inet.OK
}

// Write sends from data and returns how much it took.
func (s *Stream) Write(data []byte) (int, inet.Errno) {
	r := s.p.r
	if r.recorder == nil {
		n, errno := r.World.Write(s.p.id, s.fd, data)
		return max(n, 0), errno
	}
	if s.writing != nil && !s.writing.done {
		return 0, inet.EAGAIN
	}
	if s.writing != nil && s.writing.errno != inet.OK {
		return 0, s.writing.errno
	}
	data = data[:min(len(data), stack.MaxText/2)] // base64 and its frame within MaxText
	s.writing = s.p.call("send", stack.Send{Proc: s.p.id, FD: s.fd,
		Payload: stack.Payload{Base64: bytes.Clone(data)}})
	if s.writing.done && s.writing.errno != inet.OK {
		return 0, s.writing.errno
	}
	return len(data), inet.OK
}

// Shutdown ends a direction: "rd", "wr" or "rdwr".
func (s *Stream) Shutdown(how string) inet.Errno {
	return s.p.call("shutdown", stack.Shutdown{Proc: s.p.id, FD: s.fd, How: how}).errno
}

// Close gives the descriptor back. The connection ends in order, or as SO_LINGER says.
func (s *Stream) Close() inet.Errno {
	return s.p.call("close", stack.Close{Proc: s.p.id, FD: s.fd}).errno
}

// Local returns the socket's own endpoint.
func (s *Stream) Local() netip.AddrPort {
	c := s.p.call("getsockname", stack.GetName{Proc: s.p.id, FD: s.fd})
	return netip.AddrPortFrom(c.from.Addr, c.from.Port)
}
