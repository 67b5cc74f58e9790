package tcp

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"labserver/stack/inet"
	"labserver/stack/seq"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// reader plays a program that reads all there is, up to max octets at a time.
type reader struct {
	host *testHost
	conn *Conn
	max  int
	got  []byte
	end  bool
	err  inet.Errno
}

func (r *reader) read(fx *Effects) {
	for {
		data, e := r.conn.Recv(r.max, fx)
		switch {
		case e == inet.EAGAIN:
			return
		case e != inet.OK:
			r.err = e
			return
		case len(data) == 0:
			r.end = true
			return
		}
		r.got = append(r.got, data...)
	}
}

// writer plays a program that writes all it has, then shuts its direction.
type writer struct {
	conn *Conn
	left []byte
	done bool
	err  inet.Errno
}

func (w *writer) write(fx *Effects) {
	for len(w.left) > 0 {
		n, e := w.conn.Send(w.left, fx)
		if e == inet.EAGAIN {
			return
		}
		if e != inet.OK {
			w.err = e
			return
		}
		w.left = w.left[n:]
	}
	if !w.done {
		w.done = true
		w.conn.ShutdownWrite(fx)
	}
}

// transfer lets both sides send at once through a wire, reading all the while, and runs
// until both have ended or limit has passed.
type transfer struct {
	n        *testNet
	ra, rb   *reader
	wa, wb   *writer
	toB, toA []byte
	total    int
}

func startTransfer(t testing.TB, n *testNet, a, b *testHost, toB, toA []byte, max int) *transfer {
	tr := &transfer{n: n, toB: toB, toA: toA}
	li := b.listen(80, 5)
	ca := a.open(5000, b.end(80))
	tr.ra = &reader{host: a, conn: ca, max: max}
	tr.wa = &writer{conn: ca, left: toB}
	a.onReady = func(_ Readier, fx *Effects) {
		tr.wa.write(fx)
		tr.ra.read(fx)
	}
	b.onReady = func(r Readier, fx *Effects) {
		if r == Readier(li) {
			c, ok := li.Accept(fx)
			if !ok {
				return
			}
			c.Attach(b.socket(fx), fx)
			tr.rb = &reader{host: b, conn: c, max: max}
			tr.wb = &writer{conn: c, left: toA}
		}
		if tr.rb != nil {
			tr.wb.write(fx)
			tr.rb.read(fx)
		}
	}
	return tr
}

// randomWire loses, doubles and delays packets at the given rates, in parts per
// thousand.
func randomWire(r *sim.Rand, lose, double, late int) func(*packet) fate {
	return func(*packet) fate {
		var f fate
		f.drop = int(r.Below(1000)) < lose
		f.twice = int(r.Below(1000)) < double
		if int(r.Below(1000)) < late {
			f.late = time.Duration(r.Below(uint64(30 * time.Millisecond)))
		}
		return f
	}
}

func TestWhatIsReadIsWhatWasWrittenOverAnyWire(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := newNet(t, "A", "B")
		defer n.heldTo(rt)
		a, b := n.hosts[0], n.hosts[1]
		for _, h := range n.hosts {
			profile := rapid.SampledFrom([]string{"linux", "freebsd", "rfc"}).Draw(rt, "profile")
			h.k, _ = Profile(profile)
			h.k.SACK = rapid.Int64Range(0, 1).Draw(rt, "sack")
			h.k.Timestamps = rapid.Int64Range(0, 1).Draw(rt, "ts")
			h.k.WindowScale = rapid.Int64Range(0, 1).Draw(rt, "ws")
			h.k.Nagle = rapid.Int64Range(0, 1).Draw(rt, "nagle")
			names := []string{"cubic", "newreno", "reno", "tahoe"}
			h.k.Congestion = rapid.SampledFrom(names).Draw(rt, "cc")
			drawRecovery(rt, &h.k)
			// Near the wrap of sequence space, often.
			h.k.ISN = rapid.Int64Range(1<<32-60000, 1<<32-1).Draw(rt, "isn")
			if rapid.Bool().Draw(rt, "small") {
				h.k.RcvBuf = inet.ByteCount(rapid.IntRange(600, 8000).Draw(rt, "rcvbuf"))
				h.k.SndBuf = inet.ByteCount(rapid.IntRange(100, 8000).Draw(rt, "sndbuf"))
			}
		}
		toB := pattern(rapid.IntRange(0, 60000).Draw(rt, "toB"))
		toA := pattern(rapid.IntRange(0, 20000).Draw(rt, "toA"))
		r := sim.Stream(rapid.Uint64().Draw(rt, "seed"), "wire")
		lose := rapid.IntRange(0, 200).Draw(rt, "lose")
		n.wire = randomWire(r, lose, rapid.IntRange(0, 100).Draw(rt, "double"),
			rapid.IntRange(0, 300).Draw(rt, "late"))
		tr := startTransfer(t, n, a, b, toB, toA, rapid.IntRange(1, 70000).Draw(rt, "max"))
		n.run(2 * time.Hour)
		if tr.rb != nil {
			if !bytes.HasPrefix(toB, tr.rb.got) || !bytes.HasPrefix(toA, tr.ra.got) {
				rt.Fatal("what was read is not a prefix of what was written")
			}
		}
		if tr.ra.err != "" || tr.rb == nil || tr.rb.err != "" {
			if lose < 50 {
				rt.Fatalf("failed: A %s %s", tr.ra.err, tr.wa.err)
			}
			return // with heavy loss giving up is right
		}
		if !tr.ra.end || !tr.rb.end || len(tr.rb.got) != len(toB) || len(tr.ra.got) != len(toA) {
			rt.Fatalf("not complete: B has %d of %d, A %d of %d; %s %s", len(tr.rb.got),
				len(toB), len(tr.ra.got), len(toA), tr.wa.conn.State(), tr.wb.conn.State())
		}
		if k := len(a.layer.Conns()) + len(b.layer.Conns()); k != 0 {
			rt.Fatalf("%d connections are left", k)
		}
	})
}

