package tun_test

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"

	"labserver/cmd/labserver/internal/tun"
	"labserver/stack/event"
	"labserver/stack/inet"
	"labserver/stack/wire"
)

// narrow is the MTU of the path's narrow part.
const narrow = 1300

// behind is B behind a router of ours, whose link towards the kernel, or towards B, takes
// packets of narrow octets at most. The kernel has all of it on its device.
func behind(towardsKernel bool) string {
	near, far := "1500", "1300"
	if towardsKernel {
		near, far = far, near
	}
	return `
host.add {"id":"K","addr":"10.99.0.1/24","addr6":"fd99::1/64","bare":true}
host.add {"id":"R","forward":true}
host.add {"id":"B","addr":"10.99.1.2/24","addr6":"fd99:0:0:1::2/64"}
nic.add {"host":"R","nic":"k","addr":"10.99.0.254/24","addr6":"fd99::254/64","mtu":` + near + `}
nic.add {"host":"R","nic":"b","addr":"10.99.1.254/24","addr6":"fd99:0:0:1::254/64","mtu":` + far + `}
link.add {"a":{"host":"K"},"b":{"host":"R","nic":"k"},"delay_ns":100000}
link.add {"a":{"host":"R","nic":"b"},"b":{"host":"B"},"delay_ns":100000}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.99.1.254"}
route.add {"host":"B","dst":"::/0","via":"fd99:0:0:1::254"}
route.add {"host":"R","dst":"0.0.0.0/0","via":"10.99.0.1"}
route.add {"host":"R","dst":"::/0","via":"fd99::1"}
`
}

// beyond is version with B behind the router.
func beyond() []version {
	return []version{{"IPv4", kernel4.Addr(), netip.MustParseAddr("10.99.1.2")},
		{"IPv6", kernel6.Addr(), netip.MustParseAddr("fd99:0:0:1::2")}}
}

// RFC 1191 and RFC 8201: packets that are too big for a part of the path are told of by its
// router, and their sender makes them smaller; nothing is lost by it.
func TestTheKernelAndOursLearnThePathsMTU(t *testing.T) {
	const volume = 1 << 20
	for _, v := range beyond() {
		for _, kernelSends := range []bool{true, false} {
			name := "/ours sends"
			if kernelSends {
				name = "/the kernel sends"
			}
			t.Run(v.name+name, func(t *testing.T) {
				r := startRig(t, tun.Config{Name: "lab0", Addr: netip.MustParsePrefix("10.99.0.1/16"),
					Addr6: netip.MustParsePrefix("fd99::1/48")}, behind(!kernelSends), !loud)
				conn, s := r.join(v, true)
				ours, kernels := newTalk(volume, 0, 1, 2), newTalk(0, volume, 2, 1)
				if kernelSends {
					ours, kernels = newTalk(0, volume, 1, 2), newTalk(volume, 0, 2, 1)
				}
				sizes := r.dataSizes(kernelSends)
				o := r.talkOurs(s, ours)
				if err := talkKernel(conn, kernels); err != nil {
					t.Error(err)
				}
				if err := <-o.over; err != nil {
					t.Error(err)
				}
				r.do(func() {
					if got := slices.Max(sizes.late); got != narrow {
						t.Errorf("packets of %d octets in the end, want %d", got, narrow)
					}
					if got := slices.Max(sizes.early); kernelSends && got != tun.MTU {
						t.Errorf("packets of %d octets at first, want %d", got, tun.MTU)
					}
				})
			})
		}
	}
}

// dataSizes are the lengths of the packets with data that one side sent: the first hundred,
// and those after. Read them as the world's owner.
type dataSizes struct{ early, late []int }

// dataSizes watches the packets with data of one side.
func (r *rig) dataSizes(ofKernel bool) *dataSizes {
	var d dataSizes
	r.watch(func(in bool, p *wire.IP, octets []byte) {
		switch {
		case in != ofKernel || p.Proto != inet.TCP || len(p.Payload) < 200:
		case len(d.early) < 100:
			d.early = append(d.early, len(octets))
		default:
			d.late = append(d.late, len(octets))
		}
	})
	return &d
}

// routed lets the kernel forward between the devices of this namespace.
func routed(t *testing.T) {
	t.Helper()
	for _, file := range []string{"/proc/sys/net/ipv4/ip_forward",
		"/proc/sys/net/ipv6/conf/all/forwarding"} {
		if err := os.WriteFile(file, []byte("1"), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.WriteFile(file, []byte("0"), 0) })
	}
}

