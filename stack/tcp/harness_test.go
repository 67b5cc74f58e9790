package tcp

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/view"
	"labserver/stack/wire"
)

// testNet is two or more TCP layers joined by a wire with a delay, in virtual time. It
// folds every event into a view and compares it with the layers after each step.
type testNet struct {
	t     testing.TB
	log   event.Log
	ids   inet.IDs
	now   sim.Time
	queue sim.Queue[happening]
	hosts []*testHost
	delay time.Duration
	// wire decides what happens to a packet; nil lets all pass.
	wire   func(p *packet) fate
	sent   int
	folded uint64
	view   view.View
	quiet  bool  // no folding
	tos    uint8 // of what inject makes arrive
	alias  bool  // the wire does not copy data: for benchmarks
	timers map[timerKey]sim.Handle
}

type timerKey struct {
	c *Conn
	t event.Timer
}

// packet is a segment on the wire.
type packet struct {
	from *testHost
	nth  int // counted from 1 over all packets of the net
	out  Out
}

// fate is what the wire does with a packet. The zero value delivers it after the delay.
type fate struct {
	drop  bool
	twice bool
	late  time.Duration
}

// happening is what the queue holds: a packet that arrives, or a timer that runs out.
type happening struct {
	pkt  *packet
	conn *Conn
	host *testHost
	name event.Timer
	dup  bool
}

// testHost is one layer with what its program would see.
type testHost struct {
	net   *testNet
	name  inet.HostID
	addr  netip.Addr
	k     Knobs
	layer *Layer
	socks int
	ready []Readier
	// onReady plays the program: it is called for what may go on.
	onReady func(r Readier, fx *Effects)
}

func newNet(t testing.TB, names ...string) *testNet {
	n := &testNet{t: t, delay: 10 * time.Millisecond, view: view.New(),
		timers: map[timerKey]sim.Handle{}}
	for i, name := range names {
		h := &testHost{net: n, name: inet.HostID(name),
			addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)})}
		h.k, _ = Profile("linux")
		h.layer = New(h.name, &h.k, uint64(i+1), sim.Stream(7, name))
		n.hosts = append(n.hosts, h)
	}
	if _, speed := t.(*testing.B); !speed { // or every round's log would stay in memory
		t.Cleanup(n.holdInvariants)
	}
	return n
}

// pair is a net of A and B with initial sequence numbers 100 and 300, as in the RFC's
// figures, and no timestamps to look at.
func pair(t testing.TB) (n *testNet, a, b *testHost) {
	n = newNet(t, "A", "B")
	a, b = n.hosts[0], n.hosts[1]
	a.k.ISN, b.k.ISN = 100, 300
	return n, a, b
}

func (h *testHost) end(port uint16) inet.Endpoint { return inet.Endpoint{Addr: h.addr, Port: port} }

// do runs one command at a host and what follows from it at this instant.
func (h *testHost) do(f func(fx *Effects)) {
	n := h.net
	root := event.Scope{Log: &n.log, Now: n.now, Host: h.name}
	by := root.Emit(rfc.ByCommand, event.Command{Op: "test"})
	fx := &Effects{Scope: root.Because(by), IDs: &n.ids}
	f(fx)
	n.apply(h, fx)
}

// apply carries out effects, as a host does.
func (n *testNet) apply(h *testHost, fx *Effects) {
	for _, op := range fx.Timers {
		key := timerKey{op.Conn, op.Timer}
		n.queue.Cancel(n.timers[key])
		delete(n.timers, key)
		if !op.Stop {
			n.timers[key] = n.queue.Push(op.At, happening{conn: op.Conn, host: h, name: op.Timer})
		}
	}
	for _, o := range fx.Out {
		n.carry(h, o)
	}
	fx.Timers, fx.Out = fx.Timers[:0], fx.Out[:0]
	ready := fx.Ready
	fx.Ready = nil
	h.ready = append(h.ready, ready...)
	for _, r := range ready {
		if h.onReady != nil {
			h.onReady(r, fx)
			n.apply(h, fx)
		}
	}
	n.check()
}

