package stack_test

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"

	"labserver/stack/inet"
	"labserver/stack/sim"
	"labserver/stack/wire"
)

// scenario is a golden run: a topology, then lines "@ms op {args}" at virtual times.
type scenario struct {
	name  string
	seed  uint64
	world string
	acts  string
	until sim.Time // how long the run goes on after the last act
}

// pair is two hosts one router apart, 20 ms each way in all.
const pair = `
host.add {"id":"R","name":"router","forward":true}
host.add {"id":"A","addr":"10.0.1.2/24"}
host.add {"id":"B","addr":"10.0.2.2/24"}
nic.add {"host":"R","nic":"eth0","addr":"10.0.1.1/24"}
nic.add {"host":"R","nic":"eth1","addr":"10.0.2.1/24"}
link.add {"id":"AR","a":{"host":"A"},"b":{"host":"R","nic":"eth0"},"delay_ns":10000000}
link.add {"id":"RB","a":{"host":"R","nic":"eth1"},"b":{"host":"B"},"delay_ns":10000000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.2.1"}
proc.start {"host":"A","id":"client"}
proc.start {"host":"B","id":"server"}
`

// narrowed is pair with a second link that carries 1000 octets at most.
var narrowed = strings.Replace(pair, `"10.0.2.1/24"`, `"10.0.2.1/24","mtu":1000`, 1)

// opened is the acts of pair up to an accepted connection: client fd 3, server fd 4.
const opened = `
@0 socket {"proc":"server","proto":"tcp"}
@0 bind {"proc":"server","fd":3,"addr":"10.0.2.2","port":80}
@0 listen {"proc":"server","fd":3,"backlog":4}
@0 accept {"proc":"server","fd":3}
@0 socket {"proc":"client","proto":"tcp"}
@0 bind {"proc":"client","fd":3,"port":3001}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":80}
`

