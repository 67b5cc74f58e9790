package witness

import (
	"io"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"labserver/stack"
	"labserver/stack/inet"
	ipwire "labserver/stack/wire"
)

// RFC 9293 §3.6: who has closed "may not send any more" and still receives.
func TestAHalfClosedConnectionGoesOnTheOtherWay(t *testing.T) {
	t.Run("ours ends first", func(t *testing.T) {
		both(t, options{}, func(r *rig, _ version, p *peer, fd int) {
			r.say(fd, "all I have")
			r.shutdown(fd)
			r.expect(p, "all I have")
			r.expectError(p, io.EOF.Error())
			for _, text := range []string{"still ", "going ", "on"} {
				p.Write([]byte(text))
				if got, e := r.hear(fd); got != text || e != inet.OK {
					r.t.Errorf("we read %q, %s; want %q", got, e, text)
				}
			}
			p.Close()
			if got, e := r.hear(fd); got != "" || e != inet.OK {
				r.t.Errorf("after gVisor's FIN we read %q, %s", got, e)
			}
			r.close(fd)
		})
	})
	t.Run("gVisor ends first", func(t *testing.T) {
		both(t, options{}, func(r *rig, _ version, p *peer, fd int) {
			if err := p.CloseWrite(); err != nil {
				r.t.Fatal(err)
			}
			if got, e := r.hear(fd); got != "" || e != inet.OK {
				r.t.Errorf("after gVisor's FIN we read %q, %s", got, e)
			}
			for _, text := range []string{"still ", "going ", "on"} {
				r.say(fd, text)
				r.expect(p, text)
			}
			r.close(fd)
			r.expectError(p, io.EOF.Error())
			p.Close()
		})
	})
}

// SO_LINGER with 0 seconds: close aborts (RFC 9293 §3.9.1, ABORT), and the peer's program
// is told that the connection was reset.
func TestAnAbortIsUnderstoodByThePeer(t *testing.T) {
	t.Run("ours aborts", func(t *testing.T) {
		both(t, options{}, func(r *rig, _ version, p *peer, fd int) {
			r.explain(ours, 1)
			r.do(func() { r.set(fd, "SO_LINGER", 0) })
			r.close(fd)
			r.expectError(p, "connection reset")
			p.Close()
		})
	})
	t.Run("gVisor aborts", func(t *testing.T) {
		both(t, options{}, func(r *rig, _ version, p *peer, fd int) {
			r.explain(theirs, 1)
			p.ep.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: true})
			p.Close()
			if got, e := r.hear(fd); e != inet.ECONNRESET {
				r.t.Errorf("we read %q, %s; want ECONNRESET", got, e)
			}
			r.close(fd)
		})
	})
}

// RFC 9293 §3.10.7.1: a SYN to a port that nobody listens at is answered by a reset.
func TestAConnectToAClosedPortIsRefused(t *testing.T) {
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, options{})
			r.explain(ours, 1)
			r.explain(theirs, 1)
			if _, err := r.dialOurs(v, 81); err == nil || !strings.Contains(err.Error(), "refused") {
				t.Errorf("gVisor's connect: %v, want refused", err)
			}
			fd, e := r.dial(v, 81)
			if e != inet.ECONNREFUSED {
				t.Errorf("our connect: %s, want ECONNREFUSED", e)
			}
			r.close(fd)
		})
	}
}

// A server serves many, one after another and some at once, and every connection ends in
// order, whoever ends it first.
func TestManyConnectionsOpenAndCloseInOrder(t *testing.T) {
	const many = 40
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, options{})
			l, a := r.listen(v, 80, 0), r.listenTheirs(v, 80)
			for i := range many {
				p, err := r.dialOurs(v, 80)
				if err != nil {
					t.Fatal(err)
				}
				fd := r.accept(l)
				r.farewell(p, fd, i%2 == 0)
				if fd, e := r.dial(v, 80); e != inet.OK {
					t.Fatal("our connect: ", e)
				} else {
					r.farewell(r.acceptTheirs(a), fd, i%4 < 2)
				}
			}
		})
	}
}

// farewell says a word each way and closes both ends, ours first or gVisor's.
func (r *rig) farewell(p *peer, fd int, oursFirst bool) {
	r.t.Helper()
	r.say(fd, "hello")
	r.expect(p, "hello")
	p.Write([]byte("yes"))
	if got, e := r.hear(fd); got != "yes" || e != inet.OK {
		r.t.Errorf("we read %q, %s", got, e)
	}
	if oursFirst {
		r.close(fd)
		r.expectError(p, io.EOF.Error())
		p.Close()
		return
	}
	p.Close()
	if got, e := r.hear(fd); got != "" || e != inet.OK {
		r.t.Errorf("after gVisor's FIN we read %q, %s", got, e)
	}
	r.close(fd)
}

