package tcp

import (
	"slices"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/sim"
)

// scenario is a run that brings a mistake to light, if a stack makes it. The mutant is the
// whole net's.
type scenario struct {
	name string
	play func(n *testNet, a, b *testHost)
}

func scenarios() []scenario {
	return []scenario{
		{"a transfer without loss", playTransfer},
		{"a transfer to a peer without an MSS option", playNoMSS},
		{"a transfer with one loss, by SACK", playOneLoss(1)},
		{"a transfer with one loss, without SACK", playOneLoss(0)},
		{"an outage of ten seconds", playOutage},
		{"a SYN that is lost twice", playLostSYN},
		{"congestion avoidance for long", playAvoidance},
		{"an idle connection whose peer is gone", playKeepalive},
		{"a reader that stops, and speaks", playClosedWindow},
		{"a close with data in flight", playClose},
		{"a close while the peer still sends", playLateData},
		{"a close with data unread", playUnread},
	}
}

// reading lets a host's program read all that comes.
func (h *testHost) reading() {
	h.onReady = func(r Readier, fx *Effects) {
		if c, ok := r.(*Conn); ok && c.SocketID() != "" {
			c.Recv(1<<20, fx)
		}
	}
}

// writing lets a host's program write n octets as there is room.
func (h *testHost) writing(c *Conn, n int) {
	data := pattern(n)
	write := func(fx *Effects) {
		k, _ := c.Send(data, fx)
		data = data[k:]
	}
	h.onReady = func(r Readier, fx *Effects) {
		if r == Readier(c) && len(data) > 0 {
			write(fx)
		}
	}
	h.do(write)
}

func playTransfer(n *testNet, a, b *testHost) {
	ca, _ := connect(n.t, n, a, b)
	b.reading()
	a.writing(ca, 300_000)
	n.run(5 * time.Second)
}

func playNoMSS(n *testNet, a, b *testHost) {
	n.wire = func(p *packet) fate {
		p.out.Seg.Opts.MSS = 0
		return fate{}
	}
	playTransfer(n, a, b)
}

// dropData loses the k-th segments with data that a host sends.
func dropData(from *testHost, k ...int) func(p *packet) fate {
	count := 0
	return func(p *packet) fate {
		if p.from != from || len(p.out.Seg.Data) == 0 {
			return fate{}
		}
		count++
		return fate{drop: slices.Contains(k, count)}
	}
}

func playOneLoss(sack int64) func(n *testNet, a, b *testHost) {
	return func(n *testNet, a, b *testHost) {
		a.k.SACK, b.k.SACK = sack, sack
		n.wire = dropData(a, 30)
		playTransfer(n, a, b)
	}
}

func playOutage(n *testNet, a, b *testHost) {
	ca, _ := connect(n.t, n, a, b)
	b.reading()
	a.writing(ca, 400_000)
	n.run(50 * time.Millisecond)
	n.wire = func(p *packet) fate { return fate{drop: true} }
	n.run(10 * time.Second)
	n.wire = nil
	n.run(30 * time.Second)
}

func playLostSYN(n *testNet, a, b *testHost) {
	n.wire = func(p *packet) fate { return fate{drop: p.nth <= 2} }
	b.listen(80, 5)
	a.open(5000, b.end(80))
	n.run(20 * time.Second)
}

func playAvoidance(n *testNet, a, b *testHost) {
	a.k.Congestion = "newreno"
	n.wire = dropData(a, 30)
	ca, _ := connect(n.t, n, a, b)
	b.reading()
	a.writing(ca, 1_500_000)
	n.run(10 * time.Second)
}

func playKeepalive(n *testNet, a, b *testHost) {
	ca, _ := connect(n.t, n, a, b)
	a.do(func(fx *Effects) { ca.Configure(Options{KeepAlive: true}, fx) })
	n.wire = func(*packet) fate { return fate{drop: true} }
	n.run(4 * time.Hour)
}

func playClosedWindow(n *testNet, a, b *testHost) {
	b.k.RcvBuf, b.k.RcvBufMax, b.k.AdvWinScale = 4096, 4096, 0
	ca, cb := connect(n.t, n, a, b)
	a.reading()
	a.send(ca, pattern(20_000)) // B does not read
	n.run(time.Second)
	b.send(cb, pattern(3000))
	n.run(5 * time.Second)
	b.send(cb, pattern(3000))
	n.run(5 * time.Second)
	b.reading()
	b.recv(cb, 1<<20)
	n.run(30 * time.Second)
}