func (n *testNet) carry(h *testHost, o Out) {
	n.sent++
	p := &packet{from: h, nth: n.sent, out: o}
	{
		p.out.Seg.Data = append([]byte(nil), o.Seg.Data...)
	}
	var f fate
	if n.wire != nil {
		f = n.wire(p)
	}
	at := n.now.Add(n.delay + f.late)
	if f.drop {
		scope := event.Scope{Log: &n.log, Now: n.now, Host: h.name, By: uint64(o.Pkt)}
		scope.Emit(rfc.LinkLoss, event.PacketDropped{Pkt: o.Pkt, Reason: "loss"})
		return
	}
	n.queue.Push(at, happening{pkt: p})
	if f.twice {
		n.queue.Push(at, happening{pkt: p, dup: true})
	}
}

// hostOf finds who has an address.
func (n *testNet) hostOf(a netip.Addr) *testHost {
	for _, h := range n.hosts {
		if h.addr == a {
			return h
		}
	}
	return nil
}

// step lets the next thing happen; false when nothing is left.
func (n *testNet) step() bool {
	item, at, ok := n.queue.Pop()
	if !ok {
		return false
	}
	n.now = at
	scope := event.Scope{Log: &n.log, Now: n.now}
	if item.conn != nil {
		delete(n.timers, timerKey{item.conn, item.name})
		fx := &Effects{Scope: scope, IDs: &n.ids}
		fx.Host = item.host.name
		item.host.layer.Fire(item.conn, item.name, fx)
		n.apply(item.host, fx)
		return true
	}
	o := item.pkt.out
	h := n.hostOf(o.Flow.Remote.Addr)
	pkt := o.Pkt
	if item.dup { // a copy is a packet of its own
		scope.Host = item.pkt.from.name
		var s showCase
		pkt = inet.PacketID(scope.Because(uint64(pkt)).Emit(rfc.ByCommand,
			event.SegmentSent{Seg: s.seg(o.Flow.Local, o.Flow.Remote, &o.Seg)}))
	}
	fx := &Effects{Scope: scope, IDs: &n.ids}
	fx.Host, fx.By, fx.TOS = h.name, uint64(pkt), o.TOS
	seg := o.Seg
	h.layer.Segment(o.Flow.Local.Addr, o.Flow.Remote.Addr, pkt, &seg, fx)
	n.apply(h, fx)
	return true
}

// run lets d pass.
func (n *testNet) run(d time.Duration) {
	end := n.now.Add(d)
	for steps := 0; ; steps++ {
		if steps > 5_000_000 {
			n.t.Fatal("the net does not come to rest")
		}
		at, ok := n.queue.NextAt()
		if !ok || at > end {
			break
		}
		n.step()
	}
	n.now = end
}

// settle runs until no packet is on the wire.
func (n *testNet) settle() {
	n.run(5 * n.delay)
}

// inject makes a segment arrive at h from another endpoint, as if from the wire.
func (h *testHost) inject(from inet.Endpoint, seg wire.TCP) {
	n := h.net
	scope := event.Scope{Log: &n.log, Now: n.now, Host: h.name}
	var s showCase
	to := inet.Endpoint{Addr: h.addr, Port: seg.DstPort}
	seg.SrcPort = from.Port
	pkt := scope.Emit(rfc.ByCommand, event.SegmentSent{Seg: s.seg(from, to, &seg)})
	fx := &Effects{Scope: scope.Because(pkt), IDs: &n.ids, TOS: n.tos}
	h.layer.Segment(from.Addr, h.addr, inet.PacketID(pkt), &seg, fx)
	n.apply(h, fx)
}