// A reader that does not read closes its window; the sender waits and probes, and loses no
// octet when the window opens (RFC 9293 §3.8.6.1).
func TestAClosedWindowStopsTheSenderUntilItOpens(t *testing.T) {
	const n = 1 << 20
	t.Run("ours does not read", func(t *testing.T) {
		for _, v := range versions() {
			t.Run(v.name, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, options{})
				l := r.listen(v, 80, 32<<10)
				p, err := r.dialOurs(v, 80)
				if err != nil {
					t.Fatal(err)
				}
				fd := r.accept(l)
				closed := r.watchZeroWindow(ours)
				go r.push(p, n)
				r.soon("our window is closed", func() bool { return closed.seen })
				time.Sleep(400 * time.Millisecond) // a probe is sent meanwhile
				r.drain(fd, n)
				r.part(p, fd)
			})
		}
	})
	t.Run("gVisor does not read", func(t *testing.T) {
		for _, v := range versions() {
			t.Run(v.name, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, options{buffer: 32 << 10})
				a := r.listenTheirs(v, 80)
				fd, e := r.dial(v, 80)
				if e != inet.OK {
					t.Fatal(e)
				}
				p := r.acceptTheirs(a)
				closed := r.watchZeroWindow(theirs)
				k := &talk{r: r, fd: fd, n: n, done: make(chan struct{})}
				r.program(k.step)
				r.soon("gVisor's window is closed", func() bool { return closed.seen })
				time.Sleep(400 * time.Millisecond) // a probe is sent meanwhile
				if err := r.exchangeTheirs(p, n, 0); err != nil {
					t.Error(err)
				}
				<-k.done
				p.Close()
				r.close(fd)
			})
		}
	})
}

// zeroWindow says whether a segment with a window of 0 has passed.
type zeroWindow struct{ seen bool }

// watchZeroWindow looks for one from a side.
func (r *rig) watchZeroWindow(of side) *zeroWindow {
	z := &zeroWindow{}
	r.do(func() {
		r.wire.seen = func(from side, seg *ipwire.TCP) {
			if from == of && seg.Wnd == 0 && !seg.Flags.Has(ipwire.RST) {
				z.seen = true
			}
		}
	})
	return z
}

// push has gVisor send n octets and end its direction.
func (r *rig) push(p *peer, n int) {
	buf := make([]byte, n)
	pattern(buf, fromTheirs, 0)
	if _, err := p.Write(buf); err != nil {
		r.t.Errorf("gVisor's write: %v", err)
	}
	p.CloseWrite()
}

// drain reads n octets and the end on our side.
func (r *rig) drain(fd, n int) {
	r.t.Helper()
	k := &talk{r: r, fd: fd, back: n, done: make(chan struct{})}
	r.program(k.step)
	<-k.done
	if k.read != n || k.failed != "" {
		r.t.Errorf("we read %d octets of %d: %s", k.read, n, k.failed)
	}
}

// part closes both ends of a connection whose directions are over.
func (r *rig) part(p *peer, fd int) {
	r.close(fd)
	r.expectError(p, io.EOF.Error())
	p.Close()
}

// RFC 7323 §2: with window scaling more than 65 535 octets are under way at once.
func TestAScaledWindowLetsMoreThan64KiBBeUnderWay(t *testing.T) {
	const n = 4 << 20
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, options{delay: 10 * time.Millisecond})
			p, fd := r.join(v, ours)
			var sent, acked [2]uint32
			most := [2]uint32{}
			r.do(func() {
				r.wire.seen = func(from side, seg *ipwire.TCP) {
					other := 1 - from
					sent[from] = uint32(seg.Seq) + uint32(len(seg.Data))
					acked[other] = uint32(seg.Ack)
					if acked[from] != 0 && int32(sent[from]-acked[from]) > 0 {
						most[from] = max(most[from], sent[from]-acked[from])
					}
				}
			})
			r.exchange(p, fd, n, n)
			r.do(func() {
				if most[ours] <= 65535 || most[theirs] <= 65535 {
					t.Errorf("at most %d octets of ours and %d of gVisor's were under way", most[ours],
						most[theirs])
				}
			})
		})
	}
}

// A connection that nobody uses stays, and its socket options are those of its program.
func TestKeepAliveProbesOfEachAreAnsweredByTheOther(t *testing.T) {
	both(t, options{}, func(r *rig, _ version, p *peer, fd int) {
		probes := [2]int{}
		r.do(func() {
			r.wire.seen = func(from side, seg *ipwire.TCP) {
				if len(seg.Data) <= 1 && seg.Flags.Has(ipwire.ACK) {
					probes[from]++
				}
			}
			r.set(fd, "TCP_KEEPIDLE", 1)
			r.set(fd, "TCP_KEEPINTVL", 1)
			r.set(fd, "TCP_KEEPCNT", 2)
			r.set(fd, "SO_KEEPALIVE", 1)
		})
		idle := tcpip.KeepaliveIdleOption(time.Second)
		interval := tcpip.KeepaliveIntervalOption(time.Second)
		p.ep.SetSockOpt(&idle)
		p.ep.SetSockOpt(&interval)
		p.ep.SocketOptions().SetKeepAlive(true)
		time.Sleep(2500 * time.Millisecond)
		r.do(func() {
			if probes[ours] < 2 || probes[theirs] < 2 {
				r.t.Errorf("%d probes and answers of ours, %d of gVisor's; want some", probes[ours],
					probes[theirs])
			}
			var one [1]byte
			if _, e := r.w.Read(proc, fd, one[:]); e != inet.EAGAIN {
				r.t.Errorf("an idle connection reads %s", e)
			}
			r.must("close", stack.Close{Proc: proc, FD: fd})
		})
		r.expectError(p, io.EOF.Error())
		p.Close()
	})
}
