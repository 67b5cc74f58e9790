package tcp

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// The buffer is compared with a plain slice, gaps and the ends of its ring included.
func TestABufferIsAQueueWithGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b buffer
		var model []byte
		most := rapid.SampledFrom([]int{100, 5000, 90_000}).Draw(t, "most")
		next := byte(0)
		some := func(n int) []byte {
			p := make([]byte, n)
			for i := range p {
				next = next*5 + 1
				p[i] = next
			}
			return p
		}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			n := rapid.IntRange(0, most).Draw(t, "n")
			switch rapid.IntRange(0, 4).Draw(t, "do") {
			case 0:
				p := some(n)
				b.append(p)
				model = append(model, p...)
			case 1: // behind a gap, which is filled then
				gap, p := some(rapid.IntRange(0, most).Draw(t, "gap")), some(n)
				b.put(len(gap), p)
				b.put(0, gap)
				if got := b.slice(b.len(), len(gap)+len(p)); !bytes.Equal(got, append(gap, p...)) {
					t.Fatal("what was held differs")
				}
				b.extend(len(gap) + len(p))
				model = append(append(model, gap...), p...)
			case 2:
				b.trim()
			default:
				n = min(n, len(model))
				b.drop(n)
				model = model[n:]
			}
			off := rapid.IntRange(0, len(model)).Draw(t, "off")
			into := make([]byte, len(model)-off)
			if b.copyTo(into, off); b.len() != len(model) || !bytes.Equal(into, model[off:]) ||
				!bytes.Equal(b.slice(off, len(model)-off), model[off:]) {
				t.Fatal("contents differ")
			}
		}
	})
}

func TestAnEmptyBufferGivesItsMemoryBack(t *testing.T) {
	var b buffer
	b.append(make([]byte, 300_000))
	b.drop(299_999)
	if b.trim(); b.len() != 1 || b.mem == nil {
		t.Error("what holds data was taken away")
	}
	b.drop(1)
	if b.trim(); b.mem != nil {
		t.Error("an empty buffer keeps its memory")
	}
}

func TestHeldDataIsASetOfOctets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := seq.Num(rapid.Uint32().Draw(t, "base"))
		var h heldData
		var model [200]bool
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			from := rapid.IntRange(0, 190).Draw(t, "from")
			to := from + rapid.IntRange(1, 10).Draw(t, "len")
			all := true
			for i := from; i < to; i++ {
				all = all && model[i]
				model[i] = true
			}
			ok, dup := h.add(base.Add(seq.Size(from)), base.Add(seq.Size(to)))
			if !ok || dup != all {
				t.Fatalf("add [%d,%d): %v %v, want duplicate %v", from, to, ok, dup, all)
			}
			count := seq.Size(0)
			for _, held := range model {
				if held {
					count++
				}
			}
			if h.octets() != count {
				t.Fatalf("%d octets, want %d", h.octets(), count)
			}
			for i := 1; i < len(h.list); i++ {
				if !h.list[i-1].end.Less(h.list[i].start) {
					t.Fatal("stretches touch or are out of order")
				}
			}
			var blocks [4][2]seq.Num
			if n := h.blocks(blocks[:]); n != min(4, len(h.list)) ||
				!base.Add(seq.Size(from)).InWindow(blocks[0][0], blocks[0][1].Sub(blocks[0][0])) {
				t.Fatalf("%d blocks, the first %v", n, blocks[0])
			}
		}
		at := 0
		for at < len(model) && model[at] {
			at++
		}
		if got := h.join(base); got != base.Add(seq.Size(at)) {
			t.Fatalf("join leads to %s, want +%d", got, at)
		}
	})
}

func TestKnobsAreReadAndTurnedByName(t *testing.T) {
	for _, profile := range []string{"linux", "freebsd", "rfc"} {
		k, ok := Profile(profile)
		if !ok {
			t.Fatal(profile)
		}
		for _, name := range KnobNames() {
			was, ok := k.Get(name)
			if !ok {
				t.Fatalf("%s cannot be read", name)
			}
			old, err := k.Set(name, was)
			if err != nil || old != was {
				t.Errorf("%s: its own value %s is refused: %v", name, was, err)
			}
			for _, bad := range []string{"", "x", "-1", "1e3", "9999999999999999999"} {
				if _, err := k.Set(name, bad); err != ErrKnobValue {
					t.Errorf("%s takes %q: %v", name, bad, err)
				}
			}
			if now, _ := k.Get(name); now != was {
				t.Errorf("%s changed by a refusal", name)
			}
		}
	}
	k, _ := Profile("linux")
	if _, err := k.Set("tcp_rto_min_ms", "1000"); err != nil || k.MinRTO != time.Second {
		t.Errorf("%v %s", err, k.MinRTO)
	}
	if _, err := k.Set("nothing", "1"); err != ErrUnknownKnob || err.Error() == "" {
		t.Error(err)
	}
	if _, err := k.Set(KnobCongestion, "reno"); err != nil || k.Congestion != "reno" {
		t.Error(err)
	}
	if _, ok := Profile("plan9"); ok {
		t.Error("an unknown profile")
	}
}