// check folds the new events and compares the fold with the layers (law L3), and holds
// every event to laws L5.
func (n *testNet) check() {
	if n.quiet {
		return // what is said here is not held to anything
	}
	for _, e := range n.log.From(n.folded + 1) {
		n.folded = e.N
		allCited.note(e)
		if e.By == 0 && e.Rule != rfc.ByCommand {
			n.t.Fatalf("event %d %s has no cause", e.N, e.Kind())
		}
		view.Reduce(&n.view, e)
	}
	want := append([]view.Conn(nil), n.view.Connections...)
	var got []view.Conn
	for _, id := range want {
		for _, h := range n.hosts {
			for _, c := range h.layer.Conns() {
				if c.ID() == id.ID {
					got = append(got, c.View())
				}
			}
		}
	}
	total := 0
	for _, h := range n.hosts {
		total += len(h.layer.Conns())
	}
	if total != len(want) {
		n.t.Fatalf("the fold has %d connections, the layers %d", len(want), total)
	}
	if !reflect.DeepEqual(got, want) {
		n.t.Fatalf("fold and layers differ\nfold   %+v\nlayers %+v", want, got)
	}
}

// open starts an active open.
func (h *testHost) open(port uint16, to inet.Endpoint) *Conn {
	h.net.t.Helper()
	var c *Conn
	h.do(func(fx *Effects) {
		var e inet.Errno
		sock := h.socket(fx)
		c, e = h.layer.Open(sock, inet.Flow{Local: h.end(port), Remote: to}, 1500, fx)
		if e != inet.OK {
			h.net.t.Fatalf("open: %s", e)
		}
	})
	return c
}

// listen starts a passive open on any address.
func (h *testHost) listen(port uint16, backlog int) *Listener {
	h.net.t.Helper()
	var li *Listener
	h.do(func(fx *Effects) {
		var e inet.Errno
		any := inet.Endpoint{Addr: netip.IPv4Unspecified(), Port: port}
		if h.addr.Is6() {
			any.Addr = netip.IPv6Unspecified()
		}
		if li, e = h.layer.Listen(h.socket(fx), any, backlog, 1500); e != inet.OK {
			h.net.t.Fatalf("listen: %s", e)
		}
	})
	return li
}

// socket makes a socket, as the layer above would.
func (h *testHost) socket(fx *Effects) inet.SocketID {
	h.socks++
	sock := inet.SocketID(fmt.Sprintf("%s.s%d", h.name, h.socks))
	fx.Emit(rfc.SocketMade, event.SocketCreated{Sock: sock, Proto: "tcp"})
	return sock
}

// accept takes the next connection and gives it a socket.
func (h *testHost) accept(li *Listener) *Conn {
	h.net.t.Helper()
	var c *Conn
	h.do(func(fx *Effects) {
		var ok bool
		if c, ok = li.Accept(fx); !ok {
			h.net.t.Fatal("nothing to accept")
		}
		c.Attach(h.socket(fx), fx)
	})
	return c
}

func (h *testHost) send(c *Conn, data []byte) (n int, e inet.Errno) {
	h.do(func(fx *Effects) { n, e = c.Send(data, fx) })
	return n, e
}

func (h *testHost) mustSend(c *Conn, data string) {
	h.net.t.Helper()
	if n, e := h.send(c, []byte(data)); e != inet.OK || n != len(data) {
		h.net.t.Fatalf("send: %d %s", n, e)
	}
}

func (h *testHost) recv(c *Conn, max int) (data []byte, e inet.Errno) {
	h.do(func(fx *Effects) { data, e = c.Recv(max, fx) })
	return data, e
}

// mustRecv reads exactly want.
func (h *testHost) mustRecv(c *Conn, want string) {
	h.net.t.Helper()
	data, e := h.recv(c, 1<<20)
	if e != inet.OK || string(data) != want {
		h.net.t.Fatalf("recv: %q %q, want %q", data, e, want)
	}
}

func (h *testHost) shutdown(c *Conn) { h.do(func(fx *Effects) { c.ShutdownWrite(fx) }) }
func (h *testHost) close(c *Conn)    { h.do(func(fx *Effects) { c.Close(fx) }) }
func (h *testHost) abort(c *Conn)    { h.do(func(fx *Effects) { c.Abort(fx) }) }

