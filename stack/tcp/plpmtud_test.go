package tcp

import (
	"testing"
	"time"

	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/rfc"
)

// bulk sends n octets from A to B over a silent router and reads them as they come.
func bulk(t *testing.T, octets, mtu int, probing int64) (n *testNet, ca *Conn, got int) {
	n, a, b := pair(t)
	a.k.MTUProbing = probing
	ca, cb := connect(t, n, a, b)
	r := newRouter(n, a, mtu)
	r.dark = true
	left := octets
	a.onReady = func(_ Readier, fx *Effects) {
		k, _ := ca.Send(pattern(min(left, 1<<16)), fx)
		left -= k
	}
	b.onReady = func(_ Readier, fx *Effects) {
		data, _ := cb.Recv(1<<20, fx)
		got += len(data)
	}
	k, _ := a.send(ca, pattern(min(left, 1<<16)))
	left -= k
	r.pass(30 * time.Second)
	return n, ca, got
}

// TestTheSearchFindsThePathWithoutICMP is RFC 4821 §7: from the base size up, by probes of
// which a lost one costs no window.
func TestTheSearchFindsThePathWithoutICMP(t *testing.T) {
	for _, mtu := range []int{1500, 1300, 1100} {
		n, ca, got := bulk(t, 500_000, mtu, 2)
		size := int(ca.View().SMSS) + ca.overhead()
		if got != 500_000 || size > mtu || size < mtu-2*sizingStep {
			t.Errorf("path %d: packets of %d, %d octets arrived", mtu, size, got)
		}
		if first := n.sentSegs(n.hosts[0], 0)[2]; first.Len != 1024 {
			t.Errorf("began with %d octets", first.Len)
		}
		up, down := n.rules(0, rfc.TCPSizeUp), n.rules(0, rfc.TCPSizeDown)
		if up == 0 || (down == 0) != (mtu == 1500) || n.rules(0, rfc.TCPRTOFired) != 0 {
			t.Errorf("path %d: %d times up, %d times lost", mtu, up, down)
		}
		if mtu != 1500 && n.rules(0, rfc.TCPSizeResend) < 2 {
			t.Error("a lost probe is sent again in parts")
		}
		for _, e := range n.log.From(1) {
			if c, ok := e.Body.(event.CCChanged); ok && e.Host == "A" && c.New.Ssthresh < c.Old.Ssthresh &&
				c.Old.Phase != "slow-start" && c.Old.Phase != "css" {
				t.Errorf("path %d: %s reduced the window: %+v", mtu, e.Rule, c)
			}
		}
	}
}

// TestABlackHoleIsLeftBySmallerSegments is RFC 4821 §7.7 with linux's sizes.
func TestABlackHoleIsLeftBySmallerSegments(t *testing.T) {
	for _, tc := range []struct {
		mtu     int
		probing int64
		smss    inet.ByteCount
	}{{1100, 1, 1024}, {600, 1, 512}, {300, 1, 128}, {600, 2, 512}} {
		n, ca, got := bulk(t, 3000, tc.mtu, tc.probing)
		if got != 3000 || ca.View().SMSS != tc.smss || n.rules(0, rfc.TCPBlackHole) == 0 {
			t.Errorf("path %d, probing %d: SMSS %d, %d octets arrived", tc.mtu, tc.probing,
				ca.View().SMSS, got)
		}
	}
	if _, ca, got := bulk(t, 3000, 1100, 0); got != 0 || ca.View().SMSS != 1448 {
		t.Errorf("by ICMP alone: %d octets arrived", got)
	}
}

// TestAProbeBesideAnotherLossTellsNothing: RFC 4821 §7.6.4.
func TestAProbeBesideAnotherLossTellsNothing(t *testing.T) {
	n, a, b := pair(t)
	a.k.MTUProbing = 2
	ca, cb := connect(t, n, a, b)
	dropped := 0
	n.wire = func(p *packet) fate {
		if p.from == a && dropped < 2 && (len(p.out.Seg.Data) > 1024 || dropped == 1) {
			dropped++
			return fate{drop: true}
		}
		return fate{}
	}
	a.send(ca, pattern(60_000))
	n.run(3 * time.Second)
	if data, _ := b.recv(cb, 1<<20); len(data) != 60_000 || dropped != 2 {
		t.Fatalf("%d octets, %d dropped", len(data), dropped)
	}
	if n.rules(0, rfc.TCPSizeDown) != 0 || ca.cc.ssthresh == noSsthresh {
		t.Error("two losses in a row are congestion")
	}
}

// TestTheSearchBeginsAnewAfterTenMinutes: the path may have become wider.
func TestTheSearchBeginsAnewAfterTenMinutes(t *testing.T) {
	n, a, b := pair(t)
	a.k.MTUProbing, a.k.IdleRestart = 2, 0
	ca, cb := connect(t, n, a, b)
	r := newRouter(n, a, 1100)
	r.dark = true
	round := func() {
		for range 8 {
			a.send(ca, pattern(50_000))
			r.pass(500 * time.Millisecond)
			b.recv(cb, 1<<20)
		}
	}
	round()
	narrow := ca.View().SMSS
	r.mtu = 1500
	round()
	if ca.View().SMSS != narrow || narrow > 1048 {
		t.Errorf("SMSS %d, then %d", narrow, ca.View().SMSS)
	}
	n.run(11 * time.Minute)
	round()
	if ca.View().SMSS < 1430 {
		t.Errorf("SMSS %d", ca.View().SMSS)
	}
}