// newFarRig is a second world, on a device of its own that takes only narrow packets; its
// host does not know, so that it offers to receive larger ones.
func newFarRig(t *testing.T) *rig {
	t.Helper()
	return startRig(t, tun.Config{Name: "lab1", Addr: netip.MustParsePrefix("10.98.0.1/24"),
		Addr6: netip.MustParsePrefix("fd98::1/64"), MTU: narrow}, `
host.add {"id":"K","addr":"10.98.0.1/24","addr6":"fd98::1/64","bare":true}
host.add {"id":"B","addr":"10.98.0.2/24","addr6":"fd98::2/64"}
link.add {"a":{"host":"K"},"b":{"host":"B"},"delay_ns":300000}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.98.0.1"}
route.add {"host":"B","dst":"::/0","via":"fd98::1"}
`, !loud)
}

// Two worlds of ours with the kernel as their router, which tells of packets that are too
// big for the second.
func TestTheKernelRoutesBetweenTwoWorlds(t *testing.T) {
	const volume = 2 << 20
	needsKernel(t)
	routed(t)
	near := newRig(t, `"delay_ns":200000`,
		`route.add {"host":"B","dst":"0.0.0.0/0","via":"10.99.0.1"}`,
		`route.add {"host":"B","dst":"::/0","via":"fd99::1"}`)
	far := newFarRig(t)
	for i, to := range []string{"10.98.0.2", "fd98::2"} {
		server := at(netip.MustParseAddr(to), 5000)
		l := far.listen(server)
		s, errno := near.dial(server)
		if errno != inet.OK {
			t.Fatalf("%s: %s", to, errno)
		}
		a := near.talkOurs(s, newTalk(volume, volume, 1, 2))
		b := far.talkOurs(far.accept(l), newTalk(volume, volume, 2, 1))
		for _, o := range []*oursTalks{a, b} {
			if err := <-o.over; err != nil {
				t.Errorf("%s: %v", to, err)
			}
		}
		near.do(func() {
			for _, row := range near.world.View().Hosts {
				if row.ID == "B" && (len(row.Paths) != i+1 || row.Paths[i].MTU != narrow) {
					t.Errorf("%s: the paths that B knows: %+v", to, row.Paths)
				}
			}
		})
	}
}

// What may not be cut and does not fit draws the kernel's message, with the MTU.
func TestTheKernelTellsOurPingWhatFits(t *testing.T) {
	needsKernel(t)
	routed(t)
	near := newLoudRig(t)
	newFarRig(t)
	near.command(`route.add {"host":"B","dst":"0.0.0.0/0","via":"10.99.0.1"}`)
	near.command(`route.add {"host":"B","dst":"::/0","via":"fd99::1"}`)
	for _, way := range [][2]string{{"10.99.0.1", "10.98.0.2"}, {"fd99::1", "fd98::2"}} {
		near.command(`ping {"host":"B","addr":%q,"count":1,"size":1400,"df":true}`, way[1])
		got := await[event.PingRefused](near)
		if got.MTU != narrow || got.From != netip.MustParseAddr(way[0]) {
			t.Errorf("%s: %s with MTU %d from %s", way[1], got.Reason, got.MTU, got.From)
		}
	}
}

// The routers of a traceroute of ours: the kernel, and then the host that it looks for.
func TestOurTracerouteSeesTheKernelAsARouter(t *testing.T) {
	needsKernel(t)
	routed(t)
	near := newLoudRig(t)
	newFarRig(t)
	near.command(`route.add {"host":"B","dst":"0.0.0.0/0","via":"10.99.0.1"}`)
	near.command(`route.add {"host":"B","dst":"::/0","via":"fd99::1"}`)
	for _, way := range [][2]string{{"10.99.0.1", "10.98.0.2"}, {"fd99::1", "fd98::2"}} {
		for _, proto := range []string{"udp", "icmp"} {
			near.command(`traceroute {"host":"B","addr":%q,"probes":1,"proto":%q}`, way[1], proto)
			for i, want := range way {
				got := await[event.TraceAnswered](near)
				if got.Hop != i+1 || got.From != netip.MustParseAddr(want) {
					t.Errorf("%s by %s: hop %d is %s (%s), want %s", way[1], proto, got.Hop, got.From,
						got.Reason, want)
				}
			}
			await[event.TraceEnded](near)
		}
	}
}

// Several connections at once, over a wire that loses, each with streams of its own.
func TestSeveralConnectionsAtOnceKeepTheirStreamsApart(t *testing.T) {
	const connections, volume = 16, 100_000
	for _, v := range versions() {
		t.Run(v.name, func(t *testing.T) {
			r := newRig(t, lossy)
			failed := make(chan error, connections)
			var ours []*oursTalks
			for i := range uint64(connections) {
				var conn net.Conn
				var s *tun.Stream
				conn, s = r.join(v, i%2 == 0)
				ours = append(ours, r.talkOurs(s, newTalk(volume, volume, 2*i, 2*i+1)))
				go func() { failed <- talkKernel(conn, newTalk(volume, volume, 2*i+1, 2*i)) }()
			}
			for _, o := range ours {
				if err := <-o.over; err != nil {
					t.Error(err)
				}
				if err := <-failed; err != nil {
					t.Error(err)
				}
			}
		})
	}
}