// connected makes an established connection from A port 5000 to B port 80, accepted.
func connected(t testing.TB) (n *testNet, a, b *testHost, ca, cb *Conn) {
	t.Helper()
	n, a, b = pair(t)
	ca, cb = connect(t, n, a, b)
	return n, a, b, ca, cb
}

func connect(t testing.TB, n *testNet, a, b *testHost) (ca, cb *Conn) {
	t.Helper()
	li := b.listen(80, 5)
	ca = a.open(5000, b.end(80))
	n.settle()
	cb = b.accept(li)
	if ca.State() != inet.Established || cb.State() != inet.Established {
		t.Fatalf("not established: %s %s", ca.State(), cb.State())
	}
	return ca, cb
}

// plain turns options off, so that segments look as in the RFC's figures.
func plain(hosts ...*testHost) {
	for _, h := range hosts {
		h.k.Timestamps, h.k.SACK, h.k.WindowScale = 0, 0, 0
	}
}

// segments lists what was sent since event n, one line each:
// "A <SEQ=100><CTL=S>".
func (n *testNet) segments(since uint64) []string {
	var list []string
	for _, e := range n.log.From(since + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Rule != rfc.ByCommand {
			list = append(list, string(e.Host)+" "+figure(s.Seg))
		}
	}
	return list
}

// figure writes a segment as the RFC's figures do.
func figure(s event.Seg) string {
	b := fmt.Sprintf("<SEQ=%d>", s.Seq)
	if strings.Contains(s.Flags, "A") {
		b += fmt.Sprintf("<ACK=%d>", s.Ack)
	}
	b += "<CTL=" + s.Flags + ">"
	if s.Len > 0 {
		b += fmt.Sprintf("<DATA=%d>", s.Len)
	}
	return b
}

// wantSegments compares what was sent since event n.
func (n *testNet) wantSegments(since uint64, want ...string) {
	n.t.Helper()
	if got := n.segments(since); !reflect.DeepEqual(got, want) {
		n.t.Errorf("segments:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// states lists the state changes of a host since event n, "CLOSED→SYN-SENT".
func (n *testNet) states(h *testHost, since uint64) []string {
	var list []string
	for _, e := range n.log.From(since + 1) {
		if s, ok := e.Body.(event.ConnState); ok && e.Host == h.name {
			list = append(list, s.Old.String()+"→"+s.New.String())
		}
	}
	return list
}

func (n *testNet) wantStates(h *testHost, want ...string) {
	n.t.Helper()
	if got := n.states(h, 0); !reflect.DeepEqual(got, want) {
		n.t.Errorf("states of %s: %v, want %v", h.name, got, want)
	}
}

// rules counts the events since n that cite a rule.
func (n *testNet) rules(since uint64, rule rfc.ID) int {
	count := 0
	for _, e := range n.log.From(since + 1) {
		if e.Rule == rule {
			count++
		}
	}
	return count
}

// refusals lists why segments were refused since n.
func (n *testNet) refusals(since uint64) []string {
	var list []string
	for _, e := range n.log.From(since + 1) {
		if r, ok := e.Body.(event.SegmentRefused); ok {
			list = append(list, r.Reason)
		}
	}
	return list
}

// sentAt lists when a host sent segments with any of the flags, since n.
func (n *testNet) sentAt(h *testHost, since uint64, match func(s event.Seg) bool) []sim.Time {
	var list []sim.Time
	for _, e := range n.log.From(since + 1) {
		if s, ok := e.Body.(event.SegmentSent); ok && e.Host == h.name && match(s.Seg) {
			list = append(list, e.T)
		}
	}
	return list
}

// pattern is n octets that differ from their neighbours.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func num(n uint32) seq.Num { return seq.Num(n) }

func mustAddr(s string) netip.Addr { return netip.MustParseAddr(s) }