func scenarios() []scenario {
	return append([]scenario{
		optionsAndErrors(), pollAndLinger(), urgentAndTimeout(), pinging(), pinging6(),
		translating(), translatingLittle(), closedWays(), conducting(),
		{"handshake-data-close", 1, pair, opened + `
@100 send {"proc":"client","fd":3,"text":"hello"}
@100 recv {"proc":"server","fd":4}
@200 send {"proc":"server","fd":4,"text":"hello yourself"}
@200 recv {"proc":"client","fd":3}
@300 close {"proc":"client","fd":3}
@400 recv {"proc":"server","fd":4}
@500 close {"proc":"server","fd":4}
`, 90e9},
		{"half-close", 2, pair, opened + `
@100 shutdown {"proc":"client","fd":3,"how":"wr"}
@200 recv {"proc":"server","fd":4}
@200 send {"proc":"server","fd":4,"text":"still talking"}
@300 recv {"proc":"client","fd":3}
@400 close {"proc":"server","fd":4}
@500 recv {"proc":"client","fd":3}
@500 close {"proc":"client","fd":3}
`, 90e9},
		{"read-at-once", 77, pair, opened + `
@100 setsockopt {"proc":"server","fd":4,"option":"TCP_QUICKACK","value":0}
@100 setsockopt {"proc":"client","fd":3,"option":"TCP_NODELAY","value":1}
@100 send {"proc":"client","fd":3,"text":"half a line"}
@100 send {"proc":"client","fd":3,"text":" and its end"}
@130 recv {"proc":"server","fd":4}
`, 1e9},
		{"simultaneous-close", 3, pair, opened + `
@100 close {"proc":"client","fd":3}
@100 close {"proc":"server","fd":4}
`, 90e9},
		{"simultaneous-open", 4, pair, `
@0 socket {"proc":"server","proto":"tcp"}
@0 bind {"proc":"server","fd":3,"port":80}
@0 socket {"proc":"client","proto":"tcp"}
@0 bind {"proc":"client","fd":3,"port":3001}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":80}
@0 connect {"proc":"server","fd":3,"addr":"10.0.1.2","port":3001}
@100 send {"proc":"client","fd":3,"text":"both of us"}
@100 recv {"proc":"server","fd":3}
`, 2e9},
		{"refused", 5, pair, `
@0 socket {"proc":"client","proto":"tcp"}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":81}
@100 connect {"proc":"client","fd":3,"addr":"10.0.9.9","port":81}
@100 connect {"proc":"client","fd":99,"addr":"10.0.2.2","port":81}
@100 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":65536}
`, 2e9},
		{"silence-then-timeout", 6, pair, `
@0 link.set {"link":"RB","loss_ppm":1000000}
@0 knob.set {"host":"A","knob":"tcp_syn_retries","value":"3"}
@0 socket {"proc":"client","proto":"tcp"}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":80}
`, 60e9},
		{"bulk-with-loss", 7, pair, `
@0 link.set {"link":"RB","loss_ppm":20000,"rate_bps":10000000}
` + opened + `
@200 send {"proc":"client","fd":3,"octets":120000}
@300 recv {"proc":"server","fd":4,"max":1000000}
@1500 recv {"proc":"server","fd":4,"max":1000000}
@5000 recv {"proc":"server","fd":4,"max":1000000}
@9000 close {"proc":"client","fd":3}
@9500 close {"proc":"server","fd":4}
`, 5e9},
		{"zero-window", 8, pair, opened + `
@100 knob.set {"host":"A","knob":"tcp_probe_data","value":"1"}
@100 setsockopt {"proc":"server","fd":4,"option":"SO_RCVBUF","value":4096}
@100 send {"proc":"client","fd":3,"octets":300000}
@9000 recv {"proc":"server","fd":4,"max":1000000}
@12000 recv {"proc":"server","fd":4,"max":1000000}
`, 5e9},
		{"reset-with-unread-data", 9, pair, opened + `
@100 send {"proc":"client","fd":3,"text":"never read"}
@200 close {"proc":"server","fd":4}
@300 recv {"proc":"client","fd":3}
@300 send {"proc":"client","fd":3,"text":"too late"}
@300 getsockopt {"proc":"client","fd":3,"option":"SO_ERROR"}
`, 2e9},
		{"linger-zero-and-kill", 10, pair, opened + `
@100 setsockopt {"proc":"client","fd":3,"option":"SO_LINGER","value":0}
@100 recv {"proc":"server","fd":4}
@200 close {"proc":"client","fd":3}
@400 proc.kill {"proc":"server"}
`, 2e9},
		{"binding", 11, pair, `
@0 socket {"proc":"server","proto":"tcp"}
@0 socket {"proc":"server","proto":"tcp"}
@0 socket {"proc":"server","proto":"udp"}
@0 bind {"proc":"server","fd":3,"port":53}
@0 bind {"proc":"server","fd":4,"addr":"10.0.2.2","port":53}
@0 bind {"proc":"server","fd":5,"port":53}
@0 bind {"proc":"server","fd":4,"addr":"10.0.1.2","port":53}
@0 bind {"proc":"server","fd":4,"addr":"10.0.2.2","port":65535}
@0 bind {"proc":"server","fd":4,"port":1}
@0 bind {"proc":"server","fd":6,"port":1}
@0 getsockname {"proc":"server","fd":4}
@0 getpeername {"proc":"server","fd":4}
@0 listen {"proc":"server","fd":5}
@0 accept {"proc":"server","fd":3}
@0 setsockopt {"proc":"server","fd":3,"option":"SO_NONSENSE","value":1}
@0 shutdown {"proc":"server","fd":3,"how":"wr"}
@0 recv {"proc":"server","fd":3}
`, 1e9},
		{"udp", 12, pair, `
@0 socket {"proc":"client","proto":"udp"}
@0 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":5000,"text":"anybody there?"}
@100 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":5000}
@100 send {"proc":"client","fd":3,"text":"hello?"}
@100 recv {"proc":"client","fd":3}
@200 socket {"proc":"server","proto":"udp"}
@200 bind {"proc":"server","fd":3,"port":5000}
@200 recvfrom {"proc":"server","fd":3,"max":4}
@200 send {"proc":"client","fd":3,"text":"hello again"}
@300 setsockopt {"proc":"server","fd":3,"option":"SO_RCVBUF","value":256}
@300 send {"proc":"client","fd":3,"octets":1400}
@300 send {"proc":"client","fd":3,"octets":1400}
@400 send {"proc":"client","fd":3,"octets":65508}
@400 send {"proc":"client","fd":3,"octets":1473}
`, 1e9},
		{"backlog", 13, pair, strings.Replace(opened, `@0 accept {"proc":"server","fd":3}`, "", 1) + `
@0 listen {"proc":"server","fd":3,"backlog":1}
@50 socket {"proc":"client","proto":"tcp"}
@50 connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}
@50 socket {"proc":"client","proto":"tcp"}
@50 connect {"proc":"client","fd":5,"addr":"10.0.2.2","port":80}
@2000 accept {"proc":"server","fd":3}
@2000 accept {"proc":"server","fd":3}
@6000 accept {"proc":"server","fd":3}
`, 5e9},
		{"cable-pulled", 14, pair, opened + `
@100 send {"proc":"client","fd":3,"octets":20000}
@105 link.set {"link":"RB","up":false}
@3000 link.set {"link":"RB","up":true}
@3100 segment.drop {"pkt":1}
@9000 nic.remove {"host":"R","nic":"eth1"}
@9100 host.remove {"host":"B"}
@9200 host.rename {"host":"A","name":"alone"}
@9200 route.remove {"host":"A","dst":"0.0.0.0/0"}
`, 3e9},
		{"routers-refuse", 15, narrow, `
@0 socket {"proc":"client","proto":"udp"}
@0 bind {"proc":"client","fd":3,"port":1000}
@0 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":9,"octets":1000}
@100 sendto {"proc":"client","fd":3,"addr":"10.8.0.1","port":9,"text":"round and round"}
@2000 sendto {"proc":"client","fd":3,"addr":"10.7.0.1","port":9,"text":"for somebody else"}
@3000 sendto {"proc":"client","fd":3,"addr":"10.6.0.1","port":9,"text":"nowhere"}
@4000 knob.set {"host":"A","knob":"ip_default_ttl","value":"1"}
@4000 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":9}
@4000 send {"proc":"client","fd":3,"text":"one hop"}
@5000 recv {"proc":"client","fd":3}
@6000 link.remove {"link":"RB"}
@6000 knob.set {"host":"A","knob":"ip_default_ttl","value":"64"}
@6000 send {"proc":"client","fd":3,"text":"no cable"}
`, 1e9},
		{"narrow-path", 41, narrowed, opened + `
@100 send {"proc":"client","fd":3,"octets":9000}
@900 recv {"proc":"server","fd":4,"max":9000}
@1000 socket {"proc":"client","proto":"tcp"}
@1000 connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}
@1100 send {"proc":"client","fd":4,"octets":3000}
@2000 close {"proc":"client","fd":3}
`, 3e9},
		{"marked-not-dropped", 42, pair, `
@0 knob.set {"host":"A","knob":"tcp_ecn","value":"1"}
@0 knob.set {"host":"A","knob":"tcp_option_order","value":"1"}
` + opened + `
@100 send {"proc":"client","fd":3,"octets":9000}
@105 segment.mark {"pkt":101,"ecn":"ce"}
@105 segment.mark {"pkt":105,"ecn":"ce"}
@500 recv {"proc":"server","fd":4,"max":9000}
@600 send {"proc":"client","fd":3,"octets":9000}
@900 recv {"proc":"server","fd":4,"max":9000}
`, 3e9},
		{"soft-errors", 16, pair, opened + `
@0 knob.set {"host":"A","knob":"tcp_icmp_aborts","value":"1"}
@0 knob.set {"host":"A","knob":"tcp_retries","value":"2"}
@0 knob.set {"host":"A","knob":"tcp_syn_retries","value":"1"}
@100 link.remove {"link":"RB"}
@100 nic.remove {"host":"R","nic":"eth1"}
@100 send {"proc":"client","fd":3,"text":"into a hole"}
@100 recv {"proc":"client","fd":3}
@100 socket {"proc":"client","proto":"tcp"}
@100 connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}
@50000 socket {"proc":"client","proto":"tcp"}
@50000 connect {"proc":"client","fd":5,"addr":"10.0.2.2","port":80}
@50500 route.remove {"host":"A","dst":"0.0.0.0/0"}
@60000 socket {"proc":"client","proto":"tcp"}
@60000 bind {"proc":"client","fd":6,"addr":"127.0.0.1","port":7}
@60000 listen {"proc":"client","fd":6}
@60000 socket {"proc":"client","proto":"tcp"}
@60000 connect {"proc":"client","fd":7,"addr":"127.0.0.1","port":7}
@60000 host.remove {"host":"A"}
`, 20e9},
		{"calls-refused", 17, pair, opened + `
@100 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":80}
@100 connect {"proc":"server","fd":3,"addr":"10.0.1.2","port":80}
@100 listen {"proc":"client","fd":3}
@100 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":80,"text":"a stream needs no address"}
@100 socket {"proc":"client","proto":"tcp"}
@100 setsockopt {"proc":"client","fd":4,"option":"O_NONBLOCK","value":1}
@100 connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}
@100 connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}
@200 recv {"proc":"client","fd":4}
@200 socket {"proc":"client","proto":"tcp"}
@200 connect {"proc":"client","fd":5,"addr":"255.255.255.255","port":80}
@200 setsockopt {"proc":"client","fd":3,"option":"SO_REUSEADDR","value":1}
@200 setsockopt {"proc":"client","fd":5,"option":"SO_REUSEADDR","value":1}
@200 bind {"proc":"client","fd":5,"port":3001}
@200 connect {"proc":"client","fd":5,"addr":"10.0.2.2","port":80}
@200 socket {"proc":"client","proto":"udp"}
@200 send {"proc":"client","fd":6,"text":"to whom?"}
@200 sendto {"proc":"client","fd":6,"addr":"10.0.1.255","port":9,"text":"to all?"}
@200 bind {"proc":"client","fd":6,"addr":"127.0.0.1","port":9}
@200 sendto {"proc":"client","fd":6,"addr":"10.0.2.2","port":9,"text":"from lo?"}
@200 accept {"proc":"server","fd":3}
@200 accept {"proc":"server","fd":3}
@200 close {"proc":"server","fd":3}
@200 route.remove {"host":"A","dst":"0.0.0.0/0"}
@200 socket {"proc":"client","proto":"tcp"}
@200 connect {"proc":"client","fd":7,"addr":"10.0.2.2","port":80}
@200 recv {"proc":"client","fd":3}
@200 close {"proc":"client","fd":3}
`, 2e9},
		{"used-up", 18, pair, `
@0 socket {"proc":"server","proto":"udp"}
@0 bind {"proc":"server","fd":3,"port":53}
@0 knob.set {"host":"A","knob":"ip_local_port_low","value":"60999"}
@0 link.set {"link":"AR","rate_bps":100000,"queue_octets":300}
` + strings.Repeat(`
@0 socket {"proc":"client","proto":"udp"}
`, 65) + `
@0 bind {"proc":"client","fd":3,"port":0}
@0 bind {"proc":"client","fd":4,"port":0}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":53}
@0 send {"proc":"client","fd":3,"octets":100}
@0 send {"proc":"client","fd":3,"octets":100}
@0 send {"proc":"client","fd":3,"octets":100}
@0 send {"proc":"client","fd":3,"octets":100}
@200 recvfrom {"proc":"server","fd":3}
@200 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":54}
@200 link.set {"link":"AR","rate_bps":0,"queue_octets":150000}
` + strings.Repeat(`
@200 send {"proc":"client","fd":3,"text":"anybody?"}
`, 8) + `
@1000 send {"proc":"client","fd":3,"text":"what did you say?"}
@2000 bind {"proc":"client","fd":5,"port":1000}
@2000 sendto {"proc":"client","fd":5,"addr":"10.0.2.2","port":53,"text":"dropped by hand"}
@2001 segment.drop {"pkt":387}
`, 1e9},
		{"what-links-do-wrong", 19, pair, `
@0 link.set {"link":"RB","dup_ppm":60000,"reorder_ppm":60000,"corrupt_ppm":60000,"rate_bps":10000000}
` + opened + `
@200 send {"proc":"client","fd":3,"octets":60000}
@300 recv {"proc":"server","fd":4,"max":1000000}
@5000 recv {"proc":"server","fd":4,"max":1000000}
@6000 link.set {"link":"RB","dup_ppm":0,"reorder_ppm":0,"corrupt_ppm":0}
@7000 close {"proc":"client","fd":3}
@8000 close {"proc":"server","fd":4}
`, 2e9},
		{"edited-by-hand", 20, pair, `
@0 socket {"proc":"server","proto":"udp"}
@0 bind {"proc":"server","fd":3,"port":53}
@0 link.set {"link":"AR","rate_bps":1000000}
@0 socket {"proc":"client","proto":"udp"}
@0 connect {"proc":"client","fd":3,"addr":"10.0.2.2","port":53}
@100 send {"proc":"client","fd":3,"text":"first"}
@100 send {"proc":"client","fd":3,"text":"waits"}
@105 segment.delay {"pkt":39,"by_ns":3000000}
@105 segment.reorder {"pkt":35}
@106 segment.duplicate {"pkt":35}
@107 segment.corrupt {"pkt":35,"bit":225}
@200 send {"proc":"client","fd":3,"text":"drop me"}
@205 segment.drop {"pkt":67}
@300 recvfrom {"proc":"server","fd":3}
@300 send {"proc":"client","fd":3,"text":"mark me"}
@305 segment.mark {"pkt":76,"ecn":"ce"}
`, 1e9},
		{"bare-host", 21, `
host.add {"id":"A","addr":"10.0.1.2/24"}
host.add {"id":"X","addr":"10.0.1.9/24","bare":true}
link.add {"id":"AX","a":{"host":"A"},"b":{"host":"X"},"delay_ns":1000000}
proc.start {"host":"A","id":"server"}
`, bareActs(), 1e9},
		{"ipv6", 22, pair6, `
@0 socket {"proc":"server","proto":"tcp","family":"ip6"}
@0 bind {"proc":"server","fd":3,"addr":"fd00:2::2","port":80}
@0 listen {"proc":"server","fd":3}
@0 accept {"proc":"server","fd":3}
@0 socket {"proc":"client","proto":"tcp","family":"ip6"}
@0 connect {"proc":"client","fd":3,"addr":"fd00:2::2","port":80}
@100 send {"proc":"client","fd":3,"octets":3000}
@200 recv {"proc":"server","fd":4}
@300 close {"proc":"client","fd":3}
@400 close {"proc":"server","fd":4}
@500 socket {"proc":"client","proto":"udp","family":"ip6"}
@500 connect {"proc":"client","fd":3,"addr":"fd00:2::2","port":53}
@500 send {"proc":"client","fd":3,"text":"anybody there?"}
@600 recv {"proc":"client","fd":3}
@700 route.remove {"host":"R","dst":"fd00:9::/64"}
@700 socket {"proc":"client","proto":"tcp","family":"ip6"}
@700 connect {"proc":"client","fd":4,"addr":"fd00:8::1","port":80}
@900 link.set {"link":"RB","dup_ppm":200000,"reorder_ppm":200000,"corrupt_ppm":200000}
@900 socket {"proc":"client","proto":"udp","family":"ip6"}
@900 connect {"proc":"client","fd":5,"addr":"fd00:2::2","port":53}
` + strings.Repeat(`
@1000 send {"proc":"client","fd":5,"octets":500}
`, 12), 5e9},
		{"ipv6-refused", 23, pair6, bareActs6(), 700e9},
		{"fragments", 24, narrow + `
knob.set {"host":"A","knob":"tcp_pmtu_discovery","value":"0"}
`, `
@0 socket {"proc":"client","proto":"udp"}
@0 bind {"proc":"client","fd":3,"port":1000}
@0 socket {"proc":"server","proto":"udp"}
@0 bind {"proc":"server","fd":3,"port":9}
@0 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":9,"octets":4000}
@100 recvfrom {"proc":"server","fd":3}
@200 link.set {"link":"RB","loss_ppm":300000,"dup_ppm":300000}
@200 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":9,"octets":4000}
@70000 link.set {"link":"RB","loss_ppm":0,"dup_ppm":0}
@70000 socket {"proc":"server","proto":"tcp"}
@70000 bind {"proc":"server","fd":4,"port":80}
@70000 listen {"proc":"server","fd":4}
@70000 accept {"proc":"server","fd":4}
@70000 socket {"proc":"client","proto":"tcp"}
@70000 connect {"proc":"client","fd":4,"addr":"10.0.2.2","port":80}
@70100 send {"proc":"client","fd":4,"octets":5000}
@70500 recv {"proc":"server","fd":5}
@79900 link.set {"link":"RB","rate_bps":1000000}
@80000 sendto {"proc":"client","fd":3,"addr":"10.0.2.2","port":9,"octets":4000}
@80030 host.remove {"host":"B"}
`, 5e9},
		{"fragments-refused", 25, pair6, bareFragments(), 70e9},
	}, append(linkScenarios(), lanScenarios()...)...)
}

