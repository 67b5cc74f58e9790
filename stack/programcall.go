package stack

import "labserver/stack/sock"

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
