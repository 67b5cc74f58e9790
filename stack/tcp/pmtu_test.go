package tcp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
	"labserver/stack/seq"
)

// router turns packets back that are larger than its next link's MTU.
type router struct {
	*testNet
	from *testHost
	mtu  int
	dark bool // it says nothing
	back []Out
}

func newRouter(n *testNet, from *testHost, mtu int) *router {
	r := &router{testNet: n, from: from, mtu: mtu}
	n.wire = func(p *packet) fate {
		o := p.out
		headers := 40
		if o.Flow.Local.Addr.Is6() {
			headers = 60
		}
		if p.from != from || o.Fragment || headers+o.Seg.Opts.Len()+len(o.Seg.Data) <= r.mtu {
			return fate{}
		}
		r.back = append(r.back, o)
		return fate{drop: true}
	}
	return r
}

// pass lets d go by; what the router turned back is complained about within 7 ms.
func (r *router) pass(d time.Duration) (believed int) {
	for ; d > 0; d -= 7 * time.Millisecond {
		r.run(7 * time.Millisecond)
		back := r.back
		r.back = nil
		for _, o := range back {
			if r.dark {
				continue
			}
			r.from.do(func(fx *Effects) {
				if r.from.layer.TooBig(o.Flow, o.Seg.Seq, r.mtu, o.Pkt, fx) {
					believed++
				}
			})
		}
	}
	return believed
}

// sizes lists the data lengths a host sent since an event, in order.
func (n *testNet) sizes(h *testHost, since uint64) string {
	var list []string
	for _, s := range n.sentSegs(h, since) {
		if s.Len > 0 {
			list = append(list, fmt.Sprint(s.Len))
		}
	}
	return strings.Join(list, " ")
}

// TestTheSegmentSizeFollowsThePath is RFC 1191 §6.4: the MSS falls to what the path carries,
// what was turned back is sent again at once in smaller segments, and cwnd stays.
func TestTheSegmentSizeFollowsThePath(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.opts(ca, Options{NoDelay: true})
	r := newRouter(n, a, 1000)
	mark, before := n.log.Len(), ca.View().CC
	a.send(ca, pattern(5000))
	if got := n.sizes(a, mark); got != "1448 1448 1448 656" {
		t.Fatalf("sent %s", got)
	}
	mark = n.log.Len()
	if believed := r.pass(100 * time.Millisecond); believed != 1 {
		t.Errorf("%d messages believed: the burst of them tells one thing", believed)
	}
	if got := n.sizes(a, mark); got != "948 948 948 948 552" {
		t.Errorf("sent again: %s", got)
	}
	b.mustRecv(cb, string(pattern(5000)))
	after := ca.View()
	if after.SMSS != 948 || after.CC.Cwnd < before.Cwnd || after.CC.Ssthresh != before.Ssthresh {
		t.Errorf("SMSS %d, %+v, then %+v", after.SMSS, before, after.CC)
	}
	if n.rules(mark, rfc.TCPPathKnown) != 2 || n.rules(mark, rfc.TCPRTOFired) != 0 {
		t.Error("the other messages, or a timeout")
	}
	if ca.Info(n.now).PMTU != 1000 || ca.Info(n.now).AdvMSS != 1448 {
		t.Errorf("%+v", ca.Info(n.now))
	}
	mark = n.log.Len()
	a.mustSend(ca, string(pattern(1896)))
	if got := n.sizes(a, mark); got != "948 948" {
		t.Errorf("later segments: %s", got)
	}
}

// TestANarrowPathCostsNoCongestionWindowWithoutSACK: duplicate ACKs for what follows the
// turned back segments do not count as a loss.
func TestANarrowPathCostsNoCongestionWindowWithoutSACK(t *testing.T) {
	for _, sack := range []int64{0, 1} {
		n, a, b := pair(t)
		a.k.SACK = sack
		ca, cb := connect(t, n, a, b)
		r := newRouter(n, a, 1000)
		a.opts(ca, Options{NoDelay: true})
		a.mustSend(ca, string(pattern(1448)))
		for range 5 {
			a.mustSend(ca, "small")
		}
		r.pass(300 * time.Millisecond)
		if got, _ := b.recv(cb, 9999); len(got) != 1448+25 {
			t.Errorf("%d octets", len(got))
		}
		if cc := ca.View().CC; cc.Ssthresh != noSsthresh || cc.Phase != "slow-start" {
			t.Errorf("sack %d: %+v", sack, cc)
		}
	}
}

