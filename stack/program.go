package stack

import (
	"labserver/stack/host"
	"labserver/stack/inet"
	"labserver/stack/sock"
)

// A program written in Go drives a process of a world with Read, Write and, for every other
// call, Call. What it does is not in the world's list of commands: such a world cannot be forked,
// and no journal of its commands replays it.

// Call makes any socket call of a program written in Go, as Read and Write make theirs: it is
// no command, and nothing remembers it. The process that c names must exist. A call that
// waits is Blocked; on a socket with O_NONBLOCK none does but poll and a close that lingers.
func (w *World) Call(c Command) sock.Return {
	id, ok := c.procArg()
	if !ok {
		panic("BUG: no socket call: " + c.Op)
	}
	h, p, fx := w.begin(id)
	call(h.Socks, p, c, h.Begin(fx))
	h.Settle(fx)
	w.settle(h, fx)
	return h.Socks.Last()
}

// Read is recvfrom with MSG_DONTWAIT into memory of the program's own. The process must
// exist.
func (w *World) Read(p inet.ProcID, fd int, into []byte) (n int, e inet.Errno) {
	r := w.ReadFrom(p, fd, into)
	return int(r.Value), r.Errno
}

// ReadFrom is Read that tells who sent a datagram. Of one that is longer than into, the
// rest is lost.
func (w *World) ReadFrom(p inet.ProcID, fd int, into []byte) sock.Return {
	h, proc, fx := w.begin(p)
	r := h.Socks.Read(proc, fd, into, h.Begin(fx))
	h.Settle(fx)
	w.settle(h, fx)
	return r
}

// Write is send with MSG_DONTWAIT: n octets of data were taken. The octets are copied.
func (w *World) Write(p inet.ProcID, fd int, data []byte) (n int, e inet.Errno) {
	return w.WriteTo(p, fd, data, inet.Endpoint{})
}

// WriteTo is sendto with MSG_DONTWAIT; the zero endpoint is the peer.
func (w *World) WriteTo(p inet.ProcID, fd int, data []byte, to inet.Endpoint) (
	n int, e inet.Errno,
) {
	h, proc, fx := w.begin(p)
	r := h.Socks.Write(proc, fd, data, to, h.Begin(fx))
	h.Settle(fx)
	w.settle(h, fx)
	return int(r.Value), r.Errno
}

// begin makes the world ready for a call of a process.
func (w *World) begin(p inet.ProcID) (*host.Host, *sock.Proc, *host.Effects) {
	w.driven = true
	if w.caller.proc == nil || w.caller.proc.ID != p || w.caller.host.Socks.Proc(p) != w.caller.proc {
		h := w.ownerOf(p)
		if h == nil {
			panic("BUG: a program of no process: " + string(p))
		}
		w.caller = caller{h, h.Socks.Proc(p)}
	}
	return w.caller.host, w.caller.proc, w.effects(0)
}

// caller is the process that made the latest call.
type caller struct {
	host *host.Host
	proc *sock.Proc
}

// Sent counts the packets that hosts have put on their way so far: everything sent or
// injected, on a link or to the host itself. What a router passes on is not counted again.
func (w *World) Sent() int64 { return w.flights.Sent }