// bareFragments is what X sends to B in pieces: some are missing, some contradict each
// other, some cannot be; and what A's datagram becomes that IPv6 has its sender cut.
func bareFragments() string {
	acts := `
@0 socket {"proc":"server","proto":"udp","family":"ip6"}
@0 bind {"proc":"server","fd":3,"port":9}
@0 recvfrom {"proc":"server","fd":3}
@0 socket {"proc":"client","proto":"udp","family":"ip6"}
@0 setsockopt {"proc":"client","fd":3,"option":"IPV6_MTU_DISCOVER","value":0}
@0 sendto {"proc":"client","fd":3,"addr":"fd00:2::2","port":9,"octets":3000}
@100 sendto {"proc":"client","fd":3,"addr":"fd00:2::2","port":9,"octets":3000}
`
	h6 := wire.IP{Src: netip.MustParseAddr("fd00:3::2"), Dst: netip.MustParseAddr("fd00:2::2"),
		Proto: inet.UDP, TTL: 64}
	h4 := wire.IP{Src: netip.MustParseAddr("10.0.3.2"), Dst: netip.MustParseAddr("10.0.2.2"),
		Proto: inet.UDP, TTL: 64}
	at := 1000
	for _, h := range []wire.IP{h6, h4} {
		for _, f := range []struct {
			id      uint32
			off, n  int
			missing bool
		}{{1, 0, 16, true}, {1, 0, 16, true}, {2, 0, 16, true}, {2, 8, 16, true}, {3, 0, 15, true}} {
			h.ID, h.FragOff, h.MF, h.Payload = f.id, f.off, f.missing, make([]byte, f.n)
			acts += fmt.Sprintf("@%d packet.inject {\"host\":\"X\",\"base64\":%q}\n", at,
				base64.StdEncoding.EncodeToString(h.Append(nil)))
			at += 2000
		}
	}
	return acts
}