func (h *testHost) opts(c *Conn, o Options) { h.do(func(fx *Effects) { c.Configure(o, fx) }) }

// TestATooBigMessageIsChecked: RFC 5927 §4.1, RFC 1191 §6.4, RFC 8201 §4.
func TestATooBigMessageIsChecked(t *testing.T) {
	_, a, _, ca, _ := connected(t)
	a.mustSend(ca, "x")
	for _, tc := range []struct {
		off  seq.Size
		mtu  int
		want bool
	}{{1, 1000, false}, {1 << 31, 1000, false}, {0, 1500, false}, {0, 9000, false},
		{0, 1400, true}, {0, 1400, false}, {0, 1300, true}} {
		a.do(func(fx *Effects) {
			if got := a.layer.TooBig(ca.flow, ca.snd.una.Add(tc.off), tc.mtu, 7, fx); got != tc.want {
				t.Errorf("%+v: %v", tc, got)
			}
			a.layer.TooBig(ca.flow.Reverse(), ca.snd.una, 600, 7, fx) // nobody's
		})
	}
	if ca.View().SMSS != 1248 {
		t.Errorf("SMSS %d", ca.View().SMSS)
	}
}

// pair6 is pair over IPv6.
func pair6(t *testing.T) (n *testNet, a, b *testHost) {
	n, a, b = pair(t)
	a.addr, b.addr = mustAddr("2001:db8::1"), mustAddr("2001:db8::2")
	return n, a, b
}

func TestAnIPv6PathIsNeverNarrowerThan1280(t *testing.T) {
	n, a, b := pair6(t)
	ca, cb := connect(t, n, a, b)
	r := newRouter(n, a, 1279)
	mark := n.log.Len()
	a.send(ca, pattern(2000))
	if r.pass(50*time.Millisecond) != 0 || n.rules(mark, rfc.TCPPathTiny6) == 0 {
		t.Error("a link of 1279 octets was believed")
	}
	r.mtu = 1280
	if r.pass(time.Second) != 1 || n.rules(mark, rfc.TCPPathMTU6) == 0 {
		t.Error("a link of 1280 octets was not")
	}
	if b.mustRecv(cb, string(pattern(2000))); ca.View().SMSS != 1208 {
		t.Errorf("SMSS %d", ca.View().SMSS)
	}
}

// TestATinyPathIsLeftToFragmentation: linux goes no lower than 552, profile rfc to 68.
func TestATinyPathIsLeftToFragmentation(t *testing.T) {
	for profile, want := range map[string]struct {
		smss inet.ByteCount
		cut  bool
	}{"linux": {500, true}, "freebsd": {244, true}, "rfc": {228, false}} {
		n, a, b := pair(t)
		a.k, _ = Profile(profile)
		if profile == "rfc" {
			a.k.MinPMTU = 280
		}
		ca, cb := connect(t, n, a, b)
		r := newRouter(n, a, 280)
		mark := n.log.Len()
		a.send(ca, pattern(600))
		r.pass(time.Second)
		b.mustRecv(cb, string(pattern(600)))
		if got := ca.View().SMSS; got != want.smss || ca.mayFragment() != want.cut ||
			want.cut != (n.rules(mark, rfc.TCPPathTiny) > 0) {
			t.Errorf("%s: SMSS %d, fragments %v", profile, got, ca.mayFragment())
		}
	}
}

// TestANarrowPathIsTriedAgainAfterTenMinutes is RFC 1191 §6.3.
func TestANarrowPathIsTriedAgainAfterTenMinutes(t *testing.T) {
	n, a, b, ca, cb := connected(t)
	a.opts(ca, Options{NoDelay: true})
	r := newRouter(n, a, 1000)
	a.send(ca, pattern(1448))
	r.pass(100 * time.Millisecond)
	for _, tc := range []struct {
		wait time.Duration
		want string
	}{{9 * time.Minute, "948 500"}, {2 * time.Minute, "1448"}} {
		n.run(tc.wait)
		mark := n.log.Len()
		a.send(ca, pattern(1448))
		if got := n.sizes(a, mark); got != tc.want {
			t.Errorf("after %s: %s", tc.wait, got)
		}
		r.pass(100 * time.Millisecond)
	}
	if n.rules(0, rfc.TCPPathRaise) != 1 || ca.View().SMSS != 948 {
		t.Errorf("SMSS %d: the path is as narrow as before", ca.View().SMSS)
	}
	if got, _ := b.recv(cb, 9999); len(got) != 3*1448 {
		t.Errorf("%d octets", len(got))
	}
}

