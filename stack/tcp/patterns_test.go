package tcp

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// TestEveryLossPatternOfTheFirstPacketsIsSurvived loses every subset of the first ten
// packets of a small exchange: open, question, answer, close by both.
func TestEveryLossPatternOfTheFirstPacketsIsSurvived(t *testing.T) {
	const packets = 10
	for pattern := range 1 << packets {
		n, a, b := pair(t)
		a.k.SynRetries, b.k.SynAckRetries = 20, 20 // patience for the worst
		n.wire = func(p *packet) fate {
			return fate{drop: p.nth <= packets && pattern>>(p.nth-1)&1 == 1}
		}
		tr := startTransfer(t, n, a, b, []byte("question"), []byte("answer"), 100)
		n.run(2 * time.Hour)
		if tr.rb == nil || string(tr.rb.got) != "question" || string(tr.ra.got) != "answer" ||
			!tr.ra.end || !tr.rb.end {
			t.Fatalf("pattern %010b: A is in %s", pattern, tr.wa.conn.State())
		}
		if k := len(a.layer.Conns()) + len(b.layer.Conns()); k != 0 {
			t.Fatalf("pattern %010b leaves %d connections", pattern, k)
		}
	}
}

// permutations calls f with every order of 0 … n-1.
func permutations(n int, f func(order []int)) {
	order := make([]int, 0, n)
	used := make([]bool, n)
	var next func()
	next = func() {
		if len(order) == n {
			f(order)
			return
		}
		for i := range n {
			if used[i] {
				continue
			}
			used[i], order = true, append(order, i)
			next()
			used[i], order = false, order[:len(order)-1]
		}
	}
	next()
}

func TestSegmentsInAnyOrderGiveTheSameStream(t *testing.T) {
	// Overlapping on purpose, and with the FIN on the last.
	pieces := []struct{ from, to int }{{0, 4}, {3, 9}, {9, 12}, {8, 16}, {15, 20}}
	stream := "abcdefghijklmnopqrst"
	permutations(len(pieces), func(order []int) {
		p := reach(t, inet.Established)
		for _, i := range order {
			flags := "PA"
			if pieces[i].to == len(stream) {
				flags = "FPA"
			}
			p.seg(flags, uint32(101+pieces[i].from), 301, stream[pieces[i].from:pieces[i].to])
		}
		data, e := p.b.recv(p.c, 100)
		if string(data) != stream || e != inet.OK || p.c.State() != inet.CloseWait {
			t.Fatalf("order %v gives %q in %s", order, data, p.c.State())
		}
	})
}

func TestACKsInAnyOrderEndTheSame(t *testing.T) {
	permutations(5, func(order []int) {
		p := sender(t)
		p.b.send(p.c, pattern(5000))
		for _, i := range order {
			p.seg("A", 101, uint32(1301+1000*i), "")
		}
		if p.c.snd.una != 5301 || p.c.snd.queue.len() != 0 || p.c.timers[timerRTO].running {
			t.Fatalf("order %v: UNA %s", order, p.c.snd.una)
		}
	})
}

func TestEveryPairOfClosesEndsBothConnections(t *testing.T) {
	type how struct {
		name string
		do   func(h *testHost, c *Conn)
	}
	ways := []how{
		{"close", func(h *testHost, c *Conn) { h.close(c) }},
		{"abort", func(h *testHost, c *Conn) { h.abort(c) }},
		{"shutdown, then close", func(h *testHost, c *Conn) {
			h.shutdown(c)
			h.net.settle()
			h.close(c)
		}},
		{"data, then close", func(h *testHost, c *Conn) { h.send(c, []byte("bye")); h.close(c) }},
	}
	gaps := []time.Duration{0, 5 * time.Millisecond, 15 * time.Millisecond, time.Second}
	for i := range len(ways) * len(ways) * len(gaps) {
		first, second := ways[i%4], ways[i/4%4]
		gap := gaps[i/16]
		t.Run(fmt.Sprintf("%s/%s/%s", first.name, second.name, gap), func(t *testing.T) {
			n, a, b, ca, cb := connected(t)
			first.do(a, ca)
			n.run(gap)
			second.do(b, cb)
			n.run(5 * time.Minute)
			if k := len(a.layer.Conns()) + len(b.layer.Conns()); k != 0 {
				t.Errorf("%d connections are left: %s %s", k, ca.State(), cb.State())
			}
			if len(n.timers) != 0 {
				t.Error("a timer is left")
			}
		})
	}
}

func TestEveryMSSCarriesAStream(t *testing.T) {
	for _, mtu := range []int{0, 88, 100, 576, 1280, 1499, 1500, 9000, 65535} {
		n, a, b := pair(t)
		var got []byte
		li := b.listen(80, 1)
		li.mtu = mtu
		b.onReady = func(r Readier, fx *Effects) {
			if c, ok := li.Accept(fx); ok {
				c.Attach(b.socket(fx), fx)
			}
			for _, c := range b.layer.Conns() {
				for {
					d, e := c.Recv(1<<20, fx)
					if e != inet.OK || len(d) == 0 {
						break
					}
					got = append(got, d...)
				}
			}
		}
		ca := a.open(5000, b.end(80))
		n.settle()
		want := pattern(20000)
		a.send(ca, want)
		n.run(time.Minute)
		if !bytes.Equal(got, want) {
			t.Errorf("MTU %d: %d octets", mtu, len(got))
		}
		for _, c := range b.layer.Conns() {
			if mtu > 0 && int(c.View().SMSS) > max(mtu-40, minMSS) {
				t.Errorf("MTU %d: SMSS %d", mtu, c.View().SMSS)
			}
		}
	}
}

func TestBurstsOfLossAreRepaired(t *testing.T) {
	for first := range 12 {
		for count := 1; count <= 8; count++ {
			n := newNet(t, "A", "B")
			a, b := n.hosts[0], n.hosts[1]
			data := 0
			n.wire = func(p *packet) fate {
				if len(p.out.Seg.Data) == 0 || p.from != a {
					return fate{}
				}
				data++
				return fate{drop: data > first && data <= first+count}
			}
			tr := startTransfer(t, n, a, b, pattern(30_000), nil, 1<<20)
			n.run(time.Minute)
			if tr.rb == nil || !bytes.Equal(tr.rb.got, pattern(30_000)) || !tr.rb.end {
				t.Errorf("losing %d from %d on", count, first)
			}
		}
	}
}

func TestALostRetransmissionNeedsTheTimer(t *testing.T) {
	p := sender(t)
	p.b.send(p.c, pattern(10_000))
	for range 3 {
		p.acks(0)
	}
	mark := p.log.Len()
	p.run(250 * time.Millisecond) // the fast retransmission is lost too
	if p.rules(mark, rfc.TCPRTOResend) != 1 || p.c.cc.phase != phaseLoss {
		t.Errorf("phase %v", p.c.ccVars())
	}
	if p.c.cc.ssthresh != 5000 {
		t.Errorf("ssthresh %d", p.c.cc.ssthresh)
	}
	p.acks(10)
	if p.c.cc.phase != phaseOpen {
		t.Error("and then all is well")
	}
}