func playClose(n *testNet, a, b *testHost) {
	ca, cb := connect(n.t, n, a, b)
	b.reading()
	a.mustSend(ca, "last words")
	a.close(ca)
	n.settle()
	b.close(cb)
	n.run(time.Second)
}

func playLateData(n *testNet, a, b *testHost) {
	ca, cb := connect(n.t, n, a, b)
	b.close(cb)
	n.settle()
	a.mustSend(ca, "too late")
	n.run(time.Second)
}

func playUnread(n *testNet, a, b *testHost) {
	ca, cb := connect(n.t, n, a, b)
	a.mustSend(ca, "nobody reads this")
	n.settle()
	b.close(cb)
	n.run(time.Second)
}

// broken plays a scenario with a mutant and returns which invariants broke, with the first
// thing that was wrong.
func (s *scenario) broken(t *testing.T, mutant string) map[string]string {
	n, a, b := pair(t)
	a.k.Mutant, b.k.Mutant = mutant, mutant
	s.play(n, a, b)
	return n.brokenInvariants()
}

// brokenInvariants holds a run to every invariant.
func (n *testNet) brokenInvariants() map[string]string {
	broken := map[string]string{}
	for _, l := range n.lives() {
		for _, i := range invariants() {
			l.wrong = nil
			if i.check(l); len(l.wrong) > 0 && broken[i.name] == "" {
				broken[i.name] = l.wrong[0]
			}
		}
	}
	return broken
}

// holdInvariants ends every test on a net: unless a test made a mistake on purpose, the
// stack has kept all that the RFCs state.
func (n *testNet) holdInvariants() {
	if n.quiet || n.t.Failed() {
		return
	}
	for _, wrong := range n.dishonesty() {
		n.t.Error(wrong)
	}
}

// dishonesty lists what an honest stack has not kept, and lets go of the run.
func (n *testNet) dishonesty() (list []string) {
	for _, h := range n.hosts {
		if h.k.Mutant != NoMutant {
			return nil
		}
	}
	for name, wrong := range n.brokenInvariants() {
		if name != byDefault { // a test may have chosen another time
			list = append(list, name+": "+wrong)
		}
	}
	n.log, n.folded = event.Log{}, 0
	return list
}

func TestTheHonestStackKeepsEveryInvariantInEveryScenario(t *testing.T) {
	for _, s := range scenarios() {
		for name, wrong := range s.broken(t, NoMutant) {
			t.Errorf("%s: %s: %s", s.name, name, wrong)
		}
	}
}

// Broken returns the invariants that a mutant breaks, each with its rule and the scenario
// that shows it.
func Broken(t *testing.T, mutant string) (list []Breach) {
	for _, s := range scenarios() {
		wrong := s.broken(t, mutant)
		for _, i := range invariants() {
			if wrong[i.name] != "" {
				list = append(list, Breach{i.name, i.rule, s.name, wrong[i.name]})
			}
		}
	}
	return list
}

// Breach is one invariant broken in one scenario, and how.
type Breach struct {
	Invariant string
	Rule      rfc.ID
	Scenario  string
	How       string
}

// A mistake is one of conduct: whatever the wire does, the books stay right, and nothing
// that is called impossible happens. (The fold is compared with the layers throughout.)
func TestNoMutantBreaksAWorld(t *testing.T) {
	for _, m := range Mutants() {
		for seed := range uint64(4) {
			n, a, b := pair(t)
			a.k.Mutant, b.k.Mutant = m.Name, m.Name
			a.k.SACK = int64(seed % 2)
			b.k.RcvBuf, b.k.RcvBufMax = 8000, 8000
			n.wire = randomWire(sim.Stream(seed, m.Name), 60, 30, 150)
			tr := startTransfer(t, n, a, b, pattern(40_000), pattern(9_000), 3000)
			n.run(10 * time.Minute)
			if tr.wa.conn.State() == inet.SynSent {
				t.Errorf("%s, seed %d: it never began", m.Name, seed)
			}
		}
	}
}