// pair6 is pair with IPv6, B being of both versions, and a bare host X on a link of its own.
const pair6 = `
host.add {"id":"R","name":"router","forward":true}
host.add {"id":"A","addr":"fd00:1::2/64"}
host.add {"id":"B","addr":"10.0.2.2/24","addr6":"fd00:2::2/64"}
host.add {"id":"X","addr":"fd00:3::2/64","bare":true}
nic.add {"host":"R","nic":"eth0","addr":"fd00:1::1/64"}
nic.add {"host":"R","nic":"eth1","addr":"10.0.2.1/24","addr6":"fd00:2::1/64","mtu":1280}
nic.add {"host":"R","nic":"eth2","addr":"fd00:3::1/64"}
link.add {"id":"AR","a":{"host":"A"},"b":{"host":"R","nic":"eth0"},"delay_ns":10000000}
link.add {"id":"RB","a":{"host":"R","nic":"eth1"},"b":{"host":"B"},"delay_ns":10000000}
link.add {"id":"RX","a":{"host":"R","nic":"eth2"},"b":{"host":"X"},"delay_ns":1000000}
route.add {"host":"A","dst":"::/0","via":"fd00:1::1"}
route.add {"host":"B","dst":"::/0","via":"fd00:2::1"}
route.add {"host":"R","dst":"fd00:9::/64","via":"fd00:2::2"}
proc.start {"host":"A","id":"client"}
proc.start {"host":"B","id":"server"}
`