// TestEveryConnectionOfThePathLearns: RFC 1191 §6.1.
func TestEveryConnectionOfThePathLearns(t *testing.T) {
	n, a, b, ca, _ := connected(t)
	li := b.listen(81, 5)
	other := a.open(5001, b.end(81))
	n.settle()
	b.accept(li)
	r := newRouter(n, a, 1000)
	a.send(ca, pattern(1448))
	r.pass(50 * time.Millisecond)
	if other.View().SMSS != 948 {
		t.Errorf("SMSS of the other %d", other.View().SMSS)
	}
}

// TestWithoutDiscoveryPacketsMayBeCut: by knob or by IP_MTU_DISCOVER.
func TestWithoutDiscoveryPacketsMayBeCut(t *testing.T) {
	for _, tc := range []struct {
		knob           int64
		mode           PMTUMode
		cut, discovers bool
	}{
		{1, PMTUDefault, false, true}, {0, PMTUDefault, true, false}, {1, PMTUDont, true, false},
		{0, PMTUWant, false, true}, {0, PMTUDo, false, true}, {1, PMTUProbe, false, false},
	} {
		n, a, _, ca, _ := connected(t)
		a.k.PMTUDiscovery = tc.knob
		a.opts(ca, Options{PMTUDiscovery: tc.mode})
		var out Out
		n.wire = func(p *packet) fate { out = p.out; return fate{} }
		a.mustSend(ca, "x")
		if out.Fragment != tc.cut {
			t.Errorf("%+v: fragment %v", tc, out.Fragment)
		}
		a.do(func(fx *Effects) {
			if got := a.layer.TooBig(ca.flow, ca.snd.una, 1000, 7, fx); got != tc.discovers {
				t.Errorf("%+v: believed %v", tc, got)
			}
		})
	}
}

// TestASYNLearnsThePathBeforeAnythingIsSettled: the MSS follows when it is.
func TestASYNLearnsThePathBeforeAnythingIsSettled(t *testing.T) {
	p := reach(t, inet.SynSent)
	p.b.do(func(fx *Effects) {
		if !p.b.layer.TooBig(p.c.flow, p.c.iss, 900, 7, fx) {
			t.Error("not believed")
		}
	})
	syn := wireACK(100, 301, 65535)
	syn.Flags, syn.Opts.MSS = parseFlags("SA"), 1460
	p.segWith(syn)
	if v := p.c.View(); v.SMSS != 860 {
		t.Errorf("SMSS %d", v.SMSS)
	}
}

func TestTheRouteSaysWhatIsAnnounced(t *testing.T) {
	n, a, b := pair(t)
	b.listen(80, 5)
	var c *Conn
	a.do(func(fx *Effects) {
		fx.AdvMSS = 700
		c, _ = a.layer.Open(a.socket(fx), inet.Flow{Local: a.end(5000), Remote: b.end(80)}, 1500, fx)
	})
	n.settle()
	if syn := n.sentSegs(a, 0)[0]; syn.Opts.MSS != 700 || c.View().SMSS != 1448 {
		t.Errorf("announced %d, sends %d", syn.Opts.MSS, c.View().SMSS)
	}
	if got := b.layer.Conns()[0].View().SMSS; got != 688 {
		t.Errorf("the peer sends %d", got)
	}
}

// TestASmallerMSSKeepsTheWindows: events tell the change once.
func TestASmallerMSSKeepsTheWindows(t *testing.T) {
	n, a, _, ca, _ := connected(t)
	a.mustSend(ca, "x")
	mark := n.log.Len()
	a.do(func(fx *Effects) { a.layer.TooBig(ca.flow, ca.snd.una, 1000, 7, fx) })
	var list []event.ConnMSS
	for _, e := range n.log.From(mark + 1) {
		if m, ok := e.Body.(event.ConnMSS); ok {
			list = append(list, m)
		}
	}
	if len(list) != 1 || list[0] != (event.ConnMSS{Old: 1448, New: 948}) {
		t.Errorf("%+v", list)
	}
}