// heldTo ends one of many runs: it was an honest stack's. The log is let go of.
func (n *testNet) heldTo(rt *rapid.T) {
	for _, wrong := range n.dishonesty() {
		if !rt.Failed() {
			rt.Errorf("%s", wrong)
		}
	}
}

// drawRecovery turns the knobs of loss recovery at random.
func drawRecovery(rt *rapid.T, k *Knobs) {
	k.Recovery = rapid.Int64Range(0, 7).Draw(rt, "recovery")
	k.TLP = rapid.Int64Range(0, 1).Draw(rt, "tlp")
	k.PRR = rapid.Int64Range(0, 1).Draw(rt, "prr")
	k.FRTO = rapid.Int64Range(0, 1).Draw(rt, "frto")
	k.Undo = rapid.Int64Range(0, 1).Draw(rt, "undo")
	k.LimitedTransmit = rapid.Int64Range(0, 1).Draw(rt, "limited")
	k.Reordering = rapid.Int64Range(1, 5).Draw(rt, "reordering")
	k.MaxReordering = rapid.Int64Range(5, 300).Draw(rt, "max reordering")
}

func FuzzSegment(f *testing.F) {
	f.Add([]byte{0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 0})
	f.Add([]byte{1, 0x10, 1, 0, 0, 1, 0, 0, 255, 4, 9, 2, 200})
	f.Fuzz(func(t *testing.T, script []byte) { fuzzSegments(t, script) })
}

// fuzzSegments makes segments of every kind arrive at a listener, a connection and an
// opening connection, around the edges of their windows, with calls between them.
func fuzzSegments(t *testing.T, script []byte) {
	n, a, b := pair(t)
	n.wire = func(*packet) fate { return fate{drop: true} }
	li := b.listen(80, 1)
	b.layer.Listen("", inet.Endpoint{Addr: b.addr, Port: 81}, 1, 600)
	opening := b.open(9000, a.end(80))
	conns := func() []*Conn { return b.layer.Conns() }
	const stride = 9
	for i := 0; len(script) >= stride && i < 200; i++ {
		s := script[:stride]
		script = script[stride:]
		var base, ack uint32 = 1000, 0
		from, port := a.end(5000+uint16(s[0]%2)), uint16(80)
		if list := conns(); len(list) > 0 && s[0]&8 != 0 {
			c := list[int(s[0]>>4)%len(list)]
			from, port = c.flow.Remote, c.flow.Local.Port
			base, ack = uint32(c.rcv.nxt), uint32(c.snd.nxt)
			if s[0]&4 != 0 {
				base, ack = uint32(c.rcv.nxt.Add(c.rcv.wnd)), uint32(c.snd.una)
			}
		}
		seg := wire.TCP{DstPort: port, Flags: wire.Flags(s[1]),
			Seq: num(base + uint32(int32(int8(s[2]))*int32(s[3]))),
			Ack: num(ack + uint32(int32(int8(s[4])))), Wnd: uint16(s[5]) << (s[6] & 7),
			Data: pattern(int(s[7]) * int(s[8]&7)), Urg: uint16(s[8])}
		if s[6]&8 != 0 {
			seg.Opts.HasTS, seg.Opts.TSVal, seg.Opts.TSEcr = true, uint32(i)*uint32(s[6]>>4), 1
		}
		seg.Opts.SACKOK = s[6]&16 != 0
		if n := int(s[3]) & 3; s[6]&8 == 0 && n > 0 {
			for k := range n { // blocks around the acknowledgment, some of them nonsense
				from := seg.Ack.Add(seq.Size(int8(s[7]) + int8(k)*int8(s[5]>>2)))
				seg.Opts.SACK[k] = [2]seq.Num{from, from.Add(seq.Size(int8(s[2])))}
			}
			seg.Opts.NSACK = n
		}
		seg.Opts.HasWScale, seg.Opts.WScale = s[6]&32 != 0, s[5]
		if s[6]&64 != 0 {
			seg.Opts.MSS = uint16(s[7])
		}
		b.inject(from, seg)
		fuzzCall(b, li, opening, s[8])
		if s[8]&31 == 9 {
			n.run(time.Second)
		}
	}
	n.run(3 * time.Hour)
}

// fuzzCall makes one user call.
func fuzzCall(b *testHost, li *Listener, opening *Conn, which byte) {
	list := b.layer.Conns()
	b.do(func(fx *Effects) {
		c := opening
		if len(list) > 0 {
			c = list[int(which>>5)%len(list)]
		}
		switch which & 31 {
		case 1:
			c.Send(pattern(3000), fx)
		case 2:
			c.Recv(700, fx)
		case 3:
			c.ShutdownWrite(fx)
		case 4:
			c.Close(fx)
		case 5:
			c.Abort(fx)
		case 6:
			c.ShutdownRead(fx)
		case 7:
			if c, ok := li.Accept(fx); ok {
				c.Attach(b.socket(fx), fx)
			}
		case 8:
			c.Configure(Options{KeepAlive: true, NoDelay: true}, fx)
		}
	})
}

func TestRandomSegmentsBreakNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fuzzSegments(t, rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(rt, "script"))
	})
}