// bareActs6 is what X sends through the router to B, each packet with something that IPv6
// has a rule for, and what a router would say to A.
func bareActs6() string {
	x, a, b := netip.MustParseAddr("fd00:3::2"), netip.MustParseAddr("fd00:1::2"),
		netip.MustParseAddr("fd00:2::2")
	packet := func(dst netip.Addr, proto inet.Protocol, hops uint8, payload []byte) []byte {
		p := wire.IPv6{Src: x, Dst: dst, Proto: proto, HopLimit: hops, Payload: payload}
		return p.Append(nil)
	}
	echo := wire.ICMPv6{Type: wire.ICMPv6Echo, ID: 1, Seq: 1, Data: []byte("ping")}
	ping := packet(b, inet.ICMPv6, 64, echo.Append(nil, x, b))
	damaged := packet(b, inet.ICMPv6, 64, echo.Append(nil, x, b))
	damaged[len(damaged)-1] ^= 1
	bare := wire.UDP{SrcPort: 9, DstPort: 53, NoChecksum: true, Data: []byte("?")}
	u := wire.UDP{SrcPort: 9, DstPort: 53, Data: []byte("?")}
	options := append([]byte{byte(inet.UDP), 0, 0x9e, 4, 0, 0, 0, 0}, u.Append(nil, x, b)...)
	routed := append([]byte{byte(inet.UDP), 0, 1, 1, 0, 0, 0, 0}, u.Append(nil, x, b)...)
	sent := wire.UDP{SrcPort: 1000, DstPort: 9, Data: make([]byte, 1300)}
	quoted := wire.IPv6{Src: a, Dst: b, Proto: inet.UDP, Payload: sent.Append(nil, a, b)}
	big := wire.ICMPv6{Type: wire.ICMPv6PacketTooBig, MTU: 1400, Data: wire.Quote6(quoted.Append(nil))}
	acts := `
@0 socket {"proc":"client","proto":"udp","family":"ip6"}
@0 bind {"proc":"client","fd":3,"addr":"fd00:1::2","port":1000}
@0 sendto {"proc":"client","fd":3,"addr":"fd00:2::2","port":9,"octets":1300}
`
	for i, p := range [][]byte{ping, damaged, packet(b, inet.UDP, 64, bare.Append(nil, x, b)),
		packet(b, wire.DestOptions, 64, options), packet(b, wire.Routing, 64, routed),
		packet(b, 89, 64, []byte("hello")), packet(b, inet.UDP, 1, u.Append(nil, x, b)),
		packet(netip.MustParseAddr("fd00:9::1"), inet.UDP, 64, []byte("for somebody else")),
		packet(netip.MustParseAddr("fd00:8::1"), inet.UDP, 64, []byte("nowhere")),
		packet(b, inet.UDP, 64, make([]byte, 1300)), packet(b, inet.UDP, 64, []byte("short"))[:42],
		packet(a, inet.ICMPv6, 64, big.Append(nil, x, a))} {
		acts += fmt.Sprintf("@%d packet.inject {\"host\":\"X\",\"base64\":%q}\n", 2000*(i+1),
			base64.StdEncoding.EncodeToString(p))
	}
	for i := range 8 {
		acts += fmt.Sprintf("@%d packet.inject {\"host\":\"X\",\"base64\":%q}\n", 40_000+i,
			base64.StdEncoding.EncodeToString(packet(b, inet.UDP, 64, u.Append(nil, x, b))))
	}
	return acts + `
@700000 sendto {"proc":"client","fd":3,"addr":"fd00:2::2","port":9,"octets":1300}
`
}