func TestISNComesFromAClockAndASecret(t *testing.T) {
	k, _ := Profile("linux")
	l := New("A", &k, 1, sim.Stream(1, "x"))
	other := New("A", &k, 2, sim.Stream(1, "x"))
	f := inet.Flow{Local: inet.Endpoint{Addr: mustAddr("10.0.0.1"), Port: 1},
		Remote: inet.Endpoint{Addr: mustAddr("10.0.0.2"), Port: 2}}
	first, rule := l.newISS(f, 0)
	later, _ := l.newISS(f, sim.Time(time.Second))
	if later.Sub(first) != 250_000 || rule != rfc.TCPISN {
		t.Errorf("one second moves the ISN by %d, MUST-8 says 250 000", later.Sub(first))
	}
	if x, _ := other.newISS(f, 0); x == first {
		t.Error("MUST-9: the secret must matter")
	}
	f.Remote.Port++
	if x, _ := l.newISS(f, 0); x == first {
		t.Error("the flow must matter")
	}
	k.ISN = 7
	if x, rule := l.newISS(f, 0); x != 7 || rule != rfc.TCPISNFixed {
		t.Error("a lab can fix the ISN")
	}
}

func TestChallengeACKsOfAHostAreLimited(t *testing.T) {
	k, _ := Profile("linux")
	k.ChallengeLimit = 100
	l := New("A", &k, 1, sim.Stream(1, "x"))
	count := func(now sim.Time) (n int) {
		for l.takeChallenge(now) {
			n++
		}
		return n
	}
	for s := range 10 {
		if n := count(sim.Time(s) * 1e9); n < 50 || n > 100 {
			t.Errorf("%d in one second", n)
		}
	}
	if count(9e9+5) != 0 {
		t.Error("the second is used up")
	}
	k.ChallengeLimit = 0
	if count(20e9) != 0 {
		t.Error("none at all")
	}
}

func TestLimitedChallengeIsShown(t *testing.T) {
	p := reach(t, inet.Established)
	p.b.k.ChallengeLimit = 0
	p.want(p.seg("R", 150, 0, ""))
	if got := p.refusals(p.mark); len(got) != 2 || got[1] != "ack-limit" {
		t.Errorf("%q", got)
	}
}

func TestKeepAliveProbesAnIdlePeerAndGivesUpOnADeadOne(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.do(func(fx *Effects) { ca.Configure(Options{KeepAlive: true}, fx) })
	mark := n.log.Len()
	n.run(119 * time.Minute)
	if len(n.segments(mark)) != 0 {
		t.Fatal("MUST-28: two hours at least")
	}
	n.run(2 * time.Minute)
	n.wantSegments(mark, "A <SEQ=100><ACK=301><CTL=A>", "B <SEQ=301><ACK=101><CTL=A>")
	n.run(10 * time.Hour)
	if ca.State() != inet.Established {
		t.Fatal("an answer keeps the connection")
	}
	n.wire = func(p *packet) fate { return fate{drop: p.from == b} }
	n.run(3 * time.Hour)
	if ca.State() != inet.Closed || ca.TakeError() != inet.ETIMEDOUT {
		t.Errorf("state %s", ca.State())
	}
	n.settle()
	if cb.State() != inet.Closed {
		t.Error("the last probe is a RST")
	}
}

func TestKeepAliveIsOffByDefaultAndCanBeTurnedOff(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	n.run(24 * time.Hour)
	mark := n.log.Len()
	a.do(func(fx *Effects) { ca.Configure(Options{KeepAlive: true}, fx) })
	a.do(func(fx *Effects) { ca.Configure(Options{}, fx) })
	n.run(24 * time.Hour)
	if len(n.segments(0)) != 3 || n.rules(mark, rfc.TCPKeepOff) == 0 {
		t.Error("no probe may be sent")
	}
}

func TestKeepAliveWaitsWhileThereIsTraffic(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.do(func(fx *Effects) { ca.Configure(Options{KeepAlive: true}, fx) })
	for range 10 {
		n.run(time.Hour)
		a.mustSend(ca, "x")
	}
	if n.rules(0, rfc.TCPKeepProbe) != 0 {
		t.Error("MUST-26: only when idle")
	}
}

func TestFixedBuffersAreKept(t *testing.T) {
	n, a, b := pair(t)
	b.listen(80, 5)
	var c *Conn
	a.do(func(fx *Effects) {
		o := Options{RcvBuf: 5000, SndBuf: 777}
		c, _ = a.layer.OpenWith(a.socket(fx), inet.Flow{Local: a.end(5000), Remote: b.end(80)}, 0, o, fx)
	})
	n.settle()
	if k, _ := a.send(c, pattern(5000)); k != 777 {
		t.Errorf("took %d", k)
	}
	a.do(func(fx *Effects) { c.Configure(Options{RcvBuf: 100, SndBuf: 1000}, fx) })
	if c.Room() != 223 || c.rcv.size != 100 || c.rcv.limit < inet.ByteCount(c.rcv.wnd) {
		t.Errorf("room %d, receive buffer %d, limit %d", c.Room(), c.rcv.size, c.rcv.limit)
	}
}

