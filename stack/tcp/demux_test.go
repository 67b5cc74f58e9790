package tcp

import (
	"net/netip"
	"testing"

	"labserver/stack/inet"
)

// listenAt is a passive OPEN with options.
func (h *testHost) listenAt(addr string, port uint16, o Options) (li *Listener, e inet.Errno) {
	h.do(func(fx *Effects) {
		at := inet.Endpoint{Addr: mustAddr(addr), Port: port}
		li, e = h.layer.ListenWith(h.socket(fx), at, 5, 1500, o)
	})
	return li, e
}

func TestIPv6sWildcardTakesIPv4UnlessItIsV6Only(t *testing.T) {
	_, _, b := pair(t)
	four := inet.Flow{Local: b.end(80), Remote: inet.Endpoint{Addr: mustAddr("10.0.0.9"), Port: 9}}
	six := inet.Flow{Local: inet.Endpoint{Addr: mustAddr("2001:db8::2"), Port: 80},
		Remote: inet.Endpoint{Addr: mustAddr("2001:db8::1"), Port: 9}}

	dual, _ := b.listenAt("::", 80, Options{})
	if b.layer.listenerFor(four) != dual || b.layer.listenerFor(six) != dual {
		t.Error("a dual-stack wildcard takes both families")
	}
	if _, e := b.listenAt("0.0.0.0", 80, Options{}); e != inet.EADDRINUSE {
		t.Errorf("IPv4's wildcard beside it: %q", e)
	}
	b.do(func(fx *Effects) { dual.Close(fx) })

	only, _ := b.listenAt("::", 80, Options{V6Only: true})
	if b.layer.listenerFor(four) != nil || b.layer.listenerFor(six) != only {
		t.Error("IPV6_V6ONLY takes IPv6 alone")
	}
	any4, e := b.listenAt("0.0.0.0", 80, Options{})
	if e != inet.OK || b.layer.listenerFor(four) != any4 || b.layer.listenerFor(six) != only {
		t.Errorf("the two wildcards stand side by side: %q", e)
	}
	exact, e := b.listenAt(b.addr.String(), 80, Options{})
	if e != inet.OK || b.layer.listenerFor(four) != exact {
		t.Errorf("the address itself comes first: %q", e)
	}
	mapped := inet.Endpoint{Addr: netip.AddrFrom16(b.addr.As16()), Port: 80}
	if b.layer.Listener(mapped) != exact {
		t.Error("an IPv4-mapped address is the IPv4 address")
	}
}

func TestListenersSharingAnEndpointSplitTheFlowsAndKeepThem(t *testing.T) {
	n, a, b := pair(t)
	share := Options{ReusePort: true}
	one, _ := b.listenAt("0.0.0.0", 80, share)
	two, e := b.listenAt("0.0.0.0", 80, share)
	if e != inet.OK {
		t.Fatalf("both asked for SO_REUSEPORT: %q", e)
	}
	if _, e := b.listenAt("0.0.0.0", 80, Options{}); e != inet.EADDRINUSE {
		t.Errorf("the third did not: %q", e)
	}
	one.SetBacklog(64)
	two.SetBacklog(64)
	for port := range uint16(40) {
		a.open(5000+port, b.end(80))
	}
	n.settle()
	_, first := one.Queues()
	_, second := two.Queues()
	if first+second != 40 || first < 8 || second < 8 {
		t.Errorf("%d and %d of 40 flows", first, second)
	}
	if half1, _ := one.Queues(); half1 != 0 {
		t.Error("a handshake ended at another listener than it began")
	}
	b.do(func(fx *Effects) { two.Close(fx) })
	flow := inet.Flow{Local: b.end(80), Remote: a.end(9000)}
	if b.layer.listenerFor(flow) != one {
		t.Error("the one that is left takes all")
	}
	b.do(func(fx *Effects) { one.Close(fx) })
	if b.layer.listenerFor(flow) != nil {
		t.Error("nobody is left")
	}
}

func TestListenersShareTwoWildcardsOnlyWhenBothAsk(t *testing.T) {
	_, _, b := pair(t)
	if _, e := b.listenAt("0.0.0.0", 80, Options{ReusePort: true}); e != inet.OK {
		t.Fatal(e)
	}
	if _, e := b.listenAt("::", 80, Options{}); e != inet.EADDRINUSE {
		t.Errorf("%q", e)
	}
	dual, e := b.listenAt("::", 80, Options{ReusePort: true})
	if e != inet.OK {
		t.Fatalf("%q", e)
	}
	seen := map[*Listener]bool{}
	for port := range uint16(64) {
		seen[b.layer.listenerFor(inet.Flow{Local: b.end(80),
			Remote: inet.Endpoint{Addr: mustAddr("10.0.0.9"), Port: port}})] = true
	}
	if len(seen) != 2 || !seen[dual] {
		t.Error("IPv4 flows go to both")
	}
}