// bareActs is what a bare host sends to a listener, to a bound UDP socket and to nobody:
// whole packets, and some that are not.
func bareActs() string {
	x, a := netip.MustParseAddr("10.0.1.9"), netip.MustParseAddr("10.0.1.2")
	packet := func(proto inet.Protocol, payload []byte) []byte {
		p := wire.IPv4{Src: x, Dst: a, Proto: proto, TTL: 64, Payload: payload}
		return p.Append(nil)
	}
	syn := wire.TCP{SrcPort: 4000, DstPort: 80, Seq: 1000, Flags: wire.SYN, Wnd: 1000,
		Opts: wire.Options{MSS: 1000}}
	whole := packet(inet.TCP, syn.Append(nil, x, a))
	damaged := packet(inet.TCP, syn.Append(nil, x, a))
	damaged[len(damaged)-1] ^= 1
	u := wire.UDP{SrcPort: 4000, DstPort: 53, Data: []byte("question")}
	m := wire.ICMP{Type: wire.ICMPEcho, ID: 1, Seq: 1, Data: []byte("ping")}
	routed := wire.IPv4{Src: x, Dst: a, Proto: inet.UDP, TTL: 64, Payload: u.Append(nil, x, a),
		Options: []byte{131, 7, 8, 10, 0, 3, 1, 0}}
	acts := `
@0 socket {"proc":"server","proto":"tcp"}
@0 bind {"proc":"server","fd":3,"port":80}
@0 listen {"proc":"server","fd":3}
@0 socket {"proc":"server","proto":"udp"}
@0 bind {"proc":"server","fd":4,"port":53}
@0 recvfrom {"proc":"server","fd":4}
@50 sendto {"proc":"server","fd":4,"addr":"10.0.1.9","port":4000,"text":"nobody answers"}
`
	for i, p := range [][]byte{whole, damaged, packet(inet.UDP, u.Append(nil, x, a)),
		packet(inet.ICMP, m.Append(nil)), packet(89, []byte("hello, neighbour")), whole[:30],
		routed.Append(nil)} {
		acts += fmt.Sprintf("@%d packet.inject {\"host\":\"X\",\"base64\":%q}\n", 100*(i+1),
			base64.StdEncoding.EncodeToString(p))
	}
	return acts
}