func TestBrokenInvariantsPanic(t *testing.T) {
	for name, breakIt := range map[string]func(c *Conn){
		"silent change":  func(c *Conn) { c.snd.wnd++ },
		"lost segment":   func(c *Conn) { c.snd.queue.flush() },
		"big window":     func(c *Conn) { c.rcv.wnd = 1 << 29; c.shownRcv = c.rcvVars() },
		"retreat":        func(c *Conn) { c.rcv.wnd--; c.shownRcv = c.rcvVars() },
		"una after nxt":  func(c *Conn) { c.snd.una = c.snd.nxt.Add(1); c.shownSnd = c.sndVars() },
		"no timer":       func(c *Conn) { c.timers[timerLoss].running = false },
		"two timers":     func(c *Conn) { c.timers[timerRTO].running = true },
		"false count":    func(c *Conn) { c.snd.queue.lost.segs++ },
		"both timers":    func(c *Conn) { c.timers[timerPersist].running = true },
		"forgotten ACK":  func(c *Conn) { c.ack.now = true },
		"not registered": func(c *Conn) { c.listed = false },
	} {
		n, a, _, ca, _ := connected(t)
		a.mustSend(ca, "x")
		n.quiet = true
		breakIt(ca)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s went unnoticed", name)
				}
			}()
			ca.check()
		}()
	}
}

func TestRetransmissionQueueKeepsOnlyWhatIsUnacknowledged(t *testing.T) {
	_, _, _, c, _ := connected(t)
	fx := &Effects{}
	q := &c.snd.queue
	for i := range uint32(300) {
		q.push(sent{seq: num(10 * i), end: num(10*i + 10), at: sim.Time(i)})
		if i%3 == 2 {
			d := c.delivery(&wire.TCP{})
			c.takeOff(num(10*i-5), &d, fx)
		}
	}
	if q.len() != 2 || q.at(0).seq != 2985 || len(q.items) > 200 || len(q.order.list) > 200 {
		t.Errorf("%d segments from %s", q.len(), q.at(0).seq)
	}
	q.resent(0, 5)
	d := c.delivery(&wire.TCP{})
	if c.takeOff(3000, &d, fx); d.timed || !d.again || q.len() != 0 || d.octets != 15 {
		t.Errorf("Karn: %+v", d)
	}
	q.push(sent{seq: 3000, end: 3010, at: 1})
	q.push(sent{seq: 3010, end: 3020, at: 2})
	q.push(sent{seq: 3020, end: 3030, at: 2})
	q.resent(1, 7)
	d = c.delivery(&wire.TCP{})
	if c.takeOff(3030, &d, fx); d.timed || !d.again || d.at != 7 {
		t.Errorf("one retransmission forbids to time them all: %+v", d)
	}
}

func TestFlagNames(t *testing.T) {
	for f := range wire.Flags(255) {
		if flagNames(f) != f.String() {
			t.Errorf("%08b: %s", f, flagNames(f))
		}
	}
}

func TestJoiningSegmentsKeepsTheirMarksCounted(t *testing.T) {
	var q rtxQueue
	for i := uint32(0); i < 4; i++ {
		q.push(sent{seq: num(10 * i), end: num(10*i + 10), at: sim.Time(i), push: i == 1, fin: i == 3})
	}
	q.lose(0)
	q.lose(2)
	q.join(0)
	q.join(1)
	if q.len() != 2 || q.lost != (tally{2, 40}) || !q.at(0).push || !q.at(1).fin {
		t.Fatalf("%d segments, %+v", q.len(), q.marks)
	}
	for q.len() > 0 {
		q.pop()
	}
	if q.marks != (marks{}) {
		t.Errorf("%+v are left", q.marks)
	}
}

func TestAQuietConnectionKeepsNoLargeBuffer(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	for left := 400_000; left > 0 || cb.Unread() > 0; {
		sent, _ := a.send(ca, pattern(left))
		left -= max(sent, 0)
		n.run(200 * time.Millisecond)
		b.recv(cb, 1<<20)
	}
	n.settle()
	a.send(ca, []byte("x")) // which B does not read
	n.settle()
	if len(a.layer.fat) == 0 || len(b.layer.fat) == 0 {
		t.Error("there never was a large buffer")
	}
	a.layer.Trim()
	b.layer.Trim()
	if ca.snd.buf.mem != nil || len(cb.rcv.buf.mem) <= goodBuffer || cb.Unread() != 1 {
		t.Errorf("%d octets of memory for none, %d for %d", len(ca.snd.buf.mem),
			len(cb.rcv.buf.mem), cb.Unread())
	}
	if len(a.layer.fat)+len(b.layer.fat) != 1 {
		t.Errorf("%d and %d are still told of", len(a.layer.fat), len(b.layer.fat))
	}
}