// narrow is pair with a second link of MTU 600 and routes that lead astray: 10.8.0.0/16
// to a second router and back, 10.7.0.0/16 to B, which is none, 10.6.0.0/16 nowhere.
const narrow = `
host.add {"id":"R","name":"router","forward":true}
host.add {"id":"S","name":"other router","forward":true}
host.add {"id":"A","addr":"10.0.1.2/24"}
host.add {"id":"B","addr":"10.0.2.2/24"}
nic.add {"host":"R","nic":"eth0","addr":"10.0.1.1/24"}
nic.add {"host":"R","nic":"eth1","addr":"10.0.2.1/24","mtu":600}
nic.add {"host":"R","nic":"eth2","addr":"10.0.3.1/24"}
nic.add {"host":"S","nic":"eth0","addr":"10.0.3.2/24"}
link.add {"id":"AR","a":{"host":"A"},"b":{"host":"R","nic":"eth0"},"delay_ns":10000000}
link.add {"id":"RB","a":{"host":"R","nic":"eth1"},"b":{"host":"B"},"delay_ns":10000000}
link.add {"id":"RS","a":{"host":"R","nic":"eth2"},"b":{"host":"S"},"delay_ns":10000000}
route.add {"host":"A","dst":"0.0.0.0/0","via":"10.0.1.1"}
route.add {"host":"B","dst":"0.0.0.0/0","via":"10.0.2.1"}
route.add {"host":"S","dst":"0.0.0.0/0","via":"10.0.3.1"}
route.add {"host":"R","dst":"10.8.0.0/16","via":"10.0.3.2"}
route.add {"host":"R","dst":"10.7.0.0/16","via":"10.0.2.2"}
proc.start {"host":"A","id":"client"}
proc.start {"host":"B","id":"server"}
`
